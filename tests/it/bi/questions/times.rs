//! What changes over time, and what is at the edge: deleted and restored, moved, a summer time that begins, no users at
//! all, and marks that are not known.

use chrono::{DateTime, TimeDelta, Utc};
use keepnet_etl::clock::{Clock, ManualClock};
use keepnet_etl::sync::{Extent, SyncRequest};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use super::world::{Row, ZONE, assert_rows, is, number, text, view, view_where};
use crate::support::simulator::Simulator;
use crate::support::{TestApp, database};

const WORLD: &[&str] = &[
    "--companies",
    "2",
    "--enrollments",
    "4",
    "--users",
    "12",
    "--learning-paths",
    "0%",
    "--archived",
    "0%",
    "--test-share",
    "0%",
    "--as-of",
    "2026-06-20",
];

/// A world that is read again and again.
struct Life {
    simulator: Simulator,
    app: TestApp,
}

impl Life {
    async fn begin(at: &str) -> Self {
        let simulator = Simulator::start(WORLD);
        let mut app = TestApp::new(simulator.url(), &[("api.time_zone", ZONE.name())]).await;
        app.clock = ManualClock::at(at.parse().unwrap());
        app.sync().await.unwrap();
        Self { simulator, app }
    }

    /// Lets time pass, and reads everything twice: what is missing then is deleted.
    async fn read_at(&self, at: &str) {
        let at: DateTime<Utc> = at.parse().unwrap();
        self.app.clock.advance(at - self.app.clock.now());
        for _ in 0..2 {
            self.app.clock.advance(TimeDelta::hours(1));
            let request = SyncRequest {
                extent: Extent::Everything,
                accepts_deletions: true,
                ..SyncRequest::default()
            };
            self.app.sync_only(&request).await.unwrap();
        }
    }

    async fn change_at(&self, at: &str, change: Value) -> Value {
        self.simulator.set_now(at.parse().unwrap()).await;
        self.simulator.change(&change).await
    }

    async fn stand_at(&self, at: &str) {
        stand_at(&self.app.pool, at).await;
    }
}

async fn stand_at(pool: &PgPool, at: &str) {
    let at: DateTime<Utc> = at.parse().unwrap();
    sqlx::query("update sync.view_settings set present_at = $1")
        .bind(at)
        .execute(pool)
        .await
        .unwrap();
}

async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(pool)
        .await
        .unwrap();
}

async fn one(pool: &PgPool, name: &str, condition: &str) -> Row {
    let mut rows = view_where(pool, name, condition).await;
    assert_eq!(rows.len(), 1, "bi.{name} where {condition}: {rows:#?}");
    rows.remove(0)
}

#[tokio::test]
async fn a_deleted_enrollment_leaves_the_figures_and_comes_back_once() {
    let life = Life::begin("2026-06-20T06:00:00Z").await;
    let pool = &life.app.pool;
    life.stand_at("2026-06-22T12:00:00Z").await;
    let before = view(pool, "enrollment_funnel").await;
    let history = view(pool, "training_history").await.len();
    let purged = life
        .change_at(
            "2026-06-21T08:00:00Z",
            json!({"kind": "enrollment-purged", "seed": 3}),
        )
        .await;
    life.read_at("2026-06-21T09:00:00Z").await;
    let of_it = format!(
        "enrollment_id = '{}'",
        purged["enrollment"].as_str().unwrap()
    );
    assert_eq!(view_where(pool, "enrollment_funnel", &of_it).await.len(), 0);
    assert_eq!(view_where(pool, "not_finished", &of_it).await.len(), 0);
    // That somebody did it stays true.
    let gone = view_where(pool, "training_history", &of_it).await;
    assert!(!gone.is_empty() && gone.iter().all(|row| is(row, "is_deleted")));
    assert_eq!(view(pool, "training_history").await.len(), history);
    let changes = format!(
        "change = 'enrollment gone' and about = '{}'",
        text(&gone[0], "enrollment_name").replace('\'', "''")
    );
    one(pool, "changes_since_yesterday", &changes).await;

    life.change_at(
        "2026-06-21T20:00:00Z",
        json!({"kind": "enrollment-returned", "company": purged["company"], "enrollment": purged["enrollment"]}),
    )
    .await;
    life.read_at("2026-06-21T21:00:00Z").await;
    assert_eq!(view(pool, "training_history").await.len(), history);
    assert!(
        view(pool, "training_history")
            .await
            .iter()
            .all(|row| !is(row, "is_deleted"))
    );
    let expected: Vec<Value> = before
        .iter()
        .map(|row| {
            let names = [
                "company_id",
                "enrollment_id",
                "assigned_count",
                "completed_count",
            ];
            names
                .iter()
                .map(|name| ((*name).to_owned(), row[*name].clone()))
                .collect()
        })
        .collect();
    assert_rows(
        "enrollment_funnel",
        &view(pool, "enrollment_funnel").await,
        &expected,
    );
}

