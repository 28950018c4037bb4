//! `sync.schedules`: how far each schedule of the daemon is. Only the active instance writes here, in transactions that
//! check its lease.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection, PgExecutor};

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct ScheduleState {
    /// `sync` or `full`.
    pub name: String,
    /// Its instants up to here were answered with a run.
    pub handled_at: Option<DateTime<Utc>>,
    /// The run that was begun last for it.
    pub run_id: Option<i64>,
    /// When that was.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended; none while it works, and when it was cut short.
    pub finished_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl ScheduleState {
    /// A run was begun for it and did not end by itself.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.started_at.is_some() && self.finished_at.is_none()
    }
}

/// How a run of a schedule ended.
#[derive(Debug)]
pub struct Ended<'a> {
    /// The last of its runs, once it had a number.
    pub run_id: Option<i64>,
    /// `ok`, `partial`, `failed` or `stopped`.
    pub outcome: &'a str,
    /// Why it failed.
    pub error: Option<&'a str>,
    /// What to do about it.
    pub remedy: Option<&'a str>,
}

/// Every schedule that was ever seen.
pub async fn read(db: impl PgExecutor<'_>) -> Result<Vec<ScheduleState>, sqlx::Error> {
    sqlx::query_as(
        "select name, handled_at, run_id, started_at, finished_at, outcome, error, remedy
         from sync.schedules order by name = 'full'",
    )
    .fetch_all(db)
    .await
}

/// Forgets the schedules that are not among `names`: what is off is not missed.
pub async fn keep_only(db: &mut PgConnection, names: &[&str]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from sync.schedules where not name = any($1)")
        .bind(names)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that the instants of a schedule up to `at` need no answer.
pub async fn pass_over(
    db: &mut PgConnection,
    name: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.schedules (name, handled_at) values ($1, $2)
         on conflict (name) do update set handled_at = excluded.handled_at",
    )
    .bind(name)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a run begins which answers the instants of these schedules up to `at`. One that goes on with an unfinished
/// run keeps the instant at which that began.
pub async fn begin(
    db: &mut PgConnection,
    names: &[&str],
    at: DateTime<Utc>,
    started_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into sync.schedules (name, handled_at, started_at)
         select name, $2, $3 from unnest($1::text[]) name
         on conflict (name) do update
         set handled_at = excluded.handled_at, started_at = excluded.started_at, finished_at = null,
             run_id = null, outcome = null, error = null, remedy = null",
    )
    .bind(names)
    .bind(at)
    .bind(started_at)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes how the run of these schedules ended.
pub async fn end(
    db: &mut PgConnection,
    names: &[&str],
    ended: &Ended<'_>,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update sync.schedules
         set finished_at = $2, run_id = $3, outcome = $4, error = $5, remedy = $6
         where name = any($1)",
    )
    .bind(names)
    .bind(at)
    .bind(ended.run_id)
    .bind(ended.outcome)
    .bind(ended.error)
    .bind(ended.remedy)
    .execute(db)
    .await?;
    Ok(())
}
