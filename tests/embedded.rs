//! The private PostgreSQL, with real servers: made, attached to, killed, stopped, refused.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use keepnet_etl::warehouse::embedded::{
    Embedded, EmbeddedDatabase, EmbeddedError, Status, Stopped, search_path,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};
use tempfile::TempDir;

/// A data folder below a temporary one; whatever server runs in it ends with the test.
struct Playground {
    folder: TempDir,
    data_dir: PathBuf,
}

impl Playground {
    /// A data folder that does not exist yet, below a folder that others may enter.
    fn new() -> Self {
        Self::below(0o755)
    }

    fn below(mode: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let data_dir = folder.path().join("it's my/postgres");
        Self { folder, data_dir }
    }

    fn embedded(&self) -> Embedded {
        Embedded::new(self.data_dir.clone()).with_setting("fsync", "off")
    }

    async fn start(&self) -> EmbeddedDatabase {
        self.embedded().start_or_attach().await.unwrap()
    }

    fn pid(&self) -> i32 {
        match self.embedded().status().unwrap() {
            Status::Running { pid, .. } => pid,
            other => panic!("no server runs in {}: {other:?}", self.data_dir.display()),
        }
    }

    fn kill_server(&self) {
        kill(Pid::from_raw(self.pid()), Signal::SIGKILL).unwrap();
    }

    fn marker(&self) -> String {
        fs::read_to_string(self.data_dir.join("marker")).unwrap()
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        let embedded = self.embedded();
        let relocated = fs::read_link(self.data_dir.join("cluster"));
        // A runtime of its own: this may run inside the test's.
        let stop = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let _ = runtime.block_on(embedded.stop());
        };
        let _ = std::thread::spawn(stop).join();
        if let Ok(cluster) = relocated {
            let _ = fs::remove_dir_all(cluster.parent().unwrap());
        }
    }
}

