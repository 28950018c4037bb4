//! Bringing a database to the present schema.

use sqlx::migrate::Migrator;
use sqlx::{PgPool, Row};

use super::error::WarehouseError;
use super::views;

/// The compiled-in migrations. Their own table lies in schema `sync`: a plain role may not write to `public`.
fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.dangerous_set_table_name("sync.migrations");
    migrator.create_schema("sync");
    migrator
}

/// How a database stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaState {
    /// Migrations applied.
    pub applied: usize,
    /// Migrations that this program has.
    pub known: usize,
    /// The database has migrations that this program does not know.
    pub is_newer: bool,
}

/// Applies what is missing, and brings the views up to date. Safe to be run by several processes at once: an advisory
/// lock lets one work.
pub async fn migrate(pool: &PgPool) -> Result<SchemaState, WarehouseError> {
    let failed = |error| WarehouseError::from_sqlx("migrate the database", error);
    let migrated = migrator().run(pool).await;
    migrated.map_err(|error| failed(error.into()))?;
    views::apply(pool).await?;
    state(pool).await.map_err(failed)
}

/// Reads how far the database is.
pub async fn state(pool: &PgPool) -> Result<SchemaState, sqlx::Error> {
    let migrator = migrator();
    let known: Vec<i64> = migrator.iter().map(|migration| migration.version).collect();
    let exists: bool = sqlx::query_scalar("select to_regclass('sync.migrations') is not null")
        .fetch_one(pool)
        .await?;
    let applied: Vec<i64> = if exists {
        sqlx::query("select version from sync.migrations where success")
            .fetch_all(pool)
            .await?
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    Ok(SchemaState {
        applied: applied
            .iter()
            .filter(|version| known.contains(version))
            .count(),
        known: known.len(),
        is_newer: applied.iter().any(|version| !known.contains(version)),
    })
}
