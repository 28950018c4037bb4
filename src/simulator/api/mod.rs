//! The vendor's endpoints: which there are, who may call them, in which company's scope.
//!
//! To add an endpoint: give [`Endpoint`] a variant with its name and its place in
//! [`Endpoint::find`], write its handler in the file of its area, and name the handler in
//! [`answer`].

mod access;
mod anonymous;
mod companies;
mod endpoint;
mod enrollments;
mod executive_reports;
mod export;
mod form_details;
mod interactions;
mod per_user;
mod sessions;
mod target_groups;
mod token;
mod training_reports;
mod trainings;
mod widgets;
mod writes;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::request::Parts;
use serde_json::{Value, json};

pub use endpoint::Endpoint;

use crate::simulator::contract::Violation;
use crate::simulator::dice::Dice;
use crate::simulator::drift::{Listing, Paged};
use crate::simulator::fault::{ErrorBody, FaultKind, Firing};
use crate::simulator::json::{JsonObject, push_object};
use crate::simulator::listing::{Refusal, Search, member, parse_body};
use crate::simulator::reply::Reply;
use crate::simulator::server::Shared;
use crate::simulator::world::{EnrollmentPlace, World};

/// A request as the handlers see it.
pub struct Call<'a> {
    /// Everything the simulator holds.
    pub shared: &'a Shared,
    /// The data at this moment.
    pub world: Arc<World>,
    /// The company whose data is answered, or the account's own.
    pub company: u32,
    /// The first id in the path.
    pub id: &'a str,
    /// The query of the URL.
    pub query: &'a str,
    /// The headers.
    pub parts: &'a Parts,
    /// The body.
    pub body: &'a [u8],
    /// The faults that hit this request.
    pub firings: &'a [Firing],
    /// How many requests came to this endpoint before this one.
    pub nth: u64,
    request: &'a str,
}

impl Call<'_> {
    /// Counts a violation by this request.
    pub fn note(&self, violation: Violation) {
        self.shared.contract.record(violation, self.request);
    }

    /// Checks this search; see [`Search::parse`].
    pub fn search(&self, columns: &[&'static str]) -> Result<Search, Reply> {
        Search::parse(self.body, columns, |violation| self.note(violation)).map_err(
            |(violation, reply): Refusal| {
                self.note(violation);
                reply
            },
        )
    }

    /// The body of a request that is no search.
    pub fn json(&self) -> Result<Value, Reply> {
        parse_body(self.body).map_err(|(violation, reply): Refusal| {
            self.note(violation);
            reply
        })
    }

    /// An answer with this `data` in the service's envelope.
    pub fn envelope(&self, capacity: usize, data: impl FnOnce(&mut Vec<u8>)) -> Reply {
        let mut out = Vec::with_capacity(capacity);
        push_object(&mut out, |envelope: &mut JsonObject<'_>| {
            data(envelope.member("data"));
            if self.shared.options.variant.rename_fields {
                envelope.flag("isSuccess", true);
                envelope.texts("messages", [""; 0]);
            } else {
                envelope.text("status", "SUCCESS");
                envelope.null("message");
                envelope.null("validationMessages");
            }
        });
        Reply::ok(out)
    }

    /// The enrollment or step of this company with the id in the path, or what is answered for
    /// another's.
    pub fn enrollment(&self) -> Result<EnrollmentPlace, Foreign> {
        match self.world.place(self.id) {
            // What was purged was there once: to ask for it is no misuse.
            Some(place) if place.company == self.company && self.world.is_purged(place) => {
                Err(Foreign)
            }
            Some(place) if place.company == self.company => Ok(place),
            _ => {
                self.note(Violation::ForeignEnrollment);
                Err(Foreign)
            }
        }
    }
}

/// The enrollment in the path is not one of the company in scope.
pub struct Foreign;

/// Answers any request for an endpoint of the vendor.
pub async fn serve(shared: &Shared, parts: &Parts, body: Bytes) -> Response<Body> {
    let path = parts.uri.path();
    let request = format!("{} {path}", parts.method);
    let Some((endpoint, id)) = Endpoint::find(&parts.method, path) else {
        return access::refuse_unknown(shared, parts, &request).into_response(&[]);
    };
    let nth = shared.requests[endpoint as usize].fetch_add(1, Ordering::Relaxed);
    let _waiting = Waiting::begin(shared);
    let header = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let headers = (header("x-keepnet-company-id"), header("x-ir-company-id"));
    let firings = shared.faults.meet(endpoint, headers.0.or(headers.1));
    pause(shared, &firings, nth).await;
    change_world(shared, &firings, headers.0.or(headers.1), (endpoint, id));
    let world = shared.present.world();
    let mut call = Call {
        shared,
        company: world.root(),
        world,
        id,
        query: parts.uri.query().unwrap_or_default(),
        parts,
        body: &body,
        firings: &firings,
        nth,
        request: &request,
    };
    let faulty = firings
        .iter()
        .find_map(|firing| Reply::from_fault(firing, &*shared.options.clock));
    let reply = match faulty {
        Some(reply) => reply,
        None => match access::admit(&mut call, endpoint, headers) {
            Ok(()) => {
                drift(&mut call, endpoint);
                answer(&call, endpoint)
            }
            Err(reply) => reply,
        },
    };
    let is_silent = |firing: &Firing| firing.fault.kind == FaultKind::NoAnswer;
    if firings.iter().any(is_silent) {
        std::future::pending::<()>().await;
    }
    reply.or_late_fault(&firings).into_response(&firings)
}

