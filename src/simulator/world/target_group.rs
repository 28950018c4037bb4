//! The groups of users that a company can enroll.

use crate::simulator::date::Instant;
use crate::simulator::world::{DAY, Salt, World};

/// Groups of a company; enrollments name the first five.
const GROUPS: u32 = 7;

const NAMES: &[&str] = &[
    "All Users",
    "Finans Ekibi",
    "New \"Hires\"",
    "EMEA, Sales",
    "IT 🔒",
];
const PRIORITIES: &[&str] = &["High", "Medium", "Low"];

/// One group of users.
#[derive(Debug)]
pub struct TargetGroup {
    /// The id.
    pub id: String,
    /// The name; not unique.
    pub name: String,
    /// Name of its company.
    pub company_name: String,
    /// How many users are in it.
    pub users: i64,
    /// Priority as displayed, if any.
    pub priority: Option<&'static str>,
    /// When it was created.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Option<Instant>,
}

impl World {
    /// The groups of a company, in order of creation. Number 1 to 5 are those of enrollments.
    #[must_use]
    pub fn target_groups(&self, company: u32) -> Vec<TargetGroup> {
        let changes = self.changed_company(company);
        let added = changes.map_or(0, |changes| changes.added_groups);
        let mut groups: Vec<TargetGroup> = (1..=GROUPS + added)
            .filter_map(|group| {
                let id = self.target_group_id(company, group);
                let change = changes.and_then(|changes| changes.groups.get(&id));
                if change.is_some_and(|change| change.is_removed) {
                    return None;
                }
                let edits = change.map_or(0, |change| i64::from(change.edits));
                let edited_at = change.and_then(|change| change.edited_at);
                let dice = self
                    .company_dice(company)
                    .on(Salt::Groups)
                    .with(u64::from(group));
                let name = dice.on(Salt::Name).pick(NAMES);
                // Two groups are created in the same minute.
                let first_created_at =
                    self.minute(self.founded_at(company) + i64::from(group / 2) * DAY);
                let created_at = change
                    .and_then(|change| change.created_at)
                    .unwrap_or(first_created_at);
                Some(TargetGroup {
                    id,
                    name: if dice.on(Salt::Quirk).one_in(3) {
                        name.to_owned()
                    } else {
                        format!("{name} {group}")
                    },
                    company_name: self.company_name(company),
                    users: edits
                        + if group == GROUPS {
                            0
                        } else {
                            dice.on(Salt::Count)
                                .below(u64::from(self.person_count()) + 1)
                                as i64
                        },
                    priority: (!dice.on(Salt::Quirk).with(1).one_in(3))
                        .then(|| dice.on(Salt::Quirk).with(2).pick(PRIORITIES)),
                    created_at,
                    updated_at: edited_at.or_else(|| {
                        let is_updated = group <= GROUPS && dice.on(Salt::Date).one_in(2);
                        is_updated.then(|| self.minute(first_created_at + 40 * DAY))
                    }),
                })
            })
            .collect();
        groups.sort_by_key(|group| group.created_at);
        groups
    }

    /// The id that the next group to be added will have.
    pub(in crate::simulator) fn next_target_group_id(&self, company: u32) -> String {
        let changes = self.changed_company(company);
        let added = changes.map_or(0, |changes| changes.added_groups);
        self.target_group_id(company, GROUPS + added + 1)
    }

    /// The id of a company's group, as enrollments name it.
    pub(super) fn target_group_id(&self, company: u32, group: u32) -> String {
        if group > GROUPS {
            return format!("TgRq{company:05}{group:03}");
        }
        format!("TgRp{:08}", company * 10 + group)
    }
}
