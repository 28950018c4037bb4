//! TV06 to TV10: the companies of the account.

use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use serde_json::{Value, json};

use super::{day_first, scope, sync_well};
use crate::support::table::shown;
use crate::support::vendor::{
    Vendor, companies, enrollments, my_companies, ok, page, pages, vector, vector_json,
};

const EMPTY_TREE: &str = r#"{"data":[],"status":"SUCCESS"}"#;

#[tokio::test]
async fn vector_6_a_flat_listing_of_two_pages() {
    let vendor = Vendor::start().await;
    let mut second = vector_json(6);
    second["data"]["pageNumber"] = json!(2);
    second["data"]["results"] =
        json!([{"companyName": "Gamma Example", "companyResourceId": "GaMm00000001"}]);
    vendor
        .on(companies(), pages(vec![vector(6), second.to_string()]))
        .await;
    vendor.on(my_companies(), ok(EMPTY_TREE)).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    // The first page tells which is the last; from there they are read.
    assert_eq!(report.listing.pages, 3);
    // The tree is empty, so the account goes by its client id.
    insta::assert_snapshot!(shown(&app.pool, "companies", "company_id").await, @r#"
    company_id: "Ab3De5Gh7Jk9"
    deleted_target_user_count: 0
    inactive_target_user_count: 0
    is_licence_expired: false
    is_number_of_users_limited: false
    kind: "customer"
    monthly_active_user_count: 0
    name: "Beta Example"
    parent_company_id: "demo"
    privacy_duration_id: 0
    target_user_count: 0

    company_id: "GaMm00000001"
    kind: "customer"
    name: "Gamma Example"
    parent_company_id: "demo"

    company_id: "aB3dE5gH7jK9"
    created_at: "2024-03-04T10:15:00+00:00"
    deleted_target_user_count: 4
    inactive_target_user_count: 0
    is_licence_expired: false
    is_number_of_users_limited: true
    kind: "customer"
    license_ends_at: "2027-12-31T00:00:00+00:00"
    monthly_active_user_count: 120
    name: "Alpha Example"
    number_of_users: 250
    parent_company_id: "demo"
    privacy_duration_id: 5
    reseller_name: "Example Reseller"
    target_user_count: 261
    "#);
    let again = sync_well(&app).await;
    assert_eq!(again.listing.pages, 2, "it is known by now");
}

#[tokio::test]
async fn vectors_6_and_7_ids_that_differ_by_case_are_different_companies() {
    let vendor = Vendor::start().await;
    let mut rows = vector_json(6)["data"]["results"].clone();
    let nested = vector_json(7)["data"]["results"][0].clone();
    rows.as_array_mut().unwrap().push(nested);
    vendor
        .on(companies(), ok(page(rows.as_array().unwrap())))
        .await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let mut asked: Vec<String> = vendor
        .received(&enrollments())
        .await
        .iter()
        .map(|request| {
            request.headers["x-ir-company-id"]
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    asked.sort_unstable();
    assert_eq!(
        asked,
        [
            "Ab3De5Gh7Jk9",
            "GaMm00000001",
            "SubR00000001",
            "aB3dE5gH7jK9"
        ],
        "each company is asked once; the reseller itself is not a customer"
    );
}

#[tokio::test]
async fn vector_7_nested_companies_are_flattened_and_a_reseller_nested_in_itself_is_one() {
    let vendor = Vendor::start().await;
    vendor.on(companies(), ok(vector(7))).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    assert_eq!(
        report.listing.verdict,
        Verdict::Complete,
        "the total of 1 counts roots only"
    );
    let stored = shown(&app.pool, "companies", "company_id").await;
    let stored: Vec<&str> = stored.split("\n\n").collect();
    assert_eq!(stored.len(), 4, "with the two of the tree: {stored:#?}");
    insta::assert_snapshot!(stored[0], @r#"
    company_id: "GaMm00000001"
    kind: "customer"
    name: "Gamma Example"
    number_of_users: 10
    parent_company_id: "SubR00000001"
    target_user_count: 3
    "#);
    insta::assert_snapshot!(stored[2], @r#"
    company_id: "SubR00000001"
    extra: {"numberOfUsers":"Unlimited"}
    kind: "reseller"
    name: "Sub Reseller Example"
    parent_company_id: "RsLr00000001"
    target_user_count: 0
    "#);
    let unknown: i64 = sqlx::query_scalar("select count(*) from sync.unknown_fields")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(unknown, 0, "an unlimited number of users is nothing new");
}

#[tokio::test]
async fn vector_8_missing_results_and_a_total_of_zero_are_no_companies() {
    let vendor = Vendor::start().await;
    vendor.on(companies(), ok(vector(8))).await;
    vendor.on(my_companies(), ok(EMPTY_TREE)).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    assert_eq!(report.listing.verdict, Verdict::Complete);
    assert_eq!(vendor.count(&companies()).await, 1);
    assert_eq!(shown(&app.pool, "companies", "company_id").await, "");
}

#[tokio::test]
async fn vector_9_the_documented_name_of_the_id_a_number_as_number_and_the_other_envelope() {
    let vendor = Vendor::start().await;
    vendor.on(companies(), ok(vector(9))).await;
    vendor.on(my_companies(), ok(EMPTY_TREE)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "companies", "company_id").await, @r#"
    company_id: "DeLt00000001"
    kind: "customer"
    name: "Delta Example"
    number_of_users: 50
    parent_company_id: "demo"
    "#);
}

#[tokio::test]
async fn vector_10_the_tree_gives_parents_and_the_end_of_access() {
    let vendor = Vendor::start().await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    // The reseller is in the tree only: it is stored, and is not pulled as a customer.
    insta::assert_snapshot!(shown(&app.pool, "companies", "company_id").await, @r#"
    access_state: "granted"
    company_id: "RsLr00000001"
    is_licence_expired: false
    kind: "reseller"
    name: "Example Reseller"
    privacy_duration_id: 5

    access_ends_at: "2026-02-01T10:00:00+00:00"
    access_state: "granted"
    company_id: "aB3dE5gH7jK9"
    is_licence_expired: true
    kind: "customer"
    name: "Alpha Example"
    parent_company_id: "RsLr00000001"
    privacy_duration_id: 0
    "#);
    assert_eq!(report.companies.len(), 1);
    let until: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select access_until from sync.company_state")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(until.to_rfc3339(), "2026-02-01T10:00:00+00:00");
}

#[tokio::test]
async fn a_company_that_cannot_be_read_is_quarantined_and_its_neighbours_land() {
    let vendor = Vendor::start().await;
    let rows = [
        json!({"companyName": "No Id"}),
        json!({"companyResourceId": "GaMm00000001", "targetUserCount": "many"}),
        json!({"companyResourceId": "DeLt00000001", "newMember": {"inside": [1]}}),
        Value::from("not a company"),
    ];
    vendor.on(companies(), ok(page(&rows))).await;
    vendor.on(my_companies(), ok(EMPTY_TREE)).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    assert_eq!(report.listing.verdict, Verdict::Complete);
    assert_eq!(
        scope(&report, "DeLt00000001", Resource::Enrollments).pages,
        2
    );
    insta::assert_snapshot!(shown(&app.pool, "companies", "company_id").await, @r#"
    company_id: "DeLt00000001"
    extra: {"newMember":{"inside":[1]}}
    kind: "customer"
    parent_company_id: "demo"
    "#);
    let entries: Vec<(String, String, String, String, String)> = sqlx::query_as(
        "select company_id, resource, scope, json_path, reason from sync.quarantine
         where resolved_at is null order by json_path, reason",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let entries: Vec<String> = entries
        .iter()
        .map(|e| format!("{} {} {:?} {} {}", e.0, e.1, e.2, e.3, e.4))
        .collect();
    insta::assert_snapshot!(entries.join("\n"), @r#"
    demo companies "" $ expected an object, found text
    demo companies "" $.companyResourceId the id is missing
    demo companies "" $.targetUserCount expected a whole number, found text
    "#);
    let unknown: (String, String, String) =
        sqlx::query_as("select resource, json_path, json_type from sync.unknown_fields")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(unknown.0, "companies");
    assert_eq!(unknown.1, "$.newMember.inside");
    assert_eq!(unknown.2, "a list");
}
