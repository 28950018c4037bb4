//! The day's requests, where they are limited: taken in chunks from a count that other processes share.
//!
//! The day is the UTC day of the clock. What is left of a chunk when a run ends is given back; what a killed process
//! held is lost for the day, so the limit is never exceeded.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use chrono::{NaiveDate, NaiveTime};
use futures::future::BoxFuture;

use super::error::ApiErrorKind;
use crate::clock::SharedClock;

/// Requests taken at once: few enough that it matters little when they are lost, enough that the count is not asked often.
const CHUNK: u64 = 20;

/// The count of an account's requests per day.
pub trait Allowance: Debug + Send + Sync {
    /// Requests allowed per day.
    fn limit(&self) -> u64;

    /// Takes up to `wanted` requests of `day`, after adding `sent` that were sent uncounted. An error is a reason.
    fn take(&self, day: NaiveDate, sent: u64, wanted: u64) -> BoxFuture<'_, Result<Grant, String>>;

    /// Gives back `rest` requests of `day`.
    fn give_back(&self, day: NaiveDate, rest: u64) -> BoxFuture<'_, Result<(), String>>;
}

/// An answer of the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Requests that may be sent.
    pub granted: u64,
    /// Requests of the day that are taken now, by everybody.
    pub taken: u64,
}

/// The day's requests of one client.
#[derive(Debug)]
pub struct Daily {
    clock: SharedClock,
    /// Without one, nothing is limited.
    allowance: OnceLock<Arc<dyn Allowance>>,
    held: Mutex<Held>,
    /// The count is asked by one request at a time.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Held {
    /// Requests sent before there was an allowance.
    uncounted: u64,
    day: NaiveDate,
    left: u64,
    taken: u64,
    /// Set when the limit was met; nothing is sent until the run has ended.
    refused: Option<ApiErrorKind>,
}

impl Daily {
    /// Not limited yet.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            allowance: OnceLock::new(),
            held: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// Takes every further request from `allowance`, and those sent so far too. The first allowance stays.
    pub fn hold_to(&self, allowance: Arc<dyn Allowance>) {
        let _ = self.allowance.set(allowance);
    }

    /// Takes one request.
    pub async fn take(&self) -> Result<(), ApiErrorKind> {
        let Some(allowance) = self.allowance.get() else {
            self.held().uncounted += 1;
            return Ok(());
        };
        if self.take_held()? {
            return Ok(());
        }
        let _asking = self.asking.lock().await;
        // Somebody else may have asked meanwhile.
        if self.take_held()? {
            return Ok(());
        }
        let (today, sent) = (self.today(), self.held().uncounted);
        let answer = allowance.take(today, sent, CHUNK).await;
        let grant = answer.map_err(ApiErrorKind::AllowanceUnknown)?;
        let mut held = self.held();
        held.uncounted -= sent;
        (held.day, held.left, held.taken) = (today, grant.granted, grant.taken);
        if held.left == 0 {
            let tomorrow = today.succ_opt().unwrap_or(today).and_time(NaiveTime::MIN);
            let refusal = ApiErrorKind::DailyLimit {
                limit: allowance.limit(),
                resets_at: tomorrow.and_utc(),
            };
            held.refused = Some(refusal.clone());
            return Err(refusal);
        }
        held.left -= 1;
        Ok(())
    }

    /// Why nothing more is sent, once the limit was met.
    #[must_use]
    pub fn refusal(&self) -> Option<ApiErrorKind> {
        self.held().refused.clone()
    }

    /// Ends a run: gives back what is left, and lets the next run ask again.
    pub async fn give_back(&self) -> Result<(), String> {
        let Some(allowance) = self.allowance.get() else {
            return Ok(());
        };
        let (day, left) = {
            let mut held = self.held();
            held.refused = None;
            held.taken -= held.left;
            (held.day, std::mem::take(&mut held.left))
        };
        match left {
            0 => Ok(()),
            left => allowance.give_back(day, left).await,
        }
    }

    /// Requests sent today on behalf of the account, as far as this client knows; `None` without a limit.
    #[must_use]
    pub fn used(&self) -> Option<u64> {
        self.allowance.get()?;
        let held = self.held();
        let is_known = held.day == self.today();
        Some(held.uncounted + if is_known { held.taken - held.left } else { 0 })
    }

