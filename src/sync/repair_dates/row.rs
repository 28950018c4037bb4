//! One row whose dates are read again: a date becomes another one, or text where the zone skipped it; text that the
//! earlier zone skipped becomes a date. As when it is received, a text that is no date is kept in `extra` under the name
//! of its member.

use serde_json::{Map, Value};

use super::{ColumnPlan, Epoch};
use crate::api::dates::Reading;
use crate::api::rereading::{Reread, Rereading};
use crate::warehouse::dated::{Date, DatedColumn, DatedRow, DatedTable};

/// The name of a column beside those of other tables.
pub(super) fn name_of(table: &DatedTable, column: &DatedColumn) -> String {
    format!("{}.{}", table.name, column.name)
}

/// The columns that this row proves to be received with the year first.
pub(super) fn columns_with_year_first<'t>(
    row: &'t DatedRow,
    table: &'t DatedTable,
    rereading: &'t Rereading,
) -> impl Iterator<Item = String> + 't {
    let proves = |date: &Option<Date>| match date {
        Some(Date::Instant(at)) => rereading.shows_year_first(*at),
        Some(Date::Day(day)) => rereading.shows_year_first_in_day(*day),
        None => false,
    };
    (table.columns.iter().zip(&row.dates))
        .filter(move |(_, date)| proves(date))
        .map(|(column, _)| name_of(table, column))
}

/// True when the time of change does not tell which choice read the row: a mark of deletion and a row of several
/// resources change without being received. `epoch` was in force at that time, `earlier` before.
pub(super) fn is_unsure(
    row: &DatedRow,
    table: &DatedTable,
    earlier: &[Epoch],
    epoch: &Epoch,
) -> bool {
    (row.is_deleted || table.is_shared)
        && row.first_seen_at < epoch.since
        && (earlier.iter()).any(|other| other.rereading.from != epoch.rereading.from)
}

/// Reads the dates of a row again; true when something of it changes.
pub(super) fn mend(
    row: &mut DatedRow,
    table: &DatedTable,
    rereading: &Rereading,
    is_year_first: &[bool],
    is_unsure: bool,
    plans: &mut [ColumnPlan],
) -> bool {
    let mut is_changed = false;
    for (place, column) in table.columns.iter().enumerate() {
        let plan = &mut plans[place];
        let year_first = is_year_first[place];
        let extra = column.extra.map(|extra| &mut row.extras[extra]);
        let date = &mut row.dates[place];
        match (*date, extra) {
            (Some(Date::Day(day)), _) => {
                plan.values += 1;
                let reread = rereading.day(day, year_first);
                plan.changed += u64::from(reread != day);
                *date = Some(Date::Day(reread));
                is_changed |= reread != day;
            }
            (Some(Date::Instant(at)), extra) => {
                plan.values += 1;
                match (rereading.instant(at, year_first), extra) {
                    (Reread::Instant(reread), _) => {
                        plan.changed += u64::from(reread != at);
                        *date = Some(Date::Instant(reread));
                        is_changed |= reread != at;
                    }
                    (Reread::Text(text), extra) => {
                        plan.to_text += 1;
                        *date = None;
                        is_changed = true;
                        if let (Some(extra), Some(member)) =
                            (extra, column.received.members.first())
                        {
                            *extra = Some(with(extra.take(), member, text));
                        }
                    }
                }
            }
            (None, Some(extra)) => {
                for member in column.received.members {
                    let Some(text) = text_of(extra.as_deref(), member) else {
                        continue;
                    };
                    plan.values += 1;
                    if let Reading::Instant(at) = rereading.to.read(&text) {
                        plan.from_text += 1;
                        *date = Some(Date::Instant(at));
                        *extra = without(extra.take(), member);
                        is_changed = true;
                        break;
                    }
                }
            }
            (None, None) => {}
        }
        plan.unsure += u64::from(is_unsure && row.dates[place].is_some());
        plan.is_year_first |= year_first && rereading.turns() && row.dates[place].is_some();
    }
    is_changed
}

fn members_of(extra: Option<&str>) -> Map<String, Value> {
    extra
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default()
}

/// The text of a member of an extra, named by its path.
fn text_of(extra: Option<&str>, path: &str) -> Option<String> {
    let mut value = Value::Object(members_of(Some(extra?)));
    for name in path.split('.') {
        value = value.get_mut(name)?.take();
    }
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn with(extra: Option<String>, path: &str, text: String) -> String {
    let mut all = members_of(extra.as_deref());
    put(&mut all, path, text);
    Value::Object(all).to_string()
}

fn put(members: &mut Map<String, Value>, path: &str, text: String) {
    match path.split_once('.') {
        None => {
            members.insert(path.to_owned(), text.into());
        }
        Some((outer, rest)) => {
            let inner = members
                .entry(outer)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, text);
            }
        }
    }
}

/// The extra without this member, and without objects that are empty then; `None` when nothing is left.
fn without(extra: Option<String>, path: &str) -> Option<String> {
    let mut all = members_of(extra.as_deref());
    remove(&mut all, path);
    (!all.is_empty()).then(|| Value::Object(all).to_string())
}

fn remove(members: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        None => {
            members.remove(path);
        }
        Some((outer, rest)) => {
            if let Some(Value::Object(inner)) = members.get_mut(outer) {
                remove(inner, rest);
                if inner.is_empty() {
                    members.remove(outer);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_put_into_an_extra_and_taken_out_without_a_trace() {
        for (extra, path) in [
            (None, "startDate"),
            (None, "enrollmentScheduler.dueDate"),
            (Some(r#"{"other":1}"#), "enrollmentScheduler.dueDate"),
            (
                Some(r#"{"enrollmentScheduler":{"x":[]}}"#),
                "enrollmentScheduler.dueDate",
            ),
        ] {
            let extra = extra.map(str::to_owned);
            assert_eq!(text_of(extra.as_deref(), path), None);
            let kept = with(extra.clone(), path, "29/03/2026 02:30".to_owned());
            assert_eq!(
                text_of(Some(&kept), path).as_deref(),
                Some("29/03/2026 02:30")
            );
            assert_eq!(without(Some(kept), path), extra);
        }
    }

    #[test]
    fn what_is_no_text_stays_in_its_extra() {
        assert_eq!(text_of(Some(r#"{"startDate":7}"#), "startDate"), None);
        assert_eq!(text_of(Some(r#"{"a":"b"}"#), "a.c"), None);
    }
}
