//! What can be enrolled, and whom: trainings, groups and enrollments with no more than a person needs to choose.
//!
//! No date is read, so that the account's date format need not be known.

use std::hash::{DefaultHasher, Hash};

use serde::Serialize;

use crate::api::endpoint::Endpoint;
use crate::api::endpoints::summaries::type_number;
use crate::api::fields::{Fields, ItemError};
use crate::api::outgoing::Outgoing;
use crate::api::page::WireItem;
use crate::api::{ApiError, CompanyClient, UnreadableItem};

/// A company by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCompany {
    /// The id.
    pub id: String,
    /// The name.
    pub name: Option<String>,
}

/// A training that a company can use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfferedTraining {
    /// The id.
    #[serde(rename = "training_id")]
    pub id: String,
    /// The name; not unique.
    pub name: Option<String>,
    /// Such as `SCORM` or `Survey`.
    pub r#type: Option<String>,
    /// What it is about.
    pub category: Option<String>,
    /// Difficulty.
    pub level: Option<String>,
    /// As displayed.
    pub duration: Option<String>,
    /// Language codes.
    pub languages: Vec<String>,
}

/// A group of users of a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfferedGroup {
    /// The id.
    #[serde(rename = "group_id")]
    pub id: String,
    /// The name; not unique.
    pub name: Option<String>,
    /// How many users are in it, if the service says so.
    pub user_count: Option<i64>,
    /// As displayed.
    pub priority: Option<String>,
}

/// An enrollment as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEnrollment {
    /// The id.
    pub id: String,
    /// The name; not unique.
    pub name: Option<String>,
    /// Such as `SCORM` or `Survey`.
    pub r#type: Option<String>,
    /// Such as `Scheduled` or `Finished`.
    pub status: Option<String>,
    /// When it was created, as the service writes it.
    pub created: Option<String>,
}

/// What an enrollment is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnrollmentParts {
    /// The training.
    pub training_id: Option<String>,
    /// The groups of users.
    pub group_ids: Vec<String>,
}

/// How many people an enrollment has reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// People whose e-mail was delivered.
    pub delivered: Option<i64>,
}

impl WireItem for NamedCompany {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            id: fields.required_id(&["companyResourceId", "resourceId"])?,
            name: fields.text("companyName")?,
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

impl WireItem for OfferedTraining {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            id: fields.required_id(&["trainingId", "resourceId"])?,
            name: fields.text("trainingName")?,
            r#type: fields.scalar_text("type")?,
            category: fields.text("category")?,
            level: fields.scalar_text("level")?,
            duration: fields.scalar_text("duration")?,
            languages: fields.texts("languages")?,
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

impl WireItem for OfferedGroup {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            id: fields.required_id(&["resourceId"])?,
            name: fields.text("name")?,
            user_count: fields.integer("userCount")?,
            priority: fields.scalar_text("priority")?,
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

impl WireItem for ListedEnrollment {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            id: fields.required_id(&["enrollmentId", "resourceId"])?,
            name: fields.text("name")?,
            r#type: fields.scalar_text("type")?,
            status: fields.scalar_text("status")?,
            created: fields.scalar_text("createTime")?,
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

impl WireItem for EnrollmentParts {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            training_id: fields.id("trainingId")?,
            group_ids: fields.texts("targetGroupResourceIds")?,
        })
    }

    fn key(&self, _: &mut DefaultHasher) {}
}

impl WireItem for Reached {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        let delivered = fields.object("reportDetail", |report| {
            report.integer("emailDeliveredUserCount")
        })?;
        Ok(Self {
            delivered: delivered.flatten(),
        })
    }

    fn key(&self, _: &mut DefaultHasher) {}
}

impl CompanyClient {
    /// `GET enrollments/{id}`, as far as it says what the enrollment is made of.
    pub async fn enrollment_parts(
        &self,
        enrollment_id: &str,
    ) -> Result<Result<EnrollmentParts, UnreadableItem>, ApiError> {
        let request = self.get(
            Endpoint::Details,
            &["api", "enrollments", enrollment_id],
            format!("fetch the settings of enrollment {enrollment_id}"),
        );
        self.client.object(&request).await
    }

    /// `GET training-reports/{id}/summary`, as far as it says whom the enrollment has reached.
    pub async fn reached(
        &self,
        enrollment: &ListedEnrollment,
    ) -> Result<Result<Reached, UnreadableItem>, ApiError> {
        let id = &enrollment.id;
        let number = type_number(enrollment.r#type.as_deref().unwrap_or_default());
        let request = Outgoing {
            query: vec![("trainingType", number.to_string())],
            ..self.get(
                Endpoint::Summaries,
                &["api", "training-reports", id, "summary"],
                format!("fetch the summary of enrollment {id}"),
            )
        };
        self.client.object(&request).await
    }
}
