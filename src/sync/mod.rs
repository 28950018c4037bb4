//! One pass over the account: what `sync`, `backfill`, `demo` and the daemon all go through.
//!
//! ```text
//! run ──> account (whose data, date format) ──> companies ──┬─> company ── fetch ──> channel ──> loader ──> commit
//!                                                           ├─> company …
//!                                                           └─> …
//! ```
//!
//! A company is pulled in two passes: enrollments and catalogues first, and what must be asked user by user when the
//! first pass of all companies is done. Companies are worked on side by side, and so are the scopes of one; the budget
//! of the API client bounds all of them together. Each company has one loader, so that no two transactions of a run
//! meet in one company.

mod account;
pub mod account_checks;
mod catalogues;
mod claims;
mod companies;
mod company;
mod context;
#[doc(hidden)]
pub mod due;
mod enrollment;
mod enrollments;
mod error;
mod forecast;
mod loader;
mod memory;
mod per_user;
pub mod privacy;
mod pulse;
pub mod repair_dates;
mod report;
#[doc(hidden)]
pub mod rhythm;
mod run;
mod selection;
mod tally;

pub use error::{SyncError, api_exit_code};
pub use forecast::{Forecast, Part};
pub use memory::Extent;
pub use pulse::Pulse;
pub use report::{CompanyReport, Progress, RunReport, Silent};
pub use rhythm::Why;
pub use run::{RunKind, SyncRequest, run, run_through};
