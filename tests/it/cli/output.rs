//! Help, tables and JSON.

use keepnet_etl::warehouse::embedded::search_path;
use serde_json::{Value, json};

use crate::support::database;
use crate::support::program::{Output, Program};
use crate::support::simulator::Simulator;

/// One seed, and one enrollment per company: a person in two of them would count as one row or as two, depending on
/// which page comes first.
const WORLD: &[&str] = &["--companies", "4", "--enrollments", "1", "--users", "12"];

#[track_caller]
fn assert_quiet_success(output: &Output) {
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(!output.stderr.contains("ERROR"), "{output:#?}");
}

/// What differs from run to run: times, ports, names of databases.
fn steady(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let (core, end) = word.split_at(word.trim_end().len());
        let core = if core.starts_with("127.0.0.1:") {
            "(address)"
        } else if core.parse::<f64>().is_ok() && core.contains('.') {
            "(time)"
        } else {
            core
        };
        format!("{core}{end}")
    });
    words.collect()
}

/// Without how fast this machine was.
fn at_any_pace(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let estimate = line.split_once(" requests, ");
        match estimate.filter(|(begin, _)| begin.starts_with("a sync would now take")) {
            Some((begin, _)) => format!("{begin} requests, (time)\n"),
            None => line.to_owned(),
        }
    });
    lines.collect()
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn help_of_every_command() {
    let program = Program::new();
    for command in [
        "",
        "check",
        "migrate",
        "sync",
        "run",
        "status",
        "quarantine",
        "quarantine list",
        "quarantine show",
        "discrepancy",
        "discrepancy list",
        "discrepancy accept",
        "grant-company",
        "repair-dates",
        "forget",
        "forget-company",
        "config",
        "config show",
        "demo",
        "simulate",
        "enroll",
        "enroll trainings",
        "enroll groups",
        "enroll options",
        "enroll create",
        "enroll send",
        "export-enrollments",
        "stop-database",
        "completions",
    ] {
        let output = program.run(&format!("{command} --help"));
        assert_quiet_success(&output);
        assert_eq!(output.stderr, "");
        let name = if command.is_empty() { "all" } else { command };
        snapshot(&format!("help {name}").replace(' ', "_"), &output.stdout);
    }
}

#[tokio::test]
async fn a_sync_shows_a_table_and_a_second_one_that_nothing_changed() {
    let simulator = Simulator::start(WORLD);
    let program = Program::between(simulator.url(), &database::empty().await);
    for name in ["first_sync", "second_sync"] {
        let output = program.run("sync");
        assert_quiet_success(&output);
        snapshot(name, &steady(&output.stdout));
    }
    let status = program.run("status");
    assert_quiet_success(&status);
    snapshot("status_when_all_is_well", &at_any_pace(&status.stdout));
}

#[tokio::test]
async fn trouble_is_shown_with_the_company_the_reason_and_the_remedy() {
    let simulator = Simulator::start(
        &[
            WORLD,
            &[
                "--denied",
                "50%",
                "--fault",
                "users:user-without-id:times=1,company=WMKcXeE9shFc",
            ],
        ]
        .concat(),
    );
    let program =
        Program::between(simulator.url(), &database::empty().await).set("api.max_concurrency", "1");
    let first = program.run("sync");
    assert_eq!(first.code, 1, "a company became forbidden");
    snapshot("sync_with_trouble", &steady(&first.stdout));
    let status = program.run("status");
    assert_quiet_success(&status);
    snapshot("status_with_trouble", &at_any_pace(&status.stdout));
    assert_eq!(program.run("sync").code, 0, "it is known now");
}

