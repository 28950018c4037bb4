//! The server: what it gives, attaching, kills, ports, stopping.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use keepnet_etl::warehouse::embedded::{EmbeddedError, Status, Stopped, search_path};
use nix::unistd::{Pid, geteuid};
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};

use crate::support::{Playground, as_user, connect};

#[tokio::test]
async fn it_starts_and_gives_a_plain_role_that_owns_its_database() {
    let playground = Playground::new();
    assert_eq!(playground.embedded().status().unwrap(), Status::Absent);
    let database = playground.start().await;
    assert!(database.was_started);

    let mut connection = connect(&database).await;
    let (role, is_super, bypasses, creates_databases, creates_roles): (
        String,
        bool,
        bool,
        bool,
        bool,
    ) = sqlx::query_as(
        "select rolname::text, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole
         from pg_roles where rolname = current_user",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(role, "keepnet_etl");
    assert!(!is_super && !bypasses && creates_databases && creates_roles);

    let (owner, encoding): (String, String) = sqlx::query_as(
        "select pg_get_userbyid(datdba)::text, pg_encoding_to_char(encoding)::text
         from pg_database where datname = current_database()",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!((owner.as_str(), encoding.as_str()), ("keepnet_etl", "UTF8"));

    let listens: String = sqlx::query_scalar("show listen_addresses")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(listens, "127.0.0.1");
    let sockets: Result<Option<String>, _> =
        sqlx::query_scalar("select current_setting('unix_socket_directories')")
            .fetch_one(&mut connection)
            .await;
    // Readable by members of pg_read_all_settings only; that it is refused is as good.
    assert!(sockets.map_or(true, |folders| folders.unwrap_or_default().is_empty()));
}

#[tokio::test]
async fn the_password_is_asked_for_and_never_shown() {
    let playground = Playground::new();
    let database = playground.start().await;
    let password = database.password.expose_secret();
    assert_eq!(
        fs::read_to_string(&database.password_file).unwrap().trim(),
        password
    );
    let mode = fs::metadata(&database.password_file)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!database.display_url().contains(password));
    assert!(!format!("{database:?}").contains(password));
    let log = fs::read_to_string(playground.data_dir.join("server.log")).unwrap();
    assert!(!log.contains(password));

    let rules = playground.data_dir.join("cluster/pg_hba.conf");
    let rules = fs::read_to_string(rules).unwrap();
    let rules: Vec<&str> = rules
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect();
    assert!(!rules.is_empty() && rules.iter().all(|rule| rule.ends_with("scram-sha-256")));

    let wrong = format!(
        "postgresql://keepnet_etl:wrong@127.0.0.1:{}/keepnet",
        database.port
    );
    let refused = PgConnection::connect(&wrong).await.unwrap_err();
    let code = refused
        .as_database_error()
        .unwrap()
        .code()
        .unwrap()
        .into_owned();
    assert_eq!(code, "28P01");
}

#[tokio::test]
async fn a_second_start_attaches() {
    let playground = Playground::new();
    let first = playground.start().await;
    let pid = playground.pid();
    let second = playground.start().await;
    assert!(first.was_started && !second.was_started);
    assert_eq!(first.display_url(), second.display_url());
    assert_eq!(playground.pid(), pid);
}

#[tokio::test]
async fn the_server_is_in_a_session_of_its_own() {
    let playground = Playground::new();
    playground.start().await;
    let server = Pid::from_raw(playground.pid());
    assert_ne!(nix::unistd::getsid(Some(server)), nix::unistd::getsid(None));
}

#[tokio::test]
async fn data_survives_a_kill_of_the_server() {
    let playground = Playground::new();
    let database = playground.start().await;
    let mut connection = connect(&database).await;
    connection
        .execute("create table kept as select 42 as answer")
        .await
        .unwrap();

    playground.kill_server();
    let again = playground.start().await;
    assert!(again.was_started);
    assert_eq!(again.port, database.port);
    let answer: i32 = sqlx::query_scalar("select answer from kept")
        .fetch_one(&mut connect(&again).await)
        .await
        .unwrap();
    assert_eq!(answer, 42);
}

#[tokio::test]
async fn a_process_id_file_that_names_a_stranger_does_not_hinder_a_start() {
    let playground = Playground::new();
    playground.start().await;
    let path = playground.data_dir.join("cluster/postmaster.pid");
    let text = fs::read_to_string(&path).unwrap();
    playground.embedded().stop().await.unwrap();
    // As after a restart of a container: the old number belongs to somebody else by now.
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&path, format!("{}\n{rest}", std::process::id())).unwrap();
    assert_eq!(playground.embedded().status().unwrap(), Status::Stopped);
    assert_eq!(
        playground.embedded().stop().await.unwrap(),
        Stopped::WasNotRunning
    );
    assert!(playground.start().await.was_started);
}

