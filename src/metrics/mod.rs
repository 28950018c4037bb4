//! Metrics for Prometheus: what this process counts, and what the database says at the time of a scrape.
//!
//! [`description`] has every name once. A [`Metrics`] belongs to a process; the API client carries it to where things
//! happen. It knows nothing of HTTP: the daemon serves what [`Metrics::render`] gives.

pub mod description;
mod document;
mod stored;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
pub use document::document;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use sqlx::PgPool;

use crate::api::ApiErrorKind;
use crate::api::endpoint::Endpoint;
use crate::daemon::scheduler::shortest_pause;
use crate::settings::Settings;
use crate::warehouse::load::Effects;
use description::{Description, Kind, Label};

/// What a response with [`Metrics::render`]'s text must say of itself.
pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// How long a scrape waits for the database.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);

type Labels = Vec<(&'static str, &'static str)>;
type Counters = Family<Labels, Counter>;
type Gauges = Family<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>;
type Histograms = Family<Labels, Histogram, Bounds>;

/// The metrics of a process. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Counters,
    request_duration: Histograms,
    retries: Counters,
    failures: Counters,
    tokens: Counters,
    credentials_refused: Gauges,
    concurrency: Gauges,
    rate: Gauges,
    gate: Gauges,
    rows: Counters,
    batches: Counters,
    commit_duration: Histograms,
    runs: Counters,
    instance_active: Gauges,
}

/// How a token request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOutcome {
    /// With a token.
    Ok,
    /// Client id or secret are wrong.
    Refused,
    /// For another reason without a token.
    Failed,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let to = &mut registry;
        Self(Arc::new(Inner {
            requests: counters(to, &description::REQUESTS),
            request_duration: histograms(to, &description::REQUEST_DURATION),
            retries: counters(to, &description::RETRIES),
            failures: counters(to, &description::FAILURES),
            tokens: counters(to, &description::TOKENS),
            credentials_refused: gauges(to, &description::CREDENTIALS_REFUSED),
            concurrency: gauges(to, &description::CONCURRENCY),
            rate: gauges(to, &description::RATE),
            gate: gauges(to, &description::GATE),
            rows: counters(to, &description::ROWS),
            batches: counters(to, &description::BATCHES),
            commit_duration: histograms(to, &description::COMMIT_DURATION),
            runs: counters(to, &description::RUNS),
            instance_active: gauges(to, &description::INSTANCE_ACTIVE),
            registry,
        }))
    }
}

impl Metrics {
    /// A request was sent, and answered with `status` or not at all.
    pub fn note_request(&self, endpoint: Endpoint, status: Option<u16>, took: Duration) {
        let class = match status {
            Some(100..=299) => "2xx",
            Some(300..=399) => "3xx",
            Some(400..=499) => "4xx",
            Some(_) => "5xx",
            None => "none",
        };
        let endpoint = (Label::Endpoint.key(), endpoint.route());
        let labels = vec![endpoint, (Label::StatusClass.key(), class)];
        self.0.requests.get_or_create(&labels).inc();
        let durations = self.0.request_duration.get_or_create(&vec![endpoint]);
        durations.observe(took.as_secs_f64());
    }

    /// A request failed and is sent again.
    pub fn note_retry(&self, reason: &ApiErrorKind) {
        let labels = vec![(Label::ErrorKind.key(), reason.word())];
        self.0.retries.get_or_create(&labels).inc();
    }

    /// A request failed and is given up.
    pub fn note_failure(&self, reason: &ApiErrorKind) {
        let labels = vec![(Label::ErrorKind.key(), reason.word())];
        self.0.failures.get_or_create(&labels).inc();
    }

    /// A token was asked for.
    pub fn note_token(&self, outcome: TokenOutcome) {
        let (word, refused) = match outcome {
            TokenOutcome::Ok => ("ok", Some(0.0)),
            TokenOutcome::Refused => ("refused", Some(1.0)),
            // That says nothing about the credentials.
            TokenOutcome::Failed => ("failed", None),
        };
        let labels = vec![(Label::TokenOutcome.key(), word)];
        self.0.tokens.get_or_create(&labels).inc();
        if let Some(refused) = refused {
            set(&self.0.credentials_refused, refused);
        }
    }

    /// How hard the service may be asked.
    pub fn note_rate(&self, per_second: f64) {
        set(&self.0.rate, per_second);
    }

    /// How many requests may be under way at once.
    pub fn note_width(&self, width: u32) {
        set(&self.0.concurrency, f64::from(width));
    }

    /// Until when the service wants to be left alone.
    pub fn note_gate(&self, closed_until: DateTime<Utc>) {
        set(&self.0.gate, timestamp(closed_until));
    }

