//! The values of widgets.

use std::collections::{BTreeMap, BTreeSet};

use keepnet_etl::simulator::{DateOrder, HourStyle, WidgetDialect};
use serde_json::{Value, json};

use crate::support::{Vendor, body, small, text, texts};

const VALUES: &str = "/api/executive-report/get-widget-datas";

fn ask(id: &str, period: Value, start: &str, end: &str) -> Value {
    json!({"widgetIds": [id], "datePeriod": period, "startDate": start, "endDate": end})
}

/// June of the world, as the vendor's pages ask for it.
fn june(id: &str) -> Value {
    ask(id, json!(5), "01/06/2026 00:00", "30/06/2026 23:59")
}

fn june_in_iso(id: &str) -> Value {
    let (start, end) = ("2026-06-01T00:00:00Z", "2026-06-30T23:59:59Z");
    ask(id, json!("Custom"), start, end)
}

/// A company with every type of widget, and the id of the first widget of each.
async fn richest(vendor: &Vendor) -> (String, BTreeMap<String, String>) {
    let mut companies: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for row in vendor.truth("widgets").await {
        companies
            .entry(text(&row, "company_id"))
            .or_default()
            .entry(text(&row, "widget_type"))
            .or_insert_with(|| text(&row, "widget_id"));
    }
    companies
        .into_iter()
        .max_by_key(|(_, types)| types.len())
        .expect("a company")
}

