//! Cron expressions, and being woken by them. The only user of `tokio-cron-scheduler` and of the parser below it, so that
//! what the settings accept is what the scheduler understands.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use croner::parser::{CronParser, Seconds};
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// How a schedule is written; for messages.
pub const CRON_FORM: &str =
    "six fields `second minute hour day month weekday` in UTC that come about at some time";

const FIELDS: usize = 6;

/// A cron expression that cannot be scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not six fields.
    #[error("the schedule has {0} fields, expected {CRON_FORM}")]
    Fields(usize),
    /// The scheduler does not understand it.
    #[error("the schedule cannot be read, expected {CRON_FORM}")]
    Unreadable,
    /// It can be read, but such an instant does not exist.
    #[error("the schedule never comes about, expected {CRON_FORM}")]
    Never,
}

/// Checks that `cron` has six fields, is understood by the scheduler and comes about at some time.
pub fn check_cron(cron: &str) -> Result<(), CronError> {
    let fields = cron.split_whitespace().count();
    if fields != FIELDS {
        return Err(CronError::Fields(fields));
    }
    let mut job = Job::new(cron, |_, _| {}).map_err(|_| CronError::Unreadable)?;
    let data = job.job_data().map_err(|_| CronError::Unreadable)?;
    if data.next_tick == 0 {
        Err(CronError::Never)
    } else {
        Ok(())
    }
}

/// The next `count` instants of a schedule after `now`; none when it cannot be read.
#[must_use]
pub fn next_ticks(cron: &str, now: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
    // As tokio-cron-scheduler reads it.
    let parser = CronParser::builder()
        .seconds(Seconds::Required)
        .dom_and_dow(true)
        .build();
    let Ok(schedule) = parser.parse(cron) else {
        return Vec::new();
    };
    // What is below a second in `now` would be carried into the instants.
    let now = now.trunc_subsecs(0);
    // Its own iterator leaves out every other second of a schedule that comes each second.
    let next = |at: &DateTime<Utc>| schedule.find_next_occurrence(at, false).ok();
    std::iter::successors(next(&now), next)
        .take(count)
        .collect()
}

/// The shortest pause between the next ticks of a schedule.
#[must_use]
pub fn shortest_pause(cron: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    const TICKS: usize = 50;
    let ticks = next_ticks(cron, now, TICKS);
    ticks.windows(2).map(|pair| pair[1] - pair[0]).min()
}

/// The scheduler could not be started.
#[derive(Debug, thiserror::Error)]
#[error("could not start the scheduler: {0}")]
pub struct SchedulerError(#[from] JobSchedulerError);

/// Wakes the daemon at every instant of its schedules. What is to be done then is the daemon's matter.
pub struct Wakes {
    scheduler: JobScheduler,
    wake: Arc<Notify>,
}

impl Wakes {
    /// Starts with these schedules, in UTC.
    pub async fn start(crons: impl Iterator<Item = &str>) -> Result<Self, SchedulerError> {
        let wake = Arc::<Notify>::default();
        let scheduler = JobScheduler::new().await?;
        for cron in crons {
            let wake = Arc::clone(&wake);
            let job = Job::new(cron, move |_, _| wake.notify_one())?;
            scheduler.add(job).await?;
        }
        scheduler.start().await?;
        Ok(Self { scheduler, wake })
    }

    /// Waits for the next instant.
    pub async fn next(&mut self) {
        self.wake.notified().await;
    }

    /// Ends it.
    pub async fn stop(mut self) {
        // Its tasks end with the process, if not before.
        let _ = self.scheduler.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_instants_of_a_schedule_are_known() {
        let now = "2026-07-01T12:30:00Z".parse().unwrap();
        let ticks = next_ticks("0 */20 8-18 * * *", now, 3);
        let ticks: Vec<String> = ticks.iter().map(DateTime::to_rfc3339).collect();
        assert_eq!(
            ticks,
            [
                "2026-07-01T12:40:00+00:00",
                "2026-07-01T13:00:00+00:00",
                "2026-07-01T13:20:00+00:00"
            ]
        );
        let pause = shortest_pause("0 */20 8-18 * * *", now);
        assert_eq!(pause, Some(TimeDelta::minutes(20)));
        assert_eq!(shortest_pause("nonsense", now), None);
    }

    #[test]
    fn a_cron_expression_has_six_fields_and_comes_about() {
        for good in [
            "0 0 * * * *",
            "0 */15 8-18 * * Mon-Fri",
            "30 0 3 1 Jan,Jul *",
        ] {
            assert_eq!(check_cron(good), Ok(()), "{good}");
        }
        for (bad, error) in [
            ("0 * * * *", CronError::Fields(5)),
            ("", CronError::Fields(0)),
            ("@hourly", CronError::Fields(1)),
            ("0 0 * * * * 2030", CronError::Fields(7)),
            ("0 0 25 * * *", CronError::Unreadable),
            ("a b c d e f", CronError::Unreadable),
            ("0 0 0 30 Feb *", CronError::Never),
        ] {
            assert_eq!(check_cron(bad), Err(error), "{bad}");
        }
    }
}
