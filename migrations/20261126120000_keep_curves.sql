-- What a view takes too long to work out from the counts of people, kept beside them. It is worked out anew for an
-- enrollment whenever a statement changed a count that it is made of, or the reseller changed what the counts mean: unlike
-- the counts, it follows ref.status_map and ref.department_map.

create table rollup.completion_curves (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    days date[] not null,
    completed_counts bigint[] not null,
    estimated_counts bigint[] not null,
    completed_so_far_counts bigint[] not null,
    dated_months date[] not null,
    dated_so_far_counts bigint[] not null,
    completed_count bigint not null,
    estimated_count bigint not null,
    primary key (company_id, enrollment_id)
) with (fillfactor = 80);
comment on table rollup.completion_curves is 'When people completed an enrollment, from completion_days.';
comment on column rollup.completion_curves.company_id is 'The company.';
comment on column rollup.completion_curves.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.completion_curves.days is 'The days on which somebody did, in the account''s time zone, earliest first. The next three have one element for each.';
comment on column rollup.completion_curves.completed_counts is 'People who completed it on that day: whose status counts as completed now.';
comment on column rollup.completion_curves.estimated_counts is 'Those of them of whom only the day is known by which they had.';
comment on column rollup.completion_curves.completed_so_far_counts is 'People who completed it up to and with that day.';
comment on column rollup.completion_curves.dated_months is 'First days of the months in which somebody completed it by a date of the vendor or the end of a session, whatever the status is now, earliest first. The next one has one element for each.';
comment on column rollup.completion_curves.dated_so_far_counts is 'People who did so up to and with that month.';
comment on column rollup.completion_curves.completed_count is 'People who completed it: the sum of completed_counts.';
comment on column rollup.completion_curves.estimated_count is 'The sum of estimated_counts.';

create table rollup.status_curves (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    months date[] not null,
    user_counts bigint[] not null,
    targeted_user_counts bigint[] not null,
    started_counts bigint[] not null,
    completed_counts bigint[] not null,
    primary key (company_id, enrollment_id)
) with (fillfactor = 80);
comment on table rollup.status_curves is 'How far the people of an enrollment were at the ends of months, from status_months.';
comment on column rollup.status_curves.company_id is 'The company.';
comment on column rollup.status_curves.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.status_curves.months is 'First days of the months in which a status changed, in the account''s time zone, earliest first. The other arrays have one element for each, which holds until the next one.';
comment on column rollup.status_curves.user_counts is 'People in it at the end of that month.';
comment on column rollup.status_curves.targeted_user_counts is 'Those of them who are to finish it.';
comment on column rollup.status_curves.started_counts is 'Those who had begun.';
comment on column rollup.status_curves.completed_counts is 'Those who had completed it.';

create table rollup.department_progress (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    department text not null,
    assigned_count bigint not null,
    completed_count bigint not null,
    primary key (company_id, enrollment_id, department)
) with (fillfactor = 80);
comment on table rollup.department_progress is 'How far the departments are in an enrollment now, from department_statuses.';
comment on column rollup.department_progress.company_id is 'The company.';
comment on column rollup.department_progress.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.department_progress.department is 'As the report of the enrollment shows it now, by the name of ref.department_map; (none) when it shows none.';
comment on column rollup.department_progress.assigned_count is 'People who are to finish it.';
comment on column rollup.department_progress.completed_count is 'People who completed it.';

create table rollup.department_progress_quarters (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    department text not null,
    quarter date not null,
    assigned_change bigint not null,
    completed_change bigint not null,
    primary key (company_id, enrollment_id, department, quarter)
) with (fillfactor = 80);
comment on table rollup.department_progress_quarters is 'By how many the people of a department who are to finish an enrollment, or completed it, are more or fewer at the end of a quarter than a quarter before, from department_quarters. Up to a quarter, added up: how many they were at its end.';
comment on column rollup.department_progress_quarters.company_id is 'The company.';
comment on column rollup.department_progress_quarters.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.department_progress_quarters.department is 'The person''s department at the quarter''s end, by the name of ref.department_map; (none) when none is known.';
comment on column rollup.department_progress_quarters.quarter is 'First day of the quarter, in the account''s time zone.';
comment on column rollup.department_progress_quarters.assigned_change is 'How many more are to finish it.';
comment on column rollup.department_progress_quarters.completed_change is 'How many more have completed it.';

-- All of this reads schema ref, which the daemon's role does not, and works for whoever edits that: with the rights of the
-- owner.
create function rollup.hold(of_company text, of_enrollments text[]) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform from keepnet.enrollments e
    where e.company_id = of_company and e.enrollment_id = any (of_enrollments)
    order by e.enrollment_id
    for no key update;
