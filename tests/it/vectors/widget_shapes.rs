//! Shapes of widgets' data beyond the vectors: odd values, tables with holes, dates, and what nobody has seen yet.

use keepnet_etl::warehouse::status;
use serde_json::{Value, json};

use super::sync_well;
use crate::support::TestApp;
use crate::support::vendor::ok;
use crate::support::widgets::{answer, one_widget, unknown_members, values};

/// What these rows become, and the members that nobody knew.
async fn stored(rows: &Value) -> (String, String) {
    let body = json!({"data": [{"widgetDatas": rows}]});
    stored_with(&body.to_string(), &[("api.date_format", "dmy")]).await
}

/// The same of a whole answer, under these settings.
async fn stored_with(body: &str, settings: &[(&str, &str)]) -> (String, String) {
    let vendor = one_widget("Some", ok(body)).await;
    let settings = [settings, &[("widgets.months", "0")]].concat();
    let app = TestApp::new(&vendor.url(), &settings).await;
    sync_well(&app).await;
    let unknown = unknown_members(&app.pool).await;
    let shown = status::read(&app.pool).await.unwrap().unknown_fields;
    assert_eq!(shown.len(), unknown.lines().count(), "status shows them");
    (values(&app.pool).await, unknown)
}

#[tokio::test]
async fn values_that_are_no_numbers_are_text() {
    let (stored, unknown) = stored(&json!([{"values": [
        {"value": "12 %", "name": "text"},
        {"value": "", "name": "empty"},
        {"value": true, "name": "boolean"},
        {"value": null, "name": "null"},
        {"name": "absent"},
        {"value": [1, "a"], "name": "list"},
        {"value": {"a": 1}, "name": "object"},
        {"value": 2147483648_i64, "name": 7, "label": false},
        {"value": 33.333_333, "annotations": "a note"},
        {"value": 0, "annotations": []},
        {},
    ]}]))
    .await;
    insta::assert_snapshot!(stored, @r#"
    0.0 name=text text=12 %
    0.1 name=empty text=
    0.2 name=boolean text=true
    0.3 name=null
    0.4 name=absent
    0.5 name=list text=[1,"a"]
    0.6 name=object text={"a":1}
    0.7 name=7 label=false 2147483648/1
    0.8 33.333333/1 notes="a note"
    0.9 0/1
    0.10
    "#);
    assert_eq!(unknown, "");
}

#[tokio::test]
async fn a_row_without_values_and_without_a_table_is_one_row() {
    let (stored, _) = stored(&json!([
        {"date": "01/02/2026 00:00"},
        {"dataObject": {"a": 1}, "values": []},
        {"dataObject": "text", "values": null, "tableValues": []},
        {"dataObject": [], "values": [{"value": 1}]},
        null,
        {},
    ]))
    .await;
    insta::assert_snapshot!(stored, @r#"
    0.0 on 2026-02-01
    1.0 {"a": 1}
    2.0 "text"
    3.0 1/1
    4.0
    "#);
}

#[tokio::test]
async fn tables_may_have_holes_and_columns_that_nobody_declared() {
    let columns = json!([{"name": "b", "label": "B"}, {"name": "a"}, {"label": "no name"}]);
    let (stored, unknown) = stored(&json!([
        {"values": [{"value": 1}]},
        {"date": "01/02/2026 00:00", "dataObject": {"of": 1}, "tableDefinitions": columns,
         "tableValues": [{"z": 1, "a": null, "b": false}, {}, {"c": [1], "b": "=1+1"}]},
        {"tableValues": [{"only": "one"}]},
    ]))
    .await;
    insta::assert_snapshot!(stored, @r#"
    0.0 1/1
    1.0 on 2026-02-01 {"of": 1} name=b label=B text=false
    1.1 on 2026-02-01 {"of": 1} name=a
    1.3 on 2026-02-01 {"of": 1} name=z 1/1
    3.0 on 2026-02-01 {"of": 1} name=b label=B text==1+1
    3.3 on 2026-02-01 {"of": 1} name=c text=[1]
    4.0 name=only text=one
    "#);
    assert_eq!(unknown, "");
}

#[tokio::test]
async fn a_row_with_values_and_a_table_gives_both() {
    let (stored, _) = stored(&json!([
        {"values": [{"value": 1}], "tableValues": [{"a": 2}]},
        {"dataObject": {"of": 1}, "tableValues": [{}]},
        {"values": [{"value": 3}]},
    ]))
    .await;
    insta::assert_snapshot!(stored, @r#"
    0.0 1/1
    1.0 name=a 2/1
    2.0 {"of": 1}
    3.0 3/1
    "#);
}

#[tokio::test]
async fn a_day_is_the_one_that_is_written_whatever_the_zone() {
    let rows = json!([
        {"date": "01/02/2026 00:00"},
        {"date": "2026-02-01T00:00:00Z"},
        {"date": "2026-02-01T00:00:00"},
        {"date": "2026-02-01T23:30:00-11:00"},
        {"date": "01/02/2026"},
        {"date": ""},
        {"date": "0001-01-01T00:00:00"},
        {"date": "29/03/2026 03:30"},
    ]);
    let body = json!({"data": [{"widgetDatas": rows}]}).to_string();
    for zone in [
        "UTC",
        "America/Los_Angeles",
        "Pacific/Kiritimati",
        "Europe/Istanbul",
    ] {
        let settings = [("api.date_format", "dmy"), ("api.time_zone", zone)];
        let (stored, unknown) = stored_with(&body, &settings).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(stored, @r"
            0.0 on 2026-02-01
            1.0 on 2026-02-01
            2.0 on 2026-02-01
            3.0 on 2026-02-01
            4.0 on 2026-02-01
            5.0
            6.0
            7.0 on 2026-03-29
            ");
        }
        assert_eq!(unknown, "", "{zone}");
    }
}

#[tokio::test]
async fn what_has_no_column_is_kept_on_the_first_row_and_reported() {
    let body = json!({"data": [{
        "new": 1, "description": "known",
        "widgetDatas": [
            {"new": 2, "values": [{"value": 1, "new": 3}, {"value": 2, "other": {"deep": "x"}}]},
            {"extraOfRow": "=x", "tableDefinitions": [{"name": "a", "unit": "%"}], "tableValues": [{"b": 1}]},
            {"more": null, "values": [{"value": 3}]},
        ],
    }]});
    let (stored, unknown) = stored_with(&body.to_string(), &[("api.date_format", "dmy")]).await;
    insta::assert_snapshot!(stored, @r#"
    0.0 1/1 extra={"new": 3, "_new": 2, "__new": 1, "description": "known"}
    0.1 2/1 extra={"other": {"deep": "x"}}
    1.1 name=b 1/1 extra={"extraOfRow": "=x", "tableDefinitions": [{"unit": "%"}]}
    2.0 3/1
    "#);
    insta::assert_snapshot!(unknown, @r"
    widgets $.new a number
    widgets $.widgetDatas[*].extraOfRow text
    widgets $.widgetDatas[*].new a number
    widgets $.widgetDatas[*].tableDefinitions a list
    widgets $.widgetDatas[*].values[*].new a number
    widgets $.widgetDatas[*].values[*].other.deep text
    ");
}

#[tokio::test]
async fn members_of_another_type_than_ever_seen_are_kept_and_reported() {
    let (stored, unknown) = stored(&json!([
        {"values": [1, 2], "dataObject": {"a": 1}},
        {"values": "none", "date": 20_260_201},
        {"values": [{"value": 1, "name": {"en": "One"}, "label": ["x"]}]},
        {"tableValues": [[1, 2]], "tableDefinitions": ["a", "b"]},
        {"tableValues": {"a": 1}},
    ]))
    .await;
    insta::assert_snapshot!(stored, @r#"
    0.0 {"a": 1} extra={"values": [1, 2]}
    1.0 extra={"date": 20260201, "values": "none"}
    2.0 1/1 extra={"name": {"en": "One"}, "label": ["x"]}
    3.0 extra={"tableValues": [[1, 2]], "tableDefinitions": ["a", "b"]}
    4.0 name=a 1/1
    "#);
    insta::assert_snapshot!(unknown, @r"
    widgets $.widgetDatas[*].date a number
    widgets $.widgetDatas[*].tableDefinitions a list
    widgets $.widgetDatas[*].tableValues a list
    widgets $.widgetDatas[*].values a list
    widgets $.widgetDatas[*].values text
    widgets $.widgetDatas[*].values[*].label a list
    widgets $.widgetDatas[*].values[*].name.en text
    ");
}

#[tokio::test]
async fn widget_datas_of_another_shape_are_a_generic_row() {
    for (datas, line, unknown) in [
        (
            json!([1, 2]),
            r#"0.0 extra={"widgetDatas": [1, 2]}"#,
            "widgets $.widgetDatas a list",
        ),
        (
            json!([{"values": [{"value": 1}]}, 7]),
            r#"0.0 extra={"widgetDatas": [{"values": [{"value": 1}]}, 7]}"#,
            "widgets $.widgetDatas a list",
        ),
        (
            json!("soon"),
            r#"0.0 extra={"widgetDatas": "soon"}"#,
            "widgets $.widgetDatas text",
        ),
        (json!({"values": [{"value": 1}]}), "0.0 1/1", ""),
        (
            json!({"total": 9}),
            r#"0.0 extra={"total": 9}"#,
            "widgets $.widgetDatas.total a number",
        ),
    ] {
        let found = stored(&datas).await;
        assert_eq!((found.0.as_str(), found.1.as_str()), (line, unknown));
    }
}

#[tokio::test]
async fn dates_of_the_wrong_order_fail_the_widget_and_are_kept() {
    let rows = json!([{"date": "02/13/2026 00:00", "values": [{"value": 1}]}]);
    let vendor = one_widget("Some", answer(&rows)).await;
    let settings = [("api.date_format", "dmy"), ("widgets.months", "0")];
    let app = TestApp::new(&vendor.url(), &settings).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    assert_eq!(values(&app.pool).await, "");
    let (kept, path): (String, String) =
        sqlx::query_as("select scope, json_path from sync.quarantine where resolved_at is null")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(kept, "Some/2026-07");
    assert_eq!(path, "$.widgetDatas[0].date");
}
