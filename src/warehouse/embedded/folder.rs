//! The data folder: whose it is, its small files and its lock. Knows nothing of the server.
//!
//! | entry | what it is |
//! |---|---|
//! | `marker` | says that the folder is ours; see the module `marker` |
//! | `cluster/` | the server's own folder, or a link to it (see the module `place`) |
//! | `password` | of the role that the program connects as |
//! | `server.log`, `server.log.1` | what the server says, and said |
//! | `lock` | held while a command starts or stops the server |
//! | `bootstrap-password` | only while `initdb` runs |

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::error::EmbeddedError;
use super::marker::{Marker, random_hex};
use super::owner::{Owner, name_of};

/// How long another command may hold the lock. A server that recovers may need its minutes.
const LOCK_PATIENCE: Duration = Duration::from_secs(330);
/// Pause between two looks at something that is waited for.
pub(super) const PAUSE: Duration = Duration::from_millis(50);
/// A log larger than this is put aside at the next start.
const LOG_LIMIT: u64 = 16 << 20;
/// How much of the end of the log an error shows.
const LOG_TAIL: u64 = 2_000;

/// What a data folder holds.
#[derive(Debug)]
pub(super) enum Contents {
    /// Nothing yet, or it does not exist.
    Nothing,
    /// A cluster of ours, complete or not.
    Ours(Marker),
}

