//! The per-user report row: how one person is doing in one enrollment.

use std::sync::Arc;

use crate::simulator::date::Instant;
use crate::simulator::dice::Dice;
use crate::simulator::world::changes::{PlaceChanges, RowChange, StatusChange};
use crate::simulator::world::{DAY, EnrollmentKind, EnrollmentPlace, HOUR, Person, Salt, World};

const STATUSES: &[&str] = &[
    "Completed",
    "Completed",
    "Completed",
    "Completed",
    "Not Responded",
    "Not Responded",
    "Not Responded",
    "In Progress",
    "In Progress",
    "Opened Email",
    "Opened Email",
    "Clicked Link",
];
const RARE_STATUSES: &[&str] = &[
    "InQueue",
    "In Queue",
    "Sending Error",
    "Error",
    "Cancelled",
    "Canceled",
    "Failed",
    "Excluded",
    "Processing",
    "NotDelivered",
    "Not Delivered",
    "Incomplete",
    "Not Completed",
    "NotStarted",
    "Not Started",
    "Downloaded",
    "Passed",
    "ExamPassed",
    "Exam Failed",
    "Success",
    "OpenedEmail",
    "InProgress",
    "NotResponded",
];

/// The statuses of who came to the end, with or without success.
const DONE_STATUSES: &[&str] = &[
    "Completed",
    "Failed",
    "Passed",
    "ExamPassed",
    "Exam Failed",
    "Success",
];

/// A text under the member name this row happens to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// The member.
    pub member: &'static str,
    /// The text.
    pub text: &'static str,
}

/// One row of the report.
#[derive(Debug)]
pub struct UserReport {
    /// The person as reported here.
    pub person: Person,
    /// The enrollment id of the row: that of a step for some rows of learning paths, rarely absent.
    pub enrollment_id: Option<String>,
    /// Status under `status` or `statusName`.
    pub status: Named,
    /// Exam status under `examStatusName` or `examStatus`.
    pub exam_status: Option<Named>,
    /// Score from 0 to 100.
    pub exam_score: Option<f64>,
    /// The undocumented mark beside the score.
    pub is_main_score: bool,
    /// First completion; never of surveys.
    pub first_completed_at: Option<Instant>,
    /// Last interaction; the time of sending for who did nothing.
    pub last_interaction_at: Option<Instant>,
    /// How it was sent to this user.
    pub delivery_type: &'static str,
    /// Current step of a learning path.
    pub current_step: Option<String>,
    /// Last step of a learning path that was touched.
    pub last_step: Option<String>,
    /// When it was sent to this user.
    pub(super) sent_at: Instant,
    /// When the user did last what the computed world has them do.
    pub(super) acted_at: Instant,
    /// When the user came to the end, if they did.
    pub(super) done_at: Instant,
}

/// What the counts of a summary are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub status: &'static str,
    pub exam_status: Option<&'static str>,
}

/// What all rows of one enrollment share, so that it is computed once for a page.
#[derive(Debug)]
pub struct ReportBase {
    place: EnrollmentPlace,
    dice: Dice,
    kind: EnrollmentKind,
    id: String,
    sent_at: Instant,
    delivery_type: &'static str,
    steps: u8,
    count: u32,
    is_added: bool,
    changes: Option<Arc<PlaceChanges>>,
}

impl ReportBase {
    pub(super) const fn dice(&self, position: u32) -> Dice {
        self.dice.with(position as u64)
    }

    pub(super) const fn place(&self) -> EnrollmentPlace {
        self.place
    }

    /// Whether it is the report of a survey.
    pub fn is_survey(&self) -> bool {
        self.kind.is_survey()
    }

    /// How many rows there are.
    pub fn count(&self) -> u32 {
        self.changes
            .as_ref()
            .map_or(self.count, |changes| changes.roster().count())
    }

    /// The position of the row that stands at `rank`, counted from zero, in order of e-mail.
    pub fn position(&self, rank: u32) -> u32 {
        self.changes
            .as_ref()
            .map_or(rank, |changes| changes.roster().position(rank))
    }

    /// What changed about a row.
    pub(super) fn changed(&self, position: u32) -> Option<&RowChange> {
        self.changes.as_ref()?.row(position)
    }

    /// The statuses that a row was given, oldest first.
    pub(super) fn statuses(&self, position: u32) -> &[StatusChange] {
        self.changed(position).map_or(&[], |row| &row.statuses)
    }

    /// When this row was sent.
    fn sent_at(&self, position: u32) -> Instant {
        let added = self
            .changes
            .as_ref()
            .and_then(|changes| changes.added(position, self.count));
        added.map_or(self.sent_at, |row| row.at)
    }

    /// The status that a row had at first. Who was added has not responded yet.
    pub(super) fn first_status(&self, position: u32) -> &'static str {
        if self.is_added || position >= self.count {
            "Not Responded"
        } else {
            World::drawn_status(self.dice(position))
        }
    }

    /// What the counts of a summary are made of.
    pub(super) fn outcome(&self, position: u32) -> Outcome {
        let status = self.statuses(position).last().map_or_else(
            || self.first_status(position),
            |change: &StatusChange| change.status,
        );
        Outcome {
            status,
            exam_status: World::exam_status(self.kind, status, self.dice(position)),
        }
    }
}

impl UserReport {
    /// Whether this status means that the user came to the end.
    #[must_use]
    pub fn is_done(&self) -> bool {
        is_done(self.status.text)
    }
}

