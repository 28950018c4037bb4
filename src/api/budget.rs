//! How hard the service may be asked: one budget per credential, shared by all requests.
//!
//! A request passes a turnstile (fair between companies, see [`super::turnstile`]), and at its head waits for three
//! things: that the gate is open, which closes for all when the service asks for a pause; that the rate allows another
//! start; and that fewer requests are under way than the present width.
//!
//! The width adapts: it begins small, grows by one for each round of good answers while it is used up, and halves when
//! the service is overloaded, once per burst: the answers to requests that were sent before a halving say nothing
//! about the new width.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::warn;

use super::pace::{Agreement, Pace, Start};
use super::turnstile::Turnstile;

/// The width to begin with.
const FIRST_WIDTH: u32 = 2;
/// How long the agreement with other processes is waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The shared budget.
#[derive(Debug)]
pub struct Budget {
    turnstile: Arc<Turnstile>,
    max_width: u32,
    state: Mutex<State>,
    /// Without one, nobody else is asked.
    agreement: OnceLock<Arc<dyn Agreement>>,
    /// Tells the request at the head of the turnstile that one has ended.
    ended: Notify,
}

#[derive(Debug)]
struct State {
    /// Requests that may be under way at once.
    width: u32,
    under_way: u32,
    /// Halvings so far.
    epoch: u64,
    /// Good answers of the present round.
    good: u32,
    /// Whether the width was reached in the present round.
    was_full: bool,
    /// When the next request may start by the rate.
    pace: Pace,
    /// No request starts before this.
    closed_until: Instant,
    /// The others do not know that yet.
    is_unannounced: bool,
}

/// Whether a request may start.
enum Admission {
    /// In this epoch.
    Now(u64),
    At(Instant),
    WhenOneEnds,
    /// After so many slots were asked for.
    WhenAgreed(u32),
}

/// A request under way, as long as this lives.
#[derive(Debug)]
pub struct Permit<'b> {
    budget: &'b Budget,
    epoch: u64,
}

impl Budget {
    /// A budget of at most `max_width` requests at once and `per_second` starts per second (0: no limit).
    #[must_use]
    pub fn new(max_width: u32, per_second: f64) -> Self {
        let now = Instant::now();
        let max_width = max_width.max(1);
        Self {
            turnstile: Arc::default(),
            max_width,
            state: Mutex::new(State {
                width: FIRST_WIDTH.min(max_width),
                under_way: 0,
                epoch: 0,
                good: 0,
                was_full: false,
                pace: Pace::new(per_second),
                closed_until: now,
                is_unannounced: false,
            }),
            agreement: OnceLock::new(),
            ended: Notify::new(),
        }
    }

    /// Keeps rate and gate together with all who are party to `agreement`. The first one stays.
    pub fn share(&self, agreement: Arc<dyn Agreement>) {
        if self.agreement.set(agreement).is_ok() {
            self.state().pace.share();
        }
    }

