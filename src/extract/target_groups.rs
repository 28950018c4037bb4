//! The groups of users of a company.

use super::{PullError, Pulled, Scope};
use crate::api::CompanyClient;
use crate::api::endpoints::target_groups::TargetGroup;
use crate::warehouse::tables::target_groups::TargetGroupRow;

/// Pulls the listing.
pub async fn pull(
    scope: &Scope<'_>,
    company: &CompanyClient,
    pages: Option<u32>,
    doubtful: &[Vec<u8>],
) -> Result<Pulled, PullError> {
    let listing = || {
        company
            .target_groups::<TargetGroup>()
            .last_page_first(pages)
    };
    scope
        .pull_listing(
            "target groups listed",
            doubtful,
            listing,
            |delivery, seen, group| {
                let extra = scope.extra(delivery, &group.extra);
                let row = TargetGroupRow {
                    company_id: company.company_id(),
                    group_id: &group.id,
                    name: group.name.as_deref(),
                    company_name: group.company_name.as_deref(),
                    user_count: group.user_count,
                    priority: group.priority.as_deref(),
                    created_at: group.created_at,
                    updated_at: group.updated_at,
                    extra: extra.as_deref(),
                };
                delivery.rows.push_seen(&row, seen);
            },
        )
        .await
}
