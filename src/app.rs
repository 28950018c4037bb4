//! What every command starts from: settings, clock, and the way to the API and to the database.

use std::fmt;

use secrecy::SecretString;
use sqlx::PgPool;
use tracing::info;

use crate::api::{ApiError, Client};
use crate::clock::{SharedClock, SystemClock};
use crate::metrics::Metrics;
use crate::settings::{self, Secret, Settings, SettingsError};
use crate::warehouse::connect::{self, Target};
use crate::warehouse::embedded::{Embedded, EmbeddedDatabase, EmbeddedError};
use crate::warehouse::error::WarehouseError;
use crate::warehouse::migrate::{self, SchemaState};
use crate::warehouse::rotation;
use crate::warehouse::view_settings::{self, ViewSettings};

/// The program, configured.
#[derive(Debug)]
pub struct App {
    /// The settings in force.
    pub settings: Settings,
    /// The time.
    pub clock: SharedClock,
    /// What is counted.
    pub metrics: Metrics,
}

/// An open database.
#[derive(Debug)]
pub struct Warehouse {
    /// Connections to it.
    pub pool: PgPool,
    /// Where it is.
    pub place: Place,
    /// What the views follow.
    views: ViewSettings,
}

/// Where a database is.
#[derive(Debug)]
pub enum Place {
    /// As `warehouse.url` says.
    Configured,
    /// The program's own PostgreSQL.
    Embedded(EmbeddedDatabase),
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database failed or refused.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The private PostgreSQL could not be started.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The URL could not be read.
    #[error("could not read warehouse.url_file: {0}")]
    Secret(#[from] settings::SecretError),
    /// No database is configured, and none may be started.
    #[error(
        "could not open a database: warehouse.url is not set, and warehouse.embedded forbids a private one"
    )]
    NotConfigured,
}

/// Why the API client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Credentials are missing.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The connection cannot be set up.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl App {
    /// The program with these settings and the machine's clock.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            clock: SystemClock::shared(),
            metrics: Metrics::default(),
        }
    }

    /// A client of the API.
    pub fn client(&self) -> Result<Client, ClientError> {
        let credentials = self.settings.api.credentials()?;
        Ok(Client::counting(
            &self.settings.api,
            credentials,
            self.clock.clone(),
            self.metrics.clone(),
        )?)
    }

    /// Opens the configured database, or starts the private one.
    pub async fn open(&self) -> Result<Warehouse, OpenError> {
        let warehouse = &self.settings.warehouse;
        if let Some(target) = self.target()? {
            let pool = connect::connect(&target).await?;
            if let Some(url @ Secret::File(_)) = warehouse.url.clone() {
                rotation::follow(&pool, target, move || url.read().ok());
            }
            return Ok(Warehouse {
                pool,
                place: Place::Configured,
                views: self.views(),
            });
        }
        if warehouse.embedded == settings::Embedded::Never {
            return Err(OpenError::NotConfigured);
        }
        let database = Box::pin(
            Embedded::new(warehouse.data_dir.clone())
                .with_search_path(settings::server_search_path())
                .start_or_attach(),
        )
        .await?;
        info!(
            url = database.display_url(),
            started = database.was_started,
            "private PostgreSQL"
        );
        Ok(Warehouse {
            pool: connect::connect(&self.target_at(database.url())).await?,
            place: Place::Embedded(database),
            views: self.views(),
        })
    }

    /// The configured database, if there is one.
    pub fn target(&self) -> Result<Option<Target>, OpenError> {
        let Some(url) = &self.settings.warehouse.url else {
            return Ok(None);
        };
        Ok(Some(self.target_at(url.read()?)))
    }

    /// What the settings say of views.
    fn views(&self) -> ViewSettings {
        ViewSettings {
            min_group: self.settings.privacy.min_group,
            max_staleness: self.settings.sync.max_staleness,
        }
    }

    fn target_at(&self, url: SecretString) -> Target {
        Target {
            url,
            max_connections: self.settings.warehouse.max_connections,
            allow_plaintext: self.settings.warehouse.allow_plaintext,
            takeover: self.settings.run.takeover,
        }
    }
}

impl Warehouse {
    /// Brings the database to the present schema, and its views to the settings in force.
    pub async fn migrate(&self) -> Result<SchemaState, WarehouseError> {
        let state = migrate::migrate(&self.pool).await?;
        view_settings::write(&self.pool, self.views)
            .await
            .map_err(|error| WarehouseError::from_sqlx("tell the views the settings", error))?;
        Ok(state)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configured => f.write_str("the database of warehouse.url"),
            Self::Embedded(database) => {
                write!(f, "the private PostgreSQL at {}", database.display_url())
            }
        }
    }
}
