//! What must be asked user by user: survey sessions and interactions.
//!
//! An enrollment is *walked* when it is met for the first time, and by the rolling full: all its stored report rows, in the
//! order of their ids. Between walks only *pending* users are asked: those whose row changed, who failed, or who completed
//! and showed no session yet.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::Ordering;
use std::time::Instant;

use chrono::{DateTime, Utc};
use futures::StreamExt;

use tracing::Instrument;

use super::company::CompanyPass;
use super::context::RunContext;
use super::enrollment::unless_it_ends_the_company;
use super::memory::Memory;
use super::rhythm::Why;
use crate::api::{ApiError, CompanyClient};
use crate::extract::answers::Questions;
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::{Delivery, PullError, Pulled, Scope, answers, interactions};
use crate::resource::Resource;
use crate::telemetry::span;
use crate::verdict::Verdict;
use crate::warehouse::cursors::{CursorMove, CursorState, Step, Unfinished};
use crate::warehouse::error::WarehouseError;
use crate::warehouse::pending_users::{self, Again, Asked, Question};
use crate::warehouse::reported_users::{self, ReportedUser};

/// The resources that are asked user by user.
pub const RESOURCES: [Resource; 2] = [Resource::Answers, Resource::Interactions];

/// Users in a row who may fail before the rest of an enrollment is left to the next run: a service in trouble, or one that
/// refuses them all, is not asked for each of thousands.
const MAX_FAILURES_IN_A_ROW: u32 = 20;

/// What is asked about the users of an enrollment.
pub fn questions(run: &RunContext<'_>, enrollment: &EnrollmentRef) -> Vec<Question> {
    RESOURCES
        .into_iter()
        .filter(|resource| run.asks_users(*resource, enrollment))
        .map(|resource| Question {
            resource,
            enrollment_id: enrollment.id.clone(),
        })
        .collect()
}

/// Whose users are asked in one company.
#[derive(Debug, Default)]
pub struct Work {
    parts: Vec<Part>,
    /// All enrollments that are asked about, per resource: a row of a learning path may name one of them.
    asked_about: [HashSet<String>; 2],
}

/// One enrollment and resource.
#[derive(Debug)]
struct Part {
    question: Question,
    /// Why all users are walked through; none: only pending ones are asked.
    walk: Option<Why>,
}

impl Work {
    /// What there is to do for the enrollments of a company.
    pub async fn of(
        run: &RunContext<'_>,
        company_id: &str,
        memory: &Memory,
        enrollments: &[EnrollmentRef],
    ) -> Result<Self, WarehouseError> {
        let mut work = Self::default();
        if !RESOURCES
            .iter()
            .any(|resource| run.selection.includes(*resource))
        {
            return Ok(work);
        }
        let now = run.clock.now();
        let pending: HashSet<(String, String)> = pending_users::due(run.pool, company_id, now)
            .await?
            .into_iter()
            .map(|(resource, enrollment, _)| (resource, enrollment))
            .collect();
        for enrollment in enrollments {
            for (resource, asked_about) in RESOURCES.into_iter().zip(&mut work.asked_about) {
                if !run.asks_users(resource, enrollment) {
                    continue;
                }
                asked_about.insert(enrollment.id.clone());
                let walk = memory.why_walk(run.extent, &run.rhythm, resource, enrollment, now);
                let key = (resource.name().to_owned(), enrollment.id.clone());
                if walk.is_some() || (pending.contains(&key) && run.extent.covers(enrollment)) {
                    let enrollment_id = enrollment.id.clone();
                    let question = Question {
                        resource,
                        enrollment_id,
                    };
                    work.parts.push(Part { question, walk });
                }
            }
        }
        Ok(work)
    }

