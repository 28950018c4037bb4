//! What must be asked user by user: survey sessions and interactions. Whom to ask is read from the stored user reports.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures::StreamExt;

use super::run::RunContext;
use super::tally::Tallies;
use crate::api::ApiError;
use crate::extract::answers::Questions;
use crate::extract::companies::CompanyRef;
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::{Delivery, PullError, Pulled, Scope, Shared, answers, interactions};
use crate::resource::Resource;
use crate::settings::Interactions;
use crate::verdict::Verdict;
use crate::warehouse::reported_users::{self, ReportedUser};

/// Fetches the single pulls of `enrollments`, which are all of one company. Gives an error only when it ends the
/// company.
pub async fn fetch(
    run: &RunContext<'_>,
    shared: &Shared<'_>,
    company: &CompanyRef,
    tallies: &Tallies,
    enrollments: &[EnrollmentRef],
) -> Result<(), PullError> {
    let of_answers = ids(enrollments, |one| asks_answers(run, one));
    let of_interactions = ids(enrollments, |one| asks_interactions(run, one));
    for enrollment in enrollments {
        let client = run.client.company(&company.id);
        if asks_answers(run, enrollment) {
            let begun = Instant::now();
            let client = client.counted();
            let scope = &Scope::begin(shared, Resource::Answers, &enrollment.id);
            let mut questions = Questions::default();
            let result = for_each_user(
                run,
                &company.id,
                &enrollment.id,
                |user| is_own(enrollment, user, &of_answers) && answers::may_exist(user),
                async |user: &ReportedUser| {
                    let id = &user.reported_enrollment_id;
                    client.survey_sessions(id, &user.target_user_id).await
                },
                async |user: &ReportedUser, received| {
                    answers::deliver(scope, &company.id, user, received, &mut questions).await
                },
            )
            .await;
            let rest = questions.end(scope, &company.id);
            let result = end(scope, rest, result).await;
            tallies.note(Resource::Answers, result, &client, begun)?;
        }
        if asks_interactions(run, enrollment) {
            let begun = Instant::now();
            let client = client.counted();
            let scope = &Scope::begin(shared, Resource::Interactions, &enrollment.id);
            let with_tracking = run.settings.privacy.tracking_info;
            let result = for_each_user(
                run,
                &company.id,
                &enrollment.id,
                |user| is_own(enrollment, user, &of_interactions) && interactions::may_exist(user),
                async |user: &ReportedUser| interactions::ask(&client, user, with_tracking).await,
                async |user: &ReportedUser, received| {
                    interactions::deliver(scope, &company.id, user, received).await
                },
            )
            .await;
            let result = end(scope, Delivery::default(), result).await;
            tallies.note(Resource::Interactions, result, &client, begun)?;
        }
    }
    Ok(())
}

fn asks_answers(run: &RunContext<'_>, enrollment: &EnrollmentRef) -> bool {
    enrollment.is_survey && run.selection.includes(Resource::Answers)
}

fn asks_interactions(run: &RunContext<'_>, enrollment: &EnrollmentRef) -> bool {
    let is_wanted = match run.settings.sync.interactions {
        Interactions::Surveys => enrollment.is_survey,
        Interactions::All => true,
        Interactions::None => false,
    };
    is_wanted && run.selection.includes(Resource::Interactions)
}

fn ids(enrollments: &[EnrollmentRef], is_asked: impl Fn(&EnrollmentRef) -> bool) -> HashSet<&str> {
    let asked = enrollments.iter().filter(|one| is_asked(one));
    asked.map(|one| one.id.as_str()).collect()
}

/// A row of a learning path may name a step; a step that is asked itself has a row of its own.
fn is_own(enrollment: &EnrollmentRef, user: &ReportedUser, asked: &HashSet<&str>) -> bool {
    let reported = user.reported_enrollment_id.as_str();
    reported == enrollment.id || !asked.contains(reported)
}

/// Delivers what is left when no user is, with the cursor when all users were read.
async fn end(
    scope: &Scope<'_>,
    mut delivery: Delivery,
    result: Result<Pulled, PullError>,
) -> Result<Pulled, PullError> {
    match &result {
        Ok(_) => delivery.cursor = Some(scope.completed(None)),
        Err(error) if error.ends_company() => return result,
        Err(_) => {}
    }
    scope.deliver(delivery).await?;
    result
}

/// Users in a row who may fail before the rest of an enrollment is left to the next run: a service in trouble, or one that
/// refuses them all, is not asked for each of thousands.
const MAX_FAILURES_IN_A_ROW: u32 = 20;

/// Asks for each user of an enrollment of whom there may be something, several at once, and delivers in the order of their
/// ids, so that every run meets them in the same order. A user who fails does not stop the others.
async fn for_each_user<T>(
    run: &RunContext<'_>,
    company_id: &str,
    enrollment_id: &str,
    is_asked: impl Fn(&ReportedUser) -> bool,
    ask: impl AsyncFn(&ReportedUser) -> Result<T, ApiError>,
    mut deliver: impl AsyncFnMut(&ReportedUser, T) -> Result<(), PullError>,
) -> Result<Pulled, PullError> {
    let (mut asked, mut failed, mut worst) = (0_u32, 0_u32, None);
    let mut in_a_row = 0;
    let ask = &ask;
    let mut after = None;
    while in_a_row < MAX_FAILURES_IN_A_ROW {
        let users =
            reported_users::page(run.pool, company_id, enrollment_id, after.as_ref()).await?;
        let Some(last) = users.last() else { break };
        let mut pulls = futures::stream::iter(users.iter().filter(|user| is_asked(user)))
            .map(|user| async move { (user, ask(user).await) })
            .buffered(run.concurrency);
        while in_a_row < MAX_FAILURES_IN_A_ROW
            && let Some((user, received)) = pulls.next().await
        {
            asked += 1;
            let delivered = match received {
                Ok(received) => deliver(user, received).await,
                Err(error) => Err(error.into()),
            };
            match delivered {
                Ok(()) => in_a_row = 0,
                Err(error) if error.ends_company() => return Err(error),
                Err(_) if run.stop.load(Ordering::Relaxed) => return Err(PullError::Stopped),
                Err(error) => {
                    failed += 1;
                    in_a_row += 1;
                    let is_worse = |worst: &PullError| worst.verdict() < error.verdict();
                    if worst.as_ref().is_none_or(is_worse) {
                        worst = Some(error);
                    }
                }
            }
        }
        drop(pulls);
        after = Some(last.clone());
    }
    match worst {
        None => Ok(Pulled {
            verdict: Verdict::Complete,
            pages: asked,
        }),
        Some(worst) => Err(PullError::Users {
            failed,
            asked,
            worst: Box::new(worst),
        }),
    }
}
