//! The parts of the daemon. The daemon itself is not in this version.

pub mod cycle;
pub mod scheduler;
