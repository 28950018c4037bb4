//! What is remembered of one company when a run comes to it, and how much of it the run reads again.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::rhythm::{Remembered, Rhythm, Why};
use crate::extract::anonymous;
use crate::extract::enrollments::EnrollmentRef;
use crate::resource::Resource;
use crate::warehouse::cursors::{self, Cursor, ScopeKey};
use crate::warehouse::error::WarehouseError;
use crate::warehouse::load::sweep;

/// How much is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// What is due.
    #[default]
    Due,
    /// Everything.
    Everything,
    /// Of some enrollments everything that was not read since an instant, and nothing of the others.
    Backfill {
        /// When the backfill began.
        since: DateTime<Utc>,
        /// Enrollments created then or later.
        from: Option<DateTime<Utc>>,
        /// Enrollments created before.
        to: Option<DateTime<Utc>>,
    },
}

impl Extent {
    /// Whether it is enough to go on with a walk that began at this instant.
    #[must_use]
    pub fn continues(self, began_at: DateTime<Utc>) -> bool {
        match self {
            Self::Due => true,
            Self::Everything => false,
            Self::Backfill { since, .. } => began_at >= since,
        }
    }

    /// Whether an enrollment belongs to it.
    #[must_use]
    pub fn covers(self, enrollment: &EnrollmentRef) -> bool {
        let Self::Backfill { from, to, .. } = self else {
            return true;
        };
        match enrollment.created_at {
            Some(at) => from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to),
            // One without a date belongs to all of history only.
            None => from.is_none() && to.is_none(),
        }
    }

    /// Why a scope is read whatever its cursor says; `Some(None)`: it is not read at all.
    #[must_use]
    pub fn decides(self, cursor: Option<&Cursor>) -> Option<Option<Why>> {
        match self {
            Self::Due => None,
            Self::Everything => Some(Some(Why::Asked)),
            Self::Backfill { since, .. } => {
                let is_done = cursor
                    .and_then(|cursor| cursor.last_complete_at)
                    .is_some_and(|at| at >= since);
                Some((!is_done).then_some(Why::Asked))
            }
        }
    }
}

/// What is remembered of one company.
#[derive(Debug, Default)]
pub struct Memory {
    cursors: HashMap<ScopeKey, Cursor>,
    doubtful: HashMap<ScopeKey, Vec<Vec<u8>>>,
}

impl Memory {
    /// Reads it.
    pub async fn read(pool: &PgPool, company_id: &str) -> Result<Self, WarehouseError> {
        Ok(Self {
            cursors: cursors::read(pool, company_id).await?,
            doubtful: sweep::read_missing(pool, company_id).await?,
        })
    }

    /// The cursor of a scope.
    #[must_use]
    pub fn cursor(&self, resource: Resource, scope: &str) -> Option<&Cursor> {
        self.cursors.get(&(resource, scope.to_owned()))
    }

    /// Pages of a listing when it was read last.
    #[must_use]
    pub fn pages(&self, resource: Resource, scope: &str) -> Option<u32> {
        self.cursor(resource, scope)?.state.pages
    }

    /// Encoded keys of rows that a complete pull of an earlier run did not show.
    #[must_use]
    pub fn doubtful(&self, resource: Resource, scope: &str) -> &[Vec<u8>] {
        let rows = self.doubtful.get(&(resource, scope.to_owned()));
        rows.map(Vec::as_slice).unwrap_or_default()
    }

    /// When each of a company's scopes was complete last.
    pub fn completed(&self) -> impl Iterator<Item = (&ScopeKey, DateTime<Utc>)> {
        self.cursors
            .iter()
            .filter_map(|(key, cursor)| Some((key, cursor.last_complete_at?)))
    }

    /// What is remembered of an enrollment.
    #[must_use]
    pub fn of(&self, enrollment: &EnrollmentRef, is_users_asked: bool) -> Remembered<'_> {
        let id = enrollment.id.as_str();
        let users = self.cursor(Resource::Users, id).or_else(|| {
            let learners = self.cursor(Resource::Anonymous, id)?;
            let results = self.cursor(Resource::Anonymous, &anonymous::scope_of_results(id))?;
            // The one that is asked for, or further behind.
            let place = |cursor: &Cursor| (cursor.wanted_at.is_none(), cursor.last_complete_at);
            Some(if place(results) < place(learners) {
                results
            } else {
                learners
            })
        });
        Remembered {
            summary: self.cursor(Resource::Summaries, id),
            detail: self.cursor(Resource::Details, id),
            users,
            is_users_asked,
        }
    }

    /// Why the summary of an enrollment is read, and why its settings.
    #[must_use]
    pub fn why(
        &self,
        extent: Extent,
        rhythm: &Rhythm,
        enrollment: &EnrollmentRef,
        is_users_asked: bool,
        now: DateTime<Utc>,
    ) -> (Option<Why>, Option<Why>) {
        if !extent.covers(enrollment) {
            return (None, None);
        }
        let of = self.of(enrollment, is_users_asked);
        let listed_as = &enrollment.listed_as;
        let detail = extent
            .decides(of.detail)
            .unwrap_or_else(|| rhythm.detail(of, listed_as, now));
        let least = [of.summary, of.users.filter(|_| is_users_asked)];
        let least = least
            .into_iter()
            .flatten()
            .min_by_key(|cursor| cursor.last_complete_at);
        let summary = extent
            .decides(least)
            .unwrap_or_else(|| rhythm.summary(of, listed_as, now));
        // The settings do not always say whether an enrollment is a test: then its summary does.
        (summary.or(detail), detail)
    }

    /// Why all users of an enrollment are walked through.
    #[must_use]
    pub fn why_walk(
        &self,
        extent: Extent,
        rhythm: &Rhythm,
        resource: Resource,
        enrollment: &EnrollmentRef,
        now: DateTime<Utc>,
    ) -> Option<Why> {
        if !extent.covers(enrollment) {
            return None;
        }
        let cursor = self.cursor(resource, &enrollment.id);
        extent
            .decides(cursor)
            .unwrap_or_else(|| rhythm.walk(cursor, now))
    }
}
