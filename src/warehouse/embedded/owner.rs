//! Who runs the server. Owns the step down from root; knows nothing of clusters.

use std::path::Path;

use nix::unistd::{Uid, User, geteuid};
use tokio::process::Command;

use super::error::EmbeddedError;

/// `PATH` of the server programs: `initdb` looks for `locale`, `pg_ctl` for `sh`.
const PROGRAM_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// The user that owns the cluster and runs the server: the present user, or, when that is root,
/// which PostgreSQL refuses, a user that is stepped down to.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    name: String,
    uid: u32,
    gid: u32,
    steps_down: bool,
}

impl Owner {
    /// Finds who is to run the server; `server_user` counts for root only.
    pub(super) fn resolve(server_user: &str) -> Result<Self, EmbeddedError> {
        let me = geteuid();
        if !me.is_root() {
            return Ok(Self {
                name: name_of(me.as_raw()),
                uid: me.as_raw(),
                gid: nix::unistd::getegid().as_raw(),
                steps_down: false,
            });
        }
        match User::from_name(server_user) {
            Ok(Some(user)) if !user.uid.is_root() => Ok(Self {
                name: user.name,
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
                steps_down: true,
            }),
            _ => Err(EmbeddedError::NoServerUser {
                user: server_user.to_owned(),
            }),
        }
    }

    /// Its name, for people.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its number.
    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    /// Whether this program runs as root and the server as somebody else.
    pub(super) fn steps_down(&self) -> bool {
        self.steps_down
    }

    /// A command run as this user.
    ///
    /// The environment is not handed on: the server outlives the command, and what it inherits,
    /// such as the client secret, could be read from it for as long. `PG…` variables of a user's
    /// own server would also mislead it.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", PROGRAM_PATH)
            .env("LC_ALL", "C")
            .current_dir("/");
        if self.steps_down {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes this user the owner of `path`, which this program has just made.
    pub(super) fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        if self.steps_down {
            std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
                .map_err(EmbeddedError::io("change the owner of", path))?;
        }
        Ok(())
    }
}

/// Name of a user, or its number when it has none.
pub(super) fn name_of(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}