    /// True when nobody is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// Fetches what is to be asked user by user. Gives an error only when it ends the company.
pub async fn fetch(pass: &CompanyPass<'_>, work: &Work) -> Result<(), PullError> {
    for part in &work.parts {
        let asked_about = match part.question.resource {
            Resource::Answers => &work.asked_about[0],
            _ => &work.asked_about[1],
        };
        let resource = part.question.resource;
        let (client, begun) = (pass.client(), Instant::now());
        let scope = &Scope::begin(pass.shared, resource, &part.question.enrollment_id);
        let mut asking = Asking::begin(pass, scope, part, asked_about);
        let result = match resource {
            Resource::Answers => {
                let asked = answers_of(&mut asking, &client);
                asked.instrument(span::resource(resource)).await
            }
            _ => {
                let asked = interactions_of(&mut asking, &client);
                asked.instrument(span::resource(resource)).await
            }
        };
        pass.tallies.note(resource, &result, &client, begun);
        unless_it_ends_the_company(result)?;
    }
    Ok(())
}

async fn answers_of(asking: &mut Asking<'_>, client: &CompanyClient) -> Result<Pulled, PullError> {
    let (scope, company_id) = (asking.scope, asking.pass.company.id.clone());
    let longest = asking.pass.run.rhythm.longest();
    let mut questions = Questions::default();
    let asked = asking
        .all_users(
            answers::may_exist,
            async |user: &ReportedUser| {
                let id = &user.reported_enrollment_id;
                client.survey_sessions(id, &user.target_user_id).await
            },
            async |user: &ReportedUser, received: Vec<_>, mut delivery: Delivery| {
                if received.is_empty() && answers::must_exist(user) {
                    let again = Some(Again::Later(longest));
                    delivery
                        .asked
                        .iter_mut()
                        .for_each(|asked| asked.again = again);
                }
                answers::deliver(scope, &company_id, user, received, &mut questions, delivery).await
            },
        )
        .await;
    asking.end(questions.end(scope, &company_id), asked).await
}

async fn interactions_of(
    asking: &mut Asking<'_>,
    client: &CompanyClient,
) -> Result<Pulled, PullError> {
    let (scope, company_id) = (asking.scope, asking.pass.company.id.clone());
    let with_tracking = asking.pass.run.settings.privacy.tracking_info;
    let asked = asking
        .all_users(
            interactions::may_exist,
            async |user: &ReportedUser| interactions::ask(client, user, with_tracking).await,
            async |user: &ReportedUser, received, delivery: Delivery| {
                interactions::deliver(scope, &company_id, user, received, delivery).await
            },
        )
        .await;
    asking.end(Delivery::default(), asked).await
}

/// The users of one enrollment being asked, several at once, delivered in the order of their ids, so that every run meets
/// them in the same order. A user who fails does not stop the others.
struct Asking<'a> {
    pass: &'a CompanyPass<'a>,
    scope: &'a Scope<'a>,
    part: &'a Part,
    asked_about: &'a HashSet<String>,
    /// When the walk began, maybe in an earlier process.
    walk_began_at: DateTime<Utc>,
    /// The last user of the walk who was asked.
    after: Option<ReportedUser>,
    asked: u32,
    /// Who was asked in this run, as hashes: what was noted of them may not be committed yet.
    met: HashSet<u64>,
    failed: u32,
    in_a_row: u32,
    worst: Option<PullError>,
}

impl<'a> Asking<'a> {
    fn begin(
        pass: &'a CompanyPass<'a>,
        scope: &'a Scope<'a>,
        part: &'a Part,
        asked_about: &'a HashSet<String>,
    ) -> Self {
        let question = &part.question;
        let cursor = pass
            .memory
            .cursor(question.resource, &question.enrollment_id);
        let unfinished = cursor.and_then(|cursor| cursor.state.unfinished.as_ref());
        let (walk_began_at, after) = match unfinished {
            Some(Unfinished::User {
                reported_enrollment_id,
                target_user_id,
                started_at,
            }) if pass.run.extent.continues(*started_at) => {
                let after = ReportedUser {
                    reported_enrollment_id: reported_enrollment_id.clone(),
                    target_user_id: target_user_id.clone(),
                    status: None,
                };
                (*started_at, Some(after))
            }
            _ => (scope.started_at, None),
        };
        Self {
            pass,
            scope,
            part,
            asked_about,
            walk_began_at,
            after,
            asked: 0,
            met: HashSet::new(),
            failed: 0,
            in_a_row: 0,
            worst: None,
        }
    }

