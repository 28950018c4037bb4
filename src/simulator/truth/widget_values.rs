//! The rows of `widget_values` and `executive_report_widgets`: one for each value.

use chrono::{Datelike, Months as MonthCount, NaiveDate};
use serde_json::{Map, Value};

use crate::simulator::json::JsonObject;
use crate::simulator::truth::push_row;
use crate::simulator::world::{Period, WidgetRow, WidgetValue, World};

/// How many months are told when none are named, the last one of the world included.
const DEFAULT_MONTHS: u32 = 13;

/// Above this the score of a culture widget is multiplied by 100, whatever its name says.
const HIGHEST_SCORE: f64 = 5.0;

/// From the first to the last month, both included.
#[derive(Debug, Clone, Copy)]
pub struct Months {
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
}

/// The first day of a month such as 2026-07.
pub(super) fn month_of(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
        .ok()
        .filter(|month| (1..=9_998).contains(&month.year()))
        .ok_or_else(|| format!("`{text}` is not a month such as 2026-07"))
}

impl Months {
    /// The last months of the world.
    pub fn of_world(world: &World) -> Self {
        let last = Period::month_of(world.last_day()).start;
        Self {
            first: last - MonthCount::new(DEFAULT_MONTHS - 1),
            last,
        }
    }

    fn periods(self) -> impl Iterator<Item = Period> {
        (0..)
            .map(move |count| self.first + MonthCount::new(count))
            .take_while(move |&month| month <= self.last)
            .map(Period::month_of)
    }
}

/// What each type of widget of one company shows, month by month.
pub fn widget_values(out: &mut Vec<u8>, world: &World, company: u32, months: Months) {
    let company_id = world.company_id(company);
    let mut types = Vec::new();
    for widget in world.widgets(company) {
        let widget_type = widget.kind.widget_type;
        // Several widgets show one type; the first of them is asked.
        if types.contains(&widget_type) {
            continue;
        }
        types.push(widget_type);
        for period in months.periods() {
            let rows = world.widget_rows(company, widget.kind, period);
            for cell in cells(widget_type, rows.as_deref().unwrap_or_default()) {
                push_row(out, |row| {
                    row.text("company_id", &company_id);
                    row.text("widget_type", widget_type);
                    row.text("period_start", &period.start.to_string());
                    row.text("period_end", &period.end.to_string());
                    row.text("widget_id", &widget.id);
                    cell.write(row);
                });
            }
        }
    }
}

/// The data kept in the reports of one company.
pub fn report_widgets(out: &mut Vec<u8>, world: &World, company: u32) {
    let company_id = world.company_id(company);
    for report in world.executive_reports(company) {
        let report = world.executive_report(company, report);
        for facts in &report.widgets {
            let widget_type = facts.widget.kind.widget_type;
            let rows = facts.rows.as_deref().unwrap_or_default();
            let mut cells = cells(widget_type, rows);
            if cells.is_empty() {
                // That a widget is in the report is worth a row.
                cells.push(Cell::default());
            }
            for cell in cells {
                push_row(out, |row| {
                    row.text("company_id", &company_id);
                    row.text("report_id", &report.id);
                    row.text("widget_id", &facts.widget.id);
                    row.text("widget_name", &facts.name);
                    row.text("widget_type", widget_type);
                    row.text("chart_type", &facts.chart_type);
                    cell.write(row);
                });
            }
        }
    }
}

/// One value and where it stands.
#[derive(Default)]
struct Cell<'a> {
    row: i64,
    place: i64,
    date: Option<NaiveDate>,
    dimension: Option<&'a Value>,
    name: Option<&'a str>,
    label: Option<&'a str>,
    number: Option<f64>,
    text: Option<String>,
    scale: Option<i64>,
    annotations: Option<&'a Value>,
}

impl Cell<'_> {
    fn write(&self, row: &mut JsonObject<'_>) {
        let json = |value: Option<&Value>| value.unwrap_or(&Value::Null).to_string();
        row.number("row_number", self.row);
        row.number("value_number", self.place);
        let date = self.date.map(|date| date.to_string());
        row.text_or_null("date", date.as_deref());
        row.member("dimension")
            .extend_from_slice(json(self.dimension).as_bytes());
        row.text_or_null("name", self.name);
        row.text_or_null("label", self.label);
        match self.number {
            Some(number) => row.float("value", number),
            None => row.null("value"),
        }
        row.text_or_null("value_text", self.text.as_deref());
        row.number_or_null("scale", self.scale);
        row.member("annotations")
            .extend_from_slice(json(self.annotations).as_bytes());
    }

    /// The same place with a value, which is a number, a text, or anything as JSON.
    fn holding(mut self, widget_type: &str, value: &Value) -> Self {
        match value {
            Value::Null => {}
            Value::Number(number) => {
                self.number = number.as_f64();
                self.scale = self.number.map(|number| self.scale_of(widget_type, number));
            }
            Value::String(text) => self.text = Some(text.clone()),
            other => self.text = Some(other.to_string()),
        }
        self
    }

    fn scale_of(&self, widget_type: &str, number: f64) -> i64 {
        let name = self.name.unwrap_or_default();
        let is_hundredfold = name.to_ascii_lowercase().ends_with("x100")
            || (widget_type == "SecurityCultureScoreGaugeWidget"
                && ["OverallScore", "BenchmarkScore"].contains(&name)
                && number > HIGHEST_SCORE);
        if is_hundredfold { 100 } else { 1 }
    }
}

/// The values of a widget. Each row of a table counts as a row.
fn cells<'a>(widget_type: &str, rows: &'a [WidgetRow]) -> Vec<Cell<'a>> {
    let mut cells = Vec::new();
    let mut number = 0;
    for row in rows {
        let at = |number, place| Cell {
            row: number,
            place,
            date: row.date,
            dimension: row.dimension.as_ref(),
            ..Cell::default()
        };
        if let Some(table) = &row.table {
            for members in table.rows.iter().filter_map(Value::as_object) {
                for (place, name, label) in columns(&table.columns, members) {
                    if let Some(value) = members.get(name) {
                        let cell = Cell {
                            name: Some(name),
                            label,
                            ..at(number, place)
                        };
                        cells.push(cell.holding(widget_type, value));
                    }
                }
                number += 1;
            }
            continue;
        }
        let values: &[WidgetValue] = row.values.as_deref().unwrap_or_default();
        if values.is_empty() {
            cells.push(at(number, 0));
        }
        for (value, place) in values.iter().zip(0..) {
            let cell = Cell {
                name: value.name,
                label: value.label.as_deref(),
                annotations: value.annotations.as_ref(),
                ..at(number, place)
            };
            cells.push(cell.holding(widget_type, &value.value));
        }
        number += 1;
    }
    cells
}

/// The columns of one row of a table: those that are announced, then the others by name.
fn columns<'a>(
    announced: &'a [(&'static str, &'static str)],
    members: &'a Map<String, Value>,
) -> impl Iterator<Item = (i64, &'a str, Option<&'a str>)> {
    let mut others: Vec<&str> = members
        .keys()
        .map(String::as_str)
        .filter(|member| announced.iter().all(|(name, _)| name != member))
        .collect();
    others.sort_unstable();
    announced
        .iter()
        .map(|&(name, label)| (name, Some(label)))
        .chain(others.into_iter().map(|name| (name, None)))
        .zip(0..)
        .map(|((name, label), place)| (place, name, label))
}
