//! Enrollments as a whole.

use serde_json::json;

use crate::change::{assert_served_as_told, differing, everything, plain_dates, set_now};
use crate::support::{ENROLLMENTS, Vendor, summary_of, text, texts};

#[tokio::test]
async fn an_enrollment_comes_moves_goes_and_returns() {
    let vendor = Vendor::start(plain_dates()).await;
    set_now(&vendor, "2026-07-02T10:00:00Z").await;
    let added = vendor
        .change(json!({"kind": "enrollment-added", "type": "survey", "seed": 1}))
        .await;
    let (company, id) = (text(&added, "company"), text(&added, "enrollment"));
    let listings = ["/api/enrollments/search", "/api/enrollments/archive/search"];
    let listed = async || {
        let mut found = Vec::new();
        for path in listings {
            let rows = vendor.rows(path, Some(&company), ENROLLMENTS).await;
            let ids = texts(&rows, "enrollmentId");
            found.push(ids.iter().position(|other| *other == id) == Some(ids.len() - 1));
        }
        found
    };
    let of_truth = async || {
        let rows = vendor.truth("enrollments").await;
        rows.into_iter()
            .find(|row| row["enrollment_id"] == id.as_str())
    };
    assert_eq!(listed().await, [true, false]);
    let fresh = everything(&vendor).await;
    assert_eq!(
        of_truth().await.unwrap()["created_at"],
        "2026-07-02T10:00:00Z"
    );
    assert_served_as_told(&vendor).await;

    vendor
        .change(json!({"kind": "enrollment-archived", "enrollment": id}))
        .await;
    assert_eq!(listed().await, [false, true]);
    assert_eq!(of_truth().await.unwrap()["is_archived"], true);
    vendor
        .change(json!({"kind": "enrollment-restored", "enrollment": id}))
        .await;
    assert_eq!(differing(&fresh, &everything(&vendor).await), [""; 0]);

    vendor
        .change(json!({"kind": "enrollment-purged", "enrollment": id}))
        .await;
    assert_eq!(listed().await, [false, false]);
    assert_eq!(of_truth().await, None);
    for path in [summary_of(&id, 0), format!("/api/enrollments/{id}")] {
        assert_eq!(vendor.get(&path, Some(&company)).await.status(), 404);
    }
    assert_eq!(vendor.users(&company, &id).await.status(), 404);
    assert!(vendor.violations().await.is_empty());
    vendor
        .change(json!({"kind": "enrollment-returned", "enrollment": id}))
        .await;
    assert_eq!(differing(&fresh, &everything(&vendor).await), [""; 0]);

    vendor
        .change(json!([
            {"kind": "enrollment-renamed", "enrollment": id, "name": "Renamed"},
            {"kind": "enrollment-status", "enrollment": id, "status": "Auto-Enroll"},
        ]))
        .await;
    let row = of_truth().await.unwrap();
    assert_eq!(
        (&row["name"], &row["status"]),
        (&json!("Renamed"), &json!("Auto-Enroll"))
    );
    let rows = vendor.rows(listings[0], Some(&company), ENROLLMENTS).await;
    let told = rows.iter().find(|row| row["enrollmentId"] == id.as_str());
    assert_eq!(told.unwrap()["status"], "Auto-Enroll");
    assert_eq!(told.unwrap()["name"], "Renamed");
}
