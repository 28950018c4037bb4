//! What is sent again, how often, and when not.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use keepnet_etl::api::ApiErrorKind;
use sqlx::PgPool;
use wiremock::{Request, ResponseTemplate};

use super::{offline, read_companies};
use crate::support::TestApp;
use crate::support::vendor::{ALPHA, Vendor, companies, detail, failure, ok, page, token, vector};

/// 100 kB of JSON in 140 bytes.
const PACKED: &str = "H4sIAAAAAAACA+3BQQ0AIAwEMC8nAzdLJoEHCcE7NvZoe9O1KysHAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    GCvvA9KHEQ6rhgEA";

/// How often `answer` was asked for, and what came of it.
async fn ask(answer: ResponseTemplate) -> (usize, &'static str) {
    let vendor = Vendor::start().await;
    vendor.on(companies(), answer).await;
    let app = offline(&vendor, &[]);
    let word = match read_companies(&app.client()).await {
        Ok(_) => "ok",
        Err(failed) => failed.kind.word(),
    };
    (vendor.count(&companies()).await, word)
}

#[tokio::test]
async fn refusals_are_not_asked_again() {
    for (status, word) in [
        (302, "rejected"),
        (400, "rejected"),
        (403, "forbidden"),
        (404, "not_found"),
        (409, "rejected"),
        (422, "rejected"),
    ] {
        assert_eq!(ask(failure(status, "")).await, (1, word), "{status}");
    }
}

#[tokio::test]
async fn trouble_is_asked_again_a_bounded_number_of_times() {
    for (status, word, times) in [
        (408, "server", 5),
        (500, "server", 5),
        (503, "server", 5),
        (429, "rate_limited", 6),
    ] {
        assert_eq!(ask(failure(status, "")).await, (times, word), "{status}");
    }
}

#[tokio::test]
async fn trouble_that_passes_leaves_no_trace_in_the_listing() {
    let vendor = Vendor::start().await;
    vendor.first(2, companies(), failure(500, vector(39))).await;
    vendor.first(1, companies(), failure(429, "")).await;
    vendor.first(1, companies(), ok("<html></html>")).await;
    let app = offline(&vendor, &[]);
    let (ids, end) = read_companies(&app.client()).await.unwrap();
    assert_eq!(ids, [ALPHA]);
    assert_eq!(end.verdict.name(), "complete");
    assert_eq!(vendor.count(&companies()).await, 5);
}

#[tokio::test]
async fn a_pause_that_is_too_long_to_wait_for_ends_the_request_at_once() {
    // The test's present is Wed, 01 Jul 2026 12:00:00 GMT.
    for asked in ["21601", "Wed, 01 Jul 2026 18:00:01 GMT"] {
        for (status, word) in [(429, "rate_limited"), (503, "server")] {
            let answer = failure(status, "").insert_header("retry-after", asked);
            assert_eq!(ask(answer).await, (1, word), "{status} {asked}");
        }
    }
}

#[tokio::test]
async fn a_pause_of_no_length_is_none() {
    for asked in ["0", "Wed, 01 Jul 2026 11:59:59 GMT"] {
        for status in [429, 503] {
            let answer = failure(status, "").insert_header("retry-after", asked);
            let (requests, _) = ask(answer).await;
            assert_eq!(
                requests, 7,
                "{status} {asked}: asked pauses do not count as attempts"
            );
        }
    }
}

#[tokio::test]
async fn nothing_at_all_is_sent_before_the_pause_that_was_asked_for_is_over() {
    let vendor = Vendor::start().await;
    let arrivals: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let noted = Arc::clone(&arrivals);
    vendor
        .on(companies(), move |_: &Request| {
            let mut arrivals = noted.lock().unwrap();
            arrivals.push(Instant::now());
            match arrivals.len() {
                1 => failure(429, "").insert_header("retry-after", "1"),
                _ => ok(page(&[])),
            }
        })
        .await;
    let app = offline(&vendor, &[]);
    let client = app.client();
    read_companies(&client).await.unwrap();
    let arrivals = arrivals.lock().unwrap();
    assert_eq!(arrivals.len(), 2);
    assert!(arrivals[1] - arrivals[0] >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again() {
    let vendor = Vendor::start().await;
    vendor.break_off(4, &companies()).await;
    let app = offline(&vendor, &[]);
    let (ids, _) = read_companies(&app.client()).await.unwrap();
    assert_eq!(ids, [ALPHA]);
    assert_eq!(vendor.count(&companies()).await, 5);
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_at_the_start_is_not_waited_for() {
    // A port that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let nowhere = PgPool::connect_lazy("postgres://nobody@localhost/nothing").unwrap();
    let app = TestApp::with_pool(nowhere, &format!("http://127.0.0.1:{port}"), &[]);
    let client = app.client();
    let failed = client.claims().await.unwrap_err();
    assert_eq!(failed.kind.word(), "unreachable");
    assert_eq!(client.all_requests(), 2);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_and_not_asked_for_again() {
    let large = format!(r#"{{"data":"{}"}}"#, "x".repeat(2_000));
    let packed = base64::engine::general_purpose::STANDARD
        .decode(PACKED)
        .unwrap();
    assert!(packed.len() < 1_000);
    let packed = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_bytes(packed);
    for answer in [ok(large), packed] {
        let vendor = Vendor::start().await;
        vendor.on(companies(), answer).await;
        let app = offline(&vendor, &[("api.max_response_bytes", "1KiB")]);
        let failed = read_companies(&app.client()).await.unwrap_err();
        assert_eq!(failed.kind, ApiErrorKind::TooLarge(1024));
        assert_eq!(vendor.count(&companies()).await, 1);
    }
}

#[tokio::test]
async fn a_redirection_is_not_followed_with_the_token_in_hand() {
    let elsewhere = Vendor::start().await;
    let vendor = Vendor::start().await;
    let to = format!("{}/api/companies/search", elsewhere.url());
    vendor
        .on(companies(), failure(307, "").insert_header("location", to))
        .await;
    vendor
        .on(
            detail("x"),
            failure(302, "").insert_header("location", elsewhere.url()),
        )
        .await;
    let app = offline(&vendor, &[]);
    let client = app.client();
    assert!(read_companies(&client).await.is_err());
    let refused = client.company(ALPHA).enrollment_detail("x").await;
    assert_eq!(refused.unwrap_err().kind.word(), "rejected");
    assert_eq!(elsewhere.count(&companies()).await, 0);
    assert_eq!(elsewhere.count(&token()).await, 0);
}
