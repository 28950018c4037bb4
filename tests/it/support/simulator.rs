//! The simulated API as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

/// A simulated API; it ends with this value.
pub struct Simulator {
    url: String,
    child: Child,
    /// The simulator ends when this is closed, also when the test is killed.
    stdin: Option<ChildStdin>,
}

impl Simulator {
    /// Starts `keepnet-etl simulate` with these flags.
    pub fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keepnet-etl"))
            .arg("simulate")
            .args(flags)
            .arg("--quit-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the simulator starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout"))
            .read_line(&mut line)
            .expect("a first line");
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .expect("a URL")
            .to_owned();
        Self {
            url,
            stdin: child.stdin.take(),
            child,
        }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The rows that `keepnet.<table>` should hold.
    pub async fn truth(&self, table: &str) -> Vec<Value> {
        let body = self.get(&format!("truth/{table}")).await;
        body.lines()
            .map(|line| serde_json::from_str(line).expect("a row of the truth"))
            .collect()
    }

    /// Requests per endpoint since the last reset.
    pub async fn requests(&self) -> Value {
        serde_json::from_str(&self.get("requests").await).expect("counts")
    }

    /// What the simulator holds against its clients.
    pub async fn contract(&self) -> Value {
        serde_json::from_str(&self.get("contract").await).expect("contract")
    }

    /// Changes the simulated world, as `{"kind": "user-removed", …}` says; gives what was chosen.
    pub async fn change(&self, change: &Value) -> Value {
        let body: Value =
            serde_json::from_str(&self.post("changes", change).await).expect("changes");
        body["changes"][0].clone()
    }

    /// Makes some changes of any kind.
    pub async fn step(&self, seed: u64, changes: u64) -> Value {
        let asked = serde_json::json!({"seed": seed, "changes": changes});
        serde_json::from_str(&self.post("step", &asked).await).expect("changes")
    }

    /// Sets the simulated present.
    pub async fn set_now(&self, now: chrono::DateTime<chrono::Utc>) {
        self.post("clock", &serde_json::json!({"now": now})).await;
    }

    /// Lets listings change while they are paged.
    pub async fn drift(&self, seed: u64) {
        self.post("drift", &serde_json::json!({"seed": seed})).await;
    }

    /// Lets them rest.
    pub async fn rest(&self) {
        send(http().delete(format!("{}/simulator/drift", self.url))).await;
    }

    /// What drifted.
    pub async fn drifted(&self) -> Value {
        serde_json::from_str(&self.get("drift").await).expect("a report")
    }

    async fn post(&self, path: &str, body: &Value) -> String {
        let url = format!("{}/simulator/{path}", self.url);
        let response = send(http().post(url).json(body)).await;
        let status = response.status();
        let answer = response.text().await.expect("a body");
        assert!(status.is_success(), "{path} {body}: {answer}");
        answer
    }

    /// Adds a fault, as on the command line: `users:503:times=2`.
    pub async fn fault(&self, fault: &str) {
        self.fault_as(&Value::from(fault)).await;
    }

    /// The same of a fault that only an object can describe.
    pub async fn fault_as(&self, fault: &Value) {
        let response = http()
            .post(format!("{}/simulator/faults", self.url))
            .json(fault);
        let response = send(response).await;
        assert!(
            response.status().is_success(),
            "{fault}: {}",
            response.text().await.unwrap_or_default()
        );
    }

    /// The faults in force, with how often each was met.
    pub async fn faults(&self) -> Value {
        serde_json::from_str(&self.get("faults").await).expect("faults")
    }

    /// Ends all faults.
    pub async fn heal(&self) {
        send(http().delete(format!("{}/simulator/faults", self.url))).await;
    }

    /// Sets the counts of requests to zero.
    pub async fn reset_requests(&self) {
        send(http().delete(format!("{}/simulator/requests", self.url))).await;
    }

    async fn get(&self, path: &str) -> String {
        let response = send(http().get(format!("{}/simulator/{path}", self.url))).await;
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        response.text().await.expect("a body")
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn http() -> reqwest::Client {
    // Plain http needs no certificates, but the client wants to know who would check them.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::default()
}

#[expect(clippy::disallowed_methods, reason = "a test talks to its simulator")]
async fn send(request: reqwest::RequestBuilder) -> reqwest::Response {
    request.send().await.expect("the simulator answers")
}
