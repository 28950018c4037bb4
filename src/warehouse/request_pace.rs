//! When the account may be asked again, agreed between all processes on one database, by the clock of its server.

use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::PgPool;

use super::error::WarehouseError;
use crate::api::{Agreement, Reserved};

/// The rate and the gate of all processes on this database. It holds the data of one account, so there is one of each.
#[derive(Debug)]
pub struct RequestPace {
    pool: PgPool,
}

impl RequestPace {
    /// For the account of this database.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    async fn advance(&self, slots: u32, interval: Duration) -> Result<Reserved, sqlx::Error> {
        // The row's lock makes processes take one after the other, each behind what the one before it took. What is told
        // is relative to a clock that was read last, so a slow reply makes a start late and never early.
        let seconds: (f64, Option<f64>) = sqlx::query_as(
            "insert into sync.request_pace as p (next_at) values (clock_timestamp() + make_interval(secs => $1))
             on conflict (is_only) do update
             set next_at = greatest(p.next_at, clock_timestamp()) + make_interval(secs => $1)
             returning extract(epoch from next_at - make_interval(secs => $1) - clock_timestamp())::float8,
                       extract(epoch from closed_until - clock_timestamp())::float8",
        )
        .bind((interval * slots).as_secs_f64())
        .fetch_one(&self.pool)
        .await?;
        Ok(Reserved {
            starts_in: duration(seconds.0),
            closed_for: seconds.1.map_or(Duration::ZERO, duration),
        })
    }

    async fn look(&self) -> Result<Reserved, sqlx::Error> {
        let seconds: Option<f64> = sqlx::query_scalar(
            "select extract(epoch from max(closed_until) - clock_timestamp())::float8 from sync.request_pace",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Reserved {
            starts_in: Duration::ZERO,
            closed_for: seconds.map_or(Duration::ZERO, duration),
        })
    }

    async fn close(&self, pause: Duration) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into sync.request_pace as p (next_at, closed_until)
             values (clock_timestamp(), clock_timestamp() + make_interval(secs => $1))
             on conflict (is_only) do update
             set closed_until = greatest(p.closed_until, clock_timestamp() + make_interval(secs => $1))",
        )
        .bind(pause.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Agreement for RequestPace {
    fn reserve(&self, slots: u32, interval: Duration) -> BoxFuture<'_, Result<Reserved, String>> {
        Box::pin(async move { self.advance(slots, interval).await.map_err(reason) })
    }

    fn look(&self) -> BoxFuture<'_, Result<Reserved, String>> {
        Box::pin(async move { self.look().await.map_err(reason) })
    }

    fn close_for(&self, pause: Duration) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move { self.close(pause).await.map_err(reason) })
    }
}

fn reason(error: sqlx::Error) -> String {
    WarehouseError::from_sqlx("agree on the rate of requests", error).to_string()
}

/// What has passed already is no time at all.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
