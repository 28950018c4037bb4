//! `sync.leases`: who works on what, so that no two processes work on one company, and nobody writes after it was taken
//! from them.
//!
//! A claim is held by a run and kept alive by the run's heartbeat. It is void when it was not renewed in time, and at once
//! when the run's advisory lock is gone with its connection. Each claim has a token that only grows; every transaction
//! that writes for a company checks it and keeps the row locked until it commits, so a claim cannot change hands in between.
//! A process that stands still in such a transaction is thrown out by the server; see `connect`.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::postgres::types::PgInterval;
use sqlx::{PgConnection, PgPool};

use super::error::WarehouseError;
use super::patience::persist;
use super::runs::RUN_LOCK;

/// What a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The list of companies of an account.
    Account,
    /// One company.
    Company,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Company => "company",
        }
    }
}

/// The right to write for one company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    kind: Kind,
    subject: String,
    token: i64,
}

/// The run that claims.
#[derive(Debug, Clone, Copy)]
pub struct Holder {
    /// Its key in `sync.runs`.
    pub run_id: i64,
    /// How long a claim lasts without a heartbeat.
    pub lasts: Duration,
}

impl Holder {
    fn interval(self) -> PgInterval {
        let microseconds = i64::try_from(self.lasts.as_micros()).unwrap_or(i64::MAX);
        PgInterval {
            months: 0,
            days: 0,
            microseconds,
        }
    }
}

/// Claims `subject`; none when a living run has it.
pub async fn claim(
    pool: &PgPool,
    holder: Holder,
    kind: Kind,
    subject: &str,
) -> Result<Option<Claim>, WarehouseError> {
    let token: Option<i64> = persist("claim a company", async || {
        sqlx::query_scalar(
            "insert into sync.leases as l (kind, subject, token, holder, run_id, acquired_at, expires_at)
             values ($1, $2, 1, $3, $4, clock_timestamp(), clock_timestamp() + $5)
             on conflict (kind, subject) do update
             set token = l.token + 1, holder = excluded.holder, run_id = excluded.run_id,
                 acquired_at = excluded.acquired_at, expires_at = excluded.expires_at
             where l.holder is null or l.expires_at <= clock_timestamp() or l.run_id = excluded.run_id
                or not exists (select from pg_locks k
                               where k.locktype = 'advisory' and k.classid = $6
                                 and k.objid = (l.run_id % 2147483647)
                                 and k.database = (select oid from pg_database where datname = current_database()))
             returning token",
        )
        .bind(kind.name())
        .bind(subject)
        .bind(format!("run {} in process {}", holder.run_id, std::process::id()))
        .bind(holder.run_id)
        .bind(holder.interval())
        .bind(i64::from(RUN_LOCK))
        .fetch_optional(pool)
        .await
    })
    .await?;
    Ok(token.map(|token| Claim {
        kind,
        subject: subject.to_owned(),
        token,
    }))
}

/// Whether `claim` still holds; if so, it does until the transaction ends.
pub async fn holds(db: &mut PgConnection, claim: &Claim) -> Result<bool, sqlx::Error> {
    let token: Option<i64> = sqlx::query_scalar(
        "select token from sync.leases where kind = $1 and subject = $2 and holder is not null for share",
    )
    .bind(claim.kind.name())
    .bind(&claim.subject)
    .fetch_optional(db)
    .await?;
    Ok(token == Some(claim.token))
}

/// The companies that living runs have claimed.
pub async fn claimed_companies(pool: &PgPool) -> Result<HashSet<String>, sqlx::Error> {
    let companies: Vec<String> = sqlx::query_scalar(
        "select subject from sync.leases l
         where kind = $1 and holder is not null and expires_at > clock_timestamp()
           and exists (select from pg_locks k
                       where k.locktype = 'advisory' and k.classid = $2 and k.objid = (l.run_id % 2147483647)
                         and k.database = (select oid from pg_database where datname = current_database()))",
    )
    .bind(Kind::Company.name())
    .bind(i64::from(RUN_LOCK))
    .fetch_all(pool)
    .await?;
    Ok(companies.into_iter().collect())
}

/// Gives a claim back.
pub async fn release(pool: &PgPool, claim: &Claim) -> Result<(), WarehouseError> {
    persist("give a company back", async || {
        sqlx::query(
            "update sync.leases set holder = null where kind = $1 and subject = $2 and token = $3",
        )
        .bind(claim.kind.name())
        .bind(&claim.subject)
        .bind(claim.token)
        .execute(pool)
        .await
    })
    .await?;
    Ok(())
}

/// Keeps the claims of a run alive.
pub async fn renew(db: &mut PgConnection, holder: Holder) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update sync.leases set expires_at = clock_timestamp() + $2 where run_id = $1 and holder is not null",
    )
    .bind(holder.run_id)
    .bind(holder.interval())
    .execute(db)
    .await?;
    Ok(())
}
