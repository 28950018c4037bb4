//! What the tables of schema `keepnet` look like to the loader: names, columns, keys, and the rule by which
//! a received row meets a stored one. One file per group of tables holds the row structs.
//!
//! To add a table: a migration, a row struct with its [`Table`] here, and its place in [`Table::order`].

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

pub(crate) const fn text(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Text,
    }
}
pub(crate) const fn bigint(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Bigint,
    }
}
pub(crate) const fn double(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Double,
    }
}
pub(crate) const fn boolean(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Boolean,
    }
}
pub(crate) const fn instant(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Instant,
    }
}
pub(crate) const fn date(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Date,
    }
}
pub(crate) const fn interval(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Interval,
    }
}
pub(crate) const fn json(name: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Json,
    }
}
