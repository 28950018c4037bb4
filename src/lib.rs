//! Keeps a PostgreSQL warehouse equal to the Keepnet Labs reseller API.

pub mod cli;
pub mod clock;
pub mod settings;
pub mod simulator;
