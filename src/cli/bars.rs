//! Watching a run: a progress bar on a terminal, a log line per company elsewhere; always on standard error.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tracing::{info, warn};

use super::plan::words;
use super::table::grouped;
use crate::api::Client;
use crate::sync::{CompanyReport, Progress, RunReport};
use crate::telemetry;
use crate::verdict::Verdict;
use crate::warehouse::load::Effect;

/// The progress of one run.
#[derive(Debug)]
pub struct Bars {
    client: Client,
    begun: Instant,
    /// Requests that are expected.
    expected: AtomicU64,
    bar: Option<ProgressBar>,
    companies: AtomicUsize,
    done: AtomicUsize,
    rows: AtomicU64,
    is_asking_users: AtomicBool,
}

impl Bars {
    /// Of a run that asks through `client`: a bar if standard error is a terminal, else lines.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "{spinner} {msg} {wide_bar} {prefix}{pos}/{len} companies  {elapsed}",
            )
            .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = telemetry::bars().add(ProgressBar::new(0).with_style(style));
            bar.set_message("reading companies");
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            client,
            begun: Instant::now(),
            expected: AtomicU64::new(0),
            bar,
            companies: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            rows: AtomicU64::new(0),
            is_asking_users: AtomicBool::new(false),
        }
    }

    /// How fast it goes, and how long it still takes.
    fn pace(&self) -> String {
        let requests = self.client.all_requests();
        let seconds = self.begun.elapsed().as_secs_f64();
        let per_second = requests as f64 / seconds.max(0.001);
        let left = self
            .expected
            .load(Ordering::Relaxed)
            .saturating_sub(requests);
        let mut pace = format!("{} requests, {per_second:.1}/s", grouped(requests));
        if left > 0 && per_second > 0.0 {
            let left = Duration::from_secs_f64(left as f64 / per_second);
            pace += &format!(", {} left", words(left));
        }
        pace
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bars {
    fn listed(&self, companies: usize) {
        self.companies.store(companies, Ordering::Relaxed);
        match &self.bar {
            Some(bar) => bar.set_length(companies as u64),
            None => info!(companies, "companies are listed"),
        }
    }

    fn goes_on(&self, report: &RunReport) {
        let line = format!(
            "run {}: {}, {} requests; the next one looks at what changed meanwhile, and goes on",
            report.run_id,
            report.outcome,
            grouped(report.totals.requests)
        );
        match &self.bar {
            Some(bar) => bar.println(line),
            None => info!("{line}"),
        }
    }

    fn expects(&self, requests: u64) {
        self.expected.store(requests, Ordering::Relaxed);
    }

    fn loaded(&self, rows: Effect) {
        let rows = rows.received();
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} rows, {}", grouped(rows), self.pace()));
        }
    }

    fn read(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    fn asking_users(&self, companies: usize) {
        self.is_asking_users.store(true, Ordering::Relaxed);
        match &self.bar {
            Some(bar) => {
                bar.set_length(companies as u64);
                bar.set_position(0);
                bar.set_prefix("users of ");
            }
            None => info!(companies, "users are asked one by one"),
        }
    }

    fn finished(&self, company: &CompanyReport) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let reason = company.reason.as_deref().unwrap_or_default();
        match &self.bar {
            Some(bar) => {
                if company.verdict != Verdict::Complete {
                    bar.println(format!("{}: {}: {reason}", company.name, company.verdict));
                }
                if self.is_asking_users.load(Ordering::Relaxed) {
                    bar.inc(1);
                }
            }
            None if company.is_well() => info!(
                company.id = company.company_id,
                verdict = company.verdict.name(),
                pace = self.pace(),
                "company {done} of {} is done",
                self.companies.load(Ordering::Relaxed)
            ),
            None => warn!(
                company.id = company.company_id,
                verdict = company.verdict.name(),
                error = reason,
                remedy = company.remedy.as_deref().unwrap_or_default(),
                "company {done} of {} is not complete",
                self.companies.load(Ordering::Relaxed)
            ),
        }
    }
}
