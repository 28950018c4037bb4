//! The per-user report of one enrollment.
//!
//! Which name of the training's type the service wants is uncertain, and it answers a wrong one with zero users. So
//! none is sent; when the answer is empty although the summary counts users, the type's name is tried, then its
//! number (also when the name is rejected), and what worked is remembered per type.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::enrollments::{EnrollmentRef, compact};
use super::summaries::SummaryRef;
use super::{Delivery, PullError, Pulled, Scope};
use crate::api::endpoints::users::{TrainingType, UserReport};
use crate::api::{ApiErrorKind, CompanyClient, Position};
use crate::privacy::{Field, HASH_PREFIX};
use crate::verdict::Verdict;
use crate::warehouse::cursors::{CursorState, Unfinished};
use crate::warehouse::load::sweep::Seen;
use crate::warehouse::load::tuple;
use crate::warehouse::pending_users::Question;
use crate::warehouse::quarantine::Discrepancy;
use crate::warehouse::tables::users::{EnrollmentUserRow, TargetUserRow, UserCustomFieldRow};

/// How the place of an unknown status word begins in `sync.unknown_fields`.
pub const UNKNOWN_WORD: &str = "$.status = ";
/// As much as is kept of such a word, in characters.
const MAX_WORD: usize = 60;
/// The status words of users that the vendor's own pages know, without spaces.
const KNOWN_STATUSES: [&str; 22] = [
    "notresponded",
    "openedemail",
    "clickedlink",
    "inprogress",
    "completed",
    "notcompleted",
    "incomplete",
    "passed",
    "exampassed",
    "examfailed",
    "success",
    "failed",
    "inqueue",
    "processing",
    "notdelivered",
    "sendingerror",
    "error",
    "cancelled",
    "canceled",
    "excluded",
    "notstarted",
    "downloaded",
];

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

/// What is known of an enrollment's report before it is read.
#[derive(Debug, Clone, Default)]
pub struct Before<'b> {
    /// Its cursor's state.
    pub state: CursorState,
    /// Encoded keys of rows that an earlier complete pull missed.
    pub doubtful: &'b [Vec<u8>],
    /// What is asked about users whose rows change.
    pub questions: &'b [Question],
}

/// A report that was read.
#[derive(Debug, Default)]
pub struct PulledUsers {
    /// How it was read.
    pub pulled: Pulled,
    /// The newest date in its rows.
    pub seen_at: Option<DateTime<Utc>>,
}

/// Pulls the report, in the direction opposite to the last complete pull: of what moves between pages while they are
/// read, one direction shows what the other may miss.
pub async fn pull(
    scope: &Scope<'_>,
    company: &CompanyClient,
    enrollment: &EnrollmentRef,
    summary: &SummaryRef,
    training_types: &TrainingTypes,
    before: &Before<'_>,
) -> Result<PulledUsers, PullError> {
    let expected = summary.target_users.unwrap_or(0);
    let is_ascending = !before.state.is_ascending.unwrap_or(false);
    let mut done = PulledUsers::default();
    for training_type in training_types.candidates(enrollment) {
        let listing = |reading: u32| {
            let listing = company.enrollment_users(scope.id, &training_type);
            match position(&before.state) {
                Some(position) if reading == 0 => listing.resumed_at(position),
                _ => listing.in_direction(is_ascending == reading.is_multiple_of(2)),
            }
        };
        let seen_at = &mut done.seen_at;
        let push = |delivery: &mut Delivery, seen: &mut Seen, user: UserReport| {
            *seen_at = (*seen_at)
                .max(user.last_interaction_at)
                .max(user.first_completed_at);
            push(
                scope,
                delivery,
                seen,
                company.company_id(),
                enrollment,
                &user,
            );
            if delivery.questions.is_empty() {
                delivery.questions = before.questions.to_vec();
            }
        };
        let read = scope
            .read_whole(before.doubtful, Some(&before.state), listing, push)
            .await;
        let (end, pulled) = match read {
            // The vendor does not know the type by that name; it may by the next.
            Err(PullError::Api(error))
                if training_type != TrainingType::Omitted
                    && matches!(error.kind, ApiErrorKind::Rejected { status: 400, .. }) =>
            {
                continue;
            }
            read => read?,
        };
        let pages = done.pulled.pages + pulled.pages;
        done.pulled = Pulled { pages, ..pulled };
        if end.distinct == 0 && expected > 0 {
            continue;
        }
        if end.distinct > 0 {
            training_types.remember(enrollment, training_type);
        }
        scope.note_incomplete("users listed", end).await?;
        let found = i64::try_from(end.distinct).unwrap_or(i64::MAX);
        if end.verdict == Verdict::Complete
            && summary.target_users.is_some_and(|total| total != found)
        {
            // Learning paths are known to differ, so this is noted and no failure.
            note_difference(scope, expected, found).await?;
        }
        return Ok(done);
    }
    Err(PullError::UsersMissing {
        enrollment_id: scope.id.to_owned(),
        expected,
    })
}

