//! Logs: text or JSON lines on standard error, beside progress bars if there are any. Traces, when a collector is
//! configured.

#[cfg(feature = "otlp")]
mod otlp;
pub mod span;

use std::io::{self, Write};
use std::sync::OnceLock;

use indicatif::MultiProgress;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::settings::{LogFormat, LogSettings, TelemetrySettings};

/// The progress bars of this process, which log lines must not tear apart.
static BARS: OnceLock<MultiProgress> = OnceLock::new();

/// The place where progress bars are drawn.
pub fn bars() -> &'static MultiProgress {
    BARS.get_or_init(MultiProgress::new)
}

/// What is to be ended in good order.
#[derive(Debug)]
#[must_use = "the last spans are sent when it ends"]
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    traces: Option<otlp::Traces>,
}

/// Starts logging, and sending traces if a collector is configured. A second call in one process changes nothing.
pub fn start(log: &LogSettings, telemetry: &TelemetrySettings) -> Telemetry {
    // The level was checked when the settings were loaded.
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(BesideBars);
    let lines = match log.format {
        LogFormat::Text => lines.with_target(false).with_ansi(false).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed(),
    };
    // One filter for all: with one per layer, a library that asks whether something is enabled makes the next span vanish.
    // Spans are errors to it, so they are traced whatever is logged.
    let registry = tracing_subscriber::registry().with(filter).with(lines);
    #[cfg(feature = "otlp")]
    {
        let (started, failed) = match otlp::start(telemetry) {
            Ok(started) => (started, None),
            Err(reason) => (None, Some(reason)),
        };
        let (traces, layer) = started.unzip();
        let _ = registry.with(layer).try_init();
        if let Some(reason) = failed {
            tracing::warn!(%reason, "no traces can be sent");
        }
        Telemetry { traces }
    }
    #[cfg(not(feature = "otlp"))]
    {
        let _ = registry.try_init();
        if telemetry.otlp_endpoint.is_some() {
            tracing::warn!(
                "telemetry.otlp_endpoint is set, but this program was built without the feature `otlp`: no traces are sent"
            );
        }
        Telemetry {}
    }
}

impl Telemetry {
    /// Sends what is left, if there is a collector that takes it.
    pub async fn end(self) {
        #[cfg(feature = "otlp")]
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}

/// Writes whole lines to standard error while the progress bars step aside.
#[derive(Debug, Clone, Copy)]
struct BesideBars;

impl<'a> MakeWriter<'a> for BesideBars {
    type Writer = Self;

    fn make_writer(&'a self) -> Self::Writer {
        *self
    }
}

impl Write for BesideBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match BARS.get() {
            Some(bars) => bars.suspend(|| io::stderr().write(line)),
            None => io::stderr().write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
