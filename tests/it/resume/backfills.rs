//! The backfill: what it selects, what its plan does not do, and that it goes on where it was.

use nix::sys::signal::Signal;
use sqlx::PgPool;

use super::assert_undisturbed;
use crate::support::database;
use crate::support::gate::Gate;
use crate::support::program::Program;
use crate::support::running::{Running, is_gone, until};
use crate::support::simulator::Simulator;
use crate::support::table::{everything, told};

const WORLD: &[&str] = &[
    "--companies",
    "3",
    "--enrollments",
    "6",
    "--users",
    "8",
    "--survey-share",
    "50%",
    "--learning-paths",
    "0%",
];

async fn place() -> (Simulator, Gate, Program, PgPool) {
    let simulator = Simulator::start(WORLD);
    let gate = Gate::before(simulator.url()).await;
    let url = database::empty().await;
    let program = Program::between(gate.url(), &url);
    assert_eq!(Running::to_end(&program, "migrate").await.code, 0);
    (simulator, gate, program, database::pool(&url).await)
}

#[tokio::test]
async fn an_interrupted_backfill_goes_on_where_it_was() {
    for how in [Signal::SIGINT, Signal::SIGKILL] {
        let (simulator, gate, program, pool) = place().await;
        // The companies' first passes are committed, and so are the answers of at least one user.
        let held = gate.hold_nth(20, |request| request.contains("/exam-result-sessions/"));
        let mut running = Running::start(&program, "backfill");
        running.meets(held).await;
        until(&pool, "select exists (select from keepnet.survey_sessions)").await;
        let known = told(
            &pool,
            "select distinct enrollment_id || '/exam-result-sessions/' || target_user_id from keepnet.survey_sessions",
        )
        .await;
        running.signal(how);
        if how == Signal::SIGINT {
            gate.let_go();
        }
        let output = running.end().await;
        assert_eq!(output.code, if how == Signal::SIGINT { 1 } else { -1 });
        is_gone(&pool).await;
        let before = gate.take_requests();

        let output = Running::to_end(&program, "backfill").await;
        assert_eq!(output.code, 0, "{how}: {output:#?}");
        assert!(
            output.stderr.contains("going on with the backfill"),
            "{output:#?}"
        );
        let after = gate.take_requests();
        let again = |part: &str| {
            let is_about = |request: &&String| request.contains(part);
            after.iter().filter(is_about).count()
        };
        assert_eq!(again("/users/search"), 0, "{how}: {after:#?}");
        assert_eq!(again("/widget"), 0);
        let asked_again: Vec<&String> = known.iter().filter(|path| again(path) > 0).collect();
        assert!(asked_again.is_empty(), "{how}: {asked_again:#?}");
        if how == Signal::SIGINT {
            let twice: Vec<&String> = (before.iter())
                .filter(|request| {
                    request.contains("/exam-result-sessions/") && after.contains(request)
                })
                .collect();
            // At most the requests that were under way.
            assert!(twice.len() <= 8, "{twice:#?}");
        }
        assert_undisturbed(&pool, &simulator).await;
        let left = told(
            &pool,
            "select scope from sync.cursors where resource = 'backfill'",
        )
        .await;
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test]
async fn a_plan_asks_for_nothing_and_writes_nothing() {
    let (_simulator, gate, program, pool) = place().await;
    assert_eq!(Running::to_end(&program, "sync").await.code, 0);
    gate.take_requests();
    let before = everything(&pool).await;
    for line in [
        "backfill --dry-run",
        "backfill --dry-run --json --from 2026-01-01",
    ] {
        let output = Running::to_end(&program, line).await;
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(!output.stdout.is_empty());
    }
    assert_eq!(gate.take_requests(), Vec::<String>::new());
    assert_eq!(everything(&pool).await, before);
}

#[tokio::test]
async fn days_select_enrollments_by_their_creation() {
    let (simulator, _gate, program, pool) = place().await;
    let mut days: Vec<String> = (simulator.truth("enrollments").await.iter())
        .filter_map(|row| Some(row["created_at"].as_str()?[..10].to_owned()))
        .collect();
    days.sort_unstable();
    let (from, to) = (&days[days.len() / 4], &days[days.len() * 3 / 4]);
    let line = format!("backfill --from {from} --to {to}");
    let output = Running::to_end(&program, &line).await;
    assert_eq!(output.code, 0, "{output:#?}");
    let found = told(
        &pool,
        "select case when s.enrollment_id is null then 'left out ' else 'read ' end
                || (e.created_at at time zone 'Europe/Istanbul')::date
         from keepnet.enrollments e left join keepnet.enrollment_summaries s using (company_id, enrollment_id)",
    )
    .await;
    let wrong: Vec<&String> = (found.iter())
        .filter(|line| {
            let (word, day) = line.rsplit_once(' ').unwrap();
            (word == "read") != (from.as_str() <= day && day <= to.as_str())
        })
        .collect();
    assert!(wrong.is_empty(), "{from} to {to}: {wrong:?}");
    for word in ["read", "left out"] {
        assert!(found.iter().any(|line| line.starts_with(word)), "{found:?}");
    }
}

#[tokio::test]
async fn companies_and_resources_are_left_out_unless_asked_for() {
    let (_simulator, gate, program, pool) = place().await;
    assert_eq!(
        Running::to_end(&program, "sync --resource companies")
            .await
            .code,
        0
    );
    let company = told(
        &pool,
        "select company_id from keepnet.companies where parent_company_id is not null order by 1 limit 1",
    )
    .await
    .remove(0);
    gate.take_requests();
    let line = format!("backfill --company {company} --resource summaries");
    assert_eq!(Running::to_end(&program, &line).await.code, 0);
    let stored = told(
        &pool,
        "select distinct company_id from keepnet.enrollment_summaries",
    )
    .await;
    assert_eq!(stored, [company]);
    let requests = gate.take_requests();
    let others = [
        "/users/search",
        "/exam-result-sessions/",
        "/get-widget-datas",
        "/target-groups/",
    ];
    let surplus: Vec<&String> = (requests.iter())
        .filter(|request| others.iter().any(|other| request.contains(other)))
        .collect();
    assert!(surplus.is_empty(), "{surplus:#?}");
}
