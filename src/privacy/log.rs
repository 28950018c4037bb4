//! The log of erasures: a file outside the database, to which each erasure is added, so that a backup that is restored can
//! be brought to forget the same people again. It holds hashes only.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::erased::Identity;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedErasure {
    /// When.
    pub at: DateTime<Utc>,
    /// In which company.
    pub company_id: String,
    /// `id`, `email` or `name`: what the hash was made of.
    pub identity: String,
    /// The hash.
    pub hash: String,
    /// Tells its key from another one.
    pub key_check: String,
}

impl LoggedErasure {
    /// What the hash was made of, if this version knows.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        Identity::from_name(&self.identity)
    }
}

/// Why the log could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be read or written.
    #[error("could not use the log of erasures `{}`: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is none of this program.
    #[error("could not read line {line} of the log of erasures `{}`", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// Its number, from 1.
        line: usize,
    },
}

/// Adds erasures, and waits until they are on the disk.
pub fn append(file: &Path, erasures: &[LoggedErasure]) -> Result<(), LogError> {
    let add = || {
        let is_new = !file.exists();
        let mut log: File = OpenOptions::new().append(true).create(true).open(file)?;
        for erasure in erasures {
            let mut line = serde_json::to_string(erasure)?;
            line.push('\n');
            log.write_all(line.as_bytes())?;
        }
        log.sync_all()?;
        // A new file is there for certain when its folder is written, too.
        if is_new
            && let Some(folder) = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
        {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    add().map_err(|source| LogError::File {
        file: file.to_owned(),
        source,
    })
}

/// All erasures. The last line may be half of one: its erasure was not done.
pub fn read(file: &Path) -> Result<Vec<LoggedErasure>, LogError> {
    let text = std::fs::read_to_string(file).map_err(|source| LogError::File {
        file: file.to_owned(),
        source,
    })?;
    let mut erasures = Vec::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        match serde_json::from_str(line) {
            Ok(erasure) => erasures.push(erasure),
            Err(_) if line.trim().is_empty() || !line.ends_with('\n') => {}
            Err(_) => {
                return Err(LogError::Line {
                    file: file.to_owned(),
                    line: number,
                });
            }
        }
    }
    Ok(erasures)
}
