//! Everything that can change at the vendor, a bit at every step: after each step an incremental sync, and again and again
//! everything is compared.

use chrono::TimeDelta;
use serde_json::json;

use super::World;

const WORLD: &[&str] = &[
    "--companies",
    "4",
    "--enrollments",
    "6",
    "--users",
    "16",
    "--survey-share",
    "40%",
    "--learning-paths",
    "20%",
    "--archived",
    "20%",
    "--anonymous",
    "10%",
];

#[tokio::test]
async fn whatever_changes_the_warehouse_follows_and_equals_the_truth_after_reading_everything() {
    let world = World::start(WORLD, &[]).await;
    assert_eq!(world.sync().await.outcome, "ok");
    world.assert_equals_truth().await;
    let mut kinds = std::collections::BTreeSet::new();
    for step in 0..15 {
        world.pass(TimeDelta::hours(1)).await;
        let done = world.simulator.step(step, 10).await;
        for change in done["changes"].as_array().expect("changes") {
            kinds.insert(change["kind"].as_str().expect("a kind").to_owned());
        }
        world.pass(TimeDelta::minutes(30)).await;
        world.sync().await;
        if step % 5 == 4 {
            world.sync_all().await;
            // Small worlds lose much at once.
            world.sync_accepting().await;
            world.assert_equals_truth().await;
            world.assert_histories_do_not_overlap().await;
        }
    }
    assert!(kinds.len() > 20, "{kinds:?}");
    assert_eq!(world.simulator.contract().await["total"], json!(0));
}

#[tokio::test]
async fn a_status_that_changes_is_there_after_the_next_sync_whether_or_not_its_date_moves() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    for (seed, moves) in [(1, true), (2, false), (3, true), (4, false)] {
        for kind in ["user-status", "survey-completed"] {
            let (company, enrollment) = world.open_enrollment(kind == "survey-completed").await;
            let change = world
                .simulator
                .change(&json!({
                    "kind": kind, "seed": seed, "moves_last_interaction": moves,
                    "company": company, "enrollment": enrollment
                }))
                .await;
            world.pass(TimeDelta::hours(25)).await;
            world.sync().await;
            let (enrollment, user) = (
                change["enrollment"].as_str().expect("an enrollment"),
                change["user"].as_str().expect("a user"),
            );
            let truth = world.simulator.truth("enrollment_users").await;
            let row = truth
                .iter()
                .find(|row| row["enrollment_id"] == enrollment && row["target_user_id"] == user);
            let status = row.expect("a row")["status"].as_str().expect("a status");
            let stored = format!(
                "select count(*) from keepnet.enrollment_users where enrollment_id = '{enrollment}'
                 and target_user_id = '{user}' and status = '{status}'"
            );
            assert_eq!(world.count(&stored).await, 1, "{change}");
            if kind == "survey-completed" {
                let sessions = format!(
                    "select count(*) from keepnet.survey_sessions where target_user_id = '{user}'
                     and enrollment_id = '{enrollment}' and deleted_at is null"
                );
                assert!(world.count(&sessions).await > 0, "{change}");
            }
        }
    }
}

#[tokio::test]
async fn only_what_changed_is_asked_for_again() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    // Long enough for a changed report of three pages, and for every summary of an open enrollment.
    world.pass(TimeDelta::minutes(61)).await;
    let (company, enrollment) = world.open_enrollment(true).await;
    let rows = format!(
        "select count(*) from keepnet.enrollment_users where enrollment_id = '{enrollment}'"
    );
    let pages = world.count(&rows).await.unsigned_abs().div_ceil(10);
    assert!(pages > 1, "a report of {pages} pages");
    let change = world
        .simulator
        .change(&json!({
            "kind": "survey-completed", "seed": 5, "company": company, "enrollment": enrollment
        }))
        .await;
    world.simulator.reset_requests().await;
    // All open enrollments are due; of one of them the counts changed.
    world.sync().await;
    let requests = world.simulator.requests().await;
    let endpoints = &requests["endpoints"];
    assert_eq!(
        endpoints["users"],
        json!(pages),
        "the pages of one enrollment: {change}"
    );
    assert_eq!(endpoints["answers"], json!(1), "{requests}");
    assert_eq!(endpoints["interactions"], json!(1), "{requests}");
    assert_eq!(endpoints["details"], json!(0), "{requests}");
    world.pass(TimeDelta::minutes(5)).await;
    world.simulator.reset_requests().await;
    world.sync().await;
    let requests = world.simulator.requests().await;
    assert_eq!(requests["endpoints"]["summaries"], json!(0), "{requests}");
}
