//! Rows that a complete pull did not show: noted the first time, marked deleted the second, held when they are many.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row as _};

use super::cascade;
use super::history;
use super::keys::encoded_key;
use super::tuple::{self, Row, TableRows};
use crate::privacy::Guard;
use crate::resource::Resource;
use crate::warehouse::cursors::ScopeKey;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::patience::persist;
use crate::warehouse::quarantine::Discrepancy;
use crate::warehouse::tables::Table;

/// The kind under which `sync.discrepancies` shows deletions that wait for the operator.
pub const HELD: &str = "held deletions";

/// What a pull showed: one hash per row, and one of everything.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    keys: HashSet<u64>,
    digest: u64,
}

impl Seen {
    /// Takes note of an encoded row.
    pub fn note(&mut self, key: &[u8], values: &[u8]) {
        if self.keys.insert(hash(key)) {
            // A sum does not hang on the order in which pages were read.
            self.digest = self.digest.wrapping_add(hash(values));
        }
    }

    /// Takes note of a row.
    pub fn note_row<R: Row>(&mut self, row: &R) {
        let mut rows = TableRows::new(R::TABLE);
        rows.push(row);
        if let Some(row) = rows.last() {
            self.note(row.key, row.values);
        }
    }

    /// Whether the row with this encoded key was seen.
    #[must_use]
    pub fn has(&self, key: &[u8]) -> bool {
        self.keys.contains(&hash(key))
    }

    /// Adds what another reading showed.
    pub fn merge(&mut self, other: Self) {
        self.keys.extend(other.keys);
    }

    /// Rows seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True when none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// All rows in one text: it changes when one of them does.
    #[must_use]
    pub fn digest(&self) -> String {
        format!("{:016x}", self.digest)
    }

    /// Which rows they are, in one text: it changes when one comes or goes.
    #[must_use]
    pub fn members(&self) -> String {
        let sum = self
            .keys
            .iter()
            .fold(0_u64, |sum, key| sum.wrapping_add(*key));
        format!("{sum:016x}")
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// How many rows one sweep may mark as deleted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brake {
    /// Up to this share of the stored rows, from 0 to 1 …
    pub share: f64,
    /// … or fewer than this many.
    pub at_least: u64,
    /// The operator accepted more.
    pub is_accepted: bool,
}

impl Brake {
    fn holds(self, deletions: u64, stored: u64) -> bool {
        !self.is_accepted
            && deletions >= self.at_least
            && deletions as f64 > self.share * stored as f64
    }
}

/// The end of a complete pull: stored rows beside those that it showed are missing.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// What was pulled.
    pub resource: Resource,
    /// Of which enrollment; empty: of the company as a whole.
    pub scope: String,
    /// The table, whose key is all text.
    pub table: &'static Table,
    /// The leading key columns of the rows that the pull would have shown.
    pub owner: Vec<String>,
    /// A further condition on them.
    pub only: Option<&'static str>,
    /// What it showed.
    pub seen: Seen,
    /// Its run.
    pub run_id: i64,
    /// In which direction it was read; a pull in the other has to confirm. None: any other pull may.
    pub is_ascending: Option<bool>,
    /// How many rows may be marked.
    pub brake: Brake,
}

/// What a sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    /// Rows marked deleted.
    pub deleted: u64,
    /// Some rows are missing for the first time: another pull has to tell.
    pub is_doubtful: bool,
    /// Rows that were not, because they are too many.
    pub held: Option<Discrepancy>,
}

