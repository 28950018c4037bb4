//! What the program says of itself to those who run it: metrics, logs, traces, and the alerts on them.

mod exposition;
mod logs;
mod metrics;
mod operations;
#[cfg(feature = "otlp")]
mod traces;
