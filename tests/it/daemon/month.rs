//! A month of schedule.

use std::process::Command;

use chrono::TimeDelta;
use keepnet_etl::clock::Clock as _;
use sqlx::{AssertSqlSafe, PgPool};
use tokio::runtime::Handle;

use super::{runs, starts};
use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::assert_readable_equal_truth;

const NAME: &str =
    "daemon::month::a_month_answers_every_instant_once_leaks_nothing_and_sends_no_write";
/// Set in the process that this test has for itself, so that no other test counts in its figures.
const ALONE: &str = "A_MONTH_ALONE";

const WORLD: &[&str] = &["--companies", "2", "--enrollments", "2", "--users", "12"];

/// What a leak would let grow.
#[derive(Debug, Clone, Copy)]
struct Figures {
    connections: i64,
    tasks: usize,
    handles: usize,
    memory_kib: u64,
}

impl Figures {
    async fn of(pool: &PgPool) -> Self {
        let connections = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database()",
        );
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let resident = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kib = resident.split_whitespace().nth(1).unwrap();
        Self {
            connections: connections.fetch_one(pool).await.unwrap(),
            tasks: Handle::current().metrics().num_alive_tasks(),
            handles: std::fs::read_dir("/proc/self/fd").unwrap().count(),
            memory_kib: kib.parse().unwrap(),
        }
    }
}

#[tokio::test]
async fn a_month_answers_every_instant_once_leaks_nothing_and_sends_no_write() {
    if std::env::var_os(ALONE).is_none() {
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let output = alone
            .args([NAME, "--exact", "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        print!("{said}");
        return;
    }
    let simulator = Simulator::start(WORLD);
    let app = TestApp::new(
        simulator.url(),
        &[
            ("api.time_zone", "Europe/Istanbul"),
            ("schedule.sync", "0 0 */4 * * *"),
            ("schedule.full", "0 0 3 * * Sun"),
        ],
    )
    .await;
    let (pool, mut daemon) = (&app.pool, app.daemon());
    let mut second_day = None;
    for day in 1..=30 {
        for _ in 0..24 {
            daemon.tick(app.clock.now()).await.unwrap();
            daemon.until_idle().await;
            app.clock.advance(TimeDelta::hours(1));
        }
        simulator.set_now(app.clock.now()).await;
        // The last week is quiet: its Sunday reads everything, and what is missing twice is deleted.
        if day <= 22 {
            simulator.step(day, 2).await;
        }
        if day == 2 {
            second_day = Some(Figures::of(pool).await);
        }
    }
    // The last instant, with whatever the account waits.
    app.clock.advance(TimeDelta::minutes(30));
    daemon.tick(app.clock.now()).await.unwrap();
    daemon.until_idle().await;
    daemon.tick(app.clock.now()).await.unwrap();
    let (before, after) = (second_day.unwrap(), Figures::of(pool).await);
    println!("on day 2:  {before:?}\non day 30: {after:?}");

    // From the noon of the first day on six a day, the first one with the daemon; and four Sundays.
    let began = starts(pool).await;
    let mut hours: Vec<_> = began
        .iter()
        .map(|at| at.format("%Y-%m-%d %H").to_string())
        .collect();
    hours.dedup();
    assert_eq!(hours.len(), began.len(), "two runs in one hour");
    assert_eq!(began.len(), 1 + 30 * 6 + 4);
    // Some change makes a run partial; each ended by itself.
    let ends = runs(pool).await;
    let is_end = |run: &String| run == "scheduled ok" || run == "scheduled partial";
    assert!(ends.iter().all(is_end), "{ends:?}");

    // The pool keeps what it once had to open, up to the eight that it may.
    assert!(after.connections <= 8, "{before:?} {after:?}");
    assert!(after.tasks <= before.tasks + 8, "{before:?} {after:?}");
    assert!(after.handles <= before.handles + 8, "{before:?} {after:?}");
    assert!(
        after.memory_kib < before.memory_kib + 16 * 1024,
        "{before:?} {after:?}"
    );

    leave_out_unseen_questions(pool).await;
    assert_readable_equal_truth(pool, &simulator).await;
    let asked = simulator.requests().await;
    for write in ["create", "send"] {
        assert_eq!(asked["endpoints"][write], 0, "{write}");
    }
    assert_eq!(simulator.contract().await["total"], 0);
}

/// What a question was is kept when the last session that shows it is gone, while the service shows it no more.
async fn leave_out_unseen_questions(pool: &PgPool) {
    for table in ["survey_question_options", "survey_questions"] {
        let unseen = format!(
            "delete from keepnet.{table} q where not exists (
                 select from keepnet.survey_sessions s
                 where s.company_id = q.company_id and s.enrollment_id = q.enrollment_id
                   and s.content_id = q.content_id and s.deleted_at is null)"
        );
        sqlx::query(AssertSqlSafe(unseen))
            .execute(pool)
            .await
            .unwrap();
    }
}
