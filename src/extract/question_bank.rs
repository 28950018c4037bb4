//! The questions of one enrollment, put together from the sessions that are read: each session carries the bank of its
//! content, and an answer may tell what the bank leaves out.

use std::collections::HashMap;

use super::answer_rows::shows_options;
use super::{Delivery, Scope};
use crate::api::Extra;
use crate::api::endpoints::answers::{Answer, Question, Session};
use crate::warehouse::quarantine::Discrepancy;
use crate::warehouse::tables::surveys::{SurveyQuestionOptionRow, SurveyQuestionRow};

/// What is known of the questions so far. Grows with the questions, not with the users.
#[derive(Debug, Default)]
pub struct QuestionBank {
    /// By enrollment, content and question.
    questions: HashMap<[String; 3], Told>,
    contradictions: i64,
}

/// Who told what of one question.
#[derive(Debug, Default)]
struct Told {
    by_banks: Option<Known>,
    by_answers: Known,
}

/// What is known of one question.
#[derive(Debug, Clone, Default)]
struct Known {
    text: Option<String>,
    kind: Option<String>,
    position: Option<i64>,
    group_index: Option<i64>,
    group_id: Option<String>,
    is_reversed: Option<bool>,
    slug: Option<String>,
    options: Vec<KnownOption>,
    extra: Extra,
}

#[derive(Debug, Clone, Default)]
struct KnownOption {
    text: Option<String>,
    is_correct: Option<bool>,
    extra: Extra,
}

impl QuestionBank {
    /// Learns from a session, and delivers each question of a bank of which something is new.
    pub fn learn(
        &mut self,
        scope: &Scope<'_>,
        delivery: &mut Delivery,
        (company_id, enrollment_id): (&str, &str),
        session: &Session,
    ) {
        let content_id = session.content_id.as_deref().unwrap_or_default();
        let key = |question_id: &str| [enrollment_id, content_id, question_id].map(str::to_owned);
        for (position, question) in (0..).zip(&session.bank) {
            let key = key(&question.id);
            let told = self.questions.entry(key.clone()).or_default();
            let is_new = told.by_banks.is_none();
            let known = told.by_banks.get_or_insert_default();
            let filled = known.fill(Known::asked(question, position));
            self.contradictions += i64::from(filled.is_contradicted);
            if is_new || filled.has_grown {
                push(scope, delivery, company_id, &key, &told.whole());
            }
        }
        for answer in &session.answers {
            let key = key(&answer.question_id);
            let told = self.questions.entry(key.clone()).or_default();
            let filled = told.by_answers.fill(Known::answered(answer));
            self.contradictions += i64::from(filled.is_contradicted);
            if told.by_banks.is_some() && filled.has_grown {
                push(scope, delivery, company_id, &key, &told.whole());
            }
        }
    }

    /// Delivers the questions that are in no bank. That is known in the end: what answers say must not come before what a
    /// later bank says.
    pub fn deliver_unbanked(&self, scope: &Scope<'_>, delivery: &mut Delivery, company_id: &str) {
        for (key, told) in &self.questions {
            if told.by_banks.is_none() {
                push(scope, delivery, company_id, key, &told.by_answers);
            }
        }
    }

    /// Whether different questions came under one id, to be noted when the scope ends.
    #[must_use]
    pub fn discrepancy(&self, scope: &Scope<'_>) -> Option<Discrepancy> {
        (self.contradictions > 0).then(|| Discrepancy {
            resource: scope.resource,
            scope: scope.id.to_owned(),
            kind: "different questions with one id",
            detail: "survey_questions: the question received first was kept".to_owned(),
            expected: None,
            found: Some(self.contradictions),
        })
    }
}

