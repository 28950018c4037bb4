//! `enrollments/search`, `enrollments/archive/search` and `enrollments/{id}`.

use std::hash::{DefaultHasher, Hash};

use chrono::{DateTime, Utc};

use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::page::{Casing, Listing, Search, WireItem};
use crate::api::{ApiError, CompanyClient, UnreadableItem};

/// Members of a listed enrollment that are documented and have no column.
const DOCUMENTED: &[&str] = &["trainingCategories", "totalDuration"];
/// Members of a detail that are documented and have no column.
const DOCUMENTED_DETAIL: &[&str] = &[
    "name",
    "languageIds",
    "enrollmentReminder",
    "enrollmentAutoEnroll",
    "smsTexts",
    "phishingCampaignConditionTypes",
];

/// The two listings of a company's enrollments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrollmentList {
    /// What is not in the trash.
    Active,
    /// The trash, where an enrollment stays for 30 days.
    Archive,
}

/// A row of either listing.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see the columns of keepnet.enrollments"
)]
pub struct Enrollment {
    pub id: String,
    pub name: Option<String>,
    pub r#type: Option<String>,
    pub has_quiz: Option<bool>,
    pub status: Option<String>,
    pub training_name: Option<String>,
    pub category: Option<String>,
    pub enrolled_by: Option<String>,
    pub delivery: Option<String>,
    pub delivery_type: Option<String>,
    pub recipient_type: Option<String>,
    pub duration: Option<String>,
    pub level: Option<String>,
    pub target_audience: Option<String>,
    pub starts_at: Option<DateTime<Utc>>,
    pub created_at: Option<DateTime<Utc>>,
    pub is_reminder_active: Option<bool>,
    pub is_auto_enrollment_active: Option<bool>,
    pub sends_preferred_language: Option<bool>,
    pub languages: Vec<String>,
    pub tags: Vec<String>,
    pub training_roles: Vec<TrainingRole>,
    pub extra: Extra,
}

/// For whom a training is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.enrollment_training_roles"
)]
pub struct TrainingRole {
    pub id: i64,
    pub code: Option<String>,
    pub name: Option<String>,
    pub extra: Extra,
}

impl Enrollment {
    /// The vendor marks surveys by type or by `hasQuiz`, whatever the type says.
    #[must_use]
    pub fn is_survey(&self) -> bool {
        self.has_quiz == Some(true) || self.r#type.as_deref() == Some("Survey")
    }
}

impl WireItem for Enrollment {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            id: fields.required_id(&["enrollmentId", "resourceId"])?,
            name: fields.text("name")?,
            r#type: fields.scalar_text("type")?,
            has_quiz: fields.boolean("hasQuiz")?,
            status: fields.scalar_text("status")?,
            training_name: fields.text("trainingName")?,
            category: fields.text("category")?,
            enrolled_by: fields.text("enrolledBy")?,
            delivery: fields.text("delivery")?,
            delivery_type: fields.text("deliveryType")?,
            recipient_type: fields.scalar_text("recipientType")?,
            duration: fields.scalar_text("duration")?,
            level: fields.scalar_text("level")?,
            target_audience: fields.text("targetAudience")?,
            starts_at: fields.instant("startDate")?,
            created_at: fields.instant("createTime")?,
            is_reminder_active: fields.boolean("isReminderActive")?,
            is_auto_enrollment_active: fields.boolean("isAutoEnrollmentActive")?,
            sends_preferred_language: fields.boolean("sendTemplatesInPreferredLanguage")?,
            languages: fields.texts("languages")?,
            tags: fields.texts("tags")?,
            training_roles: fields.objects("trainingRoles", |mut role| {
                let id = role.integer_if_any("roleId").unwrap_or_default();
                Ok(TrainingRole {
                    id,
                    code: role.scalar_text("code")?,
                    name: role.text("roleName")?,
                    extra: role.into_extra(&["roleId"]),
                })
            })?,
            extra: fields.into_extra(DOCUMENTED),
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

/// The settings of one enrollment. The answer names neither the enrollment nor its company.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see the columns of keepnet.enrollments"
)]
pub struct EnrollmentDetail {
    pub training_id: Option<String>,
    pub learning_path_id: Option<String>,
    pub training_order: Option<i64>,
    pub target_group_ids: Vec<String>,
    pub phishing_campaign_id: Option<String>,
    pub scheduled_at: Option<DateTime<Utc>>,
    pub scheduled_time_zone: Option<String>,
    pub uses_own_time_zone: Option<bool>,
    pub due_at: Option<DateTime<Utc>>,
    pub awards_certificate: Option<bool>,
    pub certificate_send_type: Option<String>,
    pub is_marked_as_test: Option<bool>,
    pub training_type_id: Option<String>,
    pub distribution_days: Option<i64>,
    pub extra: Extra,
}

