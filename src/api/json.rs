//! Received JSON: as values that PostgreSQL can hold, and without what must not be kept.

use serde_json::Value;

/// Received JSON as a value that PostgreSQL can hold.
pub fn value_of(json: &str) -> Result<Value, serde_json::Error> {
    // A lone surrogate is no text.
    let mut value = serde_json::from_str(json)
        .or_else(|_| serde_json::from_str(&without_lone_surrogates(json)))?;
    // Nor can PostgreSQL hold NUL, in a value, a name or an id.
    if json.contains("\\u0000") {
        replace_nul(&mut value);
    }
    Ok(value)
}

fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(elements) => elements.iter_mut().for_each(replace_nul),
        Value::Object(members) => {
            if members.keys().any(|name| name.contains('\0')) {
                *members = std::mem::take(members)
                    .into_iter()
                    .map(|(name, value)| (name.replace('\0', "\u{fffd}"), value))
                    .collect();
            }
            members.values_mut().for_each(replace_nul);
        }
        _ => {}
    }
}

/// What a value is, for people.
#[must_use]
pub const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A received item without the members of these names, wherever in it they are.
#[must_use]
pub fn without(names: &[&str], received: &str) -> String {
    match value_of(received) {
        Ok(mut value) => {
            forget(names, &mut value);
            value.to_string()
        }
        // What cannot be searched cannot be kept.
        Err(_) => String::new(),
    }
}

fn forget(names: &[&str], value: &mut Value) {
    match value {
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| forget(names, element)),
        Value::Object(members) => {
            members.retain(|name, _| !names.iter().any(|one| one.eq_ignore_ascii_case(name)));
            members
                .values_mut()
                .for_each(|member| forget(names, member));
        }
        _ => {}
    }
}

/// Replaces the escapes of surrogates that have no partner.
fn without_lone_surrogates(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let length = match surrogate(escape) {
            Some(0xd800..=0xdbff) => match escape.get(6..).and_then(surrogate) {
                Some(0xdc00..=0xdfff) => 12,
                _ => 0,
            },
            Some(_) => 0,
            None => 2.min(escape.len()),
        };
        if length == 0 {
            out.push_str("\\ufffd");
            rest = &escape[6..];
        } else {
            let length = (length..=escape.len())
                .find(|end| escape.is_char_boundary(*end))
                .unwrap_or(length);
            out.push_str(&escape[..length]);
            rest = &escape[length..];
        }
    }
    out + rest
}

/// The value of a `\uXXXX` escape at the start of `text`, when it is half of a surrogate pair.
fn surrogate(text: &str) -> Option<u16> {
    let value = u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
    (0xd800..=0xdfff).contains(&value).then_some(value)
}
