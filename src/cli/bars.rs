//! Watching a run: a progress bar on a terminal, a line per company elsewhere; always on standard error.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::sync::{CompanyReport, Progress};
use crate::telemetry;
use crate::verdict::Verdict;

/// The progress of one run.
#[derive(Debug)]
pub struct Bars {
    bar: Option<ProgressBar>,
    companies: AtomicUsize,
    done: AtomicUsize,
    rows: AtomicU64,
}

impl Bars {
    /// A bar if standard error is a terminal, else lines.
    #[must_use]
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg:<34.34} {wide_bar} {pos}/{len} companies  {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = telemetry::bars().add(ProgressBar::new(0).with_style(style));
            bar.set_message("reading companies");
            bar.enable_steady_tick(std::time::Duration::from_millis(120));
            bar
        });
        Self {
            bar,
            companies: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            rows: AtomicU64::new(0),
        }
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
            None => eprintln!("{companies} companies to read"),
        }
    }

    fn loaded(&self, rows: u64) {
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} rows", super::sync::grouped(rows)));
        }
    }

    fn finished(&self, company: &CompanyReport) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let reason = company.reason.as_deref().unwrap_or_default();
        let line = match company.verdict {
            Verdict::Complete => format!("{}: complete", company.name),
            verdict => format!("{}: {verdict}: {reason}", company.name),
        };
        match &self.bar {
            Some(bar) => {
                if company.verdict != Verdict::Complete {
                    bar.println(line);
                }
                bar.inc(1);
            }
            None => eprintln!("[{done}/{}] {line}", self.companies.load(Ordering::Relaxed)),
        }
    }
}
