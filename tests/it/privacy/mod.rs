//! What is stored about people: by which settings, and who is forgotten.

mod change;
mod forget;
mod kills;
mod modes;
mod offboard;
mod retention;
mod unknown;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::{AssertSqlSafe, PgPool};
use tempfile::TempDir;

use crate::support::TestApp;
use crate::support::simulator::Simulator;
use crate::support::table::told;

/// A world with everything that names people: surveys, learning paths, widgets, reports, custom fields, masked addresses.
pub const WORLD: &[&str] = &[
    "--companies",
    "2",
    "--enrollments",
    "6",
    "--users",
    "14",
    "--survey-share",
    "50%",
    "--masked",
    "10%",
    "--anonymous",
    "15%",
    "--custom-fields",
    "50%",
];

/// The key of these tests.
pub const KEY: &str = "6b65792d6f662d74657374732d6f6e6c792d6b65792d6f662d74657374732d31";

/// One for all tests that need no other.
pub static KEY_FILE: LazyLock<KeyFile> = LazyLock::new(KeyFile::new);

/// A file with [`KEY`]; it is gone with the folder.
pub struct KeyFile {
    folder: TempDir,
}

impl KeyFile {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), format!("{KEY}\n")).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The program with these settings before the simulator, on a new database or on `pool`.
pub async fn app(
    simulator: &Simulator,
    pool: Option<&PgPool>,
    key: &KeyFile,
    settings: &[(&str, &str)],
) -> TestApp {
    let path = key.path().display().to_string();
    let all: Vec<(&str, &str)> = [
        ("api.date_format", "dmy"),
        ("api.time_zone", "Europe/Istanbul"),
        ("privacy.key_file", path.as_str()),
    ]
    .into_iter()
    .chain(settings.iter().copied())
    .collect();
    match pool {
        Some(pool) => TestApp::with_pool(pool.clone(), simulator.url(), &all),
        None => TestApp::new(simulator.url(), &all).await,
    }
}

/// What the vendor shows of people.
#[derive(Debug, Default, Clone)]
pub struct People {
    pub emails: BTreeSet<String>,
    pub names: BTreeSet<String>,
    pub phones: BTreeSet<String>,
    pub departments: BTreeSet<String>,
    pub written: BTreeSet<String>,
}

impl People {
    /// From the simulator's own truth.
    pub async fn of(simulator: &Simulator) -> Self {
        let mut people = Self::default();
        let note = |set: &mut BTreeSet<String>, value: &Value| {
            set.extend(
                value
                    .as_str()
                    .filter(|text| !text.trim().is_empty())
                    .map(str::to_owned),
            );
        };
        for row in simulator.truth("enrollment_users").await {
            note(&mut people.emails, &row["email"]);
            note(&mut people.names, &row["first_name"]);
            note(&mut people.names, &row["last_name"]);
            note(&mut people.phones, &row["phone_number"]);
            note(&mut people.departments, &row["department"]);
        }
        for row in simulator.truth("user_custom_fields").await {
            if row["name"] == "email" {
                note(&mut people.emails, &row["value"]);
            }
        }
        let months = "widget_values?from=2026-06&to=2026-07";
        for row in simulator.truth(months).await {
            let about = &row["dimension"];
            note(&mut people.emails, &about["email"]);
            note(&mut people.names, &about["fullName"]);
            note(&mut people.departments, &about["department"]);
            if row["name"] == "department" {
                note(&mut people.departments, &row["value_text"]);
            }
        }
        for row in simulator.truth("survey_answers").await {
            let kinds = ["fill-in", "long-fill-in", "word-bank"];
            if kinds.iter().any(|kind| row["question_type"] == *kind) {
                note(&mut people.written, &row["option_text"]);
                note(&mut people.written, &row["response"]);
            }
        }
        // What is an option, too, tells nothing.
        for row in simulator.truth("survey_question_options").await {
            people
                .written
                .remove(row["option_text"].as_str().unwrap_or_default());
        }
        // A mask shows nobody.
        people.emails.retain(|email| email.contains('@'));
        people
    }
}

/// Gives somebody another last name in all their enrollments.
pub async fn rename(simulator: &Simulator, company: &Value, user: &Value) {
    let mut renamed = 0;
    for row in simulator.truth("enrollment_users").await {
        if (&row["company_id"], &row["target_user_id"]) == (company, user) {
            let enrollment = &row["enrollment_id"];
            let change = json!({"kind": "person-renamed", "company": company, "enrollment": enrollment, "user": user});
            simulator.change(&change).await;
            renamed += 1;
        }
    }
    assert!(renamed > 0, "{user} of {company} is enrolled nowhere");
}

/// Every text that is stored anywhere, those within JSON too, with the place where it stands.
pub async fn texts(pool: &PgPool) -> Vec<(String, String)> {
    let tables = told(
        pool,
        "select format('%I.%I', schemaname, tablename) from pg_tables
         where schemaname in ('keepnet', 'rollup', 'sync', 'bi', 'ref') and tablename <> 'migrations'",
    )
    .await;
    let mut texts = Vec::new();
    for table in tables {
        let rows: Vec<Value> =
            sqlx::query_scalar(AssertSqlSafe(format!("select to_jsonb(t) from {table} t")))
                .fetch_all(pool)
                .await
                .unwrap();
        for row in &rows {
            collect(&table, row, &mut texts);
        }
    }
    texts
}

fn collect(place: &str, value: &Value, texts: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => {
            texts.push((place.to_owned(), text.clone()));
            // Payloads are JSON in text.
            if text.starts_with(['{', '['])
                && let Ok(inner) = serde_json::from_str(text)
            {
                collect(place, &inner, texts);
            }
        }
        Value::Number(number) => texts.push((place.to_owned(), number.to_string())),
        Value::Array(elements) => elements.iter().for_each(|one| collect(place, one, texts)),
        Value::Object(members) => {
            for (name, value) in members {
                texts.push((place.to_owned(), name.clone()));
                collect(&format!("{place}.{name}"), value, texts);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Where one of these stands by itself, or, if it is unmistakable, within another text.
pub fn found<'f>(
    texts: &'f [(String, String)],
    forbidden: &BTreeSet<String>,
) -> Vec<&'f (String, String)> {
    const UNMISTAKABLE: usize = 10;
    let long: Vec<&String> = forbidden
        .iter()
        .filter(|word| word.chars().count() >= UNMISTAKABLE)
        .collect();
    // Words of the vendor's catalogues that happen to be departments, or what somebody wrote.
    let is_catalogue = |place: &str| {
        place.starts_with("keepnet.survey_question") || place.contains("training_roles")
    };
    texts
        .iter()
        .filter(|(place, _)| !is_catalogue(place))
        .filter(|(_, text)| {
            forbidden.contains(text) || long.iter().any(|word| text.contains(word.as_str()))
        })
        .collect()
}

/// HMAC-SHA256 as the documentation says it: over company and value, NUL between them.
pub fn hash(company_id: &str, value: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(format!("{company_id}\0{value}").as_bytes());
    let digits: String = (mac.finalize().into_bytes().iter())
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("hash:{digits}")
}