async fn connect(database: &EmbeddedDatabase) -> PgConnection {
    PgConnection::connect(database.url().expose_secret())
        .await
        .unwrap()
}

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
async fn a_foreign_folder_is_refused_and_not_touched() {
    let playground = Playground::new();
    fs::create_dir_all(&playground.data_dir).unwrap();
    fs::write(playground.data_dir.join("thesis.txt"), "do not lose").unwrap();
    for refused in [
        playground.embedded().start_or_attach().await.map(drop),
        playground.embedded().stop().await.map(drop),
        playground.embedded().status().map(drop),
    ] {
        assert!(
            matches!(refused, Err(EmbeddedError::ForeignFolder { .. })),
            "{refused:?}"
        );
    }
    let entries: Vec<_> = fs::read_dir(&playground.data_dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(entries, [playground.data_dir.join("thesis.txt")]);
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_refused() {
    if geteuid().is_root() {
        let playground = Playground::new();
        fs::create_dir_all(&playground.data_dir).unwrap();
        std::os::unix::fs::chown(&playground.data_dir, Some(1), None).unwrap();
        let refused = playground.embedded().start_or_attach().await.unwrap_err();
        assert!(
            matches!(refused, EmbeddedError::ForeignOwner { .. }),
            "{refused}"
        );
    } else {
        let refused = Embedded::new(PathBuf::from("/etc"))
            .start_or_attach()
            .await
            .unwrap_err();
        assert!(
            matches!(refused, EmbeddedError::ForeignOwner { .. }),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn it_works_below_a_folder_that_is_closed_to_others() {
    let playground = Playground::below(0o700);
    let database = playground.start().await;
    connect(&database)
        .await
        .execute("create table kept ()")
        .await
        .unwrap();
    let link = fs::read_link(playground.data_dir.join("cluster"));
    assert_eq!(link.is_ok(), geteuid().is_root(), "{link:?}");

    playground.kill_server();
    let again = playground.start().await;
    assert!(again.was_started);
    connect(&again)
        .await
        .execute("select from kept")
        .await
        .unwrap();
    assert_eq!(
        playground.embedded().stop().await.unwrap(),
        Stopped::WasRunning
    );
}

#[tokio::test]
async fn root_without_a_user_for_the_server_is_told_what_to_do() {
    if !geteuid().is_root() {
        return;
    }
    let playground = Playground::new();
    let embedded = playground.embedded().with_server_user("no-such-user");
    let refused = embedded.start_or_attach().await.unwrap_err().to_string();
    assert!(
        refused.contains("useradd --system no-such-user"),
        "{refused}"
    );
    assert!(!playground.data_dir.exists());
}

#[tokio::test]
async fn without_server_programs_one_line_says_what_to_install() {
    let playground = Playground::new();
    let nowhere = vec![playground.folder.path().to_path_buf()];
    let refused = playground
        .embedded()
        .with_search_path(nowhere)
        .start_or_attach()
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("apt-get install postgresql"), "{refused}");
    assert!(
        refused.contains("warehouse.url") && !refused.contains('\n'),
        "{refused}"
    );
    assert!(!playground.data_dir.exists());
}

#[tokio::test]
async fn programs_on_the_path_come_first_among_equals() {
    let playground = Playground::new();
    let real = search_path(None)
        .into_iter()
        .find(|folder| folder.join("initdb").is_file());
    let Some(real) = real else { return };
    let bin = playground.folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for name in ["initdb", "postgres", "pg_ctl"] {
        std::os::unix::fs::symlink(real.join(name), bin.join(name)).unwrap();
    }
    let path = search_path(Some(OsStr::new(&bin)));
    assert_eq!(path[0], bin);
    let embedded = playground.embedded().with_search_path(path[..1].to_vec());
    assert!(embedded.start_or_attach().await.unwrap().was_started);
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
async fn a_database_whose_making_was_interrupted_is_made_again() {
    let playground = Playground::new();
    let first = playground.start().await;
    let marker = playground.marker();
    let rewind = || {
        let text = marker.replace("state = ready", "state = creating");
        fs::write(playground.data_dir.join("marker"), text).unwrap();
    };
    // Killed when everything but the last mark was done: the server runs.
    rewind();
    let second = playground.start().await;
    assert!(second.was_started);
    assert_ne!(
        second.password.expose_secret(),
        first.password.expose_secret()
    );
    connect(&second).await;

    // Killed in the middle of initdb: half a folder.
    playground.embedded().stop().await.unwrap();
    rewind();
    fs::remove_file(playground.data_dir.join("cluster/PG_VERSION")).unwrap();
    fs::remove_dir_all(playground.data_dir.join("cluster/base")).unwrap();
    assert_eq!(playground.embedded().status().unwrap(), Status::Absent);
    connect(&playground.start().await).await;

    // Killed before anything but the lock was there.
    playground.embedded().stop().await.unwrap();
    fs::remove_dir_all(&playground.data_dir).unwrap();
    fs::create_dir(&playground.data_dir).unwrap();
    fs::write(playground.data_dir.join("lock"), "").unwrap();
    connect(&playground.start().await).await;
}

#[tokio::test]
async fn a_complete_database_is_never_made_again() {
    let playground = Playground::new();
    playground.start().await;
    playground.embedded().stop().await.unwrap();
    let control = playground.data_dir.join("cluster/global/pg_control");
    fs::rename(&control, control.with_extension("away")).unwrap();
    let refused = playground.embedded().start_or_attach().await.unwrap_err();
    let EmbeddedError::Start { tail, .. } = &refused else {
        panic!("{refused}")
    };
    assert!(
        tail.contains("could not find the database system"),
        "{tail}"
    );
    fs::rename(control.with_extension("away"), &control).unwrap();

    // Neither is one whose marker was lost.
    let marker = playground.data_dir.join("marker");
    fs::rename(&marker, playground.folder.path().join("marker")).unwrap();
    let refused = playground.embedded().start_or_attach().await.unwrap_err();
    assert!(
        matches!(refused, EmbeddedError::ForeignFolder { .. }),
        "{refused}"
    );
    fs::rename(playground.folder.path().join("marker"), &marker).unwrap();
    assert!(playground.start().await.was_started);
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

/// Run by root, this test runs itself again as `nobody`.
#[tokio::test]
async fn a_plain_user_has_a_server_in_a_folder_of_his_own() {
    if !geteuid().is_root() {
        let playground = Playground::below(0o700);
        let database = playground.start().await;
        connect(&database)
            .await
            .execute("create table kept ()")
            .await
            .unwrap();
        playground.kill_server();
        connect(&playground.start().await)
            .await
            .execute("select from kept")
            .await
            .unwrap();
        assert_eq!(
            playground.embedded().stop().await.unwrap(),
            Stopped::WasRunning
        );
        return;
    }
    let Ok(Some(nobody)) = nix::unistd::User::from_name("nobody") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("embedded");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = as_user(&program, &nobody)
        .args([
            "--exact",
            "a_plain_user_has_a_server_in_a_folder_of_his_own",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

fn as_user(program: &Path, user: &nix::unistd::User) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(program);
    command
        .uid(user.uid.as_raw())
        .gid(user.gid.as_raw())
        .current_dir("/");
    command
}
