//! `training-reports/{id}/exam-result-sessions/{user}`: the completions of a survey (or exam) by one user, each with
//! its answers and with the questions that were asked.
//!
//! Answers find their question by id, the tail of `scormId`. The member `index` is no identity: when the service lost
//! answers it numbers the rest anew.

use std::hash::{DefaultHasher, Hash};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::api::durations;
use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::json;
use crate::api::page::WireItem;
use crate::api::{ApiError, CompanyClient, UnreadableItem};

/// The member that lists the answers.
const ANSWERS: &str = "interactionsHumanReadable";
/// The members with the address of the content: it is no data, and may let in whoever reads it.
const ADDRESS: &[&str] = &["patern", "pattern"];
/// Members of a session that are documented and have no column.
const DOCUMENTED: &[&str] = &["targetUserResourceId", "interactions", ANSWERS];
/// Members of an answer that are documented and have no column.
const DOCUMENTED_ANSWER: &[&str] = &[
    "correctAnswers",
    "objectives",
    "description",
    "latency",
    "time",
];
/// Members of an option that are documented and have no column.
const DOCUMENTED_OPTION: &[&str] = &["imagePath", "x", "y", "placeholderId"];
/// Members of a question that are documented and have no column.
const DOCUMENTED_QUESTION: &[&str] = &[
    "idGenerated",
    "idFull",
    "type",
    "description",
    "correctAnswers",
];

/// What stands between slide and question in a `scormId`.
const QUESTION_MARK: &str = "_Q_";

/// One completion.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.survey_sessions"
)]
pub struct Session {
    pub id: String,
    pub scorm_session_id: Option<String>,
    pub content_id: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub total_questions: Option<i64>,
    pub correct_count: Option<i64>,
    pub wrong_count: Option<i64>,
    pub empty_count: Option<i64>,
    pub answers: Vec<Answer>,
    /// The questions that were asked, in their order.
    pub bank: Vec<Question>,
    pub extra: Extra,
}

/// What was answered to one question.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.survey_answers"
)]
pub struct Answer {
    pub question_id: String,
    pub question_text: Option<String>,
    /// In lower case.
    pub kind: Option<String>,
    pub options: Vec<AnswerOption>,
    pub response: Option<String>,
    pub result: Option<String>,
    pub latency: Option<TimeDelta>,
    pub weighting: Option<f64>,
    pub extra: Extra,
}

/// An option as an answer shows it.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.survey_answers"
)]
pub struct AnswerOption {
    pub is_chosen: bool,
    pub text: Option<String>,
    pub is_correct: Option<bool>,
    pub extra: Extra,
}

/// A question of the bank.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.survey_questions"
)]
pub struct Question {
    pub id: String,
    pub text: Option<String>,
    pub slug: Option<String>,
    pub group_index: Option<i64>,
    pub group_id: Option<String>,
    pub is_reversed: bool,
    pub options: Vec<QuestionOption>,
    pub extra: Extra,
}

/// An option as the bank shows it.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.survey_question_options"
)]
pub struct QuestionOption {
    pub text: Option<String>,
    pub is_correct: Option<bool>,
    pub extra: Extra,
}

