//! When what is due again. Pure: cursors and settings in, instants out.
//!
//! - An *open* enrollment is looked at 15 minutes after it was read, and then after pauses that double while nothing
//!   changes, up to `sync.max_staleness`.
//! - A report of many pages is not read at every change of its counts: half an hour passes for each page after the first.
//! - A *settled* one (finished or archived, and without a change for `sync.settled_after`) is only read by the rolling full.
//! - The *rolling full* reads every enrollment once per `sync.full_every`. Each has a place of its own in that period, by
//!   its id, so that every run reads a few and none reads all.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, TimeDelta, Utc};

use crate::settings::SyncSettings;
use crate::warehouse::cursors::Cursor;

/// The first pause after something changed.
const SOONEST: TimeDelta = TimeDelta::minutes(15);
/// The pause between two readings of a changing report, per page after the first.
const PER_PAGE: TimeDelta = TimeDelta::minutes(30);
/// How often the settings of an open enrollment are read.
const DETAILS_EVERY: TimeDelta = TimeDelta::days(7);
/// The part of a promised age by which things are read earlier, so that it holds although runs are an hour apart and take
/// time themselves.
const AHEAD: i32 = 12;

/// Why something is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It was never read completely.
    New,
    /// `--full` or a backfill asks for everything.
    Asked,
    /// Somebody asked for this.
    Wanted,
    /// The listing shows it differently.
    Changed,
    /// Its last pull did not end, or not well.
    Unfinished,
    /// Its pause is over.
    Due,
    /// Its turn has come in the rolling full.
    Rolling,
}

impl Why {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Asked => "asked for",
            Self::Wanted => "wanted again",
            Self::Changed => "changed",
            Self::Unfinished => "unfinished",
            Self::Due => "due",
            Self::Rolling => "rolling full",
        }
    }

    /// Whether all of it is read, whatever the counts say.
    #[must_use]
    pub const fn is_full(self) -> bool {
        matches!(self, Self::New | Self::Asked | Self::Rolling)
    }
}

/// The rules, with their numbers.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    max_staleness: TimeDelta,
    settled_after: TimeDelta,
    full_every: TimeDelta,
}

/// What is remembered of one enrollment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Remembered<'c> {
    /// Its summary: it leads the others.
    pub summary: Option<&'c Cursor>,
    /// Its settings.
    pub detail: Option<&'c Cursor>,
    /// Its users, or its anonymous learners.
    pub users: Option<&'c Cursor>,
    /// The run reads them, too.
    pub is_users_asked: bool,
}

/// When an enrollment is due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// Its summary.
    pub summary_due_at: Option<DateTime<Utc>>,
    /// Its users, whatever the summary says.
    pub users_due_at: Option<DateTime<Utc>>,
    /// The pause until then.
    pub interval: TimeDelta,
    /// When something in it changed last.
    pub changed_at: DateTime<Utc>,
}

impl Rhythm {
    /// As configured.
    #[must_use]
    pub fn new(settings: &SyncSettings) -> Self {
        let delta = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        Self {
            max_staleness: delta(settings.max_staleness),
            settled_after: delta(settings.settled_after),
            full_every: delta(settings.full_every),
        }
    }

    /// The longest pause.
    #[must_use]
    pub fn longest(&self) -> TimeDelta {
        self.max_staleness - self.max_staleness / AHEAD
    }

    /// Why the summary is read, and with it what hangs on it; none: it is not.
    #[must_use]
    pub fn summary(&self, of: Remembered<'_>, listed_as: &str, now: DateTime<Utc>) -> Option<Why> {
        let Some(summary) = of
            .summary
            .filter(|cursor| cursor.last_complete_at.is_some())
        else {
            return Some(Why::New);
        };
        let users = of.users.filter(|_| of.is_users_asked);
        if is_past(summary.full_due_at, now) {
            Some(Why::Rolling)
        } else if summary.wanted_at.is_some()
            || users.is_some_and(|users| users.wanted_at.is_some())
        {
            Some(Why::Wanted)
        } else if is_listed_differently(of.detail, listed_as) {
            Some(Why::Changed)
        } else if of.is_users_asked && users.is_none_or(is_unfinished) {
            Some(Why::Unfinished)
        } else if is_past(summary.due_at, now)
            || users.is_some_and(|users| is_past(users.due_at, now))
        {
            Some(Why::Due)
        } else {
            None
        }
    }

    /// Why the settings are read.
    #[must_use]
    pub fn detail(&self, of: Remembered<'_>, listed_as: &str, now: DateTime<Utc>) -> Option<Why> {
        let Some(detail) = of.detail.filter(|cursor| cursor.last_complete_at.is_some()) else {
            return Some(Why::New);
        };
        if is_past(detail.full_due_at, now) {
            Some(Why::Rolling)
        } else if detail.wanted_at.is_some() {
            Some(Why::Wanted)
        } else if is_listed_differently(Some(detail), listed_as) {
            Some(Why::Changed)
        } else if is_past(detail.due_at, now) {
            Some(Why::Due)
        } else {
            None
        }
    }

