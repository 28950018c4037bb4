//! The requests for what a company has beside its enrollments, to the letter.

use super::requests::the_one;
use crate::support::TestApp;
use crate::support::vendor::{
    Vendor, metrics, ok, report, report_list, target_groups, trainings, widget_datas,
};
use crate::support::widgets::{one_value, one_widget};

/// A vendor with a report and a widget, after one run.
async fn after_a_run(settings: &[(&str, &str)]) -> Vendor {
    let vendor = one_widget("Some", one_value(1)).await;
    let list = r#"{"data":[{"resourceId":"a/b"}]}"#;
    vendor.on(report_list(), ok(list)).await;
    vendor.on(report("a%2Fb"), ok(r#"{"data":{}}"#)).await;
    let settings = [
        settings,
        &[("api.date_format", "dmy"), ("widgets.months", "0")],
    ]
    .concat();
    let app = TestApp::new(&vendor.url(), &settings).await;
    let report = app.sync().await.expect("a run");
    assert_eq!(report.outcome, "ok", "{report:#?}");
    vendor
}

#[tokio::test]
async fn trainings_are_searched_by_creation_and_of_every_kind() {
    let vendor = after_a_run(&[("api.page_size", "25")]).await;
    insta::assert_snapshot!(the_one(&vendor, trainings()).await, @r#"
    POST /api/trainings/search
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    {
      "ascending": true,
      "filter": {
        "Condition": "AND",
        "FilterGroups": [
          {
            "Condition": "AND",
            "FilterGroups": [],
            "FilterItems": []
          },
          {
            "Condition": "OR",
            "FilterGroups": [],
            "FilterItems": []
          }
        ],
        "SearchInputTextValue": ""
      },
      "orderBy": "createTime",
      "pageNumber": 1,
      "pageSize": 25,
      "trainingSearchType": 1
    }
    "#);
}

#[tokio::test]
async fn target_groups_are_searched_by_creation() {
    let vendor = after_a_run(&[]).await;
    insta::assert_snapshot!(the_one(&vendor, target_groups()).await, @r#"
    POST /api/target-groups/search/current-company
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    {
      "ascending": true,
      "filter": {
        "Condition": "AND",
        "FilterGroups": [
          {
            "Condition": "AND",
            "FilterGroups": [],
            "FilterItems": []
          },
          {
            "Condition": "OR",
            "FilterGroups": [],
            "FilterItems": []
          }
        ],
        "SearchInputTextValue": ""
      },
      "orderBy": "CreateTime",
      "pageNumber": 1,
      "pageSize": 100
    }
    "#);
}

#[tokio::test]
async fn reports_are_listed_with_an_empty_search_and_read_by_id() {
    let vendor = after_a_run(&[]).await;
    insta::assert_snapshot!(the_one(&vendor, report_list()).await, @r"
    POST /api/executive-report/search
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    {}
    ");
    insta::assert_snapshot!(the_one(&vendor, report("a%2Fb")).await, @r"
    GET /api/executive-report/a%2Fb
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    ");
}

#[tokio::test]
async fn the_catalogue_of_widgets_and_a_widget_are_asked_for_the_company() {
    let vendor = after_a_run(&[]).await;
    insta::assert_snapshot!(the_one(&vendor, metrics()).await, @r"
    GET /api/executive-report/metrics
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    ");
    insta::assert_snapshot!(the_one(&vendor, widget_datas()).await, @r#"
    POST /api/executive-report/get-widget-datas
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    {
      "datePeriod": 5,
      "endDate": "31/07/2026 23:59",
      "startDate": "01/07/2026 00:00",
      "widgetIds": [
        "w"
      ]
    }
    "#);
}
