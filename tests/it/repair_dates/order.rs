//! After a wrong order of day and month: days up to 12 were swapped, later ones were refused.

use keepnet_etl::warehouse::accounts::{self, DateChoice, DateRepair};
use serde_json::{Value, json};

use super::{assert_equal, choices, count_different, plan, repair, with_settings};
use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::survey::{data, session, user};
use crate::support::table::{assert_all_equal_truth, told};
use crate::support::vendor::{
    ALPHA, Vendor, companies, detail, enrollments, interactions, my_companies, ok, page, report,
    report_list, sessions, target_groups, trainings, users,
};

const RIGHT: &[(&str, &str)] = &[
    ("api.date_format", "dmy"),
    ("api.time_zone", "Europe/Berlin"),
];
const WRONG: &[(&str, &str)] = &[("api.date_format", "mdy"), ("api.time_zone", "UTC")];

const OLD: &str = "11111111-2222-4333-8444-555555555501";
const NEW: &str = "11111111-2222-4333-8444-555555555502";
const ADA: &str = "uSeR00000001";
const BEA: &str = "uSeR00000002";

fn person(id: &str, name: &str, last: &str) -> Value {
    let mut row = user(id, "Completed");
    row["email"] = format!("{name}@example.com").into();
    row["firstName"] = name.into();
    row["lastInteractionDate"] = last.into();
    row["customFieldValues"] =
        json!([{"resourceId": "cf", "name": "Start", "timestampValue": "2026-03-04T10:00:00"}]);
    row
}

