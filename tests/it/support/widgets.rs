//! Widgets: catalogues and answers, what was asked, and the stored values as text.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use wiremock::{Request, ResponseTemplate};

use super::vendor::{Vendor, failure, metrics, ok, widget_datas};

/// A catalogue of widgets with these ids and types.
pub fn catalogue(widgets: &[(&str, &str)]) -> ResponseTemplate {
    let widgets: Vec<Value> = widgets
        .iter()
        .map(|(id, widget_type)| json!({"resourceId": id, "widgetType": widget_type}))
        .collect();
    let groups = json!([{"name": "All", "widgets": widgets}]);
    failure(201, json!({"data": {"metrics": groups}}).to_string())
}

/// An answer of these rows.
pub fn answer(rows: &Value) -> ResponseTemplate {
    ok(json!({"data": [{"widgetDatas": rows}]}).to_string())
}

/// An answer of one value.
pub fn one_value(value: u32) -> ResponseTemplate {
    answer(&json!([{"values": [{"value": value}]}]))
}

/// A vendor with one widget, `w`, which always answers so.
pub async fn one_widget(widget_type: &str, answer: ResponseTemplate) -> Vendor {
    let vendor = Vendor::start().await;
    vendor.on(metrics(), catalogue(&[("w", widget_type)])).await;
    vendor.on(widget_datas(), answer).await;
    vendor
}

/// The id of the widget that a request is about.
pub fn widget_of(request: &Request) -> String {
    let body: Value = request.body_json().expect("JSON");
    assert_eq!(body["widgetIds"].as_array().map(Vec::len), Some(1));
    body["widgetIds"][0].as_str().expect("an id").to_owned()
}

/// Whether a request names its period by number and local dates.
pub fn is_in_numbers(request: &Request) -> bool {
    let body: Value = request.body_json().expect("JSON");
    body["datePeriod"].is_number()
}

/// The requests for values, oldest first: `widget period start end`.
pub async fn asked(vendor: &Vendor) -> Vec<String> {
    let line = |request: &Request| {
        let body: Value = request.body_json().expect("JSON");
        let text = |name: &str| match &body[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let widget = widget_of(request);
        let [period, start, end] = ["datePeriod", "startDate", "endDate"].map(text);
        format!("{widget} {period} {start} {end}")
    };
    let requests = vendor.received(&widget_datas()).await;
    requests.iter().map(line).collect()
}

/// The months of the requests in day-first dates with the widget before them, sorted: `w 2026-07`.
pub async fn asked_months(vendor: &Vendor) -> Vec<String> {
    let mut months: Vec<String> = asked(vendor)
        .await
        .iter()
        .filter_map(|line| {
            let words: Vec<&str> = line.split([' ', '/']).collect();
            let is_local = words.len() == 10;
            is_local.then(|| format!("{} {}-{}", words[0], words[4], words[3]))
        })
        .collect();
    months.sort_unstable();
    months
}

/// The present values of a table, one a line: `row.value`, and what is not null.
pub async fn values_of(pool: &PgPool, table: &str, condition: &str) -> String {
    let sql = format!(
        "select concat_ws(' ', row_number || '.' || value_number, 'on ' || date, dimension::text,
                          'name=' || name, 'label=' || label, value || '/' || scale,
                          'text=' || value_text, 'notes=' || annotations::text, 'extra=' || extra::text)
         from keepnet.{table} where deleted_at is null and {condition}
         order by row_number, value_number"
    );
    let lines: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(pool)
        .await
        .expect("values");
    lines.join("\n")
}

/// The present values of widgets.
pub async fn values(pool: &PgPool) -> String {
    values_of(pool, "widget_values", "true").await
}

/// The members that no column takes.
pub async fn unknown_members(pool: &PgPool) -> String {
    let lines: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', resource, json_path, json_type) from sync.unknown_fields
         order by resource, json_path, json_type",
    )
    .fetch_all(pool)
    .await
    .expect("members");
    lines.join("\n")
}
