//! A full sync sends the requests that the number of things demands, and no others.

use std::collections::HashMap;

use keepnet_etl::resource::Resource;
use serde_json::Value;

use crate::support::TestApp;
use crate::support::simulator::Simulator;

const COMPANIES: u64 = 4;
const PAGE: u64 = 10;
/// The present month and one closed month.
const MONTHS: u64 = 2;

/// Statuses, without white space and in lower case, of users who cannot have answered …
const NOT_ANSWERED: [&str; 12] = [
    "notresponded",
    "openedemail",
    "clickedlink",
    "inqueue",
    "notdelivered",
    "sendingerror",
    "error",
    "processing",
    "cancelled",
    "canceled",
    "excluded",
    "notstarted",
];
/// … and of those to whom nothing was sent.
const NOTHING_SENT: [&str; 7] = [
    "inqueue",
    "notdelivered",
    "sendingerror",
    "error",
    "processing",
    "cancelled",
    "canceled",
];

fn pages(rows: u64) -> u64 {
    rows.div_ceil(PAGE).max(1)
}

/// The same of a listing in the order of creation that is read for the first time: its first page tells which is the last,
/// and from there all are read.
fn pages_from_the_end(rows: u64) -> u64 {
    pages(rows) + u64::from(pages(rows) > 1)
}

/// Rows of the truth per value of a column.
fn per(rows: &[Value], columns: &[&str]) -> HashMap<Vec<String>, u64> {
    let mut counts = HashMap::new();
    for row in rows {
        let key = columns.iter().map(|column| row[*column].to_string());
        *counts.entry(key.collect()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn a_full_sync_sends_the_requests_of_the_formula() {
    let simulator = Simulator::start(&[
        "--companies",
        "4",
        "--enrollments",
        "12",
        "--users",
        "25",
        "--learning-paths",
        "20%",
        "--survey-share",
        "30%",
        "--archived",
        "20%",
        "--anonymous",
        "15%",
    ]);
    let settings = [
        ("api.time_zone", "Europe/Istanbul"),
        ("api.page_size", "10"),
    ];
    let app = TestApp::new(simulator.url(), &settings).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok");

    let enrollments = simulator.truth("enrollments").await;
    let users = simulator.truth("enrollment_users").await;
    let summaries = simulator.truth("enrollment_summaries").await;
    let surveys: Vec<&Value> = enrollments
        .iter()
        .filter(|row| row["is_survey"] == true)
        .map(|row| &row["enrollment_id"])
        .collect();
    let asked = |not: &[&str]| {
        let is_asked = |row: &&Value| {
            let status = row["status"].as_str().unwrap().replace(' ', "");
            surveys.contains(&&row["enrollment_id"]) && !not.contains(&&*status.to_lowercase())
        };
        users.iter().filter(is_asked).count() as u64
    };
    let is_anonymous: Vec<&Value> = summaries
        .iter()
        .filter(|row| row["is_scorm_proxy"] == true)
        .map(|row| &row["enrollment_id"])
        .collect();
    let reported = per(&users, &["enrollment_id"]);
    let listed = |is_archived: bool| {
        let shown = enrollments
            .iter()
            .filter(|row| row["is_listed"] == true && row["is_archived"] == is_archived);
        let shown: Vec<Value> = shown.cloned().collect();
        let per_company = per(&shown, &["company_id"]);
        let empty = COMPANIES - per_company.len() as u64;
        per_company
            .values()
            .map(|rows| pages_from_the_end(*rows))
            .sum::<u64>()
            + empty
    };
    let user_pages: u64 = enrollments
        .iter()
        .filter(|row| !is_anonymous.contains(&&row["enrollment_id"]))
        .map(|row| {
            let rows = reported.get(&vec![row["enrollment_id"].to_string()]);
            pages(rows.copied().unwrap_or(0))
        })
        .sum();
    let anonymous = simulator.truth("anonymous_results").await;
    let learner_pages: u64 = per(&anonymous, &["enrollment_id"])
        .values()
        .map(|rows| pages(*rows))
        .sum();
    let widgets = simulator.truth("widgets").await;
    let types = per(&widgets, &["company_id", "widget_type"]).len() as u64;
    let reports = simulator.truth("executive_reports").await.len() as u64;
    let per_company_pages = |rows: Vec<Value>| {
        per(&rows, &["company_id"])
            .values()
            .map(|rows| pages_from_the_end(*rows))
            .sum::<u64>()
    };
    let all = enrollments.len() as u64;
    let expected = [
        (Resource::Companies, 1 + pages_from_the_end(COMPANIES)),
        (Resource::Enrollments, listed(false) + listed(true)),
        (Resource::Details, all),
        (Resource::Summaries, all),
        (Resource::Users, user_pages),
        (Resource::Interactions, asked(&NOTHING_SENT)),
        (Resource::Answers, asked(&NOT_ANSWERED)),
        (Resource::Reports, COMPANIES + reports),
        (Resource::Widgets, COMPANIES + types * MONTHS),
        (
            Resource::Trainings,
            per_company_pages(simulator.truth("trainings").await),
        ),
        (
            Resource::TargetGroups,
            per_company_pages(simulator.truth("target_groups").await),
        ),
    ];
    let sent = |resource| -> u64 {
        let scopes = report.scopes().filter(|scope| scope.resource == resource);
        scopes.map(|scope| scope.requests).sum()
    };
    for (resource, requests) in expected {
        assert!(requests > 0, "{resource} proves nothing");
        assert_eq!(sent(resource), requests, "{resource}");
    }
    // Some learners have no result yet, so the second listing may be a page shorter.
    let anonymous = sent(Resource::Anonymous);
    assert!(is_anonymous.len() > 1, "{is_anonymous:?}");
    assert!(
        (learner_pages + is_anonymous.len() as u64..=2 * learner_pages).contains(&anonymous),
        "{anonymous} of {learner_pages}"
    );
    let all: u64 = report.scopes().map(|scope| scope.requests).sum();
    // And one token, and a look at each listing of the reseller's own company, as nothing of any company was stored.
    assert_eq!(report.totals.requests, all + 3);
    assert_eq!(simulator.requests().await["total"], all + 3);
}