end $$;
comment on function rollup.hold(text, text[]) is 'Lets one at a time work something out anew for these enrollments: whoever comes next sees what this one wrote.';

create function rollup.recount_completion_curves(of_company text, of_enrollments text[]) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform rollup.hold(of_company, of_enrollments);
    with day as (
        select r.enrollment_id, r.day,
               coalesce(sum(r.user_count) filter (where m.status_group = 'completed'), 0)::bigint as completed,
               coalesce(sum(r.user_count) filter (where m.status_group = 'completed' and r.basis = 'first seen'), 0)::bigint
                   as estimated,
               coalesce(sum(r.user_count) filter (where r.basis in ('reported', 'session')), 0)::bigint as dated
        from rollup.completion_days r
        left join ref.status_map m on m.domain = 'user' and m.status = r.status_word
        where r.company_id = of_company and r.enrollment_id = any (of_enrollments)
        group by r.enrollment_id, r.day
    ), completed as (
        select d.enrollment_id, array_agg(d.day order by d.day) as days, array_agg(d.completed order by d.day) as completed,
               array_agg(d.estimated order by d.day) as estimated, array_agg(d.so_far order by d.day) as so_far,
               sum(d.completed)::bigint as completed_count, sum(d.estimated)::bigint as estimated_count
        from (
            select *, (sum(completed) over (partition by enrollment_id order by day))::bigint as so_far
            from day
            where completed <> 0) d
        group by d.enrollment_id
    ), dated as (
        select d.enrollment_id, array_agg(d.month order by d.month) as months, array_agg(d.so_far order by d.month) as so_far
        from (
            select enrollment_id, date_trunc('month', day)::date as month,
                   (sum(sum(dated)) over (partition by enrollment_id order by date_trunc('month', day)))::bigint as so_far
            from day
            group by enrollment_id, date_trunc('month', day) having sum(dated) <> 0) d
        group by d.enrollment_id
    ), anew as materialized (
        select enrollment_id, coalesce(c.days, '{}') as days, coalesce(c.completed, '{}') as completed,
               coalesce(c.estimated, '{}') as estimated, coalesce(c.so_far, '{}') as so_far,
               coalesce(d.months, '{}') as dated_months, coalesce(d.so_far, '{}') as dated_so_far,
               coalesce(c.completed_count, 0) as completed_count, coalesce(c.estimated_count, 0) as estimated_count
        from completed c
        full join dated d using (enrollment_id)
    ), gone as (
        delete from rollup.completion_curves t
        where t.company_id = of_company and t.enrollment_id = any (of_enrollments)
          and not exists (select from anew a where a.enrollment_id = t.enrollment_id)
    )
    insert into rollup.completion_curves as t
        (company_id, enrollment_id, days, completed_counts, estimated_counts, completed_so_far_counts, dated_months,
         dated_so_far_counts, completed_count, estimated_count)
    select of_company, enrollment_id, days, completed, estimated, so_far, dated_months, dated_so_far, completed_count,
           estimated_count
    from anew
    on conflict (company_id, enrollment_id) do update
    set days = excluded.days, completed_counts = excluded.completed_counts, estimated_counts = excluded.estimated_counts,
        completed_so_far_counts = excluded.completed_so_far_counts, dated_months = excluded.dated_months,
        dated_so_far_counts = excluded.dated_so_far_counts, completed_count = excluded.completed_count,
        estimated_count = excluded.estimated_count
    where t is distinct from excluded;
end $$;
comment on function rollup.recount_completion_curves(text, text[]) is 'Works out anew when people completed these enrollments of a company.';

