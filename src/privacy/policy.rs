//! What becomes of a value: kept, hashed or dropped.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::key::{Key, KeyError};
use super::member;
use crate::settings::{CustomFields, PersonalData, PrivacySettings, SurveyAnswers};

/// What stands in front of every hash, so that it is taken for nothing else and never hashed again.
pub const HASH_PREFIX: &str = "hash:";

/// What stands in front of every pseudonym.
const PSEUDONYM_PREFIX: &str = "pseudonym:";

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// An e-mail address.
    Email,
    /// A name, or a part of one.
    Name,
    /// A phone number.
    Phone,
    /// A department.
    Department,
    /// Text that a person wrote.
    FreeText,
}

impl Field {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Email,
        Self::Name,
        Self::Phone,
        Self::Department,
        Self::FreeText,
    ];

    /// The word of its setting.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Department => "department",
            Self::FreeText => "free_text",
        }
    }
}

/// What the settings say about people's data.
#[derive(Debug, Clone)]
pub struct Policy {
    choices: [PersonalData; 5],
    answers: SurveyAnswers,
    custom_fields: CustomFields,
    tracking_info: bool,
    key: Option<Key>,
}

impl Policy {
    /// The policy of these settings; reads the key, and fails without one that is needed.
    pub fn read(settings: &PrivacySettings) -> Result<Self, KeyError> {
        let policy = Self {
            choices: [
                settings.email,
                settings.name,
                settings.phone,
                settings.department,
                settings.free_text,
            ],
            answers: settings.survey_answers,
            custom_fields: settings.custom_fields.clone(),
            tracking_info: settings.tracking_info,
            key: Key::read(settings)?,
        };
        match policy.needs_key() {
            Some(doing) if policy.key.is_none() => Err(KeyError::Missing { doing }),
            _ => Ok(policy),
        }
    }

    /// Everything is stored as it comes.
    #[must_use]
    pub const fn of_everything(tracking_info: bool) -> Self {
        Self {
            choices: [PersonalData::Keep; 5],
            answers: SurveyAnswers::Keep,
            custom_fields: CustomFields::All,
            tracking_info,
            key: None,
        }
    }

    fn needs_key(&self) -> Option<String> {
        let hashed = Field::ALL
            .into_iter()
            .find(|field| self.choice(*field) == PersonalData::Hash);
        match (hashed, self.answers) {
            (Some(field), _) => Some(format!("follow privacy.{} = hash", field.name())),
            (None, SurveyAnswers::Pseudonymise) => {
                Some("follow privacy.survey_answers = pseudonymise".to_owned())
            }
            _ => None,
        }
    }

    /// What is decided for a kind of data.
    #[must_use]
    pub const fn choice(&self, field: Field) -> PersonalData {
        self.choices[field as usize]
    }

    /// What is decided for answers.
    #[must_use]
    pub const fn answers(&self) -> SurveyAnswers {
        self.answers
    }

    /// What is decided for custom fields.
    #[must_use]
    pub const fn custom_fields(&self) -> &CustomFields {
        &self.custom_fields
    }

    /// Whether it is stored from where and with what something was done.
    #[must_use]
    pub const fn tracking_info(&self) -> bool {
        self.tracking_info
    }

