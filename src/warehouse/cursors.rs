//! `sync.cursors`: what is remembered of a scope between runs.
//!
//! A cursor is written in the transaction of the rows that it covers; see [`crate::warehouse::load::commit`].

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, PgPool};

use super::error::WarehouseError;
use super::patience::persist;
use crate::resource::Resource;
use crate::verdict::Verdict;

/// The scopes of a company: what was pulled, of which enrollment.
pub type ScopeKey = (Resource, String);

/// What is remembered of one scope.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cursor {
    /// What was seen last.
    pub fingerprint: Option<String>,
    /// How the listing was read.
    pub state: CursorState,
    /// When the last complete pull ended.
    pub last_complete_at: Option<DateTime<Utc>>,
    /// From when on it is due; none: only by the rolling full.
    pub due_at: Option<DateTime<Utc>>,
    /// When the rolling full is due.
    pub full_due_at: Option<DateTime<Utc>>,
    /// When something in it changed last.
    pub changed_at: Option<DateTime<Utc>>,
    /// Somebody asked for it.
    pub wanted_at: Option<DateTime<Utc>>,
}

/// The part of a cursor that only matters to the reading of its listing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CursorState {
    /// Pages that the listing had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Direction of the last complete pull.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_ascending: Option<bool>,
    /// Seconds between the last two times it was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_s: Option<i64>,
    /// All rows in one text, after the last complete pull.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Which rows they are, in one text, after the last complete pull.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<String>,
    /// Where a pull stands that was not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
}

/// Where a pull stands that was not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfinished {
    /// A listing, page by page.
    Page {
        /// The last page that was read.
        page: u32,
        /// Distinct rows of the pages before it.
        distinct: u64,
        /// Rows that the service said there are.
        total: Option<u64>,
        /// Direction.
        is_ascending: bool,
    },
    /// A walk over the users of an enrollment, in the order of their ids: the last who was asked.
    User {
        /// The enrollment that their row names.
        reported_enrollment_id: String,
        /// The user.
        target_user_id: String,
        /// When the walk began.
        started_at: DateTime<Utc>,
    },
}

/// What a delivery says of its scope.
#[derive(Debug, Clone, PartialEq)]
pub struct CursorMove {
    /// What was pulled.
    pub resource: Resource,
    /// Of which enrollment; empty: of the company as a whole.
    pub scope: String,
    /// When the pull began.
    pub started_at: DateTime<Utc>,
    /// When this was delivered.
    pub at: DateTime<Utc>,
    /// How the listing was read.
    pub state: CursorState,
    /// How the pull stands.
    pub step: Step,
}

/// How far a pull is.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It is under way; the rows up to here are in the same transaction.
    UnderWay,
    /// It ended without being complete: it stays due.
    Ended(Verdict),
    /// It is complete.
    Complete {
        /// What was seen, to be compared by the next run.
        fingerprint: Option<String>,
        /// When it is due again.
        due_at: Option<DateTime<Utc>>,
        /// When it is due whatever its state.
        full_due_at: Option<DateTime<Utc>>,
        /// When something in it changed last.
        changed_at: Option<DateTime<Utc>>,
        /// Complete, or a better word for what cannot be given.
        verdict: Verdict,
    },
}

impl Step {
    /// A complete pull of what has no rhythm of its own.
    #[must_use]
    pub const fn complete(verdict: Verdict) -> Self {
        Self::Complete {
            fingerprint: None,
            due_at: None,
            full_due_at: None,
            changed_at: None,
            verdict,
        }
    }
}

impl CursorMove {
    /// True when the pull is complete.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.step, Step::Complete { .. })
    }

    /// True when `self` says all that `earlier` said, and more.
    #[must_use]
    pub fn replaces(&self, earlier: &Self) -> bool {
        (self.resource, &self.scope) == (earlier.resource, &earlier.scope)
    }
}

#[derive(FromRow)]
struct Row {
    resource: String,
    scope: String,
    fingerprint: Option<String>,
    state: sqlx::types::Json<CursorState>,
    last_complete_at: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
    full_due_at: Option<DateTime<Utc>>,
    changed_at: Option<DateTime<Utc>>,
    wanted_at: Option<DateTime<Utc>>,
}

/// The cursors of a company.
pub async fn read(
    pool: &PgPool,
    company_id: &str,
) -> Result<HashMap<ScopeKey, Cursor>, WarehouseError> {
    let rows: Vec<Row> = persist("read the cursors of a company", async || {
        sqlx::query_as(
            "select resource, scope, fingerprint, state, last_complete_at, due_at, full_due_at, changed_at, wanted_at
             from sync.cursors where company_id = $1",
        )
        .bind(company_id)
        .fetch_all(pool)
        .await
    })
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let cursor = Cursor {
                fingerprint: row.fingerprint,
                state: row.state.0,
                last_complete_at: row.last_complete_at,
                due_at: row.due_at,
                full_due_at: row.full_due_at,
                changed_at: row.changed_at,
                wanted_at: row.wanted_at,
            };
            Some(((row.resource.parse().ok()?, row.scope), cursor))
        })
        .collect())
}

