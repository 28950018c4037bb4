//! A run under way, in a thread of its own, and what becomes of it.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::PgPool;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};
use tracing::{Instrument, info, warn};

use super::schedule::{Due, Kind};
use super::signal::Stop;
use crate::api::Client;
use crate::clock::SharedClock;
use crate::settings::Settings;
use crate::sync::{
    CompanyReport, Progress, Pulse, RunKind, RunReport, SyncError, SyncRequest, run_through,
};
use crate::telemetry::span;
use crate::warehouse::load::Effect;
use crate::warehouse::runs::Pace;
use crate::warehouse::schedule_lease::ScheduleLease;

/// What runs need.
#[derive(Debug, Clone)]
pub struct Tools {
    /// What is configured.
    pub settings: Arc<Settings>,
    /// The database.
    pub pool: PgPool,
    /// The API.
    pub client: Client,
    /// The time.
    pub clock: SharedClock,
    /// Whether an end was asked for.
    pub stop: Stop,
}

/// A run under way.
#[derive(Debug)]
pub struct Work {
    /// Whose instants it answers.
    pub kinds: Vec<Kind>,
    /// What it works under.
    pub lease: ScheduleLease,
    watch: Arc<Watch>,
    cut: oneshot::Sender<()>,
    thread: JoinHandle<Done>,
    done: Option<Result<Done, JoinError>>,
}

/// What a run comes to; none when it was cut.
type Done = Option<Result<RunReport, SyncError>>;

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Whose instants it answered.
    pub kinds: Vec<Kind>,
    /// Its number, once it had one.
    pub run_id: Option<i64>,
    /// `ok`, `partial`, `failed` or `stopped`.
    pub outcome: &'static str,
    /// Why it failed.
    pub error: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Set when it did not end by itself: then its row is still open.
    pub cut_at: Option<Pace>,
}

impl Work {
    /// Begins a run.
    #[must_use]
    pub fn begin(tools: &Tools, due: &Due, lease: ScheduleLease) -> Self {
        let request = SyncRequest {
            kind: RunKind::Scheduled(lease),
            extent: due.extent,
            ..SyncRequest::default()
        };
        let watch = Arc::<Watch>::default();
        let (cut, is_cut) = oneshot::channel();
        let (tools, runtime) = (tools.clone(), Handle::current());
        let watching = Arc::clone(&watch);
        let tick = span::tick(&due.schedules());
        // It is polled in a thread of its own, as a command's run is: what it computes hinders nobody else.
        let thread = tokio::task::spawn_blocking(move || {
            runtime.block_on(async {
                let run = Box::pin(run_through(
                    &tools.settings,
                    &tools.pool,
                    &tools.client,
                    &tools.clock,
                    &request,
                    &*watching,
                    &tools.stop.asked,
                ))
                .instrument(tick);
                tokio::select! {
                    done = run => Some(done),
                    // Gone without a word, it has been cut as well.
                    _ = is_cut => None,
                }
            })
        });
        Self {
            kinds: due.kinds.clone(),
            lease,
            watch,
            cut,
            thread,
            done: None,
        }
    }

    /// True when it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.done.is_some() || self.thread.is_finished()
    }

    /// Waits until it is over. May be given up, and tried again.
    pub async fn over(&mut self) {
        if self.done.is_none() {
            self.done = Some((&mut self.thread).await);
        }
    }

    /// How far it is; none before it began to ask.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        self.watch.pulse().map(|pulse| pulse.look())
    }

    /// What came of it, once it is over.
    pub async fn end(mut self) -> Ended {
        self.over().await;
        let (run_id, pace) = (self.run_id(), self.pace());
        let ended = |outcome, error, remedy| Ended {
            kinds: self.kinds,
            run_id,
            outcome,
            error,
            remedy,
            cut_at: None,
        };
        match self.done.unwrap_or(Ok(None)) {
            Ok(Some(Ok(report))) => ended(report.outcome, None, None),
            Ok(Some(Err(error))) => {
                let remedy = error.remedy().to_owned();
                ended("failed", Some(error.to_string()), Some(remedy))
            }
            // A panic is a mistake of this program, and no reason to end the daemon.
            Ok(None) | Err(_) => Ended {
                cut_at: pace,
                ..ended(
                    "failed",
                    Some("the run broke off because of a mistake in this program".to_owned()),
                    Some("see the log, and report it".to_owned()),
                )
            },
        }
    }

    /// Ends it now, in the middle of whatever it does.
    pub async fn cut(mut self, outcome: &'static str, error: String, remedy: &str) -> Ended {
        let (run_id, pace) = (self.run_id(), self.pace());
        // It may have ended in between.
        let _ = std::mem::replace(&mut self.cut, oneshot::channel().0).send(());
        self.over().await;
        Ended {
            kinds: self.kinds,
            run_id,
            outcome,
            error: Some(error),
            remedy: Some(remedy.to_owned()),
            cut_at: pace,
        }
    }

    fn run_id(&self) -> Option<i64> {
        self.watch.pulse().and_then(|pulse| pulse.run_id())
    }
}

/// Keeps the pulse of the run under way, and writes what people should know into the log.
#[derive(Debug, Default)]
struct Watch(Mutex<Option<Arc<Pulse>>>);

impl Watch {
    fn pulse(&self) -> Option<Arc<Pulse>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Progress for Watch {
    fn begins(&self, pulse: &Arc<Pulse>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(pulse));
    }

    fn listed(&self, companies: usize) {
        info!(companies, "companies are listed");
    }

    fn expects(&self, requests: u64) {
        info!(requests, "so many requests are expected");
    }

    fn loaded(&self, _: Effect) {}

    fn read(&self) {}

    fn asking_users(&self, companies: usize) {
        info!(companies, "users are asked one by one");
    }

    fn finished(&self, company: &CompanyReport) {
        if !company.is_well() {
            warn!(
                company.id = company.company_id,
                verdict = company.verdict.name(),
                error = company.reason.as_deref().unwrap_or_default(),
                remedy = company.remedy.as_deref().unwrap_or_default(),
                "company is not complete"
            );
        }
    }

    fn goes_on(&self, report: &RunReport) {
        info!(
            run.id = report.run_id,
            outcome = report.outcome,
            "the next run looks at what changed meanwhile, and goes on"
        );
    }
}
