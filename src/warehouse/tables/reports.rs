//! `executive_reports` and `executive_report_widgets`.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Rule, Table, bigint, boolean, day, double, instant, json, text};
use crate::resource::Resource;
use crate::warehouse::load::tuple::{Row, Tuple};

static REPORTS: Table = Table {
    name: "executive_reports",
    resource: Resource::Reports,
    order: 70,
    key_len: 2,
    rule: Rule::Replace,
    columns: &[
        text("company_id"),
        text("report_id"),
        text("name"),
        text("description"),
        text("company_name"),
        bigint("vendor_company_id"),
        instant("created_at", &["dateCreated"]),
        text("date_period"),
        text("date_range"),
        instant("starts_at", &["startDate"]),
        instant("ends_at", &["endDate"]),
        boolean("is_editable"),
        boolean("is_deletable"),
        boolean("is_support_manager"),
        json("widget_layout"),
        json("extra"),
    ],
};

/// A row of `executive_reports`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct ExecutiveReportRow<'a> {
    pub company_id: &'a str,
    pub report_id: &'a str,
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    pub company_name: Option<&'a str>,
    pub vendor_company_id: Option<i64>,
    pub created_at: Option<DateTime<Utc>>,
    pub date_period: Option<&'a str>,
    pub date_range: Option<&'a str>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub is_editable: Option<bool>,
    pub is_deletable: Option<bool>,
    pub is_support_manager: Option<bool>,
    pub widget_layout: Option<&'a str>,
    pub extra: Option<&'a str>,
}

impl Row for ExecutiveReportRow<'_> {
    const TABLE: &'static Table = &REPORTS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.report_id))
            .text(self.name)
            .text(self.description)
            .text(self.company_name)
            .bigint(self.vendor_company_id)
            .instant(self.created_at)
            .text(self.date_period)
            .text(self.date_range)
            .instant(self.starts_at)
            .instant(self.ends_at)
            .boolean(self.is_editable)
            .boolean(self.is_deletable)
            .boolean(self.is_support_manager)
            .json(self.widget_layout)
            .json(self.extra);
    }
}

static REPORT_WIDGETS: Table = Table {
    name: "executive_report_widgets",
    resource: Resource::Reports,
    order: 71,
    key_len: 5,
    rule: Rule::Set { owner_len: 2 },
    columns: &[
        text("company_id"),
        text("report_id"),
        text("widget_id"),
        bigint("row_number"),
        bigint("value_number"),
        text("widget_name"),
        text("widget_type"),
        text("chart_type"),
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

/// A row of `executive_report_widgets`.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct ReportWidgetRow<'a> {
    pub company_id: &'a str,
    pub report_id: &'a str,
    pub widget_id: &'a str,
    pub row_number: i64,
    pub value_number: i64,
    pub widget_name: Option<&'a str>,
    pub widget_type: Option<&'a str>,
    pub chart_type: Option<&'a str>,
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

impl Row for ReportWidgetRow<'_> {
    const TABLE: &'static Table = &REPORT_WIDGETS;

    fn write(&self, tuple: &mut Tuple<'_>) {
        tuple
            .text(Some(self.company_id))
            .text(Some(self.report_id))
            .text(Some(self.widget_id))
            .bigint(Some(self.row_number))
            .bigint(Some(self.value_number))
            .text(self.widget_name)
            .text(self.widget_type)
            .text(self.chart_type)
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
