//! A simulator with a client that holds a token, and how its listings are asked for.

use std::collections::{BTreeMap, BTreeSet};

use keepnet_etl::simulator::{Simulator, SimulatorOptions, WorldOptions};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

pub const BOTH_HEADERS: [&str; 2] = ["X-KEEPNET-Company-Id", "x-ir-company-id"];

/// A simulator with a client that holds a token.
pub struct Vendor {
    pub simulator: Simulator,
    pub client: reqwest::Client,
    pub token: String,
}

impl Vendor {
    pub async fn start(options: SimulatorOptions) -> Self {
        // A second test finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let simulator = Simulator::start(options).await.expect("a free port");
        let client = reqwest::Client::default();
        let mut vendor = Self {
            simulator,
            client,
            token: String::new(),
        };
        let granted = vendor.grant("demo-secret").await;
        vendor.token = granted
            .json::<Value>()
            .await
            .expect("what the simulator always gives")["access_token"]
            .as_str()
            .expect("what the simulator always gives")
            .into();
        vendor
    }

    pub async fn small() -> Self {
        Self::start(small()).await
    }

    pub async fn grant(&self, secret: &str) -> Response {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "demo"),
            ("client_secret", secret),
            ("scope", "api1"),
        ];
        send(self.client.post(self.url("/connect/token")).form(&form)).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    pub fn request(&self, method: Method, path: &str, company: Option<&str>) -> RequestBuilder {
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

    pub async fn get(&self, path: &str, company: Option<&str>) -> Response {
        send(self.request(Method::GET, path, company)).await
    }

    pub async fn data(&self, path: &str, company: Option<&str>) -> Value {
        body(self.get(path, company).await).await["data"].take()
    }

    pub async fn search(&self, path: &str, company: Option<&str>, body: &Value) -> Response {
        send(self.request(Method::POST, path, company).json(body)).await
    }

    pub async fn page(&self, path: &str, company: Option<&str>, request: &Value) -> Value {
        body(self.search(path, company, request).await).await["data"].take()
    }

    /// All rows of a listing, page by page.
    pub async fn rows(&self, path: &str, company: Option<&str>, ask: Ask) -> Vec<Value> {
        let mut rows = Vec::new();
        for page in 1.. {
            let data = self.page(path, company, &ask.page(page)).await;
            rows.extend(
                data["results"]
                    .as_array()
                    .expect("what the simulator always gives")
                    .iter()
                    .cloned(),
            );
            if page
                >= data["totalNumberOfPages"]
                    .as_u64()
                    .expect("what the simulator always gives")
            {
                break;
            }
        }
        rows
    }

    pub async fn truth(&self, table: &str) -> Vec<Value> {
        let text = self
            .get(&format!("/simulator/truth/{table}"), None)
            .await
            .text()
            .await
            .expect("what the simulator always gives");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("what the simulator always gives"))
            .collect()
    }

    pub async fn companies(&self) -> Vec<String> {
        let rows = self.rows("/api/companies/search", None, COMPANIES).await;
        texts(&rows, "companyResourceId")
    }

    pub async fn enrollments(&self, company: &str) -> Vec<String> {
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
    pub async fn find(&self, is_wanted: impl Fn(&Value) -> bool) -> (String, String) {
        let found = self
            .truth("enrollments")
            .await
            .into_iter()
            .find(is_wanted)
            .expect("what the simulator always gives");
        (text(&found, "company_id"), text(&found, "enrollment_id"))
    }

    pub async fn users(&self, company: &str, enrollment: &str) -> Response {
        self.search(&users_of(enrollment), Some(company), &USERS.page(1))
            .await
    }

    pub async fn add_faults(&self, faults: Value) {
        let request = self
            .client
            .post(self.url("/simulator/faults"))
            .json(&faults);
        assert_eq!(send(request).await.status(), 201);
    }

    /// Applies a change, or a list of them, and gives the first as it was applied.
    pub async fn change(&self, change: Value) -> Value {
        let answer = self.search("/simulator/changes", None, &change).await;
        assert_eq!(answer.status(), 200, "{change}");
        body(answer).await["changes"][0].take()
    }

    pub async fn violations(&self) -> BTreeMap<String, u64> {
        let report = body(self.get("/simulator/contract", None).await).await;
        serde_json::from_value(report["violations"].clone())
            .expect("what the simulator always gives")
    }
}

/// How a listing is asked for.
#[derive(Clone, Copy)]
pub struct Ask {
    pub order_by: &'static str,
    pub ascending: bool,
    pub size: u32,
}

pub const COMPANIES: Ask = Ask {
    order_by: "CreateTime",
    ascending: true,
    size: 2,
};
pub const ENROLLMENTS: Ask = Ask {
    order_by: "CreateTime",
    ascending: true,
    size: 3,
};
pub const USERS: Ask = Ask {
    order_by: "email",
    ascending: true,
    size: 10,
};

pub const CREATED: Ask = Ask {
    order_by: "createTime",
    ascending: true,
    size: 5,
};

impl Ask {
    pub fn page(self, number: u64) -> Value {
        json!({
            "pageNumber": number,
            "pageSize": self.size,
            "orderBy": self.order_by,
            "ascending": self.ascending,
            "filter": full_filter(),
            "isClustered": false,
            "isTargetUserCountExceededLimit": false,
            "trainingSearchType": 1,
        })
    }
}

pub fn full_filter() -> Value {
    json!({"Condition": "AND", "SearchInputTextValue": "", "FilterGroups": [
        {"Condition": "AND", "FilterItems": [], "FilterGroups": []},
        {"Condition": "OR", "FilterItems": [], "FilterGroups": []},
    ]})
}

pub fn small() -> SimulatorOptions {
    options(WorldOptions {
        companies: 4,
        enrollments: 10,
        users: 25,
        ..world()
    })
}

pub fn world() -> WorldOptions {
    SimulatorOptions::default().world
}

pub fn options(world: WorldOptions) -> SimulatorOptions {
    SimulatorOptions {
        world,
        ..SimulatorOptions::default()
    }
}

pub fn users_of(enrollment: &str) -> String {
    format!("/api/training-reports/{enrollment}/users/search")
}

pub fn summary_of(enrollment: &str, training_type: u32) -> String {
    format!("/api/training-reports/{enrollment}/summary?trainingType={training_type}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator is spoken to without the client"
)]
pub async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator is spoken to without the client"
)]
pub async fn try_send(request: RequestBuilder) -> reqwest::Result<Response> {
    request.send().await
}

pub async fn body(response: Response) -> Value {
    response.json().await.expect("an answer in JSON")
}

pub fn text(row: &Value, name: &str) -> String {
    row[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {row}"))
        .to_owned()
}

pub fn texts(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| text(row, name)).collect()
}

pub fn distinct(ids: &[String]) -> BTreeSet<&str> {
    ids.iter().map(String::as_str).collect()
}
