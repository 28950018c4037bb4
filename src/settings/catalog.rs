//! The known keys, as `config/default.toml` lists them, and the document made from its comments.
//!
//! Reads the comments only; the values of `config/default.toml` are read by `load`.

use std::fmt::Write as _;
use std::sync::LazyLock;

/// The compiled-in defaults.
pub(crate) const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

/// What begins the name of every environment variable that is a setting.
pub(crate) const VARIABLE_PREFIX: &str = "KEEPNET_ETL__";

static CATALOG: LazyLock<Vec<Section>> = LazyLock::new(|| read(DEFAULT_TOML));

struct Section {
    name: String,
    meaning: String,
    keys: Vec<KnownKey>,
}

/// One key of `config/default.toml`.
#[derive(Debug)]
pub(crate) struct KnownKey {
    /// The key with its section, such as `api.page_size`.
    pub(crate) name: String,
    /// What its comment says.
    pub(crate) meaning: String,
    /// The default as it is written there.
    default: String,
}

/// The known keys in the order of `config/default.toml`.
pub(crate) fn known_keys() -> impl Iterator<Item = &'static KnownKey> {
    CATALOG.iter().flat_map(|section| &section.keys)
}

/// The known key of this name.
pub(crate) fn known_key(name: &str) -> Option<&'static KnownKey> {
    known_keys().find(|known| known.name == name)
}

/// Whether `name` is a section, or a part of one.
pub(crate) fn is_section(name: &str) -> bool {
    CATALOG.iter().any(|section| section.name == name)
}

/// The known key that resembles `name` most.
///
/// The right word in the wrong section (`database.url`) is as near as two wrong letters, a part of
/// the word (`api.secret`) as near as one.
pub(crate) fn nearest_key(name: &str) -> &'static str {
    const WRONG_SECTION: usize = 2;
    const PART: usize = 1;
    let name = name.to_lowercase();
    let (section, word) = split(&name);
    let distance = |known: &KnownKey| {
        let (known_section, known_word) = split(&known.name);
        if known_section == name {
            return 0;
        }
        let is_part = known_word.split('_').any(|part| part == word);
        let words = strsim::damerau_levenshtein(word, known_word);
        let near = if is_part { words.min(PART) } else { words };
        let apart = if section == known_section {
            0
        } else {
            WRONG_SECTION
        };
        near.saturating_add(apart)
            .min(strsim::damerau_levenshtein(&name, &known.name))
    };
    known_keys()
        .min_by_key(|known| distance(known))
        .map_or("", |known| &known.name)
}

/// The environment variable that sets `key`.
#[must_use]
pub fn variable(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// The reference of all settings as Markdown, made from `config/default.toml`.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(
        "# Settings\n\n\
         <!-- Made from config/default.toml: change that file, then run the tests. -->\n\n",
    );
    text.push_str(&introduction(DEFAULT_TOML));
    for section in CATALOG.iter() {
        let _ = write!(
            text,
            "\n## {}\n\n{}\n\n| key | default | meaning | environment variable |\n\
             |---|---|---|---|\n",
            section.name, section.meaning
        );
        for key in &section.keys {
            let default = match key.default.as_str() {
                "" => "not set".to_owned(),
                default => format!("`{default}`"),
            };
            let _ = writeln!(
                text,
                "| `{}` | {default} | {} | `{}` |",
                key.name,
                key.meaning.replace('|', "\\|"),
                variable(&key.name)
            );
        }
    }
    text
}

/// The section of a key and the word within it.
fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

/// The comment at the top of the file.
fn introduction(toml: &str) -> String {
    toml.lines()
        .map_while(|line| line.strip_prefix('#'))
        .fold(String::new(), |mut text, line| {
            text.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
            text.push('\n');
            text
        })
}

/// Reads sections, keys and the comments right above them.
fn read(toml: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut comment = String::new();
    for line in toml.lines() {
        if let Some(text) = line.strip_prefix('#') {
            if !comment.is_empty() {
                comment.push(' ');
            }
            comment.push_str(text.trim());
        } else if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let meaning = std::mem::take(&mut comment);
            sections.push(Section {
                name: name.to_owned(),
                meaning,
                keys: Vec::new(),
            });
        } else if let (Some((key, value)), Some(section)) =
            (line.split_once(" = "), sections.last_mut())
        {
            section.keys.push(KnownKey {
                name: format!("{}.{key}", section.name),
                meaning: std::mem::take(&mut comment),
                default: value.trim_matches('"').to_owned(),
            });
        } else {
            comment.clear();
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_meaning_and_every_section_an_introduction() {
        for section in CATALOG.iter() {
            assert!(!section.meaning.is_empty(), "section {}", section.name);
            assert!(!section.keys.is_empty(), "section {}", section.name);
        }
        for key in known_keys() {
            assert!(key.meaning.ends_with('.'), "{key:?}");
        }
    }

    #[test]
    fn the_nearest_key_is_the_one_that_was_meant() {
        for (written, meant) in [
            ("api.page_sise", "api.page_size"),
            ("apii.page_size", "api.page_size"),
            ("page_size", "api.page_size"),
            ("API.BASE_URL", "api.base_url"),
            ("database.url", "warehouse.url"),
            ("api.secret", "api.client_secret"),
            ("api.clientid", "api.client_id"),
            ("sync.include", "sync.companies.include"),
            ("sync.company.exclude", "sync.companies.exclude"),
            ("api.id", "api.client_id"),
            ("url", "warehouse.url"),
            ("api", "api.base_url"),
            ("log.lvl", "log.level"),
            ("privacy.mail", "privacy.email"),
        ] {
            assert_eq!(nearest_key(written), meant, "for {written}");
        }
    }

    #[test]
    fn a_variable_is_named_after_its_key() {
        assert_eq!(
            variable("sync.companies.include"),
            "KEEPNET_ETL__SYNC__COMPANIES__INCLUDE"
        );
    }

    #[test]
    fn the_document_of_the_settings_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
        let made = document();
        if std::fs::read_to_string(path).unwrap_or_default() != made {
            std::fs::write(path, made).unwrap();
            panic!("docs/configuration.md was stale and is written anew: look at it and commit it");
        }
    }
}
