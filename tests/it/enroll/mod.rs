//! Starting an enrollment: the lists to choose from, and the two writes, each sent exactly once.

mod create;
mod refused;
mod send;

use chrono::TimeDelta;
use keepnet_etl::clock::Clock as _;
use keepnet_etl::sync::{Extent, RunKind, SyncRequest};
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::database;
use crate::support::program::{Output, Program};
use crate::support::simulator::Simulator;
use crate::support::{TestApp, table};

const WORLD: &[&str] = &["--companies", "2", "--enrollments", "3", "--users", "8"];

/// A vendor, a database, the program between them, and a company to enroll.
struct Stage {
    simulator: Simulator,
    pool: PgPool,
    program: Program,
    company: String,
    /// Another company of the account.
    other: String,
    trainings: Vec<Value>,
    groups: Vec<Value>,
}

impl Stage {
    /// With these faults.
    async fn with(faults: &[&str]) -> Self {
        let simulator = Simulator::start(WORLD);
        let url: SecretString = database::empty().await;
        let program = Program::between(simulator.url(), &url);
        let companies = simulator.truth("companies").await;
        let mut customers = companies
            .iter()
            .filter(|row| !row["parent_company_id"].is_null())
            .map(|row| row["company_id"].as_str().unwrap().to_owned());
        let stage = Self {
            company: customers.next().unwrap(),
            other: customers.next().unwrap(),
            trainings: simulator.truth("trainings").await,
            groups: simulator.truth("target_groups").await,
            pool: database::pool(&url).await,
            program,
            simulator,
        };
        for fault in faults {
            stage.simulator.fault(fault).await;
        }
        stage
    }

    /// A training that only this company has.
    fn training(&self, company: &str) -> String {
        let is_theirs = |row: &&Value| {
            row["company_id"] == company
                && self
                    .trainings
                    .iter()
                    .filter(|other| other["training_id"] == row["training_id"])
                    .count()
                    == 1
        };
        let found = self.trainings.iter().find(is_theirs).unwrap();
        found["training_id"].as_str().unwrap().to_owned()
    }

