-- What is different since yesterday.

create or replace view bi.changes_since_yesterday as
select
    c.company_key,
    c.company_id,
    c.company_name,
    x.change,
    x.about,
    x.before_value,
    x.now_value,
    x.how_many,
    x.seen_at
from bi.dim_company c
cross join (
    -- Yesterday begins at its midnight in the account's zone.
    select (b.today - 1)::timestamp at time zone b.time_zone as since, b.today, b.time_zone
    from bi.present b) p
cross join lateral (
    select 'company added' as change, k.name as about, null::text as before_value, null::text as now_value,
           1::bigint as how_many, k.first_seen_at as seen_at
    from keepnet.companies k
    where k.company_id = c.company_id and k.first_seen_at >= p.since
    union all
    select 'company gone', k.name, null, null, 1, k.deleted_at
    from keepnet.companies k
    where k.company_id = c.company_id and k.deleted_at >= p.since
    union all
    select v.change, k.name, v.before_value, v.now_value, 1, h.valid_to
    from keepnet.company_history h
    join keepnet.companies k on k.company_id = h.company_id
    cross join lateral (
        select n.name, n.number_of_users, n.target_user_count, n.license_ends_at, n.parent_company_id
        from keepnet.company_history n
        where n.company_id = h.company_id and n.valid_from = h.valid_to
        union all
        select k.name, k.number_of_users, k.target_user_count, k.license_ends_at, k.parent_company_id
        where k.valid_from = h.valid_to) n
    cross join lateral (
        values
            ('company renamed', h.name, n.name),
            ('users bought', h.number_of_users::text, n.number_of_users::text),
            ('users of the company', h.target_user_count::text, n.target_user_count::text),
            ('licence end', (h.license_ends_at at time zone p.time_zone)::date::text,
             (n.license_ends_at at time zone p.time_zone)::date::text),
            ('reseller above', h.parent_company_id, n.parent_company_id)
    ) v (change, before_value, now_value)
    where h.company_id = c.company_id
      and h.valid_to >= p.since
      and v.before_value is distinct from v.now_value
    union all
    select 'enrollment added', e.name, null, e.status, 1, e.first_seen_at
    from keepnet.enrollments e
    where e.company_id = c.company_id
      and not e.is_step
      and e.first_seen_at >= p.since
    union all
    select 'enrollment gone', e.name, e.status, null, 1, e.deleted_at
    from keepnet.enrollments e
    where e.company_id = c.company_id
      and not e.is_step
      and e.deleted_at >= p.since
    union all
    select 'status', max(e.name), b.status, v.status, count(*), max(b.valid_to)
    from keepnet.enrollment_user_history b
    join (
        select u.company_id, u.enrollment_id, u.reported_enrollment_id, u.target_user_id, u.valid_from, u.status,
               u.deleted_at is null as is_present
        from keepnet.enrollment_users u
        union all
        select h.company_id, h.enrollment_id, h.reported_enrollment_id, h.target_user_id, h.valid_from, h.status, h.is_present
        from keepnet.enrollment_user_history h) v
        on v.company_id = b.company_id and v.enrollment_id = b.enrollment_id
        and v.reported_enrollment_id = b.reported_enrollment_id and v.target_user_id = b.target_user_id
        and v.valid_from = b.valid_to
    join keepnet.enrollments e on e.company_id = v.company_id and e.enrollment_id = v.enrollment_id
    where b.company_id = c.company_id
      and not e.is_step
      and b.valid_to >= p.since
      and b.is_present and v.is_present
      and b.status is distinct from v.status
    group by v.company_id, v.enrollment_id, b.status, v.status
    union all
    select 'users of the enrollment', e.name, h.total_target_user_count::text,
           s.total_target_user_count::text, abs(s.total_target_user_count - h.total_target_user_count), s.observed_at
    from keepnet.enrollment_summary_history h
    join keepnet.enrollment_summaries s on s.company_id = h.company_id and s.enrollment_id = h.enrollment_id
    join keepnet.enrollments e on e.company_id = h.company_id and e.enrollment_id = h.enrollment_id
    where h.company_id = c.company_id
      and not e.is_step
      and s.deleted_at is null
      and h.valid_to >= p.since
      and h.observed_at < p.since
      and h.total_target_user_count is distinct from s.total_target_user_count
    union all
    select 'closed month of a widget', w.widget_type || ' ' || to_char(w.period_start, 'YYYY-MM'), null, null,
           count(*), max(w.synced_at)
    from keepnet.widget_values w
    where w.company_id = c.company_id
      and w.synced_at >= p.since
      and w.first_seen_at < p.since
      and w.period_end < p.today
    group by w.company_id, w.widget_type, w.period_start) x;
comment on view bi.changes_since_yesterday is 'One row per change that keepnet-etl has seen since the midnight on which yesterday began: companies and licences, enrollments that came or went, statuses (people of one enrollment that went from one to another are one row), users of enrollments, and closed months whose widgets changed all the same. On the first day everything is new. From the histories of keepnet.';
comment on column bi.changes_since_yesterday.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.changes_since_yesterday.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.changes_since_yesterday.company_name is 'Name of the company now.';
comment on column bi.changes_since_yesterday.change is 'What changed.';
comment on column bi.changes_since_yesterday.about is 'Of which company, enrollment or widget.';
comment on column bi.changes_since_yesterday.before_value is 'What it was before; null where there is no before.';
comment on column bi.changes_since_yesterday.now_value is 'What it became.';
comment on column bi.changes_since_yesterday.how_many is 'People, users or values that changed so.';
comment on column bi.changes_since_yesterday.seen_at is 'When keepnet-etl saw the (last) change; an instant.';
