//! A first sync brings what the API holds; a second one changes nothing.

use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::{TABLES, assert_all_equal_truth, rows};
use keepnet_etl::cli::portfolio::portfolio;

/// A world with everything in it that this version pulls.
const WORLD: &[&str] = &[
    "--companies",
    "5",
    "--sub-resellers",
    "1",
    "--enrollments",
    "9",
    "--users",
    "130",
    "--survey-share",
    "30%",
    "--learning-paths",
    "20%",
    "--archived",
    "20%",
    "--masked",
    "10%",
    "--anonymous",
    "10%",
];

#[tokio::test]
async fn a_first_sync_equals_the_truth_and_a_second_full_one_writes_nothing() {
    let simulator = Simulator::start(WORLD);
    let app = TestApp::new(simulator.url(), &[("api.time_zone", "Europe/Istanbul")]).await;
    let first = app.sync().await.unwrap();
    assert_eq!(first.outcome, "ok", "{first:#?}");
    for table in TABLES {
        assert!(!rows(&app.pool, table).await.is_empty(), "{table} is empty");
    }
    assert_all_equal_truth(&app.pool, &simulator).await;
    let portfolio = portfolio(&app.pool).await.unwrap();
    insta::assert_snapshot!("portfolio", portfolio);

    let second = app.full_sync().await.unwrap();
    // The first one looked at both listings of the reseller's own company, as nothing of any company was stored.
    assert_eq!(second.totals.requests, first.totals.requests - 2);
    assert_eq!(second.outcome, "ok");
    let rows = second.totals.rows;
    assert_eq!((rows.inserted, rows.updated, rows.deleted), (0, 0, 0));
    assert_all_equal_truth(&app.pool, &simulator).await;
    assert_eq!(
        simulator.contract().await["total"],
        0,
        "{}",
        simulator.contract().await
    );
}
