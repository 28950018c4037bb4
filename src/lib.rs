//! Keeps a PostgreSQL warehouse equal to the Keepnet Labs reseller API.
//!
//! The code map, in reading order; `ARCHITECTURE.md` has the picture and the walkthroughs.

pub mod resource;
pub mod verdict;

pub mod clock;
pub mod privacy;
pub mod settings;

pub mod api;
pub mod warehouse;

pub mod extract;
pub mod sync;

pub mod app;
pub mod cli;
pub mod daemon;
pub mod documents;
pub mod metrics;
pub mod telemetry;

pub mod simulator;
