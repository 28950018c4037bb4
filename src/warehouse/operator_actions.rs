//! `sync.operator_actions`: who ran what when, with which outcome.
//!
//! An action is recorded before it is done, so that one that was killed in the middle is not forgotten, and completed
//! after it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;

/// What somebody is about to do.
#[derive(Debug, Clone)]
pub struct Action<'a> {
    /// The user and the machine: `user@host`.
    pub actor: &'a str,
    /// The command and its verb: `enroll create`.
    pub command: &'a str,
    /// The company, if it is about one.
    pub company_id: Option<&'a str>,
    /// What it is done to.
    pub target: Option<&'a str>,
    /// What else is worth knowing, as an object. No secrets, no data of people.
    pub detail: Value,
}

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not done.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl Outcome {
    /// The word in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// Records that `action` is about to be done; gives its number.
pub async fn begin(
    pool: &PgPool,
    action: &Action<'_>,
    at: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "insert into sync.operator_actions (at, actor, command, company_id, target, detail)
         values ($1, $2, $3, $4, $5, $6)
         returning id",
    )
    .bind(at)
    .bind(action.actor)
    .bind(action.command)
    .bind(action.company_id)
    .bind(action.target)
    .bind(&action.detail)
    .fetch_one(pool)
    .await
}

/// Records how it ended. The members of `result` are added to its detail.
pub async fn finish(
    pool: &PgPool,
    id: i64,
    outcome: Outcome,
    result: &Value,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update sync.operator_actions
         set outcome = $2, finished_at = $3, detail = detail || $4
         where id = $1",
    )
    .bind(id)
    .bind(outcome.name())
    .bind(at)
    .bind(result)
    .execute(pool)
    .await?;
    Ok(())
}
