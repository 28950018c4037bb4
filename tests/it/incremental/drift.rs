//! A thousand walks through user reports whose rows come, go and move between the pages while they are read.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use keepnet_etl::resource::Resource;
use keepnet_etl::sync::{Extent, SyncRequest};
use serde_json::json;

use super::World;
use crate::support::table::assert_equals_truth;

const COMPANIES: usize = 4;
/// Reports that are walked through three times while they move, unless the variable `DRIFT_REPORTS` says otherwise.
const REPORTS: usize = 336;
/// They have 12 users in pages of 4.
const WALKS: &[&str] = &[
    "--companies",
    "4",
    "--users",
    "12",
    "--survey-share",
    "0%",
    "--learning-paths",
    "0%",
    "--archived",
    "0%",
];

/// Enrollment and user of every present row.
async fn present(world: &World) -> BTreeSet<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let rows = world.simulator.truth("enrollment_users").await;
    rows.iter()
        .map(|row| (text(&row["enrollment_id"]), text(&row["target_user_id"])))
        .collect()
}

/// The same here.
async fn stored(world: &World, condition: &str) -> BTreeSet<(String, String)> {
    let sql = format!(
        "select enrollment_id, target_user_id from keepnet.enrollment_users where {condition}"
    );
    let rows: Vec<(String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_all(&world.app.pool)
        .await
        .expect("rows");
    rows.into_iter().collect()
}

#[tokio::test]
async fn of_a_thousand_drifting_walks_none_loses_a_row_that_was_there_throughout() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the number of walks is for who runs the test to choose"
    )]
    let reports = std::env::var("DRIFT_REPORTS").map_or(REPORTS, |reports| {
        reports.parse().expect("a number of reports")
    });
    let enrollments = (reports / COMPANIES).to_string();
    let world = World::start(
        &[WALKS, &["--enrollments", &enrollments]].concat(),
        &[
            ("sync.interactions", "none"),
            ("widgets.months", "0"),
            ("api.max_concurrency", "16"),
            ("api.page_size", "4"),
        ],
    )
    .await;
    let first = present(&world).await;
    world.simulator.drift(2026).await;
    let mut throughout = first;
    for pull in 1..=3 {
        world.read_users(false).await;
        throughout = throughout
            .intersection(&present(&world).await)
            .cloned()
            .collect();
        let wrongly: Vec<_> = stored(&world, "deleted_at is not null")
            .await
            .intersection(&present(&world).await)
            .cloned()
            .collect();
        assert!(
            wrongly.is_empty(),
            "pull {pull} marked what is there: {wrongly:?}"
        );
        // No count tells that a row went behind a page and another came before it, while a third one moved past the
        // reader: the first pull of all may miss it. The second sees that other rows are there, and looks twice.
        let there = stored(&world, "deleted_at is null").await;
        let lost: Vec<_> = throughout.difference(&there).collect();
        let most = [throughout.len() / 100, 0, 0][pull - 1];
        println!(
            "pull {pull} of {reports} reports: of {} rows that were there throughout {} are not stored",
            throughout.len(),
            lost.len()
        );
        assert!(lost.len() <= most, "{} rows are lost: {lost:?}", lost.len());
    }
    let drifted = world.simulator.drifted().await;
    println!("{}", drifted["kinds"]);
    for kind in ["insert", "remove", "balanced", "reorder"] {
        let times = drifted["kinds"][kind].as_u64().unwrap_or_default();
        assert!(times > 200, "{kind} happened {times} times only");
    }
    // When it rests, a pull brings all that is there, and another one takes what is not.
    world.simulator.rest().await;
    world.read_users(true).await;
    let there = stored(&world, "deleted_at is null").await;
    let lost: Vec<_> = present(&world).await.difference(&there).cloned().collect();
    assert!(lost.is_empty(), "{} rows are lost: {lost:?}", lost.len());
    world.read_users(true).await;
    assert_eq!(
        stored(&world, "deleted_at is null").await,
        present(&world).await
    );
    for table in ["enrollment_users", "target_users", "enrollment_summaries"] {
        assert_equals_truth(&world.app.pool, &world.simulator, table).await;
    }
}

#[tokio::test]
async fn an_enrollment_that_is_removed_and_one_that_is_added_while_they_are_listed_hide_no_other() {
    let flags = [
        "--companies",
        "1",
        "--enrollments",
        "25",
        "--users",
        "3",
        "--learning-paths",
        "0%",
        "--archived",
        "0%",
    ];
    let world = World::start(&flags, &[("widgets.months", "0")]).await;
    let listed = |rows: Vec<serde_json::Value>| -> Vec<(String, String)> {
        let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().to_owned();
        let mut ids: Vec<_> = (rows.iter())
            .map(|row| (text(row, "created_at"), text(row, "enrollment_id")))
            .collect();
        ids.sort_unstable();
        ids
    };
    let before = listed(world.simulator.truth("enrollments").await);
    let company = world.simulator.truth("enrollments").await[0]["company_id"].clone();
    // The oldest one goes, and all others move up by one, when two of three pages were read; the new one keeps the count.
    for (change, nth) in [
        (
            json!({"kind": "enrollment-purged", "enrollment": before[0].1}),
            3,
        ),
        (json!({"kind": "enrollment-added"}), 3),
    ] {
        let fault = json!({
            "endpoint": "enrollments", "kind": "change", "from": nth, "times": 1, "company": company,
            "change": change
        });
        world.simulator.fault_as(&fault).await;
    }
    world.sync().await;
    assert_eq!(world.simulator.truth("enrollments").await.len(), 25);
    let sql = "select enrollment_id from keepnet.enrollments";
    let stored: BTreeSet<String> = sqlx::query_scalar(sql)
        .fetch_all(&world.app.pool)
        .await
        .unwrap()
        .into_iter()
        .collect();
    let lost: Vec<_> = (before[1..].iter())
        .filter(|(_, id)| !stored.contains(id))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
}

impl World {
    /// Reads all user reports, an hour later.
    async fn read_users(&self, accepts_deletions: bool) {
        self.pass(TimeDelta::hours(1)).await;
        let request = SyncRequest {
            resources: vec![Resource::Users],
            extent: Extent::Everything,
            accepts_deletions,
            ..SyncRequest::default()
        };
        self.app.sync_only(&request).await.expect("a run");
    }
}
