//! What the deletion or the return of a row means for the rows that hang on it.
//!
//! Dependents of an enrollment are marked with its own `deleted_at`, so that just these come back with it. A person is
//! there while one of their report rows is, and is described by the newest enrollment that still reports them.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection};

use super::history::{self, Presence};
use super::tuple;
use crate::privacy::Guard;
use crate::warehouse::tables::Table;
use crate::warehouse::tables::history::History;

/// Tables whose rows belong to one enrollment, by `enrollment_id`. `tests/it/deletions.rs` compares them with the schema.
pub const DEPENDENTS_OF_ENROLLMENT: [&str; 13] = [
    "enrollment_tags",
    "enrollment_languages",
    "enrollment_target_groups",
    "enrollment_training_roles",
    "enrollment_steps",
    "enrollment_summaries",
    "enrollment_users",
    "interactions",
    "survey_sessions",
    "survey_questions",
    "survey_question_options",
    "survey_answers",
    "anonymous_results",
];

/// The key of a table of which a history may be kept.
fn key_of(table: &str) -> &'static [&'static str] {
    match table {
        "enrollment_users" => &[
            "company_id",
            "enrollment_id",
            "reported_enrollment_id",
            "target_user_id",
        ],
        "target_users" => &["company_id", "target_user_id"],
        _ => &["company_id", "enrollment_id"],
    }
}

