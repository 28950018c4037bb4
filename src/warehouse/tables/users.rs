//! `target_users`, `enrollment_users` and `user_custom_fields`: one page of a user report fills all three.

use chrono::{DateTime, Utc};

use super::{Rule, Table, boolean, copied_instant, double, instant, iso_instant, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static TARGET_USERS: Table = Table {
    name: "target_users",
    resource: Resource::Users,
    order: 30,
    key_len: 2,
    rule: Rule::Newest,
    columns: &[
        text("company_id"),
        text("target_user_id"),
        copied_instant("reported_by_created_at"),
        text("reported_by_enrollment_id"),
        text("email"),
        boolean("is_email_masked"),
        text("first_name"),
        text("last_name"),
        text("department"),
        text("phone_number"),
    ],
};

/// A row of `target_users`.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct TargetUserRow<'a> {
    pub company_id: &'a str,
    pub target_user_id: &'a str,
    pub reported_by_created_at: Option<DateTime<Utc>>,
    pub reported_by_enrollment_id: &'a str,
    pub email: Option<&'a str>,
    pub is_email_masked: bool,
    pub first_name: Option<&'a str>,
    pub last_name: Option<&'a str>,
    pub department: Option<&'a str>,
    pub phone_number: Option<&'a str>,
}

impl Row for TargetUserRow<'_> {
    const TABLE: &'static Table = &TARGET_USERS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.target_user_id))
            .instant_or_minus_infinity(self.reported_by_created_at)
            .text(Some(self.reported_by_enrollment_id))
            .text(self.email)
            .boolean(Some(self.is_email_masked))
            .text(self.first_name)
            .text(self.last_name)
            .text(self.department)
            .text(self.phone_number);
    }
}

static ENROLLMENT_USERS: Table = Table {
    name: "enrollment_users",
    resource: Resource::Users,
    order: 31,
    key_len: 4,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("reported_enrollment_id"),
        text("target_user_id"),
        text("email"),
        text("first_name"),
        text("last_name"),
        text("department"),
        text("phone_number"),
        text("status"),
        text("exam_status"),
        double("exam_score"),
        boolean("is_main_score"),
        instant("first_completed_at", &["firstCompletionDate"]),
        instant("last_interaction_at", &["lastInteractionDate"]),
        text("delivery_type"),
        text("current_step"),
        text("last_interacted_step"),
        json("extra"),
    ],
};

/// A row of `enrollment_users`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct EnrollmentUserRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub reported_enrollment_id: &'a str,
    pub target_user_id: &'a str,
    pub email: Option<&'a str>,
    pub first_name: Option<&'a str>,
    pub last_name: Option<&'a str>,
    pub department: Option<&'a str>,
    pub phone_number: Option<&'a str>,
    pub status: Option<&'a str>,
    pub exam_status: Option<&'a str>,
    pub exam_score: Option<f64>,
    pub is_main_score: Option<bool>,
    pub first_completed_at: Option<DateTime<Utc>>,
    pub last_interaction_at: Option<DateTime<Utc>>,
    pub delivery_type: Option<&'a str>,
    pub current_step: Option<&'a str>,
    pub last_interacted_step: Option<&'a str>,
    pub extra: Option<&'a str>,
}

impl Row for EnrollmentUserRow<'_> {
    const TABLE: &'static Table = &ENROLLMENT_USERS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(Some(self.reported_enrollment_id))
            .text(Some(self.target_user_id))
            .text(self.email)
            .text(self.first_name)
            .text(self.last_name)
            .text(self.department)
            .text(self.phone_number)
            .text(self.status)
            .text(self.exam_status)
            .double(self.exam_score)
            .boolean(self.is_main_score)
            .instant(self.first_completed_at)
            .instant(self.last_interaction_at)
            .text(self.delivery_type)
            .text(self.current_step)
            .text(self.last_interacted_step)
            .json(self.extra);
    }
}

static CUSTOM_FIELDS: Table = Table {
    name: "user_custom_fields",
    resource: Resource::Users,
    order: 32,
    key_len: 3,
    rule: Rule::SetOfNewest {
        owner_len: 2,
        owner: TARGET_USERS.order,
    },
    columns: &[
        text("company_id"),
        text("target_user_id"),
        text("field_id"),
        text("name"),
        text("data_type"),
        text("value"),
        iso_instant("timestamp_value", &["timestampValue"]),
        json("extra"),
    ],
};

/// A row of `user_custom_fields`.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct UserCustomFieldRow<'a> {
    pub company_id: &'a str,
    pub target_user_id: &'a str,
    pub field_id: &'a str,
    pub name: Option<&'a str>,
    pub data_type: Option<&'a str>,
    pub value: Option<&'a str>,
    pub timestamp_value: Option<DateTime<Utc>>,
    pub extra: Option<&'a str>,
}

impl Row for UserCustomFieldRow<'_> {
    const TABLE: &'static Table = &CUSTOM_FIELDS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.target_user_id))
            .text(Some(self.field_id))
            .text(self.name)
            .text(self.data_type)
            .text(self.value)
            .instant(self.timestamp_value)
            .json(self.extra);
    }
}
