//! How long a sync takes now, against how often it runs and how fresh its rows have to be.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;

use super::scheduler::shortest_pause;
use crate::settings::Settings;
use crate::sync::{Forecast, SyncRequest};
use crate::warehouse::error::WarehouseError;

/// The predicted cycle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cycle {
    /// Requests that a sync would send now.
    pub requests: u64,
    /// Requests per second that are allowed, or were measured.
    pub requests_per_second: Option<f64>,
    /// How long they take.
    pub seconds: Option<u64>,
    /// `sync.max_staleness`.
    pub max_staleness_seconds: u64,
    /// The shortest pause of `schedule.sync`.
    pub schedule_seconds: Option<u64>,
    /// What is wrong with that, if anything.
    pub warning: Option<String>,
}

impl Cycle {
    /// From what is stored; none before the first run.
    pub async fn predict(
        pool: &PgPool,
        settings: &Settings,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, WarehouseError> {
        let forecast = Forecast::read(pool, settings, &SyncRequest::default(), now).await?;
        if forecast.companies == 0 {
            return Ok(None);
        }
        let seconds = forecast.duration().as_ref().map(Duration::as_secs);
        let schedule = settings.schedule.sync.as_deref();
        let schedule_seconds = schedule
            .and_then(|cron| shortest_pause(cron, now))
            .and_then(|pause| u64::try_from(pause.num_seconds()).ok());
        let max_staleness_seconds = settings.sync.max_staleness.as_secs();
        let warning = seconds.and_then(|seconds| {
            if seconds > max_staleness_seconds {
                Some(
                    "a sync takes longer than sync.max_staleness: raise it, or api.max_requests_per_second, or pull less"
                        .to_owned(),
                )
            } else if schedule_seconds.is_some_and(|pause| seconds > pause) {
                Some("a sync takes longer than the pause of schedule.sync: ticks will be missed".to_owned())
            } else {
                None
            }
        });
        Ok(Some(Self {
            requests: forecast.requests(),
            requests_per_second: forecast.per_second,
            seconds,
            max_staleness_seconds,
            schedule_seconds,
            warning,
        }))
    }

    /// In one sentence, and the warning.
    #[must_use]
    pub fn sentence(&self) -> String {
        let warning = self.warning.as_deref();
        let warning = warning.map_or_else(String::new, |warning| format!("\n  warning: {warning}"));
        format!("{}{warning}", self.estimate())
    }

    /// What a sync would take.
    #[must_use]
    pub fn estimate(&self) -> String {
        let time = match (self.seconds, self.requests_per_second) {
            (Some(seconds), Some(rate)) => {
                format!(", {seconds} s at {rate:.1} requests per second")
            }
            _ => String::new(),
        };
        format!(
            "a sync would now take about {} requests{time}",
            self.requests
        )
    }
}