#[tokio::test]
async fn stop_stops_and_a_later_start_keeps_the_identity() {
    let playground = Playground::new();
    assert_eq!(
        playground.embedded().stop().await.unwrap(),
        Stopped::WasNotRunning
    );
    assert!(!playground.data_dir.exists());
    let database = playground.start().await;
    let marker = playground.marker();
    assert_eq!(
        playground.embedded().stop().await.unwrap(),
        Stopped::WasRunning
    );
    assert_eq!(playground.embedded().status().unwrap(), Status::Stopped);
    assert!(
        PgConnection::connect(database.url().expose_secret())
            .await
            .is_err()
    );
    assert_eq!(
        playground.embedded().stop().await.unwrap(),
        Stopped::WasNotRunning
    );
    assert_eq!(
        playground.start().await.display_url(),
        database.display_url()
    );
    assert_eq!(playground.marker(), marker);
}

#[tokio::test]
async fn a_taken_port_is_replaced() {
    let playground = Playground::new();
    let before = playground.start().await;
    playground.embedded().stop().await.unwrap();
    let _squatter = TcpListener::bind(("127.0.0.1", before.port)).unwrap();
    let after = playground.start().await;
    assert_ne!(after.port, before.port);
    assert_eq!(playground.start().await.port, after.port);
}

#[tokio::test]
async fn two_commands_at_once_give_one_server() {
    let playground = Playground::new();
    let both = tokio::join!(playground.start(), playground.start());
    assert_eq!(both.0.display_url(), both.1.display_url());
    assert!(both.0.was_started != both.1.was_started);
    connect(&both.0).await;

    playground.kill_server();
    let both = tokio::join!(playground.start(), playground.start());
    assert_eq!(both.0.display_url(), both.1.display_url());
    assert!(both.0.was_started != both.1.was_started);
}

#[tokio::test]
async fn a_server_that_shows_another_identity_is_not_attached_to() {
    let playground = Playground::new();
    let database = playground.start().await;
    let marker = playground.marker();
    let identity = marker
        .lines()
        .find_map(|line| line.strip_prefix("identity = "))
        .unwrap();
    let other = marker.replace(identity, &"0123456789abcdef".repeat(2));
    let path = playground.data_dir.join("marker");
    fs::write(&path, other).unwrap();
    let refused = playground.embedded().start_or_attach().await.unwrap_err();
    assert!(
        matches!(refused, EmbeddedError::NotOurs { .. }),
        "{refused}"
    );
    fs::write(&path, marker).unwrap();
    assert_eq!(playground.start().await.port, database.port);
}

#[tokio::test]
async fn a_server_that_was_started_by_hand_is_attached_to_and_stopped() {
    let playground = Playground::new();
    let database = playground.start().await;
    playground.embedded().stop().await.unwrap();
    let cluster = fs::canonicalize(playground.data_dir.join("cluster")).unwrap();
    let real = search_path(None)
        .into_iter()
        .find(|folder| folder.join("initdb").is_file());
    let name = if geteuid().is_root() {
        "postgres"
    } else {
        "nobody"
    };
    let user = nix::unistd::User::from_name(name).unwrap().unwrap();
    let mut by_hand = match geteuid().is_root() {
        true => as_user(&real.unwrap().join("pg_ctl"), &user),
        false => Command::new(real.unwrap().join("pg_ctl")),
    };
    by_hand
        .args(["start", "-w", "-D"])
        .arg(&cluster)
        .arg("-l")
        .arg(cluster.join("by-hand.log"));
    let by_hand = by_hand
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(by_hand.success());
    let attached = playground.start().await;
    assert!(!attached.was_started);
    assert_eq!(attached.display_url(), database.display_url());
    assert_eq!(
        playground.embedded().stop().await.unwrap(),
        Stopped::WasRunning
    );
}
