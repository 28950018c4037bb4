//! The counts of one enrollment, and the steps of a learning path.

use super::enrollments::EnrollmentRef;
use super::steps::StepRef;
use super::{Delivery, PullError, Pulled, Scope};
use crate::api::CompanyClient;
use crate::api::endpoints::summaries::Summary;
use crate::warehouse::tables::summaries::{EnrollmentStepRow, EnrollmentSummaryRow};

/// What the pulls after the summary need to know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SummaryRef {
    /// Users of the enrollment, if the vendor counts them.
    pub target_users: Option<i64>,
    /// Whether the enrollment is a test, if the vendor says so.
    pub is_test: Option<bool>,
    /// Its learners are only known to the customer's own learning system.
    pub is_anonymous: bool,
    /// All counts in one text: it changes when one of them does.
    pub fingerprint: String,
    /// Steps of a learning path that are enrollments of their own.
    pub steps: Vec<StepRef>,
}

/// Pulls the summary.
pub async fn pull(
    scope: &Scope<'_>,
    company: &CompanyClient,
    enrollment: &EnrollmentRef,
) -> Result<(Pulled, SummaryRef), PullError> {
    let summary = match company.summary(scope.id, enrollment.type_number()).await? {
        Ok(summary) => summary,
        Err(item) => return Err(scope.unreadable_object(item).await),
    };
    let fingerprint = fingerprint(&summary);
    let mut delivery = Delivery::default();
    push(scope, &mut delivery, company.company_id(), &summary);
    scope.deliver(delivery).await?;
    let known = SummaryRef {
        target_users: summary.counts.total_target_user_count,
        is_test: summary.is_test,
        is_anonymous: enrollment.is_anonymous || summary.is_scorm_proxy == Some(true),
        fingerprint,
        steps: (summary.steps.iter())
            .filter_map(|step| StepRef::of(enrollment, step))
            .collect(),
    };
    Ok((Pulled::one(), known))
}

fn push(scope: &Scope<'_>, delivery: &mut Delivery, company_id: &str, summary: &Summary) {
    let (enrollment_id, counts) = (scope.id, summary.counts);
    let extra = scope.extra(delivery, &summary.extra);
    delivery.rows.push(&EnrollmentSummaryRow {
        company_id,
        enrollment_id,
        total_target_user_count: counts.total_target_user_count,
        total_user_opened_count: counts.total_user_opened_count,
        only_opened_count: counts.only_opened_count,
        total_non_target_user_count: counts.total_non_target_user_count,
        email_delivered_user_count: counts.email_delivered_user_count,
        email_error_user_count: counts.email_error_user_count,
        no_response_count: counts.no_response_count,
        did_not_complete_training_count: counts.did_not_complete_training_count,
        did_not_complete_exam_count: counts.did_not_complete_exam_count,
        failed_exam_count: counts.failed_exam_count,
        completed_count: summary.completed_count,
        in_progress_count: summary.in_progress_count,
        group_count: summary.group_count,
        sms_sent_count: summary.sms_sent_count,
        is_test: summary.is_test,
        is_scorm_proxy: summary.is_scorm_proxy,
        training_type_name: summary.training_type_name.as_deref(),
        delivery_method: summary.delivery_method.as_deref(),
        starts_at: summary.starts_at,
        extra: extra.as_deref(),
    });
    delivery
        .rows
        .push_owner::<EnrollmentStepRow<'_>>(&[company_id, enrollment_id]);
    let mut steps: Vec<_> = summary.steps.iter().collect();
    steps.sort_by_key(|step| step.number);
    for (position, step) in steps.into_iter().enumerate() {
        let extra = scope.extra(delivery, &step.extra);
        delivery.rows.push(&EnrollmentStepRow {
            company_id,
            enrollment_id,
            // A step without a number takes its place in the list.
            step_number: step
                .number
                .unwrap_or_else(|| i64::try_from(position).unwrap_or(i64::MAX)),
            step_enrollment_id: step.enrollment_id.as_deref(),
            training_name: step.training_name.as_deref(),
            training_type_name: step.training_type_name.as_deref(),
            awards_certificate: step.awards_certificate,
            has_quiz: step.has_quiz,
            extra: extra.as_deref(),
        });
    }
}

fn fingerprint(summary: &Summary) -> String {
    let counts = summary.counts;
    let numbers = [
        counts.total_target_user_count,
        counts.total_user_opened_count,
        counts.only_opened_count,
        counts.total_non_target_user_count,
        counts.email_delivered_user_count,
        counts.email_error_user_count,
        counts.no_response_count,
        counts.did_not_complete_training_count,
        counts.did_not_complete_exam_count,
        counts.failed_exam_count,
        summary.completed_count,
        summary.in_progress_count,
    ];
    let texts =
        numbers.map(|number| number.map_or_else(|| "-".to_owned(), |number| number.to_string()));
    texts.join(" ")
}
