//! When runs begin.

use chrono::TimeDelta;
use keepnet_etl::clock::Clock as _;
use serde_json::json;

use super::{Stage, let_lease_expire, runs, starts};
use crate::support::table::assert_all_equal_truth;

const HOUR: TimeDelta = TimeDelta::hours(1);

#[tokio::test]
async fn the_first_run_begins_at_once_and_then_every_instant_has_one() {
    let stage = Stage::new(&[]).await;
    let (pool, mut daemon) = (&stage.app.pool, stage.app.daemon());
    stage.work(&mut daemon).await;
    assert_eq!(runs(pool).await, ["scheduled ok"]);
    assert_all_equal_truth(pool, &stage.simulator).await;
    // 12:00, with whatever the account waits: at most five minutes.
    stage.work_after(&mut daemon, TimeDelta::minutes(59)).await;
    assert_eq!(runs(pool).await.len(), 1);
    stage.work_after(&mut daemon, TimeDelta::minutes(6)).await;
    assert_eq!(runs(pool).await.len(), 2);
    for _ in 0..5 {
        stage.work_after(&mut daemon, TimeDelta::minutes(10)).await;
    }
    assert_eq!(runs(pool).await.len(), 2);
    stage.work_after(&mut daemon, TimeDelta::minutes(10)).await;
    assert_eq!(runs(pool).await, ["scheduled ok"; 3]);
}

#[tokio::test]
async fn the_instants_that_pass_while_a_run_works_are_answered_by_one_run_after_it() {
    let stage = Stage::new(&[("sync.stall_timeout", "24h")]).await;
    let (pool, mut daemon) = (&stage.app.pool, stage.app.daemon());
    let held = (stage.gate).hold_nth(1, |request| request.contains("/users/search"));
    stage.tick(&mut daemon).await;
    held.await.unwrap();
    for _ in 0..5 {
        stage.advance(HOUR);
        stage.tick(&mut daemon).await;
        assert_eq!(runs(pool).await, ["scheduled running"]);
    }
    stage.gate.let_go();
    daemon.until_idle().await;
    for _ in 0..3 {
        stage.work(&mut daemon).await;
    }
    assert_eq!(runs(pool).await, ["scheduled ok", "scheduled ok"]);
    let now = stage.app.clock.now();
    assert_eq!(starts(pool).await[1], now);
}

#[tokio::test]
async fn instants_that_were_missed_while_nobody_was_there_are_caught_up_by_one_run() {
    let stage = Stage::new(&[]).await;
    let pool = &stage.app.pool;
    let mut daemon = stage.app.daemon();
    stage.work(&mut daemon).await;
    drop(daemon);
    stage.advance(HOUR * 30);
    let_lease_expire(pool).await;
    let mut daemon = stage.app.daemon();
    for _ in 0..3 {
        stage.work(&mut daemon).await;
    }
    assert_eq!(runs(pool).await, ["scheduled ok", "scheduled ok"]);
    stage.work_after(&mut daemon, TimeDelta::minutes(66)).await;
    assert_eq!(runs(pool).await.len(), 3);
}

#[tokio::test]
async fn a_schedule_that_is_off_never_begins_and_is_not_missed() {
    let stage = Stage::new(&[("schedule.sync", "off")]).await;
    let (pool, mut daemon) = (&stage.app.pool, stage.app.daemon());
    for _ in 0..3 {
        stage.work_after(&mut daemon, HOUR * 24).await;
    }
    assert!(runs(pool).await.is_empty());
}

#[tokio::test]
async fn a_full_one_begins_at_its_instant_not_with_the_daemon_and_answers_both_schedules() {
    let stage = Stage::new(&[("schedule.full", "0 0 3 * * *")]).await;
    let (pool, mut daemon) = (&stage.app.pool, stage.app.daemon());
    stage.work(&mut daemon).await;
    // What an account waits is no more than five minutes.
    stage.advance(TimeDelta::minutes(6));
    for hour in 13..=27 {
        stage.work_after(&mut daemon, HOUR).await;
        assert_eq!(runs(pool).await.len(), hour - 11, "{hour}");
    }
    // At three in the night everything was read, in one run.
    let read: i64 = sqlx::query_scalar(
        "select count(*) from sync.cursors where resource = 'users' and last_complete_at = '2026-07-02T03:06Z'",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    let all: i64 = sqlx::query_scalar("select count(*) from sync.cursors where resource = 'users'")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!((read, all > 0), (all, true));
}

#[tokio::test]
async fn refused_credentials_are_recorded_and_tried_again_at_the_next_instant() {
    let stage = Stage::new(&[]).await;
    let (pool, mut daemon) = (&stage.app.pool, stage.app.daemon());
    stage.simulator.fault("token:401").await;
    stage.work(&mut daemon).await;
    stage.work(&mut daemon).await;
    assert!(runs(pool).await.is_empty());
    let status = keepnet_etl::warehouse::status::read(pool).await.unwrap();
    assert_eq!(status.verdict, "attention");
    let status = json!(status);
    let schedule = &status["schedules"][0];
    assert_eq!(schedule["outcome"], "failed");
    let error = schedule["error"].as_str().unwrap();
    assert!(error.contains("refused client id or secret"), "{error}");
    assert_ne!(schedule["remedy"], "");

    stage.simulator.heal().await;
    stage.work_after(&mut daemon, TimeDelta::minutes(30)).await;
    assert!(runs(pool).await.is_empty());
    stage.work_after(&mut daemon, HOUR).await;
    assert_eq!(runs(pool).await, ["scheduled ok"]);
    let status = keepnet_etl::warehouse::status::read(pool).await.unwrap();
    assert_eq!(status.verdict, "ok");
}
