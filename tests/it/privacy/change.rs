//! Settings that change later: no sync begins until what is stored was rewritten.

use keepnet_etl::privacy::Policy;
use keepnet_etl::sync::SyncError;
use keepnet_etl::sync::privacy::apply;
use std::sync::Arc;

use super::{KeyFile, People, WORLD, app, found, rename, texts};
use crate::support::TestApp;
use crate::support::database;
use crate::support::program::Program;
use crate::support::simulator::Simulator;
use crate::support::table::{assert_equals_truth, everything, told};

pub const STRICT: &[(&str, &str)] = &[
    ("privacy.email", "hash"),
    ("privacy.name", "drop"),
    ("privacy.phone", "drop"),
    ("privacy.department", "hash"),
    ("privacy.free_text", "drop"),
    ("privacy.survey_answers", "pseudonymise"),
    ("privacy.custom_fields", "Site"),
];

async fn applied(app: &TestApp) -> keepnet_etl::sync::privacy::Plan {
    let policy = Arc::new(Policy::read(&app.settings.privacy).unwrap());
    let clock: keepnet_etl::clock::SharedClock = app.clock.clone();
    app.clock.advance(chrono::TimeDelta::minutes(1));
    apply(&app.pool, &policy, &clock, false).await.unwrap()
}

#[tokio::test]
async fn stricter_settings_rewrite_what_is_stored_as_a_first_load_would_have_stored_it() {
    let simulator = Simulator::start(WORLD);
    let key = KeyFile::new();
    let loose = app(&simulator, None, &key, &[]).await;
    assert_eq!(loose.sync().await.unwrap().outcome, "ok");
    // Earlier versions hold names, too.
    let before = People::of(&simulator).await;
    let somebody = &simulator.truth("enrollment_users").await[0];
    rename(
        &simulator,
        &somebody["company_id"],
        &somebody["target_user_id"],
    )
    .await;
    assert_eq!(loose.full_sync().await.unwrap().outcome, "ok");
    let history = "select 'some' from keepnet.target_user_history where last_name <> '' limit 1";
    assert_eq!(told(&loose.pool, history).await, ["some"]);

    let strict = app(&simulator, Some(&loose.pool), &key, STRICT).await;
    strict.clock.advance(chrono::TimeDelta::hours(2));
    let untouched = everything(&loose.pool).await;
    let refused = strict.sync().await.unwrap_err();
    assert!(matches!(refused, SyncError::PrivacyChanged(_)), "{refused}");
    assert_eq!(refused.exit_code(), 2);
    assert!(
        refused.to_string().contains("email keep -> hash"),
        "{refused}"
    );
    assert_eq!(everything(&loose.pool).await, untouched);

    let plan = applied(&strict).await;
    assert!(
        plan.is_done && plan.is_stricter && !plan.is_looser,
        "{plan:#?}"
    );
    let after = People::of(&simulator).await;
    let mut forbidden = before.emails;
    for more in [
        before.names,
        before.phones,
        before.departments,
        before.written,
        after.names,
    ] {
        forbidden.extend(more);
    }
    let texts = texts(&strict.pool).await;
    let left = found(&texts, &forbidden);
    assert!(left.is_empty(), "{:#?}", &left[..left.len().min(5)]);

    // A first load under the same settings stores the same, once what was removed for safety has come again.
    assert_eq!(strict.full_sync().await.unwrap().outcome, "ok");
    let fresh = app(&simulator, None, &key, STRICT).await;
    assert_eq!(fresh.sync().await.unwrap().outcome, "ok");
    for table in [
        "target_users",
        "enrollment_users",
        "user_custom_fields",
        "survey_sessions",
        "survey_answers",
        "widget_values",
    ] {
        let rows = rows(&strict, table).await;
        assert!(!rows.is_empty(), "{table}");
        assert_eq!(rows, self::rows(&fresh, table).await, "{table}");
    }
    let again = strict.full_sync().await.unwrap().totals.rows;
    assert_eq!((again.inserted, again.updated, again.deleted), (0, 0, 0));
    assert!(applied(&strict).await.changes.is_empty());
}

