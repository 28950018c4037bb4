//! The PostgreSQL side: everything that is stored. Knows nothing of HTTP.

pub mod embedded;
