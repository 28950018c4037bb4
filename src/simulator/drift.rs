//! Listings that change while they are paged: rows come, go and move between one page and the next.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::simulator::api::Endpoint;
use crate::simulator::change::{Change, ChangeKind};
use crate::simulator::dice::Dice;
use crate::simulator::present::Present;

/// How many rows a listing may lose more than it gets.
const MOST_LOST: i64 = 2;

/// A listing that can drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Listing {
    /// The users of each enrollment.
    Users,
    /// The active enrollments of each company.
    Enrollments,
    /// Its archived ones.
    Archive,
    /// The companies.
    Companies,
    /// The trainings of each company.
    Trainings,
    /// Its target groups.
    TargetGroups,
}

impl Listing {
    const fn of(endpoint: Endpoint) -> Option<Self> {
        match endpoint {
            Endpoint::Users => Some(Self::Users),
            Endpoint::Enrollments => Some(Self::Enrollments),
            Endpoint::Archive => Some(Self::Archive),
            Endpoint::Companies => Some(Self::Companies),
            Endpoint::Trainings => Some(Self::Trainings),
            Endpoint::TargetGroups => Some(Self::TargetGroups),
            _ => None,
        }
    }

    /// What inserts a row, removes one, and moves one.
    const fn changes(self) -> [ChangeKind; 3] {
        use ChangeKind as Kind;

        match self {
            Self::Users => [Kind::UserAdded, Kind::UserRemoved, Kind::UserAddress],
            Self::Enrollments | Self::Archive => [
                Kind::EnrollmentAdded,
                Kind::EnrollmentPurged,
                Kind::EnrollmentRedated,
            ],
            Self::Companies => [Kind::CompanyAdded, Kind::CompanyGone, Kind::CompanyRedated],
            Self::Trainings => [
                Kind::TrainingAdded,
                Kind::TrainingRemoved,
                Kind::TrainingRedated,
            ],
            Self::TargetGroups => [
                Kind::TargetGroupAdded,
                Kind::TargetGroupRemoved,
                Kind::TargetGroupRedated,
            ],
        }
    }
}

/// What happens to a listing before one of its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    Nothing,
    Insert,
    Remove,
    /// A row goes and another comes, so that the total stays.
    Balanced,
    Reorder,
}

impl Move {
    /// Most pages are left alone, so that most rows are there throughout.
    const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Nothing,
        Self::Nothing,
        Self::Insert,
        Self::Remove,
        Self::Balanced,
        Self::Reorder,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Insert => "insert",
            Self::Remove => "remove",
            Self::Balanced => "balanced",
            Self::Reorder => "reorder",
        }
    }
}

/// A page that is about to be answered.
#[derive(Debug)]
pub struct Paged {
    /// Of which listing.
    pub listing: Listing,
    /// The id of the company whose listing it is.
    pub company: Option<String>,
    /// The id of the enrollment.
    pub enrollment: Option<String>,
    /// The number of the page.
    pub page: u64,
}

/// Whether listings drift, and what was done to which.
#[derive(Debug, Default)]
pub struct Drift {
    /// Spares the lock while nothing drifts.
    is_on: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    seed: u64,
    listings: Vec<Listing>,
    /// How each listing fared.
    courses: BTreeMap<(Listing, Option<String>, Option<String>), Course>,
    counts: BTreeMap<&'static str, u64>,
    log: Vec<Value>,
}

/// How one listing fared.
#[derive(Debug, Default)]
struct Course {
    /// How often it had a chance to change.
    chances: u64,
    /// How many rows it lost more than it got.
    lost: i64,
}

impl Drift {
    /// Lets these listings drift, and forgets what was done before.
    pub fn switch_on(&self, seed: u64, listings: Vec<Listing>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State {
            seed,
            listings,
            ..State::default()
        };
        self.is_on.store(true, Ordering::Release);
    }

    /// Lets nothing drift any more.
    pub fn switch_off(&self) {
        self.is_on.store(false, Ordering::Release);
    }

    /// The listing behind an endpoint, if it is to drift.
    pub fn listing(&self, endpoint: Endpoint) -> Option<Listing> {
        if !self.is_on.load(Ordering::Acquire) {
            return None;
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Listing::of(endpoint).filter(|listing| state.listings.contains(listing))
    }

    /// Applies what chance has for a listing. It follows from the seed and from how often that
    /// listing had its chance, whatever others do.
    pub fn before(&self, present: &Present, paged: Paged) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (
            paged.listing,
            paged.company.clone(),
            paged.enrollment.clone(),
        );
        let seed = state.seed;
        let course = state.courses.entry(key).or_default();
        course.chances += 1;
        let names = paged.company.iter().chain(&paged.enrollment);
        let dice = names
            .flat_map(|name| name.bytes())
            .fold(Dice::new(seed).with(paged.listing as u64), |dice, byte| {
                dice.with(u64::from(byte))
            })
            .with(course.chances);
        let mut kind = dice.pick(&Move::ALL);
        // However long it is paged, a listing does not dwindle away.
        if kind == Move::Remove && course.lost >= MOST_LOST {
            kind = Move::Insert;
        }
        let changes = changes(&paged, kind, dice.with(1).value());
        let applied = present.apply(&changes).unwrap_or_else(|_| {
            // A listing in which nothing fits is left alone.
            kind = Move::Nothing;
            Vec::new()
        });
        course.lost += match kind {
            Move::Remove => 1,
            Move::Insert => -1,
            Move::Nothing | Move::Balanced | Move::Reorder => 0,
        };
        *state.counts.entry(kind.name()).or_default() += 1;
        if kind != Move::Nothing {
            let changes: Vec<Value> = applied.iter().map(Change::to_json).collect();
            state.log.push(json!({
                "listing": paged.listing,
                "company": paged.company,
                "enrollment": paged.enrollment,
                "page": paged.page,
                "kind": kind.name(),
                "changes": changes,
            }));
        }
    }

    /// How often each kind was applied, and what was done before which page of which listing.
    pub fn report(&self) -> Value {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |kind: Move| {
            let count = state.counts.get(kind.name()).copied().unwrap_or_default();
            (kind.name().to_owned(), json!(count))
        };
        json!({
            "version": 1,
            "is_on": self.is_on.load(Ordering::Acquire),
            "seed": state.seed,
            "listings": state.listings,
            "kinds": Move::ALL.map(count).into_iter().collect::<serde_json::Map<_, _>>(),
            "steps": state.log,
        })
    }
}

/// The changes that make up a move.
fn changes(paged: &Paged, kind: Move, seed: u64) -> Vec<Change> {
    let [insert, remove, reorder] = paged.listing.changes();
    let kinds = match kind {
        Move::Nothing => Vec::new(),
        Move::Insert => vec![insert],
        Move::Remove => vec![remove],
        Move::Balanced => vec![remove, insert],
        Move::Reorder => vec![reorder],
    };
    let change = |kind| Change {
        company: paged.company.clone(),
        enrollment: paged.enrollment.clone(),
        archived: match paged.listing {
            Listing::Archive => Some(true),
            Listing::Enrollments => Some(false),
            _ => None,
        },
        ..Change::new(kind, seed)
    };
    kinds.into_iter().map(change).collect()
}
