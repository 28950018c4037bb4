//! The enrollments of a company: its two listings, active and archived.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::{Delivery, PullError, Pulled, Scope};
use crate::api::CompanyClient;
use crate::api::endpoints::enrollments::{Enrollment, EnrollmentList};
use crate::api::endpoints::summaries::type_number;
use crate::warehouse::load::sweep::Seen;
use crate::warehouse::stored_load::StoredEnrollment;
use crate::warehouse::tables::enrollments::{
    EnrollmentLanguageRow, EnrollmentRow, EnrollmentTagRow, EnrollmentTrainingRoleRow,
};

/// What the pulls below an enrollment need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentRef {
    /// Its id.
    pub id: String,
    /// Its type as the vendor writes it.
    pub r#type: Option<String>,
    /// When it was created; for a step, when its path was.
    pub created_at: Option<DateTime<Utc>>,
    /// It is a survey.
    pub is_survey: bool,
    /// It is in the archive.
    pub is_archived: bool,
    /// Its learners are only known to the customer's own learning system.
    pub is_anonymous: bool,
    /// It is a step of a learning path that no listing shows.
    pub is_unlisted_step: bool,
    /// It is finished or archived: nothing more is sent.
    pub is_closed: bool,
    /// The newest date that its listing shows, schedules included.
    pub seen_at: Option<DateTime<Utc>>,
    /// Its listed row in one text: it changes when a value does. Of a step, the row of its path.
    pub listed_as: String,
}

/// Statuses after which nothing more is sent.
const CLOSED: [&str; 4] = ["finished", "stopped", "archived", "deleted"];

impl EnrollmentRef {
    fn of(enrollment: Enrollment, list: EnrollmentList, listed_as: String) -> Self {
        let status = compact(enrollment.status.as_deref().unwrap_or_default());
        let is_archived = list == EnrollmentList::Archive;
        Self {
            is_survey: enrollment.is_survey(),
            is_archived,
            is_anonymous: status == "scormproxy",
            is_unlisted_step: false,
            is_closed: is_archived || CLOSED.contains(&&*status),
            seen_at: enrollment.created_at.max(enrollment.starts_at),
            listed_as,
            id: enrollment.id,
            r#type: enrollment.r#type,
            created_at: enrollment.created_at,
        }
    }

    /// A stored enrollment, whose listed row was `listed_as` when it was read last.
    #[must_use]
    pub fn stored(stored: &StoredEnrollment, listed_as: String) -> Self {
        let status = compact(stored.status.as_deref().unwrap_or_default());
        Self {
            id: stored.enrollment_id.clone(),
            r#type: stored.r#type.clone(),
            created_at: stored.created_at,
            is_survey: stored.is_survey,
            is_archived: stored.is_archived,
            is_anonymous: status == "scormproxy",
            is_unlisted_step: stored.is_unlisted_step,
            is_closed: stored.is_archived || CLOSED.contains(&&*status),
            seen_at: stored.created_at,
            listed_as,
        }
    }

    /// An enrollment that is a step of this path and that no listing shows.
    #[must_use]
    pub fn step(&self, id: &str, r#type: Option<String>, is_survey: bool) -> Self {
        Self {
            id: id.to_owned(),
            r#type,
            is_survey,
            is_anonymous: false,
            is_unlisted_step: true,
            ..self.clone()
        }
    }

    /// The type without spaces, as requests name it.
    #[must_use]
    pub fn type_name(&self) -> String {
        self.r#type
            .as_deref()
            .unwrap_or_default()
            .split_whitespace()
            .collect()
    }

    /// The type's number, as requests name it; 0 stands for trainings and surveys.
    #[must_use]
    pub fn type_number(&self) -> u8 {
        type_number(&self.type_name())
    }
}

/// A word of the vendor without the differences in case and white space in which it occurs.
#[must_use]
pub fn compact(word: &str) -> String {
    word.split_whitespace().collect::<String>().to_lowercase()
}

/// The scope of a listing.
#[must_use]
pub const fn scope_of(list: EnrollmentList) -> &'static str {
    match list {
        EnrollmentList::Active => "",
        EnrollmentList::Archive => "archive",
    }
}

