//! The e-mail and session events of one user of an enrollment.
//!
//! Events have no id, and equal ones are legitimate. So a user's events are stored as a whole, numbered in an order
//! that does not hang on the order in which they were received.

use super::enrollments::compact;
use super::{Delivery, PullError, Scope};
use crate::api::endpoints::interactions::{Interaction, Untracked};
use crate::api::{ApiError, CompanyClient, UnreadableItem};
use crate::warehouse::reported_users::ReportedUser;
use crate::warehouse::tables::interactions::InteractionRow;

/// Statuses of users of whom the vendor's own pages show no events.
const NOTHING_SENT: [&str; 7] = [
    "inqueue",
    "notdelivered",
    "sendingerror",
    "error",
    "processing",
    "cancelled",
    "canceled",
];

/// Whether there can be events.
#[must_use]
pub fn may_exist(user: &ReportedUser) -> bool {
    let status = compact(user.status.as_deref().unwrap_or_default());
    !NOTHING_SENT.contains(&status.as_str())
}

/// Asks for the events of `user`, with tracking data only when that is allowed.
pub async fn ask(
    company: &CompanyClient,
    user: &ReportedUser,
    with_tracking: bool,
) -> Result<Vec<Result<Interaction, UnreadableItem>>, ApiError> {
    let (enrollment_id, target_user_id) = (&*user.reported_enrollment_id, &*user.target_user_id);
    if with_tracking {
        return company.interactions(enrollment_id, target_user_id).await;
    }
    let untracked = company.interactions::<Untracked>(enrollment_id, target_user_id);
    let plain = |item: Result<Untracked, _>| item.map(|Untracked(interaction)| interaction);
    Ok(untracked.await?.into_iter().map(plain).collect())
}

/// Delivers the events of `user`, together with `delivery`.
pub async fn deliver(
    scope: &Scope<'_>,
    company_id: &str,
    user: &ReportedUser,
    received: Vec<Result<Interaction, UnreadableItem>>,
    mut delivery: Delivery,
) -> Result<(), PullError> {
    let (enrollment_id, target_user_id) = (&*user.reported_enrollment_id, &*user.target_user_id);
    let count = received.len();
    let mut events = scope.readable(&mut delivery, received)?;
    events.sort_by(|left, right| place(left).cmp(&place(right)));

    // No event at all proves nothing, nor does an answer of which a part could not be read: what is stored stays.
    if !events.is_empty() && events.len() == count {
        let owner = [company_id, enrollment_id, target_user_id];
        delivery.rows.push_owner::<InteractionRow<'_>>(&owner);
    }
    for (ordinal, event) in (0..).zip(&events) {
        let extra = scope.extra(&mut delivery, &event.extra);
        delivery.rows.push(&InteractionRow {
            company_id,
            enrollment_id,
            target_user_id,
            ordinal,
            interaction: event.interaction.as_deref(),
            event_at: event.event_at,
            current_step: event.current_step.as_deref(),
            training_order: event.training_order,
            learning_path_id: event.learning_path_id.as_deref(),
            step_count: event.step_count,
            browser_name: event.tracking.browser_name.as_deref(),
            user_agent: event.tracking.user_agent.as_deref(),
            geolocation: event.tracking.geolocation.as_deref(),
            ip_addresses: event.tracking.ip_addresses.as_deref(),
            extra: extra.as_deref(),
        });
    }
    scope.deliver(delivery).await
}

/// By time, then by all of the content.
fn place(event: &Interaction) -> impl Ord + use<'_> {
    let tracking = &event.tracking;
    (
        (event.event_at, &event.interaction, &event.current_step),
        (
            event.training_order,
            &event.learning_path_id,
            event.step_count,
        ),
        (
            &tracking.browser_name,
            &tracking.user_agent,
            &tracking.geolocation,
            &tracking.ip_addresses,
        ),
        &event.extra.json,
    )
}
