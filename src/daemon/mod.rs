//! The daemon: keeps the schedule, or stands by until the instance that keeps it is gone.
//!
//! [`Daemon::tick`] is one step: beat for the lease, see to the run under way, begin the one that is due. [`Daemon::run`]
//! calls it at every instant of a schedule, at every beat, and when a run ends. Whatever decides is in PostgreSQL, so that a
//! restart, or another instance, goes on where this one was.

pub mod cycle;
pub mod document;
pub mod http;
pub mod lease;
pub mod liveness;
pub mod notify;
pub mod schedule;
pub mod scheduler;
pub mod signal;
pub mod work;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{error, info, warn};

use crate::warehouse::error::{WarehouseError, WarehouseErrorKind};
use crate::warehouse::schedule_lease::ScheduleLease;
use crate::warehouse::{migrate, runs, schedules};
use lease::Keeper;
use liveness::{Liveness, Role};
use notify::ServiceManager;
use schedule::Schedules;
use scheduler::{SchedulerError, Wakes};
use work::{Ended, Tools, Work};

/// The main loop goes round at least this often.
const LONGEST_ROUND: Duration = Duration::from_secs(10);
/// How often the same trouble is written into the log.
const REPEAT_AFTER: Duration = Duration::from_mins(10);

/// One instance.
#[derive(Debug)]
pub struct Daemon {
    tools: Tools,
    schedules: Schedules,
    keeper: Keeper,
    liveness: Liveness,
    /// The schema was seen to be there.
    has_schema: bool,
    work: Option<Work>,
    /// A run that is over, until that is written down.
    over: Option<Ended>,
    trouble: Option<(String, Instant)>,
}

impl Daemon {
    /// An instance that does nothing yet.
    #[must_use]
    pub fn new(tools: Tools, liveness: Liveness) -> Self {
        let settings = &tools.settings;
        let now = tools.clock.now();
        Self {
            schedules: Schedules::new(&settings.schedule, tools.client.client_id(), now),
            keeper: Keeper::new(tools.pool.clone(), settings.run.takeover),
            liveness,
            has_schema: false,
            work: None,
            over: None,
            trouble: None,
            tools,
        }
    }

