//! `sync.erasures`: who was erased, as keyed hashes, so that no sync brings them back.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::error::WarehouseError;
use super::patience::persist;
use crate::privacy::{Erased, Identity};

/// One hash of an erased person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The company.
    pub company_id: String,
    /// What the hash was made of.
    pub identity: Identity,
    /// The hash.
    pub hash: String,
    /// Tells its key from another one.
    pub key_check: String,
    /// When the person was erased.
    pub at: DateTime<Utc>,
}

/// Who was erased in a company.
pub async fn read(pool: &PgPool, company_id: &str) -> Result<Erased, WarehouseError> {
    let hashes: Vec<String> = persist("read who was erased", async || {
        sqlx::query_scalar("select hash from sync.erasures where company_id = $1")
            .bind(company_id)
            .fetch_all(pool)
            .await
    })
    .await?;
    Ok(Erased::new(hashes))
}

/// How many hashes were made with another key than that of `key_check`; all, without one.
pub async fn count_of_other_keys(
    pool: &PgPool,
    key_check: Option<&str>,
) -> Result<i64, WarehouseError> {
    persist("read who was erased", async || {
        sqlx::query_scalar("select count(*) from sync.erasures where key_check is distinct from $1")
            .bind(key_check)
            .fetch_one(pool)
            .await
    })
    .await
}

/// Records hashes; those that are recorded already stay as they are.
pub async fn record(db: &mut PgConnection, erasures: &[Erasure]) -> Result<(), sqlx::Error> {
    let column = |of: fn(&Erasure) -> &str| erasures.iter().map(of).collect::<Vec<_>>();
    sqlx::query(
        "insert into sync.erasures (company_id, hash, identity, key_check, erased_at)
         select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
         on conflict do nothing",
    )
    .bind(column(|one| &one.company_id))
    .bind(column(|one| &one.hash))
    .bind(column(|one| one.identity.name()))
    .bind(column(|one| &one.key_check))
    .bind(erasures.iter().map(|one| one.at).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}
