//! Listings that contradict themselves: every pull ends, says so, and is whole again later.

use std::collections::BTreeSet;

use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict::{self, Complete, Drifted, Short};
use keepnet_etl::warehouse::status;

use super::{add_fault, companies, heal_and_assert_whole, of_company, start};
use crate::support::table::{
    TABLES, assert_all_equal_truth, assert_companies_equal_truth, assert_equals_truth, told,
};

/// The fault, the verdict on the users of its company, and whether every row is there nevertheless.
const CASES: &[(&str, Verdict, bool)] = &[
    ("users:drop-row", Short, false),
    ("users:shift-row:rows=3", Short, false),
    ("users:repeat-page", Short, false),
    ("users:grow-total", Short, true),
    ("users:duplicate-row", Drifted, true),
];
/// Faults that one page meets.
const ONCE: &[&str] = &[
    "users:drop-row:times=1",
    "users:shift-row:from=2,times=1",
    "users:grow-total:times=1",
    "users:duplicate-row:rows=10,times=1",
    "users:conflicting-row:times=1",
];

#[tokio::test]
async fn a_listing_that_contradicts_itself_ends_and_is_not_called_complete() {
    let (simulator, app) = start(CASES.len() + 1, &[]).await;
    let ids = companies(&simulator).await;
    for ((fault, ..), company) in CASES.iter().zip(&ids) {
        add_fault(&simulator, fault, company).await;
    }
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let status = status::read(&app.pool).await.unwrap();
    for ((fault, verdict, is_whole), company) in CASES.iter().zip(&ids) {
        let reported = of_company(&report, company);
        assert_eq!(reported.verdict, *verdict, "{fault}: {reported:#?}");
        let reason = reported.reason.as_deref().unwrap_or_default();
        assert_eq!(
            reason.split(" (and ").next().unwrap(),
            format!("the rows received do not match the service's own count ({verdict})"),
            "{fault}"
        );
        let remedy = reported.remedy.as_deref().unwrap_or_default();
        assert!(remedy.contains("sync.discrepancies"), "{fault}: {remedy}");
        assert!(
            status
                .discrepancies
                .iter()
                .any(|d| d.company_id == *company && d.kind == "users listed")
                || status.discrepancies.len() == 20,
            "{fault}: {:#?}",
            status.discrepancies
        );
        if *is_whole {
            for table in TABLES {
                assert_companies_equal_truth(&app.pool, &simulator, table, |id| id == company)
                    .await;
            }
        }
    }
    assert_eq!(of_company(&report, &ids[CASES.len()]).verdict, Complete);
    heal_and_assert_whole(&simulator, &app).await;
}

#[tokio::test]
async fn what_shows_in_the_counts_of_one_reading_is_mended_by_another_in_the_same_run() {
    let (simulator, app) = start(ONCE.len() + 1, &[]).await;
    let ids = companies(&simulator).await;
    for (fault, company) in ONCE.iter().zip(&ids) {
        add_fault(&simulator, fault, company).await;
    }
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    for (fault, company) in ONCE.iter().zip(&ids) {
        assert_eq!(of_company(&report, company).verdict, Complete, "{fault}");
        let users = of_company(&report, company)
            .scopes
            .iter()
            .find(|scope| scope.resource == Resource::Users)
            .unwrap();
        let whole = simulator.truth("enrollment_users").await;
        let of_company = whole.iter().filter(|row| row["company_id"] == **company);
        let enrollments: BTreeSet<String> = of_company
            .map(|row| row["enrollment_id"].to_string())
            .collect();
        // Each has three pages; one of them was read twice, the first time maybe to a page without rows.
        let once = 3 * enrollments.len() as u64;
        assert!(
            (once + 3..=once + 4).contains(&users.pages),
            "{fault}: {} of {once}",
            users.pages
        );
    }
    assert_all_equal_truth(&app.pool, &simulator).await;
}

#[tokio::test]
async fn of_two_different_items_with_one_key_the_last_stays_and_it_is_noted() {
    let (simulator, app) = start(1, &[]).await;
    simulator.fault("users:conflicting-row").await;
    app.sync().await.unwrap();
    let renamed = told(
        &app.pool,
        "select distinct enrollment_id from keepnet.enrollment_users where first_name like '% (other)' order by 1",
    )
    .await;
    assert!(!renamed.is_empty());
    let noted: Vec<(String, String)> = sqlx::query_as(
        "select scope, detail from sync.discrepancies where kind = 'different items with one key' order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let scopes: Vec<&String> = noted.iter().map(|(scope, _)| scope).collect();
    assert!(renamed.iter().eq(scopes), "{renamed:?} {noted:?}");
    for (_, detail) in &noted {
        assert!(
            detail.ends_with(": the item received last was kept"),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn a_short_listing_of_companies_is_said_and_its_companies_are_pulled() {
    let (simulator, app) = start(3, &[]).await;
    simulator.fault("companies:drop-row").await;
    let report = app.sync().await.unwrap();
    assert_eq!(
        (
            report.outcome,
            report.listing.verdict,
            report.companies.len()
        ),
        ("partial", Short, 2)
    );
    assert_eq!(
        report.listing.error.as_deref(),
        Some("the listing of companies is short")
    );
    assert!(report.companies.iter().all(|c| c.verdict == Complete));
    heal_and_assert_whole(&simulator, &app).await;
}

#[tokio::test]
async fn what_is_stored_of_a_company_that_a_listing_left_out_stays() {
    let (simulator, app) = start(3, &[]).await;
    app.sync().await.unwrap();
    for fault in ["companies:drop-row", "companies:row-without-id"] {
        simulator.fault(fault).await;
        app.full_sync().await.unwrap();
        assert_equals_truth(&app.pool, &simulator, "companies").await;
        simulator.heal().await;
    }
    let history = told(&app.pool, "select company_id from keepnet.company_history").await;
    assert_eq!(history, [""; 0]);
}
