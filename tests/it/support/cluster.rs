//! A PostgreSQL of its own for the one thing that the shared one cannot be asked for: a superuser's login.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use keepnet_etl::warehouse::embedded::search_path;
use nix::unistd::{User, geteuid};
use secrecy::SecretString;
use sqlx::postgres::PgPoolOptions;
use tempfile::TempDir;

/// A running server; it ends with this value, or with the test's process.
pub struct Cluster {
    folder: TempDir,
    child: Child,
}

impl Cluster {
    /// Makes and starts one. Takes about two seconds.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let programs = binaries();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a data folder");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).expect("rights");
        if let Some(user) = server_user() {
            for path in [folder.path(), &data] {
                chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("an owner");
            }
        }
        let mut initdb = Command::new(programs.join("initdb"));
        initdb
            .args([
                "--auth=trust",
                "--username=postgres",
                "--no-sync",
                "--no-instructions",
            ])
            .arg("--pgdata")
            .arg(&data)
            .stdout(Stdio::null());
        let made = as_server_user(&mut initdb).status().expect("initdb runs");
        assert!(made.success());
        // The shell outlives neither this value nor the test: its input is closed then.
        let script = "exec 3<&0; \"$0\" -D \"$1\" -k \"$2\" -c listen_addresses= -c fsync=off 2>\"$2/log\" </dev/null & \
                      pid=$!; cat <&3 >/dev/null; kill -QUIT $pid; wait $pid";
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .arg(programs.join("postgres"))
            .arg(&data)
            .arg(folder.path())
            .stdin(Stdio::piped());
        let child = as_server_user(&mut shell).spawn().expect("a shell");
        let cluster = Self { folder, child };
        cluster.wait().await;
        cluster
    }

    /// The URL of `database` for a superuser.
    pub fn url(&self, database: &str) -> SecretString {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@{socket}/{database}").into()
    }

    async fn wait(&self) {
        use secrecy::ExposeSecret;
        let url = self.url("postgres");
        for _ in 0..100_000 {
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .connect(url.expose_secret())
                .await;
            if let Ok(pool) = pool {
                pool.close().await;
                return;
            }
            tokio::task::yield_now().await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log"));
        panic!("the server does not come up: {log:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn binaries() -> PathBuf {
    search_path(None)
        .into_iter()
        .filter(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .max()
        .expect("the server programs of PostgreSQL")
}

/// The server does not run as root.
fn server_user() -> Option<User> {
    geteuid().is_root().then(|| {
        User::from_name("postgres")
            .expect("users")
            .expect("the user postgres")
    })
}

fn as_server_user(command: &mut Command) -> &mut Command {
    match server_user() {
        Some(user) => command.uid(user.uid.as_raw()).gid(user.gid.as_raw()),
        None => command,
    }
}
