//! The harness: a database per test, a simulated API in a process of its own, and the program between them.

pub mod cluster;
pub mod database;
pub mod gate;
pub mod program;
pub mod running;
pub mod scene;
pub mod simulator;
pub mod survey;
pub mod table;
pub mod vendor;
pub mod widgets;
pub mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono::TimeDelta;
use keepnet_etl::api::{Client, Pauses};
use keepnet_etl::clock::{ManualClock, SharedClock};
use keepnet_etl::settings::{Settings, Sources};
use keepnet_etl::sync::{self, Extent, RunReport, Silent, SyncError, SyncRequest};
use sqlx::PgPool;

/// The present of every test.
pub const NOW: &str = "2026-07-01T12:00:00Z";

/// The program, connected to an API and to an empty, migrated database.
pub struct TestApp {
    pub settings: Settings,
    pub pool: PgPool,
    pub clock: Arc<ManualClock>,
    pub stop: AtomicBool,
}

impl TestApp {
    /// The program against the API at `base_url`, with further settings as `("api.page_size", "10")`.
    pub async fn new(base_url: &str, settings: &[(&str, &str)]) -> Self {
        let pool = database::migrated().await;
        Self::with_pool(pool, base_url, settings)
    }

    /// The same on a database that exists already.
    pub fn with_pool(pool: PgPool, base_url: &str, settings: &[(&str, &str)]) -> Self {
        // The last word on a key counts.
        let variables: BTreeMap<String, String> = [
            ("api.base_url", base_url),
            ("api.client_id", "demo"),
            ("api.client_secret", "demo-secret"),
            ("api.max_requests_per_second", "0"),
            ("widgets.months", "1"),
        ]
        .iter()
        .chain(settings)
        .map(|(key, value)| (keepnet_etl::settings::variable(key), (*value).to_owned()))
        .collect();
        let sources = Sources {
            config_file: None,
            environment: variables.into_iter().collect(),
        };
        Self {
            settings: Settings::load(sources).expect("settings of the test"),
            pool,
            clock: ManualClock::at(NOW.parse().expect("an instant")),
            stop: AtomicBool::new(false),
        }
    }

    /// A client of its own, as every process has one; it does not wait long between attempts.
    pub fn client(&self) -> Client {
        let clock: SharedClock = self.clock.clone();
        let credentials = self.settings.api.credentials().expect("credentials");
        Client::with_pauses(&self.settings.api, credentials, clock, Pauses::short())
            .expect("client")
    }

    /// One pass over everything.
    pub async fn sync(&self) -> Result<RunReport, SyncError> {
        self.sync_only(&SyncRequest::default()).await
    }

    /// One pass that reads everything again, an hour later.
    pub async fn full_sync(&self) -> Result<RunReport, SyncError> {
        self.clock.advance(TimeDelta::hours(1));
        self.sync_only(&SyncRequest {
            extent: Extent::Everything,
            ..SyncRequest::default()
        })
        .await
    }

    /// One pass over what `request` names.
    pub async fn sync_only(&self, request: &SyncRequest) -> Result<RunReport, SyncError> {
        let clock: SharedClock = self.clock.clone();
        sync::run(
            &self.settings,
            &self.pool,
            &self.client(),
            &clock,
            request,
            &Silent,
            &self.stop,
        )
        .await
    }
}
