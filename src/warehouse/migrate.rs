//! Bringing a database to the present schema.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sqlx::PgPool;
use sqlx::migrate::Migrator;

use super::error::WarehouseError;
use super::views;

/// The compiled-in migrations. Their own table lies in schema `sync`: a plain role may not write to `public`.
fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.dangerous_set_table_name("sync.migrations");
    migrator.create_schema("sync");
    // What a newer version added is left alone: migrations only add what an older one can do without, until a release
    // that says otherwise.
    migrator.set_ignore_missing(true);
    migrator
}

/// How a database stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaState {
    /// Migrations applied.
    pub applied: usize,
    /// Migrations that this program has.
    pub known: usize,
    /// Migrations of the database that this program does not know: a newer version made them.
    pub unknown: usize,
    /// A migration that was applied in another form than this program has.
    pub changed: Option<i64>,
}

/// Applies what is missing, and brings the views up to date. Safe to be run by several processes at once: an advisory
/// lock lets one work.
pub async fn migrate(pool: &PgPool) -> Result<SchemaState, WarehouseError> {
    let failed = |error| WarehouseError::from_sqlx("migrate the database", error);
    let migrated = migrator().run(pool).await;
    migrated.map_err(|error| failed(error.into()))?;
    let state = state(pool).await.map_err(failed)?;
    // A newer version's views stay: two versions side by side would replace each other's for ever.
    if state.unknown == 0 {
        views::apply(pool).await?;
    }
    Ok(state)
}

/// Reads how far the database is.
pub async fn state(pool: &PgPool) -> Result<SchemaState, sqlx::Error> {
    let known: BTreeMap<i64, Cow<'static, [u8]>> = migrator()
        .iter()
        .map(|migration| (migration.version, migration.checksum.clone()))
        .collect();
    let exists: bool = sqlx::query_scalar("select to_regclass('sync.migrations') is not null")
        .fetch_one(pool)
        .await?;
    let applied: Vec<(i64, Vec<u8>)> = if exists {
        sqlx::query_as(
            "select version, checksum from sync.migrations where success order by version",
        )
        .fetch_all(pool)
        .await?
    } else {
        Vec::new()
    };
    let mut state = SchemaState {
        applied: 0,
        known: known.len(),
        unknown: 0,
        changed: None,
    };
    for (version, checksum) in applied {
        match known.get(&version) {
            Some(known) => {
                state.applied += 1;
                if **known != *checksum && state.changed.is_none() {
                    state.changed = Some(version);
                }
            }
            None => state.unknown += 1,
        }
    }
    Ok(state)
}
