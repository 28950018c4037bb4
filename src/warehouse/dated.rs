//! The columns that hold dates of the vendor, and their rows page by page, to be read again and written back.
//!
//! Which columns these are follows from [`tables::ALL`]: a column says itself that the vendor wrote it.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row as _};

use super::tables::history::History;
use super::tables::{self, Column, Kind, Received};

/// Rows that are read, and written, at once.
const PAGE: usize = 2_000;

/// A table with dates of the vendor.
#[derive(Debug)]
pub struct DatedTable {
    /// Name without schema.
    pub name: &'static str,
    /// The column that says when a row's values were received.
    pub received_at: &'static str,
    /// Several resources fill its rows, each its own columns.
    pub is_shared: bool,
    /// Its dates.
    pub columns: Vec<DatedColumn>,
    /// The columns with what had no column, or could not be read.
    pub extras: Vec<&'static str>,
    /// The key behind `company_id`.
    key: Vec<Column>,
}

/// A column with dates of the vendor.
#[derive(Debug)]
pub struct DatedColumn {
    /// Its name.
    pub name: &'static str,
    /// Where its dates came from.
    pub received: Received,
    /// Which of the table's extras keeps what could not be read.
    pub extra: Option<usize>,
    kind: Kind,
}

/// A date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Date {
    /// An instant.
    Instant(DateTime<Utc>),
    /// A day.
    Day(NaiveDate),
}

/// A row of a [`DatedTable`].
#[derive(Debug)]
pub struct DatedRow {
    /// Its key behind `company_id`, as text.
    pub key: Vec<String>,
    /// When its values were received.
    pub received_at: DateTime<Utc>,
    /// When it was written first.
    pub first_seen_at: DateTime<Utc>,
    /// It was marked deleted.
    pub is_deleted: bool,
    /// Its dates, one per column.
    pub dates: Vec<Option<Date>>,
    /// Its extras, as JSON text.
    pub extras: Vec<Option<String>>,
}

/// All tables with dates of the vendor.
#[must_use]
pub fn tables() -> Vec<DatedTable> {
    let mut dated: Vec<DatedTable> = Vec::new();
    for part in tables::ALL {
        let extra = part
            .columns
            .iter()
            .rfind(|column| column.kind == Kind::Json && column.name.ends_with("extra"));
        let table = match dated.iter_mut().find(|table| table.name == part.name) {
            Some(table) => {
                table.is_shared = true;
                table
            }
            None => {
                dated.push(DatedTable {
                    name: part.name,
                    received_at: "synced_at",
                    is_shared: false,
                    columns: Vec::new(),
                    extras: Vec::new(),
                    key: part.columns[1..part.key_len].to_vec(),
                });
                let last = dated.len() - 1;
                &mut dated[last]
            }
        };
        let received = (part.columns.iter())
            .filter_map(|column| column.received.map(|received| (column, received)));
        for (column, received) in received {
            let place = extra.map(|extra| {
                let known = table.extras.iter().position(|name| *name == extra.name);
                known.unwrap_or_else(|| {
                    table.extras.push(extra.name);
                    table.extras.len() - 1
                })
            });
            table.columns.push(DatedColumn {
                name: column.name,
                received,
                extra: place,
                kind: column.kind,
            });
        }
    }
    dated.extend(tables::history::HISTORIES.iter().map(of_history));
    dated.retain(|table| !table.columns.is_empty());
    dated
}

/// A history, whose dates are those of its base. Its rows were received when their version began.
fn of_history(history: &'static History) -> DatedTable {
    let base = tables::ALL.iter().filter(|part| part.name == history.base);
    let columns = base.clone().flat_map(|part| part.columns);
    let dates = columns.filter(|column| history.columns.contains(&column.name));
    let key = base.take(1).flat_map(|part| &part.columns[1..part.key_len]);
    DatedTable {
        name: history.name,
        received_at: history.since,
        is_shared: false,
        columns: dates
            .filter_map(|column| {
                Some(DatedColumn {
                    name: column.name,
                    received: column.received?,
                    extra: None,
                    kind: column.kind,
                })
            })
            .collect(),
        extras: Vec::new(),
        key: key
            .copied()
            .chain([tables::copied_instant(history.since)])
            .collect(),
    }
}

