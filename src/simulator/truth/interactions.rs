//! The rows of `interactions`.

use std::ops::Range;

use crate::simulator::truth::{Asked, has_status, push_row, write_instant};
use crate::simulator::world::{EnrollmentPlace, Interaction, Tracking, World};

/// Statuses, without white space and in lower case, of who is not asked for.
const WITHOUT_EVENTS: &[&str] = &[
    "inqueue",
    "notdelivered",
    "sendingerror",
    "error",
    "processing",
    "cancelled",
    "canceled",
];

/// Events of the users at these ranks.
pub fn interactions(
    out: &mut Vec<u8>,
    world: &World,
    asked: Asked,
    place: EnrollmentPlace,
    ranks: Range<u32>,
) {
    let base = world.report_base(place);
    for rank in ranks {
        let position = base.position(rank);
        let report = world.user_report(&base, position);
        if has_status(&report, WITHOUT_EVENTS) {
            continue;
        }
        // Rows of a path name a step at times; what is pulled for the step itself is left to it.
        let reported = report.enrollment_id.as_deref();
        let named = reported.and_then(|id| world.place(id)).unwrap_or(place);
        if named != place && world.is_known(named) {
            continue;
        }
        let events = if named == place {
            world.interactions(&base, position, &report)
        } else {
            // Such a step has the users of its path.
            let base = world.report_base(named);
            world.interactions(&base, position, &world.user_report(&base, position))
        };
        let mut events = events.unwrap_or_default();
        events.sort_by(|one, other| content(one).cmp(&content(other)));
        for (ordinal, event) in events.iter().enumerate() {
            push_row(out, |row| {
                row.text("company_id", &world.company_id(place.company));
                row.text("enrollment_id", &world.enrollment_id(named));
                row.text("target_user_id", &report.person.id);
                row.number("ordinal", ordinal as i64);
                row.text("interaction", event.name);
                write_instant(row, "event_at", event.at);
                row.text_or_null("current_step", event.current_step.as_deref());
                row.number_or_null("training_order", event.training_order);
                row.text_or_null("learning_path_id", event.learning_path_id.as_deref());
                row.number_or_null("step_count", event.step_count);
                let tracking = event.tracking.as_ref().filter(|_| asked.with_tracking);
                row.text_or_null("browser_name", tracking.map(|info| info.browser));
                let user_agent = tracking.and_then(|info| info.user_agent.as_deref());
                row.text_or_null("user_agent", user_agent);
                row.text_or_null("geolocation", tracking.map(|info| info.geolocation));
                row.text_or_null("ip_addresses", tracking.map(|info| info.ip_addresses));
            });
        }
    }
}

/// What events are ordered by: the time, then everything else; nothing comes before something.
fn content(event: &Interaction) -> impl Ord + '_ {
    let tracking = event.tracking.as_ref();
    (
        event.at,
        event.name,
        event.current_step.as_deref(),
        event.training_order,
        event.learning_path_id.as_deref(),
        event.step_count,
        tracking.map(|info: &Tracking| {
            (
                info.browser,
                info.user_agent.as_deref(),
                info.geolocation,
                info.ip_addresses,
            )
        }),
    )
}
