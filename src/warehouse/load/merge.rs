//! One table, one set of received rows: what is there already, what differs, and writing just that.
//!
//! 1. Rows with the same key are reduced to one.
//! 2. The stored rows with these keys (for sets: of these owners) are read and compared, value by value.
//! 3. Unknown keys go straight into the table by binary `COPY`. Rows that differ go through a staging table
//!    and `insert … on conflict do update`. Nothing differs: nothing is written, not even a staging table.
//!
//! Reading first costs one indexed lookup per row and saves what a blind merge costs most: sending, staging
//! and locking rows that did not change. `docs/scale.md` has the measurement.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, Row as _, ValueRef};

use super::distinct::{distinct, version_in};
use super::tuple::{self, EncodedRow, TableRows, Version};
use crate::warehouse::tables::{Column, Kind, Rule, Table};

/// What a load did to one table.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// Rows that were not there.
    pub inserted: u64,
    /// Rows that differed.
    pub updated: u64,
    /// Rows that were as received already.
    pub unchanged: u64,
    /// Rows marked deleted.
    pub deleted: u64,
}

impl Effect {
    /// Adds the numbers of `other`.
    pub fn add(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
    }
}

/// How new rows are found and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewRows {
    /// Rows of bulk tables are taken for new without looking, and copied; fails when one of them is stored.
    Assume,
    /// Copied into the table; fails when another transaction inserted one of the keys in between.
    Copy,
    /// Merged like changed rows; for the repetition after such a failure.
    Merge,
}

/// What came of one table, beside its rows.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Rows by effect.
    pub effect: Effect,
    /// Per scope, keys that were received more than once with different contents (the last was kept).
    pub contradictions: BTreeMap<String, i64>,
    /// Encoded keys of rows that gave way to a stored newer version; see [`Rule::Newest`].
    pub outdated: HashSet<Box<[u8]>>,
}

/// Loads `received` into its table. `outdated` holds the outdated keys of the owner table, for
/// [`Rule::SetOfNewest`].
pub async fn load_table(
    db: &mut PgConnection,
    received: &TableRows,
    outdated_owners: &HashSet<Box<[u8]>>,
    new_rows: NewRows,
    at: DateTime<Utc>,
) -> Result<Loaded, sqlx::Error> {
    let table = received.table;
    let mut loaded = Loaded::default();
    let (mut rows, contradictions) = distinct(received);
    loaded.contradictions = contradictions;

    let mut owners: HashSet<&[u8]> = received.owners().iter().map(|owner| &*owner.key).collect();
    if let Rule::SetOfNewest { owner_len, .. } = table.rule {
        owners.retain(|owner| !outdated_owners.contains(*owner));
        rows.retain(|key, _| !outdated_owners.contains(tuple::prefix(key, owner_len)));
    }
    if rows.is_empty() && owners.is_empty() {
        return Ok(loaded);
    }

    let mut changed: Vec<EncodedRow<'_>> = Vec::new();
    let mut vanished: Vec<Vec<u8>> = Vec::new();
    if !(new_rows == NewRows::Assume && table.is_bulk()) {
        let (sql, keys) = match table.rule.owner_len() {
            Some(owner_len) => (
                lookup_sql(table, owner_len),
                key_arrays(table, &owners, owner_len),
            ),
            None => (
                lookup_sql(table, table.key_len),
                key_arrays(table, rows.keys(), table.key_len),
            ),
        };
        let mut stored = bind(sqlx::query(AssertSqlSafe(sql)), keys).fetch(&mut *db);
        while let Some(stored) = stored.try_next().await? {
            let key = encoded_key(&stored, table)?;
            let is_deleted: bool = stored.try_get(table.columns.len())?;
            let Some(row) = rows.remove(key.as_slice()) else {
                if !is_deleted {
                    vanished.push(key);
                }
                continue;
            };
            if table.rule == Rule::Newest && version_of(&stored, table)? > version_in(row, table) {
                loaded.outdated.insert(key.into_boxed_slice());
                loaded.effect.unchanged += 1;
            } else if is_deleted || differs(&stored, row, table)? {
                changed.push(row);
            } else {
                loaded.effect.unchanged += 1;
            }
        }
    }

    // Sorted, so that two transactions lock rows in the same order.
    let mut new: Vec<EncodedRow<'_>> = rows.into_values().collect();
    new.sort_unstable_by_key(|row| row.key);
    if new_rows == NewRows::Merge {
        changed.append(&mut new);
    }
    changed.sort_unstable_by_key(|row| row.key);

    if !new.is_empty() {
        loaded.effect.inserted += copy(db, &qualified(table), table, &new, at).await?;
    }
    if !changed.is_empty() {
        loaded.effect.add(merge(db, table, &changed, at).await?);
    }
    if !vanished.is_empty() {
        loaded.effect.deleted += mark_deleted(db, table, &vanished, at).await?;
    }
    Ok(loaded)
}

