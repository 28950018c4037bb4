//! What the simulated vendor promises to everything that is tested against it.

use std::collections::{BTreeMap, BTreeSet};

use keepnet_etl::clock::ManualClock;
use keepnet_etl::simulator::{
    Clustering, DateOrder, Foreign, Lifetime, PastEnd, Share, Simulator, SimulatorOptions, Totals,
    TrainingTypeRule, WorldOptions,
};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

const BOTH_HEADERS: [&str; 2] = ["X-KEEPNET-Company-Id", "x-ir-company-id"];

/// A simulator with a client that holds a token.
struct Vendor {
    simulator: Simulator,
    client: reqwest::Client,
    token: String,
}

impl Vendor {
    async fn start(options: SimulatorOptions) -> Self {
        // A second test finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let simulator = Simulator::start(options).await.unwrap();
        let client = reqwest::Client::default();
        let mut vendor = Self {
            simulator,
            client,
            token: String::new(),
        };
        let granted = vendor.grant("demo-secret").await;
        vendor.token = granted.json::<Value>().await.unwrap()["access_token"]
            .as_str()
            .unwrap()
            .into();
        vendor
    }

    async fn small() -> Self {
        Self::start(small()).await
    }

    async fn grant(&self, secret: &str) -> Response {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "demo"),
            ("client_secret", secret),
            ("scope", "api1"),
        ];
        send(self.client.post(self.url("/connect/token")).form(&form)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    fn request(&self, method: Method, path: &str, company: Option<&str>) -> RequestBuilder {
        let mut request = self
            .client
            .request(method, self.url(path))
            .bearer_auth(&self.token);
        for header in BOTH_HEADERS {
            if let Some(company) = company {
                request = request.header(header, company);
            }
        }
        request
    }

    async fn get(&self, path: &str, company: Option<&str>) -> Response {
        send(self.request(Method::GET, path, company)).await
    }

    async fn data(&self, path: &str, company: Option<&str>) -> Value {
        body(self.get(path, company).await).await["data"].take()
    }

    async fn search(&self, path: &str, company: Option<&str>, body: &Value) -> Response {
        send(self.request(Method::POST, path, company).json(body)).await
    }

    async fn page(&self, path: &str, company: Option<&str>, request: &Value) -> Value {
        body(self.search(path, company, request).await).await["data"].take()
    }

    /// All rows of a listing, page by page.
    async fn rows(&self, path: &str, company: Option<&str>, ask: Ask) -> Vec<Value> {
        let mut rows = Vec::new();
        for page in 1.. {
            let data = self.page(path, company, &ask.page(page)).await;
            rows.extend(data["results"].as_array().unwrap().iter().cloned());
            if page >= data["totalNumberOfPages"].as_u64().unwrap() {
                break;
            }
        }
        rows
    }

    async fn truth(&self, table: &str) -> Vec<Value> {
        let text = self
            .get(&format!("/simulator/truth/{table}"), None)
            .await
            .text()
            .await
            .unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    async fn companies(&self) -> Vec<String> {
        let rows = self.rows("/api/companies/search", None, COMPANIES).await;
        texts(&rows, "companyResourceId")
    }

    async fn enrollments(&self, company: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for path in ["/api/enrollments/search", "/api/enrollments/archive/search"] {
            ids.extend(texts(
                &self.rows(path, Some(company), ENROLLMENTS).await,
                "enrollmentId",
            ));
        }
        ids
    }

    /// The first enrollment of the truth for which this holds, with its company.
    async fn find(&self, is_wanted: impl Fn(&Value) -> bool) -> (String, String) {
        let found = self
            .truth("enrollments")
            .await
            .into_iter()
            .find(is_wanted)
            .unwrap();
        (text(&found, "company_id"), text(&found, "enrollment_id"))
    }

    async fn users(&self, company: &str, enrollment: &str) -> Response {
        self.search(&users_of(enrollment), Some(company), &USERS.page(1))
            .await
    }

    async fn add_faults(&self, faults: Value) {
        let request = self
            .client
            .post(self.url("/simulator/faults"))
            .json(&faults);
        assert_eq!(send(request).await.status(), 201);
    }

    async fn violations(&self) -> BTreeMap<String, u64> {
        let report = body(self.get("/simulator/contract", None).await).await;
        serde_json::from_value(report["violations"].clone()).unwrap()
    }
}

/// How a listing is asked for.
#[derive(Clone, Copy)]
struct Ask {
    order_by: &'static str,
    ascending: bool,
    size: u32,
}

const COMPANIES: Ask = Ask {
    order_by: "CreateTime",
    ascending: true,
    size: 2,
};
const ENROLLMENTS: Ask = Ask {
    order_by: "CreateTime",
    ascending: true,
    size: 3,
};
const USERS: Ask = Ask {
    order_by: "email",
    ascending: true,
    size: 10,
};

impl Ask {
    fn page(self, number: u64) -> Value {
        json!({
            "pageNumber": number,
            "pageSize": self.size,
            "orderBy": self.order_by,
            "ascending": self.ascending,
            "filter": full_filter(),
            "isClustered": false,
            "isTargetUserCountExceededLimit": false,
        })
    }
}

fn full_filter() -> Value {
    json!({"Condition": "AND", "SearchInputTextValue": "", "FilterGroups": [
        {"Condition": "AND", "FilterItems": [], "FilterGroups": []},
        {"Condition": "OR", "FilterItems": [], "FilterGroups": []},
    ]})
}

fn small() -> SimulatorOptions {
    options(WorldOptions {
        companies: 4,
        enrollments: 10,
        users: 25,
        ..world()
    })
}

fn world() -> WorldOptions {
    SimulatorOptions::default().world
}

fn options(world: WorldOptions) -> SimulatorOptions {
    SimulatorOptions {
        world,
        ..SimulatorOptions::default()
    }
}

fn users_of(enrollment: &str) -> String {
    format!("/api/training-reports/{enrollment}/users/search")
}

fn summary_of(enrollment: &str, training_type: u32) -> String {
    format!("/api/training-reports/{enrollment}/summary?trainingType={training_type}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator is spoken to without the client"
)]
async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator is spoken to without the client"
)]
async fn try_send(request: RequestBuilder) -> reqwest::Result<Response> {
    request.send().await
}

