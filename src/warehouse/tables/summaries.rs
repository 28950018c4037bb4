//! `enrollment_summaries` and `enrollment_steps`.

use chrono::{DateTime, Utc};

use super::{Rule, Table, bigint, boolean, instant, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static SUMMARIES: Table = Table {
    name: "enrollment_summaries",
    resource: Resource::Summaries,
    order: 20,
    key_len: 2,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        bigint("total_target_user_count"),
        bigint("total_user_opened_count"),
        bigint("only_opened_count"),
        bigint("total_non_target_user_count"),
        bigint("email_delivered_user_count"),
        bigint("email_error_user_count"),
        bigint("no_response_count"),
        bigint("did_not_complete_training_count"),
        bigint("did_not_complete_exam_count"),
        bigint("failed_exam_count"),
        bigint("completed_count"),
        bigint("in_progress_count"),
        bigint("group_count"),
        bigint("sms_sent_count"),
        boolean("is_test"),
        boolean("is_scorm_proxy"),
        text("training_type_name"),
        text("delivery_method"),
        instant("starts_at", &["startDate"]),
        json("extra"),
    ],
};

/// A row of `enrollment_summaries`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct EnrollmentSummaryRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub total_target_user_count: Option<i64>,
    pub total_user_opened_count: Option<i64>,
    pub only_opened_count: Option<i64>,
    pub total_non_target_user_count: Option<i64>,
    pub email_delivered_user_count: Option<i64>,
    pub email_error_user_count: Option<i64>,
    pub no_response_count: Option<i64>,
    pub did_not_complete_training_count: Option<i64>,
    pub did_not_complete_exam_count: Option<i64>,
    pub failed_exam_count: Option<i64>,
    pub completed_count: Option<i64>,
    pub in_progress_count: Option<i64>,
    pub group_count: Option<i64>,
    pub sms_sent_count: Option<i64>,
    pub is_test: Option<bool>,
    pub is_scorm_proxy: Option<bool>,
    pub training_type_name: Option<&'a str>,
    pub delivery_method: Option<&'a str>,
    pub starts_at: Option<DateTime<Utc>>,
    pub extra: Option<&'a str>,
}

impl Row for EnrollmentSummaryRow<'_> {
    const TABLE: &'static Table = &SUMMARIES;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .bigint(self.total_target_user_count)
            .bigint(self.total_user_opened_count)
            .bigint(self.only_opened_count)
            .bigint(self.total_non_target_user_count)
            .bigint(self.email_delivered_user_count)
            .bigint(self.email_error_user_count)
            .bigint(self.no_response_count)
            .bigint(self.did_not_complete_training_count)
            .bigint(self.did_not_complete_exam_count)
            .bigint(self.failed_exam_count)
            .bigint(self.completed_count)
            .bigint(self.in_progress_count)
            .bigint(self.group_count)
            .bigint(self.sms_sent_count)
            .boolean(self.is_test)
            .boolean(self.is_scorm_proxy)
            .text(self.training_type_name)
            .text(self.delivery_method)
            .instant(self.starts_at)
            .json(self.extra);
    }
}

static STEPS: Table = Table {
    name: "enrollment_steps",
    resource: Resource::Summaries,
    order: 21,
    key_len: 3,
    rule: Rule::Set { owner_len: 2 },
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        bigint("step_number"),
        text("step_enrollment_id"),
        text("training_name"),
        text("training_type_name"),
        boolean("awards_certificate"),
        boolean("has_quiz"),
        json("extra"),
    ],
};

/// A row of `enrollment_steps`.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct EnrollmentStepRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub step_number: i64,
    pub step_enrollment_id: Option<&'a str>,
    pub training_name: Option<&'a str>,
    pub training_type_name: Option<&'a str>,
    pub awards_certificate: Option<bool>,
    pub has_quiz: Option<bool>,
    pub extra: Option<&'a str>,
}

impl Row for EnrollmentStepRow<'_> {
    const TABLE: &'static Table = &STEPS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .bigint(Some(self.step_number))
            .text(self.step_enrollment_id)
            .text(self.training_name)
            .text(self.training_type_name)
            .boolean(self.awards_certificate)
            .boolean(self.has_quiz)
            .json(self.extra);
    }
}
