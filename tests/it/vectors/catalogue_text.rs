//! Text of every kind in reports, widgets, trainings and groups; ids that are alike, and ids that are too long.

use serde_json::{Value, json};

use super::{day_first, sync_well};
use crate::support::TestApp;
use crate::support::table::rows;
use crate::support::vendor::{
    Vendor, metrics, ok, page, report, report_list, target_groups, trainings, widget_datas,
};
use crate::support::widgets::{one_value, unknown_members};

/// Formula, quotes, NUL, half of a surrogate pair, a whole one, markup; as JSON writes it.
const ESCAPED: &str = r#"=1+1 \"q\" 'a' \u0000 \ud83d \ud83d\ude00 \\u0000 <b>, é\n"#;
/// The same as it is stored.
const STORED: &str = "=1+1 \"q\" 'a' \u{fffd} \u{fffd} \u{1f600} \\u0000 <b>, \u{e9}\n";

/// `body` with the text in place of each `TEXT`.
fn with_text(body: &Value, text: &str) -> String {
    body.to_string().replace("TEXT", text)
}

/// A vendor that says TEXT wherever it can, under these ids.
async fn vendor_of(text: &str) -> Vendor {
    let vendor = Vendor::start().await;
    let group = page(&[
        json!({"resourceId": "g", "name": "TEXT", "priority": "TEXT", "companyName": "TEXT"}),
    ]);
    let training = page(&[
        json!({"trainingId": "t", "trainingName": "TEXT", "description": "TEXT",
        "languages": ["TEXT"], "coverImage": {"imageUrl": "TEXT"}, "TEXT": ["TEXT"]}),
    ]);
    let datas = json!([{"dataObject": {"TEXT": "TEXT"}, "values": [
        {"name": "TEXT", "label": "TEXT", "value": "TEXT", "annotations": {"TEXT": ["TEXT"]}}]}]);
    let widget = json!({"resourceId": "w", "name": "TEXT", "widgetType": "W", "chartType": "TEXT"});
    let mut in_report = widget.clone();
    in_report["widgetDatas"] = datas.clone();
    let whole = json!({"data": {"name": "TEXT", "description": "TEXT", "dateRange": "TEXT",
        "widgetLayout": {"TEXT": "TEXT"}, "widgets": [in_report]}});
    let groups = json!({"data": {"metrics": [{"name": "TEXT", "widgets": [widget]}]}});
    for (endpoint, body) in [
        (target_groups(), group.replace("TEXT", text)),
        (trainings(), training.replace("TEXT", text)),
        (report_list(), r#"{"data":[{"resourceId":"r"}]}"#.to_owned()),
        (report("r"), with_text(&whole, text)),
        (metrics(), with_text(&groups, text)),
        (
            widget_datas(),
            with_text(&json!({"data": [{"widgetDatas": datas}]}), text),
        ),
    ] {
        vendor.on(endpoint, ok(body)).await;
    }
    vendor
}

/// All texts of the rows of a table that are not ids, numbers or dates.
async fn texts(app: &TestApp, table: &str) -> Vec<String> {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(elements) => elements.iter().for_each(|one| walk(one, found)),
            Value::Object(members) => {
                for (name, member) in members {
                    found.push(name.clone());
                    walk(member, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for row in rows(&app.pool, table).await {
        for (column, value) in row {
            let is_ours =
                column.ends_with("_id") || column.ends_with("_at") || column.starts_with("period_");
            if !is_ours && column != "widget_type" {
                walk(&value, &mut found);
            }
        }
    }
    found
}

/// Every table, and how often the text is in it.
const TABLES: [(&str, usize); 6] = [
    ("target_groups", 3),
    ("trainings", 6),
    ("executive_reports", 5),
    // Also in the name of the widget and of its chart.
    ("executive_report_widgets", 9),
    ("widgets", 3),
    ("widget_values", 7),
];

#[tokio::test]
async fn text_of_every_kind_lands_in_every_place() {
    let vendor = vendor_of(ESCAPED).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    for (table, count) in TABLES {
        let mut found = texts(&app, table).await;
        found.retain(|text| text != STORED);
        assert_eq!(found, [""; 0], "{table}");
        let all = texts(&app, table).await.len();
        let months = if table == "widget_values" { 2 } else { 1 };
        assert_eq!(all, count * months, "{table}");
    }
}

#[tokio::test]
async fn a_megabyte_of_text_lands_in_every_place() {
    let text = "é".repeat(1 << 19);
    let vendor = vendor_of(&text).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    for (table, count) in TABLES {
        let found = texts(&app, table).await;
        assert!(found.iter().all(|one| *one == text), "{table}");
        let months = if table == "widget_values" { 2 } else { 1 };
        assert_eq!(found.len(), count * months, "{table}");
    }
    // The name of a member, too; it is reported as far as an index can hold it.
    let path = format!("$.{}…", "é".repeat(255));
    assert_eq!(
        unknown_members(&app.pool).await,
        format!("trainings {path} a list")
    );
}

#[tokio::test]
async fn ids_that_differ_by_case_are_different_and_one_that_is_too_long_is_quarantined() {
    let long = "x".repeat(257);
    let longest = "é".repeat(128);
    let ids = [
        "Ab",
        "aB",
        "ab ",
        " ab",
        longest.as_str(),
        long.as_str(),
        "",
    ];
    let of = |name: &str| -> Vec<Value> { ids.iter().map(|id| json!({name: id})).collect() };
    let vendor = Vendor::start().await;
    vendor.on(trainings(), ok(page(&of("trainingId")))).await;
    vendor
        .on(target_groups(), ok(page(&of("resourceId"))))
        .await;
    let list = json!({"data": of("resourceId")});
    vendor.on(report_list(), ok(list.to_string())).await;
    for id in ["Ab", "aB", "ab%20", "%20ab", &"%C3%A9".repeat(128)] {
        vendor.on(report(id), ok(r#"{"data":{}}"#)).await;
    }
    let widgets: Vec<Value> = ids
        .iter()
        .map(|id| json!({"resourceId": id, "widgetType": id}))
        .chain([json!({"resourceId": "type too long", "widgetType": long})])
        .collect();
    let groups = json!({"data": {"metrics": [{"name": "g", "widgets": widgets}]}});
    vendor.on(metrics(), ok(groups.to_string())).await;
    vendor.on(widget_datas(), one_value(1)).await;
    let app = TestApp::new(
        &vendor.url(),
        &[("api.date_format", "dmy"), ("widgets.months", "0")],
    )
    .await;
    sync_well(&app).await;

    let mut landed = vec![" ab", "Ab", "aB", "ab ", longest.as_str()];
    landed.sort_unstable();
    for (table, column) in [
        ("trainings", "training_id"),
        ("target_groups", "group_id"),
        ("executive_reports", "report_id"),
        ("widgets", "widget_id"),
        ("widget_values", "widget_type"),
    ] {
        let mut found: Vec<String> = rows(&app.pool, table)
            .await
            .iter()
            .map(|row| row[column].as_str().unwrap().to_owned())
            .collect();
        found.sort_unstable();
        assert_eq!(found, landed, "{table}");
    }
    let kept: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', resource, json_path, reason) from sync.quarantine
         where resolved_at is null order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    insta::assert_snapshot!(kept.join("\n"), @r"
    reports $.resourceId the id is longer than 256 bytes
    reports $.resourceId the id is missing
    target_groups $.resourceId the id is longer than 256 bytes
    target_groups $.resourceId the id is missing
    trainings $.trainingId the id is longer than 256 bytes
    trainings $.trainingId the id is missing
    widgets $.metrics[0].widgets[5].resourceId the id is longer than 256 bytes
    widgets $.metrics[0].widgets[6].resourceId the id is missing
    widgets $.metrics[0].widgets[7].widgetType the id is longer than 256 bytes
    ");
    // What is kept is the widget alone.
    let payload: String = sqlx::query_scalar(
        "select payload from sync.quarantine where json_path like '%.widgetType'",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(
        payload,
        json!({"resourceId": "type too long", "widgetType": long}).to_string()
    );
}
