//! Companies, and what they have as a whole.

use serde_json::{Value, json};

use crate::change::{assert_served_as_told, differing, everything, plain_dates};
use crate::support::{COMPANIES, CREATED, ENROLLMENTS, Vendor, text, texts};

#[tokio::test]
async fn a_company_comes_changes_goes_and_returns() {
    let mut options = plain_dates();
    options.world.companies = 6;
    options.world.sub_resellers = 2;
    let vendor = Vendor::start(options).await;
    let before = everything(&vendor).await;
    let reseller = before["companies"]
        .iter()
        .find(|row| row["kind"] == "reseller" && row["parent_company_id"].is_string())
        .unwrap();
    let company = text(reseller, "company_id");
    let status = async || {
        let ask = ENROLLMENTS.page(1);
        let path = "/api/enrollments/search";
        let answer = vendor.search(path, Some(&company), &ask).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    vendor
        .change(json!({"kind": "company-gone", "company": company}))
        .await;
    assert!(!vendor.companies().await.contains(&company));
    let mine = vendor.data("/api/companies/my", None).await.to_string();
    assert!(!mine.contains(&company));
    for other in vendor.companies().await {
        assert!(mine.contains(&other), "its customers are still there");
    }
    assert_eq!(status().await.0, 403);
    for (table, rows) in everything(&vendor).await {
        assert!(
            rows.iter().all(|row| row["company_id"] != company.as_str()),
            "{table}"
        );
    }
    vendor
        .change(json!({"kind": "company-returned", "company": company}))
        .await;
    assert_eq!(differing(&before, &everything(&vendor).await), [""; 0]);

    vendor
        .change(json!({"kind": "company-denied", "company": company}))
        .await;
    let (code, message) = status().await;
    assert_eq!(code, 403);
    assert!(message.contains("PRIVACY_ERROR"));
    let told = vendor.truth("companies").await;
    let row = told
        .iter()
        .find(|row| row["company_id"] == company.as_str());
    assert_eq!(row.unwrap()["access_state"], "denied");
    vendor
        .change(json!({"kind": "company-granted", "company": company}))
        .await;
    assert_eq!(differing(&before, &everything(&vendor).await), [""; 0]);

    vendor
        .change(json!([
            {"kind": "company-renamed", "company": company, "name": "Renamed"},
            {"kind": "company-numbers", "company": company},
        ]))
        .await;
    let rows = vendor.rows("/api/companies/search", None, COMPANIES).await;
    let served = rows
        .iter()
        .find(|row| row["companyResourceId"] == company.as_str())
        .unwrap();
    let told = vendor.truth("companies").await;
    let row = told
        .iter()
        .find(|row| row["company_id"] == company.as_str())
        .unwrap();
    assert_eq!(
        (&served["companyName"], &row["name"]),
        (&json!("Renamed"), &json!("Renamed"))
    );
    assert_eq!(served["targetUserCount"], row["target_user_count"]);
    assert_ne!(reseller["target_user_count"], row["target_user_count"]);

    let added = vendor.change(json!({"kind": "company-added"})).await;
    assert_eq!(
        vendor.companies().await.last(),
        added["company"].as_str().map(str::to_owned).as_ref()
    );
    assert_served_as_told(&vendor).await;
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn what_a_company_has_as_a_whole_changes_comes_and_goes() {
    let vendor = Vendor::start(plain_dates()).await;
    for (table, id, member, path, kind) in [
        (
            "target_groups",
            "group_id",
            "resourceId",
            "/api/target-groups/search/current-company",
            "target-group",
        ),
        (
            "trainings",
            "training_id",
            "trainingId",
            "/api/trainings/search",
            "training",
        ),
    ] {
        for what in ["changed", "added", "removed"] {
            let before = everything(&vendor).await;
            let change = vendor
                .change(json!({"kind": format!("{kind}-{what}"), "seed": 4}))
                .await;
            let after = everything(&vendor).await;
            assert_eq!(differing(&before, &after), [table], "{kind} {what}");
            let company = text(&change, "company");
            let rows = vendor.rows(path, Some(&company), CREATED).await;
            let mut served = texts(&rows, member);
            let of_company = |row: &&Value| row["company_id"] == company.as_str();
            let rows: Vec<Value> = after[table].iter().filter(of_company).cloned().collect();
            let mut told = texts(&rows, id);
            served.sort_unstable();
            told.sort_unstable();
            assert_eq!(served, told);
            assert_eq!(told.contains(&text(&change, "item")), what != "removed");
        }
    }
    let before = everything(&vendor).await;
    let change = vendor
        .change(json!({"kind": "widget-values", "month": "2026-05"}))
        .await;
    assert_eq!(change["month"], "2026-05");
    assert_eq!(
        differing(&before, &everything(&vendor).await),
        ["widget_values"]
    );

    let before = everything(&vendor).await;
    let change = vendor.change(json!({"kind": "report-removed"})).await;
    let after = everything(&vendor).await;
    let tables = ["executive_reports", "executive_report_widgets"];
    assert_eq!(differing(&before, &after), tables);
    let path = format!("/api/executive-report/{}", text(&change, "item"));
    let company = text(&change, "company");
    assert_eq!(vendor.get(&path, Some(&company)).await.status(), 404);
    assert!(vendor.violations().await.is_empty());
}
