//! A thousand walks through user reports whose rows come, go and move between the pages while they are read.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use keepnet_etl::resource::Resource;
use keepnet_etl::sync::{Extent, SyncRequest};

use super::World;
use crate::support::table::assert_equals_truth;

/// 336 enrollments of 12 users in pages of 4; each is walked through three times while it moves.
const WALKS: &[&str] = &[
    "--companies",
    "4",
    "--enrollments",
    "84",
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
    let world = World::start(
        WALKS,
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
        assert!(lost.len() <= most, "{} rows are lost: {lost:?}", lost.len());
    }
    let drifted = world.simulator.drifted().await;
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
