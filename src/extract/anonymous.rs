//! The results of an anonymous enrollment: two listings of the same learners.

use super::{PullError, Pulled, Scope};
use crate::api::CompanyClient;
use crate::warehouse::tables::anonymous::{AnonymousLearnerRow, AnonymousResultRow};

/// The scope of the second listing of an enrollment.
#[must_use]
pub fn scope_of_results(enrollment_id: &str) -> String {
    format!("{enrollment_id}/result")
}

/// Pulls how far the learners of `enrollment_id` are.
pub async fn pull_learners(
    scope: &Scope<'_>,
    company: &CompanyClient,
    enrollment_id: &str,
) -> Result<Pulled, PullError> {
    let listing = || company.anonymous_learners(enrollment_id);
    scope
        .pull_listing(
            "anonymous learners listed",
            &[],
            listing,
            |delivery, seen, learner| {
                let privacy = scope.privacy();
                let learner_id = learner.target_user_id.as_deref();
                if privacy.is_erased(learner_id, learner_id) {
                    return;
                }
                // The customer's own learning system may name its learners by their addresses.
                let target_user_id = privacy.keep_unless_address(learner_id);
                let extra = scope.extra(delivery, &learner.extra);
                let row = AnonymousLearnerRow {
                    company_id: company.company_id(),
                    enrollment_id,
                    result_id: &learner.result_id,
                    target_user_id: target_user_id.as_deref(),
                    status: learner.status.as_deref(),
                    last_interaction_at: learner.last_interaction_at,
                    extra: extra.as_deref(),
                };
                delivery.rows.push_seen(&row, seen);
            },
        )
        .await
}

/// Pulls what the learners of `enrollment_id` achieved.
pub async fn pull_results(
    scope: &Scope<'_>,
    company: &CompanyClient,
    enrollment_id: &str,
) -> Result<Pulled, PullError> {
    let listing = || company.anonymous_results(enrollment_id);
    scope
        .pull_listing(
            "anonymous results listed",
            &[],
            listing,
            |delivery, seen, result| {
                let result_extra = scope.extra(delivery, &result.extra);
                let row = AnonymousResultRow {
                    company_id: company.company_id(),
                    enrollment_id,
                    result_id: &result.result_id,
                    is_passed: result.is_passed,
                    score: result.score,
                    enrolled_at: result.enrolled_at,
                    session_started_at: result.session_started_at,
                    session_ended_at: result.session_ended_at,
                    session_count: result.session_count,
                    result_extra: result_extra.as_deref(),
                };
                delivery.rows.push_seen(&row, seen);
            },
        )
        .await
}
