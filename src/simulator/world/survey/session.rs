//! A user's passes through a survey. Only who completed it has any.

use crate::simulator::date::Instant;
use crate::simulator::dice::Dice;
use crate::simulator::id;
use crate::simulator::world::survey::{Answer, Survey};
use crate::simulator::world::{DAY, MINUTE, ReportBase, Salt, UserReport, World};

/// One pass through a survey.
#[derive(Debug)]
pub struct SurveySession {
    /// The id; where it is missing, `scorm_id` is the only one.
    pub id: Option<String>,
    /// The id of the player's session.
    pub scorm_id: String,
    /// Which content was shown, if that is told.
    pub content: Option<usize>,
    /// When it began, to the minute.
    pub started_at: Option<Instant>,
    /// What comes of the question bank.
    pub bank: Bank,
    /// The answers, without those the vendor lost.
    pub answers: Vec<Answer>,
    /// Whether an entry stands before them that is no answer to a question.
    pub has_stray_entry: bool,
    /// Whether marks are numbers.
    pub has_number_marks: bool,
    /// Whether the count of right answers is told.
    pub has_correct_count: bool,
}

/// What a session carries of the question bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bank {
    /// All of it.
    Whole,
    /// An empty list.
    Empty,
    /// Nothing.
    Absent,
}

impl SurveySession {
    /// The entries that are returned, whatever was asked.
    #[must_use]
    pub fn entry_count(&self) -> i64 {
        self.answers.len() as i64 + i64::from(self.has_stray_entry)
    }
}

impl World {
    /// The sessions of one user, newest first.
    #[must_use]
    pub fn survey_sessions(
        &self,
        survey: &Survey,
        base: &ReportBase,
        position: u32,
        report: &UserReport,
    ) -> Vec<SurveySession> {
        if !report.is_done() {
            return Vec::new();
        }
        let dice = base.dice(position).on(Salt::Session);
        let count = match dice.below(20) {
            0 => 3,
            1..=3 => 2,
            _ => 1,
        };
        let mut sessions: Vec<SurveySession> = (0..count)
            .map(|number| self.survey_session(survey, dice.with(16 + number)))
            .collect();
        if !dice.with(1).one_in(40) {
            self.set_starts(&mut sessions, dice, report);
        }
        let later = base.changed(position).map_or(&[][..], |row| &row.sessions);
        let later = later.iter().enumerate().map(|(nth, &at)| SurveySession {
            started_at: Some(self.minute(at)),
            ..self.survey_session(survey, dice.with(64 + nth as u64))
        });
        later.rev().chain(sessions).collect()
    }

    /// When the computed sessions of a user began.
    fn set_starts(&self, sessions: &mut [SurveySession], dice: Dice, report: &UserReport) {
        let count = sessions.len() as i64;
        let newest = self.minute(report.done_at - 15);
        let are_tied = dice.with(2).one_in(4);
        let mut starts: Vec<Instant> = (0..count)
            .map(|number| {
                let step = DAY + dice.with(3).below(DAY as u64) as i64;
                let before = if are_tied { 0 } else { number * step };
                self.minute((newest - before).max(report.sent_at + (count - number) * MINUTE))
            })
            .collect();
        // A start may have been moved out of an hour that clocks show twice.
        starts.sort_unstable_by(|one, other| other.cmp(one));
        for (session, start) in sessions.iter_mut().zip(starts) {
            session.started_at = Some(start);
        }
    }

    fn survey_session(&self, survey: &Survey, dice: Dice) -> SurveySession {
        let content = dice.below(survey.contents.len() as u64) as usize;
        let content = (!dice.with(1).one_in(30)).then_some(content);
        SurveySession {
            id: (!dice.with(2).one_in(50)).then(|| id::plain_guid(dice.with(3))),
            scorm_id: id::plain_guid(dice.with(4)),
            content,
            started_at: None,
            bank: match dice.with(5).below(40) {
                0 => Bank::Empty,
                1 => Bank::Absent,
                _ => Bank::Whole,
            },
            answers: survey.answers(dice, content),
            has_stray_entry: dice.with(6).one_in(8),
            has_number_marks: dice.with(7).one_in(6),
            has_correct_count: !dice.with(8).one_in(30),
        }
    }
}

impl Survey {
    fn answers(&self, session: Dice, content: Option<usize>) -> Vec<Answer> {
        let dice = session.on(Salt::Answer);
        if dice.one_in(50) {
            return Vec::new();
        }
        let lost = if dice.with(1).one_in(10) {
            1 + dice.with(2).below(5) as usize
        } else {
            0
        };
        let source = match dice.with(3).below(10) {
            0 => Some("qex"),
            1 => None,
            _ => Some("Qex"),
        };
        self.questions
            .iter()
            .enumerate()
            .skip(lost)
            .map(|(number, question)| (number, question, dice.with(16 + number as u64)))
            // What no bank holds is not shown to everybody.
            .filter(|(_, question, dice)| question.is_in_bank() || dice.one_in(2))
            .map(|(number, question, dice)| {
                Answer::new(dice, number, question, self.language(content), source)
            })
            .collect()
    }
}
