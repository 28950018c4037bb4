//! The scopes of one company, added up per resource.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::api::CompanyClient;
use crate::extract::{PullError, Pulled};
use crate::resource::Resource;
use crate::verdict::Verdict;
use crate::warehouse::load::Effects;
use crate::warehouse::runs::RunScope;

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
pub struct Tallies(Mutex<HashMap<Resource, Tally>>);

impl Tallies {
    /// Takes note of a scope that was pulled with `client` since `begun`. Gives an error only when it ends the company:
    /// the neighbours of any other failed scope go on.
    pub fn note(
        &self,
        resource: Resource,
        result: Result<Pulled, PullError>,
        client: &CompanyClient,
        begun: Instant,
    ) -> Result<(), PullError> {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let verdict = match &result {
            Ok(pulled) => {
                tally.pages += u64::from(pulled.pages);
                pulled.verdict
            }
            Err(PullError::Api(error)) if resource.is_optional() && error.kind.is_not_given() => {
                Verdict::Unsupported
            }
            Err(error) => error.verdict(),
        };
        if verdict != Verdict::Complete {
            tally.failures += 1;
        }
        if verdict > tally.verdict {
            tally.verdict = verdict;
            tally.failure = Some(match &result {
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
        match result {
            Err(error) if error.ends_company() => Err(error),
            _ => Ok(()),
        }
    }

    /// Marks every scope of the company as failed: its rows were not loaded.
    pub fn fail(&self, error: String, remedy: &'static str) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for tally in tallies.values_mut() {
            tally.verdict = Verdict::Failed;
            tally.failure = Some((error.clone(), remedy));
        }
    }

    /// What is recorded of the run.
    #[must_use]
    pub fn scopes(&self, company_id: &str, effects: &Effects) -> Vec<RunScope> {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scopes: Vec<RunScope> = tallies
            .iter()
            .map(|(&resource, tally)| RunScope {
                company_id: company_id.to_owned(),
                resource,
                verdict: tally.verdict,
                pages: tally.pages,
                requests: tally.requests,
                rows: effects.get(&resource).copied().unwrap_or_default(),
                duration_ms: u64::try_from(tally.duration.as_millis()).unwrap_or(u64::MAX),
                error: tally
                    .failure
                    .as_ref()
                    .map(|(error, _)| match tally.failures {
                        0 | 1 => error.clone(),
                        more => format!("{error} (and {} more)", more - 1),
                    }),
                remedy: tally
                    .failure
                    .as_ref()
                    .map(|(_, remedy)| (*remedy).to_owned()),
            })
            .collect();
        scopes.sort_by_key(|scope| scope.resource);
        scopes
    }
}
