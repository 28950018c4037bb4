//! The command itself: refused, killed, repeated.

use std::time::Duration;

use keepnet_etl::sync::repair_dates::RepairError;
use keepnet_etl::warehouse::runs;
use keepnet_etl::warehouse::transaction::Transaction;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::PgPool;

use super::{assert_equal, choices, repair, with_settings};
use crate::support::program::{Output, Program};
use crate::support::running::until;
use crate::support::simulator::Simulator;
use crate::support::table::{everything, told};
use crate::support::{NOW, TestApp, database};

const WORLD: &[&str] = &["--companies", "4", "--enrollments", "4", "--users", "10"];

/// A database that was loaded with this zone, and the program set right.
async fn loaded_in(zone: &str, simulator: &Simulator) -> (Program, PgPool) {
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url)
        .set("api.date_format", "dmy")
        .set("api.time_zone", zone);
    let output = program.run("sync");
    assert_eq!(output.code, 0, "{output:#?}");
    let program = program.set("api.time_zone", "Europe/Istanbul");
    (program, database::pool(&url).await)
}

#[tokio::test]
async fn a_killed_repair_holds_syncs_off_and_the_next_one_completes_it() {
    let simulator = Simulator::start(WORLD);
    let (_, clean) = loaded_in("Europe/Istanbul", &simulator).await;
    let (program, pool) = loaded_in("UTC", &simulator).await;

    // The repair of the third company has to wait for this.
    let mut hold = Transaction::begin(&pool).await.unwrap();
    let held: String = sqlx::query_scalar(
        "select company_id from keepnet.companies
         where company_id = (select company_id from keepnet.companies order by company_id offset 2 limit 1)
         for update",
    )
    .fetch_one(&mut *hold)
    .await
    .unwrap();
    let running = program.start("repair-dates");
    let waits = "select 'waits' from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like 'update keepnet.companies%'";
    while told(&pool, waits).await.is_empty() {
        tokio::task::yield_now().await;
    }
    kill(
        Pid::from_raw(running.id().try_into().unwrap()),
        Signal::SIGKILL,
    )
    .unwrap();
    assert_eq!(Output::of(running).code, -1);
    hold.rollback().await.unwrap();

    let begun = ["dmy UTC", "dmy UTC ", "dmy Europe/Istanbul false"];
    assert_eq!(choices(&pool).await, begun);
    let mended = "select company_id from keepnet.enrollments, sync.accounts
        where synced_at >= (date_choices -> -1 ->> 'since')::timestamptz";
    let mended = told(&pool, mended).await;
    assert!(!mended.is_empty() && !mended.contains(&held));

    let refused = program.run("sync");
    assert_eq!(refused.code, 2, "{refused:#?}");
    assert!(refused.failure().contains("repair-dates"), "{refused:#?}");

    let output = program.run("repair-dates --json");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.json()["is_done"], true);
    assert_equal(&pool, &clean).await;
    assert_eq!(program.run("sync").code, 0);
    assert_equal(&pool, &clean).await;
}

#[tokio::test]
async fn an_unfinished_repair_can_be_followed_by_one_to_another_choice() {
    let simulator = Simulator::start(WORLD);
    let right = [
        ("api.date_format", "dmy"),
        ("api.time_zone", "Europe/Istanbul"),
    ];
    let clean = TestApp::new(simulator.url(), &right).await;
    assert_eq!(clean.sync().await.unwrap().outcome, "ok");
    let wrong = [("api.date_format", "dmy"), ("api.time_zone", "UTC")];
    let app = TestApp::new(simulator.url(), &wrong).await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");

    // As a kill leaves it: two companies are as the second choice says, the others as the first.
    let other = [
        ("api.date_format", "dmy"),
        ("api.time_zone", "America/New_York"),
    ];
    let other = with_settings(&app, simulator.url(), &other);
    let mut hold = Transaction::begin(&app.pool).await.unwrap();
    sqlx::query(
        "select from keepnet.companies
         where company_id = (select company_id from keepnet.companies order by company_id offset 2 limit 1)
         for update",
    )
        .execute(&mut *hold)
        .await
        .unwrap();
    let waits = "select 'waits' from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like 'update keepnet.companies%'";
    let waiting = async {
        while told(&app.pool, waits).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        done = repair(&other) => panic!("{done:?}"),
        () = waiting => {}
    }
    hold.rollback().await.unwrap();
    while !told(&app.pool, waits).await.is_empty() {
        tokio::task::yield_now().await;
    }

    let last = with_settings(&app, simulator.url(), &right);
    last.clock.advance(chrono::TimeDelta::minutes(5));
    let report = repair_when_free(&last).await;
    assert_eq!(report.from.len(), 2, "{report:#?}");
    assert_equal(&app.pool, &clean.pool).await;
}

