//! Enrollments: what the listing, the detail and the steps of learning paths say.

use crate::simulator::date::Instant;
use crate::simulator::dice::Dice;
use crate::simulator::words;
use crate::simulator::world::company::distinct;
use crate::simulator::world::{DAY, EnrollmentPlace, HOUR, MINUTE, Salt, World};

/// Over how many days before the end of the world enrollments are created.
const CREATED_DAYS: i64 = 480;

/// Steps around a circle that never cluster: the golden ratio, and the root of two so that archived
/// enrollments are of every kind.
const KIND_STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;
const ARCHIVE_STRIDE: u64 = 0x6A09_E667_F3BC_C909;

const OPEN_STATUSES: &[&str] = &[
    "Finished",
    "Finished",
    "Auto-Enroll",
    "Auto-Enroll",
    "Sending",
    "Scheduled",
    "Error",
    "Stopped",
    "Paused",
];
const CLOSED_STATUSES: &[&str] = &["Finished", "Finished", "Finished", "Stopped", "Auto-Enroll"];
const ARCHIVE_STATUSES: &[&str] = &["Archived", "Deleted", "Deleted", "Scheduled"];
const DELIVERIES: &[&str] = &["Email", "Email", "Email & SMS", "Email & Microsoft Teams"];
const LEVELS: &[&str] = &["Beginner", "Intermediate", "Advanced"];

/// What is sent to the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrollmentKind {
    /// A training, possibly with an exam.
    Training,
    /// A survey that says so.
    Survey,
    /// A survey that is listed as SCORM with a quiz.
    HiddenSurvey,
    /// A poster.
    Poster,
    /// An infographic.
    Infographic,
    /// A screensaver.
    Screensaver,
    /// A sequence of other trainings.
    LearningPath,
}

impl EnrollmentKind {
    /// The number the vendor's own pages send as `trainingType`.
    #[must_use]
    pub const fn training_type(self) -> i64 {
        match self {
            Self::Training | Self::Survey | Self::HiddenSurvey => 0,
            Self::Poster => 1,
            Self::Infographic => 2,
            Self::Screensaver => 3,
            Self::LearningPath => 4,
        }
    }

    /// The name of the type without spaces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Training | Self::HiddenSurvey => "SCORM",
            Self::Survey => "Survey",
            Self::Poster => "Poster",
            Self::Infographic => "Infographic",
            Self::Screensaver => "Screensaver",
            Self::LearningPath => "LearningPath",
        }
    }

    /// Whether it is a survey, hidden or not.
    #[must_use]
    pub const fn is_survey(self) -> bool {
        matches!(self, Self::Survey | Self::HiddenSurvey)
    }
}

/// One training, survey, poster, infographic, screensaver or learning path sent to users.
#[derive(Debug)]
pub struct Enrollment {
    /// The GUID.
    pub id: String,
    /// What it is.
    pub kind: EnrollmentKind,
    /// The type as this listing spells it.
    pub type_text: &'static str,
    /// The vendor's mark of a survey.
    pub has_quiz: bool,
    /// Whether only the archive lists it.
    pub is_archived: bool,
    /// Whether its users are anonymous.
    pub is_anonymous: bool,
    /// Its name; not unique.
    pub name: String,
    /// What is taught or asked.
    pub training_name: &'static str,
    /// Id of the training.
    pub training_id: String,
    /// Category, if any.
    pub category: Option<&'static str>,
    /// Who enrolled.
    pub enrolled_by: String,
    /// Status as displayed.
    pub status: &'static str,
    /// How it is sent.
    pub delivery_type: &'static str,
    /// Whom it is sent to.
    pub recipient_type: &'static str,
    /// Duration as displayed.
    pub duration: Option<String>,
    /// Difficulty.
    pub level: Option<&'static str>,
    /// The deprecated text of the audience.
    pub target_audience: Option<&'static str>,
    /// Roles it is made for.
    pub roles: Vec<(i64, &'static str, &'static str)>,
    /// Language codes.
    pub languages: Vec<&'static str>,
    /// Tags.
    pub tags: Vec<&'static str>,
    /// When it was created.
    pub created_at: Instant,
    /// When it is sent; may lie in the future.
    pub starts_at: Option<Instant>,
    /// Whether reminders are sent.
    pub is_reminder_active: bool,
    /// Whether new users are added for ever.
    pub is_auto_enrollment: bool,
    /// Whether each user gets their own language.
    pub sends_preferred_language: bool,
    /// Target groups it was sent to.
    pub target_groups: Vec<String>,
    /// Id of the learning path, of learning paths and their steps.
    pub learning_path_id: Option<String>,
    /// The place in the learning path, of steps.
    pub training_order: Option<i64>,
    /// Id of the phishing campaign that led to it.
    pub phishing_campaign_id: Option<String>,
    /// By when users should be done.
    pub due_at: Option<Instant>,
    /// For when it was scheduled.
    pub scheduled_at: Option<Instant>,
    /// In which zone it was scheduled.
    pub scheduled_time_zone: Option<&'static str>,
    /// Whether users get it by their own clock.
    pub uses_own_time_zone: bool,
    /// Whether a certificate is given.
    pub awards_certificate: bool,
    /// When certificates are sent.
    pub certificate_send_type: &'static str,
    /// Whether it is a test.
    pub is_test: bool,
    /// Whether the detail leaves out that mark.
    pub detail_lacks_test: bool,
    /// Over how many days it is spread.
    pub distribution_days: Option<i64>,
}

