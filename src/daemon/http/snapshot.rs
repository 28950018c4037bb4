//! What is read from the database, shared by all requests of a moment.
//!
//! A page for 2,000 companies costs a scan of the cursors, and the predicted cycle several queries per company. However
//! many browsers look, either is read once at a time, and the more seldom the longer it takes.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, timeout};
use tracing::error;

use super::{HttpState, Server};
use crate::clock::SharedClock;
use crate::daemon::cycle::Cycle;
use crate::daemon::document;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::leases;
use crate::warehouse::status::Status;

/// How long a snapshot is shared.
const SNAPSHOT_LASTS: TimeDelta = TimeDelta::seconds(1);
/// How long a prediction is shared.
const PREDICTION_LASTS: TimeDelta = TimeDelta::seconds(60);
/// What was read lasts at least so many times as long as reading took, which bounds the share of the database's time.
const TIMES_THE_COST: i32 = 10;

/// How long the page waits for the first prediction. It is shown without, rather than late.
const SHORTLY: Duration = Duration::from_millis(500);
/// How long machines wait for it; less than the time for an answer.
const FULLY: Duration = Duration::from_secs(25);

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

fn cost(began: Instant) -> TimeDelta {
    TimeDelta::from_std(began.elapsed()).map_or(TimeDelta::zero(), |spent| spent * TIMES_THE_COST)
}

/// How long to wait for the first prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Not long.
    Short,
    /// As long as an answer may take.
    Full,
}

/// What is known of the cycle.
#[derive(Debug, Clone)]
pub(super) enum Prediction {
    /// It is being worked out for the first time.
    Pending,
    /// It could not be worked out; the log says why.
    Failed,
    /// As it was worked out at some time; none before the first run.
    Known(Option<Cycle>),
}

impl Prediction {
    /// The cycle, if that much is known.
    pub(super) fn cycle(&self) -> Option<Option<&Cycle>> {
        match self {
            Self::Known(cycle) => Some(cycle.as_ref()),
            Self::Pending | Self::Failed => None,
        }
    }
}

/// Predicts the cycle in the background; who asks gets the last prediction at once, and waits for the first one only.
#[derive(Debug)]
pub(super) struct Forecaster {
    state: HttpState,
    known: watch::Sender<Prediction>,
    /// From when on the last one holds, and for how long; none while one is worked out.
    fresh: Arc<StdMutex<Option<(DateTime<Utc>, TimeDelta)>>>,
}

impl Forecaster {
    pub(super) fn new(state: &HttpState) -> Self {
        let (known, _) = watch::channel(Prediction::Pending);
        Self {
            state: state.clone(),
            known,
            fresh: Arc::new(StdMutex::new(Some((
                DateTime::UNIX_EPOCH,
                TimeDelta::zero(),
            )))),
        }
    }

    /// The last prediction; waits for the first one.
    pub(super) async fn get(&self, patience: Patience) -> Prediction {
        self.refresh();
        let patience = match patience {
            Patience::Short => SHORTLY,
            Patience::Full => FULLY,
        };
        let mut known = self.known.subscribe();
        let is_there = known.wait_for(|known| !matches!(known, Prediction::Pending));
        match timeout(patience, is_there).await {
            Ok(Ok(known)) => known.clone(),
            _ => Prediction::Pending,
        }
    }

    /// Begins to work out the next one, unless the last one is fresh or somebody is at it.
    fn refresh(&self) {
        let now = self.state.clock.now();
        {
            let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
            match *fresh {
                Some((from, lasts)) if now < from || now - from >= lasts => *fresh = None,
                _ => return,
            }
        }
        let (state, known) = (self.state.clone(), self.known.clone());
        let fresh = Arc::clone(&self.fresh);
        let runtime = Handle::current();
        // On a thread of its own: it is work for the processor, too, as long as there are many companies.
        tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let cycle = runtime.block_on(Cycle::predict(&state.pool, &state.settings, now));
            let prediction = cycle.map_or_else(
                |error| {
                    error!(%error, "could not predict the cycle");
                    Prediction::Failed
                },
                Prediction::Known,
            );
            known.send_replace(prediction);
            let lasts = PREDICTION_LASTS.max(cost(began));
            *fresh.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, lasts));
        });
    }
}
