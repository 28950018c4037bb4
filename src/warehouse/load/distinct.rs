//! Reducing received rows to one per key, before they meet the stored ones.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::tuple::{self, EncodedRow, TableRows, Version};
use crate::warehouse::tables::{Rule, Table};

/// Received rows by their encoded key.
pub type RowsByKey<'r> = HashMap<&'r [u8], EncodedRow<'r>>;

/// The last row of each key (for versioned rows: the newest), and how many per scope were set aside although
/// they differed.
pub fn distinct(received: &TableRows) -> (RowsByKey<'_>, BTreeMap<String, i64>) {
    let table = received.table;
    let mut rows = RowsByKey::with_capacity(received.len());
    let mut contradictions = BTreeMap::new();
    let valid = newest_sets(received);
    for row in received.rows() {
        if row.owner.is_some_and(|owner| !valid.contains(&owner)) {
            continue;
        }
        let Some(previous) = rows.insert(row.key, row) else {
            continue;
        };
        if table.rule == Rule::Newest {
            let (before, now) = (version_in(previous, table), version_in(row, table));
            if before > now {
                rows.insert(previous.key, previous);
            }
            if before != now {
                continue;
            }
        }
        // Rows of gathered tables grow while they are read.
        if previous.values != row.values && table.rule != Rule::Gather {
            *contradictions.entry(scope_of(row, received)).or_default() += 1;
        }
    }
    (rows, contradictions)
}

/// The places of the owners whose set counts: of several for one owner the newest, and of these the last.
fn newest_sets(received: &TableRows) -> HashSet<usize> {
    let mut newest: HashMap<&[u8], (&Version, usize)> = HashMap::new();
    for (place, owner) in received.owners().iter().enumerate() {
        let entry = newest.entry(&owner.key).or_insert((&owner.version, place));
        *entry = (*entry).max((&owner.version, place));
    }
    newest.into_values().map(|(_, place)| place).collect()
}

/// The version of a received row: the two columns behind the key.
pub fn version_in(row: EncodedRow<'_>, table: &Table) -> Version {
    let mut fields = tuple::fields(row.values)
        .skip(table.key_len)
        .map(Option::unwrap_or_default);
    let instant = fields
        .next()
        .and_then(|value| value.try_into().ok())
        .map_or(0, i64::from_be_bytes);
    (instant, fields.next().unwrap_or_default().to_vec())
}

/// The scope whose pull brought a row: its enrollment, unless a listing of the whole company did.
fn scope_of(row: EncodedRow<'_>, received: &TableRows) -> String {
    let table = received.table;
    let id = match (table.resource, table.rule) {
        (resource, _) if resource.is_company_wide() => return String::new(),
        (_, Rule::Newest) => version_in(row, table).1,
        (_, Rule::SetOfNewest { .. }) => row
            .owner
            .and_then(|owner| received.owners().get(owner))
            .map(|owner| owner.version.1.clone())
            .unwrap_or_default(),
        // The key is company, enrollment, and so on.
        (_, Rule::Replace | Rule::Gather | Rule::Set { .. }) => tuple::fields(row.key)
            .nth(1)
            .flatten()
            .unwrap_or_default()
            .to_vec(),
    };
    String::from_utf8_lossy(&id).into_owned()
}