    /// Takes a request of the chunk in hand, if there is one.
    fn take_held(&self) -> Result<bool, ApiErrorKind> {
        let today = self.today();
        let mut held = self.held();
        if let Some(refusal) = &held.refused {
            return Err(refusal.clone());
        }
        let is_left = held.day == today && held.left > 0;
        held.left -= u64::from(is_left);
        Ok(is_left)
    }

    fn today(&self) -> NaiveDate {
        self.clock.now().date_naive()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    /// A count in memory.
    #[derive(Debug, Default)]
    struct Count {
        limit: u64,
        state: Mutex<(NaiveDate, u64)>,
        asked: Mutex<u32>,
    }

    impl Allowance for Count {
        fn limit(&self) -> u64 {
            self.limit
        }

        fn take(
            &self,
            day: NaiveDate,
            sent: u64,
            wanted: u64,
        ) -> BoxFuture<'_, Result<Grant, String>> {
            Box::pin(async move {
                *self.asked.lock().unwrap() += 1;
                let mut state = self.state.lock().unwrap();
                let before = if state.0 == day { state.1 } else { 0 } + sent;
                let granted = wanted.min(self.limit.saturating_sub(before));
                *state = (day, before + granted);
                let taken = state.1;
                Ok(Grant { granted, taken })
            })
        }

        fn give_back(&self, day: NaiveDate, rest: u64) -> BoxFuture<'_, Result<(), String>> {
            Box::pin(async move {
                let mut state = self.state.lock().unwrap();
                assert_eq!(state.0, day);
                state.1 -= rest;
                Ok(())
            })
        }
    }

    fn limited(limit: u64) -> (Arc<Count>, Arc<ManualClock>, Daily) {
        let count = Arc::new(Count {
            limit,
            ..Count::default()
        });
        let clock = ManualClock::at("2026-07-01T23:59:00Z".parse().unwrap());
        let daily = Daily::new(clock.clone());
        (count, clock, daily)
    }

    #[tokio::test]
    async fn without_a_limit_everything_is_granted() {
        let (_, _, daily) = limited(0);
        for _ in 0..100 {
            daily.take().await.unwrap();
        }
        assert_eq!(daily.used(), None);
        daily.give_back().await.unwrap();
    }

    #[tokio::test]
    async fn the_limit_is_kept_to_the_request_and_what_was_sent_before_it_counts() {
        let (count, clock, daily) = limited(50);
        for _ in 0..3 {
            daily.take().await.unwrap();
        }
        daily.hold_to(count.clone());
        for sent in 3..50 {
            assert_eq!(daily.used(), Some(sent));
            daily.take().await.unwrap();
        }
        let refusal = daily.take().await.unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the 50 requests of the day (api.daily_requests) are used up, new ones are counted from 2026-07-02 00:00 UTC"
        );
        assert_eq!(daily.refusal(), Some(refusal));
        // Three chunks, the last one smaller, and the refusal; not again once refused.
        assert!(daily.take().await.is_err());
        assert_eq!(*count.asked.lock().unwrap(), 4);
        // The next day counts anew, for the next run.
        clock.advance(chrono::TimeDelta::minutes(2));
        assert!(daily.take().await.is_err());
        daily.give_back().await.unwrap();
        daily.take().await.unwrap();
        assert_eq!((daily.used(), daily.refusal()), (Some(1), None));
    }

    #[tokio::test]
    async fn what_is_left_of_a_chunk_is_given_back_and_void_the_next_day() {
        let (count, clock, daily) = limited(50);
        daily.hold_to(count.clone());
        daily.take().await.unwrap();
        daily.give_back().await.unwrap();
        daily.give_back().await.unwrap();
        assert_eq!((count.state.lock().unwrap().1, daily.used()), (1, Some(1)));
        daily.take().await.unwrap();
        clock.advance(chrono::TimeDelta::minutes(2));
        daily.take().await.unwrap();
        assert_eq!((count.state.lock().unwrap().1, daily.used()), (20, Some(1)));
    }

    #[tokio::test]
    async fn many_requests_at_once_ask_once() {
        let (count, _, daily) = limited(1_000);
        daily.hold_to(count.clone());
        let all = futures::future::join_all((0..20).map(|_| daily.take())).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(*count.asked.lock().unwrap(), 1);
    }
}
