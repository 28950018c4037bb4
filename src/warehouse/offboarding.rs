//! `sync.offboarded_companies`: customers that left, and taking everything of one out of the database.
//!
//! Which tables hold companies is read from the catalog, so that a table that is added later is not forgotten.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use serde::Serialize;
use serde_json::Value;
use sqlx::{AssertSqlSafe, FromRow, PgConnection, PgPool};

use super::error::WarehouseError;
use super::patience::persist;

/// A customer that left.
#[derive(Debug, Clone, Serialize, FromRow)]
pub struct Offboarded {
    /// The company.
    pub company_id: String,
    /// Since when it is left out.
    pub offboarded_at: DateTime<Utc>,
    /// Who did it.
    pub actor: String,
    /// What was exported and deleted; none: that has not ended.
    pub certificate: Option<Value>,
}

/// Companies that are left out of every sync.
pub async fn ids(pool: &PgPool) -> Result<HashSet<String>, WarehouseError> {
    let ids: Vec<String> = persist("read which companies left", async || {
        sqlx::query_scalar("select company_id from sync.offboarded_companies")
            .fetch_all(pool)
            .await
    })
    .await?;
    Ok(ids.into_iter().collect())
}

/// All of them.
pub async fn list(pool: &PgPool) -> Result<Vec<Offboarded>, sqlx::Error> {
    sqlx::query_as(
        "select company_id, offboarded_at, actor, certificate from sync.offboarded_companies order by company_id",
    )
    .fetch_all(pool)
    .await
}

/// One of them.
pub async fn lookup(pool: &PgPool, company_id: &str) -> Result<Option<Offboarded>, sqlx::Error> {
    sqlx::query_as(
        "select company_id, offboarded_at, actor, certificate from sync.offboarded_companies where company_id = $1",
    )
    .bind(company_id)
    .fetch_optional(pool)
    .await
}

/// Leaves a company out of every sync that begins from now on. True when it was not yet.
pub async fn exclude(
    pool: &PgPool,
    company_id: &str,
    actor: &str,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "insert into sync.offboarded_companies (company_id, offboarded_at, actor) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(company_id)
    .bind(at)
    .bind(actor)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets the next sync load it again. True when it was left out.
pub async fn include(pool: &PgPool, company_id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from sync.offboarded_companies where company_id = $1")
        .bind(company_id)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Records what was exported and deleted.
pub async fn certify(
    db: &mut PgConnection,
    company_id: &str,
    certificate: &Value,
) -> Result<(), sqlx::Error> {
    sqlx::query("update sync.offboarded_companies set certificate = $2 where company_id = $1")
        .bind(company_id)
        .bind(certificate)
        .execute(db)
        .await?;
    Ok(())
}

/// The tables with rows of companies, in an order in which they can be emptied. Not the hashes of erased people, which hold
/// nobody's data and have to outlive a return; not who did what; not the list of those that left.
pub async fn tables(db: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped
         where n.nspname in ('keepnet', 'sync', 'bi') and c.relkind in ('r', 'p') and not c.relispartition
           and c.relname not in ('erasures', 'operator_actions', 'offboarded_companies')
         order by c.relname = 'companies', c.relname = 'enrollments', 1",
    )
    .fetch_all(db)
    .await
}

/// Rows of a company per table.
pub async fn count(
    db: &mut PgConnection,
    company_id: &str,
) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let mut counts = BTreeMap::new();
    for table in tables(db).await? {
        let sql = format!("select count(*) from {table} where company_id = $1");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(company_id)
            .fetch_one(&mut *db)
            .await?;
        if rows > 0 {
            counts.insert(table, rows.unsigned_abs());
        }
    }
    Ok(counts)
}

/// Hands every row of a company in a table over, as JSON text. Gives how many they are.
pub async fn read<E: From<sqlx::Error>>(
    db: &mut PgConnection,
    company_id: &str,
    table: &str,
    mut row: impl FnMut(&str) -> Result<(), E>,
) -> Result<u64, E> {
    let sql = format!("select to_jsonb(t)::text from {table} t where company_id = $1");
    let mut rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql))
        .bind(company_id)
        .fetch(db);
    let mut count = 0;
    while let Some(text) = rows.try_next().await? {
        row(&text)?;
        count += 1;
    }
    Ok(count)
}

/// Deletes every row of a company in a table.
pub async fn delete(
    db: &mut PgConnection,
    company_id: &str,
    table: &str,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(AssertSqlSafe(format!(
        "delete from {table} where company_id = $1"
    )))
    .bind(company_id)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
