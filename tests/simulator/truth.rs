//! The data: complete, consistent, reproducible, and as odd as the vendor's.

use std::collections::{BTreeMap, BTreeSet};

use keepnet_etl::simulator::{DateOrder, WorldOptions};
use serde_json::Value;

use crate::support::{
    COMPANIES, USERS, Vendor, distinct, options, small, summary_of, text, users_of, world,
};

#[tokio::test]
async fn the_truth_has_as_many_rows_as_the_listings() {
    let vendor = Vendor::small().await;
    let companies = vendor.companies().await;
    // The account's own reseller is a company that no search lists.
    assert_eq!(vendor.truth("companies").await.len(), companies.len() + 1);
    let (mut enrollments, mut users, mut people) = (0, 0, BTreeSet::new());
    for company in &companies {
        for enrollment in vendor.enrollments(company).await {
            enrollments += 1;
            for row in vendor
                .rows(&users_of(&enrollment), Some(company), USERS)
                .await
            {
                users += 1;
                people.insert((company.clone(), text(&row, "targetUserResourceId")));
            }
        }
    }
    assert_eq!((enrollments, users), (40, 1_000));
    // Steps of learning paths are enrollments that no listing shows.
    let steps = vendor.truth("enrollment_steps").await;
    let has_id = |step: &&Value| step["step_enrollment_id"].is_string();
    enrollments += steps.iter().filter(has_id).count();
    assert_eq!(vendor.truth("enrollments").await.len(), enrollments);
    assert_eq!(
        vendor.truth("enrollment_summaries").await.len(),
        enrollments
    );
    let users = 25 * enrollments;
    assert_eq!(vendor.truth("enrollment_users").await.len(), users);
    let known: BTreeSet<(String, String)> = vendor
        .truth("target_users")
        .await
        .iter()
        .map(|row| (text(row, "company_id"), text(row, "target_user_id")))
        .collect();
    assert_eq!(known, people);
}

#[tokio::test]
async fn a_person_is_what_the_newest_enrollment_says() {
    let vendor = Vendor::small().await;
    let enrollments = vendor.truth("enrollments").await;
    let created: BTreeMap<Option<&str>, &Value> = enrollments
        .iter()
        .map(|row| (row["enrollment_id"].as_str(), &row["created_at"]))
        .collect();
    let newest: BTreeMap<(String, String), (String, String)> =
        enrollments.iter().fold(BTreeMap::new(), |mut newest, row| {
            let key = (text(row, "company_id"), text(row, "enrollment_id"));
            // A step counts as created when its path was.
            let of_path = created.get(&row["parent_enrollment_id"].as_str());
            let created_at = of_path.copied().unwrap_or(&row["created_at"]);
            let created_at = created_at.as_str().unwrap().to_owned();
            newest.insert(key, (created_at, text(row, "enrollment_id")));
            newest
        });
    let mut expected = BTreeMap::new();
    for row in vendor.truth("enrollment_users").await {
        let (company, user) = (text(&row, "company_id"), text(&row, "target_user_id"));
        let rank = newest[&(company.clone(), text(&row, "enrollment_id"))].clone();
        let facts = (
            row["department"].clone(),
            row["last_name"].clone(),
            row["email"].clone(),
        );
        let entry = expected
            .entry((company, user))
            .or_insert_with(|| (rank.clone(), facts.clone()));
        if rank > entry.0 {
            *entry = (rank, facts);
        }
    }
    let people = vendor.truth("target_users").await;
    assert_eq!(people.len(), expected.len());
    for row in people {
        let facts = &expected[&(text(&row, "company_id"), text(&row, "target_user_id"))].1;
        let told = (
            row["department"].clone(),
            row["last_name"].clone(),
            row["email"].clone(),
        );
        assert_eq!(&told, facts);
    }
}

