//! Changes are seen in what is served and in the truth alike, and stay until their inverse.

use std::collections::BTreeMap;

use keepnet_etl::simulator::{DateOrder, Share, SimulatorOptions, WorldOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Ask, COMPANIES, CREATED, ENROLLMENTS, USERS, Vendor, body, options, small, summary_of, text,
    texts, users_of,
};

const TABLES: [&str; 24] = [
    "companies",
    "company_tags",
    "enrollments",
    "enrollment_tags",
    "enrollment_languages",
    "enrollment_target_groups",
    "enrollment_training_roles",
    "enrollment_summaries",
    "enrollment_steps",
    "enrollment_users",
    "target_users",
    "user_custom_fields",
    "interactions",
    "survey_sessions",
    "survey_questions",
    "survey_question_options",
    "survey_answers",
    "anonymous_results",
    "trainings",
    "target_groups",
    "widgets",
    "widget_values",
    "executive_reports",
    "executive_report_widgets",
];

/// Dates that are easy to compare with those of the truth.
fn plain_dates() -> SimulatorOptions {
    let mut options = options(WorldOptions {
        survey_share: Share::percent(40),
        ..small().world
    });
    options.account.date_format = DateOrder::Iso;
    options.account.time_zone = chrono_tz::Tz::UTC;
    options
}

async fn set_now(vendor: &Vendor, now: &str) {
    let answer = vendor
        .search("/simulator/clock", None, &json!({"now": now}))
        .await;
    assert_eq!(answer.status(), 200);
}

/// The truth of every table.
async fn everything(vendor: &Vendor) -> BTreeMap<&'static str, Vec<Value>> {
    let mut tables = BTreeMap::new();
    for table in TABLES {
        tables.insert(table, vendor.truth(table).await);
    }
    tables
}

/// The tables that differ.
fn differing(
    before: &BTreeMap<&'static str, Vec<Value>>,
    after: &BTreeMap<&'static str, Vec<Value>>,
) -> Vec<&'static str> {
    let differs = |table: &&&str| before[**table] != after[**table];
    TABLES.iter().filter(differs).copied().collect()
}

/// The row of a user in the truth of an enrollment's report.
async fn report_of(vendor: &Vendor, enrollment: &str, user: &str) -> Option<Value> {
    let rows = vendor.truth("enrollment_users").await;
    rows.into_iter()
        .find(|row| row["enrollment_id"] == enrollment && row["target_user_id"] == user)
}

/// The row of a user as an enrollment's report serves it.
async fn served(vendor: &Vendor, company: &str, enrollment: &str, user: &str) -> Option<Value> {
    let rows = vendor
        .rows(&users_of(enrollment), Some(company), USERS)
        .await;
    rows.into_iter()
        .find(|row| row["targetUserResourceId"] == user)
}

fn ids(change: &Value) -> [String; 3] {
    ["company", "enrollment", "user"].map(|name| text(change, name))
}

/// What is served of users, of enrollments and of companies is what the truth says.
async fn assert_served_as_told(vendor: &Vendor) {
    let truth = vendor.truth("enrollment_users").await;
    let listed: Vec<Value> = vendor.truth("enrollments").await;
    let summaries = vendor.truth("enrollment_summaries").await;
    let mut companies = vendor.companies().await;
    let told = vendor.truth("companies").await;
    assert_eq!(companies.len() + 1, told.len());
    let is_granted = |id: &String| {
        told.iter()
            .any(|row| row["company_id"] == id.as_str() && row["access_state"] == "granted")
    };
    companies.retain(is_granted);
    for company in companies {
        let mut enrollments = vendor.enrollments(&company).await;
        enrollments.sort_unstable();
        let mut expected: Vec<String> = listed
            .iter()
            .filter(|row| row["company_id"] == company.as_str() && row["is_listed"] == true)
            .map(|row| text(row, "enrollment_id"))
            .collect();
        expected.sort_unstable();
        assert_eq!(enrollments, expected);
        for enrollment in enrollments {
            let rows = vendor
                .rows(&users_of(&enrollment), Some(&company), USERS)
                .await;
            let facts = |row: &Value, id: &str, last: &str| {
                let status = row.get("statusName").unwrap_or(&row["status"]).clone();
                let at = row[last]
                    .as_str()
                    .map(|at| at.trim_end_matches('Z').to_owned());
                (text(row, id), status, at, row["email"].clone())
            };
            let mut seen: Vec<_> = rows
                .iter()
                .map(|row| facts(row, "targetUserResourceId", "lastInteractionDate"))
                .collect();
            let of_enrollment = |row: &&Value| row["enrollment_id"] == enrollment.as_str();
            let mut told: Vec<_> = truth
                .iter()
                .filter(of_enrollment)
                .map(|row| facts(row, "target_user_id", "last_interaction_at"))
                .collect();
            let by_id = |one: &(String, Value, Option<String>, Value),
                         other: &(String, Value, Option<String>, Value)| {
                one.0.cmp(&other.0)
            };
            seen.sort_by(by_id);
            told.sort_by(by_id);
            assert_eq!(seen, told, "{enrollment}");
            let summary = summaries.iter().find(of_enrollment).unwrap();
            assert_eq!(summary["total_target_user_count"], seen.len());
        }
    }
}