/// The version of a stored row: the two columns behind the key.
fn version_of(stored: &PgRow, table: &Table) -> Result<Version, sqlx::Error> {
    let instant = bytes_of(stored, table.key_len)?.and_then(|value| value.try_into().ok());
    let id = bytes_of(stored, table.key_len + 1)?.unwrap_or_default();
    Ok((instant.map_or(0, i64::from_be_bytes), id.to_vec()))
}

fn differs(stored: &PgRow, row: EncodedRow<'_>, table: &Table) -> Result<bool, sqlx::Error> {
    for (index, received) in tuple::fields(row.values).enumerate() {
        let stored = bytes_of(stored, index)?;
        if stored == received || (table.rule == Rule::Gather && received.is_none()) {
            continue;
        }
        match (table.columns[index].kind, stored, received) {
            // PostgreSQL gives jsonb back in a spelling of its own.
            (Kind::Json, Some(stored), Some(received)) if same_json(stored, received) => {}
            _ => return Ok(true),
        }
    }
    Ok(false)
}

fn same_json(left: &[u8], right: &[u8]) -> bool {
    let parse = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes.get(1..)?).ok();
    matches!((parse(left), parse(right)), (Some(left), Some(right)) if left == right)
}

fn bytes_of(row: &PgRow, index: usize) -> Result<Option<&[u8]>, sqlx::Error> {
    let value = row.try_get_raw(index)?;
    if value.is_null() {
        return Ok(None);
    }
    value.as_bytes().map(Some).map_err(sqlx::Error::Decode)
}

/// The key columns of a stored row, encoded as received rows are.
fn encoded_key(row: &PgRow, table: &Table) -> Result<Vec<u8>, sqlx::Error> {
    let mut key = Vec::with_capacity(64);
    for index in 0..table.key_len {
        let value = bytes_of(row, index)?.unwrap_or_default();
        key.extend_from_slice(&i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
        key.extend_from_slice(value);
    }
    Ok(key)
}

/// One array per key column, to be unnested side by side.
enum KeyArray {
    Text(Vec<String>),
    Bigint(Vec<i64>),
    Date(Vec<NaiveDate>),
}

fn key_arrays<'k>(
    table: &Table,
    keys: impl IntoIterator<Item = &'k &'k [u8]>,
    columns: usize,
) -> Vec<KeyArray> {
    let mut arrays: Vec<KeyArray> = table.columns[..columns]
        .iter()
        .map(|column| match column.kind {
            Kind::Bigint => KeyArray::Bigint(Vec::new()),
            Kind::Date => KeyArray::Date(Vec::new()),
            _ => KeyArray::Text(Vec::new()),
        })
        .collect();
    for key in keys {
        for (array, value) in arrays.iter_mut().zip(tuple::fields(key)) {
            let value = value.unwrap_or_default();
            match array {
                KeyArray::Text(values) => values.push(String::from_utf8_lossy(value).into_owned()),
                KeyArray::Bigint(values) => {
                    values.push(value.try_into().map_or(0, i64::from_be_bytes));
                }
                KeyArray::Date(values) => {
                    let days = value.try_into().map_or(0, i32::from_be_bytes);
                    values.push(tuple::POSTGRES_EPOCH + TimeDelta::days(i64::from(days)));
                }
            }
        }
    }
    arrays
}

fn bind(
    query: Query<'static, Postgres, PgArguments>,
    keys: Vec<KeyArray>,
) -> Query<'static, Postgres, PgArguments> {
    keys.into_iter().fold(query, |query, array| match array {
        KeyArray::Text(values) => query.bind(values),
        KeyArray::Bigint(values) => query.bind(values),
        KeyArray::Date(values) => query.bind(values),
    })
}

fn qualified(table: &Table) -> String {
    format!("keepnet.{}", table.name)
}

