-- Counts for reports over many people, kept up to date in the transaction of every write, by triggers: whatever writes a
-- row (a load, a sweep, a repair, an erasure) moves the counts. Each trigger adds what its statement changed; so the order
-- of statements does not matter, and `rollup.rebuild()` gives the same.
create schema if not exists rollup;
comment on schema rollup is 'Counts that schema bi reads, kept up to date by triggers in the transaction of each write. To be rebuilt by: select rollup.rebuild().';

create table rollup.status_months (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    department text not null,
    status text not null,
    month date not null,
    entered_count bigint not null,
    left_count bigint not null,
    primary key (company_id, enrollment_id, department, status, month)
) with (fillfactor = 80);
comment on table rollup.status_months is 'How many people of an enrollment entered and left each status in each month, as enrollment_users and its history tell. Entered less left, up to a month, are in it at its end; over all months, now.';
comment on column rollup.status_months.department is 'As the report of the enrollment shows it now; empty when it shows none.';
comment on column rollup.status_months.status is 'The vendor''s word; empty when it gives none.';
comment on column rollup.status_months.month is 'First day of the month, in the account''s time zone.';
comment on column rollup.status_months.company_id is 'The company.';
comment on column rollup.status_months.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.status_months.entered_count is 'People who came to this status in this month.';
comment on column rollup.status_months.left_count is 'People who left it in this month, for another status or for good.';

create table rollup.completion_days (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    status text not null,
    day date not null,
    basis text not null check (basis in ('reported', 'session', 'observed', 'first seen')),
    user_count bigint not null,
    primary key (company_id, enrollment_id, status, day, basis)
) with (fillfactor = 80);
comment on table rollup.completion_days is 'How many people of an enrollment have each status now, by the day on which they completed it or, without such a date, since which they have it.';
comment on column rollup.completion_days.day is 'In the account''s time zone.';
comment on column rollup.completion_days.basis is 'reported: first completion as reported; session: end of the first survey session; observed: the row changed then; first seen: it never changed here.';
comment on column rollup.completion_days.company_id is 'The company.';
comment on column rollup.completion_days.enrollment_id is 'The enrollment: listed, or a step of a learning path.';
comment on column rollup.completion_days.status is 'The vendor''s word; empty when it gives none.';
comment on column rollup.completion_days.user_count is 'People.';

create table rollup.answer_options (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    content_id text collate "C" not null,
    question_id text collate "C" not null,
    department text not null,
    month date not null,
    question_type text not null,
    position bigint not null,
    scale_position bigint not null,
    scored_position bigint not null,
    answer_count bigint not null,
    primary key (company_id, enrollment_id, content_id, question_id, department, month, question_type, position,
                 scale_position, scored_position)
) with (fillfactor = 80);
comment on table rollup.answer_options is 'How many latest sessions chose each option of each question.';
comment on column rollup.answer_options.department is 'As the enrollment''s own report shows it; empty when it shows none.';
comment on column rollup.answer_options.month is 'First day of the month of the session, in the account''s time zone; -infinity when not known.';
comment on column rollup.answer_options.scale_position is '-1 where the answer has none.';
comment on column rollup.answer_options.scored_position is '-1 where the answer has none.';
comment on column rollup.answer_options.company_id is 'The company.';
comment on column rollup.answer_options.enrollment_id is 'The enrollment whose sessions these are.';
comment on column rollup.answer_options.content_id is 'The content that was shown: one per language.';
comment on column rollup.answer_options.question_id is 'The question.';
comment on column rollup.answer_options.question_type is 'As survey_answers has it; empty when it has none.';
comment on column rollup.answer_options.position is 'Place of the option, as survey_answers has it.';
comment on column rollup.answer_options.answer_count is 'Latest sessions that chose it.';

-- Learning paths may report a person under several steps, and then one of these rows counts.
create index enrollment_users_paths_idx on keepnet.enrollment_users (company_id, enrollment_id, target_user_id)
    where reported_enrollment_id <> enrollment_id;
