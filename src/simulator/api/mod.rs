//! The vendor's endpoints: which there are, who may call them, in which company's scope.
//!
//! To add an endpoint: give [`Endpoint`] a variant with its name and its place in
//! [`Endpoint::find`], write its handler in the file of its area, and name the handler in
//! [`answer`].

mod companies;
mod enrollments;
mod token;
mod training_reports;

use std::str::FromStr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{Method, Response};
use serde_json::{Value, json};

use crate::simulator::contract::Violation;
use crate::simulator::fault::{ErrorBody, FaultKind, Firing};
use crate::simulator::json::{JsonObject, push_object};
use crate::simulator::listing::{Refusal, Search};
use crate::simulator::reply::{Reply, privacy_error};
use crate::simulator::server::Shared;

/// What can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Endpoint {
    /// `POST /connect/token`
    Token,
    /// `POST /api/companies/search`
    Companies,
    /// `GET /api/companies/my`
    CompaniesMy,
    /// `GET /api/system-users/settings`
    Settings,
    /// `POST /api/enrollments/search`
    Enrollments,
    /// `POST /api/enrollments/archive/search`
    Archive,
    /// `GET /api/enrollments/{id}`
    Details,
    /// `GET /api/training-reports/{id}/summary`
    Summaries,
    /// `POST /api/training-reports/{id}/users/search`
    Users,
}

impl Endpoint {
    /// All endpoints, in the order of their discriminants.
    pub const ALL: [Self; 9] = [
        Self::Token,
        Self::Companies,
        Self::CompaniesMy,
        Self::Settings,
        Self::Enrollments,
        Self::Archive,
        Self::Details,
        Self::Summaries,
        Self::Users,
    ];

    /// The name used in faults and counts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Companies => "companies",
            Self::CompaniesMy => "companies-my",
            Self::Settings => "settings",
            Self::Enrollments => "enrollments",
            Self::Archive => "archive",
            Self::Details => "details",
            Self::Summaries => "summaries",
            Self::Users => "users",
        }
    }

    /// The endpoint of a request, with the id in its path.
    fn find<'a>(method: &Method, path: &'a str) -> Option<(Self, &'a str)> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let found = match (method.as_str(), parts.as_slice()) {
            ("POST", ["connect", "token"]) => (Self::Token, ""),
            ("POST", ["api", "companies", "search"]) => (Self::Companies, ""),
            ("GET", ["api", "companies", "my"]) => (Self::CompaniesMy, ""),
            ("GET", ["api", "system-users", "settings"]) => (Self::Settings, ""),
            ("POST", ["api", "enrollments", "search"]) => (Self::Enrollments, ""),
            ("POST", ["api", "enrollments", "archive", "search"]) => (Self::Archive, ""),
            ("GET", ["api", "enrollments", "form-details"]) => return None,
            ("GET", ["api", "enrollments", id]) => (Self::Details, *id),
            ("GET", ["api", "training-reports", id, "summary"]) => (Self::Summaries, *id),
            ("POST", ["api", "training-reports", id, "users", "search"]) => (Self::Users, *id),
            _ => return None,
        };
        Some(found)
    }

    /// Whether the company headers choose whose data is answered.
    const fn is_company_scoped(self) -> bool {
        matches!(
            self,
            Self::Enrollments | Self::Archive | Self::Details | Self::Summaries | Self::Users
        )
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|endpoint| endpoint.name() == name)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::name).join(", ");
                format!("`{name}` is no endpoint; known are {known} and `*`")
            })
    }
}

/// A request as the handlers see it.
pub struct Call<'a> {
    /// Everything the simulator holds.
    pub shared: &'a Shared,
    /// The company whose data is answered, or the account's own.
    pub company: u32,
    /// The id in the path.
    pub id: &'a str,
    /// The query of the URL.
    pub query: &'a str,
    /// The headers.
    pub parts: &'a Parts,
    /// The body.
    pub body: &'a [u8],
    /// The faults that hit this request.
    pub firings: &'a [Firing],
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

    /// The enrollment of this company with the id in the path, or what is answered for another's.
    pub fn enrollment(&self) -> Result<u32, Foreign> {
        match self.shared.world.enrollment_index(self.id) {
            Some((company, enrollment)) if company == self.company => Ok(enrollment),
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
        return refuse_unknown(shared, parts, &request).into_response(&[]);
    };
    let nth = shared.requests[endpoint as usize].fetch_add(1, Ordering::Relaxed);
    let header = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let headers = (header("x-keepnet-company-id"), header("x-ir-company-id"));
    let firings = shared.faults.meet(endpoint, headers.0.or(headers.1));
    pause(shared, &firings, nth).await;
    let mut call = Call {
        shared,
        company: shared.world.root(),
        id,
        query: parts.uri.query().unwrap_or_default(),
        parts,
        body: &body,
        firings: &firings,
        request: &request,
    };
    let faulty = firings
        .iter()
        .find_map(|firing| Reply::from_fault(firing, &*shared.options.clock));
    let reply = match faulty {
        Some(reply) => reply,
        None => match admit(&mut call, endpoint, headers) {
            Ok(()) => answer(&call, endpoint),
            Err(reply) => reply,
        },
    };
    reply.into_response(&firings)
}

