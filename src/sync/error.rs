//! Why a run could not do its work at all, what to do about it, and the exit code that stands for it.

use crate::api::{ApiError, ApiErrorKind};
use crate::extract::PullError;
use crate::privacy::KeyError;
use crate::warehouse::error::WarehouseError;

/// Why a run could not do its work at all.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The service failed or refused before a company was pulled.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The database failed or refused.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The companies could not be pulled.
    #[error(transparent)]
    Companies(#[from] PullError),
    /// The credential belongs to a single company.
    #[error("could not list companies: the credentials are not those of a reseller")]
    NotAReseller,
    /// Both orders of day and month are proven.
    #[error(
        "could not decide the account's date format: {0} dates prove day first, {1} prove month first"
    )]
    DatesDisagree(u64, u64),
    /// The privacy settings cannot be followed.
    #[error(transparent)]
    Privacy(#[from] KeyError),
    /// What is stored was stored by other settings.
    #[error("could not sync: what is stored was stored by other privacy settings ({0})")]
    PrivacyChanged(String),
    /// A part of what is stored was rewritten by other settings than the rest.
    #[error(
        "could not sync: what is stored was being rewritten by other privacy settings, and that has not ended"
    )]
    PrivacyHalfApplied,
    /// Erased people would come back.
    #[error(
        "could not sync: {0} hashes of erased people were made with another key than that of privacy.key_file, so they would come back"
    )]
    ErasuresNeedKey(i64),
    /// Companies that were asked for do not exist.
    #[error("could not select companies: the account does not manage {0}")]
    UnknownCompanies(String),
}

impl SyncError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Api(error) if matches!(error.kind, ApiErrorKind::Forbidden(_)) => NOT_A_RESELLER,
            Self::Companies(PullError::Api(error))
                if matches!(error.kind, ApiErrorKind::Forbidden(_)) =>
            {
                NOT_A_RESELLER
            }
            Self::Api(error) => error.remedy(),
            Self::Warehouse(error) => error.remedy(),
            Self::Companies(error) => error.remedy(),
            Self::Privacy(error) => error.remedy(),
            Self::PrivacyChanged(_) => {
                "see what that means with keepnet-etl migrate --privacy --dry-run, then run it without --dry-run; or take the settings back"
            }
            Self::PrivacyHalfApplied => "run keepnet-etl migrate --privacy to its end",
            Self::ErasuresNeedKey(_) => {
                "set privacy.key_file (KEEPNET_ETL__PRIVACY__KEY_FILE) to the key that they were erased with"
            }
            Self::NotAReseller => NOT_A_RESELLER,
            Self::DatesDisagree(..) => {
                "set api.date_format (KEEPNET_ETL__API__DATE_FORMAT) to dmy or mdy"
            }
            Self::UnknownCompanies(_) => {
                "check --company and sync.companies.include; ids are case-sensitive (see keepnet.companies)"
            }
        }
    }

    /// The exit code that stands for it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Api(error) | Self::Companies(PullError::Api(error)) => api_exit_code(&error.kind),
            Self::Warehouse(error) if error.is_unreachable() => 3,
            Self::Companies(PullError::Stopped) => 1,
            _ => 2,
        }
    }
}

const NOT_A_RESELLER: &str =
    "use an API client that was created in the reseller's own company, with the role Reseller";

/// The exit code for a failure at the start.
#[must_use]
pub fn api_exit_code(kind: &ApiErrorKind) -> u8 {
    use ApiErrorKind::{
        AccessWithdrawn, AddressRefused, CredentialsRefused, DailyLimit, Forbidden, Setup,
        Unauthorized,
    };
    match kind {
        CredentialsRefused(_)
        | Setup(_)
        | Unauthorized
        | AccessWithdrawn
        | AddressRefused
        | Forbidden(_) => 2,
        DailyLimit { .. } => 1,
        _ => 3,
    }
}
