//! How the type of a training is named when users are asked for: not, until that brings nobody.

use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use crate::support::TestApp;
use crate::support::vendor::{Vendor, enrollments, failure, ok, page, summary, users, vector_json};

/// A vendor with these enrollments (newest first), each of which counts one user and shows it as `answer` says.
async fn vendor_with(
    listed: &[(&str, &str)],
    answer: fn(&Value) -> ResponseTemplate,
) -> (Vendor, TestApp) {
    let vendor = Vendor::start().await;
    let rows: Vec<Value> = listed
        .iter()
        .zip((10..30).rev())
        .map(|((id, kind), day)| {
            let created = format!("2026-01-{day}T00:00:00");
            json!({"enrollmentId": id, "type": kind, "createTime": created})
        })
        .collect();
    vendor.on(enrollments(), ok(page(&rows))).await;
    let counted = json!({"data": {"reportDetail": {"totalTargetUserCount": 1}}}).to_string();
    for (id, _) in listed {
        vendor.on(summary(id), ok(counted.clone())).await;
        vendor
            .on(users(id), move |request: &Request| {
                let body: Value = request.body_json().expect("JSON");
                answer(&body["trainingType"])
            })
            .await;
    }
    // One at a time, so that the second enrollment knows what the first one learned.
    let settings = [("api.max_concurrency", "1"), ("api.date_format", "dmy")];
    let app = TestApp::new(&vendor.url(), &settings).await;
    (vendor, app)
}

/// How the requests for the users of `enrollment` named the type; null where they did not.
async fn named(vendor: &Vendor, enrollment: &str) -> Value {
    let requests = vendor.received(&users(enrollment)).await;
    requests
        .iter()
        .map(|request| request.body_json::<Value>().expect("JSON")["trainingType"].clone())
        .collect()
}

fn one_user() -> ResponseTemplate {
    ok(page(&[vector_json(16)]))
}

#[tokio::test]
async fn the_name_is_tried_when_nobody_is_shown_and_is_remembered_for_its_type() {
    let listed = [
        ("first", "Learning Path"),
        ("second", "LearningPath"),
        ("third", "Poster"),
    ];
    let (vendor, app) = vendor_with(&listed, |kind| match kind.as_str() {
        Some("LearningPath" | "Poster") => one_user(),
        _ => ok(page(&[])),
    })
    .await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    assert_eq!(named(&vendor, "first").await, json!([null, "LearningPath"]));
    assert_eq!(named(&vendor, "second").await, json!(["LearningPath"]));
    assert_eq!(named(&vendor, "third").await, json!([null, "Poster"]));
}

#[tokio::test]
async fn the_number_is_tried_last_and_is_remembered_for_its_type() {
    let listed = [("first", "Learning Path"), ("second", "Learning Path")];
    let (vendor, app) = vendor_with(&listed, |kind| match kind.as_u64() {
        Some(4) => one_user(),
        _ => ok(page(&[])),
    })
    .await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    assert_eq!(
        named(&vendor, "first").await,
        json!([null, "LearningPath", 4])
    );
    assert_eq!(named(&vendor, "second").await, json!([4]));
}

#[tokio::test]
async fn a_name_that_the_vendor_rejects_leaves_the_number() {
    let listed = [("first", "Survey")];
    let (vendor, app) = vendor_with(&listed, |kind| match kind {
        Value::Null => ok(page(&[])),
        Value::Number(_) => one_user(),
        _ => failure(400, r#"{"message":"Invalid request"}"#),
    })
    .await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    assert_eq!(named(&vendor, "first").await, json!([null, "Survey", 0]));
}

#[tokio::test]
async fn nobody_by_any_name_is_a_failure() {
    let listed = [("first", "SCORM"), ("second", "SCORM")];
    let (vendor, app) = vendor_with(&listed, |_| ok(page(&[]))).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let failed = report
        .scopes()
        .find(|scope| scope.resource == Resource::Users)
        .unwrap();
    assert_eq!(failed.verdict, Verdict::Failed);
    assert_eq!(
        failed.error.as_deref(),
        Some(
            "the service lists no users of enrollment first, but its summary counts 1 (and 1 more)"
        )
    );
    for enrollment in ["first", "second"] {
        let expected = json!([null, "SCORM", 0]);
        assert_eq!(named(&vendor, enrollment).await, expected);
    }
}

#[tokio::test]
async fn users_at_once_are_the_end_of_it() {
    let listed = [("first", "SCORM"), ("second", "SCORM")];
    let (vendor, app) = vendor_with(&listed, |_| one_user()).await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    for enrollment in ["first", "second"] {
        assert_eq!(named(&vendor, enrollment).await, json!([null]));
    }
}
