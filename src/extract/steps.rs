//! The steps of learning paths: each is an enrollment of its own, whether a listing shows it or not.

use std::collections::HashSet;

use super::enrollments::EnrollmentRef;
use super::{Delivery, PullError, Scope};
use crate::api::endpoints::summaries::Step;
use crate::warehouse::tables::enrollments::{EnrollmentRow, StepOfRow};

/// A step that has an enrollment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRef {
    /// What its path says of the enrollment.
    pub enrollment: EnrollmentRef,
    /// The enrollment of the path.
    pub path_id: String,
    /// Its place in the path.
    pub number: Option<i64>,
    name: Option<String>,
}

/// The enrollments that the listings show.
#[derive(Debug, Clone, Copy)]
pub struct KnownEnrollments<'k> {
    /// Their ids.
    pub ids: &'k HashSet<String>,
    /// Nothing is missing.
    pub are_complete: bool,
}

impl StepRef {
    /// A step of `path`; `None` when it has no enrollment of its own.
    #[must_use]
    pub fn of(path: &EnrollmentRef, step: &Step) -> Option<Self> {
        let id = step.enrollment_id.as_ref().filter(|id| **id != path.id)?;
        let r#type = step.training_type_name.clone();
        let is_survey = step.has_quiz == Some(true) || r#type.as_deref() == Some("Survey");
        Some(Self {
            enrollment: path.step(id, r#type, is_survey),
            path_id: path.id.clone(),
            number: step.number,
            name: step.training_name.clone(),
        })
    }
}

/// Notes of each step which path it belongs to, and makes an enrollment of those that no listing shows.
pub async fn deliver(
    scope: &Scope<'_>,
    company_id: &str,
    steps: &[StepRef],
    listed: KnownEnrollments<'_>,
) -> Result<(), PullError> {
    let mut delivery = Delivery::default();
    for step in steps {
        let (enrollment, name) = (&step.enrollment, step.name.as_deref());
        // After an incomplete listing it may be listed after all, and its columns filled.
        if listed.are_complete && !listed.ids.contains(&enrollment.id) {
            delivery.rows.push(&EnrollmentRow {
                company_id,
                enrollment_id: &enrollment.id,
                is_archived: enrollment.is_archived,
                name,
                training_name: name,
                r#type: enrollment.r#type.as_deref(),
                is_survey: enrollment.is_survey,
                ..EnrollmentRow::default()
            });
        }
        delivery.rows.push(&StepOfRow {
            company_id,
            enrollment_id: &enrollment.id,
            parent_enrollment_id: Some(&step.path_id),
            is_step: true,
            step_number: step.number,
        });
    }
    scope.deliver(delivery).await
}
