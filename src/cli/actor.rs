//! Who is at work here.

use nix::unistd::{User, geteuid, gethostname};

/// The user of this process and the machine: `user@host`.
#[must_use]
pub fn actor() -> String {
    let id = geteuid();
    let user = match User::from_uid(id) {
        Ok(Some(user)) => user.name,
        // A container may have no list of users.
        _ => format!("uid {id}"),
    };
    let host = gethostname().map_or_else(
        |_| "unknown host".to_owned(),
        |host| host.to_string_lossy().into_owned(),
    );
    format!("{user}@{host}")
}
