//! What can go wrong with the service, sorted once by what can be done about it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// A failure of a request.
#[derive(Debug, Clone, thiserror::Error)]
#[error("could not {doing}: {kind}")]
pub struct ApiError {
    /// What was asked for, as an infinitive: "fetch page 3 of users".
    pub doing: String,
    /// What went wrong.
    pub kind: ApiErrorKind,
}

/// What went wrong with a request. Holds no received text but the service's own short messages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiErrorKind {
    /// No connection.
    #[error("the service cannot be reached ({0})")]
    Unreachable(String),
    /// No answer in time.
    #[error("the service did not answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The connection broke while the answer was read.
    #[error("the answer broke off")]
    BrokenOff,
    /// Client id or secret are wrong.
    #[error("the service refused client id or secret{}", said(.0))]
    CredentialsRefused(String),
    /// A local file or setting cannot be used.
    #[error("{0}")]
    Setup(String),
    /// A fresh token was not accepted.
    #[error("the service does not accept its own token (HTTP 401)")]
    Unauthorized,
    /// The customer does not let the reseller see its data.
    #[error("the customer has withdrawn the reseller's access (HTTP 403 PRIVACY_ERROR)")]
    AccessWithdrawn,
    /// This machine's address is not on the account's list.
    #[error("the service does not accept this machine's network address (HTTP 403 IP_RESTRICTED)")]
    AddressRefused,
    /// No permission, for another reason.
    #[error("the service denies access (HTTP 403{})", said(.0))]
    Forbidden(String),
    /// There is no such thing.
    #[error("the service does not know it (HTTP 404)")]
    NotFound,
    /// The request is wrong in the service's eyes.
    #[error("the service rejected the request (HTTP {status}{})", said(.message))]
    Rejected {
        /// HTTP status.
        status: u16,
        /// The service's own words.
        message: String,
    },
    /// Too many requests.
    #[error("the service asks for fewer requests (HTTP 429)")]
    RateLimited(Option<Duration>),
    /// The service is in trouble.
    #[error("the service failed (HTTP {status}{})", said(.message))]
    Server {
        /// HTTP status.
        status: u16,
        /// The service's own words.
        message: String,
        /// When to come back, if it said so.
        retry_after: Option<Duration>,
    },
    /// HTTP 2xx, but the envelope says that it failed.
    #[error("the service answered HTTP {status} but reports {word}{}", said(.message))]
    FailedInside {
        /// HTTP status.
        status: u16,
        /// The envelope's status word.
        word: String,
        /// The service's own words.
        message: String,
    },
    /// Not JSON.
    #[error("the answer (HTTP {status}) is {what}, not JSON")]
    NotJson {
        /// HTTP status.
        status: u16,
        /// What it looks like.
        what: &'static str,
    },
    /// No file, where one was asked for.
    #[error("the answer (HTTP {status}) is {what}, not {expected}{}", said(.message))]
    NotAFile {
        /// HTTP status.
        status: u16,
        /// What it looks like.
        what: &'static str,
        /// What was asked for.
        expected: &'static str,
        /// The service's own words.
        message: String,
    },
    /// JSON that ends in the middle.
    #[error("the answer is JSON that is cut off or damaged")]
    DamagedJson,
    /// JSON of another shape than this endpoint's.
    #[error("the answer has an unexpected shape at {path}: {reason}")]
    Shape {
        /// Where.
        path: String,
        /// What is wrong there.
        reason: String,
    },
    /// A page without rows, though the service counts some.
    #[error("the service counts {0} rows, but the answer holds none ($.data.results is missing)")]
    RowsMissing(u64),
    /// Larger than allowed.
    #[error("the answer is larger than api.max_response_bytes ({0} bytes)")]
    TooLarge(u64),
    /// The day's requests are used up.
    #[error(
        "the {limit} requests of the day (api.daily_requests) are used up, new ones are counted from {}",
        resets_at.format("%Y-%m-%d %H:%M UTC")
    )]
    DailyLimit {
        /// Requests allowed per day.
        limit: u64,
        /// When the next day begins.
        resets_at: DateTime<Utc>,
    },
    /// The count of the day's requests could not be read.
    #[error("the count of today's requests is out of reach ({0})")]
    AllowanceUnknown(String),
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

/// Whether and when a failed request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// After a growing, jittered pause.
    AfterBackoff,
    /// Not before this pause, which holds for every request of the account.
    AfterPause(Option<Duration>),
    /// Once, with a new token.
    WithNewToken,
    /// Not.
    Never,
}