/// Applies the changes that are tied to this request. What they leave open is what it asks for.
fn change_world(
    shared: &Shared,
    firings: &[Firing],
    company: Option<&str>,
    (endpoint, id): (Endpoint, &str),
) {
    let is_about_enrollment = !id.is_empty() && endpoint != Endpoint::Reports;
    for change in firings
        .iter()
        .filter_map(|firing| firing.fault.change.as_deref())
    {
        let mut change = change.clone();
        if change.company.is_none() && change.kind.is_in_company() {
            change.company = company.map(str::to_owned);
        }
        if change.enrollment.is_none() && is_about_enrollment && change.kind.is_in_enrollment() {
            change.enrollment = Some(id.to_owned());
        }
        if let Err(reason) = shared.present.apply(&[change.clone()]) {
            tracing::warn!(reason, "could not change the simulated world");
            shared.present.refuse(&change, &reason);
        }
    }
}

/// Lets the listing that is asked for change, if it is to drift and this is not its first page.
fn drift(call: &mut Call<'_>, endpoint: Endpoint) {
    let Some(listing) = call.shared.drift.listing(endpoint) else {
        return;
    };
    let page = parse_body(call.body)
        .ok()
        .and_then(|body| member(&body, "pageNumber").and_then(Value::as_u64));
    let Some(page) = page.filter(|&page| page > 1) else {
        return;
    };
    let company = endpoint
        .is_company_scoped()
        .then(|| call.world.company_id(call.company));
    let place = call.world.place(call.id);
    if listing == Listing::Users && place.is_none_or(|place| place.company != call.company) {
        return;
    }
    let enrollment = (listing == Listing::Users).then(|| call.id.to_owned());
    let about = Paged {
        listing,
        company,
        enrollment,
        page,
    };
    call.shared.drift.before(&call.shared.present, about);
    call.world = call.shared.present.world();
}

/// A request that waits for its answer; also ended by a client that gives up.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn begin(shared: &'a Shared) -> Self {
        let count = shared.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        shared.peak_in_flight.fetch_max(count, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn answer(call: &Call<'_>, endpoint: Endpoint) -> Reply {
    if let Some(created) = call.shared.created.find(call.company, call.id)
        && let Some(reply) = writes::report(call, endpoint, &created)
    {
        return reply;
    }
    match endpoint {
        Endpoint::Token => token::issue(call),
        Endpoint::Companies => companies::search(call),
        Endpoint::CompaniesMy => companies::my(call),
        Endpoint::Settings => settings(call),
        Endpoint::Enrollments => enrollments::search(call, enrollments::Listing::Current),
        Endpoint::Archive => enrollments::search(call, enrollments::Listing::Archive),
        Endpoint::Details => enrollments::detail(call),
        Endpoint::Summaries => training_reports::summary(call),
        Endpoint::Users => training_reports::users(call),
        Endpoint::Answers => sessions::sessions(call),
        Endpoint::Interactions => interactions::interactions(call),
        Endpoint::Anonymous => anonymous::users(call),
        Endpoint::AnonymousResult => anonymous::results(call),
        Endpoint::Trainings => trainings::search(call),
        Endpoint::TargetGroups => target_groups::search(call),
        Endpoint::ReportList => executive_reports::search(call),
        Endpoint::Reports => executive_reports::report(call),
        Endpoint::WidgetCatalogue => widgets::catalogue(call),
        Endpoint::Widgets => widgets::values(call),
        Endpoint::FormDetails => form_details::of_enrollments(call),
        Endpoint::ReportFormDetails => form_details::of_reports(call),
        Endpoint::Export => export::enrollments(call),
        Endpoint::Create => writes::create(call),
        Endpoint::Send => writes::send(call),
    }
}

async fn pause(shared: &Shared, firings: &[Firing], nth: u64) {
    let options = &shared.options;
    let jitter = Dice::new(options.world.seed)
        .with(nth)
        .below(options.latency_jitter_ms + 1);
    let slow: u64 = firings
        .iter()
        .map(|firing| {
            if let FaultKind::Slow(milliseconds) = firing.fault.kind {
                milliseconds
            } else {
                0
            }
        })
        .sum();
    let wait = options.latency_ms + jitter + slow;
    if wait > 0 {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

fn settings(call: &Call<'_>) -> Reply {
    use crate::simulator::date::HourStyle;

    let account = &call.shared.options.account;
    if !account.settings_readable {
        return Reply::error(403, ErrorBody::Text);
    }
    let settings = json!({
        "timeZoneId": account.time_zone.name(),
        "timeZoneName": format!("(UTC) {}", account.time_zone.name()),
        "dateFormat": date_format_name(call.shared),
        "timeFormat": if account.time_format == HourStyle::Half { "12h" } else { "24h" },
    });
    call.envelope(256, |out| {
        out.extend_from_slice(settings.to_string().as_bytes());
    })
}

/// The vendor's name of the account's date format.
fn date_format_name(shared: &Shared) -> &'static str {
    use crate::simulator::date::DateOrder;

    match shared.options.account.date_format {
        DateOrder::Dmy => "DD/MM/YYYY",
        DateOrder::Mdy => "MM/DD/YYYY",
        DateOrder::Ymd => "YYYY/MM/DD",
        DateOrder::Iso => "YYYY-MM-DD",
    }
}
