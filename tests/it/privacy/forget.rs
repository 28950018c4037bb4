//! One person is erased: everywhere, for good, and nobody else.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use super::{KEY_FILE, KeyFile, WORLD, app, rename, texts};
use crate::support::database;
use crate::support::program::Program;
use crate::support::simulator::Simulator;
use crate::support::table::{TABLES, told};

/// A person of the simulated world.
pub struct Someone {
    pub company: String,
    pub id: String,
    pub email: String,
}

/// Somebody who answered a survey, under an address that is theirs alone.
pub async fn who_answered(simulator: &Simulator) -> Someone {
    let sessions = simulator.truth("survey_sessions").await;
    let users = simulator.truth("enrollment_users").await;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    sessions
        .iter()
        .find_map(|session| {
            let (company, id) = (text(session, "company_id"), text(session, "target_user_id"));
            let user = users.iter().find(|user| {
                text(user, "company_id") == company && text(user, "target_user_id") == id
            })?;
            let email = text(user, "email");
            let is_shared = users
                .iter()
                .any(|other| text(other, "email") == email && text(other, "target_user_id") != id);
            (email.contains('@') && !is_shared).then_some(Someone { company, id, email })
        })
        .expect("somebody answered")
}

fn program(simulator: &Simulator, url: &secrecy::SecretString, key: &KeyFile) -> Program {
    Program::between(simulator.url(), url)
        .set("api.date_format", "dmy")
        .set("privacy.key_file", &key.path().display().to_string())
}

/// Where a text stands, within others too.
pub async fn places(pool: &PgPool, wanted: &[&str]) -> BTreeSet<String> {
    texts(pool)
        .await
        .into_iter()
        .filter(|(_, text)| {
            wanted.iter().any(|wanted| match wanted.contains('@') {
                true => text.to_lowercase().contains(&wanted.to_lowercase()),
                // Some ids differ by case only.
                false => text.contains(wanted),
            })
        })
        .map(|(place, _)| place)
        .collect()
}

/// All present rows but those of one person.
async fn others(pool: &PgPool, someone: &Someone) -> Vec<String> {
    let mut all = Vec::new();
    for table in TABLES {
        let sql = format!(
            "select (to_jsonb(t) - array['first_seen_at', 'synced_at', 'valid_from', 'observed_at', 'extra'])::text
             from keepnet.{table} t
             where deleted_at is null and coalesce(to_jsonb(t) ->> 'target_user_id', '') <> $1 order by 1"
        );
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(&someone.id)
            .fetch_all(pool)
            .await
            .unwrap();
        all.extend(rows.into_iter().map(|row| format!("{table} {row}")));
    }
    all
}

#[tokio::test]
async fn who_answered_a_survey_is_forgotten_everywhere_and_no_sync_brings_them_back() {
    let mut flags = WORLD.to_vec();
    flags.extend(["--fault", "users:number-as-text:times=1"]);
    let simulator = Simulator::start(&flags);
    let someone = who_answered(&simulator).await;
    let url = database::empty().await;
    let program = program(&simulator, &url, &KEY_FILE);
    assert!(program.run("sync").code <= 1);
    rename(&simulator, &json!(someone.company), &json!(someone.id)).await;
    assert_eq!(program.run("sync --full").code, 0);
    let pool = database::pool(&url).await;
    let id = [someone.id.as_str()];
    let before = places(&pool, &id).await;
    for table in [
        "target_users",
        "target_user_history",
        "enrollment_users",
        "survey_sessions",
        "survey_answers",
        "interactions",
    ] {
        assert!(
            before.contains(&format!("keepnet.{table}.target_user_id")),
            "{table}: {before:?}"
        );
    }
    let untouched = others(&pool, &someone).await;

    // The record is everything that is stored.
    let shouted = someone.email.to_uppercase();
    let whom = format!("forget --company {} --email {shouted}", someone.company);
    let output = program.run(&format!("{whom} --dry-run --json"));
    assert_eq!(output.code, 0, "{output:#?}");
    let record = &output.json()["companies"][0];
    assert_eq!(record["target_users"], json!([someone.id]));
    let tables: BTreeSet<&str> = (record["rows"].as_object().unwrap().keys())
        .map(String::as_str)
        .collect();
    let stored: BTreeSet<String> = (before.iter())
        .map(|place| place.split('.').take(2).collect::<Vec<_>>().join("."))
        .collect();
    assert!(
        stored.iter().all(|table| tables.contains(table.as_str())),
        "{stored:?} in {tables:?}"
    );

    // Nothing is deleted without a word.
    let output = program.run(&whom);
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(output.failure().contains("add --yes"), "{output:#?}");
    assert_eq!(places(&pool, &id).await, before);

    let output = program.run(&format!("{whom} --yes"));
    assert_eq!(output.code, 0, "{output:#?}");
    let marks = [someone.id.as_str(), someone.email.as_str()];
    assert_eq!(places(&pool, &marks).await, BTreeSet::new());
    assert_eq!(others(&pool, &someone).await, untouched);
    let recorded = told(
        &pool,
        "select format('%s %s %s', command, outcome, length(target)) from sync.operator_actions",
    )
    .await;
    assert_eq!(recorded, ["forget done 64"]);

    // The vendor still shows them.
    for line in ["sync", "sync --full", "sync --full"] {
        let output = program.run(line);
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(places(&pool, &marks).await, BTreeSet::new(), "{line}");
    }
    assert_eq!(others(&pool, &someone).await, untouched);
    let open = "select kind from sync.discrepancies where resolved_at is null and kind in ('users listed', 'held deletions')";
    assert_eq!(told(&pool, open).await, [""; 0]);
    let verdicts = told(&pool, "select distinct verdict from sync.company_state").await;
    assert_eq!(verdicts, ["complete"]);

    // Twice is once.
    let output = program.run(&format!("{whom} --yes"));
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(output.stdout.contains("nothing is stored"), "{output:#?}");
}