    /// Asks those that are walked through, and then those that are pending. An error ends the company.
    async fn all_users<T>(
        &mut self,
        may_exist: impl Fn(&ReportedUser) -> bool,
        ask: impl AsyncFn(&ReportedUser) -> Result<T, ApiError>,
        mut deliver: impl AsyncFnMut(&ReportedUser, T, Delivery) -> Result<(), PullError>,
    ) -> Result<(), PullError> {
        let (pool, company_id) = (self.pass.run.pool, self.pass.company.id.as_str());
        let question = &self.part.question;
        if self.part.walk.is_some() {
            while self.in_a_row < MAX_FAILURES_IN_A_ROW && !self.must_rest() {
                let id = &question.enrollment_id;
                let after = self.after.as_ref();
                let users = reported_users::page(pool, company_id, id, after).await?;
                let Some(last) = users.last().cloned() else {
                    break;
                };
                self.each(&users, true, &may_exist, &ask, &mut deliver)
                    .await?;
                if self.in_a_row < MAX_FAILURES_IN_A_ROW && !self.must_rest() {
                    self.after = Some(last);
                }
            }
        }
        let mut after = (String::new(), String::new());
        while self.in_a_row < MAX_FAILURES_IN_A_ROW {
            let now = self.pass.now();
            let page =
                pending_users::page(pool, company_id, question, now, (&after.0, &after.1)).await?;
            let Some(last) = page.last() else { break };
            after = (
                last.reported_enrollment_id.clone(),
                last.target_user_id.clone(),
            );
            // Who was asked a moment ago is left to the next run.
            let (asked, gone): (Vec<_>, Vec<_>) = page
                .into_iter()
                .filter(|user| {
                    let key = hash(&user.reported_enrollment_id, &user.target_user_id);
                    !self.met.contains(&key)
                })
                .partition(|user| user.is_reported);
            let reported = |user: pending_users::PendingUser| ReportedUser {
                reported_enrollment_id: user.reported_enrollment_id,
                target_user_id: user.target_user_id,
                status: user.status,
            };
            let asked: Vec<ReportedUser> = asked.into_iter().map(reported).collect();
            let gone: Vec<Asked> = gone
                .into_iter()
                .map(|user| self.asked(&reported(user), None))
                .collect();
            if !gone.is_empty() {
                let delivery = Delivery {
                    asked: gone,
                    ..Delivery::default()
                };
                self.scope.deliver(delivery).await?;
            }
            self.each(&asked, false, &may_exist, &ask, &mut deliver)
                .await?;
        }
        Ok(())
    }

    /// Asks these users, as far as there may be something to ask for.
    async fn each<T>(
        &mut self,
        users: &[ReportedUser],
        is_walk: bool,
        may_exist: &impl Fn(&ReportedUser) -> bool,
        ask: &impl AsyncFn(&ReportedUser) -> Result<T, ApiError>,
        deliver: &mut impl AsyncFnMut(&ReportedUser, T, Delivery) -> Result<(), PullError>,
    ) -> Result<(), PullError> {
        let (asked, skipped): (Vec<&ReportedUser>, Vec<&ReportedUser>) = users
            .iter()
            .partition(|user| self.is_own(user) && may_exist(user));
        if !is_walk && !skipped.is_empty() {
            let asked = skipped.iter().map(|user| self.asked(user, None)).collect();
            let delivery = Delivery {
                asked,
                ..Delivery::default()
            };
            self.scope.deliver(delivery).await?;
        }
        let mut pulls = futures::stream::iter(asked)
            .map(|user| async move { (user, ask(user).await) })
            .buffered(self.pass.run.concurrency);
        while self.in_a_row < MAX_FAILURES_IN_A_ROW
            && !(is_walk && self.must_rest())
            && let Some((user, received)) = pulls.next().await
        {
            self.asked += 1;
            self.met
                .insert(hash(&user.reported_enrollment_id, &user.target_user_id));
            let mut delivery = Delivery {
                asked: vec![self.asked(user, None)],
                ..Delivery::default()
            };
            if is_walk {
                delivery
                    .cursors
                    .push(self.scope.under_way(self.standing_at(user)));
            }
            let delivered = match received {
                Ok(received) => deliver(user, received, delivery).await,
                Err(error) => Err(error.into()),
            };
            match delivered {
                Ok(()) => self.in_a_row = 0,
                Err(error) if error.ends_company() => return Err(error),
                Err(_) if self.pass.run.stop.load(Ordering::Relaxed) => {
                    return Err(PullError::Stopped);
                }
                Err(error) => self.fail(user, is_walk, error).await?,
            }
        }
        Ok(())
    }