/// A vendor with the day first, whose days are all possible as months. Read with the month first, the old enrollment
/// looks newer than the new one, the first event later than the second, and the old session newer than the new one.
async fn ambiguous() -> Vendor {
    let vendor = Vendor::start().await;
    let alpha = json!({
        "companyResourceId": ALPHA, "createTime": "02/03/2024 10:00", "licenseEndDate": "07/08/2027 00:00",
    });
    vendor.on(companies(), ok(page(&[alpha]))).await;
    vendor.on(my_companies(), ok(r#"{"data":[]}"#)).await;
    let listed = [
        json!({"enrollmentId": OLD, "type": "Survey", "createTime": "12/01/2026 08:00", "startDate": "2026-03-29T02:30:00"}),
        json!({"enrollmentId": NEW, "type": "Survey", "createTime": "11/02/2026 08:00", "startDate": "2026-03-05T09:00:00"}),
    ];
    vendor.on(enrollments(), ok(page(&listed))).await;
    let due = json!({"data": {"enrollmentScheduler": {"dueDate": "10/11/2026 12:00", "scheduledDate": "09/10/2026 12:00"}}});
    vendor.on(detail(OLD), ok(due.to_string())).await;
    let report_of = |name: &str| {
        page(&[
            person(ADA, name, "03/04/2026 10:00:33"),
            person(BEA, name, "05/05/2026 23:30:00"),
        ])
    };
    vendor.on(users(OLD), ok(report_of("old"))).await;
    vendor.on(users(NEW), ok(report_of("new"))).await;
    let event = |name: &str, at: &str| json!({"interaction": name, "eventTime": at});
    let events = [
        event("Opened Email", "12/01/2026 10:00"),
        event("Clicked Link", "11/02/2026 10:00"),
        event("Unknown", "31/02/2026 10:00"),
    ];
    vendor.on(interactions(OLD, ADA), ok(data(&events))).await;
    let mut held = [session("s-new", &[], &[]), session("s-old", &[], &[])];
    held[0]["enrollmentSessionCreatedAt"] = "11/02/2026 09:00".into();
    held[1]["enrollmentSessionCreatedAt"] = "12/01/2026 09:00".into();
    vendor.on(sessions(OLD, ADA), ok(data(&held))).await;
    let listed = json!({"resourceId": "r1", "name": "Report"});
    vendor.on(report_list(), ok(data(&[listed]))).await;
    let held = json!({"data": {
        "resourceId": "r1", "dateCreated": "06/07/2026 08:00", "startDate": "01/02/2026 00:00", "endDate": "",
        "widgets": [{"resourceId": "w1", "widgetType": "T", "widgetDatas": [
            {"date": "04/05/2026 00:00", "values": [{"name": "n", "value": 1}]}]}],
    }});
    vendor.on(report("r1"), ok(held.to_string())).await;
    let row = json!({"trainingId": "t1", "createTime": "08/09/2025 07:00"});
    vendor.on(trainings(), ok(page(&[row]))).await;
    let row = json!({"resourceId": "g1", "createTime": "08/09/2025 07:00", "updateTime": "09/09/2025 07:00"});
    vendor.on(target_groups(), ok(page(&[row]))).await;
    vendor
}

async fn loaded(vendor: &Vendor, settings: &[(&str, &str)]) -> TestApp {
    let app = TestApp::new(&vendor.url(), settings).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    app
}

#[tokio::test]
async fn a_repair_after_the_wrong_order_equals_a_clean_load_with_all_that_follows_from_dates() {
    let vendor = ambiguous().await;
    let clean = loaded(&vendor, RIGHT).await;
    let wrong = loaded(&vendor, WRONG).await;
    assert!(count_different(&wrong.pool, &clean.pool).await >= 10);

    let right = with_settings(&wrong, &vendor.url(), RIGHT);
    let report = repair(&right).await.unwrap();
    assert_equal(&right.pool, &clean.pool).await;
    let followed = report.followed.unwrap();
    assert_eq!(
        (followed.persons, followed.events, followed.sessions),
        (2, 2, 2)
    );
    assert_eq!(
        choices(&right.pool).await,
        ["dmy Europe/Berlin", "mdy UTC ", "dmy Europe/Berlin true"]
    );
    let rows = right.sync().await.unwrap().totals.rows;
    assert_eq!((rows.inserted, rows.updated, rows.deleted), (0, 0, 0));
}

#[tokio::test]
async fn a_column_with_a_day_above_twelve_came_with_the_year_first_and_keeps_its_order() {
    let vendor = ambiguous().await;
    let wrong = loaded(&vendor, WRONG).await;
    let right = with_settings(&wrong, &vendor.url(), RIGHT);
    let report = plan(&right).await.unwrap();
    let year_first: Vec<String> = (report.columns.iter())
        .filter(|column| column.is_year_first)
        .map(|column| format!("{}.{}", column.table, column.column))
        .collect();
    assert_eq!(
        year_first,
        [
            "enrollments.starts_at",
            "user_custom_fields.timestamp_value"
        ]
    );
    // The one local time that Berlin skips becomes the text that a clean load keeps.
    let to_text: Vec<&str> = (report.columns.iter())
        .filter(|column| column.to_text > 0)
        .map(|column| column.column)
        .collect();
    assert_eq!(to_text, ["starts_at"]);
}

#[tokio::test]
async fn what_was_refused_for_its_order_is_read_by_the_next_sync() {
    let vendor = ambiguous().await;
    let refused = json!({"trainingId": "t2", "createTime": "28/09/2025 07:00"});
    let row = json!({"trainingId": "t1", "createTime": "08/09/2025 07:00"});
    vendor
        .first(3, trainings(), ok(page(&[row, refused])))
        .await;
    let wrong = loaded(&vendor, WRONG).await;
    let open = "select resource from sync.quarantine where resolved_at is null";
    assert_eq!(told(&wrong.pool, open).await, ["trainings"]);

    let right = with_settings(&wrong, &vendor.url(), RIGHT);
    let report = repair(&right).await.unwrap();
    assert!(report.due > 0, "{report:#?}");
    assert_eq!(right.sync().await.unwrap().outcome, "ok");
    assert_eq!(told(&right.pool, open).await, [""; 0]);
    let clean = loaded(&vendor, RIGHT).await;
    assert_equal(&right.pool, &clean.pool).await;
}

#[tokio::test]
async fn each_row_is_read_again_from_the_choice_that_read_it() {
    let vendor = ambiguous().await;
    let clean = loaded(&vendor, RIGHT).await;
    let wrong = loaded(&vendor, WRONG).await;
    // A sync with the right settings mends what it reads: here the companies.
    let right = with_settings(&wrong, &vendor.url(), RIGHT);
    let request = keepnet_etl::sync::SyncRequest {
        resources: vec![keepnet_etl::resource::Resource::Companies],
        ..Default::default()
    };
    right.sync_only(&request).await.unwrap();
    let report = repair(&right).await.unwrap();
    assert_eq!(report.from.len(), 2);
    assert_equal(&right.pool, &clean.pool).await;
}

#[tokio::test]
async fn a_repair_that_was_killed_before_its_first_row_looks_for_columns_with_the_year_first() {
    let vendor = ambiguous().await;
    let clean = loaded(&vendor, RIGHT).await;
    let wrong = loaded(&vendor, WRONG).await;
    let account = accounts::read(&wrong.pool).await.unwrap().unwrap();
    let mut choices = accounts::read_date_choices(&wrong.pool).await.unwrap();
    choices.push(DateChoice {
        date_format: Some("dmy".to_owned()),
        time_zone: "Europe/Berlin".to_owned(),
        evidence: None,
        since: choices[0].since,
        repair: Some(DateRepair::default()),
    });
    accounts::write_date_choices(&wrong.pool, &account.account_id, &choices)
        .await
        .unwrap();
    let right = with_settings(&wrong, &vendor.url(), RIGHT);
    let refused = right.sync().await.unwrap_err();
    assert_eq!(refused.exit_code(), 2);
    assert!(refused.remedy().contains("repair-dates"), "{refused}");
    assert!(repair(&right).await.unwrap().is_done);
    assert_equal(&right.pool, &clean.pool).await;
}

#[tokio::test]
async fn after_misled_settings_a_repair_and_a_sync_reach_the_truth() {
    let world = [
        "--companies",
        "3",
        "--users",
        "10",
        "--date-claim",
        "false",
        "--settings-readable",
        "false",
    ];
    let simulator = Simulator::start(&world);
    let wrong = TestApp::new(simulator.url(), WRONG).await;
    // Too many dates contradict the format.
    assert!(
        wrong.sync().await.is_err()
            || !told(&wrong.pool, "select 'x' from sync.quarantine")
                .await
                .is_empty()
    );
    let right = with_settings(
        &wrong,
        simulator.url(),
        &[
            ("api.date_format", "dmy"),
            ("api.time_zone", "Europe/Istanbul"),
        ],
    );
    assert!(repair(&right).await.unwrap().is_done);
    assert_eq!(right.sync().await.unwrap().outcome, "ok");
    assert_all_equal_truth(&right.pool, &simulator).await;
    let open = told(
        &right.pool,
        "select reason from sync.quarantine where resolved_at is null",
    );
    assert_eq!(open.await, [""; 0]);
}
