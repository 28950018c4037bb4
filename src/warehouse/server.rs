//! The database server as it stands: version, encryption, login, room for connections, and whether a connection is one
//! session.

use sqlx::{AssertSqlSafe, FromRow, PgConnection, PgPool, Row};

use super::connect::PROVING;

/// The oldest version of PostgreSQL that this program works on, as the server says it.
pub const OLDEST_VERSION: i32 = 140_000;

/// What a server says of itself and of this program's login.
#[derive(Debug, FromRow)]
pub struct Server {
    /// Its version, for people.
    pub version: String,
    /// Its version as a number.
    pub version_number: i32,
    /// The version of TLS in use; none when the connection is not encrypted.
    pub tls: Option<String>,
    /// The role that logs in.
    pub login: String,
    /// That role is a superuser.
    pub is_superuser: bool,
    /// The role that works; see `connect`.
    pub worker: String,
    /// Connections that this program could have: the server's limit, the database's and the role's, less what others hold.
    pub room: i64,
}

/// Asks the server.
pub async fn read(pool: &PgPool) -> Result<Server, sqlx::Error> {
    // Of other roles' sessions a plain role sees that they are there, and little else. What proved something may be ending.
    sqlx::query_as(
        "with own as (select $1::bigint as held),
              clients as (
                  select datid, usesysid from pg_stat_activity
                  where datid is not null and application_name is distinct from $2
                    and coalesce(backend_type, 'client backend') = 'client backend')
         select current_setting('server_version') as version,
                current_setting('server_version_num')::int as version_number,
                (select s.version from pg_stat_ssl s where s.pid = pg_backend_pid() and s.ssl) as tls,
                login.rolname::text as login, login.rolsuper as is_superuser, current_user::text as worker,
                own.held + least(
                    current_setting('max_connections')::bigint
                        - case when login.rolsuper then 0
                               else current_setting('superuser_reserved_connections')::bigint
                                    + coalesce(current_setting('reserved_connections', true)::bigint, 0) end
                        - (select count(*) from clients),
                    case when login.rolconnlimit >= 0 and not login.rolsuper
                         then login.rolconnlimit - (select count(*) from clients where usesysid = login.oid) end,
                    case when d.datconnlimit >= 0 and not login.rolsuper
                         then d.datconnlimit - (select count(*) from clients where datid = d.oid) end) as room
         from own, pg_roles login, pg_database d
         where login.rolname = session_user and d.datname = current_database()",
    )
    .bind(i64::from(pool.size()))
    .bind(PROVING)
    .fetch_one(pool)
    .await
}

/// Whether connections are sessions of their own. A pooler in transaction mode gives every transaction whichever session is
/// free, so that locks, settings and prepared statements are lost, or met by others.
pub async fn keeps_sessions(
    one: &mut PgConnection,
    other: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let session = mark(one).await?;
    // A pooler that has just taken back the session of the first one gives it to the second, which keeps it for a while.
    sqlx::raw_sql("begin").execute(&mut *other).await?;
    let keeps = backend(other).await? != session && is_marked(one, session).await?;
    sqlx::raw_sql("rollback").execute(other).await?;
    Ok(keeps)
}

/// Leaves a mark in a session; its backend. No prepared statement: a pooler may lose them.
pub async fn mark(db: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(format!(
        "select set_config('keepnet_etl.mark', '{}', false)",
        std::process::id()
    )))
    .execute(&mut *db)
    .await?;
    backend(db).await
}

/// Whether this is the session of `backend` that was marked.
pub async fn is_marked(db: &mut PgConnection, session: i32) -> Result<bool, sqlx::Error> {
    let mark: Option<String> = sqlx::raw_sql("select current_setting('keepnet_etl.mark', true)")
        .fetch_one(&mut *db)
        .await?
        .try_get(0)?;
    Ok(mark == Some(std::process::id().to_string()) && backend(db).await? == session)
}

async fn backend(db: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql("select pg_backend_pid()")
        .fetch_one(db)
        .await?
        .try_get(0)
}
