//! The pull of one company, in two passes: first what one request tells about many (enrollments, reports, catalogues),
//! then what must be asked user by user.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use tokio::sync::mpsc;

use super::report::CompanyReport;
use super::run::RunContext;
use super::tally::Tallies;
use super::{catalogues, enrollment, loader, per_user};
use crate::extract::companies::CompanyRef;
use crate::extract::enrollments::{self, EnrollmentRef, Listed};
use crate::extract::steps::{self, KnownEnrollments};
use crate::extract::{Delivery, PullError, Scope, Shared};
use crate::resource::Resource;
use crate::settings::Interactions;
use crate::verdict::Verdict;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::load::Effects;
use crate::warehouse::runs::{self, CompanyState, RunScope};

/// A company after its first pass.
pub enum Passed<'r> {
    /// There is nothing more to ask.
    Done(CompanyReport),
    /// There are users to be asked one by one.
    HasUsers(CompanyPull<'r>),
}

/// A company between its two passes.
pub struct CompanyPull<'r> {
    run: &'r RunContext<'r>,
    company: &'r CompanyRef,
    started_at: DateTime<Utc>,
    tallies: Tallies,
    effects: Effects,
    date_contradictions: AtomicU32,
    /// Enrollments whose users are asked one by one.
    per_user: Vec<EnrollmentRef>,
    /// Why nothing more of the company should be tried.
    ended: Option<PullError>,
}

impl<'r> CompanyPull<'r> {
    /// Does the first pass. Only a failure of the database is an error; everything else is in the report.
    pub async fn begin(
        run: &'r RunContext<'r>,
        company: &'r CompanyRef,
    ) -> Result<Passed<'r>, WarehouseError> {
        let mut pull = Self {
            run,
            company,
            started_at: run.clock.now(),
            tallies: Tallies::default(),
            effects: Effects::new(),
            date_contradictions: AtomicU32::new(0),
            per_user: Vec::new(),
            ended: None,
        };
        let mut per_user = Vec::new();
        let fetched = pull
            .load_while(async |tallies, shared| {
                per_user = fetch_enrollments(run, shared, company, tallies).await?;
                catalogues::fetch(run, shared, company, tallies).await
            })
            .await?;
        pull.ended = fetched.err();
        pull.per_user = per_user;
        run.progress.read();
        if pull.ended.is_some() || pull.per_user.is_empty() {
            return pull.finish().await.map(Passed::Done);
        }
        // The second pass may be long in coming, and a kill before it must not hide what this one did. How the company
        // stands is not known yet.
        record(run, &pull.report().scopes, None).await?;
        Ok(Passed::HasUsers(pull))
    }

    /// Does the second pass, and records what came of both.
    pub async fn ask_users(mut self) -> Result<CompanyReport, WarehouseError> {
        let (run, company) = (self.run, self.company);
        if run.stop.load(Ordering::Relaxed) {
            self.ended = Some(PullError::Stopped);
            return self.finish().await;
        }
        let enrollments = std::mem::take(&mut self.per_user);
        let fetched = self
            .load_while(async |tallies, shared| {
                per_user::fetch(run, shared, company, tallies, &enrollments).await
            })
            .await?;
        self.ended = fetched.err();
        self.finish().await
    }

    /// Runs `fetch` while what it delivers is loaded.
    async fn load_while(
        &mut self,
        fetch: impl AsyncFnOnce(&Tallies, &Shared<'_>) -> Result<(), PullError>,
    ) -> Result<Result<(), PullError>, WarehouseError> {
        let run = self.run;
        let (sink, deliveries) = mpsc::channel::<Delivery>(loader::QUEUE);
        let shared = Shared {
            sink,
            clock: run.clock.clone(),
            stop: run.stop,
            unknown_fields: &run.unknown_fields,
            date_contradictions: &self.date_contradictions,
        };
        let tallies = &self.tallies;
        let fetch = async {
            let outcome = fetch(tallies, &shared).await;
            // The loader ends when the last sender is gone.
            drop(shared);
            outcome
        };
        let company_id = &self.company.id;
        let load = loader::load(run.pool, &run.clock, company_id, run.progress, deliveries);
        let (fetched, loaded) = tokio::join!(fetch, load);
        match loaded {
            Ok(effects) => {
                for (resource, effect) in effects {
                    self.effects.entry(resource).or_default().add(effect);
                }
            }
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                self.tallies.fail(error.to_string(), error.remedy());
                return Ok(Err(PullError::LoaderGone));
            }
        }
        Ok(fetched)
    }

    fn report(&self) -> CompanyReport {
        let company = self.company;
        let scopes = self.tallies.scopes(&company.id, &self.effects);
        let worst = scopes.iter().max_by_key(|scope| scope.verdict);
        CompanyReport {
            company_id: company.id.clone(),
            name: company.name.clone(),
            verdict: worst.map_or(Verdict::Complete, |scope| scope.verdict),
            was_forbidden: self.run.forbidden_before.contains(&company.id),
            reason: worst.and_then(|scope| scope.error.clone()),
            remedy: worst.and_then(|scope| scope.remedy.clone()),
            scopes,
        }
    }

    async fn finish(self) -> Result<CompanyReport, WarehouseError> {
        let (run, report) = (self.run, self.report());
        let was_stopped = matches!(self.ended, Some(PullError::Stopped));
        // What the service does not give cannot be missing.
        let is_whole =
            run.selection.is_everything() && !was_stopped && report.verdict <= Verdict::Unsupported;
        let state = CompanyState {
            company_id: &report.company_id,
            verdict: report.verdict,
            reason: report.reason.as_deref(),
            remedy: report.remedy.as_deref(),
            safe_as_of: is_whole.then_some(self.started_at),
            tried_at: run.clock.now(),
        };
        record(run, &report.scopes, Some(&state)).await?;
        run.progress.finished(&report);
        Ok(report)
    }
}

