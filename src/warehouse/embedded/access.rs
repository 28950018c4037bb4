//! The role, its database and the proof that a server is ours. The only SQL of this module.

use std::net::Ipv4Addr;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use super::cluster::SUPERUSER;
use super::error::EmbeddedError;

/// The plain role that the program connects as.
pub(super) const ROLE: &str = "keepnet_etl";
/// The role's database.
pub(super) const DATABASE: &str = "keepnet";
/// How long one login may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How to connect; nothing of it comes from `PG…` variables of the environment.
pub(super) fn options(port: u16, user: &str, password: &SecretString) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&Ipv4Addr::LOCALHOST.to_string())
        .port(port)
        .username(user)
        .password(password.expose_secret())
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging()
}

/// Makes the role and its database. The role is plain, because row-level security binds neither
/// superusers nor roles that bypass it; it may make databases (tests) and roles (`migrate`).
pub(super) async fn create_role_and_database(
    port: u16,
    superuser: &SecretString,
    password: &SecretString,
) -> Result<(), EmbeddedError> {
    let failed = |action| move |source| EmbeddedError::Database { action, source };
    let options = options(port, SUPERUSER, superuser).database("postgres");
    let mut connection = PgConnection::connect_with(&options)
        .await
        .map_err(failed("log in to set it up"))?;
    // A statement that fails is logged with its text, which holds the password.
    let create_role = format!(
        "create role {ROLE} login nosuperuser nobypassrls createdb createrole password '{}'",
        password.expose_secret()
    );
    for (action, statement) in [
        (
            "keep passwords out of the log",
            "set log_min_error_statement = panic".to_owned(),
        ),
        ("make the role keepnet_etl", create_role),
        (
            "make the database keepnet",
            format!("create database {DATABASE} owner {ROLE}"),
        ),
    ] {
        connection
            .execute(AssertSqlSafe(statement))
            .await
            .map_err(failed(action))?;
    }
    connection
        .close()
        .await
        .map_err(failed("log out after setting it up"))
}

/// Logs in and asks whose server it is. False: it does not accept connections at present.
pub(super) async fn verify(
    port: u16,
    password: &SecretString,
    cluster_name: &str,
) -> Result<bool, EmbeddedError> {
    let options = options(port, ROLE, password).database(DATABASE);
    let ask = async {
        let mut connection = PgConnection::connect_with(&options).await?;
        let shown: String = sqlx::query_scalar("show cluster_name")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(shown)
    };
    match tokio::time::timeout(PATIENCE, ask).await {
        Ok(Ok(shown)) if shown == cluster_name => Ok(true),
        Ok(Ok(_)) => Err(EmbeddedError::NotOurs { port }),
        Ok(Err(error)) if is_not_accepting(&error) => Ok(false),
        Ok(Err(source)) => Err(EmbeddedError::Database {
            action: "log in",
            source,
        }),
        Err(_) => Ok(false),
    }
}

/// Starting, recovering or shutting down (57P01 to 57P03), or nobody there at all.
fn is_not_accepting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P0")),
        _ => false,
    }
}
