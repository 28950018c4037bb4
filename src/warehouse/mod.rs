//! PostgreSQL: connecting, migrating, loading and the bookkeeping. Knows no HTTP.

pub mod accounts;
pub mod backfills;
pub mod connect;
pub mod cursor_list;
pub mod cursors;
pub mod daily_requests;
pub mod dated;
pub mod derived;
pub mod discrepancies;
pub mod embedded;
pub mod error;
pub mod gauges;
pub mod leases;
pub mod load;
pub mod migrate;
pub mod operator_actions;
pub mod patience;
pub mod pending_users;
pub mod quarantine;
pub mod reported_users;
pub mod runs;
pub mod status;
pub mod stored_enrollments;
pub mod stored_load;
pub mod tables;
