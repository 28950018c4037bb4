//! The vendor's data, computed on demand: a row is a function of the seed, its company, its
//! enrollment and its position. Nothing is kept per row, so size costs no memory.

mod company;
mod enrollment;
mod executive_report;
mod learning_path;
mod person;
mod report;
mod summary;
mod target_group;
mod training;
mod widget;

use chrono::NaiveTime;
use chrono_tz::Tz;

pub use enrollment::{Enrollment, EnrollmentKind};
pub use executive_report::{ExecutiveReport, ReportWidget};
pub use learning_path::Step;
pub use person::{CustomField, Person};
pub use report::UserReport;
pub use summary::Summary;
pub use target_group::TargetGroup;
pub use training::Training;
pub use widget::{DatePeriod, GROUPS as WIDGET_GROUPS, Period, Widget, WidgetRow, WidgetValue};

use crate::simulator::date::{Instant, Zone};
use crate::simulator::dice::Dice;
use crate::simulator::id::{self, EnrollmentPlace};
use crate::simulator::options::WorldOptions;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long before its end the world begins.
const SPAN_DAYS: i64 = 900;

/// The whole of the vendor's data.
#[derive(Debug)]
pub struct World {
    options: WorldOptions,
    dice: Dice,
    end: Instant,
    zone: Zone,
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
    Training,
    Widget,
    WidgetId,
    ExecutiveReport,
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
            zone,
            options,
        }
    }

    /// The number of companies below the account's own reseller.
    #[must_use]
    pub fn company_count(&self) -> u32 {
        self.options.companies
    }

    /// The index of the account's own reseller, which is not among the counted companies.
    #[must_use]
    pub fn root(&self) -> u32 {
        self.options.companies
    }

    /// The number of enrollments of each company, archived ones included.
    #[must_use]
    pub fn enrollment_count(&self) -> u32 {
        self.options.enrollments
    }

    /// The number of people a company ever enrolled.
    #[must_use]
    pub fn person_count(&self) -> u32 {
        self.options.users + self.options.users / 4
    }

    /// The seed of what depends on nothing in the world, such as latency.
    pub(crate) fn dice(&self) -> Dice {
        self.dice
    }

    /// The company with this id, the account's own included.
    #[must_use]
    pub fn company_index(&self, id: &str) -> Option<u32> {
        if id == self.company_id(self.root()) {
            return Some(self.root());
        }
        id::short_id_index(self.dice.on(Salt::CompanyId), id)
            .filter(|&index| index < self.options.companies)
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

    /// Company and index of the enrollment with this id; steps of learning paths are not found.
    #[must_use]
    pub fn enrollment_index(&self, id: &str) -> Option<(u32, u32)> {
        let place = id::guid_place(self.dice.on(Salt::EnrollmentId), id)?;
        let is_known = place.company <= self.options.companies
            && place.enrollment < self.options.enrollments
            && place.step == 0;
        is_known.then_some((place.company, place.enrollment))
    }

    fn guid(&self, company: u32, enrollment: u32, step: u8) -> String {
        let place = EnrollmentPlace {
            company,
            enrollment,
            step,
        };
        id::guid(self.dice.on(Salt::EnrollmentId), place)
    }

    /// An instant that can be read back from a date string to the minute.
    fn minute(&self, at: Instant) -> Instant {
        self.zone.unambiguous(at - at.rem_euclid(MINUTE))
    }

    /// An instant that can be read back from a date string to the second.
    fn second(&self, at: Instant) -> Instant {
        self.zone.unambiguous(at)
    }
}
