//! Each endpoint's request: method, path, query, headers and body.

use serde_json::Value;
use wiremock::Request;

use crate::support::TestApp;
use crate::support::vendor::{
    ALPHA, Endpoint, Vendor, archive, companies, detail, enrollments, my_companies, ok, page,
    summary, token, user_settings, users, vector_json,
};

/// The survey and the learning path of vector 11.
const SURVEY: &str = "11111111-2222-4333-8444-555555555501";
const PATH: &str = "11111111-2222-4333-8444-555555555502";

/// A whole request but for what the HTTP library says of itself.
fn shown(request: &Request) -> String {
    const LIBRARY: [&str; 4] = ["accept-encoding", "content-length", "host", "user-agent"];
    let mut lines = vec![format!(
        "{} {}{}",
        request.method,
        request.url.path(),
        request
            .url
            .query()
            .map(|q| format!("?{q}"))
            .unwrap_or_default()
    )];
    let mut headers: Vec<String> = request
        .headers
        .iter()
        .filter(|(name, _)| !LIBRARY.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    headers.sort_unstable();
    lines.append(&mut headers);
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(json) => lines.push(serde_json::to_string_pretty(&json).expect("JSON")),
        Err(_) => lines.push(String::from_utf8_lossy(&request.body).into_owned()),
    }
    lines.join("\n").trim_end().to_owned()
}

/// The only request to `endpoint`.
pub(super) async fn the_one(vendor: &Vendor, endpoint: Endpoint) -> String {
    let requests = vendor.received(&endpoint).await;
    assert_eq!(requests.len(), 1, "{endpoint:?}");
    shown(&requests[0])
}

/// A vendor after one run over a survey and a learning path.
async fn after_a_run(settings: &[(&str, &str)]) -> Vendor {
    let vendor = Vendor::start().await;
    let rows = vector_json(11)["data"]["results"].clone();
    vendor
        .on(enrollments(), ok(page(rows.as_array().expect("rows"))))
        .await;
    let mut settings = settings.to_vec();
    settings.push(("api.date_format", "dmy"));
    let app = TestApp::new(&vendor.url(), &settings).await;
    let report = app.sync().await.expect("a run");
    assert_eq!(report.outcome, "ok", "{report:#?}");
    vendor
}

#[tokio::test]
async fn requests_about_the_account_carry_the_token_and_no_company() {
    let vendor = after_a_run(&[]).await;
    insta::assert_snapshot!(the_one(&vendor, companies()).await, @r#"
    POST /api/companies/search
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    {
      "ascending": true,
      "filter": {
        "Condition": "AND",
        "FilterGroups": [
          {
            "Condition": "AND",
            "FilterGroups": [],
            "FilterItems": []
          },
          {
            "Condition": "OR",
            "FilterGroups": [],
            "FilterItems": []
          }
        ],
        "SearchInputTextValue": ""
      },
      "isClustered": false,
      "isTargetUserCountExceededLimit": false,
      "orderBy": "CreateTime",
      "pageNumber": 1,
      "pageSize": 100
    }
    "#);
    // Once to name the account, once for the tree.
    for request in vendor.received(&my_companies()).await {
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown(&request), @r"
            GET /api/companies/my
            accept: application/json
            authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
            ");
        }
    }
    assert_eq!(vendor.count(&user_settings()).await, 0, "the format is set");
}

