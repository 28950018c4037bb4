//! What a user did, event by event: mails that arrived, links that were clicked.

use crate::simulator::date::{Instant, Precision};
use crate::simulator::dice::Dice;
use crate::simulator::world::{EnrollmentKind, ReportBase, Salt, UserReport, World};

const BROWSERS: &[&str] = &["Chrome", "Firefox 128", "Edge", "Safari, mobile"];
const PLACES: &[&str] = &["Exampleland", "İstanbul, Türkiye", "Nowhere \"North\""];
const ADDRESSES: &[&str] = &["192.0.2.1, 198.51.100.7", "203.0.113.9", "2001:db8::7"];

/// An event.
#[derive(Debug)]
pub struct Interaction {
    /// What happened.
    pub name: &'static str,
    /// When, if that is told.
    pub at: Option<Instant>,
    /// How exactly it is told.
    pub precision: Precision,
    /// The step of a learning path, in words.
    pub current_step: Option<String>,
    /// The number of the step.
    pub training_order: Option<i64>,
    /// The learning path.
    pub learning_path_id: Option<String>,
    /// The number of steps of the path.
    pub step_count: Option<i64>,
    /// From where it was done.
    pub tracking: Option<Tracking>,
}

/// From where an event came.
#[derive(Debug)]
pub struct Tracking {
    /// The browser.
    pub browser: &'static str,
    /// The browser's own words, if any.
    pub user_agent: Option<String>,
    /// The place.
    pub geolocation: &'static str,
    /// Addresses in one text.
    pub ip_addresses: &'static str,
}

/// What led to a status, in order.
fn story(status: &str) -> &'static [&'static str] {
    match status {
        "Completed" | "Failed" | "Passed" | "ExamPassed" | "Exam Failed" | "Success" => &[
            "Delivered",
            "Opened Email",
            "Clicked Link",
            "In Progress",
            "Completed",
        ],
        "Downloaded" => &["Delivered", "Opened Email", "Downloaded"],
        "In Progress" | "InProgress" | "Incomplete" | "Not Completed" => {
            &["Delivered", "Opened Email", "Clicked Link", "In Progress"]
        }
        "Clicked Link" => &["Delivered", "Opened Email", "Clicked Link"],
        "Opened Email" | "OpenedEmail" => &["Delivered", "Opened Email"],
        "Sending Error" | "Error" | "NotDelivered" | "Not Delivered" => &["Sending Error"],
        "InQueue" | "In Queue" | "Processing" | "Cancelled" | "Canceled" => &["Processing"],
        _ => &["Delivered"],
    }
}

impl World {
    /// The events of one user in order of time; none where the vendor answers null.
    #[must_use]
    pub fn interactions(
        &self,
        base: &ReportBase,
        position: u32,
        report: &UserReport,
    ) -> Option<Vec<Interaction>> {
        let dice = base.dice(position).on(Salt::Interaction);
        if dice.one_in(20) {
            return None;
        }
        let (sent_at, last) = (report.sent_at, report.acted_at);
        let story = story(base.first_status(position));
        let mut events = Vec::new();
        for (number, &name) in story.iter().enumerate() {
            let dice = dice.with(16 + number as u64);
            let spent = (last - sent_at).max(0) * number as i64 / story.len() as i64;
            let at = sent_at + spent;
            // A mail that is opened twice in a minute leaves two events that look the same.
            let times = if dice.one_in(4) { 2 } else { 1 };
            for time in 0..times {
                events.push(self.interaction(base, dice, name, at, time));
            }
        }
        // The last events often fall into one second.
        if let [.., before, last] = events.as_mut_slice()
            && dice.with(1).one_in(3)
        {
            (last.at, last.precision) = (before.at, before.precision);
        }
        // What led to a later status and had not happened yet happens when that status comes.
        for (number, change) in (1_u64..).zip(base.statuses(position)) {
            for (nth, &name) in (0..).zip(self::story(change.status)) {
                if events.iter().all(|event: &Interaction| event.name != name) {
                    let dice = dice.with(number << 8).with(nth);
                    events.push(self.interaction(base, dice, name, change.at, 0));
                }
            }
        }
        // A time may have been moved out of an hour that clocks show twice.
        events.sort_by_key(|event| event.at);
        Some(events)
    }

    fn interaction(
        &self,
        base: &ReportBase,
        dice: Dice,
        name: &'static str,
        at: Instant,
        time: u64,
    ) -> Interaction {
        let precision = if dice.with(1).one_in(4) {
            Precision::Minute
        } else {
            Precision::Second
        };
        let at = match precision {
            Precision::Minute => self.minute(at),
            Precision::Second => self.second(at),
        };
        let place = base.place();
        let has_path = self.kind(place.with_step(0)) == EnrollmentKind::LearningPath;
        let path = has_path.then(|| self.enrollment(place.with_step(0)));
        let step = place.is_step().then_some(place.step);
        let track = dice.with(2 + time);
        Interaction {
            name,
            at: (!dice.with(4).one_in(60)).then_some(at),
            precision,
            current_step: step.map(|step| format!("Step {step}")),
            training_order: step.map(i64::from),
            learning_path_id: path.and_then(|path| path.learning_path_id),
            step_count: has_path
                .then(|| i64::from(self.step_count(place.company, place.enrollment))),
            tracking: track.one_in(3).then(|| Tracking {
                browser: track.with(1).pick(BROWSERS),
                user_agent: (!track.with(2).one_in(4))
                    .then(|| format!("UA/{}.0", 1 + track.with(3).below(9))),
                geolocation: track.with(4).pick(PLACES),
                ip_addresses: track.with(5).pick(ADDRESSES),
            }),
        }
    }
}
