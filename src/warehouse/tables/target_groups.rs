//! `target_groups`.

use chrono::{DateTime, Utc};

use super::{Rule, Table, bigint, instant, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static TARGET_GROUPS: Table = Table {
    name: "target_groups",
    resource: Resource::TargetGroups,
    order: 81,
    key_len: 2,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("group_id"),
        text("name"),
        text("company_name"),
        bigint("user_count"),
        text("priority"),
        instant("created_at", &["createTime"]),
        instant("updated_at", &["updateTime"]),
        json("extra"),
    ],
};

/// A row of `target_groups`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct TargetGroupRow<'a> {
    pub company_id: &'a str,
    pub group_id: &'a str,
    pub name: Option<&'a str>,
    pub company_name: Option<&'a str>,
    pub user_count: Option<i64>,
    pub priority: Option<&'a str>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    pub extra: Option<&'a str>,
}

impl Row for TargetGroupRow<'_> {
    const TABLE: &'static Table = &TARGET_GROUPS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.group_id))
            .text(self.name)
            .text(self.company_name)
            .bigint(self.user_count)
            .text(self.priority)
            .instant(self.created_at)
            .instant(self.updated_at)
            .json(self.extra);
    }
}
