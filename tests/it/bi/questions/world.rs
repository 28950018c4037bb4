//! One synced world for all tests that only read it, and what the simulator says is in it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use secrecy::SecretString;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, PgPool};
use tokio::sync::OnceCell;

use crate::support::simulator::Simulator;
use crate::support::{NOW, TestApp, database};

/// A world with everything in it that the views are asked about.
const FLAGS: &[&str] = &[
    "--companies",
    "9",
    "--sub-resellers",
    "2",
    "--enrollments",
    "8",
    "--users",
    "40",
    "--survey-share",
    "40%",
    "--learning-paths",
    "20%",
    "--archived",
    "20%",
    "--masked",
    "10%",
    "--test-share",
    "20%",
];

/// The zone of the account.
pub const ZONE: Tz = chrono_tz::Europe::Istanbul;

/// What the simulator says of its world, table by table.
pub struct Truth {
    url: SecretString,
    tables: BTreeMap<&'static str, Vec<Row>>,
    _simulator: Simulator,
}

/// A row of the truth, or of a view.
pub type Row = Map<String, Value>;

static TRUTH: OnceCell<Truth> = OnceCell::const_new();

/// The world, synced once.
pub async fn synced() -> (&'static Truth, PgPool) {
    let truth = TRUTH.get_or_init(sync).await;
    (truth, database::pool(&truth.url).await)
}

async fn sync() -> Truth {
    let simulator = Simulator::start(FLAGS);
    let url = database::kept_url().await;
    let pool = database::pool(&url).await;
    let settings = [("api.time_zone", ZONE.name()), ("widgets.months", "12")];
    let app = TestApp::with_pool(pool, simulator.url(), &settings);
    let report = app.sync().await.expect("a run");
    assert_eq!(report.outcome, "ok", "{report:#?}");
    stand_still(&app.pool).await;
    let mut tables = BTreeMap::new();
    for table in [
        "companies",
        "enrollments",
        "enrollment_steps",
        "enrollment_summaries",
        "enrollment_users",
        "target_users",
        "survey_sessions",
        "survey_questions",
        "survey_answers",
        "widget_values",
        "executive_reports",
        "executive_report_widgets",
    ] {
        let rows = simulator.truth(table).await.into_iter();
        let rows = rows.map(|row| match row {
            Value::Object(row) => row,
            other => panic!("not a row: {other}"),
        });
        tables.insert(table, rows.collect());
    }
    app.pool.close().await;
    Truth {
        url,
        tables,
        _simulator: simulator,
    }
}

/// Lets the views take the present of the tests for now.
pub async fn stand_still(pool: &PgPool) {
    sqlx::query("update sync.view_settings set present_at = $1")
        .bind(now())
        .execute(pool)
        .await
        .expect("a present");
}

/// The present of the tests.
pub fn now() -> DateTime<Utc> {
    NOW.parse().expect("an instant")
}

/// The day of an instant in the account's zone.
pub fn day_of(at: DateTime<Utc>) -> NaiveDate {
    ZONE.from_utc_datetime(&at.naive_utc()).date_naive()
}

impl Truth {
    /// The rows of a table.
    pub fn rows(&self, table: &str) -> &[Row] {
        &self.tables[table]
    }

    /// The companies below the account's own.
    pub fn companies(&self) -> impl Iterator<Item = &Row> {
        self.rows("companies")
            .iter()
            .filter(|row| !row["parent_company_id"].is_null())
    }

    /// Enrollments that count: no steps, no tests.
    pub fn counted_enrollments(&self) -> impl Iterator<Item = &Row> {
        self.rows("enrollments")
            .iter()
            .filter(|row| !is(row, "is_step") && !is(row, "is_test"))
    }

    /// The name of a company.
    pub fn company_name(&self, company: &str) -> &str {
        let row = self.rows("companies").iter();
        let row = row.clone().find(|row| text(row, "company_id") == company);
        text(row.expect("the company"), "name")
    }
}

/// One person in one enrollment that counts.
#[derive(Clone, Copy)]
pub struct Assignment<'a> {
    /// The row of the report.
    pub user: &'a Row,
    /// The enrollment.
    pub enrollment: &'a Row,
}

impl Assignment<'_> {
    /// What the vendor's status word means.
    pub fn group(&self) -> &'static str {
        status_group(text(self.user, "status"))
    }

    /// Whether the person is to finish it.
    pub fn is_targeted(&self) -> bool {
        !["cancelled", "excluded"].contains(&self.group())
    }

    /// Whether the person finished it.
    pub fn is_completed(&self) -> bool {
        self.group() == "completed"
    }

    /// The day on which it is due.
    pub fn due_on(&self) -> Option<NaiveDate> {
        instant(self.enrollment, "due_at").map(day_of)
    }

    /// Whether that day is over.
    pub fn is_past_due(&self) -> bool {
        self.due_on().is_some_and(|due| due < day_of(now()))
    }

    /// First and last name.
    pub fn full_name(&self) -> Option<String> {
        full_name(self.user)
    }

    /// The company.
    pub fn company(&self) -> &str {
        text(self.user, "company_id")
    }

    /// The id of the enrollment.
    pub fn enrollment_id(&self) -> &str {
        text(self.user, "enrollment_id")
    }
}

/// First and last name of a person's row.
pub fn full_name(person: &Row) -> Option<String> {
    let names = ["first_name", "last_name"].map(|name| text(person, name));
    let name = names.join(" ").trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// What a status word means, spaces and case aside.
pub fn status_group(status: &str) -> &'static str {
    match status.replace(' ', "").to_lowercase().as_str() {
        "inqueue" | "processing" => "queued",
        "notdelivered" | "sendingerror" | "error" => "not delivered",
        "notresponded" | "notstarted" => "not started",
        "openedemail" => "opened",
        "clickedlink" => "clicked",
        "inprogress" | "incomplete" | "notcompleted" => "in progress",
        "completed" | "passed" | "exampassed" | "success" | "downloaded" => "completed",
        "examfailed" | "failed" => "failed",
        "cancelled" | "canceled" => "cancelled",
        "excluded" => "excluded",
        other => panic!("the simulator has a new status: {other}"),
    }
}

