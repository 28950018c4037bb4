//! The pull of one company: its enrollments, and for each of them summary, detail and users.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::sync::mpsc;

use super::loader;
use super::report::CompanyReport;
use super::run::RunContext;
use crate::extract::companies::CompanyRef;
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::summaries::SummaryRef;
use crate::extract::{
    Delivery, PullError, Pulled, Scope, Shared, details, enrollments, summaries, users,
};
use crate::resource::Resource;
use crate::verdict::Verdict;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::load::Effects;
use crate::warehouse::runs::{self, CompanyState, RunScope};

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
struct Tallies(Mutex<HashMap<Resource, Tally>>);

impl Tallies {
    fn note(
        &self,
        resource: Resource,
        result: &Result<Pulled, PullError>,
        requests: u64,
        duration: Duration,
    ) {
        let mut tallies = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let tally = tallies.entry(resource).or_insert_with(|| Tally {
            verdict: Verdict::Complete,
            pages: 0,
            requests: 0,
            duration: Duration::ZERO,
            failure: None,
            failures: 0,
        });
        tally.requests += requests;
        tally.duration += duration;
        let verdict = match result {
            Ok(pulled) => {
                tally.pages += u64::from(pulled.pages);
                pulled.verdict
            }
            Err(error) => error.verdict(),
        };
        if verdict != Verdict::Complete {
            tally.failures += 1;
        }
        if verdict > tally.verdict {
            tally.verdict = verdict;
            tally.failure = Some(match result {
                Ok(_) => (
                    format!("the rows received do not match the service's own count ({verdict})"),
                    "it is read again by the next run; sync.discrepancies has the counts",
                ),
                Err(error) => (error.to_string(), error.remedy()),
            });
        }
    }

    /// Marks every scope of the company as failed: its rows were not loaded.
    fn fail(&self, error: String, remedy: &'static str) {
        let mut tallies = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for tally in tallies.values_mut() {
            tally.verdict = Verdict::Failed;
            tally.failure = Some((error.clone(), remedy));
        }
    }

    fn into_scopes(self, company_id: &str, effects: &Effects) -> Vec<RunScope> {
        let tallies = self
            .0
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut scopes: Vec<RunScope> = tallies
            .into_iter()
            .map(|(resource, tally)| RunScope {
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
                remedy: tally.failure.map(|(_, remedy)| remedy.to_owned()),
            })
            .collect();
        scopes.sort_by_key(|scope| scope.resource);
        scopes
    }
}

/// Pulls one company. Only a failure of the database is an error; everything else is in the report.
pub async fn pull(
    run: &RunContext<'_>,
    company: &CompanyRef,
) -> Result<CompanyReport, WarehouseError> {
    let started_at = run.clock.now();
    let (sink, deliveries) = mpsc::channel::<Delivery>(loader::QUEUE);
    let tallies = Tallies::default();
    let shared = Shared {
        sink,
        clock: run.clock.clone(),
        stop: run.stop,
        unknown_fields: &run.unknown_fields,
        date_contradictions: AtomicU32::new(0),
    };
    let fetch = async {
        let outcome = fetch(run, &shared, company, &tallies).await;
        // The loader ends when the last sender is gone.
        drop(shared);
        outcome
    };
    let load = loader::load(run.pool, &run.clock, &company.id, run.progress, deliveries);
    let (fetched, loaded) = tokio::join!(fetch, load);
    let effects = match loaded {
        Ok(effects) => effects,
        Err(error) if error.is_fatal() => return Err(error),
        Err(error) => {
            tallies.fail(error.to_string(), error.remedy());
            Effects::new()
        }
    };

    let was_stopped = matches!(fetched, Err(PullError::Stopped));
    let scopes = tallies.into_scopes(&company.id, &effects);
    let worst = scopes.iter().max_by_key(|scope| scope.verdict);
    let report = CompanyReport {
        company_id: company.id.clone(),
        name: company.name.clone(),
        verdict: worst.map_or(Verdict::Complete, |scope| scope.verdict),
        was_forbidden: run.forbidden_before.contains(&company.id),
        reason: worst.and_then(|scope| scope.error.clone()),
        remedy: worst.and_then(|scope| scope.remedy.clone()),
        scopes,
    };
    let is_whole =
        run.selection.is_everything() && !was_stopped && report.verdict == Verdict::Complete;
    record(run, &report, is_whole.then_some(started_at))
        .await
        .map_err(|error| WarehouseError::from_sqlx("record the run", error))?;
    run.progress.finished(&report);
    Ok(report)
}

