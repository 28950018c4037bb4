//! TV31 to TV37: the catalogue of widgets, and what each widget says.

use keepnet_etl::resource::Resource;
use serde_json::json;

use super::{day_first, scope, sync_well};
use crate::support::TestApp;
use crate::support::table::shown;
use crate::support::vendor::{ALPHA, Vendor, failure, metrics, ok, vector, widget_datas};
use crate::support::widgets::{answer, asked, catalogue, one_widget, unknown_members, values};

/// The program against `vendor`, for the current month only.
async fn this_month(vendor: &Vendor) -> TestApp {
    let settings = [("api.date_format", "dmy"), ("widgets.months", "0")];
    TestApp::new(&vendor.url(), &settings).await
}

/// The values of vector `number`, when it is the answer about a widget of this type.
async fn values_of_vector(number: u8, widget_type: &str) -> String {
    let vendor = one_widget(widget_type, ok(vector(number))).await;
    let app = this_month(&vendor).await;
    sync_well(&app).await;
    assert_eq!(unknown_members(&app.pool).await, "");
    values(&app.pool).await
}

#[tokio::test]
async fn vector_31_the_catalogue_lands_and_a_type_that_two_widgets_draw_is_asked_once() {
    let vendor = Vendor::start().await;
    vendor.on(metrics(), failure(201, vector(31))).await;
    vendor.on(widget_datas(), answer(&json!([]))).await;
    let app = this_month(&vendor).await;
    let report = sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "widgets", "widget_id").await, @r#"
    chart_type: "pie"
    company_id: "aB3dE5gH7jK9"
    group_name: "Phishing Metrics"
    is_support_manager: false
    name: "Training Completion"
    widget_id: "wdg-1"
    widget_type: "TrainingCompletionWidget"

    chart_type: "bar"
    company_id: "aB3dE5gH7jK9"
    group_name: "Phishing Metrics"
    is_support_manager: false
    name: "Training Completion"
    widget_id: "wdg-2"
    widget_type: "TrainingCompletionWidget"
    "#);
    assert_eq!(
        asked(&vendor).await,
        ["wdg-1 5 01/07/2026 00:00 31/07/2026 23:59"]
    );
    let widgets = scope(&report, ALPHA, Resource::Widgets);
    assert_eq!((widgets.requests, widgets.rows.inserted), (2, 2));
}

