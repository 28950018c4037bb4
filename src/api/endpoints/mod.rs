//! One file per API area: the request, and what is received. Every field is optional but the id.

pub mod account;
pub mod anonymous;
pub mod answers;
pub mod companies;
pub mod enrollments;
mod export;
pub mod form_details;
pub mod interactions;
pub mod offers;
pub mod reports;
pub mod summaries;
pub mod target_groups;
pub mod trainings;
pub mod users;
pub mod widgets;
