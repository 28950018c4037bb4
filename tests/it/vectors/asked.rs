//! Whom more is asked of: which users, by which enrollment, and when.

use keepnet_etl::resource::Resource;
use serde_json::{Value, json};

use super::{PATH, SURVEY, day_first, plain_enrollment, scope, sync_again, sync_well};
use crate::support::TestApp;
use crate::support::survey::{data, reported, session, user};
use crate::support::table::told;
use crate::support::vendor::{
    ALPHA, BETA, Vendor, companies, enrollments, interactions, ok, page, sessions, users, vector,
};

/// Users who cannot have answered, in all spellings that occur.
const NOT_ANSWERED: [&str; 8] = [
    "Not Responded",
    "NotResponded",
    " not  responded ",
    "Opened Email",
    "CLICKED LINK",
    "Excluded",
    "Not Started",
    "notstarted",
];
/// Users to whom nothing was sent.
const NOTHING_SENT: [&str; 9] = [
    "In Queue",
    "InQueue",
    "Not Delivered",
    "Sending Error",
    "SendingError",
    "Error",
    "Processing",
    "Cancelled",
    "Canceled",
];
/// Users of whom there may be anything.
const OTHERS: [&str; 9] = [
    "Completed",
    "In Progress",
    "Passed",
    "Exam Failed",
    "Incomplete",
    "Not Completed",
    "Failed",
    "A new word",
    "",
];

#[tokio::test]
async fn the_status_says_of_whom_there_may_be_answers_or_events() {
    let statuses: Vec<&str> = [&NOT_ANSWERED[..], &NOTHING_SENT, &OTHERS].concat();
    let ids: Vec<String> = (10..10 + statuses.len()).map(|n| format!("u{n}")).collect();
    let mut rows: Vec<Value> = ids
        .iter()
        .zip(&statuses)
        .map(|(id, status)| user(id, status))
        .collect();
    rows.push(json!({"targetUserResourceId": "u99"}));
    let vendor = reported(&rows).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    for (id, status) in ids
        .iter()
        .zip(&statuses)
        .chain([(&"u99".to_owned(), &"no status")])
    {
        let answers = vendor.count(&sessions(SURVEY, id)).await;
        let may_have_answered = !NOT_ANSWERED.contains(status) && !NOTHING_SENT.contains(status);
        assert_eq!(
            answers,
            usize::from(may_have_answered),
            "answers of {status:?}"
        );
        let events = vendor.count(&interactions(SURVEY, id)).await;
        assert_eq!(
            events,
            usize::from(!NOTHING_SENT.contains(status)),
            "events of {status:?}"
        );
    }
    assert_eq!(scope(&report, ALPHA, Resource::Answers).requests, 10);
    assert_eq!(scope(&report, ALPHA, Resource::Interactions).requests, 18);
}

#[tokio::test]
async fn the_status_under_its_other_name_counts_too() {
    let vendor = reported(&[
        json!({"targetUserResourceId": "u1", "statusName": "NotResponded"}),
        json!({"targetUserResourceId": "u2", "statusName": "Completed"}),
    ])
    .await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    assert_eq!(vendor.count(&sessions(SURVEY, "u1")).await, 0);
    assert_eq!(vendor.count(&sessions(SURVEY, "u2")).await, 1);
}

#[tokio::test]
async fn a_user_is_asked_by_the_enrollment_that_their_row_names() {
    let mut of_a_step = user("u1", "Completed");
    of_a_step["enrollmentId"] = json!(PATH);
    let vendor = reported(&[of_a_step, user("u2", "Completed")]).await;
    for (enrollment, id) in [(PATH, "u1"), (SURVEY, "u2")] {
        let body = data(&[session("s1", &[], &[json!({"id": "q"})])]);
        vendor.on(sessions(enrollment, id), ok(body)).await;
        vendor
            .on(interactions(enrollment, id), ok(vector(23)))
            .await;
    }
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    assert_eq!(vendor.count(&sessions(SURVEY, "u1")).await, 0);
    assert_eq!(vendor.count(&interactions(SURVEY, "u1")).await, 0);
    for sql in [
        "select distinct right(enrollment_id, 2) || target_user_id from keepnet.survey_sessions order by 1",
        "select distinct right(enrollment_id, 2) || target_user_id from keepnet.interactions order by 1",
    ] {
        assert_eq!(told(&app.pool, sql).await, ["01u2", "02u1"]);
    }
    let questions = "select right(enrollment_id, 2) from keepnet.survey_questions order by 1";
    assert_eq!(told(&app.pool, questions).await, ["01", "02"]);
    sync_again(&app).await;
}

