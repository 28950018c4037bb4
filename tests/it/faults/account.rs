//! Faults above the companies: without token or companies there is nothing to pull, and the run says why.

use keepnet_etl::sync::SyncError;
use sqlx::PgPool;

use super::{heal_and_assert_whole, start};

/// The fault, the exit code, what is said, and what is to be done.
const REFUSED: &[(&str, u8, &str, &str)] = &[
    (
        "token:400:body=oauth",
        2,
        "could not obtain an access token: the service refused client id or secret",
        "check api.client_id and api.client_secret (KEEPNET_ETL__API__CLIENT_ID, KEEPNET_ETL__API__CLIENT_SECRET)",
    ),
    (
        "token:401",
        2,
        "could not obtain an access token: the service refused client id or secret",
        "check api.client_id and api.client_secret (KEEPNET_ETL__API__CLIENT_ID, KEEPNET_ETL__API__CLIENT_SECRET)",
    ),
    (
        "token:ip-restricted",
        2,
        "could not obtain an access token: the service does not accept this machine's network address (HTTP 403 IP_RESTRICTED)",
        "add this machine's address to the API client's allow-list in the vendor's console",
    ),
    (
        "token:404",
        2,
        "could not obtain an access token: nothing at api.base_url gives tokens (HTTP 404 for connect/token)",
        "correct the setting, or check the file's path and that this user may read it",
    ),
    (
        "companies:403",
        2,
        "could not fetch page 1 of the companies: the service denies access (HTTP 403)",
        "use an API client that was created in the reseller's own company, with the role Reseller",
    ),
    (
        "companies:ip-restricted",
        2,
        "could not fetch page 1 of the companies: the service does not accept this machine's network address (HTTP 403 IP_RESTRICTED)",
        "add this machine's address to the API client's allow-list in the vendor's console",
    ),
    (
        "companies:400",
        3,
        "could not fetch page 1 of the companies: the service rejected the request (HTTP 400",
        "report it with this message",
    ),
];

#[tokio::test]
async fn an_account_that_is_refused_ends_the_run_with_the_reason_and_the_remedy() {
    let (simulator, app) = start(2, &[]).await;
    for (fault, code, message, remedy) in REFUSED {
        simulator.fault(fault).await;
        let error = app.sync().await.unwrap_err();
        assert_said(fault, &error, *code, message, remedy);
        if fault.starts_with("companies") {
            assert_recorded(&app.pool, &error).await;
        }
        simulator.heal().await;
    }
    heal_and_assert_whole(&simulator, &app).await;
}

/// Tried several times with growing pauses: one is enough.
#[tokio::test]
async fn a_web_page_in_the_place_of_the_companies_ends_the_run_as_out_of_reach() {
    let (simulator, app) = start(2, &[]).await;
    simulator.fault("companies:html").await;
    let error = app.sync().await.unwrap_err();
    assert_said(
        "companies:html",
        &error,
        3,
        "could not fetch page 1 of the companies: the answer (HTTP 200) is a web page, not JSON",
        "check that api.base_url is the API and not a web page, and that no proxy answers in its place",
    );
    assert_recorded(&app.pool, &error).await;
    heal_and_assert_whole(&simulator, &app).await;
}

#[tokio::test]
async fn an_account_that_may_not_read_its_tree_still_gets_its_companies() {
    let (simulator, app) = start(2, &[]).await;
    simulator.fault("companies-my:403").await;
    let report = app.sync().await.unwrap();
    assert_eq!((report.outcome, report.companies.len()), ("ok", 2));
    heal_and_assert_whole(&simulator, &app).await;
}

fn assert_said(fault: &str, error: &SyncError, code: u8, message: &str, remedy: &str) {
    assert!(error.to_string().starts_with(message), "{fault}: {error}");
    assert!(
        error.remedy().contains(remedy) && !error.remedy().is_empty(),
        "{fault}: {}",
        error.remedy()
    );
    assert_eq!(error.exit_code(), code, "{fault}: {error}");
}

async fn assert_recorded(pool: &PgPool, error: &SyncError) {
    let (outcome, recorded): (String, String) =
        sqlx::query_as("select outcome, error from sync.runs order by id desc limit 1")
            .fetch_one(pool)
            .await
            .unwrap();
    assert_eq!((&*outcome, recorded), ("failed", error.to_string()));
}
