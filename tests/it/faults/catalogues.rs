//! Reports, widgets, trainings and target groups: what is refused is told from what fails, and neither costs the rest.

use chrono::{DateTime, TimeDelta, Utc};
use keepnet_etl::clock::Clock as _;
use keepnet_etl::resource::Resource;
use keepnet_etl::sync::{RunReport, SyncRequest};
use keepnet_etl::verdict::Verdict;
use keepnet_etl::warehouse::runs::RunScope;
use serde_json::json;
use wiremock::Request;

use crate::support::TestApp;
use crate::support::program::Program;
use crate::support::table::rows;
use crate::support::vendor::{
    Endpoint, Vendor, failure, metrics, ok, page, report, report_list, target_groups, trainings,
    vector_json, widget_datas,
};
use crate::support::widgets::{catalogue, one_value, widget_of};

/// What is asked for a company as a whole, and what becomes of it.
fn endpoints() -> [(Endpoint, Resource); 6] {
    [
        (report_list(), Resource::Reports),
        (report("r"), Resource::Reports),
        (metrics(), Resource::Widgets),
        (widget_datas(), Resource::Widgets),
        (trainings(), Resource::Trainings),
        (target_groups(), Resource::TargetGroups),
    ]
}

/// A vendor with one report, one widget, one training and one group.
pub(super) async fn vendor() -> Vendor {
    let vendor = Vendor::start().await;
    let list = json!({"data": [{"resourceId": "r"}]}).to_string();
    vendor.on(report_list(), ok(list)).await;
    let body = json!({"data": {"widgets": [{"resourceId": "w"}]}}).to_string();
    vendor.on(report("r"), ok(body)).await;
    vendor.on(metrics(), catalogue(&[("w", "Some")])).await;
    vendor.on(widget_datas(), one_value(1)).await;
    let training = page(&[json!({"trainingId": "t"})]);
    vendor.on(trainings(), ok(training)).await;
    let group = page(&[json!({"resourceId": "g"})]);
    vendor.on(target_groups(), ok(group)).await;
    vendor
}

/// The program before it, for the current month only.
pub(super) async fn app(vendor: &Vendor) -> TestApp {
    let settings = [
        ("api.date_format", "dmy"),
        ("api.max_concurrency", "1"),
        ("widgets.months", "0"),
    ];
    TestApp::new(&vendor.url(), &settings).await
}

pub(super) fn scope(report: &RunReport, resource: Resource) -> &RunScope {
    let found = report.scopes().find(|scope| scope.resource == resource);
    found.unwrap_or_else(|| panic!("no {resource} in {report:#?}"))
}

/// Asserts that every other resource of the company is whole.
fn assert_others_are_whole(report: &RunReport, but: Resource) {
    let others = report.scopes().filter(|scope| scope.resource != but);
    for scope in others {
        assert_eq!(scope.verdict, Verdict::Complete, "{scope:#?}");
    }
}

