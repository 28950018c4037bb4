//! One server: the steps from nothing, or from whatever is there, to one that accepts connections.
//! All of them but attaching are done under the lock.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::binaries::Binaries;
use super::cluster::{self, Started};
use super::error::EmbeddedError;
use super::folder::{Folder, PAUSE};
use super::marker::{Marker, State};
use super::owner::Owner;
use super::process::Processes;
use super::{EmbeddedDatabase, Stopped, access, place};

/// How long an orderly shutdown may take.
const STOP_PATIENCE: Duration = Duration::from_secs(60);
/// How often a start is tried when somebody else takes the port first.
const START_ATTEMPTS: u32 = 5;

/// What the steps under the lock share.
pub(super) struct Server<'a> {
    pub(super) settings: &'a [(String, String)],
    pub(super) folder: &'a Folder,
    pub(super) owner: &'a Owner,
    pub(super) lock: File,
}

impl Server<'_> {
    /// Makes the cluster from nothing, whatever an interrupted command has left of it.
    pub(super) async fn create(
        &self,
        marker: &mut Marker,
        binaries: &Binaries,
    ) -> Result<(), EmbeddedError> {
        let Self { folder, owner, .. } = self;
        stop_running(folder, marker, owner).await?;
        place::remove_unfinished(folder)?;
        tracing::info!(
            folder = %folder.root().display(),
            version = binaries.major,
            "making a private PostgreSQL"
        );
        let postgres = binaries.program("postgres");
        let real = place::place_cluster(folder, owner, marker, &postgres).await?;
        let is_durable = !self
            .settings
            .iter()
            .any(|(key, value)| key == "fsync" && value == "off");
        let superuser = cluster::create(&real, binaries, owner, &self.lock, is_durable).await?;
        let password = folder.new_password()?;
        self.start(&real, marker, binaries).await?;
        access::create_role_and_database(marker.port, &superuser, &password).await?;
        marker.state = State::Ready;
        folder.write_marker(marker)
    }

    /// Starts the server, on another port when its own has been taken.
    pub(super) async fn start(
        &self,
        real: &Path,
        marker: &mut Marker,
        binaries: &Binaries,
    ) -> Result<(), EmbeddedError> {
        let Self {
            settings,
            folder,
            owner,
            lock,
        } = self;
        processes(folder, marker, owner).clear_leftovers().await?;
        for _ in 0..START_ATTEMPTS {
            if !cluster::is_free(marker.port) {
                let port = cluster::free_port()?;
                tracing::warn!(
                    taken = marker.port,
                    port,
                    "another program uses the port of the private PostgreSQL; it moves to a new one"
                );
                marker.port = port;
                folder.write_marker(marker)?;
            }
            cluster::configure(real, marker, owner, settings)?;
            match cluster::start(folder, real, marker, binaries, owner, lock).await? {
                Started::Yes => return Ok(()),
                Started::PortTaken => {}
            }
        }
        Err(EmbeddedError::NoPort)
    }

    /// Attaches to a server that runs, waiting while it starts or recovers; none when it does not
    /// run or ends meanwhile.
    pub(super) async fn wait_for_running(
        &self,
        marker: &Marker,
    ) -> Result<Option<EmbeddedDatabase>, EmbeddedError> {
        let Self { folder, owner, .. } = self;
        let patience = Duration::from_secs(cluster::START_SECONDS);
        let begin = Instant::now();
        while begin.elapsed() < patience {
            if processes(folder, marker, owner).postmaster()?.is_none() {
                return Ok(None);
            }
            if let Some(database) = attach(folder, marker, owner).await? {
                return Ok(Some(database));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(not_ready(folder, patience))
    }
}

/// Logs in to the server if it runs and accepts connections.
pub(super) async fn attach(
    folder: &Folder,
    marker: &Marker,
    owner: &Owner,
) -> Result<Option<EmbeddedDatabase>, EmbeddedError> {
    let Some(running) = processes(folder, marker, owner).postmaster()? else {
        return Ok(None);
    };
    let Some(port) = running.port.filter(|_| running.is_ready) else {
        return Ok(None);
    };
    let database = describe(folder, port, false)?;
    let is_ours = access::verify(port, &database.password, &marker.cluster_name()).await?;
    Ok(is_ours.then_some(database))
}

/// Stops the server if it runs.
pub(super) async fn stop_running(
    folder: &Folder,
    marker: &Marker,
    owner: &Owner,
) -> Result<Stopped, EmbeddedError> {
    let processes = processes(folder, marker, owner);
    let Some(running) = processes.postmaster()? else {
        return Ok(Stopped::WasNotRunning);
    };
    if processes.end(running.pid, STOP_PATIENCE).await {
        Ok(Stopped::WasRunning)
    } else {
        Err(EmbeddedError::Stop {
            pid: running.pid,
            waited: STOP_PATIENCE,
        })
    }
}

/// What tells the server's processes.
pub(super) fn processes(folder: &Folder, marker: &Marker, owner: &Owner) -> Processes {
    let cluster = folder.cluster();
    Processes {
        cluster: fs::canonicalize(&cluster).unwrap_or(cluster),
        name: marker.cluster_name(),
        uid: owner.uid(),
    }
}

/// How to reach the server on `port`.
pub(super) fn describe(
    folder: &Folder,
    port: u16,
    was_started: bool,
) -> Result<EmbeddedDatabase, EmbeddedError> {
    Ok(EmbeddedDatabase {
        host: Ipv4Addr::LOCALHOST.to_string(),
        port,
        user: access::ROLE.to_owned(),
        database: access::DATABASE.to_owned(),
        password: folder.password()?,
        password_file: folder.password_file(),
        was_started,
    })
}

/// The error of a server that runs and refuses.
pub(super) fn not_ready(folder: &Folder, waited: Duration) -> EmbeddedError {
    EmbeddedError::NotReady {
        waited,
        log: folder.log_file(),
        tail: folder.log_tail(0),
    }
}

/// Where the cluster really is; the server is given no path through the data folder when that is
/// closed to it.
pub(super) fn resolve(folder: &Folder) -> Result<PathBuf, EmbeddedError> {
    let cluster = folder.cluster();
    fs::canonicalize(&cluster).map_err(EmbeddedError::io("find", &cluster))
}