#[tokio::test]
async fn vector_32_values_have_names() {
    let vendor = Vendor::start().await;
    let widgets = [("wdg-1", "TrainingCompletionWidget")];
    vendor.on(metrics(), catalogue(&widgets)).await;
    vendor.on(widget_datas(), ok(vector(32))).await;
    let app = this_month(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(values(&app.pool).await, @r"
    0.0 name=Completed 70/1
    0.1 name=CompletedCount 7/1
    0.2 name=InProgress 20/1
    0.3 name=InProgressCount 2/1
    0.4 name=Incomplete 10/1
    0.5 name=IncompleteCount 1/1
    ");
    let stored = shown(&app.pool, "widget_values", "value_number").await;
    insta::assert_snapshot!(stored.split("\n\n").next().unwrap(), @r#"
    company_id: "aB3dE5gH7jK9"
    name: "Completed"
    period_end: "2026-07-31"
    period_start: "2026-07-01"
    row_number: 0
    scale: 1
    value: 70
    value_number: 0
    widget_id: "wdg-1"
    widget_type: "TrainingCompletionWidget"
    "#);
}

#[tokio::test]
async fn vector_33_values_have_labels_a_day_and_notes() {
    let stored = values_of_vector(33, "PhishingRiskScoreAcrossIndustriesWidget").await;
    insta::assert_snapshot!(stored, @r#"
    0.0 on 2026-02-01 label=Company Phishing Risk Score 12/1 notes={"definition": "note"}
    0.1 on 2026-02-01 label=Industry Avg (Technology) 9/1
    0.2 on 2026-02-01 label=All Industry Avg 8/1
    "#);
}

#[tokio::test]
async fn vector_34_values_without_names_are_told_by_their_place() {
    let stored = values_of_vector(34, "TotalReportedSuspiciousEmailsAndPercentageWidget").await;
    insta::assert_snapshot!(stored, @r#"
    0.0 {"ActionRange": "Undetected"} 91/1
    0.1 {"ActionRange": "Undetected"} 29/1
    1.0 {"ActionRange": "Simulation", "sourceBreakdown": {"campaigns": [{"count": 1, "campaignName": "Drill"}], "campaignCount": 1, "incidentResponderCount": 0}} 9/1
    1.1 {"ActionRange": "Simulation", "sourceBreakdown": {"campaigns": [{"count": 1, "campaignName": "Drill"}], "campaignCount": 1, "incidentResponderCount": 0}} 3/1
    "#);
}

#[tokio::test]
async fn vector_35_a_score_times_100_says_so() {
    let stored = values_of_vector(35, "SecurityCultureScoreGaugeWidget").await;
    insta::assert_snapshot!(stored, @r#"0.0 {"bands": [{"to": 1, "from": "0", "label": "At Risk (0-1)"}], "enrollments": [{"overallScore": 3.5, "enrollmentName": "Culture Survey Q1", "participantCount": 4}], "benchmarkScore": 3.1, "participantCount": 4} name=OverallScoreX100 350/100"#);
}

#[tokio::test]
async fn vector_36_a_table_has_a_row_per_cell() {
    let stored = values_of_vector(36, "SomeTableWidget").await;
    insta::assert_snapshot!(stored, @r"
    0.0 name=department label=Department text=IT
    0.1 name=score label=Score 4/1
    1.0 name=department label=Department
    ");
}

#[tokio::test]
async fn vector_37_the_first_widget_of_an_answer_without_ids_is_the_one_asked_for() {
    let stored = values_of_vector(37, "HumanRiskScoreforHighestRiskCompaniesWidget").await;
    insta::assert_snapshot!(stored, @r#"
    0.0 {"Company": "Alpha Example"} 40/1
    0.1 {"Company": "Alpha Example"} 12/1
    "#);
}

#[tokio::test]
async fn an_answer_without_data_is_no_data() {
    for body in [
        r#"{"data":[]}"#,
        r#"{"data":null,"status":"SUCCESS"}"#,
        r#"{"status":"SUCCESS"}"#,
        r#"{"data":[{}]}"#,
        r#"{"data":[{"widgetDatas":[]}]}"#,
        r#"{"data":[{"widgetDatas":null,"widgetType":"Some"}]}"#,
    ] {
        let vendor = one_widget("Some", ok(body)).await;
        let app = this_month(&vendor).await;
        let report = sync_well(&app).await;
        assert_eq!(values(&app.pool).await, "", "{body}");
        assert_eq!(report.companies[0].reason, None, "{body}");
    }
}

#[tokio::test]
async fn a_catalogue_may_be_empty_in_every_way() {
    for body in [
        r#"{"data":{}}"#,
        r#"{"data":{"metrics":null}}"#,
        r#"{"data":{"metrics":[]}}"#,
        r#"{"data":{"metrics":[{"name":"Empty","widgets":null}]}}"#,
        r#"{"data":{"metrics":[{"widgets":[{"resourceId":"w"},{"resourceId":"v","widgetType":""}]}]}}"#,
    ] {
        let vendor = Vendor::start().await;
        vendor.on(metrics(), failure(201, body)).await;
        let app = day_first(&vendor).await;
        sync_well(&app).await;
        assert_eq!(vendor.count(&widget_datas()).await, 0, "{body}");
    }
}

#[tokio::test]
async fn a_shorter_answer_marks_the_rest_deleted_and_a_longer_one_brings_it_back() {
    let of = |values: &[u32]| {
        let values: Vec<_> = values.iter().map(|value| json!({"value": value})).collect();
        answer(&json!([{"values": values}, {"values": [{"value": 0}]}]))
    };
    let vendor = Vendor::start().await;
    vendor.on(metrics(), catalogue(&[("w", "Some")])).await;
    vendor.first(1, widget_datas(), of(&[1, 2, 3])).await;
    let app = this_month(&vendor).await;
    sync_well(&app).await;
    assert_eq!(
        values(&app.pool).await,
        "0.0 1/1\n0.1 2/1\n0.2 3/1\n1.0 0/1"
    );

    app.clock.advance(chrono::TimeDelta::days(1));
    vendor
        .first(
            1,
            widget_datas(),
            answer(&json!([{"values": [{"value": 1}]}])),
        )
        .await;
    let report = sync_well(&app).await;
    assert_eq!(values(&app.pool).await, "0.0 1/1");
    let rows = scope(&report, ALPHA, Resource::Widgets).rows;
    assert_eq!((rows.deleted, rows.updated, rows.inserted), (3, 0, 0));

    app.clock.advance(chrono::TimeDelta::days(1));
    vendor.first(1, widget_datas(), of(&[1, 5, 3])).await;
    sync_well(&app).await;
    assert_eq!(
        values(&app.pool).await,
        "0.0 1/1\n0.1 5/1\n0.2 3/1\n1.0 0/1"
    );
    let all: i64 = sqlx::query_scalar("select count(*) from keepnet.widget_values")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(all, 4);
}