    /// Groups of a company, with users or without.
    fn groups(&self, company: &str, has_users: bool) -> Vec<String> {
        self.groups
            .iter()
            .filter(|row| row["company_id"] == company)
            .filter(|row| (row["user_count"] != 0) == has_users)
            .map(|row| row["group_id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The words that create an enrollment of this name.
    fn creation(&self, name: &str) -> String {
        format!(
            "enroll create --company {} --training {} --group {} --name {name}",
            self.company,
            self.training(&self.company),
            self.groups(&self.company, true)[0],
        )
    }

    /// Creates one, and gives its id.
    fn created(&self, name: &str) -> String {
        let output = self
            .program
            .run(&format!("{} --yes --json", self.creation(name)));
        assert_eq!(output.code, 0, "{output:#?}");
        output.json()["enrollment_id"].as_str().unwrap().to_owned()
    }

    /// How often `create` or `send` was received.
    async fn received(&self, endpoint: &str) -> u64 {
        self.simulator.requests().await["endpoints"][endpoint]
            .as_u64()
            .unwrap()
    }

    /// How many enrollments of this name the vendor lists.
    fn listed(&self, name: &str) -> usize {
        let out = format!("{name}.csv");
        let line = format!(
            "export-enrollments --company {} --format csv --out {out} --force",
            self.company
        );
        assert_eq!(self.program.run(&line).code, 0);
        let csv = std::fs::read_to_string(self.program.folder().join(out)).unwrap();
        csv.lines()
            .filter(|line| line.starts_with(&format!("\"{name}\",")))
            .count()
    }

    /// Command, company, target, detail and outcome of all that was recorded.
    async fn recorded(&self) -> Vec<(String, String, Option<String>, Value, Option<String>)> {
        sqlx::query_as(
            "select command, company_id, target, detail, outcome
             from sync.operator_actions
             where actor like '%_@_%' and (outcome is null) = (finished_at is null)
             order by id",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// The outcome of the only thing that was recorded.
    async fn outcome(&self) -> String {
        let mut recorded = self.recorded().await;
        assert_eq!(recorded.len(), 1, "{recorded:#?}");
        recorded.remove(0).4.expect("it ended")
    }
}

#[track_caller]
fn assert_refused(output: &Output, code: i32, message: &str) {
    assert_eq!(output.failure(), message, "{output:#?}");
    assert_eq!(output.code, code, "{output:#?}");
    assert_eq!(output.stdout, "");
}

#[tokio::test]
async fn trainings_groups_and_options_are_listed() {
    let stage = Stage::with(&[]).await;
    let company = &stage.company;
    let of_company = |rows: &[Value], id: &str| -> Vec<Value> {
        let rows = rows.iter().filter(|row| row["company_id"] == *company);
        rows.map(|row| row[id].clone()).collect()
    };
    let listed = |line: &str, list: &str, id: &str| -> Vec<Value> {
        let output = stage
            .program
            .run(&format!("{line} --company {company} --json"));
        assert_eq!(output.code, 0, "{output:#?}");
        let json = output.json();
        assert_eq!(
            (&json["version"], &json["is_complete"]),
            (&json!(1), &json!(true))
        );
        let rows = json[list].as_array().unwrap().iter();
        rows.map(|row| row[id].clone()).collect()
    };
    assert_eq!(
        listed("enroll trainings", "trainings", "training_id"),
        of_company(&stage.trainings, "training_id")
    );
    assert_eq!(
        listed("enroll groups", "groups", "group_id"),
        of_company(&stage.groups, "group_id")
    );
    let library = listed(
        "enroll trainings --search LIBRARY",
        "trainings",
        "training_id",
    );
    assert_eq!(library, [json!("trn-shared-10"), json!("trn-shared-11")]);
    assert!(
        listed(
            "enroll trainings --search nothing-like-it",
            "trainings",
            "name"
        )
        .is_empty()
    );

    let shown = stage
        .program
        .run(&format!("enroll options --company {company}"));
    assert_eq!(shown.code, 0, "{shown:#?}");
    for words in [
        "enrollmentStatus",
        "targetUserEnrollmentStatus, Survey",
        "Not Responded",
    ] {
        assert!(shown.stdout.contains(words), "{words}: {shown:#?}");
    }
    assert_eq!(stage.simulator.contract().await["total"], 0);
}

#[tokio::test]
async fn a_list_that_is_not_whole_says_so_and_the_exit_code_too() {
    let stage = Stage::with(&["target_groups:drop-row"]).await;
    let output = stage
        .program
        .run(&format!("enroll groups --company {}", stage.company));
    assert_eq!(output.code, 1, "{output:#?}");
    assert!(
        output
            .stderr
            .contains("warning: the list is not whole: the service counts 7, 6 were received"),
        "{output:#?}"
    );
}

#[tokio::test]
async fn a_month_of_syncs_a_full_one_and_a_backfill_send_no_write() {
    let simulator = Simulator::start(WORLD);
    let app = TestApp::new(simulator.url(), &[("api.time_zone", "Europe/Istanbul")]).await;
    for _ in 0..30 {
        assert_eq!(app.sync().await.unwrap().outcome, "ok");
        app.clock.advance(TimeDelta::days(1));
    }
    assert_eq!(app.full_sync().await.unwrap().outcome, "ok");
    let backfill = SyncRequest {
        kind: RunKind::Backfill,
        extent: Extent::Backfill {
            since: app.clock.now() + TimeDelta::hours(1),
            from: None,
            to: None,
        },
        ..SyncRequest::default()
    };
    let before = simulator.requests().await;
    assert_eq!(app.sync_only(&backfill).await.unwrap().outcome, "ok");
    table::assert_all_equal_truth(&app.pool, &simulator).await;
    let asked = simulator.requests().await;
    assert_ne!(asked["endpoints"]["users"], before["endpoints"]["users"]);
    for write in ["create", "send"] {
        assert_eq!(asked["endpoints"][write], 0, "{write}");
    }
    assert_eq!(simulator.contract().await["total"], 0);
}
