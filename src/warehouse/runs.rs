//! `sync.runs`, `sync.run_scopes` and `sync.company_state`: what was done, with which result.
//!
//! A run holds an advisory lock of its own while it lives. A run that is still `running` and whose lock is free
//! was killed; the next run says so.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::warn;

use super::error::WarehouseError;
use super::leases::{self, Holder};
use super::load::Effect;
use super::patience::persist;
use crate::resource::Resource;
use crate::verdict::Verdict;

/// First key of the advisory locks that living runs hold; the second is the run's id.
pub(super) const RUN_LOCK: i32 = 0x6b65_6570;

/// A run that is under way.
#[derive(Debug)]
pub struct Run {
    /// The run as holder of claims.
    pub holder: Holder,
    /// Keeps the run's lock and its claims.
    heart: Heart,
}

/// The numbers of a run.
#[derive(Debug, Default, Clone, Copy)]
pub struct RunTotals {
    /// Requests sent, repetitions and token requests included.
    pub requests: u64,
    /// Rows by effect.
    pub rows: Effect,
}

/// What a run did for one company and resource.
#[derive(Debug, Clone)]
pub struct RunScope {
    /// The company.
    pub company_id: String,
    /// The resource.
    pub resource: Resource,
    /// The worst verdict among its scopes.
    pub verdict: Verdict,
    /// Pages read.
    pub pages: u64,
    /// Requests sent, repetitions included.
    pub requests: u64,
    /// Rows by effect.
    pub rows: Effect,
    /// Time spent, added up over scopes that may overlap.
    pub duration_ms: u64,
    /// What could not be done, if anything, and why.
    pub error: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// Starts a run, and closes those that were killed. Its claims last `lasts` without a heartbeat.
pub async fn begin(
    pool: &PgPool,
    kind: &str,
    at: DateTime<Utc>,
    lasts: Duration,
) -> Result<Run, sqlx::Error> {
    let mut alive = pool.acquire().await?;
    let mut tx = alive.begin().await?;
    sqlx::query(
        "update sync.runs set outcome = 'stopped', finished_at = $2,
                error = 'the process ended before the run did; what was committed stays'
         where outcome = 'running' and pg_try_advisory_xact_lock($1, (id % 2147483647)::int)",
    )
    .bind(RUN_LOCK)
    .bind(at)
    .execute(&mut *tx)
    .await?;
    // The lock is held before the row can be seen, so that nobody takes this run for a dead one.
    let id: i64 = sqlx::query_scalar(
        "insert into sync.runs (kind, started_at) values ($1, $2)
         returning id",
    )
    .bind(kind)
    .bind(at)
    .fetch_one(&mut *tx)
    .await?;
    lock(&mut tx, id).await?;
    tx.commit().await?;
    let holder = Holder { run_id: id, lasts };
    Ok(Run {
        holder,
        heart: Heart::start(pool.clone(), alive, holder),
    })
}

async fn lock(db: &mut PgConnection, run_id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_lock($1, ($2 % 2147483647)::int)")
        .bind(RUN_LOCK)
        .bind(run_id)
        .execute(db)
        .await?;
    Ok(())
}

async fn try_lock(db: &mut PgConnection, run_id: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1, ($2 % 2147483647)::int)")
        .bind(RUN_LOCK)
        .bind(run_id)
        .fetch_one(db)
        .await
}

/// Notes how many requests a run is expected to send.
pub async fn predict(pool: &PgPool, run_id: i64, requests: u64) -> Result<(), WarehouseError> {
    persist("record the run", async || {
        sqlx::query("update sync.runs set predicted_requests = $2 where id = $1")
            .bind(run_id)
            .bind(signed(requests))
            .execute(pool)
            .await
    })
    .await?;
    Ok(())
}

impl Run {
    /// Ends the run.
    pub async fn finish(
        self,
        pool: &PgPool,
        outcome: &str,
        totals: RunTotals,
        error: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<(), WarehouseError> {
        persist("record the run", async || {
            let mut tx = pool.begin().await?;
            // Flushes everything that this run committed; see `connect`.
            sqlx::query("set local synchronous_commit = on")
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "update sync.runs set outcome = $2, finished_at = $3, requests = $4, rows_inserted = $5,
                        rows_updated = $6, rows_unchanged = $7, rows_deleted = $8, error = $9
                 where id = $1",
            )
            .bind(self.holder.run_id)
            .bind(outcome)
            .bind(at)
            .bind(signed(totals.requests))
            .bind(signed(totals.rows.inserted))
            .bind(signed(totals.rows.updated))
            .bind(signed(totals.rows.unchanged))
            .bind(signed(totals.rows.deleted))
            .bind(error)
            .execute(&mut *tx)
            .await?;
            tx.commit().await
        })
        .await?;
        self.heart.stop().await;
        Ok(())
    }
}

