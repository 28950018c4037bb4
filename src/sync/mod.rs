//! One pass over the account: what `sync`, `demo` and later the daemon all go through.
//!
//! ```text
//! run ──> account (whose data, date format) ──> companies ──┬─> company ── fetch ──> channel ──> loader ──> commit
//!                                                           ├─> company …
//!                                                           └─> …
//! ```
//!
//! Companies are worked on side by side, and so are the enrollments of one; the budget of the API client bounds all of
//! them together. Each company has one loader, so that no two transactions of a run meet in one company.

mod account;
pub mod account_checks;
mod company;
mod loader;
mod report;
mod run;

pub use report::{CompanyReport, Progress, RunReport, Silent};
pub use run::{SyncError, SyncRequest, api_exit_code, run};
