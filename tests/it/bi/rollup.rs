//! Counts that triggers keep: at every moment they are what counting anew gives.

use chrono::TimeDelta;
use keepnet_etl::sync::{Extent, SyncRequest};
use sqlx::PgPool;

use super::{count, lines, run};
use crate::support::TestApp;
use crate::support::simulator::Simulator;

const WORLD: &[&str] = &[
    "--companies",
    "3",
    "--enrollments",
    "6",
    "--users",
    "16",
    "--survey-share",
    "40%",
    "--learning-paths",
    "30%",
    "--archived",
    "10%",
];
const ROLLUPS: [&str; 16] = [
    "status_months",
    "department_quarters",
    "department_statuses",
    "completion_days",
    "enrollment_statuses",
    "answer_options",
    "question_scores",
    "question_totals",
    "survey_sessions",
    "step_statuses",
    "completion_curves",
    "status_curves",
    "department_progress",
    "department_progress_quarters",
    "department_themes",
    "survey_scores",
];

/// Everything that is counted, and the ends of sessions.
async fn counts(pool: &PgPool) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for rollup in ROLLUPS {
        let sql = format!("select r::text as row from rollup.{rollup} r order by 1");
        all.push(lines(pool, &sql).await);
    }
    all
}

/// Asserts that counting anew changes nothing. Counting is done by plain statements over the tables, the triggers add up
/// what single statements change.
async fn assert_counts_are_right(pool: &PgPool, when: &str) {
    let kept = counts(pool).await;
    run(pool, "select rollup.rebuild()").await;
    let anew = counts(pool).await;
    for ((rollup, kept), anew) in ROLLUPS.iter().zip(&kept).zip(&anew) {
        assert_eq!(kept, anew, "{rollup} after {when}");
    }
    let ends = "select count(*) from keepnet.enrollment_users u
                where session_completed_at is distinct from (
                    select min(s.started_at + coalesce((
                        select sum(l.latency) from (select distinct a.question_id, a.latency from keepnet.survey_answers a
                                                    where a.company_id = s.company_id and a.enrollment_id = s.enrollment_id
                                                      and a.target_user_id = s.target_user_id and a.session_id = s.session_id
                                                      and a.deleted_at is null) l), '0'))
                    from keepnet.survey_sessions s
                    where s.company_id = u.company_id and s.enrollment_id = u.reported_enrollment_id
                      and s.target_user_id = u.target_user_id and s.deleted_at is null)";
    assert_eq!(count(pool, ends).await, 0, "ends of sessions after {when}");
    // Marked is where a better row of the same person and enrollment is there.
    let wrong = "select count(*) from keepnet.enrollment_users u
                 where is_superseded <> exists (
                     select from keepnet.enrollment_users o
                     where (o.company_id, o.enrollment_id, o.target_user_id) = (u.company_id, u.enrollment_id, u.target_user_id)
                       and (o.deleted_at is null, o.reported_enrollment_id = o.enrollment_id, o.valid_from, o.reported_enrollment_id)
                         > (u.deleted_at is null, u.reported_enrollment_id = u.enrollment_id, u.valid_from, u.reported_enrollment_id))";
    assert_eq!(count(pool, wrong).await, 0, "rows that count after {when}");
}

#[tokio::test]
async fn loads_changes_deletions_and_returns_leave_the_counts_as_counting_anew_would() {
    let simulator = Simulator::start(WORLD);
    let settings = [
        ("api.time_zone", "Europe/Istanbul"),
        ("api.page_size", "10"),
    ];
    let app = TestApp::new(simulator.url(), &settings).await;
    app.sync().await.unwrap();
    for rollup in ROLLUPS {
        let rows = count(&app.pool, &format!("select count(*) from rollup.{rollup}")).await;
        assert!(rows > 0, "{rollup}");
    }
    assert_counts_are_right(&app.pool, "the first load").await;
    let request = SyncRequest {
        extent: Extent::Everything,
        accepts_deletions: true,
        ..SyncRequest::default()
    };
    for step in 0..4 {
        for _ in 0..2 {
            app.clock.advance(TimeDelta::hours(13));
            let now = keepnet_etl::clock::Clock::now(&*app.clock);
            simulator.set_now(now).await;
            simulator.step(step, 12).await;
            app.sync_only(&request).await.unwrap();
        }
        assert_counts_are_right(&app.pool, &format!("step {step}")).await;
    }
    let closed = count(
        &app.pool,
        "select count(*) from keepnet.enrollment_user_history",
    )
    .await;
    assert!(closed > 0);
}

