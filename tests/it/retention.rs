//! Old runs are added up and removed: nothing is lost from the sums, and nothing is counted twice.

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use keepnet_etl::warehouse::retention::{Removed, roll_up};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::simulator::Simulator;
use crate::support::{NOW, TestApp, database};

/// A row, or rows as a list.
async fn json(pool: &PgPool, query: &'static str) -> Value {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

/// Two companies' work of this many runs an hour apart.
async fn worked(pool: &PgPool, runs: i32) {
    sqlx::query(
        "with r as (
             insert into sync.runs (kind, started_at, finished_at, outcome, requests, rows_inserted)
             select 'sync', $1 + n * interval '1 h', $1 + n * interval '1 h' + interval '90 s',
                    case when n % 10 = 0 then 'partial' else 'ok' end, 5, n
             from generate_series(0, $2 - 1) n
             returning id, outcome)
         insert into sync.run_scopes (run_id, company_id, resource, verdict, pages, requests, duration_ms)
         select id, company, 'users', case outcome when 'ok' then 'complete' else 'short' end, 2, 3, 700
         from r cross join (values ('a'), ('b')) c (company)",
    )
    .bind(now())
    .bind(runs)
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_run_that_is_older_than_asked_is_only_found_in_the_sums() {
    let simulator = Simulator::start(&["--companies", "2", "--users", "3", "--enrollments", "2"]);
    let app = TestApp::new(simulator.url(), &[("sync.keep_runs_for", "30d")]).await;
    let first = app.sync().await.unwrap();
    let scopes = "select jsonb_agg(to_jsonb(s) - '{run_id,verdict,error,remedy}'::text[] order by company_id, resource)
                  from sync.run_scopes s";
    let worked = json(&app.pool, scopes).await;
    app.clock.advance(TimeDelta::days(30));
    app.sync().await.unwrap();
    assert_eq!(
        json(&app.pool, "select to_jsonb(count(*)) from sync.run_days").await,
        0
    );

    app.clock.advance(TimeDelta::minutes(1));
    for _ in 0..2 {
        app.sync().await.unwrap();
        let kept = "select to_jsonb(min(id)) from sync.runs";
        assert_eq!(json(&app.pool, kept).await, first.run_id + 1);
        let days = "select jsonb_agg(d) from sync.run_days d";
        let expected = json!([{
            "day": "2026-07-01", "kind": "sync", "outcome": "ok", "runs": 1,
            "requests": first.totals.requests, "rows_inserted": first.totals.rows.inserted,
            "rows_updated": first.totals.rows.updated, "rows_unchanged": first.totals.rows.unchanged, "rows_deleted": 0,
            "duration_ms": 0
        }]);
        assert_eq!(json(&app.pool, days).await, expected);
        let months = "select jsonb_agg(to_jsonb(m) - '{month,runs,complete}'::text[] order by company_id, resource)
                      from sync.run_scope_months m
                      where month = '2026-07-01' and runs = 1 and complete = 1";
        assert_eq!(json(&app.pool, months).await, worked);
    }
}

#[tokio::test]
async fn each_call_does_a_bounded_part_and_several_at_once_count_nothing_twice() {
    let pool = database::migrated().await;
    worked(&pool, 60).await;
    let before = now() + TimeDelta::hours(58);
    assert_eq!(roll_up(&pool, before).await.unwrap().runs, 24);
    while join_all((0..4).map(|_| roll_up(&pool, before)))
        .await
        .into_iter()
        .any(|removed| removed.unwrap() != Removed::default())
    {}
    let kept = "select jsonb_build_array((select count(*) from sync.runs), (select count(*) from sync.run_scopes))";
    assert_eq!(json(&pool, kept).await, json!([2, 4]));
    // 24 hours from noon are 12 of one day and 12 of the next; every tenth run was partial.
    let days = "select jsonb_agg(jsonb_build_array(day, outcome, runs, requests, rows_inserted, duration_ms)
                                 order by day, outcome)
                from sync.run_days";
    let expected = json!([
        ["2026-07-01", "ok", 10, 50, 56, 900_000],
        ["2026-07-01", "partial", 2, 10, 10, 180_000],
        ["2026-07-02", "ok", 22, 110, 514, 1_980_000],
        ["2026-07-02", "partial", 2, 10, 50, 180_000],
        ["2026-07-03", "ok", 20, 100, 933, 1_800_000],
        ["2026-07-03", "partial", 2, 10, 90, 180_000]
    ]);
    assert_eq!(json(&pool, days).await, expected);
    let months = "select jsonb_agg(m order by company_id) from sync.run_scope_months m";
    let of = |company: &str| {
        json!({
            "month": "2026-07-01", "company_id": company, "resource": "users", "runs": 58, "complete": 52,
            "pages": 116, "requests": 174, "rows_inserted": 0, "rows_updated": 0, "rows_unchanged": 0,
            "rows_deleted": 0, "duration_ms": 58 * 700
        })
    };
    assert_eq!(json(&pool, months).await, json!([of("a"), of("b")]));
}

#[tokio::test]
async fn what_is_open_or_was_resolved_lately_stays_and_so_does_a_run_without_an_end() {
    let pool = database::migrated().await;
    sqlx::raw_sql(
        "insert into sync.quarantine
             (company_id, resource, scope, payload, json_path, reason, first_seen_at, last_seen_at, resolved_at)
         select 'a', 'users', scope, '{}', '$', 'why', '2020-01-01Z', '2020-01-01Z', resolved_at
         from (values ('old', timestamptz '2026-06-30Z'), ('new', '2026-07-02Z'), ('open', null))
              s (scope, resolved_at);
         insert into sync.discrepancies
             (company_id, resource, scope, kind, detail, first_seen_at, last_seen_at, resolved_at)
         select company_id, resource, scope, 'k', '', first_seen_at, last_seen_at, resolved_at from sync.quarantine;
         insert into sync.runs (kind, started_at) values ('sync', '2020-01-01Z')",
    )
    .execute(&pool)
    .await
    .unwrap();
    let removed = roll_up(&pool, now()).await.unwrap();
    assert_eq!(
        removed,
        Removed {
            runs: 0,
            resolved: 2
        }
    );
    for table in ["quarantine", "discrepancies"] {
        let kept: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select scope from sync.{table} order by scope"
        )))
        .fetch_all(&pool)
        .await
        .unwrap();
        assert_eq!(kept, ["new", "open"], "{table}");
    }
    assert_eq!(
        json(&pool, "select to_jsonb(count(*)) from sync.runs").await,
        1
    );
}
