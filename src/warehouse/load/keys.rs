//! Keys of rows on their way to and from PostgreSQL.

use chrono::{NaiveDate, TimeDelta};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _, ValueRef};

use super::tuple;
use crate::warehouse::tables::{Kind, Table};

/// The bytes of a column, as received rows have them.
pub fn bytes_of(row: &PgRow, index: usize) -> Result<Option<&[u8]>, sqlx::Error> {
    let value = row.try_get_raw(index)?;
    if value.is_null() {
        return Ok(None);
    }
    value.as_bytes().map(Some).map_err(sqlx::Error::Decode)
}

/// The key columns of a stored row, encoded as received rows are.
pub fn encoded_key(row: &PgRow, table: &Table) -> Result<Vec<u8>, sqlx::Error> {
    let mut key = Vec::with_capacity(64);
    for index in 0..table.key_len {
        let value = bytes_of(row, index)?.unwrap_or_default();
        key.extend_from_slice(&i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
        key.extend_from_slice(value);
    }
    Ok(key)
}

/// One array per key column, to be unnested side by side.
pub enum KeyArray {
    /// Of `text`.
    Text(Vec<String>),
    /// Of `bigint`.
    Bigint(Vec<i64>),
    /// Of `date`.
    Date(Vec<NaiveDate>),
}

/// The first `columns` columns of encoded keys as arrays.
pub fn key_arrays<'k>(
    table: &Table,
    keys: impl IntoIterator<Item = &'k &'k [u8]>,
    columns: usize,
) -> Vec<KeyArray> {
    let mut arrays: Vec<KeyArray> = table.columns[..columns]
        .iter()
        .map(|column| match column.kind {
            Kind::Bigint => KeyArray::Bigint(Vec::new()),
            Kind::Date => KeyArray::Date(Vec::new()),
            _ => KeyArray::Text(Vec::new()),
        })
        .collect();
    for key in keys {
        for (array, value) in arrays.iter_mut().zip(tuple::fields(key)) {
            let value = value.unwrap_or_default();
            match array {
                KeyArray::Text(values) => values.push(String::from_utf8_lossy(value).into_owned()),
                KeyArray::Bigint(values) => {
                    values.push(value.try_into().map_or(0, i64::from_be_bytes));
                }
                KeyArray::Date(values) => {
                    let days = value.try_into().map_or(0, i32::from_be_bytes);
                    values.push(tuple::POSTGRES_EPOCH + TimeDelta::days(i64::from(days)));
                }
            }
        }
    }
    arrays
}

/// Binds arrays in their order.
pub fn bind(
    query: Query<'static, Postgres, PgArguments>,
    keys: Vec<KeyArray>,
) -> Query<'static, Postgres, PgArguments> {
    keys.into_iter().fold(query, |query, array| match array {
        KeyArray::Text(values) => query.bind(values),
        KeyArray::Bigint(values) => query.bind(values),
        KeyArray::Date(values) => query.bind(values),
    })
}

/// `unnest($1::text[], …) as k(…)` over the first `columns` key columns, and the condition that joins it. The parameters
/// are numbered from `first`.
pub fn unnested(table: &Table, columns: usize, first: usize) -> (String, String) {
    let keys = &table.columns[..columns];
    let casts = (first..)
        .zip(keys)
        .map(|(number, column)| match column.kind {
            Kind::Bigint => format!("${number}::bigint[]"),
            Kind::Date => format!("${number}::date[]"),
            _ => format!("${number}::text[]"),
        });
    let names: Vec<&str> = keys.iter().map(|column| column.name).collect();
    let source = format!(
        "unnest({}) as k({})",
        casts.collect::<Vec<_>>().join(", "),
        names.join(", ")
    );
    let condition = names
        .iter()
        .map(|name| format!("t.{name} = k.{name}"))
        .collect::<Vec<_>>();
    (source, condition.join(" and "))
}