#[tokio::test]
async fn counts_agree_with_the_rows() {
    let vendor = Vendor::small().await;
    let mut completed: BTreeMap<String, i64> = BTreeMap::new();
    for row in vendor.truth("enrollment_users").await {
        let is_completed = i64::from(row["status"] == "Completed");
        *completed.entry(text(&row, "enrollment_id")).or_default() += is_completed;
    }
    for row in vendor.truth("enrollment_summaries").await {
        assert_eq!(
            row["completed_count"],
            completed[&text(&row, "enrollment_id")]
        );
        assert_eq!(row["total_target_user_count"], 25);
    }
    let (company, path) = vendor.find(|row| row["learning_path_id"].is_string()).await;
    let told = vendor.data(&summary_of(&path, 4), Some(&company)).await;
    assert_eq!(told["completedCount"], completed[&path]);
    assert_eq!(told["reportDetail"]["totalTargetUserCount"], 25);
    assert!(
        told["steps"][0]["stepNumber"].as_u64() > Some(1),
        "steps arrive out of order"
    );
    let wrong_type = vendor.data(&summary_of(&path, 0), Some(&company)).await;
    assert_eq!(wrong_type["reportDetail"]["totalTargetUserCount"], 0);
}

#[tokio::test]
async fn equal_seeds_give_equal_worlds_and_different_seeds_do_not() {
    let seeded = |seed| {
        options(WorldOptions {
            seed,
            companies: 3,
            enrollments: 4,
            ..world()
        })
    };
    let (one, same, other) = (
        Vendor::start(seeded(5)).await,
        Vendor::start(seeded(5)).await,
        Vendor::start(seeded(6)).await,
    );
    for table in [
        "companies",
        "enrollments",
        "enrollment_users",
        "user_custom_fields",
        "interactions",
        "survey_sessions",
        "survey_questions",
        "survey_question_options",
        "survey_answers",
    ] {
        let truth = one.truth(table).await;
        assert!(!truth.is_empty(), "{table}");
        assert_eq!(truth, same.truth(table).await);
        assert_ne!(truth, other.truth(table).await);
    }
}

#[tokio::test]
async fn ids_differ_by_case_only_where_it_hurts() {
    let vendor = Vendor::small().await;
    let folded = |ids: &[String]| {
        ids.iter()
            .map(|id| id.to_lowercase())
            .collect::<BTreeSet<_>>()
    };
    let companies = vendor.companies().await;
    assert_eq!(
        (distinct(&companies).len(), folded(&companies).len()),
        (4, 3)
    );
    for company in &companies {
        let people: Vec<String> = vendor
            .truth("target_users")
            .await
            .iter()
            .filter(|row| row["company_id"] == company.as_str())
            .map(|row| text(row, "target_user_id"))
            .collect();
        assert_eq!(distinct(&people).len(), folded(&people).len() + 1);
    }
}

#[tokio::test]
async fn the_data_has_the_vendor_s_oddities() {
    let vendor = Vendor::start(options(WorldOptions {
        users: 400,
        ..small().world
    }))
    .await;
    let users = vendor.truth("enrollment_users").await;
    let any = |is_odd: &dyn Fn(&Value) -> bool| users.iter().any(is_odd);
    assert!(any(&|row| row["department"] == ""));
    assert!(any(&|row| row["department"].is_null()));
    assert!(any(&|row| row["first_name"].is_null()));
    assert!(any(&|row| row["last_name"] == ""));
    assert!(any(&|row| row["phone_number"].is_null()));
    assert!(any(&|row| row["email"]
        .as_str()
        .is_some_and(|email| email.contains("***"))));
    assert!(any(&|row| row["exam_score"] == 0));
    assert!(any(&|row| row["exam_score"]
        .as_f64()
        .is_some_and(|score| score.fract() > 0.0)));
    assert!(any(&|row| row["status"] == "InQueue"));
    assert!(any(
        &|row| row["reported_enrollment_id"] != row["enrollment_id"]
    ));
    let surveys: BTreeSet<String> = vendor
        .truth("enrollments")
        .await
        .iter()
        .filter(|row| row["is_survey"] == true)
        .map(|row| text(row, "enrollment_id"))
        .collect();
    assert!(!surveys.is_empty());
    for row in users
        .iter()
        .filter(|row| surveys.contains(row["enrollment_id"].as_str().unwrap()))
    {
        assert!(row["first_completed_at"].is_null());
        assert_eq!(row["exam_status"], "Incomplete");
    }
    let fields = vendor.truth("user_custom_fields").await;
    assert!(fields.iter().any(|field| field["name"] == "email"));
    assert!(
        fields
            .iter()
            .any(|field| field["timestamp_value"].is_string())
    );
}

