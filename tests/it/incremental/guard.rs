//! Another tenant's data under HTTP 200 is stopped before anything of it is written.

use keepnet_etl::verdict::Verdict;
use serde_json::json;

use crate::support::TestApp;
use crate::support::table::told;
use crate::support::vendor::{ALPHA, BETA, Vendor, companies, enrollments, ok, page, vector_json};

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
    // The account's own company, by the tree of vector 10.
    let own = vector_json(10)["data"][0]["resourceId"]
        .as_str()
        .unwrap()
        .to_owned();
    let listing = page(&[enrollment("e-own"), enrollment("e-own-too")]);
    vendor.own_enrollments(&own, ok(listing.clone())).await;
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
