//! `training-reports/{id}/summary`.

use std::hash::DefaultHasher;

use chrono::{DateTime, Utc};

use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::outgoing::Outgoing;
use crate::api::page::WireItem;
use crate::api::{ApiError, CompanyClient, UnreadableItem};

/// Members that are documented and have no column.
const DOCUMENTED: &[&str] = &[
    "name",
    "trainingDetails",
    "targetGroupNames",
    "languages",
    "reminderDescription",
    "autoEnrollDescription",
    "reminderSettings",
    "autoEnrollSettings",
    "trainingEmailNotificationTemplateTypeResourceId",
    "certificateEmailNotificationTemplateTypeResourceId",
    "certificateAttachmentResourceId",
    "smsSummary",
    "trainingTypeId",
    "distributionDescription",
    "sendTemplatesInPreferredLanguage",
    "targetGroupCount",
    "totalUserClickedCount",
];
/// Members of a step that are documented and have no column.
const DOCUMENTED_STEP: &[&str] = &["reportDetail", "trainingDetails"];

/// The counts of one enrollment.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.enrollment_summaries"
)]
pub struct Summary {
    pub counts: ReportCounts,
    pub completed_count: Option<i64>,
    pub in_progress_count: Option<i64>,
    pub group_count: Option<i64>,
    pub sms_sent_count: Option<i64>,
    pub is_test: Option<bool>,
    pub is_scorm_proxy: Option<bool>,
    pub training_type_name: Option<String>,
    pub delivery_method: Option<String>,
    pub starts_at: Option<DateTime<Utc>>,
    pub steps: Vec<Step>,
    pub extra: Extra,
}

/// `reportDetail`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.enrollment_summaries"
)]
pub struct ReportCounts {
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
}

/// A step of a learning path. Steps arrive in any order, and may lack an id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.enrollment_steps"
)]
pub struct Step {
    pub number: Option<i64>,
    pub enrollment_id: Option<String>,
    pub training_name: Option<String>,
    pub training_type_name: Option<String>,
    pub awards_certificate: Option<bool>,
    pub has_quiz: Option<bool>,
    pub extra: Extra,
}

impl WireItem for Summary {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        let counts = fields.object("reportDetail", |report| {
            Ok(ReportCounts {
                total_target_user_count: report.integer("totalTargetUserCount")?,
                total_user_opened_count: report.integer("totalUserOpenedCount")?,
                only_opened_count: report.integer("onlyOpenedCount")?,
                total_non_target_user_count: report.integer("totalNonTargetUserCount")?,
                email_delivered_user_count: report.integer("emailDeliveredUserCount")?,
                email_error_user_count: report.integer("emailErrorUserCount")?,
                no_response_count: report.integer("noResponseCount")?,
                did_not_complete_training_count: report.integer("didNotCompleteTrainingCount")?,
                did_not_complete_exam_count: report.integer("didNotCompleteExamCount")?,
                failed_exam_count: report.integer("failedExamCount")?,
            })
        })?;
        let sms = fields.object("smsSummary", |sms| sms.integer("sentCount"))?;
        Ok(Self {
            counts: counts.unwrap_or_default(),
            completed_count: fields.integer("completedCount")?,
            in_progress_count: fields.integer("inProgressCount")?,
            group_count: fields.integer("groupCount")?,
            sms_sent_count: sms.flatten(),
            is_test: fields.boolean("isTest")?,
            is_scorm_proxy: fields.boolean("isScormProxy")?,
            training_type_name: fields.scalar_text("trainingTypeName")?,
            delivery_method: fields.scalar_text("deliveryMethod")?,
            starts_at: fields.instant("startDate")?,
            steps: fields.objects("steps", |mut step| {
                let details = step.object("trainingDetails", |details| {
                    Ok((
                        details.scalar_text("trainingTypeName")?,
                        details.boolean("hasQuiz")?,
                    ))
                })?;
                let (training_type_name, has_quiz) = details.unwrap_or_default();
                Ok(Step {
                    number: step.integer("stepNumber")?,
                    enrollment_id: step.id("enrollmentId")?,
                    training_name: step.text("trainingName")?,
                    training_type_name,
                    awards_certificate: step.boolean("awardCertificate")?,
                    has_quiz,
                    extra: step.into_extra(DOCUMENTED_STEP),
                })
            })?,
            extra: fields.into_extra(DOCUMENTED),
        })
    }

    fn key(&self, _: &mut DefaultHasher) {}
}

/// The number by which requests name a type of enrollments; 0 stands for trainings and surveys.
#[must_use]
pub fn type_number(name: &str) -> u8 {
    let name: String = name.split_whitespace().collect();
    match name.to_ascii_lowercase().as_str() {
        "poster" => 1,
        "infographic" => 2,
        "screensaver" => 3,
        "learningpath" => 4,
        _ => 0,
    }
}

impl CompanyClient {
    /// `GET training-reports/{id}/summary`. `training_type` is the vendor's number: 0 (training and survey), 1 poster,
    /// 2 infographic, 3 screensaver, 4 learning path.
    pub async fn summary(
        &self,
        enrollment_id: &str,
        training_type: u8,
    ) -> Result<Result<Summary, UnreadableItem>, ApiError> {
        let request = Outgoing {
            query: vec![("trainingType", training_type.to_string())],
            ..self.get(
                Endpoint::Summaries,
                &["api", "training-reports", enrollment_id, "summary"],
                format!("fetch the summary of enrollment {enrollment_id}"),
            )
        };
        self.client.object(&request).await
    }
}