#[tokio::test]
async fn values_are_those_of_the_truth() {
    let vendor = Vendor::small().await;
    let (company, types) = richest(&vendor).await;
    assert_eq!(types.len(), 24);
    let truth = vendor.truth("widget_values?from=2026-06&to=2026-06").await;
    let mut kinds = BTreeSet::new();
    for (widget_type, id) in &types {
        let told: Vec<&Value> = truth
            .iter()
            .filter(|row| {
                row["company_id"] == company.as_str() && row["widget_type"] == widget_type.as_str()
            })
            .collect();
        let data = vendor.page(VALUES, Some(&company), &june(id)).await;
        let rows = data[0]["widgetDatas"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let served = flatten(&rows);
        let told: Vec<(Value, Value, Value, Value)> = told
            .into_iter()
            .map(|row| {
                let value = [&row["value"], &row["value_text"]];
                let value = value.into_iter().find(|value| !value.is_null());
                (
                    row["row_number"].clone(),
                    row["name"].clone(),
                    row["date"].clone(),
                    value.cloned().unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(told, served, "{widget_type}");
        kinds.insert((served.is_empty(), data == json!([])));
    }
    assert_eq!(kinds.len(), 3, "values, no rows, and no widget at all");
    assert!(vendor.violations().await.is_empty());
}

/// Row, name, date and value of each value that was served.
fn flatten(rows: &[Value]) -> Vec<(Value, Value, Value, Value)> {
    let mut flat = Vec::new();
    let mut number = 0;
    for row in rows {
        let date = row["date"].as_str().map_or(Value::Null, |date| {
            json!(format!("{}-{}-{}", &date[6..10], &date[3..5], &date[..2]))
        });
        for cells in row["tableValues"].as_array().into_iter().flatten() {
            let announced = row["tableDefinitions"].as_array().expect("columns");
            let mut names = texts(announced, "name");
            let mut others: Vec<String> =
                cells.as_object().expect("cells").keys().cloned().collect();
            others.retain(|name| !names.contains(name));
            names.extend(others);
            for name in names.iter().filter(|name| cells.get(name).is_some()) {
                let value = match &cells[name] {
                    Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                        json!(cells[name].to_string())
                    }
                    plain => plain.clone(),
                };
                flat.push((json!(number), json!(name), Value::Null, value));
            }
            number += 1;
        }
        if row["tableValues"].is_array() {
            continue;
        }
        let values = row["values"].as_array().cloned().unwrap_or_default();
        if values.is_empty() {
            flat.push((json!(number), Value::Null, date.clone(), Value::Null));
        }
        for value in values {
            flat.push((
                json!(number),
                value["name"].clone(),
                date.clone(),
                value["value"].clone(),
            ));
        }
        number += 1;
    }
    flat
}

#[tokio::test]
async fn the_truth_has_every_oddity() {
    let vendor = Vendor::small().await;
    let truth = vendor.truth("widget_values").await;
    let any = |is_odd: &dyn Fn(&Value) -> bool| truth.iter().any(is_odd);
    assert!(any(&|row| row["value_text"] == "n/a"));
    assert!(any(
        &|row| row["name"] == "OverallScoreX100" && row["scale"] == 100
    ));
    assert!(any(
        &|row| row["name"] == "OverallScore" && row["scale"] == 100
    ));
    assert!(any(
        &|row| row["name"] == "OverallScore" && row["scale"] == 1
    ));
    assert!(any(&|row| row["name"] == "scoreX100" && row["scale"] == 100));
    assert!(any(&|row| row["value"].is_null()
        && row["scale"].is_null()
        && row["name"] == "IndustryAverage"));
    assert!(any(&|row| row["name"] == "annex" && row["label"].is_null()));
    assert!(any(
        &|row| row["value_text"] == "true" && row["label"] == "Active?"
    ));
    assert!(any(
        &|row| row["dimension"]["ActionRange"].is_string() && row["name"].is_null()
    ));
    assert!(any(&|row| row["dimension"]["Company"].is_string()));
    assert!(any(&|row| row["annotations"]["definition"].is_string()));
    assert!(any(&|row| row["value"]
        .as_f64()
        .is_some_and(|value| value.fract() > 0.0)));
    assert!(any(&|row| row["widget_type"]
        == "ExperimentalHeatmapWidget"
        && row["value"].is_null()));
}

#[tokio::test]
async fn the_truth_is_of_the_months_that_are_asked_and_the_same_in_an_equal_world() {
    let (vendor, same) = (Vendor::small().await, Vendor::small().await);
    let months = |rows: Vec<Value>| -> BTreeSet<String> {
        rows.iter().map(|row| text(row, "period_start")).collect()
    };
    let told = vendor.truth("widget_values").await;
    assert_eq!(told, same.truth("widget_values").await);
    let told = months(told);
    assert_eq!(told.len(), 13);
    assert_eq!(told.first().unwrap(), "2025-07-01");
    let asked = vendor.truth("widget_values?from=2025-11&to=2026-02").await;
    assert!(asked.iter().any(|row| row["period_end"] == "2026-02-28"));
    assert_eq!(months(asked).len(), 4);
    let future = vendor.truth("widget_values?from=2026-08&to=2027-01").await;
    assert!(future.is_empty());
    for query in ["from=2025", "since=2025-01", "to=2025-13"] {
        let path = format!("/simulator/truth/widget_values?{query}");
        assert_eq!(vendor.get(&path, None).await.status(), 400, "{query}");
    }
    let mut options = small();
    options.world.seed += 1;
    let other = Vendor::start(options).await;
    assert_ne!(
        vendor.truth("executive_report_widgets").await,
        other.truth("executive_report_widgets").await
    );
}

#[tokio::test]
async fn a_period_has_to_be_written_in_the_dialect_of_the_service() {
    for (dialect, works) in [
        (WidgetDialect::Ui, [true, false]),
        (WidgetDialect::Document, [false, true]),
        (WidgetDialect::Both, [true, true]),
    ] {
        let mut options = small();
        options.variant.widget_dialect = dialect;
        let vendor = Vendor::start(options).await;
        let (company, types) = richest(&vendor).await;
        let id = &types["TrainingCompletionWidget"];
        let mut answers = Vec::new();
        for (ask, works) in [june(id), june_in_iso(id)].iter().zip(works) {
            let answer = vendor.search(VALUES, Some(&company), ask).await;
            assert_eq!(answer.status(), if works { 200 } else { 400 });
            let answer = body(answer).await;
            if works {
                answers.push(answer);
            } else {
                assert_eq!(answer["status"], "INPUT_ERROR");
                assert_eq!(answer["message"], "Invalid request");
            }
        }
        assert_eq!(answers[0], answers[answers.len() - 1]);
        assert!(vendor.violations().await.is_empty());
    }
}

#[tokio::test]
async fn dates_are_read_and_written_as_the_account_does() {
    let mut options = small();
    options.account.date_format = DateOrder::Mdy;
    options.account.time_format = HourStyle::Half;
    let vendor = Vendor::start(options).await;
    let (company, types) = richest(&vendor).await;
    let id = &types["PhishingActivityWidget"];
    for month in ["05", "06"] {
        let start = format!("{month}/01/2026 12:00 AM");
        let end = format!("{month}/30/2026 11:59 PM");
        let ask = ask(id, json!(5), &start, &end);
        let data = vendor.page(VALUES, Some(&company), &ask).await;
        let rows = data[0]["widgetDatas"].as_array().unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            let date = text(row, "date");
            assert!(date.starts_with(month) && date.ends_with("/2026 12:00 AM"));
        }
    }
    let refused = vendor.search(VALUES, Some(&company), &june(id)).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(vendor.violations().await["widget-period"], 1);
}

#[tokio::test]
async fn named_periods_end_on_the_last_day_and_nothing_lies_behind_it() {
    let vendor = Vendor::small().await;
    let (company, types) = richest(&vendor).await;
    let dates = |id: &str, period: u64, start: &'static str, end: &'static str| {
        let (vendor, company) = (&vendor, &company);
        let id = id.to_owned();
        async move {
            let id = id.as_str();
            let ask = ask(id, json!(period), start, end);
            let data = vendor.page(VALUES, Some(company), &ask).await;
            texts(data[0]["widgetDatas"].as_array().unwrap(), "date")
        }
    };
    let (start, end) = ("01/03/2026 00:00", "31/03/2026 23:59");
    let august = ("01/08/2026 00:00", "31/08/2026 23:59");
    let mut years = 0;
    for name in [
        "TrainingEnrollmentActivityWidget",
        "PhishingActivityWidget",
        "PhishingRiskScoreAcrossIndustriesWidget",
    ] {
        let id = &types[name];
        // Some types have nothing to say of some periods.
        if let Some(first) = dates(id, 3, start, end).await.first() {
            assert_eq!(first, "01/07/2025 00:00");
            years += 1;
        }
        assert_eq!(dates(id, 5, august.0, august.1).await.len(), 0);
        let march = dates(id, 5, start, end).await;
        assert!(march.is_empty() || march[0] == "01/03/2026 00:00");
    }
    assert!(years > 0);
}

#[tokio::test]
async fn requests_for_values_are_refused_unless_they_name_one_widget_and_a_period() {
    let vendor = Vendor::small().await;
    let (company, types) = richest(&vendor).await;
    let ids: Vec<&String> = types.values().collect();
    let theirs = vendor
        .truth("widgets")
        .await
        .into_iter()
        .find(|row| row["company_id"] != company.as_str())
        .unwrap();
    let with = |name: &str, value: Value| {
        let mut ask = june(ids[0]);
        ask[name] = value;
        ask
    };
    for (ask, violation) in [
        (with("widgetIds", json!([ids[0], ids[1]])), "widget-count"),
        (with("widgetIds", json!([])), "widget-count"),
        (with("widgetIds", json!(null)), "widget-count"),
        (
            with("widgetIds", json!([theirs["widget_id"]])),
            "foreign-widget",
        ),
        (with("startDate", json!(null)), "widget-period"),
        (with("endDate", json!("")), "widget-period"),
        (with("startDate", json!("1/6/2026 00:00")), "widget-period"),
        (
            with("startDate", json!("01/07/2026 00:00")),
            "widget-period",
        ),
        (with("datePeriod", json!(6)), "widget-period"),
        (with("datePeriod", json!(null)), "widget-period"),
    ] {
        let before = vendor.violations().await.get(violation).copied();
        let refused = vendor.search(VALUES, Some(&company), &ask).await;
        assert_eq!(refused.status(), 400, "{ask}");
        assert_eq!(body(refused).await["message"], "Invalid request");
        let after = vendor.violations().await[violation];
        assert_eq!(after, before.unwrap_or(0) + 1, "{ask}");
    }
    vendor.add_faults(json!("widgets:503:times=1")).await;
    let id = &types["SimulationCoverageWidget"];
    let answer = vendor.search(VALUES, Some(&company), &june(id)).await;
    assert_eq!(answer.status(), 503);
    let requests = body(vendor.get("/simulator/requests", None).await).await;
    assert_eq!(requests["endpoints"]["widgets"], 11);
}
