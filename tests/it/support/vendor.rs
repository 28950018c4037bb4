//! A vendor that says what a test tells it to say, and refuses everything else by name.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use serde_json::{Value, json};
use wiremock::matchers::{any, header, method, path, path_regex};
use wiremock::{Mock, MockBuilder, MockServer, Request, Respond, ResponseTemplate};

/// The one company that a vendor has unless told otherwise; it is in vectors 6 and 10.
pub const ALPHA: &str = "aB3dE5gH7jK9";
/// Another one, whose id differs by case only.
pub const BETA: &str = "Ab3De5Gh7Jk9";

/// What names the account: the root of vector 10, else the client id.
const ACCOUNTS: [&str; 2] = ["RsLr00000001", "demo"];

/// Above what a test says of any company.
const OWN: u8 = 2;
/// Below what a test says itself.
const DEFAULT: u8 = 200;
const LAST: u8 = 255;

/// Method and path of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(pub &'static str, pub String);

/// The vendor; it ends with this value.
pub struct Vendor(MockServer);

pub fn token() -> Endpoint {
    Endpoint("POST", "/connect/token".to_owned())
}

pub fn user_settings() -> Endpoint {
    Endpoint("GET", "/api/system-users/settings".to_owned())
}

pub fn my_companies() -> Endpoint {
    Endpoint("GET", "/api/companies/my".to_owned())
}

pub fn companies() -> Endpoint {
    Endpoint("POST", "/api/companies/search".to_owned())
}

pub fn enrollments() -> Endpoint {
    Endpoint("POST", "/api/enrollments/search".to_owned())
}

pub fn archive() -> Endpoint {
    Endpoint("POST", "/api/enrollments/archive/search".to_owned())
}

pub fn detail(enrollment: &str) -> Endpoint {
    Endpoint("GET", format!("/api/enrollments/{enrollment}"))
}

pub fn summary(enrollment: &str) -> Endpoint {
    let path = format!("/api/training-reports/{enrollment}/summary");
    Endpoint("GET", path)
}

pub fn users(enrollment: &str) -> Endpoint {
    let path = format!("/api/training-reports/{enrollment}/users/search");
    Endpoint("POST", path)
}

pub fn interactions(enrollment: &str, user: &str) -> Endpoint {
    let path = format!("/api/training-reports/{enrollment}/interactions/{user}");
    Endpoint("GET", path)
}

pub fn sessions(enrollment: &str, user: &str) -> Endpoint {
    let path = format!("/api/training-reports/{enrollment}/exam-result-sessions/{user}");
    Endpoint("GET", path)
}

pub fn anonymous(enrollment: &str) -> Endpoint {
    let path = format!("/api/training-reports/anonymous/{enrollment}");
    Endpoint("POST", path)
}

pub fn anonymous_result(enrollment: &str) -> Endpoint {
    let path = format!("/api/training-reports/anonymous/{enrollment}/result");
    Endpoint("POST", path)
}

pub fn report_list() -> Endpoint {
    Endpoint("POST", "/api/executive-report/search".to_owned())
}

pub fn report(id: &str) -> Endpoint {
    Endpoint("GET", format!("/api/executive-report/{id}"))
}

pub fn metrics() -> Endpoint {
    Endpoint("GET", "/api/executive-report/metrics".to_owned())
}

pub fn widget_datas() -> Endpoint {
    Endpoint("POST", "/api/executive-report/get-widget-datas".to_owned())
}

pub fn trainings() -> Endpoint {
    Endpoint("POST", "/api/trainings/search".to_owned())
}

pub fn target_groups() -> Endpoint {
    let path = "/api/target-groups/search/current-company";
    Endpoint("POST", path.to_owned())
}

pub fn creation() -> Endpoint {
    Endpoint("POST", "/api/enrollments".to_owned())
}

pub fn sending(enrollment: &str) -> Endpoint {
    Endpoint("POST", format!("/api/enrollments/{enrollment}/send"))
}

pub fn export() -> Endpoint {
    Endpoint("POST", "/api/enrollments/search/export".to_owned())
}

pub fn enrollment_form() -> Endpoint {
    Endpoint("GET", "/api/enrollments/form-details".to_owned())
}

pub fn report_form() -> Endpoint {
    Endpoint("GET", "/api/training-reports/form-details".to_owned())
}