impl ApiErrorKind {
    /// All words of [`Self::word`].
    pub const WORDS: [&str; 22] = [
        "unreachable",
        "timeout",
        "broken_off",
        "credentials_refused",
        "setup",
        "unauthorized",
        "access_withdrawn",
        "address_refused",
        "forbidden",
        "not_found",
        "rejected",
        "rate_limited",
        "server",
        "failed_inside",
        "not_json",
        "not_a_file",
        "damaged_json",
        "shape",
        "rows_missing",
        "too_large",
        "daily_limit",
        "allowance_unknown",
    ];

    /// The one place that decides what is retried, and what the operator should do otherwise.
    #[must_use]
    pub fn policy(&self) -> (Again, &'static str) {
        match self {
            Self::Unreachable(_) => (
                Again::AfterBackoff,
                "check api.base_url, DNS, proxy (api.proxy), certificates (api.ca_file) and the network",
            ),
            Self::Timeout(_) => (
                Again::AfterBackoff,
                "it is tried again by the next run; if it persists, raise api.timeout or lower api.page_size",
            ),
            Self::BrokenOff | Self::DamagedJson => (
                Again::AfterBackoff,
                "it is tried again by the next run; if it persists, check proxies in between",
            ),
            Self::Server {
                retry_after: Some(pause),
                ..
            } => (
                Again::AfterPause(Some(*pause)),
                "it is tried again by the next run",
            ),
            Self::Server {
                retry_after: None, ..
            } => (
                Again::AfterBackoff,
                "it is tried again by the next run; if it persists, ask the vendor's support",
            ),
            Self::RateLimited(pause) => (
                Again::AfterPause(*pause),
                "lower api.max_requests_per_second or api.max_concurrency",
            ),
            Self::Unauthorized => (
                Again::WithNewToken,
                "check that the API client is still active in the vendor's console",
            ),
            Self::CredentialsRefused(_) => (
                Again::Never,
                "check api.client_id and api.client_secret (KEEPNET_ETL__API__CLIENT_ID, KEEPNET_ETL__API__CLIENT_SECRET)",
            ),
            Self::Setup(_) => (
                Again::Never,
                "correct the setting, or check the file's path and that this user may read it",
            ),
            Self::AccessWithdrawn => (
                Again::Never,
                "ask the customer to grant the reseller access again; its stored data stays as it is",
            ),
            Self::AddressRefused => (
                Again::Never,
                "add this machine's address to the API client's allow-list in the vendor's console",
            ),
            Self::Forbidden(_) => (
                Again::Never,
                "the API client needs the role Reseller and access to this company",
            ),
            Self::NotFound => (
                Again::Never,
                "it may just have been removed; the next run will tell",
            ),
            Self::Rejected { .. } => (
                Again::Never,
                "the service and this version disagree about the request: report it with this message",
            ),
            Self::FailedInside { .. } | Self::RowsMissing(_) => (
                Again::AfterBackoff,
                "it is tried again by the next run; if it persists, ask the vendor's support",
            ),
            Self::NotJson { .. } => (
                Again::AfterBackoff,
                "check that api.base_url is the API and not a web page, and that no proxy answers in its place",
            ),
            Self::NotAFile { .. } => (
                Again::AfterBackoff,
                "the service may still be at work on it: run the command again later; if it persists, ask the vendor's support",
            ),
            Self::Shape { .. } => (
                Again::Never,
                "the service answers in a shape that this version does not know: report it with this message",
            ),
            Self::TooLarge(_) => (
                Again::Never,
                "lower api.page_size or raise api.max_response_bytes",
            ),
            Self::DailyLimit { .. } => (
                Again::Never,
                "run it again then, it goes on from what was committed; or raise api.daily_requests",
            ),
            Self::AllowanceUnknown(_) => (
                Again::AfterBackoff,
                "check the database: requests are counted there because api.daily_requests is set",
            ),
        }
    }

    /// Whether the service, or what stands in front of it, is asked more than it can bear.
    #[must_use]
    pub const fn is_overload(&self) -> bool {
        matches!(
            self,
            Self::RateLimited(_)
                | Self::Timeout(_)
                | Self::Server {
                    status: 408 | 503 | 504,
                    ..
                }
        )
    }

