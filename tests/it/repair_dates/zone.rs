//! After a wrong zone, over a year with changes to and from summer time.

use super::{assert_equal, choices, count_different, plan, repair, with_settings};
use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::{assert_all_equal_truth, everything};

/// A world with everything in it, in a zone with summer time.
const WORLD: &[&str] = &[
    "--companies",
    "4",
    "--enrollments",
    "8",
    "--users",
    "20",
    "--survey-share",
    "30%",
    "--learning-paths",
    "20%",
    "--archived",
    "20%",
    "--anonymous",
    "20%",
    "--time-zone",
    "Europe/Berlin",
];

const RIGHT: &[(&str, &str)] = &[
    ("api.date_format", "dmy"),
    ("api.time_zone", "Europe/Berlin"),
];

async fn loaded(simulator: &Simulator, settings: &[(&str, &str)]) -> TestApp {
    let app = TestApp::new(simulator.url(), settings).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    app
}

#[tokio::test]
async fn a_repair_after_a_wrong_zone_equals_a_clean_load_and_the_truth() {
    let simulator = Simulator::start(WORLD);
    let clean = loaded(&simulator, RIGHT).await;
    for zone in ["UTC", "America/New_York", "Asia/Kathmandu"] {
        let wrong = loaded(
            &simulator,
            &[("api.date_format", "dmy"), ("api.time_zone", zone)],
        )
        .await;
        assert!(
            count_different(&wrong.pool, &clean.pool).await > 8,
            "{zone}"
        );
        let requests = simulator.requests().await;

        let right = with_settings(&wrong, simulator.url(), RIGHT);
        let report = repair(&right).await.unwrap();
        assert!(report.is_done && report.rows > 0, "{zone}: {report:#?}");
        assert_equal(&right.pool, &clean.pool).await;
        assert_all_equal_truth(&right.pool, &simulator).await;
        assert_eq!(simulator.requests().await, requests, "the vendor was asked");
        assert_eq!(
            choices(&right.pool).await,
            [
                "dmy Europe/Berlin".to_owned(),
                format!("dmy {zone} "),
                "dmy Europe/Berlin t".replace(" t", " true"),
            ]
        );

        // The next sync finds everything as it should be.
        let rows = right.sync().await.unwrap().totals.rows;
        assert_eq!(
            (rows.inserted, rows.updated, rows.deleted),
            (0, 0, 0),
            "{zone}"
        );
    }
}

#[tokio::test]
async fn a_second_repair_and_a_plan_write_nothing() {
    let simulator = Simulator::start(WORLD);
    let wrong = loaded(&simulator, &[("api.date_format", "dmy")]).await;
    // By its clock no time has passed since the rows changed last.
    let right = TestApp::with_pool(wrong.pool.clone(), simulator.url(), RIGHT);
    let before = everything(&right.pool).await;
    let planned = plan(&right).await.unwrap();
    assert!(!planned.is_done);
    assert_eq!(everything(&right.pool).await, before);

    let done = repair(&right).await.unwrap();
    assert_eq!(planned.columns, done.columns);
    assert_eq!(planned.rows, done.rows);
    let changed: u64 = done.columns.iter().map(|column| column.changed).sum();
    assert!(changed > 100, "{done:#?}");

    let after = everything(&right.pool).await;
    let again = repair(&right).await.unwrap();
    assert!(again.columns.is_empty() && again.rows == 0, "{again:#?}");
    assert_eq!(everything(&right.pool).await, after);
}

#[tokio::test]
async fn a_repair_can_be_undone_by_another_one() {
    let simulator = Simulator::start(WORLD);
    let app = loaded(&simulator, RIGHT).await;
    let clean = loaded(&simulator, RIGHT).await;
    let wrong = with_settings(
        &app,
        simulator.url(),
        &[
            ("api.date_format", "dmy"),
            ("api.time_zone", "America/New_York"),
        ],
    );
    let report = repair(&wrong).await.unwrap();
    let kept_as_text: u64 = report.columns.iter().map(|column| column.to_text).sum();
    let right = with_settings(&app, simulator.url(), RIGHT);
    let report = repair(&right).await.unwrap();
    let read_from_text: u64 = report.columns.iter().map(|column| column.from_text).sum();
    assert_eq!(kept_as_text, read_from_text);
    assert_equal(&right.pool, &clean.pool).await;
}
