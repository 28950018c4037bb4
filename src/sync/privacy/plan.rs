//! What a change of the privacy settings means: what is stricter than before is rewritten, what is looser is read again.

use serde::Serialize;
use serde_json::Value;

use crate::privacy::Policy;
use crate::warehouse::privacy_record::PrivacyRecord;

/// What changes, and what that means.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Plan {
    /// The settings that changed, as `email keep -> hash`.
    pub changes: Vec<String>,
    /// Something is to be stored less than it is: it is rewritten.
    pub is_stricter: bool,
    /// Something is to be stored more than it is: everything is read again.
    pub is_looser: bool,
    /// Rows that were, or would be, changed or removed, per table or part of one.
    pub rows: Vec<(String, u64)>,
    /// Scopes that the next syncs read again.
    pub due: u64,
    /// It was done.
    pub is_done: bool,
}

/// What is stricter and what is looser. After an interruption all of it is done again.
pub(super) fn plan(before: &PrivacyRecord, policy: &Policy) -> Plan {
    let mut plan = Plan {
        changes: super::changed(before, policy),
        ..Plan::default()
    };
    if before.applying.is_some() {
        plan.changes
            .push("an application that was interrupted".to_owned());
        (plan.is_stricter, plan.is_looser) = (true, true);
    }
    let now = policy.record();
    let strictness = |value: Option<&Value>| match value.and_then(Value::as_str) {
        Some("hash" | "pseudonymise") => 1,
        Some("drop") => 2,
        _ => 0,
    };
    for (name, value) in now.as_object().into_iter().flatten() {
        let earlier = before.policy.get(name);
        if earlier == Some(value) {
            continue;
        }
        let (is_stricter, is_looser) = match name.as_str() {
            "custom_fields" => fields_change(earlier, value),
            "tracking_info" => (value == &Value::Bool(false), value == &Value::Bool(true)),
            _ => {
                let (from, to) = (strictness(earlier), strictness(Some(value)));
                (to > from, to < from)
            }
        };
        plan.is_stricter |= is_stricter;
        plan.is_looser |= is_looser;
    }
    // What was hashed with another key says nothing any more.
    plan.is_looser |= plan.changes.iter().any(|change| change == "the key");
    plan
}

/// Whether some custom fields are stored no longer, and whether some are that were not.
fn fields_change(from: Option<&Value>, to: &Value) -> (bool, bool) {
    let names = |value: Option<&Value>| -> Option<Vec<String>> {
        let list = value?.as_array()?;
        let names = list.iter().filter_map(Value::as_str);
        Some(names.map(str::to_owned).collect())
    };
    match (names(from), names(Some(to))) {
        (None, Some(_)) => (true, false),
        (Some(_), None) => (false, true),
        (Some(from), Some(to)) => (
            from.iter().any(|name| !to.contains(name)),
            to.iter().any(|name| !from.contains(name)),
        ),
        (None, None) => (false, false),
    }
}