#[tokio::test]
async fn machines_get_json_with_a_version() {
    let simulator = Simulator::start(WORLD);
    let program = Program::between(simulator.url(), &database::empty().await);

    let migrated = program.run("migrate --json");
    assert_quiet_success(&migrated);
    let migrated = migrated.json();
    assert_eq!(migrated["version"], 1);
    assert_eq!(migrated["applied"], migrated["known"]);

    let synced = program.run("sync --json");
    assert_quiet_success(&synced);
    let mut synced = synced.json();
    synced["duration_ms"] = Value::Null;
    snapshot("sync_json", &format!("{synced:#}"));

    let status = program.run("status --json");
    assert_quiet_success(&status);
    let status = status.json();
    for key in [
        "version",
        "account",
        "verdict",
        "companies",
        "runs",
        "failures",
        "held",
        "quarantine",
        "unknown_fields",
        "cycle",
        "next_runs",
    ] {
        assert!(status.get(key).is_some(), "{key} is missing: {status:#}");
    }
    assert_eq!(
        (&status["version"], &status["verdict"]),
        (&json!(1), &json!("ok"))
    );

    let checked = program.run("check --json");
    assert_quiet_success(&checked);
    let checked = checked.json();
    assert_eq!(
        (&checked["version"], &checked["exit_code"]),
        (&json!(1), &json!(0))
    );
    let names: Vec<_> = checked["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "settings",
            "database",
            "login",
            "connections",
            "sessions",
            "migrations",
            "access",
            "privacy",
            "cycle",
            "token",
            "role",
            "companies",
            "account",
            "date format",
            "rate limit"
        ]
    );

    let config = program.run("config show --json");
    assert_quiet_success(&config);
    assert_eq!(config.json()["version"], 1);
}

#[tokio::test]
async fn check_says_line_by_line_what_holds_and_quick_asks_the_database_alone() {
    let simulator = Simulator::start(WORLD);
    let program = Program::between(simulator.url(), &database::empty().await);
    let before = program.run("check");
    assert_quiet_success(&before);
    assert!(
        before
            .stdout
            .contains("are not applied yet\n                    to do: nothing: sync applies them"),
        "{before:#?}"
    );
    assert_quiet_success(&program.run("migrate"));
    simulator.reset_requests().await;
    let quick = program.run("check --quick");
    assert_quiet_success(&quick);
    let states: Vec<&str> = quick.stdout.lines().map(|line| &line[..4]).collect();
    assert_eq!(states, ["ok  "; 8], "{quick:#?}");
    assert_eq!(simulator.requests().await["total"], 0);
    let whole = program.run("check");
    assert_quiet_success(&whole);
    let without_database: String = whole
        .stdout
        .lines()
        .filter(|line| {
            let is_of_this_server = |name| line.starts_with(&format!("ok    {name}"));
            !["database", "login", "connections"]
                .iter()
                .any(is_of_this_server)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    snapshot("check", &without_database);
}

#[tokio::test]
async fn only_what_is_chosen_is_pulled() {
    let simulator = Simulator::start(WORLD);
    let program = Program::between(simulator.url(), &database::empty().await);
    let companies = simulator.truth("companies").await;
    let chosen = companies
        .iter()
        .find(|row| !row["parent_company_id"].is_null())
        .unwrap()["company_id"]
        .as_str()
        .unwrap();
    let output = program.run(&format!(
        "sync --json --company {chosen} --resource enrollments,summaries"
    ));
    assert_quiet_success(&output);
    let json = output.json();
    assert_eq!(json["companies"].as_array().unwrap().len(), 1);
    assert_eq!(json["companies"][0]["company_id"], chosen);
    let resources: Vec<_> = json["resources"].as_object().unwrap().keys().collect();
    assert_eq!(resources, ["companies", "enrollments", "summaries"]);
    let asked = simulator.requests().await["endpoints"].clone();
    assert_eq!((&asked["users"], &asked["details"]), (&json!(0), &json!(0)));
}

#[test]
fn the_settings_in_force_are_shown_without_secrets() {
    let program = Program::new()
        .set("api.client_secret", "hunter2-canary")
        .set_variable("DATABASE_URL", "postgres://etl:hunter2-canary@db/keepnet");
    let output = program.run("config show");
    assert_quiet_success(&output);
    assert!(
        output.stdout.contains("postgres://db/keepnet"),
        "{output:#?}"
    );
    assert!(!output.stdout.contains("hunter2"), "{output:#?}");
}

#[test]
fn completions_are_printed_whatever_is_set() {
    let program = Program::new().set_variable("KEEPNET_ETL__NONSENSE", "1");
    for (shell, word) in [
        ("bash", "_keepnet__etl()"),
        ("zsh", "#compdef keepnet-etl"),
        ("fish", "complete -c keepnet-etl"),
    ] {
        let output = program.run(&format!("completions {shell}"));
        assert_quiet_success(&output);
        assert!(output.stdout.contains(word), "{shell}");
    }
}

#[test]
fn a_machine_without_postgresql_is_told_what_to_install() {
    // Server programs in the usual places would be found whatever PATH says.
    if !search_path(None).is_empty() {
        return;
    }
    let output = Program::new()
        .set_variable("PATH", "/nowhere")
        .run("migrate");
    assert_eq!(output.code, 2);
}
