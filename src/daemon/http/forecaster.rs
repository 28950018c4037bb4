//! The predicted cycle, worked out in the background: with 2,000 companies it takes thousands of queries. Who asks gets
//! the last prediction at once, and waits for the first one only.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tracing::error;

use super::HttpState;
use super::snapshot::cost;
use crate::daemon::cycle::Cycle;

/// How long a prediction holds, unless it takes long to work it out.
const LASTS: TimeDelta = TimeDelta::seconds(60);
/// How long the page waits for the first prediction. It is shown without, rather than late.
const SHORTLY: Duration = Duration::from_millis(500);
/// How long machines wait for it; less than the time for an answer.
const FULLY: Duration = Duration::from_secs(25);

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
    /// As it was worked out last; none before the first run.
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

/// Predicts the cycle.
#[derive(Debug)]
pub(super) struct Forecaster {
    state: HttpState,
    known: watch::Sender<Dated>,
    is_over: watch::Sender<bool>,
    /// The thread that is at it, or was last.
    work: Mutex<Option<JoinHandle<()>>>,
}

/// A prediction, and how long it holds.
#[derive(Debug)]
struct Dated {
    prediction: Prediction,
    from: DateTime<Utc>,
    lasts: TimeDelta,
}

impl Forecaster {
    pub(super) fn new(state: &HttpState) -> Self {
        let (known, _) = watch::channel(Dated {
            prediction: Prediction::Pending,
            from: DateTime::UNIX_EPOCH,
            lasts: TimeDelta::zero(),
        });
        Self {
            state: state.clone(),
            known,
            is_over: watch::channel(false).0,
            work: Mutex::default(),
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
        let is_there = known.wait_for(|it| !matches!(it.prediction, Prediction::Pending));
        match timeout(patience, is_there).await {
            Ok(Ok(known)) => known.prediction.clone(),
            _ => Prediction::Pending,
        }
    }

    /// Ends what is under way.
    pub(super) async fn stop(&self) {
        self.is_over.send_replace(true);
        let work = self.work().take();
        if let Some(work) = work {
            // An error means that it panicked, which the log has.
            let _ = work.await;
        }
    }

    fn work(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to work out the next one, unless the last one still holds or somebody is at it.
    fn refresh(&self) {
        let now = self.state.clock.now();
        let mut work = self.work();
        let is_at_it = work.as_ref().is_some_and(|work| !work.is_finished());
        let holds = {
            let known = self.known.borrow();
            now >= known.from && now - known.from < known.lasts
        };
        if is_at_it || holds {
            return;
        }
        let (state, known) = (self.state.clone(), self.known.clone());
        let (runtime, mut is_over) = (Handle::current(), self.is_over.subscribe());
        // On a thread of its own: with many companies it is work for the processor, too.
        *work = Some(tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let predicted = runtime.block_on(async {
                tokio::select! {
                    biased;
                    _ = is_over.wait_for(|is_over| *is_over) => None,
                    cycle = Cycle::predict(&state.pool, &state.settings, now) => Some(cycle),
                }
            });
            let prediction = match predicted {
                Some(Ok(cycle)) => Prediction::Known(cycle),
                Some(Err(error)) => {
                    error!(%error, "could not predict the cycle");
                    Prediction::Failed
                }
                None => return,
            };
            known.send_replace(Dated {
                prediction,
                from: now,
                lasts: LASTS.max(cost(began)),
            });
        }));
    }
}
