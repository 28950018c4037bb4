//! `enrollments`, filled by three resources (the listing, the detail, and the summary of the path that an enrollment is
//! a step of), and the lists that belong to it.

use chrono::{DateTime, Utc};

use super::{Rule, Table, bigint, boolean, instant, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static LISTED: Table = Table {
    name: "enrollments",
    resource: Resource::Enrollments,
    order: 10,
    key_len: 2,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        boolean("is_listed"),
        boolean("is_archived"),
        text("name"),
        text("type"),
        boolean("is_survey"),
        text("status"),
        text("training_name"),
        text("category"),
        text("enrolled_by"),
        text("delivery"),
        text("delivery_type"),
        text("recipient_type"),
        text("duration"),
        text("level"),
        text("target_audience"),
        instant("starts_at", &["startDate"]),
        instant("created_at", &["createTime"]),
        boolean("is_reminder_active"),
        boolean("is_auto_enrollment_active"),
        boolean("sends_preferred_language"),
        json("extra"),
    ],
};

/// The columns of `enrollments` that the listing fills.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct EnrollmentRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub is_listed: bool,
    pub is_archived: bool,
    pub name: Option<&'a str>,
    pub r#type: Option<&'a str>,
    pub is_survey: bool,
    pub status: Option<&'a str>,
    pub training_name: Option<&'a str>,
    pub category: Option<&'a str>,
    pub enrolled_by: Option<&'a str>,
    pub delivery: Option<&'a str>,
    pub delivery_type: Option<&'a str>,
    pub recipient_type: Option<&'a str>,
    pub duration: Option<&'a str>,
    pub level: Option<&'a str>,
    pub target_audience: Option<&'a str>,
    pub starts_at: Option<DateTime<Utc>>,
    pub created_at: Option<DateTime<Utc>>,
    pub is_reminder_active: Option<bool>,
    pub is_auto_enrollment_active: Option<bool>,
    pub sends_preferred_language: Option<bool>,
    pub extra: Option<&'a str>,
}

impl Row for EnrollmentRow<'_> {
    const TABLE: &'static Table = &LISTED;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .boolean(Some(self.is_listed))
            .boolean(Some(self.is_archived))
            .text(self.name)
            .text(self.r#type)
            .boolean(Some(self.is_survey))
            .text(self.status)
            .text(self.training_name)
            .text(self.category)
            .text(self.enrolled_by)
            .text(self.delivery)
            .text(self.delivery_type)
            .text(self.recipient_type)
            .text(self.duration)
            .text(self.level)
            .text(self.target_audience)
            .instant(self.starts_at)
            .instant(self.created_at)
            .boolean(self.is_reminder_active)
            .boolean(self.is_auto_enrollment_active)
            .boolean(self.sends_preferred_language)
            .json(self.extra);
    }
}

static DETAILED: Table = Table {
    name: "enrollments",
    resource: Resource::Details,
    order: 11,
    key_len: 2,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("training_id"),
        text("learning_path_id"),
        bigint("training_order"),
        instant("due_at", &["enrollmentScheduler.dueDate"]),
        instant("scheduled_at", &["enrollmentScheduler.scheduledDate"]),
        text("scheduled_time_zone"),
        boolean("uses_own_time_zone"),
        boolean("awards_certificate"),
        text("certificate_send_type"),
        boolean("is_test"),
        text("training_type_id"),
        bigint("distribution_days"),
        text("phishing_campaign_id"),
        json("detail_extra"),
    ],
};

/// The columns of `enrollments` that the detail fills.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct EnrollmentDetailRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub training_id: Option<&'a str>,
    pub learning_path_id: Option<&'a str>,
    pub training_order: Option<i64>,
    pub due_at: Option<DateTime<Utc>>,
    pub scheduled_at: Option<DateTime<Utc>>,
    pub scheduled_time_zone: Option<&'a str>,
    pub uses_own_time_zone: Option<bool>,
    pub awards_certificate: Option<bool>,
    pub certificate_send_type: Option<&'a str>,
    pub is_test: Option<bool>,
    pub training_type_id: Option<&'a str>,
    pub distribution_days: Option<i64>,
    pub phishing_campaign_id: Option<&'a str>,
    pub extra: Option<&'a str>,
}

