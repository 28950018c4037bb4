//! The per-user report of one enrollment.
//!
//! Which name of the training's type the service wants is uncertain, and it answers a wrong one with zero users. So
//! none is sent; when the answer is empty although the summary counts users, the type's name is tried, then its
//! number (also when the name is rejected), and what worked is remembered per type.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::enrollments::EnrollmentRef;
use super::summaries::SummaryRef;
use super::{Delivery, PullError, Pulled, Scope};
use crate::api::endpoints::users::{TrainingType, UserReport};
use crate::api::{ApiErrorKind, CompanyClient};
use crate::verdict::Verdict;
use crate::warehouse::load::tuple;
use crate::warehouse::quarantine::Discrepancy;
use crate::warehouse::tables::users::{EnrollmentUserRow, TargetUserRow, UserCustomFieldRow};

/// Per type of training, the way of naming it that brought users.
#[derive(Debug, Default)]
pub struct TrainingTypes(Mutex<HashMap<String, TrainingType>>);

impl TrainingTypes {
    /// The ways to name the type of `enrollment`, most promising first.
    fn candidates(&self, enrollment: &EnrollmentRef) -> Vec<TrainingType> {
        let mut candidates = vec![
            TrainingType::Omitted,
            TrainingType::Name(enrollment.type_name()),
            TrainingType::Number(enrollment.type_number()),
        ];
        if enrollment.type_name().is_empty() {
            candidates.remove(1);
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&enrollment.type_name())
            && let Some(at) = candidates.iter().position(|candidate| candidate == known)
        {
            candidates.swap(0, at);
        }
        candidates
    }

    fn remember(&self, enrollment: &EnrollmentRef, training_type: TrainingType) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(enrollment.type_name(), training_type);
    }
}

/// Pulls the report.
pub async fn pull(
    scope: &Scope<'_>,
    company: &CompanyClient,
    enrollment: &EnrollmentRef,
    summary: &SummaryRef,
    training_types: &TrainingTypes,
) -> Result<Pulled, PullError> {
    let expected = summary.target_users.unwrap_or(0);
    let mut pages = 0;
    for training_type in training_types.candidates(enrollment) {
        let mut listing = company.enrollment_users(scope.id, &training_type);
        let push = |delivery: &mut Delivery, user| {
            push(scope, delivery, company.company_id(), enrollment, &user);
        };
        match scope.read(&mut listing, push).await {
            // The vendor does not know the type by that name; it may by the next.
            Err(PullError::Api(error))
                if training_type != TrainingType::Omitted
                    && matches!(error.kind, ApiErrorKind::Rejected { status: 400, .. }) =>
            {
                continue;
            }
            read => read?,
        }
        pages += listing.pages();
        let end = listing.end();
        if end.distinct == 0 && expected > 0 {
            continue;
        }
        if end.distinct > 0 {
            training_types.remember(enrollment, training_type);
        }
        let verdict = scope
            .end_listing("users listed", end, Some(summary.fingerprint.clone()))
            .await?;
        let found = i64::try_from(end.distinct).unwrap_or(i64::MAX);
        if verdict == Verdict::Complete && summary.target_users.is_some_and(|total| total != found)
        {
            // Learning paths are known to differ, so this is noted and no failure.
            note_difference(scope, expected, found).await?;
        }
        return Ok(Pulled { verdict, pages });
    }
    Err(PullError::UsersMissing {
        enrollment_id: scope.id.to_owned(),
        expected,
    })
}

async fn note_difference(scope: &Scope<'_>, expected: i64, found: i64) -> Result<(), PullError> {
    let discrepancy = Discrepancy {
        resource: scope.resource,
        scope: scope.id.to_owned(),
        kind: "users against summary",
        detail: "the complete user report and the summary count differently".to_owned(),
        expected: Some(expected),
        found: Some(found),
    };
    scope
        .deliver(Delivery {
            discrepancies: vec![discrepancy],
            ..Delivery::default()
        })
        .await
}

fn push(
    scope: &Scope<'_>,
    delivery: &mut Delivery,
    company_id: &str,
    enrollment: &EnrollmentRef,
    user: &UserReport,
) {
    let (enrollment_id, target_user_id) = (scope.id, user.target_user_id.as_str());
    let email = user.email.as_deref();
    delivery.rows.push(&TargetUserRow {
        company_id,
        target_user_id,
        reported_by_created_at: enrollment.created_at,
        reported_by_enrollment_id: enrollment_id,
        email,
        is_email_masked: email.is_some_and(|email| !email.is_empty() && !email.contains('@')),
        first_name: user.first_name.as_deref(),
        last_name: user.last_name.as_deref(),
        department: user.department.as_deref(),
        phone_number: user.phone_number.as_deref(),
    });
    let extra = scope.extra(delivery, &user.extra);
    delivery.rows.push(&EnrollmentUserRow {
        company_id,
        enrollment_id,
        reported_enrollment_id: user.enrollment_id.as_deref().unwrap_or(enrollment_id),
        target_user_id,
        email,
        first_name: user.first_name.as_deref(),
        last_name: user.last_name.as_deref(),
        department: user.department.as_deref(),
        phone_number: user.phone_number.as_deref(),
        status: user.status.as_deref(),
        exam_status: user.exam_status.as_deref(),
        exam_score: user.exam_score,
        is_main_score: user.is_main_score,
        first_completed_at: user.first_completed_at,
        last_interaction_at: user.last_interaction_at,
        delivery_type: user.delivery_type.as_deref(),
        current_step: user.current_step.as_deref(),
        last_interacted_step: user.last_interacted_step.as_deref(),
        extra,
    });
    let version = tuple::version(enrollment.created_at, enrollment_id);
    delivery
        .rows
        .push_owner_by::<UserCustomFieldRow<'_>>(&[company_id, target_user_id], version);
    for field in &user.custom_fields {
        let extra = scope.extra(delivery, &field.extra);
        delivery.rows.push(&UserCustomFieldRow {
            company_id,
            target_user_id,
            field_id: &field.id,
            name: field.name.as_deref(),
            data_type: field.data_type.as_deref(),
            value: field.value.as_deref(),
            timestamp_value: field.timestamp_value,
            extra,
        });
    }
}
