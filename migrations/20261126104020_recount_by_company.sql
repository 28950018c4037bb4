-- A learning path is counted anew also when only its history changes; and counting everything anew goes company by company,
-- within memory.
create or replace function rollup.after_enrollment_user_history() returns trigger
language plpgsql as $$
declare
    has_rows boolean;
    rows_of text := case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end;
    zone text := rollup.time_zone();
    changed text := case tg_op
        when 'INSERT' then 'select 1 as sign, n.* from new_rows n'
        when 'DELETE' then 'select -1 as sign, o.* from old_rows o'
        else 'select 1 as sign, n.* from new_rows n union all select -1, o.* from old_rows o' end;
    pair record;
begin
    execute format('select exists (select from %I)', case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end) into has_rows;
    if not has_rows then return null; end if;
    execute format(
        'insert into rollup.status_months as t
         select c.company_id, c.enrollment_id, coalesce(u.department, ''''), coalesce(c.status, ''''), m.month,
                sum(m.entered), sum(m.gone)
         from (%s) c
         left join keepnet.enrollment_users u using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
         cross join lateral (values (date_trunc(''month'', c.valid_from at time zone $1)::date, c.sign, 0),
                                    (date_trunc(''month'', c.valid_to at time zone $1)::date, 0, c.sign)) m (month, entered, gone)
         where c.is_present and c.reported_enrollment_id = c.enrollment_id
         group by 1, 2, 3, 4, 5 having sum(m.entered) <> 0 or sum(m.gone) <> 0
         order by 1, 2, 3, 4, 5
         on conflict (company_id, enrollment_id, department, status, month) do update
         set entered_count = t.entered_count + excluded.entered_count, left_count = t.left_count + excluded.left_count', changed)
        using zone;
    if tg_op <> 'INSERT' then
        delete from rollup.status_months t using (select distinct company_id, enrollment_id from old_rows) c
        where t.company_id = c.company_id and t.enrollment_id = c.enrollment_id and entered_count = 0 and left_count = 0;
    end if;
    for pair in execute format(
        'select company_id, enrollment_id
         from (select distinct company_id, enrollment_id from %I) c
         where exists (select from keepnet.enrollment_users u
                       where u.company_id = c.company_id and u.enrollment_id = c.enrollment_id
                         and u.reported_enrollment_id <> u.enrollment_id)
            or exists (select from keepnet.enrollment_user_history h
                       where h.company_id = c.company_id and h.enrollment_id = c.enrollment_id
                         and h.reported_enrollment_id <> h.enrollment_id)
            or exists (select from %I r
                       where r.company_id = c.company_id and r.enrollment_id = c.enrollment_id
                         and r.reported_enrollment_id <> r.enrollment_id)
         order by 1, 2', rows_of, rows_of)
    loop
        perform rollup.recount(pair.company_id, pair.enrollment_id);
    end loop;
    return null;
end $$;

create or replace function rollup.recount_company(of_company text) returns void
language plpgsql as $$
declare
    zone text := rollup.time_zone();
begin
    delete from rollup.status_months where company_id = of_company;
    delete from rollup.completion_days where company_id = of_company;
    delete from rollup.answer_options where company_id = of_company;
    insert into rollup.status_months
    select of_company, enrollment_id, department, status, month, sum(entered), sum(gone)
    from (
        select enrollment_id, coalesce(department, '') as department, coalesce(status, '') as status,
               date_trunc('month', valid_from at time zone zone)::date as month, 1 as entered, 0 as gone
        from keepnet.enrollment_users
        where company_id = of_company and deleted_at is null and reported_enrollment_id = enrollment_id
        union all
        select h.enrollment_id, coalesce(u.department, ''), coalesce(h.status, ''), m.month, m.entered, m.gone
        from keepnet.enrollment_user_history h
        left join keepnet.enrollment_users u
            on u.company_id = of_company and u.enrollment_id = h.enrollment_id
            and u.reported_enrollment_id = h.reported_enrollment_id and u.target_user_id = h.target_user_id
        cross join lateral (values (date_trunc('month', h.valid_from at time zone zone)::date, 1, 0),
                                   (date_trunc('month', h.valid_to at time zone zone)::date, 0, 1)) m (month, entered, gone)
        where h.company_id = of_company and h.is_present and h.reported_enrollment_id = h.enrollment_id) m
    group by enrollment_id, department, status, month;
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
    perform rollup.recount(of_company, enrollment_id)
    from (select enrollment_id from keepnet.enrollment_users
          where company_id = of_company and reported_enrollment_id <> enrollment_id
          union
          select enrollment_id from keepnet.enrollment_user_history
          where company_id = of_company and reported_enrollment_id <> enrollment_id) p;
end $$;
comment on function rollup.recount_company(text) is 'Counts everything of one company anew.';

create or replace function rollup.rebuild() returns void
language plpgsql as $$
begin
    -- Who writes ends first, and who comes waits: their counts would be of before or of after.
    lock table keepnet.enrollment_users, keepnet.enrollment_user_history, keepnet.survey_sessions, keepnet.survey_answers
        in share row exclusive mode;
    truncate rollup.status_months, rollup.completion_days, rollup.answer_options;
    -- Company by company: what one has fits into memory.
    perform rollup.recount_company(company_id) from keepnet.companies order by company_id;
end $$;

select rollup.rebuild();
