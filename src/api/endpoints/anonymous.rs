//! `training-reports/anonymous/{id}` and its `/result`: the learners of enrollments whose content runs in the
//! customer's own learning system (SCORM proxy). They have neither name nor e-mail.
//!
//! From where and with what a learner came is not read: they are meant to be anonymous.
//!
//! The vendor's document says that the answer is one object, its own pages read a paged list: both are taken.

use std::hash::{DefaultHasher, Hash};

use chrono::{DateTime, Utc};

use super::interactions::TRACKING_MEMBERS;
use crate::api::CompanyClient;
use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::json;
use crate::api::page::{Casing, Listing, Search, WireItem};

/// Members of a learner that are documented and have no column.
const DOCUMENTED_LEARNER: &[&str] = &["enrollmentId"];
/// Members of a result that are documented and have no column.
const DOCUMENTED_RESULT: &[&str] = &["enrollmentId", "targetUserResourceId", "status"];

/// How far one learner is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.anonymous_results"
)]
pub struct AnonymousLearner {
    pub result_id: String,
    pub target_user_id: Option<String>,
    pub status: Option<String>,
    pub last_interaction_at: Option<DateTime<Utc>>,
    pub extra: Extra,
}

impl WireItem for AnonymousLearner {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        fields.forget(TRACKING_MEMBERS);
        Ok(Self {
            result_id: fields.required_id(&["targetUserResultId"])?,
            target_user_id: fields.id("targetUserResourceId")?,
            status: fields.scalar_text("status")?,
            last_interaction_at: fields.instant("lastInteractionDate")?,
            extra: fields.into_extra(DOCUMENTED_LEARNER),
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.result_id.hash(hasher);
    }

    fn payload(received: &str) -> String {
        json::without(TRACKING_MEMBERS, received)
    }
}

/// What one learner achieved.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.anonymous_results"
)]
pub struct AnonymousResult {
    pub result_id: String,
    pub is_passed: Option<bool>,
    pub score: Option<f64>,
    pub enrolled_at: Option<DateTime<Utc>>,
    pub session_started_at: Option<DateTime<Utc>>,
    pub session_ended_at: Option<DateTime<Utc>>,
    pub session_count: Option<i64>,
    pub extra: Extra,
}

impl WireItem for AnonymousResult {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        fields.forget(TRACKING_MEMBERS);
        // The vendor misspells the one and documents both.
        let (misspelt, enrolled) = (
            fields.instant("ernollmentDate")?,
            fields.instant("enrollmentDate")?,
        );
        Ok(Self {
            result_id: fields.required_id(&["targetUserResultId"])?,
            is_passed: fields.boolean("isPassed")?,
            score: fields.number("score")?,
            enrolled_at: misspelt.or(enrolled),
            session_started_at: fields.instant("sessionStartDate")?,
            session_ended_at: fields.instant("sessionEndDate")?,
            session_count: fields.integer("sessionCount")?,
            extra: fields.into_extra(DOCUMENTED_RESULT),
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.result_id.hash(hasher);
    }

    fn payload(received: &str) -> String {
        json::without(TRACKING_MEMBERS, received)
    }
}

impl CompanyClient {
    /// `POST training-reports/anonymous/{id}`.
    #[must_use]
    pub fn anonymous_learners(&self, enrollment_id: &str) -> Listing<AnonymousLearner> {
        self.anonymous_listing(Search {
            what: format!("anonymous learners of enrollment {enrollment_id}"),
            endpoint: Endpoint::Anonymous,
            path: ["api", "training-reports", "anonymous", enrollment_id]
                .map(str::to_owned)
                .to_vec(),
            order_by: "lastInteractionDate",
            casing: Casing::Camel,
            members: serde_json::Map::new(),
            may_be_one_item: true,
        })
    }

    /// `POST training-reports/anonymous/{id}/result`.
    #[must_use]
    pub fn anonymous_results(&self, enrollment_id: &str) -> Listing<AnonymousResult> {
        self.anonymous_listing(Search {
            what: format!("anonymous results of enrollment {enrollment_id}"),
            endpoint: Endpoint::AnonymousResult,
            path: [
                "api",
                "training-reports",
                "anonymous",
                enrollment_id,
                "result",
            ]
            .map(str::to_owned)
            .to_vec(),
            order_by: "enrollmentDate",
            casing: Casing::Camel,
            members: serde_json::Map::new(),
            may_be_one_item: true,
        })
    }

    fn anonymous_listing<T: WireItem>(&self, search: Search) -> Listing<T> {
        Listing::new(self.client.clone(), Some(self.company_id.clone()), search)
    }
}
