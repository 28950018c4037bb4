//! `sync.privacy`: by which settings everything that is stored was stored.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgPool};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PrivacyRecord {
    /// The settings.
    pub policy: Value,
    /// Tells the key that hashes were made with, if there are any.
    pub key_check: Option<String>,
    /// Settings by which what is stored is being rewritten.
    pub applying: Option<Value>,
}

/// What is recorded, if something is.
pub async fn read(pool: &PgPool) -> Result<Option<PrivacyRecord>, sqlx::Error> {
    sqlx::query_as("select policy, key_check, applying from sync.privacy")
        .fetch_optional(pool)
        .await
}

/// Whether anything was ever loaded.
pub async fn is_loaded(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from keepnet.companies)")
        .fetch_one(pool)
        .await
}

/// Whether tracking data is stored.
pub async fn has_tracking_info(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from keepnet.interactions
                        where num_nonnulls(browser_name, user_agent, geolocation, ip_addresses) > 0)",
    )
    .fetch_one(pool)
    .await
}

/// Records that everything is stored by `policy`. With `is_first` only when nothing is recorded yet.
pub async fn write(
    pool: &PgPool,
    policy: &Value,
    key_check: Option<&str>,
    is_first: bool,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.privacy as p (policy, key_check, since) values ($1, $2, $3)
         on conflict (is_only) do update
         set policy = excluded.policy, key_check = excluded.key_check, since = excluded.since, applying = null
         where not $4",
    )
    .bind(policy)
    .bind(key_check)
    .bind(at)
    .bind(is_first)
    .execute(pool)
    .await?;
    Ok(())
}

/// Records that what is stored is about to be rewritten by `policy`; none: that it is not, after all.
pub async fn write_applying(pool: &PgPool, policy: Option<&Value>) -> Result<(), sqlx::Error> {
    sqlx::query("update sync.privacy set applying = $1")
        .bind(policy)
        .execute(pool)
        .await?;
    Ok(())
}
