//! TV11 to TV13: both listings of enrollments, and the detail.

use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use serde_json::json;

use super::{PATH, PULSE, SURVEY, day_first, plain_enrollment, scope, sync_well};
use crate::support::TestApp;
use crate::support::table::shown;
use crate::support::vendor::{
    ALPHA, Vendor, archive, detail, enrollments, ok, page, summary, vector, vector_json,
};

#[tokio::test]
async fn vector_11_a_survey_and_a_learning_path() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(vector(11))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "enrollments", "enrollment_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    created_at: "2026-01-04T16:20:00+00:00"
    delivery: "SMTP"
    delivery_type: "Email"
    enrolled_by: "Alpha Example"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    is_archived: false
    is_auto_enrollment_active: false
    is_listed: true
    is_reminder_active: false
    is_step: false
    is_survey: true
    name: "Culture Survey Q1"
    recipient_type: "UserGroup"
    sends_preferred_language: false
    starts_at: "2026-01-05T09:00:00+00:00"
    status: "Finished"
    training_name: "Culture Survey"
    type: "Survey"

    company_id: "aB3dE5gH7jK9"
    created_at: "2026-01-06T08:59:00+00:00"
    delivery_type: "Email & Microsoft Teams"
    enrollment_id: "11111111-2222-4333-8444-555555555502"
    is_archived: false
    is_auto_enrollment_active: true
    is_listed: true
    is_step: false
    is_survey: false
    name: "New Hire Path"
    starts_at: "2026-01-06T09:00:00+00:00"
    status: "Auto-Enroll"
    type: "Learning Path"
    "#);
    insta::assert_snapshot!(shown(&app.pool, "enrollment_languages", "language").await, @r#"
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    language: "EN-GB"
    "#);
    assert_eq!(shown(&app.pool, "enrollment_tags", "tag").await, "");
    for (enrollment, number) in [(SURVEY, "trainingType=0"), (PATH, "trainingType=4")] {
        let asked = vendor.received(&summary(enrollment)).await;
        assert_eq!(asked[0].url.query(), Some(number), "{enrollment}");
    }
}

#[tokio::test]
async fn vector_11_the_same_dates_with_the_month_first_are_other_days() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(vector(11))).await;
    let settings = [
        ("api.date_format", "mdy"),
        ("api.time_zone", "Europe/Istanbul"),
    ];
    let app = TestApp::new(&vendor.url(), &settings).await;
    sync_well(&app).await;
    let (starts_at, created_at): (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) =
        sqlx::query_as(
            "select starts_at, created_at from keepnet.enrollments order by enrollment_id",
        )
        .fetch_one(&app.pool)
        .await
        .unwrap();
    // 05/01 at 9:00 and 04/01 at 16:20, three hours ahead of UTC.
    assert_eq!(starts_at.to_rfc3339(), "2026-05-01T06:00:00+00:00");
    assert_eq!(created_at.to_rfc3339(), "2026-04-01T13:20:00+00:00");
}

#[tokio::test]
async fn vector_12_a_survey_hidden_as_a_training_with_dates_of_two_forms() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(page(&[vector_json(12)]))).await;
    let app = TestApp::new(&vendor.url(), &[("api.date_format", "mdy")]).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "enrollments", "enrollment_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    created_at: "2026-01-13T08:00:00+00:00"
    enrollment_id: "11111111-2222-4333-8444-555555555503"
    is_archived: false
    is_listed: true
    is_step: false
    is_survey: true
    name: "Pulse"
    starts_at: "2026-01-13T08:00:00+00:00"
    status: "SCORM Proxy"
    type: "SCORM"
    "#);
}

