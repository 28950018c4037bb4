//! Metrics: names and labels, and values against what the simulator and the tables say.

use chrono::{DateTime, TimeDelta, Utc};
use keepnet_etl::clock::SharedClock;
use keepnet_etl::metrics::description::{ALL, Kind};
use keepnet_etl::sync::{self, RunReport, Silent, SyncRequest};
use serde_json::json;
use sqlx::PgPool;

use super::exposition::Exposition;
use crate::support::simulator::Simulator;
use crate::support::vendor::{Vendor, enrollments, ok, page, users};
use crate::support::{NOW, TestApp};

/// The simulator's name of each endpoint, and the route that the metrics call it by.
const ROUTES: [(&str, &str); 13] = [
    ("token", "connect/token"),
    ("companies", "api/companies/search"),
    ("companies-my", "api/companies/my"),
    ("enrollments", "api/enrollments/search"),
    ("archive", "api/enrollments/archive/search"),
    ("details", "api/enrollments/{enrollment}"),
    ("summaries", "api/training-reports/{enrollment}/summary"),
    ("users", "api/training-reports/{enrollment}/users/search"),
    (
        "answers",
        "api/training-reports/{enrollment}/exam-result-sessions/{user}",
    ),
    (
        "interactions",
        "api/training-reports/{enrollment}/interactions/{user}",
    ),
    ("trainings", "api/trainings/search"),
    ("target_groups", "api/target-groups/search/current-company"),
    ("widgets", "api/executive-report/get-widget-datas"),
];

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

/// A sync whose client, and so whose counts, are the test's.
async fn sync(app: &TestApp, client: &keepnet_etl::api::Client) -> RunReport {
    let clock: SharedClock = app.clock.clone();
    sync::run(
        &app.settings,
        &app.pool,
        client,
        &clock,
        &SyncRequest::default(),
        &Silent,
        &app.stop,
    )
    .await
    .unwrap()
}

async fn count(pool: &PgPool, what: &'static str) -> f64 {
    let count: i64 = sqlx::query_scalar(what).fetch_one(pool).await.unwrap();
    count as f64
}

#[tokio::test]
async fn names_and_label_sets_are_these() {
    let app = TestApp::new(
        "http://127.0.0.1:1",
        &[("api.max_requests_per_second", "5")],
    )
    .await;
    sqlx::query(
        "insert into sync.runs (kind, started_at, outcome, predicted_requests) values ('sync', $1, 'ok', 100)",
    )
    .bind(now())
    .execute(&app.pool)
    .await
    .unwrap();
    let client = app.client();
    let text = client
        .metrics()
        .render(&app.pool, &app.settings, now())
        .await;
    let scrape = Exposition::read(&text);
    for one in ALL {
        let kind = match one.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        assert_eq!(scrape.kinds.get(one.name).map(String::as_str), Some(kind));
        assert_eq!(scrape.help[one.name], format!("{}.", one.help));
    }
    assert_eq!(scrape.kinds.len(), ALL.len());
    let shapes: Vec<String> = scrape.shapes().into_iter().collect();
    insta::assert_snapshot!("metric_names", shapes.join("\n"));
    let labels = [
        "endpoint",
        "status_class",
        "error_kind",
        "resource",
        "effect",
        "kind",
        "outcome",
        "verdict",
        "freshness",
    ];
    let values: Vec<String> = (labels.iter())
        .map(|key| {
            let values: Vec<String> = scrape.values(key).into_iter().collect();
            format!("{key}: {}", values.join(" "))
        })
        .collect();
    insta::assert_snapshot!("metric_labels", values.join("\n"));
    // What nothing was counted of yet is there, at zero.
    let sent = [("endpoint", "connect/token"), ("status_class", "5xx")];
    assert_eq!(scrape.sum("keepnet_etl_requests_total", &sent), Some(0.0));
    let refused = [("outcome", "refused")];
    assert_eq!(
        scrape.sum("keepnet_etl_token_requests_total", &refused),
        Some(0.0)
    );
}

