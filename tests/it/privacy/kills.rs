//! Killed while it erases, offboards or rewrites: the same command, begun again, ends what was begun.

use std::path::Path;

use secrecy::SecretString;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};

use super::change::STRICT;
use super::forget::{places, who_answered};
use super::offboard::{assert_files, remaining, tables_with};
use super::{KEY_FILE, People, WORLD, found, texts};
use crate::support::database;
use crate::support::program::Program;
use crate::support::running::{Running, is_gone};
use crate::support::simulator::Simulator;
use crate::support::table::{TABLES, assert_companies_equal_truth, told};
use crate::support::wire::{Moment, Then, Wire};

/// So many kills are spread over the statements of a command.
const KILLS: u64 = 4;

/// A database that was loaded once, and what is to be killed on copies of it.
struct Loaded {
    simulator: Simulator,
    template: SecretString,
}

impl Loaded {
    async fn new() -> Self {
        let simulator = Simulator::start(WORLD);
        let template = database::empty().await;
        let loaded = Self {
            simulator,
            template,
        };
        let output = Running::to_end(&loaded.program(&loaded.template), "sync").await;
        assert_eq!(output.code, 0, "{output:#?}");
        loaded
    }

    fn program(&self, url: &SecretString) -> Program {
        Program::between(self.simulator.url(), url)
            .set("api.date_format", "dmy")
            .set("privacy.key_file", &KEY_FILE.path().display().to_string())
    }

    /// A copy of the database, and the program before it, with these settings.
    async fn copy(&self, settings: &[(&str, &str)]) -> (PgPool, Wire, Program) {
        let url = database::copy_of(&self.template).await;
        let wire = Wire::before(&url).await;
        let program = (settings.iter()).fold(self.program(wire.url()), |program, (key, value)| {
            program.set(key, value)
        });
        (database::pool(&url).await, wire, program)
    }

    /// Runs `line` undisturbed, then kills it before and after each of its commits and between its statements, each time on a
    /// new copy, and runs it again. What `end` sees then has to be the same always; `killed` sees what a killed one left.
    async fn kill<T: PartialEq + std::fmt::Debug>(
        &self,
        settings: &[(&str, &str)],
        line: &str,
        killed: impl AsyncFn(&PgPool, &Program),
        end: impl AsyncFn(&PgPool, &Program) -> T,
    ) {
        let (pool, wire, program) = self.copy(settings).await;
        let output = Running::to_end(&program, line).await;
        assert_eq!(output.code, 0, "{output:#?}");
        let counts = wire.take_counts();
        let whole = end(&pool, &program).await;
        assert!(counts.commits > 0 && counts.statements > 2 * KILLS);

        let borders = [Moment::Unheard, Moment::Unanswered];
        let at_commits = (1..=counts.commits).flat_map(|n| borders.map(|moment| (moment, n)));
        let between = (1..=KILLS).map(|n| (Moment::Asking, n * counts.statements / (KILLS + 1)));
        for (moment, n) in at_commits.chain(between) {
            let (pool, wire, program) = self.copy(settings).await;
            let sprung = wire.trap(moment, n, Then::Freeze);
            Running::start(&program, line).kill_at(sprung).await;
            is_gone(&pool).await;
            wire.thaw();
            killed(&pool, &program).await;
            let output = Running::to_end(&program, line).await;
            assert_eq!(output.code, 0, "{moment:?} {n}: {output:#?}");
            assert_eq!(end(&pool, &program).await, whole, "{moment:?} {n}");
        }
    }
}

/// Everything of the vendor that is stored, without times.
async fn stored(pool: &PgPool) -> Vec<String> {
    let mut all = Vec::new();
    for table in TABLES {
        let sql = format!(
            "select '{table} ' || (to_jsonb(t) - array['synced_at', 'valid_from', 'observed_at'])::text
             from keepnet.{table} t order by 1"
        );
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(pool)
            .await
            .unwrap();
        all.extend(rows);
    }
    assert!(!all.is_empty());
    all
}

#[tokio::test]
async fn a_customer_is_offboarded_by_the_next_try() {
    let loaded = Loaded::new().await;
    let pool = database::pool(&loaded.template).await;
    let companies = told(
        &pool,
        "select company_id from sync.company_state order by company_id",
    )
    .await;
    pool.close().await;
    let (gone, stays) = (&companies[0], &companies[1]);
    let line = format!("forget-company {gone} --out export --yes");
    loaded
        .kill(
            &[],
            &line,
            async |_, _| {},
            async |pool, program| {
                assert!(tables_with(pool, gone).await.is_subset(&remaining()));
                let is_stays = |company: &str| company == stays;
                assert_companies_equal_truth(pool, &loaded.simulator, "enrollment_users", is_stays)
                    .await;
                let certificate = certificate(&program.folder().join("export"));
                assert_files(&program.folder().join("export"), &certificate);
                certificate["deleted"].clone()
            },
        )
        .await;
}

fn certificate(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("certificate.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_person_is_forgotten_by_the_next_try() {
    let loaded = Loaded::new().await;
    let someone = who_answered(&loaded.simulator).await;
    let marks = [someone.id.as_str(), someone.email.as_str()];
    let line = format!(
        "forget --company {} --email {} --yes",
        someone.company, someone.email
    );
    let log = [("privacy.erasure_log", "erasures.log")];
    let is_gone = async |pool: &PgPool| places(pool, &marks).await.is_empty();
    // Who is gone from the database is kept out of a restored backup, too.
    let killed = async |pool: &PgPool, program: &Program| {
        if !is_gone(pool).await {
            return;
        }
        let url = database::copy_of(&loaded.template).await;
        let log = program.folder().join("erasures.log");
        let restored = loaded
            .program(&url)
            .set("privacy.erasure_log", &log.display().to_string());
        let output = Running::to_end(&restored, "forget --replay").await;
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(is_gone(&database::pool(&url).await).await);
    };
    let end = async |pool: &PgPool, program: &Program| {
        assert!(is_gone(pool).await);
        killed(pool, program).await;
        stored(pool).await
    };
    loaded.kill(&log, &line, killed, end).await;
}

#[tokio::test]
async fn stricter_settings_are_applied_by_the_next_try_and_nothing_goes_on_before() {
    let loaded = Loaded::new().await;
    let people = People::of(&loaded.simulator).await;
    let is_applied = async |pool: &PgPool| found(&texts(pool).await, &people.emails).is_empty();
    let killed = async |pool: &PgPool, program: &Program| {
        let checked = Running::to_end(program, "check --quick").await;
        match checked.code {
            0 => assert!(is_applied(pool).await, "{checked:#?}"),
            code => assert_eq!(code, 2, "{checked:#?}"),
        }
    };
    let end = async |pool: &PgPool, program: &Program| {
        let checked = Running::to_end(program, "check --quick").await;
        assert_eq!(checked.code, 0, "{checked:#?}");
        assert!(is_applied(pool).await);
        stored(pool).await
    };
    loaded
        .kill(STRICT, "migrate --privacy --yes", killed, end)
        .await;
}
