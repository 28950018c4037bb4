-- Counting everything anew, and the triggers that make that needless.

create function rollup.recount_company(of_company text) returns void
language plpgsql as $$
declare
    zone text := rollup.time_zone();
begin
    delete from rollup.status_months where company_id = of_company;
    delete from rollup.department_quarters where company_id = of_company;
    delete from rollup.department_statuses where company_id = of_company;
    delete from rollup.completion_days where company_id = of_company;
    delete from rollup.answer_options where company_id = of_company;
    delete from rollup.survey_sessions where company_id = of_company;
    delete from rollup.step_statuses where company_id = of_company;
    with version as materialized (
        select enrollment_id, target_user_id, coalesce(status, '') as status, valid_from, 'infinity'::timestamptz as valid_to
        from keepnet.enrollment_users
        where company_id = of_company and deleted_at is null and reported_enrollment_id = enrollment_id
        union all
        select enrollment_id, target_user_id, coalesce(status, ''), valid_from, valid_to
        from keepnet.enrollment_user_history
        where company_id = of_company and is_present and reported_enrollment_id = enrollment_id
    ), months as (
        insert into rollup.status_months
        select of_company, v.enrollment_id, v.status, m.month, sum(m.entered), sum(m.gone)
        from version v
        cross join lateral (values (date_trunc('month', v.valid_from at time zone zone)::date, 1, 0),
                                   (date_trunc('month', v.valid_to at time zone zone)::date, 0, 1)) m (month, entered, gone)
        where m.month < 'infinity'
        group by v.enrollment_id, v.status, m.month
    ), stay as materialized (
        select enrollment_id, target_user_id, status, date_trunc('quarter', valid_from at time zone zone)::date as begins,
               date_trunc('quarter', valid_to at time zone zone)::date as ends
        from version
    ), department as (
        select target_user_id, department, date_trunc('quarter', valid_from at time zone zone)::date as begins,
               'infinity'::date as ends
        from keepnet.target_users
        where company_id = of_company and department <> ''
        union all
        select target_user_id, department, date_trunc('quarter', valid_from at time zone zone)::date,
               date_trunc('quarter', valid_to at time zone zone)::date
        from keepnet.target_user_history
        where company_id = of_company and department <> ''
    )
    insert into rollup.department_quarters
    select of_company, enrollment_id, department, status, quarter, sum(change)
    from (
        select s.enrollment_id, m.department, s.status, m.quarter, m.change
        from stay s
        cross join lateral (values ('', s.begins, 1), ('', s.ends, -1)) m (department, quarter, change)
        union all
        select s.enrollment_id, m.department, s.status, m.quarter, m.change
        from stay s
        join department d using (target_user_id)
        cross join lateral (values (greatest(d.begins, s.begins), least(d.ends, s.ends))) b (begins, ends)
        cross join lateral (values (d.department, b.begins, 1), ('', b.begins, -1),
                                   (d.department, b.ends, -1), ('', b.ends, 1)) m (department, quarter, change)
        where b.begins < b.ends) q
    where quarter < 'infinity'
    group by enrollment_id, department, status, quarter having sum(change) <> 0;
    insert into rollup.department_statuses
    select of_company, enrollment_id, coalesce(department, ''), coalesce(status, ''), count(*)
    from keepnet.enrollment_users
    where company_id = of_company and deleted_at is null and reported_enrollment_id = enrollment_id
    group by 2, 3, 4;
    insert into rollup.completion_days
    select of_company, enrollment_id, coalesce(status, ''),
           (coalesce(first_completed_at, session_completed_at, valid_from) at time zone zone)::date,
           case when first_completed_at is not null then 'reported' when session_completed_at is not null then 'session'
                when valid_from > first_seen_at then 'observed' else 'first seen' end, count(*)
    from keepnet.enrollment_users
    where company_id = of_company and deleted_at is null and reported_enrollment_id = enrollment_id
    group by 2, 3, 4, 5;
    insert into rollup.answer_options
    select of_company, a.enrollment_id, a.content_id, a.question_id, coalesce(u.department, ''),
           coalesce(date_trunc('month', s.started_at at time zone zone)::date, '-infinity'), coalesce(a.question_type, ''),
           a.position, coalesce(a.scale_position, -1), coalesce(a.scored_position, -1), count(*)
    from keepnet.survey_answers a
    join keepnet.survey_sessions s
        on s.company_id = of_company and s.enrollment_id = a.enrollment_id and s.target_user_id = a.target_user_id
        and s.session_id = a.session_id
    left join keepnet.enrollment_users u
        on u.company_id = of_company and u.enrollment_id = a.enrollment_id
        and u.reported_enrollment_id = a.enrollment_id and u.target_user_id = a.target_user_id
    where a.company_id = of_company and s.is_latest and s.deleted_at is null and a.deleted_at is null
    group by 2, 3, 4, 5, 6, 7, 8, 9, 10;
    insert into rollup.survey_sessions
    select of_company, enrollment_id, count(*) filter (where is_latest),
           count(*) filter (where is_latest and answered_count < asked_count),
           count(*) filter (where is_latest and asked_count is null), count(*) filter (where not is_latest)
    from keepnet.survey_sessions
    where company_id = of_company and deleted_at is null
    group by enrollment_id;
    perform rollup.recount(of_company, enrollment_id)
    from (select enrollment_id from keepnet.enrollment_users
          where company_id = of_company and reported_enrollment_id <> enrollment_id
          union
          select enrollment_id from keepnet.enrollment_user_history
          where company_id = of_company and reported_enrollment_id <> enrollment_id) p;
    perform rollup.recount_steps(of_company, parent_enrollment_id)
    from (select distinct parent_enrollment_id from keepnet.enrollments
          where company_id = of_company and is_step and parent_enrollment_id is not null) p;
