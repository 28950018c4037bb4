//! One cluster: making it, its settings, starting it. Knows nothing of roles and databases.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use secrecy::{ExposeSecret as _, SecretString};

use super::binaries::Binaries;
use super::error::{EmbeddedError, tells_of_full_disk};
use super::folder::{Folder, replace_file};
use super::marker::{Marker, random_hex};
use super::owner::Owner;

/// Name of the superuser that `initdb` makes. Its password is forgotten once the role is made.
pub(super) const SUPERUSER: &str = "postgres";
/// How long `pg_ctl` waits for the server; recovery after a crash may need its minutes.
pub(super) const START_SECONDS: u64 = 300;
/// Ports are chosen here: below the range from which systems take ports for outgoing connections.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// Our settings, included at the end of the server's own file.
const CONFIG: &str = "keepnet-etl.conf";

/// What starting the server came to, besides success and failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Started {
    Yes,
    /// Somebody took the port between the look at it and the start.
    PortTaken,
}

/// Runs `initdb` in the empty folder `real`; returns the superuser's password.
///
/// The lock is the programs' standard input (an empty file), so it lasts as long as they do even
/// if this program is killed: no other command works on the folder at the same time.
pub(super) async fn create(
    real: &Path,
    binaries: &Binaries,
    owner: &Owner,
    lock: &File,
    is_durable: bool,
) -> Result<SecretString, EmbeddedError> {
    let password = SecretString::from(random_hex(24)?);
    let password_file = real.with_file_name("bootstrap-password");
    replace_file(&password_file, password.expose_secret(), Some(owner))?;
    let mut outcome = Err(String::new());
    // Not every system has C.UTF-8; C sorts the same way.
    for locale in ["C.UTF-8", "C"] {
        let mut command = owner.command(&binaries.program("initdb"));
        command
            .arg("--pgdata")
            .arg(real)
            .arg("--pwfile")
            .arg(&password_file);
        command.args([
            "--username",
            SUPERUSER,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
        ]);
        command.args(["--locale", locale, "--lc-messages", "C", "--data-checksums"]);
        command.arg("--no-instructions");
        if !is_durable {
            command.arg("--no-sync");
        }
        let output = command
            .stdin(share(lock, real)?)
            .output()
            .await
            .map_err(EmbeddedError::io("run initdb for", real))?;
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        outcome = if output.status.success() {
            Ok(())
        } else {
            Err(text)
        };
        if !matches!(&outcome, Err(text) if text.contains("invalid locale")) {
            break;
        }
    }
    fs::remove_file(&password_file).map_err(EmbeddedError::io("remove", &password_file))?;
    match outcome {
        Err(output) if tells_of_full_disk(&output) => {
            return Err(EmbeddedError::DiskFull {
                path: real.to_path_buf(),
            });
        }
        Err(output) => {
            return Err(EmbeddedError::Create {
                path: real.to_path_buf(),
                output,
            });
        }
        Ok(()) => {}
    }
    let main = real.join("postgresql.conf");
    let text = fs::read_to_string(&main).map_err(EmbeddedError::io("read", &main))?;
    replace_file(
        &main,
        &format!("{text}\ninclude_if_exists = '{CONFIG}'\n"),
        Some(owner),
    )?;
    Ok(password)
}

/// Writes our settings; the user's own in `postgresql.conf` hold where these are silent.
pub(super) fn configure(
    real: &Path,
    marker: &Marker,
    owner: &Owner,
    extra: &[(String, String)],
) -> Result<(), EmbeddedError> {
    let fixed = [
        ("port", marker.port.to_string()),
        ("listen_addresses", Ipv4Addr::LOCALHOST.to_string()),
        // The path of a socket may be at most 107 bytes long, which a data folder may exceed.
        ("unix_socket_directories", String::new()),
        ("cluster_name", marker.cluster_name()),
        ("password_encryption", "scram-sha-256".to_owned()),
        ("logging_collector", "off".to_owned()),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
        // The views of `bi` have many parts: compiling them takes longer than they do, and sorting on disk as well.
        ("jit", "off".to_owned()),
        ("work_mem", "64MB".to_owned()),
    ];
    let mut text = String::from("# Written by keepnet-etl at every start; changes are lost.\n");
    let extra = extra
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()));
    for (key, value) in fixed.into_iter().chain(extra) {
        text.push_str(&format!("{key} = '{}'\n", value.replace('\'', "''")));
    }
    replace_file(&real.join(CONFIG), &text, Some(owner))
}

/// Starts the server and waits until it accepts connections. `pg_ctl` puts it into a session of
/// its own, so that the terminal's signals do not reach it.
pub(super) async fn start(
    folder: &Folder,
    real: &Path,
    marker: &Marker,
    binaries: &Binaries,
    owner: &Owner,
    lock: &File,
) -> Result<Started, EmbeddedError> {
    let (log, begin) = folder.open_log()?;
    let log_copy = log
        .try_clone()
        .map_err(EmbeddedError::io("open", &folder.log_file()))?;
    let mut command = owner.command(&binaries.program("pg_ctl"));
    // The server is started by a shell, in whose words the path could mean something else: `.`.
    command.current_dir(real).args(["start", "-w", "-D", "."]);
    command.args(["-t", &START_SECONDS.to_string()]);
    command.args(["-o", &format!("-c cluster_name={}", marker.cluster_name())]);
    let status: ExitStatus = command
        .stdin(share(lock, real)?)
        .stdout(log)
        .stderr(log_copy)
        .status()
        .await
        .map_err(EmbeddedError::io("run pg_ctl in", real))?;
    if status.success() {
        return Ok(Started::Yes);
    }
    let tail = folder.log_tail(begin);
    if tail.contains("Address already in use") {
        Ok(Started::PortTaken)
    } else if tells_of_full_disk(&tail) {
        Err(EmbeddedError::DiskFull {
            path: real.to_path_buf(),
        })
    } else {
        Err(EmbeddedError::Start {
            log: folder.log_file(),
            tail,
        })
    }
}

/// Whether the port can be listened on.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A free port, at random so that several clusters rarely want the same one.
pub(super) fn free_port() -> Result<u16, EmbeddedError> {
    for _ in 0..32 {
        let random = u16::from_str_radix(&random_hex(2)?, 16).unwrap_or_default();
        let port = PORTS.start + random % (PORTS.end - PORTS.start);
        if is_free(port) {
            return Ok(port);
        }
    }
    Err(EmbeddedError::NoPort)
}

fn share(lock: &File, real: &Path) -> Result<Stdio, EmbeddedError> {
    let copy: PathBuf = real.to_path_buf();
    Ok(lock
        .try_clone()
        .map_err(EmbeddedError::io("share the lock of", &copy))?
        .into())
}
