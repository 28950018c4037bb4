//! When a failed request is sent again. The only user of the crate `backoff`, which is unmaintained (see deny.toml).
//!
//! | failure | what happens |
//! |---|---|
//! | no connection, time-out, broken or damaged answer, 408, 5xx, a 200 that reports failure or lacks its rows, a page of HTML, no file where one was asked for | up to [`MAX_ATTEMPTS`] attempts, full jitter between them |
//! | 429, or 5xx with `Retry-After` | every request of the account waits as long as asked (up to [`MAX_PAUSE`]), then again |
//! | 401 (and 306) | once more with a new token |
//! | 400, 403, 404, 422, other 4xx, unexpected shape, too large | never |
//!
//! All requests that pass here only read, searches by POST included, so repeating one is harmless. The two that write
//! go past it: see [`super::writes`].

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;

use super::budget::Budget;
use super::error::{Again, ApiError};

/// Attempts at one request.
pub const MAX_ATTEMPTS: u32 = 5;
/// Attempts at one request that the service answered with "not now".
pub const MAX_PAUSES: u32 = 10;
/// Longest pause that is waited for; a longer one ends the request.
pub const MAX_PAUSE: Duration = Duration::from_mins(15);
/// After this no further attempt is begun.
const MAX_TOTAL: Duration = Duration::from_mins(5);

/// How long this program waits where the service does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// First upper bound of the random pause between attempts.
    first: Duration,
    /// Largest upper bound.
    largest: Duration,
    /// After a 429 that names no pause.
    unasked: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            largest: Duration::from_secs(20),
            unasked: Duration::from_secs(5),
        }
    }
}

impl Pauses {
    /// For tests, which count requests and need not wait.
    #[must_use]
    pub fn short() -> Self {
        Self {
            first: Duration::from_millis(1),
            largest: Duration::from_millis(1),
            unasked: Duration::from_millis(1),
        }
    }
}

/// Decides, failure by failure, whether one request is sent again.
#[derive(Debug)]
pub struct Retry {
    pauses: ExponentialBackoff,
    unasked: Duration,
    attempts: u32,
    asked_pauses: u32,
    was_token_renewed: bool,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Wait so long, then send again.
    Wait(Duration),
    /// Get a new token, then send again.
    RenewToken,
    /// Send again; the budget's gate keeps the pause.
    AtOnce,
    /// Give up.
    GiveUp,
}

impl Retry {
    /// For one request.
    #[must_use]
    pub fn new(pauses: Pauses) -> Self {
        Self {
            // `backoff` draws from interval × (1 ± factor): with factor 1 and half the bound this is uniform
            // between zero and the bound, that is full jitter.
            pauses: ExponentialBackoff {
                current_interval: pauses.first / 2,
                initial_interval: pauses.first / 2,
                randomization_factor: 1.0,
                multiplier: 2.0,
                max_interval: pauses.largest / 2,
                max_elapsed_time: Some(MAX_TOTAL),
                ..ExponentialBackoff::default()
            },
            unasked: pauses.unasked,
            attempts: 0,
            asked_pauses: 0,
            was_token_renewed: false,
        }
    }

    /// Attempts that failed so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What to do after `error`. Closes the budget's gate when the service asked for a pause.
    pub fn after(&mut self, error: &ApiError, budget: &Budget) -> Step {
        match error.kind.policy().0 {
            Again::Never => Step::GiveUp,
            Again::WithNewToken if self.was_token_renewed => Step::GiveUp,
            Again::WithNewToken => {
                self.was_token_renewed = true;
                Step::RenewToken
            }
            Again::AfterPause(pause) => {
                self.asked_pauses += 1;
                let pause = pause.unwrap_or(self.unasked);
                if self.asked_pauses >= MAX_PAUSES || pause > MAX_PAUSE {
                    return Step::GiveUp;
                }
                budget.close_for(pause);
                Step::AtOnce
            }
            Again::AfterBackoff => {
                self.attempts += 1;
                if self.attempts >= MAX_ATTEMPTS {
                    return Step::GiveUp;
                }
                self.pauses.next_backoff().map_or(Step::GiveUp, Step::Wait)
            }
        }
    }
}

/// The pause that a `Retry-After` header asks for: seconds, or a date.
#[must_use]
pub fn retry_after(value: &str, now: chrono::DateTime<chrono::Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = chrono::DateTime::<chrono::Utc>::from(httpdate::parse_http_date(value).ok()?);
    Some((at - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::error::ApiErrorKind;

    fn error(kind: ApiErrorKind) -> ApiError {
        ApiError {
            doing: "test".to_owned(),
            kind,
        }
    }

    #[tokio::test]
    async fn a_failing_service_is_asked_a_bounded_number_of_times_with_growing_jittered_pauses() {
        let (budget, mut retry) = (Budget::new(1, 0.0), Retry::new(Pauses::default()));
        let failure = error(ApiErrorKind::BrokenOff);
        for attempt in 1..MAX_ATTEMPTS {
            let Step::Wait(pause) = retry.after(&failure, &budget) else {
                panic!("gave up at {attempt}")
            };
            assert!(
                pause <= Pauses::default().first * 2_u32.pow(attempt - 1),
                "{pause:?} after attempt {attempt}"
            );
        }
        assert_eq!(retry.after(&failure, &budget), Step::GiveUp);
    }

    #[tokio::test]
    async fn refusals_are_final_and_a_token_is_renewed_once() {
        let budget = Budget::new(1, 0.0);
        for kind in [
            ApiErrorKind::Rejected {
                status: 400,
                message: String::new(),
            },
            ApiErrorKind::AccessWithdrawn,
            ApiErrorKind::NotFound,
        ] {
            assert_eq!(
                Retry::new(Pauses::default()).after(&error(kind), &budget),
                Step::GiveUp
            );
        }
        let mut retry = Retry::new(Pauses::default());
        assert_eq!(
            retry.after(&error(ApiErrorKind::Unauthorized), &budget),
            Step::RenewToken
        );
        assert_eq!(
            retry.after(&error(ApiErrorKind::Unauthorized), &budget),
            Step::GiveUp
        );
    }

    #[tokio::test]
    async fn an_asked_pause_is_kept_and_a_very_long_one_ends_the_request() {
        let (budget, mut retry) = (Budget::new(1, 0.0), Retry::new(Pauses::default()));
        let short = error(ApiErrorKind::RateLimited(Some(Duration::from_secs(2))));
        assert_eq!(retry.after(&short, &budget), Step::AtOnce);
        let long = error(ApiErrorKind::RateLimited(Some(Duration::from_hours(2))));
        assert_eq!(retry.after(&long, &budget), Step::GiveUp);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "2026-05-17T21:40:00Z".parse().unwrap();
        assert_eq!(retry_after(" 12 ", now), Some(Duration::from_secs(12)));
        assert_eq!(
            retry_after("Sun, 17 May 2026 21:41:30 GMT", now),
            Some(Duration::from_secs(90))
        );
        assert_eq!(
            retry_after("Sun, 17 May 2026 21:00:00 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("soon", now), None);
    }
}
