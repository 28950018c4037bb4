//! `sync.accounts`: whose data this database holds, and how the account's dates are read.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{PgPool, Row};

/// What is recorded of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Company id of the reseller.
    pub account_id: String,
    /// `dmy`, `mdy`, `ymd` or `iso`, once decided.
    pub date_format: Option<String>,
    /// IANA zone of the account's dates.
    pub time_zone: String,
    /// How the format was decided.
    pub date_format_evidence: Option<String>,
    /// When that was.
    pub date_format_since: Option<DateTime<Utc>>,
    /// How requests name periods, once an answer told.
    pub period_dialect: Option<String>,
}

/// The account of this database, if it has one yet.
pub async fn read(pool: &PgPool) -> Result<Option<Account>, sqlx::Error> {
    let row = sqlx::query(
        "select account_id, date_format, time_zone, date_format_evidence, date_format_since,
                request_dialects ->> 'period'
         from sync.accounts order by first_used_at limit 1",
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        Ok(Account {
            account_id: row.try_get(0)?,
            date_format: row.try_get(1)?,
            time_zone: row.try_get(2)?,
            date_format_evidence: row.try_get(3)?,
            date_format_since: row.try_get(4)?,
            period_dialect: row.try_get(5)?,
        })
    })
    .transpose()
}

/// Claims an empty database for `account_id`, or notes that it was used again. Gives the id of the account that
/// the database belongs to.
pub async fn claim(
    pool: &PgPool,
    account_id: &str,
    client_id: &str,
    time_zone: &str,
    at: DateTime<Utc>,
) -> Result<String, sqlx::Error> {
    let mut tx = pool.begin().await?;
    // Two first runs at once must not claim one database for two resellers.
    sqlx::query("lock table sync.accounts in share row exclusive mode")
        .execute(&mut *tx)
        .await?;
    let owner: Option<String> =
        sqlx::query_scalar("select account_id from sync.accounts order by first_used_at limit 1")
            .fetch_optional(&mut *tx)
            .await?;
    let owner = match owner {
        Some(owner) => {
            sqlx::query("update sync.accounts set last_used_at = $2, client_id = $3 where account_id = $1 and $1 = $4")
                .bind(&owner)
                .bind(at)
                .bind(client_id)
                .bind(account_id)
                .execute(&mut *tx)
                .await?;
            owner
        }
        None => {
            sqlx::query(
                "insert into sync.accounts (account_id, client_id, time_zone, first_used_at, last_used_at)
                 values ($1, $2, $3, $4, $4)",
            )
            .bind(account_id)
            .bind(client_id)
            .bind(time_zone)
            .bind(at)
            .execute(&mut *tx)
            .await?;
            account_id.to_owned()
        }
    };
    tx.commit().await?;
    Ok(owner)
}

/// Records how requests of this account name periods.
pub async fn remember_dialect(
    pool: &PgPool,
    account_id: &str,
    period: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update sync.accounts set request_dialects = request_dialects || jsonb_build_object('period', $2::text)
         where account_id = $1",
    )
    .bind(account_id)
    .bind(period)
    .execute(pool)
    .await?;
    Ok(())
}

/// Records how the account's dates are read from now on.
pub async fn record_date_choice(
    pool: &PgPool,
    account_id: &str,
    format: &str,
    time_zone: &str,
    evidence: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let choice = json!([{
        "date_format": format,
        "time_zone": time_zone,
        "evidence": evidence,
        "since": at.to_rfc3339(),
    }]);
    sqlx::query(
        "update sync.accounts
         set date_format = $2, time_zone = $3, date_format_evidence = $4, date_format_since = $5,
             date_choices = date_choices || $6
         where account_id = $1 and (date_format, time_zone) is distinct from ($2, $3)",
    )
    .bind(account_id)
    .bind(format)
    .bind(time_zone)
    .bind(evidence)
    .bind(at)
    .bind(choice)
    .execute(pool)
    .await?;
    Ok(())
}
