//! The policy in one company: what `extract` asks before a value becomes a part of a row.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::erased::{Erased, Identity};
use super::member::{self, Meaning};
use super::payload;
use super::policy::{Field, Policy};
use crate::resource::Resource;
use crate::settings::{PersonalData, SurveyAnswers};

/// Members of a session that may hold what somebody wrote.
const WRITTEN_MEMBERS: [&str; 3] = ["interactions", "interactionsHumanReadable", "description"];
/// The member of a session that names who answered.
const ANSWERING: &str = "targetUserResourceId";

/// The policy in one company, and who was erased there.
#[derive(Debug, Clone)]
pub struct Guard {
    policy: Arc<Policy>,
    company_id: String,
    erased: Erased,
}

impl Guard {
    /// The guard of a company.
    #[must_use]
    pub fn new(policy: Arc<Policy>, company_id: &str, erased: Erased) -> Self {
        Self {
            policy,
            company_id: company_id.to_owned(),
            erased,
        }
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What is stored of a value.
    #[must_use]
    pub fn keep<'v>(&self, field: Field, value: Option<&'v str>) -> Option<Cow<'v, str>> {
        self.policy.keep(&self.company_id, field, value)
    }

    /// What is stored of the name of whoever made something; it may be a company's.
    #[must_use]
    pub fn author<'v>(&self, value: Option<&'v str>) -> Option<Cow<'v, str>> {
        let is_erased =
            self.is_erased(None, value) || value.is_some_and(|name| self.is_erased_name(name));
        self.keep(Field::Name, value).filter(|_| !is_erased)
    }

    /// What is stored of a text that may be an address.
    #[must_use]
    pub fn keep_unless_address<'v>(&self, value: Option<&'v str>) -> Option<Cow<'v, str>> {
        let field = value
            .filter(|value| value.contains('@'))
            .map(|_| Field::Email);
        match field {
            Some(field) => self.keep(field, value),
            None => value.map(Cow::from),
        }
    }

    /// What is stored of the value of a custom field; none: the field is not stored.
    #[must_use]
    pub fn custom_value<'v>(
        &self,
        name: Option<&str>,
        data_type: Option<&str>,
        value: Option<&'v str>,
    ) -> Option<Option<Cow<'v, str>>> {
        self.policy.has_custom_field(name).then(|| {
            self.policy
                .keep_custom_value(&self.company_id, (name, data_type), value)
        })
    }

    /// The id under which somebody's answers are stored.
    #[must_use]
    pub fn answering<'v>(&self, target_user_id: &'v str) -> Cow<'v, str> {
        self.policy.answering(&self.company_id, target_user_id)
    }

    /// Whether a person with this id or this address was erased.
    #[must_use]
    pub fn is_erased(&self, id: Option<&str>, email: Option<&str>) -> bool {
        self.erased
            .has_person(&self.policy, &self.company_id, id, email)
    }

    /// Whether JSON text names somebody who was erased.
    #[must_use]
    pub fn names_erased(&self, json: &str) -> bool {
        if self.erased.is_empty() {
            return false;
        }
        let value = serde_json::from_str(json).unwrap_or_else(|_| Value::from(json));
        self.erased
            .is_named_in(&self.policy, &self.company_id, &value)
    }

    /// Whether somebody of this full name was erased.
    #[must_use]
    pub fn is_erased_name(&self, name: &str) -> bool {
        (self.erased).has(&self.policy, &self.company_id, Identity::FullName, name)
    }

    /// What is kept of an item that could not be understood; none: nothing, not even that it was there.
    #[must_use]
    pub fn payload(&self, resource: Resource, received: String) -> Option<String> {
        if self.names_erased(&received) {
            return None;
        }
        if !self.policy.is_strict() {
            return Some(received);
        }
        let with_people =
            resource != Resource::Answers || self.policy.answers() == SurveyAnswers::Keep;
        Some(payload::shape(&received, with_people))
    }

    /// What is stored of members that have no column, of those that are known: all of them are told as JSON text.
    #[must_use]
    pub fn known_extra<'v>(
        &self,
        resource: Resource,
        known: Option<&'v str>,
    ) -> Option<Cow<'v, str>> {
        let known = known?;
        let Ok(Value::Object(mut members)) = serde_json::from_str(known) else {
            return None;
        };
        if resource == Resource::Answers {
            if self.policy.choice(Field::FreeText) != PersonalData::Keep {
                members.retain(|name, _| !WRITTEN_MEMBERS.contains(&name.as_str()));
            }
            if self.policy.answers() != SurveyAnswers::Keep {
                members.remove(ANSWERING);
            }
        }
        self.hide_addresses(&mut members);
        (!members.is_empty()).then(|| Value::Object(members).to_string().into())
    }

    /// Addresses in known members are treated as addresses wherever they are.
    fn hide_addresses(&self, members: &mut Map<String, Value>) {
        members.retain(|_, value| self.hide_address(value));
    }

    /// False: it goes.
    fn hide_address(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) if text.contains('@') => {
                let kept = self.keep(Field::Email, Some(text)).map(Cow::into_owned);
                kept.map(|kept| *text = kept).is_some()
            }
            Value::Array(elements) => {
                elements.retain_mut(|element| self.hide_address(element));
                true
            }
            Value::Object(members) => {
                self.hide_addresses(members);
                true
            }
            _ => true,
        }
    }

    /// What is stored of a dimension, or of notes, of a widget: JSON text of any shape.
    #[must_use]
    pub fn dimension<'v>(&self, json: Option<&'v str>) -> Option<Cow<'v, str>> {
        let json = json?;
        if !self.policy.is_strict() {
            return Some(json.into());
        }
        match serde_json::from_str(json).ok()? {
            Value::Object(members) => {
                let members = self.members(members);
                (!members.is_empty()).then(|| Value::Object(members).to_string().into())
            }
            // A lone value says nothing of what it is.
            Value::String(_) => None,
            other => Some(self.elements(other).to_string().into()),
        }
    }

    /// What is stored of a text that a widget gives under this name.
    #[must_use]
    pub fn widget_text<'v>(
        &self,
        name: Option<&str>,
        text: Option<&'v str>,
    ) -> Option<Cow<'v, str>> {
        let text = text?;
        if !self.policy.is_strict() {
            return Some(text.into());
        }
        match member::meaning(name.unwrap_or_default()) {
            Meaning::Personal(field) => self.keep(field, Some(text)),
            _ if text.contains('@') => self.keep(Field::Email, Some(text)),
            Meaning::Impersonal => Some(text.into()),
            Meaning::Unknown => text.trim().parse::<f64>().is_ok().then(|| text.into()),
        }
    }

    /// Whether a number that a widget gives under this name is stored.
    #[must_use]
    pub fn has_widget_number(&self, name: Option<&str>) -> bool {
        let field = name.and_then(member::personal);
        field != Some(Field::Phone) || self.policy.choice(Field::Phone) == PersonalData::Keep
    }

    /// What is stored of a name or a label of a widget's value.
    #[must_use]
    pub fn widget_name<'v>(&self, name: Option<&'v str>) -> Option<Cow<'v, str>> {
        self.keep_unless_address(name)
    }

    fn members(&self, members: Map<String, Value>) -> Map<String, Value> {
        let is_person = |name: &str| member::personal(name) == Some(Field::Name);
        // Beside an address and no other name, `name` is the person's.
        let names_person = members
            .keys()
            .any(|name| member::personal(name) == Some(Field::Email))
            && !members.keys().any(|name| is_person(name));
        members
            .into_iter()
            .filter(|(name, _)| !name.contains('@'))
            .filter_map(|(name, value)| {
                let is_name = names_person && name.eq_ignore_ascii_case("name");
                let meaning = match &value {
                    _ if is_name => Meaning::Personal(Field::Name),
                    Value::Number(_) | Value::Bool(_) => member::meaning_of_number(&name),
                    _ => member::meaning(&name),
                };
                let value = match (meaning, value) {
                    (_, Value::Null) => Some(Value::Null),
                    (Meaning::Unknown, _) => None,
                    (Meaning::Personal(field), Value::String(text)) => self
                        .keep(field, Some(&text))
                        .map(|kept| Value::from(&*kept)),
                    (Meaning::Personal(field), Value::Number(number)) => {
                        let text = number.to_string();
                        let kept = self.keep(field, Some(&text));
                        kept.map(|kept| match *kept == text {
                            true => Value::Number(number),
                            false => Value::from(&*kept),
                        })
                    }
                    (Meaning::Personal(field), other) => {
                        (self.policy.choice(field) == PersonalData::Keep).then_some(other)
                    }
                    (Meaning::Impersonal, other) => self.impersonal(other),
                };
                value.map(|value| (name, value))
            })
            .collect()
    }

    fn impersonal(&self, value: Value) -> Option<Value> {
        match value {
            Value::String(text) if text.contains('@') => self
                .keep(Field::Email, Some(&text))
                .map(|kept| Value::from(&*kept)),
            other => Some(self.elements(other)),
        }
    }

    fn elements(&self, value: Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.members(members)),
            Value::Array(elements) => {
                let elements = elements.into_iter();
                Value::Array(elements.filter_map(|one| self.impersonal(one)).collect())
            }
            other => other,
        }
    }
}
