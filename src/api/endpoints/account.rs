//! `system-users/settings`, and date strings as evidence of the account's date format.

use std::hash::{DefaultHasher, Hash};

use crate::api::endpoint::Endpoint;
use crate::api::fields::{Fields, ItemError};
use crate::api::outgoing::{Body, Outgoing};
use crate::api::page::WireItem;
use crate::api::{ApiError, Client};

/// How the account wants dates written, as far as it may read its own settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserSettings {
    /// Such as `DD/MM/YYYY`.
    pub date_pattern: Option<String>,
    /// The vendor's name of a zone; not an IANA name.
    pub time_zone: Option<String>,
}

impl WireItem for UserSettings {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            date_pattern: fields.text("dateFormat")?,
            time_zone: fields.text("timeZoneId")?,
        })
    }

    fn key(&self, _: &mut DefaultHasher) {}
}

/// The texts of an item, whatever it is: among them are dates.
#[derive(Debug)]
pub struct Texts(pub Vec<String>);

impl WireItem for Texts {
    fn decode(fields: Fields<'_>) -> Result<Self, ItemError> {
        let mut texts = Vec::new();
        // Dates are short; names and descriptions need not be copied.
        fields.visit_texts(&mut |text| {
            if (8..=32).contains(&text.len()) {
                texts.push(text.to_owned());
            }
        });
        Ok(Self(texts))
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.0.hash(hasher);
    }
}

impl Client {
    /// `GET system-users/settings`. Not every account may read it.
    pub async fn user_settings(&self) -> Result<Option<UserSettings>, ApiError> {
        let request = Outgoing {
            doing: "read the account's date settings".to_owned(),
            endpoint: Endpoint::UserSettings,
            method: reqwest::Method::GET,
            path: ["api", "system-users", "settings"]
                .map(str::to_owned)
                .to_vec(),
            query: Vec::new(),
            body: Body::Empty,
            company: None,
        };
        Ok(self.object(&request).await?.ok())
    }
}