    /// Why the users are read, when the summary was read because of `summary` and shows `counts`.
    #[must_use]
    pub fn users(
        &self,
        of: Remembered<'_>,
        summary: Why,
        counts: &str,
        now: DateTime<Utc>,
    ) -> Option<Why> {
        let Some(users) = of.users.filter(|cursor| cursor.last_complete_at.is_some()) else {
            return Some(Why::New);
        };
        if matches!(summary, Why::Asked | Why::Rolling) {
            Some(summary)
        } else if users.wanted_at.is_some() {
            Some(Why::Wanted)
        } else if is_unfinished(users) {
            Some(Why::Unfinished)
        } else if is_past(users.due_at, now) {
            Some(Why::Due)
        } else if users.fingerprint.as_deref() != Some(counts) && self.is_rested(users, now) {
            Some(Why::Changed)
        } else {
            None
        }
    }

    /// Whether a report may be read again because its counts changed.
    fn is_rested(&self, users: &Cursor, now: DateTime<Utc>) -> bool {
        let pages = i32::try_from(users.state.pages.unwrap_or(1)).unwrap_or(i32::MAX);
        let pause = PER_PAGE.checked_mul(pages.saturating_sub(1).max(0));
        let pause = pause.unwrap_or(TimeDelta::MAX).min(self.longest());
        is_past(users.last_complete_at.map(|at| later(at, pause)), now)
    }

    /// Why all users are walked through for their answers or interactions.
    #[must_use]
    pub fn walk(&self, cursor: Option<&Cursor>, now: DateTime<Utc>) -> Option<Why> {
        match cursor {
            None => Some(Why::New),
            Some(cursor) if cursor.state.unfinished.is_some() => Some(Why::Unfinished),
            Some(cursor) if cursor.last_complete_at.is_none() => Some(Why::New),
            Some(cursor) if cursor.wanted_at.is_some() => Some(Why::Wanted),
            Some(cursor) if is_past(cursor.full_due_at, now) => Some(Why::Rolling),
            Some(_) => None,
        }
    }

    /// When an enrollment is due after it was read. `seen_at` is the newest date that the vendor shows of it.
    #[must_use]
    pub fn next(
        &self,
        summary: Option<&Cursor>,
        has_changed: bool,
        is_closed: bool,
        seen_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Next {
        let before = summary.filter(|cursor| cursor.last_complete_at.is_some());
        let changed_at = match before {
            // At first sight the vendor's dates tell how old it is.
            None => seen_at.unwrap_or(now).min(now),
            Some(_) if has_changed => now,
            Some(cursor) => cursor.changed_at.unwrap_or(now),
        };
        let paused = before.and_then(|cursor| cursor.state.interval_s);
        let interval = match paused {
            Some(seconds) if !has_changed => (TimeDelta::seconds(seconds) * 2).max(SOONEST),
            _ => SOONEST,
        };
        let interval = interval.min(self.longest());
        let is_settled = is_closed && later(changed_at, self.settled_after) <= now;
        let users_due_at = later(now, self.longest());
        Next {
            summary_due_at: (!is_settled).then(|| later(now, interval)),
            users_due_at: (!is_settled).then_some(users_due_at),
            interval,
            changed_at,
        }
    }

    /// When the settings of an enrollment are due again.
    #[must_use]
    pub fn details_due_at(&self, is_settled: bool, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (!is_settled).then(|| later(now, DETAILS_EVERY - DETAILS_EVERY / AHEAD))
    }

    /// The turn of an enrollment in the rolling full that comes after `now`.
    #[must_use]
    pub fn full_due_at(&self, company_id: &str, scope: &str, now: DateTime<Utc>) -> DateTime<Utc> {
        let period = self.full_every - self.full_every / (2 * AHEAD);
        let period = period.num_seconds().max(1);
        let mut hasher = DefaultHasher::new();
        (company_id, scope).hash(&mut hasher);
        let place = (hasher.finish() % period.unsigned_abs()).cast_signed();
        let wait = (place - now.timestamp()).rem_euclid(period);
        // Nothing is read again soon after it was read first; from the second time on it is in its place.
        let wait = if wait < period / 2 {
            wait + period / 2
        } else {
            wait
        };
        later(now, TimeDelta::seconds(wait))
    }
}

/// Where in a day a company's own day begins.
#[must_use]
pub fn place_in_day(company_id: &str) -> TimeDelta {
    let mut hasher = DefaultHasher::new();
    company_id.hash(&mut hasher);
    TimeDelta::seconds((hasher.finish() % 86_400).cast_signed())
}

fn later(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn is_past(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    at.is_some_and(|at| at <= now)
}

fn is_unfinished(cursor: &Cursor) -> bool {
    cursor.state.unfinished.is_some() || cursor.last_complete_at.is_none()
}

/// The settings were read when the listing showed the enrollment as it does now. Without settings nothing is known.
fn is_listed_differently(detail: Option<&Cursor>, listed_as: &str) -> bool {
    detail
        .and_then(|detail| detail.fingerprint.as_deref())
        .is_some_and(|fingerprint| fingerprint != listed_as)
}

#[cfg(test)]
mod tests;
