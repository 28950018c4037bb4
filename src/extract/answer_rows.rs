//! How an answer of each type becomes rows.

use crate::api::endpoints::answers::{Answer, Question};

/// Every type that is known; whatever else comes is kept as it is.
const KNOWN: [&str; 12] = [
    "choice-single",
    "true-false",
    "choice-multi",
    "fill-in",
    "long-fill-in",
    "numeric",
    "sequence",
    "matching",
    "dropdown",
    "word-bank",
    "hotspot",
    "likert",
];
/// Types whose answer is text that the user wrote or put together.
const WRITTEN: [&str; 4] = ["fill-in", "long-fill-in", "numeric", "word-bank"];
/// Types with exactly one chosen option on a scale.
const SINGLE_CHOICE: [&str; 2] = ["choice-single", "true-false"];
/// Types whose answers show all options of the question.
const WITH_OPTIONS: [&str; 6] = [
    "choice-single",
    "choice-multi",
    "true-false",
    "dropdown",
    "hotspot",
    "matching",
];

/// What one row of `survey_answers` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// Place of the option, of the part or of the element.
    pub position: i64,
    /// The text.
    pub text: Option<&'a str>,
    /// The point on the scale that a part of a composite answer names.
    pub scale_position: Option<i64>,
    /// The place on the question's scale.
    pub scored_position: Option<i64>,
    /// Which of the received options it is.
    pub option: Option<usize>,
}

/// Whether the options that an answer shows are all that the question has.
#[must_use]
pub fn shows_options(answer: &Answer) -> bool {
    is_one_of(answer, &WITH_OPTIONS)
}

/// The rows of an answer; `question` is its question in the session's own bank.
#[must_use]
pub fn rows_of<'a>(answer: &'a Answer, question: Option<&Question>) -> Vec<Chosen<'a>> {
    let options = || {
        (0..)
            .zip(&answer.options)
            .enumerate()
            .map(|(place, (position, option))| Chosen {
                position,
                text: option.text.as_deref(),
                option: Some(place),
                ..Chosen::default()
            })
    };
    let is_chosen = |row: &Chosen<'_>| {
        row.option
            .is_some_and(|place| answer.options[place].is_chosen)
    };
    let mut rows: Vec<Chosen<'a>> = if is_one_of(answer, &WRITTEN) {
        let written = options().find(is_chosen).or_else(|| options().next());
        written
            .into_iter()
            .map(|row| Chosen { position: 0, ..row })
            .collect()
    } else if is_one_of(answer, &["sequence"]) {
        options().collect()
    } else if is_one_of(answer, &["likert"]) {
        let chosen = options().filter(is_chosen);
        chosen.fold(Vec::new(), |mut rows, row| {
            let first = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            rows.extend(parts_of(row, first));
            rows
        })
    } else {
        options().filter(is_chosen).collect()
    };
    if let Some(question) = question
        && is_one_of(answer, &SINGLE_CHOICE)
    {
        let last = i64::try_from(answer.options.len()).unwrap_or(i64::MAX) - 1;
        for row in &mut rows {
            row.scored_position = Some(if question.is_reversed {
                last - row.position
            } else {
                row.position
            });
        }
    }
    if rows.is_empty() {
        let response = answer.response.as_deref().filter(|text| !text.is_empty());
        if response.is_some() || !is_one_of(answer, &KNOWN) {
            rows.push(Chosen {
                text: response,
                ..Chosen::default()
            });
        }
    }
    rows
}

