//! The users that the stored report of an enrollment names: those of whom single pulls ask more.

use sqlx::PgPool;

use super::error::WarehouseError;
use super::patience::persist;

/// Users read at once.
const PAGE: i64 = 500;

/// One person in one enrollment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ReportedUser {
    /// The enrollment that the row itself names; requests about the user go there.
    pub reported_enrollment_id: String,
    /// The person.
    pub target_user_id: String,
    /// Their status, as the vendor writes it.
    pub status: Option<String>,
}

/// The users behind `after`, in the order of their keys; empty at the end.
pub async fn page(
    pool: &PgPool,
    company_id: &str,
    enrollment_id: &str,
    after: Option<&ReportedUser>,
) -> Result<Vec<ReportedUser>, WarehouseError> {
    let (enrollment, user) = after.map_or(("", ""), |last| {
        (&last.reported_enrollment_id, &last.target_user_id)
    });
    persist("read the users of an enrollment", async || {
        sqlx::query_as(
            "select reported_enrollment_id, target_user_id, status from keepnet.enrollment_users
             where company_id = $1 and enrollment_id = $2 and deleted_at is null
               and (reported_enrollment_id, target_user_id) > ($3, $4)
             order by reported_enrollment_id, target_user_id limit $5",
        )
        .bind(company_id)
        .bind(enrollment_id)
        .bind(enrollment)
        .bind(user)
        .bind(PAGE)
        .fetch_all(pool)
        .await
    })
    .await
}
