//! `sync.cursors`: what is remembered of a scope between runs.
//!
//! A cursor is written in the transaction of the rows that it covers; see [`crate::warehouse::load::commit`].

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

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

/// When the scopes of these resources were complete last.
pub async fn completed(
    pool: &PgPool,
    company_id: &str,
    resources: &[Resource],
) -> Result<HashMap<(Resource, String), DateTime<Utc>>, sqlx::Error> {
    let names: Vec<&str> = resources.iter().map(|resource| resource.name()).collect();
    let rows: Vec<(String, String, DateTime<Utc>)> = sqlx::query_as(
        "select resource, scope, last_complete_at from sync.cursors
         where company_id = $1 and resource = any($2) and last_complete_at is not null",
    )
    .bind(company_id)
    .bind(names)
    .fetch_all(pool)
    .await?;
    let completed = rows.into_iter();
    Ok(completed
        .filter_map(|(resource, scope, at)| Some(((resource.parse().ok()?, scope), at)))
        .collect())
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
