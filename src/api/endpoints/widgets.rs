//! `executive-report/metrics` and `executive-report/get-widget-datas`: which widgets a company has, and what they say
//! of a period.

use std::hash::{DefaultHasher, Hash};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::dates::DateFormat;
use crate::api::endpoint::Endpoint;
use crate::api::extra::Extra;
use crate::api::fields::{Fields, ItemError};
use crate::api::page::WireItem;
use crate::api::{ApiError, CompanyClient, UnreadableItem};

/// `datePeriod` of a period that two dates tell, as number and as name.
const CUSTOM_PERIOD: (u8, &str) = (5, "Custom");

/// The end of a day, as far as requests tell it.
const LAST_SECOND: NaiveTime = NaiveTime::from_hms_opt(23, 59, 59).expect("it exists");

/// A widget of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.widgets"
)]
pub struct Widget {
    pub id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub widget_type: Option<String>,
    pub chart_type: Option<String>,
    pub image_url: Option<String>,
    pub is_support_manager: Option<bool>,
    pub extra: Extra,
}

/// A group of the catalogue.
#[derive(Debug, Clone, Default)]
pub struct WidgetGroup {
    /// Its name.
    pub name: Option<String>,
    /// Its widgets.
    pub widgets: Vec<Widget>,
    /// Those that could not be read.
    pub unreadable: Vec<UnreadableItem>,
    /// What was left of it.
    pub extra: Extra,
}

/// The answer of `executive-report/metrics`.
#[derive(Debug, Clone, Default)]
pub struct WidgetCatalogue {
    /// The groups.
    pub groups: Vec<WidgetGroup>,
    /// What was left of it.
    pub extra: Extra,
}

impl WireItem for WidgetCatalogue {
    fn decode(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            groups: fields.objects("metrics", WidgetGroup::read)?,
            extra: fields.into_extra(&[]),
        })
    }

    fn key(&self, _: &mut DefaultHasher) {}
}

impl WidgetGroup {
    fn read(mut group: Fields<'_>) -> Result<Self, ItemError> {
        let mut read = Self {
            name: group.text("name")?,
            ..Self::default()
        };
        group.objects("widgets", |widget| {
            let payload = widget.received();
            match Widget::read(widget) {
                Ok(widget) => read.widgets.push(widget),
                Err(error) => read.unreadable.push(UnreadableItem { payload, error }),
            }
            Ok(())
        })?;
        read.extra = group.into_extra(&[]);
        Ok(read)
    }
}

impl Widget {
    fn read(mut widget: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            id: widget.required_id(&["resourceId"])?,
            name: widget.text("name")?,
            description: widget.text("description")?,
            widget_type: widget.id("widgetType")?,
            chart_type: widget.scalar_text("chartType")?,
            image_url: widget.text("imageUrl")?,
            is_support_manager: widget.boolean("isSupportManager")?,
            extra: widget.into_extra(&[]),
        })
    }
}

/// What a widget shows.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(
    missing_docs,
    reason = "named as the vendor names them; see keepnet.executive_report_widgets"
)]
pub struct WidgetData {
    pub widget_id: Option<String>,
    pub widget_type: Option<String>,
    pub name: Option<String>,
    pub chart_type: Option<String>,
    pub rows: Vec<WidgetRow>,
    pub extra: Extra,
}

/// A row of a widget: its values, or a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WidgetRow {
    /// The day that it is about.
    pub date: Option<NaiveDate>,
    /// What it is about, as JSON text.
    pub dimension: Option<String>,
    /// Its values.
    pub values: Vec<WidgetValue>,
    /// Name and label of the table's columns.
    pub columns: Vec<(String, Option<String>)>,
    /// The table's rows.
    pub table: Vec<Map<String, Value>>,
    /// What was left of it.
    pub extra: Extra,
}

/// A value of a widget.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WidgetValue {
    /// What it is called, for programs.
    pub name: Option<String>,
    /// What it is called, for people.
    pub label: Option<String>,
    /// The value, of whatever type.
    pub value: Option<Value>,
    /// Notes on it, as JSON text.
    pub annotations: Option<String>,
    /// What was left of it.
    pub extra: Extra,
}

impl WireItem for WidgetData {
    fn decode(fields: Fields<'_>) -> Result<Self, ItemError> {
        Self::read(fields)
    }

    fn key(&self, hasher: &mut DefaultHasher) {
        self.widget_id.hash(hasher);
    }
}

impl WidgetData {
    pub(super) fn read(mut fields: Fields<'_>) -> Result<Self, ItemError> {
        Ok(Self {
            widget_id: fields.id("resourceId")?,
            widget_type: fields.id("widgetType")?,
            name: word(&mut fields, "name"),
            chart_type: word(&mut fields, "chartType"),
            rows: fields.objects_if_any("widgetDatas", WidgetRow::read)?,
            extra: fields.into_extra(&["description"]),
        })
    }
}

