//! `sync.accounts`: whose data this database holds, how the account's dates are read, and its requests of the day.

use chrono::{DateTime, NaiveDate, Utc};
use futures::future::BoxFuture;
use serde_json::json;
use sqlx::{PgPool, Row};

use super::error::WarehouseError;
use crate::api::{Allowance, Grant};

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

/// The requests of an account per UTC day, counted for all processes on this database.
#[derive(Debug)]
pub struct DailyRequests {
    pool: PgPool,
    account_id: String,
    limit: u64,
}

impl DailyRequests {
    /// At most `limit` a day for `account_id`, which is in `sync.accounts`.
    #[must_use]
    pub fn new(pool: PgPool, account_id: String, limit: u64) -> Self {
        Self {
            pool,
            account_id,
            limit,
        }
    }

    async fn add(&self, day: NaiveDate, sent: u64, wanted: u64) -> Result<Grant, sqlx::Error> {
        // The lock makes processes take one after the other. A clock that is behind the others' counts for their day:
        // else two clocks around midnight would begin the day again and again.
        let (granted, taken): (i64, i64) = sqlx::query_as(
            "with held as (
                 select account_id, greatest(requests_on, $2) as day,
                        case when requests_on >= $2 then requests else 0 end + $3 as before
                 from sync.accounts
                 where account_id = $1
                 for update
             )
             update sync.accounts a
             set requests_on = held.day,
                 requests = held.before + least($4, greatest($5 - held.before, 0))
             from held
             where a.account_id = held.account_id
             returning a.requests - held.before, a.requests",
        )
        .bind(&self.account_id)
        .bind(day)
        .bind(bigint(sent))
        .bind(bigint(wanted))
        .bind(bigint(self.limit))
        .fetch_one(&self.pool)
        .await?;
        Ok(Grant {
            granted: granted.unsigned_abs(),
            taken: taken.unsigned_abs(),
        })
    }

    async fn subtract(&self, day: NaiveDate, rest: u64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update sync.accounts set requests = greatest(requests - $3, 0)
             where account_id = $1 and requests_on = $2",
        )
        .bind(&self.account_id)
        .bind(day)
        .bind(bigint(rest))
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Allowance for DailyRequests {
    fn limit(&self) -> u64 {
        self.limit
    }

    fn take(&self, day: NaiveDate, sent: u64, wanted: u64) -> BoxFuture<'_, Result<Grant, String>> {
        Box::pin(async move { self.add(day, sent, wanted).await.map_err(reason) })
    }

    fn give_back(&self, day: NaiveDate, rest: u64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move { self.subtract(day, rest).await.map_err(reason) })
    }
}

fn reason(error: sqlx::Error) -> String {
    WarehouseError::from_sqlx("count the requests of the day", error).to_string()
}

fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
