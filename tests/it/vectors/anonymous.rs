//! TV45: the learners of anonymous enrollments, whom only the customer's own learning system knows.

use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use serde_json::{Value, json};

use super::{PULSE, SCORM, day_first, scope, sync_again, sync_well};
use crate::support::TestApp;
use crate::support::table::{shown, told};
use crate::support::vendor::{
    ALPHA, Vendor, anonymous, anonymous_result, enrollments, failure, interactions, ok, page,
    sessions, summary, users, vector_json,
};

/// A vendor with an enrollment of this status.
async fn proxied(status: &str) -> (Vendor, TestApp) {
    let vendor = Vendor::start().await;
    let mut row = vector_json(12);
    row["status"] = json!(status);
    row["startDate"] = Value::Null;
    row["createTime"] = Value::Null;
    vendor.on(enrollments(), ok(page(&[row]))).await;
    let app = day_first(&vendor).await;
    (vendor, app)
}

/// One of the two forms of vector 45: a page of results, a single learner.
fn form(place: usize) -> String {
    vector_json(45)[place].to_string()
}

#[tokio::test]
async fn vector_45_both_listings_fill_one_row_as_a_page_and_as_an_object() {
    let (vendor, app) = proxied("SCORM Proxy").await;
    vendor.on(anonymous(PULSE), ok(form(1))).await;
    vendor.on(anonymous_result(PULSE), ok(form(0))).await;
    let report = sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "anonymous_results", "result_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    enrolled_at: "2026-01-01T10:00:00+00:00"
    enrollment_id: "11111111-2222-4333-8444-555555555503"
    extra: {"enrollmentId":"11111111-2222-4333-8444-555555555503"}
    is_passed: true
    last_interaction_at: "2026-01-01T10:00:00+00:00"
    result_extra: {"enrollmentId":"11111111-2222-4333-8444-555555555503","targetUserResourceId":12345}
    result_id: "r1"
    score: 80
    session_count: 1
    status: "Completed"
    target_user_id: "learner-1"
    "#);
    assert_eq!(scope(&report, ALPHA, Resource::Anonymous).pages, 2);
    // They are in no user report, and of nobody there is more to ask.
    assert_eq!(vendor.count(&users(PULSE)).await, 0);
    assert_eq!(vendor.count(&sessions(PULSE, "learner-1")).await, 0);
    assert_eq!(vendor.count(&interactions(PULSE, "learner-1")).await, 0);
    assert_eq!(shown(&app.pool, "enrollment_users", "1").await, "");
    sync_again(&app).await;
}

#[tokio::test]
async fn vector_45_both_listings_the_other_way_round() {
    let (vendor, app) = proxied("SCORM Proxy").await;
    let mut result = vector_json(45)[0]["data"]["results"][0].clone();
    result["score"] = json!("66.5");
    result["isPassed"] = json!("false");
    result["ernollmentDate"] = Value::Null;
    result["enrollmentDate"] = json!("02/01/2026 10:00:05");
    result["sessionStartDate"] = json!("03/01/2026 10:00");
    result["sessionEndDate"] = json!("");
    let learners: Vec<Value> = (1..=2)
        .map(|id| json!({"targetUserResultId": format!("r{id}"), "targetUserResourceId": 12_344 + id}))
        .collect();
    vendor.on(anonymous(PULSE), ok(page(&learners))).await;
    let single = json!({"data": result}).to_string();
    vendor.on(anonymous_result(PULSE), ok(single)).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "anonymous_results", "result_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    enrolled_at: "2026-01-02T10:00:05+00:00"
    enrollment_id: "11111111-2222-4333-8444-555555555503"
    is_passed: false
    result_extra: {"enrollmentId":"11111111-2222-4333-8444-555555555503","targetUserResourceId":12345}
    result_id: "r1"
    score: 66.5
    session_count: 1
    session_started_at: "2026-01-03T10:00:00+00:00"
    target_user_id: "12345"

    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555503"
    result_id: "r2"
    target_user_id: "12346"
    "#);
    sync_again(&app).await;
}

#[tokio::test]
async fn each_listing_is_sorted_by_a_column_that_it_has() {
    let (vendor, app) = proxied("scormproxy").await;
    vendor.on(anonymous(PULSE), ok(page(&[]))).await;
    vendor.on(anonymous_result(PULSE), ok(page(&[]))).await;
    sync_well(&app).await;
    for (endpoint, column) in [
        (anonymous(PULSE), "lastInteractionDate"),
        (anonymous_result(PULSE), "enrollmentDate"),
    ] {
        let body: Value = vendor.received(&endpoint).await[0].body_json().unwrap();
        assert_eq!(body["orderBy"], column);
        assert_eq!(body["filter"]["condition"], "AND");
    }
}

