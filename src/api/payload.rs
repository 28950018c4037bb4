//! What is kept of an item that could not be read, without the members that must not be stored.

use serde_json::Value;

use super::fields::value_of;

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
            members.retain(|name, _| !names.contains(&name.as_str()));
            members
                .values_mut()
                .for_each(|member| forget(names, member));
        }
        _ => {}
    }
}
