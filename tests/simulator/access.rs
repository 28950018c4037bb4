//! Who is let in, in whose scope, and what is refused.

use keepnet_etl::clock::ManualClock;
use keepnet_etl::simulator::{Foreign, Lifetime, Share, Simulator, SimulatorOptions, WorldOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    BOTH_HEADERS, ENROLLMENTS, Vendor, body, distinct, options, send, small, texts,
};

#[tokio::test]
async fn a_token_is_given_for_a_form_with_the_right_secret_only() {
    let vendor = Vendor::small().await;
    let granted = body(vendor.grant("demo-secret").await).await;
    assert_eq!(
        (&granted["expires_in"], &granted["token_type"]),
        (&json!(3600), &json!("Bearer"))
    );

    let refused = vendor.grant("guessed").await;
    assert_eq!(refused.status(), 400);
    assert_eq!(body(refused).await, json!({"error": "invalid_client"}));

    let as_json = json!({"client_id": "demo", "client_secret": "demo-secret"});
    let request = vendor
        .client
        .post(vendor.url("/connect/token"))
        .json(&as_json);
    assert_eq!(send(request).await.status(), 500);

    let request = vendor.client.get(vendor.url("/api/companies/my"));
    assert_eq!(send(request).await.status(), 401);
    assert_eq!(vendor.get("/api/companies/my", None).await.status(), 200);
}

#[tokio::test]
async fn a_token_stops_working_when_the_clock_passes_its_end() {
    let start = chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let clock = ManualClock::at(start);
    let mut options = SimulatorOptions {
        clock: clock.clone(),
        ..small()
    };
    options.account.expires_in = Lifetime(Some(60));
    let vendor = Vendor::start(options).await;
    clock.advance(chrono::TimeDelta::seconds(59));
    assert_eq!(vendor.get("/api/companies/my", None).await.status(), 200);
    clock.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(vendor.get("/api/companies/my", None).await.status(), 401);
}

#[tokio::test]
async fn without_both_headers_the_answer_is_another_tenant_s_and_looks_fine() {
    let vendor = Vendor::small().await;
    let company = vendor.companies().await.remove(0);
    let path = "/api/enrollments/search";
    let ask = ENROLLMENTS.page(1);
    let own = texts(
        vendor.page(path, Some(&company), &ask).await["results"]
            .as_array()
            .unwrap(),
        "enrollmentId",
    );
    let bare = vendor.page(path, None, &ask).await;
    let other = texts(bare["results"].as_array().unwrap(), "enrollmentId");
    assert!(!other.is_empty());
    assert!(distinct(&own).is_disjoint(&distinct(&other)));
    for header in BOTH_HEADERS {
        let request = vendor
            .request(Method::POST, path, None)
            .header(header, &company)
            .json(&ask);
        assert_eq!(body(send(request).await).await["data"], bare);
    }
    let violations = vendor.violations().await;
    assert_eq!(violations["missing-company-headers"], 1);
    assert_eq!(violations["one-company-header"], 2);
}

