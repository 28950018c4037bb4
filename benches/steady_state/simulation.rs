//! Hourly syncs in virtual time: the rules are those of `sync::rhythm` and `sync::due`, the requests are only counted,
//! and each takes as long as the rate allows.
//!
//! What a run does with cursors is what `sync::enrollment`, `sync::per_user` and `sync::catalogues` do. Left out: users
//! whose sessions are late, the other pages of a drifting listing, and what fails.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use keepnet_etl::extract::widgets::{Month, scope_of};
use keepnet_etl::resource::Resource;
use keepnet_etl::settings::SyncSettings;
use keepnet_etl::sync::due::Due;
use keepnet_etl::sync::rhythm::{Remembered, Rhythm, Why, place_in_day};
use keepnet_etl::warehouse::cursors::{Cursor, CursorState};

use crate::dice::Dice;
use crate::world::{Size, Slot, ZONE};

/// Rows of one page.
const PAGE: u64 = 100;
/// Of each company: months before the present one, types of widgets.
const CLOSED_MONTHS: u32 = 12;
const WIDGET_TYPES: u64 = 17;
/// Executive reports, beside their list.
const REPORTS: u64 = 2;
/// How long after its begin a run reads reports again because their counts changed.
const CHANGES_FOR: TimeDelta = TimeDelta::minutes(30);
/// How long after its begin a run walks through users.
const WALKS_FOR: TimeDelta = TimeDelta::minutes(45);

/// What a run asked for.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub begun_at: DateTime<Utc>,
    pub requests: BTreeMap<Resource, u64>,
    /// Those among them that walk through all users of a survey: at first sight, and by the rolling full.
    pub walked: u64,
    /// Enrollments that the rolling full read.
    pub rolling: u64,
    /// Some walks are left to the next run, which begins at once.
    pub has_more: bool,
}

impl Run {
    /// Requests in all.
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }
}

/// How old something was when it was read again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Oldest {
    /// The summary and the users of an enrollment that is not settled.
    pub open: TimeDelta,
    /// Anything: summary, settings, users, the answers and interactions of all users.
    pub any: TimeDelta,
}

struct Enrollment {
    slot: Slot,
    summary: Option<Cursor>,
    detail: Option<Cursor>,
    users: Option<Cursor>,
    walks: [Option<Cursor>; 2],
    /// Requests of a walk that is under way, and those of them that the next run makes.
    under_way: [Option<UnderWay>; 2],
    /// Changes when the users were read.
    reported: u64,
    /// Users of a survey whose row changed since they were asked.
    pending: [f64; 2],
}

/// A walk that a run has left to the next one.
#[derive(Debug, Clone, Copy)]
struct UnderWay {
    all: u64,
    rest: u64,
}

struct Company {
    id: String,
    enrollments: Vec<Enrollment>,
    due: Due,
}

/// The account, the warehouse's cursors, and the time.
pub struct Simulation {
    rhythm: Rhythm,
    companies: Vec<Company>,
    dice: Dice,
    pages: u64,
    seconds_per_request: f64,
    /// When it began, and how many seconds later it is.
    epoch: DateTime<Utc>,
    elapsed: f64,
    next_at: DateTime<Utc>,
    run: Run,
    /// Since it was reset.
    pub oldest: Oldest,
}

impl Simulation {
    /// An account of which nothing is stored.
    pub fn new(size: &Size, sync: &SyncSettings, per_second: f64, epoch: DateTime<Utc>) -> Self {
        let mut dice = Dice::new(1);
        let companies = (0..size.companies).map(|company| {
            let slots = 0..size.enrollments;
            let enrollments = slots.map(|number| Enrollment {
                slot: Slot::new(size, company, number, epoch, &mut dice),
                summary: None,
                detail: None,
                users: None,
                walks: [None, None],
                under_way: [None, None],
                reported: 0,
                pending: [0.0, 0.0],
            });
            let id = format!("company-{company}");
            Company {
                enrollments: enrollments.collect(),
                due: Due {
                    day_begins_after: place_in_day(&id),
                    completed: HashMap::new(),
                    now: epoch,
                    zone: ZONE,
                    settled_after: sync.settled_after,
                },
                id,
            }
        });
        Self {
            rhythm: Rhythm::new(sync),
            companies: companies.collect(),
            dice: Dice::new(2),
            pages: u64::from(size.users).div_ceil(PAGE),
            seconds_per_request: 1.0 / per_second,
            epoch,
            elapsed: 0.0,
            next_at: epoch,
            run: Run::default(),
            oldest: Oldest::default(),
        }
    }

