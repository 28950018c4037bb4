//! What the figures leave out or lack, counted from the simulator's truth.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::world::{Row, assert_rows, instant, is, number, status_group, synced, text, view};

#[tokio::test]
async fn data_quality_counts_what_is_left_out_missing_and_estimated() {
    let (truth, pool) = synced().await;
    let mut counts: BTreeMap<(String, &str), [usize; 2]> = BTreeMap::new();
    let mut check = |row: &Row, name: &'static str, is_found: bool| {
        let of = counts
            .entry((text(row, "company_id").to_owned(), name))
            .or_default();
        of[0] += usize::from(is_found);
        of[1] += 1;
    };
    let top: BTreeMap<&str, &Row> = truth
        .rows("enrollments")
        .iter()
        .filter(|row| !is(row, "is_step"))
        .map(|row| (text(row, "enrollment_id"), row))
        .collect();
    let mut users: BTreeMap<&str, f64> = BTreeMap::new();
    let sessions = truth.session_ends();
    for row in truth.rows("enrollment_users") {
        if !top.contains_key(text(row, "enrollment_id")) {
            continue;
        }
        *users.entry(text(row, "enrollment_id")).or_default() += 1.0;
        check(row, "unknown statuses", false);
        if status_group(text(row, "status")) == "completed" {
            let names = ["company_id", "reported_enrollment_id", "target_user_id"];
            let [company, enrollment, user] = names.map(|name| text(row, name));
            let is_dated = instant(row, "first_completed_at").is_some()
                || sessions.contains_key(&(company, enrollment, user));
            check(row, "estimated completions", !is_dated);
        }
    }
    for row in top.values() {
        check(row, "test enrollments", is(row, "is_test"));
        check(row, "test or not unknown", false);
        check(row, "excluded enrollments", false);
        if !is(row, "is_test") {
            check(
                row,
                "enrollments without a due date",
                row["due_at"].is_null(),
            );
        }
    }
    for row in truth.rows("enrollment_summaries") {
        let enrollment = text(row, "enrollment_id");
        if top.contains_key(enrollment) {
            let counted = users.get(enrollment).copied().unwrap_or(0.0);
            let is_other = number(row, "total_target_user_count") != Some(counted);
            check(row, "summaries that differ", is_other);
        }
    }
    for row in truth
        .rows("survey_sessions")
        .iter()
        .filter(|row| is(row, "is_latest"))
    {
        let asked = number(row, "asked_count");
        let is_short = asked.is_some_and(|asked| number(row, "answered_count").unwrap() < asked);
        check(row, "sessions with missing answers", is_short);
        check(row, "sessions without a question bank", asked.is_none());
    }
    let mut addresses: BTreeMap<(&str, String), BTreeSet<&str>> = BTreeMap::new();
    for row in truth.rows("target_users") {
        let (email, is_masked) = (text(row, "email"), is(row, "is_email_masked"));
        let names = [text(row, "first_name"), text(row, "last_name")];
        check(
            row,
            "persons without a department",
            text(row, "department").is_empty(),
        );
        check(
            row,
            "persons without an address",
            email.is_empty() || is_masked,
        );
        check(
            row,
            "persons without a name",
            names.iter().all(|name| name.is_empty()),
        );
        if !email.is_empty() && !is_masked {
            let address = (text(row, "company_id"), email.to_lowercase());
            addresses
                .entry(address)
                .or_default()
                .insert(text(row, "target_user_id"));
        }
    }
    for ((company, _), persons) in &addresses {
        let of = counts
            .entry(((*company).to_owned(), "addresses of several persons"))
            .or_default();
        of[0] += usize::from(persons.len() > 1);
        of[1] += 1;
    }
    let expected: Vec<Value> = counts
        .iter()
        .map(|((company, name), [found, of])| {
            json!({"company_id": company, "check_name": name, "found_count": found, "of_count": of})
        })
        .collect();
    assert_rows(
        "data_quality",
        &view(&pool, "data_quality").await,
        &expected,
    );
}
