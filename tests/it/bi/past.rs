//! Earlier states: versions, month ends, what was reported on a day, in the account's time zone.

use sqlx::PgPool;

use super::{lines, run};
use crate::support::database;

/// One company in Berlin: keepnet-etl watches since 10 January 2026. Summer time begins on 29 March.
///
/// - `train`, created in November, due on 30 March by the local calendar: ann completes it on 31 March at 23:30 local time,
///   bob at 00:30 on 1 April; cat never does; dan was completed in December, as the vendor dates it; eve is removed in
///   February and back in April.
/// - `gone` is deleted on 15 March.
/// - `path` reports fay under its first step until 20 February, and under the second one since.
async fn world() -> PgPool {
    let pool = database::migrated().await;
    run(
        &pool,
        "insert into sync.accounts (account_id, time_zone, first_used_at, last_used_at)
             values ('r', 'Europe/Berlin', now(), now());
         insert into keepnet.companies (company_id, kind, name, number_of_users, target_user_count, first_seen_at, valid_from)
             values ('c', 'customer', 'C', 10, 7, '2026-01-10T08:00Z', '2026-03-29T22:30Z');
         insert into keepnet.company_history (company_id, valid_from, valid_to, is_present, number_of_users, target_user_count)
             values ('c', '2026-01-10T08:00Z', '2026-03-28T23:00Z', true, 10, 5),
                    ('c', '2026-03-28T23:00Z', '2026-03-29T22:30Z', true, 10, 6);
         insert into keepnet.enrollments (company_id, enrollment_id, name, type, created_at, due_at, first_seen_at, deleted_at,
                                          is_step, parent_enrollment_id)
             values ('c', 'train', 'Train', 'SCORM', '2025-11-05T09:00Z', '2026-03-29T22:30Z', '2026-01-10T08:00Z', null, false, null),
                    ('c', 'gone', 'Gone', 'SCORM', '2026-01-20T09:00Z', null, '2026-01-20T10:00Z', '2026-03-15T10:00Z', false, null),
                    ('c', 'path', 'Path', 'Learning Path', '2026-01-20T09:00Z', null, '2026-01-20T10:00Z', null, false, null),
                    ('c', 'step', 'Step', 'SCORM', '2026-01-20T09:00Z', null, '2026-01-20T10:00Z', null, true, 'path');
         insert into keepnet.target_users (company_id, target_user_id, reported_by_created_at, reported_by_enrollment_id,
                                           last_name, department, first_seen_at, valid_from)
             select 'c', u, now(), 'train', u, case u when 'ann' then 'Sales' else 'HR' end, '2026-01-10T08:00Z',
                    case u when 'ann' then timestamptz '2026-02-15T08:00Z' else '2026-01-10T08:00Z' end
             from unnest(array['ann', 'bob', 'cat', 'dan', 'eve', 'fay']) u;
         insert into keepnet.target_user_history (company_id, target_user_id, valid_from, valid_to, is_present, last_name, department)
             values ('c', 'ann', '2026-01-10T08:00Z', '2026-02-15T08:00Z', true, 'Old', 'HR');
         insert into keepnet.enrollment_users (company_id, enrollment_id, reported_enrollment_id, target_user_id, department, status,
                                               first_completed_at, first_seen_at, valid_from, deleted_at)
             values ('c', 'train', 'train', 'ann', 'Sales', 'Completed', null, '2026-01-10T08:00Z', '2026-03-31T21:30Z', null),
                    ('c', 'train', 'train', 'bob', 'HR', 'Completed', null, '2026-01-10T08:00Z', '2026-03-31T22:30Z', null),
                    ('c', 'train', 'train', 'cat', 'HR', 'Opened Email', null, '2026-01-10T08:00Z', '2026-01-10T08:00Z', null),
                    ('c', 'train', 'train', 'dan', 'HR', 'Completed', '2025-12-31T23:30Z', '2026-01-10T08:00Z', '2026-01-10T08:00Z', null),
                    ('c', 'train', 'train', 'eve', 'HR', 'Opened Email', null, '2026-01-10T08:00Z', '2026-04-10T08:00Z', null),
                    ('c', 'gone', 'gone', 'ann', 'Sales', 'Completed', null, '2026-01-20T10:00Z', '2026-03-15T10:00Z', '2026-03-15T10:00Z'),
                    ('c', 'path', 's1', 'fay', 'HR', 'In Progress', null, '2026-01-20T10:00Z', '2026-02-21T10:00Z', '2026-02-21T10:00Z'),
                    ('c', 'path', 's2', 'fay', 'HR', 'Completed', null, '2026-02-20T10:00Z', '2026-02-20T10:00Z', null),
                    ('c', 'step', 'step', 'fay', 'HR', 'Completed', null, '2026-02-20T10:00Z', '2026-02-20T10:00Z', null);
         insert into keepnet.enrollment_user_history (company_id, enrollment_id, reported_enrollment_id, target_user_id,
                                                      valid_from, valid_to, is_present, status)
             values ('c', 'train', 'train', 'ann', '2026-01-10T08:00Z', '2026-03-31T21:30Z', true, 'In Progress'),
                    ('c', 'train', 'train', 'bob', '2026-01-10T08:00Z', '2026-03-31T22:30Z', true, 'In Progress'),
                    ('c', 'train', 'train', 'eve', '2026-01-10T08:00Z', '2026-02-10T08:00Z', true, 'Opened Email'),
                    ('c', 'train', 'train', 'eve', '2026-02-10T08:00Z', '2026-04-10T08:00Z', false, 'Opened Email'),
                    ('c', 'gone', 'gone', 'ann', '2026-01-20T10:00Z', '2026-03-15T10:00Z', true, 'Completed'),
                    ('c', 'path', 's1', 'fay', '2026-01-20T10:00Z', '2026-02-21T10:00Z', true, 'In Progress')",
    )
    .await;
    pool
}

