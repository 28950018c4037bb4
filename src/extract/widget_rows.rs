//! How the data of a widget, whatever its shape, becomes one row per value.

use std::borrow::Cow;
use std::collections::HashSet;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::api::Extra;
use crate::api::endpoints::widgets::{WidgetData, WidgetRow, WidgetValue};
use crate::privacy::Guard;

/// The widget whose scores the vendor gives times 100, also under names that do not say so.
const CULTURE_SCORE: &str = "SecurityCultureScoreGaugeWidget";
/// Its scores.
const CULTURE_SCORES: [&str; 2] = ["OverallScore", "BenchmarkScore"];
/// The highest score that is not times 100.
const MAX_CULTURE_SCORE: f64 = 5.0;

/// What one row of `widget_values` says.
#[derive(Debug, Default, PartialEq)]
pub struct ValueRow<'w> {
    /// Place of the row.
    pub row_number: i64,
    /// Place of the value in it.
    pub value_number: i64,
    /// The day it is about.
    pub date: Option<NaiveDate>,
    /// What it is about.
    pub dimension: Option<Cow<'w, str>>,
    /// Name of the value.
    pub name: Option<Cow<'w, str>>,
    /// Label of the value.
    pub label: Option<Cow<'w, str>>,
    /// The value, when it is a number.
    pub value: Option<f64>,
    /// The value, when it is none.
    pub value_text: Option<String>,
    /// What the value is to be divided by.
    pub scale: Option<i64>,
    /// Notes on the value.
    pub annotations: Option<Cow<'w, str>>,
    /// What has no column.
    pub extra: Extra,
}

impl ValueRow<'_> {
    /// Whether it names somebody who was erased.
    #[must_use]
    pub fn names_erased(&self, privacy: &Guard) -> bool {
        let text = self.value_text.as_deref();
        (self.dimension.as_deref()).is_some_and(|json| privacy.names_erased(json))
            || privacy.is_erased(text, text)
            || text.is_some_and(|text| privacy.is_erased_name(text))
    }

    /// Leaves of it what is stored about people.
    pub fn guard(&mut self, privacy: &Guard) {
        let name = self.name.as_deref();
        if !privacy.has_widget_number(name) {
            (self.value, self.scale) = (None, None);
        }
        self.value_text = privacy
            .widget_text(name, self.value_text.as_deref())
            .map(Cow::into_owned);
        self.dimension = kept(&self.dimension, |json| privacy.dimension(json));
        self.annotations = kept(&self.annotations, |json| privacy.dimension(json));
        self.label = kept(&self.label, |label| privacy.widget_name(label));
        self.name = kept(&self.name, |name| privacy.widget_name(name));
    }
}

/// What `keep` leaves of a text, without a copy when that is all of it.
fn kept<'w>(
    text: &Option<Cow<'w, str>>,
    keep: impl FnOnce(Option<&str>) -> Option<Cow<'_, str>>,
) -> Option<Cow<'w, str>> {
    let left = keep(text.as_deref());
    match (text, left) {
        (Some(text), Some(left)) if *text == left => Some(text.clone()),
        (_, left) => left.map(|left| Cow::Owned(left.into_owned())),
    }
}

/// The values of a widget as they are stored: without those of a row that names somebody who was erased.
#[must_use]
pub fn stored_rows_of<'w>(
    widget_type: &str,
    data: &'w WidgetData,
    privacy: &Guard,
) -> Vec<ValueRow<'w>> {
    let mut rows = rows_of(widget_type, data);
    let erased: HashSet<i64> = rows
        .iter()
        .filter(|row| row.names_erased(privacy))
        .map(|row| row.row_number)
        .collect();
    rows.retain(|row| !erased.contains(&row.row_number));
    rows.iter_mut().for_each(|row| row.guard(privacy));
    rows
}

/// All values of a widget of type `widget_type`. What has no column of the widget stands on its first row.
fn rows_of<'w>(widget_type: &str, data: &'w WidgetData) -> Vec<ValueRow<'w>> {
    let mut rows = Vec::new();
    let mut row_number = 0;
    for row in &data.rows {
        row_number += push_row(&mut rows, widget_type, row, row_number);
    }
    // Data of a shape that nobody has seen is kept, too.
    if rows.is_empty() && data.extra.json.is_some() {
        rows.push(ValueRow::default());
    }
    if let Some(first) = rows.first_mut() {
        first.extra = first.extra.joined(&data.extra);
    }
    rows
}