async fn record(
    run: &RunContext<'_>,
    scopes: &[RunScope],
    state: Option<&CompanyState<'_>>,
) -> Result<(), WarehouseError> {
    let write = async {
        let mut tx = run.pool.begin().await?;
        for scope in scopes {
            runs::record_scope(&mut tx, run.run_id, scope).await?;
        }
        if let Some(state) = state {
            runs::record_company(&mut tx, state).await?;
        }
        tx.commit().await
    };
    write
        .await
        .map_err(|error| WarehouseError::from_sqlx("record the run", error))
}

/// Fetches the enrollments of a company, then the steps of learning paths that no listing shows. Gives those whose users
/// are asked one by one.
async fn fetch_enrollments(
    run: &RunContext<'_>,
    shared: &Shared<'_>,
    company: &CompanyRef,
    tallies: &Tallies,
) -> Result<Vec<EnrollmentRef>, PullError> {
    if !run.selection.includes(Resource::Enrollments) {
        return Ok(Vec::new());
    }
    let client = run.client.company(&company.id);
    let begun = Instant::now();
    let (result, listed) = match enrollments::pull(shared, &client).await {
        Ok((pulled, listed)) => (Ok(pulled), listed),
        Err(error) => (Err(error), Listed::default()),
    };
    let has_failed = result.is_err();
    tallies.note(Resource::Enrollments, result, &client, begun)?;
    if has_failed {
        return Ok(Vec::new());
    }

    let mut known: HashSet<String> = (listed.enrollments.iter())
        .map(|one| one.id.clone())
        .collect();
    let mut claimed = HashSet::new();
    let mut per_user = Vec::new();
    let mut wave = listed.enrollments;
    while !wave.is_empty() {
        let mut found = Vec::new();
        // The first error that ends the company keeps later enrollments from being begun.
        let mut pulls = futures::stream::iter(wave.iter().enumerate())
            .map(|(place, path)| async move {
                let steps = enrollment::fetch(run, shared, company, tallies, path).await;
                steps.map(|steps| (place, steps))
            })
            .buffer_unordered(run.concurrency);
        while let Some(steps) = pulls.next().await {
            found.push(steps?);
        }
        drop(pulls);
        per_user.extend(wave.into_iter().filter(|one| asks_users(run, one)));
        // Paths may share a step: it belongs to the newest, whichever was read first.
        found.sort_unstable_by_key(|(place, _)| *place);
        let mut steps: Vec<_> = found.into_iter().flat_map(|(_, steps)| steps).collect();
        steps.retain(|step| claimed.insert(step.enrollment.id.clone()));
        if !steps.is_empty() {
            let listed = KnownEnrollments {
                ids: &known,
                are_complete: listed.is_complete,
            };
            let scope = &Scope::begin(shared, Resource::Enrollments, "");
            steps::deliver(scope, &company.id, &steps, listed).await?;
        }
        wave = (steps.into_iter().map(|step| step.enrollment))
            .filter(|step| known.insert(step.id.clone()))
            .collect();
    }
    Ok(per_user)
}

fn asks_users(run: &RunContext<'_>, enrollment: &EnrollmentRef) -> bool {
    let wants = |resource| run.selection.includes(resource);
    let all_interactions = run.settings.sync.interactions == Interactions::All;
    (enrollment.is_survey && (wants(Resource::Answers) || wants(Resource::Interactions)))
        || (all_interactions && wants(Resource::Interactions))
}
