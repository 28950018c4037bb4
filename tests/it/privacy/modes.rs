//! Each setting on an empty warehouse: what must not be stored is nowhere, and a second sync finds nothing to do.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::PgPool;

use super::{KEY_FILE, KeyFile, People, WORLD, app, found, hash, texts};
use crate::support::database;
use crate::support::program::Program;
use crate::support::simulator::Simulator;
use crate::support::table::{everything, told};

/// What must be nowhere under which settings.
type Mode = (
    &'static [(&'static str, &'static str)],
    fn(&People) -> BTreeSet<String>,
);

const MODES: [Mode; 4] = [
    (
        &[("privacy.email", "hash"), ("privacy.name", "drop")],
        |people| &people.emails | &people.names,
    ),
    (
        &[("privacy.email", "drop"), ("privacy.name", "hash")],
        |people| &people.emails | &people.names,
    ),
    (
        &[
            ("privacy.phone", "hash"),
            ("privacy.department", "drop"),
            ("privacy.free_text", "hash"),
        ],
        |people| &(&people.phones | &people.departments) | &people.written,
    ),
    (
        &[
            ("privacy.phone", "drop"),
            ("privacy.department", "hash"),
            ("privacy.free_text", "drop"),
        ],
        |people| &(&people.phones | &people.departments) | &people.written,
    ),
];

/// Everything at once, with items that cannot be understood.
const STRICTEST: &[(&str, &str)] = &[
    ("privacy.email", "hash"),
    ("privacy.name", "hash"),
    ("privacy.phone", "drop"),
    ("privacy.department", "hash"),
    ("privacy.free_text", "drop"),
    ("privacy.survey_answers", "pseudonymise"),
    ("privacy.custom_fields", "Site"),
];

#[tokio::test]
async fn without_settings_everything_is_there() {
    // Else the tests below would prove nothing.
    let simulator = Simulator::start(WORLD);
    let people = People::of(&simulator).await;
    let app = app(&simulator, None, &KEY_FILE, &[]).await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    let texts = texts(&app.pool).await;
    for (kind, all) in [
        ("emails", &people.emails),
        ("names", &people.names),
        ("phones", &people.phones),
        ("departments", &people.departments),
        ("written", &people.written),
    ] {
        assert!(all.len() > 3, "{kind}: {all:?}");
        for one in all {
            let alone = BTreeSet::from([one.clone()]);
            assert!(
                !found(&texts, &alone).is_empty(),
                "{kind}: {one} is not stored"
            );
        }
    }
}

#[tokio::test]
async fn what_is_hashed_or_dropped_is_nowhere_and_a_second_sync_writes_nothing() {
    let simulator = Simulator::start(WORLD);
    let people = People::of(&simulator).await;
    for (settings, forbidden) in MODES {
        let app = app(&simulator, None, &KEY_FILE, settings).await;
        assert_eq!(app.sync().await.unwrap().outcome, "ok", "{settings:?}");
        let texts = texts(&app.pool).await;
        let left = found(&texts, &forbidden(&people));
        assert!(
            left.is_empty(),
            "{settings:?}: {:#?}",
            &left[..left.len().min(5)]
        );
        let report = app.full_sync().await.unwrap();
        let rows = report.totals.rows;
        assert_eq!(
            (rows.inserted, rows.updated, rows.deleted),
            (0, 0, 0),
            "{settings:?}"
        );
    }
}

