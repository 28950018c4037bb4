//! The one place that sends. Time limit, size limit, the budget, repetition, and what a status means.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use tracing::{Instrument, Span, debug, warn};
use url::Url;

use super::budget::{Budget, Permit};
use super::daily::Daily;
use super::envelope::Answer;
use super::error::{ApiError, ApiErrorKind, ErrorBody};
use super::outgoing::{Body, Outgoing, headers};
use super::retry::{Pauses, Retry, Step, retry_after};
use super::token::Tokens;
use crate::clock::SharedClock;
use crate::metrics::Metrics;
use crate::settings::ApiSettings;
use crate::telemetry::span;

/// Time for the connection alone.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Sends requests of one account.
#[derive(Debug)]
pub struct Transport {
    http: reqwest::Client,
    base: Url,
    timeout: Duration,
    per_second: f64,
    max_bytes: u64,
    budget: Budget,
    daily: Daily,
    pauses: Pauses,
    clock: SharedClock,
    metrics: Metrics,
    /// Requests begun, repetitions not counted.
    begun: AtomicU64,
    sent: AtomicU64,
    answered: AtomicU64,
    /// False until the service answered, and again after a request could not reach it at all: then nobody
    /// waits long for the next one.
    is_reachable: AtomicBool,
}

impl Transport {
    /// A transport as configured.
    pub fn new(
        settings: &ApiSettings,
        clock: SharedClock,
        pauses: Pauses,
        metrics: Metrics,
    ) -> Result<Self, ApiError> {
        let setup = |reason: String| ApiError {
            doing: "set up the connection to the service".to_owned(),
            kind: ApiErrorKind::Setup(reason),
        };
        // Another component may have installed the same provider; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that builds a client"
        )]
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("keepnet-etl/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            .timeout(settings.timeout)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(path) = &settings.ca_file {
            let pem = std::fs::read(path).map_err(|error| {
                setup(format!(
                    "api.ca_file {} cannot be read: {error}",
                    path.display()
                ))
            })?;
            let bundle = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|_| setup(format!("api.ca_file {} is no PEM bundle", path.display())))?;
            http = http.tls_certs_merge(bundle);
        }
        http = match &settings.proxy {
            Some(proxy) => http.proxy(
                reqwest::Proxy::all(proxy.as_str())
                    .map_err(|_| setup("api.proxy is no proxy URL".to_owned()))?,
            ),
            None => http.no_proxy(),
        };
        let transport = Self {
            http: http
                .build()
                .map_err(|error| setup(error.without_url().to_string()))?,
            base: settings.base_url.clone(),
            timeout: settings.timeout,
            per_second: settings.max_requests_per_second,
            max_bytes: settings.max_response_bytes,
            budget: Budget::new(settings.max_concurrency, settings.max_requests_per_second),
            daily: Daily::new(clock.clone()),
            pauses,
            clock,
            metrics,
            begun: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            is_reachable: AtomicBool::new(false),
        };
        transport.note_budget();
        Ok(transport)
    }

    /// Where requests are counted.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Takes note of how hard the service may be asked at present.
    fn note_budget(&self) {
        self.metrics.note_rate(self.per_second);
        self.metrics.note_width(self.budget.width());
        if let Some(until) = self.closed_until() {
            self.metrics.note_gate(until);
        }
    }

    /// The span of one request, its repetitions included. The number is this program's own: nothing of it is sent.
    pub(super) fn span(&self, request: &Outgoing) -> Span {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        span::request(number, request.endpoint)
    }

    /// Requests sent so far, repetitions and token requests included.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Requests that were answered, whatever the answer was.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// The day's requests.
    #[must_use]
    pub fn daily(&self) -> &Daily {
        &self.daily
    }

    /// The budget.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Until when nothing is sent because the service asked for a pause.
    #[must_use]
    pub fn closed_until(&self) -> Option<DateTime<Utc>> {
        let closed_for = self.budget.closed_for();
        let until = self.clock.now() + closed_for;
        (!closed_for.is_zero()).then_some(until)
    }

    /// Host and port of the service, for messages.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Sends `request` and reads its answer with `read`, as often as the table in [`super::retry`] says.
    /// `requests` counts what was sent.
    pub async fn call<T>(
        &self,
        tokens: Option<&Tokens>,
        request: &Outgoing,
        requests: &AtomicU64,
        read: impl Fn(&Answer) -> Result<T, ApiErrorKind>,
    ) -> Result<T, ApiError> {
        let again = self.call_again(tokens, request, requests, read);
        Box::pin(again.instrument(self.span(request))).await
    }

    async fn call_again<T>(
        &self,
        tokens: Option<&Tokens>,
        request: &Outgoing,
        requests: &AtomicU64,
        read: impl Fn(&Answer) -> Result<T, ApiErrorKind>,
    ) -> Result<T, ApiError> {
        let mut retry = self.retry();
        loop {
            let (permit, token) = self.admit(tokens, request, requests).await?;
            let sent = self.send(request, token.as_ref(), requests).await;
            match sent.and_then(|answer| read(&answer)) {
                Ok(value) => {
                    permit.note_success();
                    self.metrics.note_width(self.budget.width());
                    return Ok(value);
                }
                Err(kind) => {
                    let token = tokens.zip(token.as_ref());
                    self.recover(kind, request, token, (permit, &mut retry))
                        .await?;
                }
            }
        }
    }

    /// Waits until `request` may be sent, and gives the token to send it with.
    pub(super) async fn admit(
        &self,
        tokens: Option<&Tokens>,
        request: &Outgoing,
        requests: &AtomicU64,
    ) -> Result<(Permit<'_>, Option<SecretString>), ApiError> {
        let company = request.company.as_deref();
        let permit = || async {
            let permit = self.budget.acquire(company, self.pauses.patience).await;
            permit.map_err(|closed_for| ApiError {
                doing: request.doing.clone(),
                kind: ApiErrorKind::RateLimited(Some(closed_for)),
            })
        };
        let Some(tokens) = tokens else {
            return Ok((permit().await?, None));
        };
        let token = tokens.current(self, requests).await?;
        let admitted = permit().await?;
        if !tokens.is_outdated(&token) {
            return Ok((admitted, Some(token)));
        }
        // The wait outlasted the token. The place is given up, for the new token needs one.
        drop(admitted);
        let token = tokens.current(self, requests).await?;
        Ok((permit().await?, Some(token)))
    }

    /// Sends `request` once, whatever comes of it: for what changes something at the vendor.
    pub async fn call_once<T>(
        &self,
        tokens: &Tokens,
        request: &Outgoing,
        requests: &AtomicU64,
        read: impl Fn(&Answer) -> Result<T, ApiErrorKind>,
    ) -> Result<T, ApiError> {
        let once = async {
            let (permit, token) = self.admit(Some(tokens), request, requests).await?;
            let sent = self.send(request, token.as_ref(), requests).await;
            drop(permit);
            Ok(sent)
        };
        let sent = Box::pin(once.instrument(self.span(request))).await?;
        sent.and_then(|answer| read(&answer))
            .map_err(|kind| ApiError {
                doing: request.doing.clone(),
                kind,
            })
    }

    /// Waits until `request` can be sent again after a failure of this kind. An error: it is given up.
    pub(super) async fn recover(
        &self,
        kind: ApiErrorKind,
        request: &Outgoing,
        token: Option<(&Tokens, &SecretString)>,
        (permit, retry): (Permit<'_>, &mut Retry),
    ) -> Result<(), ApiError> {
        let failed = ApiError {
            doing: request.doing.clone(),
            kind,
        };
        if failed.kind.is_overload() {
            permit.note_overload();
        }
        let is_unreachable = matches!(failed.kind, ApiErrorKind::Unreachable(_));
        // The gate is closed before another request can have this one's place.
        let mut step = retry.after(&failed, &self.budget);
        drop(permit);
        self.budget.announce().await;
        self.note_budget();
        if is_unreachable && retry.attempts() >= 2 && !self.is_reachable.load(Ordering::Relaxed) {
            step = Step::GiveUp;
        }
        debug!(error = %failed, ?step, "request failed");
        match step {
            Step::GiveUp => self.metrics.note_failure(&failed.kind),
            _ => self.metrics.note_retry(&failed.kind),
        }
        match step {
            Step::Wait(pause) => {
                warn!(
                    error_kind = failed.kind.word(),
                    attempt = retry.attempts(),
                    delay_ms = millis(pause),
                    "request failed and is sent again"
                );
                tokio::time::sleep(pause).await;
            }
            Step::AtOnce => warn!(
                error_kind = failed.kind.word(),
                "the service asked for a pause"
            ),
            Step::RenewToken => {
                if let Some((tokens, token)) = token {
                    tokens.discard(token).await;
                }
            }
            Step::GiveUp => {
                if is_unreachable {
                    self.is_reachable.store(false, Ordering::Relaxed);
                }
                return Err(failed);
            }
        }
        Ok(())
    }

    async fn send(
        &self,
        request: &Outgoing,
        token: Option<&SecretString>,
        requests: &AtomicU64,
    ) -> Result<Answer, ApiErrorKind> {
        let headers = headers(request, token)?;
        let response = self.exchange(request, headers, requests).await?;
        let status = response.status().as_u16();
        Ok(Answer::new(status, self.body(response).await?))
    }

    /// Sends once; the budget has admitted the request.
    pub(super) async fn exchange(
        &self,
        request: &Outgoing,
        headers: HeaderMap,
        requests: &AtomicU64,
    ) -> Result<reqwest::Response, ApiErrorKind> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&request.path);
        }
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .headers(headers);
        if !request.query.is_empty() {
            builder = builder.query(&request.query);
        }
        builder = match &request.body {
            Body::Empty => builder,
            Body::Json(json) => builder.body(json.clone()),
            Body::Form(form) => builder.body(form.expose_secret().to_owned()),
        };

        self.daily.take().await?;
        debug_assert!(request.endpoint.has(&request.path), "{:?}", request.path);
        let begun = Instant::now();
        self.sent.fetch_add(1, Ordering::Relaxed);
        requests.fetch_add(1, Ordering::Relaxed);
        #[expect(clippy::disallowed_methods, reason = "the one place that sends")]
        let answered = builder.send().await;
        let status = answered
            .as_ref()
            .ok()
            .map(|answer| answer.status().as_u16());
        self.metrics
            .note_request(request.endpoint, status, begun.elapsed());
        Span::current().record("http.status", status);
        debug!(
            http.status = status,
            duration_ms = millis(begun.elapsed()),
            "request sent"
        );
        let response = answered.map_err(|error| self.transport_error(error))?;
        self.is_reachable.store(true, Ordering::Relaxed);
        self.answered.fetch_add(1, Ordering::Relaxed);
        let status = response.status();
        let pause = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, self.clock.now()));
        if status.is_success() {
            return Ok(response);
        }
        let body = self.body(response).await?;
        Err(refusal(status, &ErrorBody::parse(&body), pause))
    }

    async fn body(&self, mut response: reqwest::Response) -> Result<Vec<u8>, ApiErrorKind> {
        let expected = response.content_length().unwrap_or(0);
        if expected > self.max_bytes {
            return Err(ApiErrorKind::TooLarge(self.max_bytes));
        }
        let mut body = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        while let Some(chunk) = self.chunk(&mut response).await? {
            if (body.len() + chunk.len()) as u64 > self.max_bytes {
                return Err(ApiErrorKind::TooLarge(self.max_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The next part of a body.
    pub(super) async fn chunk(
        &self,
        response: &mut reqwest::Response,
    ) -> Result<Option<Bytes>, ApiErrorKind> {
        response.chunk().await.map_err(|error| {
            if error.is_timeout() {
                ApiErrorKind::Timeout(self.timeout)
            } else {
                ApiErrorKind::BrokenOff
            }
        })
    }

    /// How failed requests are retried.
    pub(super) fn retry(&self) -> Retry {
        Retry::new(self.pauses)
    }

    fn transport_error(&self, error: reqwest::Error) -> ApiErrorKind {
        if error.is_timeout() && !error.is_connect() {
            return ApiErrorKind::Timeout(self.timeout);
        }
        if !error.is_connect() {
            return ApiErrorKind::BrokenOff;
        }
        // The innermost cause says it best ("connection refused"); outer ones repeat the URL.
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let host = self.base.host_str().unwrap_or_default();
        ApiErrorKind::Unreachable(format!("{host}: {cause}"))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What a status other than 2xx means.
fn refusal(status: StatusCode, body: &ErrorBody, pause: Option<Duration>) -> ApiErrorKind {
    let message = if body.message.is_empty() {
        body.word.clone()
    } else {
        body.message.clone()
    };
    match status.as_u16() {
        // The vendor's own client treats 306 like 401.
        401 | 306 => ApiErrorKind::Unauthorized,
        403 if body.word.eq_ignore_ascii_case("PRIVACY_ERROR") => ApiErrorKind::AccessWithdrawn,
        403 if body.word.eq_ignore_ascii_case("IP_RESTRICTED") => ApiErrorKind::AddressRefused,
        403 => ApiErrorKind::Forbidden(message),
        404 => ApiErrorKind::NotFound,
        429 => ApiErrorKind::RateLimited(pause),
        408 | 500..=599 => ApiErrorKind::Server {
            status: status.as_u16(),
            message,
            retry_after: pause,
        },
        status => ApiErrorKind::Rejected { status, message },
    }
}
