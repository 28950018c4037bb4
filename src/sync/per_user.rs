//! What must be asked user by user: survey sessions and interactions. Whom to ask is read from the stored user reports.

use std::collections::HashSet;
use std::time::Instant;

use futures::StreamExt;

use super::run::RunContext;
use super::tally::Tallies;
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
    let ids: HashSet<&str> = enrollments.iter().map(|one| one.id.as_str()).collect();
    for enrollment in enrollments {
        let client = run.client.company(&company.id);
        // A row of a learning path may name a step; one that is asked itself has a row of its own.
        let is_own = |user: &ReportedUser| {
            let reported = user.reported_enrollment_id.as_str();
            reported == enrollment.id || !ids.contains(reported)
        };
        if enrollment.is_survey && run.selection.includes(Resource::Answers) {
            let begun = Instant::now();
            let client = client.counted();
            let scope = &Scope::begin(shared, Resource::Answers, &enrollment.id);
            let questions = &Questions::default();
            let mut result = for_each_user(
                run,
                &company.id,
                &enrollment.id,
                |user| is_own(user) && answers::may_exist(user),
                async |user| answers::pull(scope, &client, user, questions).await,
            )
            .await;
            if result.is_ok() {
                result = end(scope, questions.end(scope), result).await;
            }
            tallies.note(Resource::Answers, result, &client, begun)?;
        }
        if asks_interactions(run, enrollment) {
            let begun = Instant::now();
            let client = client.counted();
            let scope = &Scope::begin(shared, Resource::Interactions, &enrollment.id);
            let with_tracking = run.settings.privacy.tracking_info;
            let mut result = for_each_user(
                run,
                &company.id,
                &enrollment.id,
                |user| is_own(user) && interactions::may_exist(user),
                async |user| interactions::pull(scope, &client, user, with_tracking).await,
            )
            .await;
            if result.is_ok() {
                result = end(scope, Delivery::default(), result).await;
            }
            tallies.note(Resource::Interactions, result, &client, begun)?;
        }
    }
    Ok(())
}

fn asks_interactions(run: &RunContext<'_>, enrollment: &EnrollmentRef) -> bool {
    let is_wanted = match run.settings.sync.interactions {
        Interactions::Surveys => enrollment.is_survey,
        Interactions::All => true,
        Interactions::None => false,
    };
    is_wanted && run.selection.includes(Resource::Interactions)
}

/// Moves the cursor of a scope whose users were all read.
async fn end(
    scope: &Scope<'_>,
    mut delivery: Delivery,
    result: Result<Pulled, PullError>,
) -> Result<Pulled, PullError> {
    delivery.cursor = Some(scope.completed(None));
    scope.deliver(delivery).await?;
    result
}

/// Pulls each user of an enrollment of whom there may be something, in the order of their ids, so that every run meets
/// them in the same order. A user who fails does not stop the others.
async fn for_each_user(
    run: &RunContext<'_>,
    company_id: &str,
    enrollment_id: &str,
    is_asked: impl Fn(&ReportedUser) -> bool,
    pull: impl AsyncFn(&ReportedUser) -> Result<Pulled, PullError>,
) -> Result<Pulled, PullError> {
    let (mut asked, mut failed, mut first) = (0_u32, 0_u32, None);
    let mut after = None;
    loop {
        let users =
            reported_users::page(run.pool, company_id, enrollment_id, after.as_ref()).await?;
        let Some(last) = users.last() else { break };
        let mut pulls = futures::stream::iter(users.iter().filter(|user| is_asked(user)))
            .map(|user| pull(user))
            .buffered(run.concurrency);
        while let Some(one) = pulls.next().await {
            asked += 1;
            match one {
                Ok(_) => {}
                Err(error) if error.ends_company() => return Err(error),
                Err(error) => {
                    failed += 1;
                    first.get_or_insert(error);
                }
            }
        }
        drop(pulls);
        after = Some(last.clone());
    }
    match first {
        None => Ok(Pulled {
            verdict: Verdict::Complete,
            pages: asked,
        }),
        Some(first) => Err(PullError::Users {
            failed,
            asked,
            first: Box::new(first),
        }),
    }
}
