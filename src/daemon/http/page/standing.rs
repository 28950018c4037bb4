//! How a company stands: one word that decides its colour, its place and whether anybody has to care.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::settings::SyncSettings;
use crate::warehouse::status::CompanyStatus;

/// How a company stands, the worst first. The numbers name the classes of the stylesheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Standing {
    /// The last try did not read all of it.
    Incomplete,
    /// All of it was read, but too long ago.
    Stale,
    /// It was never read.
    Unread,
    /// The customer or the vendor denies access; what is stored stays.
    Denied,
    /// The settings leave it out.
    LeftOut,
    /// Read within `sync.max_staleness`.
    Current,
    /// Read within half of it.
    Recent,
    /// Read within an eighth of it.
    Fresh,
}

impl Standing {
    /// All of them, the worst first.
    pub(super) const ALL: [Self; 8] = [
        Self::Incomplete,
        Self::Stale,
        Self::Unread,
        Self::Denied,
        Self::LeftOut,
        Self::Current,
        Self::Recent,
        Self::Fresh,
    ];

    /// How `company` stands at `now`.
    pub(super) fn of(company: &CompanyStatus, settings: &SyncSettings, now: DateTime<Utc>) -> Self {
        let id = &company.company_id;
        let (include, exclude) = (&settings.companies_include, &settings.companies_exclude);
        if exclude.contains(id) || !(include.is_empty() || include.contains(id)) {
            return Self::LeftOut;
        }
        match company.verdict.as_deref() {
            None => return Self::Unread,
            Some("forbidden") => return Self::Denied,
            Some("complete" | "unsupported") => {}
            Some(_) => return Self::Incomplete,
        }
        let Some(as_of) = company.safe_as_of else {
            // Tried, but only in part: by a run about some resources, or one that was stopped.
            return Self::Unread;
        };
        let limit = of(settings.max_staleness);
        match now - as_of {
            age if age > limit => Self::Stale,
            age if age > limit / 2 => Self::Current,
            age if age > limit / 8 => Self::Recent,
            _ => Self::Fresh,
        }
    }

    /// The class of the stylesheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Incomplete => "s0",
            Self::Stale => "s1",
            Self::Unread => "s2",
            Self::Denied => "s3",
            Self::LeftOut => "s4",
            Self::Current => "s5",
            Self::Recent => "s6",
            Self::Fresh => "s7",
        }
    }

    /// The word in the table.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Stale => "stale",
            Self::Unread => "not read yet",
            Self::Denied => "no access",
            Self::LeftOut => "left out",
            Self::Current | Self::Recent | Self::Fresh => "complete",
        }
    }

    /// The words of the legend.
    pub(super) fn legend(self, max_staleness: Duration) -> String {
        let limit = of(max_staleness);
        let within = |limit| format!("complete within {}", super::moment::span(limit));
        match self {
            Self::Fresh => within(limit / 8),
            Self::Recent => within(limit / 2),
            Self::Current => within(limit),
            Self::Stale => format!("older than {}", super::moment::span(limit)),
            Self::Incomplete | Self::Unread | Self::Denied | Self::LeftOut => {
                self.word().to_owned()
            }
        }
    }

    /// Whether everything of it is here, and young enough.
    pub(super) const fn is_well(self) -> bool {
        matches!(self, Self::Current | Self::Recent | Self::Fresh)
    }
}

fn of(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, Sources};

    fn company(verdict: Option<&str>, hours: Option<i64>) -> CompanyStatus {
        CompanyStatus {
            company_id: "c1".to_owned(),
            name: None,
            verdict: verdict.map(str::to_owned),
            safe_as_of: hours.map(|hours| now() - TimeDelta::hours(hours)),
            last_try_at: None,
            reason: None,
            remedy: None,
            access_until: None,
        }
    }

    fn now() -> DateTime<Utc> {
        "2026-07-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_company_stands_by_its_last_try_and_its_age() {
        let mut sync = Settings::load(Sources::default()).unwrap().sync;
        for (verdict, hours, standing) in [
            (None, None, Standing::Unread),
            (Some("complete"), None, Standing::Unread),
            (Some("complete"), Some(3), Standing::Fresh),
            (Some("unsupported"), Some(4), Standing::Recent),
            (Some("complete"), Some(13), Standing::Current),
            (Some("complete"), Some(25), Standing::Stale),
            (Some("failed"), Some(1), Standing::Incomplete),
            (Some("held"), Some(1), Standing::Incomplete),
            (Some("short"), None, Standing::Incomplete),
            (Some("forbidden"), Some(1), Standing::Denied),
        ] {
            let company = company(verdict, hours);
            assert_eq!(
                Standing::of(&company, &sync, now()),
                standing,
                "{company:?}"
            );
        }
        let fresh = company(Some("complete"), Some(1));
        sync.companies_include = vec!["c2".to_owned()];
        assert_eq!(Standing::of(&fresh, &sync, now()), Standing::LeftOut);
        sync.companies_include = vec!["c1".to_owned()];
        assert_eq!(Standing::of(&fresh, &sync, now()), Standing::Fresh);
        sync.companies_exclude = vec!["c1".to_owned()];
        assert_eq!(Standing::of(&fresh, &sync, now()), Standing::LeftOut);
    }

    #[test]
    fn classes_follow_the_order_so_that_the_script_can_sort_by_them() {
        for (number, standing) in Standing::ALL.iter().enumerate() {
            assert_eq!(standing.class(), format!("s{number}"));
            assert_eq!(*standing as usize, number);
        }
    }
}
