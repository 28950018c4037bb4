//! What is made from code and catalog is what the repository holds, and nothing in the database is without a comment.

use std::path::Path;

use keepnet_etl::documents::{self, Catalog};

use crate::support::database;
use crate::support::program::Program;

#[tokio::test]
async fn the_documents_are_up_to_date() {
    let pool = database::migrated().await;
    let mut stale = Vec::new();
    for document in documents::all(&pool).await.unwrap() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document.path);
        if std::fs::read_to_string(&path).unwrap_or_default() != document.text {
            stale.push(document.path);
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:?} out of date: run `cargo run -- docs`, look at what changed, and commit it"
    );
}

#[tokio::test]
async fn every_schema_table_view_column_and_function_has_a_comment() {
    let pool = database::migrated().await;
    let catalog = Catalog::read(&pool).await.unwrap();
    let names: Vec<&str> = catalog.schemas.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["bi", "ref", "keepnet", "rollup", "sync"]);
    let mut silent = Vec::new();
    for schema in &catalog.schemas {
        if schema.comment.is_empty() {
            silent.push(schema.name.clone());
        }
        for relation in &schema.relations {
            if relation.comment.is_empty() {
                silent.push(format!("{}.{}", schema.name, relation.name));
            }
            for column in &relation.columns {
                if column.comment.is_empty() {
                    silent.push(format!("{}.{}.{}", schema.name, relation.name, column.name));
                }
            }
        }
        for function in &schema.functions {
            if function.comment.is_empty() {
                silent.push(format!("{}.{}", schema.name, function.signature));
            }
        }
    }
    assert!(silent.is_empty(), "without a comment: {silent:#?}");
}

#[tokio::test]
async fn the_command_says_what_is_out_of_date_and_writes_it() {
    use secrecy::ExposeSecret;
    let program = Program::new();
    let program = program.set_variable("DATABASE_URL", database::empty().await.expose_secret());
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap().to_owned();
    let checked = program.run(&format!("docs --check --out {out}"));
    assert_eq!(checked.code, 1, "{checked:#?}");
    assert!(
        checked.stdout.contains("tables.md is out of date"),
        "{checked:#?}"
    );
    assert!(!folder.path().join("docs").exists());
    let written = program.run(&format!("docs --out {out}"));
    assert_eq!(written.code, 0, "{written:#?}");
    let again = program.run(&format!("docs --check --out {out}"));
    assert_eq!(again.code, 0, "{again:#?}");
    assert_eq!(again.stdout, "all documents are up to date\n");
}