#[tokio::test]
async fn what_is_counted_is_what_the_simulator_counted_and_the_tables_hold() {
    let simulator = Simulator::start(&["--companies", "3", "--users", "20"]);
    let app = TestApp::new(simulator.url(), &[("api.max_requests_per_second", "50")]).await;
    simulator.fault("users:503:times=2").await;
    simulator.fault("summaries:429:times=1,retry-after=1").await;
    let client = app.client();
    let report = sync(&app, &client).await;
    assert_eq!(report.outcome, "ok");

    let render = async |after: TimeDelta| {
        let text = client
            .metrics()
            .render(&app.pool, &app.settings, now() + after)
            .await;
        Exposition::read(&text)
    };
    let scrape = render(TimeDelta::hours(2)).await;
    let requests = "keepnet_etl_requests_total";
    let counted = simulator.requests().await;
    let total = counted["total"].as_f64().unwrap();
    assert!(total > 100.0, "{counted}");
    assert_eq!(scrape.sum(requests, &[]), Some(total));
    for (name, route) in ROUTES {
        let sent = scrape.sum(requests, &[("endpoint", route)]);
        assert_eq!(sent, counted["endpoints"][name].as_f64(), "{name}");
    }
    let class = |class| scrape.sum(requests, &[("status_class", class)]).unwrap();
    assert_eq!(
        (class("5xx"), class("4xx"), class("3xx"), class("none")),
        (2.0, 1.0, 0.0, 0.0)
    );
    assert_eq!(class("2xx"), total - 3.0);
    let retried = |kind| scrape.sum("keepnet_etl_request_retries_total", &[("error_kind", kind)]);
    assert_eq!(retried("server"), Some(2.0));
    assert_eq!(retried("rate_limited"), Some(1.0));
    assert_eq!(
        scrape.sum("keepnet_etl_request_failures_total", &[]),
        Some(0.0)
    );
    let timed = scrape.sum("keepnet_etl_request_duration_seconds_count", &[]);
    assert_eq!(timed, Some(total));
    let tokens = scrape.sum("keepnet_etl_token_requests_total", &[("outcome", "ok")]);
    assert_eq!(tokens, counted["endpoints"]["token"].as_f64());
    assert_eq!(
        scrape.sum("keepnet_etl_credentials_refused", &[]),
        Some(0.0)
    );
    assert_eq!(
        scrape.sum("keepnet_etl_request_rate_per_second", &[]),
        Some(50.0)
    );
    let closed = scrape.sum("keepnet_etl_gate_closed_until_timestamp_seconds", &[]);
    assert!(closed.unwrap() > 0.0);

    let rows = |resource, effect| {
        let labels = [("resource", resource), ("effect", effect)];
        scrape.sum("keepnet_etl_rows_total", &labels).unwrap()
    };
    let trainings = count(&app.pool, "select count(*) from keepnet.trainings").await;
    assert_eq!(rows("trainings", "inserted"), trainings);
    let sessions = "select (select count(*) from keepnet.survey_sessions) + (select count(*) from keepnet.survey_answers)
                    + (select count(*) from keepnet.survey_questions) + (select count(*) from keepnet.survey_question_options)";
    assert_eq!(
        rows("answers", "inserted"),
        count(&app.pool, sessions).await
    );
    let run = [("kind", "sync"), ("outcome", "ok")];
    assert_eq!(scrape.sum("keepnet_etl_runs_total", &run), Some(1.0));
    assert_eq!(scrape.sum("keepnet_etl_runs_total", &[]), Some(1.0));
    let batches = scrape.sum("keepnet_etl_batches_total", &[]).unwrap();
    assert!(batches >= 3.0);
    let timed = scrape.sum("keepnet_etl_commit_duration_seconds_count", &[]);
    assert_eq!(timed, Some(batches));

    // Two hours later.
    let companies = report.companies.len() as f64;
    assert_eq!(companies, 3.0);
    let complete = [("verdict", "complete")];
    assert_eq!(
        scrape.sum("keepnet_etl_companies", &complete),
        Some(companies)
    );
    assert_eq!(scrape.sum("keepnet_etl_companies", &[]), Some(companies));
    let hours = |scrape: &Exposition, name| scrape.sum(name, &[]).unwrap() / 3_600.0;
    assert_eq!(hours(&scrape, "keepnet_etl_freshness_oldest_seconds"), 2.0);
    assert_eq!(hours(&scrape, "keepnet_etl_freshness_typical_seconds"), 2.0);
    let fresh = |scrape: &Exposition, word| {
        scrape.sum("keepnet_etl_companies_by_freshness", &[("freshness", word)])
    };
    assert_eq!(fresh(&scrape, "under_6h"), Some(companies));
    assert_eq!(scrape.sum("keepnet_etl_companies_stale", &[]), Some(0.0));
    assert_eq!(hours(&scrape, "keepnet_etl_max_staleness_seconds"), 24.0);
    assert_eq!(hours(&scrape, "keepnet_etl_schedule_seconds"), 1.0);
    let finished = scrape.sum("keepnet_etl_run_finished_timestamp_seconds", &run);
    assert_eq!(finished, Some(now().timestamp() as f64));
    assert_eq!(scrape.sum("keepnet_etl_database_up", &[]), Some(1.0));
    assert_eq!(scrape.sum("keepnet_etl_runs_under_way", &[]), Some(0.0));

    // A day and an hour later.
    let later = render(TimeDelta::hours(25)).await;
    assert_eq!(
        later.sum("keepnet_etl_companies_stale", &[]),
        Some(companies)
    );
    assert_eq!(fresh(&later, "under_72h"), Some(companies));
    assert_eq!(fresh(&later, "under_6h"), Some(0.0));
}

