//! One token for all, renewed once when it is refused.

use futures::future::join_all;
use serde_json::json;
use wiremock::Request;

use super::{offline, read_companies};
use crate::support::vendor::{
    ALPHA, Vendor, companies, detail, failure, ok, page, pages, token, vector,
};

/// The first token that a vendor gives; whatever follows is good.
const REFUSED: &str = "Bearer first";

/// A vendor that gives one token, and later ones that differ.
async fn vendor_of_tokens() -> Vendor {
    let vendor = Vendor::start().await;
    let body = |text: &str| json!({"access_token": text, "expires_in": 3600}).to_string();
    vendor.first(1, token(), ok(body("first"))).await;
    vendor.on(token(), ok(body("second"))).await;
    vendor
}

fn is_refused(request: &Request) -> bool {
    request.headers["authorization"] == REFUSED
}

#[tokio::test]
async fn many_first_requests_share_one_token() {
    let vendor = Vendor::start().await;
    let app = offline(&vendor, &[("api.max_concurrency", "16")]);
    let client = app.client();
    let company = client.company(ALPHA);
    let ids: Vec<String> = (0..16).map(|n| format!("enrollment-{n}")).collect();
    let answers = join_all(ids.iter().map(|id| company.enrollment_detail(id))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(vendor.count(&token()).await, 1);
    assert_eq!(client.all_requests(), 17);
}

#[tokio::test]
async fn a_token_refused_in_the_middle_of_a_listing_is_renewed_and_no_page_is_lost() {
    let vendor = vendor_of_tokens().await;
    let listing = pages(vec![page_of(&["a", "b"], 2), page_of(&["c", "d"], 2)]);
    vendor
        .on(companies(), move |request: &Request| {
            let body: serde_json::Value = request.body_json().expect("JSON");
            if body["pageNumber"] == 2 && is_refused(request) {
                return failure(401, vector(43));
            }
            wiremock::Respond::respond(&listing, request)
        })
        .await;
    let app = offline(&vendor, &[]);
    let client = app.client();
    let (ids, end) = read_companies(&client).await.unwrap();
    assert_eq!(ids, ["a", "b", "c", "d"]);
    assert_eq!(end.verdict.name(), "complete");
    assert_eq!(vendor.count(&companies()).await, 3);
    assert_eq!(vendor.count(&token()).await, 2);
}

/// A page of a listing of four companies.
fn page_of(ids: &[&str], pages: u32) -> String {
    let rows: Vec<_> = ids
        .iter()
        .map(|id| json!({"companyResourceId": id}))
        .collect();
    json!({"data": {"totalNumberOfPages": pages, "totalNumberOfRecords": 4, "results": rows}})
        .to_string()
}

#[tokio::test]
async fn many_refusals_of_one_token_renew_it_once() {
    let vendor = vendor_of_tokens().await;
    let ids: Vec<String> = (0..8).map(|n| format!("enrollment-{n}")).collect();
    for id in &ids {
        vendor
            .on(detail(id), |request: &Request| {
                if is_refused(request) {
                    failure(401, "")
                } else {
                    ok(r#"{"data":{}}"#)
                }
            })
            .await;
    }
    let app = offline(&vendor, &[]);
    let company = app.client().company(ALPHA);
    let answers = join_all(ids.iter().map(|id| company.enrollment_detail(id))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(vendor.count(&token()).await, 2);
}

#[tokio::test]
async fn a_renewed_token_that_is_refused_too_is_a_failure() {
    let vendor = Vendor::start().await;
    vendor.on(companies(), failure(401, "")).await;
    let app = offline(&vendor, &[]);
    let failed = read_companies(&app.client()).await.unwrap_err();
    assert_eq!(failed.kind.word(), "unauthorized");
    assert_eq!(vendor.count(&companies()).await, 2);
    assert_eq!(vendor.count(&token()).await, 2);
}

#[tokio::test]
async fn a_token_request_that_fails_is_tried_again_and_a_refusal_is_not_remembered() {
    let vendor = Vendor::start().await;
    vendor.first(2, token(), failure(503, "")).await;
    vendor.on(companies(), ok(page(&[]))).await;
    let app = offline(&vendor, &[]);
    read_companies(&app.client()).await.unwrap();
    assert_eq!(vendor.count(&token()).await, 3);

    let vendor = Vendor::start().await;
    vendor.first(1, token(), failure(400, vector(3))).await;
    let app = offline(&vendor, &[]);
    let client = app.client();
    assert!(read_companies(&client).await.is_err());
    read_companies(&client).await.unwrap();
    assert_eq!(vendor.count(&token()).await, 2);
}