impl Row for EnrollmentDetailRow<'_> {
    const TABLE: &'static Table = &DETAILED;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(self.training_id)
            .text(self.learning_path_id)
            .bigint(self.training_order)
            .instant(self.due_at)
            .instant(self.scheduled_at)
            .text(self.scheduled_time_zone)
            .boolean(self.uses_own_time_zone)
            .boolean(self.awards_certificate)
            .text(self.certificate_send_type)
            .boolean(self.is_test)
            .text(self.training_type_id)
            .bigint(self.distribution_days)
            .text(self.phishing_campaign_id)
            .json(self.extra);
    }
}

/// The rule of every list below: an enrollment owns all of its values.
const OWNED_BY_ENROLLMENT: Rule = Rule::Set { owner_len: 2 };

static STEP_OF: Table = Table {
    name: "enrollments",
    resource: Resource::Summaries,
    order: 16,
    key_len: 2,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("parent_enrollment_id"),
        boolean("is_step"),
        bigint("step_number"),
    ],
};

/// The columns of `enrollments` that say of which learning path it is a step.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct StepOfRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub parent_enrollment_id: Option<&'a str>,
    pub is_step: bool,
    pub step_number: Option<i64>,
}

impl Row for StepOfRow<'_> {
    const TABLE: &'static Table = &STEP_OF;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .text(self.parent_enrollment_id)
            .boolean(Some(self.is_step))
            .bigint(self.step_number);
    }
}

static TAGS: Table = Table {
    name: "enrollment_tags",
    resource: Resource::Enrollments,
    order: 12,
    key_len: 3,
    rule: OWNED_BY_ENROLLMENT,
    columns: &[text("company_id"), text("enrollment_id"), text("tag")],
};

static LANGUAGES: Table = Table {
    name: "enrollment_languages",
    resource: Resource::Enrollments,
    order: 13,
    key_len: 3,
    rule: OWNED_BY_ENROLLMENT,
    columns: &[text("company_id"), text("enrollment_id"), text("language")],
};

static TARGET_GROUPS: Table = Table {
    name: "enrollment_target_groups",
    resource: Resource::Details,
    order: 14,
    key_len: 3,
    rule: OWNED_BY_ENROLLMENT,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        text("target_group_id"),
    ],
};

/// Makes the row of a list table that holds one text per row.
macro_rules! list_row {
    ($(#[$doc:meta])* $row:ident, $value:ident, $table:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        #[expect(missing_docs, reason = "the columns are described in the migration")]
        pub struct $row<'a> {
            pub company_id: &'a str,
            pub enrollment_id: &'a str,
            pub $value: &'a str,
        }

        impl Row for $row<'_> {
            const TABLE: &'static Table = &$table;

            fn write(&self, tuple: &mut Tuple<'_>) {
                tuple
                    .text(Some(self.company_id))
                    .text(Some(self.enrollment_id))
                    .text(Some(self.$value));
            }
        }
    };
}

list_row!(
    /// A row of `enrollment_tags`.
    EnrollmentTagRow, tag, TAGS
);
list_row!(
    /// A row of `enrollment_languages`.
    EnrollmentLanguageRow, language, LANGUAGES
);
list_row!(
    /// A row of `enrollment_target_groups`.
    EnrollmentTargetGroupRow, target_group_id, TARGET_GROUPS
);

static TRAINING_ROLES: Table = Table {
    name: "enrollment_training_roles",
    resource: Resource::Enrollments,
    order: 15,
    key_len: 3,
    rule: OWNED_BY_ENROLLMENT,
    columns: &[
        text("company_id"),
        text("enrollment_id"),
        bigint("role_id"),
        text("code"),
        text("role_name"),
        json("extra"),
    ],
};

/// A row of `enrollment_training_roles`.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct EnrollmentTrainingRoleRow<'a> {
    pub company_id: &'a str,
    pub enrollment_id: &'a str,
    pub role_id: i64,
    pub code: Option<&'a str>,
    pub role_name: Option<&'a str>,
    pub extra: Option<&'a str>,
}

impl Row for EnrollmentTrainingRoleRow<'_> {
    const TABLE: &'static Table = &TRAINING_ROLES;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.enrollment_id))
            .bigint(Some(self.role_id))
            .text(self.code)
            .text(self.role_name)
            .json(self.extra);
    }
}
