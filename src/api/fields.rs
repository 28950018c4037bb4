//! Taking a received JSON object apart, member by member.
//!
//! Every member is optional, null is absent, numbers and booleans are read leniently, and what nobody took is
//! kept: it becomes the row's `extra`. A member that cannot be what it should be names its JSON path.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::dates::{DateReader, Reading};
use super::extra::Extra;
use super::json::{type_name, value_of};

/// Longest id, in bytes: up to six of them are the key of a table, and an index holds some 2,700 bytes per row.
const MAX_ID_BYTES: usize = 256;
/// Longest of the texts that are keys beside ids (tags, languages).
const MAX_KEY_TEXT_BYTES: usize = 1_024;

/// Why an item is refused whose date has the other order of day and month than the account's.
pub const DATE_CONTRADICTION: &str =
    "the date has day and month the other way round than the account's date format";

/// Why an item could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct ItemError {
    /// Where in the item, such as `$.reportDetail.completedCount`.
    pub path: String,
    /// What is wrong there. Holds no received text.
    pub reason: String,
    /// The kind of trouble.
    pub kind: ItemErrorKind,
}

/// The kind of trouble with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemErrorKind {
    /// Its shape.
    Shape,
    /// A date of the other order of day and month than the account's.
    DateContradiction,
    /// A date, while the account's format is not decided.
    DateUndecided,
}

/// The members of one object that were not taken yet.
#[derive(Debug)]
pub struct Fields<'d> {
    members: Map<String, Value>,
    path: String,
    dates: &'d DateReader,
}

impl<'d> Fields<'d> {
    /// Opens a received object.
    pub fn open(raw: &RawValue, dates: &'d DateReader) -> Result<Self, ItemError> {
        let value = value_of(raw.get())
            .map_err(|error| shape("$", format!("it is no JSON that can be read ({error})")))?;
        Self::of("$".to_owned(), value, dates)
    }

    fn of(path: String, value: Value, dates: &'d DateReader) -> Result<Self, ItemError> {
        match value {
            Value::Object(members) => Ok(Self {
                members,
                path,
                dates,
            }),
            other => Err(shape(
                &path,
                format!("expected an object, found {}", type_name(&other)),
            )),
        }
    }

