//! What the tables of schema `keepnet` look like to the loader: names, columns, keys, and the rule by which
//! a received row meets a stored one. One file per group of tables holds the row structs.
//!
//! To add a table: a migration, a row struct with its [`Table`] here, its place in [`Table::order`] and in [`ALL`].

pub mod anonymous;
pub mod companies;
pub mod enrollments;
pub mod history;
pub mod interactions;
pub mod reports;
pub mod summaries;
pub mod surveys;
pub mod target_groups;
pub mod trainings;
pub mod users;
pub mod widgets;

use crate::resource::Resource;
use crate::warehouse::load::tuple::Row;

/// Every table, or part of one, that is filled.
pub static ALL: [&Table; 27] = [
    companies::CompanyRow::TABLE,
    companies::CompanyTagRow::TABLE,
    enrollments::EnrollmentRow::TABLE,
    enrollments::EnrollmentDetailRow::TABLE,
    enrollments::StepOfRow::TABLE,
    enrollments::EnrollmentTagRow::TABLE,
    enrollments::EnrollmentLanguageRow::TABLE,
    enrollments::EnrollmentTargetGroupRow::TABLE,
    enrollments::EnrollmentTrainingRoleRow::TABLE,
    summaries::EnrollmentSummaryRow::TABLE,
    summaries::EnrollmentStepRow::TABLE,
    users::TargetUserRow::TABLE,
    users::EnrollmentUserRow::TABLE,
    users::UserCustomFieldRow::TABLE,
    interactions::InteractionRow::TABLE,
    surveys::SurveySessionRow::TABLE,
    surveys::SurveyQuestionRow::TABLE,
    surveys::SurveyQuestionOptionRow::TABLE,
    surveys::SurveyAnswerRow::TABLE,
    anonymous::AnonymousLearnerRow::TABLE,
    anonymous::AnonymousResultRow::TABLE,
    reports::ExecutiveReportRow::TABLE,
    reports::ReportWidgetRow::TABLE,
    widgets::WidgetRow::TABLE,
    widgets::WidgetValueRow::TABLE,
    trainings::TrainingRow::TABLE,
    target_groups::TargetGroupRow::TABLE,
];

/// One table of schema `keepnet`, or the part of its columns that one resource fills.
#[derive(Debug)]
pub struct Table {
    /// Name without schema.
    pub name: &'static str,
    /// The resource whose pull fills these columns.
    pub resource: Resource,
    /// Place in the load order: a table comes after those that its foreign keys point to.
    pub order: u8,
    /// The columns that are filled, key columns first.
    pub columns: &'static [Column],
    /// How many of them are the primary key.
    pub key_len: usize,
    /// How a received row meets a stored one.
    pub rule: Rule,
}

impl Table {
    /// True when one enrollment has many rows here, each with a key of its own.
    #[must_use]
    pub fn is_bulk(&self) -> bool {
        self.rule == Rule::Replace && self.key_len > 2
    }

    /// True when a change of a row is a reason to ask for more about its user.
    #[must_use]
    pub fn is_asked_about(&self) -> bool {
        self.name == "enrollment_users"
    }

    /// The names of the key columns.
    pub fn key_names(&self) -> impl Iterator<Item = &'static str> {
        self.columns[..self.key_len]
            .iter()
            .map(|column| column.name)
    }
}

/// How a received row meets the stored row with the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// It replaces it when they differ.
    Replace,
    /// It replaces it when they differ and its version is not older. The two columns behind the key are
    /// the version.
    Newest,
    /// It is put together from several items: what the received row leaves null stays as it is stored.
    Gather,
    /// Like `Replace`; and the rows received for an owner (the first `owner_len` key columns) are all that
    /// the owner has: stored rows beside them are marked deleted.
    Set {
        /// Key columns that name the owner.
        owner_len: usize,
    },
    /// Like `Set`, for an owner in this [`Rule::Newest`] table: when the owner's row is older than the stored
    /// one, its set is left alone too.
    SetOfNewest {
        /// Key columns that name the owner.
        owner_len: usize,
        /// The owner's place in the load order.
        owner: u8,
    },
}

impl Rule {
    /// Key columns that name the owner of a set.
    #[must_use]
    pub fn owner_len(self) -> Option<usize> {
        match self {
            Self::Replace | Self::Newest | Self::Gather => None,
            Self::Set { owner_len } | Self::SetOfNewest { owner_len, .. } => Some(owner_len),
        }
    }
}

/// A column: its name and its type.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name in the table.
    pub name: &'static str,
    /// Type in the table.
    pub kind: Kind,
    /// Where its date came from, when it is one that the vendor wrote.
    pub received: Option<Received>,
}

/// Where a date of the vendor came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// The members of the item that may hold it, the first that does counts. What could not be read of them is in
    /// `extra` under the same names.
    pub members: &'static [&'static str],
    /// The vendor writes the year first whatever the account's format is.
    pub is_iso: bool,
}

/// The types used by the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `text`
    Text,
    /// `bigint`
    Bigint,
    /// `double precision`
    Double,
    /// `boolean`
    Boolean,
    /// `timestamptz`
    Instant,
    /// `date`
    Date,
    /// `interval`
    Interval,
    /// `jsonb`
    Json,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        received: None,
    }
}
pub(crate) const fn text(name: &'static str) -> Column {
    column(name, Kind::Text)
}
pub(crate) const fn bigint(name: &'static str) -> Column {
    column(name, Kind::Bigint)
}
pub(crate) const fn double(name: &'static str) -> Column {
    column(name, Kind::Double)
}
pub(crate) const fn boolean(name: &'static str) -> Column {
    column(name, Kind::Boolean)
}
/// An instant that the vendor writes as the account's settings say.
pub(crate) const fn instant(name: &'static str, members: &'static [&'static str]) -> Column {
    Column {
        received: Some(Received {
            members,
            is_iso: false,
        }),
        ..column(name, Kind::Instant)
    }
}
/// An instant that the vendor writes in ISO 8601 without a zone.
pub(crate) const fn iso_instant(name: &'static str, members: &'static [&'static str]) -> Column {
    Column {
        received: Some(Received {
            members,
            is_iso: true,
        }),
        ..column(name, Kind::Instant)
    }
}
/// An instant that was taken from another table.
pub(crate) const fn copied_instant(name: &'static str) -> Column {
    column(name, Kind::Instant)
}
/// A day that this program names.
pub(crate) const fn date(name: &'static str) -> Column {
    column(name, Kind::Date)
}
/// A day that the vendor writes as the account's settings say. What is no day under one format is none under another,
/// so none is looked for in `extra`.
pub(crate) const fn day(name: &'static str) -> Column {
    Column {
        received: Some(Received {
            members: &[],
            is_iso: false,
        }),
        ..column(name, Kind::Date)
    }
}
pub(crate) const fn interval(name: &'static str) -> Column {
    column(name, Kind::Interval)
}
pub(crate) const fn json(name: &'static str) -> Column {
    column(name, Kind::Json)
}
