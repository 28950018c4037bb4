//! What can go wrong with the database, sorted once by what the operator can do about it.

use std::fmt;

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing}: {kind}")]
pub struct WarehouseError {
    /// What was being done, as an infinitive: "load rows".
    pub doing: &'static str,
    /// What went wrong.
    pub kind: WarehouseErrorKind,
    /// The driver's own words; they may quote row values and are not shown.
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What went wrong, by what can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WarehouseErrorKind {
    /// The URL is not one.
    BadUrl,
    /// A plaintext connection to another machine.
    Plaintext,
    /// Nobody answers.
    Unreachable(String),
    /// Wrong user or password.
    LoginRefused,
    /// There is no such database.
    NoDatabase(String),
    /// The role may not do this.
    NoRights(String),
    /// The server's disk is full.
    DiskFull,
    /// No connection is to be had: the server's or this program's limit.
    TooManyConnections,
    /// A pooler gives each transaction another session.
    Pooled,
    /// A migration that was applied is not the one that this program has under its number.
    OtherMigration(i64),
    /// It was not migrated yet.
    NotMigrated,
    /// It holds the data of another reseller.
    OtherAccount {
        /// Whose data it holds.
        owner: String,
        /// Who asks.
        account: String,
    },
    /// Another process has taken over what this one was working on.
    ClaimLost,
    /// A part of its dates is read by another choice of format and zone than the rest.
    DatesHalfRepaired,
    /// Views have to change in a way that would break what somebody built on them.
    BuiltUpon {
        /// What has to change.
        objects: Vec<String>,
        /// What was built on it.
        dependents: Vec<String>,
    },
    /// Somebody else's object has the name of one that is to be created.
    ObjectInTheWay {
        /// Its name.
        object: String,
    },
    /// Another session holds what is to be changed.
    Locked,
    /// Anything else: the SQLSTATE and the server's message, which holds no values.
    Other(String),
}

impl fmt::Display for WarehouseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadUrl => f.write_str("warehouse.url is not a PostgreSQL URL"),
            Self::Plaintext => f.write_str(
                "warehouse.url asks for an unencrypted connection to a database on another machine",
            ),
            Self::Unreachable(why) => write!(f, "the database does not answer ({why})"),
            Self::LoginRefused => f.write_str("the database refused this user or password"),
            Self::NoDatabase(message) | Self::NoRights(message) | Self::Other(message) => {
                f.write_str(message)
            }
            Self::DiskFull => f.write_str("the disk of the database server is full"),
            Self::ClaimLost => f.write_str("another process has taken over this company"),
            Self::TooManyConnections => f.write_str("no database connection became free"),
            Self::Pooled => f.write_str(
                "a connection is not one session: there is a pooler in transaction mode before the database",
            ),
            Self::OtherMigration(version) => write!(
                f,
                "migration {version} was applied to the database in another form than this version has"
            ),
            Self::NotMigrated => f.write_str("the database has not been migrated"),
            Self::DatesHalfRepaired => f.write_str(
                "a repair of its dates was begun and has not ended, so that only a part of them is right",
            ),
            Self::BuiltUpon {
                objects,
                dependents,
            } => write!(
                f,
                "{} cannot stay as it is, and other objects are built on it: {}",
                objects.join(", "),
                dependents.join(", ")
            ),
            Self::ObjectInTheWay { object } => {
                write!(f, "{object} exists already, and keepnet-etl did not create it")
            }
            Self::Locked => f.write_str("another session reads what is to be changed, and did not end"),
            Self::OtherAccount { owner, account } => write!(
                f,
                "the database holds the data of reseller {owner}, but the credentials belong to {account}"
            ),
        }
    }
}

impl WarehouseError {
    /// An error without a source.
    #[must_use]
    pub fn new(doing: &'static str, kind: WarehouseErrorKind) -> Self {
        Self {
            doing,
            kind,
            source: None,
        }
    }

