//! The account that is simulated, and how it changes.
//!
//! Each company has a fixed number of enrollments. One is open for [`OPEN_FOR`]; it is followed by a new one when the
//! open ones would be fewer than `open_share`, and then the oldest is no longer listed. The status of each user changes
//! [`CHANGES_PER_USER`] times, half of them within [`HALF_LIFE`] days after the enrollment was sent, and half of what
//! is left within as long again; [`AT_WORK`] of them between 9 and 18 o'clock on weekdays.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::dice::Dice;

/// How long an enrollment is open.
pub const OPEN_FOR: TimeDelta = TimeDelta::days(30);
/// Changes of the status of one user, in all.
const CHANGES_PER_USER: f64 = 2.0;
/// Days in which half of the changes happen.
const HALF_LIFE: f64 = 4.0;
/// The share of the changes that happens in working hours.
const AT_WORK: f64 = 0.8;
/// Hours of a week that are worked.
const WORKING_HOURS: f64 = 45.0;
/// Of the users of a survey, those about whom there are interactions, and in the end sessions; measured with `bench.sh`.
const SHARE_INTERACTING: f64 = 0.96;
const SHARE_ANSWERING: f64 = 0.49;
/// Where the working hours are.
pub const ZONE: Tz = chrono_tz::Europe::Istanbul;

/// How large it is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub companies: u32,
    pub enrollments: u32,
    pub users: u32,
    pub open_share: f64,
    pub survey_share: f64,
}

/// A place in the list of a company: one enrollment after the other.
pub struct Slot {
    users: f64,
    /// How long one is listed.
    listed_for: TimeDelta,
    is_survey: bool,
    /// Changes that are expected since somebody looked, up to the hour that passed last.
    expected: f64,
    passed: DateTime<Utc>,
    pub id: String,
    pub created_at: DateTime<Utc>,
    /// Changes that somebody who looked has seen.
    pub changes: u64,
}

impl Slot {
    /// The slot `number` of a company, at an instant.
    pub fn new(size: &Size, company: u32, number: u32, at: DateTime<Utc>, dice: &mut Dice) -> Self {
        let listed_for = OPEN_FOR.num_seconds() as f64 / size.open_share;
        let age = (f64::from(number) + dice.share()) / f64::from(size.enrollments) * listed_for;
        Self {
            users: f64::from(size.users),
            listed_for: TimeDelta::seconds(listed_for as i64),
            is_survey: dice.share() < size.survey_share,
            expected: 0.0,
            passed: at,
            id: format!("{company}-{number}-0"),
            created_at: at - TimeDelta::seconds(age as i64),
            changes: 0,
        }
    }

    pub fn is_survey(&self) -> bool {
        self.is_survey
    }

    pub fn is_closed(&self, now: DateTime<Utc>) -> bool {
        self.created_at + OPEN_FOR <= now
    }

    /// Its row in the listing.
    pub fn listed_as(&self, now: DateTime<Utc>) -> &'static str {
        if self.is_closed(now) {
            "finished"
        } else {
            "in progress"
        }
    }

    /// Time passes; true when the next enrollment has taken the place.
    pub fn pass(&mut self, now: DateTime<Utc>) -> bool {
        let is_over = self.created_at + self.listed_for <= now;
        if is_over {
            self.created_at += self.listed_for;
            self.id.push('+');
            (self.expected, self.changes) = (0.0, 0);
        }
        while self.passed + TimeDelta::hours(1) <= now {
            if self.created_at <= self.passed && !self.is_closed(self.passed) {
                let per_day = self.users * CHANGES_PER_USER * (std::f64::consts::LN_2 / HALF_LIFE);
                let left = (-self.age(self.passed) / HALF_LIFE).exp2();
                self.expected += per_day / 24.0 * left * weight(self.passed);
            }
            self.passed += TimeDelta::hours(1);
        }
        is_over
    }

    /// Somebody looks, and sees all changes so far.
    pub fn look(&mut self, dice: &mut Dice) {
        self.changes += dice.times(self.expected);
        self.expected = 0.0;
    }

    fn age(&self, now: DateTime<Utc>) -> f64 {
        (now - self.created_at).num_minutes() as f64 / 1_440.0
    }

    /// Different users among `changes`.
    pub fn users_of(&self, changes: u64) -> f64 {
        self.users * (1.0 - (-(changes as f64) / self.users).exp())
    }

    /// Requests for the sessions and for the interactions of `users` of a survey.
    pub fn requests_for(&self, users: f64, now: DateTime<Utc>) -> [u64; 2] {
        let answering = SHARE_ANSWERING * (1.0 - (-self.age(now) / HALF_LIFE).exp2());
        [users * answering, users * SHARE_INTERACTING].map(|requests| requests.round() as u64)
    }

    /// All of its users.
    pub fn users(&self) -> f64 {
        self.users
    }
}

/// Whether it is a working hour.
pub fn is_at_work(at: DateTime<Utc>) -> bool {
    // The zone has no summer time, and time began on a Thursday.
    let hours = at.timestamp() / 3_600 + 3;
    let (weekday, hour) = ((hours / 24 + 3) % 7, hours % 24);
    weekday < 5 && (9..18).contains(&hour)
}

/// How much more or less than on average happens at an hour.
fn weight(at: DateTime<Utc>) -> f64 {
    if is_at_work(at) {
        AT_WORK * 168.0 / WORKING_HOURS
    } else {
        (1.0 - AT_WORK) * 168.0 / (168.0 - WORKING_HOURS)
    }
}
