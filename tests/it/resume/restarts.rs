//! PostgreSQL goes away in the middle of a run and comes back: the run goes on.

use std::path::PathBuf;

use keepnet_etl::warehouse::embedded::{Embedded, EmbeddedDatabase, Status};
use keepnet_etl::warehouse::leases::{self, Kind};
use keepnet_etl::warehouse::runs;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use url::Url;

use super::assert_undisturbed;
use crate::support::gate::Gate;
use crate::support::program::Program;
use crate::support::running::{Running, in_time, until};
use crate::support::simulator::Simulator;
use crate::support::{self, database};

const WORLD: &[&str] = &[
    "--companies",
    "2",
    "--enrollments",
    "4",
    "--users",
    "5",
    "--survey-share",
    "50%",
];

/// A server that may be stopped and started; it ends with this value.
struct Server {
    folder: TempDir,
}

impl Server {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).unwrap();
        Self { folder }
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("postgres")
    }

    fn embedded(&self) -> Embedded {
        Embedded::new(self.data_dir()).with_setting("fsync", "off")
    }

    /// Starts it, at the same port as before.
    async fn start(&self) -> EmbeddedDatabase {
        self.embedded().start_or_attach().await.unwrap()
    }

    /// Sends a signal to the server, and waits until it is gone.
    async fn end(&self, how: Signal) {
        let Status::Running { pid, .. } = self.embedded().status().unwrap() else {
            return;
        };
        kill(Pid::from_raw(pid), how).unwrap();
        in_time("the server ends", async {
            while matches!(
                self.embedded().status(),
                Ok(Status::Running { .. }) | Err(_)
            ) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(Status::Running { pid, .. }) = self.embedded().status() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
        }
    }
}

#[tokio::test]
async fn a_restart_of_the_database_is_survived_in_the_same_run() {
    let simulator = Simulator::start(WORLD);
    let gate = Gate::before(simulator.url()).await;
    let server = Server::new();
    let url = server.start().await.url();
    let pool = database::pool(&url).await;
    // In order: transactions are broken off; the server is gone at once, and recovers when it comes back.
    for how in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL] {
        for moment in ["/users/search", "/exam-result-sessions/"] {
            sqlx::raw_sql("drop schema if exists keepnet, sync, bi, ref, rollup cascade")
                .execute(&pool)
                .await
                .unwrap();
            let program = Program::between(gate.url(), &url);
            let held = gate.hold_nth(3, move |request| request.contains(moment));
            let mut running = Running::start(&program, "sync");
            running.meets(held).await;
            server.end(how).await;
            // It is wanted before it is back.
            gate.let_go();
            server.start().await;
            let output = running.end().await;
            assert_eq!(output.code, 0, "{how} {moment}: {output:#?}");
            assert_undisturbed(&pool, &simulator).await;
        }
    }
}

#[tokio::test]
async fn a_run_keeps_its_claims_and_ends_while_the_server_takes_its_broken_connection_for_alive() {
    let pool = database::migrated().await;
    let now = support::NOW.parse().unwrap();
    let lasts = std::time::Duration::from_secs(3);
    let new = runs::NewRun {
        kind: "sync",
        at: now,
        lasts,
        under: None,
        look: Box::new(runs::Pace::default),
    };
    let run = runs::begin(&pool, new).await.unwrap();
    let claim = leases::claim(&pool, run.holder, Kind::Company, "c").await;
    assert!(claim.unwrap().is_some());
    // Another session waits for the lock of the run: it gets it when the connection breaks, and stands for that one.
    let mut other = pool.acquire().await.unwrap();
    let waiting = tokio::spawn(async move {
        sqlx::query(
            "select pg_advisory_lock(l.classid::int, l.objid::int)
             from pg_locks l join pg_database d on d.oid = l.database
             where l.locktype = 'advisory' and d.datname = current_database()",
        )
        .execute(&mut *other)
        .await
        .unwrap();
        other
    });
    until(
        &pool,
        "select exists (select from pg_locks l join pg_database d on d.oid = l.database
                        where l.locktype = 'advisory' and d.datname = current_database() and not l.granted)",
    )
    .await;
    sqlx::query(
        "select pg_terminate_backend(l.pid) from pg_locks l join pg_database d on d.oid = l.database
         where l.locktype = 'advisory' and d.datname = current_database() and l.granted",
    )
    .execute(&pool)
    .await
    .unwrap();
    let _other = in_time("the lock changes hands", waiting).await.unwrap();
    sqlx::query("update sync.leases set expires_at = '-infinity'")
        .execute(&pool)
        .await
        .unwrap();
    until(&pool, "select expires_at > '-infinity' from sync.leases").await;
    let end = run.finish(&pool, "ok", runs::Pace::default(), None, now);
    in_time("the run ends", end).await.unwrap();
}

#[tokio::test]
async fn a_new_password_is_taken_from_the_file_in_the_same_run() {
    let simulator = Simulator::start(WORLD);
    let gate = Gate::before(simulator.url()).await;
    let server = Server::new();
    let url = server.start().await.url();
    let program = Program::between(gate.url(), &url);
    let file = program.folder().join("url");
    std::fs::write(&file, url.expose_secret()).unwrap();
    let program = program
        .set_variable("DATABASE_URL", "")
        .set("warehouse.url_file", file.to_str().unwrap());
    let held = gate.hold_nth(3, |request| request.contains("/users/search"));
    let mut running = Running::start(&program, "sync");
    running.meets(held).await;

    let mut admin = PgConnection::connect(url.expose_secret()).await.unwrap();
    sqlx::raw_sql(
        "do $$ begin execute format('alter role %I password %L', current_user, 'new'); end $$;
         select pg_terminate_backend(pid) from pg_stat_activity
         where usesysid = current_user::regrole and pid <> pg_backend_pid()",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    assert!(PgConnection::connect(url.expose_secret()).await.is_err());
    let mut rotated = Url::parse(url.expose_secret()).unwrap();
    rotated.set_password(Some("new")).unwrap();
    gate.let_go();
    // It is wanted before it is known.
    std::fs::write(&file, rotated.as_str()).unwrap();

    let output = running.end().await;
    assert_eq!(output.code, 0, "{output:#?}");
    let rotated = SecretString::from(String::from(rotated));
    let pool = database::pool(&rotated).await;
    assert_undisturbed(&pool, &simulator).await;
    assert!(!output.stderr.contains(url.expose_secret()));
    assert!(!output.stderr.contains(rotated.expose_secret()));
}