/// The task that keeps a run's lock, and renews its claims. When its connection breaks, it takes another one.
#[derive(Debug)]
struct Heart {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Heart {
    fn start(pool: PgPool, connection: PoolConnection<Postgres>, holder: Holder) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut alive = Some(connection);
            let mut beats = tokio::time::interval(holder.lasts / 3);
            loop {
                tokio::select! {
                    _ = &mut stopped => break,
                    _ = beats.tick() => {}
                }
                if let Err(error) = beat(&pool, &mut alive, holder).await {
                    let error = WarehouseError::from_sqlx("renew the claims of the run", error);
                    warn!(%error, "heartbeat failed");
                    alive = None;
                }
            }
            if let Some(mut alive) = alive {
                // If that fails, the lock ends with the connection.
                let _ = sqlx::query("select pg_advisory_unlock($1, ($2 % 2147483647)::int)")
                    .bind(RUN_LOCK)
                    .bind(holder.run_id)
                    .execute(&mut *alive)
                    .await;
            }
        });
        Self { stop, task }
    }

    async fn stop(self) {
        // An error means that the task is gone already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

async fn beat(
    pool: &PgPool,
    alive: &mut Option<PoolConnection<Postgres>>,
    holder: Holder,
) -> Result<(), sqlx::Error> {
    let connection = match alive {
        Some(connection) => connection,
        None => {
            let mut connection = pool.acquire().await?;
            if !try_lock(&mut connection, holder.run_id).await? {
                // The server has not noticed yet that the connection before is gone; as long as that has the lock, nobody
                // takes the run for dead. To wait for it would let the claims run out, and keep the run from ending.
                return leases::renew(&mut connection, holder).await;
            }
            alive.insert(connection)
        }
    };
    leases::renew(connection, holder).await
}

/// Records what a run did for a company and a resource.
pub async fn record_scope(
    db: &mut PgConnection,
    run_id: i64,
    scope: &RunScope,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.run_scopes
             (run_id, company_id, resource, verdict, pages, requests, rows_inserted, rows_updated,
              rows_unchanged, rows_deleted, duration_ms, error, remedy)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (run_id, company_id, resource) do update
         set verdict = excluded.verdict, pages = excluded.pages, requests = excluded.requests,
             rows_inserted = excluded.rows_inserted, rows_updated = excluded.rows_updated,
             rows_unchanged = excluded.rows_unchanged, rows_deleted = excluded.rows_deleted,
             duration_ms = excluded.duration_ms, error = excluded.error, remedy = excluded.remedy",
    )
    .bind(run_id)
    .bind(&scope.company_id)
    .bind(scope.resource.name())
    .bind(scope.verdict.name())
    .bind(signed(scope.pages))
    .bind(signed(scope.requests))
    .bind(signed(scope.rows.inserted))
    .bind(signed(scope.rows.updated))
    .bind(signed(scope.rows.unchanged))
    .bind(signed(scope.rows.deleted))
    .bind(signed(scope.duration_ms))
    .bind(&scope.error)
    .bind(&scope.remedy)
    .execute(db)
    .await?;
    Ok(())
}

/// How the last try of a company went.
#[derive(Debug)]
pub struct CompanyState<'a> {
    /// The company.
    pub company_id: &'a str,
    /// The worst verdict of its scopes.
    pub verdict: Verdict,
    /// Why it is not complete.
    pub reason: Option<&'a str>,
    /// What to do about it.
    pub remedy: Option<&'a str>,
    /// The instant from which on everything of the company was read, when all of it is complete.
    pub safe_as_of: Option<DateTime<Utc>>,
    /// When it was tried.
    pub tried_at: DateTime<Utc>,
}

/// Records how the last try of a company went; `safe_as_of` never moves back.
pub async fn record_company(
    db: &mut PgConnection,
    state: &CompanyState<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.company_state as s
             (company_id, verdict, reason, remedy, safe_as_of, last_try_at, access_until)
         values ($1, $2, $3, $4, $5, $6, (select access_ends_at from keepnet.companies where company_id = $1))
         on conflict (company_id) do update
         set verdict = excluded.verdict, reason = excluded.reason, remedy = excluded.remedy,
             safe_as_of = greatest(s.safe_as_of, excluded.safe_as_of),
             last_try_at = excluded.last_try_at, access_until = excluded.access_until",
    )
    .bind(state.company_id)
    .bind(state.verdict.name())
    .bind(state.reason)
    .bind(state.remedy)
    .bind(state.safe_as_of)
    .bind(state.tried_at)
    .execute(db)
    .await?;
    Ok(())
}

/// Lets one repair of dates work at a time, for as long as the connection lives. No run has the number 0.
pub async fn lock_for_repair(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1, 0)")
        .bind(RUN_LOCK)
        .fetch_one(db)
        .await
}

/// A run that is under way, in whichever process.
pub async fn find_living(db: impl sqlx::PgExecutor<'_>) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "select max(id) from sync.runs r
         where outcome = 'running'
           and exists (select from pg_locks l
                       where l.locktype = 'advisory' and l.classid = $1 and l.objid = (r.id % 2147483647)
                         and l.database = (select oid from pg_database where datname = current_database()))",
    )
    .bind(i64::from(RUN_LOCK))
    .fetch_one(db)
    .await
}

/// The companies whose last try was refused.
pub async fn read_forbidden_companies(pool: &PgPool) -> Result<Vec<String>, WarehouseError> {
    persist("read the companies that refused", async || {
        sqlx::query_scalar("select company_id from sync.company_state where verdict = 'forbidden'")
            .fetch_all(pool)
            .await
    })
    .await
}

/// A count as PostgreSQL holds it.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