#[tokio::test]
async fn what_waits_for_somebody_is_counted_until_it_is_settled() {
    let app = TestApp::new("http://127.0.0.1:1", &[("api.daily_requests", "500")]).await;
    let day = now() - TimeDelta::hours(30);
    for statement in [
        "insert into sync.accounts (account_id, time_zone, first_used_at, last_used_at, requests_on, requests)
         values ('RsLr00000001', 'UTC', $1, $1, ($1 at time zone 'utc')::date + 1, 123)",
        "insert into keepnet.companies (company_id, kind, first_seen_at, synced_at, access_ends_at)
         values ('RsLr00000001', 'reseller', $1, $1, null), ('aB3', 'customer', $1, $1, $1 + interval '10 days'),
                ('Ab3', 'customer', $1, $1, null), ('aB4', 'customer', $1, $1, $1 + interval '40 days')",
        "insert into sync.company_state (company_id, safe_as_of, verdict, reason)
         values ('aB3', $1 + interval '29 hours', 'complete', null), ('aB4', null, 'forbidden', null),
                ('Ab3', null, 'failed',
                 'could not read the dates: they contradict the account''s date format (seen at $.x) (and 2 more)')",
        "insert into sync.discrepancies (company_id, resource, scope, kind, detail, first_seen_at, last_seen_at, resolved_at,
                                         accepted_at, accepted_until, accepted_reason)
         values ('aB3', 'users', 'e1', 'held deletions', '', $1, $1, null, null, null, null),
                ('aB3', 'users', 'e2', 'held deletions', '', $1 - interval '1 day', $1, $1, null, null, null),
                ('aB3', 'users', 'e3', 'users against summary', '', $1, $1, null, null, null, null),
                ('aB3', 'users', 'e4', 'users against summary', '', $1, $1, null, $1, $1 + interval '90 days', 'known')",
        "insert into sync.quarantine (company_id, resource, scope, payload, json_path, reason, first_seen_at, last_seen_at, resolved_at)
         values ('aB3', 'users', 'e1', '1', '$', 'the id is missing', $1, $1, null),
                ('aB3', 'users', 'e1', '2', '$', 'the date has day and month the other way round than the account''s date format', $1, $1, null),
                ('aB3', 'users', 'e1', '3', '$', 'the id is missing', $1, $1, $1)",
        "insert into sync.unknown_fields (resource, json_path, json_type, first_seen_at, last_seen_at)
         values ('users', '$.mood', 'string', $1, $1), ('users', '$.status = \"Postponed\"', 'string', $1, $1),
                ('users', '$.old', 'string', $1, $1 - interval '9 days')",
        "insert into sync.runs (kind, started_at, outcome, finished_at, predicted_requests)
         values ('sync', $1, 'partial', $1 + interval '1 hour', 900), ('backfill', $1, 'ok', $1, 77),
                ('sync', $1, 'running', null, null)",
    ] {
        sqlx::query(statement)
            .bind(day)
            .execute(&app.pool)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let settings = TestApp::with_pool(
        app.pool.clone(),
        "http://127.0.0.1:1",
        &[
            ("api.daily_requests", "500"),
            ("api.max_requests_per_second", "2"),
        ],
    )
    .settings;
    let text = app
        .client()
        .metrics()
        .render(&app.pool, &settings, now())
        .await;
    let scrape = Exposition::read(&text);
    for (name, value) in [
        ("keepnet_etl_daily_requests_used", 123.0),
        ("keepnet_etl_daily_requests_limit", 500.0),
        ("keepnet_etl_companies_access_ending", 1.0),
        ("keepnet_etl_companies", 3.0),
        ("keepnet_etl_companies_by_freshness", 2.0),
        ("keepnet_etl_companies_stale", 1.0),
        ("keepnet_etl_freshness_oldest_seconds", 108_000.0),
        ("keepnet_etl_deletions_held", 1.0),
        ("keepnet_etl_deletions_held_oldest_seconds", 108_000.0),
        ("keepnet_etl_discrepancies", 1.0),
        ("keepnet_etl_quarantine_items", 2.0),
        // One item, and one company that was stopped.
        ("keepnet_etl_date_contradictions", 2.0),
        ("keepnet_etl_unknown_fields", 1.0),
        ("keepnet_etl_unknown_status_words", 1.0),
        // The run that is called running is dead: nobody holds its lock.
        ("keepnet_etl_runs_under_way", 0.0),
        ("keepnet_etl_run_started_timestamp_seconds", 0.0),
        ("keepnet_etl_cycle_predicted_seconds", 450.0),
        ("keepnet_etl_instance_active", 0.0),
    ] {
        assert_eq!(scrape.sum(name, &[]), Some(value), "{name}");
    }
    let companies = |verdict| scrape.sum("keepnet_etl_companies", &[("verdict", verdict)]);
    assert_eq!(companies("forbidden"), Some(1.0));
    let fresh = |word| scrape.sum("keepnet_etl_companies_by_freshness", &[("freshness", word)]);
    // An hour to the second is no longer under an hour.
    assert_eq!((fresh("never"), fresh("under_6h")), (Some(1.0), Some(1.0)));
    let finished = |kind, outcome| {
        let labels = [("kind", kind), ("outcome", outcome)];
        scrape.sum("keepnet_etl_run_finished_timestamp_seconds", &labels)
    };
    let ended = (day + TimeDelta::hours(1)).timestamp() as f64;
    assert_eq!(finished("sync", "partial"), Some(ended));
    assert_eq!(finished("sync", "ok"), Some(0.0));
}

