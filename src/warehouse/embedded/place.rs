//! Where a cluster lives: in the data folder, or elsewhere when the server's user cannot go there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::error::EmbeddedError;
use super::folder::{Folder, make_folder, refuse_foreign_owner};
use super::marker::Marker;
use super::owner::Owner;

/// Where clusters go whose data folder the server's user cannot enter.
const RELOCATED: &str = "/var/lib/keepnet-etl";

/// Makes an empty folder for the cluster and returns where it really is.
///
/// Normally that is `cluster` in the data folder. Root's server runs as another user, who must be
/// able to enter it; below a home folder that only root may enter (a checkout in `/root`) it
/// cannot. Opening somebody's home folder is not for this program to decide, so the cluster then
/// lives in a folder of `/var/lib/keepnet-etl`, named by a hash of the data folder's path and by
/// the cluster's identity, and `cluster` is a link to it.
pub(super) async fn place_cluster(
    folder: &Folder,
    owner: &Owner,
    marker: &Marker,
    a_program: &Path,
) -> Result<PathBuf, EmbeddedError> {
    let link = folder.cluster();
    let real = if !owner.steps_down() || can_enter(owner, folder.root(), a_program).await {
        link.clone()
    } else {
        let path = folder.root().as_os_str().as_encoded_bytes();
        let home = Path::new(RELOCATED).join(format!("{:016x}-{}", fnv1a(path), marker.identity));
        make_folder(Path::new(RELOCATED), 0o711)?;
        refuse_foreign_owner(Path::new(RELOCATED))?;
        make_folder(&home, 0o711)?;
        tracing::info!(
            user = owner.name(),
            folder = %home.display(),
            "the data folder is closed to the user that runs the server; its files go elsewhere"
        );
        home.join("cluster")
    };
    make_folder(&real, 0o700)?;
    owner.give(&real)?;
    if real != link {
        std::os::unix::fs::symlink(&real, &link).map_err(EmbeddedError::io("make", &link))?;
    }
    Ok(real)
}

/// Removes a cluster that was never complete, so that it can be made again.
pub(super) fn remove_unfinished(folder: &Folder) -> Result<(), EmbeddedError> {
    let link = folder.cluster();
    let gone = |result: io::Result<()>, path: &Path| match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(EmbeddedError::io("remove", path)),
    };
    if let Ok(target) = fs::read_link(&link) {
        if target.starts_with(RELOCATED) {
            gone(fs::remove_dir_all(&target), &target)?;
        }
        return gone(fs::remove_file(&link), &link);
    }
    gone(fs::remove_dir_all(&link), &link)
}

/// Whether the server's user can enter `folder`: tried, because permission bits are not the whole
/// truth (access lists, mount options).
pub(super) async fn can_enter(owner: &Owner, folder: &Path, a_program: &Path) -> bool {
    let mut command = owner.command(a_program);
    command.arg("--version").current_dir(folder);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().await.is_ok()
}

/// FNV-1a: the standard library's hashes may differ between versions, and this names a folder.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_path_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
