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
        (1..=GROUPS)
            .map(|group| {
                let dice = self
                    .company_dice(company)
                    .on(Salt::Groups)
                    .with(u64::from(group));
                let name = dice.on(Salt::Name).pick(NAMES);
                // Two groups are created in the same minute.
                let created_at =
                    self.minute(self.company(company).created_at + i64::from(group / 2) * DAY);
                TargetGroup {
                    id: self.target_group_id(company, group),
                    name: if dice.on(Salt::Quirk).one_in(3) {
                        name.to_owned()
                    } else {
                        format!("{name} {group}")
                    },
                    company_name: self.company_name(company),
                    users: if group == GROUPS {
                        0
                    } else {
                        dice.on(Salt::Count)
                            .below(u64::from(self.person_count()) + 1)
                            as i64
                    },
                    priority: (!dice.on(Salt::Quirk).with(1).one_in(3))
                        .then(|| dice.on(Salt::Quirk).with(2).pick(PRIORITIES)),
                    created_at,
                    updated_at: dice
                        .on(Salt::Date)
                        .one_in(2)
                        .then(|| self.minute(created_at + 40 * DAY)),
                }
            })
            .collect()
    }

    /// The id of a company's group, as enrollments name it.
    pub(super) fn target_group_id(&self, company: u32, group: u32) -> String {
        format!("TgRp{:08}", company * 10 + group)
    }
}
