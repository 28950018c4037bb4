//! How hard the service may be asked: one budget per credential, shared by all requests.
//!
//! A cap on requests under way, a rate at which they start, and a gate that closes for all of them when the service
//! asks for a pause.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// The shared budget. Waiting requests are served in the order in which they came.
#[derive(Debug)]
pub struct Budget {
    slots: Semaphore,
    interval: Duration,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    /// The earliest start of the next request.
    next: Instant,
    /// No request starts before this.
    closed_until: Instant,
}

impl Budget {
    /// A budget of `concurrency` requests at once and `per_second` starts per second (0: no limit).
    #[must_use]
    pub fn new(concurrency: u32, per_second: f64) -> Self {
        let now = Instant::now();
        Self {
            slots: Semaphore::new(concurrency.max(1) as usize),
            interval: if per_second > 0.0 {
                Duration::from_secs_f64(1.0 / per_second)
            } else {
                Duration::ZERO
            },
            pace: Mutex::new(Pace {
                next: now,
                closed_until: now,
            }),
        }
    }

    /// Waits until a request may start. It is under way as long as the permit lives.
    pub async fn acquire(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.slots.acquire().await.ok()?;
        let turn = self.take_turn();
        loop {
            // The gate may close, or close for longer, while this request waits.
            let start = turn.max(self.pace().closed_until);
            if start <= Instant::now() {
                return Some(permit);
            }
            tokio::time::sleep_until(start).await;
        }
    }

    /// The earliest start by the rate alone.
    fn take_turn(&self) -> Instant {
        let mut pace = self.pace();
        let turn = pace.next.max(Instant::now());
        pace.next = turn + self.interval;
        turn
    }

    /// Lets no request start for `pause`.
    pub fn close_for(&self, pause: Duration) {
        let mut pace = self.pace();
        pace.closed_until = pace.closed_until.max(Instant::now() + pause);
        pace.next = pace.next.max(pace.closed_until);
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    async fn starts(budget: Arc<Budget>, requests: usize) -> Vec<u128> {
        let begin = Instant::now();
        let tasks: Vec<_> = (0..requests)
            .map(|_| {
                let budget = Arc::clone(&budget);
                tokio::spawn(async move {
                    let _permit = budget.acquire().await;
                    begin.elapsed().as_millis()
                })
            })
            .collect();
        let mut starts = Vec::new();
        for task in tasks {
            starts.push(task.await.unwrap());
        }
        starts.sort_unstable();
        starts
    }

    #[tokio::test(start_paused = true)]
    async fn requests_start_at_the_given_rate() {
        let budget = Arc::new(Budget::new(100, 5.0));
        let starts = starts(budget, 6).await;
        for (index, start) in starts.iter().enumerate() {
            let due = 200 * index as u128;
            assert!((due..=due + 2).contains(start), "{starts:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_holds_back_every_request() {
        let budget = Arc::new(Budget::new(100, 0.0));
        budget.close_for(Duration::from_secs(7));
        budget.close_for(Duration::from_secs(3));
        assert!(starts(budget, 4).await.iter().all(|start| *start >= 7_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_that_closes_while_a_request_waits_for_its_turn_holds_it_back() {
        let budget = Arc::new(Budget::new(100, 1.0));
        let waiting = tokio::spawn(starts(Arc::clone(&budget), 2));
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_millis(500)).await;
        budget.close_for(Duration::from_secs(10));
        assert!(waiting.await.unwrap()[1] >= 10_500);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_requests_are_under_way_than_allowed() {
        let budget = Budget::new(2, 0.0);
        let _first = budget.acquire().await;
        let second = budget.acquire().await;
        let third = tokio::time::timeout(Duration::from_secs(60), budget.acquire()).await;
        assert!(third.is_err());
        drop(second);
        assert!(budget.acquire().await.is_some());
    }
}