#[tokio::test]
async fn quarantine_histories_and_a_log_of_everything_hold_nobody() {
    let mut flags = WORLD.to_vec();
    for fault in [
        "users:user-without-id:times=2",
        "users:number-as-text:from=2,times=1",
        "users:other-date-format:from=3,times=1",
        "users:conflicting-row:from=5,times=1",
        "answers:row-without-id:times=1",
    ] {
        flags.extend(["--fault", fault]);
    }
    let simulator = Simulator::start(&flags);
    let mut people = People::of(&simulator).await;
    let key = KeyFile::new();
    let url = database::empty().await;
    let mut program = Program::between(simulator.url(), &url)
        .set("log.level", "trace")
        .set("privacy.key_file", &key.path().display().to_string());
    for (name, value) in STRICTEST {
        program = program.set(name, value);
    }
    let mut log = String::new();
    let rows = simulator.truth("enrollment_users").await;
    let enrollment = &rows[0]["enrollment_id"];
    for change in [
        json!({"kind": "person-renamed", "enrollment": enrollment}),
        json!({"kind": "person-moved", "enrollment": enrollment}),
        json!({"kind": "user-status"}),
        json!({"kind": "user-removed"}),
    ] {
        let output = program.run("sync --full");
        assert!(output.code <= 1, "{output:#?}");
        log += &output.stdout;
        log += &output.stderr;
        simulator.change(&change).await;
        let after = People::of(&simulator).await;
        people.emails.extend(after.emails);
        people.names.extend(after.names);
        people.departments.extend(after.departments);
    }
    let pool = database::pool(&url).await;
    let quarantined: i64 = sqlx::query_scalar("select count(*) from sync.quarantine")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(quarantined > 0);
    let mut forbidden = people.emails;
    for more in [
        people.names,
        people.phones,
        people.departments,
        people.written,
    ] {
        forbidden.extend(more);
    }
    let texts = texts(&pool).await;
    let left = found(&texts, &forbidden);
    assert!(left.is_empty(), "{:#?}", &left[..left.len().min(5)]);
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "it is a log of everything"
    );
    let told: Vec<&String> = forbidden
        .iter()
        .filter(|word| word.chars().count() > 9 && log.contains(word.as_str()))
        .collect();
    assert!(told.is_empty(), "{told:?}");
}

/// Address, names, department and phone number.
type Stored = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

#[tokio::test]
async fn a_person_has_one_hash_within_a_company_and_another_in_the_next() {
    let simulator = Simulator::start(WORLD);
    let app = app(&simulator, None, &KEY_FILE, STRICTEST).await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    let truth = simulator.truth("enrollment_users").await;
    let mut checked = 0;
    for row in &truth {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let company = text("company_id");
        let stored: Stored = sqlx::query_as(
            "select email, first_name, last_name, department, phone_number from keepnet.enrollment_users
             where (company_id, enrollment_id, reported_enrollment_id, target_user_id) = ($1, $2, $3, $4)",
        )
        .bind(&company)
        .bind(text("enrollment_id"))
        .bind(text("reported_enrollment_id"))
        .bind(text("target_user_id"))
        .fetch_one(&app.pool)
        .await
        .unwrap();
        let expected = |name: &str| match row[name].as_str() {
            None => None,
            Some("") => Some(String::new()),
            Some(masked) if masked.contains('*') => Some(masked.to_owned()),
            Some(value) if name == "email" => Some(hash(&company, &value.to_lowercase())),
            Some(value) => Some(hash(&company, value)),
        };
        let expected = (
            expected("email"),
            expected("first_name"),
            expected("last_name"),
            expected("department"),
            None,
        );
        assert_eq!(stored, expected);
        checked += 1;
    }
    assert_eq!(checked, truth.len());

    // The same consultant learns at both companies.
    let consultant = told(
        &app.pool,
        "select distinct email from keepnet.enrollment_users where email in (
             select email from keepnet.target_users group by email having count(distinct company_id) > 1)
             and email like 'hash:%'",
    )
    .await;
    assert_eq!(consultant, [""; 0], "a hash links two companies");
    let at_both: Vec<&str> = truth
        .iter()
        .filter(|row| row["email"] == "ada.consultant@example.org")
        .filter_map(|row| row["company_id"].as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert_eq!(at_both.len(), 2);
    let masked = told(
        &app.pool,
        "select is_email_masked::text from keepnet.target_users where email like '%*%' group by 1",
    )
    .await;
    assert_eq!(masked, ["true"]);
    let hashed = told(
        &app.pool,
        "select is_email_masked::text from keepnet.target_users where email like 'hash:%' group by 1",
    )
    .await;
    assert_eq!(hashed, ["false"]);
}

