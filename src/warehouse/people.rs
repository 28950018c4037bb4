//! Where the warehouse holds data of people, and how it is rewritten in place: distinct values are read, asked about, and
//! replaced wherever they stand. One transaction rewrites one company.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};

use crate::privacy::Field;

/// Distinct values that are replaced by one statement.
const BATCH: usize = 2_000;
/// Stands for null in comparisons. No text of the vendor is this.
const NOTHING: &str = "\u{1}";

/// A column that holds one kind of personal data.
#[derive(Debug, Clone, Copy)]
pub struct PersonalColumn {
    /// Its table in schema `keepnet`.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// What it holds.
    pub field: Field,
}

const fn of(table: &'static str, column: &'static str, field: Field) -> PersonalColumn {
    PersonalColumn {
        table,
        column,
        field,
    }
}

/// All of them.
pub static PERSONAL_COLUMNS: [PersonalColumn; 16] = [
    of("target_users", "email", Field::Email),
    of("target_users", "first_name", Field::Name),
    of("target_users", "last_name", Field::Name),
    of("target_users", "department", Field::Department),
    of("target_users", "phone_number", Field::Phone),
    of("target_user_history", "email", Field::Email),
    of("target_user_history", "first_name", Field::Name),
    of("target_user_history", "last_name", Field::Name),
    of("target_user_history", "department", Field::Department),
    of("enrollment_users", "email", Field::Email),
    of("enrollment_users", "first_name", Field::Name),
    of("enrollment_users", "last_name", Field::Name),
    of("enrollment_users", "department", Field::Department),
    of("enrollment_users", "phone_number", Field::Phone),
    of("enrollments", "enrolled_by", Field::Name),
    of("trainings", "created_by", Field::Name),
];

/// The values of some columns of a table, as text.
pub type Values = Vec<Option<String>>;

/// Some columns of a table that are rewritten together: the first `written` of them; what the others hold only helps to
/// decide.
#[derive(Debug, Clone, Copy)]
pub struct Rewriting<'r> {
    /// The table in schema `keepnet`.
    pub table: &'r str,
    /// The columns.
    pub columns: &'r [&'r str],
    /// How many of them are written.
    pub written: usize,
    /// Whether those are `jsonb`.
    pub is_json: bool,
}

impl Rewriting<'_> {
    /// Replaces what `rewrite` gives something else for, in the rows of one company. Gives how many rows changed.
    pub async fn run(
        &self,
        db: &mut PgConnection,
        company_id: &str,
        at: DateTime<Utc>,
        mut rewrite: impl FnMut(&Values) -> Values,
    ) -> Result<u64, sqlx::Error> {
        let texts: Vec<String> = self
            .columns
            .iter()
            .map(|name| format!("{name}::text"))
            .collect();
        let written = &self.columns[..self.written];
        let any: Vec<String> = written
            .iter()
            .map(|name| format!("{name} is not null"))
            .collect();
        let sql = format!(
            "select distinct {} from keepnet.{} where company_id = $1 and ({})",
            texts.join(", "),
            self.table,
            any.join(" or ")
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(company_id)
            .fetch_all(&mut *db)
            .await?;
        let mut changes: Vec<(Values, Values)> = Vec::new();
        for row in &rows {
            let before: Values = (0..self.columns.len())
                .map(|place| row.try_get(place))
                .collect::<Result<_, _>>()?;
            let after = rewrite(&before);
            if after[..self.written] != before[..self.written] {
                changes.push((before, after));
            }
        }
        let mut changed = 0;
        for batch in changes.chunks(BATCH) {
            changed += self.replace(db, company_id, batch, at).await?;
        }
        Ok(changed)
    }

    async fn replace(
        &self,
        db: &mut PgConnection,
        company_id: &str,
        changes: &[(Values, Values)],
        at: DateTime<Utc>,
    ) -> Result<u64, sqlx::Error> {
        let count = self.columns.len() + self.written;
        let arrays: Vec<String> = (3..3 + count)
            .map(|place| format!("${place}::text[]"))
            .collect();
        let names: Vec<String> = (0..count).map(|place| format!("v{place}")).collect();
        let cast = if self.is_json { "::jsonb" } else { "" };
        let sets: Vec<String> = (self.columns[..self.written].iter().enumerate())
            .map(|(place, name)| format!("{name} = m.v{}{cast}", self.columns.len() + place))
            .collect();
        let same: Vec<String> = (self.columns.iter().enumerate())
            .map(|(place, name)| format!("coalesce(t.{name}::text, e'\\x01') = m.v{place}"))
            .collect();
        let sql = format!(
            "update keepnet.{} t set synced_at = $2, {} from unnest({}) as m({}) where t.company_id = $1 and {}",
            self.table,
            sets.join(", "),
            arrays.join(", "),
            names.join(", "),
            same.join(" and "),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(company_id).bind(at);
        for place in 0..self.columns.len() {
            let before = changes.iter().map(|(before, _)| {
                let value = before[place].clone();
                value.unwrap_or_else(|| NOTHING.to_owned())
            });
            query = query.bind(before.collect::<Vec<String>>());
        }
        for place in 0..self.written {
            let after = changes.iter().map(|(_, after)| after[place].clone());
            query = query.bind(after.collect::<Vec<Option<String>>>());
        }
        Ok(query.execute(db).await?.rows_affected())
    }
}

/// A statement about one company: `$1`.
pub async fn execute(
    db: &mut PgConnection,
    company_id: &str,
    sql: impl Into<String>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(AssertSqlSafe(sql.into()))
        .bind(company_id)
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

/// The columns of schema `keepnet` with members that have no column, as table and column.
pub async fn extra_columns(db: &mut PgConnection) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as(
        "select c.relname::text, a.attname::text from pg_attribute a
         join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
         where c.relnamespace = 'keepnet'::regnamespace and a.attname like '%extra' and not a.attisdropped
         order by 1, 2",
    )
    .fetch_all(db)
    .await
}
