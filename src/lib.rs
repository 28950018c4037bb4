//! Keeps a PostgreSQL warehouse equal to the Keepnet Labs reseller API.

pub mod resource;
pub mod verdict;

pub mod clock;
pub mod settings;

pub mod api;
pub mod warehouse;

pub mod extract;
pub mod sync;

pub mod cli;
pub mod daemon;

pub mod simulator;