impl Vendor {
    /// A vendor that gives a token and knows nothing else.
    pub async fn mute() -> Self {
        let vendor = Self(MockServer::start().await);
        Mock::given(any())
            .respond_with(|request: &Request| {
                let message = format!("this test has no {} {}", request.method, request.url.path());
                ResponseTemplate::new(500).set_body_json(json!({ "message": message }))
            })
            .with_priority(LAST)
            .mount(&vendor.0)
            .await;
        vendor.by_default(token(), ok(vector(1))).await;
        // What the account's own company has is no company's business but its own.
        for account in ACCOUNTS {
            for listing in [enrollments(), archive()] {
                about(account, listing)
                    .respond_with(ok(page(&[])))
                    .with_priority(OWN)
                    .mount(&vendor.0)
                    .await;
            }
        }
        vendor
    }

    /// A vendor with the company tree of vector 10, whose one customer has no enrollments; every enrollment that a
    /// test adds has an empty summary, an empty detail and no users, every user no events and no sessions. There are
    /// no reports, widgets, trainings and groups. The account's own settings are refused.
    pub async fn start() -> Self {
        let vendor = Self::mute().await;
        let refused = failure(403, "");
        vendor.by_default(user_settings(), refused).await;
        vendor.by_default(my_companies(), ok(vector(10))).await;
        let alpha = json!({"companyResourceId": ALPHA, "companyName": "Alpha Example"});
        vendor.by_default(companies(), ok(page(&[alpha]))).await;
        vendor.by_default(enrollments(), ok(page(&[]))).await;
        vendor.by_default(archive(), ok(page(&[]))).await;
        vendor.by_default(report_list(), ok(r#"{"data":[]}"#)).await;
        vendor.by_default(metrics(), ok(r#"{"data":{}}"#)).await;
        vendor.by_default(trainings(), ok(page(&[]))).await;
        vendor.by_default(target_groups(), ok(page(&[]))).await;
        for (verb, pattern, body) in [
            (
                "GET",
                "^/api/training-reports/[^/]+/(interactions|exam-result-sessions)/[^/]+$",
                r#"{"data":[]}"#.to_owned(),
            ),
            (
                "POST",
                "^/api/training-reports/anonymous/[^/]+(/result)?$",
                page(&[]),
            ),
            (
                "GET",
                "^/api/enrollments/[^/]+$",
                r#"{"data":{}}"#.to_owned(),
            ),
            (
                "GET",
                "^/api/training-reports/[^/]+/summary$",
                r#"{"data":{}}"#.to_owned(),
            ),
            (
                "POST",
                "^/api/training-reports/[^/]+/users/search$",
                page(&[]),
            ),
        ] {
            Mock::given(method(verb))
                .and(path_regex(pattern))
                .respond_with(ok(body))
                .with_priority(DEFAULT)
                .mount(&vendor.0)
                .await;
        }
        vendor
    }

    pub fn url(&self) -> String {
        self.0.uri()
    }

    /// From now on answers `endpoint` with `answer`. Of several, the first counts.
    pub async fn on(&self, endpoint: Endpoint, answer: impl Respond + 'static) {
        let mock = Mock::given(method(endpoint.0)).and(path(endpoint.1));
        mock.respond_with(answer)
            .with_priority(6)
            .mount(&self.0)
            .await;
    }

    /// The same, but only the next `times` requests.
    pub async fn first(&self, times: u64, endpoint: Endpoint, answer: impl Respond + 'static) {
        let mock = Mock::given(method(endpoint.0)).and(path(endpoint.1));
        let mock = mock
            .respond_with(answer)
            .up_to_n_times(times)
            .with_priority(3);
        mock.mount(&self.0).await;
    }

    /// Breaks the connection of the next `times` requests.
    pub async fn break_off(&self, times: u64, endpoint: &Endpoint) {
        let mock = Mock::given(method(endpoint.0)).and(path(endpoint.1.clone()));
        let mock = mock.respond_with_err(|_: &Request| io::Error::other("broken off"));
        let mock = mock.up_to_n_times(times).with_priority(3);
        mock.mount(&self.0).await;
    }

    /// The same as `on`, for the requests about one company.
    pub async fn of(&self, company: &str, endpoint: Endpoint, answer: impl Respond + 'static) {
        let mock = about(company, endpoint).respond_with(answer);
        mock.with_priority(5).mount(&self.0).await;
    }

    /// The same, but only the next `times` requests.
    pub async fn of_first(
        &self,
        times: u64,
        company: &str,
        endpoint: Endpoint,
        answer: impl Respond + 'static,
    ) {
        let mock = about(company, endpoint).respond_with(answer);
        let mock = mock.up_to_n_times(times).with_priority(4);
        mock.mount(&self.0).await;
    }

    /// What the account's own company lists, instead of nothing.
    pub async fn own(&self, account: &str, endpoint: Endpoint, answer: impl Respond + 'static) {
        let mock = about(account, endpoint).respond_with(answer);
        mock.with_priority(1).mount(&self.0).await;
    }

    /// The requests received so far, oldest first.
    pub async fn received(&self, endpoint: &Endpoint) -> Vec<Request> {
        let requests = self.0.received_requests().await.expect("recording is on");
        let is_it = |request: &Request| {
            request.method.as_str() == endpoint.0
                && request.url.path() == endpoint.1
                && !is_about_the_account(request)
        };
        requests.into_iter().filter(is_it).collect()
    }

    /// How many of them there are.
    pub async fn count(&self, endpoint: &Endpoint) -> usize {
        self.received(endpoint).await.len()
    }

    /// Paths of all requests received so far, oldest first.
    pub async fn paths(&self) -> Vec<String> {
        let requests = self.0.received_requests().await.expect("recording is on");
        let others = requests
            .iter()
            .filter(|request| !is_about_the_account(request));
        others
            .map(|request| request.url.path().to_owned())
            .collect()
    }

    async fn by_default(&self, endpoint: Endpoint, answer: ResponseTemplate) {
        let mock = Mock::given(method(endpoint.0)).and(path(endpoint.1));
        let mock = mock.respond_with(answer).with_priority(DEFAULT);
        mock.mount(&self.0).await;
    }
}

/// The guard against another tenant's data looks at what the account's own company has.
fn is_about_the_account(request: &Request) -> bool {
    let company = request.headers.get("x-ir-company-id");
    company.is_some_and(|company| ACCOUNTS.iter().any(|account| company == account))
}

fn about(company: &str, endpoint: Endpoint) -> MockBuilder {
    Mock::given(method(endpoint.0))
        .and(path(endpoint.1))
        .and(header("x-ir-company-id", company))
}

/// A vector of the facts about the API, as it is written there.
pub fn vector(number: u8) -> String {
    let path = format!("tests/resources/vectors/tv{number:02}.json");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A vector as JSON.
pub fn vector_json(number: u8) -> Value {
    serde_json::from_str(&vector(number)).expect("a vector is JSON")
}

/// HTTP 200 with this body.
pub fn ok(body: impl Into<String>) -> ResponseTemplate {
    failure(200, body)
}

/// This status with this body.
pub fn failure(status: u16, body: impl Into<String>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.into(), "application/json")
}

/// A listing that has these rows and no others, in one page.
pub fn page(rows: &[Value]) -> String {
    let pages = usize::from(!rows.is_empty());
    json!({
        "data": {
            "pageNumber": 1,
            "pageSize": 100,
            "totalNumberOfPages": pages,
            "totalNumberOfRecords": rows.len(),
            "results": rows,
        },
        "status": "SUCCESS",
    })
    .to_string()
}

/// What a vendor says by turns: each endpoint that follows it gives the answer of the present turn, and its last one
/// from then on.
#[derive(Debug, Clone, Default)]
pub struct Turn(Arc<AtomicUsize>);

impl Turn {
    /// The answers of one endpoint, turn by turn.
    pub fn answers(&self, answers: Vec<ResponseTemplate>) -> impl Respond + use<> {
        let turn = self.0.clone();
        move |_: &Request| {
            let last = answers.len() - 1;
            answers[turn.load(Ordering::Relaxed).min(last)].clone()
        }
    }

    /// Begins the next turn.
    pub fn next(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Answers with the page that is asked for; what is behind the last is empty.
pub fn pages(bodies: Vec<String>) -> impl Respond {
    move |request: &Request| {
        let body: Value = request.body_json().expect("a search is JSON");
        let number = body["pageNumber"].as_u64().expect("a search has a page");
        let index = usize::try_from(number).expect("a page") - 1;
        ok(bodies.get(index).cloned().unwrap_or_else(|| page(&[])))
    }
}

/// The answer to a token request: an unsigned token that carries `claims`.
pub fn token_with(claims: &Value) -> ResponseTemplate {
    let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let token = format!(
        "{}.{}.",
        encode(r#"{"alg":"none"}"#.to_owned()),
        encode(claims.to_string())
    );
    ok(json!({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}).to_string())
}
