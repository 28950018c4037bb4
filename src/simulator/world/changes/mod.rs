//! How the present differs from the computed world. What never changed takes no memory: an entry
//! is there only for what was changed, and a world without changes has none.

mod place;
mod roster;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat};

pub use place::{AddedRow, Address, PersonChange, PlaceChanges, RowChange, StatusChange};
pub use roster::Roster;

use crate::simulator::date::Instant;
use crate::simulator::world::{DAY, EnrollmentKind, EnrollmentPlace, MINUTE, SPAN_DAYS, World};

/// All changes so far.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    companies: BTreeMap<u32, Arc<CompanyChanges>>,
    /// How many companies were added; their indexes follow that of the account's own.
    pub added_companies: u32,
    /// Whether the companies and their order are no longer those of the computed world.
    pub are_companies_other: bool,
}

/// What changed in one company.
#[derive(Debug, Clone, Default)]
pub struct CompanyChanges {
    /// When it was added, if it was.
    pub added_at: Option<Instant>,
    /// Another time of creation than it had.
    pub created_at: Option<Instant>,
    /// Whether the reseller no longer has it.
    pub is_gone: bool,
    /// Whether access is denied, where that changed.
    pub is_denied: Option<bool>,
    /// Another name.
    pub name: Option<String>,
    /// How often its numbers of users changed.
    pub numbers: u32,
    /// Its enrollments that changed as a whole.
    pub enrollments: BTreeMap<u32, EnrollmentChanges>,
    /// How many enrollments were added; their indexes follow those of the computed ones.
    pub added_enrollments: u32,
    /// The enrollments and steps whose users changed.
    pub places: BTreeMap<(u32, u8), Arc<PlaceChanges>>,
    /// People who were given another name or department, and from which enrollment on.
    pub people: BTreeMap<u32, Vec<(u32, PersonChange)>>,
    /// Where new people stand in the order of e-mail; their indexes follow those of the others.
    pub added_people: Vec<Address>,
    /// How many addresses were ever made up for this company.
    pub addresses: u32,
    /// Target groups, by id.
    pub groups: BTreeMap<String, ItemChange>,
    /// How many target groups were added.
    pub added_groups: u32,
    /// Trainings, by id.
    pub trainings: BTreeMap<String, ItemChange>,
    /// How many trainings were added.
    pub added_trainings: u32,
    /// How often the values of a widget changed, by its type and the first day of a month.
    pub widgets: BTreeMap<(&'static str, NaiveDate), u64>,
    /// The executive reports that were removed.
    pub removed_reports: BTreeSet<u32>,
}

/// What changed about one enrollment as a whole.
#[derive(Debug, Clone, Default)]
pub struct EnrollmentChanges {
    /// When it was added and what it is, if it was added.
    pub added: Option<(Instant, EnrollmentKind)>,
    /// Another time of creation than it had.
    pub created_at: Option<Instant>,
    /// Whether it is in no listing any more and has no reports.
    pub is_purged: bool,
    /// Whether it is archived, where that changed.
    pub is_archived: Option<bool>,
    /// Another name.
    pub name: Option<String>,
    /// Another status.
    pub status: Option<&'static str>,
}

/// What changed about a target group or a training.
#[derive(Debug, Clone, Default)]
pub struct ItemChange {
    /// Whether it was removed.
    pub is_removed: bool,
    /// How often it was changed.
    pub edits: u32,
    /// When it was changed last.
    pub edited_at: Option<Instant>,
    /// When it was added, or another time of creation than it had.
    pub created_at: Option<Instant>,
}

impl World {
    /// The simulated present.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The simulated present in UTC.
    #[must_use]
    pub fn now_text(&self) -> String {
        DateTime::from_timestamp(self.now, 0).map_or_else(String::new, |now| {
            now.to_rfc3339_opts(SecondsFormat::Secs, true)
        })
    }

    /// Moves the present, to the next instant that can be read back from a date string.
    pub(in crate::simulator) fn set_now(&mut self, now: Instant) -> Result<(), String> {
        let now = self.second(now);
        if now < self.now {
            return Err(format!(
                "the present is {} and never goes back",
                self.now_text()
            ));
        }
        if now > self.end + SPAN_DAYS * DAY {
            return Err(format!("the present ends {SPAN_DAYS} days after the world"));
        }
        self.now = now;
        Ok(())
    }

