//! From received rows to tables: what one transaction carries, and how it is committed.
//!
//! A [`Batch`] holds the rows of some pages, the cursors that they move, and what could not be understood.
//! [`commit`] writes it in one transaction, so that a kill leaves rows and cursors in step.

pub mod cascade;
mod distinct;
mod history;
mod keys;
mod merge;
pub mod sweep;
pub mod tuple;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::transaction::Transaction;
use crate::privacy::Guard;
use crate::resource::Resource;
use crate::warehouse::cursors::{self, CursorMove};
use crate::warehouse::error::{WarehouseError, WarehouseErrorKind};
use crate::warehouse::leases::{self, Claim};
use crate::warehouse::patience::persist;
use crate::warehouse::pending_users::{self, Asked, Question};
use crate::warehouse::quarantine::{self, BadItem, Discrepancy, UnknownField};
use crate::warehouse::tables::Rule;
use crate::warehouse::tables::enrollments::EnrollmentRow;
pub use merge::{Effect, NewRows};
use sweep::{Seen, Sweep};
use tuple::{Row, TableRows, Tuple, Version};

/// How often a batch is tried again when it collides with another transaction.
const MAX_COLLISIONS: u32 = 5;

/// Rows for several tables.
#[derive(Debug, Default)]
pub struct Rows(BTreeMap<u8, TableRows>);

impl Rows {
    /// Adds a row to its table.
    pub fn push<R: Row>(&mut self, row: &R) {
        self.table::<R>().push(row);
    }

    /// Adds a row, and notes that it was seen.
    pub fn push_seen<R: Row>(&mut self, row: &R, seen: &mut Seen) {
        let table = self.table::<R>();
        table.push(row);
        if let Some(row) = table.last() {
            seen.note(row.key, row.values);
        }
    }

    /// Says that the rows of `R` that follow, up to the next owner, are all that `owner` has; see [`Rule::Set`].
    pub fn push_owner<R: Row>(&mut self, owner: &[&str]) {
        self.push_owner_by::<R>(owner, Version::default());
    }

    /// The same for [`Rule::SetOfNewest`]: by the version of the owner's row.
    pub fn push_owner_by<R: Row>(&mut self, owner: &[&str], version: Version) {
        let write_key = |key: &mut Tuple<'_>| {
            for part in owner {
                key.text(Some(part));
            }
        };
        self.table::<R>().push_owner(write_key, version);
    }

    /// The same for an owner whose key is not all text.
    pub fn push_owner_key<R: Row>(&mut self, write_key: impl FnOnce(&mut Tuple<'_>)) {
        self.table::<R>().push_owner(write_key, Version::default());
    }

    fn table<R: Row>(&mut self) -> &mut TableRows {
        self.0
            .entry(R::TABLE.order)
            .or_insert_with(|| TableRows::new(R::TABLE))
    }

    /// Takes over all rows of `other`.
    pub fn append(&mut self, other: Self) {
        for (order, rows) in other.0 {
            match self.0.entry(order) {
                std::collections::btree_map::Entry::Vacant(vacant) => {
                    vacant.insert(rows);
                }
                std::collections::btree_map::Entry::Occupied(mut occupied) => {
                    occupied.get_mut().append(&rows);
                }
            }
        }
    }

    /// Ids of the enrollments that a listing showed.
    fn listed_enrollments(&self) -> Vec<String> {
        let table = EnrollmentRow::TABLE;
        let rows = self
            .0
            .get(&table.order)
            .into_iter()
            .flat_map(TableRows::rows);
        rows.filter_map(|row| tuple::texts(row.key).pop()).collect()
    }

    /// Number of rows in all tables.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(TableRows::len).sum()
    }

    /// True when there is nothing to load.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.values().all(TableRows::is_empty)
    }
}