fn push(
    scope: &Scope<'_>,
    delivery: &mut Delivery,
    company_id: &str,
    [enrollment_id, content_id, question_id]: &[String; 3],
    known: &Known,
) {
    let extra = scope.extra(delivery, &known.extra);
    delivery.rows.push(&SurveyQuestionRow {
        company_id,
        enrollment_id,
        content_id,
        question_id,
        question_text: known.text.as_deref(),
        question_type: known.kind.as_deref(),
        position: known.position,
        group_index: known.group_index,
        group_id: known.group_id.as_deref(),
        is_reversed: known.is_reversed,
        option_count: (!known.options.is_empty())
            .then(|| i64::try_from(known.options.len()).unwrap_or(i64::MAX)),
        slug: known.slug.as_deref(),
        extra: extra.as_deref(),
    });
    if known.options.is_empty() {
        return;
    }
    let owner = [company_id, enrollment_id, content_id, question_id];
    delivery
        .rows
        .push_owner::<SurveyQuestionOptionRow<'_>>(&owner);
    for (position, option) in (0..).zip(&known.options) {
        let extra = scope.extra(delivery, &option.extra);
        delivery.rows.push(&SurveyQuestionOptionRow {
            company_id,
            enrollment_id,
            content_id,
            question_id,
            position,
            option_text: option.text.as_deref(),
            is_correct: option.is_correct,
            extra: extra.as_deref(),
        });
    }
}

impl Known {
    /// As the bank asks it.
    fn asked(question: &Question, position: i64) -> Self {
        Self {
            text: question.text.clone(),
            kind: None,
            position: Some(position),
            group_index: question.group_index,
            group_id: question.group_id.clone(),
            is_reversed: Some(question.is_reversed),
            slug: question.slug.clone(),
            options: question
                .options
                .iter()
                .map(|option| KnownOption {
                    text: option.text.clone(),
                    is_correct: option.is_correct,
                    extra: option.extra.clone(),
                })
                .collect(),
            extra: question.extra.clone(),
        }
    }

    /// As an answer shows it.
    fn answered(answer: &Answer) -> Self {
        let options = if shows_options(answer) {
            answer.options.as_slice()
        } else {
            &[]
        };
        Self {
            text: answer.question_text.clone(),
            kind: answer.kind.clone(),
            options: options
                .iter()
                .map(|option| KnownOption {
                    text: option.text.clone(),
                    is_correct: option.is_correct,
                    extra: Extra::default(),
                })
                .collect(),
            ..Self::default()
        }
    }

    /// Takes over what was not known.
    fn fill(&mut self, other: Self) -> Filled {
        let mut filled = Filled::default();
        fill(&mut self.text, other.text, &mut filled);
        fill(&mut self.kind, other.kind, &mut filled);
        fill(&mut self.position, other.position, &mut filled);
        fill(&mut self.group_index, other.group_index, &mut filled);
        fill(&mut self.group_id, other.group_id, &mut filled);
        fill(&mut self.is_reversed, other.is_reversed, &mut filled);
        fill(&mut self.slug, other.slug, &mut filled);
        if self.options.is_empty() && !other.options.is_empty() {
            self.options = other.options;
            filled.has_grown = true;
        }
        if self.extra.json.is_none() && other.extra.json.is_some() {
            self.extra = other.extra;
            filled.has_grown = true;
        }
        filled
    }
}

impl Told {
    /// All that is known: what banks say goes before what answers say.
    fn whole(&self) -> Known {
        let mut whole = self.by_banks.clone().unwrap_or_default();
        whole.fill(self.by_answers.clone());
        whole
    }
}

/// What came of a question being told again.
#[derive(Debug, Default)]
struct Filled {
    /// More is known than before.
    has_grown: bool,
    /// Something else was said than before; that is kept.
    is_contradicted: bool,
}

fn fill<T: PartialEq>(known: &mut Option<T>, received: Option<T>, filled: &mut Filled) {
    match (&*known, received) {
        (_, None) => {}
        (None, received) => {
            *known = received;
            filled.has_grown = true;
        }
        (Some(known), Some(received)) => filled.is_contradicted |= *known != received,
    }
}
