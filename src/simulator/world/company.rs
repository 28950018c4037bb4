//! Companies and the tree of resellers above them.

use crate::simulator::date::Instant;
use crate::simulator::dice::Dice;
use crate::simulator::words;
use crate::simulator::world::{DAY, HOUR, MINUTE, SPAN_DAYS, Salt, World};

/// A customer of the reseller, or a reseller below it.
#[derive(Debug)]
pub struct Company {
    /// The id.
    pub id: String,
    /// The name; not unique.
    pub name: String,
    /// Index of the parent; none for the account's own reseller.
    pub parent: Option<u32>,
    /// Id and name of the industry.
    pub industry: Option<(&'static str, &'static str)>,
    /// Id and name of the licence type.
    pub license: (&'static str, &'static str),
    /// Whether the number of users is limited.
    pub is_limited: bool,
    /// The limit as the vendor writes it: digits, nothing, or `Unlimited`.
    pub number_of_users: String,
    /// Users of all states.
    pub target_users: i64,
    /// Users that were deleted.
    pub deleted_users: i64,
    /// Users that are inactive.
    pub inactive_users: i64,
    /// Users that did something this month.
    pub monthly_active_users: i64,
    /// For how long the reseller has access; zero is never.
    pub privacy_duration: i64,
    /// Whether the licence has ended.
    pub is_license_expired: bool,
    /// When the licence ends.
    pub license_ends_at: Option<Instant>,
    /// When the company was created.
    pub created_at: Instant,
    /// When the reseller's access began.
    pub access_starts_at: Option<Instant>,
    /// When the reseller's access ends.
    pub access_ends_at: Option<Instant>,
    /// Tags, without repetition.
    pub tags: Vec<&'static str>,
}

impl World {
    pub(super) fn company_dice(&self, company: u32) -> Dice {
        self.dice.on(Salt::Company).with(u64::from(company))
    }

    /// Whether every call in this company's scope is refused.
    #[must_use]
    pub fn is_denied(&self, company: u32) -> bool {
        let changed = self.changed_company(company);
        company != self.root()
            && changed
                .and_then(|changes| changes.is_denied)
                .unwrap_or_else(|| {
                    let dice = self.company_dice(company).on(Salt::Access);
                    dice.hits(self.options.denied)
                })
    }

    /// Whether the reseller no longer has this company.
    #[must_use]
    pub fn is_gone(&self, company: u32) -> bool {
        self.changed_company(company)
            .is_some_and(|changes| changes.is_gone)
    }

    /// All indexes of companies are below this one: those of the computed companies, that of the
    /// account's own, and those of companies that were added.
    #[must_use]
    pub fn company_indexes(&self) -> u32 {
        self.root() + 1 + self.changes.added_companies
    }

