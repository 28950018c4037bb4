//! Trainings, groups of users and the catalogue of widgets.

use std::collections::BTreeSet;

use keepnet_etl::simulator::{DateOrder, SimulatorOptions};
use serde_json::{Value, json};

use crate::support::{CREATED, Vendor, body, distinct, send, small, text, texts};

const TRAININGS: &str = "/api/trainings/search";
const GROUPS: &str = "/api/target-groups/search/current-company";
const WIDGETS: &str = "/api/executive-report/metrics";

/// Dates that can be compared with those of the truth.
fn iso() -> SimulatorOptions {
    let mut options = small();
    options.account.date_format = DateOrder::Iso;
    options.account.time_zone = chrono_tz::Tz::UTC;
    options
}

fn of_company(rows: &[Value], company: &str) -> Vec<Value> {
    rows.iter()
        .filter(|row| row["company_id"] == company)
        .cloned()
        .collect()
}

fn list(value: &Value) -> Value {
    match value.as_array() {
        Some(items) if !items.is_empty() => value.clone(),
        _ => Value::Null,
    }
}

#[tokio::test]
async fn trainings_and_groups_are_listed_as_the_truth_has_them() {
    let vendor = Vendor::start(iso()).await;
    let (trainings, groups) = (
        vendor.truth("trainings").await,
        vendor.truth("target_groups").await,
    );
    let mut counts = (0, 0);
    for company in vendor.companies().await {
        let told = of_company(&trainings, &company);
        let rows = vendor.rows(TRAININGS, Some(&company), CREATED).await;
        assert_eq!(rows.len(), told.len());
        counts.0 += rows.len();
        for (row, told) in rows.iter().zip(&told) {
            for (column, wire) in [
                ("training_id", row["trainingId"].clone()),
                ("name", row["trainingName"].clone()),
                ("description", row["description"].clone()),
                ("level", row["level"].clone()),
                ("vendor_name", row["vendorName"].clone()),
                ("created_at", json!(format!("{}Z", text(row, "createTime")))),
                ("has_quiz", row["hasQuiz"].clone()),
                ("tags", list(&row["tags"])),
                ("languages", list(&row["languages"])),
                ("training_roles", list(&row["trainingRoles"])),
                ("cover_image_url", row["coverImage"]["imageUrl"].clone()),
            ] {
                assert_eq!(told[column], wire, "{column}");
            }
        }
        let told = of_company(&groups, &company);
        let rows = vendor.rows(GROUPS, Some(&company), CREATED).await;
        counts.1 += rows.len();
        assert_eq!(texts(&rows, "resourceId"), texts(&told, "group_id"));
        assert_eq!(texts(&rows, "name"), texts(&told, "name"));
    }
    assert_eq!(counts, (trainings.len(), groups.len()));
    assert_eq!(counts, (48, 28));
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn enrollments_name_groups_and_trainings_that_are_listed() {
    let vendor = Vendor::small().await;
    let pairs = |rows: &[Value], id: &str| -> BTreeSet<(String, String)> {
        rows.iter()
            .map(|row| (text(row, "company_id"), text(row, id)))
            .collect()
    };
    let groups = pairs(&vendor.truth("target_groups").await, "group_id");
    let named = pairs(
        &vendor.truth("enrollment_target_groups").await,
        "target_group_id",
    );
    assert!(!named.is_empty() && named.is_subset(&groups));
    let trainings = pairs(&vendor.truth("trainings").await, "training_id");
    let named = pairs(&vendor.truth("enrollments").await, "training_id");
    assert_eq!(named.intersection(&trainings).count(), 36, "nine of each");
}

#[tokio::test]
async fn a_training_search_needs_its_type_and_takes_either_casing() {
    let vendor = Vendor::small().await;
    let company = vendor.companies().await.remove(0);
    let count = |change: Value| {
        let (vendor, company) = (&vendor, &company);
        async move {
            let mut ask = CREATED.page(1);
            for (name, value) in change.as_object().unwrap() {
                ask[name] = value.clone();
            }
            vendor.page(TRAININGS, Some(company), &ask).await["totalNumberOfRecords"].clone()
        }
    };
    let camel = json!({"condition": "AND", "searchInputTextValue": "", "filterGroups": [
        {"condition": "AND", "filterItems": [], "filterGroups": []},
        {"condition": "OR", "filterItems": [], "filterGroups": []},
    ]});
    assert_eq!(count(json!({"filter": camel})).await, 12);
    assert_eq!(count(json!({"trainingSearchType": 2})).await, 9);
    let own = vendor.truth("trainings").await;
    let own = own
        .iter()
        .filter(|row| row["company_id"] == company.as_str() && row["is_editable"] == true);
    assert_eq!(count(json!({"trainingSearchType": 4})).await, own.count());
    let spaced = count(json!({"trainingType": "Learning Path"})).await;
    assert_eq!(spaced, count(json!({"trainingType": "LearningPath"})).await);
    assert!(vendor.violations().await.is_empty());
    for wrong in [json!(null), json!(0), json!("1"), json!(5)] {
        let mut ask = CREATED.page(1);
        ask["trainingSearchType"] = wrong;
        let refused = vendor.search(TRAININGS, Some(&company), &ask).await;
        assert_eq!(refused.status(), 400);
    }
    assert_eq!(vendor.violations().await["training-search-type"], 4);
}

#[tokio::test]
async fn the_catalogue_of_widgets_is_that_of_the_licence() {
    let vendor = Vendor::small().await;
    let truth = vendor.truth("widgets").await;
    let mut sizes = BTreeSet::new();
    for company in vendor.companies().await {
        let answer = vendor.get(WIDGETS, Some(&company)).await;
        assert_eq!(answer.status(), 201);
        let groups = body(answer).await["data"]["metrics"].take();
        assert_eq!(groups[3]["widgets"], json!(null));
        let widgets: Vec<Value> = groups
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|group| group["widgets"].as_array().into_iter().flatten())
            .cloned()
            .collect();
        let told = of_company(&truth, &company);
        assert_eq!(texts(&widgets, "resourceId"), texts(&told, "widget_id"));
        assert_eq!(texts(&widgets, "name"), texts(&told, "name"));
        let ids = texts(&widgets, "resourceId");
        let folded: BTreeSet<String> = ids.iter().map(|id| id.to_lowercase()).collect();
        assert_eq!(distinct(&ids).len(), folded.len() + 1);
        let types = texts(&widgets, "widgetType");
        assert!(distinct(&types).len() < types.len());
        sizes.insert(types.len());
    }
    assert!(sizes.len() > 1, "licences differ");
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn lists_without_pages_go_wrong_as_asked() {
    let vendor = Vendor::small().await;
    let company = vendor.truth("executive_reports").await[0]["company_id"].clone();
    let company = company.as_str();
    let list = |fault: Value| {
        let vendor = &vendor;
        async move {
            vendor.add_faults(fault).await;
            let path = "/api/executive-report/search";
            let reports = vendor.page(path, company, &json!({})).await;
            let widgets = vendor.data(WIDGETS, company).await["metrics"].take();
            send(vendor.client.delete(vendor.url("/simulator/faults"))).await;
            (reports, widgets)
        }
    };
    let (reports, widgets) = list(json!("token:500")).await;
    let first = |groups: &Value| groups[0]["widgets"][0].clone();
    let (_, quirked) = list(json!("widget_catalogue:row-without-id")).await;
    assert!(first(&quirked).get("resourceId").is_none());
    let (_, quirked) = list(json!("widget_catalogue:number-as-text")).await;
    assert_eq!(first(&quirked)["name"], 42);
    let (_, quirked) = list(json!("widget_catalogue:drop-row")).await;
    let count = |groups: &Value| groups[2]["widgets"].as_array().map_or(0, Vec::len);
    assert_eq!(count(&quirked) + 1, count(&widgets));
    let (quirked, _) = list(json!("report_list:row-without-id")).await;
    assert!(quirked[0].get("resourceId").is_none());
    let (quirked, _) = list(json!("report_list:duplicate-row")).await;
    let count = reports.as_array().unwrap().len();
    assert_eq!(quirked[count], reports[0]);
    let (quirked, _) = list(json!("report_list:empty")).await;
    assert_eq!(quirked, json!([]));
    let (quirked, _) = list(json!("report_list:results-null")).await;
    assert_eq!(quirked, json!(null));
    vendor
        .add_faults(json!([
            "trainings:row-without-id",
            "target_groups:number-as-text"
        ]))
        .await;
    let trainings = vendor.page(TRAININGS, company, &CREATED.page(1)).await;
    assert!(trainings["results"][0].get("trainingId").is_none());
    let groups = vendor.page(GROUPS, company, &CREATED.page(1)).await;
    assert_eq!(groups["results"][0]["name"], 42);
}
