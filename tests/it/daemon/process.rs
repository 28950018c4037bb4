//! The daemon as a process: how it starts, waits, shows itself and ends.

use std::os::unix::net::UnixDatagram;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::PgPool;

use super::instance::Instance;
use super::{WORLD, held, runs};
use crate::support::database;
use crate::support::gate::Gate;
use crate::support::program::Program;
use crate::support::running::{Running, in_time, until};
use crate::support::simulator::Simulator;
use crate::support::table::assert_all_equal_truth;
use crate::support::wire::{Moment, Then, Wire};

const DONE: &str = "select exists (select from sync.schedules where outcome = 'ok')";

struct Place {
    simulator: Simulator,
    gate: Gate,
    url: SecretString,
    program: Program,
    pool: PgPool,
}

impl Place {
    async fn new() -> Self {
        let simulator = Simulator::start(WORLD);
        let gate = Gate::before(simulator.url()).await;
        let url = database::empty().await;
        let program = Program::between(gate.url(), &url)
            .set("http.listen", "")
            .set("api.max_concurrency", "1");
        Self {
            pool: database::pool(&url).await,
            simulator,
            gate,
            url,
            program,
        }
    }

    async fn migrated() -> Self {
        let place = Self::new().await;
        assert_eq!(Running::to_end(&place.program, "migrate").await.code, 0);
        place
    }

    /// An instance in the middle of a run, whose request is held.
    async fn at_work(&self) -> Instance {
        let held = (self.gate).hold_nth(2, |request| request.contains("/users/search"));
        let instance = Instance::start(&self.program);
        in_time("it asks", held).await.unwrap();
        instance
    }
}

#[test]
fn a_wrong_schedule_is_refused_with_the_form_and_the_next_times_of_a_right_one() {
    let program = Program::new().set("schedule.sync", "0 * * * *");
    let output = program.run("run");
    assert_eq!(output.code, 2, "{output:#?}");
    let said = output.failure();
    assert!(
        said.contains(
            "is `0 * * * *`, expected six fields `second minute hour day month weekday` in UTC"
        ),
        "{said}"
    );
    let (_, times) = said
        .split_once("for example `0 30 2 * * *`, which comes about next at ")
        .unwrap();
    let (times, _) = times.split_once(" UTC").unwrap();
    let times: Vec<NaiveDateTime> = times
        .split(", ")
        .map(|at| NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%S").unwrap())
        .collect();
    assert_eq!(times.len(), 3);
    assert!(
        times
            .iter()
            .all(|at| at.format("%T").to_string() == "02:30:00")
    );
    assert!(
        times
            .windows(2)
            .all(|pair| pair[1] - pair[0] == TimeDelta::days(1))
    );
}

#[test]
fn a_daemon_does_not_put_peoples_data_on_this_disk_because_a_variable_was_forgotten() {
    let program = Program::new()
        .set("api.client_id", "demo")
        .set("api.client_secret", "secret");
    let output = program.run("run");
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(
        output.failure().contains("a daemon starts no private one"),
        "{output:#?}"
    );
    assert!(
        output.failure().contains("to do: set DATABASE_URL"),
        "{output:#?}"
    );
    assert!(!program.folder().join("var").exists());
}

#[test]
fn a_database_that_nobody_answers_for_is_no_reason_to_wait_at_the_start() {
    let nowhere = "postgres://u:p@127.0.0.1:1/d".to_owned().into();
    let output = Program::between("http://127.0.0.1:1", &nowhere)
        .set("http.listen", "")
        .run("run");
    assert_eq!(output.code, 3, "{output:#?}");
}

#[tokio::test]
async fn a_database_that_is_not_migrated_yet_is_waited_for() {
    let place = Place::new().await;
    let instance = Instance::start(&place.program.set("run.takeover", "5s"));
    instance.says("run: keepnet-etl migrate").await;
    let migrating = Program::between(place.gate.url(), &place.url);
    assert_eq!(Running::to_end(&migrating, "migrate").await.code, 0);
    until(&place.pool, DONE).await;
    assert_all_equal_truth(&place.pool, &place.simulator).await;
    let said = instance.log();
    let told = said
        .iter()
        .filter(|line| line.contains("keepnet-etl migrate"));
    assert_eq!(told.count(), 1, "{said:#?}");
    instance.signal(Signal::SIGTERM);
    assert_eq!(instance.end().await, Some(0));
}

#[tokio::test]
async fn an_old_daemon_works_on_a_newer_schema() {
    let place = Place::migrated().await;
    sqlx::query(
        "insert into sync.migrations (version, description, success, checksum, execution_time)
         values (20990101000000, 'later', true, '', 0)",
    )
    .execute(&place.pool)
    .await
    .unwrap();
    // With as few connections as there can be.
    let instance = Instance::start(&place.program.set("warehouse.max_connections", "1"));
    until(&place.pool, DONE).await;
    instance.signal(Signal::SIGTERM);
    assert_eq!(instance.end().await, Some(0));
}

#[tokio::test]
async fn a_signal_in_the_middle_of_a_run_ends_it_in_good_order() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let place = Place::migrated().await;
        let instance = place.at_work().await;
        instance.signal(signal);
        instance.says("stopping after the page in hand").await;
        place.gate.let_go();
        assert_eq!(instance.end().await, Some(0));
        assert_eq!(runs(&place.pool).await, ["scheduled stopped"]);
        assert!(held(&place.pool).await.is_empty());
    }
}

