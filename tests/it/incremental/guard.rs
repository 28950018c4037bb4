//! Another tenant's data under HTTP 200 is stopped before anything of it is written.

use keepnet_etl::verdict::Verdict;
use serde_json::json;

use crate::support::TestApp;
use crate::support::table::told;
use crate::support::vendor::{
    ALPHA, BETA, Turn, Vendor, archive, companies, enrollments, failure, ok, page, vector_json,
};

const STORED: &str =
    "select company_id || ' ' || enrollment_id from keepnet.enrollments order by 1";

async fn two_companies() -> (Vendor, TestApp) {
    let vendor = Vendor::start().await;
    let both = [ALPHA, BETA].map(|id| json!({"companyResourceId": id}));
    vendor.first(99, companies(), ok(page(&both))).await;
    let settings = [("api.date_format", "dmy"), ("api.max_concurrency", "1")];
    let app = TestApp::new(&vendor.url(), &settings).await;
    (vendor, app)
}

/// The account's own company, by the tree of vector 10.
fn account() -> String {
    let tree = vector_json(10);
    tree["data"][0]["resourceId"].as_str().unwrap().to_owned()
}

fn enrollment(id: &str) -> serde_json::Value {
    json!({"enrollmentId": id, "type": "SCORM", "name": "Basics"})
}

#[tokio::test]
async fn enrollments_that_belong_to_another_company_stop_theirs_and_nobody_elses() {
    let (vendor, app) = two_companies().await;
    let own = page(&[enrollment("e-alpha")]);
    vendor.of(ALPHA, enrollments(), ok(own)).await;
    vendor
        .of_first(1, BETA, enrollments(), ok(page(&[enrollment("e-beta")])))
        .await;
    let strange = page(&[
        enrollment("e-beta"),
        enrollment("e-alpha"),
        enrollment("e-new"),
    ]);
    vendor.of(BETA, enrollments(), ok(strange)).await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    assert_eq!(
        told(&app.pool, STORED).await,
        [format!("{BETA} e-beta"), format!("{ALPHA} e-alpha")]
    );
    let report = app.full_sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let stopped = report
        .companies
        .iter()
        .find(|one| one.company_id == BETA)
        .unwrap();
    assert_eq!(stopped.verdict, Verdict::Failed);
    let reason = stopped.reason.as_deref().unwrap();
    assert!(
        reason.contains(&format!("an enrollment of company {ALPHA}")),
        "{reason}"
    );
    assert!(
        stopped
            .remedy
            .as_deref()
            .unwrap()
            .contains("X-IR-COMPANY-ID")
    );
    assert_eq!(
        told(&app.pool, STORED).await.len(),
        2,
        "nothing of it was written"
    );
    let other = report
        .companies
        .iter()
        .find(|one| one.company_id == ALPHA)
        .unwrap();
    assert_eq!(other.verdict, Verdict::Complete);
}

#[tokio::test]
async fn a_listing_that_equals_the_resellers_own_stops_the_company() {
    let (vendor, app) = two_companies().await;
    let own = account();
    let listing = page(&[enrollment("e-own"), enrollment("e-own-too")]);
    vendor.own(&own, enrollments(), ok(listing.clone())).await;
    vendor.of(ALPHA, enrollments(), ok(listing)).await;
    vendor
        .of(BETA, enrollments(), ok(page(&[enrollment("e-beta")])))
        .await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let stopped = report
        .companies
        .iter()
        .find(|one| one.company_id == ALPHA)
        .unwrap();
    let reason = stopped.reason.as_deref().unwrap();
    assert!(reason.contains("the reseller's own company"), "{reason}");
    assert_eq!(told(&app.pool, STORED).await, [format!("{BETA} e-beta")]);
}

#[tokio::test]
async fn one_listing_that_equals_the_resellers_own_is_enough_to_stop_the_company() {
    let (vendor, app) = two_companies().await;
    let own = account();
    let (active, archived) = (
        page(&[enrollment("e-own")]),
        page(&[enrollment("e-own-old")]),
    );
    vendor.own(&own, enrollments(), ok(active.clone())).await;
    vendor.own(&own, archive(), ok(archived.clone())).await;
    // The headers of all requests are lost on the way, or those of one.
    vendor.of(ALPHA, enrollments(), ok(active)).await;
    vendor.of(ALPHA, archive(), ok(archived.clone())).await;
    vendor
        .of(BETA, enrollments(), ok(page(&[enrollment("e-beta")])))
        .await;
    vendor.of(BETA, archive(), ok(archived)).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    for company in &report.companies {
        let reason = company.reason.as_deref().unwrap_or_default();
        assert!(reason.contains("the reseller's own company"), "{reason}");
    }
    assert_eq!(report.companies.len(), 2);
    assert_eq!(told(&app.pool, STORED).await, [""; 0]);
}

#[tokio::test]
async fn as_long_as_the_resellers_own_listing_cannot_be_read_no_new_company_is_believed() {
    let (vendor, app) = two_companies().await;
    let own = account();
    for (company, id) in [(ALPHA, "e-alpha"), (BETA, "e-beta")] {
        let listing = page(&[enrollment(id)]);
        vendor.of(company, enrollments(), ok(listing)).await;
    }
    let turn = Turn::default();
    let answers = turn.answers(vec![failure(500, ""), failure(403, "")]);
    vendor.own(&own, enrollments(), answers).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    for company in &report.companies {
        assert_eq!(company.verdict, Verdict::Failed);
    }
    assert_eq!(told(&app.pool, STORED).await, [""; 0]);
    // Who may not read it has nothing there that could be taken for another's.
    turn.next();
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    assert_eq!(told(&app.pool, STORED).await.len(), 2);
}