/// After rows of `table` with these encoded keys were marked deleted.
pub async fn after_sweep(
    db: &mut PgConnection,
    company_id: &str,
    privacy: Option<&Guard>,
    table: &Table,
    keys: &[Vec<u8>],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let last = |key: &Vec<u8>| tuple::texts(key).pop().unwrap_or_default();
    match table.name {
        "enrollments" => {
            let ids = keys.iter().map(last).collect();
            enrollments_gone(db, company_id, ids, at).await
        }
        "enrollment_users" => {
            users_gone(db, company_id, privacy, keys, at).await?;
            let mut users: Vec<String> = keys.iter().map(last).collect();
            users.sort_unstable();
            users.dedup();
            settle_persons(db, company_id, &users, at).await
        }
        "executive_reports" => {
            let sql = history::mark_sql(
                "executive_report_widgets",
                &[],
                "",
                "t.company_id = $2 and t.report_id = any($3)",
                Presence::Gone,
            );
            sqlx::query(AssertSqlSafe(sql))
                .bind(at)
                .bind(company_id)
                .bind(keys.iter().map(last).collect::<Vec<_>>())
                .execute(db)
                .await?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Tables whose rows belong to one user in the enrollment that their report row names.
const DEPENDENTS_OF_USER: [&str; 3] = ["interactions", "survey_sessions", "survey_answers"];

/// The ids under which `table` has these users.
fn stored_ids(table: &str, privacy: Option<&Guard>, users: &[String]) -> Vec<String> {
    let are_answers = table.starts_with("survey_");
    users
        .iter()
        .map(|user| match privacy {
            Some(privacy) if are_answers => privacy.answering(user).into_owned(),
            _ => user.clone(),
        })
        .collect()
}

/// The enrollments that report rows with these encoded keys name, and their users.
fn enrollments_and_users<'k>(
    keys: impl IntoIterator<Item = &'k Vec<u8>>,
) -> (Vec<String>, Vec<String>) {
    let names = keys.into_iter().map(|key| {
        let mut texts = tuple::texts(key).into_iter().skip(2);
        (
            texts.next().unwrap_or_default(),
            texts.next().unwrap_or_default(),
        )
    });
    names.unzip()
}

/// Report rows with these encoded keys were marked deleted: so is what their users did and answered, unless another report
/// still shows them there (that of a learning path, and that of its step).
async fn users_gone(
    db: &mut PgConnection,
    company_id: &str,
    privacy: Option<&Guard>,
    keys: &[Vec<u8>],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (enrollments, users) = enrollments_and_users(keys);
    for table in DEPENDENTS_OF_USER {
        let sql = history::mark_sql(
            table,
            &[],
            "unnest($3::text[], $4::text[], $5::text[]) as k(enrollment_id, target_user_id, stored_id)",
            "t.company_id = $2 and t.enrollment_id = k.enrollment_id and t.target_user_id = k.stored_id
             and not exists (select from keepnet.enrollment_users u
                             where u.company_id = $2 and u.target_user_id = k.target_user_id
                               and u.reported_enrollment_id = k.enrollment_id and u.deleted_at is null)",
            Presence::Gone,
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(at)
            .bind(company_id)
            .bind(&enrollments)
            .bind(&users)
            .bind(stored_ids(table, privacy, &users))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Report rows with these encoded keys are there again: so is what was marked with them.
pub async fn users_back(
    db: &mut PgConnection,
    company_id: &str,
    privacy: Option<&Guard>,
    back: &[(Vec<u8>, DateTime<Utc>)],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (enrollments, users) = enrollments_and_users(back.iter().map(|(key, _)| key));
    let gone_at: Vec<_> = back.iter().map(|(_, gone_at)| *gone_at).collect();
    for table in DEPENDENTS_OF_USER {
        let sql = history::mark_sql(
            table,
            &[],
            "unnest($3::text[], $4::text[], $5::timestamptz[]) as k(enrollment_id, stored_id, gone_at)",
            "t.company_id = $2 and t.enrollment_id = k.enrollment_id and t.target_user_id = k.stored_id
             and t.deleted_at = k.gone_at",
            Presence::Back,
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(at)
            .bind(company_id)
            .bind(&enrollments)
            .bind(stored_ids(table, privacy, &users))
            .bind(&gone_at)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Enrollments were marked deleted: so are the steps that only they show, and everything that belongs to either.
async fn enrollments_gone(
    db: &mut PgConnection,
    company_id: &str,
    mut ids: Vec<String>,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let steps: Vec<String> = sqlx::query_scalar(
        "update keepnet.enrollments set deleted_at = $1, synced_at = $1
         where company_id = $2 and parent_enrollment_id = any($3) and is_step and not is_listed and deleted_at is null
         returning enrollment_id",
    )
    .bind(at)
    .bind(company_id)
    .bind(&ids)
    .fetch_all(&mut *db)
    .await?;
    ids.extend(steps);
    let users = users_of(db, company_id, &ids).await?;
    for table in DEPENDENTS_OF_ENROLLMENT {
        let rows = "t.company_id = $2 and t.enrollment_id = any($3)";
        let sql = history::mark_sql(table, key_of(table), "", rows, Presence::Gone);
        sqlx::query(AssertSqlSafe(sql))
            .bind(at)
            .bind(company_id)
            .bind(&ids)
            .execute(&mut *db)
            .await?;
    }
    settle_persons(db, company_id, &users, at).await?;
    forget_scopes(db, company_id, &ids, at).await
}

/// What is remembered of enrollments that are gone: nothing of it will be read again.
async fn forget_scopes(
    db: &mut PgConnection,
    company_id: &str,
    ids: &[String],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    // The second listing of an anonymous enrollment has a scope of its own.
    let scopes: Vec<String> = ids
        .iter()
        .flat_map(|id| [id.clone(), format!("{id}/result")])
        .collect();
    for sql in [
        "delete from sync.cursors where company_id = $1 and scope = any($2)",
        "delete from sync.missing_rows where company_id = $1 and scope = any($2)",
        "delete from sync.pending_users where company_id = $1 and enrollment_id = any($2)",
    ] {
        sqlx::query(sql)
            .bind(company_id)
            .bind(&scopes)
            .execute(&mut *db)
            .await?;
    }
    for sql in [
        "update sync.quarantine set resolved_at = $3
         where company_id = $1 and scope = any($2) and resolved_at is null",
        "update sync.discrepancies set resolved_at = $3
         where company_id = $1 and scope = any($2) and resolved_at is null",
    ] {
        sqlx::query(sql)
            .bind(company_id)
            .bind(&scopes)
            .bind(at)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Stored enrollments by id: when each was created, and when it was marked deleted.
type Stored = Vec<(String, Option<DateTime<Utc>>, Option<DateTime<Utc>>)>;

/// Those of `ids` that are stored.
pub async fn stored_enrollments(
    db: &mut PgConnection,
    company_id: &str,
    ids: &[String],
) -> Result<Stored, sqlx::Error> {
    sqlx::query_as(
        "select enrollment_id, created_at, deleted_at from keepnet.enrollments
         where company_id = $1 and enrollment_id = any($2) order by enrollment_id",
    )
    .bind(company_id)
    .bind(ids)
    .fetch_all(db)
    .await
}

/// Enrollments that were `stored` like this were stored anew: one that was created at another time than before may describe
/// other persons.
pub async fn after_enrollments(
    db: &mut PgConnection,
    company_id: &str,
    stored: &Stored,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<String> = stored.iter().map(|(id, ..)| id.clone()).collect();
    let now = stored_enrollments(db, company_id, &ids).await?;
    let created = |stored: &Stored| -> Vec<(String, Option<DateTime<Utc>>)> {
        stored.iter().map(|(id, at, _)| (id.clone(), *at)).collect()
    };
    let redated: Vec<String> = (created(stored).into_iter().zip(created(&now)))
        .filter(|(before, after)| before.0 == after.0 && before.1 != after.1)
        .map(|(before, _)| before.0)
        .collect();
    if redated.is_empty() {
        return Ok(());
    }
    let users = users_of(db, company_id, &redated).await?;
    settle_persons(db, company_id, &users, at).await
}

/// Enrollments that are `stored` like this are about to be stored again: what was marked with them comes back first.
pub async fn enrollments_back(
    db: &mut PgConnection,
    company_id: &str,
    stored: &Stored,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let back = stored
        .iter()
        .filter_map(|(id, _, gone)| Some((id.clone(), (*gone)?)));
    let (mut ids, mut gone_at): (Vec<String>, Vec<DateTime<Utc>>) = back.unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let steps: Vec<(String, DateTime<Utc>)> = sqlx::query_as(
        "update keepnet.enrollments t set deleted_at = null, synced_at = $1
         from unnest($3::text[], $4::timestamptz[]) as e(id, gone_at)
         where t.company_id = $2 and t.parent_enrollment_id = e.id and t.deleted_at = e.gone_at
           and t.is_step and not t.is_listed
         returning t.enrollment_id, e.gone_at",
    )
    .bind(at)
    .bind(company_id)
    .bind(&ids)
    .bind(&gone_at)
    .fetch_all(&mut *db)
    .await?;
    for (id, gone) in steps {
        ids.push(id);
        gone_at.push(gone);
    }
    for table in DEPENDENTS_OF_ENROLLMENT {
        let sql = history::mark_sql(
            table,
            key_of(table),
            "unnest($3::text[], $4::timestamptz[]) as e(id, gone_at)",
            "t.company_id = $2 and t.enrollment_id = e.id and t.deleted_at = e.gone_at",
            Presence::Back,
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(at)
            .bind(company_id)
            .bind(&ids)
            .bind(&gone_at)
            .execute(&mut *db)
            .await?;
    }
    let users = users_of(db, company_id, &ids).await?;
    settle_persons(db, company_id, &users, at).await
}

async fn users_of(
    db: &mut PgConnection,
    company_id: &str,
    enrollments: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select distinct target_user_id from keepnet.enrollment_users
         where company_id = $1 and enrollment_id = any($2) and deleted_at is null",
    )
    .bind(company_id)
    .bind(enrollments)
    .fetch_all(db)
    .await
}

/// After report rows of these users went or came back.
async fn settle_persons(
    db: &mut PgConnection,
    company_id: &str,
    users: &[String],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if users.is_empty() {
        return Ok(());
    }
    let is_reported = "exists (select from keepnet.enrollment_users u
                               where u.company_id = t.company_id and u.target_user_id = t.target_user_id
                                 and u.deleted_at is null)";
    let of_users = "t.company_id = $2 and t.target_user_id = any($3)";
    // Custom fields are marked with the instant of their person, and come back with them.
    let fields_back = history::mark_sql(
        "user_custom_fields",
        &[],
        "keepnet.target_users p",
        &format!(
            "{of_users} and p.company_id = t.company_id and p.target_user_id = t.target_user_id
             and p.deleted_at = t.deleted_at and {is_reported}"
        ),
        Presence::Back,
    );
    let mark = |table: &str, rows: String, presence| {
        history::mark_sql(table, key_of("target_users"), "", &rows, presence)
    };
    let gone = format!("{of_users} and not {is_reported}");
    for sql in [
        fields_back,
        mark(
            "target_users",
            format!("{of_users} and {is_reported}"),
            Presence::Back,
        ),
        mark("target_users", gone.clone(), Presence::Gone),
        mark("user_custom_fields", gone, Presence::Gone),
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .bind(at)
            .bind(company_id)
            .bind(users)
            .execute(&mut *db)
            .await?;
    }
    describe_anew(db, company_id, users, at).await
}

/// Persons who are not described by the newest enrollment that reports them are described by it. Custom fields are not in
/// its stored report: it is to be read again.
async fn describe_anew(
    db: &mut PgConnection,
    company_id: &str,
    users: &[String],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let Some(history) = History::of("target_users") else {
        return Ok(());
    };
    let is_described = "t.company_id = $2 and t.target_user_id = n.target_user_id
                        and (t.reported_by_created_at, t.reported_by_enrollment_id)
                            is distinct from (n.created_at, n.enrollment_id)";
    let sql = format!(
        "with newest as (
             select distinct on (u.target_user_id) u.*,
                    coalesce(case when e.is_listed then e.created_at else p.created_at end, '-infinity') as created_at
             from keepnet.enrollment_users u
             join keepnet.enrollments e using (company_id, enrollment_id)
             left join keepnet.enrollments p
                 on p.company_id = e.company_id and p.enrollment_id = e.parent_enrollment_id
             where u.company_id = $2 and u.target_user_id = any($3) and u.deleted_at is null
             order by u.target_user_id, created_at desc, u.enrollment_id desc),
         closed as (
             {close} join newest n on {is_described} where t.valid_from < $1::timestamptz and {differs}
             on conflict do nothing)
         update keepnet.target_users t
         set reported_by_created_at = n.created_at, reported_by_enrollment_id = n.enrollment_id, email = n.email,
             is_email_masked = coalesce(n.email <> '' and position('@' in n.email) = 0 and n.email not like 'hash:%', false), first_name = n.first_name,
             last_name = n.last_name, department = n.department, phone_number = n.phone_number,
             synced_at = $1::timestamptz,
             valid_from = case when {differs} then greatest($1::timestamptz, t.valid_from) else t.valid_from end
         from newest n where {is_described}
         returning n.enrollment_id",
        close = history::close(history, key_of("target_users"), "$1::timestamptz"),
        differs = history::differs(history, "n"),
    );
    let describing: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(at)
        .bind(company_id)
        .bind(users)
        .fetch_all(&mut *db)
        .await?;
    if describing.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update sync.cursors set wanted_at = $1
         where company_id = $2 and resource = 'users' and scope = any($3)",
    )
    .bind(at)
    .bind(company_id)
    .bind(describing)
    .execute(db)
    .await?;
    Ok(())
}
