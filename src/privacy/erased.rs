//! Who was erased in one company, known by keyed hashes only.

use std::collections::HashSet;

use serde_json::Value;

use super::key::Key;
use super::policy::{Field, HASH_PREFIX, Policy, is_masked};

/// What a person is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The vendor's id of the target user.
    Id,
    /// The e-mail address.
    Email,
    /// First and last name, where an item of the vendor shows nothing better.
    FullName,
}

impl Identity {
    /// The word in the table and in the log of erasures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Email => "email",
            Self::FullName => "name",
        }
    }

    /// The identity of this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Id, Self::Email, Self::FullName]
            .into_iter()
            .find(|identity| identity.name() == name)
    }
}

/// The people who were erased in one company.
#[derive(Debug, Clone, Default)]
pub struct Erased(HashSet<String>);

impl Erased {
    /// Those with these hashes.
    #[must_use]
    pub fn new(hashes: impl IntoIterator<Item = String>) -> Self {
        Self(hashes.into_iter().collect())
    }

    /// True when nobody was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody known by this was erased.
    #[must_use]
    pub fn has(&self, policy: &Policy, company_id: &str, identity: Identity, value: &str) -> bool {
        !self.0.is_empty()
            && policy
                .erasure(company_id, identity, value)
                .is_some_and(|hash| self.0.contains(&hash))
    }

    /// Whether a person with this id or this address was erased.
    #[must_use]
    pub fn has_person(
        &self,
        policy: &Policy,
        company_id: &str,
        id: Option<&str>,
        email: Option<&str>,
    ) -> bool {
        let has = |identity, value: Option<&str>| {
            value.is_some_and(|value| self.has(policy, company_id, identity, value))
        };
        has(Identity::Id, id) || has(Identity::Email, email)
    }

    /// Whether somewhere in this value somebody is named who was erased. Names count where no address is beside them.
    #[must_use]
    pub fn is_named_in(&self, policy: &Policy, company_id: &str, value: &Value) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let mut texts = Vec::new();
        let mut names = Vec::new();
        collect(value, &mut texts, &mut names);
        texts
            .iter()
            .any(|text| self.has_person(policy, company_id, Some(text), Some(text)))
            || names
                .iter()
                .any(|name| self.has(policy, company_id, Identity::FullName, name))
    }
}

/// Texts that may be an id or an address, and full names of objects without an address.
fn collect(value: &Value, texts: &mut Vec<String>, names: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(elements) => elements.iter().for_each(|one| collect(one, texts, names)),
        Value::Object(members) => {
            let text = |name: &str| {
                let found = members
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.and_then(|(_, value)| value.as_str())
            };
            let has_address = text("email").is_some_and(|email| email.contains('@'));
            if !has_address {
                names.extend(text("fullName").map(str::to_owned));
                if let (Some(first), Some(last)) = (text("firstName"), text("lastName")) {
                    names.push(format!("{first} {last}"));
                }
            }
            for (key, value) in members {
                texts.push(key.clone());
                collect(value, texts, names);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

impl Policy {
    /// The hash by which an erased person is known; none without a key, and for what names nobody.
    #[must_use]
    pub fn erasure(&self, company_id: &str, identity: Identity, value: &str) -> Option<String> {
        let key: &Key = self.key()?;
        let value = value.trim();
        let known_by = match identity {
            _ if value.is_empty() => return None,
            Identity::Id => value.to_owned(),
            Identity::FullName => value.to_lowercase(),
            Identity::Email if is_masked(value) => return None,
            // By its hash, so that a stored one tells the same.
            Identity::Email if value.starts_with(HASH_PREFIX) => value.to_owned(),
            Identity::Email => self.hash(company_id, Field::Email, value)?,
        };
        Some(key.digest(&["erasure", identity.name(), company_id, &known_by]))
    }
}
