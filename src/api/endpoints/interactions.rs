//! `training-reports/{id}/interactions/{user}`: e-mail and session events. They are no answers to surveys.

use std::hash::DefaultHasher;

use chrono::{DateTime, Utc};

use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::json;
use crate::api::page::WireItem;
use crate::api::{ApiError, CompanyClient, UnreadableItem};

/// The member with personal data of an event.
const TRACKING: &str = "trackingInfo";
/// Under these names the vendor tells from where and with what something was done, in one place or another.
pub(super) const TRACKING_MEMBERS: &[&str] = &[
    TRACKING,
    "userIpAddresslist",
    "userGeolocation",
    "userAgent",
    "browserName",
    "ip",
    "geoLocation",
    "browser",
];

/// One event.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.interactions"
)]
pub struct Interaction {
    pub interaction: Option<String>,
    pub event_at: Option<DateTime<Utc>>,
    pub current_step: Option<String>,
    pub training_order: Option<i64>,
    pub learning_path_id: Option<String>,
    pub step_count: Option<i64>,
    pub tracking: Tracking,
    pub extra: Extra,
}

/// From where and with what the user did it. Personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.interactions"
)]
pub struct Tracking {
    pub browser_name: Option<String>,
    pub user_agent: Option<String>,
    pub geolocation: Option<String>,
    pub ip_addresses: Option<String>,
}

impl WireItem for Interaction {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        let tracking = fields.object(TRACKING, |tracking| {
            Ok(Tracking {
                browser_name: tracking.scalar_text("browserName")?,
                user_agent: tracking.scalar_text("userAgent")?,
                geolocation: tracking.scalar_text("userGeolocation")?,
                ip_addresses: tracking.scalar_text("userIpAddresslist")?,
            })
        })?;
        Ok(Self {
            interaction: fields.scalar_text("interaction")?,
            event_at: fields.instant("eventTime")?,
            current_step: fields.scalar_text("currentStep")?,
            training_order: fields.integer("trainingOrder")?,
            learning_path_id: fields.id("learningPathId")?,
            step_count: fields.integer("stepCount")?,
            tracking: tracking.unwrap_or_default(),
            extra: fields.into_extra(&[]),
        })
    }

    fn key(&self, _: &mut DefaultHasher) {}
}

/// An event without its tracking data, which is neither read nor kept with what cannot be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Untracked(pub Interaction);

impl WireItem for Untracked {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        fields.forget(TRACKING_MEMBERS);
        Interaction::decode(fields).map(Self)
    }

    fn key(&self, _: &mut DefaultHasher) {}

    fn payload(received: &str) -> String {
        json::without(TRACKING_MEMBERS, received)
    }
}

impl CompanyClient {
    /// `GET training-reports/{id}/interactions/{user}`, read as [`Interaction`] or [`Untracked`].
    pub async fn interactions<T: WireItem>(
        &self,
        enrollment_id: &str,
        target_user_id: &str,
    ) -> Result<Vec<Result<T, UnreadableItem>>, ApiError> {
        let request = self.get(
            Endpoint::Interactions,
            &[
                "api",
                "training-reports",
                enrollment_id,
                "interactions",
                target_user_id,
            ],
            format!("fetch the interactions of a user of enrollment {enrollment_id}"),
        );
        self.client.list(&request).await
    }
}
