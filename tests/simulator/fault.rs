//! Faults fire as asked and look as the vendor's do.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    ENROLLMENTS, USERS, Vendor, body, send, small, text, texts, try_send, users_of,
};

#[tokio::test]
async fn a_fault_fires_from_the_asked_request_as_often_as_asked() {
    let mut options = small();
    options.faults = vec![
        "users:503:from=2,times=2,retry-after=7,body=html"
            .parse()
            .unwrap(),
    ];
    let vendor = Vendor::start(options).await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = vendor.users(&company, &enrollment).await;
        if answer.status() == 503 {
            assert_eq!(answer.headers()["retry-after"], "7");
        }
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [200, 503, 503, 200, 200]);
    let requests = body(vendor.get("/simulator/requests", None).await).await;
    assert_eq!(
        (
            &requests["endpoints"]["users"],
            &requests["endpoints"]["token"]
        ),
        (&json!(5), &json!(1))
    );
    let faults = body(vendor.get("/simulator/faults", None).await).await;
    assert_eq!(
        (
            &faults["faults"][0]["matched"],
            &faults["faults"][0]["fired"]
        ),
        (&json!(5), &json!(2))
    );
    send(vendor.client.delete(vendor.url("/simulator/requests"))).await;
    let requests = body(vendor.get("/simulator/requests", None).await).await;
    assert_eq!(requests["total"], 0);
}

#[tokio::test]
async fn a_fault_of_one_company_leaves_the_others_alone() {
    let vendor = Vendor::small().await;
    let companies = vendor.companies().await;
    vendor
        .add_faults(json!({"endpoint": "*", "company": companies[0], "kind": "privacy-error"}))
        .await;
    let path = "/api/enrollments/search";
    let status = |company: String| {
        let vendor = &vendor;
        async move {
            vendor
                .search(path, Some(&company), &ENROLLMENTS.page(1))
                .await
                .status()
        }
    };
    assert_eq!(status(companies[0].clone()).await, 403);
    assert_eq!(status(companies[1].clone()).await, 200);
    send(vendor.client.delete(vendor.url("/simulator/faults"))).await;
    assert_eq!(status(companies[0].clone()).await, 200);
}

#[tokio::test]
async fn every_shape_of_error_can_be_had() {
    let vendor = Vendor::small().await;
    for (shape, starts) in [
        ("camel", "{\"data\":null"),
        ("pascal", "{\"Data\":null"),
        ("oauth", "{\"error\":"),
        ("problem", "{\"errors\":"),
        ("login", "{\"errors\":[{\"message\""),
        ("text", "Internal"),
        ("html", "<html>500"),
    ] {
        vendor
            .add_faults(json!({"endpoint": "companies-my", "kind": 500, "body": shape, "times": 1}))
            .await;
        let answer = vendor.get("/api/companies/my", None).await;
        assert_eq!(answer.status(), 500);
        let text = answer.text().await.unwrap();
        assert!(text.starts_with(starts), "{shape}: {text}");
    }
    vendor.add_faults(json!([{"endpoint": "companies-my", "kind": "429", "retry_after_date": 30, "times": 1}])).await;
    let answer = vendor.get("/api/companies/my", None).await;
    let retry_after = answer.headers()["retry-after"].to_str().unwrap();
    assert!(retry_after.ends_with("GMT"), "{retry_after}");
    for (kind, status, member) in [
        ("ok-failed", 200, json!({"status": "FAILED"})),
        ("is-success-false", 200, json!({"isSuccess": false})),
        ("ip-restricted", 403, json!({"status": "IP_RESTRICTED"})),
    ] {
        vendor
            .add_faults(json!(format!("companies-my:{kind}:times=1")))
            .await;
        let answer = vendor.get("/api/companies/my", None).await;
        assert_eq!(answer.status(), status);
        let answer = body(answer).await;
        for (name, value) in member.as_object().unwrap() {
            assert_eq!(&answer[name], value);
        }
    }
    let request = vendor
        .client
        .post(vendor.url("/simulator/faults"))
        .json(&json!({"kind": "gremlin"}));
    let refused = send(request).await;
    assert_eq!(refused.status(), 400);
    assert!(text(&body(refused).await, "error").contains("known are"));
}

