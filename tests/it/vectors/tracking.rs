//! Where from and with what a user did something: personal data, which is stored on demand only.

use std::sync::Arc;

use keepnet_etl::clock::SharedClock;
use keepnet_etl::privacy::Policy;
use keepnet_etl::sync::privacy::apply;
use serde_json::{Value, json};

use super::{SURVEY, read_anew, sync_again, sync_well};
use crate::support::TestApp;
use crate::support::survey::{completed_by, data};
use crate::support::table::{everything, shown, told};
use crate::support::vendor::{Vendor, interactions, ok, vector_json};

const ADA: &str = "uSeR00000001";
/// What must not be found.
const MARKS: [&str; 6] = [
    "Chrome",
    "UA/1.0",
    "Exampleland",
    "192.0.2.1",
    "203.0.113.9",
    "trackingInfo\":",
];

/// Vector 23 and events of other shapes, two of which cannot be read.
async fn tracked() -> Vendor {
    let vendor = completed_by(&[ADA]).await;
    let mut events: Vec<Value> = vector_json(23)["data"].as_array().unwrap().clone();
    let info = events[0]["trackingInfo"].clone();
    events.push(json!({"interaction": "Viewed", "trackingInfo": {"lastIp": "203.0.113.9"}}));
    events.push(json!({"interaction": {"name": "Viewed"}, "trackingInfo": info}));
    events.push(json!([{"trackingInfo": info}, {"inner": {"trackingInfo": info}}]));
    vendor
        .on(interactions(SURVEY, ADA), ok(data(&events)))
        .await;
    vendor
}

fn settings(is_wanted: &str) -> [(&str, &str); 2] {
    [
        ("api.date_format", "dmy"),
        ("privacy.tracking_info", is_wanted),
    ]
}

#[tokio::test]
async fn by_default_it_is_stored_nowhere_not_even_with_what_cannot_be_read() {
    let vendor = tracked().await;
    let app = TestApp::new(&vendor.url(), &settings("false")[..1]).await;
    sync_well(&app).await;
    let all = everything(&app.pool).await;
    for mark in MARKS {
        assert!(!all.contains(mark), "{mark}");
    }
    let payloads = "select payload from sync.quarantine order by payload desc";
    let expected = [
        r#"{"interaction":{"name":"Viewed"}}"#,
        r#"[{},{"inner":{}}]"#,
    ];
    assert_eq!(told(&app.pool, payloads).await, expected);
    let unknown = told(&app.pool, "select json_path from sync.unknown_fields").await;
    assert_eq!(unknown, [""; 0]);
    sync_again(&app).await;
}

#[tokio::test]
async fn on_demand_each_part_has_its_column() {
    let vendor = tracked().await;
    let app = TestApp::new(&vendor.url(), &settings("true")).await;
    sync_well(&app).await;
    let stored = shown(&app.pool, "interactions", "ordinal").await;
    let events: Vec<&str> = stored.split("\n\n").collect();
    assert_eq!(events.len(), 4);
    insta::assert_snapshot!(events[0], @r#"
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    extra: {"trackingInfo":{"lastIp":"203.0.113.9"}}
    interaction: "Viewed"
    ordinal: 0
    target_user_id: "uSeR00000001"
    "#);
    // Of two equal events the one that is not tracked comes first.
    assert!(!events[1].contains("Chrome"), "{stored}");
    insta::assert_snapshot!(events[2], @r#"
    browser_name: "Chrome"
    company_id: "aB3dE5gH7jK9"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    event_at: "2026-05-17T21:39:12+00:00"
    geolocation: "Exampleland"
    interaction: "Opened Email"
    ip_addresses: "192.0.2.1, 198.51.100.7"
    ordinal: 2
    target_user_id: "uSeR00000001"
    user_agent: "UA/1.0"
    "#);
    let payloads = told(&app.pool, "select payload from sync.quarantine").await;
    assert!(payloads.iter().all(|payload| payload.contains("Chrome")));
    sync_again(&app).await;
}

#[tokio::test]
async fn switched_off_it_leaves_the_events() {
    let vendor = completed_by(&[ADA]).await;
    let events = vector_json(23).to_string();
    vendor.on(interactions(SURVEY, ADA), ok(events)).await;
    let app = TestApp::new(&vendor.url(), &settings("true")).await;
    sync_well(&app).await;
    assert!(everything(&app.pool).await.contains("Exampleland"));
    let app = TestApp::with_pool(app.pool.clone(), &vendor.url(), &settings("false"));
    let policy = Arc::new(Policy::read(&app.settings.privacy).unwrap());
    let clock: SharedClock = app.clock.clone();
    assert!(
        apply(&app.pool, &policy, &clock, false)
            .await
            .unwrap()
            .is_done
    );
    assert!(!everything(&app.pool).await.contains("Exampleland"));
    read_anew(&app).await;
    let all = everything(&app.pool).await;
    for mark in MARKS {
        assert!(!all.contains(mark), "{mark}");
    }
    assert!(all.contains("Opened Email"));
}
