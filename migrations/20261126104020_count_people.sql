-- The counts of people: statuses by month, by quarter and department, now, and by day of completion.

-- What a department takes over of a stay (a version of a report row) that begins and ends in these quarters. Without a
-- department known, a stay is counted under an empty one: so each department takes away there what it adds.
create function rollup.moves(zone text, of_company text, of_user text, from_quarter date, to_quarter date)
returns table (department text, quarter date, change bigint)
language sql stable as $$
    select m.department, m.quarter, m.change
    from (
        select t.department, date_trunc('quarter', t.valid_from at time zone zone)::date as begins, 'infinity'::date as ends
        from keepnet.target_users t
        where t.company_id = of_company and t.target_user_id = of_user
        union all
        select h.department, date_trunc('quarter', h.valid_from at time zone zone)::date,
               date_trunc('quarter', h.valid_to at time zone zone)::date
        from keepnet.target_user_history h
        where h.company_id = of_company and h.target_user_id = of_user) d
    cross join lateral (values (greatest(d.begins, from_quarter), least(d.ends, to_quarter))) s (begins, ends)
    cross join lateral (values (d.department, s.begins, 1::bigint), ('', s.begins, -1),
                               (d.department, s.ends, -1), ('', s.ends, 1)) m (department, quarter, change)
    where d.department <> '' and s.begins < s.ends and m.quarter < 'infinity'
$$;
comment on function rollup.moves(text, text, text, date, date) is 'What the departments of a person change in department_quarters for a stay that begins and ends in these quarters.';

-- One enrollment from scratch, for those in which one person may have several rows: of rows that are there at the same
-- time, the enrollment's own row counts, else the newest.
create function rollup.recount(of_company text, of_enrollment text) returns void
language plpgsql as $$
declare
    zone text := rollup.time_zone();
begin
    delete from rollup.status_months where company_id = of_company and enrollment_id = of_enrollment;
    delete from rollup.department_quarters where company_id = of_company and enrollment_id = of_enrollment;
    delete from rollup.department_statuses where company_id = of_company and enrollment_id = of_enrollment;
    delete from rollup.completion_days where company_id = of_company and enrollment_id = of_enrollment;
    with version as (
        select u.target_user_id, u.reported_enrollment_id, coalesce(u.status, '') as status, u.valid_from,
               'infinity'::timestamptz as valid_to
        from keepnet.enrollment_users u
        where u.company_id = of_company and u.enrollment_id = of_enrollment and u.deleted_at is null
        union all
        select h.target_user_id, h.reported_enrollment_id, coalesce(h.status, ''), h.valid_from, h.valid_to
        from keepnet.enrollment_user_history h
        where h.company_id = of_company and h.enrollment_id = of_enrollment and h.is_present
    ), moment as (
        select target_user_id, valid_from as at from version
        union
        select target_user_id, valid_to from version
    ), span as (
        select target_user_id, at as begins, lead(at) over (partition by target_user_id order by at) as ends
        from moment
    ), counted as materialized (
        select distinct on (s.target_user_id, s.begins) s.target_user_id, v.status,
               date_trunc('month', s.begins at time zone zone)::date as month_begins,
               date_trunc('month', s.ends at time zone zone)::date as month_ends,
               date_trunc('quarter', s.begins at time zone zone)::date as quarter_begins,
               date_trunc('quarter', s.ends at time zone zone)::date as quarter_ends
        from span s
        join version v on v.target_user_id = s.target_user_id and v.valid_from <= s.begins and v.valid_to >= s.ends
        order by s.target_user_id, s.begins, v.reported_enrollment_id = of_enrollment desc, v.valid_from desc,
                 v.reported_enrollment_id desc
    ), months as (
        insert into rollup.status_months
        select of_company, of_enrollment, c.status, m.month, sum(m.entered), sum(m.gone)
        from counted c
        cross join lateral (values (c.month_begins, 1, 0), (c.month_ends, 0, 1)) m (month, entered, gone)
        where m.month < 'infinity'
        group by c.status, m.month
    )
    insert into rollup.department_quarters
    select of_company, of_enrollment, m.department, c.status, m.quarter, sum(m.change)
    from counted c
    cross join lateral (
        values ('', c.quarter_begins, 1::bigint), ('', c.quarter_ends, -1)
        union all
        select * from rollup.moves(zone, of_company, c.target_user_id, c.quarter_begins, c.quarter_ends)
    ) m (department, quarter, change)
    where m.quarter < 'infinity'
    group by m.department, c.status, m.quarter having sum(m.change) <> 0;
    with counted as materialized (
        select distinct on (u.target_user_id) coalesce(u.department, '') as department, coalesce(u.status, '') as status,
               (coalesce(u.first_completed_at, u.session_completed_at, u.valid_from) at time zone zone)::date as day,
               case when u.first_completed_at is not null then 'reported' when u.session_completed_at is not null then 'session'
                    when u.valid_from > u.first_seen_at then 'observed' else 'first seen' end as basis
        from keepnet.enrollment_users u
        where u.company_id = of_company and u.enrollment_id = of_enrollment and u.deleted_at is null
        order by u.target_user_id, u.reported_enrollment_id = of_enrollment desc, u.valid_from desc,
                 u.reported_enrollment_id desc
    ), statuses as (
        insert into rollup.department_statuses
        select of_company, of_enrollment, department, status, count(*)
        from counted
        group by department, status
    )
    insert into rollup.completion_days
    select of_company, of_enrollment, status, day, basis, count(*)
    from counted
    group by status, day, basis;
