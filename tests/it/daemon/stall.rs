//! A run that does not get on.

use chrono::TimeDelta;

use super::{Stage, held, runs};
use crate::support::table::assert_all_equal_truth;

#[tokio::test]
async fn a_run_that_does_not_get_on_is_ended_recorded_and_tried_again_at_the_next_instant() {
    let stage = Stage::new(&[]).await;
    let (pool, mut daemon) = (&stage.app.pool, stage.app.daemon());
    let is_held = (stage.gate).hold_nth(2, |request| request.contains("/users/search"));
    stage.tick(&mut daemon).await;
    is_held.await.unwrap();
    stage.tick(&mut daemon).await;
    stage.advance(TimeDelta::minutes(14));
    stage.tick(&mut daemon).await;
    assert_eq!(runs(pool).await, ["scheduled running"]);
    // Rows that were received may still be committed: then it does get on, once more.
    let mut looks = 0;
    while runs(pool).await == ["scheduled running"] {
        stage.advance(TimeDelta::minutes(16));
        stage.tick(&mut daemon).await;
        looks += 1;
        assert!(looks < 5);
    }
    let error: String = sqlx::query_scalar("select error from sync.runs")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(
        error,
        "the run was ended: for 900 s no request was answered, no row committed, and no company done (sync.stall_timeout)"
    );
    assert_eq!(runs(pool).await[0], "scheduled failed");
    let claims = held(pool).await;
    assert!(
        !claims.iter().any(|claim| claim.starts_with("company")),
        "{claims:?}"
    );

    stage.gate.let_go();
    stage.work_after(&mut daemon, TimeDelta::hours(1)).await;
    assert_eq!(runs(pool).await.last().unwrap(), "scheduled ok");
    assert_all_equal_truth(pool, &stage.simulator).await;
}

#[tokio::test]
async fn a_wait_that_the_service_asked_for_is_no_standstill() {
    let stage = Stage::new(&[]).await;
    let (pool, mut daemon) = (&stage.app.pool, stage.app.patient_daemon());
    stage.simulator.fault("users:429:retry-after=3600").await;
    stage.tick(&mut daemon).await;
    let met = async {
        while stage.simulator.faults().await["faults"][0]["fired"] != 1 {
            tokio::task::yield_now().await;
        }
    };
    crate::support::running::in_time("the service asks for a wait", met).await;
    for _ in 0..5 {
        stage.advance(TimeDelta::minutes(16));
        stage.tick(&mut daemon).await;
        assert_eq!(runs(pool).await, ["scheduled running"]);
    }
}
