//! What is not known of the real service: whichever way it behaves, the tables equal the truth.

use futures::StreamExt;
use keepnet_etl::verdict::Verdict;
use keepnet_etl::warehouse::status;

use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::{assert_all_equal_truth, count_missing_from_truth};

const WORLD: &[&str] = &[
    "--companies",
    "3",
    "--sub-resellers",
    "1",
    "--enrollments",
    "4",
    "--users",
    "24",
    "--learning-paths",
    "50%",
    "--survey-share",
    "25%",
    "--archived",
    "25%",
];

/// Flags, apart by spaces.
const SHAPES: &[&str] = &[
    "--page-size-cap 7 --past-end clamp",
    "--page-size-cap 7 --past-end repeat",
    "--past-end clamp",
    "--past-end repeat",
    "--totals missing",
    "--totals missing --page-size-cap 7",
    "--totals missing --past-end clamp",
    "--totals missing --past-end repeat",
    "--clustered-children nested",
    "--clustered-children repeated",
    "--clustered-children none",
    "--rename-fields",
    "--training-type name",
    "--training-type int",
    "--training-type int --wrong-training-type ignored",
    "--foreign empty",
    "--expires-in none",
    "--time-zone America/New_York",
    "--listed-steps",
    "--anonymous 50%",
    "--anonymous 50% --anonymous-data object",
    "--widget-dialect document",
    "--widget-dialect both",
];

/// Cases that are looked at side by side: each of them waits more than it works.
const SIDE_BY_SIDE: usize = 4;

#[tokio::test]
async fn whatever_shape_the_service_gives_its_answers_the_tables_equal_the_truth() {
    futures::stream::iter(SHAPES)
        .for_each_concurrent(SIDE_BY_SIDE, |flags| assert_shape(flags))
        .await;
}

async fn assert_shape(flags: &str) {
    let zone = match flags.split_once("--time-zone ") {
        Some((_, zone)) => zone,
        None => "Europe/Istanbul",
    };
    let simulator = simulator(flags);
    let settings = [("api.time_zone", zone), ("api.page_size", "10")];
    let app = TestApp::new(simulator.url(), &settings).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{flags}: {report:#?}");
    assert_all_equal_truth(&app.pool, &simulator).await;
    let contract = simulator.contract().await;
    assert_eq!(contract["total"], 0, "{flags}: {contract}");
}

#[tokio::test]
async fn each_date_format_is_found_out_by_claim_by_settings_or_by_evidence() {
    let ways = [
        ("false", "true", "system-users/settings"),
        ("true", "false", "claim user_dateformat"),
        ("false", "false", "dates in the listings"),
    ];
    let cases = ["dmy", "mdy", "ymd", "iso"]
        .into_iter()
        .flat_map(|format| ways.map(|way| (format, way)));
    futures::stream::iter(cases)
        .for_each_concurrent(SIDE_BY_SIDE, |(format, way)| {
            assert_date_format(format, way)
        })
        .await;
}

async fn assert_date_format(format: &str, (claim, readable, evidence): (&str, &str, &str)) {
    let flags =
        format!("--date-format {format} --date-claim {claim} --settings-readable {readable}");
    let simulator = simulator(&flags);
    let settings = [("api.time_zone", "Europe/Istanbul")];
    let app = TestApp::new(simulator.url(), &settings).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{flags}: {report:#?}");
    assert_all_equal_truth(&app.pool, &simulator).await;
    let account = status::read(&app.pool).await.unwrap().account.unwrap();
    // Years first need no decision, and are no evidence for one.
    let is_undecided = evidence.starts_with("dates") && matches!(format, "ymd" | "iso");
    let decided = account.date_format.as_deref();
    // The claim and the settings name a pattern; both that begin with the year are read alike.
    let expected = if format == "iso" { "ymd" } else { format };
    assert_eq!(decided, (!is_undecided).then_some(expected), "{flags}");
    if !is_undecided {
        let said = account.date_format_evidence.unwrap();
        assert!(said.contains(evidence), "{flags}: {said}");
    }
}

#[tokio::test]
async fn a_clock_of_twelve_hours_is_read() {
    for flags in ["--time-format 12h", "--time-format 12h --date-format mdy"] {
        let simulator = simulator(flags);
        let settings = [("api.time_zone", "Europe/Istanbul")];
        let app = TestApp::new(simulator.url(), &settings).await;
        assert_eq!(app.sync().await.unwrap().outcome, "ok", "{flags}");
        assert_all_equal_truth(&app.pool, &simulator).await;
    }
}

#[tokio::test]
async fn a_company_that_denies_access_is_news_once() {
    let simulator = Simulator::start(&["--companies", "4", "--denied", "50%", "--users", "5"]);
    let app = TestApp::new(simulator.url(), &[("api.time_zone", "Europe/Istanbul")]).await;
    for (outcome, was_forbidden) in [("partial", false), ("ok", true)] {
        let report = app.sync().await.unwrap();
        assert_eq!(report.outcome, outcome);
        let denied: Vec<_> = report
            .companies
            .iter()
            .filter(|company| company.verdict == Verdict::Forbidden)
            .collect();
        assert_eq!(denied.len(), 2);
        assert!(denied.iter().all(|c| c.was_forbidden == was_forbidden));
        assert_all_equal_truth(&app.pool, &simulator).await;
        assert_eq!(
            count_missing_from_truth(&app.pool, &simulator, "companies").await,
            0
        );
    }
}

fn simulator(flags: &str) -> Simulator {
    let flags: Vec<&str> = WORLD.iter().copied().chain(flags.split(' ')).collect();
    Simulator::start(&flags)
}