/// Present rows without what tells of their life here.
async fn rows(app: &TestApp, table: &str) -> Vec<String> {
    let sql = format!(
        "select (to_jsonb(t) - array['target_user_key', 'first_seen_at', 'synced_at', 'valid_from'])::text
         from keepnet.{table} t where deleted_at is null order by 1"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_all(&app.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn looser_settings_read_everything_again() {
    let simulator = Simulator::start(WORLD);
    let key = KeyFile::new();
    let strict = app(&simulator, None, &key, STRICT).await;
    assert_eq!(strict.sync().await.unwrap().outcome, "ok");
    let loose = app(&simulator, Some(&strict.pool), &key, &[]).await;
    loose.clock.advance(chrono::TimeDelta::hours(2));
    assert!(matches!(
        loose.sync().await,
        Err(SyncError::PrivacyChanged(_))
    ));
    let plan = applied(&loose).await;
    assert!(plan.is_looser && plan.due > 0, "{plan:#?}");
    loose.clock.advance(chrono::TimeDelta::hours(1));
    // Without asking for everything.
    assert_eq!(loose.sync().await.unwrap().outcome, "ok");
    for table in [
        "target_users",
        "enrollment_users",
        "survey_sessions",
        "survey_answers",
        "user_custom_fields",
    ] {
        assert_equals_truth(&loose.pool, &simulator, table).await;
    }
}

#[tokio::test]
async fn another_key_makes_all_hashes_anew() {
    let simulator = Simulator::start(WORLD);
    let (one, other) = (KeyFile::new(), KeyFile::new());
    std::fs::write(other.path(), "another key of another forty bytes or so").unwrap();
    let first = app(&simulator, None, &one, STRICT).await;
    assert_eq!(first.sync().await.unwrap().outcome, "ok");
    let hashes =
        "select distinct email from keepnet.target_users where email like 'hash:%' order by 1";
    let before = told(&first.pool, hashes).await;
    let second = app(&simulator, Some(&first.pool), &other, STRICT).await;
    second.clock.advance(chrono::TimeDelta::hours(2));
    assert!(matches!(
        second.sync().await,
        Err(SyncError::PrivacyChanged(_))
    ));
    applied(&second).await;
    let texts = texts(&second.pool).await;
    assert!(
        texts
            .iter()
            .all(|(_, text)| !text.starts_with("hash:") && !text.starts_with("pseudonym:"))
    );
    second.clock.advance(chrono::TimeDelta::hours(1));
    assert_eq!(second.sync().await.unwrap().outcome, "ok");
    let after = told(&second.pool, hashes).await;
    assert_eq!(before.len(), after.len());
    assert!(before.iter().all(|hash| !after.contains(hash)));
}

#[tokio::test]
async fn the_command_shows_a_plan_and_asks_before_it_writes() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url).set("api.date_format", "dmy");
    assert_eq!(program.run("sync").code, 0);
    let pool = database::pool(&url).await;
    let before = everything(&pool).await;
    let program = program.set("privacy.email", "drop");
    let output = program.run("sync");
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(
        output.failure().contains("keepnet-etl migrate --privacy"),
        "{output:#?}"
    );
    let checked = program.run("check --quick");
    assert_eq!(checked.code, 2, "{checked:#?}");
    let line = "FAIL  privacy       ";
    assert!(checked.stdout.contains(line), "{checked:#?}");
    let output = program.run("migrate --privacy --dry-run");
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(
        output
            .stdout
            .starts_with("email keep -> drop\n  target_users.email: "),
        "{output:#?}"
    );
    let output = program.run("migrate --privacy");
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(output.failure().contains("add --yes"), "{output:#?}");
    assert_eq!(everything(&pool).await, before);
    let output = program.run("migrate --privacy --yes --json");
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.json()["is_done"], true);
    let recorded = told(
        &pool,
        "select command || ' ' || outcome from sync.operator_actions",
    )
    .await;
    assert_eq!(recorded, ["migrate --privacy done"]);
    assert_eq!(program.run("sync").code, 0);
    let checked = program.run("check --quick");
    assert!(checked.stdout.contains("ok    privacy "), "{checked:#?}");
    assert!(!everything(&pool).await.contains("@c"));
}
