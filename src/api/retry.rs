//! When a failed request is sent again. The only user of the crate `backoff`, which is unmaintained (see deny.toml).
//!
//! | failure | what happens |
//! |---|---|
//! | no connection, time-out, broken or damaged answer, 408, 5xx, a 200 that reports failure or lacks its rows, a page of HTML, no file where one was asked for | up to [`MAX_ATTEMPTS`] attempts, full jitter between them |
//! | 429, or 5xx with `Retry-After` | every request of the account waits as long as asked, then again; this costs no attempt. A request gives up when the pauses asked of it exceed [`PATIENCE`] together |
//! | 401 (and 306) | once more with a new token |
//! | 400, 403, 404, 422, other 4xx, unexpected shape, too large | never |
//!
//! Time has no bound of its own: attempts are bounded, each by `api.timeout`, and what a request spends waiting for its
//! turn or at the closed gate says nothing about the service's health.
//!
//! All requests that pass here only read, searches by POST included, so repeating one is harmless. The two that write
//! go past it: see [`super::writes`].

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;

use super::budget::Budget;
use super::error::{Again, ApiError, ApiErrorKind};

/// Attempts at one request.
pub const MAX_ATTEMPTS: u32 = 5;
/// How long the pauses that the service asks of one request may be together: a service that is overloaded for a night is
/// waited for, a ban for a day is not.
pub const PATIENCE: Duration = Duration::from_hours(6);
/// A longer pause is no pause but a mistake.
const LONGEST_PAUSE: Duration = Duration::from_hours(24 * 365);
/// By how much the pauses grow that this program makes on its own after one "not now" upon another.
const GROWTH: u32 = 4;

/// How long this program waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// First upper bound of the random pause between attempts.
    first: Duration,
    /// Largest upper bound.
    largest: Duration,
    /// After a first 429 that names no pause.
    unasked: Duration,
    /// After many in a row.
    largest_unasked: Duration,
    /// How long the service is waited for at most when it asks for pauses.
    pub(super) patience: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            largest: Duration::from_secs(20),
            unasked: Duration::from_secs(5),
            largest_unasked: Duration::from_mins(5),
            patience: PATIENCE,
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
            largest_unasked: Duration::from_mins(5),
            patience: Duration::from_millis(1_200),
        }
    }
}

/// Decides, failure by failure, whether one request is sent again.
#[derive(Debug)]
pub struct Retry {
    backoff: ExponentialBackoff,
    pauses: Pauses,
    attempts: u32,
    /// What this program would wait on its own after the next "not now".
    own_pause: Duration,
    /// The pauses asked of this request so far.
    paused: Duration,
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
            backoff: ExponentialBackoff {
                current_interval: pauses.first / 2,
                initial_interval: pauses.first / 2,
                randomization_factor: 1.0,
                multiplier: 2.0,
                max_interval: pauses.largest / 2,
                max_elapsed_time: None,
                ..ExponentialBackoff::default()
            },
            pauses,
            attempts: 0,
            own_pause: Duration::ZERO,
            paused: Duration::ZERO,
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
            Again::AfterPause(asked) => {
                let pause = self.pause(asked);
                self.paused += pause;
                let is_too_long = self.paused > self.pauses.patience;
                // A 429 is about the account, so its pause holds for all requests even if this one does not wait for
                // it. Trouble behind one endpoint is not.
                if !is_too_long || matches!(error.kind, ApiErrorKind::RateLimited(_)) {
                    budget.close_for(pause);
                }
                if is_too_long {
                    return Step::GiveUp;
                }
                // A token may not outlast the pause.
                self.was_token_renewed = false;
                Step::AtOnce
            }
            Again::AfterBackoff => {
                self.attempts += 1;
                if self.attempts >= MAX_ATTEMPTS {
                    return Step::GiveUp;
                }
                self.backoff.next_backoff().map_or(Step::GiveUp, Step::Wait)
            }
        }
    }

    /// The pause after "not now": as asked, the first time. A service that asks for too short a pause again and again is
    /// not believed.
    fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let before = self.own_pause;
        self.own_pause = (before * GROWTH).clamp(self.pauses.unasked, self.pauses.largest_unasked);
        asked.map_or(self.own_pause, |asked| asked.max(before))
    }
}

