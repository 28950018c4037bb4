//! TV38 to TV44 and the table of errors (1.9): what each becomes in the run, and how often it is asked again.

use keepnet_etl::resource::Resource;
use keepnet_etl::verdict::Verdict;
use serde_json::json;
use wiremock::{Request, ResponseTemplate};

use super::{PATH, SURVEY, day_first, scope, sync_well};
use crate::support::TestApp;
use crate::support::vendor::{
    ALPHA, BETA, Vendor, companies, detail, enrollments, failure, ok, page, summary, vector,
    vector_json,
};

/// Attempts at a request that may heal.
const ATTEMPTS: usize = 5;

/// A vendor with two companies, the second of which has two enrollments.
async fn two_companies() -> Vendor {
    let vendor = Vendor::start().await;
    let rows = vector_json(6)["data"]["results"].clone();
    vendor
        .on(companies(), ok(page(rows.as_array().expect("rows"))))
        .await;
    vendor.of(BETA, enrollments(), ok(vector(11))).await;
    vendor
}

/// The answer to a company's first request, and what is to become of it.
struct Case {
    name: &'static str,
    answer: ResponseTemplate,
    verdict: Verdict,
    reason: &'static str,
    requests: usize,
}

impl Case {
    fn failed(
        name: &'static str,
        answer: ResponseTemplate,
        requests: usize,
        reason: &'static str,
    ) -> Self {
        Self {
            name,
            answer,
            verdict: Verdict::Failed,
            reason,
            requests,
        }
    }

    fn forbidden(name: &'static str, answer: ResponseTemplate, reason: &'static str) -> Self {
        Self {
            name,
            answer,
            verdict: Verdict::Forbidden,
            reason,
            requests: 1,
        }
    }
}

/// Has a company per case answer so, beside one that is well, and runs the program once.
async fn check(cases: Vec<Case>) {
    let vendor = two_companies().await;
    let id = |index: usize| format!("CaSe{index:08}");
    let mut rows = vec![json!({"companyResourceId": BETA})];
    for (index, case) in cases.iter().enumerate() {
        rows.push(json!({"companyResourceId": id(index)}));
        vendor
            .of(&id(index), enrollments(), case.answer.clone())
            .await;
    }
    vendor.first(1, companies(), ok(page(&rows))).await;
    let app = day_first(&vendor).await;
    let report = app.sync().await.expect("a run");
    assert_eq!(report.outcome, "partial");
    let asked = vendor.received(&enrollments()).await;
    for (index, case) in cases.iter().enumerate() {
        let (company, name) = (id(index), case.name);
        let failed = scope(&report, &company, Resource::Enrollments);
        assert_eq!(failed.verdict, case.verdict, "{name}");
        let expected = format!("could not fetch page 1 of the enrollments: {}", case.reason);
        assert_eq!(failed.error.as_deref(), Some(expected.as_str()), "{name}");
        assert!(failed.remedy.is_some(), "{name}");
        let is_about = |r: &&Request| r.headers["x-ir-company-id"] == company.as_str();
        assert_eq!(
            asked.iter().filter(is_about).count(),
            case.requests,
            "{name}"
        );
        let recorded: (String, Option<String>, bool) = sqlx::query_as(
            "select verdict, reason, safe_as_of is null from sync.company_state where company_id = $1",
        )
        .bind(&company)
        .fetch_one(&app.pool)
        .await
        .expect("its state");
        let expected = (case.verdict.name().to_owned(), Some(expected), true);
        assert_eq!(recorded, expected, "{name}");
    }
    assert_neighbour_landed(&app).await;
}

/// One company's failure never stops another.
async fn assert_neighbour_landed(app: &TestApp) {
    let landed: (i64, bool) = sqlx::query_as(
        "select (select count(*) from keepnet.enrollments where company_id = $1),
                (select safe_as_of is not null from sync.company_state where company_id = $1)",
    )
    .bind(BETA)
    .fetch_one(&app.pool)
    .await
    .expect("its state");
    assert_eq!(landed, (2, true), "one company stopped another");
}

#[tokio::test]
async fn vector_38_a_rejected_request_is_final_and_says_what_was_wrong() {
    let reason = "the service rejected the request (HTTP 400: OrderBy is not valid)";
    check(vec![Case::failed(
        "TV38",
        failure(400, vector(38)),
        1,
        reason,
    )])
    .await;
}

