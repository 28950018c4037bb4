//! The program's own private PostgreSQL, for whoever gives no database: made on first use in a
//! data folder, started from the server programs found on the machine, attached to by later
//! commands, stopped by `stop-database`. Knows nothing of what is stored in it.
//!
//! The server listens on loopback TCP only and asks everybody for a password (SCRAM). The program
//! connects as a plain role that owns one database; the superuser's password is forgotten once
//! that role exists. Run by root, the server steps down to the user `postgres`. Unix only.
//!
//! How a command finds its server, and what may have happened before:
//!
//! 1. The marker says "ready" and `postmaster.pid` names a living process of ours: log in, compare
//!    the cluster's name, done. No lock is taken.
//! 2. Otherwise the lock is taken, and everything is looked at again.
//! 3. No marker, or one that says "creating" (a command was killed): whatever was begun is removed
//!    and made again from nothing. The marker says "ready" only when role and database exist.
//! 4. The server runs but is not yet ready (it recovers): wait.
//! 5. It does not run: wait for leftovers of a killed server, look whether the port is still free,
//!    start.

mod access;
mod binaries;
mod cluster;
mod error;
mod folder;
mod marker;
mod owner;
mod place;
mod process;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::PgConnectOptions;

use self::folder::{Contents, Folder};
use self::marker::{Marker, State};
use self::owner::Owner;
use self::server::{Server, attach, describe, not_ready, processes, resolve, stop_running};

pub use self::binaries::search_path;
pub use self::error::EmbeddedError;

/// The private PostgreSQL of one data folder. Making this value touches nothing.
#[derive(Debug, Clone)]
pub struct Embedded {
    data_dir: PathBuf,
    search_path: Vec<PathBuf>,
    server_user: String,
    settings: Vec<(String, String)>,
}

/// How to reach the running server.
#[derive(Debug, Clone)]
pub struct EmbeddedDatabase {
    /// Always an address of this machine.
    pub host: String,
    /// Port on that address.
    pub port: u16,
    /// The plain role that owns the database.
    pub user: String,
    /// The database.
    pub database: String,
    /// The role's password.
    pub password: SecretString,
    /// Where the password is kept, for whoever sets up a BI tool.
    pub password_file: PathBuf,
    /// Whether this call started the server; false: it was running already.
    pub was_started: bool,
}

/// What `stop` found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It was running and has been stopped.
    WasRunning,
    /// There was nothing to stop.
    WasNotRunning,
}

/// What there is in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// No database has been made yet, or its making was interrupted.
    Absent,
    /// There is one, and it is not running.
    Stopped,
    /// It is running.
    Running {
        /// Process id of the server.
        pid: i32,
        /// Port on loopback; none in the first moments of a start.
        port: Option<u16>,
    },
}

impl EmbeddedDatabase {
    /// URL without the password: to be printed.
    #[must_use]
    pub fn display_url(&self) -> String {
        format!(
            "postgresql://{}@{}:{}/{}",
            self.user, self.host, self.port, self.database
        )
    }

    /// URL with the password.
    #[must_use]
    pub fn url(&self) -> SecretString {
        let Self {
            host,
            port,
            user,
            database,
            password,
            ..
        } = self;
        let password = password.expose_secret();
        format!("postgresql://{user}:{password}@{host}:{port}/{database}?sslmode=disable").into()
    }

    /// The same for sqlx; further options can be added to it.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        access::options(self.port, &self.user, &self.password).database(&self.database)
    }
}

