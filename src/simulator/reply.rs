//! An answer on its way out, and the vendor's many shapes of errors.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::simulator::fault::{ErrorBody, FaultKind, Firing, RetryAfter};

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const PADDING: &[u8] = &[b'x'; 64 * 1024];

/// An answer before the faults of transport are applied.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    content_type: &'static str,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Reply {
    /// HTTP 200 with this JSON text.
    pub fn ok(body: Vec<u8>) -> Self {
        Self {
            status: 200,
            content_type: JSON,
            retry_after: None,
            body,
        }
    }

    /// HTTP 200 with this file.
    pub fn file(content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            content_type,
            ..Self::ok(body)
        }
    }

    /// The same answer under another status.
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// This JSON under this status.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::ok(value.to_string().into_bytes()).with_status(status)
    }

    /// An empty body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::ok(Vec::new())
        }
    }

    /// The service's answer to a request it does not accept.
    pub fn invalid(reason: &str) -> Self {
        Self::json(
            400,
            &json!({
                "data": null,
                "status": "INPUT_ERROR",
                "message": "Invalid request",
                "validationMessages": [reason],
            }),
        )
    }

    /// An error status in one of the vendor's shapes.
    pub fn error(status: u16, body: ErrorBody) -> Self {
        let reason = StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Error");
        let word = match status {
            400 => "INPUT_ERROR",
            403 => "FORBIDDEN",
            429 => "TOO_MANY_REQUESTS",
            _ => "INTERNAL_SERVER_ERROR",
        };
        let text = |content_type, body: String| Self {
            status,
            content_type,
            retry_after: None,
            body: body.into_bytes(),
        };
        match body {
            ErrorBody::Camel => Self::json(
                status,
                &json!({"data": null, "status": word, "message": reason, "validationMessages": null}),
            ),
            ErrorBody::Pascal => Self::json(
                status,
                &json!({"Data": null, "Status": word, "Message": reason, "ValidationMessages": null}),
            ),
            ErrorBody::OAuth => Self::json(
                status,
                &json!({"error": "invalid_client", "error_description": reason}),
            ),
            ErrorBody::Problem => Self::json(
                status,
                &json!({
                    "type": "https://example.com/problem",
                    "title": reason,
                    "status": status,
                    "traceId": "00-0",
                    "errors": {"request": [reason]},
                }),
            ),
            ErrorBody::Login => Self::json(status, &json!({"errors": [{"message": reason}]})),
            ErrorBody::Text => text(TEXT, reason.to_owned()),
            ErrorBody::Html => text(HTML, format!("<html>{status} {reason}</html>")),
            ErrorBody::Empty => Self::empty(status),
        }
    }

    /// The answer a fault gives in place of the real one, if it is of that sort.
    pub fn from_fault(firing: &Firing, clock: &dyn Clock) -> Option<Self> {
        let fault = &firing.fault;
        let reply = match fault.kind {
            FaultKind::Status(status) => {
                let mut reply = Self::error(status, fault.body.unwrap_or_else(|| usual(status)));
                reply.retry_after = fault.retry_after.map(|after| match after {
                    RetryAfter::Seconds(seconds) => seconds.to_string(),
                    RetryAfter::Date(seconds) => {
                        let at = clock.now() + Duration::from_secs(seconds);
                        httpdate::fmt_http_date(at.into())
                    }
                });
                reply
            }
            FaultKind::PrivacyError => privacy_error(),
            FaultKind::IpRestricted => Self::json(
                403,
                &json!({"status": "IP_RESTRICTED", "message": "Network not allowed"}),
            ),
            FaultKind::OkFailed => Self::json(
                200,
                &json!({"status": "FAILED", "message": "Something failed", "data": null}),
            ),
            FaultKind::IsSuccessFalse => Self::json(
                200,
                &json!({"isSuccess": false, "messages": ["Not allowed"], "data": null}),
            ),
            FaultKind::Html => Self {
                status: 200,
                ..Self::error(502, ErrorBody::Html)
            },
            _ => return None,
        };
        Some(reply)
    }

    /// The answer that takes the place of this one, which came about all the same.
    pub fn or_late_fault(self, firings: &[Firing]) -> Self {
        let late = firings.iter().find_map(|firing| match firing.fault.kind {
            FaultKind::After(status) => Some(Self::error(
                status,
                firing.fault.body.unwrap_or_else(|| usual(status)),
            )),
            _ => None,
        });
        late.unwrap_or(self)
    }

    /// The answer as it leaves, cut, marked or swollen by the faults of transport.
    pub fn into_response(mut self, firings: &[Firing]) -> Response<Body> {
        let mut is_reset = false;
        let mut padding = 0;
        for firing in firings {
            match firing.fault.kind {
                FaultKind::Truncate => self.body.truncate(self.body.len() / 2),
                FaultKind::Bom => {
                    self.body.splice(0..0, *b"\xEF\xBB\xBF");
                }
                FaultKind::Reset => is_reset = true,
                FaultKind::Huge(bytes) => padding = bytes,
                _ => {}
            }
        }
        let body = if is_reset {
            self.body.truncate(self.body.len() / 2);
            let cut = io::Error::from(io::ErrorKind::ConnectionReset);
            // The pause lets the server send the first half before it gives up the connection.
            let rest = stream::once(async {
                tokio::task::yield_now().await;
                Err(cut)
            });
            Body::from_stream(stream::iter([Ok(Bytes::from(self.body))]).chain(rest))
        } else if padding > 0 && self.body.last() == Some(&b'}') {
            self.body.pop();
            self.body.extend_from_slice(b",\"padding\":\"");
            let chunks = usize::try_from(padding).unwrap_or(usize::MAX) / PADDING.len() + 1;
            let parts = stream::iter([Bytes::from(self.body)])
                .chain(stream::repeat(Bytes::from_static(PADDING)).take(chunks))
                .chain(stream::iter([Bytes::from_static(b"\"}")]));
            Body::from_stream(parts.map(Ok::<_, io::Error>))
        } else {
            Body::from(self.body)
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Some(value) = self
            .retry_after
            .and_then(|text| HeaderValue::try_from(text).ok())
        {
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response
    }
}

/// A customer's refusal to let the reseller in.
pub fn privacy_error() -> Reply {
    Reply::json(
        403,
        &json!({"status": "PRIVACY_ERROR", "message": "Access denied by company"}),
    )
}

/// The body the service, or what stands before it, usually gives with a status.
const fn usual(status: u16) -> ErrorBody {
    match status {
        401 | 404 | 408 => ErrorBody::Empty,
        403 => ErrorBody::Text,
        500 => ErrorBody::Pascal,
        502..=504 => ErrorBody::Html,
        _ => ErrorBody::Camel,
    }
}