#[tokio::test]
async fn the_same_address_in_another_company_is_another_person_unless_all_are_meant() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    let program = program(&simulator, &url, &KEY_FILE);
    assert_eq!(program.run("sync").code, 0);
    let pool = database::pool(&url).await;
    let consultants = "select company_id from keepnet.target_users where email = 'ada.consultant@example.org' order by 1";
    let companies = told(&pool, consultants).await;
    assert_eq!(companies.len(), 2);
    let address = "Ada.Consultant@Example.org";
    let output = program.run(&format!(
        "forget --company {} --email {address} --yes",
        companies[0]
    ));
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(program.run("sync --full").code, 0);
    assert_eq!(told(&pool, consultants).await, companies[1..]);
    let output = program.run(&format!(
        "forget --all-companies --email {address} --yes --json"
    ));
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(program.run("sync --full").code, 0);
    assert_eq!(places(&pool, &["ada.consultant"]).await, BTreeSet::new());
}

#[tokio::test]
async fn who_is_hashed_or_pseudonymised_is_found_and_forgotten_too() {
    let simulator = Simulator::start(WORLD);
    let someone = who_answered(&simulator).await;
    let url = database::empty().await;
    let program = program(&simulator, &url, &KEY_FILE)
        .set("privacy.email", "hash")
        .set("privacy.name", "hash")
        .set("privacy.survey_answers", "pseudonymise");
    assert_eq!(program.run("sync").code, 0);
    let pool = database::pool(&url).await;
    let sessions = "select count(*)::text from keepnet.survey_sessions";
    let before = told(&pool, sessions).await;
    let output = program.run(&format!(
        "forget --company {} --email {} --yes",
        someone.company, someone.email
    ));
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(
        output.stdout.contains("keepnet.survey_sessions: "),
        "{output:#?}"
    );
    let hash = super::hash(&someone.company, &someone.email.to_lowercase());
    let marks = [someone.id.as_str(), hash.as_str()];
    assert_eq!(places(&pool, &marks).await, BTreeSet::new());
    assert_eq!(program.run("sync --full").code, 0);
    assert_eq!(places(&pool, &marks).await, BTreeSet::new());
    assert_ne!(told(&pool, sessions).await, before);
}

#[tokio::test]
async fn a_restored_backup_is_brought_to_forget_again() {
    let simulator = Simulator::start(WORLD);
    let someone = who_answered(&simulator).await;
    let url = database::empty().await;
    let key = KeyFile::new();
    let log = key.folder().join("erasures");
    let program =
        program(&simulator, &url, &key).set("privacy.erasure_log", &log.display().to_string());
    assert_eq!(program.run("sync").code, 0);
    let pool = database::pool(&url).await;
    // The backup: a copy of the database, as `create database … template` makes it.
    let name: String = sqlx::query_scalar("select current_database()::text")
        .fetch_one(&pool)
        .await
        .unwrap();
    let backup = format!("{name}_backup");
    let admin = database::pool(&database::empty().await).await;
    pool.close().await;
    let copy = || AssertSqlSafe(format!("create database {backup} template {name}"));
    // The server lets go of a closed connection a moment later.
    while sqlx::query(copy()).execute(&admin).await.is_err() {
        tokio::task::yield_now().await;
    }
    let output = program.run(&format!(
        "forget --company {} --target-user {} --yes",
        someone.company, someone.id
    ));
    assert_eq!(output.code, 0, "{output:#?}");
    let logged = std::fs::read_to_string(&log).unwrap();
    assert!(
        logged.lines().count() > 1
            && !logged.contains(&someone.email)
            && !logged.contains(&someone.id),
        "{logged}"
    );

    use secrecy::ExposeSecret;
    let restored: secrecy::SecretString = url.expose_secret().replace(&name, &backup).into();
    let program = program.set_variable("DATABASE_URL", restored.expose_secret());
    let pool = database::pool(&restored).await;
    let marks = [someone.id.as_str(), someone.email.as_str()];
    assert_ne!(places(&pool, &marks).await, BTreeSet::new());
    let output = program.run("forget --replay");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(places(&pool, &marks).await, BTreeSet::new());
    assert_eq!(program.run("sync --full").code, 0);
    assert_eq!(places(&pool, &marks).await, BTreeSet::new());
    let again = program.run("forget --replay");
    assert_eq!(again.code, 0, "{again:#?}");
    assert!(again.stdout.contains("nothing is stored"), "{again:#?}");
}

