//! What can be wrong with the settings, in words that say what to do. No message contains a secret.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::settings::catalog::variable;

/// The settings cannot be used. Displays every problem, one per line.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct SettingsError {
    problems: Vec<Problem>,
}

impl SettingsError {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Everything that is wrong, at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The configuration file cannot be read.
    #[error(
        "could not read the configuration file `{file}`: {reason}; correct `--config` or \
         `KEEPNET_ETL_CONFIG`, or create the file"
    )]
    Unreadable {
        /// The file.
        file: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// The configuration file is not TOML. The line is not quoted: it may hold a secret.
    #[error("could not read the configuration file `{file}` as TOML: {reason}; correct it there")]
    NotToml {
        /// The file.
        file: String,
        /// Where, and what was found.
        reason: String,
    },
    /// A key of the file that is none.
    #[error(
        "unknown key `{key}` in `{file}`: the nearest known key is `{nearest}`; correct the key \
         or remove it"
    )]
    UnknownKey {
        /// The key.
        key: String,
        /// The file.
        file: String,
        /// The known key that resembles it most.
        nearest: String,
    },
    /// A value where a section is expected, or the other way round.
    #[error("`{key}` in `{file}` is {found}, expected {expected}; correct it there")]
    Misplaced {
        /// The key or section.
        key: String,
        /// The file.
        file: String,
        /// What is there.
        found: &'static str,
        /// What belongs there.
        expected: String,
    },
    /// A variable that looks like a setting, but is none.
    #[error(
        "unknown environment variable `{name}`: the nearest known variable is `{nearest}` (key \
         `{key}`); correct its name or unset it"
    )]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The known variable that resembles it most.
        nearest: String,
        /// Its key.
        key: String,
    },
    /// A value that does not fit its key.
    #[error("{}", malformed(.key, .source_name, .value.as_deref(), .expected, .example))]
    Malformed {
        /// The key.
        key: String,
        /// The file or variable.
        source_name: String,
        /// The value, unless it is secret.
        value: Option<String>,
        /// What is expected.
        expected: String,
        /// A value that would do, in backticks, and what it comes to if that does not go without saying.
        example: String,
    },
    /// A number or truth value where text is expected.
    #[error(
        "`{key}` (from `{source_name}`) is {found} without quotes, expected text; write it in \
         quotes, for example `{example}`"
    )]
    Unquoted {
        /// The key.
        key: String,
        /// The file.
        source_name: String,
        /// What was written.
        found: &'static str,
        /// How to write it.
        example: String,
    },
    /// A value that is not valid UTF-8.
    #[error("the environment variable `{name}` is not valid UTF-8; set it anew")]
    NotText {
        /// The variable.
        name: String,
    },
    /// Two keys of which one is allowed.
    #[error(
        "`{key}` and `{file_key}` are both set ({source_name}), but only one of them can count; \
         remove one"
    )]
    Both {
        /// The key with the value.
        key: String,
        /// The key with the file.
        file_key: String,
        /// Where both are set.
        source_name: String,
    },
    /// Values that do not go together, or that are not safe.
    #[error("`{key}` (from `{source_name}`) {reason}; {remedy}")]
    Refused {
        /// The key.
        key: String,
        /// The file or variable.
        source_name: String,
        /// Why.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A key without which the command cannot work.
    #[error("{}", missing(.keys))]
    Missing {
        /// The keys of which one is needed.
        keys: Vec<String>,
    },
}

/// A secret cannot be read from its file.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file cannot be read.
    #[error("could not read the secret in `{}`; check that it exists and may be read", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why it cannot be read.
        #[source]
        source: Arc<io::Error>,
    },
    /// Nothing is in the file.
    #[error("could not read the secret in `{}`: the file is empty; write the secret into it", .file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn malformed(
    key: &str,
    source: &str,
    value: Option<&str>,
    expected: &str,
    example: &str,
) -> String {
    let found = match value {
        Some(value) => format!("is `{value}`"),
        None => "has a value that does not fit (it is not shown)".to_owned(),
    };
    format!("`{key}` (from `{source}`) {found}, expected {expected}, for example {example}")
}

fn missing(keys: &[String]) -> String {
    let named = |names: Vec<String>| names.join(" or ");
    format!(
        "{} is not set; set {} in the environment, or the key in the configuration file",
        named(keys.iter().map(|key| format!("`{key}`")).collect()),
        named(
            keys.iter()
                .map(|key| format!("`{}`", variable(key)))
                .collect()
        ),
    )
}

/// `text` on one line: control characters are escaped.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}