    /// The key, if one is configured.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Whether anything is stored less than as it was received. Then what nobody knows is not stored at all: it may be just
    /// what must not be. Tracking data is known by its names, and no reason.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.choices
            .iter()
            .any(|choice| *choice != PersonalData::Keep)
            || self.answers != SurveyAnswers::Keep
            || self.custom_fields != CustomFields::All
    }

    /// What is stored of a value. An empty one says nothing of anybody; a masked address is never hashed.
    #[must_use]
    pub fn keep<'v>(
        &self,
        company_id: &str,
        field: Field,
        value: Option<&'v str>,
    ) -> Option<Cow<'v, str>> {
        let value = value?;
        match self.choice(field) {
            _ if value.trim().is_empty() => Some(value.into()),
            PersonalData::Keep => Some(value.into()),
            PersonalData::Drop => None,
            PersonalData::Hash if value.starts_with(HASH_PREFIX) => Some(value.into()),
            PersonalData::Hash if field == Field::Email && is_masked(value) => Some(value.into()),
            PersonalData::Hash => self.hash(company_id, field, value).map(Cow::from),
        }
    }

    /// The hash of a value: the same for the same person within a company.
    pub(super) fn hash(&self, company_id: &str, field: Field, value: &str) -> Option<String> {
        let value = match field {
            Field::Email => normalised_address(value).into(),
            _ => Cow::from(value),
        };
        let digest = self.key.as_ref()?.digest(&[company_id, &value]);
        Some(format!("{HASH_PREFIX}{digest}"))
    }

    /// The id under which somebody's answers are stored.
    #[must_use]
    pub fn answering<'v>(&self, company_id: &str, target_user_id: &'v str) -> Cow<'v, str> {
        let is_pseudonym = target_user_id.starts_with(PSEUDONYM_PREFIX);
        match (&self.key, self.answers) {
            (Some(key), SurveyAnswers::Pseudonymise) if !is_pseudonym => {
                pseudonym(key, company_id, target_user_id).into()
            }
            _ => target_user_id.into(),
        }
    }

    /// Every id under which something of this person may be stored, whatever the settings were.
    #[must_use]
    pub fn ids_of(&self, company_id: &str, target_user_id: &str) -> Vec<String> {
        let alias = (self.key.as_ref()).map(|key| pseudonym(key, company_id, target_user_id));
        [target_user_id.to_owned()]
            .into_iter()
            .chain(alias)
            .collect()
    }

    /// Whether a custom field of this name is stored.
    #[must_use]
    pub fn has_custom_field(&self, name: Option<&str>) -> bool {
        match &self.custom_fields {
            CustomFields::All => true,
            CustomFields::Only(names) => {
                name.is_some_and(|name| names.iter().any(|one| one == name))
            }
        }
    }

    /// What is stored of the value of a custom field: what its type, its name or its look say it is.
    #[must_use]
    pub fn keep_custom_value<'v>(
        &self,
        company_id: &str,
        (name, data_type): (Option<&str>, Option<&str>),
        value: Option<&'v str>,
    ) -> Option<Cow<'v, str>> {
        let is_address = data_type.is_some_and(|kind| kind.eq_ignore_ascii_case("email"))
            || value.is_some_and(|value| value.contains('@'));
        let field = if is_address {
            Some(Field::Email)
        } else {
            name.and_then(member::personal)
        };
        match field {
            Some(field) => self.keep(company_id, field, value),
            None => value.map(Cow::from),
        }
    }

    /// What is decided, for the record and for people; holds no secret.
    #[must_use]
    pub fn record(&self) -> Value {
        let mut record = serde_json::Map::new();
        for field in Field::ALL {
            let word = match self.choice(field) {
                PersonalData::Keep => "keep",
                PersonalData::Hash => "hash",
                PersonalData::Drop => "drop",
            };
            record.insert(field.name().to_owned(), word.into());
        }
        let answers = match self.answers {
            SurveyAnswers::Keep => "keep",
            SurveyAnswers::Pseudonymise => "pseudonymise",
            SurveyAnswers::Drop => "drop",
        };
        record.insert("survey_answers".to_owned(), answers.into());
        let names = match &self.custom_fields {
            CustomFields::All => json!("*"),
            CustomFields::Only(names) => {
                let mut names = names.clone();
                names.sort_unstable();
                names.dedup();
                json!(names)
            }
        };
        record.insert("custom_fields".to_owned(), names);
        record.insert("tracking_info".to_owned(), self.tracking_info.into());
        Value::Object(record)
    }

    /// The key that what is stored hangs on, if it does.
    #[must_use]
    pub fn key_check(&self) -> Option<String> {
        self.needs_key().and(self.key.as_ref()).map(Key::check)
    }
}

