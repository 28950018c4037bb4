//! What holds for every view: it can be asked when there is nothing, says what it is, and looks at one company only when
//! asked for one.

use keepnet_etl::warehouse::transaction::Transaction;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};

use super::world::synced;
use crate::support::database;
use crate::support::table::told;

/// The question views.
const QUESTIONS: [&str; 36] = [
    "access_ending",
    "active_users_by_reseller",
    "changes_since_yesterday",
    "company_overview",
    "completion_by_day",
    "completion_by_department_and_quarter",
    "completion_by_due_date",
    "culture_score_by_month",
    "customers_without_training",
    "data_freshness",
    "data_quality",
    "department_league",
    "enrolled_twice",
    "enrollment_funnel",
    "executive_report_as_shown",
    "fact_survey_score",
    "falling_departments",
    "learning_path_steps",
    "license_use_by_month",
    "licenses_ending",
    "not_finished",
    "present",
    "repeat_offenders",
    "repeatedly_overdue",
    "reported_then_and_now",
    "risk_score_by_month",
    "survey_participation",
    "survey_results",
    "survey_results_by_department",
    "survey_results_by_group",
    "survey_results_by_group_and_department",
    "survey_results_by_question",
    "survey_year_on_year",
    "test_enrollments_running",
    "training_history",
    "widget_time_series",
];

#[tokio::test]
async fn every_view_can_be_asked_when_there_is_nothing() {
    let pool = database::migrated().await;
    let views = told(
        &pool,
        "select viewname::text from pg_views where schemaname = 'bi' order by 1",
    )
    .await;
    for question in QUESTIONS {
        assert!(
            views.iter().any(|view| view == question),
            "there is no bi.{question}"
        );
    }
    for view in views {
        let rows: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from bi.{view}")))
                .fetch_one(&pool)
                .await
                .unwrap_or_else(|error| panic!("bi.{view}: {error}"));
        let expected = match view.as_str() {
            "present" => 1,
            "dim_date" => continue,
            _ => 0,
        };
        assert_eq!(rows, expected, "rows of bi.{view}");
    }
}

#[tokio::test]
async fn every_view_and_every_column_says_what_it_is() {
    let pool = database::migrated().await;
    let silent = told(
        &pool,
        "select c.relname || '.' || coalesce(a.attname, '') from pg_class c
         left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
         where c.relnamespace = 'bi'::regnamespace and c.relkind = 'v'
           and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)
         order by 1",
    )
    .await;
    assert_eq!(silent, Vec::<String>::new());
}

/// Tables whose rows are many, and all of which no question about one company may look at.
fn is_large(table: &str) -> bool {
    [
        "enrollment_users",
        "enrollment_user_history",
        "survey_sessions",
        "survey_answers",
        "target_users",
        "user_custom_fields",
        "widget_values",
        "executive_report_widgets",
        "status_months",
        "department_quarters",
        "department_statuses",
        "completion_days",
        "enrollment_statuses",
        "answer_options",
        "question_scores",
        "question_totals",
        "step_statuses",
    ]
    .contains(&table)
}

/// Collects the scans of large tables that no company restricts.
fn unrestricted(plan: &Value, found: &mut Vec<String>) {
    let says = |name: &str| plan[name].as_str().unwrap_or_default().to_owned();
    let condition = says("Index Cond") + &says("Recheck Cond");
    if is_large(&says("Relation Name")) && !condition.contains("company_id") {
        found.push(format!(
            "{} of {}",
            says("Node Type"),
            says("Relation Name")
        ));
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        unrestricted(part, found);
    }
}

async fn plan(pool: &PgPool, sql: String) -> Value {
    // On so little, reading a whole table would be the quickest: what counts is whether it must.
    let mut tx = Transaction::begin(pool).await.unwrap();
    sqlx::query("set local enable_seqscan = off")
        .execute(&mut *tx)
        .await
        .unwrap();
    let plan: Value = sqlx::query_scalar(AssertSqlSafe(format!("explain (format json) {sql}")))
        .fetch_one(&mut *tx)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    plan[0]["Plan"].clone()
}

#[tokio::test]
async fn a_question_about_one_company_reads_no_other_companys_rows() {
    let (_, pool) = synced().await;
    let id: String = sqlx::query_scalar(
        "select company_id from keepnet.companies where kind = 'customer' order by company_id limit 1",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let mut wrong = Vec::new();
    for view in QUESTIONS {
        // The portfolio is what the first compares with; the second adds companies up; the third is of nobody.
        if ["survey_year_on_year", "active_users_by_reseller", "present"].contains(&view) {
            continue;
        }
        let sql = format!("select * from bi.{view} where company_id = '{id}'");
        let mut found = Vec::new();
        unrestricted(&plan(&pool, sql).await, &mut found);
        if !found.is_empty() {
            wrong.push(format!("{view}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