pub(super) async fn safe_as_of(app: &TestApp) -> Option<DateTime<Utc>> {
    sqlx::query_scalar("select safe_as_of from sync.company_state")
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

pub(super) fn now(app: &TestApp) -> DateTime<Utc> {
    app.clock.now()
}

/// How many rows each of the tables has.
pub(super) async fn row_counts(app: &TestApp) -> Vec<usize> {
    let mut counts = Vec::new();
    for table in [
        "executive_reports",
        "executive_report_widgets",
        "widgets",
        "widget_values",
        "trainings",
        "target_groups",
    ] {
        counts.push(rows(&app.pool, table).await.len());
    }
    counts
}

#[tokio::test]
async fn what_the_service_does_not_give_is_unsupported_and_the_company_is_well() {
    for (endpoint, resource) in endpoints() {
        let vendor = vendor().await;
        let app = app(&vendor).await;
        for (status, body) in [(403, "Forbidden"), (403, r#"{"message":"No"}"#), (404, "")] {
            // A report that is gone since it was listed is nothing.
            if endpoint == report("r") && status == 404 {
                continue;
            }
            let asked = vendor.count(&endpoint).await;
            vendor
                .first(1, endpoint.clone(), failure(status, body))
                .await;
            let run = app.sync().await.unwrap();
            assert_eq!(run.outcome, "ok", "{endpoint:?} {run:#?}");
            let told = scope(&run, resource);
            assert_eq!(told.verdict, Verdict::Unsupported, "{endpoint:?}");
            assert!(told.error.is_some() && told.remedy.is_some());
            assert_eq!(run.companies[0].verdict, Verdict::Unsupported);
            assert_others_are_whole(&run, resource);
            assert_eq!(vendor.count(&endpoint).await, asked + 1, "not repeated");
            assert_eq!(safe_as_of(&app).await, Some(now(&app)), "{endpoint:?}");
            app.clock.advance(TimeDelta::days(1));
        }
    }
}

#[tokio::test]
async fn the_program_ends_with_0_when_all_of_it_is_refused() {
    let vendor = Vendor::start().await;
    for (endpoint, _) in endpoints() {
        vendor.on(endpoint, failure(403, "")).await;
    }
    let database = crate::support::database::empty().await;
    let program = Program::between(&vendor.url(), &database).set("api.date_format", "dmy");
    let output = program.run("sync");
    assert_eq!(output.code, 0, "{output:#?}");
    let status = program.run("status --json");
    assert_eq!(status.json()["companies"][0]["verdict"], "unsupported");
}

#[tokio::test]
async fn an_access_that_was_withdrawn_ends_the_company() {
    let withdrawn = vector_json(40)[0].to_string();
    for (endpoint, resource) in endpoints() {
        let vendor = vendor().await;
        vendor
            .first(1, endpoint.clone(), failure(403, withdrawn.clone()))
            .await;
        let app = app(&vendor).await;
        let run = app.sync().await.unwrap();
        assert_eq!(run.outcome, "partial", "{endpoint:?}");
        assert_eq!(scope(&run, resource).verdict, Verdict::Forbidden);
        assert_eq!(vendor.count(&endpoint).await, 1);
        assert_eq!(safe_as_of(&app).await, None);
        // Groups, trainings, reports, widgets: nothing behind it was asked.
        let behind = [
            Resource::TargetGroups,
            Resource::Trainings,
            Resource::Reports,
            Resource::Widgets,
        ];
        let place = behind.iter().position(|one| *one == resource).unwrap();
        for later in &behind[place + 1..] {
            let asked = run.scopes().any(|scope| scope.resource == *later);
            assert!(!asked, "{later} after {endpoint:?}");
        }
    }
}

#[tokio::test]
async fn what_fails_fails_alone_and_the_next_run_mends_it() {
    for (endpoint, resource) in endpoints() {
        let vendor = vendor().await;
        let app = app(&vendor).await;
        app.sync().await.unwrap();
        app.clock.advance(TimeDelta::days(1));
        for (answer, attempts, reason) in [
            (failure(500, ""), 5, "the service failed (HTTP 500)"),
            (ok("<html></html>"), 5, "is a web page, not JSON"),
            (ok(r#"{"data":{"#), 5, "JSON that is cut off or damaged"),
            (ok(r#"{"status":"FAILED"}"#), 5, "reports FAILED"),
            (failure(409, ""), 1, "rejected the request (HTTP 409)"),
        ] {
            let (asked, before) = (vendor.count(&endpoint).await, safe_as_of(&app).await);
            vendor.first(attempts, endpoint.clone(), answer).await;
            let run = app.sync().await.unwrap();
            assert_eq!(run.outcome, "partial", "{endpoint:?} {reason}");
            let told = scope(&run, resource);
            assert_eq!(told.verdict, Verdict::Failed, "{endpoint:?} {reason}");
            let error = told.error.clone().unwrap_or_default();
            assert!(error.contains(reason), "{endpoint:?}: {error}");
            assert!(told.remedy.is_some());
            assert_others_are_whole(&run, resource);
            let asked = vendor.count(&endpoint).await - asked;
            assert_eq!(asked as u64, attempts, "{endpoint:?} {reason}");
            assert_eq!(safe_as_of(&app).await, before, "it does not move");

            let run = app.sync().await.unwrap();
            assert_eq!(run.outcome, "ok", "{endpoint:?} {reason} {run:#?}");
            assert_eq!(row_counts(&app).await, [1; 6], "{endpoint:?} {reason}");
            assert_eq!(safe_as_of(&app).await, Some(now(&app)));
            app.clock.advance(TimeDelta::days(1));
        }
    }
}

#[tokio::test]
async fn a_refusal_never_hides_a_failure() {
    for failing in ["a", "b"] {
        let vendor = vendor().await;
        let widgets = catalogue(&[("a", "A"), ("b", "B")]);
        vendor.first(1, metrics(), widgets).await;
        let list = json!({"data": [{"resourceId": "a"}, {"resourceId": "b"}]}).to_string();
        vendor.first(1, report_list(), ok(list)).await;
        for report_id in ["a", "b"] {
            let status = if report_id == failing { 500 } else { 403 };
            vendor.on(report(report_id), failure(status, "")).await;
        }
        let answer = move |request: &Request| {
            let status = if widget_of(request) == failing {
                500
            } else {
                403
            };
            failure(status, "")
        };
        vendor.first(6, widget_datas(), answer).await;
        let run = app(&vendor).await.sync().await.unwrap();
        for resource in [Resource::Reports, Resource::Widgets] {
            let told = scope(&run, resource);
            assert_eq!(told.verdict, Verdict::Failed, "{failing} {told:#?}");
        }
    }
}

#[tokio::test]
async fn reports_that_are_gone_or_cannot_be_read_cost_no_other() {
    let vendor = vendor().await;
    let list = json!({"data": [
        {"resourceId": "gone"}, {"resourceId": "bad"}, {"name": "no id"}, {"resourceId": "r"}]});
    vendor.first(2, report_list(), ok(list.to_string())).await;
    vendor.on(report("gone"), failure(404, "")).await;
    let unreadable = ok(r#"{"data":{"name":{"en":"x"}}}"#);
    vendor.first(1, report("bad"), unreadable).await;
    vendor
        .on(report("bad"), ok(r#"{"data":{"name":"good"}}"#))
        .await;
    let app = app(&vendor).await;
    let run = app.sync().await.unwrap();
    assert_eq!(
        run.outcome, "ok",
        "what is quarantined is seen in the status"
    );
    assert_eq!(rows(&app.pool, "executive_reports").await.len(), 1);
    let open = "select concat_ws(' ', scope, json_path, reason) from sync.quarantine
                where resource = 'reports' and resolved_at is null order by json_path";
    let kept: Vec<String> = sqlx::query_scalar(open).fetch_all(&app.pool).await.unwrap();
    assert_eq!(
        kept,
        [
            " $.name expected text, found an object",
            " $.resourceId the id is missing"
        ]
    );
    app.clock.advance(TimeDelta::days(1));
    app.sync().await.unwrap();
    assert_eq!(rows(&app.pool, "executive_reports").await.len(), 2);
    let kept: Vec<String> = sqlx::query_scalar(open).fetch_all(&app.pool).await.unwrap();
    assert_eq!(kept, [" $.resourceId the id is missing"]);
}

#[tokio::test]
async fn rows_that_the_database_refuses_are_told_also_when_nothing_else_was_asked_for() {
    let vendor = vendor().await;
    // More than the loader takes at once, so that it ends before the listing does.
    const PAGES: u64 = 12;
    let answer = |request: &Request| {
        let body: serde_json::Value = request.body_json().expect("a search");
        let number = body["pageNumber"].as_u64().expect("a page");
        let rows: Vec<_> = (0..500)
            .map(|row| json!({"trainingId": format!("t-{number}-{row}")}))
            .collect();
        let data = json!({
            "pageNumber": number, "totalNumberOfPages": PAGES, "totalNumberOfRecords": PAGES * 500,
            "results": rows,
        });
        ok(json!({"data": data, "status": "SUCCESS"}).to_string())
    };
    vendor.first(99, trainings(), answer).await;
    let app = app(&vendor).await;
    sqlx::query("alter table keepnet.trainings add constraint refused check (training_id = '')")
        .execute(&app.pool)
        .await
        .unwrap();
    let request = SyncRequest {
        resources: vec![Resource::Trainings],
        ..SyncRequest::default()
    };
    let report = app.sync_only(&request).await.unwrap();
    assert_eq!(report.outcome, "partial");
    let scope = scope(&report, Resource::Trainings);
    assert_eq!(scope.verdict, Verdict::Failed);
    let reason = scope.error.as_deref().unwrap_or_default();
    assert!(reason.contains("refused"), "{reason}");
}
