//! `docs/entities.md`: how tables and views hang together, as Mermaid diagrams.

use std::fmt::Write;

use super::catalog::{Catalog, Relation, Schema};

/// The dimension that a key column of a fact belongs to, and the name of the key there.
const DIMENSIONS: [(&str, &str); 6] = [
    ("company_key", "dim_company"),
    ("enrollment_key", "dim_enrollment"),
    ("target_user_key", "dim_person"),
    ("question_key", "dim_question"),
    ("training_key", "dim_training"),
    ("date_key", "dim_date"),
];

/// The document.
pub fn document(catalog: &Catalog) -> String {
    let mut text = String::from(
        "# How it hangs together\n\n\
         <!-- Made from the catalog of the database: `keepnet-etl docs`. -->\n",
    );
    if let Some(bi) = catalog.schema("bi") {
        text.push_str(
            "\n## Schema `bi`: the star\n\n\
             Facts point to dimensions by bigint keys. The question views are put together from these and are not drawn.\n\n",
        );
        star(&mut text, bi);
    }
    if let Some(keepnet) = catalog.schema("keepnet") {
        text.push_str(
            "\n## Schema `keepnet`\n\n\
             Foreign keys point to `companies` and `enrollments`; the dotted lines are keys that are shared and not enforced, because the vendor may show \
             the one before the other.\n\n",
        );
        tables(&mut text, keepnet);
    }
    text
}

/// The dimension that a column points to, when its name ends like the key of one (`path_enrollment_key`, `due_date_key`).
pub(super) fn dimension(relation: &str, column: &str) -> Option<(&'static str, &'static str)> {
    DIMENSIONS.into_iter().find(|(key, dimension)| {
        *dimension != relation && (column == *key || column.ends_with(&format!("_{key}")))
    })
}

fn star(text: &mut String, bi: &Schema) {
    text.push_str("```mermaid\nerDiagram\n");
    let is_in_star = |relation: &&Relation| {
        relation.name.starts_with("fact_") || relation.name.starts_with("dim_")
    };
    for relation in bi.relations.iter().filter(is_in_star) {
        for column in &relation.columns {
            if let Some((_, dimension)) = dimension(&relation.name, &column.name)
                && bi.relations.iter().any(|other| other.name == dimension)
            {
                let _ = writeln!(
                    text,
                    "    {dimension} ||--o{{ {} : {}",
                    relation.name, column.name
                );
            }
        }
    }
    text.push_str("```\n");
}

fn tables(text: &mut String, keepnet: &Schema) {
    text.push_str("```mermaid\nerDiagram\n");
    for relation in &keepnet.relations {
        for reference in &relation.references {
            let _ = writeln!(
                text,
                "    {} ||--o{{ {} : \"{}\"",
                reference.table,
                relation.name,
                reference.columns.join(", ")
            );
        }
        for parent in &keepnet.relations {
            let is_child = parent.name != relation.name
                && parent.key.len() > 1
                && parent.key.iter().all(|key| relation.column(key).is_some())
                && !relation
                    .references
                    .iter()
                    .any(|reference| reference.table == parent.name)
                && !parent.name.ends_with("_history");
            if is_child && is_nearest(keepnet, relation, parent) {
                let _ = writeln!(
                    text,
                    "    {} ||..o{{ {} : \"{}\"",
                    parent.name,
                    relation.name,
                    parent.key.join(", ")
                );
            }
        }
    }
    text.push_str("```\n\n```mermaid\nerDiagram\n");
    for relation in &keepnet.relations {
        let _ = writeln!(text, "    {} {{", relation.name);
        for column in relation
            .columns
            .iter()
            .filter(|column| relation.key.contains(&column.name))
        {
            let _ = writeln!(
                text,
                "        {} {} PK",
                column.data_type.replace(' ', "_"),
                column.name
            );
        }
        text.push_str("    }\n");
    }
    text.push_str("```\n");
}

/// Whether no other table that `child` hangs on has a longer key which contains that of `parent`.
fn is_nearest(keepnet: &Schema, child: &Relation, parent: &Relation) -> bool {
    !keepnet.relations.iter().any(|other| {
        other.name != parent.name
            && other.name != child.name
            && !other.name.ends_with("_history")
            && other.key.len() > parent.key.len()
            && parent.key.iter().all(|key| other.key.contains(key))
            && other.key.iter().all(|key| child.column(key).is_some())
    })
}
