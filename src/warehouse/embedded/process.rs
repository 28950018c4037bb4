//! The server's processes: which of those on this machine are ours, and ending them.
//!
//! A process id in `postmaster.pid` proves nothing: after a restart of the machine or container
//! the number may belong to anybody. Every process of the server carries the cluster's name in its
//! command line (the postmaster as an argument, its children in their title), so that is asked; a
//! server that was started by hand is known by its folder.

use std::fs;
use std::io;
use std::path::PathBuf;
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

/// What tells the processes of one server from all others.
#[derive(Debug)]
pub(super) struct Processes {
    /// The cluster's folder, free of links.
    pub(super) cluster: PathBuf,
    /// The cluster's name.
    pub(super) name: String,
    /// The user that runs them.
    pub(super) uid: u32,
}

impl Processes {
    /// The running postmaster; none when it is not running, whatever the file says.
    pub(super) fn postmaster(&self) -> Result<Option<Postmaster>, EmbeddedError> {
        let Some(postmaster) = self.read_pid_file()? else {
            return Ok(None);
        };
        Ok(self.list().contains(&postmaster.pid).then_some(postmaster))
    }

    /// Waits until nothing of a dead server is left and clears its stale `postmaster.pid` where the
    /// next server could not tell that it is stale. Only when no postmaster is running.
    pub(super) async fn clear_leftovers(&self) -> Result<(), EmbeddedError> {
        let begin = Instant::now();
        let mut asked = false;
        loop {
            let left = self.list();
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
        // The server takes any living process of its user for its predecessor. Nothing of ours
        // lives, so such a process is a stranger with the old number. When nobody has the number,
        // the file stays: the server then checks the old shared memory before it removes it.
        if let Some(stale) = self.read_pid_file()?
            && kill(Pid::from_raw(stale.pid), None).is_ok()
        {
            let path = self.cluster.join("postmaster.pid");
            tracing::info!(
                pid = stale.pid,
                "removing the process id file of a server that died"
            );
            fs::remove_file(&path).map_err(EmbeddedError::io("remove", &path))?;
        }
        Ok(())
    }

    /// Ends the postmaster in an orderly way and waits for all processes; false when they have not
    /// ended in time.
    pub(super) async fn end(&self, pid: i32, patience: Duration) -> bool {
        // SIGINT is the fast shutdown: sessions are ended, a checkpoint is written.
        let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        let begin = Instant::now();
        while !self.list().is_empty() {
            if begin.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(PAUSE).await;
        }
        true
    }

    fn read_pid_file(&self) -> Result<Option<Postmaster>, EmbeddedError> {
        let path = self.cluster.join("postmaster.pid");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(parse_pid_file(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EmbeddedError::io("read", &path)(error)),
        }
    }

    fn is_named_in(&self, command_line: &str) -> bool {
        command_line.contains(&self.name)
            || self
                .cluster
                .to_str()
                .is_some_and(|path| command_line.contains(path))
    }

    /// All living processes of the server. One that has ended but whose parent has not noticed (a
    /// zombie) has no command line and does not count. The folder cannot be read
    /// everywhere (root in a container without the right to trace), hence the names.
    #[cfg(target_os = "linux")]
    fn list(&self) -> Vec<i32> {
        use std::os::unix::fs::MetadataExt as _;

        let is_ours = |process: &std::path::Path| -> io::Result<bool> {
            let line = fs::read(process.join("cmdline"))?;
            let line = String::from_utf8_lossy(&line);
            Ok(is_server(&line)
                && fs::metadata(process)?.uid() == self.uid
                && (self.is_named_in(&line)
                    || fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == self.cluster)))
        };
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
            .filter_map(|(pid, process)| is_ours(&process).ok()?.then_some(pid))
            .collect()
    }

    /// All living processes of the server.
    #[cfg(not(target_os = "linux"))]
    fn list(&self) -> Vec<i32> {
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
                let is_ours = words.next()?.parse() == Ok(self.uid)
                    && is_server(&words.collect::<Vec<_>>().join(" "))
                    && self.is_named_in(line);
                is_ours.then_some(pid)
            })
            .collect()
    }
}

/// Whether a command line is that of a server and not of an editor or shell which names the same
/// folder. Arguments end with NUL or a space; a child's title is `postgres: cluster: what it does`.
fn is_server(command_line: &str) -> bool {
    let program = command_line.split(['\0', ' ']).next().unwrap_or_default();
    matches!(
        program.rsplit('/').next(),
        Some("postgres" | "postgres:" | "postmaster")
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_servers_are_taken_for_servers() {
        assert!(is_server("/usr/lib/postgresql/15/bin/postgres\0-D\0.\0"));
        assert!(is_server("postgres: keepnet-etl-4711: checkpointer "));
        assert!(!is_server("vi\0/data/cluster/postgresql.conf\0"));
        assert!(!is_server("/bin/pg_ctl\0start\0"));
        assert!(!is_server(""));
    }

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
