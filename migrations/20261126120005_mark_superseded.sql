-- Where a learning path reports a person under several steps, one row counts. Which one is marked, so that nobody has to look
-- for the others: every view would ask that of every row.
alter table keepnet.enrollment_users add column is_superseded boolean not null default false;
comment on column keepnet.enrollment_users.is_superseded is 'Another row of the same enrollment and person counts instead of this one: one that the vendor shows before one that it does not, the enrollment''s own before those of its steps, then the newest.';

create function rollup.mark_superseded(of_company text, of_enrollment text) returns void
language plpgsql as $$
begin
    update keepnet.enrollment_users u set is_superseded = n.is_superseded
    from (
        select reported_enrollment_id, target_user_id,
               row_number() over (
                   partition by target_user_id
                   order by deleted_at is null desc, reported_enrollment_id = enrollment_id desc, valid_from desc,
                            reported_enrollment_id desc) > 1 as is_superseded
        from keepnet.enrollment_users
        where company_id = of_company and enrollment_id = of_enrollment) n
    where u.company_id = of_company and u.enrollment_id = of_enrollment
      and u.reported_enrollment_id = n.reported_enrollment_id and u.target_user_id = n.target_user_id
      and u.is_superseded <> n.is_superseded;
end $$;
comment on function rollup.mark_superseded(text, text) is 'Marks of one enrollment the rows that do not count.';

create function rollup.after_rows_of_paths() returns trigger
language plpgsql as $$
declare
    one record;
begin
    for one in execute format(
        'select company_id, enrollment_id
         from (select company_id, enrollment_id, bool_or(reported_enrollment_id <> enrollment_id) as is_path
               from %I group by company_id, enrollment_id) c
         where is_path or exists (select from keepnet.enrollment_users u
                                  where u.company_id = c.company_id and u.enrollment_id = c.enrollment_id
                                    and u.reported_enrollment_id <> u.enrollment_id)
         order by 1, 2', case tg_op when 'DELETE' then 'old_rows' else 'new_rows' end)
    loop
        perform rollup.mark_superseded(one.company_id, one.enrollment_id);
    end loop;
    return null;
end $$;
comment on function rollup.after_rows_of_paths() is 'Marks anew which rows do not count, in the enrollments with several rows of one person that a statement changed.';

do $triggers$
declare
    one record;
begin
    for one in
        select *
        from (values ('insert', 'new table as new_rows'), ('update', 'old table as old_rows new table as new_rows'),
                     ('delete', 'old table as old_rows')) e (event, rows)
    loop
        execute format('create trigger rollup_paths_%s after %s on keepnet.enrollment_users referencing %s
                        for each statement execute function rollup.after_rows_of_paths()', one.event, one.event, one.rows);
    end loop;
end $triggers$;

-- For a database that holds rows already.
select rollup.mark_superseded(company_id, enrollment_id)
from (select distinct company_id, enrollment_id
      from keepnet.enrollment_users
      where reported_enrollment_id <> enrollment_id
      order by 1, 2) p;
