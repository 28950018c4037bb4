//! The questions of one enrollment, put together from the sessions that are read: each session carries the bank of its
//! content, and an answer may tell what the bank leaves out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

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
    questions: HashMap<[String; 3], Known>,
    contradictions: i64,
}

/// What is known of one question.
#[derive(Debug, Clone, Default, PartialEq)]
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

#[derive(Debug, Clone, Default, PartialEq)]
struct KnownOption {
    text: Option<String>,
    is_correct: Option<bool>,
    extra: Extra,
}

impl QuestionBank {
    /// Learns from a session, and delivers each question of which something is new.
    pub fn learn(
        &mut self,
        scope: &Scope<'_>,
        delivery: &mut Delivery,
        owner: (&str, &str),
        session: &Session,
    ) {
        let content_id = session.content_id.as_deref().unwrap_or_default();
        let key = (owner.0, owner.1, content_id);
        for (position, question) in (0..).zip(&session.bank) {
            self.note(
                scope,
                delivery,
                key,
                &question.id,
                Known::asked(question, position),
            );
        }
        for answer in &session.answers {
            let answered = Known::answered(answer);
            self.note(scope, delivery, key, &answer.question_id, answered);
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

    fn note(
        &mut self,
        scope: &Scope<'_>,
        delivery: &mut Delivery,
        (company_id, enrollment_id, content_id): (&str, &str, &str),
        question_id: &str,
        received: Known,
    ) {
        let key = [enrollment_id, content_id, question_id].map(str::to_owned);
        let known = match self.questions.entry(key) {
            Entry::Vacant(vacant) => vacant.insert(received),
            Entry::Occupied(occupied) => {
                let known = occupied.into_mut();
                let before = known.clone();
                self.contradictions += i64::from(!known.fill(received));
                if *known == before {
                    return;
                }
                known
            }
        };
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
            extra,
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
                extra,
            });
        }
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

    /// Takes over what was not known; false when `other` says something else than what was.
    fn fill(&mut self, other: Self) -> bool {
        let is_agreed = fill(&mut self.text, other.text)
            & fill(&mut self.kind, other.kind)
            & fill(&mut self.position, other.position)
            & fill(&mut self.group_index, other.group_index)
            & fill(&mut self.group_id, other.group_id)
            & fill(&mut self.is_reversed, other.is_reversed)
            & fill(&mut self.slug, other.slug);
        if self.options.is_empty() {
            self.options = other.options;
        }
        if self.extra.json.is_none() {
            self.extra = other.extra;
        }
        is_agreed
    }
}

fn fill<T: PartialEq>(known: &mut Option<T>, received: Option<T>) -> bool {
    match (&*known, received) {
        (None, received) => {
            *known = received;
            true
        }
        (Some(_), None) => true,
        (Some(known), Some(received)) => *known == received,
    }
}
