//! `sync.pending_users`: whose answers and interactions are to be read, beside the whole enrollments that are walked.
//!
//! A user is noted in the transaction that writes their changed report row, and struck off in the one that writes what was
//! asked, so that a kill loses nobody. Users of an enrollment that was never walked are not noted: the walk meets them.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection, PgPool};

use super::error::WarehouseError;
use super::patience::persist;
use crate::resource::Resource;

/// Users read at once.
const PAGE: i64 = 500;
/// The pause before the first repetition; it doubles with each.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(15);
/// Repetitions after which only the rolling full asks again: about five days.
const MAX_ATTEMPTS: i32 = 12;

/// The users of an enrollment whose changed report rows are a reason to ask for more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked about them.
    pub resource: Resource,
    /// The enrollment that reports them.
    pub enrollment_id: String,
}

/// A user who was asked, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What was asked.
    pub resource: Resource,
    /// The enrollment that reports them.
    pub enrollment_id: String,
    /// The enrollment that their row names.
    pub reported_enrollment_id: String,
    /// The user.
    pub target_user_id: String,
    /// Ask again.
    pub again: Option<Again>,
}

/// When a user is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// By the next run: it failed.
    NextRun,
    /// After a pause that doubles up to this one: there should be something, and was nothing.
    Later(TimeDelta),
}

/// A pending user with what is known of them.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PendingUser {
    /// The enrollment that their row names.
    pub reported_enrollment_id: String,
    /// The user.
    pub target_user_id: String,
    /// Their status, as received.
    pub status: Option<String>,
    /// The row is still there.
    pub is_reported: bool,
}