    /// Whether the service refuses something that not every account or licence has. An access that the customer withdrew
    /// is another matter.
    #[must_use]
    pub const fn is_not_given(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::NotFound)
    }

    /// Whether the service, asked again, would give the same answer: it does not know, allow or understand what is asked for.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.is_forbidden() || matches!(self, Self::NotFound | Self::Rejected { .. })
    }

    /// True when access is denied, which is a state of the company and not a defect.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(
            self,
            Self::AccessWithdrawn | Self::AddressRefused | Self::Forbidden(_)
        )
    }

    /// The kind as a short word, for logs and metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Timeout(_) => "timeout",
            Self::BrokenOff => "broken_off",
            Self::CredentialsRefused(_) => "credentials_refused",
            Self::Setup(_) => "setup",
            Self::Unauthorized => "unauthorized",
            Self::AccessWithdrawn => "access_withdrawn",
            Self::AddressRefused => "address_refused",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound => "not_found",
            Self::Rejected { .. } => "rejected",
            Self::RateLimited(_) => "rate_limited",
            Self::Server { .. } => "server",
            Self::FailedInside { .. } => "failed_inside",
            Self::NotJson { .. } => "not_json",
            Self::NotAFile { .. } => "not_a_file",
            Self::DamagedJson => "damaged_json",
            Self::Shape { .. } => "shape",
            Self::RowsMissing(_) => "rows_missing",
            Self::TooLarge(_) => "too_large",
            Self::DailyLimit { .. } => "daily_limit",
            Self::AllowanceUnknown(_) => "allowance_unknown",
        }
    }
}

impl ApiError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        self.kind.policy().1
    }
}

/// What an error body says of itself: a status word and a message, in any of the shapes in which the service
/// (and what stands in front of it) answers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// Such as `INPUT_ERROR`; the integer `status` of problem details is none.
    pub word: String,
    /// The most telling message, shortened, without addresses.
    pub message: String,
}

impl ErrorBody {
    /// Reads a body; one that is no JSON object says nothing.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let member = |name: &str| {
            members
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        let word = member("status").and_then(Value::as_str).unwrap_or_default();
        let message = [
            "validationMessages",
            "message",
            "messages",
            "error_description",
            "errors",
            "detail",
            "title",
            "error",
        ]
        .into_iter()
        .filter_map(member)
        .find_map(first_text)
        .unwrap_or_default();
        Self {
            word: presentable(word),
            message: presentable(&message),
        }
    }
}

/// The first text in a message: itself, or the first of a list or map of messages.
fn first_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Array(elements) => elements.iter().find_map(first_text),
        Value::Object(members) => members.values().find_map(first_text),
        _ => None,
    }
}

/// A message of the service as it may be shown: one line, at most 200 characters, no e-mail addresses.
#[must_use]
pub fn presentable(message: &str) -> String {
    let words = message.split_whitespace().map(|word| {
        if word.contains('@') {
            "(address)"
        } else {
            word
        }
    });
    let line: String = words.collect::<Vec<_>>().join(" ");
    line.chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_error_body_gives_its_message() {
        for (body, word, message) in [
            (
                r#"{"status":"INPUT_ERROR","message":"Invalid request","validationMessages":["OrderBy is not valid"]}"#,
                "INPUT_ERROR",
                "OrderBy is not valid",
            ),
            (
                r#"{"Data":null,"Status":"INTERNAL_SERVER_ERROR","Message":"An error occurred","ValidationMessages":null}"#,
                "INTERNAL_SERVER_ERROR",
                "An error occurred",
            ),
            (
                r#"{"title":"One or more validation errors occurred.","status":400,"errors":{"filter":["The filter field is required."]}}"#,
                "",
                "The filter field is required.",
            ),
            (
                r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#,
                "",
                "Client authentication failed",
            ),
            (r#"{"error":"invalid_client"}"#, "", "invalid_client"),
            (
                r#"{"errors":[{"message":"Unauthorized"}]}"#,
                "",
                "Unauthorized",
            ),
            (
                r#"{"isSuccess":false,"messages":["Not allowed"]}"#,
                "",
                "Not allowed",
            ),
            (
                r#"{"message":"no user ada@example.com here"}"#,
                "",
                "no user (address) here",
            ),
            ("<html>502 Bad Gateway</html>", "", ""),
            ("", "", ""),
        ] {
            let expected = ErrorBody {
                word: word.to_owned(),
                message: message.to_owned(),
            };
            assert_eq!(ErrorBody::parse(body.as_bytes()), expected, "{body}");
        }
    }
}