fn column_list(table: &Table) -> String {
    table
        .columns
        .iter()
        .map(|column| column.name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// `unnest($1::text[], …) as k(…)` over the first `columns` key columns, and the condition that joins it.
fn unnested(table: &Table, columns: usize) -> (String, String) {
    let keys = &table.columns[..columns];
    let casts = keys
        .iter()
        .enumerate()
        .map(|(index, column)| match column.kind {
            Kind::Bigint => format!("${}::bigint[]", index + 1),
            Kind::Date => format!("${}::date[]", index + 1),
            _ => format!("${}::text[]", index + 1),
        });
    let names: Vec<&str> = keys.iter().map(|column| column.name).collect();
    let source = format!(
        "unnest({}) as k({})",
        casts.collect::<Vec<_>>().join(", "),
        names.join(", ")
    );
    let condition = names
        .iter()
        .map(|name| format!("t.{name} = k.{name}"))
        .collect::<Vec<_>>();
    (source, condition.join(" and "))
}

fn lookup_sql(table: &Table, columns: usize) -> String {
    let (source, condition) = unnested(table, columns);
    let selected = table
        .columns
        .iter()
        .map(|column| format!("t.{}", column.name));
    let selected = selected.collect::<Vec<_>>().join(", ");
    format!(
        "select {selected}, t.deleted_at is not null from {source} join {} t on {condition}",
        qualified(table)
    )
}

async fn copy(
    db: &mut PgConnection,
    target: &str,
    table: &Table,
    rows: &[EncodedRow<'_>],
    at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let values: usize = rows.iter().map(|row| row.values.len() + 26).sum();
    let mut payload = Vec::with_capacity(values + 32);
    tuple::copy_header(&mut payload);
    for row in rows {
        tuple::copy_row(&mut payload, table, *row, at);
    }
    tuple::copy_trailer(&mut payload);
    let statement = format!(
        "copy {target} ({}, first_seen_at, synced_at) from stdin (format binary)",
        column_list(table)
    );
    let mut copy = db.copy_in_raw(&statement).await?;
    copy.send(payload).await?;
    copy.finish().await
}

async fn merge(
    db: &mut PgConnection,
    table: &Table,
    rows: &[EncodedRow<'_>],
    at: DateTime<Utc>,
) -> Result<Effect, sqlx::Error> {
    let (name, target, columns) = (table.name, qualified(table), column_list(table));
    let staging = format!("pg_temp.staging_{name}");
    // Dropped below as well: two resources may fill the same table in one transaction.
    sqlx::raw_sql(AssertSqlSafe(format!(
        "create temp table staging_{name} on commit drop as
         select {columns}, first_seen_at, synced_at from {target} with no data"
    )))
    .execute(&mut *db)
    .await?;
    copy(db, &staging, table, rows, at).await?;

    let (key, values) = table.columns.split_at(table.key_len);
    let key = key
        .iter()
        .map(|column| column.name)
        .collect::<Vec<_>>()
        .join(", ");
    let stored = |column: &Column| format!("t.{}", column.name);
    let written = |column: &Column| match table.rule {
        Rule::Gather => format!("coalesce(excluded.{0}, t.{0})", column.name),
        _ => format!("excluded.{}", column.name),
    };
    let mut update = String::from("synced_at = excluded.synced_at, deleted_at = null");
    for column in values {
        let _ = write!(update, ", {} = {}", column.name, written(column));
    }
    let mut condition = String::from("t.deleted_at is not null");
    if !values.is_empty() {
        let _ = write!(
            condition,
            " or row({}) is distinct from row({})",
            values.iter().map(stored).collect::<Vec<_>>().join(", "),
            values.iter().map(written).collect::<Vec<_>>().join(", ")
        );
    }
    if table.rule == Rule::Newest {
        let (instant, id) = (values[0].name, values[1].name);
        condition = format!(
            "({condition}) and (t.{instant}, t.{id}) <= (excluded.{instant}, excluded.{id})"
        );
    }
    let merged = sqlx::query(AssertSqlSafe(format!(
        "insert into {target} as t ({columns}, first_seen_at, synced_at)
         select {columns}, first_seen_at, synced_at from {staging} order by {key}
         on conflict ({key}) do update set {update} where {condition}
         returning xmax = 0"
    )))
    .fetch_all(&mut *db)
    .await?;
    sqlx::raw_sql(AssertSqlSafe(format!("drop table {staging}")))
        .execute(&mut *db)
        .await?;

    let mut effect = Effect::default();
    for row in &merged {
        match row.try_get(0)? {
            true => effect.inserted += 1,
            false => effect.updated += 1,
        }
    }
    effect.unchanged = (rows.len() - merged.len()) as u64;
    Ok(effect)
}

async fn mark_deleted(
    db: &mut PgConnection,
    table: &Table,
    keys: &[Vec<u8>],
    at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let arrays = key_arrays(table, &keys, table.key_len);
    let (source, condition) = unnested(table, table.key_len);
    let sql = format!(
        "update {} t set deleted_at = ${at}, synced_at = ${at} from {source}
         where {condition} and t.deleted_at is null",
        qualified(table),
        at = table.key_len + 1
    );
    let done = bind(sqlx::query(AssertSqlSafe(sql)), arrays)
        .bind(at)
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}
