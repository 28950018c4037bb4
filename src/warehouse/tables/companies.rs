//! `companies` and `company_tags`.

use chrono::{DateTime, Utc};

use super::{Rule, Table, bigint, boolean, instant, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static COMPANIES: Table = Table {
    name: "companies",
    resource: Resource::Companies,
    order: 0,
    key_len: 1,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("parent_company_id"),
        text("kind"),
        text("name"),
        text("reseller_name"),
        text("industry_name"),
        text("industry_id"),
        text("license_type_name"),
        text("license_type_id"),
        boolean("is_number_of_users_limited"),
        bigint("number_of_users"),
        bigint("target_user_count"),
        bigint("deleted_target_user_count"),
        bigint("inactive_target_user_count"),
        bigint("monthly_active_user_count"),
        bigint("privacy_duration_id"),
        boolean("is_licence_expired"),
        instant("license_ends_at", &["licenseEndDate"]),
        instant("created_at", &["createTime"]),
        text("access_state"),
        instant("access_starts_at", &["privacyDurationStartTime"]),
        instant("access_ends_at", &["privacyDurationEndTime"]),
        json("extra"),
    ],
};

/// A row of `companies`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct CompanyRow<'a> {
    pub company_id: &'a str,
    pub parent_company_id: Option<&'a str>,
    pub kind: &'static str,
    pub name: Option<&'a str>,
    pub reseller_name: Option<&'a str>,
    pub industry_name: Option<&'a str>,
    pub industry_id: Option<&'a str>,
    pub license_type_name: Option<&'a str>,
    pub license_type_id: Option<&'a str>,
    pub is_number_of_users_limited: Option<bool>,
    pub number_of_users: Option<i64>,
    pub target_user_count: Option<i64>,
    pub deleted_target_user_count: Option<i64>,
    pub inactive_target_user_count: Option<i64>,
    pub monthly_active_user_count: Option<i64>,
    pub privacy_duration_id: Option<i64>,
    pub is_licence_expired: Option<bool>,
    pub license_ends_at: Option<DateTime<Utc>>,
    pub created_at: Option<DateTime<Utc>>,
    pub access_state: Option<&'a str>,
    pub access_starts_at: Option<DateTime<Utc>>,
    pub access_ends_at: Option<DateTime<Utc>>,
    pub extra: Option<&'a str>,
}

impl Row for CompanyRow<'_> {
    const TABLE: &'static Table = &COMPANIES;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(self.parent_company_id)
            .text(Some(self.kind))
            .text(self.name)
            .text(self.reseller_name)
            .text(self.industry_name)
            .text(self.industry_id)
            .text(self.license_type_name)
            .text(self.license_type_id)
            .boolean(self.is_number_of_users_limited)
            .bigint(self.number_of_users)
            .bigint(self.target_user_count)
            .bigint(self.deleted_target_user_count)
            .bigint(self.inactive_target_user_count)
            .bigint(self.monthly_active_user_count)
            .bigint(self.privacy_duration_id)
            .boolean(self.is_licence_expired)
            .instant(self.license_ends_at)
            .instant(self.created_at)
            .text(self.access_state)
            .instant(self.access_starts_at)
            .instant(self.access_ends_at)
            .json(self.extra);
    }
}

static COMPANY_TAGS: Table = Table {
    name: "company_tags",
    resource: Resource::Companies,
    order: 1,
    key_len: 2,
    rule: Rule::Set { owner_len: 1 },
    columns: &[text("company_id"), text("tag")],
};

/// A row of `company_tags`.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct CompanyTagRow<'a> {
    pub company_id: &'a str,
    pub tag: &'a str,
}

impl Row for CompanyTagRow<'_> {
    const TABLE: &'static Table = &COMPANY_TAGS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple.text(Some(self.company_id)).text(Some(self.tag));
    }
}
