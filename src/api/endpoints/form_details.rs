//! `enrollments/form-details` and `training-reports/form-details`: the words that enrollments and their reports use.

use std::hash::DefaultHasher;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::endpoint::Endpoint;
use crate::api::fields::{Fields, ItemError};
use crate::api::page::WireItem;
use crate::api::{ApiError, CompanyClient, UnreadableItem};

/// How the vendor ends the names of its lists.
const SUFFIX: &str = "Enum";

/// The lists of one answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormDetails {
    /// Its lists of choices.
    pub lists: Vec<ChoiceList>,
}

/// The values that one field may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChoiceList {
    /// Its name, in one casing whatever was received: `enrollmentStatus`.
    pub name: String,
    /// The choices.
    pub choices: Vec<Choice>,
}

/// One value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The vendor's number, as text.
    pub id: Option<String>,
    /// The name in requests and filters.
    pub name: Option<String>,
    /// The name in the vendor's console.
    pub display_name: Option<String>,
    /// The values below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Choice>,
}

impl WireItem for FormDetails {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        // One endpoint wraps the lists, the other is the lists.
        let members = match fields.value("enumNameValuePairs") {
            Some(Value::Object(lists)) => lists,
            _ => fields.into_members(),
        };
        let lists = members
            .into_iter()
            .filter_map(|(name, value)| {
                let Value::Array(choices) = value else {
                    return None;
                };
                Some(ChoiceList {
                    name: list_name(&name),
                    choices: choices.into_iter().filter_map(Choice::of).collect(),
                })
            })
            .collect();
        Ok(Self { lists })
    }

    fn key(&self, _: &mut DefaultHasher) {}
}

impl Choice {
    fn of(value: Value) -> Option<Self> {
        let Value::Object(mut members) = value else {
            return None;
        };
        let results = match members.remove("enumResults") {
            Some(Value::Array(results)) => results.into_iter().filter_map(Self::of).collect(),
            _ => Vec::new(),
        };
        let text = |members: &Map<String, Value>, name: &str| match members.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        Some(Self {
            id: text(&members, "id"),
            name: text(&members, "name"),
            display_name: text(&members, "displayName"),
            results,
        })
    }
}

/// `EnrollmentStatusEnum` and `enrollmentStatusEnum` → `enrollmentStatus`
fn list_name(received: &str) -> String {
    let name = received.strip_suffix(SUFFIX).unwrap_or(received);
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

impl CompanyClient {
    /// `GET enrollments/form-details`
    pub async fn enrollment_form(&self) -> Result<Result<FormDetails, UnreadableItem>, ApiError> {
        let request = self.get(
            Endpoint::EnrollmentForm,
            &["api", "enrollments", "form-details"],
            "fetch the form details of enrollments".to_owned(),
        );
        self.client.object(&request).await
    }

    /// `GET training-reports/form-details`
    pub async fn report_form(&self) -> Result<Result<FormDetails, UnreadableItem>, ApiError> {
        let request = self.get(
            Endpoint::ReportForm,
            &["api", "training-reports", "form-details"],
            "fetch the form details of training reports".to_owned(),
        );
        self.client.object(&request).await
    }
}