    /// The companies below the account's own, by index.
    pub fn companies(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.company_indexes())
            .filter(|&company| company != self.root() && !self.is_gone(company))
    }

    /// The companies below the account's own in order of creation; none where that is still the
    /// order of the computed world.
    #[must_use]
    pub fn other_companies(&self) -> Option<Vec<u32>> {
        self.changes
            .are_companies_other
            .then(|| self.companies_by_creation())
    }

    /// The companies below the account's own in order of creation.
    #[must_use]
    pub fn companies_by_creation(&self) -> Vec<u32> {
        let mut companies: Vec<u32> = self.companies().collect();
        companies.sort_by_cached_key(|&company| self.company_rank(company));
        companies
    }

    /// The companies are the customers first, then the resellers below the account's own.
    fn sub_reseller_count(&self) -> u32 {
        self.options.sub_resellers.min(self.options.companies / 2)
    }

    /// The company above this one, of those that are still there; none above the account's own.
    #[must_use]
    pub fn parent(&self, company: u32) -> Option<u32> {
        let parent = self.first_parent(company)?;
        if self.is_gone(parent) {
            self.parent(parent)
        } else {
            Some(parent)
        }
    }

    fn first_parent(&self, company: u32) -> Option<u32> {
        if company == self.root() {
            return None;
        }
        if company > self.root() {
            return Some(self.root());
        }
        let first = self.root() - self.sub_reseller_count();
        if company >= first {
            // Every second sub-reseller stands below the one before it.
            let is_nested = (company - first) % 2 == 1;
            return Some(if is_nested { company - 1 } else { self.root() });
        }
        let choice = company % (self.sub_reseller_count() + 1);
        Some(if choice == 0 {
            self.root()
        } else {
            first + choice - 1
        })
    }

    /// The companies directly below this one, in order of creation.
    #[must_use]
    pub fn children(&self, company: u32) -> Vec<u32> {
        let mut children: Vec<u32> = self
            .companies()
            .filter(|&child| self.parent(child) == Some(company))
            .collect();
        children.sort_by_cached_key(|&child| self.company_rank(child));
        children
    }

    /// Whether a company has children, or is the account's own.
    #[must_use]
    pub fn is_reseller(&self, company: u32) -> bool {
        company == self.root()
            || (company < self.root()
                && company >= self.root() - self.sub_reseller_count()
                && self
                    .companies()
                    .any(|child| self.parent(child) == Some(company)))
    }

    /// Where a company stands in order of creation. Not its index: order must not follow from ids.
    fn company_position(&self, company: u32) -> u32 {
        if company >= self.root() {
            company
        } else {
            self.company_at(company)
        }
    }

    /// The company at a position in the computed world's order of creation.
    #[must_use]
    pub fn company_at(&self, position: u32) -> u32 {
        self.root() - 1 - position
    }

    /// What companies are listed by.
    fn company_rank(&self, company: u32) -> (Instant, u32) {
        let changed = self.changed_company(company);
        let created_at = changed.and_then(|changes| changes.created_at);
        (
            created_at.unwrap_or_else(|| self.founded_at(company)),
            self.company_position(company),
        )
    }

    /// A company's name.
    #[must_use]
    pub fn company_name(&self, company: u32) -> String {
        let changed = self.changed_company(company);
        changed
            .and_then(|changes| changes.name.clone())
            .unwrap_or_else(|| self.first_company_name(company))
    }

    /// The name a company had at first, which stays in what was written then.
    pub(super) fn first_company_name(&self, company: u32) -> String {
        if company == self.root() {
            return "Example Reseller".to_owned();
        }
        let dice = self.company_dice(company).on(Salt::Name);
        let (first, last) = (
            dice.pick(words::COMPANY_NAMES),
            dice.with(1).pick(words::COMPANY_KINDS),
        );
        // Some names are shared by several companies.
        if dice.with(2).one_in(5) {
            format!("{first} {last}")
        } else {
            format!("{first} {last} {company}")
        }
    }

    /// When a company was founded. What it has follows from that, whatever its listing says.
    pub(super) fn founded_at(&self, company: u32) -> Instant {
        if company == self.root() {
            return self.minute(self.end - SPAN_DAYS * DAY);
        }
        let changed = self.changed_company(company);
        if let Some(added_at) = changed.and_then(|changes| changes.added_at) {
            return self.minute(added_at);
        }
        // Pairs of companies are created in the same minute.
        let rank = i64::from(self.company_position(company) / 2 * 2);
        let span = 400 * DAY;
        let count = i64::from(self.options.companies);
        self.minute(self.end - SPAN_DAYS * DAY + 10 * DAY + rank * span / count)
    }

    /// Everything about one company.
    #[must_use]
    pub fn company(&self, company: u32) -> Company {
        let dice = self.company_dice(company);
        let changed = self.changed_company(company);
        let is_root = company == self.root();
        let founded_at = self.founded_at(company);
        // Each change of numbers moves all of them.
        let numbers = changed.map_or(0, |changes| changes.numbers);
        let is_limited = dice.on(Salt::License).one_in(2);
        let number_of_users = match dice.on(Salt::Quirk).below(4) {
            0 if !is_limited => String::new(),
            1 if !is_limited => "Unlimited".to_owned(),
            _ => (self.person_count() + 50 + 10 * numbers).to_string(),
        };
        let is_license_expired = dice.on(Salt::License).with(1).one_in(9);
        let is_denied = self.is_denied(company);
        let ends = dice.on(Salt::Ended);
        let has_window = !is_root && dice.on(Salt::Access).with(1).one_in(3);
        let people = i64::from(self.person_count());
        let active = dice.on(Salt::Count).below(people as u64 + 1) as i64;
        Company {
            id: self.company_id(company),
            name: self.company_name(company),
            parent: self.parent(company),
            industry: (!dice.on(Salt::Industry).one_in(8))
                .then(|| dice.on(Salt::Industry).with(1).pick(words::INDUSTRIES)),
            license: dice.on(Salt::License).with(2).pick(words::LICENSES),
            is_limited,
            number_of_users,
            target_users: people + i64::from(numbers) * 3,
            deleted_users: people / 60 + i64::from(numbers),
            inactive_users: people / 40 + i64::from(numbers) * 2,
            monthly_active_users: active + i64::from(numbers) * 3,
            privacy_duration: if is_denied {
                0
            } else {
                1 + dice.on(Salt::Access).with(2).below(5) as i64
            },
            is_license_expired: is_license_expired && !is_denied && !is_root,
            license_ends_at: (!ends.one_in(6)).then(|| {
                let days = ends.with(1).below(365) as i64 + 1;
                let sign = if is_license_expired { -1 } else { 1 };
                self.minute(self.end + sign * days * DAY)
            }),
            created_at: self.company_rank(company).0,
            access_starts_at: has_window.then(|| self.minute(founded_at + 2 * HOUR + 7 * MINUTE)),
            access_ends_at: has_window.then(|| self.minute(self.end + 90 * DAY + 10 * HOUR)),
            tags: distinct(dice.on(Salt::Tags), words::TAGS, 2),
        }
    }
}

/// Up to `most` neighbouring items, each once.
pub(super) fn distinct<T: Copy>(dice: Dice, items: &[T], most: u64) -> Vec<T> {
    let first = dice.below(items.len() as u64) as usize;
    let count = dice.with(1).below(most + 1) as usize;
    (0..count)
        .map(|step| items[(first + step) % items.len()])
        .collect()
}