create index enrollment_user_history_paths_idx on keepnet.enrollment_user_history (company_id, enrollment_id, target_user_id)
    where reported_enrollment_id <> enrollment_id;

create function rollup.time_zone() returns text
language sql stable as $$
    select coalesce((select min(a.time_zone) from sync.accounts a), 'UTC')
$$;
comment on function rollup.time_zone() is 'The time zone of months and days.';

-- One enrollment from scratch, for those in which one person may have several rows: of rows that are there at the same
-- time, the enrollment's own row counts, else the newest.
create function rollup.recount(of_company text, of_enrollment text) returns void
language plpgsql as $$
declare
    zone text := rollup.time_zone();
begin
    delete from rollup.status_months where company_id = of_company and enrollment_id = of_enrollment;
    delete from rollup.completion_days where company_id = of_company and enrollment_id = of_enrollment;
    insert into rollup.status_months
    with version as (
        select u.target_user_id, u.reported_enrollment_id, coalesce(u.department, '') as department,
               coalesce(u.status, '') as status, u.valid_from, 'infinity'::timestamptz as valid_to
        from keepnet.enrollment_users u
        where u.company_id = of_company and u.enrollment_id = of_enrollment and u.deleted_at is null
        union all
        select h.target_user_id, h.reported_enrollment_id, coalesce(u.department, ''), coalesce(h.status, ''), h.valid_from,
               h.valid_to
        from keepnet.enrollment_user_history h
        left join keepnet.enrollment_users u using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
        where h.company_id = of_company and h.enrollment_id = of_enrollment and h.is_present
    ), moment as (
        select target_user_id, valid_from as at from version
        union
        select target_user_id, valid_to from version
    ), span as (
        select target_user_id, at as begins, lead(at) over (partition by target_user_id order by at) as ends
        from moment
    ), counted as (
        select distinct on (s.target_user_id, s.begins) s.begins, s.ends, v.department, v.status
        from span s
        join version v on v.target_user_id = s.target_user_id and v.valid_from <= s.begins and v.valid_to >= s.ends
        order by s.target_user_id, s.begins, v.reported_enrollment_id = of_enrollment desc, v.valid_from desc,
                 v.reported_enrollment_id desc
    ), moved as (
        select department, status, date_trunc('month', begins at time zone zone)::date as month, 1 as entered, 0 as gone
        from counted
        union all
        select department, status, date_trunc('month', ends at time zone zone)::date, 0, 1
        from counted
        where ends <> 'infinity'
    )
    select of_company, of_enrollment, department, status, month, sum(entered), sum(gone)
    from moved
    group by department, status, month;
    insert into rollup.completion_days
    select of_company, of_enrollment, status, day, basis, count(*)
    from (
        select distinct on (u.target_user_id) coalesce(u.status, '') as status,
               (coalesce(u.first_completed_at, u.session_completed_at, u.valid_from) at time zone zone)::date as day,
               case when u.first_completed_at is not null then 'reported' when u.session_completed_at is not null then 'session'
                    when u.valid_from > u.first_seen_at then 'observed' else 'first seen' end as basis
        from keepnet.enrollment_users u
        where u.company_id = of_company and u.enrollment_id = of_enrollment and u.deleted_at is null
        order by u.target_user_id, u.reported_enrollment_id = of_enrollment desc, u.valid_from desc,
                 u.reported_enrollment_id desc) u
    group by status, day, basis;
end $$;
comment on function rollup.recount(text, text) is 'Counts the people of one enrollment anew.';

create function rollup.after_enrollment_users() returns trigger
language plpgsql as $$
declare
    zone text := rollup.time_zone();
    -- What the statement took away and what it put in its place; and of that, where the department is another.
    changed text := case tg_op
        when 'INSERT' then 'select 1 as sign, n.* from new_rows n'
        when 'DELETE' then 'select -1 as sign, o.* from old_rows o'
        else 'select 1 as sign, n.* from new_rows n union all select -1, o.* from old_rows o' end;
    moved text := case tg_op
        when 'UPDATE' then
            'select 1 as sign, n.* from new_rows n
             join old_rows o using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
             where n.department is distinct from o.department
             union all
             select -1, o.* from old_rows o
             join new_rows n using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
             where n.department is distinct from o.department'
        else changed end;
    touched text;
    has_rows boolean;
    has_versions boolean := true;
    has_sessions boolean := true;
    pair record;
