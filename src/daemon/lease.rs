//! This instance's hold on the schedule: takes it, keeps it, notices that it is lost. Has a connection of its own, so that
//! it waits for nobody's batch.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use tracing::{info, warn};

use crate::warehouse::error::{WarehouseError, WarehouseErrorKind};
use crate::warehouse::leases::this_process;
use crate::warehouse::schedule_lease::{self, ScheduleLease, stands};

/// How many beats come in the time after which another instance takes over.
const BEATS: u32 = 6;
/// For how many of them the lease lasts. The others let a standby notice, look and take it in time.
const LASTS: u32 = 4;

/// Keeps the lease.
#[derive(Debug)]
pub struct Keeper {
    pool: PgPool,
    connection: Option<PoolConnection<Postgres>>,
    takeover: Duration,
    lease: Option<ScheduleLease>,
}

impl Keeper {
    /// Of an instance that has no lease yet.
    #[must_use]
    pub fn new(pool: PgPool, takeover: Duration) -> Self {
        Self {
            pool,
            connection: None,
            takeover,
            lease: None,
        }
    }

    /// The time between two beats.
    #[must_use]
    pub fn rhythm(&self) -> Duration {
        self.takeover / BEATS
    }

    /// How long the lease lasts without one.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        self.rhythm() * LASTS
    }

    /// Keeps the lease, or tries to get it. While the database is away, what is held stays held: whoever takes it meanwhile
    /// is safe from this instance.
    pub async fn beat(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<Option<ScheduleLease>, WarehouseError> {
        let (held, lasts) = (self.lease, self.lasts());
        if let Some(lease) = held {
            let renew = async |db: &mut PgConnection| schedule_lease::renew(db, lease, lasts).await;
            if self.ask("renew the lease", renew).await? {
                return Ok(held);
            }
            warn!("another instance has taken over the schedule");
            self.lease = None;
        }
        let instance = this_process();
        let take =
            async |db: &mut PgConnection| schedule_lease::take(db, &instance, lasts, now).await;
        self.lease = self.ask("take the lease", take).await?;
        if let Some(lease) = self.lease {
            info!(
                lease.token = lease.token(),
                "this instance keeps the schedule"
            );
        }
        Ok(self.lease)
    }

    /// Does `work` in a transaction that commits only while the lease stands.
    pub async fn fenced<T>(
        &mut self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, WarehouseError> {
        let lease = self.lease;
        let lost = || WarehouseError::new(doing, WarehouseErrorKind::LeaseLost);
        let lease = lease.ok_or_else(lost)?;
        let work = async |db: &mut PgConnection| {
            let mut tx = db.begin().await?;
            if !stands(&mut tx, Some(lease)).await? {
                return Ok(None);
            }
            let done = work(&mut tx).await?;
            tx.commit().await?;
            Ok(Some(done))
        };
        self.ask(doing, work).await?.ok_or_else(lost)
    }

    /// Gives the lease back.
    pub async fn release(&mut self) -> Result<(), WarehouseError> {
        if let Some(lease) = self.lease.take() {
            let release = async |db: &mut PgConnection| schedule_lease::release(db, lease).await;
            self.ask("give the lease back", release).await?;
        }
        // What is left of the pool waits for this connection when it is closed.
        self.connection = None;
        Ok(())
    }

    /// Asks the database, but not for ever: a connection that is cut says nothing. One that failed is not used again.
    pub async fn ask<T>(
        &mut self,
        doing: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, WarehouseError> {
        let patience = self.lasts();
        let asked = async {
            let connection = match &mut self.connection {
                Some(connection) => connection,
                None => self.connection.insert(self.pool.acquire().await?),
            };
            work(connection).await
        };
        let answer = match tokio::time::timeout(patience, asked).await {
            Ok(answer) => answer.map_err(|error| WarehouseError::from_sqlx(doing, error)),
            Err(_) => {
                let silent = format!("silent for {} s", patience.as_secs());
                Err(WarehouseError::new(
                    doing,
                    WarehouseErrorKind::Unreachable(silent),
                ))
            }
        };
        if answer.is_err()
            && let Some(connection) = self.connection.take()
        {
            drop(connection.detach());
        }
        answer
    }
}
