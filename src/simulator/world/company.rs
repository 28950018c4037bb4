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
        company != self.root()
            && self
                .company_dice(company)
                .on(Salt::Access)
                .hits(self.options.denied)
    }

    /// The companies are the customers first, then the resellers below the account's own.
    fn sub_reseller_count(&self) -> u32 {
        self.options.sub_resellers.min(self.options.companies / 2)
    }

    /// The company above this one; none above the account's own.
    #[must_use]
    pub fn parent(&self, company: u32) -> Option<u32> {
        if company >= self.root() {
            return None;
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
        let mut children: Vec<u32> = (0..self.root())
            .filter(|&child| self.parent(child) == Some(company))
            .collect();
        children.sort_by_key(|&child| self.company_position(child));
        children
    }

    /// Whether a company has children, or is the account's own.
    #[must_use]
    pub fn is_reseller(&self, company: u32) -> bool {
        company == self.root()
            || (company >= self.root() - self.sub_reseller_count()
                && (0..self.root()).any(|child| self.parent(child) == Some(company)))
    }

    /// Where a company stands in order of creation. Not its index: order must not follow from ids.
    fn company_position(&self, company: u32) -> u32 {
        self.root() - 1 - company
    }

    /// The company at a position in order of creation.
    #[must_use]
    pub fn company_at(&self, position: u32) -> u32 {
        self.root() - 1 - position
    }

    /// A company's name.
    #[must_use]
    pub fn company_name(&self, company: u32) -> String {
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

    /// Everything about one company.
    #[must_use]
    pub fn company(&self, company: u32) -> Company {
        let dice = self.company_dice(company);
        let is_root = company == self.root();
        let created_at = if is_root {
            self.minute(self.end - SPAN_DAYS * DAY)
        } else {
            // Pairs of companies are created in the same minute.
            let rank = i64::from(self.company_position(company) / 2 * 2);
            let span = 400 * DAY;
            let count = i64::from(self.options.companies);
            self.minute(self.end - SPAN_DAYS * DAY + 10 * DAY + rank * span / count)
        };
        let is_limited = dice.on(Salt::License).one_in(2);
        let number_of_users = match dice.on(Salt::Quirk).below(4) {
            0 if !is_limited => String::new(),
            1 if !is_limited => "Unlimited".to_owned(),
            _ => (self.person_count() + 50).to_string(),
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
            target_users: people,
            deleted_users: people / 60,
            inactive_users: people / 40,
            monthly_active_users: active,
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
            created_at,
            access_starts_at: has_window.then(|| self.minute(created_at + 2 * HOUR + 7 * MINUTE)),
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
