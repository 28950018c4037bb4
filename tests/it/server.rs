//! What `check` says of the database server, its login and its connections; and what the pool lends again.

use futures::future::try_join_all;
use futures::poll;
use keepnet_etl::warehouse::connect::{Target, connect as open};
use keepnet_etl::warehouse::server::{is_marked, keeps_sessions, mark};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row};

use crate::support::cluster::Cluster;
use crate::support::database;
use crate::support::program::{Output, Program};

async fn connect(url: &SecretString) -> PgConnection {
    PgConnection::connect(url.expose_secret()).await.unwrap()
}

fn check(url: &SecretString) -> Output {
    Program::new()
        .set_variable("DATABASE_URL", url.expose_secret())
        .set("warehouse.max_connections", "5")
        .run("check --quick")
}

#[tokio::test]
async fn a_connection_that_is_answered_by_another_session_is_found_out() {
    let url = database::empty().await;
    let (mut one, mut other) = (connect(&url).await, connect(&url).await);
    let session = mark(&mut one).await.unwrap();
    assert!(is_marked(&mut one, session).await.unwrap());
    // As a pooler does: the second question goes to another session.
    assert!(!is_marked(&mut other, session).await.unwrap());
    // One that was left by an earlier check is another one too.
    let left = mark(&mut other).await.unwrap();
    assert!(!is_marked(&mut other, session).await.unwrap());
    assert!(is_marked(&mut other, left).await.unwrap());
    // The same backend, but somebody reset its settings.
    sqlx::raw_sql("reset all").execute(&mut one).await.unwrap();
    assert!(!is_marked(&mut one, session).await.unwrap());
    assert!(keeps_sessions(&mut one, &mut other).await.unwrap());
}

#[tokio::test]
async fn check_says_who_logs_in_and_whether_there_is_room_for_its_connections() {
    let cluster = Cluster::start().await;
    let mut admin = connect(&cluster.url("postgres")).await;
    for sql in [
        "create role plain login connection limit 4",
        "create database plain owner plain",
        "create database keepnet",
    ] {
        sqlx::query(sql).execute(&mut admin).await.unwrap();
    }
    let superuser = check(&cluster.url("keepnet"));
    assert_eq!(superuser.code, 0, "{superuser:#?}");
    for line in [
        "ok    login         postgres, a superuser, works as keepnet_etl_owner\n",
        "ok    sessions      each connection is one\n",
        // The default limit of a server is 100; the test's own connection is one of them.
        "ok    connections   up to 5; there is room for 99\n",
    ] {
        assert!(superuser.stdout.contains(line), "{line}: {superuser:#?}");
    }
    let url = cluster
        .url("plain")
        .expose_secret()
        .replace("postgres@", "plain@");
    let plain = check(&url.into());
    assert_eq!(plain.code, 0, "{plain:#?}");
    for line in [
        "ok    login         plain\n",
        "warn  connections   up to 5; there is room for 4\n                    to do: lower",
    ] {
        assert!(plain.stdout.contains(line), "{line}: {plain:#?}");
    }
}

/// A pool of as few connections as there can be.
async fn small_pool() -> PgPool {
    let target = Target {
        url: database::empty().await,
        max_connections: 3,
        allow_plaintext: false,
        takeover: std::time::Duration::from_secs(30),
    };
    open(&target).await.unwrap()
}

/// Every connection that the pool lends stands outside of a transaction and answers what it is asked.
async fn assert_lends_connections_at_rest(pool: &PgPool) {
    let mut lent = try_join_all((0..3).map(|_| pool.acquire())).await.unwrap();
    for (number, connection) in (0_i32..).zip(&mut lent) {
        let sql = format!("select {number}, statement_timestamp() = transaction_timestamp()");
        let row = sqlx::raw_sql(AssertSqlSafe(sql))
            .fetch_one(&mut **connection)
            .await
            .unwrap();
        assert_eq!((row.get(0), row.get(1)), (number, true));
        let tx = connection.begin().await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Drops `work` while its answer cannot have come: the server's process stands still meanwhile.
async fn drop_unanswered(session: Pid, work: impl Future) {
    signal::kill(session, Signal::SIGSTOP).unwrap();
    let is_pending = {
        let mut work = std::pin::pin!(work);
        poll!(work.as_mut()).is_pending()
    };
    signal::kill(session, Signal::SIGCONT).unwrap();
    assert!(is_pending);
}

async fn session(db: &mut PgConnection) -> Pid {
    let pid = sqlx::query_scalar("select pg_backend_pid()");
    Pid::from_raw(pid.fetch_one(db).await.unwrap())
}

#[tokio::test]
async fn a_connection_that_was_dropped_while_its_transaction_began_is_not_lent_again() {
    let pool = small_pool().await;
    let mut connection = pool.acquire().await.unwrap();
    drop_unanswered(session(&mut connection).await, connection.begin()).await;
    drop(connection);
    assert_lends_connections_at_rest(&pool).await;
}

#[tokio::test]
async fn a_connection_that_was_dropped_at_the_end_of_a_copy_is_not_lent_again() {
    let pool = small_pool().await;
    let mut connection = pool.acquire().await.unwrap();
    let session = session(&mut connection).await;
    let mut tx = connection.begin().await.unwrap();
    sqlx::raw_sql("create temp table staging (line text) on commit drop")
        .execute(&mut *tx)
        .await
        .unwrap();
    let mut copy = tx.copy_in_raw("copy staging from stdin").await.unwrap();
    copy.send(&b"a line\n"[..]).await.unwrap();
    drop_unanswered(session, copy.finish()).await;
    drop(tx);
    drop(connection);
    assert_lends_connections_at_rest(&pool).await;
}
