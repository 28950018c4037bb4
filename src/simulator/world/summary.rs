//! The counts of an enrollment. They agree with the user rows, but for the vendor's known slip.

use crate::simulator::world::{EnrollmentPlace, Salt, World};

/// The counts of one enrollment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Users of the enrollment.
    pub target_users: i64,
    /// Users that opened it or did more.
    pub opened: i64,
    /// Users that opened it and did nothing more.
    pub only_opened: i64,
    /// Readers that are no target users.
    pub non_target_users: i64,
    /// Users the e-mail reached.
    pub delivered: i64,
    /// Users the e-mail did not reach.
    pub errors: i64,
    /// Users without a response.
    pub no_response: i64,
    /// Users that have not completed the training.
    pub not_completed: i64,
    /// Users without a passed exam.
    pub exam_not_completed: i64,
    /// Users that failed the exam.
    pub exam_failed: i64,
    /// Users that completed the training.
    pub completed: i64,
    /// Users in the middle of it; minus one where the vendor slips.
    pub in_progress: i64,
    /// Target groups, if told.
    pub groups: Option<i64>,
    /// Text messages sent, if any were.
    pub sms_sent: Option<i64>,
}

impl World {
    /// The counts of an enrollment or a step.
    #[must_use]
    pub fn summary(&self, place: EnrollmentPlace) -> Summary {
        let facts = self.enrollment(place);
        let dice = self.place_dice(place);
        let base = self.report_base(place);
        let mut counts = Summary {
            target_users: i64::from(base.count()),
            ..Summary::default()
        };
        for rank in 0..base.count() {
            let outcome = base.outcome(base.position(rank));
            match outcome.status {
                "Completed" => counts.completed += 1,
                "In Progress" | "InProgress" => counts.in_progress += 1,
                "Not Responded" | "NotResponded" => counts.no_response += 1,
                "Opened Email" | "OpenedEmail" => counts.only_opened += 1,
                "Sending Error" | "Error" | "NotDelivered" | "Not Delivered" => counts.errors += 1,
                _ => {}
            }
            match outcome.exam_status {
                Some("Passed" | "Success") => {}
                Some("Failed") => {
                    counts.exam_failed += 1;
                    counts.exam_not_completed += 1;
                }
                _ => counts.exam_not_completed += 1,
            }
        }
        counts.opened = counts.completed + counts.in_progress + counts.only_opened;
        counts.delivered = counts.target_users - counts.errors;
        counts.not_completed = counts.target_users - counts.completed;
        let quirk = dice.on(Salt::Count);
        if quirk.one_in(12) {
            counts.in_progress = -1;
        }
        counts.groups = (!quirk.with(1).one_in(4)).then_some(facts.target_groups.len() as i64);
        counts.sms_sent = (facts.delivery_type == "Email & SMS").then_some(counts.target_users / 2);
        counts
    }
}