async fn record(
    run: &RunContext<'_>,
    report: &CompanyReport,
    safe_as_of: Option<chrono::DateTime<chrono::Utc>>,
) -> Result<(), sqlx::Error> {
    let mut tx = run.pool.begin().await?;
    for scope in &report.scopes {
        runs::record_scope(&mut tx, run.run_id, scope).await?;
    }
    runs::record_company(
        &mut tx,
        &CompanyState {
            company_id: &report.company_id,
            verdict: report.verdict,
            reason: report.reason.as_deref(),
            remedy: report.remedy.as_deref(),
            safe_as_of,
            tried_at: run.clock.now(),
        },
    )
    .await?;
    tx.commit().await
}

/// Fetches everything of a company. The error is the one that ended it early; others are in the tallies.
async fn fetch(
    run: &RunContext<'_>,
    shared: &Shared<'_>,
    company: &CompanyRef,
    tallies: &Tallies,
) -> Result<(), PullError> {
    let client = run.client.company(&company.id);
    let begun = Instant::now();
    let (result, enrollments) = match enrollments::pull(shared, &client).await {
        Ok((pulled, enrollments)) => (Ok(pulled), enrollments),
        Err(error) => (Err(error), Vec::new()),
    };
    tallies.note(
        Resource::Enrollments,
        &result,
        client.requests(),
        begun.elapsed(),
    );
    result?;

    // The first error that ends the company keeps later enrollments from being begun.
    let mut pulls = futures::stream::iter(&enrollments)
        .map(|enrollment| fetch_enrollment(run, shared, company, tallies, enrollment))
        .buffer_unordered(run.concurrency);
    while let Some(pulled) = pulls.next().await {
        pulled?;
    }
    Ok(())
}

/// Fetches one enrollment. Gives an error only when it ends the company.
async fn fetch_enrollment(
    run: &RunContext<'_>,
    shared: &Shared<'_>,
    company: &CompanyRef,
    tallies: &Tallies,
    enrollment: &EnrollmentRef,
) -> Result<(), PullError> {
    let mut summary = SummaryRef::default();
    if run.selection.includes(Resource::Summaries) {
        let client = run.client.company(&company.id);
        let begun = Instant::now();
        let scope = Scope::begin(shared, Resource::Summaries, &enrollment.id);
        let result = summaries::pull(&scope, &client, enrollment)
            .await
            .map(|(pulled, known)| {
                summary = known;
                pulled
            });
        tallies.note(
            Resource::Summaries,
            &result,
            client.requests(),
            begun.elapsed(),
        );
        go_on(result)?;
    }
    if run.selection.includes(Resource::Details) {
        let client = run.client.company(&company.id);
        let begun = Instant::now();
        let scope = Scope::begin(shared, Resource::Details, &enrollment.id);
        let result = details::pull(&scope, &client, summary.is_test).await;
        tallies.note(
            Resource::Details,
            &result,
            client.requests(),
            begun.elapsed(),
        );
        go_on(result)?;
    }
    if run.selection.includes(Resource::Users) {
        let client = run.client.company(&company.id);
        let begun = Instant::now();
        let scope = Scope::begin(shared, Resource::Users, &enrollment.id);
        let result = users::pull(&scope, &client, enrollment, &summary, &run.training_types).await;
        tallies.note(Resource::Users, &result, client.requests(), begun.elapsed());
        go_on(result)?;
    }
    Ok(())
}

/// Lets the neighbours of a failed scope go on, unless the failure is the company's.
fn go_on(result: Result<Pulled, PullError>) -> Result<(), PullError> {
    match result {
        Err(error) if error.ends_company() => Err(error),
        _ => Ok(()),
    }
}
