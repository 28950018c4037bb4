//! What is not kept for ever.

use chrono::TimeDelta;
use serde_json::json;

use super::{KEY_FILE, app, rename};
use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::told;

const SMALL: &[&str] = &[
    "--companies",
    "1",
    "--enrollments",
    "2",
    "--users",
    "12",
    "--survey-share",
    "50%",
    "--archived",
    "0%",
];

const COUNTS: &str = "select format('%s %s %s',
    (select count(*) from keepnet.target_users where deleted_at is not null),
    (select count(*) from keepnet.target_user_history) + (select count(*) from keepnet.enrollment_user_history),
    (select count(*) from sync.quarantine))";

/// Loads a world in which somebody left, somebody else has another name, and something was not understood.
async fn eventful(simulator: &Simulator, settings: &[(&str, &str)]) -> TestApp {
    let app = app(simulator, None, &KEY_FILE, settings).await;
    simulator.fault("users:row-without-id:times=1").await;
    app.sync().await.unwrap();
    simulator.heal().await;
    let users = simulator.truth("enrollment_users").await;
    let leaver = users[0]["target_user_id"].clone();
    for user in users.iter().filter(|user| user["target_user_id"] == leaver) {
        simulator
            .change(
                &json!({"kind": "user-removed", "company": user["company_id"],
                            "enrollment": user["enrollment_id"], "user": leaver}),
            )
            .await;
    }
    let stays = (users.iter().find(|user| user["target_user_id"] != leaver)).expect("somebody");
    rename(simulator, &stays["company_id"], &stays["target_user_id"]).await;
    // Who is gone cannot be asked for answers: such a run is partial, until two readings agree.
    for _ in 0..3 {
        app.full_sync().await.unwrap();
    }
    app
}

#[tokio::test]
async fn by_default_only_what_could_not_be_understood_expires() {
    let simulator = Simulator::start(SMALL);
    let app = eventful(&simulator, &[]).await;
    let before = told(&app.pool, COUNTS).await;
    let [left, versions, items] = numbers(&before[0]);
    assert!(left > 0 && versions > 0 && items > 0, "{before:?}");
    app.clock.advance(TimeDelta::days(80));
    app.sync().await.unwrap();
    assert_eq!(numbers(&told(&app.pool, COUNTS).await[0])[2], items);
    app.clock.advance(TimeDelta::days(20));
    app.sync().await.unwrap();
    let [still_left, still_versions, no_items] = numbers(&told(&app.pool, COUNTS).await[0]);
    assert_eq!((still_left, no_items), (left, 0));
    assert!(still_versions >= versions);
}

fn numbers(text: &str) -> [i64; 3] {
    let numbers: Vec<i64> = text
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    numbers.try_into().unwrap()
}

#[tokio::test]
async fn leavers_and_earlier_versions_expire_when_that_is_set_and_do_not_come_back() {
    let simulator = Simulator::start(SMALL);
    let settings = [
        ("privacy.keep_leavers_for", "30d"),
        ("privacy.keep_history_for", "30d"),
    ];
    let app = eventful(&simulator, &settings).await;
    let id = told(
        &app.pool,
        "select target_user_id from keepnet.target_users where deleted_at is not null",
    )
    .await;
    assert_eq!(id.len(), 1);
    let kept =
        "select 'of who stays' from keepnet.target_user_history h join keepnet.target_users u
        using (company_id, target_user_id) where u.deleted_at is null limit 1";
    assert_eq!(told(&app.pool, kept).await, ["of who stays"]);
    let present = "select count(*)::text from keepnet.enrollment_users where deleted_at is null";
    let before = told(&app.pool, present).await;
    app.clock.advance(TimeDelta::days(40));
    app.sync().await.unwrap();
    let [left, versions, _] = numbers(&told(&app.pool, COUNTS).await[0]);
    assert_eq!((left, versions), (0, 0));
    for _ in 0..2 {
        app.full_sync().await.unwrap();
    }
    let all = super::texts(&app.pool).await;
    assert!(all.iter().all(|(_, text)| !text.contains(&id[0])));
    assert_eq!(told(&app.pool, present).await, before);
}