/// What one transaction carries.
#[derive(Debug, Default)]
pub struct Batch {
    /// The company that everything belongs to.
    pub company_id: String,
    /// The right to write for it; none where nobody else writes, as in benchmarks.
    pub claim: Option<Claim>,
    /// Under which ids its people's answers are stored; none: under their own.
    pub privacy: Option<Guard>,
    /// Received rows.
    pub rows: Rows,
    /// What is asked about users whose report rows changed.
    pub questions: Vec<Question>,
    /// Users who were asked.
    pub asked: Vec<Asked>,
    /// Complete pulls that end with these rows.
    pub sweeps: Vec<Sweep>,
    /// Cursors that these rows move.
    pub cursors: Vec<CursorMove>,
    /// Items that could not be understood.
    pub bad_items: Vec<BadItem>,
    /// Members without a column, seen for the first time in this run.
    pub unknown_fields: Vec<UnknownField>,
    /// Counts that do not agree.
    pub discrepancies: Vec<Discrepancy>,
}

impl Batch {
    /// True when a commit would do nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.asked.is_empty()
            && self.sweeps.is_empty()
            && self.cursors.is_empty()
            && self.bad_items.is_empty()
            && self.unknown_fields.is_empty()
            && self.discrepancies.is_empty()
    }
}

/// Rows by effect, per resource.
pub type Effects = HashMap<Resource, Effect>;

/// What a commit did.
#[derive(Debug, Default)]
pub struct Committed {
    /// Rows by effect.
    pub effects: Effects,
    /// All rows of bulk tables were new, so that those of the next batch may be, too.
    pub is_all_new: bool,
}

/// Commits `batch`: all of it, or nothing.
///
/// When the batch before it was `all_new`, rows of bulk tables are first copied without looking for stored ones. If
/// one of them is stored after all, or another process inserts it at the same time, the copy fails on the key and the
/// batch is repeated: with looking, then with a merge, which waits for the other process and finds its rows. Deadlocks
/// and serialization failures are repeated as they are; and so is the batch when the database was away, even if it had
/// been committed and only the reply was lost: what is there already is not written again.
pub async fn commit(
    pool: &PgPool,
    batch: &Batch,
    is_all_new: bool,
    at: DateTime<Utc>,
) -> Result<Committed, WarehouseError> {
    let mut is_all_new = is_all_new;
    let committed = persist("load rows", async || {
        let done = commit_through_collisions(pool, batch, is_all_new, at).await;
        // After a lost reply the rows may be there.
        is_all_new = false;
        done
    })
    .await?;
    committed.ok_or_else(|| WarehouseError::new("load rows", WarehouseErrorKind::ClaimLost))
}

async fn commit_through_collisions(
    pool: &PgPool,
    batch: &Batch,
    is_all_new: bool,
    at: DateTime<Utc>,
) -> Result<Option<Committed>, sqlx::Error> {
    let mut new_rows = if is_all_new {
        NewRows::Assume
    } else {
        NewRows::Copy
    };
    for _ in 0..MAX_COLLISIONS {
        match try_commit(pool, batch, new_rows, at).await {
            Err(sqlx::Error::Database(error)) => match (error.code().as_deref(), new_rows) {
                (Some("23505"), NewRows::Assume) => new_rows = NewRows::Copy,
                (Some("23505"), NewRows::Copy) => new_rows = NewRows::Merge,
                (Some("40001" | "40P01"), _) => {}
                _ => return Err(sqlx::Error::Database(error)),
            },
            done => return done,
        }
    }
    try_commit(pool, batch, new_rows, at).await
}

/// Whether row-level security binds this role: PostgreSQL then refuses to copy into tables that have it.
async fn is_bound(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select row_security_active('keepnet.companies')")
        .fetch_one(db)
        .await
}