impl Truth {
    /// Every assignment of enrollments that count.
    pub fn assignments(&self) -> Vec<Assignment<'_>> {
        let enrollments: BTreeMap<(&str, &str), &Row> = self
            .counted_enrollments()
            .map(|row| ((text(row, "company_id"), text(row, "enrollment_id")), row))
            .collect();
        let users = self.rows("enrollment_users").iter();
        users
            .filter_map(|user| {
                let key = (text(user, "company_id"), text(user, "enrollment_id"));
                let enrollment = *enrollments.get(&key)?;
                Some(Assignment { user, enrollment })
            })
            .collect()
    }
}

impl Truth {
    /// When the first session of each person in each enrollment ended: its start, and the time spent on its questions.
    pub fn session_ends(&self) -> BTreeMap<(&str, &str, &str), DateTime<Utc>> {
        let mut spent: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
        for answer in self.rows("survey_answers") {
            let session = spent.entry(text(answer, "session_id")).or_default();
            let question = session.entry(text(answer, "question_id")).or_default();
            *question = question.max(seconds(text(answer, "latency")));
        }
        let mut ends = BTreeMap::new();
        for session in self.rows("survey_sessions") {
            let Some(start) = instant(session, "started_at") else {
                continue;
            };
            let of_questions = spent.get(text(session, "session_id"));
            let seconds: f64 = of_questions.into_iter().flat_map(|all| all.values()).sum();
            let end = start + TimeDelta::milliseconds((seconds * 1000.0) as i64);
            let key =
                ["company_id", "enrollment_id", "target_user_id"].map(|name| text(session, name));
            let first = ends.entry((key[0], key[1], key[2])).or_insert(end);
            *first = end.min(*first);
        }
        ends
    }
}

/// The seconds of an interval such as `1 day 02:00:00` or `00:00:04.5`.
fn seconds(interval: &str) -> f64 {
    let (days, clock) = match interval.split_once(" day ") {
        Some((days, clock)) => (days.parse().expect("days"), clock),
        None => (0.0, interval),
    };
    let parts = clock.split(':').filter(|part| !part.is_empty());
    let clock = parts.fold(0.0, |sum, part| {
        sum * 60.0 + part.parse::<f64>().expect("a number")
    });
    days * 86_400.0 + clock
}

/// A department as it is shown.
pub fn department(row: &Row) -> &str {
    match text(row, "department") {
        "" => "(none)",
        name => name,
    }
}

/// A text of a row; empty without one.
pub fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A number of a row.
pub fn number(row: &Row, name: &str) -> Option<f64> {
    row.get(name).and_then(Value::as_f64)
}

/// Whether a mark of a row is set.
pub fn is(row: &Row, name: &str) -> bool {
    row.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// An instant of a row.
pub fn instant(row: &Row, name: &str) -> Option<DateTime<Utc>> {
    let text = row.get(name)?.as_str()?;
    Some(text.parse().expect("an instant"))
}

/// The rows of a view.
pub async fn view(pool: &PgPool, name: &str) -> Vec<Row> {
    view_where(pool, name, "true").await
}

/// The rows of a view that meet a condition.
pub async fn view_where(pool: &PgPool, name: &str, condition: &str) -> Vec<Row> {
    let sql = format!("select to_jsonb(v) from bi.{name} v where {condition}");
    let rows: Vec<Value> = sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(pool)
        .await
        .unwrap_or_else(|error| panic!("bi.{name}: {error}"));
    let rows = rows.into_iter().map(|row| match row {
        Value::Object(row) => row,
        other => panic!("not a row: {other}"),
    });
    rows.collect()
}

/// Asserts that a view holds these rows and no others, in the columns that they name.
pub fn assert_rows(view: &str, found: &[Row], expected: &[Value]) {
    let expected: Vec<&Row> = expected
        .iter()
        .map(|row| row.as_object().expect("a row"))
        .collect();
    assert!(!expected.is_empty(), "nothing is expected of {view}");
    let names: BTreeSet<&String> = expected.iter().flat_map(|row| row.keys()).collect();
    let lines = |rows: &mut dyn Iterator<Item = &Row>| {
        let line = |row: &Row| {
            let value = |name: &&String| {
                let value = row
                    .get(*name)
                    .unwrap_or_else(|| panic!("no {name} in {view}"));
                format!("{name}={}", plain(value))
            };
            names.iter().map(value).collect::<Vec<_>>().join(" ")
        };
        let mut lines: Vec<String> = rows.map(line).collect();
        lines.sort();
        lines
    };
    let expected = lines(&mut expected.iter().copied());
    let found = lines(&mut found.iter());
    let missing: Vec<_> = expected
        .iter()
        .filter(|one| !found.contains(one))
        .take(4)
        .collect();
    let surplus: Vec<_> = found
        .iter()
        .filter(|one| !expected.contains(one))
        .take(4)
        .collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{view} differs\nmissing:\n{missing:#?}\nsurplus:\n{surplus:#?}"
    );
    assert_eq!(expected.len(), found.len(), "rows of {view}");
}

/// One spelling for what means the same.
fn plain(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{:.6}", number.as_f64().expect("a number")),
        Value::String(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => at
                .with_timezone(&Utc)
                .format("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
            Err(_) => text.clone(),
        },
        other => other.to_string(),
    }
}
