//! `trainings`.

use chrono::{DateTime, Utc};

use super::{Rule, Table, boolean, instant, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static TRAININGS: Table = Table {
    name: "trainings",
    resource: Resource::Trainings,
    order: 80,
    key_len: 2,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("training_id"),
        text("name"),
        text("description"),
        text("type"),
        text("category"),
        text("target_audience"),
        text("level"),
        text("duration"),
        boolean("has_quiz"),
        text("vendor_name"),
        text("created_by"),
        instant("created_at", &["createTime"]),
        boolean("is_new"),
        boolean("is_favourite"),
        boolean("is_editable"),
        json("languages"),
        json("tags"),
        json("compliances"),
        json("available_for"),
        json("training_roles"),
        text("cover_image_url"),
        json("extra"),
    ],
};

/// A row of `trainings`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct TrainingRow<'a> {
    pub company_id: &'a str,
    pub training_id: &'a str,
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    pub r#type: Option<&'a str>,
    pub category: Option<&'a str>,
    pub target_audience: Option<&'a str>,
    pub level: Option<&'a str>,
    pub duration: Option<&'a str>,
    pub has_quiz: Option<bool>,
    pub vendor_name: Option<&'a str>,
    pub created_by: Option<&'a str>,
    pub created_at: Option<DateTime<Utc>>,
    pub is_new: Option<bool>,
    pub is_favourite: Option<bool>,
    pub is_editable: Option<bool>,
    pub languages: Option<&'a str>,
    pub tags: Option<&'a str>,
    pub compliances: Option<&'a str>,
    pub available_for: Option<&'a str>,
    pub training_roles: Option<&'a str>,
    pub cover_image_url: Option<&'a str>,
    pub extra: Option<&'a str>,
}

impl Row for TrainingRow<'_> {
    const TABLE: &'static Table = &TRAININGS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.training_id))
            .text(self.name)
            .text(self.description)
            .text(self.r#type)
            .text(self.category)
            .text(self.target_audience)
            .text(self.level)
            .text(self.duration)
            .boolean(self.has_quiz)
            .text(self.vendor_name)
            .text(self.created_by)
            .instant(self.created_at)
            .boolean(self.is_new)
            .boolean(self.is_favourite)
            .boolean(self.is_editable)
            .json(self.languages)
            .json(self.tags)
            .json(self.compliances)
            .json(self.available_for)
            .json(self.training_roles)
            .text(self.cover_image_url)
            .json(self.extra);
    }
}
