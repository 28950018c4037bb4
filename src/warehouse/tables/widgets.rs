//! `widgets` and `widget_values`.

use chrono::NaiveDate;

use super::{Rule, Table, bigint, boolean, date, day, double, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static WIDGETS: Table = Table {
    name: "widgets",
    resource: Resource::Widgets,
    order: 72,
    key_len: 2,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("widget_id"),
        text("group_name"),
        text("name"),
        text("description"),
        text("widget_type"),
        text("chart_type"),
        text("image_url"),
        boolean("is_support_manager"),
        json("extra"),
    ],
};

/// A row of `widgets`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct WidgetRow<'a> {
    pub company_id: &'a str,
    pub widget_id: &'a str,
    pub group_name: Option<&'a str>,
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    pub widget_type: Option<&'a str>,
    pub chart_type: Option<&'a str>,
    pub image_url: Option<&'a str>,
    pub is_support_manager: Option<bool>,
    pub extra: Option<&'a str>,
}

impl Row for WidgetRow<'_> {
    const TABLE: &'static Table = &WIDGETS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.widget_id))
            .text(self.group_name)
            .text(self.name)
            .text(self.description)
            .text(self.widget_type)
            .text(self.chart_type)
            .text(self.image_url)
            .boolean(self.is_support_manager)
            .json(self.extra);
    }
}

static VALUES: Table = Table {
    name: "widget_values",
    resource: Resource::Widgets,
    order: 73,
    key_len: 6,
    rule: Rule::Set { owner_len: 4 },
    columns: &[
        text("company_id"),
        text("widget_type"),
        date("period_start"),
        date("period_end"),
        bigint("row_number"),
        bigint("value_number"),
        text("widget_id"),
        day("date"),
        json("dimension"),
        text("name"),
        text("label"),
        double("value"),
        text("value_text"),
        bigint("scale"),
        json("annotations"),
        json("extra"),
    ],
};

/// A row of `widget_values`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct WidgetValueRow<'a> {
    pub company_id: &'a str,
    pub widget_type: &'a str,
    pub period_start: NaiveDate,
    pub period_end: NaiveDate,
    pub row_number: i64,
    pub value_number: i64,
    pub widget_id: Option<&'a str>,
    pub date: Option<NaiveDate>,
    pub dimension: Option<&'a str>,
    pub name: Option<&'a str>,
    pub label: Option<&'a str>,
    pub value: Option<f64>,
    pub value_text: Option<&'a str>,
    pub scale: Option<i64>,
    pub annotations: Option<&'a str>,
    pub extra: Option<&'a str>,
}

impl Row for WidgetValueRow<'_> {
    const TABLE: &'static Table = &VALUES;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.widget_type))
            .date(Some(self.period_start))
            .date(Some(self.period_end))
            .bigint(Some(self.row_number))
            .bigint(Some(self.value_number))
            .text(self.widget_id)
            .date(self.date)
            .json(self.dimension)
            .text(self.name)
            .text(self.label)
            .double(self.value)
            .text(self.value_text)
            .bigint(self.scale)
            .json(self.annotations)
            .json(self.extra);
    }
}
