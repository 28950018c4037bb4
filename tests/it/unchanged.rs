//! What did not change is not written; what somebody changed here is put right.

use sqlx::{AssertSqlSafe, PgPool};

use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::{TABLES, assert_all_equal_truth};

const COMPANIES: u64 = 3;
const WORLD: &[&str] = &[
    "--companies",
    "3",
    "--enrollments",
    "6",
    "--users",
    "30",
    "--anonymous",
    "30%",
];

async fn synced() -> (Simulator, TestApp) {
    let simulator = Simulator::start(WORLD);
    let app = TestApp::new(simulator.url(), &[("api.time_zone", "Europe/Istanbul")]).await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    (simulator, app)
}

/// Where each row version of a schema is and which transaction wrote it: every write changes that.
async fn versions(pool: &PgPool, schema: &str) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = $1 order by tablename",
    )
    .bind(schema)
    .fetch_all(pool)
    .await
    .unwrap();
    let mut versions = Vec::new();
    for table in tables {
        let sql = format!(
            "select format('%s %s %s %s', '{table}', ctid, xmin, xmax) from {schema}.{table} order by ctid"
        );
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(pool)
            .await
            .unwrap();
        versions.extend(rows);
    }
    versions
}

#[tokio::test]
async fn a_second_full_sync_touches_no_row_and_makes_no_table() {
    let (simulator, app) = synced().await;
    let before = versions(&app.pool, "keepnet").await;
    assert!(before.len() > 300);
    // Whoever may not make temporary tables cannot have made one.
    may_make_temporary_tables(&app.pool, false).await;
    assert_eq!(app.full_sync().await.unwrap().outcome, "ok");
    assert_eq!(versions(&app.pool, "keepnet").await, before);

    // The same with one row that differs fails: the right is really gone, and really needed then.
    execute(
        &app.pool,
        "update keepnet.enrollment_users set status = 'tampered'",
    )
    .await;
    let error = app.full_sync().await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("could not load rows: permission denied"),
        "{error}"
    );
    may_make_temporary_tables(&app.pool, true).await;
    assert_eq!(app.full_sync().await.unwrap().outcome, "ok");
    assert_all_equal_truth(&app.pool, &simulator).await;
}

#[tokio::test]
async fn a_sync_right_after_another_asks_only_for_what_tells_of_changes() {
    let (simulator, app) = synced().await;
    let before = versions(&app.pool, "keepnet").await;
    simulator.reset_requests().await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    let sent = simulator.requests().await;
    let expected = [
        ("token", 1),
        ("companies", 1),
        ("companies-my", 1),
        ("enrollments", COMPANIES),
        ("archive", COMPANIES),
    ];
    for (endpoint, requests) in expected {
        assert_eq!(sent["endpoints"][endpoint], requests, "{endpoint}: {sent}");
    }
    assert_eq!(sent["total"], 3 + 2 * COMPANIES, "{sent}");
    assert_eq!(versions(&app.pool, "keepnet").await, before);
}

async fn may_make_temporary_tables(pool: &PgPool, may: bool) {
    let verb = if may { "grant" } else { "revoke" };
    let to = if may { "to" } else { "from" };
    let sql = format!(
        "do $$ begin execute format('{verb} temporary on database %I {to} public, %I',
                                    current_database(), current_user); end $$"
    );
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(pool)
        .await
        .unwrap();
}

async fn execute(pool: &PgPool, sql: &'static str) {
    let done = sqlx::query(sql).execute(pool).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
}

#[tokio::test]
async fn what_was_changed_by_hand_is_repaired_and_nothing_else_is_written() {
    let (simulator, app) = synced().await;
    let changes = [
        "update keepnet.companies set name = 'tampered' where parent_company_id is not null",
        "update keepnet.enrollments set training_name = null, due_at = now()",
        "update keepnet.enrollment_summaries set total_target_user_count = -7",
        "update keepnet.enrollment_users set status = 'tampered', exam_score = 0.5 where delivery_type is not null",
        "update keepnet.target_users set first_name = 'tampered'",
        "update keepnet.enrollment_languages set deleted_at = now()",
        "delete from keepnet.enrollment_users where target_user_id in
             (select min(target_user_id) from keepnet.enrollment_users group by enrollment_id)",
    ];
    for change in changes {
        let tampered = sqlx::query(change)
            .execute(&app.pool)
            .await
            .unwrap()
            .rows_affected();
        assert!(tampered > 0, "{change}");
        let report = app.full_sync().await.unwrap();
        assert_eq!(report.outcome, "ok");
        let rows = report.totals.rows;
        // An enrollment is written by its listing and by its detail.
        let written = rows.inserted + rows.updated;
        let times = if change.contains("keepnet.enrollments ") {
            2
        } else {
            1
        };
        assert_eq!(written, times * tampered, "{change}");
        assert_all_equal_truth(&app.pool, &simulator).await;
    }
}

#[tokio::test]
async fn a_row_that_was_marked_deleted_by_hand_comes_back() {
    let (simulator, app) = synced().await;
    for table in TABLES {
        let sql = format!("update keepnet.{table} set deleted_at = now()");
        let marked = sqlx::query(AssertSqlSafe(sql))
            .execute(&app.pool)
            .await
            .unwrap();
        assert!(marked.rows_affected() > 0, "{table}");
    }
    assert_eq!(app.full_sync().await.unwrap().outcome, "ok");
    assert_all_equal_truth(&app.pool, &simulator).await;
    let second = app.full_sync().await.unwrap().totals.rows;
    assert_eq!((second.inserted, second.updated), (0, 0));
}
