//! Schema `ref` belongs to the reseller.

use keepnet_etl::warehouse::migrate::migrate;

use super::{count, lines, run, views};
use crate::support::database;

#[tokio::test]
async fn what_the_reseller_changes_and_deletes_stays_so() {
    let pool = database::migrated().await;
    assert!(count(&pool, "select count(*) from ref.status_map").await > 25);
    run(
        &pool,
        "delete from ref.status_map where status = 'downloaded';
         update ref.status_map set status_group = 'completed' where status = 'examfailed';
         insert into ref.status_map values ('user', 'ours', 'completed');
         insert into ref.targets values ('', 'completion_rate', 0.9)",
    )
    .await;
    let mine = "select * from ref.status_map order by domain, status";
    let before = lines(&pool, mine).await;
    migrate(&pool).await.unwrap();
    assert_eq!(lines(&pool, mine).await, before);
    assert_eq!(count(&pool, "select count(*) from ref.targets").await, 1);
}

#[tokio::test]
async fn every_view_and_every_function_answers_in_an_empty_warehouse() {
    let pool = database::migrated().await;
    let views = views(&pool).await;
    assert!(views.len() >= 18, "{views:?}");
    for view in &views {
        let rows = count(&pool, &format!("select count(*) from bi.{view}")).await;
        if view.starts_with("fact_") || (view.starts_with("dim_") && view != "dim_date") {
            assert_eq!(rows, 0, "{view}");
        }
    }
    for function in ["as_reported_on", "as_reported_summary_on"] {
        let sql = format!("select count(*) from bi.{function}('2026-03-31')");
        assert_eq!(count(&pool, &sql).await, 0, "{function}");
    }
    let days = lines(
        &pool,
        "select count(*), min(date_key), count(*) filter (where is_month_end) / 12 from bi.dim_date where year < 2025",
    )
    .await;
    assert_eq!(days, ["(3653,20150101,10)"]);
}

#[tokio::test]
async fn every_object_and_every_column_says_what_it_is() {
    let pool = database::migrated().await;
    let silent = lines(
        &pool,
        "select c.relnamespace::regnamespace || '.' || c.relname || coalesce('.' || a.attname, '') as what
         from pg_class c
         left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
         where c.relnamespace in ('bi'::regnamespace, 'ref'::regnamespace) and c.relkind in ('r', 'v')
           and (obj_description(c.oid, 'pg_class') is null or col_description(c.oid, a.attnum) is null)",
    )
    .await;
    assert!(silent.is_empty(), "{silent:?}");
    let keys = lines(
        &pool,
        "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'bi'::regnamespace and a.attname ~ '^(company|enrollment|target_user|question)_key$'
           and a.atttypid <> 'bigint'::regtype",
    )
    .await;
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test]
async fn departments_groups_and_flags_are_shown_as_the_reseller_names_them() {
    let pool = database::migrated().await;
    run(
        &pool,
        "insert into sync.accounts (account_id, time_zone, first_used_at, last_used_at)
             values ('r', 'Europe/Berlin', now(), now());
         insert into keepnet.companies (company_id, kind) values ('a', 'customer'), ('A', 'customer');
         insert into keepnet.enrollments (company_id, enrollment_id, type, training_name, is_survey)
             values ('a', 'e', 'Survey', 'Culture', true), ('A', 'e', 'Survey', 'Culture', true);
         insert into keepnet.enrollment_users (company_id, enrollment_id, reported_enrollment_id, target_user_id, department, status)
             values ('a', 'e', 'e', 'u', 'HR', 'Completed'), ('A', 'e', 'e', 'u', 'HR', 'Something New');
         insert into keepnet.survey_questions (company_id, enrollment_id, content_id, question_id, group_id)
             values ('a', 'e', '', 'q', 'g0'), ('A', 'e', '', 'q', 'g1');
         insert into ref.department_map values ('', 'HR', 'People'), ('A', 'HR', 'Personal');
         insert into ref.question_group_labels values ('', 'g0', 'Any'), ('Culture', 'g0', 'Trust');
         insert into ref.enrollment_flags (company_id, enrollment_id, is_mandatory) values ('a', 'e', true)",
    )
    .await;
    let users = "select company_id, department_reported, status_group, is_completed, is_mandatory
                 from bi.fact_enrollment_user order by company_id collate \"C\"";
    assert_eq!(
        lines(&pool, users).await,
        ["(A,Personal,unknown,f,f)", "(a,People,completed,t,t)"]
    );
    let groups =
        "select company_id, group_label from bi.dim_question order by company_id collate \"C\"";
    assert_eq!(lines(&pool, groups).await, ["(A,g1)", "(a,Trust)"]);
    // An edit of the map counts at once, in the rollups too.
    run(
        &pool,
        "insert into ref.status_map values ('user', 'somethingnew', 'completed')",
    )
    .await;
    let rates = "select company_id, user_count, completion_rate, unknown_status_count
                 from bi.fact_enrollment order by company_id collate \"C\"";
    assert_eq!(lines(&pool, rates).await, ["(A,1,1,0)", "(a,1,1,0)"]);
}