    /// Waits until a request of `company` may start. An error: the gate is closed for so long, longer than `patience`.
    pub async fn acquire(
        &self,
        company: Option<&str>,
        patience: Duration,
    ) -> Result<Permit<'_>, Duration> {
        let _turn = self.turnstile.enter(company).await;
        loop {
            let closed_for = self.closed_for();
            if closed_for > patience {
                return Err(closed_for);
            }
            // The gate may close, or close for longer, and the width may shrink, while this request waits.
            match self.admit() {
                Admission::Now(epoch) => {
                    return Ok(Permit {
                        budget: self,
                        epoch,
                    });
                }
                Admission::At(start) => tokio::time::sleep_until(start).await,
                Admission::WhenOneEnds => self.ended.notified().await,
                Admission::WhenAgreed(slots) => self.agree(slots).await,
            }
        }
    }

    /// Asks for so many slots, and what the others know of the gate. Only one request at a time does: the head of the line.
    async fn agree(&self, slots: u32) {
        let Some(agreement) = self.agreement.get() else {
            return;
        };
        if !self.announce().await {
            return;
        }
        let (asked_at, interval) = (Instant::now(), self.state().pace.interval());
        let asked = match slots {
            0 => agreement.look(),
            slots => agreement.reserve(slots, interval),
        };
        let Some(reserved) = self.answered(asked).await else {
            return;
        };
        let (mut state, now) = (self.state(), Instant::now());
        state.closed_until = state.closed_until.max(now + reserved.closed_for);
        state.pace.take(slots, reserved.starts_in, asked_at, now);
    }

    /// Tells the others that the gate is closed, unless they know. False: they are out of reach.
    pub async fn announce(&self) -> bool {
        let (pause, closed_until) = {
            let mut state = self.state();
            let pause = state.closed_until.saturating_duration_since(Instant::now());
            state.is_unannounced &= !pause.is_zero();
            if !state.is_unannounced {
                return true;
            }
            (pause, state.closed_until)
        };
        let Some(agreement) = self.agreement.get() else {
            return true;
        };
        if self.answered(agreement.close_for(pause)).await.is_none() {
            return false;
        }
        let mut state = self.state();
        state.is_unannounced &= state.closed_until > closed_until;
        true
    }

    /// What the agreement answers, in time; else this process goes on alone for a while.
    async fn answered<T>(&self, asked: impl Future<Output = Result<T, String>>) -> Option<T> {
        let answer = tokio::time::timeout(ANSWER_WITHIN, asked).await;
        let reason = match answer {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(reason)) => reason,
            Err(_) => format!("no answer within {} s", ANSWER_WITHIN.as_secs()),
        };
        if self.state().pace.go_alone(Instant::now()) {
            warn!(%reason, "this process keeps half the rate, as long as it cannot agree with others on the whole");
        }
        None
    }

    fn admit(&self) -> Admission {
        let mut state = self.state();
        if state.under_way >= state.width {
            state.was_full = true;
            return Admission::WhenOneEnds;
        }
        let now = Instant::now();
        if state.closed_until > now {
            return Admission::At(state.closed_until);
        }
        let opened_at = state.closed_until;
        match state.pace.start(now, opened_at) {
            Start::Now => {
                state.under_way += 1;
                Admission::Now(state.epoch)
            }
            Start::At(start) => Admission::At(start),
            Start::Ask(slots) => Admission::WhenAgreed(slots),
        }
    }

    /// Lets no request start for `pause`; those of other processes once that is announced.
    pub fn close_for(&self, pause: Duration) {
        let mut state = self.state();
        let until = Instant::now() + pause;
        if until > state.closed_until {
            (state.closed_until, state.is_unannounced) = (until, true);
        }
    }

    /// For how long no request starts.
    #[must_use]
    pub fn closed_for(&self) -> Duration {
        let closed_until = self.state().closed_until;
        closed_until.saturating_duration_since(Instant::now())
    }

    /// Requests that may be under way at once, at present.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.state().width
    }

    /// Requests that wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.turnstile.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The request was answered well.
    pub fn note_success(&self) {
        let mut state = self.budget.state();
        if self.epoch != state.epoch {
            return;
        }
        state.good += 1;
        if state.good >= state.width {
            // A width that nobody used up proves nothing about a larger one.
            if state.was_full && state.width < self.budget.max_width {
                state.width += 1;
            }
            state.good = 0;
            state.was_full = false;
        }
    }

    /// The service is overloaded.
    pub fn note_overload(&self) {
        let mut state = self.budget.state();
        if self.epoch != state.epoch {
            return;
        }
        state.width = (state.width / 2).max(1);
        state.epoch += 1;
        state.good = 0;
        state.was_full = false;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.budget.state().under_way -= 1;
        self.budget.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_hours(6);

    async fn acquire(budget: &Budget) -> Permit<'_> {
        budget.acquire(None, PATIENCE).await.unwrap()
    }

    /// When each of so many requests, that take no time, is sent.
    async fn starts(budget: Arc<Budget>, requests: usize) -> Vec<u128> {
        let begin = Instant::now();
        let tasks: Vec<_> = (0..requests)
            .map(|_| {
                let budget = Arc::clone(&budget);
                tokio::spawn(async move {
                    let _permit = acquire(&budget).await;
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

    /// The widths after each of `rounds` bursts as wide as allowed, whose answers are noted by `note`.
    async fn widths<'b>(budget: &'b Budget, rounds: usize, note: impl Fn(&Permit<'b>)) -> Vec<u32> {
        let mut widths = Vec::new();
        for _ in 0..rounds {
            let mut permits = Vec::new();
            for _ in 0..budget.width() {
                permits.push(acquire(budget).await);
            }
            let one_more = tokio::time::timeout(Duration::from_secs(1), acquire(budget)).await;
            assert!(one_more.is_err(), "more than {} at once", permits.len());
            permits.iter().for_each(&note);
            drop(permits);
            widths.push(budget.width());
        }
        widths
    }

    #[tokio::test(start_paused = true)]
    async fn the_width_grows_by_one_a_round_up_to_its_bound_and_halves_once_a_burst() {
        let budget = Budget::new(6, 0.0);
        assert_eq!(budget.width(), 2);
        let grown = widths(&budget, 5, Permit::note_success).await;
        assert_eq!(grown, [3, 4, 5, 6, 6]);
        let halved = widths(&budget, 4, Permit::note_overload).await;
        assert_eq!(halved, [3, 1, 1, 1]);
        assert_eq!(widths(&budget, 1, Permit::note_success).await, [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_to_what_was_sent_before_a_halving_do_not_count() {
        let budget = Budget::new(8, 0.0);
        widths(&budget, 6, Permit::note_success).await;
        let (first, second) = (acquire(&budget).await, acquire(&budget).await);
        first.note_overload();
        for _ in 0..20 {
            second.note_success();
        }
        second.note_overload();
        assert_eq!(budget.width(), 4);
        acquire(&budget).await.note_overload();
        assert_eq!(budget.width(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_width_that_is_not_used_up_does_not_grow() {
        let budget = Budget::new(8, 5.0);
        for _ in 0..50 {
            acquire(&budget).await.note_success();
        }
        assert_eq!(budget.width(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_single_request_at_once_stays_one() {
        let budget = Budget::new(1, 0.0);
        assert_eq!(widths(&budget, 3, Permit::note_success).await, [1, 1, 1]);
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
    async fn a_closed_gate_holds_back_every_request_and_opens_at_the_given_rate() {
        let budget = Arc::new(Budget::new(100, 1.0));
        budget.close_for(Duration::from_secs(7));
        budget.close_for(Duration::from_secs(3));
        let starts = starts(budget, 3).await;
        for (index, start) in starts.iter().enumerate() {
            let due = 7_000 + 1_000 * index as u128;
            assert!((due..=due + 2).contains(start), "{starts:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_that_closes_while_a_request_waits_for_its_turn_holds_it_back() {
        let budget = Arc::new(Budget::new(100, 1.0));
        let waiting = tokio::spawn(starts(Arc::clone(&budget), 2));
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(budget.waiting(), 1);
        budget.close_for(Duration::from_secs(10));
        assert!(waiting.await.unwrap()[1] >= 10_500);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_at_a_gate_that_is_closed_for_longer_than_their_patience() {
        let budget = Budget::new(1, 0.0);
        budget.close_for(Duration::from_hours(24));
        let refused = budget.acquire(None, PATIENCE).await.unwrap_err();
        assert_eq!(refused, Duration::from_hours(24));
        tokio::time::advance(Duration::from_hours(18)).await;
        assert!(budget.acquire(None, PATIENCE).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_gives_up_waiting_leaves_its_slot_and_its_start_to_the_next() {
        let budget = Budget::new(1, 1.0);
        let first = acquire(&budget).await;
        for _ in 0..3 {
            let given_up = tokio::time::timeout(Duration::from_millis(100), acquire(&budget)).await;
            assert!(given_up.is_err());
        }
        drop(first);
        let begin = Instant::now();
        let given_up = tokio::time::timeout(Duration::from_millis(100), acquire(&budget)).await;
        assert!(given_up.is_err());
        drop(acquire(&budget).await);
        assert!(begin.elapsed() <= Duration::from_secs(1));
        assert_eq!((budget.waiting(), budget.state().under_way), (0, 0));
    }

    /// In which order requests are sent, when this many of two companies come at once, the large one first.
    async fn order(width: u32, large: usize, small: usize) -> String {
        let budget = Arc::new(Budget::new(width, 5.0));
        let sent = Arc::new(Mutex::new(String::new()));
        let companies = std::iter::repeat_n("L", large).chain(std::iter::repeat_n("s", small));
        let tasks: Vec<_> = companies
            .map(|company| {
                let (budget, sent) = (Arc::clone(&budget), Arc::clone(&sent));
                tokio::spawn(async move {
                    let permit = budget.acquire(Some(company), PATIENCE).await.unwrap();
                    sent.lock().unwrap().push_str(company);
                    tokio::time::sleep(Duration::from_millis(900)).await;
                    permit.note_success();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        Arc::into_inner(sent).unwrap().into_inner().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_company_does_not_starve_a_small_one_at_any_width() {
        for width in [1, 2, 8] {
            assert_eq!(order(width, 8, 4).await, "LLLsLsLsLsLL", "width {width}");
        }
    }
}
