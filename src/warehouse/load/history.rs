//! Closing the versions that a write ends, in the transaction of that write.
//!
//! Every statement here comes before the write that it belongs to, and reads the rows as they are until then. Instants
//! only grow: a clock that was set back makes no version that ends before it began, and a version that would last no time
//! at all is not kept.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection};

use super::keys::{bind, key_arrays, unnested};
use crate::warehouse::tables::Table;
use crate::warehouse::tables::history::History;

/// The part of an upsert's `set` that begins a new version where one is needed. `excluded` has the received row.
pub fn since_after_merge(history: &History) -> String {
    let History { since, .. } = history;
    format!(
        "{since} = case when {} then greatest(excluded.synced_at, t.{since}) else t.{since} end",
        differs(history, "excluded")
    )
}

/// Whether stored row `t` and received row `other` are different versions.
pub fn differs(history: &History, other: &str) -> String {
    let row = |alias: &str| {
        let columns = history
            .columns
            .iter()
            .map(|column| format!("{alias}.{column}"));
        columns.collect::<Vec<_>>().join(", ")
    };
    format!(
        "(t.deleted_at is not null or row({}) is distinct from row({}))",
        row("t"),
        row(other)
    )
}

/// `insert into … select …` of the versions of rows `t` that end at `at`, an SQL expression.
pub fn close(history: &History, key: &[&str], at: &str) -> String {
    let History {
        base,
        name,
        since,
        columns,
    } = history;
    let key_list = key.join(", ");
    let stored: Vec<String> = key
        .iter()
        .chain(columns.iter())
        .map(|column| format!("t.{column}"))
        .collect();
    let columns = columns.join(", ");
    format!(
        "insert into keepnet.{name} ({key_list}, {columns}, {since}, valid_to, is_present, first_seen_at, synced_at)
         select {}, t.{since}, {at}, t.deleted_at is null, {at}, {at}
         from keepnet.{base} t",
        stored.join(", ")
    )
}

/// Closes the versions that merging `staging` into `table` is about to end.
pub async fn close_merged(
    db: &mut PgConnection,
    table: &Table,
    staging: &str,
    condition: &str,
) -> Result<(), sqlx::Error> {
    let Some(history) = table.history() else {
        return Ok(());
    };
    let key: Vec<&str> = table.key_names().collect();
    let joined = key
        .iter()
        .map(|column| format!("t.{column} = s.{column}"))
        .collect::<Vec<_>>()
        .join(" and ");
    let sql = format!(
        "{} join {staging} s on {joined}
         where t.{} < s.synced_at and {} and {condition}
         on conflict do nothing",
        close(history, &key, "s.synced_at"),
        history.since,
        differs(history, "s"),
    );
    sqlx::query(AssertSqlSafe(sql)).execute(db).await?;
    Ok(())
}

/// The statement that marks rows of `base` as deleted, or as there again, with their history. `rows` selects them: a
/// condition on `t`, and on what `joined` adds to the `from` clause. `$1` is the instant; further parameters are theirs.
pub fn mark_sql(base: &str, key: &[&str], joined: &str, rows: &str, presence: Presence) -> String {
    let (changed, value) = match presence {
        Presence::Gone => ("t.deleted_at is null", "$1::timestamptz"),
        Presence::Back => ("t.deleted_at is not null", "null"),
    };
    let from = if joined.is_empty() {
        String::new()
    } else {
        format!("from {joined}")
    };
    let Some(history) = History::of(base) else {
        return format!(
            "update keepnet.{base} t set deleted_at = {value}, synced_at = $1::timestamptz {from} where {rows} and {changed}"
        );
    };
    let History { since, .. } = history;
    let cross = if joined.is_empty() {
        String::new()
    } else {
        format!(", {joined}")
    };
    format!(
        "with closed as (
             {} {cross} where {rows} and {changed} and t.{since} < $1::timestamptz
             on conflict do nothing)
         update keepnet.{base} t
         set deleted_at = {value}, synced_at = $1::timestamptz, {since} = greatest($1::timestamptz, t.{since}) {from}
         where {rows} and {changed}",
        close(history, key, "$1::timestamptz"),
    )
}

/// Whether rows go or come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// They are marked deleted.
    Gone,
    /// They are no longer.
    Back,
}

/// Marks the rows of these encoded keys as deleted. Gives how many were not yet.
pub async fn mark_gone(
    db: &mut PgConnection,
    table: &Table,
    keys: &[Vec<u8>],
    at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let (source, condition) = unnested(table, table.key_len, 2);
    let names: Vec<&str> = table.key_names().collect();
    let sql = mark_sql(table.name, &names, &source, &condition, Presence::Gone);
    let query = bind(
        sqlx::query(AssertSqlSafe(sql)).bind(at),
        key_arrays(table, &keys, table.key_len),
    );
    Ok(query.execute(db).await?.rows_affected())
}
