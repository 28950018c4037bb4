//! `companies/search` and `companies/my`.

use std::hash::{DefaultHasher, Hash};

use chrono::{DateTime, Utc};

use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::outgoing::{Body, Outgoing};
use crate::api::page::{Casing, Listing, Search, WireItem};
use crate::api::{ApiError, Client, UnreadableItem};

/// Deepest nesting of companies that is followed.
const MAX_DEPTH: usize = 16;

/// Members that are documented and have no column.
const DOCUMENTED: &[&str] = &[
    "enrolledVendorNames",
    "licenseModules",
    "monthlyEnrolled",
    "monthlyConsumption",
    "numberOfUsers",
];

/// A row of `companies/search`.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see the columns of keepnet.companies"
)]
pub struct Company {
    pub id: String,
    pub name: Option<String>,
    pub reseller_name: Option<String>,
    pub industry_name: Option<String>,
    pub industry_id: Option<String>,
    pub license_type_name: Option<String>,
    pub license_type_id: Option<String>,
    pub is_number_of_users_limited: Option<bool>,
    /// `None` when the vendor gives no number; its text is then in `extra`.
    pub number_of_users: Option<i64>,
    pub target_user_count: Option<i64>,
    pub deleted_target_user_count: Option<i64>,
    pub inactive_target_user_count: Option<i64>,
    pub monthly_active_user_count: Option<i64>,
    pub privacy_duration_id: Option<i64>,
    pub is_licence_expired: Option<bool>,
    pub license_ends_at: Option<DateTime<Utc>>,
    pub created_at: Option<DateTime<Utc>>,
    pub tags: Vec<String>,
    pub children: Vec<Company>,
    pub extra: Extra,
}

impl Company {
    fn read(mut fields: Fields<'_>, depth: usize) -> Result<Self, ItemError> {
        Ok(Self {
            id: fields.required_id(&["companyResourceId", "resourceId"])?,
            name: fields.text("companyName")?,
            reseller_name: fields.text("resellerName")?,
            industry_name: fields.text("industryName")?,
            industry_id: fields.id("industryResourceId")?,
            license_type_name: fields.text("licenseTypeName")?,
            license_type_id: fields.id("licenseTypeResourceId")?,
            is_number_of_users_limited: fields.boolean("isNumberOfUsersLimited")?,
            number_of_users: fields.integer_if_any("numberOfUsers"),
            target_user_count: fields.integer("targetUserCount")?,
            deleted_target_user_count: fields.integer("deletedTargetUserCount")?,
            inactive_target_user_count: fields.integer("inactiveTargetUserCount")?,
            monthly_active_user_count: fields.integer("monthlyActiveUserCount")?,
            privacy_duration_id: fields.integer("privacyDurationId")?,
            is_licence_expired: fields.boolean("licenceExpired")?,
            license_ends_at: fields.instant("licenseEndDate")?,
            created_at: fields.instant("createTime")?,
            tags: fields.texts("tags")?,
            children: if depth < MAX_DEPTH {
                fields.objects("children", |child| Self::read(child, depth + 1))?
            } else {
                Vec::new()
            },
            extra: fields.into_extra(DOCUMENTED),
        })
    }
}

impl WireItem for Company {
    fn decode(fields: Fields<'_>) -> Result<Self, ItemError> {
        Self::read(fields, 0)
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

/// A node of `companies/my`.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see the columns of keepnet.companies"
)]
pub struct MyCompany {
    pub id: String,
    pub name: Option<String>,
    pub privacy_duration_id: Option<i64>,
    pub is_licence_expired: Option<bool>,
    pub access_starts_at: Option<DateTime<Utc>>,
    pub access_ends_at: Option<DateTime<Utc>>,
    pub children: Vec<MyCompany>,
}

impl MyCompany {
    fn read(mut fields: Fields<'_>, depth: usize) -> Result<Self, ItemError> {
        Ok(Self {
            id: fields.required_id(&["resourceId", "companyResourceId"])?,
            name: fields.text("name")?,
            privacy_duration_id: fields.integer("privacyDurationId")?,
            is_licence_expired: fields.boolean("licenceExpired")?,
            access_starts_at: fields.instant("privacyDurationStartTime")?,
            access_ends_at: fields.instant("privacyDurationEndTime")?,
            children: if depth < MAX_DEPTH {
                fields.objects("children", |child| Self::read(child, depth + 1))?
            } else {
                Vec::new()
            },
        })
    }
}

impl WireItem for MyCompany {
    fn decode(fields: Fields<'_>) -> Result<Self, ItemError> {
        Self::read(fields, 0)
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

/// A company of which only the id matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyId(pub String);

impl WireItem for CompanyId {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        fields
            .required_id(&["companyResourceId", "resourceId"])
            .map(Self)
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.0.hash(hasher);
    }
}

impl Client {
    /// `POST companies/search`: the companies that the account manages. Only resellers may.
    #[must_use]
    pub fn companies<T: WireItem>(&self) -> Listing<T> {
        let mut members = serde_json::Map::new();
        members.insert("isClustered".to_owned(), false.into());
        members.insert("isTargetUserCountExceededLimit".to_owned(), false.into());
        Listing::new(
            self.clone(),
            None,
            Search {
                what: "companies".to_owned(),
                endpoint: Endpoint::Companies,
                path: ["api", "companies", "search"].map(str::to_owned).to_vec(),
                order_by: "CreateTime",
                casing: Casing::Pascal,
                members,
                may_be_one_item: false,
            },
        )
    }

    /// `GET companies/my`: the tree of companies that the account may see, with how long.
    pub async fn my_companies<T: WireItem>(
        &self,
    ) -> Result<Vec<Result<T, UnreadableItem>>, ApiError> {
        let request = Outgoing {
            doing: "fetch the account's own company tree".to_owned(),
            endpoint: Endpoint::MyCompanies,
            method: reqwest::Method::GET,
            path: ["api", "companies", "my"].map(str::to_owned).to_vec(),
            query: Vec::new(),
            body: Body::Empty,
            company: None,
        };
        self.list(&request).await
    }
}
