//! Everything that needs a database: one binary, one private PostgreSQL, a database per test.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod access;
mod bi;
mod cli;
mod daemon;
mod disk;
mod documents;
mod enroll;
mod export;
mod faults;
mod formula;
mod http;
mod incremental;
mod migrations;
mod privacy;
mod promises;
mod repair_dates;
mod resume;
mod retention;
mod server;
mod support;
mod sync;
mod telemetry;
mod transaction;
mod unchanged;
mod vectors;
mod wire;
