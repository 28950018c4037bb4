//! The pull of one company, in two passes: first what one request tells about many (enrollments, reports, catalogues),
//! then what must be asked user by user. Each pass holds the claim on the company.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tracing::instrument;

use super::claims::Claimed;
use super::context::RunContext;
use super::memory::Memory;
use super::report::CompanyReport;
use super::rhythm::Why;
use super::tally::Tallies;
use super::{catalogues, enrollments, loader, per_user};
use crate::api::CompanyClient;
use crate::extract::companies::CompanyRef;
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::{Delivery, PullError, Scope, Shared};
use crate::resource::Resource;
use crate::verdict::Verdict;
use crate::warehouse::cursors;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::leases::{self, Claim};
use crate::warehouse::load::Effects;
use crate::warehouse::load::sweep::{Brake, Seen, Sweep};
use crate::warehouse::patience::persist;
use crate::warehouse::pending_users::Question;
use crate::warehouse::runs::{self, CompanyState, RunScope};
use crate::warehouse::tables::Table;
use crate::warehouse::transaction::Transaction;

/// Fewer deletions than this are never held.
const HELD_FROM: u64 = 10;

/// A company after its first pass.
pub enum Passed<'r> {
    /// There is nothing more to ask.
    Done(CompanyReport),
    /// There are users to be asked one by one.
    HasUsers(Box<CompanyPull<'r>>),
}

/// A company between its two passes.
pub struct CompanyPull<'r> {
    run: &'r RunContext<'r>,
    company: &'r CompanyRef,
    started_at: DateTime<Utc>,
    memory: Memory,
    tallies: Tallies,
    effects: Effects,
    date_contradictions: AtomicU32,
    /// Those whose users may be asked one by one.
    enrollments: Vec<EnrollmentRef>,
    /// Why nothing more of the company should be tried.
    ended: Option<PullError>,
}

/// One pass over a company: everything that its parts share.
pub struct CompanyPass<'p> {
    /// The run.
    pub run: &'p RunContext<'p>,
    /// Where deliveries go.
    pub shared: &'p Shared<'p>,
    /// The company.
    pub company: &'p CompanyRef,
    /// What is remembered of it.
    pub memory: &'p Memory,
    /// What comes of its scopes.
    pub tallies: &'p Tallies,
}

impl CompanyPass<'_> {
    /// A client with a request counter of its own.
    #[must_use]
    pub fn client(&self) -> CompanyClient {
        self.run.client.company(&self.company.id)
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.run.clock.now()
    }

    /// Why the summary of an enrollment is read, and why its settings.
    #[must_use]
    pub fn why(&self, enrollment: &EnrollmentRef) -> (Option<Why>, Option<Why>) {
        let run = self.run;
        let asks_users = run.selection.includes(Resource::Users);
        let (extent, rhythm) = (run.extent, &run.rhythm);
        self.memory
            .why(extent, rhythm, enrollment, asks_users, self.now())
    }

    /// What is asked about the users of an enrollment.
    #[must_use]
    pub fn questions(&self, enrollment: &EnrollmentRef) -> Vec<Question> {
        per_user::questions(self.run, enrollment)
    }

    /// The end of a complete pull of `scope`, of rows of the company as a whole.
    #[must_use]
    pub fn sweep(&self, scope: &Scope<'_>, table: &'static Table, seen: &Seen) -> Sweep {
        Sweep {
            resource: scope.resource,
            scope: scope.id.to_owned(),
            table,
            owner: vec![self.company.id.clone()],
            only: None,
            seen: seen.clone(),
            run_id: self.run.holder.run_id,
            is_ascending: None,
            brake: Brake {
                share: self.run.settings.sync.max_deletions,
                at_least: HELD_FROM,
                is_accepted: self.run.accepts_deletions,
            },
        }
    }
}

