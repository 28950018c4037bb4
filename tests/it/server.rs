//! What `check` says of the database server, its login and its connections.

use keepnet_etl::warehouse::server::{is_marked, keeps_sessions, mark};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};

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