    /// Sorts an error of the driver.
    #[must_use]
    pub fn from_sqlx(doing: &'static str, error: sqlx::Error) -> Self {
        Self {
            doing,
            kind: WarehouseErrorKind::of(&error),
            source: Some(Box::new(error)),
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self.kind {
            WarehouseErrorKind::BadUrl => {
                "set warehouse.url (or DATABASE_URL) to postgres://user:password@host:5432/database"
            }
            WarehouseErrorKind::Plaintext => {
                "remove sslmode=disable from the URL, or set warehouse.allow_plaintext = true on a network you trust"
            }
            WarehouseErrorKind::Unreachable(_) => {
                "check host and port of warehouse.url, that PostgreSQL runs, its certificate, and the network between"
            }
            WarehouseErrorKind::LoginRefused => "check user and password of warehouse.url",
            WarehouseErrorKind::NoDatabase(_) => {
                "create the database, or correct its name in warehouse.url"
            }
            WarehouseErrorKind::NoRights(_) => {
                "as the database's owner, run: grant create, temporary on database … to the role of warehouse.url; or use the role that migrated it"
            }
            WarehouseErrorKind::DiskFull => {
                "free space on the database server and run again; what was committed stays, nothing is half-written"
            }
            WarehouseErrorKind::TooManyConnections => {
                "raise the server's max_connections, or lower warehouse.max_connections (at least 2)"
            }
            WarehouseErrorKind::Pooled => {
                "point warehouse.url at PostgreSQL itself, or at a pool of its own in session mode (PgBouncer: pool_mode = session)"
            }
            WarehouseErrorKind::OtherMigration(_) => {
                "run a released version of keepnet-etl, at least as new as the one that migrated the database; a build whose migrations were edited needs a database of its own"
            }
            WarehouseErrorKind::NotMigrated => "run: keepnet-etl migrate",
            WarehouseErrorKind::BuiltUpon { .. } => {
                "keep the definitions of these objects, drop them, run: keepnet-etl migrate, and create them again"
            }
            WarehouseErrorKind::ObjectInTheWay { .. } => {
                "rename it, or move it to a schema of your own, and run: keepnet-etl migrate"
            }
            WarehouseErrorKind::Locked => {
                "let the queries on schema bi end, or end them, and run: keepnet-etl migrate"
            }
            WarehouseErrorKind::OtherAccount { .. } => {
                "give each reseller a database of its own, or use the credentials of the reseller named first"
            }
            WarehouseErrorKind::ClaimLost => {
                "nothing to do: the other process goes on with it; this one had stood still for too long"
            }
            WarehouseErrorKind::DatesHalfRepaired => {
                "run keepnet-etl repair-dates, with the settings that it was begun with, to its end"
            }
            WarehouseErrorKind::Other(_) => "see the server's log; what was committed stays",
        }
    }

    /// True when nothing else can be loaded either; an error of one company's rows is not.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        !matches!(
            self.kind,
            WarehouseErrorKind::Other(_) | WarehouseErrorKind::ClaimLost
        )
    }

    /// True when the database could not be reached at all.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self.kind,
            WarehouseErrorKind::Unreachable(_) | WarehouseErrorKind::TooManyConnections
        )
    }
}

impl WarehouseErrorKind {
    fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                // The primary message names relations and constraints; values are in the detail only.
                let message = database.message().to_owned();
                match code.as_str() {
                    "28P01" | "28000" => Self::LoginRefused,
                    "3D000" => Self::NoDatabase(message),
                    "42501" => Self::NoRights(message),
                    // A prepared statement is missing, or was made already by somebody else.
                    "26000" | "42P05" => Self::Pooled,
                    "53100" => Self::DiskFull,
                    "55P03" => Self::Locked,
                    "53300" => Self::TooManyConnections,
                    // The server ended the session: it is shut down, it starts, or the session had stood still.
                    "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Self::Unreachable(message),
                    "3F000" | "42P01" => Self::NotMigrated,
                    _ => Self::Other(format!("{message} (SQLSTATE {code})")),
                }
            }
            // The kind says it without the system's numbers; a name that is not found has no kind.
            sqlx::Error::Io(error) => Self::Unreachable(match error.raw_os_error() {
                Some(_) => error.kind().to_string(),
                None => error.to_string(),
            }),
            sqlx::Error::Tls(error) => Self::Unreachable(format!("TLS: {error}")),
            sqlx::Error::PoolTimedOut => Self::TooManyConnections,
            sqlx::Error::Configuration(_) => Self::BadUrl,
            sqlx::Error::Migrate(error) => match error.as_ref() {
                sqlx::migrate::MigrateError::VersionMismatch(version) => {
                    Self::OtherMigration(*version)
                }
                sqlx::migrate::MigrateError::Execute(error)
                | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => Self::of(error),
                other => Self::Other(other.to_string()),
            },
            other => Self::Other(other.to_string()),
        }
    }
}
