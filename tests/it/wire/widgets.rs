//! How the values of widgets are asked for: months, dates, and in which of two ways.

use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use crate::support::TestApp;
use crate::support::vendor::{
    ALPHA, Vendor, companies, failure, metrics, my_companies, ok, page, token, token_with,
    vector_json, widget_datas,
};
use crate::support::widgets::{
    asked, asked_months, catalogue, is_in_numbers, one_value, one_widget, values,
};

/// The current month only, one request after the other.
const ONE_BY_ONE: [(&str, &str); 3] = [
    ("api.date_format", "dmy"),
    ("api.max_concurrency", "1"),
    ("widgets.months", "0"),
];

/// Answers only requests whose period is told in numbers, or only the others.
fn understands(numbers: bool) -> impl Fn(&Request) -> ResponseTemplate {
    move |request| {
        if is_in_numbers(request) == numbers {
            one_value(1)
        } else {
            failure(400, vector_json(38).to_string())
        }
    }
}

/// The way that is remembered of the account.
async fn remembered(app: &TestApp) -> Value {
    sqlx::query_scalar("select request_dialects from sync.accounts")
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

/// Runs the program, which is to succeed in everything, and moves to the next day.
async fn sync_one_day(app: &TestApp) {
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    app.clock.advance(chrono::TimeDelta::days(1));
}

#[tokio::test]
async fn a_widget_is_asked_for_alone_in_both_ways_to_the_letter() {
    let vendor = one_widget("Some", ok("{}")).await;
    let app = TestApp::new(&vendor.url(), &ONE_BY_ONE).await;
    app.sync().await.unwrap();
    let requests = vendor.received(&widget_datas()).await;
    let body: Value = requests[0].body_json().unwrap();
    assert_eq!(
        body,
        json!({"widgetIds": ["w"], "datePeriod": 5,
               "startDate": "01/07/2026 00:00", "endDate": "31/07/2026 23:59"})
    );

    let vendor = one_widget("Some", ok("{}")).await;
    vendor.first(1, widget_datas(), failure(400, "")).await;
    let app = TestApp::new(&vendor.url(), &ONE_BY_ONE).await;
    app.sync().await.unwrap();
    let requests = vendor.received(&widget_datas()).await;
    assert_eq!(requests.len(), 2, "a changed request is not a retry");
    let body: Value = requests[1].body_json().unwrap();
    assert_eq!(
        body,
        json!({"widgetIds": ["w"], "datePeriod": "Custom",
               "startDate": "2026-07-01T00:00:00Z", "endDate": "2026-07-31T23:59:59Z"})
    );
}

#[tokio::test]
async fn dates_are_written_as_the_account_writes_them() {
    for (format, start, end) in [
        ("dmy", "01/07/2026 00:00", "31/07/2026 23:59"),
        ("mdy", "07/01/2026 00:00", "07/31/2026 23:59"),
        ("ymd", "2026/07/01 00:00", "2026/07/31 23:59"),
        ("iso", "2026-07-01T00:00:00", "2026-07-31T23:59:59"),
    ] {
        let vendor = one_widget("Some", one_value(1)).await;
        let settings = [("api.date_format", format), ("widgets.months", "0")];
        let app = TestApp::new(&vendor.url(), &settings).await;
        sync_one_day(&app).await;
        assert_eq!(asked(&vendor).await, [format!("w 5 {start} {end}")]);
    }
}

#[tokio::test]
async fn an_account_with_iso_dates_is_not_asked_the_same_twice() {
    let vendor = one_widget("Some", failure(400, "")).await;
    let settings = [("api.date_format", "iso"), ("widgets.months", "0")];
    let app = TestApp::new(&vendor.url(), &settings).await;
    app.sync().await.unwrap();
    let expected = [
        "w 5 2026-07-01T00:00:00 2026-07-31T23:59:59",
        "w Custom 2026-07-01T00:00:00Z 2026-07-31T23:59:59Z",
    ];
    assert_eq!(asked(&vendor).await, expected);
}

#[tokio::test]
async fn without_a_known_date_format_the_year_comes_first() {
    let vendor = one_widget("Some", one_value(1)).await;
    vendor.on(token(), token_with(&json!({}))).await;
    let listed = json!({"companyResourceId": ALPHA});
    vendor.on(companies(), ok(page(&[listed]))).await;
    let root = r#"{"data":[{"resourceId":"RsLr00000001"}]}"#;
    vendor.on(my_companies(), ok(root)).await;
    let app = TestApp::new(&vendor.url(), &[("widgets.months", "0")]).await;
    sync_one_day(&app).await;
    assert_eq!(
        asked(&vendor).await,
        ["w 5 2026/07/01 00:00 2026/07/31 23:59"]
    );
}

#[tokio::test]
async fn what_works_is_remembered_within_the_run_and_across_runs() {
    let vendor = Vendor::start().await;
    let widgets = [("a", "A"), ("b", "B"), ("c", "C")];
    vendor.on(metrics(), catalogue(&widgets)).await;
    vendor.on(widget_datas(), understands(false)).await;
    let app = TestApp::new(&vendor.url(), &ONE_BY_ONE).await;
    sync_one_day(&app).await;
    let ways = |asked: Vec<String>| -> Vec<String> {
        let words = asked.iter().map(|line| line.split(' ').take(2).collect());
        words.map(|words: Vec<&str>| words.join(" ")).collect()
    };
    let first = ["a 5", "a Custom", "b Custom", "c Custom"];
    assert_eq!(ways(asked(&vendor).await), first);
    assert_eq!(remembered(&app).await, json!({"period": "names"}));

    sync_one_day(&app).await;
    let second = ["a Custom", "b Custom", "c Custom"];
    assert_eq!(ways(asked(&vendor).await)[4..], second);
}

#[tokio::test]
async fn the_first_way_is_remembered_too_and_nothing_before_an_answer() {
    let vendor = Vendor::start().await;
    let app = TestApp::new(&vendor.url(), &ONE_BY_ONE).await;
    sync_one_day(&app).await;
    assert_eq!(remembered(&app).await, json!({}));
    vendor.on(metrics(), catalogue(&[("a", "A")])).await;
    vendor.on(widget_datas(), understands(true)).await;
    sync_one_day(&app).await;
    assert_eq!(remembered(&app).await, json!({"period": "numbers"}));
}

#[tokio::test]
async fn a_vendor_may_change_its_mind() {
    let vendor = Vendor::start().await;
    vendor.on(metrics(), catalogue(&[("a", "A")])).await;
    let app = TestApp::new(&vendor.url(), &ONE_BY_ONE).await;
    for (numbers, requests, expected) in [
        (true, 1, "numbers"),
        (false, 3, "names"),
        (false, 4, "names"),
        (true, 6, "numbers"),
    ] {
        let times = requests - vendor.count(&widget_datas()).await as u64;
        vendor
            .first(times, widget_datas(), understands(numbers))
            .await;
        sync_one_day(&app).await;
        assert_eq!(vendor.count(&widget_datas()).await as u64, requests);
        assert_eq!(remembered(&app).await, json!({"period": expected}));
    }
}

#[tokio::test]
async fn the_current_month_is_asked_and_as_many_closed_ones_as_are_set() {
    let months = |first: &[&str]| -> Vec<String> {
        first.iter().map(|month| format!("w {month}")).collect()
    };
    let year = [
        "2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02",
        "2026-03", "2026-04", "2026-05", "2026-06", "2026-07",
    ];
    for (setting, expected) in [("0", &year[12..]), ("1", &year[11..]), ("12", &year[..])] {
        let vendor = one_widget("Some", one_value(1)).await;
        let settings = [("api.date_format", "dmy"), ("widgets.months", setting)];
        let app = TestApp::new(&vendor.url(), &settings).await;
        sync_one_day(&app).await;
        assert_eq!(asked_months(&vendor).await, months(expected));
    }
    // The last day of each.
    let vendor = one_widget("Some", one_value(1)).await;
    let settings = [("api.date_format", "ymd"), ("widgets.months", "30")];
    let app = TestApp::new(&vendor.url(), &settings).await;
    sync_one_day(&app).await;
    let asked = asked(&vendor).await;
    assert!(asked.contains(&"w 5 2024/02/01 00:00 2024/02/29 23:59".to_owned()));
    assert!(asked.contains(&"w 5 2026/02/01 00:00 2026/02/28 23:59".to_owned()));
}

#[tokio::test]
async fn months_are_those_of_the_accounts_zone() {
    // The clock shows 12:00 UTC of July 1st; it is moved back by going ahead to the edges of August.
    for (zone, hours, expected) in [
        ("UTC", 30 * 24 + 11, "w 2026-07"),
        ("UTC", 30 * 24 + 12, "w 2026-08"),
        ("Europe/Istanbul", 30 * 24 + 8, "w 2026-07"),
        ("Europe/Istanbul", 30 * 24 + 9, "w 2026-08"),
        ("America/Los_Angeles", 30 * 24 + 18, "w 2026-07"),
        ("America/Los_Angeles", 30 * 24 + 19, "w 2026-08"),
    ] {
        let vendor = one_widget("Some", one_value(1)).await;
        let settings = [
            ("api.date_format", "dmy"),
            ("api.time_zone", zone),
            ("widgets.months", "0"),
        ];
        let app = TestApp::new(&vendor.url(), &settings).await;
        app.clock.advance(chrono::TimeDelta::hours(hours));
        sync_one_day(&app).await;
        assert_eq!(asked_months(&vendor).await, [expected], "{zone} {hours}");
    }
}

#[tokio::test]
async fn widgets_of_one_type_are_asked_once_and_types_that_differ_by_case_twice() {
    let vendor = Vendor::start().await;
    let widgets = [("a", "Some"), ("b", "Some"), ("c", "Other"), ("d", "some")];
    vendor.on(metrics(), catalogue(&widgets)).await;
    vendor.on(widget_datas(), one_value(1)).await;
    let settings = [("api.date_format", "dmy"), ("widgets.months", "1")];
    let app = TestApp::new(&vendor.url(), &settings).await;
    sync_one_day(&app).await;
    assert_eq!(
        asked_months(&vendor).await,
        [
            "a 2026-06",
            "a 2026-07",
            "c 2026-06",
            "c 2026-07",
            "d 2026-06",
            "d 2026-07"
        ]
    );
    let types: Vec<(String, String)> = sqlx::query_as(
        "select distinct widget_type, widget_id from keepnet.widget_values order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let types: Vec<String> = types
        .iter()
        .map(|one| format!("{} {}", one.0, one.1))
        .collect();
    assert_eq!(types, ["Other c", "Some a", "some d"]);
}

#[tokio::test]
async fn of_an_answer_about_several_widgets_the_one_asked_for_is_taken() {
    let of = |members: &str, value: u32| {
        format!(r#"{{{members},"widgetDatas":[{{"values":[{{"value":{value}}}]}}]}}"#)
    };
    let other = of(r#""resourceId":"x","widgetType":"X""#, 1);
    for own in [
        r#""resourceId":"w","widgetType":"Renamed""#,
        r#""resourceId":"y","widgetType":"Some""#,
        r#""resourceId":"w""#,
        r#""widgetType":"Some""#,
    ] {
        let body = format!(r#"{{"data":[{other},{}]}}"#, of(own, 2));
        let vendor = one_widget("Some", ok(body)).await;
        let app = TestApp::new(&vendor.url(), &ONE_BY_ONE).await;
        sync_one_day(&app).await;
        assert_eq!(values(&app.pool).await, "0.0 2/1", "{own}");
    }
    let vendor = one_widget("Some", ok(format!(r#"{{"data":[{other}]}}"#))).await;
    let app = TestApp::new(&vendor.url(), &ONE_BY_ONE).await;
    let report = app.sync().await.unwrap();
    assert_eq!(values(&app.pool).await, "");
    let widgets = report
        .scopes()
        .find(|scope| scope.resource == Resource::Widgets);
    let widgets = widgets.unwrap();
    assert_eq!(widgets.verdict, Verdict::Failed);
    assert_eq!(
        widgets.error.as_deref(),
        Some("the answer is about another widget than w")
    );
}