#[tokio::test]
async fn a_status_changes_with_and_without_the_last_interaction() {
    let vendor = Vendor::start(plain_dates()).await;
    set_now(&vendor, "2026-07-02T10:00:07Z").await;
    for moves in [true, false] {
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

#[tokio::test]
async fn an_enrollment_comes_moves_goes_and_returns() {
    let vendor = Vendor::start(plain_dates()).await;
    set_now(&vendor, "2026-07-02T10:00:00Z").await;
    let added = vendor
        .change(json!({"kind": "enrollment-added", "type": "survey", "seed": 1}))
        .await;
    let (company, id) = (text(&added, "company"), text(&added, "enrollment"));
    let listings = ["/api/enrollments/search", "/api/enrollments/archive/search"];
    let listed = async || {
        let mut found = Vec::new();
        for path in listings {
            let rows = vendor.rows(path, Some(&company), ENROLLMENTS).await;
            let ids = texts(&rows, "enrollmentId");
            found.push(ids.iter().position(|other| *other == id) == Some(ids.len() - 1));
        }
        found
    };
    let of_truth = async || {
        let rows = vendor.truth("enrollments").await;
        rows.into_iter()
            .find(|row| row["enrollment_id"] == id.as_str())
    };
    assert_eq!(listed().await, [true, false]);
    let fresh = everything(&vendor).await;
    assert_eq!(
        of_truth().await.unwrap()["created_at"],
        "2026-07-02T10:00:00Z"
    );
    assert_served_as_told(&vendor).await;

    vendor
        .change(json!({"kind": "enrollment-archived", "enrollment": id}))
        .await;
    assert_eq!(listed().await, [false, true]);
    assert_eq!(of_truth().await.unwrap()["is_archived"], true);
    vendor
        .change(json!({"kind": "enrollment-restored", "enrollment": id}))
        .await;
    assert_eq!(differing(&fresh, &everything(&vendor).await), [""; 0]);

    vendor
        .change(json!({"kind": "enrollment-purged", "enrollment": id}))
        .await;
    assert_eq!(listed().await, [false, false]);
    assert_eq!(of_truth().await, None);
    for path in [summary_of(&id, 0), format!("/api/enrollments/{id}")] {
        assert_eq!(vendor.get(&path, Some(&company)).await.status(), 404);
    }
    assert_eq!(vendor.users(&company, &id).await.status(), 404);
    assert!(vendor.violations().await.is_empty());
    vendor
        .change(json!({"kind": "enrollment-returned", "enrollment": id}))
        .await;
    assert_eq!(differing(&fresh, &everything(&vendor).await), [""; 0]);

    vendor
        .change(json!([
            {"kind": "enrollment-renamed", "enrollment": id, "name": "Renamed"},
            {"kind": "enrollment-status", "enrollment": id, "status": "Auto-Enroll"},
        ]))
        .await;
    let row = of_truth().await.unwrap();
    assert_eq!(
        (&row["name"], &row["status"]),
        (&json!("Renamed"), &json!("Auto-Enroll"))
    );
    let rows = vendor.rows(listings[0], Some(&company), ENROLLMENTS).await;
    let told = rows.iter().find(|row| row["enrollmentId"] == id.as_str());
    assert_eq!(told.unwrap()["status"], "Auto-Enroll");
    assert_eq!(told.unwrap()["name"], "Renamed");
}

#[tokio::test]
async fn a_company_comes_changes_goes_and_returns() {
    let mut options = plain_dates();
    options.world.companies = 6;
    options.world.sub_resellers = 2;
    let vendor = Vendor::start(options).await;
    let before = everything(&vendor).await;
    let reseller = before["companies"]
        .iter()
        .find(|row| row["kind"] == "reseller" && row["parent_company_id"].is_string())
        .unwrap();
    let company = text(reseller, "company_id");
    let status = async || {
        let ask = ENROLLMENTS.page(1);
        let path = "/api/enrollments/search";
        let answer = vendor.search(path, Some(&company), &ask).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    vendor
        .change(json!({"kind": "company-gone", "company": company}))
        .await;
    assert!(!vendor.companies().await.contains(&company));
    let mine = vendor.data("/api/companies/my", None).await.to_string();
    assert!(!mine.contains(&company));
    for other in vendor.companies().await {
        assert!(mine.contains(&other), "its customers are still there");
    }
    assert_eq!(status().await.0, 403);
    for (table, rows) in everything(&vendor).await {
        assert!(
            rows.iter().all(|row| row["company_id"] != company.as_str()),
            "{table}"
        );
    }
    vendor
        .change(json!({"kind": "company-returned", "company": company}))
        .await;
    assert_eq!(differing(&before, &everything(&vendor).await), [""; 0]);

    vendor
        .change(json!({"kind": "company-denied", "company": company}))
        .await;
    let (code, message) = status().await;
    assert_eq!(code, 403);
    assert!(message.contains("PRIVACY_ERROR"));
    let told = vendor.truth("companies").await;
    let row = told
        .iter()
        .find(|row| row["company_id"] == company.as_str());
    assert_eq!(row.unwrap()["access_state"], "denied");
    vendor
        .change(json!({"kind": "company-granted", "company": company}))
        .await;
    assert_eq!(differing(&before, &everything(&vendor).await), [""; 0]);

    vendor
        .change(json!([
            {"kind": "company-renamed", "company": company, "name": "Renamed"},
            {"kind": "company-numbers", "company": company},
        ]))
        .await;
    let rows = vendor.rows("/api/companies/search", None, COMPANIES).await;
    let served = rows
        .iter()
        .find(|row| row["companyResourceId"] == company.as_str())
        .unwrap();
    let told = vendor.truth("companies").await;
    let row = told
        .iter()
        .find(|row| row["company_id"] == company.as_str())
        .unwrap();
    assert_eq!(
        (&served["companyName"], &row["name"]),
        (&json!("Renamed"), &json!("Renamed"))
    );
    assert_eq!(served["targetUserCount"], row["target_user_count"]);
    assert_ne!(reseller["target_user_count"], row["target_user_count"]);

    let added = vendor.change(json!({"kind": "company-added"})).await;
    assert_eq!(
        vendor.companies().await.last(),
        added["company"].as_str().map(str::to_owned).as_ref()
    );
    assert_served_as_told(&vendor).await;
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn what_a_company_has_as_a_whole_changes_comes_and_goes() {
    let vendor = Vendor::start(plain_dates()).await;
    for (table, id, member, path, kind) in [
        (
            "target_groups",
            "group_id",
            "resourceId",
            "/api/target-groups/search/current-company",
            "target-group",
        ),
        (
            "trainings",
            "training_id",
            "trainingId",
            "/api/trainings/search",
            "training",
        ),
    ] {
        for what in ["changed", "added", "removed"] {
            let before = everything(&vendor).await;
            let change = vendor
                .change(json!({"kind": format!("{kind}-{what}"), "seed": 4}))
                .await;
            let after = everything(&vendor).await;
            assert_eq!(differing(&before, &after), [table], "{kind} {what}");
            let company = text(&change, "company");
            let rows = vendor.rows(path, Some(&company), CREATED).await;
            let mut served = texts(&rows, member);
            let of_company = |row: &&Value| row["company_id"] == company.as_str();
            let rows: Vec<Value> = after[table].iter().filter(of_company).cloned().collect();
            let mut told = texts(&rows, id);
            served.sort_unstable();
            told.sort_unstable();
            assert_eq!(served, told);
            assert_eq!(told.contains(&text(&change, "item")), what != "removed");
        }
    }
    let before = everything(&vendor).await;
    let change = vendor
        .change(json!({"kind": "widget-values", "month": "2026-05"}))
        .await;
    assert_eq!(change["month"], "2026-05");
    assert_eq!(
        differing(&before, &everything(&vendor).await),
        ["widget_values"]
    );

    let before = everything(&vendor).await;
    let change = vendor.change(json!({"kind": "report-removed"})).await;
    let after = everything(&vendor).await;
    let tables = ["executive_reports", "executive_report_widgets"];
    assert_eq!(differing(&before, &after), tables);
    let path = format!("/api/executive-report/{}", text(&change, "item"));
    let company = text(&change, "company");
    assert_eq!(vendor.get(&path, Some(&company)).await.status(), 404);
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn a_step_is_deterministic_and_what_it_did_is_seen_everywhere() {
    let (one, same) = (
        Vendor::start(plain_dates()).await,
        Vendor::start(plain_dates()).await,
    );
    let mut kinds = Vec::new();
    for (seed, now) in [
        (1, "2026-07-02T10:00:00Z"),
        (2, "2026-07-03T22:30:59Z"),
        (3, "2026-08-01T00:00:00Z"),
    ] {
        let step = json!({"seed": seed, "changes": 40});
        set_now(&one, now).await;
        set_now(&same, now).await;
        let done = body(one.search("/simulator/step", None, &step).await).await;
        assert_eq!(
            done,
            body(same.search("/simulator/step", None, &step).await).await
        );
        let changes = done["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 40);
        kinds.extend(texts(changes, "kind"));
        assert_eq!(everything(&one).await, everything(&same).await);
        assert_served_as_told(&one).await;
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.len() > 25, "{kinds:?}");
    let log = body(one.get("/simulator/changes", None).await).await;
    assert_eq!(log["changes"].as_array().unwrap().len(), 120);
    assert_eq!(log["changes"][119]["at"], "2026-08-01T00:00:00Z");
    assert!(one.violations().await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_applied_is_refused_as_a_whole() {
    let vendor = Vendor::small().await;
    let before = everything(&vendor).await;
    for (path, asked, reason) in [
        ("changes", json!({"kind": "user-eaten"}), "unknown variant"),
        (
            "changes",
            json!({"kind": "user-removed", "colour": 1}),
            "unknown field",
        ),
        (
            "changes",
            json!({"kind": "user-status", "status": "Bored"}),
            "no status",
        ),
        (
            "changes",
            json!({"kind": "company-gone", "company": "nobody"}),
            "no company",
        ),
        (
            "changes",
            json!({"kind": "enrollment-returned"}),
            "nothing that is there fits",
        ),
        (
            "changes",
            json!([{"kind": "user-removed"}, {"kind": "company-granted"}]),
            "nothing",
        ),
        (
            "clock",
            json!({"now": "2026-06-30T00:00:00Z"}),
            "never goes back",
        ),
        ("clock", json!({"now": "tomorrow"}), "not an instant"),
    ] {
        let path = format!("/simulator/{path}");
        let answer = vendor.search(&path, None, &asked).await;
        assert_eq!(answer.status(), 400, "{asked}");
        let error = text(&body(answer).await, "error");
        assert!(error.contains(reason), "{asked}: {error}");
    }
    assert_eq!(differing(&before, &everything(&vendor).await), [""; 0]);
}

#[tokio::test]
async fn a_change_that_is_tied_to_a_request_comes_just_before_its_answer() {
    let vendor = Vendor::small().await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    vendor
        .add_faults(json!({
            "endpoint": "users", "kind": "change", "from": 2, "times": 1, "company": company,
            "change": {"kind": "user-removed"},
        }))
        .await;
    let mut totals = Vec::new();
    for page in [1, 2, 3] {
        let ask: Ask = USERS;
        let path = users_of(&enrollment);
        let data = vendor.page(&path, Some(&company), &ask.page(page)).await;
        totals.push(data["totalNumberOfRecords"].clone());
    }
    assert_eq!(totals, [25, 24, 24]);
    let log = body(vendor.get("/simulator/changes", None).await).await;
    assert_eq!(log["changes"][0]["enrollment"], enrollment.as_str());
    let answer = vendor
        .request(Method::POST, "/simulator/faults", None)
        .json(&json!({"endpoint": "users", "kind": "change"}));
    assert_eq!(crate::support::send(answer).await.status(), 400);
}
