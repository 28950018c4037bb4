//! Searches: what a request may ask, which rows make up a page, and the envelope around them.

use serde_json::Value;

use crate::simulator::contract::Violation;
use crate::simulator::dice::Dice;
use crate::simulator::fault::{FaultKind, Firing};
use crate::simulator::json::{JsonObject, push_array};
use crate::simulator::options::{PastEnd, Totals, VariantOptions};
use crate::simulator::reply::Reply;

/// A search request that passed all checks.
#[derive(Debug)]
pub struct Search {
    body: Value,
    page: u64,
    size: u64,
    order: Order,
}

/// A total order of the rows of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The column, lower case.
    column: &'static str,
    is_natural: bool,
    is_ascending: bool,
}

/// A request that is refused: which rule it broke and what the service answers.
pub type Refusal = (Violation, Reply);

impl Search {
    /// Checks a request. `columns` are the names that can be sorted by; the first is the order in
    /// which the rows are kept.
    pub fn parse(
        body: &[u8],
        columns: &[&'static str],
        mut note: impl FnMut(Violation),
    ) -> Result<Self, Refusal> {
        use crate::simulator::fault::ErrorBody::{Pascal, Problem};

        let body = parse_body(body)?;
        check_filter(&body, &mut note)?;
        let order_by = match member(&body, "orderBy") {
            Some(Value::String(name)) => name,
            None | Some(Value::Null) => {
                return Err((Violation::NullOrderBy, Reply::error(500, Pascal)));
            }
            Some(_) => return Err((Violation::UnknownOrderBy, Reply::error(400, Problem))),
        };
        let Some(at) = columns
            .iter()
            .position(|known| known.eq_ignore_ascii_case(order_by))
        else {
            return Err((
                Violation::UnknownOrderBy,
                Reply::invalid("OrderBy is not valid"),
            ));
        };
        let Some(is_ascending) = member(&body, "ascending").and_then(Value::as_bool) else {
            return Err((
                Violation::MissingAscending,
                Reply::invalid("Ascending is not valid"),
            ));
        };
        let number = |name| {
            member(&body, name)
                .and_then(Value::as_u64)
                .filter(|&number| number > 0)
        };
        let (Some(page), Some(size)) = (number("pageNumber"), number("pageSize")) else {
            return Err((Violation::InvalidPage, Reply::invalid("Page is not valid")));
        };
        let order = Order {
            column: columns[at],
            is_natural: at == 0,
            is_ascending,
        };
        Ok(Self {
            page,
            size,
            order,
            body,
        })
    }

    /// A member of the request; names are matched without case, as the service does.
    pub fn member(&self, name: &str) -> Option<&Value> {
        member(&self.body, name)
    }
}

/// Reads the body of a request.
pub fn parse_body(body: &[u8]) -> Result<Value, Refusal> {
    use crate::simulator::fault::ErrorBody::{Pascal, Problem};

    if body.is_empty() {
        return Err((Violation::InvalidBody, Reply::error(500, Pascal)));
    }
    serde_json::from_slice(body).map_err(|_| (Violation::InvalidBody, Reply::error(400, Problem)))
}

/// A member of an object; names are matched without case, as the service does.
pub fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let members = object.as_object()?;
    members.get(name).or_else(|| {
        members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    })
}

fn check_filter(body: &Value, note: &mut impl FnMut(Violation)) -> Result<(), Refusal> {
    use crate::simulator::fault::ErrorBody::Pascal;

    let filter = match member(body, "filter") {
        Some(filter)
            if filter
                .as_object()
                .is_some_and(|members| !members.is_empty()) =>
        {
            filter
        }
        _ => return Err((Violation::MissingFilter, Reply::error(500, Pascal))),
    };
    if member(filter, "SearchInputTextValue").is_some_and(Value::is_null) {
        let reply = Reply::invalid("SearchInputTextValue is not valid");
        return Err((Violation::NullSearchText, reply));
    }
    let is_group = |group: &Value| {
        member(group, "Condition").is_some_and(Value::is_string)
            && member(group, "FilterItems").is_some_and(Value::is_array)
            && member(group, "FilterGroups").is_some_and(Value::is_array)
    };
    let is_full = member(filter, "Condition").is_some_and(Value::is_string)
        && member(filter, "SearchInputTextValue").is_some_and(Value::is_string)
        && member(filter, "FilterGroups")
            .and_then(Value::as_array)
            .is_some_and(|groups| groups.len() == 2 && groups.iter().all(is_group));
    if !is_full {
        // It works on some tenants only, so it is answered and counted.
        note(Violation::PartialFilter);
    }
    Ok(())
}

