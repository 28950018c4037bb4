//! Cron expressions. The only user of `tokio-cron-scheduler`, so that what the settings accept is
//! what the scheduler understands.

use tokio_cron_scheduler::Job;

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

#[cfg(test)]
mod tests {
    use super::*;

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