#[tokio::test]
async fn erasing_a_person_in_any_order_and_another_time_zone_leave_the_counts_right() {
    let simulator = Simulator::start(WORLD);
    let settings = [("api.time_zone", "Europe/Istanbul")];
    let app = TestApp::new(simulator.url(), &settings).await;
    app.sync().await.unwrap();
    // Two who answered, with earlier versions under a department that is another now.
    run(
        &app.pool,
        "insert into keepnet.enrollment_user_history (company_id, enrollment_id, reported_enrollment_id, target_user_id,
                                                      valid_from, valid_to, is_present, status)
         select company_id, enrollment_id, reported_enrollment_id, target_user_id, valid_from - interval '40 days', valid_from,
                true, 'Opened Email' from keepnet.enrollment_users",
    )
    .await;
    assert_counts_are_right(&app.pool, "earlier versions").await;
    run(
        &app.pool,
        "update keepnet.enrollment_users set department = coalesce(department, '') || ' (new)'",
    )
    .await;
    assert_counts_are_right(&app.pool, "other departments").await;
    // Persons who were elsewhere before: what they did then is counted there.
    run(
        &app.pool,
        "insert into keepnet.target_user_history (company_id, target_user_id, valid_from, valid_to, is_present, department)
         select company_id, target_user_id, valid_from - interval '200 days', valid_from - interval '20 days', true, 'Before'
         from keepnet.target_users",
    )
    .await;
    assert_counts_are_right(&app.pool, "earlier departments").await;
    run(
        &app.pool,
        "update keepnet.target_users set department = 'Elsewhere', valid_from = valid_from - interval '20 days'",
    )
    .await;
    assert_counts_are_right(&app.pool, "departments of persons").await;
    run(
        &app.pool,
        "update keepnet.enrollments set due_at = coalesce(due_at, first_seen_at) - interval '1 day'",
    )
    .await;
    assert_counts_are_right(&app.pool, "other due dates").await;
    // A path that reports its people under its steps, too; that shows them only there; and of which another step is newer.
    let of_steps = "(company_id, enrollment_id) in (select company_id, parent_enrollment_id from keepnet.enrollments where is_step)";
    let rows = [
        "insert into keepnet.enrollment_users (company_id, enrollment_id, reported_enrollment_id, target_user_id, status,
                                               first_seen_at, synced_at, valid_from)
         select s.company_id, s.parent_enrollment_id, s.enrollment_id, u.target_user_id, 'In Progress', u.first_seen_at,
                u.synced_at, u.valid_from
         from keepnet.enrollments s
         join keepnet.enrollment_users u on u.company_id = s.company_id and u.enrollment_id = s.parent_enrollment_id
         where s.is_step and u.reported_enrollment_id = u.enrollment_id"
            .to_owned(),
        format!(
            "update keepnet.enrollment_users set deleted_at = now() where reported_enrollment_id = enrollment_id and {of_steps}"
        ),
        format!(
            "update keepnet.enrollment_users set valid_from = valid_from + interval '1 day'
             where reported_enrollment_id in (select enrollment_id from keepnet.enrollments where step_number = 1) and {of_steps}"
        ),
        format!(
            "update keepnet.enrollment_users set deleted_at = now() where reported_enrollment_id <> enrollment_id and {of_steps}"
        ),
        format!("update keepnet.enrollment_users set deleted_at = null where {of_steps}"),
    ];
    let superseded = "select count(*) from keepnet.enrollment_users where is_superseded";
    for change in &rows {
        run(&app.pool, change).await;
        assert!(count(&app.pool, superseded).await > 0, "{change}");
        assert_counts_are_right(&app.pool, change).await;
    }
    run(
        &app.pool,
        "delete from keepnet.enrollment_users where reported_enrollment_id <> enrollment_id",
    )
    .await;
    assert_eq!(count(&app.pool, superseded).await, 0);
    assert_counts_are_right(&app.pool, "rows of steps gone").await;
    // A step that is none any more, and one that moves to another path.
    let moves = [
        "is_step = false",
        "is_step = true",
        "parent_enrollment_id = 'elsewhere'",
    ];
    for moved in moves {
        run(
            &app.pool,
            &format!("update keepnet.enrollments set {moved} where step_number = 1"),
        )
        .await;
        assert_counts_are_right(&app.pool, moved).await;
    }
    // Themes, words and names that mean something else, and another size of groups: each statement is to move something.
    let meanings = [
        "update keepnet.survey_questions set group_id = 'g' || length(question_id) % 2",
        "update sync.view_settings set min_group = 2",
        "insert into ref.department_map select distinct '', department, left(department, 1) from keepnet.enrollment_users
         where department <> ''",
        "update ref.department_map set mapped_department = 'All of them'",
        "delete from ref.department_map",
        "insert into ref.department_map select distinct company_id, department, 'Ours' from keepnet.enrollment_users
         where department <> ''",
        "truncate ref.department_map",
        "update ref.status_map set status_group = 'completed' where status = 'openedemail'",
        "delete from ref.status_map where status = 'openedemail'",
        "insert into ref.status_map values ('user', 'openedemail', 'completed')",
        "truncate ref.status_map",
        "insert into ref.status_map values ('user', 'completed', 'completed'), ('user', 'openedemail', 'opened')",
    ];
    for change in meanings {
        let before = counts(&app.pool).await;
        run(&app.pool, change).await;
        assert!(before != counts(&app.pool).await, "{change}");
        assert_counts_are_right(&app.pool, change).await;
    }
    // A question whose options are not known has no score.
    run(
        &app.pool,
        "update keepnet.survey_questions set option_count = nullif(option_count, 5) + 1",
    )
    .await;
    assert_counts_are_right(&app.pool, "other options").await;
    let tables = [
        "enrollment_users",
        "enrollment_user_history",
        "survey_sessions",
        "survey_answers",
        "target_users",
        "target_user_history",
    ];
    let persons: Vec<String> = lines(
        &app.pool,
        "select distinct target_user_id from keepnet.survey_sessions order by 1 limit 4",
    )
    .await
    .iter()
    .map(|line| line.trim_matches(['(', ')']).to_owned())
    .collect();
    assert_eq!(persons.len(), 4);
    for (turn, person) in persons.iter().enumerate() {
        for place in 0..tables.len() {
            let table = tables[(place + turn) % tables.len()];
            run(
                &app.pool,
                &format!("delete from keepnet.{table} where target_user_id = '{person}'"),
            )
            .await;
            assert_counts_are_right(&app.pool, &format!("erasing from {table} in turn {turn}"))
                .await;
        }
    }
    let before = counts(&app.pool).await;
    run(
        &app.pool,
        "update sync.accounts set time_zone = 'Pacific/Kiritimati'",
    )
    .await;
    let after = counts(&app.pool).await;
    assert_ne!(before, after);
    assert_counts_are_right(&app.pool, "another time zone").await;
    // A company that goes leaves nothing behind.
    for table in tables {
        run(&app.pool, &format!("delete from keepnet.{table}")).await;
    }
    assert_eq!(counts(&app.pool).await, [[""; 0]; 16]);
}
