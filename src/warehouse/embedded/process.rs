//! The server's processes: which of those on this machine are ours, and ending them.
//!
//! A process id in `postmaster.pid` proves nothing: after a restart of the machine or container
//! the number may belong to anybody. Every process of the server carries the cluster's name in its
//! command line (the postmaster as an argument, its children in their title), so that is asked.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::Instant;

use super::error::EmbeddedError;
use super::folder::PAUSE;

/// How long what is left of a dead server is waited for.
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(30);
/// After this time leftovers are asked to end: one may be in the middle of a long statement.
const LEFTOVER_ASKED: Duration = Duration::from_secs(5);

/// What the running server wrote into `postmaster.pid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: i32,
    /// Port it listens on; none very early in its start.
    pub(super) port: Option<u16>,
    /// Whether it accepts connections.
    pub(super) is_ready: bool,
}

/// The running postmaster of the cluster; none when it is not running, whatever the file says.
pub(super) fn postmaster(
    cluster: &Path,
    cluster_name: &str,
    uid: u32,
) -> Result<Option<Postmaster>, EmbeddedError> {
    let Some(postmaster) = read_pid_file(cluster)? else {
        return Ok(None);
    };
    Ok(processes(cluster_name, uid)
        .contains(&postmaster.pid)
        .then_some(postmaster))
}

/// Waits until nothing of a dead server is left and clears its stale `postmaster.pid` where the
/// next server could not tell that it is stale. Only for a cluster without a running postmaster.
pub(super) async fn clear_leftovers(
    cluster: &Path,
    cluster_name: &str,
    uid: u32,
) -> Result<(), EmbeddedError> {
    let begin = Instant::now();
    let mut asked = false;
    loop {
        let left = processes(cluster_name, uid);
        if left.is_empty() {
            break;
        }
        if !asked && begin.elapsed() > LEFTOVER_ASKED {
            for pid in &left {
                let _ = kill(Pid::from_raw(*pid), Signal::SIGTERM);
            }
            asked = true;
        }
        if begin.elapsed() > LEFTOVER_PATIENCE {
            let pids = left
                .iter()
                .map(i32::to_string)
                .collect::<Vec<_>>()
                .join(" ");
            return Err(EmbeddedError::Leftovers {
                pids,
                waited: LEFTOVER_PATIENCE,
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
    // The server takes any living process of its user for its predecessor. Nothing of ours lives,
    // so such a process is a stranger with the old number. When nobody has the number, the file
    // stays: the server then checks the old shared memory before it removes it.
    if let Some(stale) = read_pid_file(cluster)?
        && kill(Pid::from_raw(stale.pid), None).is_ok()
    {
        let path = cluster.join("postmaster.pid");
        tracing::info!(
            pid = stale.pid,
            "removing the process id file of a server that died"
        );
        fs::remove_file(&path).map_err(EmbeddedError::io("remove", &path))?;
    }
    Ok(())
}

/// Ends the postmaster in an orderly way and waits for all its processes; false when they have not
/// ended in time.
pub(super) async fn end(pid: i32, cluster_name: &str, uid: u32, patience: Duration) -> bool {
    // SIGINT is the fast shutdown: sessions are ended, a checkpoint is written.
    let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
    let begin = Instant::now();
    while !processes(cluster_name, uid).is_empty() {
        if begin.elapsed() > patience {
            return false;
        }
        tokio::time::sleep(PAUSE).await;
    }
    true
}

fn read_pid_file(cluster: &Path) -> Result<Option<Postmaster>, EmbeddedError> {
    let path = cluster.join("postmaster.pid");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(parse_pid_file(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EmbeddedError::io("read", &path)(error)),
    }
}

/// Lines: process id, folder, start, port, socket folder, address, shared memory, status.
fn parse_pid_file(text: &str) -> Option<Postmaster> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    Some(Postmaster {
        pid: lines.first()?.parse().ok().filter(|pid| *pid > 1)?,
        port: lines.get(3).and_then(|line| line.parse().ok()),
        is_ready: lines.get(7) == Some(&"ready"),
    })
}

/// Processes of the server: those of `uid` that carry the cluster's name. One that has ended but
/// whose parent has not noticed (a zombie) has no command line and does not count.
#[cfg(target_os = "linux")]
fn processes(cluster_name: &str, uid: u32) -> Vec<i32> {
    use std::os::unix::fs::MetadataExt as _;

    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let command_line = fs::read(entry.path().join("cmdline")).ok()?;
            let is_ours = entry.metadata().ok()?.uid() == uid
                && String::from_utf8_lossy(&command_line).contains(cluster_name);
            is_ours.then_some(pid)
        })
        .collect()
}

/// Processes of the server: those of `uid` that carry the cluster's name.
#[cfg(not(target_os = "linux"))]
fn processes(cluster_name: &str, uid: u32) -> Vec<i32> {
    let listed = std::process::Command::new("ps")
        .args(["-axwwo", "pid=,uid=,command="])
        .output();
    let Ok(listed) = listed else {
        return Vec::new();
    };
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let pid = words.next()?.parse().ok()?;
            let is_ours = words.next()?.parse() == Ok(uid) && line.contains(cluster_name);
            is_ours.then_some(pid)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_id_file_is_read() {
        let text = "4711\n/data/cluster\n1763796000\n20123\n\n127.0.0.1\n  1234  5\nready   \n";
        let expected = Postmaster {
            pid: 4711,
            port: Some(20_123),
            is_ready: true,
        };
        assert_eq!(parse_pid_file(text), Some(expected));
        let early = Postmaster {
            pid: 4711,
            port: None,
            is_ready: false,
        };
        assert_eq!(parse_pid_file("4711\n/data/cluster\n"), Some(early));
        assert_eq!(parse_pid_file(""), None);
        assert_eq!(parse_pid_file("1\n"), None);
    }
}
