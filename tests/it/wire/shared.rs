//! One rate and one gate for all processes on one database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use keepnet_etl::api::Agreement;
use keepnet_etl::warehouse::request_pace::RequestPace;
use serde_json::json;

use crate::support::program::Program;
use crate::support::running::Running;
use crate::support::simulator::Simulator;
use crate::support::table::assert_all_equal_truth;
use crate::support::vendor::{ALPHA, Vendor, detail, failure, ok};
use crate::support::{TestApp, database};

#[tokio::test]
async fn no_two_processes_are_given_the_same_start() {
    let url = database::empty().await;
    let pools = [database::pool(&url).await, database::pool(&url).await];
    keepnet_etl::warehouse::migrate::migrate(&pools[0])
        .await
        .unwrap();
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
async fn two_processes_take_twice_as_long_as_each_would_alone() {
    let simulator = Simulator::start(&["--companies", "3", "--users", "12", "--enrollments", "3"]);
    let url = database::empty().await;
    let pool = database::pool(&url).await;
    keepnet_etl::warehouse::migrate::migrate(&pool)
        .await
        .unwrap();
    let program = Program::between(simulator.url(), &url).set("api.max_requests_per_second", "40");
    let begin = Instant::now();
    // Both list the companies; each pulls those that the other does not.
    let both = [
        Running::to_end(&program, "sync"),
        Running::to_end(&program, "sync"),
    ];
    for output in join_all(both).await {
        assert_eq!(output.code, 0, "{output:#?}");
    }
    let took = begin.elapsed();
    assert_all_equal_truth(&pool, &simulator).await;
    let requests = simulator.requests().await["total"].clone();
    assert!(requests.as_u64() > Some(60), "{requests}");
    // No clock but the lower bound that follows from the rate: starts are at least 25 ms apart, whoever makes them.
    let starts = u32::try_from(requests.as_u64().unwrap()).unwrap();
    assert!(
        took >= (starts - 2) * Duration::from_millis(25),
        "{requests}: {took:?}"
    );
    assert_eq!(simulator.contract().await["total"], json!(0));
}
