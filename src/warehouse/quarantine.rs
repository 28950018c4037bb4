//! What was received and did not fit: items in `sync.quarantine`, members in `sync.unknown_fields`, counts in
//! `sync.discrepancies`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, PgPool};

use super::cursors::CursorMove;
use crate::resource::Resource;

/// A received item that could not be understood.
#[derive(Debug, Clone)]
pub struct BadItem {
    /// What was pulled.
    pub resource: Resource,
    /// Of which enrollment; empty: of the company as a whole.
    pub scope: String,
    /// The item as received.
    pub payload: String,
    /// Where in it the trouble is.
    pub json_path: String,
    /// What the trouble is.
    pub reason: String,
}

/// A member that no column takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnknownField {
    /// Where it was received.
    pub resource: Resource,
    /// Its place in the item.
    pub json_path: String,
    /// Its JSON type.
    pub json_type: &'static str,
}

/// Counts that do not agree.
#[derive(Debug, Clone)]
pub struct Discrepancy {
    /// What was pulled.
    pub resource: Resource,
    /// Of which enrollment; empty: of the company as a whole.
    pub scope: String,
    /// Its kind, a few words; one entry per kind and scope.
    pub kind: &'static str,
    /// What was seen.
    pub detail: String,
    /// The count that was expected.
    pub expected: Option<i64>,
    /// The count that was found.
    pub found: Option<i64>,
}

/// Keeps an item that could not be understood.
pub async fn keep(
    db: &mut PgConnection,
    company_id: &str,
    item: &BadItem,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.quarantine
             (company_id, resource, scope, payload, json_path, reason, first_seen_at, last_seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)
         on conflict (company_id, resource, scope, payload_md5) do update
         set last_seen_at = excluded.last_seen_at, json_path = excluded.json_path,
             reason = excluded.reason, resolved_at = null",
    )
    .bind(company_id)
    .bind(item.resource.name())
    .bind(&item.scope)
    .bind(item.payload.replace('\0', "\u{fffd}"))
    .bind(&item.json_path)
    .bind(&item.reason)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Resolves what earlier pulls of these scopes reported and the complete pull that moved the cursor did not.
pub async fn resolve_unseen(
    db: &mut PgConnection,
    company_id: &str,
    pulls: &[&CursorMove],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    for table in ["quarantine", "discrepancies"] {
        sqlx::query(AssertSqlSafe(format!(
            "update sync.{table} t set resolved_at = $5
             from unnest($2::text[], $3::text[], $4::timestamptz[]) as pull(resource, scope, started_at)
             where t.company_id = $1 and t.resource = pull.resource and t.scope = pull.scope
               and t.resolved_at is null and t.last_seen_at < pull.started_at"
        )))
        .bind(company_id)
        .bind(pulls.iter().map(|pull| pull.resource.name()).collect::<Vec<_>>())
        .bind(pulls.iter().map(|pull| pull.scope.as_str()).collect::<Vec<_>>())
        .bind(pulls.iter().map(|pull| pull.started_at).collect::<Vec<_>>())
        .bind(at)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Notes a member that no column takes.
pub async fn note_unknown_field(
    db: &mut PgConnection,
    field: &UnknownField,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.unknown_fields (resource, json_path, json_type, first_seen_at, last_seen_at)
         values ($1, $2, $3, $4, $4)
         on conflict (resource, json_path, json_type) do update set last_seen_at = excluded.last_seen_at",
    )
    .bind(field.resource.name())
    .bind(&field.json_path)
    .bind(field.json_type)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes counts that do not agree. What was accepted of other counts is not accepted of these.
pub async fn note_discrepancy(
    db: &mut PgConnection,
    company_id: &str,
    discrepancy: &Discrepancy,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.discrepancies as d
             (company_id, resource, scope, kind, detail, expected, found, first_seen_at, last_seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         on conflict (company_id, resource, scope, kind) do update
         set detail = excluded.detail, expected = excluded.expected, found = excluded.found,
             last_seen_at = excluded.last_seen_at, resolved_at = null,
             accepted_at = case when (d.expected, d.found) is not distinct from (excluded.expected, excluded.found)
                           then d.accepted_at end,
             accepted_until = case when (d.expected, d.found) is not distinct from (excluded.expected, excluded.found)
                              then d.accepted_until end,
             accepted_reason = case when (d.expected, d.found) is not distinct from (excluded.expected, excluded.found)
                               then d.accepted_reason end",
    )
    .bind(company_id)
    .bind(discrepancy.resource.name())
    .bind(&discrepancy.scope)
    .bind(discrepancy.kind)
    .bind(&discrepancy.detail)
    .bind(discrepancy.expected)
    .bind(discrepancy.found)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// An item in quarantine.
#[derive(Debug, Serialize, FromRow)]
pub struct QuarantinedItem {
    /// Its key.
    pub id: i64,
    /// The company.
    pub company_id: String,
    /// The resource.
    pub resource: String,
    /// The enrollment, if any.
    pub scope: String,
    /// Where the trouble is.
    pub json_path: String,
    /// What it is.
    pub reason: String,
    /// First seen.
    pub first_seen_at: DateTime<Utc>,
    /// Last seen.
    pub last_seen_at: DateTime<Utc>,
    /// When it was resolved, if it was.
    pub resolved_at: Option<DateTime<Utc>>,
}

/// The newest unresolved items, without what was received: that may hold personal data.
pub async fn list(pool: &PgPool, limit: i64) -> Result<Vec<QuarantinedItem>, sqlx::Error> {
    sqlx::query_as(
        "select id, company_id, resource, scope, json_path, reason, first_seen_at, last_seen_at, resolved_at
         from sync.quarantine where resolved_at is null order by last_seen_at desc, id desc limit $1",
    )
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// An item, and what was received.
pub async fn lookup(
    pool: &PgPool,
    id: i64,
) -> Result<Option<(QuarantinedItem, String)>, sqlx::Error> {
    let row = sqlx::query(
        "select id, company_id, resource, scope, json_path, reason, first_seen_at, last_seen_at, resolved_at, payload
         from sync.quarantine where id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        let payload = sqlx::Row::try_get(&row, "payload")?;
        Ok((QuarantinedItem::from_row(&row)?, payload))
    })
    .transpose()
}

/// Lets the next run read again the scopes that unresolved items came from: of these numbers, or all when there are none.
/// Gives how many scopes that are.
pub async fn want_again(pool: &PgPool, ids: &[i64], at: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    // The values of widgets are read by the pull of their catalogue.
    let done = sqlx::query(
        "update sync.cursors c set wanted_at = $2
         from sync.quarantine q
         where q.resolved_at is null and (cardinality($1::bigint[]) = 0 or q.id = any($1))
           and c.company_id = q.company_id and c.resource = q.resource
           and (c.scope = q.scope or (c.scope = '' and q.resource = 'widgets'))",
    )
    .bind(ids)
    .bind(at)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
