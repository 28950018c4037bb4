//! Two instances on one database: the one that works dies, stands still, or is cut off, and the other one takes over.

use std::time::Instant;

use keepnet_etl::clock::{Clock as _, SharedClock};
use keepnet_etl::sync::{self, RunKind, Silent, SyncError, SyncRequest};
use keepnet_etl::warehouse::error::WarehouseErrorKind;
use keepnet_etl::warehouse::schedule_lease;
use nix::sys::signal::Signal;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, PgPool};

use super::instance::Instance;
use super::{Stage, WORLD, let_lease_expire};
use crate::support::database;
use crate::support::gate::Gate;
use crate::support::program::Program;
use crate::support::running::{Running, in_time, until};
use crate::support::simulator::Simulator;
use crate::support::table::{TABLES, assert_all_equal_truth};
use crate::support::wire::{Moment, Then, Wire};

/// Two instances before one service and one database. The first one's ways to both can be blocked.
struct Pair {
    simulator: Simulator,
    gate: Gate,
    wire: Wire,
    pool: PgPool,
    first: Program,
    second: Program,
}

impl Pair {
    async fn new() -> Self {
        let simulator = Simulator::start(WORLD);
        let gate = Gate::before(simulator.url()).await;
        let url = database::empty().await;
        let wire = Wire::before(&url).await;
        let second = instance(simulator.url(), &url);
        assert_eq!(Running::to_end(&second, "migrate").await.code, 0);
        Self {
            first: instance(gate.url(), wire.url()),
            second,
            pool: database::pool(&url).await,
            simulator,
            gate,
            wire,
        }
    }

    /// The first instance, in the middle of its first run, and the second one beside it.
    async fn at_work(&self) -> (Instance, Instance) {
        let held = (self.gate).hold_nth(2, |request| request.contains("/users/search"));
        let first = Instance::start(&self.first);
        in_time("the first one asks", held).await.unwrap();
        let second = Instance::start(&self.second);
        second.says("stands by").await;
        (first, second)
    }

    /// Waits until the second one has taken over and done the work; says how long the first part took.
    async fn is_taken_over(&self, since: Instant) {
        until(
            &self.pool,
            "select exists (select from sync.leases where kind = 'schedule' and token = 2)",
        )
        .await;
        println!("taken over after {:.1} s", since.elapsed().as_secs_f64());
        until(
            &self.pool,
            "select exists (select from sync.schedules where outcome = 'ok')",
        )
        .await;
        let runs: Vec<(String, i64, Option<String>)> =
            sqlx::query_as("select outcome, lease_token, error from sync.runs order by id")
                .fetch_all(&self.pool)
                .await
                .unwrap();
        let silent = "the instance ended, or was silent for run.takeover; what was committed stays";
        assert_eq!(
            runs,
            [
                ("stopped".to_owned(), 1, Some(silent.to_owned())),
                ("ok".to_owned(), 2, None)
            ]
        );
        assert_all_equal_truth(&self.pool, &self.simulator).await;
    }

    /// Every row that a run writes, with the transaction that wrote it.
    async fn written(&self) -> Vec<String> {
        written(&self.pool).await
    }
}

async fn written(pool: &PgPool) -> Vec<String> {
    let kept = [
        "runs",
        "run_scopes",
        "cursors",
        "company_state",
        "accounts",
        "schedules",
    ];
    let tables = (TABLES.iter().map(|table| format!("keepnet.{table}")))
        .chain(kept.iter().map(|table| format!("sync.{table}")));
    let mut all = Vec::new();
    for table in tables {
        let sql = format!("select '{table} ' || t.xmin || t::text from {table} t order by 1");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(pool)
            .await
            .unwrap();
        all.extend(rows);
    }
    all
}

/// With one instant a year, so that only the first run, or one that goes on with it, can begin.
fn instance(api: &str, url: &SecretString) -> Program {
    Program::between(api, url)
        .set("http.listen", "")
        .set("run.takeover", "5s")
        .set("schedule.sync", "0 0 0 1 1 *")
        .set("api.max_concurrency", "1")
}

