//! Schema `bi`: how its views come into a database, and what they say.

mod apply;
mod past;
mod questions;
mod reference;
mod rollup;
mod star;

use sqlx::{AssertSqlSafe, PgPool};

/// The names of all views.
async fn views(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select relname::text from pg_class
         where relnamespace = 'bi'::regnamespace and relkind = 'v' order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Rows as text, each as PostgreSQL writes it: `(1,name,)`.
async fn lines(pool: &PgPool, sql: &str) -> Vec<String> {
    let sql = format!("select r::text from ({sql}) r");
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Runs statements.
async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(pool)
        .await
        .unwrap();
}

/// A number that a query gives.
async fn count(pool: &PgPool, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_one(pool)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}
