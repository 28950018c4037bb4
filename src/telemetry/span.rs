//! The spans: what a log line or a trace says of where it belongs.
//!
//! They are of the level `error`, so that a warning carries its run whatever `log.level` is. None holds a URL: those hold
//! ids of people.

use tracing::field::Empty;
use tracing::{Span, error_span};

use crate::api::endpoint::Endpoint;
use crate::resource::Resource;

/// One run; its number is recorded as `run.id` once it is known.
#[must_use]
pub fn run(kind: &'static str) -> Span {
    error_span!("sync.run", run.id = Empty, kind)
}

/// One pass over a company.
#[must_use]
pub fn company(company_id: &str) -> Span {
    error_span!("sync.company", company.id = company_id)
}

/// One pull.
#[must_use]
pub fn resource(resource: Resource) -> Span {
    error_span!("sync.resource", resource = resource.name())
}

/// One request with its repetitions, the time in which it waits for its turn included. The number is this process's own.
#[must_use]
pub fn request(number: u64, endpoint: Endpoint) -> Span {
    error_span!(
        "api.request",
        request.id = number,
        endpoint = endpoint.route(),
        http.status = Empty
    )
}

/// One transaction that loads rows.
#[must_use]
pub fn batch(rows: usize) -> Span {
    error_span!("load.batch", rows)
}

/// What a tick of one or more schedules began.
#[must_use]
pub fn tick(schedule: &str) -> Span {
    error_span!("schedule.tick", schedule)
}
