//! The enrollments of a company: both listings, active and archived.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Delivery, PullError, Pulled, Scope, Shared};
use crate::api::CompanyClient;
use crate::api::endpoints::enrollments::{Enrollment, EnrollmentList};
use crate::api::endpoints::summaries::type_number;
use crate::resource::Resource;
use crate::verdict::Verdict;
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
}

/// All enrollments that the listings of a company show.
#[derive(Debug, Default)]
pub struct Listed {
    /// Newest first.
    pub enrollments: Vec<EnrollmentRef>,
    /// Nothing is missing.
    pub is_complete: bool,
}

impl EnrollmentRef {
    fn of(enrollment: Enrollment, list: EnrollmentList) -> Self {
        Self {
            is_survey: enrollment.is_survey(),
            is_archived: list == EnrollmentList::Archive,
            is_anonymous: enrollment
                .status
                .is_some_and(|status| compact(&status) == "scormproxy"),
            is_unlisted_step: false,
            id: enrollment.id,
            r#type: enrollment.r#type,
            created_at: enrollment.created_at,
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

/// Pulls both listings. Gives the enrollments, newest first: persons are taken from their newest enrollment, so later
/// ones rarely have to be overwritten.
pub async fn pull(
    shared: &Shared<'_>,
    company: &CompanyClient,
) -> Result<(Pulled, Listed), PullError> {
    let mut enrollments: HashMap<String, EnrollmentRef> = HashMap::new();
    let mut pulled = Pulled {
        verdict: Verdict::Complete,
        pages: 0,
    };
    for list in [EnrollmentList::Active, EnrollmentList::Archive] {
        let (scope, what) = match list {
            EnrollmentList::Active => ("", "enrollments listed"),
            EnrollmentList::Archive => ("archive", "archived enrollments listed"),
        };
        let scope = &Scope::begin(shared, Resource::Enrollments, scope);
        let one = scope
            .pull_listing(what, company.enrollments(list), |delivery, enrollment| {
                push(scope, delivery, company.company_id(), &enrollment, list);
                enrollments.insert(enrollment.id.clone(), EnrollmentRef::of(enrollment, list));
            })
            .await?;
        pulled = Pulled {
            verdict: pulled.verdict.max(one.verdict),
            pages: pulled.pages + one.pages,
        };
    }
    let mut enrollments: Vec<EnrollmentRef> = enrollments.into_values().collect();
    enrollments.sort_unstable_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let listed = Listed {
        enrollments,
        is_complete: pulled.verdict == Verdict::Complete,
    };
    Ok((pulled, listed))
}

fn push(
    scope: &Scope<'_>,
    delivery: &mut Delivery,
    company_id: &str,
    enrollment: &Enrollment,
    list: EnrollmentList,
) {
    let enrollment_id = enrollment.id.as_str();
    let extra = scope.extra(delivery, &enrollment.extra);
    let rows = &mut delivery.rows;
    rows.push(&EnrollmentRow {
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
        enrolled_by: enrollment.enrolled_by.as_deref(),
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
        extra,
    });
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
            extra,
        });
    }
}
