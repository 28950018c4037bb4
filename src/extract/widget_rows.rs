//! How the data of a widget, whatever its shape, becomes one row per value.

use chrono::NaiveDate;
use serde_json::Value;

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
    /// Where to find what has no column.
    pub extra: Option<&'w Extra>,
}

/// All values of a widget of type `widget_type`.
#[must_use]
pub fn rows_of<'w>(widget_type: &str, data: &'w WidgetData) -> Vec<ValueRow<'w>> {
    let mut rows = Vec::new();
    let mut row_number = 0;
    for row in &data.rows {
        if row.table.is_empty() {
            push_values(&mut rows, widget_type, row, row_number);
            row_number += 1;
        } else {
            row_number = push_table(&mut rows, widget_type, row, row_number);
        }
    }
    // Data of a shape that nobody has seen is kept, too.
    if rows.is_empty() && data.extra.json.is_some() {
        rows.push(ValueRow {
            extra: Some(&data.extra),
            ..ValueRow::default()
        });
    }
    rows
}

fn push_values<'w>(
    rows: &mut Vec<ValueRow<'w>>,
    widget_type: &str,
    row: &'w WidgetRow,
    row_number: i64,
) {
    let of_row = |value_number, extra| ValueRow {
        row_number,
        value_number,
        date: row.date,
        dimension: row.dimension.as_deref(),
        extra,
        ..ValueRow::default()
    };
    if row.values.is_empty() {
        rows.push(of_row(0, Some(&row.extra)));
    }
    for (value_number, value) in (0..).zip(&row.values) {
        // What has no column of the row itself stands on its first value, unless that has some of its own.
        let extra = match value_number {
            0 if value.extra.json.is_none() => &row.extra,
            _ => &value.extra,
        };
        rows.push(ValueRow {
            name: value.name.as_deref(),
            label: value.label.as_deref(),
            annotations: value.annotations.as_deref(),
            ..with_value(of_row(value_number, Some(extra)), widget_type, value)
        });
    }
}

/// One row per cell; gives the number of the next row.
fn push_table<'w>(
    rows: &mut Vec<ValueRow<'w>>,
    widget_type: &str,
    row: &'w WidgetRow,
    first: i64,
) -> i64 {
    let mut row_number = first;
    for cells in &row.table {
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
            let extra = (row_number == first && value_number == 0).then_some(&row.extra);
            rows.push(ValueRow {
                name: Some(name),
                label,
                ..with_value(
                    ValueRow {
                        row_number,
                        value_number,
                        date: row.date,
                        dimension: row.dimension.as_deref(),
                        extra,
                        ..ValueRow::default()
                    },
                    widget_type,
                    &value,
                )
            });
        }
        row_number += 1;
    }
    row_number
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
