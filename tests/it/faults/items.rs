//! Items that cannot be understood: kept aside with path and reason, while their neighbours land.

use keepnet_etl::verdict::Verdict::{Complete, Failed};
use keepnet_etl::warehouse::status;
use sqlx::Row;

use super::{
    WORLD_WITHOUT_PATHS, add_fault, assert_whole, companies, heal_and_assert_whole, of_company,
    start, start_in,
};
use crate::support::table::{TABLES, assert_companies_equal_truth, count_missing_from_truth};

/// The fault, the resource, where the trouble is, and what it is.
const ONE_BAD_ITEM: &[(&str, &str, &str, &str)] = &[
    (
        "users:user-without-id:times=1",
        "users",
        "$.targetUserResourceId",
        "the id is missing",
    ),
    (
        "users:number-as-text:times=1",
        "users",
        "$.firstName",
        "expected text, found a number",
    ),
    (
        "enrollments:number-as-text:times=1",
        "enrollments",
        "$.name",
        "expected text, found a number",
    ),
    (
        "enrollments:row-without-id:times=1",
        "enrollments",
        "$.enrollmentId",
        "the id is missing",
    ),
    (
        "enrollments:other-date-format:times=1",
        "enrollments",
        "$.createTime",
        "the date has day and month the other way round than the account's date format",
    ),
];

#[tokio::test]
async fn one_item_that_cannot_be_understood_is_kept_aside_and_its_neighbours_land() {
    let (simulator, app) = start_in(WORLD_WITHOUT_PATHS, ONE_BAD_ITEM.len() + 1, &[]).await;
    let ids = companies(&simulator).await;
    for ((fault, ..), company) in ONE_BAD_ITEM.iter().zip(&ids) {
        add_fault(&simulator, fault, company).await;
    }
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "quarantined items are no failure");
    let status = status::read(&app.pool).await.unwrap();
    assert_eq!(status.quarantine.open, ONE_BAD_ITEM.len() as i64);
    for ((fault, resource, path, reason), company) in ONE_BAD_ITEM.iter().zip(&ids) {
        assert_eq!(of_company(&report, company).verdict, Complete, "{fault}");
        let item = status
            .quarantine
            .items
            .iter()
            .find(|item| item.company_id == *company)
            .unwrap_or_else(|| panic!("{fault} is not in the status"));
        assert_eq!(
            (&*item.resource, &*item.json_path, &*item.reason),
            (*resource, *path, *reason),
            "{fault}"
        );
        let payload: String =
            sqlx::query_scalar("select payload from sync.quarantine where id = $1")
                .bind(item.id)
                .fetch_one(&app.pool)
                .await
                .unwrap();
        assert!(
            payload.starts_with('{') && payload.ends_with('}'),
            "{fault}"
        );
    }
    // Of each company with a bad user exactly that row is missing; nothing that is stored is untrue.
    assert_eq!(
        count_missing_from_truth(&app.pool, &simulator, "enrollments").await,
        3
    );
    let bad_enrollments = 3 * 25;
    let missing = count_missing_from_truth(&app.pool, &simulator, "enrollment_users").await;
    assert_eq!(missing, 2 + bad_enrollments);
    for table in TABLES {
        assert_companies_equal_truth(&app.pool, &simulator, table, |id| {
            id == ids[ONE_BAD_ITEM.len()]
        })
        .await;
    }
    // A complete pull is not repeated because of an item that it kept aside: the next time everything is read tells.
    simulator.heal().await;
    let report = app.full_sync().await.unwrap();
    assert_whole(&simulator, &app, &report).await;
    let resolved: i64 =
        sqlx::query_scalar("select count(*) from sync.quarantine where resolved_at is not null")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(resolved, ONE_BAD_ITEM.len() as i64);
}

#[tokio::test]
async fn a_company_without_an_id_is_kept_aside_and_the_others_land() {
    let (simulator, app) = start(3, &[]).await;
    simulator.fault("companies:row-without-id:times=1").await;
    let report = app.sync().await.unwrap();
    assert_eq!((report.outcome, report.companies.len()), ("ok", 2));
    let (path, reason): (String, String) =
        sqlx::query_as("select json_path, reason from sync.quarantine")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(
        (&*path, &*reason),
        ("$.companyResourceId", "the id is missing")
    );
    for company in &report.companies {
        for table in TABLES {
            assert_companies_equal_truth(&app.pool, &simulator, table, |id| {
                id == company.company_id
            })
            .await;
        }
    }
    heal_and_assert_whole(&simulator, &app).await;
}

#[tokio::test]
async fn two_dates_of_the_other_format_stop_the_company_before_a_wrong_one_is_stored() {
    let (simulator, app) = start(3, &[]).await;
    let ids = companies(&simulator).await;
    add_fault(&simulator, "enrollments:other-date-format:rows=2", &ids[0]).await;
    add_fault(&simulator, "users:other-date-format:rows=10", &ids[1]).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    for company in &ids[..2] {
        let reported = of_company(&report, company);
        assert_eq!(reported.verdict, Failed);
        let reason = reported.reason.as_deref().unwrap();
        assert!(
            reason.starts_with(
                "could not read the dates: they contradict the account's date format (seen at $."
            ),
            "{reason}"
        );
        let remedy = reported.remedy.as_deref().unwrap();
        assert!(remedy.contains("set api.date_format"), "{remedy}");
        let row = sqlx::query("select reason, remedy, safe_as_of is null from sync.company_state where company_id = $1")
            .bind(company)
            .fetch_one(&app.pool)
            .await
            .unwrap();
        assert_eq!(
            (
                row.get::<&str, _>(0),
                row.get::<&str, _>(1),
                row.get::<bool, _>(2)
            ),
            (reason, remedy, true)
        );
    }
    assert_eq!(of_company(&report, &ids[2]).verdict, Complete);
    let landed: i64 =
        sqlx::query_scalar("select count(*) from keepnet.enrollments where company_id = $1")
            .bind(&ids[0])
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(landed, 0, "no part of the page is loaded");
    // What is stored of the stopped companies is less than the truth, and none of it is untrue.
    assert!(count_missing_from_truth(&app.pool, &simulator, "enrollment_users").await > 100);
    heal_and_assert_whole(&simulator, &app).await;
}

#[tokio::test]
async fn a_date_format_that_is_set_wrong_ends_the_run_and_names_the_setting() {
    let (simulator, app) = start(4, &[("api.date_format", "mdy")]).await;
    let error = app.sync().await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("could not read the dates: they contradict the account's date format"),
        "{error}"
    );
    assert_eq!(
        error.remedy(),
        "set api.date_format to the order that this account really uses (dmy or mdy) and run again; what was stored before is mended by keepnet-etl repair-dates"
    );
    assert_eq!(error.exit_code(), 2);
    // Nothing is stored that would have to be mended.
    assert_eq!(
        count_missing_from_truth(&app.pool, &simulator, "companies").await,
        5
    );
}
