//! The program as a process, as its users have it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use keepnet_etl::settings::variable;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

/// The program with its environment: nothing but `PATH` and what is set here, in a folder of its own.
pub struct Program {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Output {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    /// The program with no settings at all.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            variables: Vec::new(),
        }
    }

    /// The program before an API and a database.
    pub fn between(base_url: &str, database: &SecretString) -> Self {
        Self::new()
            .set("api.base_url", base_url)
            .set("api.client_id", "demo")
            .set("api.client_secret", "demo-secret")
            .set("api.time_zone", "Europe/Istanbul")
            .set("api.max_requests_per_second", "0")
            .set("widgets.months", "1")
            .set_variable("DATABASE_URL", database.expose_secret())
    }

    /// With a setting: `set("api.page_size", "10")`.
    pub fn set(self, key: &str, value: &str) -> Self {
        self.set_variable(&variable(key), value)
    }

    /// With a variable; the last word counts.
    pub fn set_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder in which it runs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keepnet-etl"));
        command
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", env!("PATH"))
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs `keepnet-etl` with these arguments, apart by spaces, to its end.
    pub fn run(&self, line: &str) -> Output {
        Output::of(self.start(line))
    }

    /// Starts it.
    pub fn start(&self, line: &str) -> Child {
        self.command(line).spawn().expect("the program starts")
    }
}

impl Output {
    /// Waits for the end of a process.
    pub fn of(child: Child) -> Self {
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// What is said to the user at the end, without the log before it.
    pub fn failure(&self) -> &str {
        let at = self
            .stderr
            .match_indices("error: ")
            .map(|(at, _)| at)
            .find(|at| *at == 0 || self.stderr[..*at].ends_with('\n'));
        at.map_or("", |at| self.stderr[at..].trim_end())
    }

    /// The standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}
