//! What a run did, and how it is watched while it does.

use std::sync::Arc;
use std::time::Duration;

use super::pulse::Pulse;
use crate::extract::companies::CompanyRef;
use crate::verdict::Verdict;
use crate::warehouse::load::Effect;
use crate::warehouse::runs::{Pace, RunScope};

/// Watches a run.
pub trait Progress: Send + Sync {
    /// A run begins, with this pulse.
    fn begins(&self, _pulse: &Arc<Pulse>) {}
    /// The companies to be pulled are known.
    fn listed(&self, companies: usize);
    /// So many requests are expected.
    fn expects(&self, requests: u64);
    /// Rows were committed.
    fn loaded(&self, rows: Effect);
    /// The first pass of a company is done.
    fn read(&self);
    /// The users of surveys are asked one by one, in this many companies.
    fn asking_users(&self, companies: usize);
    /// A company is done.
    fn finished(&self, company: &CompanyReport);
    /// A run ended that left something to the next one, which begins now.
    fn goes_on(&self, _report: &RunReport) {}
}

/// Watches nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn listed(&self, _: usize) {}
    fn expects(&self, _: u64) {}
    fn loaded(&self, _: Effect) {}
    fn read(&self) {}
    fn asking_users(&self, _: usize) {}
    fn finished(&self, _: &CompanyReport) {}
}

/// How the pull of one company went.
#[derive(Debug, Clone)]
pub struct CompanyReport {
    /// Its id.
    pub company_id: String,
    /// Its name.
    pub name: String,
    /// The worst verdict of its scopes.
    pub verdict: Verdict,
    /// It was forbidden before this run, too.
    pub was_forbidden: bool,
    /// Another run was at work on it all the time, so this one left it alone.
    pub is_busy: bool,
    /// What could not be done, and why.
    pub reason: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// What was done, per resource.
    pub scopes: Vec<RunScope>,
}

impl CompanyReport {
    /// A company that another run is at work on.
    #[must_use]
    pub fn busy(company: &CompanyRef) -> Self {
        Self {
            company_id: company.id.clone(),
            name: company.name.clone(),
            verdict: Verdict::Complete,
            was_forbidden: false,
            is_busy: true,
            reason: Some("another run is working on it; this one left it alone".to_owned()),
            remedy: None,
            scopes: Vec::new(),
        }
    }

    /// True when the company needs nobody's attention (a state already known included).
    #[must_use]
    pub fn is_well(&self) -> bool {
        match self.verdict {
            Verdict::Complete | Verdict::Unsupported => true,
            Verdict::Forbidden => self.was_forbidden,
            Verdict::Over | Verdict::Drifted | Verdict::Short | Verdict::Held | Verdict::Failed => {
                false
            }
        }
    }
}

/// What a run did.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Key in `sync.runs`.
    pub run_id: i64,
    /// `ok`, `partial` or `stopped`.
    pub outcome: &'static str,
    /// Walks through users were left to the next run, which had better follow at once.
    pub has_more: bool,
    /// Requests that were expected; none before the first run.
    pub predicted: Option<u64>,
    /// Numbers of the whole run.
    pub totals: Pace,
    /// How long it took.
    pub duration: Duration,
    /// The listing of companies itself.
    pub listing: RunScope,
    /// The companies, in the order in which they were listed.
    pub companies: Vec<CompanyReport>,
}

impl RunReport {
    /// What was done per company and resource.
    pub fn scopes(&self) -> impl Iterator<Item = &RunScope> {
        std::iter::once(&self.listing)
            .chain(self.companies.iter().flat_map(|company| &company.scopes))
    }
}
