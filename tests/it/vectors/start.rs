//! Errors before any company is pulled: they end the run, and the exit code says whose turn it is.

use crate::support::vendor::{
    Vendor, companies, failure, my_companies, ok, token, vector, vector_json,
};
use crate::support::{TestApp, database};

#[tokio::test]
async fn at_the_start_an_error_ends_the_run_with_the_code_for_its_kind() {
    let bodies = vector_json(40);
    let pool = database::migrated().await;
    for (endpoint, answer, code, words) in [
        (
            token(),
            failure(403, bodies[1].to_string()),
            2,
            "IP_RESTRICTED",
        ),
        (token(), failure(500, ""), 3, "HTTP 500"),
        (token(), ok("<html></html>"), 3, "a web page"),
        (
            token(),
            ok(bodies[1].to_string()),
            3,
            "IP_RESTRICTED: Network not allowed",
        ),
        (companies(), failure(403, ""), 2, "denies access"),
        (companies(), failure(401, vector(43)), 2, "HTTP 401"),
        (
            companies(),
            failure(400, vector(38)),
            3,
            "OrderBy is not valid",
        ),
        (
            companies(),
            failure(500, vector(39)),
            3,
            "An error occurred",
        ),
        (
            companies(),
            ok(vector_json(42)[1].to_string()),
            3,
            "Not allowed",
        ),
        (
            my_companies(),
            failure(500, vector(39)),
            3,
            "An error occurred",
        ),
        (my_companies(), ok(r#"{"data":{}}"#), 3, "expected a list"),
    ] {
        let vendor = Vendor::start().await;
        let name = format!("{endpoint:?} {words}");
        vendor.on(endpoint, answer).await;
        let app = TestApp::with_pool(pool.clone(), &vendor.url(), &[("api.date_format", "dmy")]);
        let failed = app.sync().await.unwrap_err();
        assert!(failed.to_string().contains(words), "{name}: {failed}");
        assert_eq!(failed.exit_code(), code, "{name}");
        let outcomes: Vec<String> = sqlx::query_scalar("select outcome from sync.runs")
            .fetch_all(&app.pool)
            .await
            .unwrap();
        assert!(
            outcomes.iter().all(|o| o == "failed"),
            "{name}: {outcomes:?}"
        );
    }
}