/// One row per value, and one per cell of the table; gives how many numbers of rows that took. What has no column of the
/// row itself stands on the first of them.
fn push_row<'w>(
    rows: &mut Vec<ValueRow<'w>>,
    widget_type: &str,
    row: &'w WidgetRow,
    row_number: i64,
) -> i64 {
    let first = rows.len();
    let mut taken = 0;
    if row.table.is_empty() || !row.values.is_empty() {
        push_values(rows, widget_type, row, row_number);
        taken += 1;
    }
    for cells in &row.table {
        push_cells(rows, widget_type, row, cells, row_number + taken);
        taken += 1;
    }
    let says_more = row.date.is_some() || row.dimension.is_some() || row.extra.json.is_some();
    if rows.len() == first && says_more {
        rows.push(of_row(row, row_number, 0));
    }
    if let Some(first) = rows.get_mut(first) {
        first.extra = first.extra.joined(&row.extra);
    }
    taken
}

fn push_values<'w>(
    rows: &mut Vec<ValueRow<'w>>,
    widget_type: &str,
    row: &'w WidgetRow,
    row_number: i64,
) {
    if row.values.is_empty() {
        rows.push(of_row(row, row_number, 0));
    }
    for (value_number, value) in (0..).zip(&row.values) {
        rows.push(ValueRow {
            name: value.name.as_deref().map(Cow::from),
            label: value.label.as_deref().map(Cow::from),
            annotations: value.annotations.as_deref().map(Cow::from),
            extra: value.extra.clone(),
            ..with_value(of_row(row, row_number, value_number), widget_type, value)
        });
    }
}

/// One row per cell of a table's row: the defined columns in their order, then the others.
fn push_cells<'w>(
    rows: &mut Vec<ValueRow<'w>>,
    widget_type: &str,
    row: &'w WidgetRow,
    cells: &'w Map<String, Value>,
    row_number: i64,
) {
    let defined = row
        .columns
        .iter()
        .map(|(name, label)| (name, label.as_deref()));
    let others = cells
        .keys()
        .filter(|name| !row.columns.iter().any(|(defined, _)| defined == *name))
        .map(|name| (name, None));
    for (value_number, (name, label)) in (0..).zip(defined.chain(others)) {
        let Some(cell) = cells.get(name) else {
            continue;
        };
        let value = WidgetValue {
            name: Some(name.clone()),
            value: Some(cell.clone()).filter(|cell| !cell.is_null()),
            ..WidgetValue::default()
        };
        rows.push(ValueRow {
            name: Some(name.into()),
            label: label.map(Cow::from),
            ..with_value(of_row(row, row_number, value_number), widget_type, &value)
        });
    }
}

fn of_row(row: &WidgetRow, row_number: i64, value_number: i64) -> ValueRow<'_> {
    ValueRow {
        row_number,
        value_number,
        date: row.date,
        dimension: row.dimension.as_deref().map(Cow::from),
        ..ValueRow::default()
    }
}

fn with_value<'w>(row: ValueRow<'w>, widget_type: &str, value: &WidgetValue) -> ValueRow<'w> {
    match &value.value {
        None => row,
        Some(Value::Number(number)) => {
            let number = number.as_f64();
            ValueRow {
                value: number,
                scale: number.map(|number| scale(widget_type, value.name.as_deref(), number)),
                ..row
            }
        }
        Some(Value::String(text)) => ValueRow {
            value_text: Some(text.clone()),
            ..row
        },
        Some(other) => ValueRow {
            value_text: Some(other.to_string()),
            ..row
        },
    }
}

/// 100 where the vendor multiplies by 100.
fn scale(widget_type: &str, name: Option<&str>, value: f64) -> i64 {
    let name = name.unwrap_or_default();
    let says_so = name.to_ascii_lowercase().ends_with("x100");
    let must_be =
        widget_type == CULTURE_SCORE && CULTURE_SCORES.contains(&name) && value > MAX_CULTURE_SCORE;
    if says_so || must_be { 100 } else { 1 }
}
