//! What the reports of a single user share: finding the enrollment and the user in the path.

use crate::simulator::api::{Call, Foreign};
use crate::simulator::options;
use crate::simulator::reply::Reply;
use crate::simulator::world::EnrollmentPlace;

/// The enrollment in the path, and the position in it of the user behind it.
pub fn find(call: &Call<'_>) -> Result<(EnrollmentPlace, u32), Foreign> {
    let place = call.enrollment()?;
    let world = &call.world;
    let user = call.parts.uri.path().rsplit('/').next().unwrap_or_default();
    let position = world
        .person_index(place.company, user)
        .and_then(|person| world.position_of(place, person));
    position.map(|position| (place, position)).ok_or(Foreign)
}

/// The answer to another company's enrollment, and to a user it does not have.
pub fn foreign(call: &Call<'_>) -> Reply {
    match call.shared.options.variant.foreign {
        options::Foreign::NotFound => Reply::empty(404),
        options::Foreign::Empty => call.envelope(64, |out| out.extend_from_slice(b"[]")),
    }
}