    /// A user who failed is asked again by the next run.
    async fn fail(
        &mut self,
        user: &ReportedUser,
        is_walk: bool,
        error: PullError,
    ) -> Result<(), PullError> {
        let mut delivery = Delivery {
            asked: vec![self.asked(user, Some(Again::NextRun))],
            ..Delivery::default()
        };
        if is_walk {
            delivery
                .cursors
                .push(self.scope.under_way(self.standing_at(user)));
        }
        self.failed += 1;
        self.in_a_row += 1;
        if is_walk {
            self.after = Some(user.clone());
        }
        let is_worse = |worst: &PullError| worst.verdict() < error.verdict();
        if self.worst.as_ref().is_none_or(is_worse) {
            self.worst = Some(error);
        }
        self.scope.deliver(delivery).await
    }

    fn asked(&self, user: &ReportedUser, again: Option<Again>) -> Asked {
        Asked {
            resource: self.part.question.resource,
            enrollment_id: self.part.question.enrollment_id.clone(),
            reported_enrollment_id: user.reported_enrollment_id.clone(),
            target_user_id: user.target_user_id.clone(),
            again,
        }
    }

    fn standing_at(&self, user: &ReportedUser) -> CursorState {
        CursorState {
            unfinished: Some(Unfinished::User {
                reported_enrollment_id: user.reported_enrollment_id.clone(),
                target_user_id: user.target_user_id.clone(),
                started_at: self.walk_began_at,
            }),
            ..CursorState::default()
        }
    }

    /// A row of a learning path may name a step; a step that is asked itself has a row of its own.
    fn is_own(&self, user: &ReportedUser) -> bool {
        let reported = user.reported_enrollment_id.as_str();
        reported == self.part.question.enrollment_id || !self.asked_about.contains(reported)
    }

    /// Whether walks are left to the next run, so that it can first look at what changed meanwhile.
    fn must_rest(&self) -> bool {
        self.pass.run.leaves_walks()
    }

    /// Delivers what is left when no user is, and says how it ended.
    async fn end(
        &mut self,
        mut rest: Delivery,
        asked: Result<(), PullError>,
    ) -> Result<Pulled, PullError> {
        asked?;
        if self.part.walk.is_some() {
            if self.must_rest() {
                // Its cursor stands at the last user.
                self.pass.tallies.leave_some();
                self.pass.run.leave_some();
            } else {
                rest.cursors.push(self.walk_ended());
            }
        }
        self.scope.deliver(rest).await?;
        match self.worst.take() {
            None => Ok(Pulled {
                pages: self.asked,
                ..Pulled::default()
            }),
            Some(worst) => Err(PullError::Users {
                failed: self.failed,
                asked: self.asked,
                worst: Box::new(worst),
            }),
        }
    }

    /// The cursor after a walk. With failures it stands at the last user: what is left of the walk are those who failed.
    fn walk_ended(&self) -> CursorMove {
        let Some(worst) = &self.worst else {
            let rhythm = &self.pass.run.rhythm;
            let (company, id) = (&self.pass.company.id, &self.part.question.enrollment_id);
            let step = Step::Complete {
                fingerprint: None,
                due_at: None,
                full_due_at: Some(rhythm.full_due_at(company, id, self.pass.now())),
                changed_at: None,
                verdict: Verdict::Complete,
            };
            let mut cursor = self.scope.step(CursorState::default(), step);
            cursor.started_at = self.walk_began_at;
            return cursor;
        };
        let state = match &self.after {
            Some(user) => self.standing_at(user),
            None => CursorState::default(),
        };
        self.scope.ended(state, worst.verdict())
    }
}

fn hash(reported_enrollment_id: &str, target_user_id: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default()
        .hash_one((reported_enrollment_id, target_user_id))
}