/// Moves cursors forward; an older pull never moves one back.
pub async fn advance(
    db: &mut PgConnection,
    company_id: &str,
    moves: &[CursorMove],
) -> Result<(), sqlx::Error> {
    let complete = |of: fn(&Step) -> Option<DateTime<Utc>>| {
        moves
            .iter()
            .map(move |one| of(&one.step))
            .collect::<Vec<_>>()
    };
    let due_at = complete(|step| match step {
        Step::Complete { due_at, .. } => *due_at,
        _ => None,
    });
    let full_due_at = complete(|step| match step {
        Step::Complete { full_due_at, .. } => *full_due_at,
        _ => None,
    });
    let changed_at = complete(|step| match step {
        Step::Complete { changed_at, .. } => *changed_at,
        _ => None,
    });
    let fingerprints = moves.iter().map(|one| match &one.step {
        Step::Complete { fingerprint, .. } => fingerprint.as_deref(),
        _ => None,
    });
    let verdicts = moves.iter().map(|one| match one.step {
        Step::UnderWay => None,
        Step::Ended(verdict) | Step::Complete { verdict, .. } => Some(verdict.name()),
    });
    sqlx::query(
        "insert into sync.cursors as c
             (company_id, resource, scope, state, fingerprint, verdict, tried_at, last_complete_at, due_at,
              full_due_at, changed_at)
         select $1, m.resource, m.scope, m.state, m.fingerprint, m.verdict, m.at,
                case when m.is_complete then m.at end,
                case when m.is_complete then m.due_at else m.at end, m.full_due_at, m.changed_at
         from unnest($2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::timestamptz[],
                     $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::boolean[])
             as m(resource, scope, state, fingerprint, verdict, at, due_at, full_due_at, changed_at, is_complete)
         on conflict (company_id, resource, scope) do update
         set state = excluded.state, tried_at = excluded.tried_at,
             verdict = coalesce(excluded.verdict, c.verdict),
             due_at = excluded.due_at,
             fingerprint = case when excluded.last_complete_at is null then c.fingerprint else excluded.fingerprint end,
             last_complete_at = coalesce(excluded.last_complete_at, c.last_complete_at),
             full_due_at = case when excluded.last_complete_at is null then c.full_due_at else excluded.full_due_at end,
             changed_at = case when excluded.last_complete_at is null then c.changed_at else excluded.changed_at end
         where c.tried_at is null or c.tried_at <= excluded.tried_at",
    )
    .bind(company_id)
    .bind(moves.iter().map(|one| one.resource.name()).collect::<Vec<_>>())
    .bind(moves.iter().map(|one| one.scope.as_str()).collect::<Vec<_>>())
    .bind(moves.iter().map(|one| sqlx::types::Json(&one.state)).collect::<Vec<_>>())
    .bind(fingerprints.collect::<Vec<_>>())
    .bind(verdicts.collect::<Vec<_>>())
    .bind(moves.iter().map(|one| one.at).collect::<Vec<_>>())
    .bind(due_at)
    .bind(full_due_at)
    .bind(changed_at)
    .bind(moves.iter().map(CursorMove::is_complete).collect::<Vec<_>>())
    .execute(&mut *db)
    .await?;
    let complete: Vec<&CursorMove> = moves.iter().filter(|one| one.is_complete()).collect();
    if complete.is_empty() {
        return Ok(());
    }
    // What was asked for since the pull began is still asked for.
    sqlx::query(
        "update sync.cursors c set wanted_at = null
         from unnest($2::text[], $3::text[], $4::timestamptz[]) as m(resource, scope, started_at)
         where c.company_id = $1 and c.resource = m.resource and c.scope = m.scope and c.wanted_at < m.started_at",
    )
    .bind(company_id)
    .bind(complete.iter().map(|one| one.resource.name()).collect::<Vec<_>>())
    .bind(complete.iter().map(|one| one.scope.as_str()).collect::<Vec<_>>())
    .bind(complete.iter().map(|one| one.started_at).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// Lets a scope be due by the next run.
pub async fn hasten(
    db: &mut PgConnection,
    company_id: &str,
    resource: Resource,
    scope: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update sync.cursors set due_at = $4 where company_id = $1 and resource = $2 and scope = $3",
    )
    .bind(company_id)
    .bind(resource.name())
    .bind(scope)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Enrollments of a company whose `resource` somebody asked for.
pub async fn wanted(
    pool: &PgPool,
    company_id: &str,
    resource: Resource,
) -> Result<Vec<String>, WarehouseError> {
    persist("read the cursors of a company", async || {
        sqlx::query_scalar(
            "select scope from sync.cursors
             where company_id = $1 and resource = $2 and wanted_at is not null",
        )
        .bind(company_id)
        .bind(resource.name())
        .fetch_all(pool)
        .await
    })
    .await
}
