//! Widgets and executive reports, against the values that the simulator shows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{Row, assert_rows, number, synced, text, view};

/// What the points of a month show, by day and label.
type Points<'a> = BTreeMap<(&'a str, &'a str), f64>;

/// The value as it is meant.
fn corrected(row: &Row) -> Option<f64> {
    Some(number(row, "value")? / number(row, "scale")?)
}

#[tokio::test]
async fn widgets_are_shown_value_by_value_and_divided_where_they_are_multiplied() {
    let (truth, pool) = synced().await;
    let mut has_hundredfold = false;
    let expected: Vec<Value> = truth
        .rows("widget_values")
        .iter()
        .filter(|row| !row["value"].is_null() || !row["value_text"].is_null())
        .map(|row| {
            has_hundredfold |= number(row, "scale") == Some(100.0);
            let place = number(row, "value_number").unwrap();
            let widget_type = text(row, "widget_type");
            let series = match (text(row, "name"), text(row, "label"), widget_type) {
                ("", "", kind) if kind.starts_with("HumanRiskScoreforHighestRisk") => {
                    if place < 1.0 { "score" } else { "users" }.to_owned()
                }
                ("", "", "TotalReportedSuspiciousEmailsAndPercentageWidget") => {
                    if place < 1.0 { "percent" } else { "count" }.to_owned()
                }
                ("", "", _) => format!("value {place}"),
                ("", label, _) => label.to_owned(),
                (name, _, _) => name.to_owned(),
            };
            json!({
                "company_id": row["company_id"], "widget_type": widget_type,
                "period_start": row["period_start"], "row_number": row["row_number"],
                "value_number": row["value_number"], "date": row["date"], "series": series,
                "value": corrected(row), "value_text": row["value_text"],
            })
        })
        .collect();
    assert!(has_hundredfold);
    assert_rows(
        "widget_time_series",
        &view(&pool, "widget_time_series").await,
        &expected,
    );
}

#[tokio::test]
async fn the_risk_score_of_a_month_is_its_last_point_beside_the_industry() {
    let (truth, pool) = synced().await;
    let mut months: BTreeMap<_, Points<'_>> = BTreeMap::new();
    for row in truth.rows("widget_values") {
        if let ("PhishingRiskScoreAcrossIndustriesWidget", Some(value)) =
            (text(row, "widget_type"), corrected(row))
        {
            let month = (text(row, "company_id"), text(row, "period_start"));
            let point = (text(row, "date"), text(row, "label"));
            months.entry(month).or_default().insert(point, value);
        }
    }
    let expected: Vec<Value> = months
        .iter()
        .map(|((company, month), points)| {
            let last = points.keys().map(|(date, _)| *date).max().unwrap();
            let score = |wanted: &str| {
                let mut of_label = points
                    .iter()
                    .filter(|((date, label), _)| *date == last && label.starts_with(wanted));
                of_label.next().map(|(_, value)| *value)
            };
            let (own, industry) = (score("Company"), score("Industry Avg"));
            json!({
                "company_id": company, "month": month, "measured_on": last,
                "company_score": own, "industry_score": industry,
                "all_industries_score": score("All Industry"),
                "above_industry": own.zip(industry).map(|(own, industry)| own - industry),
            })
        })
        .collect();
    assert_rows(
        "risk_score_by_month",
        &view(&pool, "risk_score_by_month").await,
        &expected,
    );
}

#[tokio::test]
async fn repeat_offenders_are_a_share_of_who_was_simulated() {
    let (truth, pool) = synced().await;
    let mut months: BTreeMap<(&str, &str), BTreeMap<&str, f64>> = BTreeMap::new();
    for row in truth.rows("widget_values") {
        let kind = text(row, "widget_type");
        if kind.starts_with("RepeatOffendersUsers") && !text(row, "name").is_empty() {
            let month = months
                .entry((text(row, "company_id"), text(row, "period_start")))
                .or_default();
            if let Some(value) = corrected(row) {
                let is_rate = kind.ends_with("RateWidget");
                if !is_rate || text(row, "name") == "PLA" {
                    month.insert(text(row, "name"), value);
                }
            }
        }
    }
    let expected: Vec<Value> = months
        .iter()
        .map(|((company, month), values)| {
            let value = |name: &str| values.get(name).copied();
            let (count, of) = (value("CountRepeatOffender"), value("CountSimulated"));
            json!({
                "company_id": company, "month": month, "repeat_offenders": count,
                "simulated_users": of, "rate": count.zip(of).map(|(count, of)| count / of),
                "shown_percent": value("RepeatOffenderPercentage"), "agreed_percent": value("PLA"),
            })
        })
        .collect();
    assert_rows(
        "repeat_offenders",
        &view(&pool, "repeat_offenders").await,
        &expected,
    );
}

#[tokio::test]
async fn an_executive_report_shows_what_was_in_it() {
    let (truth, pool) = synced().await;
    let reports: BTreeMap<(&str, &str), &Row> = truth
        .rows("executive_reports")
        .iter()
        .map(|row| ((text(row, "company_id"), text(row, "report_id")), row))
        .collect();
    let expected: Vec<Value> = truth
        .rows("executive_report_widgets")
        .iter()
        .map(|row| {
            let report = reports[&(text(row, "company_id"), text(row, "report_id"))];
            json!({
                "company_id": row["company_id"], "report_id": row["report_id"],
                "report_name": report["name"], "date_period": report["date_period"],
                "widget_id": row["widget_id"], "widget_name": row["widget_name"],
                "row_number": row["row_number"], "value_number": row["value_number"],
                "value": corrected(row), "value_text": row["value_text"],
            })
        })
        .collect();
    let found = view(&pool, "executive_report_as_shown").await;
    assert_rows("executive_report_as_shown", &found, &expected);
}
