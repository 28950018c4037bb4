//! Who may call what, in whose scope: tokens, company headers, content types.

use std::sync::atomic::Ordering;

use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use serde_json::json;

use crate::simulator::api::{Call, Endpoint, token};
use crate::simulator::contract::Violation;
use crate::simulator::fault::ErrorBody;
use crate::simulator::reply::{Reply, privacy_error};
use crate::simulator::server::Shared;

/// Checks the token, finds the company in scope, checks the content type.
pub fn admit(
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
    let own = call.world.root();
    call.company = if endpoint.is_company_scoped() {
        scope(call, headers)?
    } else {
        match headers.0.or(headers.1) {
            None => own,
            Some(id) if call.world.company_index(id) == Some(own) => own,
            Some(_) => {
                call.note(Violation::NeedlessCompanyHeader);
                if endpoint == Endpoint::Companies {
                    return Err(Reply::error(403, ErrorBody::Text));
                }
                own
            }
        }
    };
    if call.world.is_gone(call.company) {
        return Err(Reply::error(403, ErrorBody::Text));
    }
    if call.world.is_denied(call.company) {
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
    let world = &call.world;
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

/// The answer to a request for what is no endpoint.
pub fn refuse_unknown(shared: &Shared, parts: &Parts, request: &str) -> Reply {
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
