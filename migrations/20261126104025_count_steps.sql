-- How far people are in learning paths, step by step.

create table rollup.step_statuses (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    statuses jsonb not null,
    user_count bigint not null,
    -- Paths may be long, and the entries of an index may not.
    statuses_md5 text collate "C" not null generated always as (md5(statuses::text)) stored,
    primary key (company_id, enrollment_id, statuses_md5)
) with (fillfactor = 80);
comment on table rollup.step_statuses is 'How many people of a learning path have the same statuses in its steps now: who waits where follows from it without following each of them.';
comment on column rollup.step_statuses.company_id is 'The company.';
comment on column rollup.step_statuses.enrollment_id is 'The learning path.';
comment on column rollup.step_statuses.statuses is 'The vendor''s word of each step that reports them, by the id of the step; empty when it gives none.';
comment on column rollup.step_statuses.user_count is 'People.';
comment on column rollup.step_statuses.statuses_md5 is 'MD5 of statuses, for the key.';

-- Whole paths: what somebody had before a statement is not in it where another step has it.
create function rollup.recount_steps(of_company text, of_path text) returns void
language plpgsql as $$
begin
    -- Who counts the same path at the same time waits, and then sees what this one wrote.
    perform from keepnet.enrollments e where e.company_id = of_company and e.enrollment_id = of_path for no key update;
    delete from rollup.step_statuses where company_id = of_company and enrollment_id = of_path;
    insert into rollup.step_statuses (company_id, enrollment_id, statuses, user_count)
    select of_company, of_path, p.statuses, count(*)
    from (
        select jsonb_object_agg(r.enrollment_id, r.status) as statuses
        from (
            -- Of rows about one person the step's own counts, else the newest.
            select distinct on (u.enrollment_id, u.target_user_id) u.enrollment_id, u.target_user_id,
                   coalesce(u.status, '') as status
            from keepnet.enrollments s
            join keepnet.enrollment_users u on u.company_id = s.company_id and u.enrollment_id = s.enrollment_id
            where s.company_id = of_company and s.parent_enrollment_id = of_path and s.is_step and u.deleted_at is null
            order by u.enrollment_id, u.target_user_id, u.reported_enrollment_id = u.enrollment_id desc, u.valid_from desc,
                     u.reported_enrollment_id desc) r
        group by r.target_user_id) p
    group by p.statuses;
end $$;
comment on function rollup.recount_steps(text, text) is 'Counts the people of one learning path anew, by their statuses in its steps.';

create function rollup.after_steps_of_users() returns trigger
language plpgsql as $$
declare
    path record;
begin
    for path in execute format(
        'select distinct s.company_id, s.parent_enrollment_id
         from (%s) c
         join keepnet.enrollments s using (company_id, enrollment_id)
         where s.is_step and s.parent_enrollment_id is not null
         order by 1, 2',
        case tg_op
            when 'INSERT' then 'select distinct company_id, enrollment_id from new_rows'
            when 'DELETE' then 'select distinct company_id, enrollment_id from old_rows'
            else 'select distinct company_id, enrollment_id
                  from old_rows o
                  join new_rows n using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
                  where (n.status, n.valid_from, n.deleted_at) is distinct from (o.status, o.valid_from, o.deleted_at)' end)
    loop
        perform rollup.recount_steps(path.company_id, path.parent_enrollment_id);
    end loop;
    return null;
end $$;
comment on function rollup.after_steps_of_users() is 'Counts the learning paths anew in whose steps a statement changed people.';

-- A step may be stored before it is known to be one.
create function rollup.after_steps() returns trigger
language plpgsql as $$
declare
    path record;
begin
    for path in
        select distinct p.company_id, p.enrollment_id
        from old_rows o
        join new_rows n using (company_id, enrollment_id)
        cross join lateral (values (o.company_id, o.parent_enrollment_id), (n.company_id, n.parent_enrollment_id)) p (company_id, enrollment_id)
        where (n.is_step, n.parent_enrollment_id) is distinct from (o.is_step, o.parent_enrollment_id)
          and p.enrollment_id is not null
        order by 1, 2
    loop
        perform rollup.recount_steps(path.company_id, path.enrollment_id);
    end loop;
    return null;
end $$;
comment on function rollup.after_steps() is 'Counts the learning paths anew of which a statement changed the steps.';
