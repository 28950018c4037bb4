//! Counts that do not agree, as an operator sees them: what is open, and what was accepted.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgPool};

use super::load::sweep::HELD;

/// Counts that do not agree.
#[derive(Debug, Serialize, FromRow)]
pub struct Discrepancy {
    /// Its key in `sync.discrepancies`.
    pub id: i64,
    /// The company.
    pub company_id: String,
    /// The resource.
    pub resource: String,
    /// The enrollment, if any.
    pub scope: String,
    /// Its kind.
    pub kind: String,
    /// What was seen.
    pub detail: String,
    /// The count that was expected.
    pub expected: Option<i64>,
    /// The count that was found.
    pub found: Option<i64>,
    /// Last seen.
    pub last_seen_at: DateTime<Utc>,
    /// Until when it is accepted.
    pub accepted_until: Option<DateTime<Utc>>,
    /// Why, in the operator's words.
    pub accepted_reason: Option<String>,
}

impl Discrepancy {
    /// Whether an operator accepts it at `now`.
    #[must_use]
    pub fn is_accepted(&self, now: DateTime<Utc>) -> bool {
        self.accepted_until.is_some_and(|until| until > now)
    }
}

/// The unresolved ones but [`held`], newest first, those that were accepted behind the others.
pub async fn list(pool: &PgPool, limit: i64) -> Result<Vec<Discrepancy>, sqlx::Error> {
    sqlx::query_as(
        "select id, company_id, resource, scope, kind, detail, expected, found, last_seen_at,
                accepted_until, accepted_reason
         from sync.discrepancies where resolved_at is null and kind <> $2
         order by accepted_until is not null, last_seen_at desc, id desc limit $1",
    )
    .bind(limit)
    .bind(HELD)
    .fetch_all(pool)
    .await
}

/// Deletions that wait for the operator, newest first.
pub async fn held(pool: &PgPool) -> Result<Vec<Discrepancy>, sqlx::Error> {
    sqlx::query_as(
        "select id, company_id, resource, scope, kind, detail, expected, found, last_seen_at,
                accepted_until, accepted_reason
         from sync.discrepancies where resolved_at is null and kind = $1
         order by last_seen_at desc, id desc",
    )
    .bind(HELD)
    .fetch_all(pool)
    .await
}

/// Accepts an unresolved one until an instant. Gives its kind, and none when there is no such one; deletions that are
/// held back stay as they are.
pub async fn accept(
    pool: &PgPool,
    id: i64,
    reason: &str,
    until: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "with accepted as (
             update sync.discrepancies set accepted_at = $4, accepted_until = $3, accepted_reason = $2
             where id = $1 and resolved_at is null and kind <> $5)
         select kind from sync.discrepancies where id = $1 and resolved_at is null",
    )
    .bind(id)
    .bind(reason)
    .bind(until)
    .bind(at)
    .bind(HELD)
    .fetch_optional(pool)
    .await
}
