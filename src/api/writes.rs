//! The two requests that change something at the vendor: create an enrollment, send one.
//!
//! Anybody may prepare one and look at it; to send it takes a [`Consent`], which only `cli::enroll` can make: no sync
//! and no schedule reaches a write. Nothing is known of idempotency at the vendor, so a write is sent exactly once,
//! whatever comes of it, and a failure says whether it may have happened all the same.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::CompanyClient;
use super::endpoint::Endpoint;
use super::error::{ApiError, ApiErrorKind};
use super::fields::Fields;
use super::outgoing::{Body, COMPANY_HEADERS, Outgoing};
use crate::cli::enroll::Consent;

/// An enrollment as it is to be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewEnrollment {
    /// The training.
    pub training_id: String,
    /// Its name.
    pub name: String,
    /// Groups of users of the same company.
    pub target_group_resource_ids: Vec<String>,
    /// When it begins and ends; none: when it is sent, and never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrollment_scheduler: Option<Scheduler>,
    /// Whether who completes it gets a certificate.
    pub award_certificate: bool,
    /// Whether it is kept out of the vendor's executive reports.
    pub marked_as_test: bool,
}

/// When an enrollment begins and ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scheduler {
    /// The beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_date: Option<DateTime<Utc>>,
    /// IANA name of the zone in which the vendor shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_time_zone_id: Option<String>,
    /// Whether each user's own zone counts.
    pub use_own_time_zone: bool,
    /// The end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<DateTime<Utc>>,
}

/// A write, ready to be sent.
#[derive(Debug)]
pub struct Write {
    company: CompanyClient,
    request: Outgoing,
    /// The enrollment it is about, if that exists already.
    enrollment_id: Option<String>,
}

/// A write that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It did not happen: the service refused it, or it was never sent.
    #[error(transparent)]
    NotDone(ApiError),
    /// It may have happened.
    #[error(transparent)]
    Unknown(ApiError),
}

impl CompanyClient {
    /// `POST enrollments`
    #[must_use]
    pub fn create_enrollment(&self, new: &NewEnrollment) -> Write {
        let request = self.post(
            Endpoint::CreateEnrollment,
            &["api", "enrollments"],
            "create the enrollment".to_owned(),
            new,
        );
        Write {
            company: self.clone(),
            request,
            enrollment_id: None,
        }
    }

    /// `POST enrollments/{id}/send`: e-mails every user of its groups.
    #[must_use]
    pub fn send_enrollment(&self, enrollment_id: &str) -> Write {
        let request = Outgoing {
            method: reqwest::Method::POST,
            // No body, but the content type that every POST has.
            body: Body::Json(Vec::new()),
            ..self.get(
                Endpoint::SendEnrollment,
                &["api", "enrollments", enrollment_id, "send"],
                format!("send enrollment {enrollment_id}"),
            )
        };
        Write {
            company: self.clone(),
            request,
            enrollment_id: Some(enrollment_id.to_owned()),
        }
    }
}

impl Write {
    /// The request as it is sent, but for the token.
    #[must_use]
    pub fn request(&self) -> Value {
        let base = self.company.client.base_url().as_str();
        let path = self.request.path.join("/");
        let mut headers = Map::new();
        headers.insert("Content-Type".to_owned(), "application/json".into());
        for header in COMPANY_HEADERS {
            headers.insert(header.to_owned(), self.company.company_id.clone().into());
        }
        json!({
            "method": self.request.method.as_str(),
            "url": format!("{}/{path}", base.trim_end_matches('/')),
            "headers": headers,
            "body": self.body(),
        })
    }

    fn body(&self) -> Option<Value> {
        match &self.request.body {
            Body::Json(json) => serde_json::from_slice(json).ok(),
            Body::Empty | Body::Form(_) => None,
        }
    }

    /// Sends it, once. Gives the id of the enrollment.
    pub async fn send(self, _: Consent) -> Result<String, WriteError> {
        let client = &self.company.client;
        let dates = client.dates;
        client
            .transport
            .call_once(&client.tokens, &self.request, &client.requests, |answer| {
                let id = answer.data()?.and_then(|data| {
                    let mut fields = Fields::open(data, &dates).ok()?;
                    fields
                        .required_id(&["id", "resourceId", "enrollmentId"])
                        .ok()
                });
                id.or_else(|| self.enrollment_id.clone())
                    .ok_or_else(|| ApiErrorKind::Shape {
                        path: "$.data.id".to_owned(),
                        reason: "the id is missing".to_owned(),
                    })
            })
            .await
            .map_err(|error| {
                if may_have_happened(&error.kind) {
                    WriteError::Unknown(error)
                } else {
                    WriteError::NotDone(error)
                }
            })
    }
}

/// Whether the service may have done what was asked, in spite of the failure.
fn may_have_happened(kind: &ApiErrorKind) -> bool {
    match kind {
        ApiErrorKind::Timeout(_)
        | ApiErrorKind::BrokenOff
        | ApiErrorKind::Server { .. }
        | ApiErrorKind::FailedInside { .. }
        | ApiErrorKind::NotJson { .. }
        | ApiErrorKind::NotAFile { .. }
        | ApiErrorKind::DamagedJson
        | ApiErrorKind::Shape { .. }
        | ApiErrorKind::RowsMissing(_)
        | ApiErrorKind::TooLarge(_) => true,
        ApiErrorKind::Unreachable(_)
        | ApiErrorKind::CredentialsRefused(_)
        | ApiErrorKind::Setup(_)
        | ApiErrorKind::Unauthorized
        | ApiErrorKind::AccessWithdrawn
        | ApiErrorKind::AddressRefused
        | ApiErrorKind::Forbidden(_)
        | ApiErrorKind::NotFound
        | ApiErrorKind::Rejected { .. }
        | ApiErrorKind::DailyLimit { .. }
        | ApiErrorKind::AllowanceUnknown(_)
        | ApiErrorKind::RateLimited(_) => false,
    }
}
