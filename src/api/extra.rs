//! What was left of a received item: kept, and reported when nobody knew it.

use serde_json::{Map, Value};

use super::json::type_name;

/// Longest path of a member that nobody took; its names may be anything.
const MAX_PATH_BYTES: usize = 512;

/// A member that nobody took.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnknownMember {
    /// Its path, `[*]` for the elements of a list.
    pub path: String,
    /// Its JSON type.
    pub json_type: &'static str,
}

/// What was left of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra {
    /// As JSON text that PostgreSQL can hold; `None` when nothing was left.
    pub json: Option<String>,
    /// The members that nobody knew.
    pub unknown: Vec<UnknownMember>,
}

impl Extra {
    /// What was left of the object at `path`. Members named in `documented` are known to exist and are kept without a
    /// report; nulls are no members.
    pub(super) fn of(path: &str, mut members: Map<String, Value>, documented: &[&str]) -> Self {
        members.retain(|_, value| !value.is_null());
        if members.is_empty() {
            return Self::default();
        }
        let mut unknown = Vec::new();
        for (name, value) in &members {
            if !documented.contains(&name.as_str()) {
                note_unknown(&format!("{path}.{name}"), value, &mut unknown);
            }
        }
        Self {
            json: Some(Value::Object(members).to_string()),
            unknown,
        }
    }

    /// Both, as if they had been left of one object. Of two members of one name that of `outer` gets `_` in front.
    #[must_use]
    pub fn joined(&self, outer: &Self) -> Self {
        let members = |extra: &Self| -> Map<String, Value> {
            let json = extra.json.as_deref();
            json.and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_default()
        };
        if outer.json.is_none() {
            return self.clone();
        }
        let mut all = members(self);
        for (mut name, value) in members(outer) {
            while all.contains_key(&name) {
                name.insert(0, '_');
            }
            all.insert(name, value);
        }
        Self {
            json: Some(Value::Object(all).to_string()),
            unknown: [&self.unknown[..], &outer.unknown[..]].concat(),
        }
    }
}

fn note_unknown(path: &str, value: &Value, unknown: &mut Vec<UnknownMember>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                note_unknown(&format!("{path}.{name}"), member, unknown);
            }
        }
        other => unknown.push(UnknownMember {
            path: general(path),
            json_type: type_name(other),
        }),
    }
}

/// `$.steps[3].x` → `$.steps[*].x`, cut off where it is too long for an index.
fn general(path: &str) -> String {
    let mut general = without_places(path);
    if general.len() > MAX_PATH_BYTES {
        let end = (0..=MAX_PATH_BYTES)
            .rev()
            .find(|end| general.is_char_boundary(*end));
        general.truncate(end.unwrap_or_default());
        general.push('…');
    }
    general
}

fn without_places(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        out.push_str("[*]");
        rest = after.split_once(']').map_or("", |(_, rest)| rest);
    }
    out + rest
}
