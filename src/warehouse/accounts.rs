//! `sync.accounts`: whose data this database holds, how the account's dates are read, and its requests of the day.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row};

use super::transaction::Transaction;

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

/// A choice of how dates are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateChoice {
    /// `dmy`, `mdy`, `ymd` or `iso`; none while every date began with its year.
    pub date_format: Option<String>,
    /// IANA zone.
    pub time_zone: String,
    /// How the format was decided.
    pub evidence: Option<String>,
    /// From when on it applied.
    pub since: DateTime<Utc>,
    /// Set when the dates that were stored before are read again by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<DateRepair>,
}

/// How far stored dates are read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateRepair {
    /// All of them are.
    pub is_done: bool,
    /// The columns that the vendor fills with the year first, as `table.column`; none until they were looked for.
    pub year_first: Option<Vec<String>>,
}

impl DateChoice {
    /// True while only a part of the stored dates is read by it.
    #[must_use]
    pub fn is_unfinished_repair(&self) -> bool {
        self.repair.as_ref().is_some_and(|repair| !repair.is_done)
    }
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

/// The account that `client_id` was used for.
pub async fn of_client(pool: &PgPool, client_id: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select account_id from sync.accounts where client_id = $1")
        .bind(client_id)
        .fetch_optional(pool)
        .await
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
    let mut tx = Transaction::begin(pool).await?;
    let owner = claim_within(&mut tx, account_id, client_id, time_zone, at).await?;
    tx.commit().await?;
    Ok(owner)
}

/// The same within a transaction.
pub async fn claim_within(
    tx: &mut PgConnection,
    account_id: &str,
    client_id: &str,
    time_zone: &str,
    at: DateTime<Utc>,
) -> Result<String, sqlx::Error> {
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
    Ok(owner)
}

/// Records how requests of this account name periods.
pub async fn remember_dialect(
    db: impl sqlx::PgExecutor<'_>,
    account_id: &str,
    period: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update sync.accounts set request_dialects = request_dialects || jsonb_build_object('period', $2::text)
         where account_id = $1",
    )
    .bind(account_id)
    .bind(period)
    .execute(db)
    .await?;
    Ok(())
}

/// Records how the account's dates are read from now on.
pub async fn record_date_choice(
    db: impl sqlx::PgExecutor<'_>,
    account_id: &str,
    format: Option<&str>,
    time_zone: &str,
    evidence: Option<&str>,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let choice = DateChoice {
        date_format: format.map(str::to_owned),
        time_zone: time_zone.to_owned(),
        evidence: evidence.map(str::to_owned),
        since: at,
        repair: None,
    };
    sqlx::query(
        "update sync.accounts
         set date_format = $2, time_zone = $3, date_format_evidence = $4, date_format_since = $5,
             date_choices = date_choices || $6
         where account_id = $1 and (date_choices = '[]' or (date_format, time_zone) is distinct from ($2, $3))",
    )
    .bind(account_id)
    .bind(format)
    .bind(time_zone)
    .bind(evidence)
    .bind(at)
    .bind(Json([choice]))
    .execute(db)
    .await?;
    Ok(())
}

/// Every choice of the account so far, in their order.
pub async fn read_date_choices(
    db: impl sqlx::PgExecutor<'_>,
) -> Result<Vec<DateChoice>, sqlx::Error> {
    let choices: Option<Json<Vec<DateChoice>>> =
        sqlx::query_scalar("select date_choices from sync.accounts order by first_used_at limit 1")
            .fetch_optional(db)
            .await?;
    Ok(choices.map(|Json(choices)| choices).unwrap_or_default())
}

/// Writes down the choices of the account.
pub async fn write_date_choices(
    db: impl sqlx::PgExecutor<'_>,
    account_id: &str,
    choices: &[DateChoice],
) -> Result<(), sqlx::Error> {
    sqlx::query("update sync.accounts set date_choices = $2 where account_id = $1")
        .bind(account_id)
        .bind(Json(choices))
        .execute(db)
        .await?;
    Ok(())
}

/// The same, unless there are more or fewer of them than `before` by now.
pub async fn replace_date_choices(
    db: impl sqlx::PgExecutor<'_>,
    account_id: &str,
    before: &[DateChoice],
    choices: &[DateChoice],
) -> Result<bool, sqlx::Error> {
    let replaced = sqlx::query(
        "update sync.accounts set date_choices = $3
         where account_id = $1 and jsonb_array_length(date_choices) = $2",
    )
    .bind(account_id)
    .bind(i32::try_from(before.len()).unwrap_or(i32::MAX))
    .bind(Json(choices))
    .execute(db)
    .await?;
    Ok(replaced.rows_affected() == 1)
}

/// Ends a repair: its choice is the account's, and what could not be had under the earlier ones is due again. That is
/// what `refusal` says why it was refused for; and, where the order of day and month was wrong, everything that was
/// asked for with dates in that order.
pub async fn finish_date_repair(
    pool: &PgPool,
    account_id: &str,
    choices: &[DateChoice],
    refusal: &str,
    order_was_wrong: bool,
) -> Result<u64, sqlx::Error> {
    let mut tx = Transaction::begin(pool).await?;
    write_date_choices(&mut *tx, account_id, choices).await?;
    if let Some(choice) = choices.last() {
        sqlx::query(
            "update sync.accounts
             set date_format = $2, time_zone = $3, date_format_evidence = $4, date_format_since = $5
             where account_id = $1",
        )
        .bind(account_id)
        .bind(&choice.date_format)
        .bind(&choice.time_zone)
        .bind(&choice.evidence)
        .bind(choice.since)
        .execute(&mut *tx)
        .await?;
    }
    let due = sqlx::query(
        "delete from sync.cursors c using sync.quarantine q
         where q.resolved_at is null and q.reason = $1
           and c.company_id = q.company_id and c.resource = q.resource and c.scope = q.scope",
    )
    .bind(refusal)
    .execute(&mut *tx)
    .await?;
    let mut due = due.rows_affected();
    if order_was_wrong {
        // The months of widgets were named in that order, or the dialect that avoids it was learned because of it.
        let months = sqlx::query("delete from sync.cursors where resource = 'widgets'")
            .execute(&mut *tx)
            .await?;
        due += months.rows_affected();
        sqlx::query("update sync.accounts set request_dialects = request_dialects - 'period' where account_id = $1")
            .bind(account_id)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(due)
}