impl<'r> CompanyPull<'r> {
    /// Does the first pass. Only a failure of the database is an error; everything else is in the report.
    #[instrument(name = "sync.company", level = "error", skip_all, fields(company.id = company.id))]
    pub async fn begin(
        run: &'r RunContext<'r>,
        company: &'r CompanyRef,
    ) -> Result<Passed<'r>, WarehouseError> {
        let claim = match run.claim_company(&company.id).await? {
            Claimed::Ours(claim) => claim,
            Claimed::Busy => return Ok(Passed::Done(CompanyReport::busy(company))),
        };
        let mut pull = Self {
            run,
            company,
            started_at: run.clock.now(),
            memory: Memory::read(run.pool, &company.id).await?,
            tallies: Tallies::default(),
            effects: Effects::new(),
            date_contradictions: AtomicU32::new(0),
            enrollments: Vec::new(),
            ended: None,
        };
        let mut found = Vec::new();
        let fetched = pull
            .load_while(&claim, async |pass| {
                found = enrollments::fetch(pass).await?;
                catalogues::fetch(pass).await
            })
            .await?;
        pull.ended = fetched.err();
        if pull.ended.is_none() && pull.effects.values().any(|effect| effect.deleted > 0) {
            pull.fetch_wanted(&claim, &found).await?;
        }
        run.progress.read();
        if pull.ended.is_none() {
            found.retain(|enrollment| !per_user::questions(run, enrollment).is_empty());
            pull.enrollments = found;
        }
        if pull.work().await?.is_empty() {
            return pull.finish(&claim).await.map(Passed::Done);
        }
        // The second pass may be long in coming, and a kill before it must not hide what this one did. How the company
        // stands is not known yet.
        record(run, &claim, &pull.report().scopes, None).await?;
        run.give_back(&claim).await?;
        // It is read anew then: many companies may wait.
        pull.memory = Memory::default();
        Ok(Passed::HasUsers(Box::new(pull)))
    }

    /// A person who is no longer in the enrollment that described them is described by another, which may have been read
    /// before that was known: then it is read once more.
    async fn fetch_wanted(
        &mut self,
        claim: &Claim,
        found: &[EnrollmentRef],
    ) -> Result<(), WarehouseError> {
        let (pool, id) = (self.run.pool, &self.company.id);
        let wanted = cursors::wanted(pool, id, Resource::Users).await?;
        let wanted: Vec<&EnrollmentRef> = found
            .iter()
            .filter(|one| wanted.contains(&one.id))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        self.memory = Memory::read(pool, id).await?;
        let fetched = self
            .load_while(claim, async |pass| {
                enrollments::fetch_again(pass, &wanted).await
            })
            .await?;
        self.ended = fetched.err();
        Ok(())
    }

    /// Does the second pass, and records what came of both.
    #[instrument(name = "sync.company", level = "error", skip_all, fields(company.id = self.company.id))]
    pub async fn ask_users(mut self) -> Result<CompanyReport, WarehouseError> {
        let (run, company) = (self.run, self.company);
        let claim = match run.claim_company(&company.id).await? {
            Claimed::Ours(claim) => claim,
            Claimed::Busy => return Ok(CompanyReport::busy(company)),
        };
        if run.stop.load(Ordering::Relaxed) {
            self.ended = Some(PullError::Stopped);
            return self.finish(&claim).await;
        }
        // Between the passes another run may have asked them.
        self.memory = Memory::read(run.pool, &company.id).await?;
        let work = self.work().await?;
        let fetched = self
            .load_while(&claim, async |pass| per_user::fetch(pass, &work).await)
            .await?;
        self.ended = fetched.err();
        self.finish(&claim).await
    }

    /// Whose users are to be asked one by one, as things stand.
    async fn work(&self) -> Result<per_user::Work, WarehouseError> {
        per_user::Work::of(self.run, &self.company.id, &self.memory, &self.enrollments).await
    }

    /// Runs `fetch` while what it delivers is loaded.
    async fn load_while(
        &mut self,
        claim: &Claim,
        fetch: impl AsyncFnOnce(&CompanyPass<'_>) -> Result<(), PullError>,
    ) -> Result<Result<(), PullError>, WarehouseError> {
        let run = self.run;
        let (sink, deliveries) = mpsc::channel::<Delivery>(loader::QUEUE);
        let privacy = run.guard(&self.company.id).await?;
        let shared = Shared {
            privacy: &privacy,
            sink,
            clock: run.clock.clone(),
            stop: run.stop,
            unknown_fields: &run.unknown_fields,
            date_contradictions: &self.date_contradictions,
        };
        let pass = (self.company, &self.memory, &self.tallies);
        let fetch = async {
            let (company, memory, tallies) = pass;
            let outcome = fetch(&CompanyPass {
                run,
                shared: &shared,
                company,
                memory,
                tallies,
            })
            .await;
            // The loader ends when the last sender is gone.
            drop(shared);
            outcome
        };
        let target = loader::Target {
            pool: run.pool,
            clock: &run.clock,
            company_id: &self.company.id,
            claim,
            metrics: run.client.metrics(),
            privacy: &privacy,
        };
        let load = loader::load(&target, run.progress, deliveries);
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
            is_busy: false,
            reason: worst.and_then(|scope| scope.error.clone()),
            remedy: worst.and_then(|scope| scope.remedy.clone()),
            scopes,
        }
    }

    async fn finish(self, claim: &Claim) -> Result<CompanyReport, WarehouseError> {
        let (run, report) = (self.run, self.report());
        let was_stopped = matches!(self.ended, Some(PullError::Stopped));
        // What the service does not give cannot be missing.
        let is_whole = run.is_about_everything()
            && !was_stopped
            && !self.tallies.is_partial()
            && report.verdict <= Verdict::Unsupported;
        let state = CompanyState {
            company_id: &report.company_id,
            verdict: report.verdict,
            reason: report.reason.as_deref(),
            remedy: report.remedy.as_deref(),
            safe_as_of: is_whole.then_some(self.started_at),
            tried_at: run.clock.now(),
        };
        record(run, claim, &report.scopes, Some(&state)).await?;
        run.give_back(claim).await?;
        run.progress.finished(&report);
        Ok(report)
    }
}

/// Records how scopes and company stand, unless the company is somebody else's by now.
async fn record(
    run: &RunContext<'_>,
    claim: &Claim,
    scopes: &[RunScope],
    state: Option<&CompanyState<'_>>,
) -> Result<(), WarehouseError> {
    persist("record the run", async || {
        let mut tx = Transaction::begin(run.pool).await?;
        if !leases::holds(&mut tx, claim).await? {
            return Ok(());
        }
        for scope in scopes {
            runs::record_scope(&mut tx, run.holder.run_id, scope).await?;
        }
        if let Some(state) = state {
            runs::record_company(&mut tx, state).await?;
        }
        tx.commit().await.map(drop)
    })
    .await
}
