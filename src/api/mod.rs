//! The vendor's API. Knows no SQL.
//!
//! The trap that shapes this module: which company a request is about is told by headers only. The service answers a
//! request without them with HTTP 200 and another tenant's data. So requests about a company can only be made through
//! [`CompanyClient`], which carries the id; there is no other way to the scoped endpoints.

mod budget;
mod daily;
pub mod dates;
pub mod download;
mod durations;
pub mod endpoint;
pub mod endpoints;
mod envelope;
pub mod error;
mod extra;
mod fields;
mod json;
mod order;
mod outgoing;
mod pace;
mod page;
pub mod rereading;
mod retry;
mod search;
mod token;
mod transport;
mod turnstile;
pub mod writes;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::clock::SharedClock;
use crate::metrics::Metrics;
use crate::settings::{ApiSettings, Credentials};
pub use daily::{Allowance, Grant};
use dates::DateReader;
use endpoint::Endpoint;
use envelope::Answer;
pub use error::{ApiError, ApiErrorKind};
pub use extra::{Extra, UnknownMember};
pub use fields::{DATE_CONTRADICTION, Fields, ItemError, ItemErrorKind};
use outgoing::{Body, Outgoing};
pub use pace::{Agreement, Reserved};
pub use page::{Listing, ListingEnd, Page, Position, Search, UnreadableItem, WireItem};
#[doc(hidden)]
pub use retry::Pauses;
pub use token::Claims;
use token::Tokens;
use transport::Transport;

/// The API, with the credentials of one account. Clones share connections, token and budget.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Arc<Transport>,
    tokens: Arc<Tokens>,
    dates: DateReader,
    page_size: u32,
    requests: Arc<AtomicU64>,
}

/// The API, scoped to one company.
#[derive(Debug, Clone)]
pub struct CompanyClient {
    client: Client,
    company_id: String,
}

impl Client {
    /// A client as configured. Sends nothing yet.
    pub fn new(
        settings: &ApiSettings,
        credentials: Credentials,
        clock: SharedClock,
    ) -> Result<Self, ApiError> {
        Self::with_pauses(settings, credentials, clock, Pauses::default())
    }

    /// The same, counting in `metrics`.
    pub fn counting(
        settings: &ApiSettings,
        credentials: Credentials,
        clock: SharedClock,
        metrics: Metrics,
    ) -> Result<Self, ApiError> {
        Self::build(settings, credentials, clock, Pauses::default(), metrics)
    }

