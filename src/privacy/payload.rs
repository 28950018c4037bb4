//! What is kept of an item that could not be understood, while something of people is not to be stored: its shape. The
//! members that say what it is about and when keep their values; of all others only the type is told.

use serde_json::{Map, Value};

/// Members whose lists and objects are looked into.
const CONTAINERS: [&str; 24] = [
    "results",
    "children",
    "steps",
    "reportdetail",
    "trainingdetails",
    "enrollmentscheduler",
    "customfieldvalues",
    "interactionshumanreadable",
    "interactions",
    "answers",
    "questions",
    "group",
    "groups",
    "metrics",
    "widgets",
    "widgetdatas",
    "values",
    "dataobject",
    "tablevalues",
    "tabledefinitions",
    "trainingroles",
    "smssummary",
    "coverimage",
    "trackinginfo",
];

/// Members that keep their values, beside ids, dates, counts and statuses, which are known by how they end.
const PLAIN: [&str; 17] = [
    "type",
    "source",
    "datatype",
    "deliverytype",
    "widgettype",
    "charttype",
    "status",
    "statusname",
    "examstatus",
    "examstatusname",
    "trainingtypename",
    "examscore",
    "stepnumber",
    "trainingorder",
    "position",
    "latency",
    "result",
];

/// How names of members end that keep their values.
const ENDS: [&str; 4] = ["id", "date", "time", "count"];

/// The shape of an item, as JSON text; empty when it is none. Ids of people are left out, too, unless `with_people`.
#[must_use]
pub fn shape(received: &str, with_people: bool) -> String {
    serde_json::from_str::<Value>(received).map_or_else(
        |_| String::new(),
        |value| shape_of(value, with_people).to_string(),
    )
}

fn shape_of(value: Value, with_people: bool) -> Value {
    match value {
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .into_iter()
                .filter(|(name, _)| !name.contains('@'))
                .map(|(name, value)| {
                    let value = member(&name.to_lowercase(), value, with_people);
                    (name, value)
                })
                .collect();
            Value::Object(members)
        }
        Value::Array(elements) => {
            let elements = elements.into_iter();
            Value::Array(elements.map(|one| shape_of(one, with_people)).collect())
        }
        other => type_of(&other),
    }
}

fn member(name: &str, value: Value, with_people: bool) -> Value {
    let is_person = name.contains("user");
    match value {
        Value::Object(_) | Value::Array(_) if CONTAINERS.contains(&name) => {
            shape_of(value, with_people)
        }
        Value::Null | Value::Bool(_) => value,
        Value::String(ref text) if text.contains('@') || text.contains(char::is_control) => {
            type_of(&value)
        }
        Value::String(_) | Value::Number(_)
            if (with_people || !is_person)
                && (PLAIN.contains(&name) || ENDS.iter().any(|end| name.ends_with(end))) =>
        {
            value
        }
        other => type_of(&other),
    }
}

fn type_of(value: &Value) -> Value {
    let word = match value {
        Value::Null => return Value::Null,
        Value::Bool(_) => "(a boolean)",
        Value::Number(_) => "(a number)",
        Value::String(_) => "(text)",
        Value::Array(_) => "(a list)",
        Value::Object(_) => "(an object)",
    };
    word.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_tells_what_it_is_about_and_nothing_of_anybody() {
        let received = r#"{"targetUserResourceId":"u1","email":"ada@example.com","firstName":"Ada",
            "phoneNumber":15550100,"status":"Completed","lastInteractionDate":"31/12/2026",
            "customFieldValues":[{"resourceId":"cf1","name":"Site","value":"North"}],
            "news":{"ada@example.com":1,"Ada":2},"isMainScore":true,"department":null}"#;
        let shape_with =
            |with_people| serde_json::from_str::<Value>(&shape(received, with_people)).unwrap();
        let shaped = shape_with(true);
        assert_eq!(shaped["targetUserResourceId"], "u1");
        assert_eq!(shaped["status"], "Completed");
        assert_eq!(shaped["lastInteractionDate"], "31/12/2026");
        assert_eq!(shaped["customFieldValues"][0]["value"], "(text)");
        assert_eq!(shaped["news"], "(an object)");
        let text = shaped.to_string();
        for told in ["ada@", "Ada", "15550100", "North", "Site"] {
            assert!(!text.contains(told), "{told} in {text}");
        }
        assert_eq!(shape_with(false)["targetUserResourceId"], "(text)");
        assert_eq!(shape("{\"a\":", true), "");
    }
}
