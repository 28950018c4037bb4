//! A folder to play in, and a connection to what runs there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use keepnet_etl::warehouse::embedded::{Embedded, EmbeddedDatabase, Status};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secrecy::ExposeSecret as _;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tempfile::TempDir;

/// A data folder below a temporary one; whatever server runs in it ends with the test.
pub struct Playground {
    pub folder: TempDir,
    pub data_dir: PathBuf,
}

impl Playground {
    /// A data folder that does not exist yet, below a folder that others may enter.
    pub fn new() -> Self {
        Self::below(0o755)
    }

    pub fn below(mode: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let data_dir = folder.path().join("it's my/postgres");
        Self { folder, data_dir }
    }

    pub fn embedded(&self) -> Embedded {
        Embedded::new(self.data_dir.clone()).with_setting("fsync", "off")
    }

    pub async fn start(&self) -> EmbeddedDatabase {
        self.embedded().start_or_attach().await.unwrap()
    }

    pub fn pid(&self) -> i32 {
        match self.embedded().status().unwrap() {
            Status::Running { pid, .. } => pid,
            other => panic!("no server runs in {}: {other:?}", self.data_dir.display()),
        }
    }

    pub fn kill_server(&self) {
        kill(Pid::from_raw(self.pid()), Signal::SIGKILL).unwrap();
    }

    pub fn marker(&self) -> String {
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

pub async fn connect(database: &EmbeddedDatabase) -> PgConnection {
    PgConnection::connect(database.url().expose_secret())
        .await
        .unwrap()
}

/// Runs a program as another user.
pub fn as_user(program: &Path, user: &nix::unistd::User) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(program);
    command
        .uid(user.uid.as_raw())
        .gid(user.gid.as_raw())
        .current_dir("/");
    command
}