    /// Where its requests are counted, and what is done with their answers.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        self.transport.metrics()
    }

    /// The same with other pauses between attempts, for tests.
    #[doc(hidden)]
    pub fn with_pauses(
        settings: &ApiSettings,
        credentials: Credentials,
        clock: SharedClock,
        pauses: Pauses,
    ) -> Result<Self, ApiError> {
        Self::build(settings, credentials, clock, pauses, Metrics::default())
    }

    fn build(
        settings: &ApiSettings,
        credentials: Credentials,
        clock: SharedClock,
        pauses: Pauses,
        metrics: Metrics,
    ) -> Result<Self, ApiError> {
        Ok(Self {
            transport: Arc::new(Transport::new(settings, clock.clone(), pauses, metrics)?),
            tokens: Arc::new(Tokens::new(
                credentials.client_id,
                credentials.client_secret,
                clock,
            )),
            dates: DateReader {
                format: None,
                zone: settings.time_zone,
            },
            page_size: settings.page_size,
            requests: Arc::default(),
        })
    }

    /// The same client, reading dates by `dates`.
    #[must_use]
    pub fn with_dates(mut self, dates: DateReader) -> Self {
        self.dates = dates;
        self
    }

    /// The same client, with a request counter of its own.
    #[must_use]
    pub fn counted(&self) -> Self {
        Self {
            requests: Arc::default(),
            ..self.clone()
        }
    }

    /// The client for one company, with a request counter of its own.
    #[must_use]
    pub fn company(&self, company_id: &str) -> CompanyClient {
        CompanyClient {
            client: self.counted(),
            company_id: company_id.to_owned(),
        }
    }

    /// What the account's token says of it.
    pub async fn claims(&self) -> Result<Claims, ApiError> {
        self.tokens.claims(&self.transport).await
    }

    /// The client id of the credentials.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.tokens.client_id()
    }

    /// How dates are read.
    #[must_use]
    pub fn dates(&self) -> DateReader {
        self.dates
    }

    /// Where the service is.
    #[must_use]
    pub fn base_url(&self) -> &url::Url {
        self.transport.base()
    }

    /// Requests sent by this client since it was made or `counted`.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests sent by all clones together.
    #[must_use]
    pub fn all_requests(&self) -> u64 {
        self.transport.sent()
    }

    /// Requests of all clones together that were answered, whatever the answer was.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.transport.answered()
    }

    /// Takes all requests of the account, those sent already too, from `allowance`. The first allowance stays.
    pub fn hold_to(&self, allowance: Arc<dyn Allowance>) {
        self.transport.daily().hold_to(allowance);
    }

    /// Keeps the rate, and the pauses that the service asks for, together with all who are party to `agreement`. The
    /// first one stays.
    pub fn share(&self, agreement: Arc<dyn Agreement>) {
        self.transport.budget().share(agreement);
    }

    /// Why nothing more is sent in this run, once the day's requests are used up.
    #[must_use]
    pub fn refusal(&self) -> Option<ApiErrorKind> {
        self.transport.daily().refusal()
    }

    /// Ends a run: gives back what it took of the day's requests and did not send.
    pub async fn give_back(&self) -> Result<(), String> {
        self.transport.daily().give_back().await
    }

    /// Requests sent today on behalf of the account, as far as this client knows; `None` when they are not limited.
    #[must_use]
    pub fn used_today(&self) -> Option<u64> {
        self.transport.daily().used()
    }

    /// Requests that may be under way at once, at present.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.transport.budget().width()
    }

    /// Requests that wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.transport.budget().waiting()
    }

    /// Until when nothing is sent because the service asked for a pause; `None` when it did not.
    #[must_use]
    pub fn closed_until(&self) -> Option<DateTime<Utc>> {
        self.transport.closed_until()
    }

    async fn call<T>(
        &self,
        request: &Outgoing,
        read: impl Fn(&Answer) -> Result<T, ApiErrorKind>,
    ) -> Result<T, ApiError> {
        self.transport
            .call(Some(&self.tokens), request, &self.requests, read)
            .await
    }

    /// Calls an endpoint that answers with one object.
    async fn object<T: WireItem>(
        &self,
        request: &Outgoing,
    ) -> Result<Result<T, UnreadableItem>, ApiError> {
        let dates = self.dates;
        self.call(request, |answer| {
            let missing = || ApiErrorKind::Shape {
                path: "$.data".to_owned(),
                reason: "it is missing".to_owned(),
            };
            Ok(decode(answer.data()?.ok_or_else(missing)?, &dates))
        })
        .await
    }

    /// Calls an endpoint that answers with a list, all of it at once. No list is an empty one.
    async fn list<T: WireItem>(
        &self,
        request: &Outgoing,
    ) -> Result<Vec<Result<T, UnreadableItem>>, ApiError> {
        let dates = self.dates;
        self.call(request, |answer| {
            let Some(data) = answer.data()? else {
                return Ok(Vec::new());
            };
            let items: Vec<&RawValue> =
                serde_json::from_str(data.get()).map_err(|_| ApiErrorKind::Shape {
                    path: "$.data".to_owned(),
                    reason: "expected a list".to_owned(),
                })?;
            Ok(items.into_iter().map(|item| decode(item, &dates)).collect())
        })
        .await
    }
}

impl CompanyClient {
    /// The company.
    #[must_use]
    pub fn company_id(&self) -> &str {
        &self.company_id
    }

    /// The same client, with a request counter of its own.
    #[must_use]
    pub fn counted(&self) -> Self {
        Self {
            client: self.client.counted(),
            company_id: self.company_id.clone(),
        }
    }

    /// Requests sent by this client.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.client.requests()
    }

    /// A request about the company by GET; `doing` says what it does, as an infinitive.
    fn get(&self, endpoint: Endpoint, path: &[&str], doing: String) -> Outgoing {
        Outgoing {
            doing,
            endpoint,
            method: reqwest::Method::GET,
            path: path.iter().copied().map(str::to_owned).collect(),
            query: Vec::new(),
            body: Body::Empty,
            company: Some(self.company_id.clone()),
        }
    }

    /// The same by POST.
    fn post(
        &self,
        endpoint: Endpoint,
        path: &[&str],
        doing: String,
        body: &impl Serialize,
    ) -> Outgoing {
        Outgoing {
            method: reqwest::Method::POST,
            body: Body::json(body),
            ..self.get(endpoint, path, doing)
        }
    }
}

fn decode<T: WireItem>(raw: &RawValue, dates: &DateReader) -> Result<T, UnreadableItem> {
    Fields::open(raw, dates)
        .and_then(T::decode)
        .map_err(|error| UnreadableItem {
            payload: T::payload(raw.get()),
            error,
        })
}
