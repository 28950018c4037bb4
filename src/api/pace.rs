//! When the next request may start by the rate: by this process alone, or as all processes of the account agree.
//!
//! Those who agree use *slots*, starts one interval apart, which each reserves a few at a time: at most a second's worth,
//! and fewer when it does not use them up. A slot that is not used in its time lapses, so that nobody has a stock of them
//! to use up at once. While the agreement is out of reach, this process goes on at half its rate: so a daemon and a
//! command beside it do not exceed the rate together even then.

use std::fmt::Debug;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

/// The grain of timers: a start that is late by this much does not delay the next ones.
const GRAIN: Duration = Duration::from_millis(2);
/// How old the knowledge of the others' gate may be when a request starts; slots are reserved for as long at most.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// After how long an agreement that was out of reach is asked for again.
const ALONE_FOR: Duration = Duration::from_secs(10);

/// What all processes of an account agree on: one rate, and one gate, which closes when the service asks for a pause.
/// An error is a reason.
pub trait Agreement: Debug + Send + Sync {
    /// Reserves the next `slots` starts, one `interval` apart.
    fn reserve(&self, slots: u32, interval: Duration) -> BoxFuture<'_, Result<Reserved, String>>;

    /// Reserves nothing, and looks at the gate.
    fn look(&self) -> BoxFuture<'_, Result<Reserved, String>>;

    /// Closes the gate for all.
    fn close_for(&self, pause: Duration) -> BoxFuture<'_, Result<(), String>>;
}

/// An answer of the agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// When the first slot begins, from now on.
    pub starts_in: Duration,
    /// For how long the gate is closed.
    pub closed_for: Duration,
}

/// Whether a request may start by the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Now; the start is taken.
    Now,
    /// Not before.
    At(Instant),
    /// Ask for so many slots; for none, look at the gate.
    Ask(u32),
}

/// The rate of one process.
#[derive(Debug)]
pub struct Pace {
    /// Between two starts; zero: no limit.
    interval: Duration,
    /// The next start.
    next: Instant,
    /// Set when others are asked.
    shared: Option<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Slots of the last chunk, and how many of them were used.
    granted: u32,
    used: u32,
    /// Those still in hand.
    left: u32,
    /// From when on the gate is looked at before a request starts.
    look_at: Instant,
    /// Until then the agreement is out of reach.
    alone_until: Option<Instant>,
}

impl Pace {
    /// So many starts per second (0: no limit), agreed with nobody.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        Self {
            interval: if per_second > 0.0 {
                Duration::from_secs_f64(1.0 / per_second)
            } else {
                Duration::ZERO
            },
            next: Instant::now(),
            shared: None,
        }
    }

    /// Between two starts; zero: no limit.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// From now on others are asked.
    pub fn share(&mut self) {
        self.shared = Some(Shared {
            granted: 0,
            used: 0,
            left: 0,
            look_at: Instant::now(),
            alone_until: None,
        });
    }

    /// Takes a start, if there is one; the gate is open since `opened_at`.
    pub fn start(&mut self, now: Instant, opened_at: Instant) -> Start {
        let interval = self.interval;
        let Some(shared) = &mut self.shared else {
            return self.start_alone(interval, now, opened_at);
        };
        if shared.alone_until.is_some_and(|until| now < until) {
            return self.start_alone(interval * 2, now, opened_at);
        }
        if interval.is_zero() {
            let is_fresh = now < shared.look_at;
            return if is_fresh { Start::Now } else { Start::Ask(0) };
        }
        let usable = interval.max(GRAIN);
        while shared.left > 0 && self.next + usable <= now {
            self.next += interval;
            shared.left -= 1;
        }
        if shared.left == 0 {
            return Start::Ask(shared.wanted(interval));
        }
        if self.next > now {
            return Start::At(self.next);
        }
        if now >= shared.look_at {
            return Start::Ask(0);
        }
        self.next += interval;
        shared.left -= 1;
        shared.used += 1;
        Start::Now
    }

    fn start_alone(&mut self, interval: Duration, now: Instant, opened_at: Instant) -> Start {
        if self.next > now {
            return Start::At(self.next);
        }
        let earliest = self.next.max(now.checked_sub(GRAIN).unwrap_or(now));
        self.next = earliest.max(opened_at) + interval;
        Start::Now
    }

    /// Takes the answer to what was asked at `asked_at`: so many slots, or a look only.
    pub fn take(&mut self, slots: u32, starts_in: Duration, asked_at: Instant, now: Instant) {
        let Some(shared) = &mut self.shared else {
            return;
        };
        shared.alone_until = None;
        shared.look_at = now + FRESH_FOR;
        if slots == 0 {
            return;
        }
        self.next = now + starts_in;
        // The slots were counted at some time between question and answer. After a slow answer, the last ones of this
        // process would fall into the time of others: they are not used.
        let usable = self.interval.max(GRAIN);
        let late = (now - asked_at).saturating_sub(usable);
        let lost = (late.as_secs_f64() / self.interval.as_secs_f64()) as u32;
        (shared.granted, shared.used) = (slots.saturating_sub(lost).max(1), 0);
        shared.left = shared.granted;
    }

    /// The agreement is out of reach. True when it was not before.
    pub fn go_alone(&mut self, now: Instant) -> bool {
        let Some(shared) = &mut self.shared else {
            return false;
        };
        (shared.granted, shared.used, shared.left) = (0, 0, 0);
        shared.look_at = now;
        shared.alone_until.replace(now + ALONE_FOR).is_none()
    }
}

