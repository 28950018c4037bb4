//! One synced world for all tests that only read it, and what the simulator says is in it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
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
    let url = database::empty().await;
    let pool = database::pool(&url).await;
    keepnet_etl::warehouse::migrate::migrate(&pool)
        .await
        .expect("migrations");
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
                let value = row.get(*name).unwrap_or_else(|| panic!("no {name} in {view}"));
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
    let missing: Vec<_> = expected.iter().filter(|one| !found.contains(one)).take(4).collect();
    let surplus: Vec<_> = found.iter().filter(|one| !expected.contains(one)).take(4).collect();
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
            Ok(at) => at.with_timezone(&Utc).format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            Err(_) => text.clone(),
        },
        other => other.to_string(),
    }
}
