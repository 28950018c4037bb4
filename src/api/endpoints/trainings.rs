//! `trainings/search`: the trainings that a company can use.

use std::hash::{DefaultHasher, Hash};

use chrono::{DateTime, Utc};

use crate::api::CompanyClient;
use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::page::{Casing, Listing, Search, WireItem};

/// `trainingSearchType`: all, not only favourites or the account's own.
const ALL_TRAININGS: u8 = 1;

/// A training. Lists are kept as JSON text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.trainings"
)]
pub struct Training {
    pub id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub r#type: Option<String>,
    pub category: Option<String>,
    pub target_audience: Option<String>,
    pub level: Option<String>,
    pub duration: Option<String>,
    pub has_quiz: Option<bool>,
    pub vendor_name: Option<String>,
    pub created_by: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub is_new: Option<bool>,
    pub is_favourite: Option<bool>,
    pub is_editable: Option<bool>,
    pub languages: Option<String>,
    pub tags: Option<String>,
    pub compliances: Option<String>,
    pub available_for: Option<String>,
    pub training_roles: Option<String>,
    pub cover_image_url: Option<String>,
    pub extra: Extra,
}

impl WireItem for Training {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            id: fields.required_id(&["trainingId", "resourceId"])?,
            name: fields.text("trainingName")?,
            description: fields.text("description")?,
            r#type: fields.scalar_text("type")?,
            category: fields.text("category")?,
            target_audience: fields.text("targetAudience")?,
            level: fields.scalar_text("level")?,
            duration: fields.scalar_text("duration")?,
            has_quiz: fields.boolean("hasQuiz")?,
            vendor_name: fields.text("vendorName")?,
            created_by: fields.text("createdBy")?,
            created_at: fields.instant("createTime")?,
            is_new: fields.boolean("isNew")?,
            is_favourite: fields.boolean("isFavourite")?,
            is_editable: fields.boolean("isEditable")?,
            languages: fields.json("languages"),
            tags: fields.json("tags"),
            compliances: fields.json("compliances"),
            available_for: fields.json("availableFor"),
            training_roles: fields.json("trainingRoles"),
            cover_image_url: fields
                .object("coverImage", |image| image.text("imageUrl"))?
                .flatten(),
            extra: fields.into_extra(&["coverImage"]),
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

impl CompanyClient {
    /// `POST trainings/search`.
    #[must_use]
    pub fn trainings<T: WireItem>(&self) -> Listing<T> {
        let mut members = serde_json::Map::new();
        members.insert("trainingSearchType".to_owned(), ALL_TRAININGS.into());
        Listing::new(
            self.client.clone(),
            Some(self.company_id.clone()),
            Search {
                what: "trainings".to_owned(),
                endpoint: Endpoint::Trainings,
                path: ["api", "trainings", "search"].map(str::to_owned).to_vec(),
                order_by: "createTime",
                casing: Casing::Pascal,
                members,
                may_be_one_item: false,
            },
        )
    }
}
