//! The questions of a survey: the same in every language but for their words.

use crate::simulator::dice::Dice;
use crate::simulator::id;
use crate::simulator::world::Salt;
use crate::simulator::world::survey::text::Language;

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionKind {
    /// One point of a scale of agreement.
    ChoiceSingle,
    /// True or false.
    TrueFalse,
    /// Some of the options.
    ChoiceMulti,
    /// A short text.
    FillIn,
    /// A long text.
    LongFillIn,
    /// A number.
    Numeric,
    /// An order of the options.
    Sequence,
    /// Pairs.
    Matching,
    /// One of a list.
    Dropdown,
    /// A word out of a list.
    WordBank,
    /// A place in a picture.
    Hotspot,
    /// A point of a scale for each of several statements.
    Likert,
    /// A kind nobody has heard of.
    BrandNew,
}

impl QuestionKind {
    /// All kinds but the usual one, which is single choice.
    const UNUSUAL: [Self; 12] = [
        Self::Likert,
        Self::FillIn,
        Self::ChoiceMulti,
        Self::BrandNew,
        Self::TrueFalse,
        Self::LongFillIn,
        Self::Sequence,
        Self::Numeric,
        Self::Matching,
        Self::Dropdown,
        Self::WordBank,
        Self::Hotspot,
    ];

    /// The vendor's name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChoiceSingle => "choice-single",
            Self::TrueFalse => "true-false",
            Self::ChoiceMulti => "choice-multi",
            Self::FillIn => "fill-in",
            Self::LongFillIn => "long-fill-in",
            Self::Numeric => "numeric",
            Self::Sequence => "sequence",
            Self::Matching => "matching",
            Self::Dropdown => "dropdown",
            Self::WordBank => "word-bank",
            Self::Hotspot => "hotspot",
            Self::Likert => "likert",
            Self::BrandNew => "slider-3d",
        }
    }

    /// Whether an answer marks some of the question's options.
    #[must_use]
    pub const fn has_marks(self) -> bool {
        matches!(
            self,
            Self::ChoiceSingle
                | Self::TrueFalse
                | Self::ChoiceMulti
                | Self::Matching
                | Self::Dropdown
                | Self::Hotspot
        )
    }

    /// Whether the bank shows the options of such a question.
    #[must_use]
    pub const fn has_bank_options(self) -> bool {
        matches!(
            self,
            Self::ChoiceSingle
                | Self::TrueFalse
                | Self::ChoiceMulti
                | Self::Dropdown
                | Self::Likert
                | Self::Sequence
                | Self::BrandNew
        )
    }

    /// Whether one position may be scored.
    #[must_use]
    pub const fn is_scored(self) -> bool {
        matches!(self, Self::ChoiceSingle | Self::TrueFalse)
    }
}

/// By what a question is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The id in the bank, which ends the `scormId` of its answers.
    Bank(String),
    /// No bank has it; its `scormId` is not of the usual form.
    Scorm(&'static str),
    /// No bank has it, and it has no `scormId`.
    Nameless,
}

/// A question.
#[derive(Debug)]
pub struct Question {
    /// By what it is known.
    pub identity: Identity,
    /// How it is answered.
    pub kind: QuestionKind,
    /// Whether agreement is the low end of its scale; the mark may be missing.
    pub is_reversed: Option<bool>,
    /// The number of its theme, if it has one.
    pub group: Option<i64>,
    /// Which of the texts it has.
    text: usize,
}

/// An option of a question.
#[derive(Debug)]
pub struct QuestionOption {
    /// Its text.
    pub text: String,
    /// Whether it is right, if that is told.
    pub is_correct: Option<bool>,
}

