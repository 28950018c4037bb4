//! `sync.cursors`: what is remembered of a scope between runs.
//!
//! A cursor is written in the transaction of the rows that it covers; see [`crate::warehouse::load::commit`].

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::resource::Resource;

/// A finished pull of one scope.
#[derive(Debug, Clone)]
pub struct CursorMove {
    /// What was pulled.
    pub resource: Resource,
    /// Of which enrollment; empty: of the company as a whole.
    pub scope: String,
    /// What was seen, to be compared by the next run.
    pub fingerprint: Option<String>,
    /// When the pull began.
    pub started_at: DateTime<Utc>,
    /// When it was complete.
    pub completed_at: DateTime<Utc>,
}

/// Moves cursors forward; an older pull never moves one back.
pub async fn advance(
    db: &mut PgConnection,
    company_id: &str,
    cursors: &[CursorMove],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.cursors as c (company_id, resource, scope, fingerprint, last_complete_at)
         select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[])
         on conflict (company_id, resource, scope) do update
         set fingerprint = excluded.fingerprint, last_complete_at = excluded.last_complete_at
         where c.last_complete_at is null or c.last_complete_at <= excluded.last_complete_at",
    )
    .bind(company_id)
    .bind(
        cursors
            .iter()
            .map(|cursor| cursor.resource.name())
            .collect::<Vec<_>>(),
    )
    .bind(
        cursors
            .iter()
            .map(|cursor| cursor.scope.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        cursors
            .iter()
            .map(|cursor| cursor.fingerprint.as_deref())
            .collect::<Vec<_>>(),
    )
    .bind(
        cursors
            .iter()
            .map(|cursor| cursor.completed_at)
            .collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}
