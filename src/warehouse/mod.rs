//! PostgreSQL: connecting, migrating, loading and the bookkeeping. Knows no HTTP.

pub mod accounts;
pub mod connect;
pub mod cursors;
pub mod embedded;
pub mod error;
pub mod load;
pub mod migrate;
pub mod operator_actions;
pub mod quarantine;
pub mod reported_users;
pub mod runs;
pub mod status;
pub mod tables;
