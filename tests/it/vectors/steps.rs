//! TV15 and TV20: the steps of learning paths, which are enrollments of their own.

use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use serde_json::{Value, json};

use super::{PATH, SCORM, day_first, plain_enrollment, scope, sync_again, sync_well};
use crate::support::survey::{answer, data, session, user};
use crate::support::table::{shown, told};
use crate::support::vendor::{
    ALPHA, Vendor, archive, detail, enrollments, failure, ok, page, sessions, summary, users,
    vector, vector_json,
};

/// The steps of vector 15.
const BASICS: &str = "11111111-2222-4333-8444-555555555521";
const POSTER: &str = "11111111-2222-4333-8444-555555555522";

/// A vendor with the path of vectors 15 and 20, and these enrollments.
async fn with_path(others: &[Value]) -> Vendor {
    let vendor = Vendor::start().await;
    let path = plain_enrollment(PATH, "Learning Path");
    let listed = [&[path], others].concat();
    vendor.on(enrollments(), ok(page(&listed))).await;
    vendor.on(summary(PATH), ok(vector(15))).await;
    vendor.on(users(PATH), ok(page(&[vector_json(20)]))).await;
    vendor
}

/// Where each enrollment stands.
const PLACES: &str = "select format('%s %s %s %s %s', right(enrollment_id, 2), name, is_step, right(parent_enrollment_id, 2), step_number)
    from keepnet.enrollments order by enrollment_id";

