//! What can go wrong with the private PostgreSQL, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

/// Why the private PostgreSQL could not be used.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// No usable server binaries anywhere.
    #[error(
        "no PostgreSQL server (14 or newer) was found: install one (`apt-get install postgresql`, \
         `brew install postgresql@17`) or set warehouse.url"
    )]
    NoBinaries,
    /// There are server binaries, but not of the version that made the cluster.
    #[error(
        "the database in {} was made by PostgreSQL {wanted}, but only {found} was found: install \
         PostgreSQL {wanted}, or choose another warehouse.data_dir",
        .cluster.display()
    )]
    WrongBinaries {
        /// Folder of the cluster.
        cluster: PathBuf,
        /// Major version of the cluster.
        wanted: u32,
        /// Versions found, for people.
        found: String,
    },
    /// Running as root on a machine without the user that should run the server.
    #[error(
        "PostgreSQL refuses to run as root and there is no user `{user}` to run it as: create it \
         (`useradd --system {user}`), run keepnet-etl as an ordinary user, or set warehouse.url"
    )]
    NoServerUser {
        /// The user that was looked for.
        user: String,
    },
    /// The folder holds something that this program did not put there.
    #[error(
        "{} is not empty and was not made by keepnet-etl, so nothing in it was touched: choose an \
         empty or new folder as warehouse.data_dir",
        .path.display()
    )]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The folder belongs to another user.
    #[error(
        "{} belongs to user {owner}, not to the user running keepnet-etl: run as that user, or \
         choose another warehouse.data_dir",
        .path.display()
    )]
    ForeignOwner {
        /// The folder.
        path: PathBuf,
        /// Name or number of its owner.
        owner: String,
    },
    /// The user that runs the server cannot enter the cluster's folder.
    #[error(
        "user `{user}`, who runs the server, cannot enter {}: open the folders above it \
         (`chmod o+x`), or choose another warehouse.data_dir",
        .path.display()
    )]
    Unreachable {
        /// The folder.
        path: PathBuf,
        /// The user.
        user: String,
    },
    /// A file of the folder cannot be understood.
    #[error(
        "{} is damaged ({why}): restore it from a backup, or choose another warehouse.data_dir",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The operating system refused something.
    #[error("could not {action} {}", .path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// No room.
    #[error("the disk of {} is full: free some space, then run the command again", .path.display())]
    DiskFull {
        /// The folder that could not be written.
        path: PathBuf,
    },
    /// `initdb` failed.
    #[error("could not create the database in {}; initdb said:\n{output}", .path.display())]
    Create {
        /// Folder of the cluster.
        path: PathBuf,
        /// What `initdb` said.
        output: String,
    },
    /// The server did not start.
    #[error("could not start the embedded PostgreSQL; {} ends with:\n{tail}", .log.display())]
    Start {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The server runs but does not accept connections.
    #[error(
        "the embedded PostgreSQL did not accept connections within {} s; wait and run the command \
         again, or look into {}, which ends with:\n{tail}",
        .waited.as_secs(), .log.display()
    )]
    NotReady {
        /// How long it was waited for.
        waited: Duration,
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// Every port that was tried was taken.
    #[error(
        "no free port on 127.0.0.1 was found for the embedded PostgreSQL: run the command again"
    )]
    NoPort,
    /// Processes of a server that died are still there.
    #[error(
        "processes {pids} of the previous server have not ended within {} s: end them (`kill \
         {pids}`), then run the command again",
        .waited.as_secs()
    )]
    Leftovers {
        /// Their ids, separated by spaces.
        pids: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Another command holds the lock.
    #[error(
        "another keepnet-etl command has been starting or stopping the database for more than {} s \
         (it holds {}): wait for it or end it, then run the command again",
        .waited.as_secs(), .lock.display()
    )]
    Busy {
        /// The lock file.
        lock: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Something else answers where the server should.
    #[error(
        "the server on 127.0.0.1:{port} is not the one of this data folder: stop it, or run \
         `keepnet-etl stop-database` and the command again"
    )]
    NotOurs {
        /// The port.
        port: u16,
    },
    /// The server refused a statement or a login.
    #[error("could not {action} on the embedded PostgreSQL")]
    Database {
        /// What was tried, as a verb.
        action: &'static str,
        /// The refusal.
        source: sqlx::Error,
    },
    /// The server did not stop.
    #[error(
        "the embedded PostgreSQL (process {pid}) has not stopped within {} s: it may still be \
         writing; wait and run the command again",
        .waited.as_secs()
    )]
    Stop {
        /// Its process id.
        pid: i32,
        /// How long it was waited for.
        waited: Duration,
    },
}

impl EmbeddedError {
    /// Turns a refusal of the operating system into an error that names the place.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }
}

/// Whether the output of a PostgreSQL program says that there is no room left.
pub(super) fn tells_of_full_disk(output: &str) -> bool {
    output.contains("No space left on device") || output.contains("Disk quota exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such() {
        let refused = EmbeddedError::io("write", Path::new("/data"))(io::Error::from(
            io::ErrorKind::StorageFull,
        ));
        assert!(matches!(refused, EmbeddedError::DiskFull { .. }));
        assert!(tells_of_full_disk(
            "FATAL:  could not write to file \"pg_wal/xlogtemp.29\": No space left on device"
        ));
        assert!(!tells_of_full_disk("FATAL:  could not create lock file"));
    }
}