create function rollup.recount_status_curves(of_company text, of_enrollments text[]) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform rollup.hold(of_company, of_enrollments);
    with change as (
        select r.enrollment_id, r.month, sum(r.entered_count - r.left_count) as users,
               coalesce(sum(r.entered_count - r.left_count) filter (
                   where m.status_group is null or m.status_group not in ('cancelled', 'excluded')), 0) as targeted,
               coalesce(sum(r.entered_count - r.left_count) filter (
                   where m.status_group in ('in progress', 'completed', 'failed')), 0) as started,
               coalesce(sum(r.entered_count - r.left_count) filter (where m.status_group = 'completed'), 0) as completed
        from rollup.status_months r
        left join ref.status_map m on m.domain = 'user' and m.status = r.status_word
        where r.company_id = of_company and r.enrollment_id = any (of_enrollments)
          and (r.entered_count <> 0 or r.left_count <> 0)
        group by r.enrollment_id, r.month
    ), anew as materialized (
        select s.enrollment_id, array_agg(s.month order by s.month) as months, array_agg(s.users order by s.month) as users,
               array_agg(s.targeted order by s.month) as targeted, array_agg(s.started order by s.month) as started,
               array_agg(s.completed order by s.month) as completed
        from (
            select enrollment_id, month, (sum(users) over until)::bigint as users,
                   (sum(targeted) over until)::bigint as targeted, (sum(started) over until)::bigint as started,
                   (sum(completed) over until)::bigint as completed
            from change
            window until as (partition by enrollment_id order by month)) s
        group by s.enrollment_id
    ), gone as (
        delete from rollup.status_curves t
        where t.company_id = of_company and t.enrollment_id = any (of_enrollments)
          and not exists (select from anew a where a.enrollment_id = t.enrollment_id)
    )
    insert into rollup.status_curves as t
        (company_id, enrollment_id, months, user_counts, targeted_user_counts, started_counts, completed_counts)
    select of_company, enrollment_id, months, users, targeted, started, completed
    from anew
    on conflict (company_id, enrollment_id) do update
    set months = excluded.months, user_counts = excluded.user_counts, targeted_user_counts = excluded.targeted_user_counts,
        started_counts = excluded.started_counts, completed_counts = excluded.completed_counts
    where t is distinct from excluded;
end $$;
comment on function rollup.recount_status_curves(text, text[]) is 'Works out anew how far the people of these enrollments of a company were at the ends of months.';

create function rollup.recount_department_progress(of_company text, of_enrollments text[]) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform rollup.hold(of_company, of_enrollments);
    with anew as materialized (
        select r.enrollment_id,
               coalesce(own.mapped_department, any_company.mapped_department, nullif(r.department, ''), '(none)') as department,
               coalesce(sum(r.user_count) filter (
                   where m.status_group is null or m.status_group not in ('cancelled', 'excluded')), 0)::bigint as assigned,
               coalesce(sum(r.user_count) filter (where m.status_group = 'completed'), 0)::bigint as completed
        from rollup.department_statuses r
        left join ref.status_map m on m.domain = 'user' and m.status = r.status_word
        left join ref.department_map own on own.company_id = r.company_id and own.department = r.department
        left join ref.department_map any_company on any_company.company_id = '' and any_company.department = r.department
        where r.company_id = of_company and r.enrollment_id = any (of_enrollments) and r.user_count <> 0
        group by r.enrollment_id, 2
    ), gone as (
        delete from rollup.department_progress t
        where t.company_id = of_company and t.enrollment_id = any (of_enrollments)
          and not exists (select from anew a where a.enrollment_id = t.enrollment_id and a.department = t.department)
    )
    insert into rollup.department_progress as t (company_id, enrollment_id, department, assigned_count, completed_count)
    select of_company, enrollment_id, department, assigned, completed
    from anew
    on conflict (company_id, enrollment_id, department) do update
    set assigned_count = excluded.assigned_count, completed_count = excluded.completed_count
    where t is distinct from excluded;
end $$;
comment on function rollup.recount_department_progress(text, text[]) is 'Works out anew how far the departments are in these enrollments of a company.';

create function rollup.recount_department_progress_quarters(of_company text, of_enrollments text[]) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform rollup.hold(of_company, of_enrollments);
    with anew as materialized (
        select r.enrollment_id,
               coalesce(own.mapped_department, any_company.mapped_department, nullif(r.department, ''), '(none)') as department,
               r.quarter, sum(r.change)::bigint as assigned,
               coalesce(sum(r.change) filter (where m.status_group = 'completed'), 0)::bigint as completed
        from rollup.department_quarters r
        left join ref.status_map m on m.domain = 'user' and m.status = r.status_word
        left join ref.department_map own on own.company_id = r.company_id and own.department = r.department
        left join ref.department_map any_company on any_company.company_id = '' and any_company.department = r.department
        where r.company_id = of_company and r.enrollment_id = any (of_enrollments)
          and (m.status_group is null or m.status_group not in ('cancelled', 'excluded'))
        group by r.enrollment_id, 2, r.quarter
        having sum(r.change) <> 0 or coalesce(sum(r.change) filter (where m.status_group = 'completed'), 0) <> 0
    ), gone as (
        delete from rollup.department_progress_quarters t
        where t.company_id = of_company and t.enrollment_id = any (of_enrollments)
          and not exists (select from anew a
                          where a.enrollment_id = t.enrollment_id and a.department = t.department and a.quarter = t.quarter)
    )
    insert into rollup.department_progress_quarters as t
        (company_id, enrollment_id, department, quarter, assigned_change, completed_change)
    select of_company, enrollment_id, department, quarter, assigned, completed
    from anew
    on conflict (company_id, enrollment_id, department, quarter) do update
    set assigned_change = excluded.assigned_change, completed_change = excluded.completed_change
    where t is distinct from excluded;
