//! Surveys: what they ask, and the sessions of the users who completed them.

mod answer;
mod question;
mod session;
mod text;

pub use answer::{Answer, Given};
pub use question::{Identity, Question, QuestionKind, QuestionOption};
pub use session::{Bank, SurveySession};
pub use text::Language;

use crate::simulator::id;
use crate::simulator::world::{EnrollmentPlace, Salt, World};

/// A survey: what is asked, in which languages.
#[derive(Debug)]
pub struct Survey {
    /// The contents, one for each language.
    pub contents: Vec<Content>,
    /// The questions of the bank in its order, then those that no bank holds.
    pub questions: Vec<Question>,
    /// How many questions the bank holds.
    pub bank_length: usize,
    /// How many of them the first block of the bank holds.
    pub first_block: usize,
}

/// A survey in one language.
#[derive(Debug)]
pub struct Content {
    /// The id.
    pub id: String,
    /// The language.
    pub language: &'static Language,
}

impl World {
    /// What an enrollment or a step asks; nothing unless it is a survey.
    #[must_use]
    pub fn survey(&self, place: EnrollmentPlace) -> Option<Survey> {
        if !self.kind(place).is_survey() {
            return None;
        }
        let dice = self.place_dice(place).on(Salt::Survey);
        let languages = &text::LANGUAGES[..1 + dice.below(3) as usize];
        let contents = languages
            .iter()
            .zip(0..)
            .map(|(language, number)| Content {
                id: id::plain_guid(dice.with(16 + number)),
                language,
            })
            .collect();
        let bank_length = 12 + dice.with(1).below(5) as usize;
        let first_unusual = dice.with(2).below(12) as usize;
        let mut questions: Vec<Question> = (0..bank_length)
            .map(|place| Question::in_bank(dice, place, first_unusual))
            .collect();
        if dice.with(3).one_in(2) {
            let identity = Identity::Scorm("Slide9_Extra");
            questions.push(Question::off_bank(dice, identity));
        }
        if dice.with(4).one_in(2) {
            questions.push(Question::off_bank(dice, Identity::Nameless));
        }
        Some(Survey {
            contents,
            questions,
            bank_length,
            first_block: if dice.with(5).one_in(2) {
                bank_length
            } else {
                8
            },
        })
    }
}

impl Survey {
    /// The language of a content; sessions that do not name theirs are in the first one.
    #[must_use]
    pub fn language(&self, content: Option<usize>) -> &'static Language {
        self.contents[content.unwrap_or(0)].language
    }
}