end $$;
comment on function rollup.recount(text, text) is 'Counts the people of one enrollment anew.';

-- Row by row of one enrollment: a set of enrollments would be joined by reading whole tables.
create function rollup.tidy(of_company text, of_enrollment text) returns void
language plpgsql as $$
begin
    delete from rollup.status_months t
    where t.company_id = of_company and t.enrollment_id = of_enrollment and t.entered_count = 0 and t.left_count = 0;
    delete from rollup.department_quarters t
    where t.company_id = of_company and t.enrollment_id = of_enrollment and t.change = 0;
    delete from rollup.department_statuses t
    where t.company_id = of_company and t.enrollment_id = of_enrollment and t.user_count = 0;
    if exists (select from rollup.completion_days t
               where t.company_id = of_company and t.enrollment_id = of_enrollment and t.user_count = 0) then
        delete from rollup.completion_days t
        where t.company_id = of_company and t.enrollment_id = of_enrollment and t.user_count = 0;
    end if;
end $$;
comment on function rollup.tidy(text, text) is 'Removes counts of nobody from one enrollment.';

create function rollup.after_enrollment_users() returns trigger
language plpgsql as $$
declare
    zone text := rollup.time_zone();
    rows_of text := case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end;
    has_rows boolean;
    changed text;
    pair record;
