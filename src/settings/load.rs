//! Where the values come from: defaults, file, `DATABASE_URL` and environment, later ones winning.
//!
//! Owns the layers and the check that every key is known. Values stay as they were written; what
//! they mean is decided in `value` and `sections`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use crate::settings::catalog::{self, DEFAULT_TOML, VARIABLE_PREFIX, known_key, nearest_key};
use crate::settings::error::{Problem, one_line};

/// Names the configuration file when `--config` does not.
const CONFIG_VARIABLE: &str = "KEEPNET_ETL_CONFIG";
/// What begins the names that belong to this program.
const OWN_PREFIX: &str = "KEEPNET_ETL_";
/// The customary variable for the database.
const DATABASE_VARIABLE: &str = "DATABASE_URL";
/// What the defaults are called where a source is named.
pub(crate) const DEFAULT_SOURCE: &str = "default";

/// A value in place and the file that may hold it instead.
const PAIRS: [(&str, &str); 2] = [
    ("api.client_secret", "api.client_secret_file"),
    ("warehouse.url", "warehouse.url_file"),
];

/// From where settings are taken.
#[derive(Clone, Default)]
pub struct Sources {
    /// The configuration file; if none, `KEEPNET_ETL_CONFIG` of the environment names it.
    pub config_file: Option<PathBuf>,
    /// The environment variables. Those that are no business of this program are ignored.
    pub environment: Vec<(String, String)>,
}

impl Sources {
    /// The sources of this process, with the file given by `--config`.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn from_process(config_file: Option<PathBuf>) -> Self {
        let environment = std::env::vars_os()
            .map(|(name, value)| {
                (
                    name.to_string_lossy().into_owned(),
                    value.to_string_lossy().into_owned(),
                )
            })
            .filter(|(name, _)| is_own(name))
            .collect();
        Self {
            config_file,
            environment,
        }
    }

    /// Only these variables, and no file; for tests.
    #[must_use]
    pub fn from_variables(variables: &[(&str, &str)]) -> Self {
        let environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self {
            config_file: None,
            environment,
        }
    }

    /// The values in force by key, and what is wrong with the sources.
    pub(crate) fn collect(&self) -> (BTreeMap<String, Value>, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut layers = vec![Layer::of_toml(DEFAULT_SOURCE, DEFAULT_TOML, &mut problems)];
        if let Some(path) = self.config_path() {
            layers.extend(file_layer(&path, &mut problems));
        }
        layers.extend(self.environment_layers(&mut problems));
        let merged = layers
            .into_iter()
            .fold(Config::builder(), |builder, mut layer| {
                layer.settle_pairs(&mut problems);
                builder.add_source(layer)
            })
            .build()
            .and_then(|config| config.collect());
        let mut values = BTreeMap::new();
        match merged {
            Ok(tables) => flatten("", tables, &mut |key, value| {
                values.insert(key, value);
            }),
            Err(error) => problems.push(not_toml("the settings", &error)),
        }
        (values, problems)
    }

    fn config_path(&self) -> Option<PathBuf> {
        self.config_file.clone().or_else(|| {
            let named = self
                .environment
                .iter()
                .find(|(name, _)| name == CONFIG_VARIABLE);
            named
                .map(|(_, path)| path.trim())
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        })
    }

    /// `DATABASE_URL`, and above it the variables of the keys.
    fn environment_layers(&self, problems: &mut Vec<Problem>) -> [Layer; 2] {
        let mut database = Layer::default();
        let mut keys = Layer::default();
        let mut variables: Vec<_> = self.environment.iter().filter(|(n, _)| is_own(n)).collect();
        variables.sort();
        for (name, value) in variables {
            let value = value.trim();
            if name == CONFIG_VARIABLE {
                continue;
            }
            if name == DATABASE_VARIABLE {
                database.insert("warehouse.url", name, value, problems);
                continue;
            }
            let known = catalog::known_keys().find(|known| catalog::variable(&known.name) == *name);
            match known {
                Some(known) => keys.insert(&known.name, name, value, problems),
                None => problems.push(unknown_variable(name)),
            }
        }
        [database, keys]
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.environment.iter().map(|(name, _)| name).collect();
        f.debug_struct("Sources")
            .field("config_file", &self.config_file)
            .field("environment", &names)
            .finish()
    }
}

/// The values of one source by key, each with the source as its origin.
#[derive(Debug, Clone, Default)]
struct Layer {
    values: Map<String, Value>,
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.values.clone())
    }
}

impl Layer {
    /// The known keys of a TOML text; what is not known becomes a problem.
    fn of_toml(name: &str, text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut layer = Self::default();
        match File::from_str(text, FileFormat::Toml).collect() {
            Ok(table) => flatten(
                "",
                table,
                &mut |key, value| match check_place(&key, &value, name) {
                    Ok(()) => {
                        let origin = name.to_owned();
                        layer
                            .values
                            .insert(key, Value::new(Some(&origin), value.kind));
                    }
                    Err(problem) => problems.push(problem),
                },
            ),
            Err(error) => problems.push(not_toml(name, &error)),
        }
        layer
    }

