//! The per-user report row: how one person is doing in one enrollment.

use crate::simulator::date::Instant;
use crate::simulator::dice::Dice;
use crate::simulator::world::{DAY, EnrollmentKind, EnrollmentPlace, Person, Salt, World};

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
}

impl ReportBase {
    pub(super) const fn dice(&self, position: u32) -> Dice {
        self.dice.with(position as u64)
    }

    pub(super) const fn sent_at(&self) -> Instant {
        self.sent_at
    }

    pub(super) const fn place(&self) -> EnrollmentPlace {
        self.place
    }
}

impl UserReport {
    /// Whether this status means that the user came to the end.
    #[must_use]
    pub fn is_done(&self) -> bool {
        DONE_STATUSES.contains(&self.status.text)
    }
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
            // Nothing happens behind the end of the world.
            sent_at: self.starts_at(company, enrollment).min(self.end - 3_600),
            delivery_type: facts.delivery_type,
            steps: if place.is_step() {
                0
            } else {
                self.step_count(company, enrollment)
            },
        }
    }

    pub(super) fn outcome(kind: EnrollmentKind, dice: Dice) -> Outcome {
        let status = if dice.on(Salt::Status).one_in(10) {
            dice.on(Salt::Status).with(1).pick(RARE_STATUSES)
        } else {
            dice.on(Salt::Status).with(2).pick(STATUSES)
        };
        let exam = dice.on(Salt::Exam);
        let exam_status = match kind {
            EnrollmentKind::Training if status == "Completed" => {
                Some(exam.pick(&["Passed", "Passed", "Failed", "Success"]))
            }
            EnrollmentKind::Training if status == "Failed" => Some("Failed"),
            EnrollmentKind::Training if exam.one_in(20) => Some("Undetailed"),
            EnrollmentKind::Poster | EnrollmentKind::Infographic | EnrollmentKind::Screensaver => {
                None
            }
            _ => Some("Incomplete"),
        };
        Outcome {
            status,
            exam_status,
        }
    }

    pub(super) fn report_dice(base: Dice, position: u32) -> Dice {
        base.with(u64::from(position))
    }

    /// One row of an enrollment's report, by position in order of e-mail.
    #[must_use]
    pub fn user_report(&self, base: &ReportBase, position: u32) -> UserReport {
        let dice = base.dice(position);
        let Outcome {
            status,
            exam_status,
        } = Self::outcome(base.kind, dice);
        let (company, enrollment) = (base.place.company, base.place.enrollment);
        let person = self.person_at(company, enrollment, position);
        let quirk = dice.on(Salt::Quirk);
        let date = dice.on(Salt::Date);
        let is_idle = matches!(status, "Not Responded" | "NotResponded");
        let last_interaction_at = if is_idle {
            self.second(base.sent_at + (position % 2) as i64)
        } else {
            let room = (self.end - base.sent_at).clamp(1, 60 * DAY);
            self.second(base.sent_at + 60 + date.below(room as u64) as i64 / 2)
        };
        let is_done = status == "Completed";
        let has_completion = is_done && !base.kind.is_survey() && !quirk.one_in(30);
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
            person: self.person(company, enrollment, person),
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
                let spent = last_interaction_at - base.sent_at;
                self.second(base.sent_at + date.with(1).below(spent.max(1) as u64) as i64)
            }),
            last_interaction_at: (!quirk.with(6).one_in(250)).then_some(last_interaction_at),
            delivery_type: base.delivery_type,
            current_step: step.map(|number| format!("Step {number}: Örnek \"{number}\"")),
            last_step: step.filter(|_| !is_idle).map(|number| number.to_string()),
        }
    }
}
