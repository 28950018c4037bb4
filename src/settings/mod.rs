//! The settings in force: one struct per section, one field per key of `config/default.toml`.
//!
//! Owns the meaning and the checks of every key; where the values come from is `load`.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Section `api`.
    pub api: ApiSettings,
    /// Section `warehouse`.
    pub warehouse: WarehouseSettings,
    /// Section `sync`.
    pub sync: SyncSettings,
    /// Section `log`.
    pub log: LogSettings,
}

/// A secret given in place or in a file that is read again at each use, so that it can be rotated.
#[derive(Debug, Clone)]
pub enum Secret {
    /// Given in place.
    Value(SecretString),
    /// Read from this file; surrounding white space is not part of the secret.
    File(PathBuf),
}

/// Section `api`: the vendor's service and how hard it may be asked.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Root of the service; `/connect/token` and `/api/…` are below it.
    pub base_url: Url,
    /// OAuth client id.
    pub client_id: Option<String>,
    /// OAuth client secret (`client_secret` or `client_secret_file`).
    pub client_secret: Option<Secret>,
    /// Rows asked for per page.
    pub page_size: u32,
    /// Requests under way at once.
    pub max_concurrency: u32,
    /// Requests started per second; 0 means no limit.
    pub max_requests_per_second: f64,
    /// Requests per UTC day, if limited.
    pub daily_requests: Option<u64>,
    /// Time after which one request is given up.
    pub timeout: Duration,
    /// PEM bundle of further trusted certificates.
    pub ca_file: Option<PathBuf>,
    /// Proxy for all requests to the service.
    pub proxy: Option<Url>,
    /// Largest accepted response body.
    pub max_response_bytes: u64,
    /// How the account writes dates.
    pub date_format: DateFormatSetting,
    /// Zone of the account's dates.
    pub time_zone: chrono_tz::Tz,
}

/// `api.date_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateFormatSetting {
    /// Decided from the token, the account's settings or the data.
    Auto,
    /// 31/12/2026.
    Dmy,
    /// 12/31/2026.
    Mdy,
    /// 2026/12/31.
    Ymd,
    /// 2026-12-31T00:00:00.
    Iso,
}

/// Section `warehouse`: the PostgreSQL that is filled.
#[derive(Debug, Clone)]
pub struct WarehouseSettings {
    /// URL of the database (`url`, `url_file` or `DATABASE_URL`); none: the embedded PostgreSQL.
    pub url: Option<Secret>,
    /// Whether a private PostgreSQL may be started when no URL is given.
    pub embedded: Embedded,
    /// Where the private PostgreSQL keeps its data.
    pub data_dir: PathBuf,
    /// Connections held at most.
    pub max_connections: u32,
    /// Allow an unencrypted connection to a database that is not on this machine.
    pub allow_plaintext: bool,
}

/// `warehouse.embedded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embedded {
    /// For every command but `run`.
    Auto,
    /// Always, when no URL is given.
    Always,
    /// Never: a URL is required.
    Never,
}

/// Section `sync`: what is pulled, and when it counts as stale.
#[derive(Debug, Clone)]
pub struct SyncSettings {
    /// Only these companies (ids); empty: all.
    pub companies_include: Vec<String>,
    /// Not these companies (ids).
    pub companies_exclude: Vec<String>,
}

/// Section `log`.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// `log.format`.
    pub format: LogFormat,
    /// `log.level`: a tracing filter such as `info` or `keepnet_etl=debug`.
    pub level: String,
}

/// `log.format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}
