//! Cursors as an operator looks at them, and forgets them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgPool};

use super::error::WarehouseError;
use crate::resource::Resource;

/// Which cursors are meant.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of these companies; empty: of all.
    pub companies: Vec<String>,
    /// Of these resources; empty: of all.
    pub resources: Vec<Resource>,
    /// Of this scope; none: of all.
    pub scope: Option<String>,
}

/// A cursor.
#[derive(Debug, Serialize, FromRow)]
pub struct ListedCursor {
    /// The company.
    pub company_id: String,
    /// The resource.
    pub resource: String,
    /// The enrollment; empty: the company as a whole.
    pub scope: String,
    /// How the last try ended.
    pub verdict: Option<String>,
    /// When that was.
    pub tried_at: Option<DateTime<Utc>>,
    /// When the last complete pull ended.
    pub last_complete_at: Option<DateTime<Utc>>,
    /// From when on it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// When the rolling full is due.
    pub full_due_at: Option<DateTime<Utc>>,
    /// When something in it changed last.
    pub changed_at: Option<DateTime<Utc>>,
    /// Somebody asked for it.
    pub wanted_at: Option<DateTime<Utc>>,
    /// How its listing was read, and where an unfinished pull stands. Without ids of users.
    pub state: serde_json::Value,
}

impl Filter {
    fn resources(&self) -> Vec<&'static str> {
        self.resources
            .iter()
            .map(|resource| resource.name())
            .collect()
    }
}

const MEANT: &str = "(cardinality($1::text[]) = 0 or company_id = any($1))
    and (cardinality($2::text[]) = 0 or resource = any($2))
    and ($3::text is null or scope = $3) and company_id <> ''";

/// Reads cursors, what is due first.
pub async fn read(pool: &PgPool, filter: &Filter) -> Result<Vec<ListedCursor>, WarehouseError> {
    let sql = format!(
        "select company_id, resource, scope, verdict, tried_at, last_complete_at, due_at, full_due_at, changed_at,
                wanted_at, state #- '{{unfinished,user,target_user_id}}' as state
         from sync.cursors where {MEANT}
         order by wanted_at is null, due_at nulls last, company_id, resource, scope"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&filter.companies)
        .bind(filter.resources())
        .bind(&filter.scope)
        .fetch_all(pool)
        .await
        .map_err(|error| WarehouseError::from_sqlx("read the cursors", error))
}

/// Forgets cursors; gives how many.
pub async fn reset(pool: &PgPool, filter: &Filter) -> Result<u64, WarehouseError> {
    let sql = format!("delete from sync.cursors where {MEANT}");
    let done = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&filter.companies)
        .bind(filter.resources())
        .bind(&filter.scope)
        .execute(pool)
        .await
        .map_err(|error| WarehouseError::from_sqlx("forget cursors", error))?;
    Ok(done.rows_affected())
}
