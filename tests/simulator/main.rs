//! What the simulated vendor promises to everything that is tested against it.

mod access;
mod anonymous;
mod fault;
mod interaction;
mod listing;
mod step;
mod support;
mod survey;
mod truth;
