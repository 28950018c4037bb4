//! What a client can change: enrollments that it creates and sends.

use serde_json::{Value, json};

use crate::support::{
    CREATED, ENROLLMENTS, Vendor, body, small, summary_of, text, texts, try_send, users_of,
};
use reqwest::Method;

const CREATE: &str = "/api/enrollments";
const SEARCH: &str = "/api/enrollments/search";

/// A request that the vendor accepts, for the first company.
async fn acceptable(vendor: &Vendor) -> (String, Value) {
    let company = vendor.companies().await.remove(0);
    let trainings = vendor
        .rows("/api/trainings/search", Some(&company), CREATED)
        .await;
    let groups = "/api/target-groups/search/current-company";
    let groups = vendor.rows(groups, Some(&company), CREATED).await;
    let request = json!({
        "trainingId": trainings[0]["trainingId"],
        "name": "Autumn",
        "targetGroupResourceIds": [groups[0]["resourceId"]],
        "enrollmentScheduler": {"scheduledDate": "2099-12-01T06:00:00Z", "useOwnTimeZone": false},
        "markedAsTest": true,
    });
    (company, request)
}

#[tokio::test]
async fn what_is_created_is_the_newest_and_has_reports_of_nobody() {
    let vendor = Vendor::small().await;
    let (company, request) = acceptable(&vendor).await;
    let before = vendor.rows(SEARCH, Some(&company), ENROLLMENTS).await.len();
    let created = vendor.search(CREATE, Some(&company), &request).await;
    assert_eq!(created.status(), 201);
    let created = body(created).await["data"].take();
    let id = text(&created, "id");
    assert_eq!(created["markedAsTest"], true);

    let rows = vendor.rows(SEARCH, Some(&company), ENROLLMENTS).await;
    assert_eq!(rows.len(), before + 1);
    let newest = rows.last().unwrap();
    assert_eq!(
        (text(newest, "enrollmentId"), &newest["name"]),
        (id.clone(), &json!("Autumn"))
    );
    assert_eq!(newest["status"], "Scheduled");
    let others = vendor.companies().await;
    let others = vendor.rows(SEARCH, Some(&others[1]), ENROLLMENTS).await;
    assert!(!texts(&others, "enrollmentId").contains(&id));

    let detail = vendor
        .data(&format!("/api/enrollments/{id}"), Some(&company))
        .await;
    assert_eq!(
        detail["targetGroupResourceIds"],
        request["targetGroupResourceIds"]
    );
    let summary = vendor.data(&summary_of(&id, 0), Some(&company)).await;
    assert_eq!(summary["reportDetail"]["totalTargetUserCount"], 0);
    let users = body(
        vendor
            .search(&users_of(&id), Some(&company), &ENROLLMENTS.page(1))
            .await,
    )
    .await;
    assert_eq!(users["data"]["totalNumberOfRecords"], 0);

    let sent = vendor
        .search(
            &format!("/api/enrollments/{id}/send"),
            Some(&company),
            &json!(null),
        )
        .await;
    assert_eq!(body(sent).await["data"]["resourceId"], *id);
    let rows = vendor.rows(SEARCH, Some(&company), ENROLLMENTS).await;
    assert_eq!(rows.last().unwrap()["status"], "Sending");
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_validation_messages() {
    let vendor = Vendor::small().await;
    let (company, request) = acceptable(&vendor).await;
    let other = vendor.companies().await.remove(1);
    let of_other = vendor
        .rows(
            "/api/target-groups/search/current-company",
            Some(&other),
            CREATED,
        )
        .await;
    for (member, value, reason) in [
        ("trainingId", json!("nonsense"), "TrainingId is not valid"),
        ("name", json!(" "), "Name is required"),
        (
            "name",
            json!("x".repeat(201)),
            "Name must be at most 200 characters",
        ),
        (
            "targetGroupResourceIds",
            json!([]),
            "TargetGroupResourceIds is not valid",
        ),
        (
            "targetGroupResourceIds",
            json!([of_other[0]["resourceId"]]),
            "TargetGroupResourceIds is not valid",
        ),
        (
            "enrollmentScheduler",
            json!({"scheduledDate": "2020-01-01T00:00:00Z"}),
            "ScheduledDate is not valid",
        ),
    ] {
        let mut request = request.clone();
        request[member] = value;
        let refused = vendor.search(CREATE, Some(&company), &request).await;
        assert_eq!(refused.status(), 400, "{reason}");
        let refused = body(refused).await;
        assert_eq!(refused["validationMessages"], json!([reason]));
    }
    let foreign = vendor
        .search(
            "/api/enrollments/nonsense/send",
            Some(&company),
            &json!(null),
        )
        .await;
    assert_eq!(foreign.status(), 404);
}

#[tokio::test]
async fn a_write_can_happen_without_an_answer_or_with_a_wrong_one() {
    for (fault, status, exist) in [
        ("create:after=503", Some(503), 1),
        ("create:no-answer", None, 1),
        ("create:503", Some(503), 0),
    ] {
        let vendor = Vendor::start(small()).await;
        let (company, request) = acceptable(&vendor).await;
        vendor.add_faults(json!(fault)).await;
        let asked = vendor
            .request(Method::POST, CREATE, Some(&company))
            .timeout(std::time::Duration::from_millis(500))
            .json(&request);
        let answered = try_send(asked).await;
        assert_eq!(
            answered.ok().map(|answer| answer.status().as_u16()),
            status,
            "{fault}"
        );
        let rows = vendor.rows(SEARCH, Some(&company), ENROLLMENTS).await;
        let found = rows.iter().filter(|row| row["name"] == "Autumn").count();
        assert_eq!(found, exist, "{fault}");
    }
}