#[tokio::test]
async fn vector_13_the_detail_is_joined_by_the_id_that_was_asked_for() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(vector(11))).await;
    vendor.on(detail(SURVEY), ok(vector(13))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = shown(&app.pool, "enrollments", "enrollment_id").await;
    let (survey, path) = stored.split_once("\n\n").unwrap();
    insta::assert_snapshot!(survey, @r#"
    awards_certificate: false
    certificate_send_type: "None"
    company_id: "aB3dE5gH7jK9"
    created_at: "2026-01-04T16:20:00+00:00"
    delivery: "SMTP"
    delivery_type: "Email"
    detail_extra: {"languageIds":[],"name":"Culture Survey Q1"}
    enrolled_by: "Alpha Example"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    is_archived: false
    is_auto_enrollment_active: false
    is_listed: true
    is_reminder_active: false
    is_step: false
    is_survey: true
    is_test: true
    name: "Culture Survey Q1"
    recipient_type: "UserGroup"
    scheduled_time_zone: "Europe/Istanbul"
    sends_preferred_language: false
    starts_at: "2026-01-05T09:00:00+00:00"
    status: "Finished"
    training_id: "trn-0001"
    training_name: "Culture Survey"
    training_type_id: "Survey"
    type: "Survey"
    uses_own_time_zone: false
    "#);
    assert!(!path.contains("is_test"), "not known of the path: {path}");
    insta::assert_snapshot!(shown(&app.pool, "enrollment_target_groups", "target_group_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    target_group_id: "TgRp00000001"
    "#);
}

#[tokio::test]
async fn the_other_members_of_a_detail_have_columns_too() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(vector(11))).await;
    let body = json!({"data": {
        "learningPathId": "lp-1",
        "trainingOrder": 2,
        "phishingCampaignResourceId": "PhCa00000001",
        "enrollmentScheduler": {
            "scheduledDate": "07/01/2026 10:00",
            "scheduledTimeZoneId": "Europe/Istanbul",
            "useOwnTimeZone": true,
            "dueDate": "2026-02-07T00:00:00Z",
        },
        "awardCertificate": true,
        "certificateConfigSendType": 2,
        "markedAsTest": false,
        "trainingTypeId": 4,
        "distributionDays": 3,
    }});
    vendor.on(detail(PATH), ok(body.to_string())).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = shown(&app.pool, "enrollments", "enrollment_id").await;
    let (_, path) = stored.split_once("\n\n").unwrap();
    let mut lines: Vec<&str> = path.lines().collect();
    lines.retain(|line| {
        [
            "due_at",
            "scheduled",
            "uses_own",
            "awards",
            "certificate",
            "is_test",
        ]
        .iter()
        .chain(&["training_", "learning_path", "distribution", "phishing"])
        .any(|start| line.starts_with(start))
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
    awards_certificate: true
    certificate_send_type: "2"
    distribution_days: 3
    due_at: "2026-02-07T00:00:00+00:00"
    is_test: false
    learning_path_id: "lp-1"
    phishing_campaign_id: "PhCa00000001"
    scheduled_at: "2026-01-07T10:00:00+00:00"
    scheduled_time_zone: "Europe/Istanbul"
    training_order: 2
    training_type_id: "4"
    uses_own_time_zone: true
    "#);
}

#[tokio::test]
async fn an_enrollment_in_the_trash_is_archived_and_its_report_is_still_read() {
    let vendor = Vendor::start().await;
    vendor.on(enrollments(), ok(vector(11))).await;
    // The path was moved to the trash between the two listings.
    let rows = [
        plain_enrollment(PULSE, "SCORM"),
        vector_json(11)["data"]["results"][1].clone(),
    ];
    vendor.on(archive(), ok(page(&rows))).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    let stored: Vec<(String, bool, bool)> = sqlx::query_as(
        "select enrollment_id, is_archived, is_listed from keepnet.enrollments order by enrollment_id",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let expected = [(SURVEY, false), (PATH, true), (PULSE, true)];
    let expected = expected.map(|(id, is_archived)| (id.to_owned(), is_archived, true));
    assert_eq!(stored, expected);
    assert_eq!(vendor.count(&summary(PULSE)).await, 1);
    assert_eq!(vendor.count(&summary(PATH)).await, 1);
    assert_eq!(scope(&report, ALPHA, Resource::Summaries).pages, 3);
}

#[tokio::test]
async fn tags_languages_and_roles_are_rows_of_their_own() {
    let vendor = Vendor::start().await;
    let mut enrollment = plain_enrollment(PULSE, "SCORM");
    enrollment["tags"] = json!(["x", "y", "x"]);
    enrollment["languages"] = json!(["TR", "EN-GB"]);
    enrollment["trainingRoles"] = json!([
        {"roleId": 7, "code": "IT", "roleName": "IT staff", "weight": 2},
        {"roleId": "8", "code": 5},
    ]);
    enrollment["trainingCategories"] = json!([{"categoryName": "Basics"}]);
    vendor.on(enrollments(), ok(page(&[enrollment]))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let values = |sql: &'static str| {
        let pool = app.pool.clone();
        async move {
            let values: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
            values
        }
    };
    let tags = values("select tag from keepnet.enrollment_tags order by 1").await;
    assert_eq!(tags, ["x", "y"]);
    let languages = values("select language from keepnet.enrollment_languages order by 1").await;
    assert_eq!(languages, ["EN-GB", "TR"]);
    insta::assert_snapshot!(shown(&app.pool, "enrollment_training_roles", "role_id").await, @r#"
    code: "IT"
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555503"
    extra: {"weight":2}
    role_id: 7
    role_name: "IT staff"

    code: "5"
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555503"
    role_id: 8
    "#);
    let unknown = values("select json_path from sync.unknown_fields").await;
    assert_eq!(unknown, ["$.trainingRoles[*].weight"]);
}

#[tokio::test]
async fn the_documented_name_of_the_id_and_null_for_an_empty_list_are_understood() {
    let vendor = Vendor::start().await;
    let row = json!({"resourceId": PULSE, "type": "SCORM", "hasQuiz": false});
    vendor.on(enrollments(), ok(page(&[row]))).await;
    let empty = r#"{"data":{"pageNumber":1,"totalNumberOfRecords":0,"results":null}}"#;
    vendor.on(archive(), ok(empty)).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    assert_eq!(
        scope(&report, ALPHA, Resource::Enrollments).verdict,
        Verdict::Complete
    );
    let stored: (String, bool) =
        sqlx::query_as("select enrollment_id, is_survey from keepnet.enrollments")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(stored, (PULSE.to_owned(), false));
}
