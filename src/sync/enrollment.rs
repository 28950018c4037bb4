//! The pull of one enrollment: summary, detail, and users or anonymous results.

use std::time::Instant;

use super::run::RunContext;
use super::tally::Tallies;
use crate::extract::companies::CompanyRef;
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::steps::StepRef;
use crate::extract::summaries::SummaryRef;
use crate::extract::{PullError, Scope, Shared, anonymous, details, summaries, users};
use crate::resource::Resource;

/// Fetches one enrollment. Gives the steps that are enrollments of their own; an error only when it ends the company.
pub async fn fetch(
    run: &RunContext<'_>,
    shared: &Shared<'_>,
    company: &CompanyRef,
    tallies: &Tallies,
    enrollment: &EnrollmentRef,
) -> Result<Vec<StepRef>, PullError> {
    let id = enrollment.id.as_str();
    let mut summary = SummaryRef::default();
    if run.selection.includes(Resource::Summaries) {
        let client = run.client.company(&company.id);
        let begun = Instant::now();
        let scope = Scope::begin(shared, Resource::Summaries, id);
        let result = summaries::pull(&scope, &client, enrollment).await;
        let result = result.map(|(pulled, known)| {
            summary = known;
            pulled
        });
        tallies.note(Resource::Summaries, result, &client, begun)?;
    }
    if run.selection.includes(Resource::Details) {
        let client = run.client.company(&company.id);
        let begun = Instant::now();
        let scope = Scope::begin(shared, Resource::Details, id);
        let result = details::pull(&scope, &client, enrollment, summary.is_test).await;
        tallies.note(Resource::Details, result, &client, begun)?;
    }
    // The learners of an anonymous enrollment are in no user report.
    let is_anonymous = enrollment.is_anonymous || summary.is_anonymous;
    let client = run.client.company(&company.id);
    let begun = Instant::now();
    if is_anonymous && run.selection.includes(Resource::Anonymous) {
        let result = anonymous::pull_learners(shared, &client, id).await;
        tallies.note(Resource::Anonymous, result, &client, begun)?;
        let (client, begun) = (client.counted(), Instant::now());
        let result = anonymous::pull_results(shared, &client, id).await;
        tallies.note(Resource::Anonymous, result, &client, begun)?;
    } else if !is_anonymous && run.selection.includes(Resource::Users) {
        let scope = Scope::begin(shared, Resource::Users, id);
        let result = users::pull(&scope, &client, enrollment, &summary, &run.training_types).await;
        tallies.note(Resource::Users, result, &client, begun)?;
    }
    Ok(summary.steps)
}
