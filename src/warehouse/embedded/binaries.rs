//! Finding the server programs. Knows where they are usually kept; starts nothing but `--version`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::error::EmbeddedError;
use super::owner::Owner;

/// The oldest PostgreSQL that the warehouse works on.
const OLDEST: u32 = 14;

/// Folders whose children hold one server version each: parent, prefix of the child, rest.
const VERSIONED: [(&str, &str, &str); 6] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// The programs of one installed server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
    /// Major version.
    pub(super) major: u32,
    minor: u32,
}

impl Binaries {
    /// Path of one of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Folders where server programs may be: those of `path` (the value of `PATH`), then those where
/// Debian, Fedora, Alpine, Homebrew and Postgres.app put them.
#[must_use]
pub fn search_path(path: Option<&OsStr>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = path
        .map(|path| {
            std::env::split_paths(path)
                .filter(|folder| folder.is_absolute())
                .collect()
        })
        .unwrap_or_default();
    for (parent, prefix, rest) in VERSIONED {
        let Ok(children) = fs::read_dir(parent) else {
            continue;
        };
        for child in children.flatten() {
            if child.file_name().to_string_lossy().starts_with(prefix) {
                folders.push(child.path().join(rest));
            }
        }
    }
    folders
}

/// All servers in `folders` that `owner` may run, newest first.
pub(super) async fn find(folders: &[PathBuf], owner: &Owner) -> Vec<Binaries> {
    let mut found: Vec<Binaries> = Vec::new();
    for folder in folders {
        if let Some(binaries) = inspect(folder, owner).await
            && !found.contains(&binaries)
        {
            found.push(binaries);
        }
    }
    found.sort_by_key(|binaries| std::cmp::Reverse((binaries.major, binaries.minor)));
    found
}

/// The newest server, for a new cluster.
pub(super) fn newest(found: &[Binaries]) -> Result<&Binaries, EmbeddedError> {
    found
        .first()
        .filter(|binaries| binaries.major >= OLDEST)
        .ok_or(EmbeddedError::NoBinaries)
}

/// The server for an existing cluster: a data folder is readable by its own major version only.
pub(super) fn matching<'a>(
    found: &'a [Binaries],
    cluster: &Path,
) -> Result<&'a Binaries, EmbeddedError> {
    let path = cluster.join("PG_VERSION");
    let wanted = fs::read_to_string(&path).map_err(EmbeddedError::io("read", &path))?;
    let wanted: u32 = wanted.trim().parse().map_err(|_| EmbeddedError::Damaged {
        path,
        why: "it is not a version number",
    })?;
    if found.is_empty() {
        return Err(EmbeddedError::NoBinaries);
    }
    found
        .iter()
        .find(|binaries| binaries.major == wanted)
        .ok_or_else(|| {
            let mut versions: Vec<String> = found.iter().map(|one| one.major.to_string()).collect();
            versions.dedup();
            EmbeddedError::WrongBinaries {
                cluster: cluster.to_path_buf(),
                wanted,
                found: versions.join(", "),
            }
        })
}

async fn inspect(folder: &Path, owner: &Owner) -> Option<Binaries> {
    if !["initdb", "pg_ctl", "postgres"]
        .iter()
        .all(|name| folder.join(name).is_file())
    {
        return None;
    }
    let output = owner
        .command(&folder.join("postgres"))
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .await
        .ok()?;
    let (major, minor) = parse_version(&String::from_utf8_lossy(&output.stdout))?;
    Some(Binaries {
        folder: folder.to_path_buf(),
        major,
        minor,
    })
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, and `18beta1` as 18.0.
fn parse_version(line: &str) -> Option<(u32, u32)> {
    let (_, version) = line.split_once("(PostgreSQL) ")?;
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    let minor = match version[version.find(|c: char| !c.is_ascii_digit())?..].starts_with('.') {
        true => numbers.next()?.parse().ok()?,
        false => 0,
    };
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_server_prints() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(parse_version(debian), Some((15, 18)));
        assert_eq!(parse_version("postgres (PostgreSQL) 17.0\n"), Some((17, 0)));
        assert_eq!(
            parse_version("postgres (PostgreSQL) 18beta1\n"),
            Some((18, 0))
        );
        assert_eq!(parse_version("something else 9\n"), None);
    }

    #[test]
    fn only_absolute_folders_of_the_path_are_searched() {
        let folders = search_path(Some(OsStr::new("/a/bin:.:/b/bin")));
        assert_eq!(
            folders[..2],
            [PathBuf::from("/a/bin"), PathBuf::from("/b/bin")]
        );
        assert!(!folders.contains(&PathBuf::from(".")));
    }

    #[test]
    fn a_cluster_is_served_by_its_own_major_version() {
        let cluster = tempfile::tempdir().unwrap();
        fs::write(cluster.path().join("PG_VERSION"), "15\n").unwrap();
        let of = |major| Binaries {
            folder: PathBuf::from("/bin"),
            major,
            minor: 2,
        };
        let found = [of(17), of(15)];
        assert_eq!(matching(&found, cluster.path()).unwrap().major, 15);
        assert_eq!(newest(&found).unwrap().major, 17);

        let refused = matching(&found[..1], cluster.path())
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("PostgreSQL 15, but only 17 was found"),
            "{refused}"
        );
        assert!(matches!(newest(&[of(13)]), Err(EmbeddedError::NoBinaries)));
    }
}
