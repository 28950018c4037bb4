//! What the members of received objects are by their names, where the vendor's data has no fixed shape: the dimensions of
//! widgets, the columns of tables, custom fields.

use super::policy::Field;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Data of a person.
    Personal(Field),
    /// Something that is known to be about nobody.
    Impersonal,
    /// Nobody knows.
    Unknown,
}

/// Names of persons, as a whole name.
const NAMES: [&str; 19] = [
    "fullname",
    "firstname",
    "lastname",
    "middlename",
    "surname",
    "username",
    "displayname",
    "personname",
    "managername",
    "manager",
    "user",
    "person",
    "owner",
    "employee",
    "employeename",
    "createdby",
    "enrolledby",
    "targetuser",
    "targetusername",
];

/// What is in dimensions and is about nobody.
const IMPERSONAL: [&str; 34] = [
    "actionrange",
    "company",
    "companyname",
    "name",
    "campaign",
    "campaignname",
    "campaigns",
    "enrollmentname",
    "enrollments",
    "phishingtype",
    "trainingtype",
    "startdate",
    "enddate",
    "date",
    "benchmarklabel",
    "benchmarkcomparisonsentence",
    "label",
    "bands",
    "from",
    "to",
    "sourcesummary",
    "sourcebreakdown",
    "description",
    "definition",
    "level",
    "type",
    "status",
    "range",
    "group",
    "theme",
    "users",
    "incidents",
    "industry",
    "period",
];

/// How names of numbers end.
const NUMBERS: [&str; 11] = [
    "count",
    "score",
    "percentage",
    "percent",
    "rate",
    "time",
    "difference",
    "metrics",
    "average",
    "total",
    "x100",
];

/// The name in one spelling.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What a member of this name is, when its value is text (or is not known).
#[must_use]
pub fn meaning(name: &str) -> Meaning {
    let name = plain(name);
    if let Some(field) = personal_of(&name) {
        Meaning::Personal(field)
    } else if IMPERSONAL.contains(&name.as_str()) || is_number(&name) {
        Meaning::Impersonal
    } else {
        Meaning::Unknown
    }
}

/// What a member of this name is, when its value is a number: counts of e-mails are no addresses.
#[must_use]
pub fn meaning_of_number(name: &str) -> Meaning {
    match is_number(&plain(name)) {
        true => Meaning::Impersonal,
        false => meaning(name),
    }
}

/// The kind of personal data that a member of this name is, if it is one.
#[must_use]
pub fn personal(name: &str) -> Option<Field> {
    personal_of(&plain(name))
}

fn is_number(name: &str) -> bool {
    NUMBERS.iter().any(|end| name.ends_with(end))
}

fn personal_of(name: &str) -> Option<Field> {
    let has = |part: &str| name.contains(part);
    if has("mail") {
        Some(Field::Email)
    } else if has("phone") || has("mobile") || has("gsm") {
        Some(Field::Phone)
    } else if has("department") {
        Some(Field::Department)
    } else if NAMES.contains(&name) || has("fullname") || has("firstname") || has("lastname") {
        Some(Field::Name)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_members_say_what_they_are() {
        for (name, expected) in [
            ("email", Meaning::Personal(Field::Email)),
            ("E-Mail", Meaning::Personal(Field::Email)),
            ("managerFullName", Meaning::Personal(Field::Name)),
            ("Phone number", Meaning::Personal(Field::Phone)),
            ("departmentName", Meaning::Personal(Field::Department)),
            ("ActionRange", Meaning::Impersonal),
            ("Company", Meaning::Impersonal),
            ("totalDeliveredCount", Meaning::Impersonal),
            ("Finance", Meaning::Unknown),
            ("brandNew", Meaning::Unknown),
        ] {
            assert_eq!(meaning(name), expected, "{name}");
        }
        assert_eq!(
            meaning_of_number("reportedEmailsCount"),
            Meaning::Impersonal
        );
        assert_eq!(meaning_of_number("phone"), Meaning::Personal(Field::Phone));
    }
}
