//! Connecting: TLS rules, the pool, and working as a plain role even when the login is a superuser.
//!
//! Row-level security does not bind superusers or a superuser's views. So that it can be relied on, every object
//! belongs to a plain role: the login itself when it is one, else [`OWNER_ROLE`], which is created for it. A login that is
//! a member of the role that owns the warehouse works as that role.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row};

use super::error::{WarehouseError, WarehouseErrorKind};
use super::server;

/// The role that owns every object in a database to which the program logs in as a superuser.
pub const OWNER_ROLE: &str = "keepnet_etl_owner";

/// A run keeps one connection for its heartbeat, the daemon one for its lease, and there must be one to work with.
const LEAST_CONNECTIONS: u32 = 3;
/// The server ends a session that stands still in a transaction for half of `run.takeover`, and no longer than this.
const LONGEST_IDLE: Duration = Duration::from_secs(15);
/// How long to wait for a free connection, and for a new one.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// What the server calls the sessions that only prove something before there is a pool. They end at once, and so count nowhere.
pub(super) const PROVING: &str = "keepnet-etl, proving";

/// How a database is to be reached.
#[derive(Debug, Clone)]
pub struct Target {
    /// `postgres://…`
    pub url: SecretString,
    /// Connections held at most.
    pub max_connections: u32,
    /// Allow an unencrypted connection to another machine.
    pub allow_plaintext: bool,
    /// After which time another process takes over from a silent one.
    pub takeover: Duration,
}

/// Opens a pool, and proves that the database answers and that a connection is one session.
pub async fn connect(target: &Target) -> Result<PgPool, WarehouseError> {
    let options = options(target)?;
    let idle = (target.takeover / 2).min(LONGEST_IDLE).as_millis();
    let refused = |error| WarehouseError::from_sqlx("connect to the database", error);
    // A single attempt first: the pool would repeat it until its timeout and hide the reason.
    let first = async {
        let proving = options.clone().application_name(PROVING);
        let mut one = PgConnection::connect_with(&proving).await?;
        let mut other = PgConnection::connect_with(&proving).await?;
        let keeps_sessions = server::keeps_sessions(&mut one, &mut other).await?;
        if keeps_sessions {
            work_as_plain_role(&mut one, idle).await?;
        }
        other.close().await?;
        one.close().await?;
        Ok(keeps_sessions)
    };
    let keeps_sessions = tokio::time::timeout(ACQUIRE_TIMEOUT, first)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
        .map_err(refused)?;
    if !keeps_sessions {
        let kind = WarehouseErrorKind::Pooled;
        return Err(WarehouseError::new("work on the database", kind));
    }
    PgPoolOptions::new()
        .max_connections(target.max_connections.max(LEAST_CONNECTIONS))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(move |connection, _| Box::pin(work_as_plain_role(connection, idle)))
        .connect_with(options)
        .await
        .map_err(refused)
}

/// How to connect, with the rules about encryption.
pub(super) fn options(target: &Target) -> Result<PgConnectOptions, WarehouseError> {
    let doing = "connect to the database";
    let options = PgConnectOptions::from_str(target.url.expose_secret())
        .map_err(|error| WarehouseError::from_sqlx(doing, error))?
        .application_name("keepnet-etl")
        // The server's default does; a pooler may refuse to be told.
        .extra_float_digits(None);
    if target.allow_plaintext || is_on_this_machine(&options) {
        return Ok(options);
    }
    match options.get_ssl_mode() {
        PgSslMode::VerifyCa | PgSslMode::VerifyFull => Ok(options),
        PgSslMode::Disable => Err(WarehouseError::new(doing, WarehouseErrorKind::Plaintext)),
        PgSslMode::Allow | PgSslMode::Prefer | PgSslMode::Require => {
            Ok(options.ssl_mode(PgSslMode::VerifyFull))
        }
    }
}

fn is_on_this_machine(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || IpAddr::from_str(host).is_ok_and(|address| address.is_loopback())
}

async fn work_as_plain_role(db: &mut PgConnection, idle: u128) -> Result<(), sqlx::Error> {
    // "already exists, skipping" is no news to anybody. A process that stands still in a transaction, or is cut off in one,
    // holds the claim on a company or the schedule (see `leases`): the server ends it, so that another can take over. It is
    // also to notice within half a minute when this machine is gone without a word.
    sqlx::raw_sql(AssertSqlSafe(format!(
        "set client_min_messages = warning; set idle_in_transaction_session_timeout = {idle};
         set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 2;
         set tcp_user_timeout = '30s'",
    )))
    .execute(&mut *db)
    .await?;
    let row = sqlx::query(
        "select login.rolsuper or login.rolbypassrls, owner.rolname, owner.rolsuper or owner.rolbypassrls,
                owner.rolname <> login.rolname and pg_has_role(login.oid, owner.oid, 'usage')
         from pg_roles login
         left join pg_namespace n on n.nspname = 'sync'
         left join pg_roles owner on owner.oid = n.nspowner
         where login.rolname = session_user",
    )
    .fetch_one(&mut *db)
    .await?;
    let is_privileged: bool = row.try_get(0)?;
    let owner: Option<String> = row.try_get(1)?;
    let is_owner_privileged: Option<bool> = row.try_get(2)?;
    let is_member: Option<bool> = row.try_get(3)?;
    if !(is_privileged || is_member == Some(true)) || is_owner_privileged == Some(true) {
        return Ok(());
    }
    let role = match owner {
        Some(owner) => owner,
        None => {
            create_owner_role(db).await?;
            OWNER_ROLE.to_owned()
        }
    };
    sqlx::query(AssertSqlSafe(format!(
        "set role \"{}\"",
        role.replace('"', "\"\"")
    )))
    .execute(db)
    .await?;
    Ok(())
}

async fn create_owner_role(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(format!(
        "do $$ begin
             create role {OWNER_ROLE} nologin nosuperuser nobypassrls;
         exception when duplicate_object or unique_violation then null;
         end $$;
         do $$ begin
             execute format('grant create, temporary on database %I to {OWNER_ROLE}', current_database());
         exception when others then
             -- Two first connections at once update one catalog row; either grant will do.
             if sqlerrm not like '%concurrently%' then raise; end if;
         end $$;"
    )))
    .execute(db)
    .await?;
    Ok(())
}
