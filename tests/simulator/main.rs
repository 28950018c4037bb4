//! What the simulated vendor promises to everything that is tested against it.

mod access;
mod catalogue;
mod fault;
mod listing;
mod report;
mod support;
mod truth;
mod widget;