    /// Takes a member; null is absent.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> ItemError {
        shape(
            &format!("{}.{name}", self.path),
            format!("expected {expected}, found {}", type_name(found)),
        )
    }

    /// Text, as it is; `""` is not absent.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, ItemError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "text", &other)),
        }
    }

    /// An id: text that is not empty, or a number.
    pub fn id(&mut self, name: &str) -> Result<Option<String>, ItemError> {
        match self.take(name) {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) if text.len() > MAX_ID_BYTES => Err(shape(
                &format!("{}.{name}", self.path),
                format!("the id is longer than {MAX_ID_BYTES} bytes"),
            )),
            Some(Value::String(text)) => Ok(Some(text)),
            None => Ok(None),
            Some(other) => Err(self.wrong(name, "an id", &other)),
        }
    }

    /// The first of these members that holds an id; the object is useless without one.
    pub fn required_id(&mut self, names: &[&str]) -> Result<String, ItemError> {
        for name in names {
            if let Some(id) = self.id(name)? {
                return Ok(id);
            }
        }
        Err(shape(
            &format!("{}.{}", self.path, names[0]),
            "the id is missing".to_owned(),
        ))
    }

    /// Text, or a number or boolean as text: for members whose documented type varies.
    pub fn scalar_text(&mut self, name: &str) -> Result<Option<String>, ItemError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(boolean)) => Ok(Some(boolean.to_string())),
            Some(other) => Err(self.wrong(name, "text", &other)),
        }
    }

    /// A whole number, also written as text or with a zero fraction.
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, ItemError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        match integer_of(&value) {
            Some(integer) => Ok(integer),
            None => Err(self.wrong(name, "a whole number", &value)),
        }
    }

    /// A whole number; anything else stays among the untaken members.
    pub fn integer_if_any(&mut self, name: &str) -> Option<i64> {
        let value = self.take(name)?;
        integer_of(&value).unwrap_or_else(|| {
            self.members.insert(name.to_owned(), value);
            None
        })
    }

    /// A number, also written as text.
    pub fn number(&mut self, name: &str) -> Result<Option<f64>, ItemError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64()),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Some(number)),
                _ => Err(self.wrong(name, "a number", &Value::String(text))),
            },
            Some(other) => Err(self.wrong(name, "a number", &other)),
        }
    }

    /// A boolean, also written as 0 or 1 or as text.
    pub fn boolean(&mut self, name: &str) -> Result<Option<bool>, ItemError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let read = match &value {
            Value::Bool(boolean) => Some(*boolean),
            Value::Number(number) => match number.as_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                "" => return Ok(None),
                _ => None,
            },
            _ => None,
        };
        match read {
            Some(boolean) => Ok(Some(boolean)),
            None => Err(self.wrong(name, "true or false", &value)),
        }
    }

    /// A date by the account's format. What is no date stays among the untaken members.
    pub fn instant(&mut self, name: &str) -> Result<Option<DateTime<Utc>>, ItemError> {
        self.dated(name, |dates, text| match dates.read(text) {
            Reading::Instant(instant) => Ok(instant),
            other => Err(other),
        })
    }

    /// The day of a date by the account's format, as it is written. What is no date stays among the untaken members.
    pub fn day(&mut self, name: &str) -> Result<Option<NaiveDate>, ItemError> {
        self.dated(name, DateReader::day)
    }

    fn dated<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&DateReader, &str) -> Result<T, Reading>,
    ) -> Result<Option<T>, ItemError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let Value::String(text) = value else {
            return Err(self.wrong(name, "a date", &value));
        };
        let error = |kind, reason: &str| {
            Err(ItemError {
                path: format!("{}.{name}", self.path),
                reason: reason.to_owned(),
                kind,
            })
        };
        match read(self.dates, &text) {
            Ok(date) => Ok(Some(date)),
            Err(Reading::Instant(_) | Reading::Nothing) => Ok(None),
            Err(Reading::Unreadable) => {
                self.members.insert(name.to_owned(), Value::String(text));
                Ok(None)
            }
            Err(Reading::Contradiction) => {
                error(ItemErrorKind::DateContradiction, DATE_CONTRADICTION)
            }
            Err(Reading::Undecided) => error(
                ItemErrorKind::DateUndecided,
                "the order of day and month in this account's dates is not decided",
            ),
        }
    }

    /// A list of short texts (or numbers); an element that is neither is an error.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>, ItemError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(elements)) => elements
                .into_iter()
                .enumerate()
                .filter(|(_, element)| !element.is_null())
                .map(|(index, element)| match element {
                    Value::String(text) if text.len() <= MAX_KEY_TEXT_BYTES => Ok(text),
                    Value::Number(number) => Ok(number.to_string()),
                    other => {
                        let expected = format!("text of at most {MAX_KEY_TEXT_BYTES} bytes");
                        Err(self.wrong(&format!("{name}[{index}]"), &expected, &other))
                    }
                })
                .collect(),
            Some(other) => Err(self.wrong(name, "a list", &other)),
        }
    }

    /// Any value.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        self.take(name)
    }

    /// Any value, as JSON text. An empty list is none.
    pub fn json(&mut self, name: &str) -> Option<String> {
        self.take(name)
            .filter(|value| value.as_array().is_none_or(|list| !list.is_empty()))
            .map(|value| value.to_string())
    }

    /// Puts a value among the untaken members.
    pub fn keep(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }

    /// Forgets members that say nothing that is not said elsewhere, or that must not be stored; case is ignored.
    pub fn forget(&mut self, names: &[&str]) {
        self.members
            .retain(|name, _| !names.iter().any(|one| one.eq_ignore_ascii_case(name)));
    }

    /// Forgets lists without elements, which some items are full of.
    pub fn forget_empty_lists(&mut self) {
        self.members
            .retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
    }

    /// All untaken members, as one object; `None` when there are none.
    #[must_use]
    pub fn into_rest(mut self) -> Option<Value> {
        self.members.retain(|_, value| !value.is_null());
        (!self.members.is_empty()).then_some(Value::Object(self.members))
    }

    /// All members that were not taken, as JSON text.
    #[must_use]
    pub fn received(&self) -> String {
        serde_json::to_string(&self.members).unwrap_or_default()
    }

    /// All members that were not taken, nulls included.
    #[must_use]
    pub fn into_members(self) -> Map<String, Value> {
        self.members
    }

    /// Takes members out of the object `name`; what is left of it stays among the untaken members.
    pub fn object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields<'_>) -> Result<T, ItemError>,
    ) -> Result<Option<T>, ItemError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let mut inner = Fields::of(format!("{}.{name}", self.path), value, self.dates)?;
        let taken = read(&mut inner)?;
        if !inner.members.is_empty() {
            self.members
                .insert(name.to_owned(), Value::Object(inner.members));
        }
        Ok(Some(taken))
    }

    /// Reads each object of the list `name`; a lone object is a list of one. Elements keep what is left of them
    /// themselves.
    pub fn objects<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(Fields<'_>) -> Result<T, ItemError>,
    ) -> Result<Vec<T>, ItemError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(element @ Value::Object(_)) => Ok(vec![read(Fields::of(
                format!("{}.{name}", self.path),
                element,
                self.dates,
            )?)?]),
            Some(Value::Array(elements)) => elements
                .into_iter()
                .enumerate()
                .filter(|(_, element)| !element.is_null())
                .map(|(index, element)| {
                    read(Fields::of(
                        format!("{}.{name}[{index}]", self.path),
                        element,
                        self.dates,
                    )?)
                })
                .collect(),
            Some(other) => Err(self.wrong(name, "a list", &other)),
        }
    }

    /// The same; a list of anything else stays among the untaken members.
    pub fn objects_if_any<T>(
        &mut self,
        name: &str,
        read: impl FnMut(Fields<'_>) -> Result<T, ItemError>,
    ) -> Result<Vec<T>, ItemError> {
        let are_objects = match self.members.get(name) {
            Some(Value::Array(elements)) => elements
                .iter()
                .all(|element| element.is_object() || element.is_null()),
            Some(value) => value.is_object() || value.is_null(),
            None => true,
        };
        if are_objects {
            self.objects(name, read)
        } else {
            Ok(Vec::new())
        }
    }

    /// Names of the untaken members and every text among them.
    pub fn visit_texts(&self, visit: &mut impl FnMut(&str)) {
        fn walk(value: &Value, visit: &mut impl FnMut(&str)) {
            match value {
                Value::String(text) => visit(text),
                Value::Array(elements) => elements.iter().for_each(|element| walk(element, visit)),
                Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
                _ => {}
            }
        }
        self.members.values().for_each(|value| walk(value, visit));
    }

    /// What was not taken, for the `extra` column. Members named in `documented` are known to exist and are
    /// kept without a report; nulls are no members.
    #[must_use]
    pub fn into_extra(self, documented: &[&str]) -> Extra {
        Extra::of(&self.path, self.members, documented)
    }
}

/// `None`: not a whole number. `Some(None)`: empty.
fn integer_of(value: &Value) -> Option<Option<i64>> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let whole =
        |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(Some(number as i64));
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Some(Some(integer)),
            None => whole(number.as_f64()?),
        },
        Value::String(text) => match text.trim() {
            "" => Some(None),
            text => text
                .parse()
                .map(Some)
                .ok()
                .or_else(|| whole(text.parse().ok()?)),
        },
        _ => None,
    }
}

fn shape(path: &str, reason: String) -> ItemError {
    ItemError {
        path: path.to_owned(),
        reason,
        kind: ItemErrorKind::Shape,
    }
}
