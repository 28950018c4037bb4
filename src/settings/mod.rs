//! The settings in force: one struct per section, one field per key of `config/default.toml`.
//!
//! Owns the meaning and the checks of every key; where the values come from is `load`.
//!
//! To add a key:
//!
//! 1. write it into `config/default.toml` with its meaning, unit and default;
//! 2. add a field to the struct of its section here;
//! 3. read it in `sections`, with a form of `value`;
//! 4. run the tests, which write `docs/configuration.md`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

pub use catalog::{document, variable};
pub use error::{Problem, SecretError, SettingsError};
pub use load::Sources;
pub use reader::Entry;

mod catalog;
mod error;
mod load;
mod reader;
mod sections;
mod target;
#[cfg(test)]
mod tests;
mod value;

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Section `api`.
    pub api: ApiSettings,
    /// Section `warehouse`.
    pub warehouse: WarehouseSettings,
    /// Section `sync`.
    pub sync: SyncSettings,
    /// Section `widgets`.
    pub widgets: WidgetsSettings,
    /// Section `schedule`.
    pub schedule: ScheduleSettings,
    /// Section `http`.
    pub http: HttpSettings,
    /// Section `run`.
    pub run: RunSettings,
    /// Section `telemetry`.
    pub telemetry: TelemetrySettings,
    /// Section `privacy`.
    pub privacy: PrivacySettings,
    /// Section `log`.
    pub log: LogSettings,
    entries: Vec<Entry>,
}

impl Settings {
    /// Reads and checks all settings. The error holds every problem, not only the first.
    pub fn load(sources: Sources) -> Result<Self, SettingsError> {
        sections::read(reader::Reader::new(&sources)).map_err(SettingsError::new)
    }

    /// Every key with the value in force and where it comes from, secrets redacted.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

/// A secret given in place or in a file that is read again at each use, so that it can be rotated.
#[derive(Debug, Clone)]
pub enum Secret {
    /// Given in place.
    Value(SecretString),
    /// Read from this file; surrounding white space is not part of the secret.
    File(PathBuf),
}

impl Secret {
    /// The secret; if it is in a file, as the file is now.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Value(secret) => Ok(secret.clone()),
            Self::File(file) => {
                let text =
                    std::fs::read_to_string(file).map_err(|error| SecretError::Unreadable {
                        file: file.clone(),
                        source: Arc::new(error),
                    })?;
                match text.trim() {
                    "" => Err(SecretError::Empty { file: file.clone() }),
                    secret => Ok(SecretString::from(secret)),
                }
            }
        }
    }
}

/// What the service asks for in exchange for a token.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// OAuth client id.
    pub client_id: String,
    /// OAuth client secret.
    pub client_secret: Secret,
}

/// Section `api`: the vendor's service and how hard it may be asked.
#[derive(Clone)]
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

impl ApiSettings {
    /// The credentials, or which keys and variables are missing.
    pub fn credentials(&self) -> Result<Credentials, SettingsError> {
        let missing = |keys: &[&str]| Problem::Missing {
            keys: keys.iter().map(|&key| key.into()).collect(),
        };
        match (&self.client_id, &self.client_secret) {
            (Some(client_id), Some(client_secret)) => Ok(Credentials {
                client_id: client_id.clone(),
                client_secret: client_secret.clone(),
            }),
            (client_id, client_secret) => {
                let id = client_id.is_none().then(|| missing(&["api.client_id"]));
                let secret = client_secret
                    .is_none()
                    .then(|| missing(&["api.client_secret", "api.client_secret_file"]));
                Err(SettingsError::new(id.into_iter().chain(secret).collect()))
            }
        }
    }
}

