//! The vendor's data, computed on demand: a row is a function of the seed, its company, its
//! enrollment and its position. Nothing is kept per row, so size costs no memory; what changes
//! later is laid over it and costs memory by the change.

mod anonymous;
mod changes;
mod company;
mod enrollment;
mod executive_report;
mod interaction;
mod learning_path;
mod person;
mod report;
mod summary;
mod survey;
mod target_group;
mod training;
mod widget;

use chrono::NaiveTime;
use chrono_tz::Tz;

pub use anonymous::{AnonymousOutcome, AnonymousResult, Learner};
pub use changes::{AddedRow, Address, ItemChange, PersonChange, StatusChange};
pub use enrollment::{Enrollment, EnrollmentKind};
pub use executive_report::{ExecutiveReport, ReportWidget};
pub use interaction::{Interaction, Tracking};
pub use learning_path::Step;
pub use person::{CustomField, Person};
pub use report::{ReportBase, UserReport, is_done, known_status};
pub use summary::Summary;
pub use survey::{
    Answer, Bank, Given, Identity, Language, Question, QuestionKind, QuestionOption, Survey,
    SurveySession,
};

pub use crate::simulator::id::EnrollmentPlace;
pub use target_group::TargetGroup;
pub use training::Training;
pub use widget::{DatePeriod, GROUPS as WIDGET_GROUPS, Period, Widget, WidgetRow, WidgetValue};

use crate::simulator::date::{Instant, Zone};
use crate::simulator::dice::Dice;
use crate::simulator::id;
use crate::simulator::options::WorldOptions;
use crate::simulator::world::changes::Changes;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long before its end the world begins.
const SPAN_DAYS: i64 = 900;

/// The whole of the vendor's data at one moment.
#[derive(Debug, Clone)]
pub struct World {
    options: WorldOptions,
    dice: Dice,
    end: Instant,
    zone: Zone,
    now: Instant,
    changes: Changes,
}

/// Which quantity a [`Dice`] is thrown for. Adding a name at the end changes no existing value.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
enum Salt {
    Company,
    CompanyId,
    RootId,
    Enrollment,
    EnrollmentId,
    Person,
    PersonId,
    Report,
    Name,
    LastName,
    Kind,
    Status,
    Date,
    Created,
    Ended,
    Count,
    Tags,
    Industry,
    License,
    Department,
    Phone,
    Masked,
    Custom,
    Exam,
    Score,
    Steps,
    Roles,
    Languages,
    Delivery,
    Groups,
    Due,
    Test,
    Archived,
    Window,
    Quirk,
    Access,
    Email,
    Order,
    Step,
    Survey,
    Question,
    Session,
    Answer,
    Interaction,
    Anonymous,
    Training,
    Widget,
    WidgetId,
    ExecutiveReport,
    Change,
}

impl Dice {
    const fn on(self, salt: Salt) -> Self {
        self.with(salt as u64)
    }
}

impl World {
    /// The world of these options. The zone only keeps instants out of the hours that a clock shows
    /// twice, because those could not be read back from a date string.
    #[must_use]
    pub fn new(options: WorldOptions, zone: Tz) -> Self {
        let end = options.as_of.and_time(NaiveTime::MIN).and_utc().timestamp();
        let zone = Zone::new(zone, end - 2 * SPAN_DAYS * DAY, end + 2 * SPAN_DAYS * DAY);
        Self {
            dice: Dice::new(options.seed),
            end,
            now: zone.unambiguous(end),
            zone,
            options,
            changes: Changes::default(),
        }
    }

    /// The index of the account's own reseller, which is not among the counted companies.
    #[must_use]
    pub fn root(&self) -> u32 {
        self.options.companies
    }

    /// How many people the computed world has in each company.
    #[must_use]
    pub fn person_count(&self) -> u32 {
        self.options.users + self.options.users / 4
    }

    /// How many people a company ever enrolled.
    #[must_use]
    pub fn people_count(&self, company: u32) -> u32 {
        let added = self
            .changed_company(company)
            .map_or(0, |changes| changes.added_people.len() as u32);
        self.person_count() + added
    }

    /// The company with this id, the account's own included.
    #[must_use]
    pub fn company_index(&self, id: &str) -> Option<u32> {
        if id == self.company_id(self.root()) {
            return Some(self.root());
        }
        id::short_id_index(self.dice.on(Salt::CompanyId), id)
            .filter(|&index| index != self.root() && index < self.company_indexes())
    }

    /// The id of a company.
    #[must_use]
    pub fn company_id(&self, company: u32) -> String {
        if company == self.root() {
            id::short_id(self.dice.on(Salt::RootId), 0)
        } else {
            id::short_id(self.dice.on(Salt::CompanyId), company)
        }
    }

    /// Where the enrollment, or the step of a learning path, with this id stands.
    #[must_use]
    pub fn place(&self, id: &str) -> Option<EnrollmentPlace> {
        let place = id::guid_place(self.dice.on(Salt::EnrollmentId), id)?;
        let is_known = place.company < self.company_indexes()
            && place.enrollment < self.enrollment_indexes(place.company)
            && place.step <= self.step_count(place.company, place.enrollment);
        is_known.then_some(place)
    }

    /// The GUID of an enrollment or a step. Steps have one even where the summary leaves it out.
    #[must_use]
    pub fn enrollment_id(&self, place: EnrollmentPlace) -> String {
        id::guid(self.dice.on(Salt::EnrollmentId), place)
    }

    /// The enrollments of a company in order of creation, each learning path followed by those of
    /// its steps whose id can be known.
    pub fn places(&self, company: u32) -> impl Iterator<Item = EnrollmentPlace> + '_ {
        self.enrollments(company)
            .into_iter()
            .flat_map(|whole| self.reporting_places(whole))
    }

    /// An enrollment, and its steps whose id can be known.
    pub fn reporting_places(
        &self,
        whole: EnrollmentPlace,
    ) -> impl Iterator<Item = EnrollmentPlace> + '_ {
        std::iter::once(whole).chain(self.step_places(whole))
    }

    /// An instant that can be read back from a date string to the minute.
    pub(in crate::simulator) fn minute(&self, at: Instant) -> Instant {
        self.zone.unambiguous(at - at.rem_euclid(MINUTE))
    }

    /// An instant that can be read back from a date string to the second.
    fn second(&self, at: Instant) -> Instant {
        self.zone.unambiguous(at)
    }
}