    /// A batch was loaded.
    pub fn note_batch(&self, effects: &Effects, took: Duration) {
        self.0.batches.get_or_create(&Labels::new()).inc();
        let durations = self.0.commit_duration.get_or_create(&Labels::new());
        durations.observe(took.as_secs_f64());
        for (resource, effect) in effects {
            let counts = [
                effect.inserted,
                effect.updated,
                effect.unchanged,
                effect.deleted,
                effect.held,
            ];
            for (word, count) in description::EFFECTS.into_iter().zip(counts) {
                let labels = vec![
                    (Label::Resource.key(), resource.name()),
                    (Label::Effect.key(), word),
                ];
                self.0.rows.get_or_create(&labels).inc_by(count);
            }
        }
    }

    /// A run ended.
    pub fn note_run(&self, kind: &'static str, outcome: &'static str) {
        let labels = vec![
            (Label::RunKind.key(), kind),
            (Label::RunOutcome.key(), outcome),
        ];
        self.0.runs.get_or_create(&labels).inc();
    }

    /// Whether this instance holds the schedule.
    pub fn note_role(&self, is_active: bool) {
        set(&self.0.instance_active, f64::from(u8::from(is_active)));
    }

    /// Everything as Prometheus reads it. Without the database, what comes from it is missing, and
    /// `keepnet_etl_database_up` says so.
    pub async fn render(&self, pool: &PgPool, settings: &Settings, now: DateTime<Utc>) -> String {
        let mut text = String::new();
        // Writing into a text cannot fail.
        let _ = prometheus_text::encode(&mut text, &self.0.registry);
        let mut scraped = Registry::default();
        let read = stored::read(pool, settings, now);
        let stored = match tokio::time::timeout(DATABASE_PATIENCE, read).await {
            Ok(Ok(stored)) => Some(stored),
            Ok(Err(error)) => {
                let error =
                    crate::warehouse::error::WarehouseError::from_sqlx("read the metrics", error);
                tracing::debug!(%error, "metrics without the database");
                None
            }
            Err(_) => None,
        };
        let single = |to: &mut Registry, what: &Description, value: f64| {
            set(&gauges(to, what), value);
        };
        let to = &mut scraped;
        let is_up = f64::from(u8::from(stored.is_some()));
        single(to, &description::DATABASE_UP, is_up);
        let staleness = settings.sync.max_staleness.as_secs_f64();
        single(to, &description::MAX_STALENESS, staleness);
        let schedule = settings.schedule.sync.as_deref();
        let pause = schedule.and_then(|cron| shortest_pause(cron, now));
        let pause = pause.map_or(0.0, |pause| pause.num_seconds() as f64);
        single(to, &description::SCHEDULE, pause);
        let limit = settings.api.daily_requests.unwrap_or(0) as f64;
        single(to, &description::DAILY_LIMIT, limit);
        if let Some(stored) = stored {
            stored.register(to, now);
        }
        let _ = prometheus_text::encode(&mut text, &scraped);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Makes histograms with the bounds of their description.
#[derive(Debug, Clone)]
struct Bounds(&'static [f64]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

fn counters(registry: &mut Registry, what: &Description) -> Counters {
    let family = Counters::default();
    for labels in combinations(what.labels) {
        let _zero = family.get_or_create(&labels);
    }
    register(registry, what, family.clone());
    family
}

fn gauges(registry: &mut Registry, what: &Description) -> Gauges {
    let family = Gauges::default();
    for labels in combinations(what.labels) {
        let _zero = family.get_or_create(&labels);
    }
    register(registry, what, family.clone());
    family
}

fn histograms(registry: &mut Registry, what: &Description) -> Histograms {
    let bounds = match what.kind {
        Kind::Histogram(bounds) => bounds,
        Kind::Counter | Kind::Gauge => &[],
    };
    let family = Histograms::new_with_constructor(Bounds(bounds));
    for labels in combinations(what.labels) {
        let _zero = family.get_or_create(&labels);
    }
    register(registry, what, family.clone());
    family
}

fn register(registry: &mut Registry, what: &Description, metric: impl Metric) {
    // The library adds the ending of counters, and a dot to the help.
    let name = what.name.strip_suffix("_total").unwrap_or(what.name);
    registry.register(name, what.help, metric);
}

fn set(gauges: &Gauges, value: f64) {
    gauges.get_or_create(&Labels::new()).set(value);
}

fn timestamp(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1_000.0
}

/// Every combination of the labels' values: what is not there at zero cannot be seen to grow.
fn combinations(labels: &[Label]) -> Vec<Labels> {
    let mut all = vec![Labels::new()];
    for label in labels {
        let longer = all.iter().flat_map(|before| {
            label.values().into_iter().map(|value| {
                let mut labels = before.clone();
                labels.push((label.key(), value));
                labels
            })
        });
        all = longer.collect();
    }
    all
}
