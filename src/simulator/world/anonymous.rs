//! The results of anonymous enrollments: a learning system of the customer runs the training, and
//! only it knows the learners.

use crate::simulator::date::Instant;
use crate::simulator::dice::Dice;
use crate::simulator::id;
use crate::simulator::world::{DAY, EnrollmentPlace, Salt, World};

/// A result.
#[derive(Debug)]
pub struct AnonymousResult {
    /// The id.
    pub id: String,
    /// The learner.
    pub learner: Learner,
    /// Status as displayed.
    pub status: &'static str,
    /// Last interaction.
    pub last_interaction_at: Option<Instant>,
    /// How it went; not known of who never began.
    pub outcome: Option<AnonymousOutcome>,
}

/// A learner as the customer's learning system names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learner {
    /// By a text.
    Text(String),
    /// By a number.
    Number(i64),
}

/// How an anonymous training went.
#[derive(Debug)]
pub struct AnonymousOutcome {
    /// Whether it was passed.
    pub is_passed: bool,
    /// Score from 0 to 100.
    pub score: Option<f64>,
    /// When the learner was enrolled.
    pub enrolled_at: Option<Instant>,
    /// Whether that date has the vendor's misspelled name.
    pub is_misspelled: bool,
    /// When the session began.
    pub session_started_at: Option<Instant>,
    /// When it ended; not known of a window left open.
    pub session_ended_at: Option<Instant>,
    /// The number of sessions.
    pub session_count: i64,
}

impl World {
    /// The number of results of an enrollment; zero unless it is anonymous.
    #[must_use]
    pub fn anonymous_count(&self, place: EnrollmentPlace) -> u32 {
        if !place.is_step() && self.is_anonymous(place.company, place.enrollment) {
            self.options.users
        } else {
            0
        }
    }

    fn anonymous_dice(&self, place: EnrollmentPlace, position: u32) -> Dice {
        self.place_dice(place)
            .on(Salt::Anonymous)
            .with(u64::from(position))
    }

    /// Whether the result in this position has an outcome. The first one always has.
    #[must_use]
    pub fn has_outcome(&self, place: EnrollmentPlace, position: u32) -> bool {
        position == 0 || !self.anonymous_dice(place, position).one_in(6)
    }

    /// A result, by position in order of interaction, which is that of enrollment.
    #[must_use]
    pub fn anonymous_result(&self, place: EnrollmentPlace, position: u32) -> AnonymousResult {
        let dice = self.anonymous_dice(place, position);
        let sent_at = self.sent_at(place.company, place.enrollment);
        let room = (self.end - sent_at).clamp(1, 60 * DAY);
        let count = i64::from(self.options.users);
        let enrolled_at = sent_at + room / 2 * i64::from(position) / count;
        let started_at = enrolled_at + room / 8;
        let ended_at = started_at + room / 8;
        let score = dice.with(1);
        AnonymousResult {
            id: id::plain_guid(dice.with(2)),
            learner: if dice.with(3).one_in(3) {
                Learner::Number(12_000 + i64::from(position))
            } else {
                Learner::Text(format!("learner-{position}"))
            },
            status: dice
                .with(4)
                .pick(&["Completed", "In Progress", "Completed"]),
            last_interaction_at: (!dice.with(5).one_in(50)).then_some(self.minute(ended_at)),
            outcome: self.has_outcome(place, position).then(|| AnonymousOutcome {
                is_passed: score.one_in(2),
                score: (!score.with(1).one_in(8)).then(|| score.with(2).below(201) as f64 / 2.0),
                enrolled_at: (!dice.with(6).one_in(30)).then_some(self.minute(enrolled_at)),
                is_misspelled: !dice.with(7).one_in(6),
                session_started_at: Some(self.second(started_at)),
                session_ended_at: (!dice.with(8).one_in(5)).then_some(self.second(ended_at)),
                session_count: 1 + dice.with(9).below(3) as i64,
            }),
        }
    }
}