#[tokio::test]
async fn the_status_or_the_summary_says_that_an_enrollment_is_anonymous() {
    for (status, is_proxy, is_anonymous) in [
        ("SCORM Proxy", Value::Null, true),
        (" scorm  PROXY ", json!(false), true),
        ("ScormProxy", json!(false), true),
        ("Finished", json!(true), true),
        ("Finished", json!(false), false),
        ("SCORM", Value::Null, false),
    ] {
        let (vendor, app) = proxied(status).await;
        let counts = json!({"data": {"isScormProxy": is_proxy}}).to_string();
        vendor.on(summary(PULSE), ok(counts)).await;
        vendor.on(anonymous(PULSE), ok(form(1))).await;
        vendor.on(anonymous_result(PULSE), ok(form(0))).await;
        sync_well(&app).await;
        let asked = usize::from(is_anonymous);
        assert_eq!(vendor.count(&anonymous(PULSE)).await, asked, "{status}");
        let result = anonymous_result(PULSE);
        assert_eq!(vendor.count(&result).await, asked, "{status}");
        assert_eq!(vendor.count(&users(PULSE)).await, 1 - asked, "{status}");
    }
}

#[tokio::test]
async fn one_listing_that_fails_does_not_keep_the_other_from_landing_and_the_worst_is_told() {
    use Verdict::{Failed, Unsupported};
    // What is not given is asked for again only when it is due; what failed, by the next run.
    let (complete, not_given, failed) = ("complete t", "unsupported t", "failed f");
    for (learners, results, verdict, stored, cursors) in [
        (404, 200, Unsupported, Some("r1  t"), [not_given, complete]),
        (500, 200, Failed, Some("r1  t"), [failed, complete]),
        (
            200,
            403,
            Unsupported,
            Some("r1 Completed "),
            [complete, not_given],
        ),
        (200, 500, Failed, Some("r1 Completed "), [complete, failed]),
        (404, 500, Failed, None, [not_given, failed]),
        (500, 404, Failed, None, [failed, not_given]),
    ] {
        let (vendor, app) = proxied("SCORM Proxy").await;
        let body = failure(learners, form(1));
        vendor.on(anonymous(PULSE), body).await;
        let body = failure(results, form(0));
        vendor.on(anonymous_result(PULSE), body).await;
        let report = app.sync().await.unwrap();
        let anonymous = scope(&report, ALPHA, Resource::Anonymous);
        assert_eq!(anonymous.verdict, verdict, "{learners} {results}");
        let is_well = verdict == Unsupported;
        assert_eq!(report.outcome == "ok", is_well, "{learners} {results}");
        let rows = "select format('%s %s %s', result_id, status, is_passed) from keepnet.anonymous_results";
        assert!(
            told(&app.pool, rows).await.iter().eq(stored),
            "{learners} {results}"
        );
        let remembered = "select format('%s %s', verdict, last_complete_at is not null)
            from sync.cursors where resource = 'anonymous' order by scope";
        assert_eq!(
            told(&app.pool, remembered).await,
            cursors,
            "{learners} {results}"
        );
    }
}

#[tokio::test]
async fn a_learner_without_an_id_is_kept_aside_and_the_neighbours_land() {
    let (vendor, app) = proxied("SCORM Proxy").await;
    let rows = [
        json!({"targetUserResultId": "r1", "status": "Completed"}),
        json!({"targetUserResourceId": "learner-2"}),
        json!({"targetUserResultId": "r3", "status": "In Progress"}),
    ];
    vendor.on(anonymous(PULSE), ok(page(&rows))).await;
    vendor.on(anonymous_result(PULSE), ok(page(&[]))).await;
    sync_well(&app).await;
    let rows =
        "select format('%s %s', result_id, status) from keepnet.anonymous_results order by 1";
    assert_eq!(
        told(&app.pool, rows).await,
        ["r1 Completed", "r3 In Progress"]
    );
    let aside = "select format('%s %s', resource, json_path) from sync.quarantine";
    let expected = ["anonymous $.targetUserResultId"];
    assert_eq!(told(&app.pool, aside).await, expected);
}

#[tokio::test]
async fn learners_of_two_enrollments_may_have_one_id() {
    let vendor = Vendor::start().await;
    let rows = [PULSE, SCORM].map(|id| json!({"enrollmentId": id, "status": "SCORM Proxy"}));
    vendor.on(enrollments(), ok(page(&rows))).await;
    for (id, passed) in [(PULSE, true), (SCORM, false)] {
        let rows = [json!({"targetUserResultId": "r1", "isPassed": passed})];
        vendor.on(anonymous(id), ok(page(&rows))).await;
        vendor.on(anonymous_result(id), ok(page(&rows))).await;
    }
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let rows = "select format('%s %s', right(enrollment_id, 2), is_passed) from keepnet.anonymous_results order by 1";
    assert_eq!(told(&app.pool, rows).await, ["03 t", "04 f"]);
}