/// Compares what is stored with what was seen.
pub async fn sweep(
    db: &mut PgConnection,
    company_id: &str,
    privacy: Option<&Guard>,
    sweep: &Sweep,
    at: DateTime<Utc>,
) -> Result<Swept, sqlx::Error> {
    let stored = count_stored(db, sweep).await?;
    let missing = if stored == sweep.seen.len() as u64 {
        Vec::new()
    } else {
        find_missing(db, sweep).await?
    };
    let confirmed = note_missing(db, company_id, sweep, &missing, at).await?;
    let is_doubtful = confirmed.len() < missing.len();
    if confirmed.is_empty() {
        return Ok(Swept {
            is_doubtful,
            ..Swept::default()
        });
    }
    let deletions = confirmed.len() as u64;
    if sweep.brake.holds(deletions, stored) {
        confirm(db, company_id, sweep, &confirmed).await?;
        return Ok(Swept {
            deleted: 0,
            is_doubtful: false,
            held: Some(Discrepancy {
                resource: sweep.resource,
                scope: sweep.scope.clone(),
                kind: HELD,
                detail: format!(
                    "two complete pulls no longer show {deletions} of {stored} rows; nothing was marked deleted. \
                     If that is right: keepnet-etl sync --accept-deletions"
                ),
                expected: i64::try_from(stored).ok(),
                found: i64::try_from(stored - deletions).ok(),
            }),
        });
    }
    let deleted = history::mark_gone(db, sweep.table, &confirmed, at).await?;
    let forget = format!("delete from sync.missing_rows {OF_SCOPE}");
    each_missing(db, company_id, sweep, &confirmed, &forget).await?;
    cascade::after_sweep(db, company_id, privacy, sweep.table, &confirmed, at).await?;
    Ok(Swept {
        deleted,
        is_doubtful,
        held: None,
    })
}

/// `from` and `where` of the stored rows that the pull would have shown; their owner's values are `$1` and so on.
fn stored_rows(sweep: &Sweep) -> String {
    let mut conditions = vec!["t.deleted_at is null".to_owned()];
    for (number, column) in (1..=sweep.owner.len()).zip(sweep.table.key_names()) {
        conditions.push(format!("t.{column} = ${number}"));
    }
    conditions.extend(sweep.only.map(str::to_owned));
    format!(
        "from keepnet.{} t where {}",
        sweep.table.name,
        conditions.join(" and ")
    )
}

async fn count_stored(db: &mut PgConnection, sweep: &Sweep) -> Result<u64, sqlx::Error> {
    let sql = format!("select count(*) {}", stored_rows(sweep));
    let mut query = sqlx::query_scalar(AssertSqlSafe(sql));
    for value in &sweep.owner {
        query = query.bind(value);
    }
    let count: i64 = query.fetch_one(db).await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Encoded keys of stored rows that were not seen.
async fn find_missing(db: &mut PgConnection, sweep: &Sweep) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    let key: Vec<String> = sweep
        .table
        .key_names()
        .map(|column| format!("t.{column}"))
        .collect();
    let sql = format!("select {} {}", key.join(", "), stored_rows(sweep));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in &sweep.owner {
        query = query.bind(value);
    }
    let mut rows = query.fetch(db);
    let mut missing = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let key = encoded_key(&row, sweep.table)?;
        if !sweep.seen.has(&key) {
            missing.push(key);
        }
    }
    missing.sort_unstable();
    Ok(missing)
}

