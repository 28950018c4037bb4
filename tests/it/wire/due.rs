//! When what a company has as a whole is asked again: by the clock, not by the run.

use chrono::TimeDelta;
use keepnet_etl::clock::Clock as _;
use keepnet_etl::sync::RunReport;
use keepnet_etl::sync::rhythm::place_in_day;
use serde_json::json;
use wiremock::Request;

use crate::support::TestApp;
use crate::support::vendor::{
    ALPHA, Endpoint, Vendor, failure, metrics, ok, report, report_list, target_groups, trainings,
    widget_datas,
};
use crate::support::widgets::{asked_months, catalogue, one_value, widget_of};

/// What is asked at most once a day.
fn daily() -> [Endpoint; 5] {
    [
        report_list(),
        report("r"),
        metrics(),
        trainings(),
        target_groups(),
    ]
}

/// A vendor with one report, and widgets `a` and `b` of two types.
async fn vendor() -> Vendor {
    let vendor = Vendor::start().await;
    let list = json!({"data": [{"resourceId": "r"}]}).to_string();
    vendor.on(report_list(), ok(list)).await;
    vendor.on(report("r"), ok(r#"{"data":{}}"#)).await;
    vendor
        .on(metrics(), catalogue(&[("a", "A"), ("b", "B")]))
        .await;
    vendor
}

/// The program before it, with as many closed months.
async fn app(vendor: &Vendor, months: &str) -> TestApp {
    let settings = [
        ("api.date_format", "dmy"),
        ("api.time_zone", "Europe/Istanbul"),
        ("widgets.months", months),
        ("sync.settled_after", "30d"),
    ];
    TestApp::new(&vendor.url(), &settings).await
}

/// What one run asks: requests per endpoint of `daily`, and the months of the widgets.
async fn asks(vendor: &Vendor, app: &TestApp) -> ([usize; 5], Vec<String>, RunReport) {
    let before = counts(vendor).await;
    let months_before = asked_months(vendor).await;
    let report = app.sync().await.expect("a run");
    let mut now = counts(vendor).await;
    for (now, before) in now.iter_mut().zip(before) {
        *now -= before;
    }
    let mut months = asked_months(vendor).await;
    for month in months_before {
        let at = months.iter().position(|one| *one == month);
        months.remove(at.expect("it was asked before"));
    }
    (now, months, report)
}

async fn counts(vendor: &Vendor) -> [usize; 5] {
    let mut counts = [0; 5];
    for (count, endpoint) in counts.iter_mut().zip(daily()) {
        *count = vendor.count(&endpoint).await;
    }
    counts
}

#[tokio::test]
async fn on_the_same_day_nothing_is_asked_again_and_on_the_next_only_the_current_month() {
    let vendor = vendor().await;
    vendor.on(widget_datas(), one_value(1)).await;
    let app = app(&vendor, "2").await;
    let (requests, months, _) = asks(&vendor, &app).await;
    assert_eq!(requests, [1; 5]);
    let all = [
        "a 2026-05",
        "a 2026-06",
        "a 2026-07",
        "b 2026-05",
        "b 2026-06",
        "b 2026-07",
    ];
    assert_eq!(months, all);

    // In Istanbul it is 15:00; the company's day begins at a time of its own.
    let noon = TimeDelta::hours(15);
    let left = (place_in_day(ALPHA) - noon)
        .num_seconds()
        .rem_euclid(86_400);
    app.clock.advance(TimeDelta::seconds(left - 1));
    let (requests, months, report) = asks(&vendor, &app).await;
    assert_eq!(requests, [0; 5]);
    assert_eq!(months, [""; 0]);
    assert_eq!(report.outcome, "ok");
    assert_eq!(report.companies[0].scopes.len(), 1, "the enrollments");

    app.clock.advance(TimeDelta::seconds(1));
    let (requests, months, _) = asks(&vendor, &app).await;
    assert_eq!(requests, [1; 5]);
    assert_eq!(months, ["a 2026-07", "b 2026-07"]);
}

#[tokio::test]
async fn a_month_that_closed_is_asked_once_more_and_once_more_after_it_settled() {
    let vendor = vendor().await;
    vendor.on(widget_datas(), one_value(1)).await;
    let app = app(&vendor, "3").await;
    let (_, months, _) = asks(&vendor, &app).await;
    assert_eq!(months.len(), 8);

    let mut asked = Vec::new();
    for _ in 0..75 {
        app.clock.advance(TimeDelta::days(1));
        let now = app.clock.now();
        let (_, months, _) = asks(&vendor, &app).await;
        let this_month = now.format("%Y-%m").to_string();
        let others: Vec<String> = months
            .into_iter()
            .filter(|month| month.starts_with('a') && !month.ends_with(&this_month))
            .map(|month| format!("{}: {month}", now.format("%m-%d")))
            .collect();
        asked.extend(others);
    }
    // May had settled before the first run; June ended with June 30th, so that it settled with July 30th.
    assert_eq!(
        asked,
        [
            "07-31: a 2026-06",
            "08-01: a 2026-07",
            "08-31: a 2026-07",
            "09-01: a 2026-08",
        ]
    );
}

#[tokio::test]
async fn a_month_that_failed_is_asked_again_on_the_same_day_and_no_other() {
    let vendor = vendor().await;
    let bad = |request: &Request| match widget_of(request).as_str() {
        "a" => one_value(1),
        _ => ok(r#"{"data":[{"resourceId":"other"}]}"#),
    };
    vendor.first(6, widget_datas(), bad).await;
    vendor.on(widget_datas(), one_value(2)).await;
    let app = app(&vendor, "2").await;
    let (_, months, report) = asks(&vendor, &app).await;
    assert_eq!((months.len(), report.outcome), (6, "partial"));
    let (requests, months, report) = asks(&vendor, &app).await;
    assert_eq!(requests, [0, 0, 1, 0, 0], "the catalogue names the widget");
    assert_eq!(months, ["b 2026-05", "b 2026-06", "b 2026-07"]);
    assert_eq!(report.outcome, "ok");
    let (requests, months, _) = asks(&vendor, &app).await;
    assert_eq!((requests, months.len()), ([0; 5], 0));
}

#[tokio::test]
async fn a_catalogue_that_failed_is_asked_again_on_the_same_day_and_no_other() {
    for (place, endpoint) in daily().into_iter().enumerate() {
        let vendor = vendor().await;
        vendor.on(widget_datas(), one_value(1)).await;
        let cut = ok(r#"{"data":{"results":["#);
        vendor.first(5, endpoint.clone(), cut).await;
        let app = app(&vendor, "0").await;
        let (_, _, report) = asks(&vendor, &app).await;
        assert_eq!(report.outcome, "partial", "{endpoint:?}");
        let mut expected = [0; 5];
        expected[place] = 1;
        // A report is read by way of the list; the widgets wait for their catalogue.
        match place {
            0 => expected[1] = 1,
            1 => expected[0] = 1,
            _ => {}
        }
        let (requests, months, report) = asks(&vendor, &app).await;
        assert_eq!(requests, expected, "{endpoint:?}");
        assert_eq!(months.len(), if place == 2 { 2 } else { 0 });
        assert_eq!(report.outcome, "ok", "{report:#?}");
    }
}

#[tokio::test]
async fn a_new_widget_gets_its_closed_months_and_one_more_is_asked_when_more_are_set() {
    let vendor = vendor().await;
    vendor.on(widget_datas(), one_value(1)).await;
    let app = app(&vendor, "1").await;
    asks(&vendor, &app).await;
    app.clock.advance(TimeDelta::days(1));
    let more = catalogue(&[("a", "A"), ("b", "B"), ("c", "C")]);
    vendor.first(1, metrics(), more).await;
    let (_, months, _) = asks(&vendor, &app).await;
    assert_eq!(months, ["a 2026-07", "b 2026-07", "c 2026-06", "c 2026-07"]);

    app.clock.advance(TimeDelta::days(1));
    let mut app = app;
    app.settings.widgets.months = 2;
    let (_, months, _) = asks(&vendor, &app).await;
    assert_eq!(months, ["a 2026-05", "a 2026-07", "b 2026-05", "b 2026-07"]);
}

#[tokio::test]
async fn what_is_refused_is_asked_again_on_the_next_day() {
    let vendor = vendor().await;
    vendor
        .on(widget_datas(), |request: &Request| {
            match widget_of(request).as_str() {
                "a" => failure(400, ""),
                _ => one_value(1),
            }
        })
        .await;
    let app = app(&vendor, "1").await;
    let (_, months, _) = asks(&vendor, &app).await;
    // A first rejection may be about the month.
    let all = ["a 2026-06", "a 2026-07", "b 2026-06", "b 2026-07"];
    assert_eq!(months, all);
    let (_, months, _) = asks(&vendor, &app).await;
    assert_eq!(months.len(), 0);
    app.clock.advance(TimeDelta::days(1));
    let (_, months, report) = asks(&vendor, &app).await;
    assert_eq!(months, ["a 2026-06", "a 2026-07", "b 2026-07"]);
    assert_eq!(report.outcome, "ok");
}
