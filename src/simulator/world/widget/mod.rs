//! Widgets: what the vendor aggregates itself, per company and period.

mod catalogue;
mod culture;
mod period;
mod phishing;
mod training;

use chrono::NaiveDate;
use serde_json::Value;

use catalogue::WidgetKind;
pub use catalogue::{GROUPS, Widget};
pub use period::{DatePeriod, Period};

use crate::simulator::dice::Dice;
use crate::simulator::world::{Salt, World};

/// One row of a widget's data.
#[derive(Debug, Default)]
pub struct WidgetRow {
    /// The day it is about.
    pub date: Option<NaiveDate>,
    /// What else it is about, in a shape of its own.
    pub dimension: Option<Value>,
    /// The values; none where the member is left out.
    pub values: Option<Vec<WidgetValue>>,
    /// The table, which stands in place of values.
    pub table: Option<WidgetTable>,
    /// Members that no other widget has.
    pub others: Vec<(&'static str, Value)>,
}

/// One value of a row. Some widgets tell by name, some by label, some by position alone.
#[derive(Debug)]
pub struct WidgetValue {
    /// The name.
    pub name: Option<&'static str>,
    /// The label.
    pub label: Option<String>,
    /// The value: mostly a whole number.
    pub value: Value,
    /// A remark in a shape of its own.
    pub annotations: Option<Value>,
}

/// A table within a row.
#[derive(Debug)]
pub struct WidgetTable {
    /// Name and label of the columns.
    pub columns: Vec<(&'static str, &'static str)>,
    /// The rows, as the vendor has them: any member may be missing, and others be there.
    pub rows: Vec<Value>,
}

/// What a widget's data are computed from.
struct Ask<'a> {
    world: &'a World,
    company: u32,
    /// Differs by company, kind and period.
    dice: Dice,
    /// Days with a point.
    days: Vec<NaiveDate>,
}

impl Ask<'_> {
    /// A number below `limit`, one for each `place`.
    fn number(&self, place: u64, limit: u64) -> i64 {
        self.dice.with(place).below(limit) as i64
    }

    /// What differs by company only.
    fn habit(&self, place: u64) -> Dice {
        self.world
            .company_dice(self.company)
            .on(Salt::Widget)
            .with(place)
    }

    /// One row for each day, given its place and the places of its throws.
    fn by_day(&self, values: impl Fn(u64) -> Vec<WidgetValue>) -> Vec<WidgetRow> {
        self.days
            .iter()
            .zip(0_u64..)
            .map(|(&day, place)| WidgetRow {
                date: Some(day),
                ..row(values(place * 16))
            })
            .collect()
    }
}

fn row(values: Vec<WidgetValue>) -> WidgetRow {
    WidgetRow {
        values: Some(values),
        ..WidgetRow::default()
    }
}

fn row_about(dimension: Value, values: Vec<WidgetValue>) -> WidgetRow {
    WidgetRow {
        dimension: Some(dimension),
        ..row(values)
    }
}

fn bare(value: impl Into<Value>) -> WidgetValue {
    WidgetValue {
        name: None,
        label: None,
        value: value.into(),
        annotations: None,
    }
}

fn named(name: &'static str, value: impl Into<Value>) -> WidgetValue {
    WidgetValue {
        name: Some(name),
        ..bare(value)
    }
}

fn labelled(label: impl Into<String>, value: impl Into<Value>) -> WidgetValue {
    WidgetValue {
        label: Some(label.into()),
        ..bare(value)
    }
}

/// A number with one decimal that is never whole.
fn decimal(number: i64) -> f64 {
    (number * 10 + 5) as f64 / 10.0
}

impl World {
    /// The last day of the world.
    #[must_use]
    pub fn last_day(&self) -> NaiveDate {
        self.options.as_of
    }

    /// The data of one kind of widget over a period; none where the answer has no widget at all.
    #[must_use]
    pub fn widget_rows(
        &self,
        company: u32,
        kind: &WidgetKind,
        period: Period,
    ) -> Option<Vec<WidgetRow>> {
        let edits: u64 = self.changed_company(company).map_or(0, |changes| {
            let of_kind = changes.widgets.iter().filter(|((name, month), _)| {
                let month = Period::month_of(*month);
                *name == kind.widget_type && month.start <= period.end && period.start <= month.end
            });
            of_kind.map(|(_, edits)| edits).sum()
        });
        self.widget_rows_after(company, kind, period, edits)
    }

    /// The data as they are after that many changes. What a report keeps never changes.
    pub(super) fn widget_rows_after(
        &self,
        company: u32,
        kind: &WidgetKind,
        period: Period,
        edits: u64,
    ) -> Option<Vec<WidgetRow>> {
        let shape = kind.shape?;
        if period.start > self.last_day() {
            return Some(Vec::new());
        }
        let day = |day: NaiveDate| i64::from(day.to_epoch_days()) as u64;
        let dice = kind
            .widget_type
            .bytes()
            .fold(self.company_dice(company).on(Salt::Widget), |dice, byte| {
                dice.with(u64::from(byte))
            })
            .with(day(period.start))
            .with(day(period.end));
        let dice = if edits > 0 {
            dice.on(Salt::Change).with(edits)
        } else {
            dice
        };
        // Some months have nothing to show.
        if dice.on(Salt::Quirk).one_in(12) {
            return Some(Vec::new());
        }
        Some(shape(&Ask {
            world: self,
            company,
            dice,
            days: period.points(self.last_day()),
        }))
    }
}
