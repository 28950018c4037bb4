//! `target-groups/search/current-company`: the groups of users of a company.

use std::hash::{DefaultHasher, Hash};

use chrono::{DateTime, Utc};

use crate::api::CompanyClient;
use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::page::{Casing, Listing, Search, WireItem};

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.target_groups"
)]
pub struct TargetGroup {
    pub id: String,
    pub name: Option<String>,
    pub company_name: Option<String>,
    pub user_count: Option<i64>,
    pub priority: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    pub extra: Extra,
}

impl WireItem for TargetGroup {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            id: fields.required_id(&["resourceId"])?,
            name: fields.text("name")?,
            company_name: fields.text("companyName")?,
            user_count: fields.integer("userCount")?,
            priority: fields.scalar_text("priority")?,
            created_at: fields.instant("createTime")?,
            updated_at: fields.instant("updateTime")?,
            extra: fields.into_extra(&[]),
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

impl CompanyClient {
    /// `POST target-groups/search/current-company`.
    #[must_use]
    pub fn target_groups<T: WireItem>(&self) -> Listing<T> {
        Listing::new(
            self.client.clone(),
            Some(self.company_id.clone()),
            Search {
                what: "target groups".to_owned(),
                endpoint: Endpoint::TargetGroups,
                path: ["api", "target-groups", "search", "current-company"]
                    .map(str::to_owned)
                    .to_vec(),
                order_by: "CreateTime",
                casing: Casing::Pascal,
                members: serde_json::Map::new(),
                may_be_one_item: false,
            },
        )
    }
}