#[tokio::test]
async fn dates_follow_the_account() {
    for (order, expected) in [
        (DateOrder::Dmy, "DD/MM/YYYY"),
        (DateOrder::Mdy, "MM/DD/YYYY"),
        (DateOrder::Ymd, "YYYY/MM/DD"),
    ] {
        let mut options = small();
        options.account.date_format = order;
        options.account.time_zone = chrono_tz::Tz::UTC;
        let vendor = Vendor::start(options).await;
        let settings = vendor.data("/api/system-users/settings", None).await;
        assert_eq!(settings["dateFormat"], expected);
        let truth = vendor.truth("companies").await;
        for row in vendor.rows("/api/companies/search", None, COMPANIES).await {
            let of_row = |told: &&Value| told["company_id"] == row["companyResourceId"];
            let created = text(truth.iter().find(of_row).unwrap(), "created_at");
            let (year, month, day) = (&created[..4], &created[5..7], &created[8..10]);
            let time = &created[11..16];
            let written = match order {
                DateOrder::Dmy => format!("{day}/{month}/{year} {time}"),
                DateOrder::Mdy => format!("{month}/{day}/{year} {time}"),
                _ => format!("{year}/{month}/{day} {time}"),
            };
            assert_eq!(row["createTime"], written);
        }
    }
}

#[tokio::test]
async fn the_truth_says_what_the_report_says() {
    let mut options = small();
    options.account.date_format = DateOrder::Iso;
    options.account.time_zone = chrono_tz::Tz::UTC;
    let vendor = Vendor::start(options).await;
    let truth: BTreeMap<(String, String), Value> = vendor
        .truth("enrollment_users")
        .await
        .into_iter()
        .map(|row| {
            (
                (text(&row, "enrollment_id"), text(&row, "target_user_id")),
                row,
            )
        })
        .collect();
    let company = vendor.companies().await.remove(2);
    for enrollment in vendor.enrollments(&company).await {
        for row in vendor
            .rows(&users_of(&enrollment), Some(&company), USERS)
            .await
        {
            let told = &truth[&(enrollment.clone(), text(&row, "targetUserResourceId"))];
            assert_eq!(told["company_id"], company.as_str());
            let first_of = |names: [&str; 2]| names.map(|name| row[name].clone());
            let named = |value: Value| {
                if value == "undefined" {
                    Value::Null
                } else {
                    value
                }
            };
            let instant = |value: &Value| value.as_str().map(|local| format!("{local}Z"));
            for (column, [wire, other]) in [
                ("email", first_of(["email", ""])),
                ("first_name", first_of(["firstName", ""]).map(named)),
                ("last_name", first_of(["lastName", ""]).map(named)),
                ("department", first_of(["department", ""])),
                ("phone_number", first_of(["phoneNumber", ""])),
                ("status", first_of(["status", "statusName"])),
                ("exam_status", first_of(["examStatusName", "examStatus"])),
                ("exam_score", first_of(["examScore", ""])),
                ("is_main_score", first_of(["isMainScore", ""])),
                ("delivery_type", first_of(["deliveryType", ""])),
                ("current_step", first_of(["currentStep", ""])),
                ("last_interacted_step", first_of(["lastInteractedStep", ""])),
            ] {
                assert_eq!(
                    told[column],
                    if wire.is_null() { other } else { wire },
                    "{column}"
                );
            }
            for (column, wire) in [
                ("first_completed_at", instant(&row["firstCompletionDate"])),
                ("last_interaction_at", instant(&row["lastInteractionDate"])),
            ] {
                assert_eq!(told[column].as_str(), wire.as_deref(), "{column}");
            }
        }
    }
}