#[derive(Default)]
struct Scheduler {
    scheduled_at: Option<DateTime<Utc>>,
    time_zone: Option<String>,
    uses_own_time_zone: Option<bool>,
    due_at: Option<DateTime<Utc>>,
}

impl WireItem for EnrollmentDetail {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        let scheduler = fields
            .object("enrollmentScheduler", |scheduler| {
                Ok(Scheduler {
                    scheduled_at: scheduler.instant("scheduledDate")?,
                    time_zone: scheduler.text("scheduledTimeZoneId")?,
                    uses_own_time_zone: scheduler.boolean("useOwnTimeZone")?,
                    due_at: scheduler.instant("dueDate")?,
                })
            })?
            .unwrap_or_default();
        Ok(Self {
            training_id: fields.id("trainingId")?,
            learning_path_id: fields.id("learningPathId")?,
            training_order: fields.integer("trainingOrder")?,
            target_group_ids: fields.texts("targetGroupResourceIds")?,
            phishing_campaign_id: fields.id("phishingCampaignResourceId")?,
            scheduled_at: scheduler.scheduled_at,
            scheduled_time_zone: scheduler.time_zone,
            uses_own_time_zone: scheduler.uses_own_time_zone,
            due_at: scheduler.due_at,
            awards_certificate: fields.boolean("awardCertificate")?,
            certificate_send_type: fields.scalar_text("certificateConfigSendType")?,
            is_marked_as_test: fields.boolean("markedAsTest")?,
            training_type_id: fields.scalar_text("trainingTypeId")?,
            distribution_days: fields.integer("distributionDays")?,
            extra: fields.into_extra(DOCUMENTED_DETAIL),
        })
    }

    fn key(&self, _: &mut DefaultHasher) {}
}

impl CompanyClient {
    /// `POST enrollments/search` or `enrollments/archive/search`.
    #[must_use]
    pub fn enrollments<T: WireItem>(&self, list: EnrollmentList) -> Listing<T> {
        let (what, path, casing): (_, &[&str], _) = match list {
            EnrollmentList::Active => (
                "enrollments",
                &["api", "enrollments", "search"],
                Casing::Pascal,
            ),
            EnrollmentList::Archive => (
                "archived enrollments",
                &["api", "enrollments", "archive", "search"],
                Casing::Camel,
            ),
        };
        Listing::new(
            self.client.clone(),
            Some(self.company_id.clone()),
            Search {
                what: what.to_owned(),
                endpoint: match list {
                    EnrollmentList::Active => Endpoint::Enrollments,
                    EnrollmentList::Archive => Endpoint::Archive,
                },
                path: path.iter().map(|segment| (*segment).to_owned()).collect(),
                order_by: "CreateTime",
                casing,
                members: serde_json::Map::new(),
                may_be_one_item: false,
            },
        )
    }

    /// `GET enrollments/{id}`.
    pub async fn enrollment_detail(
        &self,
        enrollment_id: &str,
    ) -> Result<Result<EnrollmentDetail, UnreadableItem>, ApiError> {
        let request = self.get(
            Endpoint::Details,
            &["api", "enrollments", enrollment_id],
            format!("fetch the settings of enrollment {enrollment_id}"),
        );
        self.client.object(&request).await
    }
}