#[tokio::test]
async fn the_accounts_own_settings_are_asked_for_without_a_company() {
    let vendor = Vendor::start().await;
    let own = r#"{"data":{"dateFormat":"DD/MM/YYYY"}}"#;
    vendor.on(user_settings(), ok(own)).await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    app.sync().await.unwrap();
    insta::assert_snapshot!(the_one(&vendor, user_settings()).await, @r"
    GET /api/system-users/settings
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    ");
}

#[tokio::test]
async fn searches_of_a_company_carry_its_id_in_both_headers() {
    let vendor = after_a_run(&[("api.page_size", "25")]).await;
    insta::assert_snapshot!(the_one(&vendor, enrollments()).await, @r#"
    POST /api/enrollments/search
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    {
      "ascending": true,
      "filter": {
        "Condition": "AND",
        "FilterGroups": [
          {
            "Condition": "AND",
            "FilterGroups": [],
            "FilterItems": []
          },
          {
            "Condition": "OR",
            "FilterGroups": [],
            "FilterItems": []
          }
        ],
        "SearchInputTextValue": ""
      },
      "orderBy": "CreateTime",
      "pageNumber": 1,
      "pageSize": 25
    }
    "#);
    insta::assert_snapshot!(the_one(&vendor, users(SURVEY)).await, @r#"
    POST /api/training-reports/11111111-2222-4333-8444-555555555501/users/search
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    {
      "ascending": true,
      "filter": {
        "Condition": "AND",
        "FilterGroups": [
          {
            "Condition": "AND",
            "FilterGroups": [],
            "FilterItems": []
          },
          {
            "Condition": "OR",
            "FilterGroups": [],
            "FilterItems": []
          }
        ],
        "SearchInputTextValue": ""
      },
      "orderBy": "email",
      "pageNumber": 1,
      "pageSize": 25
    }
    "#);
    let of_the_path = the_one(&vendor, users(PATH)).await;
    assert!(!of_the_path.contains("trainingType"), "{of_the_path}");
}

#[tokio::test]
async fn the_filter_of_the_archive_is_spelled_as_the_vendors_document_spells_it() {
    let vendor = after_a_run(&[]).await;
    insta::assert_snapshot!(the_one(&vendor, archive()).await, @r#"
    POST /api/enrollments/archive/search
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    {
      "ascending": true,
      "filter": {
        "condition": "AND",
        "filterGroups": [
          {
            "condition": "AND",
            "filterGroups": [],
            "filterItems": []
          },
          {
            "condition": "OR",
            "filterGroups": [],
            "filterItems": []
          }
        ],
        "searchInputTextValue": ""
      },
      "orderBy": "CreateTime",
      "pageNumber": 1,
      "pageSize": 100
    }
    "#);
}

#[tokio::test]
async fn a_summary_is_asked_for_by_the_number_of_its_type_and_a_detail_by_id_alone() {
    let vendor = after_a_run(&[]).await;
    insta::assert_snapshot!(the_one(&vendor, summary(PATH)).await, @r"
    GET /api/training-reports/11111111-2222-4333-8444-555555555502/summary?trainingType=4
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    ");
    insta::assert_snapshot!(the_one(&vendor, detail(PATH)).await, @r"
    GET /api/enrollments/11111111-2222-4333-8444-555555555502
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    ");
}

#[tokio::test]
async fn every_type_has_its_number() {
    let vendor = Vendor::start().await;
    let kinds = [
        ("SCORM", 0),
        ("Survey", 0),
        ("Poster", 1),
        ("Infographic", 2),
        ("Screensaver", 3),
        ("LearningPath", 4),
        ("Learning Path", 4),
        ("Something New", 0),
    ];
    let rows = kinds.map(|(kind, _)| serde_json::json!({"enrollmentId": kind, "type": kind}));
    vendor.on(enrollments(), ok(page(&rows))).await;
    let app = TestApp::new(&vendor.url(), &[("api.date_format", "dmy")]).await;
    app.sync().await.unwrap();
    for (kind, number) in kinds {
        let asked = vendor.received(&summary(&kind.replace(' ', "%20"))).await;
        let expected = format!("trainingType={number}");
        assert_eq!(asked[0].url.query(), Some(expected.as_str()), "{kind}");
    }
}

#[tokio::test]
async fn the_token_is_exchanged_for_a_form_with_everything_escaped() {
    let secret = "p&s=s+w %é/";
    let vendor = after_a_run(&[
        ("api.client_id", "my client"),
        ("api.client_secret", secret),
    ])
    .await;
    insta::assert_snapshot!(the_one(&vendor, token()).await, @r"
    POST /connect/token
    accept: application/json
    content-type: application/x-www-form-urlencoded
    grant_type=client_credentials&client_id=my+client&client_secret=p%26s%3Ds%2Bw+%25%C3%A9%2F&scope=api1
    ");
}

#[tokio::test]
async fn paths_go_below_a_base_url_that_has_a_path_and_ids_are_escaped() {
    let vendor = Vendor::mute().await;
    let below = |endpoint: Endpoint| Endpoint(endpoint.0, format!("/keepnet{}", endpoint.1));
    vendor
        .on(
            below(token()),
            ok(r#"{"access_token":"opaque","expires_in":3600}"#),
        )
        .await;
    let odd = Endpoint("GET", "/keepnet/api/enrollments/a%2Fb%3Fc%20d".to_owned());
    vendor.on(odd.clone(), ok(r#"{"data":{}}"#)).await;
    let app = super::offline(&vendor, &[]);
    let base = format!("{}/keepnet", vendor.url());
    let app = TestApp::with_pool(app.pool.clone(), &base, &[]);
    let company = app.client().company(ALPHA);
    let read = company.enrollment_detail("a/b?c d").await.unwrap();
    assert!(read.is_ok());
    assert_eq!(vendor.count(&odd).await, 1);
    assert_eq!(vendor.count(&below(token())).await, 1);
}
