//! TV23 and TV24: the events of one user, which have no id and may be equal.

use serde_json::{Value, json};

use super::{
    PATH, SCORM, SURVEY, day_first, plain_enrollment, read_anew, sync_again, sync_well, written,
};
use crate::support::TestApp;
use crate::support::survey::{completed_by, data, user};
use crate::support::table::{shown, told};
use crate::support::vendor::{
    Turn, Vendor, enrollments, interactions, ok, page, sessions, summary, users, vector,
    vector_json,
};

const ADA: &str = "uSeR00000001";

/// Ordinal, place among equals and name of each stored event.
const EVENTS: &str = "select format('%s %s %s', ordinal, current_step, interaction)
    from keepnet.interactions where deleted_at is null order by ordinal";

#[tokio::test]
async fn vector_23_events_are_numbered_by_time_and_equal_ones_are_all_kept() {
    let vendor = completed_by(&[ADA]).await;
    vendor.on(interactions(SURVEY, ADA), ok(vector(23))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "interactions", "ordinal").await, @r#"
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    event_at: "2026-05-17T21:39:12+00:00"
    interaction: "Opened Email"
    ordinal: 0
    target_user_id: "uSeR00000001"

    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    event_at: "2026-05-17T21:39:12+00:00"
    interaction: "Opened Email"
    ordinal: 1
    target_user_id: "uSeR00000001"

    company_id: "aB3dE5gH7jK9"
    current_step: "Step 1"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    event_at: "2026-05-17T21:40:00+00:00"
    interaction: "Clicked Link"
    learning_path_id: "lp-1"
    ordinal: 2
    step_count: 3
    target_user_id: "uSeR00000001"
    training_order: 1
    "#);
    sync_again(&app).await;
}

#[tokio::test]
async fn vector_24_no_events_and_an_empty_list_delete_none() {
    let vendor = completed_by(&[ADA]).await;
    let turn = Turn::default();
    let answers = [vector(23), vector(24), data(&[])].map(ok).to_vec();
    vendor
        .on(interactions(SURVEY, ADA), turn.answers(answers))
        .await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    for _ in 0..2 {
        turn.next();
        sync_again(&app).await;
    }
    assert_eq!(told(&app.pool, EVENTS).await.len(), 3);
    assert_eq!(vendor.count(&interactions(SURVEY, ADA)).await, 3);
}

