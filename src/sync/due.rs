//! When the scopes of a company as a whole are read again.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::extract::widgets::Month;
use crate::resource::Resource;

/// Judges by when each scope was complete last.
#[derive(Debug)]
pub struct Due {
    /// When each scope was complete last.
    pub completed: HashMap<(Resource, String), DateTime<Utc>>,
    /// The present.
    pub now: DateTime<Utc>,
    /// Whose days count.
    pub zone: Tz,
    /// How long after its end a month may still change.
    pub settled_after: Duration,
    /// How long after midnight the day of a company begins, so that not all companies begin theirs at once.
    pub day_begins_after: TimeDelta,
}

impl Due {
    /// The present day.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.zone).date_naive()
    }

    /// Whether a scope is due that is read once a day.
    #[must_use]
    pub fn daily(&self, resource: Resource, scope: &str) -> bool {
        self.last(resource, scope)
            .is_none_or(|last| self.day_of(last) < self.day_of(self.now))
    }

    /// The day of the company in which an instant lies.
    fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        let local = at.with_timezone(&self.zone).naive_local();
        (local - self.day_begins_after).date()
    }

    /// Whether the values of a month are due: the present month once a day, a closed one once, and once more after it
    /// settled.
    #[must_use]
    pub fn month(&self, resource: Resource, scope: &str, month: Month) -> bool {
        let Some(last) = self.last(resource, scope) else {
            return true;
        };
        let end = self.end_of(month) + self.day_begins_after;
        if self.now < end {
            return self.daily(resource, scope);
        }
        let settled = TimeDelta::from_std(self.settled_after)
            .ok()
            .and_then(|after| end.checked_add_signed(after));
        last < end || settled.is_some_and(|settled| last < settled && settled <= self.now)
    }

    fn last(&self, resource: Resource, scope: &str) -> Option<DateTime<Utc>> {
        self.completed.get(&(resource, scope.to_owned())).copied()
    }

    /// The first instant behind a month.
    fn end_of(&self, month: Month) -> DateTime<Utc> {
        let (_, last) = month.days();
        let next = last.succ_opt().unwrap_or(last).and_time(NaiveTime::MIN);
        let local = self.zone.from_local_datetime(&next).earliest();
        // Where midnight is skipped, the hour does not matter.
        local.map_or_else(|| next.and_utc(), |end| end.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn due(now: &str, last: Option<&str>) -> Due {
        let key = (Resource::Widgets, "s".to_owned());
        Due {
            completed: last.map(|last| (key, at(last))).into_iter().collect(),
            now: at(now),
            zone: chrono_tz::Europe::Istanbul,
            settled_after: Duration::from_secs(30 * 86_400),
            day_begins_after: TimeDelta::zero(),
        }
    }

    #[test]
    fn a_daily_scope_is_due_on_each_day_of_the_zone() {
        let daily = |now, last| due(now, last).daily(Resource::Widgets, "s");
        assert!(daily("2026-05-10T10:00:00Z", None));
        assert!(!daily("2026-05-10T10:00:00Z", Some("2026-05-10T09:00:00Z")));
        // In Istanbul the day began at 21:00.
        assert!(!daily("2026-05-10T20:00:00Z", Some("2026-05-09T22:00:00Z")));
        assert!(daily("2026-05-10T22:00:00Z", Some("2026-05-10T20:00:00Z")));
    }

    #[test]
    fn the_days_of_a_company_may_begin_later() {
        let mut due = due("2026-05-10T10:00:00Z", Some("2026-05-10T04:00:00Z"));
        assert!(!due.daily(Resource::Widgets, "s"));
        // From 08:00 in Istanbul on, that is 05:00.
        due.day_begins_after = TimeDelta::hours(8);
        assert!(due.daily(Resource::Widgets, "s"));
        let april = Month::of(NaiveDate::from_ymd_opt(2026, 4, 7).expect("a day"));
        due.completed.clear();
        let key = (Resource::Widgets, "s".to_owned());
        due.completed.insert(key, at("2026-05-01T03:00:00Z"));
        assert!(
            due.month(Resource::Widgets, "s", april),
            "the month had not ended there"
        );
    }

    #[test]
    fn a_closed_month_is_due_once_and_once_more_after_it_settled() {
        let april = Month::of(NaiveDate::from_ymd_opt(2026, 4, 7).expect("a day"));
        let month = |now, last| due(now, last).month(Resource::Widgets, "s", april);
        for (now, last, expected) in [
            ("2026-04-15T10:00:00Z", None, true),
            ("2026-04-15T10:00:00Z", Some("2026-04-15T01:00:00Z"), false),
            ("2026-04-16T10:00:00Z", Some("2026-04-15T01:00:00Z"), true),
            // It ended at 21:00 UTC.
            ("2026-04-30T22:00:00Z", Some("2026-04-30T20:00:00Z"), true),
            ("2026-05-10T10:00:00Z", Some("2026-05-01T00:00:00Z"), false),
            ("2026-05-29T10:00:00Z", Some("2026-05-01T00:00:00Z"), false),
            ("2026-06-01T10:00:00Z", Some("2026-05-01T00:00:00Z"), true),
            ("2026-07-01T10:00:00Z", Some("2026-06-01T00:00:00Z"), false),
        ] {
            assert_eq!(month(now, last), expected, "at {now} after {last:?}");
        }
    }
}