#[tokio::test]
async fn what_the_service_refuses_is_refused_and_counted() {
    let vendor = Vendor::small().await;
    let company = vendor.companies().await.remove(0);
    let path = "/api/enrollments/search";
    let with = |name: &str, value: Value| {
        let mut ask = ENROLLMENTS.page(1);
        ask[name] = value;
        ask
    };
    let minimal = json!({"Condition": "AND", "SearchInputTextValue": ""});
    let null_text = json!({"Condition": "AND", "SearchInputTextValue": null});
    for (ask, status, violation) in [
        (with("filter", json!(null)), 500, "missing-filter"),
        (with("filter", json!({})), 500, "missing-filter"),
        (with("filter", null_text), 400, "null-search-text"),
        (with("filter", minimal), 200, "partial-filter"),
        (with("orderBy", json!(null)), 500, "null-order-by"),
        (with("orderBy", json!("tags")), 400, "unknown-order-by"),
        (with("ascending", json!(null)), 400, "missing-ascending"),
        (with("pageNumber", json!(0)), 400, "invalid-page"),
        (
            with("enrollmentType", json!(null)),
            200,
            "null-enrollment-type",
        ),
    ] {
        let before = vendor
            .violations()
            .await
            .get(violation)
            .copied()
            .unwrap_or(0);
        assert_eq!(
            vendor.search(path, Some(&company), &ask).await.status(),
            status,
            "{ask}"
        );
        assert_eq!(vendor.violations().await[violation], before + 1);
    }
    let patch = vendor
        .request(Method::POST, path, Some(&company))
        .header("content-type", "application/json-patch+json")
        .body(ENROLLMENTS.page(1).to_string());
    assert_eq!(send(patch).await.status(), 400);
    let empty = vendor
        .request(Method::POST, path, Some(&company))
        .header("content-type", "application/json");
    assert_eq!(send(empty).await.status(), 500);
    let with_key = vendor
        .request(Method::GET, "/api/companies/my", None)
        .header("X-IR-API-KEY", "k");
    assert_eq!(send(with_key).await.status(), 200);
    let write = vendor
        .search("/api/enrollments/x/resend", Some(&company), &json!({}))
        .await;
    assert_eq!(write.status(), 403);
    assert_eq!(
        vendor
            .get("/api/enrollments/x/y", Some(&company))
            .await
            .status(),
        404
    );
    assert_eq!(
        vendor
            .get("/api/companies/my", Some("nobody"))
            .await
            .status(),
        200
    );
    assert_eq!(
        vendor
            .search(path, Some("nobody"), &ENROLLMENTS.page(1))
            .await
            .status(),
        404
    );
    let violations = vendor.violations().await;
    for name in [
        "content-type",
        "invalid-body",
        "api-key-header",
        "write",
        "unknown-endpoint",
        "needless-company-header",
        "unknown-company",
    ] {
        assert_eq!(violations[name], 1, "{name}");
    }
}

#[tokio::test]
async fn a_foreign_enrollment_is_not_found_or_empty() {
    for foreign in [Foreign::NotFound, Foreign::Empty] {
        let mut options = small();
        options.variant.foreign = foreign;
        let vendor = Vendor::start(options).await;
        let companies = vendor.companies().await;
        let theirs = vendor.enrollments(&companies[1]).await.remove(0);
        let answer = vendor.users(&companies[0], &theirs).await;
        if foreign == Foreign::NotFound {
            assert_eq!(answer.status(), 404);
        } else {
            assert_eq!(body(answer).await["data"]["results"], json!([]));
        }
        assert_eq!(vendor.violations().await["foreign-enrollment"], 1);
    }
}

#[tokio::test]
async fn a_company_that_denies_access_refuses_and_has_no_truth_but_itself() {
    let world = WorldOptions {
        denied: Share::percent(100),
        ..small().world
    };
    let vendor = Vendor::start(options(world)).await;
    let company = vendor.companies().await.remove(0);
    let refused = vendor
        .search(
            "/api/enrollments/search",
            Some(&company),
            &ENROLLMENTS.page(1),
        )
        .await;
    assert_eq!(refused.status(), 403);
    assert_eq!(body(refused).await["status"], "PRIVACY_ERROR");
    assert_eq!(vendor.truth("companies").await.len(), 5);
    assert!(vendor.truth("enrollment_users").await.is_empty());
}

#[tokio::test]
async fn a_taken_port_is_an_error_and_a_shutdown_frees_it() {
    let first = Vendor::small().await;
    let mut options = small();
    options.listen = first.simulator.base_url()["http://".len()..]
        .parse()
        .unwrap();
    let error = Simulator::start(options.clone()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    drop(first.client);
    first.simulator.shutdown().await;
    Simulator::start(options).await.unwrap().shutdown().await;
}