/// The data folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Names the folder; touches nothing.
    pub(super) fn new(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let root = std::path::absolute(data_dir).map_err(EmbeddedError::io("find", data_dir))?;
        Ok(Self { root })
    }

    /// Its absolute path.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The cluster as seen from here; may be a link.
    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join("cluster")
    }

    /// File of the role's password.
    pub(super) fn password_file(&self) -> PathBuf {
        self.root.join("password")
    }

    /// The server's log.
    pub(super) fn log_file(&self) -> PathBuf {
        self.root.join("server.log")
    }

    fn marker_file(&self) -> PathBuf {
        self.root.join("marker")
    }

    /// Looks what is there; refuses what is not ours.
    pub(super) fn inspect(&self) -> Result<Contents, EmbeddedError> {
        let metadata = match fs::metadata(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::Nothing),
            found => found.map_err(EmbeddedError::io("look into", &self.root))?,
        };
        if !metadata.is_dir() {
            return Err(EmbeddedError::ForeignFolder {
                path: self.root.clone(),
            });
        }
        refuse_foreign_owner(&self.root)?;
        match fs::read_to_string(self.marker_file()) {
            Ok(text) => Ok(Contents::Ours(Marker::parse(&text, &self.marker_file())?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.refuse_foreign()?;
                Ok(Contents::Nothing)
            }
            Err(error) => Err(EmbeddedError::io("read", &self.marker_file())(error)),
        }
    }

    /// Without a marker only what a command killed at its very beginning leaves, and what a fresh
    /// file system holds, may be there.
    fn refuse_foreign(&self) -> Result<(), EmbeddedError> {
        let look = EmbeddedError::io("look into", &self.root);
        let entries = fs::read_dir(&self.root).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        for entry in entries.map_err(look)? {
            let is_empty_file = entry
                .metadata()
                .is_ok_and(|about| about.is_file() && about.len() == 0);
            let harmless = match entry.file_name().to_str() {
                Some("lock") => is_empty_file,
                Some("marker.new" | "lost+found") => true,
                _ => false,
            };
            if !harmless {
                return Err(EmbeddedError::ForeignFolder {
                    path: self.root.clone(),
                });
            }
        }
        Ok(())
    }

    /// Makes the folder when it does not exist. The server's user must be able to pass through.
    pub(super) fn make(&self, owner: &Owner) -> Result<(), EmbeddedError> {
        if let Some(parent) = self.root.parent() {
            fs::create_dir_all(parent).map_err(EmbeddedError::io("make", parent))?;
        }
        let mode = if owner.steps_down() { 0o711 } else { 0o700 };
        make_folder(&self.root, mode)
    }

    /// Takes the lock; it ends with the returned file and with every process that was given it.
    pub(super) async fn lock(&self) -> Result<File, EmbeddedError> {
        let path = self.root.join("lock");
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(EmbeddedError::io("open", &path))?;
        let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => {
                    return Err(EmbeddedError::io("lock", &path)(error));
                }
                Err(TryLockError::WouldBlock) if tokio::time::Instant::now() > deadline => {
                    return Err(EmbeddedError::Busy {
                        lock: path,
                        waited: LOCK_PATIENCE,
                    });
                }
                Err(TryLockError::WouldBlock) => {
                    if !told {
                        tracing::info!("waiting for another command that starts the database");
                        told = true;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Writes the marker, whole or not at all.
    pub(super) fn write_marker(&self, marker: &Marker) -> Result<(), EmbeddedError> {
        replace_file(&self.marker_file(), &marker.to_text(), None)
    }

    /// Reads the role's password.
    pub(super) fn password(&self) -> Result<SecretString, EmbeddedError> {
        let path = self.password_file();
        let text = fs::read_to_string(&path).map_err(EmbeddedError::io("read", &path))?;
        Ok(text.trim().into())
    }

    /// Makes a new password for the role.
    pub(super) fn new_password(&self) -> Result<SecretString, EmbeddedError> {
        let password = random_hex(24)?;
        replace_file(&self.password_file(), &format!("{password}\n"), None)?;
        Ok(password.into())
    }

    /// Opens the log for the server to write to, and says where its new part begins. The server's
    /// user needs no access to the file itself: it inherits it open.
    pub(super) fn open_log(&self) -> Result<(File, u64), EmbeddedError> {
        let path = self.log_file();
        if fs::metadata(&path).is_ok_and(|about| about.len() > LOG_LIMIT) {
            fs::rename(&path, self.root.join("server.log.1"))
                .map_err(EmbeddedError::io("put aside", &path))?;
        }
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path);
        let log = log.map_err(EmbeddedError::io("open", &path))?;
        let begin = log
            .metadata()
            .map_err(EmbeddedError::io("look at", &path))?
            .len();
        Ok((log, begin))
    }

    /// The end of the log, not reaching back before `begin`.
    pub(super) fn log_tail(&self, begin: u64) -> String {
        let read = || -> io::Result<String> {
            let mut log = File::open(self.log_file())?;
            let from = log.metadata()?.len().saturating_sub(LOG_TAIL).max(begin);
            log.seek(SeekFrom::Start(from))?;
            let mut tail = Vec::new();
            log.read_to_end(&mut tail)?;
            Ok(String::from_utf8_lossy(&tail).trim_end().to_owned())
        };
        read().unwrap_or_else(|error| format!("(the log cannot be read: {error})"))
    }
}

/// Replaces the file `path` as a whole. A link in its place is replaced, not followed: in the
/// cluster's folder root must not write where the server's user may point it to.
pub(super) fn replace_file(
    path: &Path,
    text: &str,
    owner: Option<&Owner>,
) -> Result<(), EmbeddedError> {
    let new = path.with_added_extension("new");
    let write = || -> io::Result<File> {
        if let Err(error) = fs::remove_file(&new)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(file)
    };
    write().map_err(EmbeddedError::io("write", path))?;
    if let Some(owner) = owner {
        owner.give(&new)?;
    }
    let rename = fs::rename(&new, path).and_then(|()| match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    });
    rename.map_err(EmbeddedError::io("write", path))
}

/// Refuses a folder that belongs to another user.
pub(super) fn refuse_foreign_owner(path: &Path) -> Result<(), EmbeddedError> {
    let metadata = fs::metadata(path).map_err(EmbeddedError::io("look into", path))?;
    if metadata.uid() == nix::unistd::geteuid().as_raw() {
        return Ok(());
    }
    let (path, owner) = (path.to_path_buf(), name_of(metadata.uid()));
    Err(EmbeddedError::ForeignOwner { path, owner })
}

/// Makes one folder unless it exists.
pub(super) fn make_folder(path: &Path, mode: u32) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(EmbeddedError::io("make", path)(error)),
        // The umask may have taken away the passage.
        Ok(()) => fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
            .map_err(EmbeddedError::io("set the permissions of", path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        std::os::unix::fs::symlink(&target, link.with_added_extension("new")).unwrap();
        replace_file(&link, "ours", None).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        assert_eq!(fs::read_to_string(&link).unwrap(), "ours");
    }

    #[test]
    fn the_tail_of_the_log_is_of_this_start_only() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::new(data.path()).unwrap();
        fs::write(folder.log_file(), "old\n").unwrap();
        let (mut log, begin) = folder.open_log().unwrap();
        writeln!(log, "new").unwrap();
        assert_eq!(folder.log_tail(begin), "new");
    }
}