impl Shared {
    /// Slots to ask for: who uses up what it has gets more at once, who does not leaves the rest to others.
    fn wanted(&self, interval: Duration) -> u32 {
        let most = (FRESH_FOR.as_secs_f64() / interval.as_secs_f64()) as u32;
        if self.used < self.granted {
            self.used.max(1)
        } else {
            (self.granted * 2).clamp(1, most.max(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::api::budget::Budget;

    const PATIENCE: Duration = Duration::from_hours(6);

    /// An agreement in memory.
    #[derive(Debug)]
    struct Book {
        next: Mutex<Instant>,
        closed_until: Mutex<Instant>,
        /// Questions so far.
        asked: Mutex<u32>,
        is_away: Mutex<bool>,
        answers_after: Duration,
    }

    impl Book {
        fn answering_after(answers_after: Duration) -> Arc<Self> {
            let now = Instant::now();
            Arc::new(Self {
                next: Mutex::new(now),
                closed_until: Mutex::new(now),
                asked: Mutex::default(),
                is_away: Mutex::default(),
                answers_after,
            })
        }

        fn new() -> Arc<Self> {
            Self::answering_after(Duration::ZERO)
        }

        fn asked(&self) -> u32 {
            *self.asked.lock().unwrap()
        }

        fn ask(&self) -> Result<Instant, String> {
            *self.asked.lock().unwrap() += 1;
            if *self.is_away.lock().unwrap() {
                return Err("it is away".to_owned());
            }
            Ok(Instant::now())
        }

        async fn advance(&self, by: Duration) -> Result<Reserved, String> {
            let now = self.ask()?;
            let answer = {
                let mut next = self.next.lock().unwrap();
                let first = (*next).max(now);
                *next = first + by;
                Reserved {
                    starts_in: first - now,
                    closed_for: *self.closed_until.lock().unwrap() - now,
                }
            };
            tokio::time::sleep(self.answers_after).await;
            Ok(answer)
        }
    }

    impl Agreement for Book {
        fn reserve(
            &self,
            slots: u32,
            interval: Duration,
        ) -> BoxFuture<'_, Result<Reserved, String>> {
            Box::pin(self.advance(slots * interval))
        }

        fn look(&self) -> BoxFuture<'_, Result<Reserved, String>> {
            Box::pin(self.advance(Duration::ZERO))
        }

        fn close_for(&self, pause: Duration) -> BoxFuture<'_, Result<(), String>> {
            Box::pin(async move {
                *self.closed_until.lock().unwrap() = self.ask()? + pause;
                Ok(())
            })
        }
    }

    /// The budget of a process that is party to `book`.
    fn party(book: &Arc<Book>, per_second: f64) -> Arc<Budget> {
        let budget = Budget::new(100, per_second);
        budget.share(book.clone());
        Arc::new(budget)
    }

    /// When each of so many requests of one process is sent, that come one after the other after `pause`.
    fn starts(
        budget: &Arc<Budget>,
        requests: usize,
        pause: Duration,
    ) -> tokio::task::JoinHandle<Vec<Instant>> {
        let budget = Arc::clone(budget);
        tokio::spawn(async move {
            let mut starts = Vec::new();
            for _ in 0..requests {
                drop(budget.acquire(None, PATIENCE).await.unwrap());
                starts.push(Instant::now());
                tokio::time::sleep(pause).await;
            }
            starts
        })
    }

    /// All of them in order.
    async fn together(tasks: Vec<tokio::task::JoinHandle<Vec<Instant>>>) -> Vec<Instant> {
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        all.sort_unstable();
        all
    }

    /// The most starts in any second.
    fn most_in_a_second(starts: &[Instant]) -> usize {
        let within = |first: &Instant| {
            let second = *first..*first + Duration::from_secs(1);
            starts.iter().filter(|start| second.contains(start)).count()
        };
        starts.iter().map(within).max().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn processes_together_keep_the_rate_in_every_second_and_use_all_of_it() {
        for delay in [0, 40, 300] {
            let book = Book::answering_after(Duration::from_millis(delay));
            let begin = Instant::now();
            let parties = (0..3).map(|_| starts(&party(&book, 10.0), 100, Duration::ZERO));
            let all = together(parties.collect()).await;
            // A slot may be used at its end, and the next one at its beginning.
            assert!(most_in_a_second(&all) <= 11, "{delay}: {all:?}");
            let took = *all.last().unwrap() - begin;
            assert!(took >= Duration::from_millis(29_900), "{delay}: {took:?}");
            if delay < 100 {
                assert!(took <= Duration::from_millis(32_000), "{delay}: {took:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_uses_little_leaves_the_rest_to_the_other() {
        let book = Book::new();
        let idle = starts(&party(&book, 10.0), 20, Duration::from_secs(1));
        let busy = starts(&party(&book, 10.0), 180, Duration::ZERO);
        let all = together(vec![idle, busy]).await;
        assert!(most_in_a_second(&all) <= 11);
        let took = *all.last().unwrap() - all[0];
        assert!(took <= Duration::from_secs(24), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_asked_for_every_request() {
        let book = Book::new();
        let all = together(vec![starts(&party(&book, 100.0), 1_000, Duration::ZERO)]).await;
        assert!(most_in_a_second(&all) <= 101);
        assert!(book.asked() <= 25, "{}", book.asked());
        // Without a limit only the gate is looked at, once a second.
        let book = Book::new();
        let pause = Duration::from_millis(10);
        together(vec![starts(&party(&book, 0.0), 1_000, pause)]).await;
        assert!((9..=11).contains(&book.asked()), "{}", book.asked());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_asked_of_one_holds_the_others_back_within_a_second() {
        for per_second in [0.0, 10.0] {
            let book = Book::new();
            let (one, other) = (party(&book, per_second), party(&book, per_second));
            let begin = Instant::now();
            let pause = Duration::from_millis(50);
            let before = together(vec![starts(&other, 20, pause)]).await;
            assert!(*before.last().unwrap() - begin < Duration::from_secs(5));
            one.close_for(Duration::from_secs(60));
            assert!(one.announce().await);
            let opens = Instant::now() + Duration::from_secs(60);
            let after = together(vec![starts(&other, 40, pause)]).await;
            let known = opens - Duration::from_secs(59);
            let early = |start: &&Instant| known < **start && **start < opens;
            assert_eq!(after.iter().find(early), None);
            assert!(after.iter().any(|start| *start >= opens));
            // Who begins now knows it at once.
            one.close_for(Duration::from_secs(60));
            assert!(one.announce().await);
            let newcomer = party(&book, per_second);
            let refused = newcomer.acquire(None, Duration::from_secs(1)).await;
            assert!(refused.is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn alone_it_goes_on_at_half_the_rate_and_asks_again_now_and_then() {
        let book = Book::new();
        *book.is_away.lock().unwrap() = true;
        let budget = party(&book, 10.0);
        let begin = Instant::now();
        let all = together(vec![starts(&budget, 100, Duration::ZERO)]).await;
        assert!(most_in_a_second(&all) <= 6);
        assert!(*all.last().unwrap() - begin <= Duration::from_secs(21));
        assert!(book.asked() <= 3, "{}", book.asked());
        // A pause that could not be announced is, once the others can be told.
        budget.close_for(Duration::from_secs(60));
        assert!(!budget.announce().await);
        *book.is_away.lock().unwrap() = false;
        tokio::time::advance(ALONE_FOR).await;
        let all = together(vec![starts(&budget, 100, Duration::ZERO)]).await;
        let took = *all.last().unwrap() - all[0];
        assert!((9_800..=11_000).contains(&took.as_millis()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_agreement_that_never_answers_is_not_waited_for_long() {
        let book = Book::answering_after(Duration::from_hours(1));
        let begin = Instant::now();
        together(vec![starts(&party(&book, 10.0), 10, Duration::ZERO)]).await;
        assert!(
            begin.elapsed() <= Duration::from_secs(8),
            "{:?}",
            begin.elapsed()
        );
    }
}
