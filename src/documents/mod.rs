//! The documents that are made from code and from the catalog of a database, so that they cannot go stale.
//!
//! `keepnet-etl docs` writes them; a test compares them with what is in the repository.

mod catalog;
mod commands;
mod dbt;
mod entities;
mod tables;

use sqlx::PgPool;

pub use catalog::Catalog;

use crate::metrics;
use crate::settings;
use crate::warehouse::error::WarehouseError;

/// A file that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it lies in the repository.
    pub path: &'static str,
    /// What is in it.
    pub text: String,
}

/// All of them, from a database with the present schema.
pub async fn all(pool: &PgPool) -> Result<Vec<Document>, WarehouseError> {
    let catalog = Catalog::read(pool)
        .await
        .map_err(|error| WarehouseError::from_sqlx("read the catalog", error))?;
    let document = |path, text| Document { path, text };
    Ok(vec![
        document("docs/cli.md", commands::document()),
        document("docs/configuration.md", settings::document()),
        document("docs/metrics.md", metrics::document()),
        document("docs/entities.md", entities::document(&catalog)),
        document("docs/tables.md", tables::document(&catalog)),
        document("dbt/models/sources.yml", dbt::document(&catalog)),
    ])
}
