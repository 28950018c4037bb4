//! `/livez` and `/readyz`.

use keepnet_etl::daemon::liveness::{Liveness, Role};

use super::{Served, standing_still};
use crate::support::database;
use crate::support::wire::{Moment, Then, Wire};

#[tokio::test]
async fn a_process_is_alive_while_its_loop_goes_round() {
    let pool = database::migrated().await;
    let served = Served::on(pool.clone(), &[]).await;
    let answer = served.get("/livez").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "alive\n"));

    let served = Served::with(pool, &[], standing_still()).await;
    let answer = served.get("/livez").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "not alive: the main loop stands still\n");
}

#[tokio::test]
async fn an_instance_is_ready_when_it_plays_its_part() {
    let served = Served::with(database::migrated().await, &[], Liveness::default()).await;
    for (role, status, said) in [
        (Role::Starting, 503, "not ready: starting\n"),
        (
            Role::WaitingForSchema,
            503,
            "not ready: the schema is not applied yet\n",
        ),
        (Role::Standby, 200, "ready: standby\n"),
        (Role::Active, 200, "ready: active\n"),
    ] {
        served.liveness.set_role(role);
        let answer = served.get("/readyz").await;
        assert_eq!((answer.status, answer.body.as_str()), (status, said));
        let is_active = u8::from(role == Role::Active);
        let metrics = served.get("/metrics").await.body;
        let line = format!("\nkeepnet_etl_instance_active {is_active}");
        assert!(metrics.contains(&line), "{metrics}");
    }
}

#[tokio::test]
async fn an_instance_without_its_schema_is_alive_and_not_ready() {
    let pool = database::pool(&database::empty().await).await;
    let served = Served::on(pool.clone(), &[]).await;
    assert_eq!(served.get("/livez").await.status, 200);
    let answer = served.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "not ready: the schema is not applied yet\n");

    let page = served.get("/").await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("keepnet-etl migrate"), "{}", page.body);

    keepnet_etl::warehouse::migrate::migrate(&pool)
        .await
        .unwrap();
    served.later();
    assert_eq!(served.get("/readyz").await.status, 200);
    assert_eq!(served.get("/").await.status, 200);
}

#[tokio::test]
async fn a_database_that_is_gone_makes_it_unready_but_not_dead() {
    let url = database::empty().await;
    let wire = Wire::before(&url).await;
    let pool = database::pool(wire.url()).await;
    keepnet_etl::warehouse::migrate::migrate(&pool)
        .await
        .unwrap();
    let served = Served::on(pool, &[]).await;
    assert_eq!(served.get("/readyz").await.status, 200);

    let _frozen = wire.trap(Moment::Asking, 1, Then::Freeze);
    served.later();
    let answer = served.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "not ready: the database does not answer\n");
    assert_eq!(served.get("/livez").await.status, 200);
}

#[tokio::test]
async fn the_page_says_when_the_database_is_gone() {
    let served = Served::on(database::migrated().await, &[]).await;
    served.pool.close().await;
    let answer = served.get("/").await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.body.contains("The database does not answer"),
        "{}",
        answer.body
    );
    let answer = served.get("/status.json").await;
    assert_eq!(answer.status, 503);
    let document: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["version"], 1);
    assert!(document["error"].as_str().unwrap().starts_with("could not"));
}