#[tokio::test]
async fn vector_24_of_a_user_without_events_stores_none() {
    let vendor = completed_by(&[ADA]).await;
    vendor.on(interactions(SURVEY, ADA), ok(vector(24))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    assert_eq!(shown(&app.pool, "interactions", "ordinal").await, "");
}

/// Events of one minute that differ by one member each, the first and the last without a time.
fn alike() -> Vec<Value> {
    let at = "17/05/2026 21:40";
    vec![
        json!({"interaction": "Delivered"}),
        json!({"interaction": "Opened", "eventTime": at}),
        json!({"interaction": "Opened", "eventTime": at, "stepCount": 2}),
        json!({"interaction": "Opened", "eventTime": at, "stepCount": 10}),
        json!({"interaction": "Opened", "eventTime": at, "learningPathId": "lp"}),
        json!({"interaction": "Opened", "eventTime": at, "trainingOrder": 1}),
        json!({"interaction": "Opened", "eventTime": at, "trainingOrder": 1}),
        json!({"interaction": "Opened", "eventTime": at, "currentStep": "a"}),
        json!({"interaction": "Opened", "eventTime": at, "currentStep": "a", "new": 1}),
        json!({"interaction": "Opened", "eventTime": at, "currentStep": "a", "new": 2}),
        json!({"eventTime": at}),
        json!({}),
    ]
}

#[tokio::test]
async fn equal_times_that_arrive_in_another_order_keep_their_numbers() {
    let vendor = completed_by(&[ADA]).await;
    let (mut reversed, mut rotated) = (alike(), alike());
    reversed.reverse();
    rotated.rotate_left(5);
    let turn = Turn::default();
    let answers = [alike(), reversed, rotated].map(|events| ok(data(&events)));
    let answers = turn.answers(answers.to_vec());
    vendor.on(interactions(SURVEY, ADA), answers).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = told(
        &app.pool,
        "select concat_ws(' ', ordinal, interaction, current_step, training_order, learning_path_id, step_count, extra)
         from keepnet.interactions order by ordinal",
    )
    .await;
    let expected = [
        "0",
        "1 Delivered",
        "2",
        "3 Opened",
        "4 Opened 2",
        "5 Opened 10",
        "6 Opened lp",
        "7 Opened 1",
        "8 Opened 1",
        "9 Opened a",
        "10 Opened a {\"new\": 1}",
        "11 Opened a {\"new\": 2}",
    ];
    assert_eq!(stored, expected);
    for _ in 0..2 {
        turn.next();
        sync_again(&app).await;
    }
}

#[tokio::test]
async fn fewer_events_leave_the_rest_marked_as_deleted_and_they_come_back() {
    let vendor = completed_by(&[ADA]).await;
    let events = vector_json(23)["data"].as_array().unwrap().clone();
    let turn = Turn::default();
    let answers = [&events[..], &events[..2], &events[..]].map(|events| ok(data(events)));
    let answers = turn.answers(answers.to_vec());
    vendor.on(interactions(SURVEY, ADA), answers).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    turn.next();
    assert_eq!(written(&read_anew(&app).await), (0, 0, 1));
    let left = ["0  Opened Email", "1  Opened Email"];
    assert_eq!(told(&app.pool, EVENTS).await, left);
    turn.next();
    assert_eq!(written(&read_anew(&app).await), (0, 1, 0));
    assert_eq!(told(&app.pool, EVENTS).await.len(), 3);
}

#[tokio::test]
async fn an_answer_with_an_event_that_cannot_be_read_deletes_none_and_a_whole_one_puts_them_right()
{
    let vendor = completed_by(&[ADA]).await;
    let events = vector_json(23)["data"].as_array().unwrap().clone();
    let mut damaged = events.clone();
    damaged[0]["trainingOrder"] = json!("x");
    let turn = Turn::default();
    let answers = [&events, &damaged, &events].map(|events| ok(data(events)));
    vendor
        .on(interactions(SURVEY, ADA), turn.answers(answers.to_vec()))
        .await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let whole = told(&app.pool, EVENTS).await;
    turn.next();
    assert_eq!(written(&read_anew(&app).await).2, 0);
    assert_eq!(told(&app.pool, EVENTS).await.len(), 3);
    turn.next();
    read_anew(&app).await;
    assert_eq!(told(&app.pool, EVENTS).await, whole);
    turn.next();
    sync_again(&app).await;
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_kept_aside_and_its_neighbours_land() {
    let vendor = completed_by(&[ADA]).await;
    let events = [
        json!({"interaction": "Opened Email"}),
        json!({"interaction": ["Clicked Link"]}),
        json!("Clicked Link"),
        json!({"interaction": "Clicked Link", "learningPathId": "x".repeat(257)}),
        json!({"interaction": 7, "eventTime": "yesterday"}),
    ];
    vendor
        .on(interactions(SURVEY, ADA), ok(data(&events)))
        .await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = "select concat_ws(' ', ordinal, interaction, extra) from keepnet.interactions order by ordinal";
    let expected = ["0 7 {\"eventTime\": \"yesterday\"}", "1 Opened Email"];
    assert_eq!(told(&app.pool, stored).await, expected);
    let aside = "select format('%s %s %s', resource, json_path, reason) from sync.quarantine order by json_path";
    let expected = [
        "interactions $ expected an object, found text",
        "interactions $.interaction expected text, found a list",
        "interactions $.learningPathId the id is longer than 256 bytes",
    ];
    assert_eq!(told(&app.pool, aside).await, expected);
}

#[tokio::test]
async fn the_setting_says_of_which_enrollments_events_are_asked() {
    for (setting, of_survey, of_training) in [("none", 0, 0), ("surveys", 1, 0), ("all", 1, 1)] {
        let vendor = Vendor::start().await;
        let rows = [(SURVEY, "Survey"), (SCORM, "SCORM")];
        let rows = rows.map(|(id, kind)| plain_enrollment(id, kind));
        vendor.on(enrollments(), ok(page(&rows))).await;
        for id in [SURVEY, SCORM] {
            let report = page(&[user(ADA, "Completed")]);
            vendor.on(users(id), ok(report)).await;
            vendor.on(interactions(id, ADA), ok(vector(23))).await;
        }
        let app = TestApp::new(
            &vendor.url(),
            &[("api.date_format", "dmy"), ("sync.interactions", setting)],
        )
        .await;
        sync_well(&app).await;
        let asked = [SURVEY, SCORM].map(|id| interactions(id, ADA));
        assert_eq!(vendor.count(&asked[0]).await, of_survey, "{setting}");
        assert_eq!(vendor.count(&asked[1]).await, of_training, "{setting}");
        let stored = told(&app.pool, EVENTS).await.len();
        assert_eq!(stored, 3 * (of_survey + of_training), "{setting}");
        assert_eq!(vendor.count(&sessions(SURVEY, ADA)).await, 1, "{setting}");
        assert_eq!(vendor.count(&sessions(SCORM, ADA)).await, 0, "{setting}");
    }
}

#[tokio::test]
async fn what_a_path_says_of_a_step_is_left_to_the_step() {
    const STEP: &str = "11111111-2222-4333-8444-555555555522";
    let vendor = Vendor::start().await;
    let listed = page(&[plain_enrollment(PATH, "Learning Path")]);
    vendor.on(enrollments(), ok(listed)).await;
    vendor.on(summary(PATH), ok(vector(15))).await;
    let mut elsewhere = user("uSeR00000002", "In Progress");
    elsewhere["enrollmentId"] = json!("elsewhere");
    let rows = [
        vector_json(20),
        elsewhere,
        user("uSeR00000003", "In Progress"),
    ];
    vendor.on(users(PATH), ok(page(&rows))).await;
    vendor.on(users(STEP), ok(page(&[vector_json(20)]))).await;
    for (enrollment, id) in [(STEP, 1), ("elsewhere", 2), (PATH, 3)] {
        let asked = interactions(enrollment, &format!("uSeR0000000{id}"));
        vendor.on(asked, ok(vector(23))).await;
    }
    let app = TestApp::new(
        &vendor.url(),
        &[("api.date_format", "dmy"), ("sync.interactions", "all")],
    )
    .await;
    sync_well(&app).await;
    let mut asked = vendor.paths().await;
    asked.retain(|path| path.contains("/interactions/"));
    asked.sort();
    let expected = [
        format!("/api/training-reports/{PATH}/interactions/uSeR00000003"),
        format!("/api/training-reports/{STEP}/interactions/uSeR00000001"),
        "/api/training-reports/elsewhere/interactions/uSeR00000002".to_owned(),
    ];
    assert_eq!(asked, expected);
    let stored = told(
        &app.pool,
        "select distinct right(enrollment_id, 12) || ' ' || target_user_id from keepnet.interactions order by 1",
    )
    .await;
    let expected = [
        "555555555502 uSeR00000003",
        "555555555522 uSeR00000001",
        "elsewhere uSeR00000002",
    ];
    assert_eq!(stored, expected);
    sync_again(&app).await;
}

#[tokio::test]
async fn answers_are_left_to_a_step_only_if_it_is_a_survey() {
    const STEP: &str = "11111111-2222-4333-8444-555555555522";
    for is_survey in [false, true] {
        let vendor = Vendor::start().await;
        let mut path = plain_enrollment(PATH, "Learning Path");
        path["hasQuiz"] = json!(true);
        vendor.on(enrollments(), ok(page(&[path]))).await;
        let mut steps = vector_json(15);
        steps["data"]["steps"][0]["trainingDetails"]["hasQuiz"] = json!(is_survey);
        vendor.on(summary(PATH), ok(steps.to_string())).await;
        for id in [PATH, STEP] {
            let mut row = vector_json(20);
            row["status"] = json!("Completed");
            vendor.on(users(id), ok(page(&[row]))).await;
        }
        let settings = [("api.date_format", "dmy"), ("sync.interactions", "all")];
        let app = TestApp::new(&vendor.url(), &settings).await;
        sync_well(&app).await;
        assert_eq!(vendor.count(&sessions(STEP, ADA)).await, 1, "{is_survey}");
        assert_eq!(
            vendor.count(&interactions(STEP, ADA)).await,
            1,
            "{is_survey}"
        );
    }
}
