//! `docs/tables.md`: every schema, table, view and column.

use std::fmt::Write;

use super::catalog::{Catalog, Relation, Schema};

/// The document.
pub fn document(catalog: &Catalog) -> String {
    let mut text = String::from(
        "# Tables and views\n\n\
         <!-- Made from the comments in the database: `keepnet-etl docs`. -->\n\n\
         BI tools need schema `bi` only; `ref` is yours to fill; `keepnet` is the truth below them, `sync` the program's own bookkeeping. The same \
         texts are comments in the database, where every client shows them. How the tables hang together is in [entities.md](entities.md), what to \
         ask them in [cookbook.md](cookbook.md), how fast they answer in [scale.md](scale.md).\n\n\
         Instants are `timestamp with time zone`. Ids of the vendor are case-sensitive; the `…_key` numbers are for joins.\n",
    );
    for schema in &catalog.schemas {
        contents(&mut text, schema);
    }
    for schema in &catalog.schemas {
        let _ = write!(
            text,
            "\n## Schema `{}`\n\n{}\n",
            schema.name, schema.comment
        );
        for relation in &schema.relations {
            describe(&mut text, schema, relation);
        }
        for function in &schema.functions {
            let _ = write!(
                text,
                "\n### `{}.{}`\n\nFunction. {}\n\nReturns `{}`.\n",
                schema.name, function.signature, function.comment, function.returns
            );
        }
    }
    text
}

fn contents(text: &mut String, schema: &Schema) {
    let names: Vec<String> = schema
        .relations
        .iter()
        .map(|relation| format!("[`{}`](#{}{})", relation.name, schema.name, relation.name))
        .collect();
    let _ = write!(text, "\n- **{}**: {}", schema.name, names.join(", "));
    if schema.name == "sync" {
        text.push('\n');
    }
}

fn describe(text: &mut String, schema: &Schema, relation: &Relation) {
    let kind = if relation.is_view { "View" } else { "Table" };
    let _ = write!(
        text,
        "\n### `{}.{}`\n\n{kind}. {}\n",
        schema.name, relation.name, relation.comment
    );
    if !relation.key.is_empty() {
        let _ = write!(text, "\nPrimary key: `{}`.", relation.key.join("`, `"));
        for reference in &relation.references {
            let _ = write!(
                text,
                " `{}` → `{}.{}`.",
                reference.columns.join("`, `"),
                reference.schema,
                reference.table
            );
        }
        text.push('\n');
    }
    text.push_str("\n| column | type | meaning |\n|---|---|---|\n");
    for column in &relation.columns {
        let required = if column.is_required { ", not null" } else { "" };
        let _ = writeln!(
            text,
            "| `{}` | {}{required} | {} |",
            column.name,
            column.data_type,
            column.comment.replace('|', "\\|").replace('\n', " ")
        );
    }
}