impl Order {
    /// The row at `place` of `count` rows in this order. Columns that rows are not kept by get an
    /// order of their own: arbitrary, but the same for every page and exactly reversed by
    /// `ascending`.
    pub fn row_at(self, place: u64, count: u64) -> u64 {
        let place = if self.is_ascending {
            place
        } else {
            count - 1 - place
        };
        if self.is_natural || count < 2 {
            return place;
        }
        let dice = self
            .column
            .bytes()
            .fold(Dice::new(count), |dice, byte| dice.with(u64::from(byte)));
        let mut factor = 1 + dice.below(count - 1);
        while common_divisor(factor, count) != 1 {
            factor += 1;
        }
        let shift = dice.with(0).below(count);
        ((u128::from(place) * u128::from(factor) + u128::from(shift)) % u128::from(count)) as u64
    }
}

const fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// What is wrong with one row.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowQuirk {
    /// Its id is missing.
    pub lacks_id: bool,
    /// A number stands where text is expected.
    pub has_number_as_text: bool,
    /// Its dates are in the other order.
    pub has_other_dates: bool,
    /// It has another name than before.
    pub is_renamed: bool,
}

impl RowQuirk {
    /// Writes the member that holds a row's name.
    pub fn write_name(self, row: &mut JsonObject<'_>, member: &str, name: &str) {
        if self.has_number_as_text {
            row.number(member, 42);
        } else if self.is_renamed {
            row.text(member, &format!("{name} (other)"));
        } else {
            row.text(member, name);
        }
    }
}

/// Writes the paged `data` of a listing of `count` rows. `write_row` is given the row's number in
/// natural order.
pub fn write_page(
    data: &mut JsonObject<'_>,
    search: &Search,
    variant: &VariantOptions,
    firings: &[Firing],
    count: u64,
    mut write_row: impl FnMut(&mut Vec<u8>, u64, RowQuirk),
) {
    let rows_of = |kind| rows_hit(firings, kind);
    let count = if rows_of(FaultKind::Empty) > 0 {
        0
    } else {
        count
    };
    let size = variant
        .page_size_cap
        .map_or(search.size, |cap| search.size.min(u64::from(cap)));
    let pages = count.div_ceil(size);
    let is_past_end = search.page > pages && pages > 0;
    let mut number = search.page;
    let mut served = search.page;
    if is_past_end && variant.past_end != PastEnd::Empty {
        served = pages;
        if variant.past_end == PastEnd::Clamp {
            number = pages;
        }
    }
    if rows_of(FaultKind::RepeatPage) > 0 {
        served = served.saturating_sub(1).max(1);
    }
    let growth = firings
        .iter()
        .filter(|firing| firing.fault.kind == FaultKind::GrowTotal)
        .map(|firing| firing.count)
        .sum::<u64>();
    data.number("pageNumber", number as i64);
    data.number("pageSize", size as i64);
    let further = search.page - 1;
    let total = growth
        + match variant.totals {
            Totals::Shrinking => count.saturating_sub(further),
            // From the last page on there is always said to be one more.
            Totals::Growing if search.page >= pages => {
                (count + further).max(search.page.saturating_mul(size) + 1)
            }
            Totals::Growing => count + further,
            _ => count,
        };
    if !matches!(variant.totals, Totals::Missing | Totals::RecordsOnly) {
        data.number("totalNumberOfPages", total.div_ceil(size) as i64);
    }
    if !matches!(variant.totals, Totals::Missing | Totals::PagesOnly) {
        data.number("totalNumberOfRecords", total as i64);
    }
    if rows_of(FaultKind::ResultsMissing) > 0 {
        return;
    }
    if rows_of(FaultKind::ResultsNull) > 0 {
        data.null("results");
        return;
    }
    let start = (served - 1)
        .saturating_mul(size)
        .saturating_add(rows_of(FaultKind::ShiftRow));
    let first = start.min(count);
    let past_last = start.saturating_add(size).min(count);
    let rows = quirked(firings, first, past_last);
    data.array("results", rows, |out, (place, quirk)| {
        write_row(out, search.order.row_at(place, count), quirk);
    });
}

