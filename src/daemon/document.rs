//! The state as machines read it: `status --json` and `/status.json` are this one document.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;

use super::cycle::Cycle;
use super::scheduler::next_ticks;
use crate::settings::{ScheduleSettings, Settings};
use crate::warehouse::error::WarehouseError;
use crate::warehouse::status::{self, Status};

/// Raised when a reader of the former document would no longer understand it.
const VERSION: u32 = 1;

/// Instants told of each schedule.
const TICKS: usize = 3;

/// The state, the predicted cycle and the next runs.
#[derive(Debug, Serialize)]
pub struct Document<'d> {
    version: u32,
    #[serde(flatten)]
    status: &'d Status,
    cycle: Option<&'d Cycle>,
    next_runs: Vec<NextRun>,
}

/// An instant of a schedule. A daemon has to be there for a run to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextRun {
    /// `sync` or `full`.
    pub schedule: &'static str,
    /// When it begins.
    pub at: DateTime<Utc>,
}

impl<'d> Document<'d> {
    /// Puts the document together.
    #[must_use]
    pub fn new(
        status: &'d Status,
        cycle: Option<&'d Cycle>,
        schedule: &ScheduleSettings,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            version: VERSION,
            status,
            cycle,
            next_runs: next_runs(schedule, now),
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(self)
    }
}

/// The next instants of all schedules, in their order.
#[must_use]
pub fn next_runs(schedule: &ScheduleSettings, now: DateTime<Utc>) -> Vec<NextRun> {
    let schedules = [("sync", &schedule.sync), ("full", &schedule.full)];
    let ticks = schedules.iter().flat_map(|(schedule, cron)| {
        let ticks = cron.as_deref().map(|cron| next_ticks(cron, now, TICKS));
        let ticks = ticks.unwrap_or_default().into_iter();
        ticks.map(|at| NextRun { schedule, at })
    });
    let mut runs: Vec<NextRun> = ticks.collect();
    runs.sort_by_key(|run| run.at);
    runs
}

/// Reads the state, without the discrepancies that are accepted.
pub async fn read_status(pool: &PgPool, now: DateTime<Utc>) -> Result<Status, WarehouseError> {
    status::read(pool)
        .await
        .map(|status| status.without_accepted(now))
        .map_err(|error| WarehouseError::from_sqlx("read the status", error))
}

/// Reads everything that the document tells.
pub async fn read(
    pool: &PgPool,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<(Status, Option<Cycle>), WarehouseError> {
    let status = read_status(pool, now).await?;
    let cycle = Cycle::predict(pool, settings, now).await?;
    Ok((status, cycle))
}