begin
    execute format('select exists (select from %I)', rows_of) into has_rows;
    if not has_rows then return null; end if;
    -- What the statement took away and what it put in its place; of an update, where that is not the same.
    select string_agg(format(
        'select company_id, enrollment_id, target_user_id, coalesce(department, '''') as department, coalesce(status, '''') as status,
                valid_from, coalesce(first_completed_at, session_completed_at, valid_from) as completed_at,
                case when first_completed_at is not null then ''reported'' when session_completed_at is not null then ''session''
                     when valid_from > first_seen_at then ''observed'' else ''first seen'' end as basis, %s::bigint as sign
         from %I
         where deleted_at is null and reported_enrollment_id = enrollment_id', t.sign, t.name), ' union all ')
    into changed
    from (values (1, 'new_rows', 'DELETE'), (-1, 'old_rows', 'INSERT')) t (sign, name, not_of)
    where t.not_of <> tg_op;
    if tg_op = 'UPDATE' then
        changed := format(
            'select company_id, enrollment_id, target_user_id, department, status, valid_from, completed_at, basis,
                    sum(sign)::bigint as sign
             from (%s) c
             group by 1, 2, 3, 4, 5, 6, 7, 8 having sum(sign) <> 0', changed);
    end if;
    execute format(
        'with one as materialized (
             select company_id, enrollment_id, target_user_id, department, status, basis, sign,
                    date_trunc(''month'', valid_from at time zone $1)::date as month,
                    date_trunc(''quarter'', valid_from at time zone $1)::date as quarter,
                    (completed_at at time zone $1)::date as day
             from (%s) c
         ), months as (
             insert into rollup.status_months as t
             select company_id, enrollment_id, status, month, sum(sign), 0
             from one
             group by 1, 2, 3, 4 having sum(sign) <> 0
             order by 1, 2, 3, 4
             on conflict (company_id, enrollment_id, status, month) do update
             set entered_count = t.entered_count + excluded.entered_count
         ), quarters as (
             insert into rollup.department_quarters as t
             select company_id, enrollment_id, department, status, quarter, sum(change)
             from (
                 select company_id, enrollment_id, '''' as department, status, quarter, sign as change
                 from one
                 union all
                 select o.company_id, o.enrollment_id, m.department, o.status, m.quarter, m.change * o.sign
                 from one o
                 cross join lateral rollup.moves($1, o.company_id, o.target_user_id, o.quarter, ''infinity'') m) q
             group by 1, 2, 3, 4, 5 having sum(change) <> 0
             order by 1, 2, 3, 4, 5
             on conflict (company_id, enrollment_id, department, status, quarter) do update
             set change = t.change + excluded.change
         ), statuses as (
             insert into rollup.department_statuses as t
             select company_id, enrollment_id, department, status, sum(sign)
             from one
             group by 1, 2, 3, 4 having sum(sign) <> 0
             order by 1, 2, 3, 4
             on conflict (company_id, enrollment_id, department, status) do update
             set user_count = t.user_count + excluded.user_count
         )
         insert into rollup.completion_days as t
         select company_id, enrollment_id, status, day, basis, sum(sign)
         from one
         group by 1, 2, 3, 4, 5 having sum(sign) <> 0
         order by 1, 2, 3, 4, 5
         on conflict (company_id, enrollment_id, status, day, basis) do update
         set user_count = t.user_count + excluded.user_count', changed) using zone;
    -- Looking for what is no longer there is worth it only where something was.
    if tg_op = 'INSERT' then
        has_rows := exists (
            select from (select distinct company_id, enrollment_id from new_rows) n
            where exists (select from keepnet.enrollment_user_history h
                          where h.company_id = n.company_id and h.enrollment_id = n.enrollment_id));
    end if;
    if has_rows then
        execute format('select rollup.tidy(company_id, enrollment_id) from (select distinct company_id, enrollment_id from %I) c', rows_of);
    end if;
    for pair in execute format(
        'select company_id, enrollment_id
         from (select company_id, enrollment_id, bool_or(reported_enrollment_id <> enrollment_id) as is_path
               from %I group by company_id, enrollment_id) c
         where is_path or exists (select from keepnet.enrollment_users u
                                  where u.company_id = c.company_id and u.enrollment_id = c.enrollment_id
                                    and u.reported_enrollment_id <> u.enrollment_id)
            or exists (select from keepnet.enrollment_user_history h
                       where h.company_id = c.company_id and h.enrollment_id = c.enrollment_id
                         and h.reported_enrollment_id <> h.enrollment_id)
         union
         select company_id, enrollment_id from %I where reported_enrollment_id <> enrollment_id
         order by 1, 2', rows_of, case tg_op when 'DELETE' then 'old_rows' else 'new_rows' end)
    loop
        perform rollup.recount(pair.company_id, pair.enrollment_id);
    end loop;
    return null;
end $$;
comment on function rollup.after_enrollment_users() is 'Adds what a statement changed in enrollment_users to the counts of people.';

create function rollup.after_enrollment_user_history() returns trigger
language plpgsql as $$
declare
    zone text := rollup.time_zone();
    rows_of text := case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end;
    has_rows boolean;
    changed text;
    pair record;
begin
    execute format('select exists (select from %I)', rows_of) into has_rows;
    if not has_rows then return null; end if;
    select string_agg(format(
        'select company_id, enrollment_id, target_user_id, coalesce(status, '''') as status, valid_from, valid_to,
                %s::bigint as sign
         from %I
         where is_present and reported_enrollment_id = enrollment_id', t.sign, t.name), ' union all ')
    into changed
    from (values (1, 'new_rows', 'DELETE'), (-1, 'old_rows', 'INSERT')) t (sign, name, not_of)
    where t.not_of <> tg_op;
    execute format(
        'with one as materialized (
             select company_id, enrollment_id, target_user_id, status, sign,
                    date_trunc(''month'', valid_from at time zone $1)::date as month_begins,
                    date_trunc(''month'', valid_to at time zone $1)::date as month_ends,
                    date_trunc(''quarter'', valid_from at time zone $1)::date as quarter_begins,
                    date_trunc(''quarter'', valid_to at time zone $1)::date as quarter_ends
             from (%s) c
         ), months as (
             insert into rollup.status_months as t
             select o.company_id, o.enrollment_id, o.status, m.month, sum(m.entered), sum(m.gone)
             from one o
             cross join lateral (values (o.month_begins, o.sign, 0), (o.month_ends, 0, o.sign)) m (month, entered, gone)
             group by 1, 2, 3, 4 having sum(m.entered) <> 0 or sum(m.gone) <> 0
             order by 1, 2, 3, 4
             on conflict (company_id, enrollment_id, status, month) do update
             set entered_count = t.entered_count + excluded.entered_count, left_count = t.left_count + excluded.left_count
         )
         insert into rollup.department_quarters as t
         select o.company_id, o.enrollment_id, m.department, o.status, m.quarter, sum(m.change * o.sign)
         from one o
         cross join lateral (
             values ('''', o.quarter_begins, 1::bigint), ('''', o.quarter_ends, -1)
             union all
             select * from rollup.moves($1, o.company_id, o.target_user_id, o.quarter_begins, o.quarter_ends)
         ) m (department, quarter, change)
         where o.quarter_begins < o.quarter_ends
         group by 1, 2, 3, 4, 5 having sum(m.change * o.sign) <> 0
         order by 1, 2, 3, 4, 5
         on conflict (company_id, enrollment_id, department, status, quarter) do update
         set change = t.change + excluded.change', changed) using zone;
    execute format('select rollup.tidy(company_id, enrollment_id) from (select distinct company_id, enrollment_id from %I) c', rows_of);
    for pair in execute format(
        'select company_id, enrollment_id
         from (select distinct company_id, enrollment_id from %I) c
         where exists (select from keepnet.enrollment_users u
                       where u.company_id = c.company_id and u.enrollment_id = c.enrollment_id
                         and u.reported_enrollment_id <> u.enrollment_id)
            or exists (select from keepnet.enrollment_user_history h
                       where h.company_id = c.company_id and h.enrollment_id = c.enrollment_id
                         and h.reported_enrollment_id <> h.enrollment_id)
         union
         select company_id, enrollment_id from %I where reported_enrollment_id <> enrollment_id
         order by 1, 2', rows_of, rows_of)
    loop
        perform rollup.recount(pair.company_id, pair.enrollment_id);
    end loop;
    return null;
end $$;
comment on function rollup.after_enrollment_user_history() is 'Adds what a statement changed in enrollment_user_history to the counts of people.';

-- Of target_users and of its history.
create function rollup.after_departments() returns trigger
language plpgsql as $$
declare
    zone text := rollup.time_zone();
    ends text := case tg_table_name when 'target_users' then '''infinity''::timestamptz' else 'valid_to' end;
    changed text;
    pair record;
begin
    select string_agg(format(
        'select company_id, target_user_id, department, valid_from, %s as valid_to, %s::bigint as sign
         from %I
         where department <> ''''', ends, t.sign, t.name), ' union all ')
    into changed
    from (values (1, 'new_rows', 'DELETE'), (-1, 'old_rows', 'INSERT')) t (sign, name, not_of)
    where t.not_of <> tg_op;
    changed := format(
        'select company_id, target_user_id, department, date_trunc(''quarter'', valid_from at time zone $1)::date as begins,
                date_trunc(''quarter'', valid_to at time zone $1)::date as ends, sum(sign)::bigint as sign
         from (%s) d
         group by 1, 2, 3, 4, 5 having sum(sign) <> 0', changed);
    for pair in execute format(
        'with one as materialized (%s),
         stay as materialized (
             select company_id, target_user_id, u.enrollment_id, u.reported_enrollment_id, coalesce(u.status, '''') as status,
                    date_trunc(''quarter'', u.valid_from at time zone $1)::date as begins, ''infinity''::date as ends
             from (select distinct company_id, target_user_id from one) p
             join keepnet.enrollment_users u using (company_id, target_user_id)
             where u.deleted_at is null
             union all
             select company_id, target_user_id, h.enrollment_id, h.reported_enrollment_id, coalesce(h.status, ''''),
                    date_trunc(''quarter'', h.valid_from at time zone $1)::date,
                    date_trunc(''quarter'', h.valid_to at time zone $1)::date
             from (select distinct company_id, target_user_id from one) p
             join keepnet.enrollment_user_history h using (company_id, target_user_id)
             where h.is_present
         ), quarters as (
             insert into rollup.department_quarters as t
             select o.company_id, s.enrollment_id, m.department, s.status, m.quarter, sum(m.change * o.sign)
             from one o
             join stay s using (company_id, target_user_id)
             cross join lateral (values (greatest(o.begins, s.begins), least(o.ends, s.ends))) b (begins, ends)
             cross join lateral (values (o.department, b.begins, 1), ('''', b.begins, -1),
                                        (o.department, b.ends, -1), ('''', b.ends, 1)) m (department, quarter, change)
             where s.reported_enrollment_id = s.enrollment_id and b.begins < b.ends and m.quarter < ''infinity''
             group by 1, 2, 3, 4, 5 having sum(m.change * o.sign) <> 0
             order by 1, 2, 3, 4, 5
             on conflict (company_id, enrollment_id, department, status, quarter) do update
             set change = t.change + excluded.change
         )
         select company_id, enrollment_id,
                bool_or(s.reported_enrollment_id <> s.enrollment_id)
                    or exists (select from keepnet.enrollment_users u
                               where u.company_id = s.company_id and u.enrollment_id = s.enrollment_id
                                 and u.reported_enrollment_id <> u.enrollment_id)
                    or exists (select from keepnet.enrollment_user_history h
                               where h.company_id = s.company_id and h.enrollment_id = s.enrollment_id
                                 and h.reported_enrollment_id <> h.enrollment_id) as is_path
         from stay s
         group by company_id, enrollment_id
         order by company_id, enrollment_id', changed) using zone
    loop
        if pair.is_path then
            perform rollup.recount(pair.company_id, pair.enrollment_id);
        else
            perform rollup.tidy(pair.company_id, pair.enrollment_id);
        end if;
    end loop;
    return null;
end $$;
comment on function rollup.after_departments() is 'Moves people in department_quarters to the departments that a statement gave or took them in target_users or target_user_history.';

create function rollup.after_completion_days() returns trigger
language plpgsql as $$
declare
    changed text;
    pair record;
begin
    if tg_op = 'INSERT' then
        if not exists (select from new_rows) then return null; end if;
    elsif not exists (select from old_rows) then
        return null;
    end if;
    select string_agg(format('select company_id, enrollment_id, status, day, %s * user_count as n from %I', t.sign, t.name), ' union all ')
    into changed
    from (values (1, 'new_rows', 'DELETE'), (-1, 'old_rows', 'INSERT')) t (sign, name, not_of)
    where t.not_of <> tg_op;
    execute format(
        'with one as materialized (
             select company_id, enrollment_id, c.status, sum(c.n) as n,
                    coalesce(sum(c.n) filter (where c.day <= (e.due_at at time zone $1)::date), 0) as on_time
             from (%s) c
             join keepnet.enrollments e using (company_id, enrollment_id)
             group by 1, 2, 3
         )
         insert into rollup.enrollment_statuses as t
         select company_id, enrollment_id, status, n, on_time
         from one
         where n <> 0 or on_time <> 0
         order by 1, 2, 3
         on conflict (company_id, enrollment_id, status) do update
         set user_count = t.user_count + excluded.user_count, on_time_count = t.on_time_count + excluded.on_time_count',
        changed) using rollup.time_zone();
    if tg_op <> 'INSERT' then
        for pair in select distinct company_id, enrollment_id from old_rows loop
            delete from rollup.enrollment_statuses t
            where t.company_id = pair.company_id and t.enrollment_id = pair.enrollment_id and t.user_count = 0
              and t.on_time_count = 0;
        end loop;
    end if;
    return null;
end $$;
comment on function rollup.after_completion_days() is 'Adds what a statement changed in completion_days to enrollment_statuses.';

create function rollup.after_due_dates() returns trigger
language plpgsql as $$
begin
    update rollup.enrollment_statuses t set on_time_count = c.on_time
    from (select s.company_id, s.enrollment_id, s.status, coalesce(sum(d.user_count), 0) as on_time
          from old_rows o
          join new_rows n using (company_id, enrollment_id)
          join rollup.enrollment_statuses s using (company_id, enrollment_id)
          left join rollup.completion_days d
              on d.company_id = s.company_id and d.enrollment_id = s.enrollment_id and d.status = s.status
              and d.day <= (n.due_at at time zone rollup.time_zone())::date
          where n.due_at is distinct from o.due_at
          group by s.company_id, s.enrollment_id, s.status) c
    where t.company_id = c.company_id and t.enrollment_id = c.enrollment_id and t.status = c.status
      and t.on_time_count <> c.on_time;
    return null;
end $$;
comment on function rollup.after_due_dates() is 'Counts anew who was on time in enrollments of which a statement changed the due date.';