impl Embedded {
    /// The server of `data_dir`, with server programs from the usual places.
    #[must_use]
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            search_path: search_path(None),
            server_user: "postgres".to_owned(),
            settings: Vec::new(),
        }
    }

    /// Searches these folders for server programs instead; see [`search_path`].
    #[must_use]
    pub fn with_search_path(mut self, folders: Vec<PathBuf>) -> Self {
        self.search_path = folders;
        self
    }

    /// Adds a setting of the server, such as `fsync = off` for tests. It counts from its next start.
    #[must_use]
    pub fn with_setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs the server as this user instead of `postgres` when the program runs as root.
    #[must_use]
    pub fn with_server_user(mut self, name: &str) -> Self {
        name.clone_into(&mut self.server_user);
        self
    }

    /// Attaches to the server if it runs, else starts it, else makes it and starts it.
    ///
    /// # Errors
    ///
    /// Says what could not be done, why, and what to do about it.
    pub async fn start_or_attach(&self) -> Result<EmbeddedDatabase, EmbeddedError> {
        let owner = Owner::resolve(&self.server_user)?;
        let folder = Folder::new(&self.data_dir)?;
        if let Contents::Ours(marker) = folder.inspect()?
            && marker.state == State::Ready
            && let Some(database) = attach(&folder, &marker, &owner).await?
        {
            return Ok(database);
        }
        // Said before anything is written: a machine without a server keeps no traces of the try.
        let found = binaries::find(&self.search_path, &owner).await;
        if found.is_empty() {
            return Err(EmbeddedError::NoBinaries);
        }
        folder.make(&owner)?;
        let lock = folder.lock().await?;
        let mut marker = match folder.inspect()? {
            Contents::Ours(marker) => marker,
            Contents::Nothing => {
                let marker = Marker::begin(cluster::free_port()?)?;
                folder.write_marker(&marker)?;
                marker
            }
        };
        let server = Server {
            settings: &self.settings,
            folder: &folder,
            owner: &owner,
            lock,
        };
        match marker.state {
            State::Creating => {
                let newest = binaries::newest(&found)?;
                server.create(&mut marker, newest).await?;
            }
            State::Ready => {
                if let Some(database) = server.wait_for_running(&marker).await? {
                    return Ok(database);
                }
                let real = resolve(&folder)?;
                let binaries = binaries::matching(&found, &real)?;
                if !place::can_enter(&owner, &real, &binaries.program("postgres")).await {
                    let user = owner.name().to_owned();
                    return Err(EmbeddedError::Unreachable { path: real, user });
                }
                server.start(&real, &mut marker, binaries).await?;
            }
        }
        let database = describe(&folder, marker.port, true)?;
        if access::verify(marker.port, &database.password, &marker.cluster_name()).await? {
            Ok(database)
        } else {
            Err(not_ready(&folder, Duration::ZERO))
        }
    }

    /// Stops the server in an orderly way if it runs; its data stays.
    ///
    /// # Errors
    ///
    /// When the folder is not ours or the server does not end in time.
    pub async fn stop(&self) -> Result<Stopped, EmbeddedError> {
        let owner = Owner::resolve(&self.server_user)?;
        let folder = Folder::new(&self.data_dir)?;
        if matches!(folder.inspect()?, Contents::Nothing) {
            return Ok(Stopped::WasNotRunning);
        }
        let _lock = folder.lock().await?;
        match folder.inspect()? {
            Contents::Ours(marker) => stop_running(&folder, &marker, &owner).await,
            Contents::Nothing => Ok(Stopped::WasNotRunning),
        }
    }

    /// Looks whether there is a server and whether it runs; changes nothing, takes no lock.
    ///
    /// # Errors
    ///
    /// When the folder is not ours.
    pub fn status(&self) -> Result<Status, EmbeddedError> {
        let owner = Owner::resolve(&self.server_user)?;
        let folder = Folder::new(&self.data_dir)?;
        let Contents::Ours(marker) = folder.inspect()? else {
            return Ok(Status::Absent);
        };
        Ok(match processes(&folder, &marker, &owner).postmaster()? {
            Some(running) => Status::Running {
                pid: running.pid,
                port: running.port,
            },
            None if marker.state == State::Creating => Status::Absent,
            None => Status::Stopped,
        })
    }
}
