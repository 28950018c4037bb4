//! Several processes at one database: nothing is asked twice, and who has lost a company writes nothing more.

use nix::sys::signal::Signal;
use sqlx::{AssertSqlSafe, PgPool};

use super::assert_undisturbed;
use crate::support::database;
use crate::support::gate::Gate;
use crate::support::program::Program;
use crate::support::running::{Running, until};
use crate::support::simulator::Simulator;
use crate::support::table::TABLES;
use crate::support::wire::{Moment, Then, Wire};

const WORLD: &[&str] = &[
    "--companies",
    "4",
    "--enrollments",
    "4",
    "--users",
    "6",
    "--survey-share",
    "50%",
];
/// One company and one enrollment at a time.
const SMALL: &[&str] = &["--companies", "1", "--enrollments", "3", "--users", "5"];

/// A service, a migrated database, and the program between them.
struct Place {
    simulator: Simulator,
    gate: Gate,
    url: secrecy::SecretString,
    program: Program,
    pool: PgPool,
}

impl Place {
    async fn new(world: &[&str]) -> Self {
        let simulator = Simulator::start(world);
        let gate = Gate::before(simulator.url()).await;
        let url = database::empty().await;
        let program = Program::between(gate.url(), &url);
        assert_eq!(Running::to_end(&program, "migrate").await.code, 0);
        Self {
            simulator,
            gate,
            pool: database::pool(&url).await,
            url,
            program,
        }
    }

    /// Requests about single enrollments and users, sorted.
    fn take_requests(&self) -> Vec<String> {
        let mut requests = self.gate.take_requests();
        requests.retain(|request| request.contains("/training-reports/"));
        requests.sort_unstable();
        requests
    }

    /// Every stored row, with the time at which it was written.
    async fn rows(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in TABLES {
            let sql = format!("select '{table} ' || t::text from keepnet.{table} t order by 1");
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_all(&self.pool)
                .await
                .unwrap();
            all.extend(rows);
        }
        all
    }
}

#[tokio::test]
async fn two_runs_at_once_share_the_work_and_ask_for_nothing_twice() {
    for (first, second) in [("sync", "sync"), ("sync", "backfill"), ("backfill", "sync")] {
        let place = Place::new(WORLD).await;
        let held = (place.gate).hold_nth(2, |request| request.contains("/users/search"));
        let mut one = Running::start(&place.program, first);
        one.meets(held).await;
        let other = Running::start(&place.program, second);
        until(
            &place.pool,
            "select count(distinct run_id) = 2 from sync.leases where kind = 'company' and holder is not null
             or run_id = (select max(id) from sync.runs)",
        )
        .await;
        place.gate.let_go();
        for running in [one, other] {
            let output = running.end().await;
            assert_eq!(output.code, 0, "{first} and {second}: {output:#?}");
        }
        assert_undisturbed(&place.pool, &place.simulator).await;
        let mut requests = place.take_requests();
        assert!(requests.len() > 50, "{}", requests.len());
        if second == "backfill" {
            // What was read before it began, it reads again.
            requests.retain(|request| is_about_one_user(request));
        }
        let twice: Vec<_> = (requests.windows(2))
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| &pair[0])
            .collect();
        assert!(twice.is_empty(), "{first} and {second}: {twice:#?}");
    }
}

fn is_about_one_user(request: &str) -> bool {
    request.contains("/exam-result-sessions/") || request.contains("/interactions/")
}

#[tokio::test]
async fn who_stood_still_for_longer_than_its_claim_lasts_writes_nothing_after_another_took_over() {
    let place = Place::new(SMALL).await;
    let held = (place.gate).hold_nth(2, |request| request.contains("/users/search"));
    let sleeper = Program::between(place.gate.url(), &place.url).set("run.takeover", "5s");
    let mut running = Running::start(&sleeper, "sync");
    running.meets(held).await;
    running.signal(Signal::SIGSTOP);
    until(
        &place.pool,
        "select expires_at <= clock_timestamp() from sync.leases where kind = 'company'",
    )
    .await;
    let other = Running::to_end(&place.program, "sync").await;
    assert_eq!(other.code, 0, "{other:#?}");
    let rows = place.rows().await;

    running.signal(Signal::SIGCONT);
    place.gate.let_go();
    let output = running.end().await;
    assert_eq!(output.code, 1, "{output:#?}");
    assert!(
        output
            .stdout
            .contains("another process has taken over this company"),
        "{output:#?}"
    );
    assert_eq!(place.rows().await, rows);
    assert_undisturbed(&place.pool, &place.simulator).await;
}

#[tokio::test]
async fn who_stands_still_within_a_transaction_is_thrown_out_by_the_server() {
    let place = Place::new(SMALL).await;
    let wire = Wire::before(&place.url).await;
    let sleeper = Program::between(place.gate.url(), wire.url()).set("run.takeover", "5s");
    // The company's first batch: it holds the claim's row until it ends.
    let at_users = (place.gate).hold_nth(1, |request| request.contains("/target-groups/"));
    let mut running = Running::start(&sleeper, "sync");
    running.meets(at_users).await;
    let sprung = wire.trap(Moment::Unheard, 1, Then::Freeze);
    place.gate.let_go();
    running.meets(sprung).await;
    running.signal(Signal::SIGSTOP);

    let other = Running::to_end(&place.program, "sync").await;
    assert_eq!(other.code, 0, "{other:#?}");
    let rows = place.rows().await;
    wire.thaw();
    running.signal(Signal::SIGCONT);
    let output = running.end().await;
    assert_eq!(output.code, 1, "{output:#?}");
    assert!(
        output
            .stdout
            .contains("another process has taken over this company"),
        "{output:#?}"
    );
    assert_eq!(place.rows().await, rows);
    assert_undisturbed(&place.pool, &place.simulator).await;
}
