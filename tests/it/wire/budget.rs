//! How hard the vendor is asked: in storms of refusals, and between companies of different size.

use futures::future::join_all;

use super::{offline, read_companies};
use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::assert_all_equal_truth;
use crate::support::vendor::{ALPHA, BETA, Vendor, companies, detail, failure, ok};

#[tokio::test]
async fn a_storm_of_429_does_not_fail_a_run() {
    let simulator = Simulator::start(&["--companies", "3", "--users", "12", "--enrollments", "2"]);
    let zone = [("api.time_zone", "Europe/Istanbul")];
    let app = TestApp::new(simulator.url(), &zone).await;
    // As many as one request bears, each beside as many failures as it has attempts to spare.
    for endpoint in ["companies", "enrollments", "details", "summaries", "users"] {
        simulator.fault(&format!("{endpoint}:429:times=5")).await;
        simulator
            .fault(&format!("{endpoint}:500:from=6,times=4"))
            .await;
    }
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    assert_all_equal_truth(&app.pool, &simulator).await;
    let faults = simulator.faults().await;
    let faults = faults["faults"].as_array().unwrap().iter();
    let fired: u64 = faults.map(|fault| fault["fired"].as_u64().unwrap()).sum();
    assert_eq!(fired, 5 * (5 + 4));
}

#[tokio::test]
async fn nothing_is_sent_while_the_vendor_asks_for_a_pause_that_is_too_long_to_wait_for() {
    let vendor = Vendor::start().await;
    let ban = failure(429, "").insert_header("retry-after", "86400");
    vendor.first(1, detail("x"), ban).await;
    let app = offline(&vendor, &[]);
    let client = app.client();
    assert_eq!(client.closed_until(), None);
    let refused = client.company(ALPHA).enrollment_detail("x").await;
    assert_eq!(refused.unwrap_err().kind.word(), "rate_limited");
    let refused = read_companies(&client).await;
    assert_eq!(refused.unwrap_err().kind.word(), "rate_limited");
    assert_eq!(vendor.count(&companies()).await, 0);
    assert!(client.closed_until().is_some());
    assert_eq!(client.waiting(), 0);
}

#[tokio::test]
async fn the_width_shrinks_when_the_vendor_is_overloaded_and_grows_again() {
    let vendor = Vendor::start().await;
    vendor.on(detail("x"), ok(r#"{"data":{}}"#)).await;
    let app = offline(&vendor, &[("api.max_concurrency", "4")]);
    let client = app.client();
    let company = client.company(ALPHA);
    let ask = || async {
        let answers = join_all((0..40).map(|_| company.enrollment_detail("x"))).await;
        assert!(answers.iter().all(Result::is_ok));
    };
    assert_eq!(client.width(), 2);
    ask().await;
    assert_eq!(client.width(), 4);
    vendor.first(1, companies(), failure(503, "")).await;
    read_companies(&client).await.unwrap();
    assert_eq!(client.width(), 2);
    ask().await;
    assert_eq!(client.width(), 4);
}

/// The companies in the order in which their requests were served: 12 of a large one that came first, 2 of a small one.
async fn served(concurrency: &str) -> String {
    let vendor = Vendor::start().await;
    vendor.on(detail("x"), ok(r#"{"data":{}}"#)).await;
    let app = offline(&vendor, &[("api.max_concurrency", concurrency)]);
    let client = app.client();
    client.claims().await.unwrap();
    let requests = [vec![ALPHA; 12], vec![BETA; 2]].concat();
    let asked = requests.into_iter().map(|company| {
        let company = client.company(company);
        async move { company.enrollment_detail("x").await }
    });
    assert!(join_all(asked).await.iter().all(Result::is_ok));
    let received = vendor.received(&detail("x")).await;
    let letters = received.iter().map(|request| {
        let company = request.headers["x-keepnet-company-id"].to_str().unwrap();
        if company == ALPHA { 'L' } else { 's' }
    });
    letters.collect()
}

#[tokio::test]
async fn a_large_company_does_not_keep_a_small_one_waiting() {
    assert_eq!(served("1").await, "LLLsLsLLLLLLLL");
    // Two under way at once may overtake each other on the wire.
    let order = served("2").await;
    assert_eq!(order.matches('s').count(), 2, "{order}");
    assert!(order.rfind('s') <= Some(7), "{order}");
}
