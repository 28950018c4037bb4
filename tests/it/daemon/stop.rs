//! The end of an instance.

use keepnet_etl::daemon::signal::Stop;

use super::{Stage, held, runs};
use crate::support::running::in_time;
use crate::support::table::assert_all_equal_truth;

#[tokio::test]
async fn an_end_in_good_order_marks_the_run_stopped_and_the_next_instance_goes_on_at_once() {
    let stage = Stage::new(&[]).await;
    let (pool, stop) = (&stage.app.pool, Stop::default());
    let is_held = (stage.gate).hold_nth(2, |request| request.contains("/users/search"));
    let stopping = async {
        is_held.await.unwrap();
        stop.ask();
        stage.gate.let_go();
    };
    let running = Box::pin(stage.app.daemon_until(&stop).run());
    let (ended, ()) = in_time("it ends", async { tokio::join!(running, stopping) }).await;
    ended.unwrap();
    // It closed its pool: this is another one.
    assert!(pool.is_closed());
    let pool = &stage.reopened().await;
    assert_eq!(runs(pool).await, ["scheduled stopped"]);
    assert!(held(pool).await.is_empty());

    let app = stage.again(pool);
    let mut daemon = app.daemon();
    stage.work(&mut daemon).await;
    assert_eq!(runs(pool).await, ["scheduled stopped", "scheduled ok"]);
    assert_all_equal_truth(pool, &stage.simulator).await;
}

#[tokio::test]
async fn a_run_that_does_not_end_in_its_grace_is_cut_off_and_that_is_recorded() {
    let stage = Stage::new(&[("run.grace", "1s")]).await;
    let stop = Stop::default();
    let is_held = (stage.gate).hold_nth(2, |request| request.contains("/users/search"));
    let stopping = async {
        is_held.await.unwrap();
        stop.ask();
    };
    let running = Box::pin(stage.app.daemon_until(&stop).run());
    let (ended, ()) = in_time("it ends", async { tokio::join!(running, stopping) }).await;
    ended.unwrap();
    let pool = &stage.reopened().await;
    assert_eq!(runs(pool).await, ["scheduled stopped"]);
    assert!(held(pool).await.is_empty());
    let error: String = sqlx::query_scalar("select error from sync.runs")
        .fetch_one(pool)
        .await
        .unwrap();
    assert!(
        error.contains("it did not end within 1 s after a signal (run.grace)"),
        "{error}"
    );

    stage.gate.let_go();
    let app = stage.again(pool);
    let mut daemon = app.daemon();
    stage.work(&mut daemon).await;
    assert_eq!(runs(pool).await, ["scheduled stopped", "scheduled ok"]);
    assert_all_equal_truth(pool, &stage.simulator).await;
}
