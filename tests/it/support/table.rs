//! Looking at tables: as sorted text for snapshots, and against the simulator's truth.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, PgPool};

use super::simulator::Simulator;

/// Every table that this version fills.
pub const TABLES: [&str; 24] = [
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
    "executive_reports",
    "executive_report_widgets",
    "widgets",
    "widget_values",
    "trainings",
    "target_groups",
];

/// Columns that say something of the row here, not of the thing there.
const BOOKKEEPING: [&str; 17] = [
    "company_key",
    "enrollment_key",
    "target_user_key",
    "question_key",
    "extra",
    "detail_extra",
    "result_extra",
    "first_seen_at",
    "synced_at",
    "deleted_at",
    "reported_by_created_at",
    "reported_by_enrollment_id",
    "valid_from",
    "observed_at",
    "training_key",
    "session_completed_at",
    "is_superseded",
];

/// All present rows, as JSON objects of all columns.
pub async fn rows(pool: &PgPool, table: &str) -> Vec<Map<String, Value>> {
    rows_where(pool, table, "deleted_at is null").await
}

/// The rows that meet a condition.
pub async fn rows_where(pool: &PgPool, table: &str, condition: &str) -> Vec<Map<String, Value>> {
    let sql = format!("select to_jsonb(t) from keepnet.{table} t where {condition}");
    let rows: Vec<Value> = sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(pool)
        .await
        .expect("rows");
    rows.into_iter()
        .map(|row| match row {
            Value::Object(row) => row
                .into_iter()
                .map(|(name, value)| (name, plain(value)))
                .collect(),
            other => panic!("not a row: {other}"),
        })
        .collect()
}

/// Asserts that a table holds what the simulator says it should, row by row and value by value.
pub async fn assert_equals_truth(pool: &PgPool, simulator: &Simulator, table: &str) {
    assert_companies_equal_truth(pool, simulator, table, |_| true).await;
}

/// Asserts the same of the rows of some companies.
pub async fn assert_companies_equal_truth(
    pool: &PgPool,
    simulator: &Simulator,
    table: &str,
    is_meant: impl Fn(&str) -> bool,
) {
    let of_company = |company_id: &Value| is_meant(company_id.as_str().unwrap_or_default());
    let mut truth = simulator.truth(&asked(pool, table).await).await;
    truth.retain(|row| of_company(&row["company_id"]));
    let mut stored = rows(pool, table).await;
    stored.retain(|row| of_company(&row["company_id"]));
    if let (Some(Value::Object(truth)), Some(stored)) = (truth.first(), stored.first()) {
        let missing: Vec<&String> = stored
            .keys()
            .filter(|name| !truth.contains_key(*name) && !BOOKKEEPING.contains(&name.as_str()))
            .collect();
        assert!(
            missing.is_empty(),
            "the truth of {table} says nothing of {missing:?}"
        );
    }
    let (expected, found) = lines(&truth, &stored);
    let missing: Vec<_> = expected.difference(&found).take(3).collect();
    let surplus: Vec<_> = found.difference(&expected).take(3).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{table} differs\nmissing:\n{missing:#?}\nsurplus:\n{surplus:#?}"
    );
    assert_eq!(truth.len(), stored.len(), "rows of {table}");
}

/// How the truth of a table is asked for: that of the widgets' values is one of months, and what was asked for hangs on
/// the clock of the run.
async fn asked(pool: &PgPool, table: &str) -> String {
    if table != "widget_values" {
        return table.to_owned();
    }
    let months: (Option<String>, Option<String>) = sqlx::query_as(
        "select min(split_part(scope, '/', 2)), max(split_part(scope, '/', 2))
         from sync.cursors where resource = 'widgets' and scope <> ''",
    )
    .fetch_one(pool)
    .await
    .expect("months");
    match months {
        (Some(first), Some(last)) => format!("{table}?from={first}&to={last}"),
        _ => table.to_owned(),
    }
}