/// Notes the users of `touched` (enrollment, reported enrollment, user) about whom one of `questions` is asked.
pub async fn note(
    db: &mut PgConnection,
    company_id: &str,
    questions: &[Question],
    touched: &[[String; 3]],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (resources, enrollments): (Vec<&str>, Vec<&str>) = questions
        .iter()
        .map(|question| (question.resource.name(), question.enrollment_id.as_str()))
        .unzip();
    // Most first loads end here: nobody was walked yet.
    let walked: Vec<(String, String)> = sqlx::query_as(
        "select c.resource, c.scope from sync.cursors c
         join (select distinct * from unnest($2::text[], $3::text[]) as q(resource, scope)) q using (resource, scope)
         where c.company_id = $1",
    )
    .bind(company_id)
    .bind(resources)
    .bind(enrollments)
    .fetch_all(&mut *db)
    .await?;
    if walked.is_empty() {
        return Ok(());
    }
    let (resources, enrollments): (Vec<String>, Vec<String>) = walked.into_iter().unzip();
    let column = |index: usize| {
        let values = touched.iter().map(|key| key[index].as_str());
        values.collect::<Vec<_>>()
    };
    sqlx::query(
        "insert into sync.pending_users
             (company_id, resource, enrollment_id, reported_enrollment_id, target_user_id, due_at)
         select distinct $1, w.resource, k.enrollment_id, k.reported, k.target_user_id, $7
         from unnest($4::text[], $5::text[], $6::text[]) as k(enrollment_id, reported, target_user_id)
         join unnest($2::text[], $3::text[]) as w(resource, enrollment_id) using (enrollment_id)
         on conflict (company_id, resource, enrollment_id, reported_enrollment_id, target_user_id) do update
         set due_at = excluded.due_at, attempts = 0",
    )
    .bind(company_id)
    .bind(resources)
    .bind(enrollments)
    .bind(column(0))
    .bind(column(1))
    .bind(column(2))
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Strikes off who was asked, or notes when they are asked again.
pub async fn settle(
    db: &mut PgConnection,
    company_id: &str,
    asked: &[Asked],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let column = |of: fn(&Asked) -> &str, is_again: bool| {
        let asked = asked
            .iter()
            .filter(move |user| user.again.is_some() == is_again);
        asked.map(of).collect::<Vec<_>>()
    };
    let columns = |is_again| {
        [
            column(|user| user.resource.name(), is_again),
            column(|user| &user.enrollment_id, is_again),
            column(|user| &user.reported_enrollment_id, is_again),
            column(|user| &user.target_user_id, is_again),
        ]
    };
    let [resources, enrollments, reported, users] = columns(false);
    if !users.is_empty() {
        sqlx::query(
            "delete from sync.pending_users p
             using unnest($2::text[], $3::text[], $4::text[], $5::text[])
                 as k(resource, enrollment_id, reported_enrollment_id, target_user_id)
             where p.company_id = $1 and p.resource = k.resource and p.enrollment_id = k.enrollment_id
               and p.reported_enrollment_id = k.reported_enrollment_id and p.target_user_id = k.target_user_id",
        )
        .bind(company_id)
        .bind(resources)
        .bind(enrollments)
        .bind(reported)
        .bind(users)
        .execute(&mut *db)
        .await?;
    }
    let [resources, enrollments, reported, users] = columns(true);
    if users.is_empty() {
        return Ok(());
    }
    let pauses: Vec<Option<i64>> = asked
        .iter()
        .filter_map(|user| user.again)
        .map(|again| match again {
            Again::NextRun => None,
            Again::Later(longest) => Some(longest.num_seconds()),
        })
        .collect();
    sqlx::query(
        "insert into sync.pending_users as p
             (company_id, resource, enrollment_id, reported_enrollment_id, target_user_id, due_at, attempts)
         select $1, resource, enrollment_id, reported, target_user_id,
                $7 + case when longest is null then interval '0' else least(longest, $8) * interval '1 second' end,
                case when longest is null then 0 else 1 end
         from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
             as k(resource, enrollment_id, reported, target_user_id, longest)
         on conflict (company_id, resource, enrollment_id, reported_enrollment_id, target_user_id) do update
         set attempts = p.attempts + excluded.attempts,
             due_at = case when excluded.attempts = 0 then $7
                           else $7 + least((excluded.due_at - $7) * power(2, p.attempts), $9 * interval '1 second') end",
    )
    .bind(company_id)
    .bind(resources)
    .bind(enrollments)
    .bind(reported)
    .bind(users)
    .bind(pauses)
    .bind(at)
    .bind(FIRST_PAUSE.num_seconds())
    .bind(longest(asked).num_seconds())
    .execute(&mut *db)
    .await?;
    sqlx::query("delete from sync.pending_users where company_id = $1 and attempts > $2")
        .bind(company_id)
        .bind(MAX_ATTEMPTS)
        .execute(db)
        .await?;
    Ok(())
}

/// The longest pause; it is one setting, the same for all.
fn longest(asked: &[Asked]) -> TimeDelta {
    let pauses = asked.iter().filter_map(|user| match user.again {
        Some(Again::Later(longest)) => Some(longest),
        _ => None,
    });
    pauses.max().unwrap_or(FIRST_PAUSE)
}

/// Which enrollments have users that are due, per resource, with how many.
pub async fn due(
    pool: &PgPool,
    company_id: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(String, String, i64)>, WarehouseError> {
    persist("read whom to ask", async || {
        sqlx::query_as(
            "select resource, enrollment_id, count(*) from sync.pending_users
             where company_id = $1 and due_at <= $2 group by 1, 2 order by 1, 2",
        )
        .bind(company_id)
        .bind(now)
        .fetch_all(pool)
        .await
    })
    .await
}

/// The next due users of an enrollment behind `after`, in the order of their ids.
pub async fn page(
    pool: &PgPool,
    company_id: &str,
    question: &Question,
    now: DateTime<Utc>,
    after: (&str, &str),
) -> Result<Vec<PendingUser>, WarehouseError> {
    persist("read whom to ask", async || {
        sqlx::query_as(
            "select p.reported_enrollment_id, p.target_user_id, u.status, u.target_user_id is not null as is_reported
             from sync.pending_users p
             left join keepnet.enrollment_users u
                 on u.company_id = p.company_id and u.enrollment_id = p.enrollment_id
                and u.reported_enrollment_id = p.reported_enrollment_id and u.target_user_id = p.target_user_id
                and u.deleted_at is null
             where p.company_id = $1 and p.resource = $2 and p.enrollment_id = $3 and p.due_at <= $4
               and (p.reported_enrollment_id, p.target_user_id) > ($5, $6)
             order by p.reported_enrollment_id, p.target_user_id limit $7",
        )
        .bind(company_id)
        .bind(question.resource.name())
        .bind(&question.enrollment_id)
        .bind(now)
        .bind(after.0)
        .bind(after.1)
        .bind(PAGE)
        .fetch_all(pool)
        .await
    })
    .await
}