#[tokio::test]
async fn vector_15_a_step_that_is_not_listed_is_an_enrollment_by_what_its_path_says() {
    let vendor = with_path(&[]).await;
    let settings = json!({"data": {"learningPathId": "lp-1", "trainingOrder": 2}}).to_string();
    vendor.on(detail(POSTER), ok(settings)).await;
    vendor.on(users(POSTER), ok(page(&[vector_json(20)]))).await;
    let counts = json!({"data": {"completedCount": 3}}).to_string();
    vendor.on(summary(POSTER), ok(counts)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "enrollments", "enrollment_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    created_at: "2026-01-01T00:00:00+00:00"
    enrollment_id: "11111111-2222-4333-8444-555555555502"
    is_archived: false
    is_listed: true
    is_step: false
    is_survey: false
    is_test: false
    name: "11111111-2222-4333-8444-555555555502"
    type: "Learning Path"

    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555521"
    is_archived: false
    is_listed: false
    is_step: true
    is_survey: false
    name: "Basics"
    parent_enrollment_id: "11111111-2222-4333-8444-555555555502"
    step_number: 1
    training_name: "Basics"
    type: "SCORM"

    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555522"
    is_archived: false
    is_listed: false
    is_step: true
    is_survey: false
    learning_path_id: "lp-1"
    name: "Poster A"
    parent_enrollment_id: "11111111-2222-4333-8444-555555555502"
    step_number: 2
    training_name: "Poster A"
    training_order: 2
    type: "Poster"
    "#);
    for (step, kind) in [(BASICS, "trainingType=0"), (POSTER, "trainingType=1")] {
        let asked = vendor.received(&summary(step)).await;
        assert_eq!(asked.len(), 1, "{step}");
        assert_eq!(asked[0].url.query(), Some(kind), "{step}");
        assert_eq!(vendor.count(&detail(step)).await, 1, "{step}");
        assert_eq!(vendor.count(&users(step)).await, 1, "{step}");
    }
    let completed = "select format('%s %s', right(enrollment_id, 2), completed_count)
        from keepnet.enrollment_summaries order by 1";
    assert_eq!(told(&app.pool, completed).await, ["02 0", "21 ", "22 3"]);
    sync_again(&app).await;
}

#[tokio::test]
async fn vector_20_a_user_is_a_row_of_the_path_and_a_row_of_the_step() {
    let vendor = with_path(&[]).await;
    vendor.on(users(POSTER), ok(page(&[vector_json(20)]))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = shown(&app.pool, "enrollment_users", "enrollment_id").await;
    let (of_path, of_step) = stored.split_once("\n\n").unwrap();
    insta::assert_snapshot!(of_path, @r#"
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
    assert_eq!(of_step, of_path.replace("555555555502", "555555555522"));
    // As new as its path, and behind it in the order of ids.
    let newest = "select format('%s %s', right(reported_by_enrollment_id, 2), reported_by_created_at at time zone 'UTC')
        from keepnet.target_users";
    assert_eq!(told(&app.pool, newest).await, ["22 2026-01-01 00:00:00"]);
    sync_again(&app).await;
}

#[tokio::test]
async fn a_step_that_is_listed_too_keeps_its_own_columns_and_is_pulled_once() {
    let mut listed = plain_enrollment(POSTER, "Infographic");
    listed["name"] = json!("Listed");
    listed["status"] = json!("Finished");
    let vendor = with_path(&[listed]).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = shown(&app.pool, "enrollments", "enrollment_id").await;
    insta::assert_snapshot!(stored.split("\n\n").last().unwrap(), @r#"
    company_id: "aB3dE5gH7jK9"
    created_at: "2026-01-01T00:00:00+00:00"
    enrollment_id: "11111111-2222-4333-8444-555555555522"
    is_archived: false
    is_listed: true
    is_step: true
    is_survey: false
    name: "Listed"
    parent_enrollment_id: "11111111-2222-4333-8444-555555555502"
    status: "Finished"
    step_number: 2
    type: "Infographic"
    "#);
    for endpoint in [summary(POSTER), detail(POSTER), users(POSTER)] {
        assert_eq!(vendor.count(&endpoint).await, 1, "{endpoint:?}");
    }
    assert_eq!(
        vendor.received(&summary(POSTER)).await[0].url.query(),
        Some("trainingType=2"),
        "by the type that the listing says"
    );
    sync_again(&app).await;
}

#[tokio::test]
async fn a_step_of_two_paths_is_pulled_once_and_belongs_to_the_newest_whichever_answers_first() {
    let mut other = plain_enrollment(SCORM, "Learning Path");
    other["createTime"] = json!("2026-03-01T00:00:00");
    let vendor = with_path(&[other]).await;
    let steps = json!([
        {"stepNumber": 9, "enrollmentId": POSTER, "trainingName": "Shared", "trainingDetails": {"trainingTypeName": "Poster"}},
    ]);
    let body = json!({"data": {"steps": steps}}).to_string();
    vendor.on(summary(SCORM), ok(body)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let expected = [
        format!("02 {PATH} f  "),
        format!("04 {SCORM} f  "),
        "21 Basics t 02 1".to_owned(),
        "22 Shared t 04 9".to_owned(),
    ];
    assert_eq!(told(&app.pool, PLACES).await, expected);
    assert_eq!(vendor.count(&summary(POSTER)).await, 1);
    let steps = "select format('%s %s', right(enrollment_id, 2), step_number)
        from keepnet.enrollment_steps where right(step_enrollment_id, 2) = '22' order by 1";
    assert_eq!(told(&app.pool, steps).await, ["02 2", "04 9"]);
    let differences = told(&app.pool, "select kind from sync.discrepancies").await;
    assert_eq!(differences, [""; 0]);
    for late in [SCORM, PATH] {
        vendor.first(3, summary(late), failure(500, "")).await;
        sync_again(&app).await;
    }
}

#[tokio::test]
async fn a_step_without_an_id_is_no_enrollment() {
    let vendor = with_path(&[]).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let expected = [
        format!("02 {PATH} f  "),
        "21 Basics t 02 1".to_owned(),
        "22 Poster A t 02 2".to_owned(),
    ];
    assert_eq!(told(&app.pool, PLACES).await, expected);
    let steps = told(
        &app.pool,
        "select step_number::text from keepnet.enrollment_steps order by 1",
    )
    .await;
    assert_eq!(steps, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_step_whose_detail_is_gone_keeps_the_rest_and_is_a_failure_when_it_is_listed() {
    let listed = plain_enrollment(POSTER, "Poster");
    for (others, verdict, outcome, cursor) in [
        (vec![], Verdict::Unsupported, "ok", "22 unsupported t"),
        (vec![listed], Verdict::Failed, "partial", "22 failed f"),
    ] {
        let vendor = with_path(&others).await;
        vendor.on(detail(POSTER), failure(404, "")).await;
        vendor.on(users(POSTER), ok(page(&[vector_json(20)]))).await;
        let app = day_first(&vendor).await;
        let report = app.sync().await.unwrap();
        assert_eq!(report.outcome, outcome);
        for (resource, verdict) in [
            (Resource::Enrollments, Verdict::Complete),
            (Resource::Summaries, Verdict::Complete),
            (Resource::Details, verdict),
            (Resource::Users, Verdict::Complete),
        ] {
            let scope = scope(&report, ALPHA, resource);
            assert_eq!(scope.verdict, verdict, "{resource}");
        }
        let cursors =
            "select format('%s %s %s', right(scope, 2), verdict, last_complete_at is not null)
            from sync.cursors where resource = 'details' order by 1";
        let expected = ["02 complete t", "21 complete t", cursor];
        assert_eq!(told(&app.pool, cursors).await, expected);
        let users = "select right(enrollment_id, 2) from keepnet.enrollment_users order by 1";
        assert_eq!(told(&app.pool, users).await, ["02", "22"]);
    }
}

#[tokio::test]
async fn a_step_that_is_a_survey_is_asked_for_its_answers() {
    for details in [
        json!({"trainingTypeName": "SCORM", "hasQuiz": true}),
        json!({"trainingTypeName": "Survey", "hasQuiz": false}),
    ] {
        let vendor = with_path(&[]).await;
        let mut steps = vector_json(15);
        steps["data"]["steps"][0]["trainingDetails"] = details;
        vendor.first(1, summary(PATH), ok(steps.to_string())).await;
        vendor
            .on(users(POSTER), ok(page(&[user("u1", "Completed")])))
            .await;
        let body = data(&[session("s1", &[answer("q", "fill-in", &["x"])], &[])]);
        vendor.on(sessions(POSTER, "u1"), ok(body)).await;
        let app = day_first(&vendor).await;
        sync_well(&app).await;
        let surveys = "select right(enrollment_id, 2) from keepnet.enrollments where is_survey";
        assert_eq!(told(&app.pool, surveys).await, ["22"]);
        for table in ["sessions", "questions", "answers"] {
            let stored = shown(&app.pool, &format!("survey_{table}"), "1").await;
            assert!(stored.contains(POSTER), "{table}: {stored}");
        }
    }
}

#[tokio::test]
async fn the_step_of_a_path_in_the_trash_is_archived_like_it() {
    let vendor = with_path(&[]).await;
    let other = plain_enrollment(SCORM, "Learning Path");
    vendor.on(archive(), ok(page(&[other]))).await;
    let steps = json!([{"stepNumber": 1, "enrollmentId": "step", "trainingName": "Old"}]);
    let body = json!({"data": {"steps": steps}}).to_string();
    vendor.on(summary(SCORM), ok(body)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let archived =
        "select right(enrollment_id, 4) from keepnet.enrollments where is_archived order by 1";
    assert_eq!(told(&app.pool, archived).await, ["5504", "step"]);
}

#[tokio::test]
async fn a_step_that_is_a_path_has_steps_and_a_circle_ends() {
    let vendor = with_path(&[]).await;
    let steps = json!([
        {"stepNumber": 1, "enrollmentId": "inner", "trainingName": "Inner"},
        {"stepNumber": 2, "enrollmentId": POSTER, "trainingName": "Itself"},
        {"stepNumber": 3, "enrollmentId": BASICS, "trainingName": "Its neighbour"},
    ]);
    let body = json!({"data": {"steps": steps}}).to_string();
    vendor.on(summary(POSTER), ok(body)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let inner = "select format('%s %s', name, right(parent_enrollment_id, 2)) from keepnet.enrollments where enrollment_id = 'inner'";
    assert_eq!(told(&app.pool, inner).await, ["Inner 22"]);
    for step in ["inner", POSTER, BASICS] {
        assert_eq!(vendor.count(&summary(step)).await, 1, "{step}");
    }
    sync_again(&app).await;
}
