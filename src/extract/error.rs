//! Why a scope could not be read to its end, and what that means for the rest.

use crate::api::ApiError;
use crate::verdict::Verdict;
use crate::warehouse::error::WarehouseError;

/// Why a scope could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The service failed or refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Dates were received that contradict the account's date format; where the last one was.
    #[error("could not read the dates: they contradict the account's date format (seen at {0})")]
    DateContradiction(String),
    /// The account's date format is not known.
    #[error("the order of day and month in this account's dates is not known")]
    DateUndecided,
    /// The service says that there are users, and shows none.
    #[error(
        "the service lists no users of enrollment {enrollment_id}, but its summary counts {expected}"
    )]
    UsersMissing {
        /// The enrollment.
        enrollment_id: String,
        /// Users by its summary.
        expected: i64,
    },
    /// An answer that is a single object could not be understood; it is quarantined.
    #[error("the answer could not be understood at {0}; it is kept in sync.quarantine")]
    Unreadable(String),
    /// Some users of an enrollment could not be read.
    #[error("{failed} of {asked} users could not be read: {worst}")]
    Users {
        /// Users that failed.
        failed: u32,
        /// Users asked for.
        asked: u32,
        /// The first of the worst failures.
        worst: Box<PullError>,
    },
    /// A widget answered about another one.
    #[error("the answer is about another widget than {0}")]
    OtherWidget(String),
    /// The service answers about another tenant.
    #[error("the enrollments that the service lists are not this company's: {0}")]
    OtherTenant(String),
    /// What is stored could not be read.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The run was asked to stop.
    #[error("the run was stopped")]
    Stopped,
    /// The loader ended; its own error says why.
    #[error("the rows could not be loaded")]
    LoaderGone,
}

impl PullError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Api(error) => error.remedy(),
            Self::DateContradiction(_) => {
                "set api.date_format to the order that this account really uses (dmy or mdy) and run again; what was stored before is mended by keepnet-etl repair-dates"
            }
            Self::DateUndecided => {
                "set api.date_format (KEEPNET_ETL__API__DATE_FORMAT) to dmy or mdy"
            }
            Self::UsersMissing { .. } => {
                "what is stored was left as it is; it is tried again by the next run. If it persists, ask the vendor's support"
            }
            Self::Unreadable(_) => {
                "report it with the reason shown by `keepnet-etl status`; everything else was loaded"
            }
            Self::Users { worst, .. } => worst.remedy(),
            Self::OtherWidget(_) => {
                "it is tried again by the next run; if it persists, ask the vendor's support"
            }
            Self::OtherTenant(_) => {
                "nothing of it was written; check that no proxy drops the headers X-KEEPNET-Company-Id and X-IR-COMPANY-ID, and ask the vendor's support"
            }
            Self::Warehouse(error) => error.remedy(),
            Self::Stopped => "run it again: it goes on from what was committed",
            Self::LoaderGone => "see the error of the database",
        }
    }

    /// The verdict on the scope.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Api(error) if error.kind.is_forbidden() => Verdict::Forbidden,
            // What only some are refused is no matter of the company's access.
            Self::Users {
                failed,
                asked,
                worst,
            } if failed == asked => worst.verdict(),
            _ => Verdict::Failed,
        }
    }

    /// True when nothing else of the company should be tried.
    #[must_use]
    pub fn ends_company(&self) -> bool {
        use crate::api::ApiErrorKind::{
            AccessWithdrawn, AddressRefused, AllowanceUnknown, CredentialsRefused, DailyLimit,
        };
        match self {
            Self::Api(error) => {
                matches!(
                    error.kind,
                    AccessWithdrawn
                        | AddressRefused
                        | CredentialsRefused(_)
                        | DailyLimit { .. }
                        | AllowanceUnknown(_)
                )
            }
            Self::DateContradiction(_)
            | Self::DateUndecided
            | Self::OtherTenant(_)
            | Self::Warehouse(_)
            | Self::Stopped
            | Self::LoaderGone => true,
            Self::UsersMissing { .. }
            | Self::Unreadable(_)
            | Self::Users { .. }
            | Self::OtherWidget(_) => false,
        }
    }
}
