//! How a command fails: one sentence, what to do, and an exit code.

use std::process::ExitCode;

use crate::api::ApiError;
use crate::app::{ClientError, OpenError};
use crate::daemon::http::HttpError;
use crate::settings::SettingsError;
use crate::sync::{SyncError, api_exit_code};
use crate::warehouse::embedded::EmbeddedError;
use crate::warehouse::error::{WarehouseError, WarehouseErrorKind};

/// Wrong use, settings, refused credentials or refused database.
pub const REFUSED: u8 = 2;
/// The API or the database cannot be reached.
pub const OUT_OF_REACH: u8 = 3;

/// A command that could not do its work.
#[derive(Debug)]
pub struct Failure {
    /// What could not be done, and why.
    pub message: String,
    /// What to do; empty when the message says it.
    pub remedy: String,
    /// Exit code.
    pub code: u8,
}

impl Failure {
    /// Tells the user, on standard error.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        eprintln!("error: {}", self.message);
        if !self.remedy.is_empty() {
            eprintln!("  to do: {}", self.remedy);
        }
        ExitCode::from(self.code)
    }

    /// Writes it into the log.
    #[must_use]
    pub fn log(&self) -> ExitCode {
        tracing::error!(
            error = self.message,
            remedy = self.remedy,
            exit_code = self.code,
            "the command failed"
        );
        ExitCode::from(self.code)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self {
            message: error.to_string(),
            remedy: String::new(),
            code: REFUSED,
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let code = api_exit_code(&error.kind);
        Self {
            message: error.to_string(),
            remedy: error.remedy().to_owned(),
            code,
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Settings(error) => error.into(),
            ClientError::Api(error) => error.into(),
        }
    }
}

impl From<WarehouseError> for Failure {
    fn from(error: WarehouseError) -> Self {
        let code = match error.kind {
            WarehouseErrorKind::DiskFull | WarehouseErrorKind::Other(_) => 1,
            _ if error.is_unreachable() => OUT_OF_REACH,
            _ => REFUSED,
        };
        Self {
            message: error.to_string(),
            remedy: error.remedy().to_owned(),
            code,
        }
    }
}

impl From<EmbeddedError> for Failure {
    fn from(error: EmbeddedError) -> Self {
        Self {
            message: error.to_string(),
            remedy: String::new(),
            code: REFUSED,
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Warehouse(error) => error.into(),
            OpenError::Embedded(error) => error.into(),
            OpenError::Secret(_) => Self {
                message: error.to_string(),
                remedy: "check the file's path and that this user may read it".to_owned(),
                code: REFUSED,
            },
            OpenError::NotConfigured => Self {
                message: error.to_string(),
                remedy: "set DATABASE_URL (or KEEPNET_ETL__WAREHOUSE__URL) to postgres://user:password@host:5432/database"
                    .to_owned(),
                code: REFUSED,
            },
        }
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self {
            message: error.to_string(),
            remedy: error.remedy().to_owned(),
            code: REFUSED,
        }
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        let remedy = error.remedy().to_owned();
        match error {
            SyncError::Warehouse(error) => error.into(),
            other => Self {
                code: other.exit_code(),
                message: other.to_string(),
                remedy,
            },
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self {
            message: format!("{error:#}"),
            remedy: String::new(),
            code: 1,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self {
            message: format!("could not write the output: {error}"),
            remedy: String::new(),
            code: 1,
        }
    }
}
