-- What stands behind the figures: what is left out of them, what is missing, what does not agree.

create or replace view bi.data_quality as
select
    c.company_key,
    c.company_id,
    c.company_name,
    q.check_name,
    q.found_count,
    q.of_count,
    q.meaning
from (
    select e.company_key, e.company_id, 'test enrollments' as check_name, count(*) filter (where e.is_test) as found_count,
           count(*) as of_count,
           'Enrollments marked as test. Every question view but this one and test_enrollments_running leaves them out.' as meaning
    from bi.dim_enrollment e
    where e.is_top_level and not e.is_deleted
    group by e.company_key, e.company_id
    union all
    select e.company_key, e.company_id, 'test or not unknown', count(*) filter (where e.is_test is null), count(*),
           'Enrollments of which neither detail nor summary was read yet. They are counted as if they were no test.'
    from bi.dim_enrollment e
    where e.is_top_level and not e.is_deleted
    group by e.company_key, e.company_id
    union all
    select e.company_key, e.company_id, 'excluded enrollments', count(*) filter (where e.is_excluded), count(*),
           'Enrollments that ref.enrollment_flags excludes. The question views leave them out.'
    from bi.dim_enrollment e
    where e.is_top_level and not e.is_deleted
    group by e.company_key, e.company_id
    union all
    select e.company_key, e.company_id, 'enrollments without a due date', count(*) filter (where e.due_on is null), count(*),
           'Nobody can be overdue in them.'
    from bi.dim_enrollment e
    where e.is_top_level and not e.is_deleted and e.is_test is not true
    group by e.company_key, e.company_id
    union all
    select f.company_key, f.company_id, 'summaries that differ', count(*) filter (where f.vendor_target_user_count <> f.user_count), count(*),
           'Enrollments of which the vendor''s summary counts other users than its report shows. Anonymous ones are not compared.'
    from bi.fact_enrollment f
    where not f.is_anonymous and f.vendor_target_user_count is not null
    group by f.company_key, f.company_id
    union all
    select s.company_key, s.company_id, 'unknown statuses', coalesce(sum(s.user_count) filter (where s.status_group = 'unknown'), 0)::bigint,
           sum(s.user_count)::bigint,
           'Assignments whose status word is not in ref.status_map. They are not completed, and they are to be finished.'
    from bi.fact_enrollment_status s
    group by s.company_key, s.company_id
    union all
    select d.company_key, d.company_id, 'estimated completions',
           coalesce(sum(d.completed_count) filter (where d.completed_at_basis = 'first seen'), 0)::bigint,
           sum(d.completed_count)::bigint,
           'Completions of which only the day is known by which they had happened.'
    from bi.fact_completion_day d
    group by d.company_key, d.company_id
    union all
    select k.company_key, s.company_id, 'sessions with missing answers',
           count(*) filter (where s.is_latest and s.answered_count < s.asked_count), count(*) filter (where s.is_latest),
           'Latest survey sessions with fewer answers than questions: skipped, or lost by the vendor. Means take what is there.'
    from keepnet.survey_sessions s
    join keepnet.companies k on k.company_id = s.company_id
    where s.deleted_at is null
    group by k.company_key, s.company_id
    union all
    select k.company_key, s.company_id, 'sessions without a question bank', count(*) filter (where s.is_latest and s.asked_count is null),
           count(*) filter (where s.is_latest),
           'Latest survey sessions that came without their questions: their answers have no score.'
    from keepnet.survey_sessions s
    join keepnet.companies k on k.company_id = s.company_id
    where s.deleted_at is null
    group by k.company_key, s.company_id
    union all
    select k.company_key, t.company_id, 'persons without a department', count(*) filter (where t.department is null or t.department = ''),
           count(*), 'They are (none) wherever departments are compared.'
    from keepnet.target_users t
    join keepnet.companies k on k.company_id = t.company_id
    where t.deleted_at is null
    group by k.company_key, t.company_id
    union all
    select k.company_key, t.company_id, 'persons without an address', count(*) filter (where t.email is null or t.email = '' or t.is_email_masked),
           count(*), 'No e-mail address, or a masked one. They are told apart by their id.'
    from keepnet.target_users t
    join keepnet.companies k on k.company_id = t.company_id
    where t.deleted_at is null
    group by k.company_key, t.company_id
    union all
    select k.company_key, t.company_id, 'persons without a name',
           count(*) filter (where coalesce(t.first_name, '') = '' and coalesce(t.last_name, '') = ''), count(*),
           'Neither a first nor a last name.'
    from keepnet.target_users t
    join keepnet.companies k on k.company_id = t.company_id
    where t.deleted_at is null
    group by k.company_key, t.company_id
    union all
    select x.company_key, x.company_id, 'addresses of several persons', count(*) filter (where x.persons > 1), count(*),
           'E-mail addresses that more than one person has, as after a user was deleted and synchronized again: see enrolled_twice.'
    from (
        select k.company_key, t.company_id, lower(t.email) as address, count(*) as persons
        from keepnet.target_users t
        join keepnet.companies k on k.company_id = t.company_id
        where t.deleted_at is null and t.is_email_masked is not true and t.email <> ''
        group by k.company_key, t.company_id, lower(t.email)) x
    group by x.company_key, x.company_id
    union all
    select k.company_key, i.company_id, 'quarantined items', count(*) filter (where i.resolved_at is null), count(*),
           'Received items that could not be understood and are in no table: keepnet-etl quarantine list.'
    from sync.quarantine i
    join keepnet.companies k on k.company_id = i.company_id
    group by k.company_key, i.company_id
    union all
    select k.company_key, d.company_id, 'counts that do not agree', count(*) filter (
               where d.resolved_at is null and coalesce(d.accepted_until, '-infinity') <= p.present_at),
           count(*),
           'Readings whose counts contradict each other, and deletions that wait for an operator: keepnet-etl discrepancy list.'
    from sync.discrepancies d
    join keepnet.companies k on k.company_id = d.company_id
    cross join bi.present p
    group by k.company_key, d.company_id) q
join bi.dim_company c on c.company_key = q.company_key and c.company_id = q.company_id
where not c.is_deleted;
comment on view bi.data_quality is 'One row per company and check: how much of what the figures are made of is left out, missing, estimated or contradictory. Nothing of what is counted here is removed silently elsewhere but by the rule that its line names. From the tables of keepnet and the bookkeeping of the syncs; how old all that is says data_freshness.';
comment on column bi.data_quality.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.data_quality.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.data_quality.company_name is 'Name of the company now.';
comment on column bi.data_quality.check_name is 'What is checked.';
comment on column bi.data_quality.found_count is 'How many were found: enrollments, persons, sessions, assignments or addresses, as check_name says.';
comment on column bi.data_quality.of_count is 'Of how many.';
comment on column bi.data_quality.meaning is 'What it means for the figures.';
