//! When what is read again: promise (b), settled enrollments, the rolling full.

use chrono::TimeDelta;
use serde_json::json;

use super::World;

const WORLD: &[&str] = &[
    "--companies",
    "2",
    "--enrollments",
    "10",
    "--users",
    "15",
    "--survey-share",
    "20%",
    "--learning-paths",
    "0%",
    "--archived",
    "20%",
];

#[tokio::test]
async fn no_row_of_an_open_enrollment_is_older_than_max_staleness_and_none_than_full_every() {
    let settings = [
        ("sync.max_staleness", "12h"),
        ("sync.full_every", "5d"),
        ("sync.settled_after", "10d"),
        ("widgets.months", "0"),
    ];
    let world = World::start(WORLD, &settings).await;
    world.sync().await;
    let open = "summaries.due_at is not null";
    let cursors = "sync.cursors summaries join sync.cursors users using (company_id, scope)
                   where summaries.resource = 'summaries' and users.resource = 'users'";
    let count = format!("select count(*) from {cursors} and {open}");
    let (opened, all) = (
        world.count(&count).await,
        world
            .count(&format!("select count(*) from {cursors}"))
            .await,
    );
    assert!(opened > 3 && all > opened + 3, "{opened} of {all} are open");
    let mut most = 0;
    // A little longer than the period: what was never read again is older than that then.
    for hour in 1..=5 * 24 + 2 {
        world.pass(TimeDelta::hours(1)).await;
        world.simulator.reset_requests().await;
        world.sync().await;
        let requests = world.simulator.requests().await;
        most = most.max(requests["endpoints"]["users"].as_u64().unwrap_or_default());
        let now = keepnet_etl::clock::Clock::now(&*world.app.clock);
        let late = |than: &str, what: &str| {
            format!(
                "select count(*) from {cursors} and {what}
                 and users.last_complete_at < '{now}'::timestamptz - interval '{than}'"
            )
        };
        assert_eq!(world.count(&late("12 hours", open)).await, 0, "hour {hour}");
        assert_eq!(world.count(&late("5 days", "true")).await, 0, "hour {hour}");
    }
    let once = "select count(*) from sync.cursors where resource = 'users' and last_complete_at < full_due_at";
    assert_eq!(world.count(once).await, all, "each has its next turn");
    // Two pages each: the rolling full is no burst.
    assert!(
        most < 2 * u64::try_from(all).unwrap(),
        "{most} pages in one run"
    );
}

#[tokio::test]
async fn what_is_settled_is_left_alone_until_its_listing_shows_it_differently() {
    let world = World::start(WORLD, &[("widgets.months", "0")]).await;
    world.sync().await;
    let settled: String = sqlx::query_scalar(
        "select c.scope from sync.cursors c join keepnet.enrollments e on e.enrollment_id = c.scope
         where c.resource = 'summaries' and c.due_at is null and not e.is_archived order by 1 limit 1",
    )
    .fetch_one(&world.app.pool)
    .await
    .expect("a settled enrollment");
    let read = format!(
        "select extract(epoch from tried_at)::bigint from sync.cursors where resource = 'summaries' and scope = '{settled}'"
    );
    let first = world.count(&read).await;
    for _ in 0..3 {
        world.pass(TimeDelta::hours(30)).await;
        world.sync().await;
    }
    assert_eq!(world.count(&read).await, first);
    world
        .simulator
        .change(&json!({"kind": "enrollment-renamed", "enrollment": settled, "name": "Anew"}))
        .await;
    world.pass(TimeDelta::hours(1)).await;
    world.sync().await;
    assert!(world.count(&read).await > first);
    let named = format!(
        "select count(*) from keepnet.enrollments where enrollment_id = '{settled}' and name = 'Anew'"
    );
    assert_eq!(world.count(&named).await, 1);
}

#[tokio::test]
async fn pauses_double_while_nothing_changes() {
    let world = World::start(WORLD, &[("widgets.months", "0")]).await;
    world.sync().await;
    let intervals = "select max((state ->> 'interval_s')::bigint) from sync.cursors
                     where resource = 'summaries' and due_at is not null";
    assert_eq!(world.count(intervals).await, 15 * 60);
    for (hours, minutes) in [(1, 30), (1, 60), (2, 120), (4, 240), (8, 480)] {
        world.pass(TimeDelta::hours(hours)).await;
        world.sync().await;
        assert_eq!(world.count(intervals).await, minutes * 60);
    }
}
