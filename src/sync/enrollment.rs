//! One enrollment: summary, settings, and users or anonymous results, as far as they are due; and when they are due again.

use std::time::Instant;

use chrono::{DateTime, Utc};

use tracing::Instrument;

use super::company::CompanyPass;
use super::rhythm::{Next, Why};
use crate::api::CompanyClient;
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::steps::StepRef;
use crate::extract::summaries::SummaryRef;
use crate::extract::users::{Before, PulledUsers};
use crate::extract::{Delivery, PullError, Pulled, Scope, anonymous, details, summaries, users};
use crate::resource::Resource;
use crate::telemetry::span;
use crate::verdict::Verdict;
use crate::warehouse::cursors::{Cursor, CursorMove, CursorState, Step};
use crate::warehouse::load::sweep::Sweep;
use crate::warehouse::load::tuple::Row;
use crate::warehouse::tables::anonymous::AnonymousLearnerRow;
use crate::warehouse::tables::users::EnrollmentUserRow;

/// The enrollment that is being pulled, and what this run has learned of it.
struct EnrollmentPull<'p> {
    pass: &'p CompanyPass<'p>,
    enrollment: &'p EnrollmentRef,
    why: Why,
    summary: SummaryRef,
    /// The summary was read.
    is_summary_known: bool,
    has_changed: bool,
    /// When it began: what somebody wants from then on is for the next run.
    started_at: DateTime<Utc>,
    /// The newest date that the vendor shows of it.
    seen_at: Option<DateTime<Utc>>,
}

/// What is left to do for a learning path.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Its steps that are enrollments of their own.
    pub steps: Vec<StepRef>,
    /// The cursor of its summary, which must not move before they are stored: nothing else tells of them.
    pub summary: Option<CursorMove>,
}

/// Fetches what is due of one enrollment. Gives an error only when it ends the company.
pub async fn fetch(
    pass: &CompanyPass<'_>,
    enrollment: &EnrollmentRef,
) -> Result<Fetched, PullError> {
    let (summary, detail) = pass.why(enrollment);
    let Some(why) = summary else {
        return Ok(Fetched::default());
    };
    let mut pull = EnrollmentPull {
        pass,
        enrollment,
        why,
        summary: SummaryRef::default(),
        is_summary_known: false,
        has_changed: why == Why::Changed,
        started_at: pass.now(),
        seen_at: enrollment.seen_at,
    };
    let mut end = Delivery::default();
    if pass.run.selection.includes(Resource::Summaries) {
        pull.summary(&mut end).await?;
    }
    if detail.is_some() && pass.run.selection.includes(Resource::Details) {
        pull.detail(&mut end).await?;
    }
    // The learners of an anonymous enrollment are in no user report.
    let is_anonymous = enrollment.is_anonymous || pull.summary.is_anonymous;
    if is_anonymous && pass.run.selection.includes(Resource::Anonymous) {
        pull.anonymous(&mut end).await?;
    } else if !is_anonymous && pass.run.selection.includes(Resource::Users) {
        pull.users(&mut end).await?;
    }
    let mut summary = pull.summary_end();
    if pull.summary.steps.is_empty() {
        end.cursors.extend(summary.take());
    }
    // What says how the pulls ended is one transaction.
    let scope = pull.scope(Resource::Summaries, pull.id());
    scope.deliver(end).await?;
    let steps = pull.summary.steps;
    Ok(Fetched { steps, summary })
}