/// How somebody is named in the tables of answers.
fn pseudonym(key: &Key, company_id: &str, target_user_id: &str) -> String {
    let digest = key.digest(&["pseudonym", company_id, target_user_id]);
    format!("{PSEUDONYM_PREFIX}{digest}")
}

/// The vendor can show addresses as `a*********m`.
pub(super) fn is_masked(address: &str) -> bool {
    address.contains('*') && !address.contains('@')
}

/// One spelling of an address.
pub(super) fn normalised_address(address: &str) -> String {
    address.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(choice: PersonalData) -> Policy {
        Policy {
            choices: [choice; 5],
            answers: SurveyAnswers::Pseudonymise,
            custom_fields: CustomFields::Only(vec!["Site".to_owned()]),
            tracking_info: false,
            key: Some(Key::of("0123456789abcdef0123456789abcdef")),
        }
    }

    #[test]
    fn a_person_has_one_hash_within_a_company_and_another_in_the_next() {
        let policy = policy(PersonalData::Hash);
        let hash = |company, address| policy.keep(company, Field::Email, Some(address)).unwrap();
        assert_eq!(hash("a", "Ada@Example.com "), hash("a", "ada@example.COM"));
        assert_ne!(hash("a", "ada@example.com"), hash("b", "ada@example.com"));
        assert_ne!(hash("a", "ada@example.com"), hash("a", "bo@example.com"));
        assert!(hash("a", "ada@example.com").starts_with(HASH_PREFIX));
        let once = hash("a", "ada@example.com").into_owned();
        assert_eq!(hash("a", &once), once, "a hash is not hashed");
    }

    #[test]
    fn a_masked_address_and_nothing_are_never_hashed() {
        let policy = policy(PersonalData::Hash);
        let keep = |value| policy.keep("a", Field::Email, value).map(Cow::into_owned);
        assert_eq!(keep(Some("a*********m")).as_deref(), Some("a*********m"));
        assert_eq!(keep(Some("")).as_deref(), Some(""));
        assert_eq!(keep(None), None);
        // A login name is no masked address.
        assert!(keep(Some("ada")).is_some_and(|hash| hash.starts_with(HASH_PREFIX)));
        let name = policy.keep("a", Field::Name, Some("a*b"));
        assert!(name.is_some_and(|hash| hash.starts_with(HASH_PREFIX)));
    }

    #[test]
    fn what_is_dropped_is_gone_and_what_is_kept_is_as_it_was() {
        for field in Field::ALL {
            let dropped = policy(PersonalData::Drop);
            assert_eq!(dropped.keep("a", field, Some("x*y")), None);
            let kept = policy(PersonalData::Keep);
            assert_eq!(kept.keep("a", field, Some("X")).as_deref(), Some("X"));
        }
    }

    #[test]
    fn a_custom_field_is_what_its_type_its_name_or_its_look_say() {
        let policy = policy(PersonalData::Drop);
        let keep = |name, kind, value| {
            policy.keep_custom_value("a", (Some(name), Some(kind)), Some(value))
        };
        assert_eq!(keep("Site", "String", "North").as_deref(), Some("North"));
        assert_eq!(keep("Site", "Email", "x"), None);
        assert_eq!(keep("Site", "String", "x@y.example"), None);
        assert_eq!(keep("Mobile phone", "Number", "15550100"), None);
        assert_eq!(keep("Department", "String", "IT"), None);
        assert!(policy.has_custom_field(Some("Site")));
        assert!(!policy.has_custom_field(Some("site")) && !policy.has_custom_field(None));
    }

    #[test]
    fn answers_have_a_pseudonym_that_is_not_made_twice() {
        let policy = policy(PersonalData::Keep);
        let one = policy.answering("a", "user").into_owned();
        assert_ne!(one, "user");
        assert_eq!(policy.answering("a", &one), one);
        assert_ne!(policy.answering("b", "user"), one);
        assert_eq!(policy.ids_of("a", "user"), ["user".to_owned(), one]);
    }
}
