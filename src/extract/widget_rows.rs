//! How the data of a widget, whatever its shape, becomes one row per value.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::api::Extra;
use crate::api::endpoints::widgets::{WidgetData, WidgetRow, WidgetValue};

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
    pub dimension: Option<&'w str>,
    /// Name of the value.
    pub name: Option<&'w str>,
    /// Label of the value.
    pub label: Option<&'w str>,
    /// The value, when it is a number.
    pub value: Option<f64>,
    /// The value, when it is none.
    pub value_text: Option<String>,
    /// What the value is to be divided by.
    pub scale: Option<i64>,
    /// Notes on the value.
    pub annotations: Option<&'w str>,
    /// What has no column.
    pub extra: Extra,
}

/// All values of a widget of type `widget_type`. What has no column of the widget stands on its first row.
#[must_use]
pub fn rows_of<'w>(widget_type: &str, data: &'w WidgetData) -> Vec<ValueRow<'w>> {
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
            name: value.name.as_deref(),
            label: value.label.as_deref(),
            annotations: value.annotations.as_deref(),
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
            name: Some(name),
            label,
            ..with_value(of_row(row, row_number, value_number), widget_type, &value)
        });
    }
}

fn of_row(row: &WidgetRow, row_number: i64, value_number: i64) -> ValueRow<'_> {
    ValueRow {
        row_number,
        value_number,
        date: row.date,
        dimension: row.dimension.as_deref(),
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