    /// Whether an enrollment or a step has a report of users.
    pub(in crate::simulator) fn has_users(&self, place: EnrollmentPlace) -> bool {
        self.sent_count(place.company, place.enrollment) > 0 && !self.is_purged(place)
    }

    /// The rows that left the report of a place.
    pub(in crate::simulator) fn removed_rows(&self, place: EnrollmentPlace) -> Vec<u32> {
        self.changed_place(place)
            .map_or_else(Vec::new, |changes| changes.removed().collect())
    }

    /// The person of the computed world at or behind whom a row stands in order of e-mail.
    pub(in crate::simulator) fn anchor_of(&self, place: EnrollmentPlace, position: u32) -> u32 {
        let row = self
            .changed_place(place)
            .and_then(|changes| changes.row(position));
        let own = || self.address(place.company, self.person_at(place, position));
        row.and_then(|row| row.person.address)
            .unwrap_or_else(own)
            .anchor
    }

    /// A time of creation by which the row at `rank` moves by half the listing.
    pub(in crate::simulator) fn moved(&self, times: &[Instant], rank: usize) -> Instant {
        let far = times.get((rank + times.len() / 2) % times.len().max(1));
        self.minute(far.copied().unwrap_or(self.now) + MINUTE)
    }

    pub(super) fn changed_company(&self, company: u32) -> Option<&CompanyChanges> {
        self.changes.companies.get(&company).map(AsRef::as_ref)
    }

    pub(super) fn changed_enrollment(
        &self,
        company: u32,
        enrollment: u32,
    ) -> Option<&EnrollmentChanges> {
        self.changed_company(company)?.enrollments.get(&enrollment)
    }

    /// The changes of what a report shows. A step that cannot be known by an id of its own has
    /// those of its path.
    pub(super) fn changed_place(&self, place: EnrollmentPlace) -> Option<&Arc<PlaceChanges>> {
        let company = self.changed_company(place.company)?;
        let step = if self.is_known(place) { place.step } else { 0 };
        company.places.get(&(place.enrollment, step))
    }

    /// The changes of all companies together, to add some.
    pub(in crate::simulator) const fn changes_mut(&mut self) -> &mut Changes {
        &mut self.changes
    }

    /// The changes of a company, to add some.
    pub(in crate::simulator) fn company_changes(&mut self, company: u32) -> &mut CompanyChanges {
        Arc::make_mut(self.changes.companies.entry(company).or_default())
    }

    /// The changes of an enrollment, to add some.
    pub(in crate::simulator) fn enrollment_changes(
        &mut self,
        place: EnrollmentPlace,
    ) -> &mut EnrollmentChanges {
        let company = self.company_changes(place.company);
        company.enrollments.entry(place.enrollment).or_default()
    }

    /// Changes what the report of a place shows, and puts its rows in order again.
    pub(in crate::simulator) fn change_rows(
        &mut self,
        place: EnrollmentPlace,
        change: impl FnOnce(&mut PlaceChanges),
    ) {
        let count = self.sent_count(place.company, place.enrollment);
        let places = &mut self.company_changes(place.company).places;
        let kept = places.entry((place.enrollment, place.step)).or_default();
        let mut changes = kept.as_ref().clone();
        change(&mut changes);
        changes.roster = self.roster(place, &changes, count);
        let places = &mut self.company_changes(place.company).places;
        places.insert((place.enrollment, place.step), Arc::new(changes));
    }

    /// The rows of a place in order of e-mail.
    fn roster(&self, place: EnrollmentPlace, changes: &PlaceChanges, count: u32) -> Roster {
        let EnrollmentPlace {
            company,
            enrollment,
            ..
        } = place;
        let absent = changes.displaced().filter(|&position| position < count);
        let mut placed: Vec<(u32, Address, u32)> = changes
            .displaced()
            .chain(changes.added_positions(count))
            .filter(|&position| !changes.is_removed(position))
            .filter_map(|position| {
                let row = changes.row(position);
                let address = row.and_then(|row| row.person.address).or_else(|| {
                    let added = changes.added(position, count)?;
                    Some(self.address(company, added.person))
                })?;
                let before = self.first_behind(company, enrollment, address.anchor);
                Some((before, address, position))
            })
            .collect();
        placed.sort_unstable();
        placed.dedup();
        Roster::new(count, absent, &placed)
    }
}
