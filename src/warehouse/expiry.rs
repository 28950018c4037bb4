//! What is not kept for ever: people who left, earlier versions, items that could not be understood.
//!
//! Once a day, at the end of a run, and no more than a bounded number of rows at once: what is left is for the next day.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{AssertSqlSafe, PgPool};

use super::error::WarehouseError;
use super::persons;
use super::transaction::Transaction;
use crate::privacy::Policy;

/// How often it is looked for what has expired.
const EVERY: TimeDelta = TimeDelta::hours(20);
/// Rows of one table that are deleted at once.
const ROWS: i64 = 100_000;
/// People who are deleted at once.
const PEOPLE: i64 = 5_000;

/// How long what is kept; none: for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention {
    /// People who are in no enrollment any more.
    pub leavers: Option<TimeDelta>,
    /// Earlier versions of people and of their reports.
    pub history: Option<TimeDelta>,
    /// Items that could not be understood, since they were seen last.
    pub quarantine: Option<TimeDelta>,
}

/// Rows that expired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// People.
    pub leavers: u64,
    /// Earlier versions.
    pub history: u64,
    /// Items.
    pub quarantine: u64,
}

/// Deletes what has expired, unless that was done today.
pub async fn apply(
    pool: &PgPool,
    retention: Retention,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Expired, WarehouseError> {
    expire(pool, retention, policy, now)
        .await
        .map_err(|error| WarehouseError::from_sqlx("delete what has expired", error))
}

async fn expire(
    pool: &PgPool,
    retention: Retention,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Expired, sqlx::Error> {
    let turn = sqlx::query(
        "update sync.privacy set retained_at = $1 where retained_at is null or retained_at <= $2",
    )
    .bind(now)
    .bind(now - EVERY)
    .execute(pool)
    .await?;
    let mut expired = Expired::default();
    if turn.rows_affected() == 0 {
        return Ok(expired);
    }
    let before = |age: Option<TimeDelta>| age.and_then(|age| now.checked_sub_signed(age));
    if let Some(before) = before(retention.quarantine) {
        expired.quarantine = delete_before(pool, "sync.quarantine", "last_seen_at", before).await?;
    }
    if let Some(before) = before(retention.history) {
        for table in [
            "keepnet.target_user_history",
            "keepnet.enrollment_user_history",
        ] {
            expired.history += delete_before(pool, table, "valid_to", before).await?;
        }
    }
    if let Some(before) = before(retention.leavers) {
        expired.leavers = delete_leavers(pool, policy, before).await?;
    }
    Ok(expired)
}

async fn delete_before(
    pool: &PgPool,
    table: &str,
    column: &str,
    before: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let sql = format!(
        "delete from {table} where ctid = any(array(select ctid from {table} where {column} < $1 limit $2))"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(before)
        .bind(ROWS)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}

/// Deletes everything of people who left, company by company.
async fn delete_leavers(
    pool: &PgPool,
    policy: &Policy,
    before: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let leavers: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select company_id, array_agg(target_user_id) from
             (select company_id, target_user_id from keepnet.target_users where deleted_at < $1 limit $2) l
         group by company_id order by company_id",
    )
    .bind(before)
    .bind(PEOPLE)
    .fetch_all(pool)
    .await?;
    let mut count = 0;
    for (company_id, ids) in leavers {
        let mut tx = Transaction::begin(pool).await?;
        // Who is back by now is locked by the sync that says so, and stays.
        let ids: Vec<String> = sqlx::query_scalar(
            "select target_user_id from keepnet.target_users
             where company_id = $1 and target_user_id = any($2) and deleted_at < $3
             order by target_user_id for update",
        )
        .bind(&company_id)
        .bind(&ids)
        .bind(before)
        .fetch_all(&mut *tx)
        .await?;
        let stored: Vec<String> = ids
            .iter()
            .flat_map(|id| policy.ids_of(&company_id, id))
            .collect();
        persons::delete_ids(&mut tx, &company_id, &stored).await?;
        tx.commit().await?;
        count += ids.len() as u64;
    }
    Ok(count)
}