#[tokio::test]
async fn a_month_that_is_over_keeps_what_was_true_at_its_end() {
    let life = Life::begin("2026-06-20T06:00:00Z").await;
    let pool = &life.app.pool;
    run(
        pool,
        "insert into ref.enrollment_flags (company_id, enrollment_id, is_mandatory)
         select company_id, enrollment_id, true from keepnet.enrollments",
    )
    .await;
    // The month ends, and then somebody completes something.
    let open = life.simulator.truth("enrollment_users").await;
    let open = open
        .iter()
        .find(|row| row["status"] == "Not Responded")
        .unwrap();
    let change = life
        .change_at(
            "2026-07-02T08:00:00Z",
            json!({
                "kind": "user-status", "status": "Completed", "seed": 1, "company": open["company_id"],
                "enrollment": open["enrollment_id"], "user": open["target_user_id"],
            }),
        )
        .await;
    life.read_at("2026-07-02T09:00:00Z").await;
    life.stand_at("2026-07-02T20:00:00Z").await;
    let of_it = format!(
        "enrollment_id = '{}'",
        change["enrollment"].as_str().unwrap()
    );
    let row = one(pool, "reported_then_and_now", &of_it).await;
    assert_eq!(text(&row, "month_end"), "2026-06-30");
    assert_eq!(number(&row, "completed_since"), Some(1.0), "{row:?}");
    assert_eq!(number(&row, "assigned_since"), Some(0.0), "{row:?}");

    let company = format!("company_id = '{}'", change["company"].as_str().unwrap());
    let told = one(
        pool,
        "changes_since_yesterday",
        &format!("{company} and change = 'status'"),
    )
    .await;
    assert_eq!(
        (
            text(&told, "before_value"),
            text(&told, "now_value"),
            number(&told, "how_many")
        ),
        ("Not Responded", "Completed", Some(1.0))
    );

    // The quarter ended with the month; its departments add up to the same.
    let then = view_where(pool, "reported_then_and_now", &company).await;
    let departments = view_where(pool, "completion_by_department_and_quarter", &company).await;
    assert!(
        departments
            .iter()
            .all(|row| text(row, "year_quarter") == "2026-Q2"),
        "{departments:?}"
    );
    let sum =
        |rows: &[Row], name: &str| rows.iter().filter_map(|row| number(row, name)).sum::<f64>();
    assert_eq!(
        sum(&departments, "assigned_count"),
        sum(&then, "assigned_then")
    );
    assert_eq!(
        sum(&departments, "completed_count"),
        sum(&then, "completed_then")
    );

    // Of the mandatory ones that were due by then, the same again.
    let due: Vec<Row> = view_where(pool, "enrollment_funnel", &company).await;
    let is_due = |row: &Row| !text(row, "due_on").is_empty() && text(row, "due_on") <= "2026-06-30";
    let due: Vec<&str> = due
        .iter()
        .filter(|row| is_due(row))
        .map(|row| text(row, "enrollment_id"))
        .collect();
    assert!(!due.is_empty());
    let of_due: Vec<Row> = then
        .iter()
        .filter(|row| due.contains(&text(row, "enrollment_id")))
        .cloned()
        .collect();
    let june = one(
        pool,
        "completion_by_due_date",
        &format!("{company} and month_end = '2026-06-30'"),
    )
    .await;
    assert_eq!(number(&june, "enrollment_count"), Some(due.len() as f64));
    assert_eq!(
        number(&june, "assigned_count"),
        Some(sum(&of_due, "assigned_then"))
    );
    assert_eq!(
        number(&june, "completed_count"),
        Some(sum(&of_due, "completed_then"))
    );
}