impl World {
    pub(super) fn enrollment_dice(&self, company: u32, enrollment: u32) -> Dice {
        self.company_dice(company)
            .on(Salt::Enrollment)
            .with(u64::from(enrollment))
    }

    /// The dice of an enrollment or of a step.
    pub(super) fn place_dice(&self, place: EnrollmentPlace) -> Dice {
        let whole = self.enrollment_dice(place.company, place.enrollment);
        if place.is_step() {
            whole.on(Salt::Step).with(u64::from(place.step))
        } else {
            whole
        }
    }

    /// The place of an enrollment among all, in ten-thousandths. Places are spread evenly instead
    /// of at random, so that a small world has its share of each kind.
    fn spread(&self, company: u32, enrollment: u32, salt: Salt, stride: u64) -> u64 {
        let rank = u64::from(company) * u64::from(self.options.enrollments) + u64::from(enrollment);
        let place = rank
            .wrapping_mul(stride)
            .wrapping_add(self.dice.on(salt).value());
        ((u128::from(place) * 10_000) >> 64) as u64
    }

    /// What an enrollment or a step is.
    #[must_use]
    pub fn kind(&self, place: EnrollmentPlace) -> EnrollmentKind {
        if place.is_step() {
            return self.step_kind(place);
        }
        let (company, enrollment) = (place.company, place.enrollment);
        if let Some((_, kind)) = self.added_enrollment(company, enrollment) {
            return kind;
        }
        let dice = self.enrollment_dice(company, enrollment).on(Salt::Kind);
        let place = self.spread(company, enrollment, Salt::Kind, KIND_STRIDE);
        let surveys = u64::from(self.options.survey_share.per_ten_thousand());
        let paths = surveys + u64::from(self.options.learning_paths.per_ten_thousand());
        let other = dice.with(1);
        if place < surveys {
            if other.one_in(2) {
                EnrollmentKind::HiddenSurvey
            } else {
                EnrollmentKind::Survey
            }
        } else if place < paths {
            EnrollmentKind::LearningPath
        } else {
            match other.below(10) {
                0 => EnrollmentKind::Poster,
                1 => EnrollmentKind::Infographic,
                2 => EnrollmentKind::Screensaver,
                _ => EnrollmentKind::Training,
            }
        }
    }

    /// Whether only the archive lists an enrollment.
    #[must_use]
    pub fn is_archived(&self, company: u32, enrollment: u32) -> bool {
        self.changed_enrollment(company, enrollment)
            .and_then(|changes| changes.is_archived)
            .unwrap_or_else(|| self.was_archived(company, enrollment))
    }

    /// Whether it was archived in the computed world.
    fn was_archived(&self, company: u32, enrollment: u32) -> bool {
        enrollment < self.options.enrollments
            && self.spread(company, enrollment, Salt::Archived, ARCHIVE_STRIDE)
                < u64::from(self.options.archived.per_ten_thousand())
    }

    /// When an enrollment was added and what it is, if the computed world does not have it.
    fn added_enrollment(&self, company: u32, enrollment: u32) -> Option<(Instant, EnrollmentKind)> {
        if enrollment < self.options.enrollments {
            return None;
        }
        self.changed_enrollment(company, enrollment)?.added
    }

    /// Whether it was added, so that nobody had responded at first.
    pub(super) fn is_added(&self, place: EnrollmentPlace) -> bool {
        place.enrollment >= self.options.enrollments
    }

    /// All indexes of a company's enrollments are below this one.
    #[must_use]
    pub fn enrollment_indexes(&self, company: u32) -> u32 {
        let added = self
            .changed_company(company)
            .map_or(0, |changes| changes.added_enrollments);
        self.options.enrollments + added
    }

    /// Whether it was purged: nothing tells of it any more.
    #[must_use]
    pub fn is_purged(&self, place: EnrollmentPlace) -> bool {
        self.changed_enrollment(place.company, place.enrollment)
            .is_some_and(|changes| changes.is_purged)
    }