impl WidgetRow {
    fn read(mut row: Fields<'_>) -> Result<Self, ItemError> {
        let mut table = Vec::new();
        row.objects_if_any("tableValues", |cells| {
            table.push(cells.into_members());
            Ok(())
        })?;
        let mut left_of_columns = Vec::new();
        let columns = row.objects_if_any("tableDefinitions", |mut column| {
            let name = word(&mut column, "name").unwrap_or_default();
            let label = word(&mut column, "label");
            left_of_columns.extend(column.into_rest());
            Ok((name, label))
        })?;
        if !left_of_columns.is_empty() {
            row.keep("tableDefinitions", left_of_columns.into());
        }
        Ok(Self {
            date: day(&mut row)?,
            dimension: row.json("dataObject"),
            values: row.objects_if_any("values", |mut value| {
                Ok(WidgetValue {
                    name: word(&mut value, "name"),
                    label: word(&mut value, "label"),
                    value: value.value("value"),
                    annotations: value.json("annotations"),
                    extra: value.into_extra(&[]),
                })
            })?,
            columns,
            table,
            extra: row.into_extra(&[]),
        })
    }
}

/// Text, or a number or boolean as text. Anything else stays among the untaken members: a widget of a shape that nobody
/// has seen is kept, too.
fn word(fields: &mut Fields<'_>, name: &str) -> Option<String> {
    match fields.value(name)? {
        Value::String(text) => Some(text),
        scalar @ (Value::Number(_) | Value::Bool(_)) => Some(scalar.to_string()),
        other => {
            fields.keep(name, other);
            None
        }
    }
}

/// The day of a row; what is no text stays among the untaken members.
fn day(row: &mut Fields<'_>) -> Result<Option<NaiveDate>, ItemError> {
    let Some(date) = row.value("date") else {
        return Ok(None);
    };
    let is_text = date.is_string();
    row.keep("date", date);
    if is_text { row.day("date") } else { Ok(None) }
}

/// How a request names a period. The vendor's own pages send a number and dates as the account writes them, its
/// document describes a name and ISO dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodDialect {
    /// A number, and local dates on a clock of 24 hours.
    Numbers,
    /// A number, and local dates on a clock of twelve hours.
    NumbersOnHalfClock,
    /// A number, and ISO dates.
    NumbersInIso,
    /// A name, and ISO dates.
    Names,
}

impl PeriodDialect {
    /// All dialects, the most promising first.
    pub const ALL: [Self; 4] = [
        Self::Numbers,
        Self::Names,
        Self::NumbersOnHalfClock,
        Self::NumbersInIso,
    ];

    /// The word by which it is remembered.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::NumbersOnHalfClock => "numbers_on_half_clock",
            Self::NumbersInIso => "numbers_in_iso",
            Self::Names => "names",
        }
    }

    /// The dialect of this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The request for a custom period from the start of `first` to the end of `last`. Without a
    /// format all dates that were seen began with the year.
    fn request(
        self,
        widget_id: &str,
        (first, last): (NaiveDate, NaiveDate),
        format: Option<DateFormat>,
    ) -> WidgetRequest<'_> {
        let (starts, ends) = (first.and_time(NaiveTime::MIN), last.and_time(LAST_SECOND));
        let format = format.unwrap_or(DateFormat::Ymd);
        let local = |at, has_twelve_hours| format.write(at, has_twelve_hours);
        let iso = |at: NaiveDateTime| at.format("%Y-%m-%dT%H:%M:%S").to_string();
        let (number, name) = CUSTOM_PERIOD;
        let (date_period, start_date, end_date) = match self {
            Self::Numbers => (number.into(), local(starts, false), local(ends, false)),
            Self::NumbersOnHalfClock => (number.into(), local(starts, true), local(ends, true)),
            Self::NumbersInIso => (number.into(), iso(starts), iso(ends)),
            Self::Names => (name.into(), iso(starts) + "Z", iso(ends) + "Z"),
        };
        WidgetRequest {
            widget_ids: [widget_id],
            date_period,
            start_date,
            end_date,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WidgetRequest<'a> {
    widget_ids: [&'a str; 1],
    date_period: Value,
    start_date: String,
    end_date: String,
}

impl CompanyClient {
    /// `GET executive-report/metrics`.
    pub async fn widget_catalogue(
        &self,
    ) -> Result<Result<WidgetCatalogue, UnreadableItem>, ApiError> {
        let request = self.get(
            Endpoint::WidgetCatalogue,
            &["api", "executive-report", "metrics"],
            "fetch the widget catalogue".to_owned(),
        );
        self.client.object(&request).await
    }

    /// The ways of naming a period that differ for this account, the most promising first.
    pub fn period_dialects(&self) -> impl Iterator<Item = PeriodDialect> + use<> {
        let is_iso = self.client.dates.format == Some(DateFormat::Iso);
        PeriodDialect::ALL
            .into_iter()
            .filter(move |dialect| match dialect {
                PeriodDialect::Numbers | PeriodDialect::Names => true,
                PeriodDialect::NumbersOnHalfClock | PeriodDialect::NumbersInIso => !is_iso,
            })
    }

    /// `POST executive-report/get-widget-datas` for one widget and the days from `first` to `last`.
    pub async fn widget_data(
        &self,
        widget_id: &str,
        (first, last): (NaiveDate, NaiveDate),
        dialect: PeriodDialect,
    ) -> Result<Vec<Result<WidgetData, UnreadableItem>>, ApiError> {
        let body = dialect.request(widget_id, (first, last), self.client.dates.format);
        let request = self.post(
            Endpoint::Widgets,
            &["api", "executive-report", "get-widget-datas"],
            format!("fetch the values of widget {widget_id} for {first} to {last}"),
            &body,
        );
        self.client.list(&request).await
    }
}