/// The lock of a repair that was broken off is free when its connection is closed.
async fn repair_when_free(app: &TestApp) -> keepnet_etl::sync::repair_dates::Report {
    loop {
        match repair(app).await {
            Err(RepairError::Busy) => tokio::task::yield_now().await,
            other => return other.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_plan_shows_columns_and_counts_but_no_value_and_writes_nothing() {
    let simulator = Simulator::start(WORLD);
    let (program, pool) = loaded_in("UTC", &simulator).await;
    let before = everything(&pool).await;
    let output = program.run("repair-dates --dry-run");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(everything(&pool).await, before);
    assert!(
        output
            .stdout
            .starts_with("read as dmy in UTC\nto be read as dmy in Europe/Istanbul\n"),
        "{output:#?}"
    );
    assert!(
        output
            .stdout
            .contains("enrollment_users.last_interaction_at"),
        "{output:#?}"
    );
    assert!(
        output.stdout.trim_end().ends_with("nothing was written"),
        "{output:#?}"
    );
    assert!(!output.stdout.contains("2026-"), "{output:#?}");
    assert_eq!(program.run("repair-dates").code, 0);
    let again = program.run("repair-dates");
    assert_eq!(again.code, 0, "{again:#?}");
    assert!(again.stdout.ends_with("nothing to do\n"), "{again:#?}");
}

#[tokio::test]
async fn bad_use_is_told_and_changes_nothing() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url).set("api.date_format", "dmy");
    let output = program.run("repair-dates");
    assert_eq!(output.code, 2, "{output:#?}");
    assert_eq!(
        output.failure(),
        "error: could not repair dates: nothing was loaded into this database yet\n  to do: run: keepnet-etl sync"
    );
    let output = program.set("api.date_format", "auto").run("repair-dates");
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(
        output.failure().contains("api.date_format is auto"),
        "{output:#?}"
    );
}

#[tokio::test]
async fn no_repair_begins_while_a_run_is_under_way() {
    let simulator = Simulator::start(WORLD);
    let wrong = TestApp::new(simulator.url(), &[("api.date_format", "dmy")]).await;
    wrong.sync().await.unwrap();
    let right = [
        ("api.date_format", "dmy"),
        ("api.time_zone", "Europe/Istanbul"),
    ];
    let right = with_settings(&wrong, simulator.url(), &right);
    let new = runs::NewRun {
        kind: "sync",
        at: NOW.parse().unwrap(),
        lasts: Duration::from_hours(1),
        under: None,
        look: Box::new(runs::Pace::default),
    };
    let run = runs::begin(&right.pool, new).await.unwrap();
    // The first heartbeat writes at a time of its own; the second is far off.
    let heard = "select companies_done is not null from sync.runs order by id desc limit 1";
    until(&right.pool, heard).await;
    let before = everything(&right.pool).await;
    let refused = repair(&right).await.unwrap_err();
    assert!(
        matches!(refused, RepairError::Running(id) if id == run.holder.run_id),
        "{refused}"
    );
    assert_eq!(everything(&right.pool).await, before);
    drop(run);
}

#[tokio::test]
async fn dates_that_all_began_with_the_year_need_no_recorded_choice() {
    let simulator = Simulator::start(&[
        "--companies",
        "2",
        "--date-format",
        "iso",
        "--date-claim",
        "false",
        "--settings-readable",
        "false",
    ]);
    let wrong = TestApp::new(simulator.url(), &[]).await;
    assert_eq!(wrong.sync().await.unwrap().outcome, "ok");
    assert_eq!(choices(&wrong.pool).await, [" UTC", " UTC "]);
    let right = [
        ("api.date_format", "iso"),
        ("api.time_zone", "Europe/Istanbul"),
    ];
    let clean = TestApp::new(simulator.url(), &right).await;
    assert_eq!(clean.sync().await.unwrap().outcome, "ok");
    let right = with_settings(&wrong, simulator.url(), &right);
    assert!(repair(&right).await.unwrap().is_done);
    assert_equal(&right.pool, &clean.pool).await;
}
