//! Which of several instances keeps the schedule, so that one of them works and the others stand by.
//!
//! A database holds one account, so there is one such lease. Like a claim it is kept alive by a heartbeat, void when it was
//! not renewed in time, and has a token that only grows. Every transaction of a scheduled run checks the token and keeps
//! it from growing until it commits, so that an instance that stood still, or was cut off, writes nothing once another one
//! has taken over.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, PgPool};

use super::error::{WarehouseError, WarehouseErrorKind};
use super::leases::interval;
use super::patience::persist;
use super::transaction::Transaction;

/// The right to keep the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleLease(i64);

impl ScheduleLease {
    /// Its fencing token.
    #[must_use]
    pub fn token(self) -> i64 {
        self.0
    }
}

/// Takes the lease for `instance`; none while another one holds it. What scheduled runs of the one before have claimed is
/// void with it, and runs that it left under way are closed.
pub async fn take(
    db: &mut PgConnection,
    instance: &str,
    lasts: Duration,
    at: DateTime<Utc>,
) -> Result<Option<ScheduleLease>, sqlx::Error> {
    // Looked at first: the statement below would wait for the transactions that hold it even where it is not to be had.
    let is_held: Option<bool> = sqlx::query_scalar(
        "select holder is not null and expires_at > clock_timestamp() from sync.leases where kind = 'schedule'",
    )
    .fetch_optional(&mut *db)
    .await?;
    if is_held == Some(true) {
        return Ok(None);
    }
    let mut tx = db.begin().await?;
    let token: Option<i64> = sqlx::query_scalar(
        "insert into sync.leases as l (kind, subject, token, holder, acquired_at, expires_at)
         values ('schedule', '', 1, $1, clock_timestamp(), clock_timestamp() + $2)
         on conflict (kind, subject) do update
         set token = l.token + 1, holder = excluded.holder, acquired_at = excluded.acquired_at,
             expires_at = excluded.expires_at
         where l.holder is null or l.expires_at <= clock_timestamp()
         returning token",
    )
    .bind(instance)
    .bind(interval(lasts))
    .fetch_optional(&mut *tx)
    .await?;
    let Some(token) = token else {
        return Ok(None);
    };
    sqlx::query("update sync.leases set holder = null where under < $1 and holder is not null")
        .bind(token)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "update sync.runs set outcome = 'stopped', finished_at = $2,
                error = 'the instance ended, or was silent for run.takeover; what was committed stays'
         where outcome = 'running' and lease_token < $1",
    )
    .bind(token)
    .bind(at)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Some(ScheduleLease(token)))
}

/// Keeps the lease alive; false when another instance has taken it.
pub async fn renew(
    db: &mut PgConnection,
    lease: ScheduleLease,
    lasts: Duration,
) -> Result<bool, sqlx::Error> {
    let renewed = sqlx::query(
        "update sync.leases set expires_at = clock_timestamp() + $2
         where kind = 'schedule' and token = $1 and holder is not null",
    )
    .bind(lease.0)
    .bind(interval(lasts))
    .execute(db)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Gives the lease back, so that another instance can take it at once.
pub async fn release(db: &mut PgConnection, lease: ScheduleLease) -> Result<(), sqlx::Error> {
    sqlx::query("update sync.leases set holder = null where kind = 'schedule' and token = $1")
        .bind(lease.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Whether `lease` still holds; if so, it does until the transaction ends. What works under none always may.
pub async fn stands(
    db: &mut PgConnection,
    lease: Option<ScheduleLease>,
) -> Result<bool, sqlx::Error> {
    let Some(lease) = lease else {
        return Ok(true);
    };
    let held: Option<i64> = sqlx::query_scalar(
        "select token from sync.leases
         where kind = 'schedule' and token = $1 and holder is not null for key share",
    )
    .bind(lease.0)
    .fetch_optional(db)
    .await?;
    Ok(held.is_some())
}

/// Does `work` (`doing` names it as an infinitive) in a transaction that commits only while `lease` stands; again while
/// the database is away.
pub async fn fenced<T>(
    pool: &PgPool,
    lease: Option<ScheduleLease>,
    doing: &'static str,
    work: impl AsyncFn(&mut PgConnection) -> Result<T, sqlx::Error>,
) -> Result<T, WarehouseError> {
    let done = persist(doing, async || {
        let mut tx = Transaction::begin(pool).await?;
        if !stands(&mut tx, lease).await? {
            return Ok(None);
        }
        let done = work(&mut tx).await?;
        tx.commit().await?;
        Ok(Some(done))
    })
    .await?;
    done.ok_or_else(|| WarehouseError::new(doing, WarehouseErrorKind::LeaseLost))
}
