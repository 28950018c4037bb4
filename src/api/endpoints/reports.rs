//! `executive-report/search` and `executive-report/{id}`: the saved executive reports of a company.

use std::hash::{DefaultHasher, Hash};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::widgets::WidgetData;
use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::json::value_of;
use crate::api::page::WireItem;
use crate::api::{ApiError, CompanyClient, UnreadableItem};

/// A row of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.executive_reports"
)]
pub struct ListedReport {
    pub id: String,
    pub is_editable: Option<bool>,
    pub is_deletable: Option<bool>,
    pub extra: Extra,
}

impl WireItem for ListedReport {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        // The report itself says them again.
        fields.forget(&["companyId", "name", "description", "isSupportManager"]);
        Ok(Self {
            id: fields.required_id(&["resourceId"])?,
            is_editable: fields.boolean("isEditable")?,
            is_deletable: fields.boolean("isDeletable")?,
            extra: fields.into_extra(&[]),
        })
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.id.hash(hasher);
    }
}

/// A report with the data of its widgets.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.executive_reports"
)]
pub struct Report {
    pub name: Option<String>,
    pub description: Option<String>,
    pub company_name: Option<String>,
    pub vendor_company_id: Option<i64>,
    pub created_at: Option<DateTime<Utc>>,
    pub date_period: Option<String>,
    pub date_range: Option<String>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub is_support_manager: Option<bool>,
    /// As JSON text; the vendor wraps it in a string.
    pub widget_layout: Option<String>,
    pub widgets: Vec<WidgetData>,
    /// Widgets that could not be read.
    pub unreadable: Vec<UnreadableItem>,
    pub extra: Extra,
}

impl WireItem for Report {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        let widget_layout = match fields.value("widgetLayout") {
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => match value_of(&text) {
                Ok(layout) => Some(layout.to_string()),
                Err(_) => {
                    fields.keep("widgetLayout", text.into());
                    None
                }
            },
            Some(layout) => Some(layout.to_string()),
            None => None,
        };
        // It is asked for by its id.
        fields.forget(&["resourceId"]);
        let (mut widgets, mut unreadable) = (Vec::new(), Vec::new());
        fields.objects("widgets", |widget| {
            let payload = widget.received();
            match WidgetData::read(widget) {
                Ok(widget) => widgets.push(widget),
                Err(error) => unreadable.push(UnreadableItem { payload, error }),
            }
            Ok(())
        })?;
        Ok(Self {
            name: fields.text("name")?,
            description: fields.text("description")?,
            company_name: fields.text("companyName")?,
            vendor_company_id: fields.integer("companyId")?,
            created_at: fields.instant("dateCreated")?,
            date_period: fields.scalar_text("datePeriod")?,
            date_range: fields.text("dateRange")?,
            starts_at: fields.instant("startDate")?,
            ends_at: fields.instant("endDate")?,
            is_support_manager: fields.boolean("isSupportManager")?,
            widget_layout,
            widgets,
            unreadable,
            extra: fields.into_extra(&["widgetLayout"]),
        })
    }

    fn key(&self, _: &mut DefaultHasher) {}
}

impl CompanyClient {
    /// `POST executive-report/search`: all reports at once.
    pub async fn executive_reports(
        &self,
    ) -> Result<Vec<Result<ListedReport, UnreadableItem>>, ApiError> {
        let request = self.post(
            Endpoint::ReportList,
            &["api", "executive-report", "search"],
            "fetch the list of executive reports".to_owned(),
            &Map::<String, Value>::new(),
        );
        self.client.list(&request).await
    }

    /// `GET executive-report/{id}`.
    pub async fn executive_report(
        &self,
        report_id: &str,
    ) -> Result<Result<Report, UnreadableItem>, ApiError> {
        let request = self.get(
            Endpoint::Reports,
            &["api", "executive-report", report_id],
            format!("fetch executive report {report_id}"),
        );
        self.client.object(&request).await
    }
}
