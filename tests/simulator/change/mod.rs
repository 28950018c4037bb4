//! Changes are seen in what is served and in the truth alike, and stay until their inverse.

mod company;
mod enrollment;
mod user;

use std::collections::BTreeMap;

use keepnet_etl::simulator::{DateOrder, Share, SimulatorOptions, WorldOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Ask, USERS, Vendor, body, options, small, text, texts, users_of};

const TABLES: [&str; 24] = [
    "companies",
    "company_tags",
    "enrollments",
    "enrollment_tags",
    "enrollment_languages",
    "enrollment_target_groups",
    "enrollment_training_roles",
    "enrollment_summaries",
    "enrollment_steps",
    "enrollment_users",
    "target_users",
    "user_custom_fields",
    "interactions",
    "survey_sessions",
    "survey_questions",
    "survey_question_options",
    "survey_answers",
    "anonymous_results",
    "trainings",
    "target_groups",
    "widgets",
    "widget_values",
    "executive_reports",
    "executive_report_widgets",
];

/// Dates that are easy to compare with those of the truth.
pub fn plain_dates() -> SimulatorOptions {
    let mut options = options(WorldOptions {
        survey_share: Share::percent(40),
        ..small().world
    });
    options.account.date_format = DateOrder::Iso;
    options.account.time_zone = chrono_tz::Tz::UTC;
    options
}

pub async fn set_now(vendor: &Vendor, now: &str) {
    let answer = vendor
        .search("/simulator/clock", None, &json!({"now": now}))
        .await;
    assert_eq!(answer.status(), 200);
}

/// The truth of every table.
pub async fn everything(vendor: &Vendor) -> BTreeMap<&'static str, Vec<Value>> {
    let mut tables = BTreeMap::new();
    for table in TABLES {
        tables.insert(table, vendor.truth(table).await);
    }
    tables
}

/// The tables that differ.
pub fn differing(
    before: &BTreeMap<&'static str, Vec<Value>>,
    after: &BTreeMap<&'static str, Vec<Value>>,
) -> Vec<&'static str> {
    let differs = |table: &&&str| before[**table] != after[**table];
    TABLES.iter().filter(differs).copied().collect()
}

/// The row of a user in the truth of an enrollment's report.
pub async fn report_of(vendor: &Vendor, enrollment: &str, user: &str) -> Option<Value> {
    let rows = vendor.truth("enrollment_users").await;
    rows.into_iter()
        .find(|row| row["enrollment_id"] == enrollment && row["target_user_id"] == user)
}

/// The row of a user as an enrollment's report serves it.
pub async fn served(vendor: &Vendor, company: &str, enrollment: &str, user: &str) -> Option<Value> {
    let rows = vendor
        .rows(&users_of(enrollment), Some(company), USERS)
        .await;
    rows.into_iter()
        .find(|row| row["targetUserResourceId"] == user)
}

pub fn ids(change: &Value) -> [String; 3] {
    ["company", "enrollment", "user"].map(|name| text(change, name))
}

/// What is served of users, of enrollments and of companies is what the truth says.
pub async fn assert_served_as_told(vendor: &Vendor) {
    let truth = vendor.truth("enrollment_users").await;
    let listed: Vec<Value> = vendor.truth("enrollments").await;
    let summaries = vendor.truth("enrollment_summaries").await;
    let mut companies = vendor.companies().await;
    let told = vendor.truth("companies").await;
    assert_eq!(companies.len() + 1, told.len());
    let is_granted = |id: &String| {
        told.iter()
            .any(|row| row["company_id"] == id.as_str() && row["access_state"] == "granted")
    };
    companies.retain(is_granted);
    for company in companies {
        let mut enrollments = vendor.enrollments(&company).await;
        enrollments.sort_unstable();
        let mut expected: Vec<String> = listed
            .iter()
            .filter(|row| row["company_id"] == company.as_str() && row["is_listed"] == true)
            .map(|row| text(row, "enrollment_id"))
            .collect();
        expected.sort_unstable();
        assert_eq!(enrollments, expected);
        for enrollment in enrollments {
            let rows = vendor
                .rows(&users_of(&enrollment), Some(&company), USERS)
                .await;
            let facts = |row: &Value, id: &str, last: &str| {
                let status = row.get("statusName").unwrap_or(&row["status"]).clone();
                let at = row[last]
                    .as_str()
                    .map(|at| at.trim_end_matches('Z').to_owned());
                (text(row, id), status, at, row["email"].clone())
            };
            let mut seen: Vec<_> = rows
                .iter()
                .map(|row| facts(row, "targetUserResourceId", "lastInteractionDate"))
                .collect();
            let of_enrollment = |row: &&Value| row["enrollment_id"] == enrollment.as_str();
            let mut told: Vec<_> = truth
                .iter()
                .filter(of_enrollment)
                .map(|row| facts(row, "target_user_id", "last_interaction_at"))
                .collect();
            let by_id = |one: &(String, Value, Option<String>, Value),
                         other: &(String, Value, Option<String>, Value)| {
                one.0.cmp(&other.0)
            };
            seen.sort_by(by_id);
            told.sort_by(by_id);
            assert_eq!(seen, told, "{enrollment}");
            let summary = summaries
                .iter()
                .find(of_enrollment)
                .expect("a summary of each enrollment");
            assert_eq!(summary["total_target_user_count"], seen.len());
        }
    }
}