impl DatedTable {
    /// The last change of any row.
    pub async fn last_change(
        &self,
        db: &mut PgConnection,
    ) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
        let sql = format!("select max(synced_at) from keepnet.{}", self.name);
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(db).await
    }

    /// The rows of a company behind the key `after` that have something to be read again and were last changed before an
    /// instant, in the order of their keys; empty at the end.
    pub async fn page(
        &self,
        db: &mut PgConnection,
        company_id: &str,
        before: DateTime<Utc>,
        after: Option<&[String]>,
    ) -> Result<Vec<DatedRow>, sqlx::Error> {
        let names: Vec<&str> = self.key.iter().map(|column| column.name).collect();
        let selected: Vec<String> = names
            .iter()
            .map(|name| format!("{name}::text"))
            .chain([
                self.received_at.to_owned(),
                "first_seen_at, deleted_at is not null".to_owned(),
            ])
            .chain(self.columns.iter().map(|column| column.name.to_owned()))
            .chain(self.extras.iter().map(|extra| format!("{extra}::text")))
            .collect();
        let interesting: Vec<&str> = (self.columns.iter().map(|column| column.name))
            .chain(self.extras.iter().copied())
            .collect();
        // A table whose key is the company alone has one row of it.
        let behind = match after {
            Some(_) if names.is_empty() => "false".to_owned(),
            Some(_) => format!("({}) > ({})", names.join(", "), self.key_values(3)),
            None => "true".to_owned(),
        };
        // By the columns themselves: what is selected is their text, and may have their name twice.
        let order = if names.is_empty() {
            "t.company_id".to_owned()
        } else {
            let columns: Vec<String> = names.iter().map(|name| format!("t.{name}")).collect();
            columns.join(", ")
        };
        let sql = format!(
            "select {} from keepnet.{} t
             where company_id = $1 and synced_at < $2 and num_nonnulls({}) > 0 and {behind}
             order by {order} limit {PAGE}",
            selected.join(", "),
            self.name,
            interesting.join(", "),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(company_id)
            .bind(before);
        for part in after.unwrap_or_default() {
            query = query.bind(part);
        }
        let rows = query.fetch_all(db).await?;
        rows.iter().map(|row| self.decode(row)).collect()
    }

    fn decode(&self, row: &PgRow) -> Result<DatedRow, sqlx::Error> {
        let mut next = 0..;
        let mut place = || next.next().unwrap_or_default();
        Ok(DatedRow {
            key: (self.key.iter().map(|_| row.try_get(place()))).collect::<Result<_, _>>()?,
            received_at: row.try_get(place())?,
            first_seen_at: row.try_get(place())?,
            is_deleted: row.try_get(place())?,
            dates: (self.columns.iter())
                .map(|column| {
                    let place = place();
                    Ok(match column.kind {
                        Kind::Date => row.try_get::<Option<_>, _>(place)?.map(Date::Day),
                        _ => row.try_get::<Option<_>, _>(place)?.map(Date::Instant),
                    })
                })
                .collect::<Result<_, sqlx::Error>>()?,
            extras: (self.extras.iter().map(|_| row.try_get(place()))).collect::<Result<_, _>>()?,
        })
    }

    /// Writes dates and extras of these rows, which change at `at`.
    pub async fn write(
        &self,
        db: &mut PgConnection,
        company_id: &str,
        rows: &[DatedRow],
        at: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let mut arrays = Vec::new();
        let mut names = Vec::new();
        let mut sets = vec!["synced_at = $2".to_owned()];
        let mut conditions = vec!["t.company_id = $1".to_owned()];
        for column in &self.key {
            arrays.push("text[]");
            conditions.push(format!(
                "t.{0} = new.{0}::{1}",
                column.name,
                sql_type(column.kind)
            ));
            names.push(column.name);
        }
        for column in &self.columns {
            arrays.push(if column.kind == Kind::Date {
                "date[]"
            } else {
                "timestamptz[]"
            });
            sets.push(format!("{0} = new.{0}", column.name));
            names.push(column.name);
        }
        for extra in &self.extras {
            arrays.push("text[]");
            sets.push(format!("{extra} = new.{extra}::jsonb"));
            names.push(extra);
        }
        let arrays: Vec<String> = (3..)
            .zip(arrays)
            .map(|(number, array)| format!("${number}::{array}"))
            .collect();
        let sql = format!(
            "update keepnet.{} t set {} from unnest({}) as new({}) where {}",
            self.name,
            sets.join(", "),
            arrays.join(", "),
            names.join(", "),
            conditions.join(" and "),
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(company_id).bind(at);
        for part in 0..self.key.len() {
            query = query.bind(
                rows.iter()
                    .map(|row| row.key[part].clone())
                    .collect::<Vec<_>>(),
            );
        }
        for (place, column) in self.columns.iter().enumerate() {
            query = bind_dates(query, column.kind, rows.iter().map(|row| row.dates[place]));
        }
        for place in 0..self.extras.len() {
            query = query.bind(
                rows.iter()
                    .map(|row| row.extras[place].clone())
                    .collect::<Vec<_>>(),
            );
        }
        query.execute(db).await?;
        Ok(())
    }

    /// The values of a key as parameters from `$first` on.
    fn key_values(&self, first: usize) -> String {
        let values: Vec<String> = (first..)
            .zip(&self.key)
            .map(|(number, column)| format!("${number}::text::{}", sql_type(column.kind)))
            .collect();
        values.join(", ")
    }
}

fn bind_dates<'q>(
    query: Query<'q, Postgres, PgArguments>,
    kind: Kind,
    dates: impl Iterator<Item = Option<Date>>,
) -> Query<'q, Postgres, PgArguments> {
    if kind == Kind::Date {
        let days = dates.map(|date| match date {
            Some(Date::Day(day)) => Some(day),
            _ => None,
        });
        query.bind(days.collect::<Vec<_>>())
    } else {
        let instants = dates.map(|date| match date {
            Some(Date::Instant(at)) => Some(at),
            _ => None,
        });
        query.bind(instants.collect::<Vec<_>>())
    }
}

/// Types of key columns.
const fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Bigint => "bigint",
        Kind::Date => "date",
        Kind::Instant => "timestamptz",
        _ => "text",
    }
}