#[tokio::test]
async fn a_second_signal_ends_at_once_and_loses_nothing() {
    let place = Place::migrated().await;
    let instance = place.at_work().await;
    instance.signal(Signal::SIGTERM);
    instance.says("a second signal ends at once").await;
    instance.signal(Signal::SIGTERM);
    assert_eq!(instance.end().await, Some(1));
    assert_eq!(runs(&place.pool).await, ["scheduled running"]);
    place.gate.let_go();
    super::let_lease_expire(&place.pool).await;

    let next = Instance::start(&place.program);
    until(&place.pool, DONE).await;
    assert_eq!(
        runs(&place.pool).await,
        ["scheduled stopped", "scheduled ok"]
    );
    assert_all_equal_truth(&place.pool, &place.simulator).await;
    next.signal(Signal::SIGTERM);
    assert_eq!(next.end().await, Some(0));
}

#[tokio::test]
async fn status_shows_who_is_active_how_far_the_run_is_and_what_comes_next() {
    let place = Place::migrated().await;
    let instance = place.at_work().await;
    until(
        &place.pool,
        "select exists (select from sync.runs where requests > 0 and companies_total = 1)",
    )
    .await;
    let status = Running::to_end(&place.program, "status --json")
        .await
        .json();
    assert_eq!(status["verdict"], "running");
    let active = status["active"]["instance"].as_str().unwrap();
    assert!(active.contains(", process "), "{active}");
    let run = &status["runs"][0];
    assert_eq!(run["kind"], "scheduled");
    assert_eq!(
        (&run["companies_done"], &run["companies_total"]),
        (&json!(0), &json!(1))
    );
    assert!(run["progressed_at"].is_string());
    let next = status["next_runs"].as_array().unwrap();
    assert_eq!(next.len(), 3);
    let starts: Vec<_> = (next.iter())
        .map(|next| DateTime::parse_from_rfc3339(next["at"].as_str().unwrap()).unwrap())
        .collect();
    assert!(
        starts
            .windows(2)
            .all(|pair| pair[1] - pair[0] == TimeDelta::hours(1))
    );

    let shown = Running::to_end(&place.program, "status").await.stdout;
    for words in [
        "run 1 is under way: 0 of 1 companies done",
        "\ndaemon: ",
        "next sync: ",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    place.gate.let_go();
    until(&place.pool, DONE).await;
    instance.signal(Signal::SIGTERM);
    assert_eq!(instance.end().await, Some(0));
    let status = Running::to_end(&place.program, "status --json")
        .await
        .json();
    assert_eq!(status["active"], json!(null));
}

#[tokio::test]
async fn a_database_that_goes_away_is_waited_for() {
    let place = Place::migrated().await;
    let wire = Wire::before(&place.url).await;
    let program = Program::between(place.gate.url(), wire.url())
        .set("http.listen", "")
        .set("run.takeover", "5s");
    let instance = Instance::start(&program);
    until(&place.pool, DONE).await;
    let cut = wire.trap(Moment::Asking, 1, Then::Freeze);
    in_time("it is cut off", cut).await.unwrap();
    instance.says("waiting for the database").await;
    wire.thaw();
    instance.says("the database answers again").await;
    instance.signal(Signal::SIGTERM);
    assert_eq!(instance.end().await, Some(0));
}

#[tokio::test]
async fn a_url_in_a_file_is_read_again_when_the_database_does_not_answer() {
    let place = Place::migrated().await;
    let wire = Wire::before(&place.url).await;
    let file = place.program.folder().join("url");
    std::fs::write(&file, wire.url().expose_secret()).unwrap();
    let program = Program::between(place.gate.url(), &place.url)
        .set_variable("DATABASE_URL", "")
        .set("http.listen", "")
        .set("warehouse.url_file", &file.display().to_string())
        .set("run.takeover", "5s");
    let instance = Instance::start(&program);
    until(&place.pool, DONE).await;
    let cut = wire.trap(Moment::Asking, 1, Then::Freeze);
    in_time("it is cut off", cut).await.unwrap();
    std::fs::write(&file, place.url.expose_secret()).unwrap();
    instance.says("the database answers again").await;
    instance.signal(Signal::SIGTERM);
    assert_eq!(instance.end().await, Some(0));
}

#[tokio::test]
async fn systemd_is_told_that_it_is_ready_lives_and_stops() {
    let place = Place::migrated().await;
    let socket = place.program.folder().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    let program = Program::between(place.gate.url(), &place.url)
        .set("http.listen", "")
        .set_variable("NOTIFY_SOCKET", &socket.display().to_string())
        .set_variable("WATCHDOG_USEC", "300000");
    let listening = std::thread::spawn(move || {
        let mut told = Vec::new();
        let mut buffer = [0; 1024];
        while let Ok(length) = manager.recv(&mut buffer) {
            told.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            if told.iter().any(|line| line.contains("STOPPING=1")) {
                break;
            }
        }
        told
    });
    let instance = Instance::start(&program);
    until(&place.pool, DONE).await;
    instance.signal(Signal::SIGTERM);
    assert_eq!(instance.end().await, Some(0));
    let told = listening.join().unwrap();
    let at = |words: &str| told.iter().position(|line| line.contains(words));
    let (ready, lives) = (at("READY=1"), at("WATCHDOG=1"));
    assert!(ready.is_some() && lives.is_some(), "{told:?}");
    assert!(at("STOPPING=1") > ready, "{told:?}");
}