#[tokio::test]
async fn who_moves_is_in_the_new_department_now_and_in_the_old_one_where_it_was_reported() {
    let life = Life::begin("2026-06-20T06:00:00Z").await;
    let pool = &life.app.pool;
    let truth = life.simulator.truth("enrollments").await;
    let newest = truth
        .iter()
        .max_by_key(|row| row["created_at"].as_str().unwrap_or_default().to_owned())
        .unwrap();
    let mut moved = Value::Null;
    for kind in ["person-moved", "person-renamed"] {
        let mut asked = json!({
            "kind": kind, "seed": 4, "company": newest["company_id"], "enrollment": newest["enrollment_id"],
        });
        if kind == "person-renamed" {
            asked["user"] = moved["user"].clone();
        }
        moved = life.change_at("2026-06-21T08:00:00Z", asked).await;
    }
    life.read_at("2026-06-21T09:00:00Z").await;
    let of_person = format!(
        "company_id = '{}' and target_user_id = '{}'",
        moved["company"].as_str().unwrap(),
        moved["user"].as_str().unwrap()
    );
    let person = one(pool, "dim_person", &of_person).await;
    let history = view_where(pool, "training_history", &of_person).await;
    assert!(history.len() > 1, "{history:?}");
    for row in &history {
        assert_eq!(row["department_now"], person["department"]);
        assert_eq!(row["target_user_key"], person["target_user_key"]);
        let is_newest = row["enrollment_id"] == newest["enrollment_id"];
        assert_eq!(
            row["full_name"] == person["full_name"],
            is_newest,
            "{row:?}"
        );
        if is_newest {
            assert_eq!(row["department_reported"], person["department"]);
        } else {
            assert_ne!(row["department_reported"], person["department"]);
        }
    }
}

/// A company with one enrollment that is due at `due_at`, and one person who has not finished it.
async fn due_at(pool: &PgPool, due_at: &str) {
    run(
        pool,
        &format!(
            "insert into sync.accounts (account_id, time_zone, first_used_at, last_used_at)
             values ('r', 'Europe/Berlin', '2026-01-01', '2026-01-01');
             insert into keepnet.companies (company_id, kind, name, license_ends_at) values ('c', 'customer', 'C', '{due_at}');
             insert into keepnet.enrollments (company_id, enrollment_id, name, is_survey, is_test, status, created_at, due_at)
             values ('c', 'e', 'E', false, false, 'Finished', '2026-01-01', '{due_at}');
             insert into keepnet.enrollment_users (company_id, enrollment_id, reported_enrollment_id, target_user_id, status)
             values ('c', 'e', 'e', 'u', 'Not Responded');"
        ),
    )
    .await;
}

