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
use tracing::{Instrument, warn};

use super::error::WarehouseError;
use super::error::WarehouseErrorKind;
use super::leases::{self, Holder};
use super::load::Effect;
use super::patience::persist;
use super::schedule_lease::{ScheduleLease, fenced, stands};
use super::transaction::Transaction;
use crate::resource::Resource;
use crate::verdict::Verdict;

/// First key of the advisory locks that living runs hold; the second is the run's id.
pub(super) const RUN_LOCK: i32 = 0x6b65_6570;

/// The pause before the heart tries again after its connection broke; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A run that is under way.
#[derive(Debug)]
pub struct Run {
    /// The run as holder of claims.
    pub holder: Holder,
    /// Keeps the run's lock and its claims.
    heart: Beating,
}

/// A run that is to begin.
pub struct NewRun<'a> {
    /// `sync`, `backfill` or `scheduled`.
    pub kind: &'a str,
    /// The present.
    pub at: DateTime<Utc>,
    /// How long its claims last without a heartbeat.
    pub lasts: Duration,
    /// What a scheduled run works under.
    pub under: Option<ScheduleLease>,
    /// Asked at every heartbeat how far it is.
    pub look: Look,
}

/// Tells how far a run is.
pub type Look = Box<dyn Fn() -> Pace + Send + Sync>;

/// How far a run is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Requests sent, repetitions and token requests included.
    pub requests: u64,
    /// Companies that it works on, once they are listed.
    pub companies_total: Option<u64>,
    /// Companies that it has done.
    pub companies_done: u64,
    /// When it was last seen to get on.
    pub progressed_at: DateTime<Utc>,
    /// Rows that were committed, by effect.
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

/// Starts a run, and closes those that were killed.
pub async fn begin(pool: &PgPool, new: NewRun<'_>) -> Result<Run, WarehouseError> {
    let doing = "record the run";
    let begun = try_begin(pool, new).await;
    begun
        .map_err(|error| WarehouseError::from_sqlx(doing, error))?
        .ok_or_else(|| WarehouseError::new(doing, WarehouseErrorKind::LeaseLost))
}

async fn try_begin(pool: &PgPool, new: NewRun<'_>) -> Result<Option<Run>, sqlx::Error> {
    let mut tx = Transaction::begin(pool).await?;
    if !stands(&mut tx, new.under).await? {
        return Ok(None);
    }
    sqlx::query(
        "update sync.runs r
         set outcome = 'stopped', finished_at = $2,
             error = 'the process ended before the run did; what was committed stays',
             requests = greatest(r.requests, done.requests),
             rows_inserted = greatest(r.rows_inserted, done.rows_inserted),
             rows_updated = greatest(r.rows_updated, done.rows_updated),
             rows_unchanged = greatest(r.rows_unchanged, done.rows_unchanged),
             rows_deleted = greatest(r.rows_deleted, done.rows_deleted)
         from sync.runs dead left join lateral (
             select sum(s.requests)::bigint as requests, sum(s.rows_inserted)::bigint as rows_inserted,
                    sum(s.rows_updated)::bigint as rows_updated, sum(s.rows_unchanged)::bigint as rows_unchanged,
                    sum(s.rows_deleted)::bigint as rows_deleted
             from sync.run_scopes s where s.run_id = dead.id) done on true
         where dead.id = r.id and dead.outcome = 'running' and pg_try_advisory_xact_lock($1, (r.id % 2147483647)::int)",
    )
    .bind(RUN_LOCK)
    .bind(new.at)
    .execute(&mut *tx)
    .await?;
    // The lock is held before the row can be seen, so that nobody takes this run for a dead one.
    let id: i64 = sqlx::query_scalar(
        "insert into sync.runs (kind, started_at, progressed_at, lease_token) values ($1, $2, $2, $3)
         returning id",
    )
    .bind(new.kind)
    .bind(new.at)
    .bind(new.under.map(ScheduleLease::token))
    .fetch_one(&mut *tx)
    .await?;
    let has_lock = lock(&mut tx, id).await?;
    let alive = tx.commit().await?;
    let holder = Holder {
        run_id: id,
        lasts: new.lasts,
        under: new.under,
    };
    let heart = Heart {
        pool: pool.clone(),
        connection: Some(alive),
        has_lock,
        holder,
        look: new.look,
    };
    Ok(Some(Run {
        holder,
        heart: heart.start(),
    }))
}

/// Takes the lock of a run; false when another session has it.
async fn lock(db: &mut PgConnection, run_id: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1, ($2 % 2147483647)::int)")
        .bind(RUN_LOCK)
        .bind(run_id)
        .fetch_one(db)
        .await
}

/// Notes how many requests a run is expected to send.
pub async fn predict(pool: &PgPool, holder: Holder, requests: u64) -> Result<(), WarehouseError> {
    fenced(pool, holder.under, "record the run", async |db| {
        sqlx::query("update sync.runs set predicted_requests = $2 where id = $1")
            .bind(holder.run_id)
            .bind(signed(requests))
            .execute(db)
            .await
    })
    .await?;
    Ok(())
}