    /// The enrollments of a company that were purged.
    #[must_use]
    pub fn purged(&self, company: u32) -> Vec<EnrollmentPlace> {
        (0..self.enrollment_indexes(company))
            .map(|enrollment| EnrollmentPlace::whole(company, enrollment))
            .filter(|&place| self.is_purged(place))
            .collect()
    }

    /// The enrollments of a company in order of creation, archived ones included.
    #[must_use]
    pub fn enrollments(&self, company: u32) -> Vec<EnrollmentPlace> {
        let mut places: Vec<EnrollmentPlace> = (0..self.enrollment_indexes(company))
            .map(|enrollment| EnrollmentPlace::whole(company, enrollment))
            .filter(|&place| !self.is_purged(place))
            .collect();
        let changed = self.changed_company(company);
        if changed.is_some_and(|changes| !changes.enrollments.is_empty()) {
            places.sort_by_cached_key(|place| self.created_at(company, place.enrollment));
        }
        places
    }

    pub(super) fn is_anonymous(&self, company: u32, enrollment: u32) -> bool {
        if enrollment >= self.options.enrollments {
            return false;
        }
        let dice = self
            .enrollment_dice(company, enrollment)
            .on(Salt::Kind)
            .with(2);
        self.kind(EnrollmentPlace::whole(company, enrollment)) != EnrollmentKind::LearningPath
            && dice.hits(self.options.anonymous)
    }

    /// How many users an enrollment was sent to at first.
    pub(super) fn sent_count(&self, company: u32, enrollment: u32) -> u32 {
        if self.is_anonymous(company, enrollment) {
            0
        } else {
            self.options.users
        }
    }

    /// How many users the report of an enrollment or a step holds.
    #[must_use]
    pub fn user_count(&self, place: EnrollmentPlace) -> u32 {
        self.changed_place(place).map_or_else(
            || self.sent_count(place.company, place.enrollment),
            |changes| changes.roster().count(),
        )
    }

    /// When an enrollment was created, as its listing says.
    #[must_use]
    pub fn created_at(&self, company: u32, enrollment: u32) -> Instant {
        self.changed_enrollment(company, enrollment)
            .and_then(|changes| changes.created_at)
            .unwrap_or_else(|| self.first_created_at(company, enrollment))
    }

    /// When an enrollment was created in truth. Some share the minute with the one before.
    fn first_created_at(&self, company: u32, enrollment: u32) -> Instant {
        if let Some((added_at, _)) = self.added_enrollment(company, enrollment) {
            return self.minute(added_at);
        }
        let is_tied = enrollment % 2 == 1
            && self
                .enrollment_dice(company, enrollment)
                .on(Salt::Created)
                .one_in(4);
        let rank = i64::from(if is_tied { enrollment - 1 } else { enrollment });
        let count = i64::from(self.options.enrollments) + 1;
        let offset = self
            .company_dice(company)
            .on(Salt::Created)
            .below(12 * HOUR as u64) as i64;
        self.minute(
            self.end - CREATED_DAYS * DAY + offset + rank * (CREATED_DAYS - 2) * DAY / count,
        )
    }

    pub(super) fn starts_at(&self, company: u32, enrollment: u32) -> Instant {
        let dice = self.enrollment_dice(company, enrollment).on(Salt::Date);
        let created_at = self.first_created_at(company, enrollment);
        if self.first_status(company, enrollment) == "Scheduled" {
            return self.minute(created_at.max(self.end) + 9 * DAY);
        }
        self.minute(created_at + 30 * MINUTE + dice.below(DAY as u64) as i64)
    }

    /// When an enrollment was sent, for all that follows from it. Nothing happens behind the end of
    /// the world but what is added there.
    pub(super) fn sent_at(&self, company: u32, enrollment: u32) -> Instant {
        match self.added_enrollment(company, enrollment) {
            Some((added_at, _)) => added_at,
            None => self.starts_at(company, enrollment).min(self.end - HOUR),
        }
    }

