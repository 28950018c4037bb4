//! The scopes of one company, added up per resource.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{error, warn};

use crate::api::CompanyClient;
use crate::extract::{PullError, Pulled};
use crate::resource::Resource;
use crate::verdict::Verdict;
use crate::warehouse::load::{Effect, Effects};
use crate::warehouse::runs::RunScope;

/// What is said of deletions that wait for the operator.
pub const HELD: &str =
    "more rows than sync.max_deletions allows are missing; none of them was marked deleted";
/// What to do about them.
pub const HELD_REMEDY: &str =
    "look at sync.discrepancies; if they are really gone: keepnet-etl sync --accept-deletions";

/// What happened to the scopes of one resource.
#[derive(Debug)]
struct Tally {
    verdict: Verdict,
    pages: u64,
    requests: u64,
    duration: Duration,
    failure: Option<(String, &'static str)>,
    failures: u64,
}

/// The scopes of one company, added up per resource.
#[derive(Debug, Default)]
pub struct Tallies {
    by_resource: Mutex<HashMap<Resource, Tally>>,
    is_partial: AtomicBool,
}

impl Tallies {
    /// Takes note of a scope that was pulled with `client` since `begun`.
    pub fn note(
        &self,
        resource: Resource,
        result: &Result<Pulled, PullError>,
        client: &CompanyClient,
        begun: Instant,
    ) {
        let mut tallies = self.lock();
        let tally = tallies.entry(resource).or_insert_with(|| Tally {
            verdict: Verdict::Complete,
            pages: 0,
            requests: 0,
            duration: Duration::ZERO,
            failure: None,
            failures: 0,
        });
        tally.requests += client.requests();
        tally.duration += begun.elapsed();
        let verdict = match result {
            Ok(pulled) => {
                if pulled.listing.is_resumed {
                    self.leave_some();
                }
                tally.pages += u64::from(pulled.pages);
                pulled.verdict
            }
            Err(PullError::Api(error)) if resource.is_optional() && error.kind.is_not_given() => {
                Verdict::Unsupported
            }
            Err(error) => {
                say(resource, error);
                error.verdict()
            }
        };
        if verdict != Verdict::Complete {
            tally.failures += 1;
        }
        if verdict > tally.verdict {
            tally.verdict = verdict;
            tally.failure = Some(match result {
                Ok(_) if verdict == Verdict::Unsupported => (
                    "the service does not give some of it for this company".to_owned(),
                    "nothing to do, unless the customer's licence should include it",
                ),
                Ok(_) => (
                    format!("the rows received do not match the service's own count ({verdict})"),
                    "it is read again by the next run; sync.discrepancies has the counts",
                ),
                Err(error) => (error.to_string(), error.remedy()),
            });
        }
    }

    /// Takes note that something is left to the next run.
    pub fn leave_some(&self) {
        self.is_partial.store(true, Ordering::Relaxed);
    }

    /// True when something is left to the next run, be it only to look whether nothing is missing: a pull went on from where
    /// an earlier process had stopped, or a walk was not ended.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.is_partial.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Resource, Tally>> {
        self.by_resource
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks every scope of the company as failed: its rows were not loaded.
    pub fn fail(&self, error: String, remedy: &'static str) {
        let mut tallies = self.lock();
        for tally in tallies.values_mut() {
            tally.verdict = Verdict::Failed;
            tally.failure = Some((error.clone(), remedy));
        }
    }

    /// What is recorded of the run.
    #[must_use]
    pub fn scopes(&self, company_id: &str, effects: &Effects) -> Vec<RunScope> {
        let tallies = self.lock();
        let mut scopes: Vec<RunScope> = tallies
            .iter()
            .map(|(&resource, tally)| {
                let rows = effects.get(&resource).copied().unwrap_or_default();
                scope(company_id, resource, tally, rows)
            })
            .collect();
        scopes.sort_by_key(|scope| scope.resource);
        scopes
    }
}

/// The one line on what could not be read: an error, unless it is a state of the company that lasts, or an end that
/// somebody wanted.
fn say(resource: Resource, error: &PullError) {
    let resource = resource.name();
    match error.verdict() {
        _ if matches!(error, PullError::Stopped) => {}
        Verdict::Forbidden => warn!(resource, %error, "access is denied"),
        _ => error!(resource, %error, remedy = error.remedy(), "could not be read"),
    }
}

fn scope(company_id: &str, resource: Resource, tally: &Tally, rows: Effect) -> RunScope {
    let held = (rows.held > 0).then_some((HELD, HELD_REMEDY));
    let failure = tally.failure.as_ref();
    let failure = failure.map(|(error, remedy)| (error.as_str(), *remedy));
    let (verdict, failure) = if held.is_some() && tally.verdict < Verdict::Held {
        (Verdict::Held, held)
    } else {
        (tally.verdict, failure)
    };
    RunScope {
        company_id: company_id.to_owned(),
        resource,
        verdict,
        pages: tally.pages,
        requests: tally.requests,
        rows,
        duration_ms: u64::try_from(tally.duration.as_millis()).unwrap_or(u64::MAX),
        error: failure.map(|(error, _)| match tally.failures {
            0 | 1 => error.to_owned(),
            more => format!("{error} (and {} more)", more - 1),
        }),
        remedy: failure.map(|(_, remedy)| remedy.to_owned()),
    }
}
