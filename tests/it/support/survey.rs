//! A survey with its users, its sessions and their answers, as the vendor shows them.

use serde_json::{Value, json};

use super::vendor::{Vendor, enrollments, ok, page, users};

/// The survey of vector 11.
pub const SURVEY: &str = "11111111-2222-4333-8444-555555555501";

/// A row of the users' report.
pub fn user(id: &str, status: &str) -> Value {
    json!({"targetUserResourceId": id, "status": status})
}

/// A vendor whose only enrollment is [`SURVEY`], which these users have completed.
pub async fn completed_by(ids: &[&str]) -> Vendor {
    let rows: Vec<Value> = ids.iter().map(|id| user(id, "Completed")).collect();
    reported(&rows).await
}

/// The same with these rows in the users' report.
pub async fn reported(rows: &[Value]) -> Vendor {
    let vendor = Vendor::start().await;
    let survey = json!({"enrollmentId": SURVEY, "type": "Survey"});
    vendor.on(enrollments(), ok(page(&[survey]))).await;
    vendor.on(users(SURVEY), ok(page(rows))).await;
    vendor
}

/// An answer that lists these items.
pub fn data(items: &[Value]) -> String {
    json!({"data": items, "status": "SUCCESS"}).to_string()
}

/// A session with these answers and, when there are any, these questions.
pub fn session(id: &str, answers: &[Value], questions: &[Value]) -> Value {
    let mut session = json!({
        "enrollmentSessionId": id,
        "enrollmentSessionCreatedAt": "17/05/2026 21:39",
        "interactionsHumanReadable": answers,
    });
    if !questions.is_empty() {
        session["questions"] =
            json!([{"patern": "https://cdn.example.com/secret", "questions": questions}]);
    }
    session
}

/// An answer of this type to a question; the options that end in `*` are the user's.
pub fn answer(question: &str, kind: &str, options: &[&str]) -> Value {
    let options: Vec<Value> = options
        .iter()
        .map(|option| {
            let text = option.strip_suffix('*');
            json!({"isUserAnswer": text.is_some(), "option": text.unwrap_or(option)})
        })
        .collect();
    json!({
        "source": "Qex",
        "scormId": format!("Slide1_Q_{question}"),
        "question": format!("Text of {question}"),
        "type": kind,
        "answers": options,
    })
}
