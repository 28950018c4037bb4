//! Periods that reports and widgets are about: whole days of the account's calendar.

use chrono::{Datelike, Days, Months, NaiveDate};

/// From the first to the last day, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub start: NaiveDate,
    /// The last day.
    pub end: NaiveDate,
}

impl Period {
    /// The month of a day.
    #[must_use]
    pub fn month_of(day: NaiveDate) -> Self {
        let start = day.with_day(1).unwrap_or(day);
        Self {
            start,
            end: start + Months::new(1) - Days::new(1),
        }
    }

    /// The days on which a chart over this period has a point: weeks of a month, else months.
    pub(super) fn points(self, until: NaiveDate) -> Vec<NaiveDate> {
        let step = if (self.end - self.start).num_days() <= 62 {
            7
        } else {
            30
        };
        self.start
            .iter_days()
            .step_by(step)
            .take_while(|&day| day <= self.end && day <= until)
            .collect()
    }
}

/// The vendor's names of periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePeriod {
    /// The 30 days before today.
    LastMonth,
    /// The 90 days before today.
    Last3Months,
    /// The 180 days before today.
    Last6Months,
    /// The 365 days before today.
    LastYear,
    /// From New Year to today.
    ThisYear,
    /// As two dates say.
    Custom,
}

impl DatePeriod {
    /// All, each at the place of its number.
    pub const ALL: [Self; 6] = [
        Self::LastMonth,
        Self::Last3Months,
        Self::Last6Months,
        Self::LastYear,
        Self::ThisYear,
        Self::Custom,
    ];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LastMonth => "LastMonth",
            Self::Last3Months => "Last3Months",
            Self::Last6Months => "Last6Months",
            Self::LastYear => "LastYear",
            Self::ThisYear => "ThisYear",
            Self::Custom => "Custom",
        }
    }

    /// The days it means on a day; `custom` where dates decide.
    #[must_use]
    pub fn on(self, today: NaiveDate, custom: Period) -> Period {
        let days = match self {
            Self::LastMonth => 30,
            Self::Last3Months => 90,
            Self::Last6Months => 180,
            Self::LastYear => 365,
            Self::ThisYear => u64::from(today.ordinal0()),
            Self::Custom => return custom,
        };
        Period {
            start: today - Days::new(days),
            end: today,
        }
    }
}
