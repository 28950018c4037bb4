//! How far a run is, and since when it has not got on: for its heartbeat, and for whoever watches it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::report::{CompanyReport, Progress, RunReport};
use crate::api::Client;
use crate::clock::SharedClock;
use crate::warehouse::load::Effect;
use crate::warehouse::runs::Pace;

/// No run has this number.
const NO_RUN: i64 = 0;

/// What is known of a run under way.
#[derive(Debug)]
pub struct Pulse {
    client: Client,
    clock: SharedClock,
    requests_before: u64,
    run_id: AtomicI64,
    companies: AtomicU64,
    is_listed: std::sync::atomic::AtomicBool,
    read: AtomicU64,
    done: AtomicU64,
    rows: Mutex<Effect>,
    last: Mutex<(Mark, DateTime<Utc>)>,
}

/// What grows while a run gets on: requests answered, rows committed, companies read and done.
type Mark = [u64; 4];

impl Pulse {
    /// Of a run that begins now and asks through `client`.
    #[must_use]
    pub fn new(client: &Client, clock: &SharedClock) -> Self {
        Self {
            requests_before: client.all_requests(),
            run_id: AtomicI64::new(NO_RUN),
            companies: AtomicU64::new(0),
            is_listed: false.into(),
            read: AtomicU64::new(0),
            done: AtomicU64::new(0),
            rows: Mutex::default(),
            last: Mutex::new(([client.answered(), 0, 0, 0], clock.now())),
            client: client.clone(),
            clock: clock.clone(),
        }
    }

    /// The run's number, once it has one.
    #[must_use]
    pub fn run_id(&self) -> Option<i64> {
        Some(self.run_id.load(Ordering::Relaxed)).filter(|id| *id != NO_RUN)
    }

    pub(super) fn note_run(&self, id: i64) {
        self.run_id.store(id, Ordering::Relaxed);
    }

    /// Looks how far the run is. A wait that the service asked for is no standstill.
    #[must_use]
    pub fn look(&self) -> Pace {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let rows = *self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = [
            self.client.answered(),
            rows.received() + rows.deleted,
            count(&self.read),
            count(&self.done),
        ];
        let is_put_off = self.client.closed_until().is_some();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != mark || is_put_off {
            *last = (mark, self.clock.now());
        }
        Pace {
            requests: self.client.all_requests() - self.requests_before,
            companies_total: self
                .is_listed
                .load(Ordering::Relaxed)
                .then(|| count(&self.companies)),
            companies_done: count(&self.done),
            progressed_at: last.1,
            rows,
        }
    }
}

/// Counts for a pulse what it tells to another watcher.
pub(super) struct Counted<'p> {
    pub(super) pulse: Arc<Pulse>,
    pub(super) progress: &'p dyn Progress,
}

impl Progress for Counted<'_> {
    fn begins(&self, pulse: &Arc<Pulse>) {
        self.progress.begins(pulse);
    }

    fn listed(&self, companies: usize) {
        self.pulse
            .companies
            .store(companies as u64, Ordering::Relaxed);
        self.pulse.is_listed.store(true, Ordering::Relaxed);
        self.progress.listed(companies);
    }

    fn expects(&self, requests: u64) {
        self.progress.expects(requests);
    }

    fn loaded(&self, rows: Effect) {
        let pulse = &self.pulse;
        let mut sum = pulse.rows.lock().unwrap_or_else(PoisonError::into_inner);
        sum.add(rows);
        drop(sum);
        self.progress.loaded(rows);
    }

    fn read(&self) {
        self.pulse.read.fetch_add(1, Ordering::Relaxed);
        self.progress.read();
    }

    fn asking_users(&self, companies: usize) {
        self.progress.asking_users(companies);
    }

    fn finished(&self, company: &CompanyReport) {
        self.pulse.done.fetch_add(1, Ordering::Relaxed);
        self.progress.finished(company);
    }

    fn goes_on(&self, report: &RunReport) {
        self.progress.goes_on(report);
    }
}
