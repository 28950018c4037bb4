//! TV16 to TV22: the per-user report, and the persons in it.

use keepnet_etl::clock::Clock;
use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use serde_json::{Value, json};

use super::{
    PATH, SCORM, SURVEY, day_first, plain_enrollment, read_anew, scope, summary_of, sync_well,
};
use crate::support::TestApp;
use crate::support::table::shown;
use crate::support::vendor::{
    ALPHA, Vendor, enrollments, ok, page, summary, users, vector, vector_json,
};

/// One enrollment whose report has these rows.
async fn report_of(enrollment: &str, kind: &str, rows: &[Value]) -> (Vendor, TestApp) {
    let vendor = Vendor::start().await;
    let listed = page(&[plain_enrollment(enrollment, kind)]);
    vendor.on(enrollments(), ok(listed)).await;
    vendor.on(users(enrollment), ok(page(rows))).await;
    let app = day_first(&vendor).await;
    (vendor, app)
}

#[tokio::test]
async fn vectors_16_and_17_survey_users_have_no_completion_date_and_may_have_no_phone() {
    let rows = [vector_json(16), vector_json(17)];
    let (_vendor, app) = report_of(SURVEY, "Survey", &rows).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "enrollment_users", "target_user_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    delivery_type: "Email"
    department: ""
    email: "ada@example.com"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    exam_status: "Incomplete"
    first_name: "Ada"
    is_main_score: false
    last_interaction_at: "2026-05-17T21:40:33+00:00"
    last_name: "Example"
    phone_number: "+15550100"
    reported_enrollment_id: "11111111-2222-4333-8444-555555555501"
    status: "Completed"
    target_user_id: "uSeR00000001"

    company_id: "aB3dE5gH7jK9"
    delivery_type: "Email"
    department: ""
    email: "bo@example.com"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    exam_status: "Incomplete"
    first_name: "Bo"
    is_main_score: false
    last_interaction_at: "2026-01-05T09:00:01+00:00"
    last_name: "Example"
    reported_enrollment_id: "11111111-2222-4333-8444-555555555501"
    status: "Not Responded"
    target_user_id: "uSeR00000002"
    "#);
    insta::assert_snapshot!(shown(&app.pool, "target_users", "target_user_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    department: ""
    email: "ada@example.com"
    first_name: "Ada"
    is_email_masked: false
    last_name: "Example"
    phone_number: "+15550100"
    reported_by_created_at: "2026-01-01T00:00:00+00:00"
    reported_by_enrollment_id: "11111111-2222-4333-8444-555555555501"
    target_user_id: "uSeR00000001"

    company_id: "aB3dE5gH7jK9"
    department: ""
    email: "bo@example.com"
    first_name: "Bo"
    is_email_masked: false
    last_name: "Example"
    reported_by_created_at: "2026-01-01T00:00:00+00:00"
    reported_by_enrollment_id: "11111111-2222-4333-8444-555555555501"
    target_user_id: "uSeR00000002"
    "#);
}

#[tokio::test]
async fn vector_18_a_score_of_zero_is_a_score_and_custom_fields_go_by_their_id() {
    let (_vendor, app) = report_of(SCORM, "SCORM", &[vector_json(18)]).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "enrollment_users", "target_user_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    email: "cy@example.com"
    enrollment_id: "11111111-2222-4333-8444-555555555504"
    exam_score: 0
    exam_status: "Passed"
    first_completed_at: "2026-01-12T10:00:00+00:00"
    first_name: "Cy"
    is_main_score: true
    last_interaction_at: "2026-01-13T11:00:00+00:00"
    last_name: "O'Example, Jr."
    reported_enrollment_id: "11111111-2222-4333-8444-555555555504"
    status: "Completed"
    target_user_id: "uSeR00000003"
    "#);
    insta::assert_snapshot!(shown(&app.pool, "user_custom_fields", "field_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    data_type: "String"
    field_id: "cf1"
    name: "Site"
    target_user_id: "uSeR00000003"
    value: "North"

    company_id: "aB3dE5gH7jK9"
    data_type: "String"
    field_id: "cf2"
    name: "Site"
    target_user_id: "uSeR00000003"
    value: "South"

    company_id: "aB3dE5gH7jK9"
    data_type: "Email"
    field_id: "cf3"
    name: "email"
    target_user_id: "uSeR00000003"
    value: "alt@example.com"

    company_id: "aB3dE5gH7jK9"
    data_type: "Date"
    field_id: "cf4"
    name: "Start"
    target_user_id: "uSeR00000003"
    timestamp_value: "2026-01-01T00:00:00+00:00"
    "#);
}

#[tokio::test]
async fn vector_18_a_custom_field_that_is_gone_is_marked_deleted() {
    let vendor = Vendor::start().await;
    let listed = page(&[plain_enrollment(SCORM, "SCORM")]);
    vendor.on(enrollments(), ok(listed)).await;
    vendor
        .first(1, users(SCORM), ok(page(&[vector_json(18)])))
        .await;
    let mut fewer = vector_json(18);
    fewer["customFieldValues"].as_array_mut().unwrap().remove(1);
    vendor.on(users(SCORM), ok(page(&[fewer]))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let report = read_anew(&app).await;
    assert_eq!(report.totals.rows.deleted, 1);
    let gone: Vec<String> = sqlx::query_scalar(
        "select field_id from keepnet.user_custom_fields where deleted_at is not null",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(gone, ["cf2"]);
}

#[tokio::test]
async fn vector_19_other_names_of_members_a_masked_address_and_the_word_undefined() {
    let (_vendor, app) = report_of(SCORM, "SCORM", &[vector_json(19)]).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "enrollment_users", "target_user_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    email: "d*********m"
    enrollment_id: "11111111-2222-4333-8444-555555555504"
    exam_score: 55.5
    exam_status: "Failed"
    last_name: ""
    reported_enrollment_id: "11111111-2222-4333-8444-555555555504"
    status: "InQueue"
    target_user_id: "uSeR00000004"
    "#);
    insta::assert_snapshot!(shown(&app.pool, "target_users", "target_user_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    email: "d*********m"
    is_email_masked: true
    last_name: ""
    reported_by_created_at: "2026-01-01T00:00:00+00:00"
    reported_by_enrollment_id: "11111111-2222-4333-8444-555555555504"
    target_user_id: "uSeR00000004"
    "#);
}

#[tokio::test]
async fn a_row_with_both_names_of_a_status_takes_the_one_that_the_vendors_own_client_takes() {
    let mut row = vector_json(19);
    row["status"] = json!("In Queue");
    row["examStatusName"] = json!("Incomplete");
    let (_vendor, app) = report_of(SCORM, "SCORM", &[row]).await;
    sync_well(&app).await;
    let stored: (String, String) =
        sqlx::query_as("select status, exam_status from keepnet.enrollment_users")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    // `status`, else `statusName`; `examStatus`, else `examStatusName`.
    assert_eq!(stored, ("In Queue".to_owned(), "Failed".to_owned()));
}

#[tokio::test]
async fn vector_20_a_row_of_a_learning_path_keeps_the_path_and_the_step_it_names() {
    let (_vendor, app) = report_of(PATH, "Learning Path", &[vector_json(20)]).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "enrollment_users", "target_user_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    current_step: "Step 2: Poster A"
    email: "ada@example.com"
    enrollment_id: "11111111-2222-4333-8444-555555555502"
    is_main_score: false
    last_interacted_step: "1"
    reported_enrollment_id: "11111111-2222-4333-8444-555555555522"
    status: "In Progress"
    target_user_id: "uSeR00000001"
    "#);
}

#[tokio::test]
async fn a_person_in_several_enrollments_is_as_the_newest_reports_them() {
    let vendor = Vendor::start().await;
    let mut newer = plain_enrollment(SCORM, "SCORM");
    newer["createTime"] = json!("2026-03-01T00:00:00");
    let rows = [newer, plain_enrollment(SURVEY, "Survey")];
    vendor.on(enrollments(), ok(page(&rows))).await;
    let person = |enrollment: &str, department: &str| {
        json!({
            "targetUserResourceId": "uSeR00000001",
            "enrollmentId": enrollment,
            "department": department,
        })
    };
    let report = |enrollment, department| ok(page(&[person(enrollment, department)]));
    vendor.on(users(SURVEY), report(SURVEY, "Sales")).await;
    vendor.on(users(SCORM), report(SCORM, "IT")).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let person: (String, String) =
        sqlx::query_as("select department, reported_by_enrollment_id from keepnet.target_users")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(person, ("IT".to_owned(), SCORM.to_owned()));
    let reported: Vec<String> = sqlx::query_scalar(
        "select department from keepnet.enrollment_users order by enrollment_id",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(reported, ["Sales", "IT"]);
}

#[tokio::test]
async fn vector_21_no_users_are_complete_when_none_are_counted() {
    let vendor = Vendor::start().await;
    let listed = page(&[plain_enrollment(SURVEY, "Survey")]);
    vendor.on(enrollments(), ok(listed)).await;
    vendor.on(summary(SURVEY), ok(summary_of(0))).await;
    vendor.on(users(SURVEY), ok(vector(21))).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    let users_scope = scope(&report, ALPHA, Resource::Users);
    assert_eq!(users_scope.verdict, Verdict::Complete);
    assert_eq!(vendor.count(&users(SURVEY)).await, 1);
}

#[tokio::test]
async fn vector_21_no_users_are_a_failure_when_some_are_counted_and_stored_ones_stay() {
    let vendor = Vendor::start().await;
    let listed = page(&[plain_enrollment(SURVEY, "Survey")]);
    vendor.on(enrollments(), ok(listed)).await;
    vendor.on(summary(SURVEY), ok(summary_of(2))).await;
    let rows = [vector_json(16), vector_json(17)];
    vendor.first(1, users(SURVEY), ok(page(&rows))).await;
    vendor.on(users(SURVEY), ok(vector(21))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let report = app.full_sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let failed = scope(&report, ALPHA, Resource::Users);
    assert_eq!(failed.verdict, Verdict::Failed);
    assert_eq!(
        failed.error.as_deref(),
        Some(
            "the service lists no users of enrollment 11111111-2222-4333-8444-555555555501, \
             but its summary counts 2"
        )
    );
    let present: i64 = sqlx::query_scalar(
        "select count(*) from keepnet.enrollment_users where deleted_at is null",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(present, 2);
}

#[tokio::test]
async fn vector_22_null_for_rows_that_are_counted_fails_its_scope_and_neighbours_land() {
    let vendor = Vendor::start().await;
    let rows = [
        plain_enrollment(SURVEY, "Survey"),
        plain_enrollment(SCORM, "SCORM"),
    ];
    vendor.on(enrollments(), ok(page(&rows))).await;
    vendor.on(users(SURVEY), ok(vector(22))).await;
    vendor.on(users(SCORM), ok(page(&[vector_json(18)]))).await;
    let app = day_first(&vendor).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let failed = scope(&report, ALPHA, Resource::Users);
    assert_eq!(failed.verdict, Verdict::Failed);
    assert_eq!(
        failed.error.as_deref(),
        Some(
            "could not fetch page 1 of the users of enrollment 11111111-2222-4333-8444-555555555501: \
             the service counts 2 rows, but the answer holds none ($.data.results is missing)"
        )
    );
    assert_eq!(
        vendor.count(&users(SURVEY)).await,
        5,
        "it may pass, so it is asked again"
    );
    let landed: Vec<String> =
        sqlx::query_scalar("select target_user_id from keepnet.enrollment_users")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert_eq!(landed, ["uSeR00000003"]);
    let complete: Vec<String> = sqlx::query_scalar(
        "select scope from sync.cursors where resource = 'users' and last_complete_at is not null",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(
        complete,
        [SCORM],
        "only a complete pull is one in its cursor"
    );
    let due: Vec<String> = sqlx::query_scalar(
        "select scope || ' ' || verdict from sync.cursors where resource = 'users' and due_at <= $1",
    )
    .bind(app.clock.now())
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(
        due,
        [format!("{SURVEY} failed")],
        "the next run reads it again"
    );
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_quarantined_as_received_and_its_neighbours_land() {
    let mut no_id = vector_json(16);
    no_id["targetUserResourceId"] = json!("");
    let mut no_score = vector_json(17);
    no_score["examScore"] = json!("good");
    let (_vendor, app) = report_of(
        SURVEY,
        "Survey",
        &[no_id.clone(), no_score, vector_json(18)],
    )
    .await;
    sync_well(&app).await;
    let landed: Vec<String> = sqlx::query_scalar("select target_user_id from keepnet.target_users")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    assert_eq!(landed, ["uSeR00000003"]);
    let entries: Vec<(String, String, String, String)> = sqlx::query_as(
        "select scope, json_path, reason, payload from sync.quarantine order by json_path",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].0, SURVEY);
    assert_eq!(entries[0].1, "$.examScore");
    assert_eq!(entries[0].2, "expected a number, found text");
    assert_eq!(entries[1].1, "$.targetUserResourceId");
    assert_eq!(entries[1].2, "the id is missing");
    let payload: Value = serde_json::from_str(&entries[1].3).unwrap();
    assert_eq!(payload, no_id);
}
