//! The vectors of the facts about the API, each from the answer on the wire to the values in the tables.
//!
//! The expected values are written by hand from the facts, so that a mistake that client and simulator share cannot
//! pass.

mod anonymous;
mod answer_types;
mod answers;
mod asked;
mod catalogue_text;
mod catalogues;
mod companies;
mod dates;
mod enrollments;
mod errors;
mod interactions;
mod questions;
mod reports;
mod sessions;
mod start;
mod steps;
mod summaries;
mod survey_text;
mod text;
mod token;
mod tracking;
mod users;
mod widget_shapes;
mod widget_types;
mod widgets;

use keepnet_etl::resource::Resource;
use keepnet_etl::sync::RunReport;
use keepnet_etl::warehouse::runs::RunScope;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::survey::SURVEY;
use crate::support::vendor::Vendor;

/// The enrollments of vectors 11 to 20, with [`SURVEY`].
const PATH: &str = "11111111-2222-4333-8444-555555555502";
const PULSE: &str = "11111111-2222-4333-8444-555555555503";
const SCORM: &str = "11111111-2222-4333-8444-555555555504";

/// The program against `vendor`, whose dates have the day first.
async fn day_first(vendor: &Vendor) -> TestApp {
    TestApp::new(&vendor.url(), &[("api.date_format", "dmy")]).await
}

/// Runs the program, which is to succeed in everything.
async fn sync_well(app: &TestApp) -> RunReport {
    let report = app.sync().await.expect("a run");
    assert_eq!(report.outcome, "ok", "{report:#?}");
    report
}

/// What a run did for a company and a resource.
fn scope<'r>(report: &'r RunReport, company: &str, resource: Resource) -> &'r RunScope {
    report
        .scopes()
        .find(|scope| scope.company_id == company && scope.resource == resource)
        .unwrap_or_else(|| panic!("no scope {company} {resource} in {report:#?}"))
}

/// A listed enrollment of which nothing matters but its id and type.
fn plain_enrollment(id: &str, kind: &str) -> Value {
    json!({"enrollmentId": id, "name": id, "type": kind, "createTime": "2026-01-01T00:00:00"})
}

/// A summary that counts so many users.
fn summary_of(users: u64) -> String {
    json!({"data": {"reportDetail": {"totalTargetUserCount": users}}}).to_string()
}

/// Rows that a run inserted, updated and deleted.
fn written(report: &RunReport) -> (u64, u64, u64) {
    let rows = report.totals.rows;
    (rows.inserted, rows.updated, rows.deleted)
}

/// Runs the program again an hour later, so that it reads everything anew; it is to succeed in everything.
async fn read_anew(app: &TestApp) -> RunReport {
    let report = app.full_sync().await.expect("a run");
    assert_eq!(report.outcome, "ok", "{report:#?}");
    report
}

/// The same; it is to find everything as it is.
async fn sync_again(app: &TestApp) {
    let report = read_anew(app).await;
    assert_eq!(written(&report), (0, 0, 0), "{report:#?}");
}