#[tokio::test]
async fn an_unknown_status_word_is_seen_and_its_user_is_stored() {
    let vendor = Vendor::start().await;
    let enrollment = "11111111-2222-4333-8444-555555555501";
    let listed = json!({"enrollmentId": enrollment, "name": "one", "type": "SCORM", "createTime": "2026-01-01T00:00:00"});
    vendor.on(enrollments(), ok(page(&[listed]))).await;
    let user = |id: &str, status: &str| json!({"targetUserResourceId": id, "status": status});
    let rows = [
        user("uSeR1", "Postponed"),
        user("uSeR2", "Postponed"),
        user("uSeR3", "In Queue"),
    ];
    vendor.on(users(enrollment), ok(page(&rows))).await;
    let app = TestApp::new(&vendor.url(), &[("api.date_format", "dmy")]).await;
    let client = app.client();
    sync(&app, &client).await;
    let words: Vec<String> = sqlx::query_scalar(
        "select json_path from sync.unknown_fields where json_path like '$.status = %'",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(words, ["$.status = \"Postponed\""]);
    let text = client
        .metrics()
        .render(&app.pool, &app.settings, now())
        .await;
    let unknown = Exposition::read(&text).sum("keepnet_etl_unknown_status_words", &[]);
    assert_eq!(unknown, Some(1.0));
    let stored = "select count(*) from keepnet.enrollment_users where status = 'Postponed'";
    assert_eq!(count(&app.pool, stored).await, 2.0);
}

#[tokio::test]
async fn refused_credentials_show_until_they_are_accepted() {
    let simulator = Simulator::start(&["--companies", "1", "--users", "1"]);
    let wrong = TestApp::new(simulator.url(), &[("api.client_secret", "wrong")]).await;
    let client = wrong.client();
    client.claims().await.unwrap_err();
    let text = client
        .metrics()
        .render(&wrong.pool, &wrong.settings, now())
        .await;
    let scrape = Exposition::read(&text);
    assert_eq!(
        scrape.sum("keepnet_etl_credentials_refused", &[]),
        Some(1.0)
    );
    let refused = [("outcome", "refused")];
    assert_eq!(
        scrape.sum("keepnet_etl_token_requests_total", &refused),
        Some(1.0)
    );
}

#[tokio::test]
async fn a_database_that_is_away_leaves_the_metrics_of_the_process() {
    let app = TestApp::new("http://127.0.0.1:1", &[]).await;
    let client = app.client();
    app.pool.close().await;
    let text = client
        .metrics()
        .render(&app.pool, &app.settings, now())
        .await;
    let scrape = Exposition::read(&text);
    assert_eq!(scrape.sum("keepnet_etl_database_up", &[]), Some(0.0));
    assert_eq!(scrape.sum("keepnet_etl_requests_total", &[]), Some(0.0));
    assert_eq!(scrape.sum("keepnet_etl_companies", &[]), None);
    assert_eq!(
        scrape.sum("keepnet_etl_freshness_oldest_seconds", &[]),
        None
    );
}