/// One try; none when the claim is lost.
async fn try_commit(
    pool: &PgPool,
    batch: &Batch,
    new_rows: NewRows,
    at: DateTime<Utc>,
) -> Result<Option<Committed>, sqlx::Error> {
    let company_id = batch.company_id.as_str();
    let privacy = batch.privacy.as_ref();
    let mut tx = Transaction::begin(pool).await?;
    if let Some(claim) = &batch.claim
        && !leases::holds(&mut tx, claim).await?
    {
        return Ok(None);
    }
    let new_rows = match new_rows {
        NewRows::Merge => NewRows::Merge,
        _ if is_bound(&mut tx).await? => NewRows::Merge,
        other => other,
    };
    let mut effects = Effects::new();
    let (mut bulk_rows, mut new_bulk_rows) = (0, 0);
    let mut outdated: HashMap<u8, HashSet<Box<[u8]>>> = HashMap::new();
    let none = HashSet::new();
    let mut discrepancies = Vec::new();
    let listed = batch.rows.listed_enrollments();
    let stored = if listed.is_empty() {
        Vec::new()
    } else {
        cascade::stored_enrollments(&mut tx, company_id, &listed).await?
    };
    cascade::enrollments_back(&mut tx, company_id, &stored, at).await?;
    for (order, rows) in &batch.rows.0 {
        let owners = match rows.table.rule {
            Rule::SetOfNewest { owner, .. } => outdated.get(&owner).unwrap_or(&none),
            _ => &none,
        };
        let loaded = merge::load_table(&mut tx, rows, owners, new_rows, at).await?;
        effects
            .entry(rows.table.resource)
            .or_default()
            .add(loaded.effect);
        if rows.table.is_bulk() {
            bulk_rows += rows.len() as u64;
            new_bulk_rows += loaded.effect.inserted;
        }
        discrepancies.extend(
            loaded
                .contradictions
                .into_iter()
                .map(|(scope, found)| Discrepancy {
                    resource: rows.table.resource,
                    scope,
                    kind: "different items with one key",
                    detail: format!("{}: the item received last was kept", rows.table.name),
                    expected: None,
                    found: Some(found),
                }),
        );
        if !loaded.touched.is_empty() && !batch.questions.is_empty() {
            let touched: Vec<[String; 3]> = (loaded.touched.iter())
                .filter_map(|key| tuple::texts(key).split_off(1).try_into().ok())
                .collect();
            pending_users::note(&mut tx, company_id, &batch.questions, &touched, at).await?;
        }
        if !loaded.back.is_empty() {
            cascade::users_back(&mut tx, company_id, privacy, &loaded.back, at).await?;
        }
        if *order == EnrollmentRow::TABLE.order && loaded.effect.updated > 0 {
            cascade::after_enrollments(&mut tx, company_id, &stored, at).await?;
        }
        if !loaded.outdated.is_empty() {
            outdated.insert(*order, loaded.outdated);
        }
    }
    let mut doubtful = Vec::new();
    for one in &batch.sweeps {
        let swept = sweep::sweep(&mut tx, company_id, privacy, one, at).await?;
        if swept.is_doubtful {
            doubtful.push((one.resource, one.scope.as_str()));
        }
        let effect = effects.entry(one.resource).or_default();
        effect.deleted += swept.deleted;
        effect.held += u64::from(swept.held.is_some());
        discrepancies.extend(swept.held);
    }
    pending_users::settle(&mut tx, company_id, &batch.asked, at).await?;
    if !batch.cursors.is_empty() {
        cursors::advance(&mut tx, company_id, &batch.cursors).await?;
        let complete: Vec<&CursorMove> = (batch.cursors.iter())
            .filter(|one| one.is_complete())
            .collect();
        quarantine::resolve_unseen(&mut tx, company_id, &complete, at).await?;
    }
    for (resource, scope) in doubtful {
        cursors::hasten(&mut tx, company_id, resource, scope, at).await?;
    }
    for item in &batch.bad_items {
        quarantine::keep(&mut tx, company_id, item, at).await?;
    }
    for field in &batch.unknown_fields {
        quarantine::note_unknown_field(&mut tx, field, at).await?;
    }
    for discrepancy in batch.discrepancies.iter().chain(&discrepancies) {
        quarantine::note_discrepancy(&mut tx, company_id, discrepancy, at).await?;
    }
    tx.commit().await?;
    Ok(Some(Committed {
        effects,
        is_all_new: bulk_rows > 0 && new_bulk_rows == bulk_rows,
    }))
}
