//! One private PostgreSQL for all tests, and a database for each.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use keepnet_etl::warehouse::connect::{Target, connect};
use keepnet_etl::warehouse::embedded::{Embedded, EmbeddedDatabase, Status};
use keepnet_etl::warehouse::migrate::migrate;
use nix::unistd::Pid;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use tokio::sync::OnceCell;
use url::Url;

static SERVER: OnceCell<EmbeddedDatabase> = OnceCell::const_new();
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Databases of tests that have ended. The next test drops them: all of them together would fill a small disk.
static ENDED: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    /// The databases of the test that runs in this thread; it ends with the thread.
    static OWN: RefCell<Owned> = const { RefCell::new(Owned(Vec::new())) };
}

struct Owned(Vec<String>);

impl Drop for Owned {
    fn drop(&mut self) {
        if let Ok(mut ended) = ENDED.lock() {
            ended.append(&mut self.0);
        }
    }
}

/// The server, beside the build; `scripts/test.sh` stops it in the end.
pub fn data_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../test-postgres")
}

async fn server() -> &'static EmbeddedDatabase {
    SERVER
        .get_or_init(|| async {
            let server = Embedded::new(data_dir())
                .with_setting("fsync", "off")
                .with_setting("full_page_writes", "off")
                .with_setting("wal_level", "minimal")
                .with_setting("max_wal_senders", "0")
                .with_setting("max_connections", "300")
                .with_setting("max_wal_size", "256MB");
            // Nobody uses a stopped one; a new one is quicker than dropping the databases of earlier runs.
            if matches!(server.status(), Ok(Status::Stopped)) {
                let _ = std::fs::remove_dir_all(data_dir());
            }
            let database = server
                .start_or_attach()
                .await
                .expect("the tests' PostgreSQL");
            drop_leftovers(&database).await;
            database
        })
        .await
}

/// Drops the databases of earlier test processes. A test may have processes of its own beside it: what belongs to a living
/// one stays.
async fn drop_leftovers(server: &EmbeddedDatabase) {
    let mut db = PgConnection::connect_with(&server.connect_options())
        .await
        .expect("connection");
    let names: Vec<String> =
        sqlx::query_scalar("select datname::text from pg_database where datname like 'it\\_%'")
            .fetch_all(&mut db)
            .await
            .expect("databases");
    for name in names.iter().filter(|name| !is_of_living_process(name)) {
        // Another process may be at it as well.
        let drop = format!("drop database if exists {name} with (force)");
        let _ = sqlx::query(AssertSqlSafe(drop)).execute(&mut db).await;
    }
}

fn is_of_living_process(database: &str) -> bool {
    let number = database.split('_').rev().nth(1);
    let pid = number.and_then(|number| number.parse().ok());
    pid.is_some_and(|pid| nix::sys::signal::kill(Pid::from_raw(pid), None).is_ok())
}

/// The URL of a new, empty database.
pub async fn empty() -> SecretString {
    own_copy("template1").await
}

/// The URL of a new, migrated database: a copy of one that was migrated once.
pub async fn migrated_url() -> SecretString {
    own_copy(template().await).await
}

/// The URL of a new database that holds what another one does, to which nobody is connected.
pub async fn copy_of(url: &SecretString) -> SecretString {
    let url = Url::parse(url.expose_secret()).expect("a URL");
    own_copy(url.path().trim_start_matches('/')).await
}

async fn own_copy(template: &str) -> SecretString {
    let name = new_name("");
    OWN.with_borrow_mut(|own| own.0.push(name.clone()));
    create(&name, template).await
}

/// The same for several tests: it stays when the one that asked for it ends.
pub async fn kept_url() -> SecretString {
    create(&new_name("kept_"), template().await).await
}

async fn template() -> &'static str {
    TEMPLATE
        .get_or_init(|| async {
            let name = new_name("template_");
            let pool = pool(&create(&name, "template1").await).await;
            migrate(&pool).await.expect("migrations");
            pool.close().await;
            name
        })
        .await
}

fn new_name(kind: &str) -> String {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("it_{kind}{}_{n}", std::process::id())
}

async fn create(name: &str, template: &str) -> SecretString {
    let server = server().await;
    let mut db = PgConnection::connect_with(&server.connect_options())
        .await
        .expect("connection");
    let ended = std::mem::take(&mut *ENDED.lock().expect("no panic while it is held"));
    for ended in ended {
        let drop = format!("drop database if exists {ended}");
        if sqlx::query(AssertSqlSafe(drop))
            .execute(&mut db)
            .await
            .is_err()
        {
            // Somebody is on the way out of it: another test does it.
            let mut later = ENDED.lock().expect("no panic while it is held");
            later.push(ended);
        }
    }
    let create = format!("create database {name} template {template}");
    sqlx::query(AssertSqlSafe(create))
        .execute(&mut db)
        .await
        .expect("database");
    let url = server
        .url()
        .expose_secret()
        .replace("/keepnet?", &format!("/{name}?"));
    url.into()
}

/// A pool on `url`.
pub async fn pool(url: &SecretString) -> PgPool {
    let target = Target {
        url: url.clone(),
        max_connections: 8,
        allow_plaintext: false,
        takeover: std::time::Duration::from_secs(30),
    };
    connect(&target).await.expect("pool")
}

/// A pool on a new, migrated database.
pub async fn migrated() -> PgPool {
    pool(&migrated_url().await).await
}