/// Whether this status means that the user came to the end.
pub fn is_done(status: &str) -> bool {
    DONE_STATUSES.contains(&status)
}

/// The vendor's own text of a status, if it has this one.
pub fn known_status(status: &str) -> Option<&'static str> {
    let mut known = STATUSES.iter().chain(RARE_STATUSES);
    known.find(|known| **known == status).copied()
}

impl World {
    /// What all report rows of an enrollment or a step share.
    #[must_use]
    pub fn report_base(&self, place: EnrollmentPlace) -> ReportBase {
        let facts = self.enrollment(place);
        let (company, enrollment) = (place.company, place.enrollment);
        ReportBase {
            place,
            dice: self.place_dice(place).on(Salt::Report),
            kind: facts.kind,
            id: facts.id,
            sent_at: self.sent_at(company, enrollment),
            delivery_type: facts.delivery_type,
            steps: if place.is_step() {
                0
            } else {
                self.step_count(company, enrollment)
            },
            count: self.sent_count(company, enrollment),
            is_added: self.is_added(place),
            changes: self.changed_place(place).cloned(),
        }
    }

    fn drawn_status(dice: Dice) -> &'static str {
        if dice.on(Salt::Status).one_in(10) {
            dice.on(Salt::Status).with(1).pick(RARE_STATUSES)
        } else {
            dice.on(Salt::Status).with(2).pick(STATUSES)
        }
    }

    fn exam_status(kind: EnrollmentKind, status: &str, dice: Dice) -> Option<&'static str> {
        let exam = dice.on(Salt::Exam);
        match kind {
            EnrollmentKind::Training if status == "Completed" => {
                Some(exam.pick(&["Passed", "Passed", "Failed", "Success"]))
            }
            EnrollmentKind::Training if status == "Failed" => Some("Failed"),
            EnrollmentKind::Training if exam.one_in(20) => Some("Undetailed"),
            EnrollmentKind::Poster | EnrollmentKind::Infographic | EnrollmentKind::Screensaver => {
                None
            }
            _ => Some("Incomplete"),
        }
    }

    /// One row of an enrollment's report, by its position.
    #[must_use]
    pub fn user_report(&self, base: &ReportBase, position: u32) -> UserReport {
        let dice = base.dice(position);
        let Outcome {
            status,
            exam_status,
        } = base.outcome(position);
        let first_status = base.first_status(position);
        let statuses = base.statuses(position);
        let sent_at = base.sent_at(position);
        let quirk = dice.on(Salt::Quirk);
        let date = dice.on(Salt::Date);
        let is_idle = |status: &str| matches!(status, "Not Responded" | "NotResponded");
        let first_interaction_at = if is_idle(first_status) {
            self.second(sent_at + (position % 2) as i64)
        } else {
            let room = (self.end - sent_at).clamp(1, 60 * DAY);
            self.second(sent_at + 60 + date.below(room as u64) as i64 / 2)
        };
        let told_interaction = statuses
            .iter()
            .rfind(|change| change.moves_last_interaction);
        let is_told = !quirk.with(6).one_in(250);
        let first_change_to = |is_wanted: &dyn Fn(&str) -> bool| {
            let is_new = !is_wanted(first_status);
            is_new
                .then(|| statuses.iter().find(|change| is_wanted(change.status)))
                .flatten()
                .map(|change| change.at)
        };
        let is_completed = |status: &str| status == "Completed";
        let has_completion = is_completed(status) && !base.kind.is_survey() && !quirk.one_in(30);
        let acted_at = if is_told {
            first_interaction_at
        } else {
            sent_at + HOUR
        };
        let score = dice.on(Salt::Score);
        let exam_score = match exam_status {
            Some("Passed" | "Success") => Some(70.0 + score.below(61) as f64 / 2.0),
            Some("Failed") => {
                Some(score.below(140) as f64 / 2.0 * f64::from(!score.with(1).one_in(4)))
            }
            _ => None,
        };
        let step =
            (base.steps > 0).then(|| 1 + dice.on(Salt::Steps).below(u64::from(base.steps)) as u8);
        UserReport {
            person: self.person(base.place, position),
            enrollment_id: match step {
                Some(number) if quirk.with(1).one_in(3) => {
                    Some(self.enrollment_id(base.place.with_step(number)))
                }
                _ if quirk.with(2).one_in(200) => None,
                _ => Some(base.id.clone()),
            },
            status: Named {
                member: if quirk.with(3).one_in(40) {
                    "statusName"
                } else {
                    "status"
                },
                text: status,
            },
            exam_status: exam_status.map(|text| Named {
                member: if quirk.with(4).one_in(40) {
                    "examStatus"
                } else {
                    "examStatusName"
                },
                text,
            }),
            exam_score,
            is_main_score: exam_score.is_some() && quirk.with(5).one_in(3),
            first_completed_at: has_completion.then(|| {
                first_change_to(&is_completed).unwrap_or_else(|| {
                    let spent = first_interaction_at - sent_at;
                    self.second(sent_at + date.with(1).below(spent.max(1) as u64) as i64)
                })
            }),
            last_interaction_at: match told_interaction {
                Some(change) => Some(change.at),
                None => is_told.then_some(first_interaction_at),
            },
            delivery_type: base.delivery_type,
            current_step: step.map(|number| format!("Step {number}: Örnek \"{number}\"")),
            last_step: step
                .filter(|_| !is_idle(status))
                .map(|number| number.to_string()),
            sent_at,
            acted_at,
            done_at: first_change_to(&is_done).unwrap_or(acted_at),
        }
    }
}