async fn body(response: Response) -> Value {
    response.json().await.unwrap()
}

fn text(row: &Value, name: &str) -> String {
    row[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {row}"))
        .to_owned()
}

fn texts(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| text(row, name)).collect()
}

fn distinct(ids: &[String]) -> BTreeSet<&str> {
    ids.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn a_token_is_given_for_a_form_with_the_right_secret_only() {
    let vendor = Vendor::small().await;
    let granted = body(vendor.grant("demo-secret").await).await;
    assert_eq!(
        (&granted["expires_in"], &granted["token_type"]),
        (&json!(3600), &json!("Bearer"))
    );

    let refused = vendor.grant("guessed").await;
    assert_eq!(refused.status(), 400);
    assert_eq!(body(refused).await, json!({"error": "invalid_client"}));

    let as_json = json!({"client_id": "demo", "client_secret": "demo-secret"});
    let request = vendor
        .client
        .post(vendor.url("/connect/token"))
        .json(&as_json);
    assert_eq!(send(request).await.status(), 500);

    let request = vendor.client.get(vendor.url("/api/companies/my"));
    assert_eq!(send(request).await.status(), 401);
    assert_eq!(vendor.get("/api/companies/my", None).await.status(), 200);
}

#[tokio::test]
async fn a_token_stops_working_when_the_clock_passes_its_end() {
    let start = chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let clock = ManualClock::at(start);
    let mut options = SimulatorOptions {
        clock: clock.clone(),
        ..small()
    };
    options.account.expires_in = Lifetime(Some(60));
    let vendor = Vendor::start(options).await;
    clock.advance(chrono::TimeDelta::seconds(59));
    assert_eq!(vendor.get("/api/companies/my", None).await.status(), 200);
    clock.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(vendor.get("/api/companies/my", None).await.status(), 401);
}

#[tokio::test]
async fn without_both_headers_the_answer_is_another_tenant_s_and_looks_fine() {
    let vendor = Vendor::small().await;
    let company = vendor.companies().await.remove(0);
    let path = "/api/enrollments/search";
    let ask = ENROLLMENTS.page(1);
    let own = texts(
        vendor.page(path, Some(&company), &ask).await["results"]
            .as_array()
            .unwrap(),
        "enrollmentId",
    );
    let bare = vendor.page(path, None, &ask).await;
    let other = texts(bare["results"].as_array().unwrap(), "enrollmentId");
    assert!(!other.is_empty());
    assert!(distinct(&own).is_disjoint(&distinct(&other)));
    for header in BOTH_HEADERS {
        let request = vendor
            .request(Method::POST, path, None)
            .header(header, &company)
            .json(&ask);
        assert_eq!(body(send(request).await).await["data"], bare);
    }
    let violations = vendor.violations().await;
    assert_eq!(violations["missing-company-headers"], 1);
    assert_eq!(violations["one-company-header"], 2);
}

#[tokio::test]
async fn pages_close_in_both_directions_and_by_every_column() {
    let vendor = Vendor::small().await;
    let company = vendor.companies().await.remove(1);
    let (_, enrollment) = vendor
        .find(|row| row["company_id"] == company.as_str() && row["type"] == "SCORM")
        .await;
    for order_by in [
        "email",
        "Email",
        "lastName",
        "status",
        "lastInteractionDate",
    ] {
        let mut walks = Vec::new();
        for ascending in [true, false] {
            let ask = Ask {
                order_by,
                ascending,
                size: 7,
            };
            let rows = vendor
                .rows(&users_of(&enrollment), Some(&company), ask)
                .await;
            let ids = texts(&rows, "targetUserResourceId");
            assert_eq!((ids.len(), distinct(&ids).len()), (25, 25), "{order_by}");
            walks.push(ids);
        }
        walks[1].reverse();
        assert_eq!(walks[0], walks[1], "{order_by}");
    }
    let created = vendor.rows("/api/companies/search", None, COMPANIES).await;
    assert_eq!(created.len(), 4);
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn the_truth_has_as_many_rows_as_the_listings() {
    let vendor = Vendor::small().await;
    let companies = vendor.companies().await;
    // The account's own reseller is a company that no search lists.
    assert_eq!(vendor.truth("companies").await.len(), companies.len() + 1);
    let (mut enrollments, mut users, mut people) = (0, 0, BTreeSet::new());
    for company in &companies {
        for enrollment in vendor.enrollments(company).await {
            enrollments += 1;
            for row in vendor
                .rows(&users_of(&enrollment), Some(company), USERS)
                .await
            {
                users += 1;
                people.insert((company.clone(), text(&row, "targetUserResourceId")));
            }
        }
    }
    assert_eq!((enrollments, users), (40, 1_000));
    assert_eq!(vendor.truth("enrollments").await.len(), enrollments);
    assert_eq!(
        vendor.truth("enrollment_summaries").await.len(),
        enrollments
    );
    assert_eq!(vendor.truth("enrollment_users").await.len(), users);
    let known: BTreeSet<(String, String)> = vendor
        .truth("target_users")
        .await
        .iter()
        .map(|row| (text(row, "company_id"), text(row, "target_user_id")))
        .collect();
    assert_eq!(known, people);
}

#[tokio::test]
async fn a_person_is_what_the_newest_enrollment_says() {
    let vendor = Vendor::small().await;
    let newest: BTreeMap<(String, String), (String, String)> = vendor
        .truth("enrollments")
        .await
        .iter()
        .fold(BTreeMap::new(), |mut newest, row| {
            let key = (text(row, "company_id"), text(row, "enrollment_id"));
            newest.insert(key, (text(row, "created_at"), text(row, "enrollment_id")));
            newest
        });
    let mut expected = BTreeMap::new();
    for row in vendor.truth("enrollment_users").await {
        let (company, user) = (text(&row, "company_id"), text(&row, "target_user_id"));
        let rank = newest[&(company.clone(), text(&row, "enrollment_id"))].clone();
        let facts = (
            row["department"].clone(),
            row["last_name"].clone(),
            row["email"].clone(),
        );
        let entry = expected
            .entry((company, user))
            .or_insert_with(|| (rank.clone(), facts.clone()));
        if rank > entry.0 {
            *entry = (rank, facts);
        }
    }
    let people = vendor.truth("target_users").await;
    assert_eq!(people.len(), expected.len());
    for row in people {
        let facts = &expected[&(text(&row, "company_id"), text(&row, "target_user_id"))].1;
        let told = (
            row["department"].clone(),
            row["last_name"].clone(),
            row["email"].clone(),
        );
        assert_eq!(&told, facts);
    }
}

#[tokio::test]
async fn counts_agree_with_the_rows() {
    let vendor = Vendor::small().await;
    let mut completed: BTreeMap<String, i64> = BTreeMap::new();
    for row in vendor.truth("enrollment_users").await {
        let is_completed = i64::from(row["status"] == "Completed");
        *completed.entry(text(&row, "enrollment_id")).or_default() += is_completed;
    }
    for row in vendor.truth("enrollment_summaries").await {
        assert_eq!(
            row["completed_count"],
            completed[&text(&row, "enrollment_id")]
        );
        assert_eq!(row["total_target_user_count"], 25);
    }
    let (company, path) = vendor.find(|row| row["learning_path_id"].is_string()).await;
    let told = vendor.data(&summary_of(&path, 4), Some(&company)).await;
    assert_eq!(told["completedCount"], completed[&path]);
    assert_eq!(told["reportDetail"]["totalTargetUserCount"], 25);
    assert!(
        told["steps"][0]["stepNumber"].as_u64() > Some(1),
        "steps arrive out of order"
    );
    let wrong_type = vendor.data(&summary_of(&path, 0), Some(&company)).await;
    assert_eq!(wrong_type["reportDetail"]["totalTargetUserCount"], 0);
}

#[tokio::test]
async fn equal_seeds_give_equal_worlds_and_different_seeds_do_not() {
    let seeded = |seed| {
        options(WorldOptions {
            seed,
            companies: 3,
            enrollments: 4,
            ..world()
        })
    };
    let (one, same, other) = (
        Vendor::start(seeded(5)).await,
        Vendor::start(seeded(5)).await,
        Vendor::start(seeded(6)).await,
    );
    for table in [
        "companies",
        "enrollments",
        "enrollment_users",
        "user_custom_fields",
    ] {
        let truth = one.truth(table).await;
        assert!(!truth.is_empty(), "{table}");
        assert_eq!(truth, same.truth(table).await);
        assert_ne!(truth, other.truth(table).await);
    }
}

#[tokio::test]
async fn ids_differ_by_case_only_where_it_hurts() {
    let vendor = Vendor::small().await;
    let folded = |ids: &[String]| {
        ids.iter()
            .map(|id| id.to_lowercase())
            .collect::<BTreeSet<_>>()
    };
    let companies = vendor.companies().await;
    assert_eq!(
        (distinct(&companies).len(), folded(&companies).len()),
        (4, 3)
    );
    for company in &companies {
        let people: Vec<String> = vendor
            .truth("target_users")
            .await
            .iter()
            .filter(|row| row["company_id"] == company.as_str())
            .map(|row| text(row, "target_user_id"))
            .collect();
        assert_eq!(distinct(&people).len(), folded(&people).len() + 1);
    }
}

#[tokio::test]
async fn the_data_has_the_vendor_s_oddities() {
    let vendor = Vendor::start(options(WorldOptions {
        users: 400,
        ..small().world
    }))
    .await;
    let users = vendor.truth("enrollment_users").await;
    let any = |is_odd: &dyn Fn(&Value) -> bool| users.iter().any(is_odd);
    assert!(any(&|row| row["department"] == ""));
    assert!(any(&|row| row["department"].is_null()));
    assert!(any(&|row| row["first_name"].is_null()));
    assert!(any(&|row| row["last_name"] == ""));
    assert!(any(&|row| row["phone_number"].is_null()));
    assert!(any(&|row| row["email"]
        .as_str()
        .is_some_and(|email| email.contains("***"))));
    assert!(any(&|row| row["exam_score"] == 0));
    assert!(any(&|row| row["exam_score"]
        .as_f64()
        .is_some_and(|score| score.fract() > 0.0)));
    assert!(any(&|row| row["status"] == "InQueue"));
    assert!(any(
        &|row| row["reported_enrollment_id"] != row["enrollment_id"]
    ));
    let surveys: BTreeSet<String> = vendor
        .truth("enrollments")
        .await
        .iter()
        .filter(|row| row["is_survey"] == true)
        .map(|row| text(row, "enrollment_id"))
        .collect();
    assert!(!surveys.is_empty());
    for row in users
        .iter()
        .filter(|row| surveys.contains(row["enrollment_id"].as_str().unwrap()))
    {
        assert!(row["first_completed_at"].is_null());
        assert_eq!(row["exam_status"], "Incomplete");
    }
    let fields = vendor.truth("user_custom_fields").await;
    assert!(fields.iter().any(|field| field["name"] == "email"));
    assert!(
        fields
            .iter()
            .any(|field| field["timestamp_value"].is_string())
    );
}

#[tokio::test]
async fn dates_follow_the_account() {
    for (order, expected) in [
        (DateOrder::Dmy, "DD/MM/YYYY"),
        (DateOrder::Mdy, "MM/DD/YYYY"),
        (DateOrder::Ymd, "YYYY/MM/DD"),
    ] {
        let mut options = small();
        options.account.date_format = order;
        options.account.time_zone = chrono_tz::Tz::UTC;
        let vendor = Vendor::start(options).await;
        let settings = vendor.data("/api/system-users/settings", None).await;
        assert_eq!(settings["dateFormat"], expected);
        let truth = vendor.truth("companies").await;
        for row in vendor.rows("/api/companies/search", None, COMPANIES).await {
            let of_row = |told: &&Value| told["company_id"] == row["companyResourceId"];
            let created = text(truth.iter().find(of_row).unwrap(), "created_at");
            let (year, month, day) = (&created[..4], &created[5..7], &created[8..10]);
            let time = &created[11..16];
            let written = match order {
                DateOrder::Dmy => format!("{day}/{month}/{year} {time}"),
                DateOrder::Mdy => format!("{month}/{day}/{year} {time}"),
                _ => format!("{year}/{month}/{day} {time}"),
            };
            assert_eq!(row["createTime"], written);
        }
    }
}

#[tokio::test]
async fn what_the_service_refuses_is_refused_and_counted() {
    let vendor = Vendor::small().await;
    let company = vendor.companies().await.remove(0);
    let path = "/api/enrollments/search";
    let with = |name: &str, value: Value| {
        let mut ask = ENROLLMENTS.page(1);
        ask[name] = value;
        ask
    };
    let minimal = json!({"Condition": "AND", "SearchInputTextValue": ""});
    let null_text = json!({"Condition": "AND", "SearchInputTextValue": null});
    for (ask, status, violation) in [
        (with("filter", json!(null)), 500, "missing-filter"),
        (with("filter", json!({})), 500, "missing-filter"),
        (with("filter", null_text), 400, "null-search-text"),
        (with("filter", minimal), 200, "partial-filter"),
        (with("orderBy", json!(null)), 500, "null-order-by"),
        (with("orderBy", json!("tags")), 400, "unknown-order-by"),
        (with("ascending", json!(null)), 400, "missing-ascending"),
        (with("pageNumber", json!(0)), 400, "invalid-page"),
        (
            with("enrollmentType", json!(null)),
            200,
            "null-enrollment-type",
        ),
    ] {
        let before = vendor
            .violations()
            .await
            .get(violation)
            .copied()
            .unwrap_or(0);
        assert_eq!(
            vendor.search(path, Some(&company), &ask).await.status(),
            status,
            "{ask}"
        );
        assert_eq!(vendor.violations().await[violation], before + 1);
    }
    let patch = vendor
        .request(Method::POST, path, Some(&company))
        .header("content-type", "application/json-patch+json")
        .body(ENROLLMENTS.page(1).to_string());
    assert_eq!(send(patch).await.status(), 400);
    let empty = vendor
        .request(Method::POST, path, Some(&company))
        .header("content-type", "application/json");
    assert_eq!(send(empty).await.status(), 500);
    let with_key = vendor
        .request(Method::GET, "/api/companies/my", None)
        .header("X-IR-API-KEY", "k");
    assert_eq!(send(with_key).await.status(), 200);
    let write = vendor
        .search("/api/enrollments", Some(&company), &json!({}))
        .await;
    assert_eq!(write.status(), 403);
    assert_eq!(
        vendor
            .get("/api/enrollments/x/y", Some(&company))
            .await
            .status(),
        404
    );
    assert_eq!(
        vendor
            .get("/api/companies/my", Some("nobody"))
            .await
            .status(),
        200
    );
    assert_eq!(
        vendor
            .search(path, Some("nobody"), &ENROLLMENTS.page(1))
            .await
            .status(),
        404
    );
    let violations = vendor.violations().await;
    for name in [
        "content-type",
        "invalid-body",
        "api-key-header",
        "write",
        "unknown-endpoint",
        "needless-company-header",
        "unknown-company",
    ] {
        assert_eq!(violations[name], 1, "{name}");
    }
}

#[tokio::test]
async fn a_foreign_enrollment_is_not_found_or_empty() {
    for foreign in [Foreign::NotFound, Foreign::Empty] {
        let mut options = small();
        options.variant.foreign = foreign;
        let vendor = Vendor::start(options).await;
        let companies = vendor.companies().await;
        let theirs = vendor.enrollments(&companies[1]).await.remove(0);
        let answer = vendor.users(&companies[0], &theirs).await;
        if foreign == Foreign::NotFound {
            assert_eq!(answer.status(), 404);
        } else {
            assert_eq!(body(answer).await["data"]["results"], json!([]));
        }
        assert_eq!(vendor.violations().await["foreign-enrollment"], 1);
    }
}

#[tokio::test]
async fn paging_varies_as_asked() {
    for (past_end, number, count) in [
        (PastEnd::Empty, 9, 0),
        (PastEnd::Clamp, 3, 5),
        (PastEnd::Repeat, 9, 5),
    ] {
        let mut options = small();
        options.variant.past_end = past_end;
        let vendor = Vendor::start(options).await;
        let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
        let data = vendor
            .page(&users_of(&enrollment), Some(&company), &USERS.page(9))
            .await;
        assert_eq!(data["pageNumber"], number);
        assert_eq!(data["results"].as_array().unwrap().len(), count);
    }
    let mut options = small();
    options.variant.page_size_cap = Some(4);
    options.variant.totals = Totals::Missing;
    let vendor = Vendor::start(options).await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    let data = vendor
        .page(&users_of(&enrollment), Some(&company), &USERS.page(1))
        .await;
    assert_eq!(data["results"].as_array().unwrap().len(), 4);
    assert!(data.get("totalNumberOfRecords").is_none());
}

#[tokio::test]
async fn the_users_of_a_learning_path_need_the_training_type_that_is_configured() {
    for (rule, works) in [
        (TrainingTypeRule::Omit, [true, true, false]),
        (TrainingTypeRule::Name, [false, true, false]),
        (TrainingTypeRule::Int, [false, false, true]),
    ] {
        let mut options = small();
        options.variant.training_type = rule;
        let vendor = Vendor::start(options).await;
        let (company, path) = vendor.find(|row| row["learning_path_id"].is_string()).await;
        for (asked, works) in [json!(null), json!("LearningPath"), json!(4)]
            .into_iter()
            .zip(works)
        {
            let mut ask = USERS.page(1);
            ask["trainingType"] = asked;
            let data = vendor.page(&users_of(&path), Some(&company), &ask).await;
            assert_eq!(data["totalNumberOfRecords"], if works { 25 } else { 0 });
        }
        let (company, survey) = vendor.find(|row| row["is_survey"] == true).await;
        let mut ask = USERS.page(1);
        ask["trainingType"] = json!(0);
        let data = vendor.page(&users_of(&survey), Some(&company), &ask).await;
        assert_eq!(data["totalNumberOfRecords"], 0);
    }
}

#[tokio::test]
async fn resellers_nest_in_both_company_listings() {
    for clustering in [Clustering::Nested, Clustering::Repeated] {
        let mut options = options(WorldOptions {
            companies: 12,
            sub_resellers: 3,
            ..small().world
        });
        options.variant.clustered_children = clustering;
        let vendor = Vendor::start(options).await;
        let mut ask = Ask {
            size: 100,
            ..COMPANIES
        }
        .page(1);
        ask["isClustered"] = json!(true);
        let data = vendor.page("/api/companies/search", None, &ask).await;
        let mut nested = Vec::new();
        flatten(&data["results"], "companyResourceId", &mut nested);
        let flat = vendor.companies().await;
        assert_eq!(distinct(&nested), distinct(&flat));
        assert_eq!(
            nested.len() > flat.len(),
            clustering == Clustering::Repeated
        );
        let mut mine = Vec::new();
        flatten(
            &vendor.data("/api/companies/my", None).await,
            "resourceId",
            &mut mine,
        );
        assert_eq!(mine.len(), flat.len() + 1);
        let kinds = texts(&vendor.truth("companies").await, "kind");
        assert_eq!(kinds.iter().filter(|kind| *kind == "reseller").count(), 4);
    }
}

fn flatten(rows: &Value, id: &str, into: &mut Vec<String>) {
    for row in rows.as_array().into_iter().flatten() {
        into.push(text(row, id));
        flatten(&row["children"], id, into);
    }
}

#[tokio::test]
async fn renamed_members_carry_the_same_data() {
    let mut options = small();
    options.variant.rename_fields = true;
    let vendor = Vendor::start(options).await;
    let answer = body(
        vendor
            .search("/api/companies/search", None, &COMPANIES.page(1))
            .await,
    )
    .await;
    assert_eq!(
        (&answer["isSuccess"], &answer["messages"]),
        (&json!(true), &json!([]))
    );
    assert!(answer.get("status").is_none());
    assert!(answer["data"]["results"][0]["resourceId"].is_string());
    assert!(
        answer["data"]["results"][0]
            .get("companyResourceId")
            .is_none()
    );
}

#[tokio::test]
async fn a_company_that_denies_access_refuses_and_has_no_truth_but_itself() {
    let world = WorldOptions {
        denied: Share::percent(100),
        ..small().world
    };
    let vendor = Vendor::start(options(world)).await;
    let company = vendor.companies().await.remove(0);
    let refused = vendor
        .search(
            "/api/enrollments/search",
            Some(&company),
            &ENROLLMENTS.page(1),
        )
        .await;
    assert_eq!(refused.status(), 403);
    assert_eq!(body(refused).await["status"], "PRIVACY_ERROR");
    assert_eq!(vendor.truth("companies").await.len(), 5);
    assert!(vendor.truth("enrollment_users").await.is_empty());
}

#[tokio::test]
async fn a_fault_fires_from_the_asked_request_as_often_as_asked() {
    let mut options = small();
    options.faults = vec![
        "users:503:from=2,times=2,retry-after=7,body=html"
            .parse()
            .unwrap(),
    ];
    let vendor = Vendor::start(options).await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = vendor.users(&company, &enrollment).await;
        if answer.status() == 503 {
            assert_eq!(answer.headers()["retry-after"], "7");
        }
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [200, 503, 503, 200, 200]);
    let requests = body(vendor.get("/simulator/requests", None).await).await;
    assert_eq!(
        (
            &requests["endpoints"]["users"],
            &requests["endpoints"]["token"]
        ),
        (&json!(5), &json!(1))
    );
    let faults = body(vendor.get("/simulator/faults", None).await).await;
    assert_eq!(
        (
            &faults["faults"][0]["matched"],
            &faults["faults"][0]["fired"]
        ),
        (&json!(5), &json!(2))
    );
    send(vendor.client.delete(vendor.url("/simulator/requests"))).await;
    let requests = body(vendor.get("/simulator/requests", None).await).await;
    assert_eq!(requests["total"], 0);
}

#[tokio::test]
async fn a_fault_of_one_company_leaves_the_others_alone() {
    let vendor = Vendor::small().await;
    let companies = vendor.companies().await;
    vendor
        .add_faults(json!({"endpoint": "*", "company": companies[0], "kind": "privacy-error"}))
        .await;
    let path = "/api/enrollments/search";
    let status = |company: String| {
        let vendor = &vendor;
        async move {
            vendor
                .search(path, Some(&company), &ENROLLMENTS.page(1))
                .await
                .status()
        }
    };
    assert_eq!(status(companies[0].clone()).await, 403);
    assert_eq!(status(companies[1].clone()).await, 200);
    send(vendor.client.delete(vendor.url("/simulator/faults"))).await;
    assert_eq!(status(companies[0].clone()).await, 200);
}

#[tokio::test]
async fn every_shape_of_error_can_be_had() {
    let vendor = Vendor::small().await;
    for (body, starts) in [
        ("camel", "{\"data\":null"),
        ("pascal", "{\"Data\":null"),
        ("oauth", "{\"error\":"),
        ("problem", "{\"errors\":"),
        ("login", "{\"errors\":[{\"message\""),
        ("text", "Internal"),
        ("html", "<html>500"),
    ] {
        vendor
            .add_faults(json!({"endpoint": "companies-my", "kind": 500, "body": body, "times": 1}))
            .await;
        let answer = vendor.get("/api/companies/my", None).await;
        assert_eq!(answer.status(), 500);
        let text = answer.text().await.unwrap();
        assert!(text.starts_with(starts), "{body}: {text}");
    }
    vendor.add_faults(json!([{"endpoint": "companies-my", "kind": "429", "retry_after_date": 30, "times": 1}])).await;
    let answer = vendor.get("/api/companies/my", None).await;
    let retry_after = answer.headers()["retry-after"].to_str().unwrap();
    assert!(retry_after.ends_with("GMT"), "{retry_after}");
    for (kind, status, member) in [
        ("ok-failed", 200, json!({"status": "FAILED"})),
        ("is-success-false", 200, json!({"isSuccess": false})),
        ("ip-restricted", 403, json!({"status": "IP_RESTRICTED"})),
    ] {
        vendor
            .add_faults(json!(format!("companies-my:{kind}:times=1")))
            .await;
        let answer = vendor.get("/api/companies/my", None).await;
        assert_eq!(answer.status(), status);
        let answer = self::body(answer).await;
        for (name, value) in member.as_object().unwrap() {
            assert_eq!(&answer[name], value);
        }
    }
    let request = vendor
        .client
        .post(vendor.url("/simulator/faults"))
        .json(&json!({"kind": "gremlin"}));
    let refused = send(request).await;
    assert_eq!(refused.status(), 400);
    assert!(text(&self::body(refused).await, "error").contains("known are"));
}

#[tokio::test]
async fn bodies_are_cut_marked_and_swollen() {
    let vendor = Vendor::small().await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    let whole = vendor
        .users(&company, &enrollment)
        .await
        .bytes()
        .await
        .unwrap();
    let next = |fault: &'static str| {
        let (vendor, company, enrollment) = (&vendor, &company, &enrollment);
        async move {
            vendor.add_faults(json!(fault)).await;
            let request = vendor.request(Method::POST, &users_of(enrollment), Some(company));
            try_send(request.json(&USERS.page(1)))
                .await
                .unwrap()
                .bytes()
                .await
        }
    };
    let cut = next("users:truncate:times=1").await.unwrap();
    assert_eq!(cut, whole[..whole.len() / 2]);
    let marked = next("users:bom:times=1").await.unwrap();
    assert_eq!(
        (&marked[..3], &marked[3..]),
        (&b"\xEF\xBB\xBF"[..], &whole[..])
    );
    let huge = next("users:huge=1000000:times=1").await.unwrap();
    assert!(huge.len() > 1_000_000);
    let parsed: Value = serde_json::from_slice(&huge).unwrap();
    assert_eq!(parsed["data"]["results"].as_array().unwrap().len(), 10);
    assert!(
        next("users:reset:times=1").await.is_err(),
        "the headers arrive, the body does not"
    );
    let page = next("users:html:times=1").await.unwrap();
    assert!(page.starts_with(b"<html>"));
}