#[tokio::test]
async fn bodies_are_cut_marked_and_swollen() {
    let vendor = Vendor::small().await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    let whole = vendor
        .users(&company, &enrollment)
        .await
        .bytes()
        .await
        .unwrap();
    let next = |fault: &'static str| {
        let (vendor, company, enrollment) = (&vendor, &company, &enrollment);
        async move {
            vendor.add_faults(json!(fault)).await;
            let request = vendor.request(Method::POST, &users_of(enrollment), Some(company));
            try_send(request.json(&USERS.page(1)))
                .await
                .unwrap()
                .bytes()
                .await
        }
    };
    let cut = next("users:truncate:times=1").await.unwrap();
    assert_eq!(cut, whole[..whole.len() / 2]);
    let marked = next("users:bom:times=1").await.unwrap();
    assert_eq!(
        (&marked[..3], &marked[3..]),
        (&b"\xEF\xBB\xBF"[..], &whole[..])
    );
    let huge = next("users:huge=1000000:times=1").await.unwrap();
    assert!(huge.len() > 1_000_000);
    let parsed: Value = serde_json::from_slice(&huge).unwrap();
    assert_eq!(parsed["data"]["results"].as_array().unwrap().len(), 10);
    assert!(
        next("users:reset:times=1").await.is_err(),
        "the headers arrive, the body does not"
    );
    let page = next("users:html:times=1").await.unwrap();
    assert!(page.starts_with(b"<html>"));
}

#[tokio::test]
async fn listings_go_wrong_as_asked() {
    let vendor = Vendor::small().await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    let page = |fault: &'static str, number: u64| {
        let (vendor, company, enrollment) = (&vendor, &company, &enrollment);
        async move {
            vendor.add_faults(json!(fault)).await;
            let data = vendor
                .page(&users_of(enrollment), Some(company), &USERS.page(number))
                .await;
            send(vendor.client.delete(vendor.url("/simulator/faults"))).await;
            data
        }
    };
    let ids = |data: &Value| texts(data["results"].as_array().unwrap(), "targetUserResourceId");
    let (first, second) = (page("token:500", 1).await, page("token:500", 2).await);

    let data = page("users:results-null", 1).await;
    assert_eq!(
        (&data["results"], &data["totalNumberOfRecords"]),
        (&json!(null), &json!(25))
    );
    assert!(
        page("users:results-missing", 1)
            .await
            .get("results")
            .is_none()
    );
    let data = page("users:empty", 1).await;
    assert_eq!(
        (&data["results"], &data["totalNumberOfRecords"]),
        (&json!([]), &json!(0))
    );
    let data = page("users:repeat-page", 2).await;
    assert_eq!(
        (&data["results"], &data["pageNumber"]),
        (&first["results"], &json!(2))
    );
    assert_eq!(
        page("users:grow-total", 1).await["totalNumberOfRecords"],
        26
    );
    let data = page("users:drop-row:rows=2", 2).await;
    assert_eq!(
        (ids(&data), &data["totalNumberOfRecords"]),
        (ids(&second)[..8].to_vec(), &json!(25))
    );
    let data = page("users:duplicate-row", 1).await;
    assert_eq!(
        (
            data["results"].as_array().unwrap().len(),
            &data["results"][10]
        ),
        (11, &first["results"][0])
    );
    let data = page("users:conflicting-row", 1).await;
    assert_eq!(ids(&data)[10], ids(&first)[0]);
    assert_ne!(data["results"][10], first["results"][0]);
    let data = page("users:shift-row:rows=2", 1).await;
    assert_eq!(ids(&data)[..8], ids(&first)[2..]);
    assert_eq!(ids(&data)[8..], ids(&second)[..2]);
    let data = page("users:user-without-id:rows=2", 1).await;
    assert!(data["results"][1].get("targetUserResourceId").is_none());
    assert_eq!(data["results"][2], first["results"][2]);
    assert_eq!(
        page("users:number-as-text", 1).await["results"][0]["firstName"],
        42
    );
    let data = page("users:other-date-format:rows=10", 1).await;
    for row in data["results"].as_array().unwrap() {
        if let Some(date) = row["lastInteractionDate"].as_str() {
            assert!(
                date[3..5].parse::<u32>().unwrap() > 12,
                "{date} could be day-first"
            );
        }
    }
}
