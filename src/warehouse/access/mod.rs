//! Who may read what: the database's roles, the rules that bind rows to companies, and the proof that they hold.
//!
//! Tables belong to the owner, whom no rule binds: so it loads with `COPY`. Views belong to `bi_owner`, which owns no
//! table: so the policies of the tables bind whatever a view reads, and they ask `sync.access_roles` and
//! `sync.company_grants` about the role at the other end of the connection. Nobody but the owner, the writer and whoever
//! edits `ref` has a right on anything outside `bi`.

pub mod grants;

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use super::error::WarehouseError;
use super::transaction::Transaction;

/// The names of the roles of a warehouse, without prefix. The owner's name counts where nobody owns the schemas yet.
const ROLES: [(&str, &str); 5] = [
    ("writer", "keepnet_etl_writer"),
    ("bi_owner", "bi_owner"),
    ("bi_reader", "bi_reader"),
    ("bi_customer", "bi_customer"),
    ("ref_editor", "ref_editor"),
];
/// The number of this program's lock for it; any would do.
const LOCK: i64 = 0x6b65_6570_6163;
const DOING: &str = "set up who may read what";

/// A way past the rules.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Gap {
    /// The relation, function, schema or role.
    pub object: String,
    /// What is wrong about it.
    pub problem: String,
}

/// How a warehouse stands to its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// There are no roles yet, and so no rules.
    NotSetUp,
    /// There are; these gaps are open.
    SetUp(Vec<Gap>),
}

/// The statements that make the roles, each name with `prefix` before it. They may be run again, and then do only what
/// is missing.
#[must_use]
pub fn roles_sql(prefix: &str) -> String {
    let literal = format!("'{}'", prefix.replace('\'', "''"));
    include_str!("roles.sql").replace("{prefix}", &literal)
}

/// Makes the roles, with the rights of the login and not of the role that it works as.
pub async fn create_roles(pool: &PgPool, prefix: &str) -> Result<(), WarehouseError> {
    let failed = |error| WarehouseError::from_sqlx("make the roles", error);
    // Not given back to the pool: it works as another role from here on.
    let mut db = pool.acquire().await.map_err(failed)?.detach();
    let mut tx = db.begin().await.map_err(failed)?;
    sqlx::query("set local role none")
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    sqlx::raw_sql(AssertSqlSafe(roles_sql(prefix)))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    db.close().await.map_err(failed)
}

/// Writes down which roles are those of this warehouse, gives them their rights and the tables their rules.
pub async fn adopt_roles(pool: &PgPool, prefix: &str) -> Result<(), WarehouseError> {
    let failed = |error| WarehouseError::from_sqlx(DOING, error);
    let mut tx = Transaction::begin(pool).await.map_err(failed)?;
    lock(&mut tx).await.map_err(failed)?;
    sqlx::query("delete from sync.access_roles")
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    sqlx::query(
        "insert into sync.access_roles (kind, role_name)
         select 'owner', pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = 'sync'",
    )
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    for (kind, name) in ROLES {
        sqlx::query("insert into sync.access_roles (kind, role_name) values ($1, $2)")
            .bind(kind)
            .bind(format!("{prefix}{name}"))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
    }
    protect(&mut tx).await.map_err(failed)?;
    tx.commit().await.map(drop).map_err(failed)
}

/// Closes the gaps that came with new tables and views, if roles are set up and this role may do so.
pub async fn keep(pool: &PgPool) -> Result<(), WarehouseError> {
    let failed = |error| WarehouseError::from_sqlx(DOING, error);
    if !is_gaping(&mut *pool.acquire().await.map_err(failed)?)
        .await
        .map_err(failed)?
    {
        return Ok(());
    }
    let mut tx = Transaction::begin(pool).await.map_err(failed)?;
    lock(&mut tx).await.map_err(failed)?;
    // Another process may have been quicker.
    if is_gaping(&mut tx).await.map_err(failed)? {
        protect(&mut tx).await.map_err(failed)?;
    }
    tx.commit().await.map(drop).map_err(failed)
}

/// Looks for every way past the rules.
pub async fn look(pool: &PgPool) -> Result<Access, WarehouseError> {
    let failed = |error| WarehouseError::from_sqlx("look for ways past the rules", error);
    let mut db = pool.acquire().await.map_err(failed)?;
    let is_set_up: bool = sqlx::query_scalar("select exists (select from sync.access_roles)")
        .fetch_one(&mut *db)
        .await
        .map_err(failed)?;
    if !is_set_up {
        return Ok(Access::NotSetUp);
    }
    gaps(&mut db).await.map(Access::SetUp).map_err(failed)
}

async fn is_gaping(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let may_protect: bool = sqlx::query_scalar(
        "select exists (
             select from sync.access_roles a join pg_roles r on r.rolname = a.role_name
             where a.kind = 'owner' and pg_has_role(current_user, r.oid, 'usage'))",
    )
    .fetch_one(&mut *db)
    .await?;
    Ok(may_protect && !gaps(db).await?.is_empty())
}

async fn gaps(db: &mut PgConnection) -> Result<Vec<Gap>, sqlx::Error> {
    sqlx::query_as(include_str!("gaps.sql")).fetch_all(db).await
}

async fn lock(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *db)
        .await?;
    // Whoever reads a table that gets its first rule is waited for, and everybody behind waits, too.
    sqlx::query("set local lock_timeout = '5s'")
        .execute(db)
        .await?;
    Ok(())
}

async fn protect(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(include_str!("protect.sql"))
        .execute(db)
        .await?;
    Ok(())
}