impl EnrollmentPull<'_> {
    fn id(&self) -> &str {
        &self.enrollment.id
    }

    fn scope<'s>(&'s self, resource: Resource, id: &'s str) -> Scope<'s> {
        Scope::begin(self.pass.shared, resource, id)
    }

    fn client(&self) -> (CompanyClient, Instant) {
        (self.pass.client(), Instant::now())
    }

    fn cursor(&self, resource: Resource, scope: &str) -> Option<&Cursor> {
        self.pass.memory.cursor(resource, scope)
    }

    async fn summary(&mut self, end: &mut Delivery) -> Result<(), PullError> {
        let (client, begun) = self.client();
        let scope = self.scope(Resource::Summaries, self.id());
        let result = summaries::pull(&scope, &client, self.enrollment)
            .instrument(span::resource(scope.resource))
            .await;
        let result = match result {
            Ok((pulled, known)) => {
                let before = self.cursor(Resource::Summaries, self.id());
                let counts = before.and_then(|cursor| cursor.fingerprint.as_deref());
                let has_changed = counts != Some(&known.fingerprint);
                self.summary = known;
                self.is_summary_known = true;
                self.has_changed |= has_changed;
                Ok(pulled)
            }
            Err(error) => {
                let scope = self.scope(Resource::Summaries, self.id());
                end.cursors
                    .push(scope.ended(CursorState::default(), error.verdict()));
                Err(error)
            }
        };
        self.pass
            .tallies
            .note(Resource::Summaries, &result, &client, begun);
        unless_it_ends_the_company(result)
    }

    async fn detail(&self, end: &mut Delivery) -> Result<(), PullError> {
        let (client, begun) = self.client();
        let scope = self.scope(Resource::Details, self.id());
        let result = details::pull(&scope, &client, self.enrollment, self.summary.is_test)
            .instrument(span::resource(scope.resource))
            .await;
        end.cursors.push(match &result {
            // Without the summary, what only that could tell is still missing.
            Ok(pulled) if !self.is_summary_known => {
                scope.ended(CursorState::default(), pulled.verdict)
            }
            Ok(pulled) => {
                let next = self.next();
                let is_settled = next.summary_due_at.is_none();
                let rhythm = &self.pass.run.rhythm;
                let step = Step::Complete {
                    fingerprint: Some(self.enrollment.listed_as.clone()),
                    due_at: rhythm.details_due_at(is_settled, self.pass.now()),
                    full_due_at: Some(self.full_due_at()),
                    changed_at: None,
                    verdict: pulled.verdict,
                };
                scope.step(CursorState::default(), step)
            }
            Err(error) => scope.ended(CursorState::default(), error.verdict()),
        });
        self.pass
            .tallies
            .note(Resource::Details, &result, &client, begun);
        unless_it_ends_the_company(result)
    }

    async fn users(&mut self, end: &mut Delivery) -> Result<(), PullError> {
        let of = self.pass.memory.of(self.enrollment, true);
        let counts = &self.summary.fingerprint;
        let run = self.pass.run;
        match run.rhythm.users(of, self.why, counts, self.pass.now()) {
            None => return Ok(()),
            Some(Why::Changed) if run.leaves_changes() => {
                self.pass.tallies.leave_some();
                run.leave_some();
                return Ok(());
            }
            Some(_) => {}
        }
        let (client, begun) = self.client();
        let questions = self.pass.questions(self.enrollment);
        let before = Before {
            state: self
                .cursor(Resource::Users, self.id())
                .map(|cursor| cursor.state.clone())
                .unwrap_or_default(),
            doubtful: self.pass.memory.doubtful(Resource::Users, self.id()),
            questions: &questions,
        };
        let scope = self.scope(Resource::Users, self.id());
        let types = &run.training_types;
        let result = users::pull(
            &scope,
            &client,
            self.enrollment,
            &self.summary,
            types,
            &before,
        )
        .instrument(span::resource(scope.resource))
        .await;
        let result = match result {
            Ok(PulledUsers { pulled, seen_at }) => {
                let digest = Some(pulled.listing.seen.digest());
                let has_changed = digest != before.state.digest;
                // The next pull goes against the last complete one.
                let (is_ascending, members) = if pulled.is_complete() {
                    let members = pulled.listing.seen.members();
                    (Some(pulled.listing.is_ascending), Some(members))
                } else {
                    (before.state.is_ascending, before.state.members.clone())
                };
                let state = CursorState {
                    pages: Some(pulled.listing.pages),
                    is_ascending,
                    digest,
                    members,
                    ..CursorState::default()
                };
                let rows = EnrollmentUserRow::TABLE;
                end.sweep = self.sweep(&scope, rows, &pulled, Some(pulled.listing.is_ascending));
                let started = scope.started_at;
                let pulled_at = (self.seen_at, self.has_changed);
                (self.seen_at, self.has_changed) =
                    (pulled_at.0.max(seen_at), pulled_at.1 || has_changed);
                let next = self.next();
                let scope = self.scope(Resource::Users, self.id());
                let step = self.listing_step(&pulled, next);
                let mut cursor = scope.step(state, step);
                cursor.started_at = started;
                end.cursors.push(cursor);
                Ok(pulled)
            }
            Err(error) => {
                // A process that is asked to stop goes on from the page in hand; after a failure all is read again.
                if !matches!(error, PullError::Stopped) {
                    let state = CursorState {
                        unfinished: None,
                        ..before.state.clone()
                    };
                    end.cursors.push(scope.ended(state, error.verdict()));
                }
                Err(error)
            }
        };
        self.pass
            .tallies
            .note(Resource::Users, &result, &client, begun);
        unless_it_ends_the_company(result)
    }

    /// Two listings of the same learners: what neither shows is missing.
    async fn anonymous(&mut self, end: &mut Delivery) -> Result<(), PullError> {
        let of = self.pass.memory.of(self.enrollment, true);
        let counts = &self.summary.fingerprint;
        let run = self.pass.run;
        if run
            .rhythm
            .users(of, self.why, counts, self.pass.now())
            .is_none()
        {
            return Ok(());
        }
        let id = self.id().to_owned();
        let results_id = anonymous::scope_of_results(&id);
        let mut listed: Vec<Pulled> = Vec::new();
        for scope_id in [&id, &results_id] {
            let (client, begun) = self.client();
            let scope = self.scope(Resource::Anonymous, scope_id);
            let pull = async {
                if scope_id == &id {
                    anonymous::pull_learners(&scope, &client, &id).await
                } else {
                    anonymous::pull_results(&scope, &client, &id).await
                }
            };
            let result = pull.instrument(span::resource(scope.resource)).await;
            match &result {
                Ok(pulled) => {
                    let state = CursorState {
                        pages: Some(pulled.listing.pages),
                        digest: Some(pulled.listing.seen.digest()),
                        ..CursorState::default()
                    };
                    let before = self.cursor(Resource::Anonymous, scope_id);
                    let has_changed =
                        before.is_none_or(|cursor| cursor.state.digest != state.digest);
                    let step = self.listing_step(pulled, self.next());
                    end.cursors.push(scope.step(state, step));
                    listed.push(pulled.clone());
                    self.has_changed |= has_changed;
                }
                Err(PullError::Api(error)) if error.kind.is_not_given() => {
                    let step = self.not_given_step();
                    end.cursors.push(scope.step(CursorState::default(), step));
                }
                Err(error) => end
                    .cursors
                    .push(scope.ended(CursorState::default(), error.verdict())),
            }
            self.pass
                .tallies
                .note(Resource::Anonymous, &result, &client, begun);
            unless_it_ends_the_company(result)?;
        }
        if let [learners, results] = &mut listed[..]
            && results.may_delete()
        {
            learners.listing.seen.merge(results.listing.seen.clone());
            let scope = self.scope(Resource::Anonymous, &id);
            end.sweep = self.sweep(&scope, AnonymousLearnerRow::TABLE, learners, None);
        }
        Ok(())
    }

    /// The cursor of a summary that was read. It leads the others, so it comes last.
    fn summary_end(&self) -> Option<CursorMove> {
        if !self.is_summary_known {
            return None;
        }
        let next = self.next();
        let before = self.cursor(Resource::Summaries, self.id());
        let state = CursorState {
            interval_s: Some(next.interval.num_seconds()),
            ..CursorState::default()
        };
        let full_due_at = if self.why.is_full() {
            Some(self.full_due_at())
        } else {
            before.and_then(|cursor| cursor.full_due_at)
        };
        let step = Step::Complete {
            fingerprint: Some(self.summary.fingerprint.clone()),
            due_at: next.summary_due_at,
            full_due_at,
            changed_at: Some(next.changed_at),
            verdict: Verdict::Complete,
        };
        let mut cursor = self.scope(Resource::Summaries, self.id()).step(state, step);
        cursor.started_at = self.started_at;
        Some(cursor)
    }

    fn next(&self) -> Next {
        self.pass.run.rhythm.next(
            self.cursor(Resource::Summaries, self.id()),
            self.has_changed,
            self.enrollment.is_closed,
            self.seen_at,
            self.pass.now(),
        )
    }

    fn full_due_at(&self) -> DateTime<Utc> {
        let rhythm = &self.pass.run.rhythm;
        rhythm.full_due_at(&self.pass.company.id, self.id(), self.pass.now())
    }

    /// The step of a listing that was read to its end.
    fn listing_step(&self, pulled: &Pulled, next: Next) -> Step {
        if !pulled.is_complete() {
            return Step::Ended(pulled.verdict);
        }
        Step::Complete {
            fingerprint: Some(self.summary.fingerprint.clone()),
            due_at: next.users_due_at,
            full_due_at: Some(self.full_due_at()),
            changed_at: None,
            verdict: Verdict::Complete,
        }
    }

    /// The step of what the service does not give: it is asked for again as if it were complete.
    fn not_given_step(&self) -> Step {
        Step::Complete {
            fingerprint: Some(self.summary.fingerprint.clone()),
            due_at: self.next().users_due_at,
            full_due_at: Some(self.full_due_at()),
            changed_at: None,
            verdict: Verdict::Unsupported,
        }
    }

    fn sweep(
        &self,
        scope: &Scope<'_>,
        table: &'static crate::warehouse::tables::Table,
        pulled: &Pulled,
        is_ascending: Option<bool>,
    ) -> Option<Sweep> {
        pulled.may_delete().then(|| Sweep {
            owner: vec![self.pass.company.id.clone(), self.id().to_owned()],
            is_ascending,
            ..self.pass.sweep(scope, table, &pulled.listing.seen)
        })
    }
}

/// The neighbours of a scope that failed go on, unless nothing of the company should be tried.
pub fn unless_it_ends_the_company(result: Result<Pulled, PullError>) -> Result<(), PullError> {
    match result {
        Err(error) if error.ends_company() => Err(error),
        _ => Ok(()),
    }
}