#[tokio::test]
async fn pseudonyms_hold_a_persons_answers_together_and_are_no_id() {
    let simulator = Simulator::start(WORLD);
    let settings = [("privacy.survey_answers", "pseudonymise")];
    let app = app(&simulator, None, &KEY_FILE, &settings).await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    let ids: BTreeSet<String> = (simulator.truth("survey_sessions").await.iter())
        .filter_map(|row| row["target_user_id"].as_str().map(str::to_owned))
        .collect();
    assert!(ids.len() > 3);
    for (table, column) in [
        ("survey_sessions", "target_user_id"),
        ("survey_answers", "target_user_id"),
    ] {
        let rows: Vec<String> = column_of(&app.pool, table, column).await;
        assert!(!rows.is_empty());
        assert!(
            rows.iter().all(|id| id.starts_with("pseudonym:")),
            "{table}"
        );
    }
    // As many people answered as the vendor shows, each under one name.
    let counts = told(
        &app.pool,
        "select format('%s %s', count(*), count(distinct (company_id, target_user_id))) from keepnet.survey_sessions",
    )
    .await;
    let truth = simulator.truth("survey_sessions").await;
    let people: BTreeSet<String> = (truth.iter())
        .map(|row| format!("{}{}", row["company_id"], row["target_user_id"]))
        .collect();
    assert_eq!(counts, [format!("{} {}", truth.len(), people.len())]);
    let unlinked = told(
        &app.pool,
        "select session_id from keepnet.survey_answers a
         where not exists (select from keepnet.survey_sessions s
                           where (s.company_id, s.enrollment_id, s.target_user_id, s.session_id)
                               = (a.company_id, a.enrollment_id, a.target_user_id, a.session_id))",
    )
    .await;
    assert_eq!(unlinked, [""; 0]);
    let latest = told(
        &app.pool,
        "select count(*)::text from keepnet.survey_sessions where is_latest
         group by company_id, enrollment_id, target_user_id having count(*) <> 1",
    )
    .await;
    assert_eq!(latest, [""; 0]);
    // Nothing about the answers names an id.
    let all: Vec<(String, String)> = texts(&app.pool)
        .await
        .into_iter()
        .filter(|(place, _)| place.contains("survey_"))
        .collect();
    assert_eq!(found(&all, &ids).len(), 0);

    // Who leaves takes the answers along, whatever they are called.
    let sessions = simulator.truth("survey_sessions").await;
    let leaver = &sessions[0];
    simulator
        .change(&json!({
            "kind": "user-removed", "company": leaver["company_id"],
            "enrollment": leaver["enrollment_id"], "user": leaver["target_user_id"],
        }))
        .await;
    app.full_sync().await.unwrap();
    app.full_sync().await.unwrap();
    let gone = told(
        &app.pool,
        "select count(*)::text from keepnet.survey_sessions where deleted_at is not null",
    )
    .await;
    assert_ne!(gone, ["0"], "{leaver}");
}

async fn column_of(pool: &PgPool, table: &str, column: &str) -> Vec<String> {
    let sql = format!("select {column} from keepnet.{table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_all(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn answers_that_are_dropped_are_not_even_asked_for() {
    let simulator = Simulator::start(WORLD);
    let app = app(
        &simulator,
        None,
        &KEY_FILE,
        &[("privacy.survey_answers", "drop")],
    )
    .await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    let requests = simulator.requests().await;
    assert_eq!(requests["endpoints"]["answers"], 0, "{requests:#}");
    let counts = told(
        &app.pool,
        "select count(*)::text from keepnet.survey_answers",
    )
    .await;
    assert_eq!(counts, ["0"]);
}

#[test]
fn a_key_that_is_missing_or_short_is_told_before_anything_is_sent() {
    let key = KeyFile::new();
    let short = key.folder().join("short");
    std::fs::write(&short, "too short\n").unwrap();
    for (setting, value) in [
        ("privacy.email", "hash"),
        ("privacy.survey_answers", "pseudonymise"),
    ] {
        let program = Program::between("http://127.0.0.1:9", &"postgres://127.0.0.1:9/x".into())
            .set(setting, value);
        let output = program.run("migrate --privacy --dry-run");
        assert_eq!(output.code, 2, "{output:#?}");
        assert!(
            output.failure().contains("privacy.key_file is not set"),
            "{output:#?}"
        );
        assert!(
            output.failure().contains("openssl rand -hex 32"),
            "{output:#?}"
        );
        let program = program.set("privacy.key_file", &short.display().to_string());
        let output = program.run("migrate --privacy --dry-run");
        assert_eq!(output.code, 2, "{output:#?}");
        assert!(output.failure().contains("it has 9 bytes"), "{output:#?}");
        let nowhere = key.folder().join("nowhere").display().to_string();
        let output = program
            .set("privacy.key_file", &nowhere)
            .run("migrate --privacy --dry-run");
        assert_eq!(output.code, 2, "{output:#?}");
    }
}

#[tokio::test]
async fn a_sync_without_its_key_writes_nothing() {
    let simulator = Simulator::start(WORLD);
    let app = app(
        &simulator,
        None,
        &KEY_FILE,
        &[("privacy.key_file", ""), ("privacy.email", "hash")],
    )
    .await;
    let before = everything(&app.pool).await;
    assert!(app.sync().await.is_err());
    assert_eq!(everything(&app.pool).await, before);
    assert_eq!(simulator.requests().await["total"], 0);
}