end $$;
comment on function rollup.recount_department_progress_quarters(text, text[]) is 'Works out anew how far the departments were in these enrollments of a company at the ends of quarters.';

create function rollup.after_counts() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare
    one record;
begin
    for one in execute format(
        'select company_id, array_agg(distinct enrollment_id) as enrollments from %I group by company_id order by company_id',
        case tg_op when 'DELETE' then 'old_rows' else 'new_rows' end)
    loop
        execute format('select rollup.%I($1, $2)', tg_argv[0]) using one.company_id, one.enrollments;
    end loop;
    return null;
end $$;
comment on function rollup.after_counts() is 'Calls the function that is named, for the enrollments of which a statement changed counts.';

-- What the reseller says of words and departments.
create function rollup.after_status_map() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare
    words text[] := '{}';
    one record;
begin
    if tg_op in ('UPDATE', 'DELETE') then
        words := words || array(select status from old_rows where domain = 'user');
    end if;
    if tg_op in ('UPDATE', 'INSERT') then
        words := words || array(select status from new_rows where domain = 'user');
    end if;
    for one in
        select company_id, array_agg(distinct enrollment_id) as enrollments
        from rollup.status_months
        where tg_op = 'TRUNCATE' or status_word = any (words)
        group by company_id
        order by company_id
    loop
        perform rollup.recount_completion_curves(one.company_id, one.enrollments);
        perform rollup.recount_status_curves(one.company_id, one.enrollments);
        perform rollup.recount_department_progress(one.company_id, one.enrollments);
        perform rollup.recount_department_progress_quarters(one.company_id, one.enrollments);
    end loop;
    return null;
end $$;
comment on function rollup.after_status_map() is 'Works out anew what follows from status words of which a statement changed the meaning.';

-- Told are the counts that name departments, and the function that works out what follows from them.
create function rollup.after_department_map() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare
    departments text[] := '{}';
    -- An empty one names every company.
    companies text[] := '{}';
    one record;
begin
    if tg_op in ('UPDATE', 'DELETE') then
        departments := departments || array(select department from old_rows);
        companies := companies || array(select company_id from old_rows);
    end if;
    if tg_op in ('UPDATE', 'INSERT') then
        departments := departments || array(select department from new_rows);
        companies := companies || array(select company_id from new_rows);
    end if;
    for one in execute format(
        'select company_id, array_agg(distinct enrollment_id) as enrollments
         from rollup.%I
         where $1 or department = any ($2) and ('''' = any ($3) or company_id = any ($3))
         group by company_id
         order by company_id', tg_argv[0]) using tg_op = 'TRUNCATE', departments, companies
    loop
        execute format('select rollup.%I($1, $2)', tg_argv[1]) using one.company_id, one.enrollments;
    end loop;
    return null;
end $$;
comment on function rollup.after_department_map() is 'Works out anew what follows from departments of which a statement changed the name.';

do $triggers$
declare
    one record;
begin
    for one in
        select t.*, e.*
        from (values
            ('rollup.completion_days', 'rollup_curves', 'after_counts(recount_completion_curves)'),
            ('rollup.status_months', 'rollup', 'after_counts(recount_status_curves)'),
            ('rollup.department_statuses', 'rollup', 'after_counts(recount_department_progress)'),
            ('rollup.department_quarters', 'rollup', 'after_counts(recount_department_progress_quarters)'),
            ('ref.status_map', 'rollup', 'after_status_map()'),
            ('ref.department_map', 'rollup_progress', 'after_department_map(department_statuses, recount_department_progress)'),
            ('ref.department_map', 'rollup_quarters',
             'after_department_map(department_quarters, recount_department_progress_quarters)')) t (name, trigger, call)
        cross join (values ('insert', 'referencing new table as new_rows'),
                           ('update', 'referencing old table as old_rows new table as new_rows'),
                           ('delete', 'referencing old table as old_rows'), ('truncate', '')) e (event, rows)
        where t.name like 'ref.%' or e.event <> 'truncate'
    loop
        execute format('create trigger %I after %s on %s %s for each statement execute function rollup.%s',
                       one.trigger || '_' || one.event, one.event, one.name, one.rows, one.call);
    end loop;
end $triggers$;
