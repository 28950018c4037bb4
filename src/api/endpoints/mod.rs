//! One file per API area: the request, and what is received. Every field is optional but the id.

pub mod account;
pub mod companies;
pub mod enrollments;
pub mod summaries;
pub mod users;
