//! The trainings that a company can use.

use super::{PullError, Pulled, Scope};
use crate::api::CompanyClient;
use crate::api::endpoints::trainings::Training;
use crate::warehouse::tables::trainings::TrainingRow;

/// Pulls the listing.
pub async fn pull(
    scope: &Scope<'_>,
    company: &CompanyClient,
    pages: Option<u32>,
    doubtful: &[Vec<u8>],
) -> Result<Pulled, PullError> {
    let listing = || company.trainings::<Training>().last_page_first(pages);
    scope
        .pull_listing(
            "trainings listed",
            doubtful,
            listing,
            |delivery, seen, training| {
                let created_by = scope.privacy().author(training.created_by.as_deref());
                let extra = scope.extra(delivery, &training.extra);
                let row = TrainingRow {
                    company_id: company.company_id(),
                    training_id: &training.id,
                    name: training.name.as_deref(),
                    description: training.description.as_deref(),
                    r#type: training.r#type.as_deref(),
                    category: training.category.as_deref(),
                    target_audience: training.target_audience.as_deref(),
                    level: training.level.as_deref(),
                    duration: training.duration.as_deref(),
                    has_quiz: training.has_quiz,
                    vendor_name: training.vendor_name.as_deref(),
                    created_by: created_by.as_deref(),
                    created_at: training.created_at,
                    is_new: training.is_new,
                    is_favourite: training.is_favourite,
                    is_editable: training.is_editable,
                    languages: training.languages.as_deref(),
                    tags: training.tags.as_deref(),
                    compliances: training.compliances.as_deref(),
                    available_for: training.available_for.as_deref(),
                    training_roles: training.training_roles.as_deref(),
                    cover_image_url: training.cover_image_url.as_deref(),
                    extra: extra.as_deref(),
                };
                delivery.rows.push_seen(&row, seen);
            },
        )
        .await
}