/// Asserts that every stored row is one of the truth; gives how many rows of the truth are not stored.
pub async fn count_missing_from_truth(pool: &PgPool, simulator: &Simulator, table: &str) -> usize {
    let truth = simulator.truth(&asked(pool, table).await).await;
    let (expected, found) = lines(&truth, &rows(pool, table).await);
    let surplus: Vec<_> = found.difference(&expected).take(3).collect();
    assert!(
        surplus.is_empty(),
        "{table} holds what is not true\n{surplus:#?}"
    );
    expected.difference(&found).count()
}

/// Both sets of rows, spelled by the columns that the truth names.
fn lines(truth: &[Value], stored: &[Map<String, Value>]) -> (BTreeSet<String>, BTreeSet<String>) {
    let truth: Vec<_> = truth.iter().filter_map(Value::as_object).collect();
    let names: BTreeSet<&String> = truth.iter().flat_map(|row| row.keys()).collect();
    let line = |row: &Map<String, Value>| {
        let value = |name| plain(row.get(name).cloned().unwrap_or_default());
        let values: Vec<String> = names
            .iter()
            .map(|name| format!("{name}={}", value(name.as_str())))
            .collect();
        values.join(" ")
    };
    (
        truth.into_iter().map(line).collect(),
        stored.iter().map(line).collect(),
    )
}

/// Asserts the same of every table.
pub async fn assert_all_equal_truth(pool: &PgPool, simulator: &Simulator) {
    for table in TABLES {
        assert_equals_truth(pool, simulator, table).await;
    }
}

/// Asserts the same of every table and all companies that are there and grant access; of the others nothing new is known.
pub async fn assert_readable_equal_truth(pool: &PgPool, simulator: &Simulator) {
    let companies = simulator.truth("companies").await;
    let readable: BTreeSet<&str> = companies
        .iter()
        .filter(|row| row["parent_company_id"] != Value::Null && row["access_state"] == "granted")
        .filter_map(|row| row["company_id"].as_str())
        .collect();
    assert!(!readable.is_empty());
    for table in TABLES {
        let is_meant = |id: &str| table == "companies" || readable.contains(id);
        assert_companies_equal_truth(pool, simulator, table, is_meant).await;
    }
}

/// One spelling for what means the same: instants in UTC with Z, whole numbers without a fraction.
fn plain(value: Value) -> Value {
    match value {
        Value::String(text) => match chrono::DateTime::parse_from_rfc3339(&text) {
            Ok(instant) => instant
                .with_timezone(&chrono::Utc)
                .format("%Y-%m-%dT%H:%M:%SZ")
                .to_string()
                .into(),
            Err(_) => Value::String(text),
        },
        Value::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "it has no fraction")]
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => (float as i64).into(),
            _ => Value::Number(number),
        },
        other => other,
    }
}

/// All rows in the order of `order`, as text: a paragraph per row, a line per column that is not null. The keys that
/// are counted here and the times of the row's own life are left out.
pub async fn shown(pool: &PgPool, table: &str, order: &str) -> String {
    const LEFT_OUT: [&str; 10] = [
        "company_key",
        "enrollment_key",
        "target_user_key",
        "question_key",
        "training_key",
        "first_seen_at",
        "synced_at",
        "valid_from",
        "observed_at",
        "is_superseded",
    ];
    let sql = format!("select to_jsonb(t) from keepnet.{table} t order by {order}");
    let rows: Vec<Value> = sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(pool)
        .await
        .expect("rows");
    let paragraphs = rows.iter().map(|row| {
        let columns = row.as_object().expect("a row").iter();
        let lines = columns
            .filter(|(name, value)| !value.is_null() && !LEFT_OUT.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {value}"));
        lines.collect::<Vec<_>>().join("\n")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// What a query for one column of text says.
pub async fn told(pool: &PgPool, sql: &'static str) -> Vec<String> {
    let told = sqlx::query_scalar(sql).fetch_all(pool).await;
    told.expect("rows")
}

/// Everything that is stored, bookkeeping included, as one text.
pub async fn everything(pool: &PgPool) -> String {
    let tables = told(
        pool,
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('keepnet', 'sync')",
    )
    .await;
    let mut all = String::new();
    for table in tables {
        let sql = format!(
            "select coalesce(string_agg(t::text, e'\n' order by t::text), '') from {table} t"
        );
        let rows: String = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(pool)
            .await
            .expect("rows");
        all += &rows;
    }
    all
}
