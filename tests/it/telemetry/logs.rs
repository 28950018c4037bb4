//! The log of a real process in which much goes wrong: what it must say, and what it must never say.

use std::collections::BTreeSet;

use keepnet_etl::api::endpoint::Endpoint;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::support::database;
use crate::support::program::Program;
use crate::support::running::Running;
use crate::support::simulator::Simulator;

const SECRET: &str = "canary-client-secret-5f1c";

/// A busy service, a broken one, and answers that cannot be understood.
const FAULTS: [&str; 8] = [
    "users:503:times=2",
    "users:user-without-id:from=4,times=1",
    "users:number-as-text:from=5,times=1",
    "answers:truncate:times=1",
    "interactions:500:times=1",
    "summaries:429:times=1,retry-after=1",
    "enrollments:html:from=2,times=1",
    "trainings:400:times=1",
];

/// People, their addresses and ids, and what opens doors.
async fn forbidden(simulator: &Simulator) -> BTreeSet<String> {
    let mut words = BTreeSet::from([SECRET.to_owned(), "eyJ".to_owned()]);
    for person in simulator.truth("enrollment_users").await {
        let text = |member: &str| person[member].as_str().unwrap_or_default().to_owned();
        words.extend(["email", "phone_number", "target_user_id"].map(text));
        let (first, last) = (text("first_name"), text("last_name"));
        if !first.is_empty() && !last.is_empty() {
            words.insert(format!("{first} {last}"));
        }
        // Long enough not to be part of another word.
        words.extend(
            [first, last]
                .into_iter()
                .filter(|name| name.chars().count() >= 6),
        );
    }
    words.retain(|word| word.len() > 2);
    assert!(words.len() > 100, "there are people to be found");
    words
}

fn assert_silent(log: &str, forbidden: &BTreeSet<String>) {
    for line in log.lines() {
        for word in forbidden {
            assert!(!line.contains(word.as_str()), "`{word}` in: {line}");
        }
    }
}

async fn log_of_a_sync(format: &str, level: &str) -> (String, BTreeSet<String>) {
    let simulator = Simulator::start(&[
        "--client-secret",
        SECRET,
        "--companies",
        "3",
        "--users",
        "12",
    ]);
    for fault in FAULTS {
        simulator.fault(fault).await;
    }
    let forbidden = forbidden(&simulator).await;
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url)
        .set("api.client_secret", SECRET)
        .set("log.level", level)
        .set("log.format", format);
    let output = Running::to_end(&program, "sync --json").await;
    assert_eq!(output.code, 1, "{}", output.failure());
    assert!(!output.stderr.contains(url.expose_secret()));
    (output.stderr, forbidden)
}

#[tokio::test]
async fn the_text_log_is_silent_about_people_and_secrets() {
    let (log, forbidden) = log_of_a_sync("text", "trace").await;
    // It is as talkative as it can be.
    assert!(log.contains("TRACE") && log.contains("DEBUG"));
    assert_silent(&log, &forbidden);
    let of_run = log.lines().skip_while(|line| !line.contains("run begins"));
    let warned = of_run.filter(|line| line.contains("request failed and is sent again"));
    for line in warned {
        assert!(line.contains("sync.run{kind=\"sync\" run.id=1}"), "{line}");
        assert!(line.contains("api.request{request.id="), "{line}");
    }
}

#[tokio::test]
async fn a_command_that_fails_says_so_in_the_json_log_too() {
    let simulator = Simulator::start(&["--client-secret", SECRET, "--companies", "1"]);
    let program =
        Program::between(simulator.url(), &database::empty().await).set("log.format", "json");
    let output = program.run("sync");
    assert_eq!(output.code, 2);
    let lines: Vec<Value> = (output.stderr.lines())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let last = lines.last().unwrap();
    assert_eq!(last["level"], "ERROR");
    assert_eq!(last["exit_code"], 2);
    for field in ["error", "remedy"] {
        assert_ne!(last[field].as_str(), Some(""), "{field}");
    }
}

#[tokio::test]
async fn every_line_of_the_json_log_parses_and_carries_its_run_and_its_request() {
    let (log, forbidden) = log_of_a_sync("json", "trace").await;
    assert_silent(&log, &forbidden);
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let own = |line: &&Value| line["target"].as_str().unwrap().starts_with("keepnet_etl");
    let is = |line: &Value, message: &str| line["message"] == message;
    let begins = lines
        .iter()
        .position(|line| is(line, "run begins"))
        .unwrap();
    let ends = lines.iter().position(|line| is(line, "run ends")).unwrap();
    let of_run: Vec<&Value> = lines[begins..=ends].iter().filter(own).collect();
    assert!(of_run.len() > 200, "{}", of_run.len());
    let span = |line: &Value, name: &str| {
        let spans = line["spans"].as_array().cloned().unwrap_or_default();
        spans.into_iter().find(|span| span["name"] == name)
    };
    for line in &of_run {
        let run = span(line, "sync.run").unwrap_or_else(|| panic!("no run: {line}"));
        assert_eq!(run["run.id"], 1, "{line}");
    }
    let routes: BTreeSet<&str> = Endpoint::ALL.map(Endpoint::route).into_iter().collect();
    let mut ids = BTreeSet::new();
    for line in of_run
        .iter()
        .filter(|line| line["target"] == "keepnet_etl::api::transport")
    {
        let request = span(line, "api.request").unwrap_or_else(|| panic!("no request: {line}"));
        ids.insert(request["request.id"].as_u64().unwrap());
        assert!(
            routes.contains(request["endpoint"].as_str().unwrap()),
            "{line}"
        );
    }
    assert!(ids.len() > 100, "{}", ids.len());

    // One warning per repetition, one error per pull that was given up.
    let count = |level: &str, message: &str| {
        let said = of_run
            .iter()
            .filter(|line| line["level"] == level && is(line, message));
        said.count()
    };
    assert_eq!(
        count("WARN", "request failed and is sent again"),
        2 + 1 + 1 + 1
    );
    assert_eq!(count("WARN", "the service asked for a pause"), 1);
    assert_eq!(count("ERROR", "could not be read"), 1);
    let errors = of_run.iter().filter(|line| line["level"] == "ERROR");
    assert_eq!(errors.count(), 1);
}

#[tokio::test]
async fn a_warning_carries_its_run_though_nothing_less_is_logged() {
    let (log, _) = log_of_a_sync("json", "warn").await;
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines.iter().any(|line| line["level"] == "WARN"));
    for line in lines {
        assert_eq!(line["spans"][0]["run.id"], 1, "{line}");
    }
}
