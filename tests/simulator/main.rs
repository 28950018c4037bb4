//! What the simulated vendor promises to everything that is tested against it.

mod access;
mod fault;
mod listing;
mod support;
mod truth;
