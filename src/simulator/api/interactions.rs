//! The events of one user in an enrollment.

use crate::simulator::api::{Call, Foreign, per_user};
use crate::simulator::json::push_object;
use crate::simulator::listing::{RowQuirk, write_list};
use crate::simulator::reply::Reply;
use crate::simulator::world::Interaction;

const EVENT_BYTES: usize = 300;

/// `GET /api/training-reports/{id}/interactions/{user}`. Events of the same time come in another
/// order with each request.
pub fn interactions(call: &Call<'_>) -> Reply {
    let (place, position) = match per_user::find(call) {
        Ok(found) => found,
        Err(Foreign) => return per_user::foreign(call),
    };
    let world = &call.world;
    let base = world.report_base(place);
    let report = world.user_report(&base, position);
    let Some(mut events) = world.interactions(&base, position, &report) else {
        return call.envelope(64, |out| out.extend_from_slice(b"null"));
    };
    for group in events.chunk_by_mut(|one, other| one.at == other.at) {
        let turn = call.nth % group.len() as u64;
        group.rotate_left(turn as usize);
    }
    call.envelope(events.len() * EVENT_BYTES, |out| {
        write_list(out, call.firings, events.len() as u64, |out, row, quirk| {
            push_event(out, call, &events[row as usize], quirk);
        });
    })
}

fn push_event(out: &mut Vec<u8>, call: &Call<'_>, event: &Interaction, quirk: RowQuirk) {
    push_object(out, |row| {
        row.number_if("stepCount", event.step_count);
        // Events have no id: what says what happened is the nearest to one.
        if !quirk.lacks_id {
            quirk.write_name(row, "interaction", event.name);
        }
        row.text_if("learningPathId", event.learning_path_id.as_deref());
        row.number_if("trainingOrder", event.training_order);
        row.text_if("currentStep", event.current_step.as_deref());
        let dates = &call.shared.dates;
        match event.at {
            Some(at) if quirk.has_other_dates => {
                dates.write_misplaced(row, "eventTime", at, event.precision);
            }
            at => dates.write_if(row, "eventTime", at, event.precision),
        }
        if let Some(tracking) = &event.tracking {
            row.object("trackingInfo", |object| {
                object.text("browserName", tracking.browser);
                object.text_if("userAgent", tracking.user_agent.as_deref());
                object.text("userGeolocation", tracking.geolocation);
                object.text("userIpAddresslist", tracking.ip_addresses);
            });
        }
    });
}