/// Whether the text of these rows of an answer is that of options, and not what somebody wrote. What an answer of an
/// unknown type says may be written.
#[must_use]
pub fn is_chosen(answer: &Answer, rows: &[Chosen<'_>]) -> bool {
    is_one_of(answer, &KNOWN)
        && !is_one_of(answer, &WRITTEN)
        && rows.iter().all(|row| row.option.is_some())
}

/// Whether the short form of an answer says no more than which options were chosen: `1_Strongly_Agree,2_No`.
#[must_use]
pub fn is_label(response: Option<&str>, rows: &[Chosen<'_>]) -> bool {
    let labels = rows.iter().map(|row| {
        let text = row.text.unwrap_or_default().replace(' ', "_");
        format!("{}_{text}", row.position)
    });
    let labels: Vec<String> = labels.collect();
    response.is_none_or(|response| {
        response.is_empty() || response.replace(' ', "_") == labels.join(",")
    })
}

fn is_one_of(answer: &Answer, kinds: &[&str]) -> bool {
    answer
        .kind
        .as_deref()
        .is_some_and(|kind| kinds.contains(&kind))
}

/// The parts of a composite answer, one per statement of the grid, numbered from `first`; anything else is one part.
fn parts_of(row: Chosen<'_>, first: i64) -> Vec<Chosen<'_>> {
    let parts = row.text.map(split_composite).unwrap_or_default();
    if parts.is_empty() {
        return vec![row];
    }
    (first..)
        .zip(parts)
        .map(|(position, (scale_position, text))| Chosen {
            position,
            text: Some(text),
            scale_position: Some(scale_position),
            ..row
        })
        .collect()
}

/// `0_Strongly_Agree, 1_Neutral` in its parts; empty when the text is no such list. A label may hold a comma.
fn split_composite(text: &str) -> Vec<(i64, &str)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((number, label)) = numbered(rest) {
        let end = label
            .match_indices(", ")
            .find(|(at, _)| numbered(&label[at + 2..]).is_some());
        match end {
            Some((at, _)) => {
                parts.push((number, &label[..at]));
                rest = &label[at + 2..];
            }
            None => {
                parts.push((number, label));
                return parts;
            }
        }
    }
    Vec::new()
}

/// `3_Label`
fn numbered(text: &str) -> Option<(i64, &str)> {
    let (number, label) = text.split_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Some((number.parse().ok()?, label)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::endpoints::answers::AnswerOption;

    fn answer(kind: &str, options: &[(&str, bool)]) -> Answer {
        let option = |(text, is_chosen): &(&str, bool)| AnswerOption {
            is_chosen: *is_chosen,
            text: Some((*text).to_owned()),
            ..AnswerOption::default()
        };
        Answer {
            kind: Some(kind.to_owned()),
            options: options.iter().map(option).collect(),
            ..Answer::default()
        }
    }

    fn told(answer: &Answer) -> Vec<(i64, Option<&str>, Option<i64>)> {
        let rows = rows_of(answer, None);
        rows.into_iter()
            .map(|row| (row.position, row.text, row.scale_position))
            .collect()
    }

    #[test]
    fn each_type_has_its_rows() {
        let two = [("A", false), ("B", true), ("C", true)];
        let marked = [(1, Some("B"), None), (2, Some("C"), None)];
        for kind in [
            "choice-multi",
            "hotspot",
            "matching",
            "dropdown",
            "brand-new",
        ] {
            assert_eq!(told(&answer(kind, &two)), marked, "{kind}");
        }
        for kind in WRITTEN {
            assert_eq!(told(&answer(kind, &two)), [(0, Some("B"), None)], "{kind}");
            let unmarked = answer(kind, &[("x", false)]);
            assert_eq!(told(&unmarked), [(0, Some("x"), None)], "{kind}");
        }
        let answered = answer("sequence", &two);
        let sequence = told(&answered);
        assert_eq!(sequence.len(), 3);
        assert_eq!(sequence[0], (0, Some("A"), None));
        let grid = answer("likert", &[("0_Strongly_Agree, 1_No, not really", true)]);
        let parts = [
            (0, Some("Strongly_Agree"), Some(0)),
            (1, Some("No, not really"), Some(1)),
        ];
        assert_eq!(told(&grid), parts);
        let two = answer("likert", &[("0_A, 1_B", true), ("2_C", true)]);
        let positions: Vec<i64> = told(&two).iter().map(|row| row.0).collect();
        assert_eq!(positions, [0, 1, 2]);
        let plain = answer("likert", &[("x", false), ("Agree, mostly", true)]);
        assert_eq!(told(&plain), [(1, Some("Agree, mostly"), None)]);
    }

    #[test]
    fn an_answer_without_a_choice_is_its_response_or_the_mark_of_an_unknown_type() {
        let mut skipped = answer("choice-single", &[("A", false)]);
        assert_eq!(told(&skipped), []);
        skipped.response = Some("0_A".to_owned());
        assert_eq!(told(&skipped), [(0, Some("0_A"), None)]);
        assert_eq!(told(&answer("brand-new", &[])), [(0, None, None)]);
        let untold = Answer::default();
        assert_eq!(told(&untold), [(0, None, None)]);
    }

    #[test]
    fn only_a_single_choice_with_a_known_question_has_a_score() {
        let question = |is_reversed| Question {
            is_reversed,
            ..Question::default()
        };
        let options = [
            ("0", false),
            ("1", false),
            ("2", false),
            ("3", true),
            ("4", false),
        ];
        let score = |kind: &str, question: Option<&Question>| {
            rows_of(&answer(kind, &options), question)[0].scored_position
        };
        assert_eq!(score("choice-single", Some(&question(false))), Some(3));
        assert_eq!(score("choice-single", Some(&question(true))), Some(1));
        assert_eq!(score("choice-single", None), None);
        assert_eq!(score("choice-multi", Some(&question(false))), None);
    }

    #[test]
    fn a_composite_answer_is_split_between_numbered_parts_only() {
        assert_eq!(split_composite("0_A"), [(0, "A")]);
        assert_eq!(
            split_composite("2_A, b, 10_C_D"),
            [(2, "A, b"), (10, "C_D")]
        );
        for text in ["", "A, 1_B", "_A", "x_A", "0A"] {
            assert_eq!(split_composite(text), [], "{text}");
        }
    }
}
