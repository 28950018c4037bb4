//! How much there is of each company, as far as it is stored: what a forecast of requests is made from.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};

use super::error::WarehouseError;
use super::patience::persist;

const DOING: &str = "read what is known of the companies";

/// A stored enrollment, as a forecast needs it.
#[derive(Debug, Clone, FromRow)]
pub struct StoredEnrollment {
    /// Its id.
    pub enrollment_id: String,
    /// Its type, as received.
    pub r#type: Option<String>,
    /// Its status, as received.
    pub status: Option<String>,
    /// It is a survey.
    pub is_survey: bool,
    /// It is in the archive.
    pub is_archived: bool,
    /// It is a step that no listing shows.
    pub is_unlisted_step: bool,
    /// When it was created; for a step, when its path was.
    pub created_at: Option<DateTime<Utc>>,
    /// Users, as its summary counts them.
    pub target_users: Option<i64>,
    /// Stored report rows.
    pub stored_users: i64,
}

/// The present companies of the account, without the account's own.
pub async fn companies(pool: &PgPool, account_id: &str) -> Result<Vec<String>, WarehouseError> {
    persist(DOING, async || {
        sqlx::query_scalar(
            "select company_id from keepnet.companies
             where deleted_at is null and company_id <> $1 order by company_id",
        )
        .bind(account_id)
        .fetch_all(pool)
        .await
    })
    .await
}

/// Every company that was ever stored.
pub async fn known_companies(pool: &PgPool) -> Result<HashSet<String>, WarehouseError> {
    let ids: Vec<String> = persist(DOING, async || {
        sqlx::query_scalar("select company_id from keepnet.companies")
            .fetch_all(pool)
            .await
    })
    .await?;
    Ok(ids.into_iter().collect())
}

/// The present enrollments of a company. Report rows are counted only when somebody is to be asked one by one.
pub async fn enrollments(
    pool: &PgPool,
    company_id: &str,
    counts_users: bool,
) -> Result<Vec<StoredEnrollment>, WarehouseError> {
    persist(DOING, async || {
        sqlx::query_as(
            "select e.enrollment_id, e.type, e.status, coalesce(e.is_survey, false) as is_survey, e.is_archived,
                    e.is_step and not e.is_listed as is_unlisted_step, coalesce(e.created_at, p.created_at) as created_at,
                    s.total_target_user_count as target_users,
                    case when $2 then (select count(*) from keepnet.enrollment_users u
                                       where u.company_id = e.company_id and u.enrollment_id = e.enrollment_id
                                         and u.deleted_at is null)
                         else 0 end as stored_users
             from keepnet.enrollments e
             left join keepnet.enrollments p
                 on p.company_id = e.company_id and p.enrollment_id = e.parent_enrollment_id
             left join keepnet.enrollment_summaries s
                 on s.company_id = e.company_id and s.enrollment_id = e.enrollment_id
             where e.company_id = $1 and e.deleted_at is null",
        )
        .bind(company_id)
        .bind(counts_users)
        .fetch_all(pool)
        .await
    })
    .await
}

/// Executive reports and types of widgets of a company.
pub async fn catalogues(
    pool: &PgPool,
    company_id: &str,
) -> Result<(i64, Vec<String>), WarehouseError> {
    persist(DOING, async || {
        let reports: i64 = sqlx::query_scalar(
            "select count(*) from keepnet.executive_reports where company_id = $1 and deleted_at is null",
        )
        .bind(company_id)
        .fetch_one(pool)
        .await?;
        let types: Vec<String> = sqlx::query_scalar(
            "select distinct widget_type from keepnet.widgets
             where company_id = $1 and deleted_at is null and widget_type is not null",
        )
        .bind(company_id)
        .fetch_all(pool)
        .await?;
        Ok((reports, types))
    })
    .await
}

/// Requests per second of the last finished run that sent some.
pub async fn measured_rate(pool: &PgPool) -> Result<Option<f64>, WarehouseError> {
    persist(DOING, async || {
        sqlx::query_scalar(
            "select requests / extract(epoch from finished_at - started_at)::double precision from sync.runs
             where finished_at > started_at and requests >= 20 order by id desc limit 1",
        )
        .fetch_optional(pool)
        .await
    })
    .await
}
