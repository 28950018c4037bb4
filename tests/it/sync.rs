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

#[tokio::test]
async fn a_run_that_cannot_read_what_it_needs_at_its_begin_is_recorded_as_failed() {
    let simulator = Simulator::start(WORLD);
    let app = TestApp::new(simulator.url(), &[]).await;
    sqlx::raw_sql("alter table sync.offboarded_companies rename to elsewhere")
        .execute(&app.pool)
        .await
        .unwrap();
    let error = app.sync().await.unwrap_err().to_string();
    assert!(
        error.starts_with("could not read which companies left"),
        "{error}"
    );
    let recorded: Vec<(String, Option<String>)> =
        sqlx::query_as("select outcome, error from sync.runs where finished_at is not null")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert_eq!(recorded, [("failed".to_owned(), Some(error))]);
}
