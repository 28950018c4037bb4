//! What is read from the database, shared by all requests of a moment.
//!
//! A page for 2,000 companies costs a scan of the cursors. However many browsers look, it is read once at a time, and the
//! more seldom the longer it takes.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{HttpState, Server};
use crate::clock::SharedClock;
use crate::daemon::document;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::leases;
use crate::warehouse::status::Status;

/// How long a snapshot is shared.
const SNAPSHOT_LASTS: TimeDelta = TimeDelta::seconds(1);
/// What was read lasts at least so many times as long as reading took, which bounds the share of the database's time.
const TIMES_THE_COST: i32 = 10;

/// The state of the warehouse at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// What `status` shows.
    pub(super) status: Status,
    /// Companies that a run works on.
    pub(super) claimed: HashSet<String>,
}

impl Server {
    /// The state of the warehouse, at most a moment old.
    pub(super) async fn snapshot(&self) -> Result<Arc<Snapshot>, WarehouseError> {
        let HttpState { pool, clock, .. } = &self.state;
        let read = async {
            let status = document::read_status(pool, clock.now()).await?;
            let claimed = leases::claimed_companies(pool).await;
            let doing = "read who works on what";
            Ok(Snapshot {
                status,
                claimed: claimed.map_err(|error| WarehouseError::from_sqlx(doing, error))?,
            })
        };
        self.snapshot.get(clock, SNAPSHOT_LASTS, read).await
    }
}

/// A value that is read again when it is no longer fresh; who asks meanwhile waits for that one reading.
#[derive(Debug)]
pub(super) struct Fresh<T>(Mutex<Option<Held<T>>>);

#[derive(Debug)]
struct Held<T> {
    value: Arc<T>,
    from: DateTime<Utc>,
    lasts: TimeDelta,
}

impl<T> Held<T> {
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        // A clock that was set back makes it old as well.
        now >= self.from && now - self.from < self.lasts
    }
}

impl<T> Default for Fresh<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Fresh<T> {
    /// The value, read anew if it is older than `lasts`.
    pub(super) async fn get<E>(
        &self,
        clock: &SharedClock,
        lasts: TimeDelta,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let mut held = self.0.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.is_fresh(clock.now())) {
            return Ok(Arc::clone(&held.value));
        }
        let from = clock.now();
        let began = Instant::now();
        let value = Arc::new(read.await?);
        *held = Some(Held {
            value: Arc::clone(&value),
            from,
            lasts: lasts.max(cost(began)),
        });
        Ok(value)
    }
}

/// For how long at least something lasts that took from `began` until now to read.
pub(super) fn cost(began: Instant) -> TimeDelta {
    TimeDelta::from_std(began.elapsed()).map_or(TimeDelta::zero(), |spent| spent * TIMES_THE_COST)
}
