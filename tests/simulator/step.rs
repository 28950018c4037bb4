//! Steps of learning paths are enrollments of their own.

use std::collections::BTreeMap;

use keepnet_etl::simulator::{Share, SimulatorOptions, WorldOptions};
use serde_json::{Value, json};

use crate::support::{USERS, Vendor, distinct, options, small, summary_of, text, texts, users_of};

fn many_paths() -> SimulatorOptions {
    options(WorldOptions {
        learning_paths: Share::percent(40),
        ..small().world
    })
}

/// The steps that have an id, with their rows of the truth's `enrollments`.
async fn steps(vendor: &Vendor) -> Vec<(Value, Value)> {
    let enrollments: BTreeMap<String, Value> = vendor
        .truth("enrollments")
        .await
        .into_iter()
        .map(|row| (text(&row, "enrollment_id"), row))
        .collect();
    let steps = vendor.truth("enrollment_steps").await;
    assert!(
        steps
            .iter()
            .any(|step| step["step_enrollment_id"].is_null())
    );
    steps
        .into_iter()
        .filter_map(|step| {
            let id = step["step_enrollment_id"].as_str()?;
            let row = enrollments[id].clone();
            Some((step, row))
        })
        .collect()
}

#[tokio::test]
async fn a_step_answers_by_its_own_id() {
    let vendor = Vendor::start(many_paths()).await;
    for (step, row) in steps(&vendor).await {
        let (company, path) = (text(&step, "company_id"), text(&step, "enrollment_id"));
        let id = text(&row, "enrollment_id");
        let detail = vendor
            .data(&format!("/api/enrollments/{id}"), Some(&company))
            .await;
        let whole = vendor
            .data(&format!("/api/enrollments/{path}"), Some(&company))
            .await;
        assert_eq!(detail["learningPathId"], whole["learningPathId"]);
        assert_eq!(detail["trainingOrder"], step["step_number"]);
        assert!(whole.get("trainingOrder").is_none());
        let number = if row["type"] == "Poster" { 1 } else { 0 };
        let summary = vendor.data(&summary_of(&id, number), Some(&company)).await;
        assert_eq!(summary["reportDetail"]["totalTargetUserCount"], 25);
        assert_eq!(summary["trainingDetails"]["hasQuiz"], step["has_quiz"]);
        assert_eq!(summary["steps"], Value::Null);
        assert_eq!(summary["isTest"], row["is_test"]);

        let own = vendor.rows(&users_of(&id), Some(&company), USERS).await;
        let mut ask = USERS;
        ask.size = 25;
        let of_path = vendor.rows(&users_of(&path), Some(&company), ask).await;
        for (one, other) in own.iter().zip(&of_path) {
            for name in ["targetUserResourceId", "firstName", "lastName", "email"] {
                assert_eq!(one[name], other[name], "{name}");
            }
            assert!(one["enrollmentId"].is_null() || one["enrollmentId"] == id.as_str());
            assert!(one.get("currentStep").is_none());
        }
        let statuses = |rows: &[Value]| rows.iter().map(|row| row["status"].clone()).collect();
        let (one, other): (Vec<Value>, Vec<Value>) = (statuses(&own), statuses(&of_path));
        assert_ne!(one, other);
    }
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn the_truth_of_an_unlisted_step_is_what_its_path_tells() {
    let vendor = Vendor::start(many_paths()).await;
    let all = vendor.truth("enrollments").await;
    let steps = steps(&vendor).await;
    assert!(steps.iter().any(|(_, row)| row["is_survey"] == true));
    assert!(steps.iter().any(|(_, row)| row["is_survey"] == false));
    assert_eq!(
        all.iter().filter(|row| row["is_step"] == true).count(),
        steps.len()
    );
    for (step, row) in steps {
        let path = all
            .iter()
            .find(|path| path["enrollment_id"] == step["enrollment_id"])
            .unwrap();
        for (column, expected) in [
            ("is_step", &json!(true)),
            ("is_listed", &json!(false)),
            ("parent_enrollment_id", &step["enrollment_id"]),
            ("step_number", &step["step_number"]),
            ("training_order", &step["step_number"]),
            ("name", &step["training_name"]),
            ("training_name", &step["training_name"]),
            ("type", &step["training_type_name"]),
            ("is_archived", &path["is_archived"]),
            ("learning_path_id", &path["learning_path_id"]),
            ("created_at", &Value::Null),
            ("status", &Value::Null),
            ("starts_at", &Value::Null),
        ] {
            assert_eq!(&row[column], expected, "{column}");
        }
        assert_eq!(path["parent_enrollment_id"], Value::Null);
    }
    for table in ["enrollment_tags", "enrollment_languages"] {
        for row in vendor.truth(table).await {
            let of_row = |other: &&Value| other["enrollment_id"] == row["enrollment_id"];
            let enrollment = all.iter().find(of_row).unwrap();
            assert_eq!(enrollment["is_step"], false, "{table}");
        }
    }
}

#[tokio::test]
async fn steps_are_listed_where_the_variant_says_so() {
    let mut options = many_paths();
    options.variant.listed_steps = true;
    let vendor = Vendor::start(options).await;
    let truth = vendor.truth("enrollments").await;
    assert!(truth.iter().all(|row| row["is_listed"] == true));
    for company in vendor.companies().await {
        let of_company = |row: &&Value| row["company_id"] == company.as_str();
        let rows: Vec<Value> = truth.iter().filter(of_company).cloned().collect();
        let (listed, expected) = (
            vendor.enrollments(&company).await,
            texts(&rows, "enrollment_id"),
        );
        assert_eq!(distinct(&listed), distinct(&expected));
        assert_eq!(listed.len(), expected.len());
    }
    for (_, row) in steps(&vendor).await {
        let path = truth
            .iter()
            .find(|path| path["enrollment_id"] == row["parent_enrollment_id"])
            .unwrap();
        assert_eq!(row["created_at"], path["created_at"]);
        assert_ne!(row["name"], row["training_name"]);
    }
}