impl Question {
    /// A question of the bank, by its place there.
    pub(super) fn in_bank(survey: Dice, place: usize, first_unusual: usize) -> Self {
        let dice = survey.on(Salt::Question).with(place as u64);
        let is_usual = place % 8 < 5;
        let first_length = 10 + dice.with(1).below(3) as usize;
        Self {
            identity: Identity::Bank(format!(
                "{}-{}",
                id::base_36(dice.with(2), first_length),
                id::base_36(dice.with(3), 12)
            )),
            kind: if is_usual {
                QuestionKind::ChoiceSingle
            } else {
                QuestionKind::UNUSUAL[(first_unusual + place) % QuestionKind::UNUSUAL.len()]
            },
            is_reversed: match dice.with(4).below(10) {
                0..=2 => Some(true),
                3 => None,
                _ => Some(false),
            },
            group: (!dice.with(5).one_in(8)).then_some(place as i64 / 4),
            text: dice.with(6).below(10) as usize,
        }
    }

    /// A question that no bank has: single choice if it has a `scormId`, else a long text.
    pub(super) fn off_bank(survey: Dice, identity: Identity) -> Self {
        Self {
            kind: if identity == Identity::Nameless {
                QuestionKind::LongFillIn
            } else {
                QuestionKind::ChoiceSingle
            },
            identity,
            is_reversed: None,
            group: None,
            text: survey.on(Salt::Question).below(10) as usize,
        }
    }

    /// The id that answers lead to.
    #[must_use]
    pub fn id(&self, language: &Language) -> String {
        match &self.identity {
            Identity::Bank(id) => id.clone(),
            Identity::Scorm(id) => (*id).to_owned(),
            Identity::Nameless => format!("text:{}", language.nameless.digest),
        }
    }

    /// The `scormId` of its answers.
    #[must_use]
    pub fn scorm_id(&self) -> Option<String> {
        match &self.identity {
            Identity::Bank(id) => Some(format!("Slide1_Q_{id}")),
            Identity::Scorm(id) => Some((*id).to_owned()),
            Identity::Nameless => None,
        }
    }

    /// Whether the bank holds it.
    #[must_use]
    pub const fn is_in_bank(&self) -> bool {
        matches!(self.identity, Identity::Bank(_))
    }

    /// The id of a theme.
    #[must_use]
    pub fn group_id(group: i64) -> String {
        format!("theme-{group}")
    }

    /// The text.
    #[must_use]
    pub fn text(&self, language: &Language) -> &'static str {
        if self.identity == Identity::Nameless {
            language.nameless.text
        } else {
            language.statements[self.text]
        }
    }

    /// The vendor's lossy short form of the text.
    #[must_use]
    pub fn slug(&self, language: &Language) -> String {
        self.text(language)
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '_'
                }
            })
            .take(32)
            .collect()
    }

    /// The options, in the order in which they are shown; none of a question for free text.
    #[must_use]
    pub fn options(&self, language: &Language) -> Vec<QuestionOption> {
        let plain = |text: &&'static str| QuestionOption {
            text: (*text).to_owned(),
            is_correct: None,
        };
        match self.kind {
            QuestionKind::ChoiceSingle | QuestionKind::Likert => {
                language.scale.iter().map(plain).collect()
            }
            QuestionKind::TrueFalse => language
                .truth
                .iter()
                .enumerate()
                .map(|(place, text)| QuestionOption {
                    is_correct: Some(place == self.text % 2),
                    ..plain(text)
                })
                .collect(),
            QuestionKind::ChoiceMulti
            | QuestionKind::Dropdown
            | QuestionKind::Sequence
            | QuestionKind::BrandNew => language.choices.iter().map(plain).collect(),
            // Only what is right is marked.
            QuestionKind::Hotspot => language
                .choices
                .iter()
                .enumerate()
                .map(|(place, text)| QuestionOption {
                    is_correct: (place == self.text % 4).then_some(true),
                    ..plain(text)
                })
                .collect(),
            QuestionKind::Matching => {
                let [[one, to_one], [other, to_other]] = language.pairs;
                [
                    (one, to_one, true),
                    (one, to_other, false),
                    (other, to_one, false),
                    (other, to_other, true),
                ]
                .map(|(left, right, is_correct)| QuestionOption {
                    text: format!("{left} → {right}"),
                    is_correct: Some(is_correct),
                })
                .into()
            }
            QuestionKind::FillIn
            | QuestionKind::LongFillIn
            | QuestionKind::Numeric
            | QuestionKind::WordBank => Vec::new(),
        }
    }
}