// By hand, because the URL of a proxy may hold a password.
impl fmt::Debug for ApiSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = self
            .proxy
            .as_ref()
            .map(|url| url.host_str().unwrap_or_default());
        f.debug_struct("ApiSettings")
            .field("base_url", &self.base_url.as_str())
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("page_size", &self.page_size)
            .field("max_concurrency", &self.max_concurrency)
            .field("max_requests_per_second", &self.max_requests_per_second)
            .field("daily_requests", &self.daily_requests)
            .field("timeout", &self.timeout)
            .field("ca_file", &self.ca_file)
            .field("proxy", &proxy)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("date_format", &self.date_format)
            .field("time_zone", &self.time_zone)
            .finish()
    }
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
    /// For which enrollments interactions are pulled.
    pub interactions: Interactions,
    /// Oldest age of a row that can still change.
    pub max_staleness: Duration,
    /// Time without change after which a finished or archived enrollment counts as settled.
    pub settled_after: Duration,
    /// Time in which everything is read again once.
    pub full_every: Duration,
    /// Fraction of the rows of one scope that one pull may mark as deleted, 0 to 1.
    pub max_deletions: f64,
    /// Time for which the record of past runs is kept.
    pub keep_runs_for: Duration,
    /// Time without progress after which a run counts as stuck.
    pub stall_timeout: Duration,
}

/// `sync.interactions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interactions {
    /// Of surveys.
    Surveys,
    /// Of every enrollment.
    All,
    /// Of none.
    None,
}

/// Section `widgets`.
#[derive(Debug, Clone)]
pub struct WidgetsSettings {
    /// Closed months that are pulled.
    pub months: u32,
}

/// Section `schedule`: six-field cron expressions in UTC; none: never.
#[derive(Debug, Clone)]
pub struct ScheduleSettings {
    /// Start of an incremental sync.
    pub sync: Option<String>,
    /// Start of a sync that reads everything again.
    pub full: Option<String>,
}

/// Section `http`.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Address and port of the daemon's HTTP server; none: no server.
    pub listen: Option<SocketAddr>,
    /// File that holds the token a caller must send.
    pub token_file: Option<PathBuf>,
}

/// Section `run`: the daemon process.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// Time that work under way gets to finish after a signal.
    pub grace: Duration,
    /// Time after which a standby takes over from an instance that is silent.
    pub takeover: Duration,
}

/// Section `telemetry`.
#[derive(Clone)]
pub struct TelemetrySettings {
    /// Where traces are sent.
    pub otlp_endpoint: Option<Url>,
}

// By hand, because the URL may hold a password.
impl fmt::Debug for TelemetrySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self
            .otlp_endpoint
            .as_ref()
            .map(|url| url.host_str().unwrap_or_default());
        f.debug_struct("TelemetrySettings")
            .field("otlp_endpoint", &host)
            .finish()
    }
}

/// Section `privacy`: what is stored about people.
#[derive(Debug, Clone)]
pub struct PrivacySettings {
    /// E-mail addresses.
    pub email: PersonalData,
    /// Names of people.
    pub name: PersonalData,
    /// Phone numbers.
    pub phone: PersonalData,
    /// Departments.
    pub department: PersonalData,
    /// Free text that people wrote.
    pub free_text: PersonalData,
    /// Answers to surveys.
    pub survey_answers: SurveyAnswers,
    /// Custom fields.
    pub custom_fields: CustomFields,
    /// Whether IP address, location and user agent are stored.
    pub tracking_info: bool,
    /// Time after which everything of people who left is deleted; none: never.
    pub keep_leavers_for: Option<Duration>,
    /// Time for which earlier versions of people are kept; none: for ever.
    pub keep_history_for: Option<Duration>,
    /// Time for which items that could not be understood are kept after they were seen last; none: for ever.
    pub keep_quarantine_for: Option<Duration>,
    /// Smallest group whose survey results the views show.
    pub min_group: u32,
    /// File that holds the key for hashes.
    pub key_file: Option<PathBuf>,
    /// File to which each erasure of a person is added.
    pub erasure_log: Option<PathBuf>,
}

/// What becomes of one kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonalData {
    /// Stored as it is.
    Keep,
    /// Stored as a keyed hash.
    Hash,
    /// Not stored.
    Drop,
}

/// `privacy.survey_answers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SurveyAnswers {
    /// Stored with the person.
    Keep,
    /// Stored under a pseudonym.
    Pseudonymise,
    /// Not stored.
    Drop,
}

/// `privacy.custom_fields`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomFields {
    /// All are stored.
    All,
    /// Only those with these names.
    Only(Vec<String>),
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

/// Folders in which PostgreSQL's server programs are looked for: those of `PATH` and the usual ones.
#[must_use]
pub fn server_search_path() -> Vec<PathBuf> {
    crate::warehouse::embedded::search_path(std::env::var_os("PATH").as_deref())
}