    /// Goes round until an end is asked for, and ends in good order within `run.grace`.
    pub async fn run(mut self) -> Result<(), SchedulerError> {
        let crons = self.schedules.iter().map(|schedule| schedule.cron.as_str());
        let mut wakes = Wakes::start(crons).await?;
        let mut manager = ServiceManager::find();
        let round = self.keeper.rhythm().min(LONGEST_ROUND);
        let mut beats =
            tokio::time::interval(manager.rhythm().map_or(round, |most| most.min(round)));
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut stops_at) = (None, None);
        loop {
            let stop = self.tools.stop.clone();
            tokio::select! {
                _ = beats.tick() => {}
                () = wakes.next() => {}
                () = over(&mut self.work) => {}
                () = stop.wait(), if stops_at.is_none() => {
                    manager.stops();
                    stops_at = Some(Instant::now() + self.tools.settings.run.grace);
                }
                () = until(stops_at) => self.cut_off().await,
            }
            self.step().await;
            manager.lives();
            let role = self.liveness.role();
            if stops_at.is_some() && self.work.is_none() {
                break;
            } else if told.is_none() {
                manager.is_ready(role.name());
            } else if told != Some(role) {
                manager.is(role.name());
            }
            told = Some(role);
        }
        wakes.stop().await;
        self.end().await;
        Ok(())
    }

    /// One step, whose trouble is written into the log; the next one may do better.
    async fn step(&mut self) {
        match self.tick(self.tools.clock.now()).await {
            Ok(()) => {
                if self.trouble.take().is_some() {
                    info!("the database answers again");
                }
            }
            Err(error) => {
                let error_text = error.to_string();
                let is_known = (self.trouble.as_ref())
                    .is_some_and(|(known, at)| *known == error_text && at.elapsed() < REPEAT_AFTER);
                if !is_known {
                    warn!(
                        error = error_text,
                        remedy = error.remedy(),
                        "waiting for the database"
                    );
                    self.trouble = Some((error_text, Instant::now()));
                }
            }
        }
    }

    /// One step. An error is the database's: everything else is written down in it.
    pub async fn tick(&mut self, now: DateTime<Utc>) -> Result<(), WarehouseError> {
        self.liveness.beat();
        self.see_to_the_run(now).await;
        if !self.has_schema && !self.look_for_schema().await? {
            return Ok(());
        }
        let Some(lease) = self.keeper.beat(now).await? else {
            if self.liveness.role() != Role::Standby {
                info!("another instance keeps the schedule: this one stands by");
            }
            self.liveness.set_role(Role::Standby);
            self.give_up().await;
            return Ok(());
        };
        self.liveness.set_role(Role::Active);
        if self.work.as_ref().is_some_and(|work| work.lease != lease) {
            self.give_up().await;
        }
        let done = self.keep_the_schedule(lease, now).await;
        match done {
            // The next step finds out who has it.
            Err(error) if error.kind == WarehouseErrorKind::LeaseLost => Ok(()),
            done => done,
        }
    }

    /// Waits until no run is under way.
    pub async fn until_idle(&mut self) {
        if let Some(work) = &mut self.work {
            work.over().await;
        }
    }

    /// Takes note of a run that is over, and ends one that does not get on.
    async fn see_to_the_run(&mut self, now: DateTime<Utc>) {
        let Some(work) = self.work.take() else {
            return;
        };
        if work.is_over() {
            self.over = Some(work.end().await);
            return;
        }
        let timeout = self.tools.settings.sync.stall_timeout;
        let allowed = TimeDelta::from_std(timeout).unwrap_or(TimeDelta::MAX);
        if work
            .pace()
            .is_none_or(|pace| now - pace.progressed_at < allowed)
        {
            self.work = Some(work);
            return;
        }
        let reason = format!(
            "the run was ended: for {} s no request was answered, no row committed, and no company done (sync.stall_timeout)",
            timeout.as_secs()
        );
        let remedy = "nothing, if it is rare: the next instant of the schedule tries again; else see the log before that";
        error!(error = reason, remedy, "run does not get on");
        self.over = Some(work.cut("failed", reason, remedy).await);
        self.give_back().await;
    }

    /// Ends the run under way without a word: the instance that took over has closed it.
    async fn give_up(&mut self) {
        self.over = None;
        if let Some(work) = self.work.take() {
            let _ = work.cut("stopped", String::new(), "").await;
            self.give_back().await;
        }
    }

    /// Ends the run under way because it had its time.
    async fn cut_off(&mut self) {
        if let Some(work) = self.work.take() {
            let grace = self.tools.settings.run.grace.as_secs();
            let reason = format!(
                "the run was cut off: it did not end within {grace} s after a signal (run.grace); what was committed stays"
            );
            warn!(error = reason, "run is cut off");
            self.over = Some(work.cut("stopped", reason, "").await);
            self.give_back().await;
        }
    }

    /// A run that was cut has not given back what it took of the day's requests.
    async fn give_back(&self) {
        let given = tokio::time::timeout(self.keeper.lasts(), self.tools.client.give_back()).await;
        if let Ok(Err(reason)) = given {
            warn!(%reason, "could not give back requests of the day");
        }
    }

    async fn look_for_schema(&mut self) -> Result<bool, WarehouseError> {
        let look = async |db: &mut PgConnection| migrate::state_within(db).await;
        let state = self.keeper.ask("read the migrations", look).await?;
        self.has_schema = state.applied == state.known;
        if self.has_schema {
            return Ok(true);
        }
        self.liveness.set_role(Role::WaitingForSchema);
        // Waiting is no failure of the database, but it is told in the same rhythm.
        Err(WarehouseError::new(
            "begin",
            WarehouseErrorKind::NotMigrated,
        ))
    }

    /// Writes down what came of the last run, and begins the one that is due.
    async fn keep_the_schedule(
        &mut self,
        lease: ScheduleLease,
        now: DateTime<Utc>,
    ) -> Result<(), WarehouseError> {
        if let Some(over) = &self.over {
            let is_stopping = self.tools.stop.is_asked();
            let write = async |db: &mut PgConnection| write_down(db, over, is_stopping, now).await;
            self.keeper.fenced("record the run", write).await?;
            self.over = None;
        }
        if self.work.is_some() || self.tools.stop.is_asked() {
            return Ok(());
        }
        let known = &self.schedules;
        let decide = async |db: &mut PgConnection| {
            schedules::keep_only(db, &known.names()).await?;
            let stored = schedules::read(&mut *db).await?;
            for kind in known.unseen(&stored) {
                schedules::pass_over(db, kind.name(), now).await?;
            }
            let due = known.due(&stored, now);
            if let Some(due) = &due {
                let names: Vec<&str> = due.kinds.iter().map(|kind| kind.name()).collect();
                schedules::begin(db, &names, now, due.started_at).await?;
            }
            Ok(due)
        };
        let due = self.keeper.fenced("read the schedules", decide).await?;
        if let Some(due) = due {
            info!(schedules = due.schedules(), "a scheduled run begins");
            self.work = Some(Work::begin(&self.tools, &due, lease));
        }
        Ok(())
    }

    /// Gives the lease back.
    async fn end(mut self) {
        if let Err(error) = self.keeper.release().await {
            warn!(%error, "the lease ends by itself");
        }
        // Connections that are cut do not answer.
        let _ = tokio::time::timeout(LONGEST_ROUND, self.tools.pool.close()).await;
    }
}

/// Writes down how a run ended. One that was stopped so that this process could end is begun anew by the next one.
async fn write_down(
    db: &mut PgConnection,
    over: &Ended,
    is_stopping: bool,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let error = over.error.as_deref();
    if let (Some(run_id), Some(pace)) = (over.run_id, over.cut_at) {
        let reason = error.unwrap_or_default();
        runs::abandon(db, run_id, over.outcome, reason, pace, now).await?;
    }
    if is_stopping && over.outcome == "stopped" {
        return Ok(());
    }
    let names: Vec<&str> = over.kinds.iter().map(|kind| kind.name()).collect();
    let ended = schedules::Ended {
        run_id: over.run_id,
        outcome: over.outcome,
        error,
        remedy: over.remedy.as_deref(),
    };
    schedules::end(db, &names, &ended, now).await
}

/// Waits until the run under way is over; for ever where none is.
async fn over(work: &mut Option<Work>) {
    match work {
        Some(work) => work.over().await,
        None => std::future::pending().await,
    }
}

/// Waits until an instant, or for ever.
async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