#[tokio::test]
async fn the_standby_goes_on_when_the_active_one_is_killed() {
    let pair = Pair::new().await;
    let (first, second) = pair.at_work().await;
    let since = Instant::now();
    first.signal(Signal::SIGKILL);
    assert_eq!(first.end().await, None);
    pair.is_taken_over(since).await;
    second.signal(Signal::SIGTERM);
    assert_eq!(second.end().await, Some(0));
}

#[tokio::test]
async fn who_stood_still_for_longer_than_its_lease_writes_nothing_and_stands_by() {
    let pair = Pair::new().await;
    let (first, second) = pair.at_work().await;
    let since = Instant::now();
    first.signal(Signal::SIGSTOP);
    pair.is_taken_over(since).await;
    let written = pair.written().await;
    // What it asked for arrives as it wakes up.
    pair.gate.let_go();
    first.signal(Signal::SIGCONT);
    first
        .says("another instance has taken over the schedule")
        .await;
    assert_eq!(pair.written().await, written);
    stands_by_for(&pair, first, second).await;
}

#[tokio::test]
async fn who_was_cut_from_the_database_in_a_transaction_writes_nothing_and_stands_by() {
    let pair = Pair::new().await;
    let (first, second) = pair.at_work().await;
    let cut = pair.wire.trap(Moment::Unheard, 2, Then::Freeze);
    let since = Instant::now();
    pair.gate.let_go();
    in_time("it is cut off", cut).await.unwrap();
    pair.is_taken_over(since).await;
    let written = pair.written().await;
    pair.wire.thaw();
    first
        .says("another instance has taken over the schedule")
        .await;
    assert_eq!(pair.written().await, written);
    stands_by_for(&pair, first, second).await;
}

/// The one that lost takes over in its turn, when the other one ends.
async fn stands_by_for(pair: &Pair, first: Instance, second: Instance) {
    second.signal(Signal::SIGTERM);
    assert_eq!(second.end().await, Some(0));
    until(
        &pair.pool,
        "select exists (select from sync.leases where kind = 'schedule' and token = 3 and holder is not null)",
    )
    .await;
    first.signal(Signal::SIGTERM);
    assert_eq!(first.end().await, Some(0));
    let runs: i64 = sqlx::query_scalar("select count(*) from sync.runs")
        .fetch_one(&pair.pool)
        .await
        .unwrap();
    assert_eq!(runs, 2);
}

#[tokio::test]
async fn a_run_whose_lease_went_on_writes_nothing_more_not_even_that_it_failed() {
    let stage = Stage::new(&[]).await;
    let (app, pool) = (&stage.app, &stage.app.pool);
    let lease = async |name: &str| {
        let mut db = pool.acquire().await.unwrap();
        let (lasts, now) = (std::time::Duration::from_secs(30), app.clock.now());
        let taken = schedule_lease::take(&mut db, name, lasts, now).await;
        taken.unwrap().expect("it is free")
    };
    let under = lease("one").await;
    let held = (stage.gate).hold_nth(2, |request| request.contains("/users/search"));
    let (clock, client): (SharedClock, _) = (app.clock.clone(), app.client());
    let request = SyncRequest {
        kind: RunKind::Scheduled(under),
        ..SyncRequest::default()
    };
    let run = sync::run(
        &app.settings,
        pool,
        &client,
        &clock,
        &request,
        &Silent,
        &app.stop,
    );
    let meanwhile = async {
        held.await.unwrap();
        let_lease_expire(pool).await;
        lease("another").await;
        let written = written(pool).await;
        stage.gate.let_go();
        written
    };
    let (done, before) = tokio::join!(run, meanwhile);
    let error = done.unwrap_err();
    assert!(
        matches!(&error, SyncError::Warehouse(error) if error.kind == WarehouseErrorKind::LeaseLost),
        "{error}"
    );
    assert_eq!(written(pool).await, before);
}
