//! Faults that pass within the run.

use serde_json::json;

use super::WORLD;
use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::assert_all_equal_truth;

/// Every endpoint, and what it may meet once.
const PASSING: &[&str] = &[
    "token:503:times=1",
    "settings:html:times=1",
    "companies:500:body=html,times=1",
    "companies-my:truncate:times=1",
    "enrollments:502:times=2",
    "enrollments:results-missing:times=1",
    "archive:reset:times=1",
    "details:503:body=camel,times=2",
    "details:429:retry-after=0,times=3,from=4",
    "summaries:ok-failed:times=1",
    "summaries:429:retry-after-date=0,times=1",
    "users:truncate:from=2,times=1",
    "users:html:from=5,times=1",
    "users:408:from=7,times=1",
    "users:is-success-false:from=9,times=1",
    "users:results-null:from=11,times=1",
    "users:bom",
    "companies:bom",
    "users:slow=30:from=3,times=4",
    "users:401:from=13,times=1",
    "details:306:times=1",
];

#[tokio::test]
async fn what_passes_within_the_run_leaves_no_trace() {
    // Without the claim in the token the account's settings are asked as well.
    let flags = ["--companies", "3", "--date-claim", "false"];
    let simulator = Simulator::start(&[WORLD, &flags].concat());
    let settings = [
        ("api.time_zone", "Europe/Istanbul"),
        ("api.page_size", "10"),
    ];
    let app = TestApp::new(simulator.url(), &settings).await;
    for fault in PASSING {
        simulator.fault(fault).await;
    }
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    assert_all_equal_truth(&app.pool, &simulator).await;
    let unmet: Vec<_> = simulator.faults().await["faults"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|fault| fault["fired"] == json!(0))
        .cloned()
        .collect();
    assert!(unmet.is_empty(), "never met: {unmet:#?}");
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_is_replaced() {
    let simulator = Simulator::start(&[
        "--expires-in",
        "3",
        "--latency-ms",
        "60",
        "--companies",
        "5",
        "--enrollments",
        "6",
    ]);
    // The clock of this program stands still: it learns of the end from the service alone.
    let app = TestApp::new(
        simulator.url(),
        &[
            ("api.time_zone", "Europe/Istanbul"),
            ("api.max_concurrency", "2"),
        ],
    )
    .await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    assert_all_equal_truth(&app.pool, &simulator).await;
    let tokens = simulator.requests().await["endpoints"]["token"].as_u64();
    assert!(tokens > Some(1), "{tokens:?}");
}
