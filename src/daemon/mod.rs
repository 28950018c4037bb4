//! The parts of the daemon. The daemon itself is not in this version.

pub mod cycle;
pub mod document;
pub mod http;
pub mod liveness;
pub mod scheduler;
