//! What a user answered to one question.

use crate::simulator::dice::Dice;
use crate::simulator::world::survey::text::{FREE_TEXTS, Language, NUMBERS};
use crate::simulator::world::survey::{Question, QuestionKind};

const STATEMENTS_OF_A_GRID: u64 = 3;

/// Latencies that are not written as usual, and what they mean.
const ODD_LATENCIES: &[(Option<&str>, Option<&str>)] = &[
    (Some("PT4S"), Some("00:00:04")),
    (Some("PT0H0M4.5S"), Some("00:00:04.5")),
    (Some("P1DT2H"), Some("1 day 02:00:00")),
    (Some("00:00:04"), Some("00:00:04")),
    (Some("4 seconds"), None),
    (Some(""), None),
    (None, None),
];

/// The answer to one question.
#[derive(Debug)]
pub struct Answer {
    /// Which of the survey's questions.
    pub question: usize,
    /// What was answered.
    pub given: Given,
    /// Whether the type is in upper case.
    pub is_upper: bool,
    /// The source, if it is named.
    pub source: Option<&'static str>,
    /// The time it took.
    pub latency: Latency,
    /// The result.
    pub result: Option<&'static str>,
    /// The vendor's short form of the answer.
    pub response: Option<String>,
    /// The weight.
    pub weighting: Option<f64>,
}

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Given {
    /// The options at these positions are marked.
    Marks(Vec<usize>),
    /// A text.
    Text(&'static str),
    /// The positions of the options in the order they were put in.
    Order(Vec<usize>),
    /// For each statement, the point on the scale.
    Grid(Vec<usize>),
    /// No list of answers, if anything the short form.
    Unlisted,
}

/// A time as it is written and as it is meant.
#[derive(Debug)]
pub struct Latency {
    /// As the vendor writes it.
    pub text: Option<String>,
    /// As PostgreSQL writes the interval.
    pub interval: Option<String>,
}

impl Latency {
    fn new(dice: Dice) -> Self {
        if dice.one_in(8) {
            let (text, interval) = dice.with(1).pick(ODD_LATENCIES);
            return Self {
                text: text.map(str::to_owned),
                interval: interval.map(str::to_owned),
            };
        }
        let seconds = 1 + dice.with(2).below(90);
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        Self {
            text: Some(format!("PT0H{minutes}M{seconds}S")),
            interval: Some(format!("00:{minutes:02}:{seconds:02}")),
        }
    }
}

impl Answer {
    pub(super) fn new(
        dice: Dice,
        number: usize,
        question: &Question,
        language: &Language,
        source: Option<&'static str>,
    ) -> Self {
        let given = Given::new(dice.with(1), question);
        let response = response(dice.with(2), question, &given, language);
        let result = if question.kind == QuestionKind::TrueFalse {
            dice.with(3).pick(&["correct", "incorrect"])
        } else {
            "neutral"
        };
        Self {
            question: number,
            given,
            is_upper: dice.with(4).one_in(12),
            source,
            latency: Latency::new(dice.with(5)),
            result: (!dice.with(6).one_in(20)).then_some(result),
            response,
            weighting: (!dice.with(7).one_in(15)).then(|| dice.with(8).pick(&[0.0, 0.0, 1.0, 0.5])),
        }
    }
}

impl Given {
    fn new(dice: Dice, question: &Question) -> Self {
        let spot = |number: u64| dice.with(number).below(4) as usize;
        if question.is_in_bank() && question.kind.has_marks() && dice.one_in(25) {
            return Self::Marks(Vec::new());
        }
        match question.kind {
            QuestionKind::ChoiceSingle => Self::Marks(vec![dice.with(1).below(5) as usize]),
            QuestionKind::TrueFalse => Self::Marks(vec![dice.with(1).below(2) as usize]),
            QuestionKind::Dropdown | QuestionKind::Hotspot => Self::Marks(vec![spot(1)]),
            QuestionKind::Matching => Self::Marks(vec![spot(1) / 2, 2 + spot(2) / 2]),
            QuestionKind::ChoiceMulti => {
                let first = spot(1) / 2;
                Self::Marks((first..=first + spot(2) / 2 + 1).collect())
            }
            QuestionKind::FillIn | QuestionKind::LongFillIn | QuestionKind::WordBank => {
                Self::Text(dice.with(1).pick(FREE_TEXTS))
            }
            QuestionKind::Numeric => Self::Text(dice.with(1).pick(NUMBERS)),
            QuestionKind::Sequence => {
                let mut order: Vec<usize> = (0..4).collect();
                order.rotate_left(spot(1));
                order.swap(0, spot(2));
                Self::Order(order)
            }
            QuestionKind::Likert if dice.with(1).one_in(8) => Self::Text("Agree, mostly"),
            QuestionKind::Likert => Self::Grid(
                (0..STATEMENTS_OF_A_GRID)
                    .map(|statement| dice.with(2 + statement).below(5) as usize)
                    .collect(),
            ),
            QuestionKind::BrandNew if dice.with(1).one_in(2) => Self::Unlisted,
            QuestionKind::BrandNew => Self::Marks(vec![spot(2)]),
        }
    }
}

fn response(dice: Dice, question: &Question, given: &Given, language: &Language) -> Option<String> {
    let options = question.options(language);
    match given {
        Given::Marks(marks) if marks.is_empty() => match question.kind {
            // What is chosen is none of the options.
            QuestionKind::Dropdown => Some("Something else".to_owned()),
            _ if dice.one_in(2) => Some(String::new()),
            _ => None,
        },
        Given::Marks(marks) => {
            let parts = marks
                .iter()
                .map(|&mark| format!("{mark}_{}", options[mark].text.replace(' ', "_")));
            Some(parts.collect::<Vec<_>>().join(","))
        }
        Given::Text(text) if dice.one_in(2) => Some((*text).to_owned()),
        Given::Unlisted if dice.one_in(2) => Some("7 of 10".to_owned()),
        Given::Text(_) | Given::Order(_) | Given::Grid(_) | Given::Unlisted => None,
    }
}
