//! Interrupted and killed in the middle: what was committed stays, and the next run brings the rest.

use std::future::Future;
use std::process::Child;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use sqlx::PgPool;

use crate::support::database;
use crate::support::program::{Output, Program};
use crate::support::simulator::Simulator;
use crate::support::table::{assert_all_equal_truth, count_missing_from_truth};

const WORLD: &[&str] = &[
    "--companies",
    "8",
    "--enrollments",
    "4",
    "--users",
    "15",
    "--learning-paths",
    "0%",
];

/// Far more than any wait below takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until the answer is yes.
async fn until<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let asked = async {
        while !ask().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

async fn is_true(pool: &PgPool, sql: &'static str) -> bool {
    sqlx::query_scalar::<_, bool>(sql)
        .fetch_one(pool)
        .await
        .unwrap()
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
}

async fn last_run(pool: &PgPool) -> (String, Option<String>) {
    sqlx::query_as("select outcome, error from sync.runs order by id desc limit 1")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_interrupt_ends_the_run_in_good_order_and_the_next_one_completes_it() {
    // One company, so that the run can only end in the middle of it.
    let world = ["--companies", "1", "--enrollments", "40", "--users", "5"];
    for asked in [Signal::SIGINT, Signal::SIGTERM] {
        let simulator = Simulator::start(&[&world[..], &["--fault", "*:slow=60"]].concat());
        let url = database::empty().await;
        let program = Program::between(simulator.url(), &url).set("api.max_concurrency", "2");
        assert_eq!(program.run("migrate").code, 0);
        let pool = database::pool(&url).await;

        let running = program.start("sync");
        until("users were committed", || {
            is_true(
                &pool,
                "select exists (select from keepnet.enrollment_users)",
            )
        })
        .await;
        signal(&running, asked);
        let output = Output::of(running);
        assert_eq!(output.code, 1, "{output:#?}");
        assert!(output.stdout.contains("run 1: stopped, "), "{output:#?}");
        assert!(
            output
                .stderr
                .contains("stopping after the page in hand; a second signal ends at once"),
            "{output:#?}"
        );
        assert_eq!(last_run(&pool).await.0, "stopped");
        let missing = count_missing_from_truth(&pool, &simulator, "enrollment_users").await;
        assert!(missing > 0, "the interrupt came too late to prove anything");

        simulator.heal().await;
        assert_eq!(program.run("sync").code, 0);
        assert_all_equal_truth(&pool, &simulator).await;
    }
}

#[tokio::test]
async fn a_second_interrupt_ends_the_run_at_once() {
    let (simulator, program, pool) = hanging().await;
    let mut running = program.start("sync");
    until_only_one_company_hangs(&pool).await;
    signal(&running, Signal::SIGINT);
    // The first signal is noted before the second is sent.
    let mut said = String::new();
    let mut stderr = std::io::BufReader::new(running.stderr.take().unwrap());
    while !said.contains("a second signal ends at once") {
        assert!(
            std::io::BufRead::read_line(&mut stderr, &mut said).unwrap() > 0,
            "{said}"
        );
    }
    signal(&running, Signal::SIGINT);
    assert_eq!(running.wait().unwrap().code(), Some(1));
    completes(&simulator, &program, &pool).await;
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_committed_and_the_next_run_tells_of_it() {
    let (simulator, program, pool) = hanging().await;
    let mut running = program.start("sync");
    until_only_one_company_hangs(&pool).await;
    signal(&running, Signal::SIGKILL);
    running.wait().unwrap();
    assert_eq!(last_run(&pool).await, ("running".to_owned(), None));
    completes(&simulator, &program, &pool).await;
}

/// A service that never answers for one company, and the program before it.
async fn hanging() -> (Simulator, Program, PgPool) {
    let simulator = Simulator::start(WORLD);
    let companies = simulator.truth("companies").await;
    let company = companies
        .iter()
        .find(|row| !row["parent_company_id"].is_null())
        .unwrap()["company_id"]
        .as_str()
        .unwrap()
        .to_owned();
    simulator
        .fault(&format!("users:slow=600000:company={company}"))
        .await;
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url).set("run.takeover", "5s");
    assert_eq!(program.run("migrate").code, 0);
    let pool = database::pool(&url).await;
    (simulator, program, pool)
}

async fn until_only_one_company_hangs(pool: &PgPool) {
    until("all companies but one are read", || {
        is_true(
            pool,
            "select count(*) = 7 from sync.run_scopes where resource = 'target_groups' and verdict = 'complete'",
        )
    })
    .await;
    until("a heartbeat tells what was committed so far", || {
        is_true(
            pool,
            "select rows_inserted > (select count(*) from keepnet.enrollment_users) and rows_deleted = 0 from sync.runs",
        )
    })
    .await;
}

/// The dead run is called killed, the next one closes it and brings the rest.
async fn completes(simulator: &Simulator, program: &Program, pool: &PgPool) {
    until("the server noticed that the process is gone", || {
        is_true(
            pool,
            "select not exists (select from pg_locks l join pg_database d on d.oid = l.database
                                where l.locktype = 'advisory' and d.datname = current_database())",
        )
    })
    .await;
    let status = program.run("status --json").json();
    assert_eq!(status["runs"][0]["outcome"], json!("killed"));
    assert_eq!(status["verdict"], json!("attention"));
    // Its figures are those of what it committed, as a heartbeat told.
    let stored: i64 = sqlx::query_scalar("select count(*) from keepnet.enrollment_users")
        .fetch_one(pool)
        .await
        .unwrap();
    let shown = status["runs"][0]["rows_inserted"].as_i64().unwrap();
    assert!(shown > stored && stored > 0, "{shown} of {stored}");
    // A company whose users were still to be asked is not called complete.
    let surveys = "select not exists (select from sync.company_state s join keepnet.enrollments e using (company_id)
                                      where s.verdict = 'complete' and e.is_survey)";
    assert!(is_true(pool, surveys).await);
    let kept = count_missing_from_truth(pool, simulator, "enrollment_users").await;
    assert_eq!(kept, 4 * 15, "only the hanging company's users are missing");

    simulator.heal().await;
    let next = program.run("sync --json");
    assert_eq!(next.code, 0, "{next:#?}");
    assert_all_equal_truth(pool, simulator).await;
    let (outcome, error): (String, String) =
        sqlx::query_as("select outcome, error from sync.runs order by id limit 1")
            .fetch_one(pool)
            .await
            .unwrap();
    assert_eq!(
        (&*outcome, &*error),
        (
            "stopped",
            "the process ended before the run did; what was committed stays"
        )
    );
    assert_eq!(last_run(pool).await.0, "ok");
}
