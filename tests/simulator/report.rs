//! Saved executive reports.

use std::collections::BTreeSet;

use keepnet_etl::simulator::Foreign;
use serde_json::{Value, json};

use crate::support::{Vendor, body, small, text, texts};

const SEARCH: &str = "/api/executive-report/search";

fn report_of(id: &str) -> String {
    format!("/api/executive-report/{id}")
}

#[tokio::test]
async fn reports_are_those_of_the_truth() {
    let vendor = Vendor::small().await;
    let truth = vendor.truth("executive_reports").await;
    let values = vendor.truth("executive_report_widgets").await;
    let mut counts = BTreeSet::new();
    for company in vendor.companies().await {
        let listed = vendor.page(SEARCH, Some(&company), &json!({})).await;
        let listed = listed.as_array().unwrap();
        counts.insert(listed.len());
        let told: Vec<&Value> = truth
            .iter()
            .filter(|row| row["company_id"] == company.as_str())
            .collect();
        assert_eq!(listed.len(), told.len());
        for (row, told) in listed.iter().zip(told) {
            let id = text(row, "resourceId");
            let report = vendor.data(&report_of(&id), Some(&company)).await;
            for (column, wire) in [
                ("report_id", &row["resourceId"]),
                ("is_editable", &row["isEditable"]),
                ("name", &report["name"]),
                ("description", &report["description"]),
                ("vendor_company_id", &report["companyId"]),
                ("date_period", &report["datePeriod"]),
                ("date_range", &report["dateRange"]),
            ] {
                assert_eq!(&told[column], wire, "{column}");
            }
            let layout = serde_json::from_str(&text(&report, "widgetLayout"));
            assert_eq!(told["widget_layout"], layout.unwrap_or(Value::Null));
            let is_custom = report["datePeriod"] == "Custom";
            assert_eq!(told["starts_at"].is_string(), is_custom);
            assert_eq!(
                report["startDate"]
                    .as_str()
                    .is_some_and(|date| !date.is_empty()),
                is_custom
            );
            let widgets = report["widgets"].as_array().unwrap();
            assert!(!widgets.is_empty());
            for widget in widgets {
                let rows: Vec<&Value> = values
                    .iter()
                    .filter(|value| {
                        value["report_id"] == id.as_str()
                            && value["company_id"] == company.as_str()
                            && value["widget_id"] == widget["resourceId"]
                    })
                    .collect();
                let served = widget["widgetDatas"].as_array().map_or(0, Vec::len);
                assert_eq!(rows[0]["widget_name"], widget["name"]);
                assert_eq!(rows[0]["chart_type"], widget["chartType"]);
                if served == 0 {
                    assert_eq!(rows.len(), 1);
                    assert_eq!(rows[0]["value"], json!(null));
                } else {
                    assert!(rows.len() >= served);
                }
            }
        }
    }
    assert_eq!(counts, BTreeSet::from([0, 1, 2, 3]));
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn the_list_of_reports_can_be_narrowed_by_name() {
    let vendor = Vendor::small().await;
    let company = vendor.truth("executive_reports").await[0]["company_id"].clone();
    let ask = json!({"name": "summary"});
    let found = vendor.page(SEARCH, company.as_str(), &ask).await;
    assert_eq!(
        texts(found.as_array().unwrap(), "name"),
        ["Executive Summary"]
    );
    let none = vendor
        .page(SEARCH, company.as_str(), &json!({"name": "?"}))
        .await;
    assert_eq!(none, json!([]));
}

#[tokio::test]
async fn a_report_of_another_company_is_not_found_or_empty() {
    for foreign in [Foreign::NotFound, Foreign::Empty] {
        let mut options = small();
        options.variant.foreign = foreign;
        let vendor = Vendor::start(options).await;
        let report = vendor.truth("executive_reports").await.remove(0);
        let owner = text(&report, "company_id");
        let companies = vendor.companies().await;
        let other = companies.iter().find(|id| **id != owner).unwrap();
        let answer = vendor
            .get(&report_of(&text(&report, "report_id")), Some(other))
            .await;
        if foreign == Foreign::NotFound {
            assert_eq!(answer.status(), 404);
        } else {
            assert_eq!(body(answer).await["data"], json!(null));
        }
        assert_eq!(vendor.violations().await["foreign-report"], 1);
    }
}