#[tokio::test]
async fn vector_39_a_failing_service_is_asked_a_bounded_number_of_times() {
    let reason = "the service failed (HTTP 500: An error occurred)";
    check(vec![Case::failed(
        "TV39",
        failure(500, vector(39)),
        ATTEMPTS,
        reason,
    )])
    .await;
}

#[tokio::test]
async fn vector_40_withdrawn_access_and_a_refused_address_are_not_retried() {
    let bodies = vector_json(40);
    check(vec![
        Case::forbidden(
            "privacy",
            failure(403, bodies[0].to_string()),
            "the customer has withdrawn the reseller's access (HTTP 403 PRIVACY_ERROR)",
        ),
        Case::forbidden(
            "address",
            failure(403, bodies[1].to_string()),
            "the service does not accept this machine's network address (HTTP 403 IP_RESTRICTED)",
        ),
    ])
    .await;
}

#[tokio::test]
async fn vector_40_a_company_that_is_known_to_be_forbidden_is_well_and_comes_back_by_itself() {
    let vendor = two_companies().await;
    let privacy = failure(403, vector_json(40)[0].to_string());
    vendor.of_first(2, ALPHA, enrollments(), privacy).await;
    let app = day_first(&vendor).await;
    assert_eq!(app.sync().await.unwrap().outcome, "partial", "it became so");
    assert_eq!(app.sync().await.unwrap().outcome, "ok", "it was known");
    assert_eq!(verdict_of(&app, ALPHA).await, "forbidden");
    sync_well(&app).await;
    assert_eq!(verdict_of(&app, ALPHA).await, "complete");
}

async fn verdict_of(app: &TestApp, company: &str) -> String {
    sqlx::query_scalar("select verdict from sync.company_state where company_id = $1")
        .bind(company)
        .fetch_one(&app.pool)
        .await
        .expect("its state")
}

#[tokio::test]
async fn vector_40_access_that_ends_in_the_middle_ends_the_company_and_keeps_what_is_stored() {
    let vendor = two_companies().await;
    vendor.of(ALPHA, enrollments(), ok(vector(11))).await;
    let privacy = failure(403, vector_json(40)[0].to_string());
    for enrollment in [SURVEY, PATH] {
        vendor.of(ALPHA, summary(enrollment), privacy.clone()).await;
    }
    let app = TestApp::new(
        &vendor.url(),
        &[("api.date_format", "dmy"), ("api.max_concurrency", "1")],
    )
    .await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let summaries = scope(&report, ALPHA, Resource::Summaries);
    assert_eq!(
        (summaries.verdict, summaries.requests),
        (Verdict::Forbidden, 1)
    );
    for enrollment in [SURVEY, PATH] {
        let about_alpha = vendor.received(&detail(enrollment)).await;
        let is_alpha = |r: &&Request| r.headers["x-ir-company-id"] == ALPHA;
        assert_eq!(about_alpha.iter().filter(is_alpha).count(), 0);
    }
    let stored: i64 = sqlx::query_scalar(
        "select count(*) from keepnet.enrollments where company_id = $1 and deleted_at is null",
    )
    .bind(ALPHA)
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(stored, 2);
    assert_neighbour_landed(&app).await;
}

#[tokio::test]
async fn vector_41_problem_details_are_read_for_their_most_telling_message() {
    let reason = "the service rejected the request (HTTP 400: The filter field is required.)";
    check(vec![Case::failed(
        "TV41",
        failure(400, vector(41)),
        1,
        reason,
    )])
    .await;
}

#[tokio::test]
async fn vector_42_a_failure_inside_http_200_is_a_failure() {
    let bodies = vector_json(42);
    check(vec![
        Case::failed(
            "status",
            ok(bodies[0].to_string()),
            ATTEMPTS,
            "the service answered HTTP 200 but reports FAILED: Something failed",
        ),
        Case::failed(
            "flag",
            ok(bodies[1].to_string()),
            ATTEMPTS,
            "the service answered HTTP 200 but reports a failure: Not allowed",
        ),
    ])
    .await;
}