/// Writes the `data` of an answer that holds all its `count` rows without pages. `write_row` is
/// given the row's number.
pub fn write_list(
    out: &mut Vec<u8>,
    firings: &[Firing],
    count: u64,
    mut write_row: impl FnMut(&mut Vec<u8>, u64, RowQuirk),
) {
    if rows_hit(firings, FaultKind::ResultsNull) > 0 {
        out.extend_from_slice(b"null");
        return;
    }
    let past_last = if rows_hit(firings, FaultKind::Empty) > 0 {
        0
    } else {
        count
    };
    push_array(out, quirked(firings, 0, past_last), |out, (row, quirk)| {
        write_row(out, row, quirk);
    });
}

/// The rows of a listing without pages: their numbers, and what is wrong with each. None where the
/// list itself is null.
pub fn unpaged(firings: &[Firing], count: u64) -> Option<Vec<(u64, RowQuirk)>> {
    if rows_hit(firings, FaultKind::ResultsNull) > 0 {
        return None;
    }
    let is_empty = rows_hit(firings, FaultKind::Empty) > 0;
    let first = rows_hit(firings, FaultKind::ShiftRow).min(count);
    Some(quirked(firings, first, if is_empty { first } else { count }).collect())
}

/// How many rows the faults of this kind hit.
fn rows_hit(firings: &[Firing], kind: FaultKind) -> u64 {
    firings
        .iter()
        .filter(|firing| firing.fault.kind == kind)
        .map(|firing| firing.fault.rows as u64)
        .max()
        .unwrap_or(0)
}

/// The rows from `first` to before `past_last` as the faults leave them.
fn quirked(
    firings: &[Firing],
    first: u64,
    past_last: u64,
) -> impl Iterator<Item = (u64, RowQuirk)> {
    let rows_of = |kind| rows_hit(firings, kind);
    let kept = first.max(past_last.saturating_sub(rows_of(FaultKind::DropRow)));
    let [duplicates, conflicts, no_id, number_as_text, other_dates] = [
        FaultKind::DuplicateRow,
        FaultKind::ConflictingRow,
        FaultKind::RowWithoutId,
        FaultKind::NumberAsText,
        FaultKind::OtherDateFormat,
    ]
    .map(rows_of);
    let plain = (first..kept).map(move |place| {
        let nth = place - first;
        let quirk = RowQuirk {
            lacks_id: nth < no_id,
            has_number_as_text: nth < number_as_text,
            has_other_dates: nth < other_dates,
            is_renamed: false,
        };
        (place, quirk)
    });
    let again = move |rows: u64, is_renamed| {
        let quirk = RowQuirk {
            is_renamed,
            ..RowQuirk::default()
        };
        (first..first + rows.min(kept - first)).map(move |place| (place, quirk))
    };
    plain
        .chain(again(duplicates, false))
        .chain(again(conflicts, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_holds_every_row_once_and_descending_is_its_reverse() {
        for count in [0_u64, 1, 2, 7, 100, 1_001] {
            for (column, is_natural) in [("email", true), ("firstName", false)] {
                let rows = |is_ascending| {
                    let order = Order {
                        column,
                        is_natural,
                        is_ascending,
                    };
                    (0..count)
                        .map(|place| order.row_at(place, count))
                        .collect::<Vec<_>>()
                };
                let (up, mut down) = (rows(true), rows(false));
                down.reverse();
                assert_eq!(up, down);
                down.sort_unstable();
                assert_eq!(down, (0..count).collect::<Vec<_>>());
            }
        }
    }
}
