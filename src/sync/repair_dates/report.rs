//! What a repair of dates does, or would do, column by column. Holds no stored value.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::warehouse::derived::Followed;

/// How dates are, or were, read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// `dmy`, `mdy`, `ymd` or `iso`; none while every date began with its year.
    pub date_format: Option<String>,
    /// IANA zone.
    pub time_zone: String,
    /// From when on; none: from the start.
    pub since: Option<DateTime<Utc>>,
}

/// What becomes of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ColumnPlan {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// Dates in it, and texts kept in `extra` instead.
    pub values: u64,
    /// Dates that become another.
    pub changed: u64,
    /// Texts that become dates.
    pub from_text: u64,
    /// Dates that become text, because the zone skipped them.
    pub to_text: u64,
    /// Dates of rows that changed since an earlier choice applied: which choice read them cannot be told, the one in
    /// force at the last change is taken.
    pub unsure: u64,
    /// The vendor writes the year first here, so day and month stay where they are.
    pub is_year_first: bool,
}

/// What is to be done, or was.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// How the stored dates were read.
    pub from: Vec<Choice>,
    /// How they are to be read.
    pub to: Option<Choice>,
    /// Companies looked at.
    pub companies: u64,
    /// Rows that change.
    pub rows: u64,
    /// The columns, in load order.
    pub columns: Vec<ColumnPlan>,
    /// What else changed; none before it is done.
    pub followed: Option<Followed>,
    /// Scopes that the next sync reads again.
    pub due: u64,
    /// It was done.
    pub is_done: bool,
}

impl Report {
    /// Adds what followed in a company.
    pub(super) fn add(&mut self, followed: Followed) {
        let all = self.followed.get_or_insert_default();
        all.persons += followed.persons;
        all.events += followed.events;
        all.sessions += followed.sessions;
    }
}
