//! Faults that stay for the whole run.

use keepnet_etl::verdict::Verdict::{Failed, Forbidden};

use super::{Case, add_fault, case, companies, each_stops_at_its_own_company, start};
use crate::support::table::assert_all_equal_truth;

const REFUSALS: &[Case] = &[
    case(
        "*:privacy-error",
        "enrollments",
        Forbidden,
        "the customer has withdrawn the reseller's access (HTTP 403 PRIVACY_ERROR)",
        "ask the customer to grant the reseller access again",
    ),
    case(
        "users:privacy-error",
        "users",
        Forbidden,
        "the customer has withdrawn the reseller's access (HTTP 403 PRIVACY_ERROR)",
        "ask the customer to grant the reseller access again",
    ),
    case(
        "users:ip-restricted",
        "users",
        Forbidden,
        "the service does not accept this machine's network address (HTTP 403 IP_RESTRICTED)",
        "add this machine's address to the API client's allow-list",
    ),
    case(
        "archive:403",
        "enrollments",
        Forbidden,
        "could not fetch page 1 of the archived enrollments: the service denies access (HTTP 403",
        "the API client needs the role Reseller and access to this company",
    ),
    case(
        "users:404",
        "users",
        Failed,
        "the service does not know it (HTTP 404)",
        "it may just have been removed; the next run will tell",
    ),
    case(
        "summaries:404:body=problem",
        "summaries",
        Failed,
        "the service does not know it (HTTP 404)",
        "it may just have been removed; the next run will tell",
    ),
    case(
        "users:400",
        "users",
        Failed,
        "the service rejected the request (HTTP 400",
        "report it with this message",
    ),
    case(
        "details:400:body=oauth",
        "details",
        Failed,
        "the service rejected the request (HTTP 400",
        "report it with this message",
    ),
    case(
        "users:401",
        "users",
        Failed,
        "the service does not accept its own token (HTTP 401)",
        "check that the API client is still active",
    ),
    case(
        "users:empty",
        "users",
        Failed,
        "but its summary counts 25",
        "what is stored was left as it is",
    ),
    case(
        "users:huge=2000000",
        "users",
        Failed,
        "the answer is larger than api.max_response_bytes (1048576 bytes)",
        "lower api.page_size or raise api.max_response_bytes",
    ),
    case(
        "users:429:retry-after=0",
        "users",
        Failed,
        "the service asks for fewer requests (HTTP 429)",
        "lower api.max_requests_per_second or api.max_concurrency",
    ),
    case(
        "enrollments:503:retry-after=86400",
        "enrollments",
        Failed,
        "the service failed (HTTP 503",
        "it is tried again by the next run",
    ),
];

#[tokio::test]
async fn a_refusal_is_not_repeated_and_stops_at_its_own_company() {
    each_stops_at_its_own_company(REFUSALS, &[("api.max_response_bytes", "1MiB")]).await;
}

/// These are tried five times with growing pauses, so they share one run.
const BROKEN: &[Case] = &[
    case(
        "users:html",
        "users",
        Failed,
        "the answer (HTTP 200) is a web page, not JSON",
        "check that api.base_url is the API and not a web page",
    ),
    case(
        "enrollments:html",
        "enrollments",
        Failed,
        "could not fetch page 1 of the enrollments: the answer (HTTP 200) is a web page, not JSON",
        "check that api.base_url is the API and not a web page",
    ),
    case(
        "users:truncate",
        "users",
        Failed,
        "the answer is JSON that is cut off or damaged",
        "it is tried again by the next run",
    ),
    case(
        "details:truncate",
        "details",
        Failed,
        "the answer is JSON that is cut off or damaged",
        "it is tried again by the next run",
    ),
    case(
        "summaries:reset",
        "summaries",
        Failed,
        "the answer broke off",
        "it is tried again by the next run",
    ),
    case(
        "users:ok-failed",
        "users",
        Failed,
        "the service answered HTTP 200 but reports FAILED: Something failed",
        "ask the vendor's support",
    ),
    case(
        "archive:is-success-false",
        "enrollments",
        Failed,
        "the service answered HTTP 200 but reports a failure: Not allowed",
        "ask the vendor's support",
    ),
    case(
        "users:results-null",
        "users",
        Failed,
        "rows, but the answer holds none ($.data.results is missing)",
        "it is tried again by the next run; if it persists, ask the vendor's support",
    ),
    case(
        "enrollments:results-missing",
        "enrollments",
        Failed,
        "rows, but the answer holds none ($.data.results is missing)",
        "it is tried again by the next run; if it persists, ask the vendor's support",
    ),
    case(
        "users:500:body=pascal",
        "users",
        Failed,
        "the service failed (HTTP 500",
        "it is tried again by the next run",
    ),
    case(
        "summaries:502:body=html",
        "summaries",
        Failed,
        "the service failed (HTTP 502)",
        "it is tried again by the next run",
    ),
];

#[tokio::test]
async fn a_broken_answer_is_given_up_after_some_tries_and_stops_at_its_own_company() {
    each_stops_at_its_own_company(BROKEN, &[]).await;
}

#[tokio::test]
async fn what_was_stored_stays_when_a_company_is_refused_or_empty_later() {
    let (simulator, app) = start(4, &[]).await;
    app.sync().await.unwrap();
    assert_all_equal_truth(&app.pool, &simulator).await;
    let ids = companies(&simulator).await;
    for (fault, company) in ["*:privacy-error", "users:empty", "users:404"]
        .iter()
        .zip(&ids)
    {
        add_fault(&simulator, fault, company).await;
    }
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    assert_eq!(report.totals.rows.updated + report.totals.rows.deleted, 0);
    assert_all_equal_truth(&app.pool, &simulator).await;
}
