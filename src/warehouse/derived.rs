//! What is stored because of the vendor's dates without being one: which enrollment reports a person, in which order
//! events happened, which session is the latest. When dates are mended, these follow.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// How much followed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Followed {
    /// Persons whom another enrollment reports now.
    pub persons: u64,
    /// Events that have another place among those of their user.
    pub events: u64,
    /// Sessions that became, or ceased to be, the latest of their user.
    pub sessions: u64,
}

/// Makes it follow from the dates as they are now, for one company; what changes, changes at `at`.
pub async fn follow(
    db: &mut PgConnection,
    company_id: &str,
    at: DateTime<Utc>,
) -> Result<Followed, sqlx::Error> {
    let followed = Followed {
        persons: report_persons(db, company_id, at).await?,
        events: number_events(db, company_id, at).await?,
        sessions: mark_latest_sessions(db, company_id, at).await?,
    };
    sqlx::query(
        "update sync.company_state s set access_until = c.access_ends_at
         from keepnet.companies c
         where s.company_id = $1 and c.company_id = $1 and s.access_until is distinct from c.access_ends_at",
    )
    .bind(company_id)
    .execute(db)
    .await?;
    Ok(followed)
}

/// A person is as the newest enrollment reports them; a step that no listing shows is as old as its path. Their custom
/// fields are stored from one enrollment only: where that is another now, its report is to be read again.
async fn report_persons(
    db: &mut PgConnection,
    company_id: &str,
    at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "update keepnet.target_users t
         set reported_by_created_at = coalesce(case when e.is_listed then e.created_at else path.created_at end, '-infinity'),
             synced_at = $2
         from keepnet.enrollments e
         left join keepnet.enrollments path
             on path.company_id = e.company_id and path.enrollment_id = e.parent_enrollment_id
         where t.company_id = $1 and e.company_id = $1 and e.enrollment_id = t.reported_by_enrollment_id
           and t.reported_by_created_at
               <> coalesce(case when e.is_listed then e.created_at else path.created_at end, '-infinity')",
    )
    .bind(company_id)
    .bind(at)
    .execute(&mut *db)
    .await?;
    let moved: Vec<String> = sqlx::query_scalar(
        "with newest as (
             select distinct on (u.target_user_id) u.*,
                    coalesce(case when e.is_listed then e.created_at else path.created_at end, '-infinity') as created_at
             from keepnet.enrollment_users u
             join keepnet.enrollments e using (company_id, enrollment_id)
             left join keepnet.enrollments path
                 on path.company_id = e.company_id and path.enrollment_id = e.parent_enrollment_id
             where u.company_id = $1
             order by u.target_user_id, created_at desc, u.enrollment_id desc, u.reported_enrollment_id desc)
         update keepnet.target_users t
         set reported_by_created_at = n.created_at, reported_by_enrollment_id = n.enrollment_id,
             email = n.email, is_email_masked = coalesce(n.email <> '' and strpos(n.email, '@') = 0 and n.email not like 'hash:%', false),
             first_name = n.first_name, last_name = n.last_name, department = n.department,
             phone_number = n.phone_number, synced_at = $2
         from newest n
         where t.company_id = $1 and t.target_user_id = n.target_user_id
           and t.reported_by_enrollment_id <> n.enrollment_id
         returning t.reported_by_enrollment_id",
    )
    .bind(company_id)
    .bind(at)
    .fetch_all(&mut *db)
    .await?;
    sqlx::query(
        "delete from sync.cursors where company_id = $1 and resource = 'users' and scope = any($2)",
    )
    .bind(company_id)
    .bind(&moved)
    .execute(db)
    .await?;
    Ok(moved.len() as u64)
}

/// The events of a user are numbered by their time, then by all of their content, as `extract::interactions` does.
async fn number_events(
    db: &mut PgConnection,
    company_id: &str,
    at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    // The key must not meet itself on the way: first to places below zero, then up from there.
    let moved = sqlx::query(
        "with placed as (
             select enrollment_id, target_user_id, ordinal,
                    row_number() over (
                        partition by enrollment_id, target_user_id
                        order by event_at nulls first, interaction collate \"C\" nulls first,
                                 current_step collate \"C\" nulls first, training_order nulls first,
                                 learning_path_id nulls first, step_count nulls first,
                                 browser_name collate \"C\" nulls first, user_agent collate \"C\" nulls first,
                                 geolocation collate \"C\" nulls first, ip_addresses collate \"C\" nulls first,
                                 extra::text collate \"C\" nulls first, ordinal) - 1 as place
             from keepnet.interactions where company_id = $1 and deleted_at is null)
         update keepnet.interactions t set ordinal = -1 - p.place, synced_at = $2
         from placed p
         where t.company_id = $1 and t.enrollment_id = p.enrollment_id
           and t.target_user_id = p.target_user_id and t.ordinal = p.ordinal and p.ordinal <> p.place",
    )
    .bind(company_id)
    .bind(at)
    .execute(&mut *db)
    .await?
    .rows_affected();
    sqlx::query(
        "update keepnet.interactions set ordinal = -1 - ordinal where company_id = $1 and ordinal < 0",
    )
    .bind(company_id)
    .execute(db)
    .await?;
    Ok(moved)
}

/// The latest session is the one that began last. Of several in one minute the present one stays, for which of them the
/// vendor showed first is not stored.
async fn mark_latest_sessions(
    db: &mut PgConnection,
    company_id: &str,
    at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let moved = sqlx::query(
        "with latest as (
             select distinct on (enrollment_id, target_user_id) enrollment_id, target_user_id, session_id
             from keepnet.survey_sessions where company_id = $1 and deleted_at is null
             order by enrollment_id, target_user_id, started_at desc nulls last, is_latest desc, session_id)
         update keepnet.survey_sessions t set is_latest = t.session_id = l.session_id, synced_at = $2
         from latest l
         where t.company_id = $1 and t.enrollment_id = l.enrollment_id and t.target_user_id = l.target_user_id
           and t.deleted_at is null and t.is_latest <> (t.session_id = l.session_id)",
    )
    .bind(company_id)
    .bind(at)
    .execute(db)
    .await?;
    Ok(moved.rows_affected())
}
