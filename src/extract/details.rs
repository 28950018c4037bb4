//! The settings of one enrollment.

use super::enrollments::EnrollmentRef;
use super::{Delivery, PullError, Pulled, Scope};
use crate::api::{ApiErrorKind, CompanyClient};
use crate::verdict::Verdict;
use crate::warehouse::tables::enrollments::{EnrollmentDetailRow, EnrollmentTargetGroupRow};

/// Pulls the detail. `is_test_by_summary` stands in when the detail does not say.
pub async fn pull(
    scope: &Scope<'_>,
    company: &CompanyClient,
    enrollment: &EnrollmentRef,
    is_test_by_summary: Option<bool>,
) -> Result<Pulled, PullError> {
    let detail = match company.enrollment_detail(scope.id).await {
        Ok(Ok(detail)) => detail,
        Ok(Err(item)) => return Err(scope.unreadable_object(item).await),
        // Whether the vendor shows the settings of what it does not list is not known.
        Err(error) if enrollment.is_unlisted_step && error.kind == ApiErrorKind::NotFound => {
            return Ok(Pulled {
                verdict: Verdict::Unsupported,
                ..Pulled::default()
            });
        }
        Err(error) => return Err(error.into()),
    };
    let (company_id, enrollment_id) = (company.company_id(), scope.id);
    let mut delivery = Delivery::default();
    let extra = scope.extra(&mut delivery, &detail.extra);
    let rows = &mut delivery.rows;
    rows.push(&EnrollmentDetailRow {
        company_id,
        enrollment_id,
        training_id: detail.training_id.as_deref(),
        learning_path_id: detail.learning_path_id.as_deref(),
        training_order: detail.training_order,
        due_at: detail.due_at,
        scheduled_at: detail.scheduled_at,
        scheduled_time_zone: detail.scheduled_time_zone.as_deref(),
        uses_own_time_zone: detail.uses_own_time_zone,
        awards_certificate: detail.awards_certificate,
        certificate_send_type: detail.certificate_send_type.as_deref(),
        is_test: detail.is_marked_as_test.or(is_test_by_summary),
        training_type_id: detail.training_type_id.as_deref(),
        distribution_days: detail.distribution_days,
        phishing_campaign_id: detail.phishing_campaign_id.as_deref(),
        extra: extra.as_deref(),
    });
    rows.push_owner::<EnrollmentTargetGroupRow<'_>>(&[company_id, enrollment_id]);
    for target_group_id in &detail.target_group_ids {
        rows.push(&EnrollmentTargetGroupRow {
            company_id,
            enrollment_id,
            target_group_id,
        });
    }
    scope.deliver(delivery).await?;
    Ok(Pulled::one())
}
