//! What changed about the rows of one report.

use std::collections::BTreeMap;

use crate::simulator::date::Instant;
use crate::simulator::world::changes::Roster;

/// The changes of one enrollment's, or one step's, report. A row keeps the number it was given
/// first, its position, wherever it stands.
#[derive(Debug, Clone, Default)]
pub struct PlaceChanges {
    rows: BTreeMap<u32, RowChange>,
    added: Vec<AddedRow>,
    /// The rows that are there, in order.
    pub(super) roster: Roster,
}

/// A row that the computed world does not have.
#[derive(Debug, Clone, Copy)]
pub struct AddedRow {
    /// Whose it is.
    pub person: u32,
    /// Since when.
    pub at: Instant,
}

/// What changed about one row.
#[derive(Debug, Clone, Default)]
pub struct RowChange {
    /// Whether it is gone.
    pub is_removed: bool,
    /// The statuses it went through, oldest first.
    pub statuses: Vec<StatusChange>,
    /// The sessions beside the computed ones, oldest first.
    pub sessions: Vec<Instant>,
    /// What this report says of the person that others do not.
    pub person: PersonChange,
}

/// A status a row was given.
#[derive(Debug, Clone, Copy)]
pub struct StatusChange {
    /// The status.
    pub status: &'static str,
    /// When.
    pub at: Instant,
    /// Whether the report tells that as the last interaction.
    pub moves_last_interaction: bool,
}

/// What is said of a person in place of what was said before.
#[derive(Debug, Clone, Copy, Default)]
pub struct PersonChange {
    /// First name.
    pub first_name: Option<&'static str>,
    /// Last name.
    pub last_name: Option<&'static str>,
    /// Department.
    pub department: Option<&'static str>,
    /// E-mail.
    pub address: Option<Address>,
}

/// An e-mail address by its place in the order: behind that of a person of the computed world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// That person.
    pub anchor: u32,
    /// Which of the addresses behind theirs; zero is their own.
    pub number: u32,
}

impl PersonChange {
    /// What this change says, else what `before` said.
    pub fn or(self, before: Self) -> Self {
        Self {
            first_name: self.first_name.or(before.first_name),
            last_name: self.last_name.or(before.last_name),
            department: self.department.or(before.department),
            address: self.address.or(before.address),
        }
    }
}

impl PlaceChanges {
    /// What changed about a row.
    pub fn row(&self, position: u32) -> Option<&RowChange> {
        self.rows.get(&position)
    }

    /// What changed about a row, to change more.
    pub fn row_mut(&mut self, position: u32) -> &mut RowChange {
        self.rows.entry(position).or_default()
    }

    /// Whether a row is gone.
    pub fn is_removed(&self, position: u32) -> bool {
        self.row(position).is_some_and(|row| row.is_removed)
    }

    /// The rows that are gone, or stand elsewhere than they did.
    pub(super) fn displaced(&self) -> impl Iterator<Item = u32> + '_ {
        self.rows
            .iter()
            .filter(|(_, row)| row.is_removed || row.person.address.is_some())
            .map(|(&position, _)| position)
    }

    /// The rows that are gone.
    pub fn removed(&self) -> impl Iterator<Item = u32> + '_ {
        self.rows
            .iter()
            .filter(|(_, row)| row.is_removed)
            .map(|(&position, _)| position)
    }

    /// Adds a row.
    pub fn add(&mut self, row: AddedRow) {
        self.added.push(row);
    }

    /// The row in this position if it was added to `count` computed ones.
    pub fn added(&self, position: u32, count: u32) -> Option<AddedRow> {
        let nth = position.checked_sub(count)?;
        self.added.get(nth as usize).copied()
    }

    /// The position of a person whose row was added to `count` computed ones.
    pub fn added_position(&self, person: u32, count: u32) -> Option<u32> {
        let nth = self.added.iter().position(|row| row.person == person)?;
        Some(count + nth as u32)
    }

    /// The positions of the rows that were added to `count` computed ones.
    pub fn added_positions(&self, count: u32) -> impl Iterator<Item = u32> + use<> {
        count..count + self.added.len() as u32
    }

    /// The rows that are there, in order.
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }
}
