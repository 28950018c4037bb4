//! Single widgets: a type that is refused, requests that are rejected, answers that cannot be read.

use chrono::TimeDelta;
use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use wiremock::Request;

use super::catalogues::{app, now, row_counts, safe_as_of, scope, vendor};
use crate::support::TestApp;
use crate::support::vendor::{failure, metrics, ok, vector_json, widget_datas};
use crate::support::widgets::{catalogue, one_value, values, widget_of};

#[tokio::test]
async fn a_type_of_widget_that_is_refused_is_unsupported_wherever_it_stands() {
    for refused in ["a", "b", "c"] {
        let vendor = vendor().await;
        let widgets = catalogue(&[("a", "A"), ("b", "B"), ("c", "C")]);
        vendor.first(9, metrics(), widgets).await;
        let app = app(&vendor).await;
        for status in [400, 403, 404] {
            // The first that is rejected is asked for in every way; a later one only in that which worked before it.
            let requests = if status == 400 && refused == "a" {
                6
            } else {
                3
            };
            let answer = move |request: &Request| {
                if widget_of(request) == refused {
                    failure(status, "")
                } else {
                    one_value(1)
                }
            };
            vendor.first(requests, widget_datas(), answer).await;
            let asked = vendor.count(&widget_datas()).await as u64;
            let run = app.sync().await.unwrap();
            assert_eq!(run.outcome, "ok", "{refused} {status} {run:#?}");
            assert_eq!(scope(&run, Resource::Widgets).verdict, Verdict::Unsupported);
            assert_eq!(vendor.count(&widget_datas()).await as u64, asked + requests);
            assert_eq!(values(&app.pool).await.lines().count(), 2);
            assert_eq!(safe_as_of(&app).await, Some(now(&app)));
            app.clock.advance(TimeDelta::days(1));
        }
    }
}

#[tokio::test]
async fn when_every_type_is_rejected_the_request_is_at_fault() {
    for remembered in [false, true] {
        let vendor = vendor().await;
        let app = app(&vendor).await;
        if remembered {
            app.sync().await.unwrap();
            app.clock.advance(TimeDelta::days(1));
        }
        let answer = failure(400, vector_json(38).to_string());
        vendor.first(4, widget_datas(), answer).await;
        let run = app.sync().await.unwrap();
        assert_eq!(run.outcome, "partial");
        let told = scope(&run, Resource::Widgets);
        assert_eq!(told.verdict, Verdict::Failed);
        let error = told.error.clone().unwrap();
        assert!(error.contains("OrderBy is not valid"), "{error}");
        assert!(told.remedy.is_some());
        assert_eq!(app.sync().await.unwrap().outcome, "ok");
        assert_eq!(row_counts(&app).await, [1; 6]);
    }
}

#[tokio::test]
async fn the_second_way_of_asking_may_fail_in_its_own_manner() {
    let withdrawn = vector_json(40)[0].to_string();
    for (answer, verdict) in [
        (failure(500, ""), Verdict::Failed),
        (failure(403, withdrawn), Verdict::Forbidden),
    ] {
        let vendor = vendor().await;
        vendor.first(1, widget_datas(), failure(400, "")).await;
        vendor.first(9, widget_datas(), answer).await;
        let run = app(&vendor).await.sync().await.unwrap();
        assert_eq!(scope(&run, Resource::Widgets).verdict, verdict);
    }
}

#[tokio::test]
async fn an_unreadable_answer_costs_its_own_month_only_and_is_kept() {
    let vendor = vendor().await;
    let unreadable = ok(r#"{"data":[{"resourceId":{"odd":1}}]}"#);
    vendor.first(1, widget_datas(), unreadable).await;
    let settings = [("api.date_format", "dmy"), ("widgets.months", "2")];
    let app = TestApp::new(&vendor.url(), &settings).await;
    let run = app.sync().await.unwrap();
    let told = scope(&run, Resource::Widgets);
    assert_eq!(told.verdict, Verdict::Failed);
    assert_eq!(
        told.error.as_deref(),
        Some(
            "the answer could not be understood at $.resourceId: expected an id, found an object; \
             it is kept in sync.quarantine"
        )
    );
    assert_eq!(
        values(&app.pool).await,
        "0.0 1/1\n0.0 1/1",
        "two closed months"
    );
    let open =
        "select count(*) from sync.quarantine where scope = 'Some/2026-07' and resolved_at is null";
    let count: i64 = sqlx::query_scalar(open).fetch_one(&app.pool).await.unwrap();
    assert_eq!(count, 1);
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    let count: i64 = sqlx::query_scalar(open).fetch_one(&app.pool).await.unwrap();
    assert_eq!(count, 0);
    assert_eq!(values(&app.pool).await.lines().count(), 3);
    assert!(safe_as_of(&app).await.is_some());
    assert_eq!(vendor.count(&widget_datas()).await, 4);
}
