//! The limit of requests per day: kept to the request, by all processes together, and over at midnight.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use futures::future::join_all;
use keepnet_etl::api::{Allowance, Client};
use keepnet_etl::sync::SyncError;
use keepnet_etl::warehouse::accounts;
use keepnet_etl::warehouse::daily_requests::DailyRequests;
use serde_json::json;
use sqlx::PgPool;

use crate::support::simulator::Simulator;
use crate::support::table::assert_all_equal_truth;
use crate::support::vendor::{ALPHA, Vendor, detail, ok, token};
use crate::support::{NOW, TestApp, database};

const WORLD: &[&str] = &["--companies", "3", "--users", "12", "--enrollments", "2"];

/// The day that is counted, and its requests.
async fn counted(pool: &PgPool) -> (Option<NaiveDate>, i64) {
    sqlx::query_as("select requests_on, requests from sync.accounts")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Outcome and error of the last run.
async fn last_run(pool: &PgPool) -> (String, Option<String>) {
    sqlx::query_as("select outcome, error from sync.runs order by id desc limit 1")
        .fetch_one(pool)
        .await
        .unwrap()
}

fn july(day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2026, 7, day)
}

#[tokio::test]
async fn a_run_stops_at_the_limit_and_one_of_the_next_day_goes_on() {
    let simulator = Simulator::start(WORLD);
    let unlimited = TestApp::new(simulator.url(), &[]).await;
    let all = unlimited.sync().await.unwrap().totals.requests;
    assert_eq!(counted(&unlimited.pool).await, (None, 0));

    simulator.reset_requests().await;
    let limit = all - 5;
    let zone = ("api.time_zone", "Europe/Istanbul");
    let limited = [zone, ("api.daily_requests", &*limit.to_string())];
    let app = TestApp::new(simulator.url(), &limited).await;
    let report = app.sync().await.unwrap();
    assert_eq!((report.outcome, report.totals.requests), ("stopped", limit));
    assert_eq!(simulator.requests().await["total"], json!(limit));
    assert_eq!(counted(&app.pool).await, (july(1), limit.cast_signed()));
    let sentence = format!(
        "stopped: the {limit} requests of the day (api.daily_requests) are used up, new ones are counted from \
         2026-07-02 00:00 UTC; run it again then, it goes on from what was committed; or raise api.daily_requests"
    );
    assert_eq!(
        last_run(&app.pool).await,
        ("stopped".to_owned(), Some(sentence))
    );
    let kept: i64 = sqlx::query_scalar("select count(*) from keepnet.enrollments")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert!(kept > 0);

    // The account is known by now: not even a token is asked for.
    let refused = app.sync().await.unwrap_err();
    assert_eq!(refused.exit_code(), 1);
    assert!(refused.to_string().contains("2026-07-02 00:00 UTC"));
    assert_eq!(simulator.requests().await["total"], json!(limit));

    let more = [zone, ("api.daily_requests", &*(2 * all).to_string())];
    let next = TestApp::with_pool(app.pool.clone(), simulator.url(), &more);
    next.clock.advance(TimeDelta::hours(12));
    let report = next.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    assert_all_equal_truth(&next.pool, &simulator).await;
    // What was taken and not sent is given back.
    let sent = report.totals.requests.cast_signed();
    assert_eq!(counted(&next.pool).await, (july(2), sent));
}

#[tokio::test]
async fn a_limit_that_is_met_before_a_company_is_listed_stops_the_run_too() {
    let simulator = Simulator::start(WORLD);
    let app = TestApp::new(simulator.url(), &[("api.daily_requests", "1")]).await;
    let refused = app.sync().await.unwrap_err();
    assert!(matches!(refused, SyncError::Companies(_)), "{refused}");
    assert_eq!(refused.exit_code(), 1);
    assert_eq!(last_run(&app.pool).await.0, "stopped");
    assert_eq!(simulator.requests().await["total"], json!(1));
    assert_eq!(counted(&app.pool).await, (july(1), 1));
}

#[tokio::test]
async fn two_clients_on_one_database_share_the_limit() {
    let pool = database::migrated().await;
    let vendor = Vendor::start().await;
    vendor.on(detail("x"), ok(r#"{"data":{}}"#)).await;
    let app = TestApp::with_pool(pool.clone(), &vendor.url(), &[]);
    accounts::claim(&pool, "account", "demo", "UTC", NOW.parse().unwrap())
        .await
        .unwrap();
    let clients = [app.client(), app.client()];
    for client in &clients {
        let requests = DailyRequests::new(pool.clone(), "account".to_owned(), 40);
        client.hold_to(Arc::new(requests));
    }
    // Who gets how many chunks is open. What one does not need, it gives back to the other.
    for _ in 0..2 {
        join_all(clients.iter().flat_map(|client| {
            let company = client.company(ALPHA);
            (0..30).map(move |_| {
                let company = company.clone();
                async move { company.enrollment_detail("x").await }
            })
        }))
        .await;
        for client in &clients {
            client.give_back().await.unwrap();
        }
    }
    let sent = vendor.count(&detail("x")).await + vendor.count(&token()).await;
    assert_eq!(sent, 40);
    let used = clients.each_ref().map(Client::used_today);
    assert_eq!(used, [Some(40), Some(40)]);
}

#[tokio::test]
async fn no_two_processes_are_granted_the_same_request() {
    let pool = database::migrated().await;
    accounts::claim(&pool, "account", "demo", "UTC", NOW.parse().unwrap())
        .await
        .unwrap();
    let requests = DailyRequests::new(pool.clone(), "account".to_owned(), 50);
    let today = july(2).unwrap();
    let grants = join_all((0..16).map(|_| requests.take(today, 0, 7))).await;
    let granted: u64 = grants.iter().map(|one| one.as_ref().unwrap().granted).sum();
    assert_eq!(granted, 50);
    // A clock that is behind does not begin the day again, and gives nothing back to another day.
    let yesterday = july(1).unwrap();
    assert_eq!(requests.take(yesterday, 0, 7).await.unwrap().granted, 0);
    requests.give_back(yesterday, 7).await.unwrap();
    assert_eq!(requests.take(today, 0, 7).await.unwrap().granted, 0);
    requests.give_back(today, 3).await.unwrap();
    assert_eq!(requests.take(today, 0, 7).await.unwrap().granted, 3);
    assert_eq!(
        requests.take(july(3).unwrap(), 2, 7).await.unwrap().taken,
        9
    );
    assert_eq!(counted(&pool).await, (july(3), 9));
}
