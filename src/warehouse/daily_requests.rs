//! The requests of an account per UTC day, counted for all processes on one database.

use chrono::NaiveDate;
use futures::future::BoxFuture;
use sqlx::PgPool;

use super::error::WarehouseError;
use crate::api::{Allowance, Grant};

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
