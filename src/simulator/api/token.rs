//! `POST /connect/token`: form in, unsigned JWT out.

use axum::http::header::CONTENT_TYPE;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::simulator::api::{Call, date_format_name};
use crate::simulator::contract::Violation;
use crate::simulator::date::HourStyle;
use crate::simulator::fault::ErrorBody;
use crate::simulator::reply::Reply;
use crate::simulator::server::Shared;

const DEFAULT_LIFETIME: u32 = 3_600;

/// Paths a reseller may call, as the service lists them.
const PERMISSIONS: &[&str] = &[
    "companies/search|POST",
    "companies/my|GET",
    "enrollments/search|POST",
    "enrollments/archive/search|POST",
    "training-reports/{enrollmentId}/summary|GET",
    "training-reports/{enrollmentId}/users/search|POST",
    "training-reports/{enrollmentId}/exam-result-sessions/{targetUserResourceId}|GET",
    "training-reports/{enrollmentId}/interactions/{targetUserResourceId}|GET",
    "training-reports/anonymous/{enrollmentId}|POST",
    "training-reports/anonymous/{enrollmentId}/result|POST",
    "executive-report/search|POST",
    "executive-report/{resourceId}|GET",
    "executive-report/metrics|GET",
    "executive-report/get-widget-datas|POST",
    "trainings/search|POST",
    "target-groups/search/current-company|POST",
];

/// Gives a token for the account's credential.
pub fn issue(call: &Call<'_>) -> Reply {
    let content_type = call
        .parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|text| text.starts_with("application/x-www-form-urlencoded")) {
        call.note(Violation::TokenNotForm);
        return Reply::error(500, ErrorBody::Text);
    }
    let account = &call.shared.options.account;
    let field = |name| form_field(call.body, name);
    if field("client_id").as_deref() != Some(&account.client_id)
        || field("client_secret").as_deref() != Some(&account.client_secret)
    {
        return Reply::json(400, &json!({"error": "invalid_client"}));
    }
    if field("grant_type").as_deref() != Some("client_credentials") {
        return Reply::json(400, &json!({"error": "unsupported_grant_type"}));
    }
    if field("scope").as_deref() != Some("api1") {
        return Reply::json(400, &json!({"error": "invalid_scope"}));
    }
    let mut answer = json!({
        "access_token": bearer(call.shared),
        "token_type": "Bearer",
        "scope": "api1",
        "permissions": PERMISSIONS,
    });
    if let Some(seconds) = account.expires_in.0 {
        answer["expires_in"] = json!(seconds);
    }
    Reply::json(200, &answer)
}

fn bearer(shared: &Shared) -> String {
    let account = &shared.options.account;
    let world = &shared.present.world();
    let issued = shared.options.clock.now().timestamp();
    let lifetime = account.expires_in.0.unwrap_or(DEFAULT_LIFETIME);
    let mut claims = json!({
        "user_company_resourceid": world.company_id(world.root()),
        "user_company_name": world.company_name(world.root()),
        "user_company_id": "77",
        "user_company_industry_name": "Technology",
        "user_company_parentcompany_resourceid": "",
        "user_company_parentcompany_name": "",
        "role": ["Reseller"],
        "reseller_access": "true",
        "company_admin_access": "true",
        "root_access": "false",
        "scope": ["api1"],
        "iat": issued,
        "exp": issued + i64::from(lifetime),
        "client_id": account.client_id,
    });
    if account.date_claim {
        claims["user_dateformat"] = json!(date_format_name(shared));
        claims["user_timeformat"] = json!(if account.time_format == HourStyle::Half {
            "12h"
        } else {
            "24h"
        });
    }
    let header = json!({"alg": "none", "typ": "JWT"});
    format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    )
}

/// Whether a token is one of this account that has not expired.
pub fn is_valid(shared: &Shared, bearer: &str) -> bool {
    let claims: Option<Map<String, Value>> = bearer
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    claims.is_some_and(|claims| {
        let is_own = claims.get("client_id").and_then(Value::as_str)
            == Some(shared.options.account.client_id.as_str());
        let expires = claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
        is_own && expires > shared.options.clock.now().timestamp()
    })
}

/// A field of a form, decoded.
fn form_field(body: &[u8], name: &str) -> Option<String> {
    body.split(|&byte| byte == b'&').find_map(|pair| {
        let at = pair.iter().position(|&byte| byte == b'=')?;
        (pair[..at] == *name.as_bytes()).then(|| decode_form(&pair[at + 1..]))
    })
}

fn decode_form(text: &[u8]) -> String {
    let digit = |at: usize| text.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (text[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'+', _, _) => decoded.push(b' '),
            (byte, _, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_fields_are_decoded() {
        let body = b"client_id=a&client_secret=p%26q%3d+%C3%BC%&scope=api1";
        assert_eq!(
            form_field(body, "client_secret").as_deref(),
            Some("p&q= ü%")
        );
        assert_eq!(form_field(body, "grant_type"), None);
    }
}