    /// Adds the value of a variable, unless it is empty.
    fn insert(&mut self, key: &str, variable: &str, value: &str, problems: &mut Vec<Problem>) {
        if value.contains(char::REPLACEMENT_CHARACTER) {
            problems.push(Problem::NotText {
                name: variable.to_owned(),
            });
        } else if !value.is_empty() {
            let origin = variable.to_owned();
            self.values
                .insert(key.to_owned(), Value::new(Some(&origin), value));
        }
    }

    /// Lets one key of a pair, set here, hide the other one of the layers below.
    fn settle_pairs(&mut self, problems: &mut Vec<Problem>) {
        for (key, file_key) in PAIRS {
            match (self.origin_if_set(key), self.origin_if_set(file_key)) {
                (Some(one), Some(other)) => problems.push(Problem::Both {
                    key: key.to_owned(),
                    file_key: file_key.to_owned(),
                    source_name: if one == other {
                        format!("in `{one}`")
                    } else {
                        format!("by `{one}` and `{other}`")
                    },
                }),
                (Some(origin), None) => self.hide(file_key, &origin),
                (None, Some(origin)) => self.hide(key, &origin),
                (None, None) => {}
            }
        }
    }

    fn hide(&mut self, key: &str, origin: &String) {
        self.values
            .insert(key.to_owned(), Value::new(Some(origin), ""));
    }

    fn origin_if_set(&self, key: &str) -> Option<String> {
        let value = self.values.get(key)?;
        let is_empty = matches!(&value.kind, ValueKind::String(text) if text.trim().is_empty());
        (!is_empty).then(|| value.origin().unwrap_or_default().to_owned())
    }
}

fn file_layer(path: &Path, problems: &mut Vec<Problem>) -> Option<Layer> {
    let name = one_line(&path.display().to_string());
    match std::fs::read_to_string(path) {
        Ok(text) => Some(Layer::of_toml(
            &name,
            text.trim_start_matches('\u{feff}'),
            problems,
        )),
        Err(error) => {
            problems.push(Problem::Unreadable {
                file: name,
                reason: error.to_string(),
            });
            None
        }
    }
}

/// Whether a variable belongs to this program; in any case, so that `keepnet_etl__…` is no riddle.
fn is_own(name: &str) -> bool {
    let upper = name.to_uppercase();
    name == DATABASE_VARIABLE || upper.starts_with(OWN_PREFIX)
}

/// Calls `visit` with every value that is not a table, and with every empty table.
fn flatten(prefix: &str, table: Map<String, Value>, visit: &mut dyn FnMut(String, Value)) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value.kind {
            ValueKind::Table(inner) if !inner.is_empty() => flatten(&key, inner, visit),
            _ => visit(key, value),
        }
    }
}

/// Checks that a key of a file is known, and that what is there is no section.
fn check_place(key: &str, value: &Value, file: &str) -> Result<(), Problem> {
    let misplaced = |found, expected| {
        Err(Problem::Misplaced {
            key: key.to_owned(),
            file: file.to_owned(),
            found,
            expected,
        })
    };
    let is_table = matches!(value.kind, ValueKind::Table(_));
    if catalog::is_section(key) {
        let expected = format!("a section, `[{key}]`");
        return if is_table {
            Ok(())
        } else {
            misplaced("a value", expected)
        };
    }
    match known_key(key) {
        Some(_) if is_table => misplaced("a section", "a value".to_owned()),
        Some(_) => Ok(()),
        None => Err(Problem::UnknownKey {
            key: one_line(key),
            file: file.to_owned(),
            nearest: nearest_key(key).to_owned(),
        }),
    }
}

fn unknown_variable(name: &str) -> Problem {
    let rest = name.get(OWN_PREFIX.len()..).unwrap_or_default();
    // `KEEPNET_ETL_API_PAGE_SIZE`: the first word is most likely the section.
    let key = if name.to_uppercase().starts_with(VARIABLE_PREFIX) {
        nearest_key(&rest.trim_start_matches('_').replace("__", "."))
    } else {
        nearest_key(&rest.replacen('_', ".", 1))
    };
    Problem::UnknownVariable {
        name: one_line(name),
        nearest: catalog::variable(key),
        key: key.to_owned(),
    }
}

/// The place and the reason of a TOML error without the line itself, which may hold a secret.
fn not_toml(file: &str, error: &ConfigError) -> Problem {
    let text = error.to_string();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let place = lines.next().unwrap_or_default().to_owned();
    let reason = match lines.next_back() {
        Some(last) => format!("{place}: {last}"),
        None => place,
    };
    Problem::NotToml {
        file: file.to_owned(),
        reason,
    }
}