#[tokio::test]
async fn days_are_those_of_the_accounts_zone_when_summer_time_begins_and_ends() {
    // At 00:30 of 29 March in Berlin; two hours later it is 03:30 there.
    let pool = database::migrated().await;
    due_at(&pool, "2026-03-28T23:30:00Z").await;
    for (now, days_overdue, days_left) in [
        ("2026-03-29T21:59:00Z", None, 0),
        ("2026-03-29T22:01:00Z", Some(1.0), -1),
        ("2026-03-30T21:59:00Z", Some(1.0), -1),
        ("2026-03-30T22:01:00Z", Some(2.0), -2),
    ] {
        stand_at(&pool, now).await;
        let row = one(&pool, "not_finished", "true").await;
        assert_eq!(text(&row, "due_on"), "2026-03-29");
        assert_eq!(number(&row, "days_overdue"), days_overdue, "at {now}");
        let license = one(&pool, "licenses_ending", "true").await;
        assert_eq!(
            number(&license, "days_left"),
            Some(f64::from(days_left)),
            "at {now}"
        );
    }
    // At 23:30 of 25 October in Berlin, a day of 25 hours.
    let pool = database::migrated().await;
    due_at(&pool, "2026-10-25T22:30:00Z").await;
    for (now, days_overdue) in [
        ("2026-10-25T22:59:00Z", None),
        ("2026-10-25T23:01:00Z", Some(1.0)),
    ] {
        stand_at(&pool, now).await;
        let row = one(&pool, "not_finished", "true").await;
        assert_eq!(text(&row, "due_on"), "2026-10-25");
        assert_eq!(number(&row, "days_overdue"), days_overdue, "at {now}");
    }
}

#[tokio::test]
async fn nobody_has_no_rate_an_unknown_mark_is_no_test_and_what_is_excluded_is_out() {
    let pool = database::migrated().await;
    due_at(&pool, "2026-03-28T23:30:00Z").await;
    stand_at(&pool, "2026-04-10T12:00:00Z").await;
    run(
        &pool,
        "insert into keepnet.enrollments (company_id, enrollment_id, name, is_survey, is_test, status, created_at)
         values ('c', 'empty', 'Nobody', true, false, 'Finished', '2026-01-01'),
                ('c', 'unknown', 'Who knows', false, null, 'Auto-Enroll', '2026-01-01'),
                ('c', 'test', 'Test', false, true, 'Auto-Enroll', '2026-01-01'),
                ('c', 'out', 'Out', false, false, 'Finished', '2026-01-01');
         insert into keepnet.enrollment_users (company_id, enrollment_id, reported_enrollment_id, target_user_id, status)
         select 'c', e, e, 'u', 'Completed' from unnest(array['unknown', 'test', 'out']) e;
         insert into ref.enrollment_flags (company_id, enrollment_id, is_excluded) values ('c', 'out', true);",
    )
    .await;
    let empty = one(&pool, "enrollment_funnel", "enrollment_id = 'empty'").await;
    for rate in [
        "delivery_rate",
        "opening_rate",
        "participation_rate",
        "completion_rate",
    ] {
        assert!(empty[rate].is_null(), "{rate}");
    }
    assert_eq!(number(&empty, "assigned_count"), Some(0.0));
    assert_eq!(number(&empty, "delivered_count"), Some(0.0));
    let survey = one(&pool, "survey_participation", "true").await;
    assert!(survey["participation_rate"].is_null());

    let funnel = view(&pool, "enrollment_funnel").await;
    let counted: Vec<&str> = funnel
        .iter()
        .map(|row| text(row, "enrollment_id"))
        .collect();
    assert!(
        counted.contains(&"unknown") && !counted.contains(&"test") && !counted.contains(&"out"),
        "{counted:?}"
    );
    let unknown = one(&pool, "enrollment_funnel", "enrollment_id = 'unknown'").await;
    assert!(unknown["is_test"].is_null(), "unknown is not false");
    for (check, found) in [
        ("test enrollments", 1.0),
        ("test or not unknown", 1.0),
        ("excluded enrollments", 1.0),
    ] {
        let row = one(&pool, "data_quality", &format!("check_name = '{check}'")).await;
        assert_eq!(
            (number(&row, "found_count"), number(&row, "of_count")),
            (Some(found), Some(5.0)),
            "{check}"
        );
    }
    let company = one(&pool, "company_overview", "true").await;
    assert_eq!(number(&company, "enrollment_count"), Some(3.0));
    assert_eq!(number(&company, "completion_rate"), Some(0.5));
    assert_eq!(
        one(&pool, "test_enrollments_running", "true").await["enrollment_id"],
        "test"
    );
}
