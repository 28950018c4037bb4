//! What is stored of the enrollments of a company, read back before a run asks for more.

use std::collections::HashSet;

use sqlx::{FromRow, PgPool};

use super::error::WarehouseError;
use super::patience::persist;

const DOING: &str = "read the enrollments of a company";

/// A step of a learning path that no listing shows.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoredStep {
    /// Its enrollment.
    pub enrollment_id: String,
    /// The enrollment of its path.
    pub parent_enrollment_id: Option<String>,
    /// Its type, as received.
    pub r#type: Option<String>,
    /// It is a survey.
    pub is_survey: bool,
}

/// The steps of learning paths that no listing shows.
pub async fn steps(pool: &PgPool, company_id: &str) -> Result<Vec<StoredStep>, WarehouseError> {
    persist(DOING, async || {
        sqlx::query_as(
            "select enrollment_id, parent_enrollment_id, type, coalesce(is_survey, false) as is_survey
             from keepnet.enrollments
             where company_id = $1 and is_step and deleted_at is null
             order by enrollment_id",
        )
        .bind(company_id)
        .fetch_all(pool)
        .await
    })
    .await
}

/// Those of `ids` that are not stored for the company.
pub async fn not_stored(
    pool: &PgPool,
    company_id: &str,
    ids: &HashSet<&str>,
) -> Result<Vec<String>, WarehouseError> {
    let ids: Vec<&str> = ids.iter().copied().collect();
    persist(DOING, async || {
        sqlx::query_scalar(
            "select id from unnest($2::text[]) as id
             where not exists (select from keepnet.enrollments e where e.company_id = $1 and e.enrollment_id = id)",
        )
        .bind(company_id)
        .bind(&ids)
        .fetch_all(pool)
        .await
    })
    .await
}

/// Another company that already has one of `ids`. Reads all enrollments: no index may begin with anything but the company.
pub async fn other_owner(
    pool: &PgPool,
    company_id: &str,
    ids: &[String],
) -> Result<Option<String>, WarehouseError> {
    persist(DOING, async || {
        sqlx::query_scalar(
            "select company_id from keepnet.enrollments
             where enrollment_id = any($2) and company_id <> $1 and is_listed limit 1",
        )
        .bind(company_id)
        .bind(ids)
        .fetch_optional(pool)
        .await
    })
    .await
}
