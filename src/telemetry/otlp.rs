//! Traces over OTLP (HTTP with protobuf), to the collector of `telemetry.otlp_endpoint`.
//!
//! Spans wait in a bounded queue for a thread of the library. A collector that is away costs spans, nothing else: nobody
//! waits for it but the end of the program, and that not for long.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::{Subscriber, info, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::settings::TelemetrySettings;

/// How long a collector may take for one export, and the program for its last one.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where collectors take traces, below the endpoint.
const PATH: &str = "v1/traces";

/// Traces that are being sent.
pub(super) struct Traces(SdkTracerProvider);

/// Begins to send traces; nothing when there is no endpoint.
pub(super) fn start<S>(
    settings: &TelemetrySettings,
) -> Result<Option<(Traces, impl Layer<S> + Send + Sync + use<S>)>, String>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let Some(endpoint) = &settings.otlp_endpoint else {
        return Ok(None);
    };
    let collector = Collector::new(Handle::current())?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(collector)
        .with_endpoint(traces_url(endpoint).as_str())
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(PATIENCE)
        .build()
        .map_err(|error| error.to_string())?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(
            Resource::builder_empty()
                .with_service_name("keepnet-etl")
                .with_attribute(opentelemetry::KeyValue::new(
                    "service.version",
                    env!("CARGO_PKG_VERSION"),
                ))
                .build(),
        )
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("keepnet-etl"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        // Parents are those of the log: tasks that take turns on a thread would mix up the library's own stack.
        .with_context_activation(false);
    Ok(Some((Traces(provider), layer)))
}

impl Traces {
    /// Sends what is left.
    pub(super) async fn end(self) {
        let shutdown = move || self.0.shutdown_with_timeout(PATIENCE);
        // It blocks while the runtime sends.
        let _ = tokio::task::spawn_blocking(shutdown).await;
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Traces")
    }
}

/// The endpoint as configured, or the path below it that the protocol fixes.
fn traces_url(endpoint: &Url) -> Url {
    let mut url = endpoint.clone();
    if !url.path().trim_end_matches('/').ends_with(PATH)
        && let Ok(mut path) = url.path_segments_mut()
    {
        path.pop_if_empty().extend(PATH.split('/'));
    }
    url
}

/// Sends from the library's thread, through this program's runtime.
#[derive(Debug)]
struct Collector {
    http: reqwest::Client,
    runtime: Handle,
    /// So that one outage is one warning.
    is_away: Arc<AtomicBool>,
}

impl Collector {
    fn new(runtime: Handle) -> Result<Self, String> {
        // Another component may have installed the same provider; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "the collector of traces is not the vendor's service: it has no budget and no retries"
        )]
        let builder = reqwest::Client::builder();
        let http = builder
            .user_agent(concat!("keepnet-etl/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build();
        Ok(Self {
            http: http.map_err(|error| error.without_url().to_string())?,
            runtime,
            is_away: Arc::default(),
        })
    }
}

impl HttpClient for Collector {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let (http, is_away) = (self.http.clone(), Arc::clone(&self.is_away));
        let sending = self.runtime.spawn(async move {
            let sent = send(&http, request).await;
            let was_away = is_away.swap(sent.is_err(), Ordering::Relaxed);
            match &sent {
                Err(error) if !was_away => warn!(%error, "the collector does not take traces"),
                Ok(_) if was_away => info!("the collector takes traces again"),
                _ => {}
            }
            sent
        });
        Box::pin(async move { sending.await? })
    }
}

async fn send(
    http: &reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    let request = reqwest::Request::try_from(request)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the collector of traces is not the vendor's service"
    )]
    let answer = http
        .execute(request)
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(reqwest::Error::without_url)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(reqwest::Error::without_url)?;
    let mut response = Response::new(body);
    *response.status_mut() = status;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_go_to_the_protocols_path_below_the_endpoint() {
        for (endpoint, url) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            (
                "https://otel.example/otlp/",
                "https://otel.example/otlp/v1/traces",
            ),
            (
                "https://otel.example/v1/traces",
                "https://otel.example/v1/traces",
            ),
        ] {
            assert_eq!(traces_url(&endpoint.parse().unwrap()).as_str(), url);
        }
    }
}
