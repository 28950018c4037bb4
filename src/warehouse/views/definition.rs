//! What a file of `views/` defines, object by object.

use sha2::{Digest, Sha256};

/// A view or a function of schema `bi`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// What it is.
    pub kind: Kind,
    /// Its name, without schema.
    pub name: String,
    /// The statement that creates or replaces it, and those that follow it.
    pub statements: Vec<String>,
    /// Of the statements.
    pub digest: String,
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A view.
    View,
    /// A function.
    Function,
}

impl Kind {
    /// The word for it, in SQL and in `sync.bi_objects`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Function => "function",
        }
    }
}

/// The definitions in `text`, the contents of one file.
///
/// Each begins with `create or replace view bi.name` or `create or replace function bi.name`; the statements up to the
/// next one (its comments) belong to it.
#[must_use]
pub fn read(text: &str) -> Vec<Definition> {
    let mut definitions: Vec<Definition> = Vec::new();
    for statement in statements(text) {
        if let Some((kind, name)) = head(&statement) {
            definitions.push(Definition {
                kind,
                name: name.to_owned(),
                statements: vec![statement],
                digest: String::new(),
            });
        } else if let Some(last) = definitions.last_mut() {
            last.statements.push(statement);
        }
    }
    for definition in &mut definitions {
        let mut hasher = Sha256::new();
        for statement in &definition.statements {
            hasher.update(statement);
            hasher.update([0]);
        }
        definition.digest = hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
    }
    definitions
}

/// Statements end with a semicolon at the end of a line, outside of `$$`. Lines of comment between them are left out.
fn statements(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut statement = String::new();
    let mut is_quoted = false;
    for line in text.lines() {
        if statement.is_empty() && (line.trim().is_empty() || line.starts_with("--")) {
            continue;
        }
        is_quoted ^= line.matches("$$").count() % 2 == 1;
        statement.push_str(line);
        if !is_quoted && line.trim_end().ends_with(';') {
            statements.push(std::mem::take(&mut statement));
        } else {
            statement.push('\n');
        }
    }
    if !statement.trim().is_empty() {
        statements.push(statement);
    }
    statements
}

fn head(statement: &str) -> Option<(Kind, &str)> {
    let (kind, rest) = [Kind::View, Kind::Function].into_iter().find_map(|kind| {
        let head = format!("create or replace {} bi.", kind.word());
        Some((kind, statement.strip_prefix(&head)?))
    })?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    Some((kind, &rest[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_ends_where_the_next_one_begins() {
        let text = "-- Two.\n\ncreate or replace view bi.a as\n-- why\nselect ';' as x;\ncomment on view bi.a is 'A; B';\n\n\
                    create or replace function bi.f(day date) returns int language sql as $$\n    select 1;\n$$;\n";
        let read = read(text);
        let told: Vec<_> = read
            .iter()
            .map(|one| (one.kind, one.name.as_str(), one.statements.len()))
            .collect();
        assert_eq!(told, [(Kind::View, "a", 2), (Kind::Function, "f", 1)]);
        assert!(read[0].statements[0].contains("-- why"));
        assert_ne!(read[0].digest, read[1].digest);
    }

    #[test]
    fn every_object_is_defined_once() {
        let mut names: Vec<String> = super::super::FILES
            .iter()
            .flat_map(|(_, text)| read(text))
            .map(|definition| definition.name)
            .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(count > 15);
    }
}
