//! `repair-dates`: what a wrong format or zone stored becomes what the right one would have stored.

mod columns;
mod order;
mod process;
mod zone;

use std::collections::BTreeSet;

use keepnet_etl::clock::SharedClock;
use keepnet_etl::sync::repair_dates::{self, RepairError, Report};
use serde_json::Value;
use sqlx::PgPool;

use crate::support::TestApp;
use crate::support::table::{TABLES, told};

/// Mends the dates as the settings of `app` say.
async fn repair(app: &TestApp) -> Result<Report, RepairError> {
    run(app, false).await
}

/// Says what that would change.
async fn plan(app: &TestApp) -> Result<Report, RepairError> {
    run(app, true).await
}

async fn run(app: &TestApp, is_dry: bool) -> Result<Report, RepairError> {
    let clock: SharedClock = app.clock.clone();
    Box::pin(repair_dates::run(
        &app.settings.api,
        &app.pool,
        &clock,
        is_dry,
    ))
    .await
}

/// The program with other settings on the database of `app`, at a later time.
fn with_settings(app: &TestApp, url: &str, settings: &[(&str, &str)]) -> TestApp {
    let later = TestApp::with_pool(app.pool.clone(), url, settings);
    later.clock.advance(chrono::TimeDelta::minutes(5));
    later
}

/// Every row, deleted ones too, without what is counted here and the times of the row's own life.
async fn rows_of(pool: &PgPool, table: &str) -> BTreeSet<String> {
    const LEFT_OUT: [&str; 9] = [
        "company_key",
        "enrollment_key",
        "target_user_key",
        "question_key",
        "training_key",
        "first_seen_at",
        "synced_at",
        "valid_from",
        "observed_at",
    ];
    let sql = format!("select to_jsonb(t) from keepnet.{table} t");
    let rows: Vec<Value> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_all(pool)
        .await
        .expect("rows");
    rows.into_iter()
        .map(|mut row| {
            if let Value::Object(columns) = &mut row {
                columns.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
                if let Some(at) = columns.get_mut("deleted_at").filter(|at| !at.is_null()) {
                    *at = "deleted".into();
                }
            }
            row.to_string()
        })
        .collect()
}

/// Asserts that both databases hold the same in every table.
async fn assert_equal(mended: &PgPool, clean: &PgPool) {
    for table in TABLES {
        let (found, expected) = (rows_of(mended, table).await, rows_of(clean, table).await);
        let missing: Vec<_> = expected.difference(&found).take(3).collect();
        let surplus: Vec<_> = found.difference(&expected).take(3).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{table} differs\nmissing:\n{missing:#?}\nsurplus:\n{surplus:#?}"
        );
    }
}

/// How many tables differ.
async fn count_different(left: &PgPool, right: &PgPool) -> usize {
    let mut different = 0;
    for table in TABLES {
        different += usize::from(rows_of(left, table).await != rows_of(right, table).await);
    }
    different
}

/// Format and zone in use, and those of every choice.
async fn choices(pool: &PgPool) -> Vec<String> {
    told(
        pool,
        "select format('%s %s', date_format, time_zone) from sync.accounts
         union all
         select format('%s %s %s', c ->> 'date_format', c ->> 'time_zone', c -> 'repair' ->> 'is_done')
         from sync.accounts, jsonb_array_elements(date_choices) c",
    )
    .await
}
