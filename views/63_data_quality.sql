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
    select e.company_key, e.company_id, v.check_name, v.found_count, v.of_count, v.meaning
    from (
        select n.company_key, n.company_id, count(*) as all_count, count(*) filter (where n.is_test) as test_count,
               count(*) filter (where n.is_test is null) as unknown_count, count(*) filter (where n.is_excluded) as excluded_count,
               count(*) filter (where n.due_on is null and n.is_test is not true) as endless_count,
               count(*) filter (where n.is_test is not true) as real_count
        from bi.dim_enrollment n
        where n.is_top_level and not n.is_deleted
        group by n.company_key, n.company_id) e
    cross join lateral (values
        ('test enrollments', e.test_count, e.all_count,
         'Enrollments marked as test. Every question view but this one and test_enrollments_running leaves them out.'),
        ('test or not unknown', e.unknown_count, e.all_count,
         'Enrollments of which neither detail nor summary was read yet. They are counted as if they were no test.'),
        ('excluded enrollments', e.excluded_count, e.all_count,
         'Enrollments that ref.enrollment_flags excludes. The question views leave them out.'),
        ('enrollments without a due date', e.endless_count, nullif(e.real_count, 0),
         'Nobody can be overdue in them.')) v (check_name, found_count, of_count, meaning)
    where v.of_count is not null
    union all
    select f.company_key, f.company_id, v.check_name, v.found_count, v.of_count, v.meaning
    from (
        select n.company_key, n.company_id,
               count(*) filter (where not n.is_anonymous and n.vendor_target_user_count <> n.user_count) as differing_count,
               count(*) filter (where not n.is_anonymous and n.vendor_target_user_count is not null) as compared_count,
               sum(n.unknown_status_count)::bigint as unknown_count, sum(n.user_count)::bigint as user_count
        from bi.fact_enrollment n
        group by n.company_key, n.company_id) f
    cross join lateral (values
        ('summaries that differ', f.differing_count, f.compared_count,
         'Enrollments of which the vendor''s summary counts other users than its report shows. Anonymous ones are not compared.'),
        ('unknown statuses', f.unknown_count, f.user_count,
         'Assignments whose status word is not in ref.status_map. They are not completed, and they are to be finished.')
    ) v (check_name, found_count, of_count, meaning)
    where v.of_count > 0
    union all
    select k.company_key, d.company_id, 'estimated completions', d.estimated_count, d.completed_count,
           'Completions of which only the day is known by which they had happened.'
    from (
        select n.company_id, coalesce(sum(n.estimated_count), 0)::bigint as estimated_count,
               sum(n.completed_count)::bigint as completed_count
        from rollup.completion_curves n
        join bi.dim_enrollment e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id
        where n.completed_count > 0 and e.is_top_level and not e.is_deleted
        group by n.company_id) d
    join keepnet.companies k on k.company_id = d.company_id
    union all
    select k.company_key, s.company_id, v.check_name, v.found_count, s.latest_count, v.meaning
    from (
        select r.company_id, sum(r.latest_count)::bigint as latest_count, sum(r.incomplete_count)::bigint as incomplete_count,
               sum(r.without_bank_count)::bigint as without_bank_count
        from rollup.survey_sessions r
        group by r.company_id) s
    join keepnet.companies k on k.company_id = s.company_id
    cross join lateral (values
        ('sessions with missing answers', s.incomplete_count,
         'Latest survey sessions with fewer answers than questions: skipped, or lost by the vendor. Means take what is there.'),
        ('sessions without a question bank', s.without_bank_count,
         'Latest survey sessions that came without their questions: their answers have no score.')
    ) v (check_name, found_count, meaning)
    union all
    select k.company_key, t.company_id, v.check_name, v.found_count, t.all_count, v.meaning
    from (
        select p.company_id, count(*) as all_count, count(*) filter (where coalesce(p.department, '') = '') as no_department_count,
               count(*) filter (where coalesce(p.email, '') = '' or p.is_email_masked) as no_address_count,
               count(*) filter (where coalesce(p.first_name, '') = '' and coalesce(p.last_name, '') = '') as no_name_count
        from keepnet.target_users p
        where p.deleted_at is null
        group by p.company_id) t
    join keepnet.companies k on k.company_id = t.company_id
    cross join lateral (values
        ('persons without a department', t.no_department_count, 'They are (none) wherever departments are compared.'),
        ('persons without an address', t.no_address_count,
         'No e-mail address, or a masked one. They are told apart by their id.'),
        ('persons without a name', t.no_name_count, 'Neither a first nor a last name.')) v (check_name, found_count, meaning)
    union all
    select k.company_key, x.company_id, 'addresses of several persons', x.shared_count, x.all_count,
           'E-mail addresses that more than one person has, as after a user was deleted and synchronized again: see enrolled_twice.'
    from (
        select a.company_id, count(*) filter (where a.persons > 1) as shared_count, count(*) as all_count
        from (
            select t.company_id, lower(t.email) as address, count(*) as persons
            from keepnet.target_users t
            where t.deleted_at is null and t.is_email_masked is not true and t.email <> ''
            group by t.company_id, lower(t.email)) a
        group by a.company_id) x
    join keepnet.companies k on k.company_id = x.company_id
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