    fn status(&self, company: u32, enrollment: u32) -> &'static str {
        let changed = self.changed_enrollment(company, enrollment);
        let was_archived = self.was_archived(company, enrollment);
        match (was_archived, self.is_archived(company, enrollment)) {
            (false, true) => "Archived",
            (true, false) => changed
                .and_then(|changes| changes.status)
                .unwrap_or("Finished"),
            _ => changed
                .and_then(|changes| changes.status)
                .unwrap_or_else(|| self.first_status(company, enrollment)),
        }
    }

    fn first_status(&self, company: u32, enrollment: u32) -> &'static str {
        let dice = self.enrollment_dice(company, enrollment).on(Salt::Status);
        if self.is_anonymous(company, enrollment) {
            "SCORM Proxy"
        } else if self.was_archived(company, enrollment) {
            dice.pick(ARCHIVE_STATUSES)
        } else if self.end - self.first_created_at(company, enrollment) > 150 * DAY {
            dice.pick(CLOSED_STATUSES)
        } else {
            dice.pick(OPEN_STATUSES)
        }
    }

    /// Everything about one enrollment or step.
    #[must_use]
    pub fn enrollment(&self, place: EnrollmentPlace) -> Enrollment {
        if place.is_step() {
            return self.step_enrollment(place);
        }
        let (company, enrollment) = (place.company, place.enrollment);
        let dice = self.enrollment_dice(company, enrollment);
        let kind = self.kind(place);
        let training_name = if kind.is_survey() {
            dice.on(Salt::Name).pick(words::SURVEYS)
        } else {
            dice.on(Salt::Name).pick(words::SUBJECTS)
        };
        let status = self.status(company, enrollment);
        let starts_at = self.starts_at(company, enrollment);
        let name = match dice.on(Salt::Name).with(1).below(4) {
            0 => training_name.to_owned(),
            1 => format!("{training_name} – {}. dönem", enrollment + 1),
            2 => format!("\"{training_name}\", wave {}", enrollment + 1),
            _ => format!("{training_name} {}", enrollment + 1),
        };
        let quirk = dice.on(Salt::Quirk);
        let due = dice.on(Salt::Due);
        let other_name = self
            .changed_enrollment(company, enrollment)
            .and_then(|changes| changes.name.clone());
        Enrollment {
            id: self.enrollment_id(place),
            kind,
            type_text: if kind == EnrollmentKind::LearningPath && quirk.one_in(2) {
                "Learning Path"
            } else {
                kind.name()
            },
            has_quiz: kind.is_survey(),
            is_archived: self.is_archived(company, enrollment),
            is_anonymous: self.is_anonymous(company, enrollment),
            name: other_name.unwrap_or(name),
            training_name,
            training_id: format!("trn-{:06}", dice.on(Salt::Name).below(1_000_000)),
            category: (!quirk.with(1).one_in(5)).then(|| quirk.with(2).pick(words::CATEGORIES)),
            enrolled_by: if quirk.with(3).one_in(3) {
                self.first_company_name(self.root())
            } else {
                self.first_company_name(company)
            },
            status,
            delivery_type: dice.on(Salt::Delivery).pick(DELIVERIES),
            recipient_type: if quirk.with(4).one_in(6) {
                "Campaign"
            } else {
                "UserGroup"
            },
            duration: (!quirk.with(5).one_in(3))
                .then(|| format!("{} min", 5 + quirk.with(6).below(40))),
            level: (!quirk.with(7).one_in(3)).then(|| quirk.with(8).pick(LEVELS)),
            target_audience: quirk.with(9).one_in(4).then_some("All Employees"),
            roles: distinct(dice.on(Salt::Roles), words::ROLES, 2),
            languages: distinct(dice.on(Salt::Languages), words::LANGUAGES, 3),
            tags: distinct(dice.on(Salt::Tags), words::TAGS, 2),
            created_at: self.created_at(company, enrollment),
            starts_at: (!quirk.with(10).one_in(25)).then_some(starts_at),
            is_reminder_active: quirk.with(11).one_in(3),
            is_auto_enrollment: status == "Auto-Enroll",
            sends_preferred_language: quirk.with(12).one_in(2),
            target_groups: distinct(dice.on(Salt::Groups), &[1_u32, 2, 3, 4, 5], 3)
                .into_iter()
                .map(|group| self.target_group_id(company, group))
                .collect(),
            learning_path_id: (kind == EnrollmentKind::LearningPath)
                .then(|| format!("lp-{:06}", dice.on(Salt::Steps).below(1_000_000))),
            training_order: None,
            phishing_campaign_id: quirk
                .with(13)
                .one_in(10)
                .then(|| format!("PhCp{:08}", quirk.with(14).below(100_000_000))),
            due_at: (!due.one_in(2)).then(|| self.minute(starts_at + 30 * DAY)),
            scheduled_at: (!due.with(1).one_in(3)).then_some(starts_at),
            scheduled_time_zone: (!due.with(2).one_in(3)).then_some("Europe/Istanbul"),
            uses_own_time_zone: due.with(3).one_in(4),
            awards_certificate: due.with(4).one_in(3),
            certificate_send_type: if due.with(4).one_in(3) {
                "AfterCompletion"
            } else {
                "None"
            },
            is_test: dice.on(Salt::Test).hits(self.options.test_share),
            detail_lacks_test: dice.on(Salt::Test).with(1).one_in(12),
            distribution_days: due
                .with(5)
                .one_in(5)
                .then(|| 1 + due.with(6).below(9) as i64),
        }
    }
}