#[tokio::test]
async fn month_ends_are_midnights_of_the_account_also_across_summer_time() {
    let pool = world().await;
    let months = "select enrollment_id, month_key, is_covered, user_count, started_count, completed_count, overdue_count
                  from bi.fact_enrollment_month_end
                  where month_key <= 202604 order by enrollment_id, month_key";
    assert_eq!(
        lines(&pool, months).await,
        [
            "(gone,202601,t,1,1,1,0)",
            "(gone,202602,t,1,1,1,0)",
            "(path,202601,t,1,1,0,0)",
            "(path,202602,t,1,1,1,0)",
            "(path,202603,t,1,1,1,0)",
            "(path,202604,t,1,1,1,0)",
            // Dan's date is 1 January at 00:30 in Berlin: December does not have it.
            "(train,202511,f,,,0,)",
            "(train,202512,f,,,0,)",
            "(train,202601,t,5,3,1,0)",
            "(train,202602,t,4,3,1,0)",
            // Ann at 23:30 of 31 March; Bob half an hour into April.
            "(train,202603,t,4,3,2,2)",
            "(train,202604,t,5,3,3,2)",
        ]
    );
    // Person by person the same.
    let persons = "select m.enrollment_id, m.month_key, m.is_covered
                   from bi.fact_enrollment_month_end m
                   left join (select enrollment_id, month_key, count(*) filter (where is_covered) as users,
                                     count(*) filter (where is_completed) as completed,
                                     count(*) filter (where is_overdue and is_covered) as overdue
                              from bi.fact_user_month_end group by enrollment_id, month_key) u using (enrollment_id, month_key)
                   where coalesce(u.users, 0) <> coalesce(m.user_count, 0)
                      or coalesce(u.completed, 0) <> m.completed_count
                      or coalesce(u.overdue, 0) <> coalesce(m.overdue_count, 0)";
    assert_eq!(lines(&pool, persons).await, [""; 0]);
}

#[tokio::test]
async fn a_person_who_moved_is_in_the_department_of_then_at_each_month_end() {
    let pool = world().await;
    let ann = "select month_key, department_then, is_completed, is_overdue from bi.fact_user_month_end
               where enrollment_id = 'train' and target_user_id = 'ann' and month_key <= 202603 order by month_key";
    assert_eq!(
        lines(&pool, ann).await,
        [
            "(202511,,,)",
            "(202512,,,)",
            "(202601,HR,f,f)",
            "(202602,Sales,f,f)",
            "(202603,Sales,t,f)"
        ]
    );
    let versions = "select last_name, department, is_current, valid_to from bi.dim_person_version
                    where target_user_id = 'ann' order by valid_from";
    let versions = lines(&pool, versions).await;
    assert_eq!(versions.len(), 2);
    assert!(versions[0].starts_with("(Old,HR,f,\"2026-02-15"));
    assert_eq!(versions[1], "(ann,Sales,t,)");
}

