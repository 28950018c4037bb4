//! Backfills that are not finished: so that one that is called again goes on where it was. Kept in `sync.cursors`, as a scope
//! that belongs to no company.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::error::WarehouseError;
use super::patience::persist;

const DOING: &str = "remember the backfill";

/// A backfill that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// When that was: what was read since then is done.
    pub started_at: DateTime<Utc>,
}

/// The unfinished backfill of this name.
pub async fn find(pool: &PgPool, name: &str) -> Result<Option<Backfill>, WarehouseError> {
    let started_at: Option<DateTime<Utc>> = persist(DOING, async || {
        sqlx::query_scalar(
            "select tried_at from sync.cursors where company_id = '' and resource = 'backfill' and scope = $1",
        )
        .bind(name)
        .fetch_optional(pool)
        .await
    })
    .await?;
    Ok(started_at.map(|started_at| Backfill { started_at }))
}

/// Begins one.
pub async fn begin(
    pool: &PgPool,
    name: &str,
    at: DateTime<Utc>,
) -> Result<Backfill, WarehouseError> {
    persist(DOING, async || {
        sqlx::query(
            "insert into sync.cursors (company_id, resource, scope, tried_at) values ('', 'backfill', $1, $2)
             on conflict (company_id, resource, scope) do nothing",
        )
        .bind(name)
        .bind(at)
        .execute(pool)
        .await
    })
    .await?;
    let begun = find(pool, name).await?;
    Ok(begun.unwrap_or(Backfill { started_at: at }))
}

/// Ends one.
pub async fn finish(pool: &PgPool, name: &str) -> Result<(), WarehouseError> {
    persist(DOING, async || {
        sqlx::query(
            "delete from sync.cursors where company_id = '' and resource = 'backfill' and scope = $1",
        )
        .bind(name)
        .execute(pool)
        .await
    })
    .await?;
    Ok(())
}
