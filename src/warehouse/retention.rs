//! How long the record of past work is kept: old runs are added up per day, and per month for each company and resource,
//! and removed; what was resolved as long ago is removed.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::error::WarehouseError;
use super::patience::persist;
use super::transaction::Transaction;

/// Runs that are rolled up at once. More than are begun between two ends of runs, so that a backlog shrinks; few enough
/// that the transaction stays small with thousands of companies.
const RUNS_AT_ONCE: i64 = 24;
/// Resolved items that are removed at once.
const ITEMS_AT_ONCE: i64 = 10_000;

/// What was removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Runs, with their scopes.
    pub runs: u64,
    /// Resolved items of the quarantine, and resolved discrepancies.
    pub resolved: u64,
}

/// Rolls up runs that began before `before`, and removes what was resolved before. Each call does a bounded part, oldest
/// first. A run is added up and removed in one transaction, so doing it again adds nothing.
pub async fn roll_up(pool: &PgPool, before: DateTime<Utc>) -> Result<Removed, WarehouseError> {
    persist("roll up old runs", async || {
        // Mostly there is nothing to do.
        let is_due: bool = sqlx::query_scalar(
            "select exists (select from sync.runs where started_at < $1 and outcome <> 'running')
                 or exists (select from sync.quarantine where resolved_at < $1)
                 or exists (select from sync.discrepancies where resolved_at < $1)",
        )
        .bind(before)
        .fetch_one(pool)
        .await?;
        if !is_due {
            return Ok(Removed::default());
        }
        let mut tx = Transaction::begin(pool).await?;
        let runs = roll_up_runs(&mut tx, before).await?;
        let mut resolved = 0;
        for remove in [
            "delete from sync.quarantine where id in
                 (select id from sync.quarantine where resolved_at < $1 order by id limit $2)",
            "delete from sync.discrepancies where id in
                 (select id from sync.discrepancies where resolved_at < $1 order by id limit $2)",
        ] {
            let done = sqlx::query(remove)
                .bind(before)
                .bind(ITEMS_AT_ONCE)
                .execute(&mut *tx)
                .await?;
            resolved += done.rows_affected();
        }
        tx.commit().await?;
        Ok(Removed { runs, resolved })
    })
    .await
}

async fn roll_up_runs(db: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    // What another process is at is left to it. One whose end was not recorded yet waits for the next run to close it.
    let runs: Vec<i64> = sqlx::query_scalar(
        "select id from sync.runs where started_at < $1 and outcome <> 'running'
         order by id limit $2 for update skip locked",
    )
    .bind(before)
    .bind(RUNS_AT_ONCE)
    .fetch_all(&mut *db)
    .await?;
    if runs.is_empty() {
        return Ok(0);
    }
    sqlx::query(
        "insert into sync.run_days as d
         select (started_at at time zone 'UTC')::date, kind, outcome, count(*), sum(requests), sum(rows_inserted),
                sum(rows_updated), sum(rows_unchanged), sum(rows_deleted),
                coalesce(sum(1000 * extract(epoch from finished_at - started_at)), 0)
         from sync.runs where id = any($1)
         group by 1, 2, 3
         on conflict (day, kind, outcome) do update
         set runs = d.runs + excluded.runs, requests = d.requests + excluded.requests,
             rows_inserted = d.rows_inserted + excluded.rows_inserted,
             rows_updated = d.rows_updated + excluded.rows_updated,
             rows_unchanged = d.rows_unchanged + excluded.rows_unchanged,
             rows_deleted = d.rows_deleted + excluded.rows_deleted,
             duration_ms = d.duration_ms + excluded.duration_ms",
    )
    .bind(&runs)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "insert into sync.run_scope_months as m
         select date_trunc('month', r.started_at at time zone 'UTC')::date, s.company_id, s.resource, count(*),
                count(*) filter (where s.verdict = 'complete'), sum(s.pages), sum(s.requests), sum(s.rows_inserted),
                sum(s.rows_updated), sum(s.rows_unchanged), sum(s.rows_deleted), sum(s.duration_ms)
         from sync.run_scopes s join sync.runs r on r.id = s.run_id
         where s.run_id = any($1)
         group by 1, 2, 3
         on conflict (month, company_id, resource) do update
         set runs = m.runs + excluded.runs, complete = m.complete + excluded.complete,
             pages = m.pages + excluded.pages, requests = m.requests + excluded.requests,
             rows_inserted = m.rows_inserted + excluded.rows_inserted,
             rows_updated = m.rows_updated + excluded.rows_updated,
             rows_unchanged = m.rows_unchanged + excluded.rows_unchanged,
             rows_deleted = m.rows_deleted + excluded.rows_deleted,
             duration_ms = m.duration_ms + excluded.duration_ms",
    )
    .bind(&runs)
    .execute(&mut *db)
    .await?;
    // Their scopes go with them.
    let removed = sqlx::query("delete from sync.runs where id = any($1)")
        .bind(&runs)
        .execute(db)
        .await?;
    Ok(removed.rows_affected())
}