#[tokio::test]
async fn what_was_reported_on_a_day_stands_beside_what_is_reported_now_with_the_reason() {
    let pool = world().await;
    let march = "select enrollment_id, target_user_id, was_reported, is_completed_then, is_completed_now, difference
                 from bi.as_reported_on('2026-03-31') order by enrollment_id, target_user_id";
    assert_eq!(
        lines(&pool, march).await,
        [
            "(path,fay,t,t,t,same)",
            "(train,ann,t,t,t,same)",
            "(train,bob,t,f,t,\"status changed\")",
            "(train,cat,t,f,f,same)",
            "(train,dan,t,t,t,same)",
            "(train,eve,f,,f,\"added since\")"
        ]
    );
    // A path that moves a person from step to step reports them once on each day, also while both rows are there.
    let fay = "select status_then, difference from bi.as_reported_on('2026-02-20') where enrollment_id = 'path'";
    assert_eq!(lines(&pool, fay).await, ["(Completed,same)"]);
    let gone = "select target_user_id, is_completed_then, is_reported_now, difference
                from bi.as_reported_on('2026-03-01') where enrollment_id = 'gone'";
    assert_eq!(
        lines(&pool, gone).await,
        ["(ann,t,f,\"no longer reported\")"]
    );
    let before = "select distinct difference, is_covered from bi.as_reported_on('2025-12-31') where enrollment_id = 'train'";
    assert_eq!(lines(&pool, before).await, ["(\"not watched then\",f)"]);
    let summary = "select enrollment_id, user_count_then, completed_count_then, completion_rate_then, user_count_now,
                          completed_count_now, added_count, status_changed_count
                   from bi.as_reported_summary_on('2026-03-31') order by 1";
    assert_eq!(
        lines(&pool, summary).await,
        ["(path,1,1,1,1,1,0,0)", "(train,4,2,0.5,5,3,1,1)"]
    );
}

#[tokio::test]
async fn a_company_has_one_row_for_each_local_day_also_when_a_day_has_23_hours() {
    let pool = world().await;
    let days = "select day, target_user_count from bi.fact_company_day where day between '2026-03-27' and '2026-03-31' order by day";
    // 28 March 23:00 UTC is midnight in Berlin; 29 March 22:30 UTC is 00:30 of the 30th, in summer time.
    assert_eq!(
        lines(&pool, days).await,
        [
            "(2026-03-27,5)",
            "(2026-03-28,5)",
            "(2026-03-29,6)",
            "(2026-03-30,7)",
            "(2026-03-31,7)"
        ]
    );
    let all = "select count(*) = count(distinct day) and count(*) = max(day) - min(day) + 1, min(day), bool_or(is_today)
               from bi.fact_company_day";
    assert_eq!(lines(&pool, all).await, ["(t,2026-01-10,t)"]);
}

#[tokio::test]
async fn due_days_and_completion_days_are_local_and_what_is_gone_is_in_no_fact_but_its_own() {
    let pool = world().await;
    let users = "select target_user_id, due_on, completed_on, completed_at_basis, is_completed_on_time, is_overdue
                 from bi.fact_enrollment_user where enrollment_id = 'train' order by 1";
    assert_eq!(
        lines(&pool, users).await,
        [
            "(ann,2026-03-30,2026-03-31,observed,f,f)",
            "(bob,2026-03-30,2026-04-01,observed,f,f)",
            "(cat,2026-03-30,,,,t)",
            "(dan,2026-03-30,2026-01-01,reported,t,f)",
            "(eve,2026-03-30,,,,t)"
        ]
    );
    let paths = "select enrollment_id, target_user_id, status from bi.fact_enrollment_user where enrollment_id <> 'train'";
    assert_eq!(lines(&pool, paths).await, ["(path,fay,Completed)"]);
    let steps = "select enrollment_id, step_enrollment_id, target_user_id from bi.fact_step_user";
    assert_eq!(lines(&pool, steps).await, ["(path,step,fay)"]);
    let counts = "select enrollment_id, user_count, completed_count, overdue_count, completed_on_time_count, completion_rate
                  from bi.fact_enrollment order by 1";
    assert_eq!(
        lines(&pool, counts).await,
        ["(path,1,1,0,,1)", "(train,5,3,2,1,0.6)"]
    );
    let gone =
        "select enrollment_id, target_user_id, is_deleted from bi.fact_enrollment_user_with_deleted
                where is_deleted order by 1, 2";
    assert_eq!(lines(&pool, gone).await, ["(gone,ann,t)", "(path,fay,t)"]);
    // The enrollment comes back: so do its rows.
    run(
        &pool,
        "update keepnet.enrollments set deleted_at = null where enrollment_id = 'gone';
         update keepnet.enrollment_users set deleted_at = null, valid_from = '2026-05-01T08:00Z' where enrollment_id = 'gone'",
    )
    .await;
    let back =
        "select user_count, completed_count from bi.fact_enrollment where enrollment_id = 'gone'";
    assert_eq!(lines(&pool, back).await, ["(1,1)"]);
}
