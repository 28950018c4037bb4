//! One rate and one gate for all processes on one database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use keepnet_etl::api::Agreement;
use keepnet_etl::warehouse::migrate::migrate;
use keepnet_etl::warehouse::request_pace::RequestPace;
use serde_json::json;

use crate::support::program::Program;
use crate::support::running::{Running, until};
use crate::support::simulator::Simulator;
use crate::support::vendor::{ALPHA, Vendor, detail, failure, ok, token};
use crate::support::{TestApp, database};

#[tokio::test]
async fn no_two_processes_are_given_the_same_start() {
    let url = database::empty().await;
    let pools = [database::pool(&url).await, database::pool(&url).await];
    migrate(&pools[0]).await.unwrap();
    let parties = pools.map(RequestPace::new);
    // Slots of an hour: what is told after seconds still names its slot.
    let hour = Duration::from_hours(1);
    let asked = (0..20).map(|index| parties[index % 2].reserve(3, hour));
    let given = join_all(asked).await.into_iter().map(Result::unwrap);
    let mut hours: Vec<u64> = given
        .map(|reserved| (reserved.starts_in + hour / 2).as_secs() / 3_600)
        .collect();
    hours.sort_unstable();
    let expected: Vec<u64> = (0..20).map(|index| 3 * index).collect();
    assert_eq!(hours, expected);
}

#[tokio::test]
async fn the_gate_is_closed_for_as_long_as_the_longest_pause() {
    let pool = database::migrated().await;
    let pace = RequestPace::new(pool.clone());
    let closed = async || pace.look().await.unwrap().closed_for;
    assert_eq!(closed().await, Duration::ZERO);
    let hour = Duration::from_hours(1);
    pace.close_for(2 * hour).await.unwrap();
    pace.close_for(hour).await.unwrap();
    assert!(closed().await > hour);
    let reserved = pace.reserve(1, hour).await.unwrap();
    assert_eq!(reserved.starts_in, Duration::ZERO);
    assert!(reserved.closed_for > hour);
    // What the server lost in a crash is agreed anew.
    sqlx::query("truncate sync.request_pace")
        .execute(&pool)
        .await
        .unwrap();
    let reserved = pace.reserve(1, hour).await.unwrap();
    assert_eq!(
        (reserved.starts_in, reserved.closed_for),
        Default::default()
    );
}

#[tokio::test]
async fn a_pause_that_one_client_was_asked_for_holds_the_other() {
    for rate in ["0", "100"] {
        let vendor = Vendor::start().await;
        let ban = failure(429, "").insert_header("retry-after", "86400");
        vendor.first(1, detail("x"), ban).await;
        vendor.on(detail("x"), ok(r#"{"data":{}}"#)).await;
        let app = TestApp::new(&vendor.url(), &[("api.max_requests_per_second", rate)]).await;
        let clients = [app.client(), app.client()];
        for client in &clients {
            client.share(Arc::new(RequestPace::new(app.pool.clone())));
            client.claims().await.unwrap();
        }
        let ask = async |client: usize| {
            let company = clients[client].company(ALPHA);
            company.enrollment_detail("x").await.map(|_| ())
        };
        assert_eq!(ask(0).await.unwrap_err().kind.word(), "rate_limited");
        // A third process knows at once; the other one had looked at the gate within the last second, perhaps.
        let newcomer = app.client();
        newcomer.share(Arc::new(RequestPace::new(app.pool.clone())));
        let refused = newcomer.claims().await.unwrap_err();
        assert_eq!(refused.kind.word(), "rate_limited");
        let mut sent = 0;
        while ask(1).await.is_ok() {
            sent += 1;
        }
        assert_eq!(vendor.count(&detail("x")).await, 1 + sent, "{rate}");
        assert!(clients[1].closed_until().is_some());
    }
}

#[tokio::test]
async fn requests_go_on_when_the_database_does_not() {
    let vendor = Vendor::start().await;
    vendor.on(detail("x"), ok(r#"{"data":{}}"#)).await;
    let app = TestApp::new(&vendor.url(), &[("api.max_requests_per_second", "1000")]).await;
    let client = app.client();
    client.share(Arc::new(RequestPace::new(app.pool.clone())));
    let company = client.company(ALPHA);
    let _answer = company.enrollment_detail("x").await.unwrap();
    app.pool.close().await;
    for _ in 0..20 {
        let _answer = company.enrollment_detail("x").await.unwrap();
    }
    assert_eq!(vendor.count(&detail("x")).await, 21);
}

#[tokio::test]
async fn two_clients_take_twice_as_long_as_each_would_alone() {
    let vendor = Vendor::start().await;
    vendor.on(detail("x"), ok(r#"{"data":{}}"#)).await;
    let url = database::empty().await;
    let pools = [database::pool(&url).await, database::pool(&url).await];
    migrate(&pools[0]).await.unwrap();
    let begin = Instant::now();
    join_all(pools.map(|pool| {
        let rate = [("api.max_requests_per_second", "40")];
        let client = TestApp::with_pool(pool.clone(), &vendor.url(), &rate).client();
        client.share(Arc::new(RequestPace::new(pool)));
        async move {
            let company = client.company(ALPHA);
            let answers = join_all((0..59).map(|_| company.enrollment_detail("x"))).await;
            assert!(answers.iter().all(Result::is_ok));
        }
    }))
    .await;
    // 59 requests and one for the token, each; no more than what the rate allows follows from the clock.
    assert!(begin.elapsed() >= 118 * Duration::from_millis(25));
    let sent = vendor.count(&detail("x")).await + vendor.count(&token()).await;
    assert_eq!(sent, 120);
}

#[tokio::test]
async fn a_process_asks_for_nothing_before_its_turn_not_even_for_a_token() {
    let simulator = Simulator::start(&["--companies", "1", "--users", "1", "--enrollments", "1"]);
    let url = database::migrated_url().await;
    let pool = database::pool(&url).await;
    let program = Program::between(simulator.url(), &url).set("api.max_requests_per_second", "40");
    // As if another process had reserved the next hour.
    RequestPace::new(pool.clone())
        .reserve(1, Duration::from_hours(1))
        .await
        .unwrap();
    sqlx::query("create table begun as select next_at from sync.request_pace")
        .execute(&pool)
        .await
        .unwrap();
    let (reserved, has_reserved) = tokio::sync::oneshot::channel();
    let waiting = Running::start(&program, "sync");
    let watch = async {
        let has_asked = "select p.next_at > begun.next_at from sync.request_pace p, begun";
        until(&pool, has_asked).await;
        reserved.send(()).unwrap();
    };
    tokio::join!(waiting.kill_at(has_reserved), watch);
    assert_eq!(simulator.requests().await["total"], json!(0));
}

#[tokio::test]
async fn a_pause_that_another_process_was_asked_for_ends_a_run_unsent() {
    let simulator = Simulator::start(&["--companies", "1", "--users", "1", "--enrollments", "1"]);
    let url = database::migrated_url().await;
    let pool = database::pool(&url).await;
    let program = Program::between(simulator.url(), &url);
    let pace = RequestPace::new(pool);
    pace.close_for(Duration::from_hours(24)).await.unwrap();
    let output = Running::to_end(&program, "sync").await;
    assert_ne!(output.code, 0);
    assert!(output.failure().contains("HTTP 429"), "{output:#?}");
    assert_eq!(simulator.requests().await["total"], json!(0));
}
