//! What the simulated vendor promises to everything that is tested against it.

mod access;
mod anonymous;
mod catalogue;
mod change;
mod drift;
mod fault;
mod interaction;
mod listing;
mod report;
mod step;
mod support;
mod survey;
mod truth;
mod widget;
mod write;
