//! Users, and what reports say of them.

use serde_json::{Value, json};

use crate::change::{
    assert_served_as_told, differing, everything, ids, plain_dates, report_of, served, set_now,
};
use crate::support::{Vendor, summary_of, text};

#[tokio::test]
async fn a_status_changes_with_and_without_the_last_interaction() {
    let vendor = Vendor::start(plain_dates()).await;
    set_now(&vendor, "2026-07-02T10:00:07Z").await;
    for moves in [false, true] {
        let before = everything(&vendor).await;
        let asked = json!({"kind": "user-status", "seed": 7, "moves_last_interaction": moves});
        let change = vendor.change(asked).await;
        let [company, enrollment, user] = ids(&change);
        let row = report_of(&vendor, &enrollment, &user).await.unwrap();
        let old = before["enrollment_users"]
            .iter()
            .find(|row| row["enrollment_id"] == enrollment && row["target_user_id"] == user)
            .unwrap();
        assert_eq!(row["status"], change["status"]);
        assert_ne!(row["status"], old["status"]);
        let expected = if moves {
            json!("2026-07-02T10:00:07Z")
        } else {
            old["last_interaction_at"].clone()
        };
        assert_eq!(row["last_interaction_at"], expected);
        let told = served(&vendor, &company, &enrollment, &user).await.unwrap();
        assert_eq!(
            told.get("status").or(told.get("statusName")),
            Some(&row["status"])
        );
        let others = differing(&before, &everything(&vendor).await);
        assert!(
            others.iter().all(|table| {
                table.starts_with("enrollment_users")
                    || table.starts_with("enrollment_summaries")
                    || table.starts_with("interactions")
                    || table.starts_with("survey_")
            }),
            "{others:?}"
        );
    }
    assert_served_as_told(&vendor).await;
}

#[tokio::test]
async fn a_completed_survey_has_a_session_and_may_get_a_second_one() {
    let vendor = Vendor::start(plain_dates()).await;
    set_now(&vendor, "2026-07-02T10:00:00Z").await;
    let mut counts = Vec::new();
    for (moves, seed) in [(true, 1), (false, 2)] {
        let asked = json!({
            "kind": "survey-completed", "seed": seed, "moves_last_interaction": moves,
        });
        let change = vendor.change(asked).await;
        let [company, enrollment, user] = ids(&change);
        let path = format!("/api/training-reports/{enrollment}/exam-result-sessions/{user}");
        let of_user = |row: &&Value| {
            row["enrollment_id"] == enrollment.as_str() && row["target_user_id"] == user.as_str()
        };
        let sessions = vendor.data(&path, Some(&company)).await;
        let count = sessions.as_array().unwrap().len();
        assert!(count > 0);
        let told = vendor.truth("survey_sessions").await;
        assert_eq!(told.iter().filter(of_user).count(), count);
        let summary = summary_of(&enrollment, 0);
        let completed = vendor.data(&summary, Some(&company)).await["completedCount"].take();
        let again = json!({"kind": "second-session", "enrollment": enrollment, "user": user});
        vendor.change(again).await;
        let sessions = vendor.data(&path, Some(&company)).await;
        assert_eq!(sessions.as_array().unwrap().len(), count + 1);
        assert_eq!(
            sessions[0]["enrollmentSessionCreatedAt"],
            "2026-07-02T10:00:00"
        );
        let told = vendor.truth("survey_sessions").await;
        assert_eq!(told.iter().filter(of_user).count(), count + 1);
        let after = vendor.data(&summary, Some(&company)).await["completedCount"].take();
        assert_eq!(after, completed, "a second session changes no count");
        counts.push(
            report_of(&vendor, &enrollment, &user).await.unwrap()["last_interaction_at"].clone(),
        );
    }
    assert_eq!(counts[0], "2026-07-02T10:00:00Z");
    assert_ne!(counts[1], "2026-07-02T10:00:00Z");
}

#[tokio::test]
async fn users_leave_return_and_come() {
    let vendor = Vendor::start(plain_dates()).await;
    let before = everything(&vendor).await;
    let gone = vendor
        .change(json!({"kind": "user-removed", "seed": 3}))
        .await;
    let [company, enrollment, user] = ids(&gone);
    assert_eq!(report_of(&vendor, &enrollment, &user).await, None);
    assert_eq!(served(&vendor, &company, &enrollment, &user).await, None);
    let path = format!("/api/training-reports/{enrollment}/interactions/{user}");
    assert_eq!(vendor.get(&path, Some(&company)).await.status(), 404);
    assert_served_as_told(&vendor).await;
    vendor
        .change(json!({"kind": "user-returned", "enrollment": enrollment, "user": user}))
        .await;
    assert_eq!(differing(&before, &everything(&vendor).await), [""; 0]);
    let new = vendor
        .change(json!({"kind": "user-added", "enrollment": enrollment}))
        .await;
    let new = text(&new, "user");
    let people = vendor.truth("target_users").await;
    assert_eq!(people.len(), before["target_users"].len() + 1);
    assert!(served(&vendor, &company, &enrollment, &new).await.is_some());
    vendor
        .change(json!({"kind": "user-removed", "enrollment": enrollment, "user": new}))
        .await;
    assert_eq!(differing(&before, &everything(&vendor).await), [""; 0]);
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn a_person_is_what_the_newest_remaining_enrollment_says() {
    let vendor = Vendor::start(plain_dates()).await;
    let before = everything(&vendor).await;
    // From now on: nothing shows it until there is an enrollment.
    let moved = vendor
        .change(json!({"kind": "person-moved", "seed": 5}))
        .await;
    assert_eq!(differing(&before, &everything(&vendor).await), [""; 0]);
    let (company, user) = (text(&moved, "company"), text(&moved, "user"));
    let person = |people: &[Value]| {
        let is_it =
            |row: &&Value| row["company_id"] == company.as_str() && row["target_user_id"] == user;
        people.iter().find(is_it).cloned()
    };
    let old = person(&before["target_users"]).unwrap();
    let mut added = String::new();
    for _ in 0..20 {
        let asked = json!({"kind": "enrollment-added", "company": company, "type": "training"});
        added = text(&vendor.change(asked).await, "enrollment");
        if report_of(&vendor, &added, &user).await.is_some() {
            break;
        }
    }
    let new = person(&vendor.truth("target_users").await).unwrap();
    assert_ne!(new["department"], old["department"]);
    let renamed = json!({"kind": "person-renamed", "enrollment": added, "user": user});
    vendor.change(renamed).await;
    let row = report_of(&vendor, &added, &user).await.unwrap();
    assert_ne!(row["last_name"], new["last_name"]);
    let newest = person(&vendor.truth("target_users").await).unwrap();
    assert_eq!(newest["last_name"], row["last_name"]);
    // Gone from there, the person is as before; gone from everywhere, nobody.
    for row in vendor.truth("enrollment_users").await {
        if row["company_id"] == company.as_str() && row["target_user_id"] == user.as_str() {
            let enrollment = text(&row, "enrollment_id");
            vendor
                .change(json!({"kind": "user-removed", "enrollment": enrollment, "user": user}))
                .await;
        }
    }
    assert_eq!(person(&vendor.truth("target_users").await), None);
    let fields = vendor.truth("user_custom_fields").await;
    assert_eq!(person(&fields), None);
}