fn answer(call: &Call<'_>, endpoint: Endpoint) -> Reply {
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
    }
}

/// Checks the token, finds the company in scope, checks the content type.
fn admit(
    call: &mut Call<'_>,
    endpoint: Endpoint,
    headers: (Option<&str>, Option<&str>),
) -> Result<(), Reply> {
    if call.parts.headers.contains_key("x-ir-api-key") {
        call.note(Violation::ApiKeyHeader);
    }
    if endpoint == Endpoint::Token {
        return Ok(());
    }
    let bearer = call
        .parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    match bearer {
        None => {
            call.note(Violation::NoToken);
            return Err(Reply::empty(401));
        }
        Some(bearer) if !token::is_valid(call.shared, bearer) => return Err(Reply::empty(401)),
        Some(_) => {}
    }
    let own = call.shared.world.root();
    call.company = if endpoint.is_company_scoped() {
        scope(call, headers)?
    } else {
        match headers.0.or(headers.1) {
            None => own,
            Some(id) if call.shared.world.company_index(id) == Some(own) => own,
            Some(_) => {
                call.note(Violation::NeedlessCompanyHeader);
                if endpoint == Endpoint::Companies {
                    return Err(Reply::error(403, ErrorBody::Text));
                }
                own
            }
        }
    };
    if call.shared.world.is_denied(call.company) {
        return Err(privacy_error());
    }
    if call.parts.method != Method::POST {
        return Ok(());
    }
    let content_type = call
        .parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    match media_type {
        "application/json" => Ok(()),
        // The document lists it first, the service does not take it.
        "application/json-patch+json" => {
            call.note(Violation::ContentType);
            Err(Reply::invalid("Content type is not valid"))
        }
        _ => {
            call.note(Violation::ContentType);
            Err(Reply::error(415, ErrorBody::Problem))
        }
    }
}

/// The company in scope. A missing header is no error, here or there: the account's own data is
/// answered, which is another tenant's.
fn scope(call: &Call<'_>, headers: (Option<&str>, Option<&str>)) -> Result<u32, Reply> {
    let world = &call.shared.world;
    match headers {
        (Some(one), Some(other)) if one == other => world.company_index(one).ok_or_else(|| {
            call.note(Violation::UnknownCompany);
            Reply::json(404, &json!({"data": null, "message": "company not found"}))
        }),
        (Some(_), Some(_)) => {
            call.note(Violation::CompanyHeadersDiffer);
            Ok(world.root())
        }
        (None, None) => {
            call.note(Violation::MissingCompanyHeaders);
            Ok(world.root())
        }
        _ => {
            call.note(Violation::OneCompanyHeader);
            Ok(world.root())
        }
    }
}

async fn pause(shared: &Shared, firings: &[Firing], nth: u64) {
    let options = &shared.options;
    let jitter = shared
        .world
        .dice()
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

fn refuse_unknown(shared: &Shared, parts: &Parts, request: &str) -> Reply {
    shared.unknown_requests.fetch_add(1, Ordering::Relaxed);
    let path = parts.uri.path();
    // Searches and exports are reads by POST; every other change of state is a write.
    let is_read = parts.method == Method::GET
        || (parts.method == Method::POST
            && (path.contains("/search") || path.contains("/export") || path.contains("get-")));
    if is_read {
        shared.contract.record(Violation::UnknownEndpoint, request);
        Reply::empty(404)
    } else {
        shared.contract.record(Violation::Write, request);
        Reply::error(403, ErrorBody::Text)
    }
}

fn settings(call: &Call<'_>) -> Reply {
    use crate::simulator::date::HourStyle;

    let account = &call.shared.options.account;
    if !account.settings_readable {
        return Reply::error(403, ErrorBody::Text);
    }
    let settings: Value = json!({
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
