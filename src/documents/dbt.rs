//! `dbt/models/sources.yml`: the schemas as sources of dbt, with keys, relationships and freshness.

use std::fmt::Write;

use super::catalog::{Catalog, Column, Relation, Schema};
use super::entities::dimension;

/// After which age of `data_freshness.safe_as_of` dbt warns, and fails; in hours. The first is the default of
/// `sync.max_staleness` and a night.
const STALE_AFTER: (u32, u32) = (36, 96);

/// The document.
pub fn document(catalog: &Catalog) -> String {
    let mut text = String::from(
        "# Made from the catalog of the database: `keepnet-etl docs`.\nversion: 2\n\nsources:\n",
    );
    for schema in catalog
        .schemas
        .iter()
        .filter(|schema| schema.name != "sync")
    {
        source(&mut text, catalog, schema);
    }
    text
}

fn source(text: &mut String, catalog: &Catalog, schema: &Schema) {
    let _ = write!(
        text,
        "  - name: {}\n    schema: {}\n    description: {}\n    tables:\n",
        schema.name,
        schema.name,
        quoted(&schema.comment)
    );
    for relation in &schema.relations {
        let _ = write!(
            text,
            "      - name: {}\n        description: {}\n",
            relation.name,
            quoted(&relation.comment)
        );
        if relation.name == "data_freshness" {
            let (warn, error) = STALE_AFTER;
            let _ = write!(
                text,
                "        loaded_at_field: safe_as_of\n        freshness:\n          \
                 warn_after: {{count: {warn}, period: hour}}\n          \
                 error_after: {{count: {error}, period: hour}}\n"
            );
        }
        if !relation.key.is_empty() {
            unique(text, &relation.key);
        }
        text.push_str("        columns:\n");
        for column in &relation.columns {
            let _ = write!(
                text,
                "          - name: {}\n            description: {}\n            data_type: {}\n",
                column.name,
                quoted(&column.comment),
                column.data_type
            );
            tests(text, catalog, schema, relation, column);
        }
    }
}

/// The key as a test that needs no package: `tests/generic/unique_key.sql`.
fn unique(text: &mut String, key: &[String]) {
    let _ = write!(
        text,
        "        data_tests:\n          - unique_key:\n              arguments:\n                columns: [{}]\n",
        key.join(", ")
    );
}

fn tests(
    text: &mut String,
    catalog: &Catalog,
    schema: &Schema,
    relation: &Relation,
    column: &Column,
) {
    let points_to = (schema.name == "bi")
        .then(|| dimension(&relation.name, &column.name))
        .flatten()
        .filter(|(_, table)| {
            catalog
                .schema("bi")
                .is_some_and(|bi| bi.relations.iter().any(|other| other.name == *table))
        });
    if !column.is_required && points_to.is_none() {
        return;
    }
    text.push_str("            data_tests:\n");
    if column.is_required {
        text.push_str("              - not_null\n");
    }
    if let Some((key, table)) = points_to {
        let _ = write!(
            text,
            "              - relationships:\n                  arguments:\n                    to: source('bi', '{table}')\n                    field: {key}\n"
        );
    }
}

/// A double-quoted scalar of YAML; JSON is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
