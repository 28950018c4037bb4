//! `sync.company_grants`: which role reads the rows of which company.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use crate::warehouse::transaction::Transaction;

/// What one role was granted of one company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct CompanyGrant {
    /// The role.
    pub role_name: String,
    /// The company.
    pub company_id: String,
    /// Its name; none when the warehouse no longer has it.
    pub company_name: Option<String>,
    /// Since when.
    pub granted_at: DateTime<Utc>,
    /// The role still exists, and may read schema `bi`.
    pub is_in_force: bool,
}

/// What a role is, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RoleState {
    /// The role that customers' logins are made a member of.
    pub customer_role: String,
    /// It exists.
    pub exists: bool,
    /// Why its rows cannot be bound; none when they can.
    pub excess: Option<String>,
}

/// Everything that was granted, or what `role` was.
pub async fn list(pool: &PgPool, role: Option<&str>) -> Result<Vec<CompanyGrant>, sqlx::Error> {
    sqlx::query_as(
        "select g.role_name, g.company_id, c.name as company_name, g.granted_at,
                coalesce(pg_has_role(r.oid, m.oid, 'usage'), false) as is_in_force
         from sync.company_grants g
         left join keepnet.companies c on c.company_id = g.company_id
         left join pg_roles r on r.rolname = g.role_name
         left join sync.access_roles a on a.kind = 'bi_customer'
         left join pg_roles m on m.rolname = a.role_name
         where $1::text is null or g.role_name = $1
         order by g.role_name, g.company_id",
    )
    .bind(role)
    .fetch_all(pool)
    .await
}

/// Looks at `role`: whether rules bind it, and whether it has only the rights of a customer.
pub async fn role_state(pool: &PgPool, role: &str) -> Result<RoleState, sqlx::Error> {
    sqlx::query_as(
        "select a.role_name as customer_role, r.oid is not null as exists,
                case when r.rolsuper then 'it is a superuser'
                     when r.rolbypassrls then 'it bypasses row-level security'
                     when r.oid in (select o.oid from pg_roles o join sync.access_roles x on x.role_name = o.rolname)
                         then 'it is one of the roles of the warehouse'
                     else (select 'it is a member of ' || m.rolname from pg_roles m
                           where m.oid <> r.oid and pg_has_role(r.oid, m.oid, 'member')
                             and (m.rolsuper or m.rolbypassrls or m.rolname like 'pg\\_%'
                                  or m.rolname in (select x.role_name from sync.access_roles x where x.kind <> 'bi_customer'))
                           order by m.rolname limit 1)
                end as excess
         from sync.access_roles a
         left join pg_roles r on r.rolname = $1
         where a.kind = 'bi_customer'",
    )
    .bind(role)
    .fetch_one(pool)
    .await
}

/// Those of `companies` that the warehouse has, with their names.
pub async fn names(
    pool: &PgPool,
    companies: &[String],
) -> Result<Vec<(String, Option<String>)>, sqlx::Error> {
    sqlx::query_as(
        "select company_id, name from keepnet.companies where company_id = any($1) order by company_id",
    )
    .bind(companies)
    .fetch_all(pool)
    .await
}

/// Gives `role` the rows of `companies`, and the right to read schema `bi`.
pub async fn grant(
    pool: &PgPool,
    role: &str,
    customer_role: &str,
    companies: &[String],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut tx = Transaction::begin(pool).await?;
    sqlx::query(
        "insert into sync.company_grants (role_name, company_id, granted_at)
         select $1, id, $3 from unnest($2::text[]) asked (id)
         on conflict (role_name, company_id) do nothing",
    )
    .bind(role)
    .bind(companies)
    .bind(at)
    .execute(&mut *tx)
    .await?;
    if !is_member(&mut tx, role, customer_role).await? {
        let sql = format!("grant {} to {}", quoted(customer_role), quoted(role));
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
    }
    tx.commit().await.map(drop)
}

/// Takes the rows of `companies` away from `role`, of all when none are named; with the last goes the right to read
/// schema `bi`. Gives the companies that it had.
pub async fn revoke(
    pool: &PgPool,
    role: &str,
    customer_role: &str,
    companies: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    let mut tx = Transaction::begin(pool).await?;
    let gone: Vec<String> = sqlx::query_scalar(
        "delete from sync.company_grants
         where role_name = $1 and (cardinality($2::text[]) = 0 or company_id = any($2))
         returning company_id",
    )
    .bind(role)
    .bind(companies)
    .fetch_all(&mut *tx)
    .await?;
    let is_last: bool = sqlx::query_scalar(
        "select not exists (select from sync.company_grants where role_name = $1)",
    )
    .bind(role)
    .fetch_one(&mut *tx)
    .await?;
    if is_last && is_member(&mut tx, role, customer_role).await? {
        let sql = format!("revoke {} from {}", quoted(customer_role), quoted(role));
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(gone)
}

async fn is_member(
    db: &mut PgConnection,
    role: &str,
    customer_role: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select coalesce(pg_has_role(r.oid, m.oid, 'usage'), false)
         from (select) one
         left join pg_roles r on r.rolname = $1
         left join pg_roles m on m.rolname = $2",
    )
    .bind(role)
    .bind(customer_role)
    .fetch_one(db)
    .await
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
