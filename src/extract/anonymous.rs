//! The results of an anonymous enrollment: two listings of the same learners.

use super::{PullError, Pulled, Scope, Shared};
use crate::api::CompanyClient;
use crate::resource::Resource;
use crate::warehouse::tables::anonymous::{AnonymousLearnerRow, AnonymousResultRow};

/// Pulls how far the learners of `enrollment_id` are.
pub async fn pull_learners(
    shared: &Shared<'_>,
    company: &CompanyClient,
    enrollment_id: &str,
) -> Result<Pulled, PullError> {
    let scope = &Scope::begin(shared, Resource::Anonymous, enrollment_id);
    let listing = company.anonymous_learners(enrollment_id);
    scope
        .pull_listing("anonymous learners listed", listing, |delivery, learner| {
            let extra = scope.extra(delivery, &learner.extra);
            delivery.rows.push(&AnonymousLearnerRow {
                company_id: company.company_id(),
                enrollment_id,
                result_id: &learner.result_id,
                target_user_id: learner.target_user_id.as_deref(),
                status: learner.status.as_deref(),
                last_interaction_at: learner.last_interaction_at,
                extra,
            });
        })
        .await
}

/// Pulls what the learners of `enrollment_id` achieved.
pub async fn pull_results(
    shared: &Shared<'_>,
    company: &CompanyClient,
    enrollment_id: &str,
) -> Result<Pulled, PullError> {
    let scope_id = format!("{enrollment_id}/result");
    let scope = &Scope::begin(shared, Resource::Anonymous, &scope_id);
    let listing = company.anonymous_results(enrollment_id);
    scope
        .pull_listing("anonymous results listed", listing, |delivery, result| {
            let result_extra = scope.extra(delivery, &result.extra);
            delivery.rows.push(&AnonymousResultRow {
                company_id: company.company_id(),
                enrollment_id,
                result_id: &result.result_id,
                is_passed: result.is_passed,
                score: result.score,
                enrolled_at: result.enrolled_at,
                session_started_at: result.session_started_at,
                session_ended_at: result.session_ended_at,
                session_count: result.session_count,
                result_extra,
            });
        })
        .await
}
