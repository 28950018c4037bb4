-- What was reported on a day, beside what is reported now. Functions run with the rights of whoever calls them and read
-- views of this schema only.

create or replace function bi.as_reported_on(reported_on date)
returns table (
    company_key bigint,
    enrollment_key bigint,
    target_user_key bigint,
    company_id text,
    company_name text,
    enrollment_id text,
    enrollment_name text,
    target_user_id text,
    is_covered boolean,
    was_reported boolean,
    status_then text,
    status_group_then text,
    is_completed_then boolean,
    exam_score_then double precision,
    is_reported_now boolean,
    status_now text,
    status_group_now text,
    is_completed_now boolean,
    exam_score_now double precision,
    changed_at timestamptz,
    difference text
)
language sql stable as $$
    select
        k.company_key,
        k.enrollment_key,
        k.target_user_key,
        k.company_id,
        k.company_name,
        k.enrollment_id,
        k.enrollment_name,
        k.target_user_id,
        k.covered_from < k.ended_at,
        was.status is not null or was.valid_from is not null,
        was.status,
        was.status_group,
        was.is_completed,
        was.exam_score,
        now_.target_user_id is not null,
        now_.status,
        now_.status_group,
        now_.is_completed,
        now_.exam_score,
        coalesce(case when was.valid_from is not null then was.valid_to end, now_.status_since),
        case
            when k.covered_from >= k.ended_at then 'not watched then'
            when was.valid_from is null then 'added since'
            when now_.target_user_id is null then 'no longer reported'
            when was.status is distinct from now_.status then 'status changed'
            when was.exam_score is distinct from now_.exam_score then 'score changed'
            else 'same'
        end
    from (
        select d.company_key, d.enrollment_key, d.target_user_key, d.company_id, d.company_name, d.enrollment_id,
               d.enrollment_name, d.target_user_id, covered.covered_from, day.ended_at
        from bi.fact_enrollment_user_with_deleted d
        join (select w.company_id, w.enrollment_id, min(w.first_seen_at) as covered_from
              from bi.fact_enrollment_user_with_deleted w
              group by w.company_id, w.enrollment_id) covered
            on covered.company_id = d.company_id and covered.enrollment_id = d.enrollment_id
        cross join (select (reported_on + 1)::timestamp at time zone min(c.time_zone) as ended_at
                    from bi.dim_company c) day
        group by d.company_key, d.enrollment_key, d.target_user_key, d.company_id, d.company_name, d.enrollment_id,
                 d.enrollment_name, d.target_user_id, covered.covered_from, day.ended_at) k
    left join (
        select distinct on (v.company_id, v.enrollment_id, v.target_user_id) v.*
        from bi.fact_enrollment_user_version v
        where v.is_present
          and v.valid_from < (select (reported_on + 1)::timestamp at time zone min(c.time_zone) from bi.dim_company c)
          and (v.valid_to is null
               or v.valid_to >= (select (reported_on + 1)::timestamp at time zone min(c.time_zone) from bi.dim_company c))
        order by v.company_id, v.enrollment_id, v.target_user_id,
                 v.reported_enrollment_id = v.enrollment_id desc, v.valid_from desc, v.reported_enrollment_id desc) was
        on was.company_id = k.company_id and was.enrollment_id = k.enrollment_id and was.target_user_id = k.target_user_id
    left join bi.fact_enrollment_user now_
        on now_.company_id = k.company_id and now_.enrollment_id = k.enrollment_id
        and now_.target_user_id = k.target_user_id
    where was.valid_from is not null or now_.target_user_id is not null
$$;
comment on function bi.as_reported_on(date) is 'What keepnet-etl reported at the end of a day (of the account''s time zone), beside what it reports now: one row per company, top-level enrollment and person that was reported then or is now. difference says why they differ: not watched then (the enrollment was read first later), added since, no longer reported, status changed, score changed, or same; changed_at says when.';

create or replace function bi.as_reported_summary_on(reported_on date)
returns table (
    company_key bigint,
    enrollment_key bigint,
    company_id text,
    company_name text,
    enrollment_id text,
    enrollment_name text,
    is_covered boolean,
    user_count_then bigint,
    completed_count_then bigint,
    completion_rate_then double precision,
    user_count_now bigint,
    completed_count_now bigint,
    completion_rate_now double precision,
    added_count bigint,
    no_longer_reported_count bigint,
    status_changed_count bigint
)
language sql stable as $$
    select
        r.company_key,
        r.enrollment_key,
        r.company_id,
        r.company_name,
        r.enrollment_id,
        r.enrollment_name,
        bool_and(r.is_covered),
        count(*) filter (where r.was_reported),
        count(*) filter (where r.is_completed_then),
        count(*) filter (where r.is_completed_then)::double precision
            / nullif(count(*) filter (where r.was_reported and r.status_group_then not in ('cancelled', 'excluded')), 0),
        count(*) filter (where r.is_reported_now),
        count(*) filter (where r.is_completed_now),
        count(*) filter (where r.is_completed_now)::double precision
            / nullif(count(*) filter (where r.is_reported_now and r.status_group_now not in ('cancelled', 'excluded')), 0),
        count(*) filter (where r.difference = 'added since'),
        count(*) filter (where r.difference = 'no longer reported'),
        count(*) filter (where r.difference = 'status changed')
    from bi.as_reported_on(reported_on) r
    group by r.company_key, r.enrollment_key, r.company_id, r.company_name, r.enrollment_id, r.enrollment_name
$$;
comment on function bi.as_reported_summary_on(date) is 'What bi.as_reported_on gives, counted: one row per company and top-level enrollment with the people, completions and completion rate (0 to 1, of people not cancelled or excluded) reported at the end of a day and now, and how many people made the difference.';
