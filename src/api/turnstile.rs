//! A turnstile that lets one request pass at a time, fairly: companies take turns, and within a company who came first
//! goes first.
//!
//! Why no company can starve: one that comes, or has had its turn and waits again, stands behind all others that wait.
//! So whoever waits sees each other company pass at most once before its own turn.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Who takes turns: a company, or all requests of no company together.
type Party = Option<String>;

/// The turnstile.
#[derive(Debug, Default)]
pub struct Turnstile(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    is_taken: bool,
    /// Those with somebody waiting, next one first.
    parties: VecDeque<Party>,
    waiting: HashMap<Party, VecDeque<oneshot::Sender<Turn>>>,
}

/// The right to pass. It goes to the next in line when it is dropped.
#[derive(Debug)]
pub struct Turn(Arc<Turnstile>);

impl Turnstile {
    /// Waits for the turn of a request of `company`.
    pub async fn enter(self: &Arc<Self>, company: Option<&str>) -> Turn {
        loop {
            let turn = {
                let mut line = self.line();
                if !line.is_taken {
                    line.is_taken = true;
                    return Turn(Arc::clone(self));
                }
                line.join(company.map(str::to_owned))
            };
            if let Ok(turn) = turn.await {
                return turn;
            }
        }
    }

    /// Requests in it, the one whose turn it is included.
    #[must_use]
    pub fn len(&self) -> usize {
        let line = self.line();
        let waiting = line.waiting.values().flatten();
        usize::from(line.is_taken) + waiting.filter(|waiter| !waiter.is_closed()).count()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn join(&mut self, party: Party) -> oneshot::Receiver<Turn> {
        let (waiter, turn) = oneshot::channel();
        if !self.waiting.contains_key(&party) {
            self.parties.push_back(party.clone());
        }
        self.waiting.entry(party).or_default().push_back(waiter);
        turn
    }

    /// Whose turn it is. Those who gave up waiting are passed over, and cost their company nothing.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        while let Some(party) = self.parties.pop_front() {
            let Some(waiters) = self.waiting.get_mut(&party) else {
                continue;
            };
            let next = std::iter::from_fn(|| waiters.pop_front()).find(|next| !next.is_closed());
            if waiters.is_empty() {
                self.waiting.remove(&party);
            } else {
                self.parties.push_back(party);
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut line = self.0.line();
            let next = line.next();
            line.is_taken = next.is_some();
            next
        };
        if let Some(next) = next {
            // Whoever gives up at this very moment sends the turn back, or drops it unread: then it passes itself on.
            let _ = next.send(Self(Arc::clone(&self.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets `requests` (their companies) queue up in this order behind a turn that is held, then lets them pass.
    async fn order(requests: &[&str]) -> Vec<String> {
        let turnstile = Arc::new(Turnstile::default());
        let held = turnstile.enter(None).await;
        let passed = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (index, request) in requests.iter().enumerate() {
            let (turnstile, passed) = (Arc::clone(&turnstile), Arc::clone(&passed));
            let company = request.to_string();
            tasks.push(tokio::spawn(async move {
                let company = (company != "-").then_some(company);
                let _turn = turnstile.enter(company.as_deref()).await;
                let name = company.unwrap_or_default();
                passed.lock().unwrap().push(format!("{name}{index}"));
            }));
            tokio::task::yield_now().await;
        }
        assert_eq!(turnstile.len(), 1 + requests.len());
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(turnstile.len(), 0);
        Arc::into_inner(passed).unwrap().into_inner().unwrap()
    }

    #[tokio::test]
    async fn companies_take_turns_and_within_one_the_first_goes_first() {
        let passed = order(&["a", "a", "a", "a", "b", "b", "-", "c"]).await;
        assert_eq!(passed, ["a0", "b4", "6", "c7", "a1", "b5", "a2", "a3"]);
    }

    #[tokio::test]
    async fn a_company_that_comes_late_waits_for_one_turn_of_each_other() {
        let turnstile = Arc::new(Turnstile::default());
        let mut held = turnstile.enter(None).await;
        let mut big: VecDeque<_> = (0..1000)
            .map(|_| Box::pin(turnstile.enter(Some("big"))))
            .collect();
        for waiter in &mut big {
            assert!(futures::poll!(waiter.as_mut()).is_pending());
        }
        drop(held);
        held = big.pop_front().unwrap().await;
        let mut small = Box::pin(turnstile.enter(Some("small")));
        assert!(futures::poll!(small.as_mut()).is_pending());
        drop(held);
        let held = big.pop_front().unwrap().await;
        assert!(futures::poll!(small.as_mut()).is_pending());
        drop(held);
        drop(small.await);
        drop(big.pop_front().unwrap().await);
    }

    #[tokio::test]
    async fn whoever_gives_up_neither_keeps_a_turn_nor_costs_one() {
        let turnstile = Arc::new(Turnstile::default());
        let held = turnstile.enter(None).await;
        let mut waiters: VecDeque<_> = ["a", "a", "b", "b"]
            .into_iter()
            .map(|company| Box::pin(turnstile.enter(Some(company))))
            .collect();
        for waiter in &mut waiters {
            assert!(futures::poll!(waiter.as_mut()).is_pending());
        }
        // The first gives up while it waits, the next one after the turn was given to it, before it knows.
        drop(waiters.pop_front());
        assert_eq!(turnstile.len(), 1 + 3);
        drop(held);
        drop(waiters.pop_front());
        drop(waiters.pop_front().unwrap().await);
        drop(waiters.pop_front());
        assert_eq!(turnstile.len(), 0);
        drop(turnstile.enter(Some("c")).await);
    }
}
