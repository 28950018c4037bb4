//! What a database says of itself: relations, columns, keys, and the comments on all of them.

use sqlx::{FromRow, PgPool};

/// The schemas that are documented, in the order in which a reader needs them.
const SCHEMAS: [&str; 5] = ["bi", "ref", "keepnet", "rollup", "sync"];

/// All schemas.
#[derive(Debug)]
pub struct Catalog {
    /// In the order of a reader.
    pub schemas: Vec<Schema>,
}

/// A schema and what is in it.
#[derive(Debug)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub comment: String,
    /// Its tables and views, by name.
    pub relations: Vec<Relation>,
    /// Its functions, by name.
    pub functions: Vec<Function>,
}

/// A table or a view.
#[derive(Debug)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// True for a view.
    pub is_view: bool,
    /// What a row of it is.
    pub comment: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The columns of its primary key.
    pub key: Vec<String>,
    /// What it points to.
    pub references: Vec<Reference>,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as PostgreSQL writes it.
    pub data_type: String,
    /// It is never null.
    pub is_required: bool,
    /// What it means.
    pub comment: String,
}

/// A foreign key.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The columns that point.
    pub columns: Vec<String>,
    /// The schema of the table that they point to.
    pub schema: String,
    /// That table.
    pub table: String,
    /// The columns that they point to.
    pub target: Vec<String>,
}

/// A function.
#[derive(Debug, Clone, FromRow)]
pub struct Function {
    /// Its name with its arguments.
    pub signature: String,
    /// What it returns.
    pub returns: String,
    /// What it answers.
    pub comment: String,
}

#[derive(FromRow)]
struct RelationRow {
    oid: i64,
    name: String,
    is_view: bool,
    comment: String,
    key: Vec<String>,
}

#[derive(FromRow)]
struct ColumnRow {
    oid: i64,
    name: String,
    data_type: String,
    is_required: bool,
    comment: String,
}

#[derive(FromRow)]
struct ReferenceRow {
    oid: i64,
    columns: Vec<String>,
    schema: String,
    table: String,
    target: Vec<String>,
}

impl Catalog {
    /// Reads it.
    pub async fn read(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let mut schemas = Vec::new();
        for name in SCHEMAS {
            if let Some(schema) = Schema::read(pool, name).await? {
                schemas.push(schema);
            }
        }
        Ok(Self { schemas })
    }

    /// One schema.
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.iter().find(|schema| schema.name == name)
    }
}

impl Schema {
    async fn read(pool: &PgPool, name: &str) -> Result<Option<Self>, sqlx::Error> {
        let comment: Option<Option<String>> = sqlx::query_scalar(
            "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = $1",
        )
        .bind(name)
        .fetch_optional(pool)
        .await?;
        let Some(comment) = comment else {
            return Ok(None);
        };
        let relations: Vec<RelationRow> = sqlx::query_as(
            "select c.oid::bigint as oid, c.relname::text as name, c.relkind = 'v' as is_view,
                    coalesce(obj_description(c.oid, 'pg_class'), '') as comment,
                    coalesce((select array_agg(a.attname::text order by k.place)
                              from pg_constraint p
                              cross join unnest(p.conkey) with ordinality k (attnum, place)
                              join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
                              where p.conrelid = c.oid and p.contype = 'p'), '{}') as key
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = $1 and c.relkind in ('r', 'p', 'v')
             order by c.relname collate \"C\"",
        )
        .bind(name)
        .fetch_all(pool)
        .await?;
        let columns: Vec<ColumnRow> = sqlx::query_as(
            "select c.oid::bigint as oid, a.attname::text as name,
                    format_type(a.atttypid, a.atttypmod) as data_type, a.attnotnull as is_required,
                    coalesce(col_description(c.oid, a.attnum), '') as comment
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             where n.nspname = $1 and c.relkind in ('r', 'p', 'v')
             order by c.oid, a.attnum",
        )
        .bind(name)
        .fetch_all(pool)
        .await?;
        let references: Vec<ReferenceRow> = sqlx::query_as(
            "select f.conrelid::bigint as oid, tn.nspname::text as schema, t.relname::text as table,
                    (select array_agg(a.attname::text order by k.place)
                     from unnest(f.conkey) with ordinality k (attnum, place)
                     join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.attnum) as columns,
                    (select array_agg(a.attname::text order by k.place)
                     from unnest(f.confkey) with ordinality k (attnum, place)
                     join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum) as target
             from pg_constraint f
             join pg_class c on c.oid = f.conrelid
             join pg_namespace n on n.oid = c.relnamespace
             join pg_class t on t.oid = f.confrelid
             join pg_namespace tn on tn.oid = t.relnamespace
             where n.nspname = $1 and f.contype = 'f'
             order by c.relname collate \"C\", f.conname collate \"C\"",
        )
        .bind(name)
        .fetch_all(pool)
        .await?;
        let functions: Vec<Function> = sqlx::query_as(
            "select p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as signature,
                    pg_get_function_result(p.oid) as returns,
                    coalesce(obj_description(p.oid, 'pg_proc'), '') as comment
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = $1 and p.prorettype <> 'trigger'::regtype
             order by p.proname collate \"C\"",
        )
        .bind(name)
        .fetch_all(pool)
        .await?;
        let relations = relations
            .into_iter()
            .map(|relation| relation.with(&columns, &references))
            .collect();
        Ok(Some(Self {
            name: name.to_owned(),
            comment: comment.unwrap_or_default(),
            relations,
            functions,
        }))
    }
}

impl RelationRow {
    fn with(self, columns: &[ColumnRow], references: &[ReferenceRow]) -> Relation {
        let oid = self.oid;
        Relation {
            name: self.name,
            is_view: self.is_view,
            comment: self.comment,
            columns: columns
                .iter()
                .filter(|column| column.oid == oid)
                .map(|column| Column {
                    name: column.name.clone(),
                    data_type: column.data_type.clone(),
                    is_required: column.is_required,
                    comment: column.comment.clone(),
                })
                .collect(),
            key: self.key,
            references: references
                .iter()
                .filter(|reference| reference.oid == oid)
                .map(|reference| Reference {
                    columns: reference.columns.clone(),
                    schema: reference.schema.clone(),
                    table: reference.table.clone(),
                    target: reference.target.clone(),
                })
                .collect(),
        }
    }
}

impl Relation {
    /// A column by its name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