#[tokio::test]
async fn who_is_only_named_in_widgets_is_forgotten_there() {
    let simulator = Simulator::start(WORLD);
    let app = app(&simulator, None, &KEY_FILE, &[]).await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    let named = told(
        &app.pool,
        "select distinct on (company_id) company_id || ' ' || (dimension ->> 'email') from keepnet.widget_values
         where dimension ? 'email' order by company_id, dimension ->> 'email'",
    )
    .await;
    let (company, email) = named[0].split_once(' ').unwrap();
    let policy =
        std::sync::Arc::new(keepnet_etl::privacy::Policy::read(&app.settings.privacy).unwrap());
    let clock: keepnet_etl::clock::SharedClock = app.clock.clone();
    let forgetting = keepnet_etl::sync::privacy::Forgetting {
        pool: &app.pool,
        policy: &policy,
        clock: &clock,
        log: None,
    };
    let whom = keepnet_etl::sync::privacy::Whom::Email(email.to_uppercase());
    let found = forgetting.forget(company, &whom).await.unwrap();
    assert!(found.rows["keepnet.widget_values"] > 0, "{found:#?}");
    let of_company = format!(
        "select count(*)::text from keepnet.widget_values where company_id = '{company}' and dimension ->> 'email' = '{email}'"
    );
    let count = async || -> String {
        sqlx::query_scalar(AssertSqlSafe(of_company.clone()))
            .fetch_one(&app.pool)
            .await
            .unwrap()
    };
    assert_eq!(count().await, "0");
    assert_eq!(app.full_sync().await.unwrap().outcome, "ok");
    assert_eq!(count().await, "0");
    let rows = app.full_sync().await.unwrap().totals.rows;
    assert_eq!((rows.inserted, rows.updated, rows.deleted), (0, 0, 0));
}

#[tokio::test]
async fn bad_use_is_told_and_changes_nothing() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    let with_key = || program(&simulator, &url, &KEY_FILE);
    assert_eq!(with_key().run("sync").code, 0);
    let pool = database::pool(&url).await;
    let company = &told(
        &pool,
        "select company_id from keepnet.companies order by 1 limit 1",
    )
    .await[0];
    let before = texts(&pool).await.len();
    for (program, line, expected) in [
        (
            with_key(),
            format!("forget --company {company} --email a*********m --yes"),
            "masked address",
        ),
        (
            with_key(),
            format!("forget --company {company} --email ada --yes"),
            "no e-mail address",
        ),
        (
            with_key(),
            "forget --company nobody --email a@b.example --yes".to_owned(),
            "company nobody",
        ),
        (
            with_key(),
            "forget --replay".to_owned(),
            "privacy.erasure_log is not set",
        ),
        (
            with_key().set("privacy.key_file", ""),
            format!("forget --company {company} --email a@b.example --yes"),
            "privacy.key_file is not set",
        ),
        (
            with_key(),
            "forget --email a@b.example --yes".to_owned(),
            "",
        ),
        (with_key(), format!("forget --company {company}"), ""),
    ] {
        let output = program.run(&line);
        assert_eq!(output.code, 2, "{line}: {output:#?}");
        assert!(output.stderr.contains(expected), "{line}: {output:#?}");
    }
    assert_eq!(texts(&pool).await.len(), before);
}

#[tokio::test]
async fn without_their_key_nobody_comes_back() {
    let simulator = Simulator::start(WORLD);
    let someone = who_answered(&simulator).await;
    let url = database::empty().await;
    let one = program(&simulator, &url, &KEY_FILE);
    assert_eq!(one.run("sync").code, 0);
    assert_eq!(
        one.run(&format!(
            "forget --company {} --target-user {} --yes",
            someone.company, someone.id
        ))
        .code,
        0
    );
    let output = one.set("privacy.key_file", "").run("sync --full");
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(
        output.failure().contains("they would come back"),
        "{output:#?}"
    );
    let pool = database::pool(&url).await;
    assert_eq!(places(&pool, &[&someone.id]).await, BTreeSet::new());
}
