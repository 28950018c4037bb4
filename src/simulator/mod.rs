//! An HTTP server that imitates the vendor: the same requests, the same traps, invented data.
//!
//! It is written from what is known of the service alone and shares no type with the client in
//! `api`, so that one misreading cannot pass on both sides.

mod api;
mod change;
mod contract;
mod control;
mod created;
mod date;
mod dice;
mod drift;
mod fault;
mod id;
mod json;
mod listing;
mod options;
mod present;
mod reply;
mod server;
mod share;
mod truth;
mod words;
mod workbook;
mod world;

pub use api::Endpoint;
pub use change::{Change, ChangeKind};
pub use date::{DateOrder, HourStyle};
pub use drift::Listing;
pub use fault::{ErrorBody, Fault, FaultKind, RetryAfter};
pub use options::{
    AccountOptions, AnonymousData, Clustering, Foreign, Lifetime, Misfit, PastEnd,
    SimulatorOptions, Totals, TrainingTypeRule, VariantOptions, WidgetDialect, WorldOptions,
};
pub use server::Simulator;
pub use share::Share;
pub use world::World;
