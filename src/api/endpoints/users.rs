//! `training-reports/{id}/users/search`.

use std::hash::{DefaultHasher, Hash};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::api::CompanyClient;
use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::page::{Casing, Listing, Search, WireItem};

/// Members that are documented and have no column.
const DOCUMENTED: &[&str] = &["userId", "resourceId"];

/// How the request names the type of training. The vendor's document, its guides and its own client differ, and a
/// wrong name is answered with zero users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrainingType {
    /// The member is left out.
    Omitted,
    /// The type's name, without spaces.
    Name(String),
    /// The type's number.
    Number(u8),
}

/// A row of the report: one person in one enrollment.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.enrollment_users"
)]
pub struct UserReport {
    pub target_user_id: String,
    /// The enrollment that the row names: a step, for learning paths.
    pub enrollment_id: Option<String>,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub department: Option<String>,
    pub phone_number: Option<String>,
    pub status: Option<String>,
    pub exam_status: Option<String>,
    pub exam_score: Option<f64>,
    pub is_main_score: Option<bool>,
    pub first_completed_at: Option<DateTime<Utc>>,
    pub last_interaction_at: Option<DateTime<Utc>>,
    pub delivery_type: Option<String>,
    pub current_step: Option<String>,
    pub last_interacted_step: Option<String>,
    pub custom_fields: Vec<CustomField>,
    pub extra: Extra,
}

/// A value of a custom field. Names may repeat, and may equal those of columns: the id is the key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.user_custom_fields"
)]
pub struct CustomField {
    pub id: String,
    pub name: Option<String>,
    pub data_type: Option<String>,
    pub value: Option<String>,
    pub timestamp_value: Option<DateTime<Utc>>,
    pub extra: Extra,
}

impl WireItem for UserReport {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        // Older rows use other names for two members.
        let (status, status_name) = (
            fields.scalar_text("status")?,
            fields.scalar_text("statusName")?,
        );
        let (exam, exam_name) = (
            fields.scalar_text("examStatus")?,
            fields.scalar_text("examStatusName")?,
        );
        Ok(Self {
            target_user_id: fields.required_id(&["targetUserResourceId"])?,
            enrollment_id: fields.id("enrollmentId")?,
            email: fields.text("email")?,
            first_name: name(fields.text("firstName")?),
            last_name: name(fields.text("lastName")?),
            department: fields.text("department")?,
            phone_number: fields.scalar_text("phoneNumber")?,
            status: status.or(status_name),
            exam_status: exam.or(exam_name),
            exam_score: fields.number("examScore")?,
            is_main_score: fields.boolean("isMainScore")?,
            first_completed_at: fields.instant("firstCompletionDate")?,
            last_interaction_at: fields.instant("lastInteractionDate")?,
            delivery_type: fields.text("deliveryType")?,
            current_step: fields.scalar_text("currentStep")?,
            last_interacted_step: fields.scalar_text("lastInteractedStep")?,
            custom_fields: fields.objects("customFieldValues", |mut field| {
                Ok(CustomField {
                    id: field.required_id(&["resourceId"])?,
                    name: field.text("name")?,
                    data_type: field.scalar_text("dataType")?,
                    value: field.scalar_text("value")?,
                    timestamp_value: field.instant("timestampValue")?,
                    extra: field.into_extra(&[]),
                })
            })?,
            extra: fields.into_extra(DOCUMENTED),
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        (&self.target_user_id, &self.enrollment_id).hash(hasher);
    }
}

/// The vendor shows a missing name as the word `undefined`.
fn name(name: Option<String>) -> Option<String> {
    name.filter(|name| name != "undefined")
}

impl CompanyClient {
    /// `POST training-reports/{id}/users/search`.
    #[must_use]
    pub fn enrollment_users(
        &self,
        enrollment_id: &str,
        training_type: &TrainingType,
    ) -> Listing<UserReport> {
        let mut members = serde_json::Map::new();
        match training_type {
            TrainingType::Omitted => {}
            TrainingType::Name(name) => {
                members.insert("trainingType".to_owned(), Value::from(name.as_str()));
            }
            TrainingType::Number(number) => {
                members.insert("trainingType".to_owned(), Value::from(*number));
            }
        }
        Listing::new(
            self.client.clone(),
            Some(self.company_id.clone()),
            Search {
                what: format!("users of enrollment {enrollment_id}"),
                endpoint: Endpoint::Users,
                path: ["api", "training-reports", enrollment_id, "users", "search"]
                    .map(str::to_owned)
                    .to_vec(),
                order_by: "email",
                casing: Casing::Pascal,
                members,
                may_be_one_item: false,
            },
        )
    }
}