/// Writes down how far a run is.
async fn note_pace(db: &mut PgConnection, run_id: i64, pace: Pace) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update sync.runs
         set requests = $2, companies_total = $3, companies_done = $4, progressed_at = $5,
             rows_inserted = $6, rows_updated = $7, rows_unchanged = $8, rows_deleted = $9
         where id = $1",
    )
    .bind(run_id)
    .bind(signed(pace.requests))
    .bind(pace.companies_total.map(signed))
    .bind(signed(pace.companies_done))
    .bind(pace.progressed_at)
    .bind(signed(pace.rows.inserted))
    .bind(signed(pace.rows.updated))
    .bind(signed(pace.rows.unchanged))
    .bind(signed(pace.rows.deleted))
    .execute(db)
    .await?;
    Ok(())
}

/// Ends a run whose process cut it short, and gives back what it claimed. One that ended by itself stays as it is.
pub async fn abandon(
    db: &mut PgConnection,
    run_id: i64,
    outcome: &str,
    reason: &str,
    pace: Pace,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ended = sqlx::query(
        "update sync.runs set outcome = $2, error = $3, finished_at = $4 where id = $1 and outcome = 'running'",
    )
    .bind(run_id)
    .bind(outcome)
    .bind(reason)
    .bind(at)
    .execute(&mut *db)
    .await?;
    if ended.rows_affected() > 0 {
        note_pace(db, run_id, pace).await?;
    }
    sqlx::query("update sync.leases set holder = null where run_id = $1 and holder is not null")
        .bind(run_id)
        .execute(db)
        .await?;
    Ok(())
}

impl Run {
    /// Ends the run.
    pub async fn finish(
        self,
        pool: &PgPool,
        outcome: &str,
        pace: Pace,
        error: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<(), WarehouseError> {
        fenced(pool, self.holder.under, "record the run", async |db| {
            // Flushes everything that this run committed, also where the server is set not to wait for that.
            sqlx::query("set local synchronous_commit = on")
                .execute(&mut *db)
                .await?;
            note_pace(db, self.holder.run_id, pace).await?;
            sqlx::query(
                "update sync.runs set outcome = $2, error = $3, finished_at = $4 where id = $1",
            )
            .bind(self.holder.run_id)
            .bind(outcome)
            .bind(error)
            .bind(at)
            .execute(db)
            .await
        })
        .await?;
        self.heart.stop().await;
        Ok(())
    }
}

/// Keeps a run's lock, renews its claims, and writes down how far it is. When its connection breaks, it takes another one
/// at once.
struct Heart {
    pool: PgPool,
    connection: Option<PoolConnection<Postgres>>,
    has_lock: bool,
    holder: Holder,
    look: Look,
}

/// The task of a heart.
#[derive(Debug)]
struct Beating {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Beating {
    async fn stop(self) {
        // An error means that the task is gone already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

impl Heart {
    fn start(mut self) -> Beating {
        let (stop, mut stopped) = oneshot::channel();
        let beating = async move {
            let rhythm = self.holder.lasts / 3;
            let mut pause = rhythm;
            loop {
                pause = match self.beat().await {
                    Ok(true) => rhythm,
                    // Another instance has taken over: there is nothing to keep.
                    Ok(false) => break,
                    Err(error) => {
                        let error = WarehouseError::from_sqlx("renew the claims of the run", error);
                        warn!(run.id = self.holder.run_id, %error, "heartbeat failed");
                        (self.connection, self.has_lock) = (None, false);
                        if pause == rhythm {
                            FIRST_PAUSE
                        } else {
                            (pause * 2).min(rhythm)
                        }
                    }
                };
                tokio::select! {
                    _ = &mut stopped => break,
                    () = tokio::time::sleep(pause) => {}
                }
            }
            self.end().await;
        };
        let task = tokio::spawn(beating.in_current_span());
        Beating { stop, task }
    }

    /// False when the run has lost what it works under.
    async fn beat(&mut self) -> Result<bool, sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(self.pool.acquire().await?),
        };
        // The server may not have noticed yet that the connection before this one is gone; then it still counts.
        if !self.has_lock {
            self.has_lock = lock(connection, self.holder.run_id).await?;
        }
        let mut tx = connection.begin().await?;
        if !stands(&mut tx, self.holder.under).await? {
            return Ok(false);
        }
        leases::renew(&mut tx, self.holder).await?;
        note_pace(&mut tx, self.holder.run_id, (self.look)()).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn end(&mut self) {
        if let Some(connection) = &mut self.connection {
            // If that fails, the lock ends with the connection.
            let _ = sqlx::query("select pg_advisory_unlock($1, ($2 % 2147483647)::int)")
                .bind(RUN_LOCK)
                .bind(self.holder.run_id)
                .execute(&mut **connection)
                .await;
        }
    }
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