impl WireItem for Session {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        let scorm_session_id = fields.id("scormSessionId")?;
        let id = match (fields.id("enrollmentSessionId")?, &scorm_session_id) {
            (Some(id), _) => id,
            (None, Some(id)) => id.clone(),
            (None, None) => fields.required_id(&["enrollmentSessionId"])?,
        };
        let mut answers = Vec::new();
        let (mut others, mut rest) = (Vec::new(), Vec::new());
        fields.objects(ANSWERS, |mut item| {
            let source = item.scalar_text("source")?;
            match source {
                // The vendor's own pages drop them; they are no questions.
                Some(source) if !source.eq_ignore_ascii_case("Qex") => {
                    item.keep("source", source.into());
                    others.extend(item.into_rest());
                }
                _ => answers.push(Answer::read(item)?),
            }
            Ok(())
        })?;
        if !others.is_empty() {
            fields.keep(ANSWERS, Value::Array(others));
        }
        let mut bank = Vec::new();
        fields.objects("questions", |mut block| {
            bank.extend(block.objects("questions", Question::read)?);
            block.forget(ADDRESS);
            rest.extend(block.into_rest());
            Ok(())
        })?;
        if !rest.is_empty() {
            fields.keep("questions", Value::Array(rest));
        }
        fields.forget_empty_lists();
        Ok(Self {
            id,
            scorm_session_id,
            content_id: fields.id("enrollmentContentResourceId")?,
            started_at: fields.instant("enrollmentSessionCreatedAt")?,
            total_questions: fields.integer("totalQuestions")?,
            correct_count: fields.integer("correctCount")?,
            wrong_count: fields.integer("wrongCount")?,
            empty_count: fields.integer("emptyCount")?,
            answers,
            bank,
            extra: fields.into_extra(DOCUMENTED),
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }

    fn payload(received: &str) -> String {
        json::without(ADDRESS, received)
    }
}

impl Answer {
    fn read(mut item: Fields<'_>) -> Result<Self, ItemError> {
        let scorm_id = item.id("scormId")?;
        let question_text = item.text("question")?;
        let description = item.text("description")?;
        if description != question_text
            && let Some(description) = description
        {
            item.keep("description", description.into());
        }
        item.forget(&["index"]);
        item.forget_empty_lists();
        Ok(Self {
            question_id: match scorm_id {
                Some(id) => match id.split_once(QUESTION_MARK) {
                    Some((_, tail)) if !tail.is_empty() => tail.to_owned(),
                    _ => id,
                },
                None => match &question_text {
                    Some(text) => text_id(text),
                    None => item.required_id(&["scormId"])?,
                },
            },
            question_text,
            kind: item
                .scalar_text("type")?
                .map(|kind| kind.trim().to_lowercase()),
            options: item.objects("answers", |mut option| {
                Ok(AnswerOption {
                    is_chosen: option.boolean("isUserAnswer")?.unwrap_or(false),
                    text: option.scalar_text("option")?,
                    is_correct: option.boolean("correctAnswer")?,
                    extra: option.into_extra(DOCUMENTED_OPTION),
                })
            })?,
            response: item.scalar_text("studentOrLearnerResponse")?,
            result: item.scalar_text("result")?,
            latency: durations::take(&mut item, "latency")?,
            weighting: item.number("weighting")?,
            extra: item.into_extra(DOCUMENTED_ANSWER),
        })
    }
}

impl Question {
    fn read(mut question: Fields<'_>) -> Result<Self, ItemError> {
        let group = question.object("group", |group| {
            Ok((group.integer("index")?, group.scalar_text("id")?))
        })?;
        let (group_index, group_id) = group.unwrap_or_default();
        let text = question.text("question")?;
        let id = match (question.id("id")?, question.id("idFull")?, &text) {
            (Some(id), Some(full), _) => {
                if full != id {
                    question.keep("idFull", full.into());
                }
                id
            }
            (Some(id), None, _) | (None, Some(id), _) => id,
            (None, None, Some(text)) => text_id(text),
            (None, None, None) => question.required_id(&["id"])?,
        };
        question.forget_empty_lists();
        Ok(Self {
            id,
            text,
            slug: question.text("questionSlug")?,
            group_index,
            group_id,
            is_reversed: question.boolean("isReverse")?.unwrap_or(false),
            options: question.objects("answers", |mut option| {
                Ok(QuestionOption {
                    text: option.scalar_text("option")?,
                    is_correct: option.boolean("correctAnswer")?,
                    extra: option.into_extra(DOCUMENTED_OPTION),
                })
            })?,
            extra: question.into_extra(DOCUMENTED_QUESTION),
        })
    }
}

/// The id of a question that has none: it hangs on the text alone, so it differs between languages.
fn text_id(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let head: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("text:{head}")
}

impl CompanyClient {
    /// `GET training-reports/{id}/exam-result-sessions/{user}`: newest first.
    pub async fn survey_sessions(
        &self,
        enrollment_id: &str,
        target_user_id: &str,
    ) -> Result<Vec<Result<Session, UnreadableItem>>, ApiError> {
        let request = self.get(
            Endpoint::Answers,
            &[
                "api",
                "training-reports",
                enrollment_id,
                "exam-result-sessions",
                target_user_id,
            ],
            format!("fetch the answers of a user of enrollment {enrollment_id}"),
        );
        self.client.list(&request).await
    }
}
