//! TV14 and TV15: the counts of an enrollment, and the steps of a learning path.

use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use serde_json::json;

use super::{PATH, SURVEY, day_first, plain_enrollment, scope, sync_well};
use crate::support::TestApp;
use crate::support::table::shown;
use crate::support::vendor::{
    ALPHA, Vendor, detail, enrollments, failure, ok, page, summary, users, vector, vector_json,
};

#[tokio::test]
async fn vector_14_every_count_is_stored_as_it_is() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(vector(11))).await;
    vendor.on(summary(SURVEY), ok(vector(14))).await;
    let rows = ["a", "b", "c", "d"].map(|id| json!({"targetUserResourceId": id}));
    vendor.on(users(SURVEY), ok(page(&rows))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = shown(&app.pool, "enrollment_summaries", "enrollment_id").await;
    let (survey, path) = stored.split_once("\n\n").unwrap();
    insta::assert_snapshot!(survey, @r#"
    company_id: "aB3dE5gH7jK9"
    completed_count: 2
    delivery_method: "Email"
    did_not_complete_exam_count: 4
    did_not_complete_training_count: 2
    email_delivered_user_count: 4
    email_error_user_count: 0
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    extra: {"name":"Culture Survey Q1","trainingDetails":{"companyName":"System","hasQuiz":true,"id":"trn-0001","name":"Culture Survey","trainingTypeName":"SCORM"}}
    failed_exam_count: 0
    in_progress_count: -1
    is_scorm_proxy: false
    is_test: true
    no_response_count: 1
    only_opened_count: 1
    starts_at: "2026-01-05T09:00:00+00:00"
    total_non_target_user_count: 0
    total_target_user_count: 4
    total_user_opened_count: 3
    training_type_name: "SCORM"
    "#);
    insta::assert_snapshot!(path, @r#"
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555502"
    "#);
    assert_eq!(
        shown(&app.pool, "enrollment_steps", "step_number").await,
        ""
    );
    let differences: i64 = sqlx::query_scalar("select count(*) from sync.discrepancies")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(differences, 0, "four users are counted and four are listed");
}

#[tokio::test]
async fn vector_14_says_what_is_a_test_when_the_detail_does_not() {
    for (marked, expected) in [(None, Some(true)), (Some(false), Some(false))] {
        let vendor = Vendor::start().await;
        vendor
            .on(
                enrollments(),
                ok(page(&[plain_enrollment(SURVEY, "Survey")])),
            )
            .await;
        let mut counts = vector_json(14);
        counts["data"]["reportDetail"] = json!(null);
        vendor.on(summary(SURVEY), ok(counts.to_string())).await;
        let settings = json!({"data": {"markedAsTest": marked}});
        vendor.on(detail(SURVEY), ok(settings.to_string())).await;
        let app = day_first(&vendor).await;
        sync_well(&app).await;
        let is_test: Option<bool> = sqlx::query_scalar("select is_test from keepnet.enrollments")
            .fetch_one(&app.pool)
            .await
            .unwrap();
        assert_eq!(is_test, expected);
    }
}

#[tokio::test]
async fn vector_15_steps_are_stored_by_number_also_one_without_an_enrollment() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(vector(11))).await;
    vendor.on(summary(PATH), ok(vector(15))).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "enrollment_steps", "step_number").await, @r#"
    awards_certificate: true
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555502"
    has_quiz: false
    step_enrollment_id: "11111111-2222-4333-8444-555555555521"
    step_number: 1
    training_name: "Basics"
    training_type_name: "SCORM"

    awards_certificate: false
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555502"
    has_quiz: false
    step_enrollment_id: "11111111-2222-4333-8444-555555555522"
    step_number: 2
    training_name: "Poster A"
    training_type_name: "Poster"

    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555502"
    step_number: 3
    training_name: "Basics"
    "#);
    let stored = shown(&app.pool, "enrollment_summaries", "enrollment_id").await;
    let path = stored.split("\n\n").nth(1).unwrap();
    // There is no reportDetail: these counts are unknown, not zero.
    insta::assert_snapshot!(path, @r#"
    company_id: "aB3dE5gH7jK9"
    completed_count: 0
    enrollment_id: "11111111-2222-4333-8444-555555555502"
    extra: {"name":"New Hire Path","trainingDetails":{"hasQuiz":false,"name":"New Hire Path","trainingTypeName":"Learning Path"}}
    in_progress_count: 1
    is_test: false
    training_type_name: "LearningPath"
    "#);
    assert_eq!(
        scope(&report, ALPHA, Resource::Users).verdict,
        Verdict::Complete,
        "no users are no failure where no number of them is known"
    );
}

#[tokio::test]
async fn a_summary_that_cannot_be_read_is_quarantined_and_fails_its_scope_alone() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(vector(11))).await;
    vendor
        .on(
            summary(SURVEY),
            ok(r#"{"data":{"reportDetail":{"failedExamCount":"few"}}}"#),
        )
        .await;
    vendor.on(users(SURVEY), ok(page(&[vector_json(16)]))).await;
    let app = day_first(&vendor).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let summaries = scope(&report, ALPHA, Resource::Summaries);
    assert_eq!(summaries.verdict, Verdict::Failed);
    assert_eq!(
        summaries.error.as_deref(),
        Some(
            "the answer could not be understood at $.reportDetail.failedExamCount: \
             expected a whole number, found text; it is kept in sync.quarantine"
        )
    );
    let (company, enrollment, payload): (String, String, String) = sqlx::query_as(
        "select company_id, scope, payload from sync.quarantine where resource = 'summaries'",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!((company.as_str(), enrollment.as_str()), (ALPHA, SURVEY));
    assert_eq!(payload, r#"{"reportDetail":{"failedExamCount":"few"}}"#);
    let users = scope(&report, ALPHA, Resource::Users);
    assert_eq!((users.verdict, users.rows.inserted), (Verdict::Complete, 2));
}

#[tokio::test]
async fn a_summary_of_an_enrollment_that_is_gone_fails_its_scope_alone_and_is_not_asked_again() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(vector(11))).await;
    vendor.on(summary(SURVEY), failure(404, "")).await;
    vendor.on(summary(PATH), ok(vector(15))).await;
    let app = TestApp::new(&vendor.url(), &[("api.date_format", "dmy")]).await;
    let report = app.sync().await.unwrap();
    let summaries = scope(&report, ALPHA, Resource::Summaries);
    assert_eq!(summaries.verdict, Verdict::Failed);
    // The path, its three steps, and the two of them that are enrollments of their own with a summary each.
    assert_eq!(summaries.rows.inserted, 1 + 3 + 2);
    assert_eq!(
        summaries.error.as_deref(),
        Some(
            "could not fetch the summary of enrollment 11111111-2222-4333-8444-555555555501: \
             the service does not know it (HTTP 404)"
        )
    );
    assert_eq!(vendor.count(&summary(SURVEY)).await, 1);
}