    /// The present.
    pub fn now(&self) -> DateTime<Utc> {
        self.epoch + TimeDelta::milliseconds((self.elapsed * 1_000.0) as i64)
    }

    /// One sync, when the next hour begins, or at once when the last one took longer than its hour.
    pub fn sync(&mut self) -> Run {
        if !self.run.has_more {
            let wait = self.next_at - self.now();
            self.elapsed += (wait.as_seconds_f64()).max(0.0);
        }
        let hour = self.now().duration_trunc(TimeDelta::hours(1));
        self.next_at = hour.unwrap_or(self.next_at) + TimeDelta::hours(1);
        self.run = Run {
            begun_at: self.now(),
            ..Run::default()
        };
        let mut companies = std::mem::take(&mut self.companies);
        // The pages of the listing, and the tree.
        let pages = (companies.len() as u64).div_ceil(PAGE) + 1;
        self.ask(Resource::Companies, pages);
        for company in &mut companies {
            self.ask(Resource::Enrollments, 2);
            for enrollment in &mut company.enrollments {
                self.enrollment(&company.id, enrollment);
            }
            self.catalogues(&mut company.due);
        }
        for company in &mut companies {
            for enrollment in &mut company.enrollments {
                if enrollment.slot.is_survey() {
                    self.users_one_by_one(&company.id, enrollment);
                }
            }
        }
        self.companies = companies;
        self.run.clone()
    }

    fn ask(&mut self, resource: Resource, requests: u64) {
        *self.run.requests.entry(resource).or_default() += requests;
        self.elapsed += requests as f64 * self.seconds_per_request;
    }

    /// Summary, settings and users, as far as they are due.
    fn enrollment(&mut self, company: &str, one: &mut Enrollment) {
        let now = self.now();
        if one.slot.pass(now) {
            one.forget();
        }
        let (listed_as, is_closed) = (one.slot.listed_as(now), one.slot.is_closed(now));
        let of = one.remembered();
        let detail = self.rhythm.detail(of, listed_as, now);
        let Some(why) = self.rhythm.summary(of, listed_as, now).or(detail) else {
            return;
        };
        self.run.rolling += u64::from(why == Why::Rolling);
        self.ask(Resource::Summaries, 1);
        one.slot.look(&mut self.dice);
        let counts = one.slot.changes.to_string();
        let before = one.summary.take();
        let seen = before
            .as_ref()
            .and_then(|cursor| cursor.fingerprint.as_deref());
        let mut has_changed = why == Why::Changed || seen != Some(&*counts);
        let seen_at = Some(one.slot.created_at);
        let rhythm = self.rhythm;
        let next =
            |has_changed, now| rhythm.next(before.as_ref(), has_changed, is_closed, seen_at, now);
        let full_due_at = |now| Some(rhythm.full_due_at(company, &one.slot.id, now));
        if detail.is_some() {
            self.ask(Resource::Details, 1);
            let now = self.now();
            let is_settled = next(has_changed, now).summary_due_at.is_none();
            self.note_age(one.detail.as_ref(), false);
            one.detail = Some(Cursor {
                fingerprint: Some(listed_as.to_owned()),
                last_complete_at: Some(now),
                due_at: rhythm.details_due_at(is_settled, now),
                full_due_at: full_due_at(now),
                ..Cursor::default()
            });
        }
        let is_open = before
            .as_ref()
            .is_some_and(|cursor| cursor.due_at.is_some());
        let of = Remembered {
            summary: before.as_ref(),
            ..one.remembered()
        };
        let users = rhythm.users(of, why, &counts, now);
        let is_left = users == Some(Why::Changed) && self.run.begun_at + CHANGES_FOR <= now;
        self.run.has_more |= is_left;
        if users.is_some() && !is_left {
            self.ask(Resource::Users, self.pages);
            let now = self.now();
            self.note_age(one.users.as_ref(), is_open);
            // A report that rested may show what its counts had shown before.
            has_changed |= one.users.is_none() || one.reported != one.slot.changes;
            one.users = Some(Cursor {
                fingerprint: Some(counts.clone()),
                state: CursorState {
                    pages: u32::try_from(self.pages).ok(),
                    ..CursorState::default()
                },
                last_complete_at: Some(now),
                due_at: next(has_changed, now).users_due_at,
                full_due_at: full_due_at(now),
                ..Cursor::default()
            });
            let touched = one.slot.users_of(one.slot.changes - one.reported);
            for (at, pending) in one.pending.iter_mut().enumerate() {
                // Users of an enrollment that was never walked are met by the walk.
                if one.walks[at].is_some() || one.under_way[at].is_some() {
                    *pending += touched;
                }
            }
            one.reported = one.slot.changes;
        }
        let now = self.now();
        let next = next(has_changed, now);
        self.note_age(before.as_ref(), is_open);
        one.summary = Some(Cursor {
            fingerprint: Some(counts),
            state: CursorState {
                interval_s: Some(next.interval.num_seconds()),
                ..CursorState::default()
            },
            last_complete_at: Some(now),
            due_at: next.summary_due_at,
            full_due_at: if why.is_full() {
                full_due_at(now)
            } else {
                before.as_ref().and_then(|cursor| cursor.full_due_at)
            },
            changed_at: Some(next.changed_at),
            ..Cursor::default()
        });
    }

