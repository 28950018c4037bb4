//! TV01 to TV05: the token, and what it says of the account.

use chrono::TimeDelta;
use keepnet_etl::api::ApiErrorKind;
use keepnet_etl::api::endpoints::companies::CompanyId;
use keepnet_etl::sync::SyncError;
use serde_json::json;

use super::{day_first, sync_well};
use crate::support::TestApp;
use crate::support::vendor::{
    Vendor, companies, failure, my_companies, ok, token, token_with, vector, vector_json,
};

/// How many tokens were asked for, with one listing at each of these distances from the start.
async fn tokens_asked_for(vendor: &Vendor, app: &TestApp, steps: &[TimeDelta]) -> usize {
    let client = app.client();
    for step in steps {
        app.clock.advance(*step);
        client
            .companies::<CompanyId>()
            .next()
            .await
            .expect("a page");
    }
    vendor.count(&token()).await
}

#[tokio::test]
async fn vector_1_a_token_is_used_until_a_minute_before_it_expires() {
    let vendor = Vendor::start().await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    let almost = [TimeDelta::zero(), TimeDelta::seconds(3539)];
    assert_eq!(tokens_asked_for(&vendor, &app, &almost).await, 1);

    let vendor = Vendor::start().await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    let early = [TimeDelta::zero(), TimeDelta::seconds(3540)];
    assert_eq!(tokens_asked_for(&vendor, &app, &early).await, 2);
}

#[tokio::test]
async fn vector_1_names_what_the_account_may_call() {
    let vendor = Vendor::start().await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    let claims = app.client().claims().await.unwrap();
    assert_eq!(
        claims.permissions,
        ["companies/search|POST", "enrollments/search|POST"]
    );
}

#[tokio::test]
async fn vector_2_a_token_that_does_not_say_lives_as_its_own_claim_says() {
    let vendor = Vendor::start().await;
    vendor.on(token(), ok(vector(2))).await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    // Its claim says 1900003600; the test's present is 1782907200.
    let almost = [TimeDelta::zero(), TimeDelta::seconds(117_096_339)];
    assert_eq!(tokens_asked_for(&vendor, &app, &almost).await, 1);
    let steps = [TimeDelta::seconds(1)];
    let client = app.client();
    client.companies::<CompanyId>().next().await.unwrap();
    assert_eq!(tokens_asked_for(&vendor, &app, &steps).await, 3);
}

#[tokio::test]
async fn vectors_3_and_4_refused_credentials_end_the_run_with_the_vendors_words() {
    for (number, words) in [(3, "invalid_client"), (4, "Client authentication failed")] {
        let vendor = Vendor::start().await;
        vendor.on(token(), failure(400, vector(number))).await;
        let app = TestApp::new(&vendor.url(), &[]).await;
        let failed = app.sync().await.unwrap_err();
        assert_eq!(
            failed.to_string(),
            format!(
                "could not obtain an access token: the service refused client id or secret: {words}"
            )
        );
        assert_eq!(failed.exit_code(), 2);
        assert!(failed.remedy().contains("api.client_secret"));
        assert_eq!(vendor.count(&token()).await, 1);
        let accounts: i64 = sqlx::query_scalar("select count(*) from sync.accounts")
            .fetch_one(&app.pool)
            .await
            .unwrap();
        assert_eq!(accounts, 0, "the database is claimed for nobody");
    }
}

#[tokio::test]
async fn a_refused_client_is_one_whatever_the_status() {
    let vendor = Vendor::start().await;
    vendor.on(token(), failure(401, "")).await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    let SyncError::Api(failed) = app.sync().await.unwrap_err() else {
        panic!("not an error of the API")
    };
    assert_eq!(failed.kind, ApiErrorKind::CredentialsRefused(String::new()));
}

#[tokio::test]
async fn vector_5_names_the_account_and_its_date_format() {
    let vendor = Vendor::start().await;
    vendor.on(token(), token_with(&vector_json(5))).await;
    let mut other_root = vector_json(10);
    other_root["data"][0]["resourceId"] = json!("OtHr00000001");
    vendor.on(my_companies(), ok(other_root.to_string())).await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    sync_well(&app).await;
    let account: (String, String, String, String, String) = sqlx::query_as(
        "select account_id, client_id, date_format, time_zone, date_format_evidence from sync.accounts",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    let (id, client, format, zone, evidence) = account;
    assert_eq!((id.as_str(), client.as_str()), ("RsLr00000001", "demo"));
    assert_eq!((format.as_str(), zone.as_str()), ("dmy", "UTC"));
    assert_eq!(evidence, "claim user_dateformat of the access token");
}

#[tokio::test]
async fn without_a_company_in_the_token_the_account_is_the_root_of_its_tree_or_else_its_client_id()
{
    for (tree, name) in [
        (ok(vector(10)), "RsLr00000001"),
        (failure(403, ""), "demo"),
        (ok(r#"{"data":[],"status":"SUCCESS"}"#), "demo"),
    ] {
        let vendor = Vendor::start().await;
        vendor.on(my_companies(), tree).await;
        let app = day_first(&vendor).await;
        sync_well(&app).await;
        let account: String = sqlx::query_scalar("select account_id from sync.accounts")
            .fetch_one(&app.pool)
            .await
            .unwrap();
        assert_eq!(account, name);
    }
}

#[tokio::test]
async fn a_token_of_a_single_company_is_refused_before_anything_is_asked() {
    let vendor = Vendor::start().await;
    let mut claims = vector_json(5);
    claims["reseller_access"] = json!("false");
    vendor.on(token(), token_with(&claims)).await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    let failed = app.sync().await.unwrap_err();
    assert!(matches!(failed, SyncError::NotAReseller), "{failed}");
    assert_eq!(failed.exit_code(), 2);
    assert_eq!(vendor.count(&companies()).await, 0);
}