/// The pause that a `Retry-After` header asks for: seconds, or a date.
#[must_use]
pub fn retry_after(value: &str, now: chrono::DateTime<chrono::Utc>) -> Option<Duration> {
    let value = value.trim();
    let pause = if let Ok(seconds) = value.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let at = chrono::DateTime::<chrono::Utc>::from(httpdate::parse_http_date(value).ok()?);
        (at - now).to_std().unwrap_or(Duration::ZERO)
    };
    Some(pause.min(LONGEST_PAUSE))
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

    fn not_now(asked: Option<u64>) -> ApiError {
        error(ApiErrorKind::RateLimited(asked.map(Duration::from_secs)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_says_not_now_for_hours_is_waited_for_and_costs_no_attempt() {
        let (budget, mut retry) = (Budget::new(1, 0.0), Retry::new(Pauses::default()));
        let failure = error(ApiErrorKind::BrokenOff);
        for _ in 0..5 {
            assert_eq!(retry.after(&not_now(Some(3_600)), &budget), Step::AtOnce);
            assert_eq!(budget.closed_for(), Duration::from_hours(1));
            tokio::time::advance(Duration::from_hours(1)).await;
        }
        assert_eq!(retry.attempts(), 0);
        for _ in 1..MAX_ATTEMPTS {
            assert!(matches!(retry.after(&failure, &budget), Step::Wait(_)));
        }
        assert_eq!(retry.after(&failure, &budget), Step::GiveUp);
    }

    #[tokio::test(start_paused = true)]
    async fn the_pauses_of_one_request_are_bounded_together_and_the_gate_stays_closed() {
        let (budget, mut retry) = (Budget::new(1, 0.0), Retry::new(Pauses::default()));
        assert_eq!(
            retry.after(&not_now(Some(5 * 3_600)), &budget),
            Step::AtOnce
        );
        tokio::time::advance(Duration::from_hours(5)).await;
        assert_eq!(
            retry.after(&not_now(Some(2 * 3_600)), &budget),
            Step::GiveUp
        );
        assert_eq!(budget.closed_for(), Duration::from_hours(2));
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_in_trouble_for_a_day_does_not_close_the_gate() {
        let (budget, mut retry) = (Budget::new(1, 0.0), Retry::new(Pauses::default()));
        let trouble = error(ApiErrorKind::Server {
            status: 503,
            message: String::new(),
            retry_after: Some(Duration::from_hours(24)),
        });
        assert_eq!(retry.after(&trouble, &budget), Step::GiveUp);
        assert_eq!(budget.closed_for(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_that_are_not_asked_for_or_too_short_grow() {
        for (asked, expected) in [
            (None, [5, 20, 80, 300, 300]),
            (Some(0), [0, 5, 20, 80, 300]),
            (Some(60), [60, 60, 60, 80, 300]),
        ] {
            let mut retry = Retry::new(Pauses::default());
            for pause in expected {
                let budget = Budget::new(1, 0.0);
                assert_eq!(retry.after(&not_now(asked), &budget), Step::AtOnce);
                assert_eq!(budget.closed_for(), Duration::from_secs(pause), "{asked:?}");
            }
        }
    }

    #[tokio::test]
    async fn attempts_are_counted_not_timed() {
        let (budget, mut retry) = (Budget::new(1, 0.0), Retry::new(Pauses::default()));
        // As if the request had waited for hours already.
        retry.backoff.start_time = std::time::Instant::now()
            .checked_sub(Duration::from_hours(3))
            .unwrap();
        let timeout = error(ApiErrorKind::Timeout(Duration::from_secs(100)));
        for _ in 1..MAX_ATTEMPTS {
            assert!(matches!(retry.after(&timeout, &budget), Step::Wait(_)));
        }
    }

    #[tokio::test]
    async fn a_token_that_did_not_outlast_a_pause_is_renewed_again() {
        let (budget, mut retry) = (Budget::new(1, 0.0), Retry::new(Pauses::default()));
        let refused = error(ApiErrorKind::Unauthorized);
        assert_eq!(retry.after(&refused, &budget), Step::RenewToken);
        assert_eq!(retry.after(&not_now(Some(1)), &budget), Step::AtOnce);
        assert_eq!(retry.after(&refused, &budget), Step::RenewToken);
        assert_eq!(retry.after(&refused, &budget), Step::GiveUp);
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
        for endless in ["18446744073709551615", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(retry_after(endless, now), Some(LONGEST_PAUSE));
        }
    }
}