begin
    execute format('select exists (select from %I)', case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end) into has_rows;
    if not has_rows then return null; end if;
    -- Nearly always there is nothing of the kind, and looking person by person would cost more than the rest.
    if tg_op = 'UPDATE' then
        has_versions := exists (
            select from old_rows o
            join new_rows n using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
            where n.department is distinct from o.department);
        has_sessions := has_versions;
    elsif tg_op = 'INSERT' then
        has_versions := exists (
            select from (select distinct company_id, enrollment_id from new_rows) n
            where exists (select from keepnet.enrollment_user_history h
                          where h.company_id = n.company_id and h.enrollment_id = n.enrollment_id));
        has_sessions := exists (
            select from (select distinct company_id, reported_enrollment_id from new_rows) n
            where exists (select from keepnet.survey_sessions s
                          where s.company_id = n.company_id and s.enrollment_id = n.reported_enrollment_id));
    end if;

    execute format(
        'insert into rollup.status_months as t
         select company_id, enrollment_id, coalesce(department, ''''), coalesce(status, ''''),
                date_trunc(''month'', valid_from at time zone $1)::date, sum(sign), 0
         from (%s) c
         where deleted_at is null and reported_enrollment_id = enrollment_id
         group by 1, 2, 3, 4, 5 having sum(sign) <> 0
         order by 1, 2, 3, 4, 5
         on conflict (company_id, enrollment_id, department, status, month) do update
         set entered_count = t.entered_count + excluded.entered_count', changed) using zone;
    execute format(
        'insert into rollup.completion_days as t
         select company_id, enrollment_id, coalesce(status, ''''),
                (coalesce(first_completed_at, session_completed_at, valid_from) at time zone $1)::date,
                case when first_completed_at is not null then ''reported'' when session_completed_at is not null then ''session''
                     when valid_from > first_seen_at then ''observed'' else ''first seen'' end, sum(sign)
         from (%s) c
         where deleted_at is null and reported_enrollment_id = enrollment_id
         group by 1, 2, 3, 4, 5 having sum(sign) <> 0
         order by 1, 2, 3, 4, 5
         on conflict (company_id, enrollment_id, status, day, basis) do update
         set user_count = t.user_count + excluded.user_count', changed) using zone;

    -- What the same people did before, and what they answered, is counted under their department.
    if has_versions then
        execute format(
            'insert into rollup.status_months as t
             select c.company_id, c.enrollment_id, m.department, m.status, m.month, sum(m.entered), sum(m.gone)
             from (%s) c
             join keepnet.enrollment_user_history h using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
             cross join lateral (
                 values (coalesce(c.department, ''''), coalesce(h.status, ''''),
                         date_trunc(''month'', h.valid_from at time zone $1)::date, c.sign, 0),
                        (coalesce(c.department, ''''), coalesce(h.status, ''''),
                         date_trunc(''month'', h.valid_to at time zone $1)::date, 0, c.sign),
                        -- Without a row of its own, a version stands under no department.
                        (case when $2 <> ''UPDATE'' then '''' end, coalesce(h.status, ''''),
                         date_trunc(''month'', h.valid_from at time zone $1)::date, -c.sign, 0),
                        (case when $2 <> ''UPDATE'' then '''' end, coalesce(h.status, ''''),
                         date_trunc(''month'', h.valid_to at time zone $1)::date, 0, -c.sign)
             ) m (department, status, month, entered, gone)
             where h.is_present and c.reported_enrollment_id = c.enrollment_id and m.department is not null
             group by 1, 2, 3, 4, 5 having sum(m.entered) <> 0 or sum(m.gone) <> 0
             order by 1, 2, 3, 4, 5
             on conflict (company_id, enrollment_id, department, status, month) do update
             set entered_count = t.entered_count + excluded.entered_count, left_count = t.left_count + excluded.left_count',
            replace(replace(moved, 'n.*', 'n.company_id, n.enrollment_id, n.reported_enrollment_id, n.target_user_id, n.department'),
                    'o.*', 'o.company_id, o.enrollment_id, o.reported_enrollment_id, o.target_user_id, o.department'))
            using zone, tg_op;
    end if;
    if has_sessions then
        execute format(
            'insert into rollup.answer_options as t
             select a.company_id, a.enrollment_id, a.content_id, a.question_id, m.department,
                    coalesce(date_trunc(''month'', s.started_at at time zone $1)::date, ''-infinity''), coalesce(a.question_type, ''''),
                    a.position, coalesce(a.scale_position, -1), coalesce(a.scored_position, -1), sum(m.n)
             from (%s) c
             join keepnet.survey_sessions s
                 on s.company_id = c.company_id and s.enrollment_id = c.enrollment_id and s.target_user_id = c.target_user_id
             join keepnet.survey_answers a
                 on a.company_id = s.company_id and a.enrollment_id = s.enrollment_id and a.target_user_id = s.target_user_id
                 and a.session_id = s.session_id
             cross join lateral (values (coalesce(c.department, ''''), c.sign),
                                        (case when $2 <> ''UPDATE'' then '''' end, -c.sign)) m (department, n)
             where c.reported_enrollment_id = c.enrollment_id and s.is_latest and s.deleted_at is null and a.deleted_at is null
               and m.department is not null
             group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having sum(m.n) <> 0
             order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
             on conflict (company_id, enrollment_id, content_id, question_id, department, month, question_type, position,
                          scale_position, scored_position) do update
             set answer_count = t.answer_count + excluded.answer_count', moved) using zone, tg_op;
    end if;

    if tg_op = 'INSERT' and has_sessions then
        update keepnet.enrollment_users u set session_completed_at = done.at
        from (select n.company_id, n.enrollment_id, n.reported_enrollment_id, n.target_user_id,
                     rollup.session_completed_at(n.company_id, n.reported_enrollment_id, n.target_user_id) as at
              from new_rows n) done
        where u.company_id = done.company_id and u.enrollment_id = done.enrollment_id
          and u.reported_enrollment_id = done.reported_enrollment_id and u.target_user_id = done.target_user_id
          and u.session_completed_at is distinct from done.at;
    end if;
    if tg_op <> 'INSERT' or has_versions or has_sessions then
        touched := case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end;
        execute format(
            'delete from rollup.status_months t using (select distinct company_id, enrollment_id from %I) c
             where t.company_id = c.company_id and t.enrollment_id = c.enrollment_id and entered_count = 0 and left_count = 0',
            touched);
        execute format(
            'delete from rollup.completion_days t using (select distinct company_id, enrollment_id from %I) c
             where t.company_id = c.company_id and t.enrollment_id = c.enrollment_id and user_count = 0', touched);
        execute format(
            'delete from rollup.answer_options t using (select distinct company_id, enrollment_id from %I) c
             where t.company_id = c.company_id and t.enrollment_id = c.enrollment_id and answer_count = 0', touched);
    end if;

    for pair in execute format(
        'select company_id, enrollment_id
         from (select company_id, enrollment_id, bool_or(reported_enrollment_id <> enrollment_id) as is_path
               from (%s) c group by company_id, enrollment_id) c
         where is_path or exists (select from keepnet.enrollment_users u
                                  where u.company_id = c.company_id and u.enrollment_id = c.enrollment_id
                                    and u.reported_enrollment_id <> u.enrollment_id)
            or exists (select from keepnet.enrollment_user_history h
                       where h.company_id = c.company_id and h.enrollment_id = c.enrollment_id
                         and h.reported_enrollment_id <> h.enrollment_id)
         order by 1, 2',
        replace(replace(changed, 'n.*', 'n.company_id, n.enrollment_id, n.reported_enrollment_id'),
                'o.*', 'o.company_id, o.enrollment_id, o.reported_enrollment_id'))
    loop
        perform rollup.recount(pair.company_id, pair.enrollment_id);
    end loop;
    return null;
end $$;
comment on function rollup.after_enrollment_users() is 'Adds what a statement changed in enrollment_users to the counts.';

create function rollup.after_enrollment_user_history() returns trigger
language plpgsql as $$
declare
    has_rows boolean;
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
        'select distinct company_id, enrollment_id from (%s) c where reported_enrollment_id <> enrollment_id order by 1, 2', changed)
    loop
        perform rollup.recount(pair.company_id, pair.enrollment_id);
    end loop;
    return null;
end $$;
comment on function rollup.after_enrollment_user_history() is 'Adds what a statement changed in enrollment_user_history to the counts.';

create function rollup.session_completed_at(of_company text, of_enrollment text, of_user text) returns timestamptz
language sql stable as $$
    select min(s.started_at + coalesce(
        (select sum(q.latency)
         from (select max(a.latency) as latency from keepnet.survey_answers a
               where a.company_id = s.company_id and a.enrollment_id = s.enrollment_id and a.target_user_id = s.target_user_id
                 and a.session_id = s.session_id and a.deleted_at is null
               group by a.question_id) q), interval '0'))
    from keepnet.survey_sessions s
    where s.company_id = of_company and s.enrollment_id = of_enrollment and s.target_user_id = of_user and s.deleted_at is null
$$;
comment on function rollup.session_completed_at(text, text, text) is 'End of the first survey session of a person: its start and the time spent on its questions.';

create function rollup.after_survey_sessions() returns trigger
language plpgsql as $$
declare
    has_rows boolean;
    zone text := rollup.time_zone();
    changed text := case tg_op
        when 'INSERT' then 'select 1 as sign, n.* from new_rows n'
        when 'DELETE' then 'select -1 as sign, o.* from old_rows o'
        else 'select 1 as sign, n.* from new_rows n union all select -1, o.* from old_rows o' end;
begin
    execute format('select exists (select from %I)', case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end) into has_rows;
    if not has_rows then return null; end if;
    execute format(
        'insert into rollup.answer_options as t
         select a.company_id, a.enrollment_id, a.content_id, a.question_id, coalesce(u.department, ''''),
                coalesce(date_trunc(''month'', s.started_at at time zone $1)::date, ''-infinity''), coalesce(a.question_type, ''''),
                a.position, coalesce(a.scale_position, -1), coalesce(a.scored_position, -1), sum(s.sign)
         from (%s) s
         join keepnet.survey_answers a
             on a.company_id = s.company_id and a.enrollment_id = s.enrollment_id and a.target_user_id = s.target_user_id
             and a.session_id = s.session_id
         left join keepnet.enrollment_users u
             on u.company_id = s.company_id and u.enrollment_id = s.enrollment_id
             and u.reported_enrollment_id = s.enrollment_id and u.target_user_id = s.target_user_id
         where s.is_latest and s.deleted_at is null and a.deleted_at is null
         group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having sum(s.sign) <> 0
         order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
         on conflict (company_id, enrollment_id, content_id, question_id, department, month, question_type, position,
                      scale_position, scored_position) do update
         set answer_count = t.answer_count + excluded.answer_count', changed) using zone;
    if tg_op <> 'INSERT' then
        delete from rollup.answer_options t using (select distinct company_id, enrollment_id from old_rows) c
        where t.company_id = c.company_id and t.enrollment_id = c.enrollment_id and answer_count = 0;
    end if;
    execute format(
        'update keepnet.enrollment_users u set session_completed_at = done.at
         from (select k.company_id, k.enrollment_id, k.target_user_id,
                      rollup.session_completed_at(k.company_id, k.enrollment_id, k.target_user_id) as at
               from (select distinct company_id, enrollment_id, target_user_id from (%s) c) k) done
         where u.company_id = done.company_id and u.reported_enrollment_id = done.enrollment_id
           and u.target_user_id = done.target_user_id and u.session_completed_at is distinct from done.at', changed);
    return null;
end $$;
comment on function rollup.after_survey_sessions() is 'Adds what a statement changed in survey_sessions to the counts, and tells the report rows when the first session ended.';

create function rollup.after_survey_answers() returns trigger
language plpgsql as $$
declare
    has_rows boolean;
    zone text := rollup.time_zone();
    changed text := case tg_op
        when 'INSERT' then 'select 1 as sign, n.* from new_rows n'
        when 'DELETE' then 'select -1 as sign, o.* from old_rows o'
        else 'select 1 as sign, n.* from new_rows n union all select -1, o.* from old_rows o' end;
begin
    execute format('select exists (select from %I)', case tg_op when 'INSERT' then 'new_rows' else 'old_rows' end) into has_rows;
    if not has_rows then return null; end if;
    execute format(
        'insert into rollup.answer_options as t
         select a.company_id, a.enrollment_id, a.content_id, a.question_id, coalesce(u.department, ''''),
                coalesce(date_trunc(''month'', s.started_at at time zone $1)::date, ''-infinity''), coalesce(a.question_type, ''''),
                a.position, coalesce(a.scale_position, -1), coalesce(a.scored_position, -1), sum(a.sign)
         from (%s) a
         join keepnet.survey_sessions s
             on s.company_id = a.company_id and s.enrollment_id = a.enrollment_id and s.target_user_id = a.target_user_id
             and s.session_id = a.session_id
         left join keepnet.enrollment_users u
             on u.company_id = a.company_id and u.enrollment_id = a.enrollment_id
             and u.reported_enrollment_id = a.enrollment_id and u.target_user_id = a.target_user_id
         where s.is_latest and s.deleted_at is null and a.deleted_at is null
         group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 having sum(a.sign) <> 0
         order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
         on conflict (company_id, enrollment_id, content_id, question_id, department, month, question_type, position,
                      scale_position, scored_position) do update
         set answer_count = t.answer_count + excluded.answer_count', changed) using zone;
    if tg_op <> 'INSERT' then
        delete from rollup.answer_options t using (select distinct company_id, enrollment_id from old_rows) c
        where t.company_id = c.company_id and t.enrollment_id = c.enrollment_id and answer_count = 0;
    end if;
    execute format(
        'update keepnet.enrollment_users u set session_completed_at = done.at
         from (select k.company_id, k.enrollment_id, k.target_user_id,
                      rollup.session_completed_at(k.company_id, k.enrollment_id, k.target_user_id) as at
               from (select distinct company_id, enrollment_id, target_user_id from (%s) c) k) done
         where u.company_id = done.company_id and u.reported_enrollment_id = done.enrollment_id
           and u.target_user_id = done.target_user_id and u.session_completed_at is distinct from done.at', changed);
    return null;
end $$;
comment on function rollup.after_survey_answers() is 'Adds what a statement changed in survey_answers to the counts, and tells the report rows when the first session ended.';

create function rollup.rebuild() returns void
language plpgsql as $$
declare
    zone text;
begin
    -- Who writes ends first, and who comes waits: their counts would be of before or of after.
    lock table keepnet.enrollment_users, keepnet.enrollment_user_history, keepnet.survey_sessions, keepnet.survey_answers
        in share row exclusive mode;
    zone := rollup.time_zone();
    truncate rollup.status_months, rollup.completion_days, rollup.answer_options;
    insert into rollup.status_months
    select company_id, enrollment_id, department, status, month, sum(entered), sum(gone)
    from (
        select company_id, enrollment_id, coalesce(department, '') as department, coalesce(status, '') as status,
               date_trunc('month', valid_from at time zone zone)::date as month, 1 as entered, 0 as gone
        from keepnet.enrollment_users
        where deleted_at is null and reported_enrollment_id = enrollment_id
        union all
        select h.company_id, h.enrollment_id, coalesce(u.department, ''), coalesce(h.status, ''), m.month, m.entered, m.gone
        from keepnet.enrollment_user_history h
        left join keepnet.enrollment_users u using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
        cross join lateral (values (date_trunc('month', h.valid_from at time zone zone)::date, 1, 0),
                                   (date_trunc('month', h.valid_to at time zone zone)::date, 0, 1)) m (month, entered, gone)
        where h.is_present and h.reported_enrollment_id = h.enrollment_id) m
    group by company_id, enrollment_id, department, status, month;
    insert into rollup.completion_days
    select company_id, enrollment_id, coalesce(status, ''),
           (coalesce(first_completed_at, session_completed_at, valid_from) at time zone zone)::date,
           case when first_completed_at is not null then 'reported' when session_completed_at is not null then 'session'
                when valid_from > first_seen_at then 'observed' else 'first seen' end, count(*)
    from keepnet.enrollment_users
    where deleted_at is null and reported_enrollment_id = enrollment_id
    group by 1, 2, 3, 4, 5;
    insert into rollup.answer_options
    select a.company_id, a.enrollment_id, a.content_id, a.question_id, coalesce(u.department, ''),
           coalesce(date_trunc('month', s.started_at at time zone zone)::date, '-infinity'), coalesce(a.question_type, ''),
           a.position, coalesce(a.scale_position, -1), coalesce(a.scored_position, -1), count(*)
    from keepnet.survey_answers a
    join keepnet.survey_sessions s using (company_id, enrollment_id, target_user_id, session_id)
    left join keepnet.enrollment_users u
        on u.company_id = a.company_id and u.enrollment_id = a.enrollment_id
        and u.reported_enrollment_id = a.enrollment_id and u.target_user_id = a.target_user_id
    where s.is_latest and s.deleted_at is null and a.deleted_at is null
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
    perform rollup.recount(company_id, enrollment_id)
    from (select company_id, enrollment_id from keepnet.enrollment_users where reported_enrollment_id <> enrollment_id
          union
          select company_id, enrollment_id from keepnet.enrollment_user_history
          where reported_enrollment_id <> enrollment_id) p;
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

create trigger rollup_insert after insert on keepnet.enrollment_users
    referencing new table as new_rows for each statement execute function rollup.after_enrollment_users();
create trigger rollup_update after update on keepnet.enrollment_users
    referencing old table as old_rows new table as new_rows for each statement execute function rollup.after_enrollment_users();
create trigger rollup_delete after delete on keepnet.enrollment_users
    referencing old table as old_rows for each statement execute function rollup.after_enrollment_users();
create trigger rollup_insert after insert on keepnet.enrollment_user_history
    referencing new table as new_rows for each statement execute function rollup.after_enrollment_user_history();
create trigger rollup_update after update on keepnet.enrollment_user_history
    referencing old table as old_rows new table as new_rows for each statement execute function rollup.after_enrollment_user_history();
create trigger rollup_delete after delete on keepnet.enrollment_user_history
    referencing old table as old_rows for each statement execute function rollup.after_enrollment_user_history();
create trigger rollup_insert after insert on keepnet.survey_sessions
    referencing new table as new_rows for each statement execute function rollup.after_survey_sessions();
create trigger rollup_update after update on keepnet.survey_sessions
    referencing old table as old_rows new table as new_rows for each statement execute function rollup.after_survey_sessions();
create trigger rollup_delete after delete on keepnet.survey_sessions
    referencing old table as old_rows for each statement execute function rollup.after_survey_sessions();
create trigger rollup_insert after insert on keepnet.survey_answers
    referencing new table as new_rows for each statement execute function rollup.after_survey_answers();
create trigger rollup_update after update on keepnet.survey_answers
    referencing old table as old_rows new table as new_rows for each statement execute function rollup.after_survey_answers();
create trigger rollup_delete after delete on keepnet.survey_answers
    referencing old table as old_rows for each statement execute function rollup.after_survey_answers();

-- For a database that holds rows already.
update keepnet.enrollment_users u set session_completed_at = done.at
from (select company_id, enrollment_id, target_user_id, rollup.session_completed_at(company_id, enrollment_id, target_user_id) as at
      from (select distinct company_id, enrollment_id, target_user_id from keepnet.survey_sessions) s) done
where u.company_id = done.company_id and u.reported_enrollment_id = done.enrollment_id
  and u.target_user_id = done.target_user_id and u.session_completed_at is distinct from done.at;
select rollup.rebuild();
