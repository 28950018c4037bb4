//! `/status.json`, and that no person is in it or on the page.

use std::collections::BTreeSet;

use keepnet_etl::daemon::liveness::Liveness;
use serde_json::Value;

use super::Served;
use crate::support::database;
use crate::support::program::Program;
use crate::support::simulator::Simulator;

const WORLD: &[&str] = &[
    "--companies",
    "3",
    "--enrollments",
    "2",
    "--users",
    "12",
    "--denied",
    "34%",
    "--fault",
    "users:user-without-id:times=1",
];

#[tokio::test]
async fn the_document_is_that_of_the_command() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    // Once a year: the next instants are the same a moment later.
    let program = Program::between(simulator.url(), &url).set("schedule.sync", "0 0 0 1 1 *");
    assert_eq!(program.run("sync").code, 1, "a customer denies access");
    let by_command = program.run("status --json").json();

    let pool = database::pool(&url).await;
    let served = Served::at_present(
        pool,
        &[
            ("schedule.sync", "0 0 0 1 1 *"),
            ("api.max_requests_per_second", "0"),
            ("api.time_zone", "Europe/Istanbul"),
            ("widgets.months", "1"),
        ],
    )
    .await;
    let answer = served.get("/status.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let by_page: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(by_page, by_command);
    assert_eq!(by_page["companies"].as_array().unwrap().len(), 3);
    assert_eq!(by_page["next_runs"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn no_person_is_on_the_page_or_in_the_document() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url);
    program.run("sync");
    let served = Served::at_present(database::pool(&url).await, &[]).await;
    let (page, document) = (served.page().await, served.get("/status.json").await.body);
    assert!(page.contains("access revoked by the customer"), "{page}");

    let mut secrets = BTreeSet::new();
    for person in simulator.truth("target_users").await {
        for column in ["email", "target_user_id", "phone_number"] {
            secrets.extend(person[column].as_str().map(str::to_owned));
        }
        if let (Some(first), Some(last)) =
            (person["first_name"].as_str(), person["last_name"].as_str())
        {
            secrets.insert(format!("{first} {last}"));
        }
    }
    assert!(secrets.len() > 30, "the world has people: {secrets:?}");
    for secret in secrets.iter().filter(|it| it.len() > 4) {
        assert!(!page.contains(secret), "{secret} is on the page");
        assert!(!document.contains(secret), "{secret} is in the document");
    }
    assert!(!page.contains('@') && !document.contains('@'));
}

impl Served {
    /// An instance with the machine's clock.
    async fn at_present(pool: sqlx::PgPool, changed: &[(&str, &str)]) -> Self {
        Self::with_clock(pool, changed, Liveness::default(), None).await
    }
}
