//! Makes typed values of the values in force, and keeps a record of each for `config show`.
//!
//! Collects every problem instead of stopping at the first one.

use std::collections::BTreeMap;

use config::{Value, ValueKind};
use secrecy::SecretString;

use crate::settings::Secret;
use crate::settings::catalog::known_keys;
use crate::settings::error::{Problem, one_line};
use crate::settings::load::{DEFAULT_SOURCE, Sources};
use crate::settings::target::url_target;
use crate::settings::value::{self, Form, Show};

/// Shown in place of a secret.
const REDACTED: &str = "(set, not shown)";

/// One key with the value in force, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, such as `api.page_size`.
    pub key: &'static str,
    /// The value as it may be shown; none if it is not set.
    pub value: Option<String>,
    /// Where it comes from: `default`, the path of a file, or the name of a variable.
    pub source: String,
    /// Whether the value itself is kept from view.
    pub is_secret: bool,
    /// Whether it is set to something other than the default.
    pub is_changed: bool,
}

/// Reads typed values.
pub(crate) struct Reader {
    values: BTreeMap<String, Value>,
    defaults: BTreeMap<String, Value>,
    entries: BTreeMap<&'static str, Entry>,
    problems: Vec<Problem>,
}

impl Reader {
    pub(crate) fn new(sources: &Sources) -> Self {
        let (values, problems) = sources.collect();
        let (defaults, _) = Sources::default().collect();
        Self {
            values,
            defaults,
            entries: BTreeMap::new(),
            problems,
        }
    }

    /// The value of a key that always has one.
    pub(crate) fn required<T>(&mut self, key: &'static str, form: &Form<T>) -> T {
        let read = self.read(key, form, false);
        let default = || (form.parse)(&written(self.defaults.get(key)?, form).ok()?);
        read.or_else(default)
            .expect("every key that is read has a default that fits; tests load it")
    }

    /// The value of a key that may be left empty.
    pub(crate) fn optional<T>(&mut self, key: &'static str, form: &Form<T>) -> Option<T> {
        self.read(key, form, true)
    }

    /// A secret given in place under `key` or in a file under `file_key`.
    pub(crate) fn secret(
        &mut self,
        key: &'static str,
        file_key: &'static str,
        form: &Form<SecretString>,
    ) -> Option<Secret> {
        let value = self.optional(key, form).map(Secret::Value);
        let file = self
            .optional(file_key, &value::path("/run/secrets/keepnet"))
            .map(Secret::File);
        value.or(file)
    }

    /// Reports that the value of `key` cannot be used, although it is well written.
    pub(crate) fn refuse(&mut self, key: &'static str, reason: &str, remedy: &str) {
        self.problems.push(Problem::Refused {
            key: key.to_owned(),
            source_name: self.source(key),
            reason: reason.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    /// The records of all keys in the order of `config/default.toml`, or all problems.
    pub(crate) fn finish(mut self) -> Result<Vec<Entry>, Vec<Problem>> {
        if self.problems.is_empty() {
            debug_assert!(
                known_keys().all(|known| self.entries.contains_key(known.name.as_str())),
                "a key of config/default.toml is not read"
            );
            Ok(known_keys()
                .filter_map(|known| self.entries.remove(known.name.as_str()))
                .collect())
        } else {
            Err(self.problems)
        }
    }

    fn read<T>(&mut self, key: &'static str, form: &Form<T>, may_be_empty: bool) -> Option<T> {
        let value = self.values.get(key)?;
        let text = match written(value, form) {
            Ok(text) => text,
            Err(found) => {
                let problem = self.unquoted(key, form, found);
                self.problems.push(problem);
                return None;
            }
        };
        let is_empty = text.is_empty();
        self.record(key, form, &text);
        if may_be_empty && is_empty {
            return None;
        }
        let parsed = (form.parse)(&text);
        if parsed.is_none() {
            self.problems.push(Problem::Malformed {
                key: key.to_owned(),
                source_name: self.source(key),
                value: shown_if_malformed(form, &text),
                expected: form.expected.clone(),
                example: format!("`{}`{}", form.example, form.meaning),
            });
        }
        parsed
    }

    fn record<T>(&mut self, key: &'static str, form: &Form<T>, text: &str) {
        let default = self
            .defaults
            .get(key)
            .and_then(|default| written(default, form).ok());
        let entry = Entry {
            key,
            value: (!text.is_empty()).then(|| shown(form.show, text)),
            source: self.source(key),
            is_secret: matches!(form.show, Show::SecretUrl | Show::Nothing),
            is_changed: default.as_deref() != Some(text),
        };
        self.entries.insert(key, entry);
    }

    fn unquoted<T>(&self, key: &str, form: &Form<T>, found: &'static str) -> Problem {
        let word = key.rsplit('.').next().unwrap_or(key);
        let value = match self.values.get(key).map(|value| &value.kind) {
            Some(kind) if form.show == Show::Plain => kind.to_string(),
            _ => form.example.to_owned(),
        };
        Problem::Unquoted {
            key: key.to_owned(),
            source_name: self.source(key),
            found,
            example: format!("{word} = \"{value}\""),
        }
    }

    fn source(&self, key: &str) -> String {
        let origin = self.values.get(key).and_then(Value::origin);
        origin.unwrap_or(DEFAULT_SOURCE).to_owned()
    }
}

/// The value as text, or what was written where text is expected.
fn written<T>(value: &Value, form: &Form<T>) -> Result<String, &'static str> {
    match &value.kind {
        ValueKind::String(text) => Ok(text.trim().to_owned()),
        ValueKind::Array(items) if form.is_list => {
            let words: Result<Vec<_>, _> = items.iter().map(|item| written(item, form)).collect();
            words.map(|words| words.join(","))
        }
        ValueKind::Array(_) => Ok(value.kind.to_string()),
        ValueKind::Boolean(_) if form.is_text => Err("a truth value"),
        _ if form.is_text => Err("a number"),
        kind => Ok(kind.to_string()),
    }
}

fn shown(show: Show, text: &str) -> String {
    match show {
        Show::Plain => one_line(text),
        Show::Nothing => REDACTED.to_owned(),
        Show::UrlTarget | Show::SecretUrl => {
            url_target(text).map_or_else(|| REDACTED.to_owned(), |target| one_line(&target))
        }
    }
}

fn shown_if_malformed<T>(form: &Form<T>, text: &str) -> Option<String> {
    match form.show {
        Show::Plain => Some(one_line(text)),
        Show::UrlTarget if !text.contains(['@', '?']) => Some(one_line(text)),
        Show::UrlTarget | Show::SecretUrl | Show::Nothing => None,
    }
}
