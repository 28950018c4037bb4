//! `survey_sessions`, `survey_answers`, `survey_questions` and `survey_question_options`: one session fills all four.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Rule, Table, bigint, boolean, double, instant, interval, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static SESSIONS: Table = Table {
    name: "survey_sessions",
    resource: Resource::Answers,
    order: 60,
    key_len: 4,
    rule: Rule::Set { owner_len: 3 },
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("target_user_id"),
        text("session_id"),
        text("scorm_session_id"),
        text("content_id"),
        instant("started_at", &["enrollmentSessionCreatedAt"]),
        boolean("is_latest"),
        bigint("total_questions"),
        bigint("correct_count"),
        bigint("wrong_count"),
        bigint("empty_count"),
        bigint("asked_count"),
        bigint("answered_count"),
        json("extra"),
    ],
};

/// A row of `survey_sessions`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct SurveySessionRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub target_user_id: &'a str,
    pub session_id: &'a str,
    pub scorm_session_id: Option<&'a str>,
    pub content_id: &'a str,
    pub started_at: Option<DateTime<Utc>>,
    pub is_latest: bool,
    pub total_questions: Option<i64>,
    pub correct_count: Option<i64>,
    pub wrong_count: Option<i64>,
    pub empty_count: Option<i64>,
    pub asked_count: Option<i64>,
    pub answered_count: i64,
    pub extra: Option<&'a str>,
}

impl Row for SurveySessionRow<'_> {
    const TABLE: &'static Table = &SESSIONS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(Some(self.target_user_id))
            .text(Some(self.session_id))
            .text(self.scorm_session_id)
            .text(Some(self.content_id))
            .instant(self.started_at)
            .boolean(Some(self.is_latest))
            .bigint(self.total_questions)
            .bigint(self.correct_count)
            .bigint(self.wrong_count)
            .bigint(self.empty_count)
            .bigint(self.asked_count)
            .bigint(Some(self.answered_count))
            .json(self.extra);
    }
}

static QUESTIONS: Table = Table {
    name: "survey_questions",
    resource: Resource::Answers,
    order: 61,
    key_len: 4,
    rule: Rule::Gather,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("content_id"),
        text("question_id"),
        text("question_text"),
        text("question_type"),
        bigint("position"),
        bigint("group_index"),
        text("group_id"),
        boolean("is_reversed"),
        bigint("option_count"),
        text("slug"),
        json("extra"),
    ],
};

/// A row of `survey_questions`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct SurveyQuestionRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub content_id: &'a str,
    pub question_id: &'a str,
    pub question_text: Option<&'a str>,
    pub question_type: Option<&'a str>,
    pub position: Option<i64>,
    pub group_index: Option<i64>,
    pub group_id: Option<&'a str>,
    pub is_reversed: Option<bool>,
    pub option_count: Option<i64>,
    pub slug: Option<&'a str>,
    pub extra: Option<&'a str>,
}

impl Row for SurveyQuestionRow<'_> {
    const TABLE: &'static Table = &QUESTIONS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(Some(self.content_id))
            .text(Some(self.question_id))
            .text(self.question_text)
            .text(self.question_type)
            .bigint(self.position)
            .bigint(self.group_index)
            .text(self.group_id)
            .boolean(self.is_reversed)
            .bigint(self.option_count)
            .text(self.slug)
            .json(self.extra);
    }
}

static OPTIONS: Table = Table {
    name: "survey_question_options",
    resource: Resource::Answers,
    order: 62,
    key_len: 5,
    rule: Rule::Set { owner_len: 4 },
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("content_id"),
        text("question_id"),
        bigint("position"),
        text("option_text"),
        boolean("is_correct"),
        json("extra"),
    ],
};

/// A row of `survey_question_options`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct SurveyQuestionOptionRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub content_id: &'a str,
    pub question_id: &'a str,
    pub position: i64,
    pub option_text: Option<&'a str>,
    pub is_correct: Option<bool>,
    pub extra: Option<&'a str>,
}

impl Row for SurveyQuestionOptionRow<'_> {
    const TABLE: &'static Table = &OPTIONS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(Some(self.content_id))
            .text(Some(self.question_id))
            .bigint(Some(self.position))
            .text(self.option_text)
            .boolean(self.is_correct)
            .json(self.extra);
    }
}

static ANSWERS: Table = Table {
    name: "survey_answers",
    resource: Resource::Answers,
    order: 63,
    key_len: 6,
    rule: Rule::Set { owner_len: 5 },
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("target_user_id"),
        text("session_id"),
        text("question_id"),
        bigint("position"),
        text("content_id"),
        text("question_type"),
        text("option_text"),
        bigint("scale_position"),
        bigint("scored_position"),
        interval("latency"),
        text("result"),
        text("response"),
        double("weighting"),
        json("extra"),
    ],
};

/// A row of `survey_answers`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct SurveyAnswerRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub target_user_id: &'a str,
    pub session_id: &'a str,
    pub question_id: &'a str,
    pub position: i64,
    pub content_id: &'a str,
    pub question_type: Option<&'a str>,
    pub option_text: Option<&'a str>,
    pub scale_position: Option<i64>,
    pub scored_position: Option<i64>,
    pub latency: Option<TimeDelta>,
    pub result: Option<&'a str>,
    pub response: Option<&'a str>,
    pub weighting: Option<f64>,
    pub extra: Option<&'a str>,
}

impl Row for SurveyAnswerRow<'_> {
    const TABLE: &'static Table = &ANSWERS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(Some(self.target_user_id))
            .text(Some(self.session_id))
            .text(Some(self.question_id))
            .bigint(Some(self.position))
            .text(Some(self.content_id))
            .text(self.question_type)
            .text(self.option_text)
            .bigint(self.scale_position)
            .bigint(self.scored_position)
            .interval(self.latency)
            .text(self.result)
            .text(self.response)
            .double(self.weighting)
            .json(self.extra);
    }
}