#[tokio::test]
async fn users_whose_ids_differ_by_case_are_two_users() {
    let ids = ["uSeR00000001", "UsEr00000001"];
    let vendor = reported(&ids.map(|id| user(id, "Completed"))).await;
    for id in ids {
        let body = data(&[session(&format!("of {id}"), &[], &[])]);
        vendor.on(sessions(SURVEY, id), ok(body)).await;
        let event = json!({"interaction": format!("by {id}")});
        vendor
            .on(interactions(SURVEY, id), ok(data(&[event])))
            .await;
    }
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = "select format('%s %s %s', target_user_id, session_id, interaction)
        from keepnet.survey_sessions join keepnet.interactions using (target_user_id) order by target_user_id";
    let expected = [
        "UsEr00000001 of UsEr00000001 by UsEr00000001",
        "uSeR00000001 of uSeR00000001 by uSeR00000001",
    ];
    assert_eq!(told(&app.pool, stored).await, expected);
    sync_again(&app).await;
}

/// A vendor with two companies whose ids differ by case; each has the same survey and the same user.
async fn two_companies() -> Vendor {
    let vendor = Vendor::start().await;
    let both = [ALPHA, BETA].map(|id| json!({"companyResourceId": id}));
    vendor.first(99, companies(), ok(page(&both))).await;
    for company in [ALPHA, BETA] {
        let survey = plain_enrollment(SURVEY, "Survey");
        vendor.of(company, enrollments(), ok(page(&[survey]))).await;
        let report = page(&[user("u1", "Completed"), user("u2", "Completed")]);
        vendor.of(company, users(SURVEY), ok(report)).await;
        let body = data(&[session(&format!("of {company}"), &[], &[])]);
        vendor.of(company, sessions(SURVEY, "u1"), ok(body)).await;
        let event = json!({"interaction": format!("in {company}")});
        let body = data(&[event]);
        vendor
            .of(company, interactions(SURVEY, "u1"), ok(body))
            .await;
    }
    vendor
}

#[tokio::test]
async fn one_person_in_two_companies_is_asked_in_each_and_stored_apart() {
    let vendor = two_companies().await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = "select format('%s %s %s', company_id, session_id, interaction)
        from keepnet.survey_sessions join keepnet.interactions using (company_id) order by company_id";
    let expected = [BETA, ALPHA].map(|id| format!("{id} of {id} in {id}"));
    assert_eq!(told(&app.pool, stored).await, expected);
    for endpoint in [sessions(SURVEY, "u1"), interactions(SURVEY, "u1")] {
        for request in vendor.received(&endpoint).await {
            let ids =
                ["x-ir-company-id", "x-keepnet-company-id"].map(|name| &request.headers[name]);
            assert_eq!(ids[0], ids[1]);
        }
    }
    sync_again(&app).await;
}

#[tokio::test]
async fn users_are_asked_one_by_one_when_everything_else_of_all_companies_is_there() {
    let is_single =
        |path: &String| path.contains("/exam-result-sessions/") || path.contains("/interactions/");
    for concurrency in ["1", "8"] {
        let vendor = two_companies().await;
        let settings = [
            ("api.date_format", "dmy"),
            ("api.max_concurrency", concurrency),
        ];
        let app = TestApp::new(&vendor.url(), &settings).await;
        sync_well(&app).await;
        let paths = vendor.paths().await;
        let first = paths.iter().position(is_single).unwrap();
        assert!(paths[first..].iter().all(is_single), "{paths:#?}");
        assert_eq!(paths.len() - first, 2 * 2 * 2, "{paths:#?}");
    }
}
