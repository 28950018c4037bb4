//! Who has not finished, who lets due days pass, who is in something twice, and what somebody was trained in.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::world::{
    Assignment, Row, assert_rows, day_of, full_name, instant, is, now, synced, text, view,
};

#[tokio::test]
async fn who_has_not_finished_is_named_with_the_days_since_it_was_due() {
    let (truth, pool) = synced().await;
    let today = day_of(now());
    let mut overdue = 0;
    let open = truth.assignments().into_iter();
    let expected: Vec<Value> = open
        .filter(|one| one.is_targeted() && !one.is_completed())
        .map(|one| {
            overdue += usize::from(one.is_past_due());
            let days = one
                .is_past_due()
                .then(|| (today - one.due_on().unwrap()).num_days());
            json!({
                "company_id": one.company(), "enrollment_id": one.enrollment_id(),
                "enrollment_name": one.enrollment["name"],
                "target_user_id": one.user["target_user_id"], "full_name": one.full_name(),
                "status": one.user["status"], "status_group": one.group(),
                "due_on": one.due_on().map(|day| day.to_string()),
                "is_overdue": one.is_past_due(), "days_overdue": days,
            })
        })
        .collect();
    assert!(overdue > 10);
    let found = view(&pool, "not_finished").await;
    assert_rows("not_finished", &found, &expected);
    // Names with quotes, commas and emoji come through as they are.
    for awkward in ["José \"Pepe\"", "Mina 🌿", "O'Example, Jr."] {
        let has = |row: &Row| text(row, "full_name").contains(awkward);
        assert!(found.iter().any(has), "nobody is called {awkward}");
    }
}

#[tokio::test]
async fn who_lets_two_due_days_pass_is_a_repeated_case() {
    let (truth, pool) = synced().await;
    let mut persons: BTreeMap<(String, String), Vec<Assignment<'_>>> = BTreeMap::new();
    for one in truth.assignments() {
        if one.is_targeted() && one.is_past_due() {
            let key = (
                one.company().to_owned(),
                text(one.user, "target_user_id").to_owned(),
            );
            persons.entry(key).or_default().push(one);
        }
    }
    let now_known: BTreeMap<(&str, &str), &Row> = truth
        .rows("target_users")
        .iter()
        .map(|row| ((text(row, "company_id"), text(row, "target_user_id")), row))
        .collect();
    let expected: Vec<Value> = persons
        .iter()
        .filter_map(|((company, user), due)| {
            let person = now_known[&(company.as_str(), user.as_str())];
            let open: Vec<_> = due.iter().filter(|one| !one.is_completed()).collect();
            let oldest = open.iter().filter_map(|one| one.due_on()).min()?;
            (open.len() > 1).then(|| {
                json!({
                    "company_id": company, "target_user_id": user, "full_name": full_name(person),
                    "email": person["email"], "due_count": due.len(),
                    "overdue_count": open.len(),
                    "overdue_rate": open.len() as f64 / due.len() as f64,
                    "longest_days_overdue": (day_of(now()) - oldest).num_days(),
                })
            })
        })
        .collect();
    let found = view(&pool, "repeatedly_overdue").await;
    assert_rows("repeatedly_overdue", &found, &expected);
}

#[tokio::test]
async fn a_training_history_has_each_enrollment_of_a_person_once() {
    let (truth, pool) = synced().await;
    let expected: Vec<Value> = truth
        .assignments()
        .iter()
        .map(|one| {
            json!({
                "company_id": one.company(), "enrollment_id": one.enrollment_id(),
                "target_user_id": one.user["target_user_id"],
                "training_name": one.enrollment["training_name"], "status": one.user["status"],
                "is_completed": one.is_completed(), "exam_score": one.user["exam_score"],
                "enrolled_on": day_of(instant(one.enrollment, "created_at").unwrap()).to_string(),
                "is_deleted": false,
            })
        })
        .collect();
    let found = view(&pool, "training_history").await;
    assert_rows("training_history", &found, &expected);

    // One human in two companies is two persons; ids that differ only by case are two as well.
    let ada = |row: &&Row| text(row, "email") == "ada.consultant@example.org";
    let persons: BTreeSet<_> = found
        .iter()
        .filter(ada)
        .map(|row| (text(row, "company_id"), row["target_user_key"].to_string()))
        .collect();
    let keys: BTreeSet<_> = persons.iter().map(|(_, key)| key).collect();
    assert!(
        persons.len() > 1 && keys.len() == persons.len(),
        "{persons:?}"
    );
    let persons: BTreeSet<_> = found
        .iter()
        .map(|row| {
            (
                text(row, "target_user_id"),
                row["target_user_key"].to_string(),
            )
        })
        .collect();
    let mut spelled: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (id, _) in &persons {
        spelled.entry(id.to_lowercase()).or_default().insert(id);
    }
    assert!(
        spelled.values().any(|ids| ids.len() > 1),
        "no ids differ by case"
    );
}

#[tokio::test]
async fn one_training_twice_and_one_address_twice_are_found() {
    let (truth, pool) = synced().await;
    let present: Vec<_> = truth
        .assignments()
        .into_iter()
        .filter(|one| one.is_targeted() && !is(one.enrollment, "is_archived"))
        .collect();
    let mut expected = Vec::new();
    let mut by_person: BTreeMap<(&str, &str), Vec<&Assignment<'_>>> = BTreeMap::new();
    let mut by_enrollment: BTreeMap<(&str, &str), Vec<&Assignment<'_>>> = BTreeMap::new();
    for one in &present {
        let user = text(one.user, "target_user_id");
        by_person
            .entry((one.company(), user))
            .or_default()
            .push(one);
        by_enrollment
            .entry((one.company(), one.enrollment_id()))
            .or_default()
            .push(one);
    }
    for all in by_person.values() {
        for (nth, one) in all.iter().enumerate() {
            for other in &all[nth + 1..] {
                let created =
                    [one, other].map(|one| instant(one.enrollment, "created_at").unwrap());
                let apart = (created[0] - created[1]).abs();
                if one.enrollment["training_id"] == other.enrollment["training_id"]
                    && apart < TimeDelta::days(90)
                {
                    expected.push(json!({"reason": "same training", "company_id": one.company()}));
                }
            }
        }
    }
    let address_now: BTreeMap<(&str, &str), String> = truth
        .rows("target_users")
        .iter()
        .filter(|row| !is(row, "is_email_masked") && !text(row, "email").is_empty())
        .map(|row| {
            let key = (text(row, "company_id"), text(row, "target_user_id"));
            (key, text(row, "email").to_lowercase())
        })
        .collect();
    for ((company, _), all) in &by_enrollment {
        let address = |one: &Assignment<'_>| {
            address_now
                .get(&(*company, text(one.user, "target_user_id")))
                .cloned()
        };
        for (nth, one) in all.iter().enumerate() {
            for other in &all[nth + 1..] {
                if address(one).is_some() && address(one) == address(other) {
                    expected.push(json!({"reason": "same address", "company_id": company}));
                }
            }
        }
    }
    assert!(expected.iter().any(|row| row["reason"] == "same address"));
    assert_rows(
        "enrolled_twice",
        &view(&pool, "enrolled_twice").await,
        &expected,
    );
}