    /// The users of a survey: as many of a walk as the run has time for, and then those whose row changed, whatever the
    /// time.
    fn users_one_by_one(&mut self, company: &str, one: &mut Enrollment) {
        let resources = [Resource::Answers, Resource::Interactions];
        for (at, resource) in resources.into_iter().enumerate() {
            let now = self.now();
            let requests_for = |users| one.slot.requests_for(users, now)[at];
            let mut pending = std::mem::take(&mut one.pending[at]);
            let walk = one.under_way[at].or_else(|| {
                let why = self.rhythm.walk(one.walks[at].as_ref(), now);
                let all = requests_for(one.slot.users());
                why.map(|_| UnderWay { all, rest: all })
            });
            if let Some(UnderWay { all, rest }) = walk {
                let left = self.run.begun_at + WALKS_FOR - now;
                let fits = left.as_seconds_f64().max(0.0) / self.seconds_per_request;
                let asked = rest.min(fits as u64);
                self.ask(resource, asked);
                self.run.walked += asked;
                let rest = rest - asked;
                if left <= TimeDelta::zero() || rest > 0 {
                    self.run.has_more = true;
                    // Of whom nobody was asked, nothing is remembered.
                    if asked > 0 {
                        one.under_way[at] = Some(UnderWay { all, rest });
                    }
                } else {
                    one.under_way[at] = None;
                    self.note_age(one.walks[at].as_ref(), false);
                    one.walks[at] = Some(Cursor {
                        last_complete_at: Some(self.now()),
                        full_due_at: Some(self.rhythm.full_due_at(
                            company,
                            &one.slot.id,
                            self.now(),
                        )),
                        ..Cursor::default()
                    });
                }
                // Who was met a moment ago is not asked again.
                pending *= 1.0 - asked as f64 / all.max(1) as f64;
            }
            self.ask(resource, requests_for(pending));
        }
    }

    /// What a company has as a whole.
    fn catalogues(&mut self, due: &mut Due) {
        for resource in [
            Resource::TargetGroups,
            Resource::Trainings,
            Resource::Reports,
            Resource::Widgets,
        ] {
            due.now = self.now();
            if !due.daily(resource, "") {
                continue;
            }
            self.ask(resource, 1);
            if resource == Resource::Reports {
                self.ask(resource, REPORTS);
            }
            let this_month = Month::of(due.today());
            let months = (0..=CLOSED_MONTHS).map(|ago| this_month.earlier(ago));
            for month in months.filter(|_| resource == Resource::Widgets) {
                let scope = scope_of("all", month);
                if due.month(resource, &scope, month) {
                    self.ask(resource, WIDGET_TYPES);
                    due.completed.insert((resource, scope), self.now());
                }
            }
            due.completed.insert((resource, String::new()), self.now());
        }
    }

    /// What is read again now was that old.
    fn note_age(&mut self, before: Option<&Cursor>, is_open: bool) {
        let Some(read_at) = before.and_then(|cursor| cursor.last_complete_at) else {
            return;
        };
        let age = self.now() - read_at;
        self.oldest.any = self.oldest.any.max(age);
        if is_open {
            self.oldest.open = self.oldest.open.max(age);
        }
    }
}

impl Enrollment {
    fn remembered(&self) -> Remembered<'_> {
        Remembered {
            summary: self.summary.as_ref(),
            detail: self.detail.as_ref(),
            users: self.users.as_ref(),
            is_users_asked: true,
        }
    }

    /// Another one has taken the place.
    fn forget(&mut self) {
        (self.summary, self.detail, self.users) = (None, None, None);
        (self.walks, self.under_way) = ([None, None], [None, None]);
        (self.reported, self.pending) = (0, [0.0, 0.0]);
    }
}