end $$;
comment on function rollup.recount_company(text) is 'Counts everything of one company anew.';

create function rollup.rebuild() returns void
language plpgsql as $$
begin
    -- Who writes ends first, and who comes waits: their counts would be of before or of after.
    lock table keepnet.enrollment_users, keepnet.enrollment_user_history, keepnet.survey_sessions, keepnet.survey_answers,
        keepnet.target_users, keepnet.target_user_history
        in share row exclusive mode;
    truncate rollup.status_months, rollup.department_quarters, rollup.department_statuses, rollup.completion_days,
        rollup.enrollment_statuses, rollup.answer_options, rollup.question_scores, rollup.question_totals, rollup.survey_sessions,
        rollup.step_statuses;
    -- Company by company: what one has fits into memory.
    perform rollup.recount_company(company_id) from keepnet.companies order by company_id;
end $$;
comment on function rollup.rebuild() is 'Counts everything anew, for instance after rows were written with triggers off. Loads wait meanwhile.';

create function rollup.after_time_zone() returns trigger
language plpgsql as $$
begin
    if exists (select from rollup.status_months) or exists (select from rollup.answer_options) then
        perform rollup.rebuild();
    end if;
    return null;
end $$;
comment on function rollup.after_time_zone() is 'Counts anew when months and days begin at another time.';
create trigger rollup_time_zone after update of time_zone on sync.accounts
    for each row when (old.time_zone is distinct from new.time_zone) execute function rollup.after_time_zone();
create trigger rollup_account after insert or delete on sync.accounts
    for each statement execute function rollup.after_time_zone();

do $triggers$
declare
    one record;
begin
    for one in
        select t.*, e.*
        from (values
            ('keepnet.enrollment_users', 'rollup', 'after_enrollment_users'),
            ('keepnet.enrollment_users', 'rollup_answers', 'after_departments_of_answers'),
            ('keepnet.enrollment_users', 'rollup_steps', 'after_steps_of_users'),
            ('keepnet.enrollment_user_history', 'rollup', 'after_enrollment_user_history'),
            ('keepnet.target_users', 'rollup', 'after_departments'),
            ('keepnet.target_user_history', 'rollup', 'after_departments'),
            ('keepnet.survey_sessions', 'rollup', 'after_survey_sessions'),
            ('keepnet.survey_answers', 'rollup', 'after_survey_answers'),
            ('keepnet.survey_questions', 'rollup', 'after_survey_questions'),
            ('rollup.completion_days', 'rollup', 'after_completion_days'),
            ('rollup.answer_options', 'rollup', 'after_answer_options'),
            ('rollup.question_scores', 'rollup', 'after_question_scores')) t (name, trigger, function)
        cross join (values ('insert', 'new table as new_rows'), ('update', 'old table as old_rows new table as new_rows'),
                           ('delete', 'old table as old_rows')) e (event, rows)
    loop
        execute format('create trigger %I after %s on %s referencing %s for each statement execute function rollup.%I()',
                       one.trigger || '_' || one.event, one.event, one.name, one.rows, one.function);
    end loop;
end $triggers$;
create trigger rollup_update after update on keepnet.enrollments
    referencing old table as old_rows new table as new_rows for each statement execute function rollup.after_due_dates();
create trigger rollup_steps_update after update on keepnet.enrollments
    referencing old table as old_rows new table as new_rows for each statement execute function rollup.after_steps();

-- For a database that holds rows already.
update keepnet.enrollment_users u set session_completed_at = done.at
from (select company_id, enrollment_id, target_user_id, rollup.session_completed_at(company_id, enrollment_id, target_user_id) as at
      from (select distinct company_id, enrollment_id, target_user_id from keepnet.survey_sessions) s) done
where u.company_id = done.company_id and u.reported_enrollment_id = done.enrollment_id
  and u.target_user_id = done.target_user_id and u.session_completed_at is distinct from done.at;
select rollup.rebuild();