/// Where an earlier process stopped.
fn position(state: &CursorState) -> Option<Position> {
    match state.unfinished {
        Some(Unfinished::Page {
            page,
            distinct,
            total,
            is_ascending,
        }) if page > 1 => Some(Position {
            page,
            distinct,
            total,
            is_ascending,
        }),
        _ => None,
    }
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
    seen: &mut Seen,
    company_id: &str,
    enrollment: &EnrollmentRef,
    user: &UserReport,
) {
    let (enrollment_id, target_user_id) = (scope.id, user.target_user_id.as_str());
    let privacy = scope.privacy();
    if privacy.is_erased(Some(target_user_id), user.email.as_deref()) {
        return;
    }
    let email = privacy.keep(Field::Email, user.email.as_deref());
    let first_name = privacy.keep(Field::Name, user.first_name.as_deref());
    let last_name = privacy.keep(Field::Name, user.last_name.as_deref());
    let department = privacy.keep(Field::Department, user.department.as_deref());
    let phone_number = privacy.keep(Field::Phone, user.phone_number.as_deref());
    delivery.rows.push(&TargetUserRow {
        company_id,
        target_user_id,
        reported_by_created_at: enrollment.created_at,
        reported_by_enrollment_id: enrollment_id,
        email: email.as_deref(),
        is_email_masked: email.as_deref().is_some_and(is_masked),
        first_name: first_name.as_deref(),
        last_name: last_name.as_deref(),
        department: department.as_deref(),
        phone_number: phone_number.as_deref(),
    });
    if let Some(status) = user.status.as_deref()
        && !is_known(status)
    {
        note_word(scope, delivery, status);
    }
    let extra = scope.extra(delivery, &user.extra);
    let row = EnrollmentUserRow {
        company_id,
        enrollment_id,
        reported_enrollment_id: user.enrollment_id.as_deref().unwrap_or(enrollment_id),
        target_user_id,
        email: email.as_deref(),
        first_name: first_name.as_deref(),
        last_name: last_name.as_deref(),
        department: department.as_deref(),
        phone_number: phone_number.as_deref(),
        status: user.status.as_deref(),
        exam_status: user.exam_status.as_deref(),
        exam_score: user.exam_score,
        is_main_score: user.is_main_score,
        first_completed_at: user.first_completed_at,
        last_interaction_at: user.last_interaction_at,
        delivery_type: user.delivery_type.as_deref(),
        current_step: user.current_step.as_deref(),
        last_interacted_step: user.last_interacted_step.as_deref(),
        extra: extra.as_deref(),
    };
    delivery.rows.push_seen(&row, seen);
    let version = tuple::version(enrollment.created_at, enrollment_id);
    delivery
        .rows
        .push_owner_by::<UserCustomFieldRow<'_>>(&[company_id, target_user_id], version);
    for field in &user.custom_fields {
        let (name, data_type) = (field.name.as_deref(), field.data_type.as_deref());
        let Some(value) = privacy.custom_value(name, data_type, field.value.as_deref()) else {
            continue;
        };
        let extra = scope.extra(delivery, &field.extra);
        delivery.rows.push(&UserCustomFieldRow {
            company_id,
            target_user_id,
            field_id: &field.id,
            name,
            data_type,
            value: value.as_deref(),
            timestamp_value: field.timestamp_value,
            extra: extra.as_deref(),
        });
    }
}

/// Whether the vendor's own pages know the status of a user.
fn is_known(status: &str) -> bool {
    let status = compact(status);
    status.is_empty() || KNOWN_STATUSES.contains(&status.as_str())
}

fn note_word(scope: &Scope<'_>, delivery: &mut Delivery, status: &str) {
    let word: String = status.chars().take(MAX_WORD).collect();
    scope.note_unknown(delivery, format!("{UNKNOWN_WORD}{word:?}"), "string");
}

/// An address that the vendor masks has no `@`; a hash has none either.
fn is_masked(email: &str) -> bool {
    !email.is_empty() && !email.contains('@') && !email.starts_with(HASH_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_however_it_is_spaced_and_cased() {
        for known in ["Not Responded", "InQueue", "in queue", "Completed", ""] {
            assert!(is_known(known), "{known}");
        }
        assert!(!is_known("Postponed"));
    }
}
