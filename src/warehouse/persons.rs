//! One person in one company: where the warehouse has something of them, and taking it out.
//!
//! Which tables hold target users is read from the catalog, so that a table that is added later is not forgotten.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::people;
use crate::privacy::{Guard, HASH_PREFIX, Identity};

/// What a person is known by in one company.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Ids of the vendor.
    pub ids: BTreeSet<String>,
    /// E-mail addresses as they are stored, which may be hashes.
    pub emails: BTreeSet<String>,
    /// Full names.
    pub names: BTreeSet<String>,
}

/// A table with an id of a target user, with its schema.
#[derive(Debug, Clone)]
struct TableOfPeople(String);

/// The rows of a person, per table with its schema.
pub type Rows = BTreeMap<String, Vec<Value>>;

/// A row of [`PEOPLE`]: id, address, first and last name.
type Told = (String, Option<String>, Option<String>, Option<String>);

/// What is asked about whom: every row that names a person of the company, one by one.
const PEOPLE: &str = "
    select distinct target_user_id, email, first_name, last_name from keepnet.target_users where company_id = $1
    union
    select distinct target_user_id, email, first_name, last_name from keepnet.enrollment_users where company_id = $1
    union
    select distinct target_user_id, email, first_name, last_name from keepnet.target_user_history where company_id = $1
    union
    select distinct target_user_id, case when target_user_id like any(array['%@%', 'hash:%']) then target_user_id end, null, null
    from keepnet.anonymous_results where company_id = $1 and target_user_id is not null";

/// The persons of a company about whom `is_meant` says yes, as one: of an id that is meant once, all that is stored.
pub async fn find(
    db: &mut PgConnection,
    company_id: &str,
    is_meant: impl Fn(&str, Option<&str>) -> bool,
) -> Result<Person, sqlx::Error> {
    let rows: Vec<Told> = sqlx::query_as(AssertSqlSafe(PEOPLE))
        .bind(company_id)
        .fetch_all(&mut *db)
        .await?;
    let mut person = Person::default();
    for (id, email, ..) in &rows {
        if is_meant(id, email.as_deref()) {
            person.ids.insert(id.clone());
        }
    }
    for (id, email, first, last) in rows {
        if !person.ids.contains(&id) {
            continue;
        }
        person
            .emails
            .extend(email.filter(|email| email.contains('@') || email.starts_with(HASH_PREFIX)));
        if let (Some(first), Some(last)) = (first, last)
            && !first.is_empty()
            && !last.is_empty()
            && !first.starts_with(HASH_PREFIX)
        {
            person.names.insert(format!("{first} {last}"));
        }
    }
    Ok(person)
}

impl Person {
    /// Every id, and every address, under which rows of people may stand.
    fn stored_ids(&self, guard: &Guard, company_id: &str) -> Vec<String> {
        let ids = self.ids.iter();
        let aliases = ids.flat_map(|id| guard.policy().ids_of(company_id, id));
        aliases.chain(self.emails.iter().cloned()).collect()
    }

    /// All that is stored of the person. `guard` knows them as erased.
    pub async fn read(
        &self,
        db: &mut PgConnection,
        company_id: &str,
        guard: &Guard,
    ) -> Result<Rows, sqlx::Error> {
        let ids = self.stored_ids(guard, company_id);
        let mut rows = Rows::new();
        for table in tables_of_people(db).await? {
            let sql = format!(
                "select to_jsonb(t) from {} t where company_id = $1 and target_user_id = any($2)",
                table.0
            );
            let found: Vec<Value> = sqlx::query_scalar(AssertSqlSafe(sql))
                .bind(company_id)
                .bind(&ids)
                .fetch_all(&mut *db)
                .await?;
            rows.insert(table.0, found);
        }
        let missing =
            "select to_jsonb(t) from sync.missing_rows t where company_id = $1 and row_key && $2";
        let found: Vec<Value> = sqlx::query_scalar(missing)
            .bind(company_id)
            .bind(&ids)
            .fetch_all(&mut *db)
            .await?;
        rows.insert("sync.missing_rows".to_owned(), found);
        for (table, naming) in naming(db, company_id, guard).await? {
            rows.entry(table)
                .or_default()
                .extend(naming.into_iter().map(|naming| naming.row));
        }
        rows.retain(|_, rows| !rows.is_empty());
        Ok(rows)
    }

    /// Takes everything of the person out. Gives how many rows that were, per table.
    pub async fn delete(
        &self,
        db: &mut PgConnection,
        company_id: &str,
        guard: &Guard,
    ) -> Result<BTreeMap<String, u64>, sqlx::Error> {
        let ids = self.stored_ids(guard, company_id);
        let mut counts = delete_ids(db, company_id, &ids).await?;
        for (table, sql) in [
            (
                "sync.missing_rows",
                "delete from sync.missing_rows where company_id = $1 and row_key && $2",
            ),
            // A walk that stands at this person begins anew.
            (
                "sync.cursors",
                "update sync.cursors set state = state - 'unfinished'
                 where company_id = $1 and state #>> '{unfinished,user,target_user_id}' = any($2)",
            ),
        ] {
            let done = sqlx::query(sql)
                .bind(company_id)
                .bind(&ids)
                .execute(&mut *db)
                .await?;
            counts.insert(table.to_owned(), done.rows_affected());
        }
        for (table, naming) in naming(db, company_id, guard).await? {
            let mut rows = 0;
            for Naming {
                take_out, place, ..
            } in naming
            {
                let done = sqlx::query(AssertSqlSafe(take_out))
                    .bind(company_id)
                    .bind(place)
                    .execute(&mut *db)
                    .await?;
                rows += done.rows_affected();
            }
            *counts.entry(table).or_default() += rows;
        }
        counts.retain(|_, rows| *rows > 0);
        Ok(counts)
    }
}

