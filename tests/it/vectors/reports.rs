//! TV29 and TV30: the saved executive reports, with the data of their widgets.

use keepnet_etl::resource::Resource;
use serde_json::{Value, json};

use super::{day_first, scope, sync_well};
use crate::support::TestApp;
use crate::support::table::shown;
use crate::support::vendor::{ALPHA, Vendor, ok, report, report_list, vector, vector_json};
use crate::support::widgets::{unknown_members, values_of};

/// The report of vectors 29 and 30.
const MONTHLY: &str = "ExEc00000001";

/// A vendor with this one report.
async fn one_report(members: &Value) -> Vendor {
    let vendor = Vendor::start().await;
    vendor
        .on(report_list(), ok(r#"{"data":[{"resourceId":"r"}]}"#))
        .await;
    let body = json!({"data": members, "status": "SUCCESS"});
    vendor.on(report("r"), ok(body.to_string())).await;
    vendor
}

/// The values of the widgets of report `r`, each after the id of its widget.
async fn widgets(app: &TestApp) -> String {
    let ids: Vec<String> = sqlx::query_scalar(
        "select distinct widget_id from keepnet.executive_report_widgets
         where deleted_at is null order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let mut lines = Vec::new();
    for id in ids {
        let condition = format!("widget_id = '{id}'");
        let values = values_of(&app.pool, "executive_report_widgets", &condition).await;
        lines.extend(values.lines().map(|value| format!("{id}: {value}")));
    }
    lines.join("\n")
}

#[tokio::test]
async fn vectors_29_and_30_a_report_lands_with_its_layout() {
    let vendor = Vendor::start().await;
    vendor.on(report_list(), ok(vector(29))).await;
    vendor.on(report(MONTHLY), ok(vector(30))).await;
    let app = day_first(&vendor).await;
    let run = sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "executive_reports", "report_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    company_name: "Alpha Example"
    created_at: "2026-03-04T10:15:00+00:00"
    date_period: "Last3Months"
    date_range: "04/12/2025 - 04/03/2026"
    is_deletable: true
    is_editable: true
    is_support_manager: false
    name: "Monthly"
    report_id: "ExEc00000001"
    vendor_company_id: 77
    widget_layout: [{"key":"TrainingCompletionWidget","x":0}]
    "#);
    // It holds no data, and is a row all the same.
    insta::assert_snapshot!(shown(&app.pool, "executive_report_widgets", "widget_id").await, @r#"
    chart_type: "Pie"
    company_id: "aB3dE5gH7jK9"
    report_id: "ExEc00000001"
    row_number: 0
    value_number: 0
    widget_id: "wdg-1"
    widget_name: "Training Completion"
    widget_type: "TrainingCompletionWidget"
    "#);
    let reports = scope(&run, ALPHA, Resource::Reports);
    assert_eq!((reports.requests, reports.rows.inserted), (2, 2));
    assert_eq!(unknown_members(&app.pool).await, "");
}

#[tokio::test]
async fn vectors_32_to_36_widgets_inside_a_report_are_read_like_others() {
    let datas = |number| vector_json(number)["data"][0]["widgetDatas"].clone();
    let vendor = one_report(&json!({"widgets": [
        vector_json(32)["data"][0],
        {"resourceId": "wdg-33", "widgetDatas": datas(33)},
        {"resourceId": "wdg-35", "widgetType": "SecurityCultureScoreGaugeWidget", "widgetDatas": [
            {"values": [{"value": 350, "name": "OverallScore"}]}]},
        {"resourceId": "wdg-36", "widgetDatas": datas(36)},
    ]}))
    .await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(widgets(&app).await, @r#"
    wdg-1: 0.0 name=Completed 70/1
    wdg-1: 0.1 name=CompletedCount 7/1
    wdg-1: 0.2 name=InProgress 20/1
    wdg-1: 0.3 name=InProgressCount 2/1
    wdg-1: 0.4 name=Incomplete 10/1
    wdg-1: 0.5 name=IncompleteCount 1/1
    wdg-33: 0.0 on 2026-02-01 label=Company Phishing Risk Score 12/1 notes={"definition": "note"}
    wdg-33: 0.1 on 2026-02-01 label=Industry Avg (Technology) 9/1
    wdg-33: 0.2 on 2026-02-01 label=All Industry Avg 8/1
    wdg-35: 0.0 name=OverallScore 350/100
    wdg-36: 0.0 name=department label=Department text=IT
    wdg-36: 0.1 name=score label=Score 4/1
    wdg-36: 1.0 name=department label=Department
    "#);
}

#[tokio::test]
async fn a_custom_period_has_dates_and_any_other_has_empty_ones() {
    for (starts, ends, expected) in [
        (
            "05/12/2025 00:00",
            "04/03/2026 23:59",
            Some(("2025-12-04T21:00:00+00:00", "2026-03-04T20:59:00+00:00")),
        ),
        ("", "", None),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00", None),
    ] {
        let vendor =
            one_report(&json!({"datePeriod": 5, "startDate": starts, "endDate": ends})).await;
        let settings = [
            ("api.date_format", "dmy"),
            ("api.time_zone", "Europe/Istanbul"),
        ];
        let app = TestApp::new(&vendor.url(), &settings).await;
        sync_well(&app).await;
        let stored = shown(&app.pool, "executive_reports", "report_id").await;
        let dates = expected.map_or(String::new(), |(start, end)| {
            format!("\nends_at: {end:?}\nreport_id: \"r\"\nstarts_at: {start:?}")
        });
        let expected = match dates.as_str() {
            "" => format!("company_id: {ALPHA:?}\ndate_period: \"5\"\nreport_id: \"r\""),
            dates => format!("company_id: {ALPHA:?}\ndate_period: \"5\"{dates}"),
        };
        assert_eq!(stored, expected);
    }
}

#[tokio::test]
async fn a_layout_that_is_no_json_keeps_its_text() {
    for (layout, stored) in [
        (json!("{\"a\":1}"), "widget_layout: {\"a\":1}"),
        (json!({"a": 1}), "widget_layout: {\"a\":1}"),
        (
            json!("{\"a\":\"\\u0000\\ud83d\"}"),
            "widget_layout: {\"a\":\"\u{fffd}\u{fffd}\"}",
        ),
        (json!("[{"), "extra: {\"widgetLayout\":\"[{\"}"),
        (json!(" "), ""),
        (json!(null), ""),
    ] {
        let vendor = one_report(&json!({"widgetLayout": layout})).await;
        let app = day_first(&vendor).await;
        sync_well(&app).await;
        let found = shown(&app.pool, "executive_reports", "report_id").await;
        let found: Vec<&str> = found
            .lines()
            .filter(|line| !line.contains("_id: "))
            .collect();
        assert_eq!(found.join("\n"), stored, "{layout}");
        assert_eq!(unknown_members(&app.pool).await, "", "{layout}");
    }
}

#[tokio::test]
async fn widgets_without_an_id_or_with_the_same_one_all_land() {
    let value = |value: u32| json!([{"values": [{"value": value}]}]);
    let vendor = one_report(&json!({"widgets": [
        {"resourceId": "w", "widgetDatas": value(1)},
        {"resourceId": "W", "widgetDatas": value(2)},
        {"resourceId": "w", "chartType": "bar", "widgetDatas": value(3)},
        {"widgetType": "Some", "widgetDatas": value(4)},
        {"widgetType": "Some", "widgetDatas": value(5)},
        {"widgetDatas": value(6)},
        {"new": true},
    ]}))
    .await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(widgets(&app).await, @r#"
    5: 0.0 6/1
    6: 0.0 extra={"new": true}
    Some: 0.0 4/1
    Some/4: 0.0 5/1
    W: 0.0 2/1
    w: 0.0 1/1
    w/2: 0.0 3/1
    "#);
    assert_eq!(
        unknown_members(&app.pool).await,
        "reports $.widgets[*].new a boolean"
    );
}

#[tokio::test]
async fn what_has_no_column_is_kept_wherever_it_stands() {
    let vendor = Vendor::start().await;
    let listed = json!({"data": [{"resourceId": "r", "owner": "Ada", "name": "Listed"}]});
    vendor.on(report_list(), ok(listed.to_string())).await;
    let body = json!({"data": {"resourceId": "r", "name": "Own", "owner": {"id": 1}}});
    vendor.on(report("r"), ok(body.to_string())).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "executive_reports", "report_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    extra: {"_owner":"Ada","owner":{"id":1}}
    name: "Own"
    report_id: "r"
    "#);
    insta::assert_snapshot!(unknown_members(&app.pool).await, @r"
    reports $.owner text
    reports $.owner.id a number
    ");
}

#[tokio::test]
async fn fewer_widgets_mark_the_rest_deleted_and_more_bring_it_back() {
    let of = |count: u32| {
        let widgets: Vec<Value> = (0..count)
            .map(|id| json!({"resourceId": id, "widgetDatas": [{"values": [{"value": id}, {"value": 9}]}]}))
            .collect();
        ok(json!({"data": {"widgets": widgets}}).to_string())
    };
    let vendor = Vendor::start().await;
    vendor
        .on(report_list(), ok(r#"{"data":[{"resourceId":"r"}]}"#))
        .await;
    let app = day_first(&vendor).await;
    let mut shown = Vec::new();
    for count in [3, 1, 3] {
        vendor.first(1, report("r"), of(count)).await;
        sync_well(&app).await;
        shown.push(widgets(&app).await);
        app.clock.advance(chrono::TimeDelta::days(1));
    }
    assert_eq!(shown[1], "0: 0.0 0/1\n0: 0.1 9/1");
    assert_eq!(shown[0].lines().count(), 6);
    assert_eq!(shown[2], shown[0]);
    let all: i64 = sqlx::query_scalar("select count(*) from keepnet.executive_report_widgets")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(all, 6);
}