#[tokio::test]
async fn a_step_is_deterministic_and_what_it_did_is_seen_everywhere() {
    let (one, same) = (
        Vendor::start(plain_dates()).await,
        Vendor::start(plain_dates()).await,
    );
    let mut kinds = Vec::new();
    for (seed, now) in [
        (1, "2026-07-02T10:00:00Z"),
        (2, "2026-07-03T22:30:59Z"),
        (3, "2026-08-01T00:00:00Z"),
    ] {
        let step = json!({"seed": seed, "changes": 40});
        set_now(&one, now).await;
        set_now(&same, now).await;
        let done = body(one.search("/simulator/step", None, &step).await).await;
        assert_eq!(
            done,
            body(same.search("/simulator/step", None, &step).await).await
        );
        let changes = done["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 40);
        kinds.extend(texts(changes, "kind"));
        assert_eq!(everything(&one).await, everything(&same).await);
        assert_served_as_told(&one).await;
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.len() > 25, "{kinds:?}");
    let log = body(one.get("/simulator/changes", None).await).await;
    assert_eq!(log["changes"].as_array().unwrap().len(), 120);
    assert_eq!(log["changes"][119]["at"], "2026-08-01T00:00:00Z");
    assert!(one.violations().await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_applied_is_refused_as_a_whole() {
    let vendor = Vendor::small().await;
    let before = everything(&vendor).await;
    for (path, asked, reason) in [
        ("changes", json!({"kind": "user-eaten"}), "unknown variant"),
        (
            "changes",
            json!({"kind": "user-removed", "colour": 1}),
            "unknown field",
        ),
        (
            "changes",
            json!({"kind": "user-status", "status": "Bored"}),
            "no status",
        ),
        (
            "changes",
            json!({"kind": "company-gone", "company": "nobody"}),
            "no company",
        ),
        (
            "changes",
            json!({"kind": "enrollment-returned"}),
            "nothing that is there fits",
        ),
        (
            "changes",
            json!([{"kind": "user-removed"}, {"kind": "company-granted"}]),
            "nothing",
        ),
        (
            "clock",
            json!({"now": "2026-06-30T00:00:00Z"}),
            "never goes back",
        ),
        ("clock", json!({"now": "tomorrow"}), "not an instant"),
    ] {
        let path = format!("/simulator/{path}");
        let answer = vendor.search(&path, None, &asked).await;
        assert_eq!(answer.status(), 400, "{asked}");
        let error = text(&body(answer).await, "error");
        assert!(error.contains(reason), "{asked}: {error}");
    }
    assert_eq!(differing(&before, &everything(&vendor).await), [""; 0]);
}

#[tokio::test]
async fn a_change_that_is_tied_to_a_request_comes_just_before_its_answer() {
    let vendor = Vendor::small().await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    vendor
        .add_faults(json!({
            "endpoint": "users", "kind": "change", "from": 2, "times": 1, "company": company,
            "change": {"kind": "user-removed"},
        }))
        .await;
    let mut totals = Vec::new();
    for page in [1, 2, 3] {
        let ask: Ask = USERS;
        let path = users_of(&enrollment);
        let data = vendor.page(&path, Some(&company), &ask.page(page)).await;
        totals.push(data["totalNumberOfRecords"].clone());
    }
    assert_eq!(totals, [25, 24, 24]);
    let log = body(vendor.get("/simulator/changes", None).await).await;
    assert_eq!(log["changes"][0]["enrollment"], enrollment.as_str());
    let answer = vendor
        .request(Method::POST, "/simulator/faults", None)
        .json(&json!({"endpoint": "users", "kind": "change"}));
    assert_eq!(crate::support::send(answer).await.status(), 400);
}