#[tokio::test]
async fn vector_43_a_token_that_is_not_accepted_is_renewed_once() {
    let reason = "the service does not accept its own token (HTTP 401)";
    check(vec![
        Case::failed("TV43", failure(401, vector(43)), 2, reason),
        Case::failed("TV44: an empty body", failure(401, ""), 2, reason),
        Case::failed("306 is meant like 401", failure(306, ""), 2, reason),
    ])
    .await;
}

#[tokio::test]
async fn vector_44_what_is_not_json_is_named() {
    let text = "the answer (HTTP 200) is text, not JSON";
    check(vec![
        Case::failed(
            "a proxy's page",
            ok("<html>502 Bad Gateway</html>"),
            ATTEMPTS,
            "the answer (HTTP 200) is a web page, not JSON",
        ),
        Case::failed("Forbidden", ok("Forbidden"), ATTEMPTS, text),
        Case::failed(
            "CSV",
            ok("Name;Status\r\nPulse;Finished\r\n"),
            ATTEMPTS,
            text,
        ),
        Case::failed(
            "empty",
            ok(""),
            ATTEMPTS,
            "the answer (HTTP 200) is empty, not JSON",
        ),
        Case::failed(
            "cut off",
            ok(r#"{"data":{"results":["#),
            ATTEMPTS,
            "the answer is JSON that is cut off or damaged",
        ),
    ])
    .await;
}

#[tokio::test]
async fn vector_44_a_byte_order_mark_in_front_of_json_does_no_harm() {
    let vendor = Vendor::start().await;
    let body = format!("\u{feff}{}", vector(11));
    vendor.on(enrollments(), ok(body)).await;
    let app = day_first(&vendor).await;
    let report = sync_well(&app).await;
    assert_eq!(
        scope(&report, ALPHA, Resource::Enrollments).rows.inserted,
        3,
        "two enrollments and a language"
    );
}

#[tokio::test]
async fn the_other_refusals_of_the_vendor_are_final() {
    check(vec![
        Case::forbidden(
            "plain text",
            failure(403, "Forbidden"),
            "the service denies access (HTTP 403)",
        ),
        Case::forbidden(
            "no permission",
            failure(403, r#"{"message":"You are not allowed"}"#),
            "the service denies access (HTTP 403: You are not allowed)",
        ),
        Case::failed(
            "unknown company",
            failure(422, r#"{"message":"simulated company not found"}"#),
            1,
            "the service rejected the request (HTTP 422: simulated company not found)",
        ),
        Case::failed(
            "404",
            failure(404, ""),
            1,
            "the service does not know it (HTTP 404)",
        ),
        Case::failed(
            "a list",
            ok(r#"{"data":[],"status":"SUCCESS"}"#),
            1,
            "the answer has an unexpected shape at $.data: expected a page with a list of results",
        ),
        Case::failed(
            "no data",
            ok(r#"{"data":null,"status":"SUCCESS"}"#),
            1,
            "the answer has an unexpected shape at $.data: it is missing",
        ),
    ])
    .await;
}

#[tokio::test]
async fn trouble_that_may_pass_is_asked_again() {
    check(vec![
        Case::failed(
            "408",
            failure(408, ""),
            ATTEMPTS,
            "the service failed (HTTP 408)",
        ),
        Case::failed(
            "502",
            failure(502, "<html>502 Bad Gateway</html>"),
            ATTEMPTS,
            "the service failed (HTTP 502)",
        ),
        Case::failed(
            "503",
            failure(503, ""),
            ATTEMPTS,
            "the service failed (HTTP 503)",
        ),
        Case::failed(
            "429",
            failure(429, ""),
            // Pauses of 1, 4, 16, 64 and 256 ms are within a patience of 1,200 ms; the sixth, of 1,024, is not.
            6,
            "the service asks for fewer requests (HTTP 429)",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_message_of_the_vendor_is_shown_without_addresses() {
    let vendor = two_companies().await;
    let body = json!({"message": "ada@example.com is\nnot welcome"}).to_string();
    vendor.of(ALPHA, enrollments(), failure(400, body)).await;
    let app = day_first(&vendor).await;
    let report = app.sync().await.unwrap();
    let failed = scope(&report, ALPHA, Resource::Enrollments);
    let error = failed.error.as_deref().unwrap();
    assert!(
        error.ends_with("(HTTP 400: (address) is not welcome)"),
        "{error}"
    );
}
