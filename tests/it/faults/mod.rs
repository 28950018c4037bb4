//! What goes wrong at the vendor, and what becomes of it: each fault ends in the verdict it deserves, with a reason
//! and a remedy, and everything that it does not concern lands.

mod account;
mod catalogues;
mod items;
mod lasting;
mod listings;
mod per_user;
mod transient;
mod variants;
mod widgets;

use chrono::TimeDelta;
use keepnet_etl::sync::{CompanyReport, RunReport};
use keepnet_etl::verdict::Verdict;
use keepnet_etl::warehouse::status;
use serde_json::Value;
use sqlx::{PgPool, Row};

use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::{TABLES, assert_all_equal_truth, assert_companies_equal_truth};

/// Three pages of users, several kinds of enrollments, an archive.
const WORLD: &[&str] = &[
    "--enrollments",
    "4",
    "--users",
    "25",
    "--archived",
    "25%",
    "--learning-paths",
    "25%",
];
/// The same without what brings enrollments of its own.
const WORLD_WITHOUT_PATHS: &[&str] = &[
    "--enrollments",
    "4",
    "--users",
    "25",
    "--archived",
    "25%",
    "--learning-paths",
    "0%",
];

/// A fault that one company meets, and what must be said of it.
struct Case {
    /// Endpoint and kind: `users:503`.
    fault: &'static str,
    /// The resource that is not whole.
    resource: &'static str,
    verdict: Verdict,
    /// What the reason says.
    reason: &'static str,
    /// What the remedy says.
    remedy: &'static str,
}

const fn case(
    fault: &'static str,
    resource: &'static str,
    verdict: Verdict,
    reason: &'static str,
    remedy: &'static str,
) -> Case {
    Case {
        fault,
        resource,
        verdict,
        reason,
        remedy,
    }
}

/// A simulator with as many companies, and the program before it.
async fn start(companies: usize, settings: &[(&str, &str)]) -> (Simulator, TestApp) {
    start_in(WORLD, companies, settings).await
}

/// The same in another world.
async fn start_in(
    world: &[&str],
    companies: usize,
    settings: &[(&str, &str)],
) -> (Simulator, TestApp) {
    let companies = companies.to_string();
    let flags = [world, &["--companies", &companies]].concat();
    let simulator = Simulator::start(&flags);
    let common = [
        ("api.time_zone", "Europe/Istanbul"),
        ("api.page_size", "10"),
    ];
    let settings = [&common, settings].concat();
    let app = TestApp::new(simulator.url(), &settings).await;
    (simulator, app)
}

/// Ids of the companies that are pulled, in a fixed order.
async fn companies(simulator: &Simulator) -> Vec<String> {
    let rows = simulator.truth("companies").await;
    rows.iter()
        .filter(|row| row["parent_company_id"] != Value::Null)
        .filter_map(|row| row["company_id"].as_str().map(str::to_owned))
        .collect()
}

/// Adds `fault` for one company alone.
async fn add_fault(simulator: &Simulator, fault: &str, company: &str) {
    let separator = if fault.matches(':').count() > 1 {
        ','
    } else {
        ':'
    };
    simulator
        .fault(&format!("{fault}{separator}company={company}"))
        .await;
}

fn of_company<'r>(report: &'r RunReport, company: &str) -> &'r CompanyReport {
    let found = report.companies.iter().find(|c| c.company_id == company);
    found.expect("the company is in the report")
}

/// Lets each case meet a company of its own while one company meets none, and asserts what came of it: in the report,
/// in the bookkeeping, in the status, and in the tables of everybody else. Then all is healed, and everything must
/// become whole.
async fn each_stops_at_its_own_company(cases: &[Case], settings: &[(&str, &str)]) {
    let (simulator, app) = start(cases.len() + 1, settings).await;
    let ids = companies(&simulator).await;
    for (case, company) in cases.iter().zip(&ids) {
        add_fault(&simulator, case.fault, company).await;
    }
    let report = app.sync().await.expect("the run itself goes on");
    assert_eq!(report.outcome, "partial");
    for (case, company) in cases.iter().zip(&ids) {
        assert_told(&app.pool, &report, case, company).await;
    }
    let untouched = &ids[cases.len()];
    assert_eq!(of_company(&report, untouched).verdict, Verdict::Complete);
    for table in TABLES {
        assert_companies_equal_truth(&app.pool, &simulator, table, |id| id == untouched).await;
    }
    heal_and_assert_whole(&simulator, &app).await;
}

/// After healing, one pass makes everything equal the truth, and nothing is left to complain of.
async fn heal_and_assert_whole(simulator: &Simulator, app: &TestApp) {
    simulator.heal().await;
    app.clock.advance(TimeDelta::hours(1));
    let report = app.sync().await.expect("a healed run");
    assert_whole(simulator, app, &report).await;
}

/// After such a run everything equals the truth, and nothing is left to complain of.
async fn assert_whole(simulator: &Simulator, app: &TestApp, report: &RunReport) {
    assert_eq!(report.outcome, "ok", "{report:#?}");
    assert_all_equal_truth(&app.pool, simulator).await;
    let status = status::read(&app.pool).await.expect("status");
    assert_eq!(status.verdict, "ok");
    assert!(status.failures.is_empty(), "{:?}", status.failures);
    assert!(status.companies.iter().all(|c| c.reason.is_none()));
    assert_eq!(status.quarantine.open, 0);
    assert!(
        status.discrepancies.is_empty(),
        "{:?}",
        status.discrepancies
    );
}

async fn assert_told(pool: &PgPool, report: &RunReport, case: &Case, company: &str) {
    let fault = case.fault;
    let reported = of_company(report, company);
    let scope = reported
        .scopes
        .iter()
        .find(|scope| scope.resource.name() == case.resource)
        .unwrap_or_else(|| panic!("{fault}: no {} in {reported:#?}", case.resource));
    let (reason, remedy) = (
        scope.error.clone().unwrap_or_default(),
        scope.remedy.clone().unwrap_or_default(),
    );
    assert_eq!(
        (scope.verdict, reported.verdict),
        (case.verdict, case.verdict),
        "{fault}: {reason}"
    );
    assert!(reason.contains(case.reason), "{fault}: {reason}");
    assert!(remedy.contains(case.remedy), "{fault}: {remedy}");
    assert_eq!(reported.reason.as_ref(), Some(&reason), "{fault}");

    let told = [
        "select verdict, error, remedy from sync.run_scopes
         where run_id = $1 and company_id = $2 and resource = $3",
        "select verdict, reason, remedy from sync.company_state
         where $1 > 0 and company_id = $2 and $3 <> ''",
    ];
    for sql in told {
        let row = sqlx::query(sql)
            .bind(report.run_id)
            .bind(company)
            .bind(case.resource)
            .fetch_one(pool)
            .await
            .expect("a row");
        let texts: [Option<String>; 3] = [row.get(0), row.get(1), row.get(2)];
        let expected = [case.verdict.name(), &reason, &remedy].map(|text| Some(text.to_owned()));
        assert_eq!(texts, expected, "{fault}");
    }
    let status = status::read(pool).await.expect("status");
    assert_eq!(status.verdict, "attention");
    let failure = status
        .failures
        .iter()
        .find(|f| f.company_id == company && f.resource == case.resource);
    let failure = failure.unwrap_or_else(|| panic!("{fault} is not in the status"));
    assert_eq!(failure.error.as_ref(), Some(&reason), "{fault}");
    assert_eq!(failure.remedy.as_ref(), Some(&remedy), "{fault}");
}
