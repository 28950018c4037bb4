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

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::distinct::{distinct, version_in};
use super::history;
use super::keys::{bind, bytes_of, encoded_key, key_arrays, unnested};
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
    /// Scopes whose missing rows were not marked deleted, because they are too many.
    pub held: u64,
}

impl Effect {
    /// Rows that were received.
    #[must_use]
    pub const fn received(self) -> u64 {
        self.inserted + self.updated + self.unchanged
    }

    /// Adds the numbers of `other`.
    pub fn add(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.held += other.held;
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
    /// Encoded keys of rows that were new or differed, of tables whose changes lead to further questions.
    pub touched: Vec<Box<[u8]>>,
    /// Encoded keys of rows of such tables that are there again, with the instant at which they were marked.
    pub back: Vec<(Vec<u8>, DateTime<Utc>)>,
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
            let deleted_at: Option<DateTime<Utc>> = stored.try_get(table.columns.len())?;
            let Some(row) = rows.remove(key.as_slice()) else {
                if deleted_at.is_none() {
                    vanished.push(key);
                }
                continue;
            };
            if let Some(deleted_at) = deleted_at
                && table.is_asked_about()
            {
                loaded.back.push((key.clone(), deleted_at));
            }
            if table.rule == Rule::Newest && version_of(&stored, table)? > version_in(row, table) {
                loaded.outdated.insert(key.into_boxed_slice());
                loaded.effect.unchanged += 1;
            } else if deleted_at.is_some() || differs(&stored, row, table)? {
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

    if table.is_asked_about() {
        let touched = new.iter().chain(&changed).map(|row| row.key.into());
        loaded.touched = touched.collect();
    }
    if !new.is_empty() {
        loaded.effect.inserted += copy(db, &qualified(table), table, &new, at).await?;
    }
    if !changed.is_empty() {
        loaded.effect.add(merge(db, table, &changed, at).await?);
    }
    if !vanished.is_empty() {
        loaded.effect.deleted += history::mark_gone(db, table, &vanished, at).await?;
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

fn lookup_sql(table: &Table, columns: usize) -> String {
    let (source, condition) = unnested(table, columns, 1);
    let selected = table
        .columns
        .iter()
        .map(|column| format!("t.{}", column.name));
    let selected = selected.collect::<Vec<_>>().join(", ");
    format!(
        "select {selected}, t.deleted_at from {source} join {} t on {condition}",
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
        "copy {target} ({}, {}) from stdin (format binary)",
        column_list(table),
        tuple::stamps(table).join(", ")
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
    let (staging, stamps) = (
        format!("pg_temp.staging_{name}"),
        tuple::stamps(table).join(", "),
    );
    // Dropped below as well: two resources may fill the same table in one transaction.
    sqlx::raw_sql(AssertSqlSafe(format!(
        "create temp table staging_{name} on commit drop as
         select {columns}, {stamps} from {target} with no data"
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
    let mut is_not_older = "true".to_owned();
    if table.rule == Rule::Newest {
        let (instant, id) = (values[0].name, values[1].name);
        condition = format!(
            "({condition}) and (t.{instant}, t.{id}) <= (excluded.{instant}, excluded.{id})"
        );
        is_not_older = format!("(t.{instant}, t.{id}) <= (s.{instant}, s.{id})");
    }
    if let Some(history) = table.history() {
        let _ = write!(update, ", {}", history::since_after_merge(history));
        history::close_merged(db, table, &staging, &is_not_older).await?;
    }
    let merged = sqlx::query(AssertSqlSafe(format!(
        "insert into {target} as t ({columns}, {stamps})
         select {columns}, {stamps} from {staging} order by {key}
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