/// Remembers what is missing now, forgets what is no longer, and gives what a pull of an earlier run did not show either.
async fn note_missing(
    db: &mut PgConnection,
    company_id: &str,
    sweep: &Sweep,
    missing: &[Vec<u8>],
    at: DateTime<Utc>,
) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    let keys = as_json(missing);
    // jsonb carries the keys, because arrays of arrays must be of one length.
    sqlx::query(
        "delete from sync.missing_rows
         where company_id = $1 and resource = $2 and scope = $3 and row_key not in
             (select array(select jsonb_array_elements_text(k)) from unnest($4::jsonb[]) as k)",
    )
    .bind(company_id)
    .bind(sweep.resource.name())
    .bind(&sweep.scope)
    .bind(&keys)
    .execute(&mut *db)
    .await?;
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    // A run may read a scope twice, in both directions: the next one reads it against the later one.
    let rows = sqlx::query(
        "insert into sync.missing_rows as m
             (company_id, resource, scope, row_key, run_id, is_ascending, missing_since)
         select $1, $2, $3, array(select jsonb_array_elements_text(k)), $5, $6, $7
         from unnest($4::jsonb[]) as k
         on conflict (company_id, resource, scope, row_key) do update set
             is_ascending = case when m.run_id = excluded.run_id then excluded.is_ascending else m.is_ascending end
         returning to_jsonb(row_key), run_id, is_ascending, is_confirmed",
    )
    .bind(company_id)
    .bind(sweep.resource.name())
    .bind(&sweep.scope)
    .bind(&keys)
    .bind(sweep.run_id)
    .bind(sweep.is_ascending.unwrap_or(true))
    .bind(at)
    .fetch_all(&mut *db)
    .await?;
    let mut confirmed = HashSet::new();
    for row in rows {
        let (key, run_id): (serde_json::Value, i64) = (row.try_get(0)?, row.try_get(1)?);
        let (was_ascending, is_confirmed): (bool, bool) = (row.try_get(2)?, row.try_get(3)?);
        let is_other_way = sweep.is_ascending.is_none_or(|now| now != was_ascending);
        if is_confirmed || (run_id != sweep.run_id && is_other_way) {
            confirmed.insert(key);
        }
    }
    let confirmed = missing
        .iter()
        .zip(&keys)
        .filter(|(_, key)| confirmed.contains(*key));
    Ok(confirmed.map(|(key, _)| key.clone()).collect())
}

/// The rows of a scope with the keys of `$4`.
const OF_SCOPE: &str = "where company_id = $1 and resource = $2 and scope = $3 and row_key in
    (select array(select jsonb_array_elements_text(k)) from unnest($4::jsonb[]) as k)";

/// Remembers of missing rows that no further pull is needed to call them deleted.
async fn confirm(
    db: &mut PgConnection,
    company_id: &str,
    sweep: &Sweep,
    keys: &[Vec<u8>],
) -> Result<(), sqlx::Error> {
    let sql =
        format!("update sync.missing_rows set is_confirmed = true {OF_SCOPE} and not is_confirmed");
    each_missing(db, company_id, sweep, keys, &sql).await
}

async fn each_missing(
    db: &mut PgConnection,
    company_id: &str,
    sweep: &Sweep,
    keys: &[Vec<u8>],
    sql: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql.to_owned()))
        .bind(company_id)
        .bind(sweep.resource.name())
        .bind(&sweep.scope)
        .bind(as_json(keys))
        .execute(db)
        .await?;
    Ok(())
}

fn as_json(keys: &[Vec<u8>]) -> Vec<serde_json::Value> {
    keys.iter()
        .map(|key| tuple::texts(key).into_iter().collect())
        .collect()
}

/// Rows that complete pulls of a company did not show, as encoded keys by scope.
pub async fn read_missing(
    pool: &PgPool,
    company_id: &str,
) -> Result<HashMap<ScopeKey, Vec<Vec<u8>>>, WarehouseError> {
    let rows: Vec<(String, String, serde_json::Value)> =
        persist("read what is missing of a company", async || {
            sqlx::query_as(
                "select resource, scope, to_jsonb(row_key) from sync.missing_rows where company_id = $1",
            )
            .bind(company_id)
            .fetch_all(pool)
            .await
        })
        .await?;
    let mut missing: HashMap<ScopeKey, Vec<Vec<u8>>> = HashMap::new();
    for (resource, scope, key) in rows {
        let Ok(resource) = resource.parse() else {
            continue;
        };
        let texts = key.as_array().into_iter().flatten();
        let key = tuple::encoded_texts(texts.filter_map(serde_json::Value::as_str));
        missing.entry((resource, scope)).or_default().push(key);
    }
    Ok(missing)
}
