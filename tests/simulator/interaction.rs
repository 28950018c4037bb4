//! Events of single users.

use std::collections::{BTreeMap, BTreeSet};

use keepnet_etl::simulator::{Share, SimulatorOptions, WorldOptions};
use serde_json::Value;

use crate::support::{Vendor, body, options, small, text};

fn paths_and_surveys() -> SimulatorOptions {
    options(WorldOptions {
        companies: 2,
        enrollments: 8,
        survey_share: Share::percent(25),
        learning_paths: Share::percent(25),
        ..small().world
    })
}

fn interactions_of(enrollment: &str, user: &str) -> String {
    format!("/api/training-reports/{enrollment}/interactions/{user}")
}

/// Rows by enrollment and user.
fn by_user(rows: Vec<Value>, enrollment: &str) -> BTreeMap<(String, String), Vec<Value>> {
    let mut users: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for row in rows {
        let key = (text(&row, enrollment), text(&row, "target_user_id"));
        users.entry(key).or_default().push(row);
    }
    users
}

#[tokio::test]
async fn the_truth_of_events_is_what_is_served() {
    let vendor = Vendor::start(paths_and_surveys()).await;
    let truth = by_user(
        vendor.truth("interactions?interactions=all").await,
        "enrollment_id",
    );
    let mut served = 0;
    let users = by_user(
        vendor.truth("enrollment_users").await,
        "reported_enrollment_id",
    );
    for ((enrollment, user), rows) in &users {
        let is_silent = |row: &Value| {
            let status = text(row, "status").replace(' ', "");
            matches!(
                status.as_str(),
                "InQueue" | "NotDelivered" | "SendingError" | "Error" | "Processing"
            ) || status.starts_with("Cancel")
        };
        let own = rows
            .iter()
            .find(|row| row["enrollment_id"] == row["reported_enrollment_id"]);
        if is_silent(own.unwrap_or(&rows[0])) {
            assert!(!truth.contains_key(&(enrollment.clone(), user.clone())));
            continue;
        }
        let company = text(&rows[0], "company_id");
        let data = vendor
            .data(&interactions_of(enrollment, user), Some(&company))
            .await;
        let Some(events) = data.as_array() else {
            assert_eq!(data, Value::Null);
            continue;
        };
        served += events.len();
        let told = &truth[&(enrollment.clone(), user.clone())];
        let names = |rows: &[Value], member| {
            let mut names: Vec<String> = rows.iter().map(|row| text(row, member)).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(told, "interaction"), names(events, "interaction"));
        for (ordinal, row) in told.iter().enumerate() {
            assert_eq!(row["ordinal"], ordinal);
            assert_eq!(row["browser_name"], Value::Null);
        }
        for pair in told.windows(2) {
            let [one, other] = [0, 1].map(|at| {
                (
                    pair[at]["event_at"].as_str(),
                    pair[at]["interaction"].as_str(),
                )
            });
            assert!(one <= other, "{one:?} {other:?}");
        }
    }
    assert!(served > 500, "{served}");
    assert_eq!(truth.values().map(Vec::len).sum::<usize>(), served);
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn events_are_as_odd_as_the_vendor_s() {
    let vendor = Vendor::start(paths_and_surveys()).await;
    let all = vendor
        .truth("interactions?interactions=all&tracking_info=true")
        .await;
    let any = |is_odd: &dyn Fn(&Value) -> bool| all.iter().any(is_odd);
    assert!(any(&|row| row["event_at"].is_null()));
    assert!(any(&|row| row["ip_addresses"]
        .as_str()
        .is_some_and(|list| list.contains(", "))));
    assert!(any(
        &|row| row["browser_name"].is_string() && row["user_agent"].is_null()
    ));
    assert!(any(&|row| row["current_step"].is_string()
        && row["training_order"].is_u64()
        && row["learning_path_id"].is_string()));
    assert!(any(
        &|row| row["training_order"].is_null() && row["step_count"].is_u64()
    ));
    let content = |row: &Value| {
        let mut row = row.clone();
        row["ordinal"] = Value::Null;
        row.to_string()
    };
    let distinct: BTreeSet<String> = all.iter().map(content).collect();
    assert!(distinct.len() < all.len(), "equal events are legitimate");

    let surveys: BTreeSet<String> = vendor
        .truth("enrollments")
        .await
        .iter()
        .filter(|row| row["is_survey"] == true)
        .map(|row| text(row, "enrollment_id"))
        .collect();
    let by_default = vendor.truth("interactions").await;
    assert!(!by_default.is_empty() && by_default.len() < all.len());
    assert!(
        by_default
            .iter()
            .all(|row| surveys.contains(&text(row, "enrollment_id")))
    );
}

#[tokio::test]
async fn events_of_one_second_come_in_another_order_each_time() {
    let vendor = Vendor::start(paths_and_surveys()).await;
    let truth = by_user(vendor.truth("interactions").await, "enrollment_id");
    let mut moved = 0;
    for ((enrollment, user), rows) in &truth {
        let is_tied = rows.windows(2).any(|pair| {
            pair[0]["event_at"] == pair[1]["event_at"]
                && pair[0]["interaction"] != pair[1]["interaction"]
        });
        if !is_tied {
            continue;
        }
        let company = text(&rows[0], "company_id");
        let path = interactions_of(enrollment, user);
        let first = vendor.data(&path, Some(&company)).await;
        let second = vendor.data(&path, Some(&company)).await;
        moved += usize::from(first != second);
        let sorted = |data: &Value| {
            let mut events: Vec<String> = data
                .as_array()
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect();
            events.sort_unstable();
            events
        };
        assert_eq!(sorted(&first), sorted(&second));
    }
    assert!(moved > 3, "{moved}");
    vendor
        .add_faults(serde_json::json!("interactions:503:times=1"))
        .await;
    let ((enrollment, user), rows) = truth.iter().next().unwrap();
    let path = interactions_of(enrollment, user);
    let company = text(&rows[0], "company_id");
    assert_eq!(vendor.get(&path, Some(&company)).await.status(), 503);
    let nobody = interactions_of(enrollment, "nobody");
    assert_eq!(vendor.get(&nobody, Some(&company)).await.status(), 404);
    let requests = body(vendor.get("/simulator/requests", None).await).await;
    assert!(requests["endpoints"]["interactions"].as_u64() > Some(2));
}