/// Deletes the rows of these ids in every table with an id of a target user. Gives how many they were, per table.
pub async fn delete_ids(
    db: &mut PgConnection,
    company_id: &str,
    ids: &[String],
) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let mut counts = BTreeMap::new();
    for table in tables_of_people(db).await? {
        let sql = format!(
            "delete from {} where company_id = $1 and target_user_id = any($2)",
            table.0
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(company_id)
            .bind(ids)
            .execute(&mut *db)
            .await?;
        counts.insert(table.0, done.rows_affected());
    }
    Ok(counts)
}

/// All tables of this program with an id of a target user.
async fn tables_of_people(db: &mut PgConnection) -> Result<Vec<TableOfPeople>, sqlx::Error> {
    let names: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('keepnet', 'sync', 'bi') and c.relkind in ('r', 'p')
           and (select count(*) from pg_attribute a
                where a.attrelid = c.oid and a.attname in ('company_id', 'target_user_id') and not a.attisdropped) = 2
         order by 1",
    )
    .fetch_all(db)
    .await?;
    Ok(names.into_iter().map(TableOfPeople).collect())
}

/// A row that names an erased person without their id as a key, and how to take that out: `$1` the company, `$2` where.
struct Naming {
    row: Value,
    take_out: String,
    place: String,
}

/// Rows that name somebody whom `guard` knows as erased: in items that could not be understood, in widgets, in members
/// that have no column, as authors.
async fn naming(
    db: &mut PgConnection,
    company_id: &str,
    guard: &Guard,
) -> Result<Vec<(String, Vec<Naming>)>, sqlx::Error> {
    let mut all = Vec::new();
    // Widgets: a row of theirs is several values.
    for (table, of_row) in [
        (
            "keepnet.widget_values",
            "(o.widget_type, o.period_start, o.period_end, o.row_number) = (t.widget_type, t.period_start, t.period_end, t.row_number)",
        ),
        (
            "keepnet.executive_report_widgets",
            "(o.report_id, o.widget_id, o.row_number) = (t.report_id, t.widget_id, t.row_number)",
        ),
    ] {
        let texts = format!(
            "select ctid::text, to_jsonb(t), jsonb_build_array(dimension, extra, to_jsonb(value_text))::text
             from {table} t where company_id = $1 and num_nonnulls(dimension, extra, value_text) > 0"
        );
        let take_out = format!(
            "delete from {table} o using {table} t
             where o.company_id = $1 and t.company_id = $1 and t.ctid = $2::tid and {of_row}"
        );
        all.push((
            table.to_owned(),
            search(db, company_id, guard, &texts, &take_out).await?,
        ));
    }
    let texts =
        "select ctid::text, to_jsonb(t), payload from sync.quarantine t where company_id = $1";
    let take_out = "delete from sync.quarantine where company_id = $1 and ctid = $2::tid";
    all.push((
        "sync.quarantine".to_owned(),
        search(db, company_id, guard, texts, take_out).await?,
    ));
    let people = tables_of_people(db).await?;
    let mut columns = people::extra_columns(db).await?;
    columns.retain(|(table, _)| {
        let table = format!("keepnet.{table}");
        !people.iter().any(|known| known.0 == table)
            && !table.ends_with("_widgets")
            && !table.ends_with("widget_values")
    });
    for (table, column) in [("enrollments", "enrolled_by"), ("trainings", "created_by")] {
        columns.push((table.to_owned(), column.to_owned()));
    }
    for (table, column) in columns {
        let text = if column.ends_with("extra") {
            format!("{column}::text")
        } else {
            // As a name, so that it is compared as one.
            format!("jsonb_build_object('fullName', {column}, 'text', {column})::text")
        };
        let texts = format!(
            "select ctid::text, to_jsonb(t), {text} from keepnet.{table} t where company_id = $1 and {column} is not null"
        );
        let take_out = format!(
            "update keepnet.{table} set {column} = null where company_id = $1 and ctid = $2::tid"
        );
        all.push((
            format!("keepnet.{table}"),
            search(db, company_id, guard, &texts, &take_out).await?,
        ));
    }
    Ok(all)
}

async fn search(
    db: &mut PgConnection,
    company_id: &str,
    guard: &Guard,
    texts: &str,
    take_out: &str,
) -> Result<Vec<Naming>, sqlx::Error> {
    use futures::TryStreamExt;
    let mut rows = sqlx::query(AssertSqlSafe(texts.to_owned()))
        .bind(company_id)
        .fetch(db);
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let text: String = row.try_get(2)?;
        if guard.names_erased(&text) {
            found.push(Naming {
                place: row.try_get(0)?,
                row: row.try_get(1)?,
                take_out: take_out.to_owned(),
            });
        }
    }
    Ok(found)
}

/// Keeps whoever works on the company from writing until the transaction ends, and takes the right to write from them.
pub async fn take_company(db: &mut PgConnection, company_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.leases as l (kind, subject, token, acquired_at, expires_at)
         values ('company', $1, 1, clock_timestamp(), clock_timestamp())
         on conflict (kind, subject) do update set token = l.token + 1, holder = null",
    )
    .bind(company_id)
    .execute(db)
    .await?;
    Ok(())
}

/// What a person is known by, as pairs of identity and value.
#[must_use]
pub fn identities(person: &Person) -> Vec<(Identity, &str)> {
    (person.ids.iter().map(|id| (Identity::Id, id.as_str())))
        .chain(
            person
                .emails
                .iter()
                .map(|email| (Identity::Email, email.as_str())),
        )
        .chain(
            person
                .names
                .iter()
                .map(|name| (Identity::FullName, name.as_str())),
        )
        .collect()
}