#[tokio::test]
async fn listings_go_wrong_as_asked() {
    let vendor = Vendor::small().await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    let page = |fault: &'static str, number: u64| {
        let (vendor, company, enrollment) = (&vendor, &company, &enrollment);
        async move {
            vendor.add_faults(json!(fault)).await;
            let data = vendor
                .page(&users_of(enrollment), Some(company), &USERS.page(number))
                .await;
            send(vendor.client.delete(vendor.url("/simulator/faults"))).await;
            data
        }
    };
    let ids = |data: &Value| texts(data["results"].as_array().unwrap(), "targetUserResourceId");
    let (first, second) = (page("token:500", 1).await, page("token:500", 2).await);

    let data = page("users:results-null", 1).await;
    assert_eq!(
        (&data["results"], &data["totalNumberOfRecords"]),
        (&json!(null), &json!(25))
    );
    assert!(
        page("users:results-missing", 1)
            .await
            .get("results")
            .is_none()
    );
    let data = page("users:empty", 1).await;
    assert_eq!(
        (&data["results"], &data["totalNumberOfRecords"]),
        (&json!([]), &json!(0))
    );
    let data = page("users:repeat-page", 2).await;
    assert_eq!(
        (&data["results"], &data["pageNumber"]),
        (&first["results"], &json!(2))
    );
    assert_eq!(
        page("users:grow-total", 1).await["totalNumberOfRecords"],
        26
    );
    let data = page("users:drop-row:rows=2", 2).await;
    assert_eq!(
        (ids(&data), &data["totalNumberOfRecords"]),
        (ids(&second)[..8].to_vec(), &json!(25))
    );
    let data = page("users:duplicate-row", 1).await;
    assert_eq!(
        (
            data["results"].as_array().unwrap().len(),
            &data["results"][10]
        ),
        (11, &first["results"][0])
    );
    let data = page("users:user-without-id:rows=2", 1).await;
    assert!(data["results"][1].get("targetUserResourceId").is_none());
    assert_eq!(data["results"][2], first["results"][2]);
    assert_eq!(
        page("users:number-as-text", 1).await["results"][0]["firstName"],
        42
    );
    let data = page("users:other-date-format:rows=10", 1).await;
    for row in data["results"].as_array().unwrap() {
        if let Some(date) = row["lastInteractionDate"].as_str() {
            assert!(
                date[3..5].parse::<u32>().unwrap() > 12,
                "{date} could be day-first"
            );
        }
    }
}

#[tokio::test]
async fn a_taken_port_is_an_error_and_a_shutdown_frees_it() {
    let first = Vendor::small().await;
    let mut options = small();
    options.listen = first.simulator.base_url()["http://".len()..]
        .parse()
        .unwrap();
    let error = Simulator::start(options.clone()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    drop(first.client);
    first.simulator.shutdown().await;
    Simulator::start(options).await.unwrap().shutdown().await;
}
