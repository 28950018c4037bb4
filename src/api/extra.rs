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
    /// The path of the unknown member that it is a part of, when it is.
    pub within: Option<String>,
}

/// What was left of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra {
    /// As JSON text that PostgreSQL can hold; `None` when nothing was left.
    pub json: Option<String>,
    /// The same of the members that are known alone, when there are others.
    known: Option<String>,
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
                let path = format!("{path}.{name}");
                let first = unknown.len();
                note_unknown(&path, value, &mut unknown);
                if value.is_object() {
                    let nested = unknown.iter_mut().skip(first);
                    nested.for_each(|member| member.within = Some(general(&path)));
                }
            }
        }
        let json = serde_json::to_string(&members).ok();
        let known = if unknown.is_empty() {
            None
        } else {
            members.retain(|name, _| documented.contains(&name.as_str()));
            (!members.is_empty()).then(|| Value::Object(members).to_string())
        };
        Self {
            json,
            known,
            unknown,
        }
    }

    /// What was left of the members that are known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        if self.unknown.is_empty() {
            self.json.as_deref()
        } else {
            self.known.as_deref()
        }
    }

    /// Both, as if they had been left of one object. Of two members of one name that of `outer` gets `_` in front.
    #[must_use]
    pub fn joined(&self, outer: &Self) -> Self {
        if outer.json.is_none() {
            return self.clone();
        }
        Self {
            json: joined(self.json.as_deref(), outer.json.as_deref()),
            known: joined(self.known(), outer.known()),
            unknown: [&self.unknown[..], &outer.unknown[..]].concat(),
        }
    }
}

fn joined(inner: Option<&str>, outer: Option<&str>) -> Option<String> {
    let members = |json: Option<&str>| -> Map<String, Value> {
        json.and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    };
    let mut all = members(inner);
    for (mut name, value) in members(outer) {
        while all.contains_key(&name) {
            name.insert(0, '_');
        }
        all.insert(name, value);
    }
    (!all.is_empty()).then(|| Value::Object(all).to_string())
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
            within: None,
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