/// What a listing showed, before it is known whose it is.
pub struct ListedEnrollments {
    /// How it was read.
    pub pulled: Pulled,
    /// What it showed.
    pub enrollments: Vec<EnrollmentRef>,
    /// Its rows.
    pub deliveries: Vec<Delivery>,
}

/// Pulls one listing, and delivers nothing yet: the service is known to answer with another tenant's data.
pub async fn pull(
    scope: &Scope<'_>,
    company: &CompanyClient,
    list: EnrollmentList,
    pages: Option<u32>,
) -> Result<ListedEnrollments, PullError> {
    let mut enrollments = HashMap::new();
    let deliveries = Mutex::default();
    let what = match list {
        EnrollmentList::Active => "enrollments listed",
        EnrollmentList::Archive => "archived enrollments listed",
    };
    let pulled = scope
        .held_back(&deliveries)
        .pull_listing(
            what,
            &[],
            || company.enrollments(list).last_page_first(pages),
            |delivery, seen, enrollment| {
                let listed_as = push(
                    scope,
                    delivery,
                    seen,
                    company.company_id(),
                    &enrollment,
                    list,
                );
                let id = enrollment.id.clone();
                enrollments.insert(id, EnrollmentRef::of(enrollment, list, listed_as));
            },
        )
        .await?;
    Ok(ListedEnrollments {
        pulled,
        enrollments: enrollments.into_values().collect(),
        deliveries: deliveries
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
    })
}

/// Adds an enrollment, and gives its row in one text.
fn push(
    scope: &Scope<'_>,
    delivery: &mut Delivery,
    seen: &mut Seen,
    company_id: &str,
    enrollment: &Enrollment,
    list: EnrollmentList,
) -> String {
    let enrollment_id = enrollment.id.as_str();
    let extra = scope.extra(delivery, &enrollment.extra);
    let enrolled_by = (scope.privacy()).author(enrollment.enrolled_by.as_deref());
    let rows = &mut delivery.rows;
    let row = EnrollmentRow {
        company_id,
        enrollment_id,
        is_listed: true,
        is_archived: list == EnrollmentList::Archive,
        name: enrollment.name.as_deref(),
        r#type: enrollment.r#type.as_deref(),
        is_survey: enrollment.is_survey(),
        status: enrollment.status.as_deref(),
        training_name: enrollment.training_name.as_deref(),
        category: enrollment.category.as_deref(),
        enrolled_by: enrolled_by.as_deref(),
        delivery: enrollment.delivery.as_deref(),
        delivery_type: enrollment.delivery_type.as_deref(),
        recipient_type: enrollment.recipient_type.as_deref(),
        duration: enrollment.duration.as_deref(),
        level: enrollment.level.as_deref(),
        target_audience: enrollment.target_audience.as_deref(),
        starts_at: enrollment.starts_at,
        created_at: enrollment.created_at,
        is_reminder_active: enrollment.is_reminder_active,
        is_auto_enrollment_active: enrollment.is_auto_enrollment_active,
        sends_preferred_language: enrollment.sends_preferred_language,
        extra: extra.as_deref(),
    };
    rows.push_seen(&row, seen);
    let mut as_listed = Seen::default();
    as_listed.note_row(&row);
    rows.push_owner::<EnrollmentTagRow<'_>>(&[company_id, enrollment_id]);
    for tag in &enrollment.tags {
        rows.push(&EnrollmentTagRow {
            company_id,
            enrollment_id,
            tag,
        });
    }
    rows.push_owner::<EnrollmentLanguageRow<'_>>(&[company_id, enrollment_id]);
    for language in &enrollment.languages {
        rows.push(&EnrollmentLanguageRow {
            company_id,
            enrollment_id,
            language,
        });
    }
    rows.push_owner::<EnrollmentTrainingRoleRow<'_>>(&[company_id, enrollment_id]);
    for role in &enrollment.training_roles {
        let extra = scope.extra(delivery, &role.extra);
        delivery.rows.push(&EnrollmentTrainingRoleRow {
            company_id,
            enrollment_id,
            role_id: role.id,
            code: role.code.as_deref(),
            role_name: role.name.as_deref(),
            extra: extra.as_deref(),
        });
    }
    as_listed.digest()
}
