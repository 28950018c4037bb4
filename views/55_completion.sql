-- Completion over time: by day, by due date, by department, and what was reported then.

create or replace view bi.completion_by_day as
select
    f.company_key,
    f.enrollment_key,
    r.company_id,
    f.company_name,
    r.enrollment_id,
    f.enrollment_name,
    f.is_survey,
    d.day as completed_on,
    d.completed_count,
    d.estimated_count,
    d.completed_so_far,
    f.targeted_user_count as assigned_count,
    d.completed_so_far::double precision / nullif(f.targeted_user_count, 0) as completion_rate_so_far,
    d.day < i.installed_on as is_before_installation
from rollup.completion_curves r
cross join lateral unnest(r.days, r.completed_counts, r.estimated_counts, r.completed_so_far_counts)
    d (day, completed_count, estimated_count, completed_so_far)
join bi.fact_enrollment f on f.company_id = r.company_id and f.enrollment_id = r.enrollment_id
cross join (
    select (min(a.first_used_at) at time zone min(p.time_zone))::date as installed_on
    from sync.accounts a cross join bi.present p) i
where f.is_test is not true
  and not f.is_excluded;
comment on view bi.completion_by_day is 'One row per company, top-level enrollment and day on which somebody completed it: how many on that day, and up to it. Days before keepnet-etl was installed are in it and marked: trainings by the vendor''s date, surveys by the end of the first session. Of those who are completed now; tests and what ref.enrollment_flags excludes are left out. From rollup.completion_curves: the sums of fact_completion_day.';
comment on column bi.completion_by_day.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.completion_by_day.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.completion_by_day.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.completion_by_day.company_name is 'Name of the company now.';
comment on column bi.completion_by_day.enrollment_id is 'The vendor''s id of the enrollment.';
comment on column bi.completion_by_day.enrollment_name is 'Name of the enrollment.';
comment on column bi.completion_by_day.is_survey is 'It is a survey.';
comment on column bi.completion_by_day.completed_on is 'The day, in the account''s zone.';
comment on column bi.completion_by_day.completed_count is 'People who completed it on that day.';
comment on column bi.completion_by_day.estimated_count is 'Those of them of whom only the day is known by which they had: neither a date of the vendor nor a session tells the real one.';
comment on column bi.completion_by_day.completed_so_far is 'People who completed it up to and with that day.';
comment on column bi.completion_by_day.assigned_count is 'People who are to finish it now.';
comment on column bi.completion_by_day.completion_rate_so_far is 'completed_so_far over assigned_count, 0 to 1; null without users.';
comment on column bi.completion_by_day.is_before_installation is 'The day lies before the first run of keepnet-etl on this database: it is known from dates of the vendor, not from having watched.';

create or replace view bi.completion_by_due_date as
select
    m.company_key,
    m.company_id,
    m.company_name,
    m.month_key,
    m.month_end,
    count(*) as enrollment_count,
    count(*) filter (where date_trunc('month', m.due_on) = date_trunc('month', m.month_end)) as due_in_month_count,
    count(*) filter (where not m.is_covered) as uncovered_count,
    (sum(m.targeted_user_count) filter (where m.is_covered))::bigint as assigned_count,
    (sum(m.completed_count) filter (where m.is_covered))::bigint as completed_count,
    (sum(m.overdue_count) filter (where m.is_covered))::bigint as overdue_count,
    sum(m.completed_count) filter (where m.is_covered)::double precision
        / nullif(sum(m.targeted_user_count) filter (where m.is_covered), 0)::double precision as completion_rate
from bi.fact_enrollment_month_end m
cross join bi.present p
where m.is_mandatory
  and m.due_on <= m.month_end
  and m.month_end < p.today
  and m.is_test is not true
  and not m.is_excluded
group by m.company_key, m.company_id, m.company_name, m.month_key, m.month_end;
comment on view bi.completion_by_due_date is 'One row per company and month that is over: of the mandatory enrollments that were due by its end, how much was completed then. Mandatory is what ref.enrollment_flags marks so; without marks there are no rows. Enrollments that were not watched at the month''s end are counted apart (uncovered_count) and in no other figure. Tests are left out. From fact_enrollment_month_end.';
comment on column bi.completion_by_due_date.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.completion_by_due_date.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.completion_by_due_date.company_name is 'Name of the company now.';
comment on column bi.completion_by_due_date.month_key is 'The month as yyyymm.';
comment on column bi.completion_by_due_date.month_end is 'Last day of the month, in the account''s zone.';
comment on column bi.completion_by_due_date.enrollment_count is 'Mandatory enrollments whose due day is not after it.';
comment on column bi.completion_by_due_date.due_in_month_count is 'Those whose due day lies in this month.';
comment on column bi.completion_by_due_date.uncovered_count is 'Those that keepnet-etl did not watch at that time.';
comment on column bi.completion_by_due_date.assigned_count is 'People per enrollment who were to finish it at the month''s end, added up; null when none was watched then.';
comment on column bi.completion_by_due_date.completed_count is 'Those of them who had.';
comment on column bi.completion_by_due_date.overdue_count is 'Those of them who had not.';
comment on column bi.completion_by_due_date.completion_rate is 'completed_count over assigned_count, 0 to 1; null without users.';

create or replace view bi.completion_by_department_and_quarter as
select
    q.company_key,
    q.company_id,
    q.company_name,
    q.department_then,
    q.quarter_end,
    to_char(q.quarter_end, 'YYYY-"Q"Q') as year_quarter,
    q.assigned_count,
    q.completed_count,
    q.completed_count / nullif(q.assigned_count, 0)::double precision as completion_rate,
    case when lag(q.quarter_end) over quarters = (date_trunc('quarter', q.quarter_end) - interval '1 day')::date
         then lag(q.completed_count / nullif(q.assigned_count, 0)::double precision) over quarters end
        as previous_completion_rate,
    q.completed_count / nullif(q.assigned_count, 0)::double precision
        - case when lag(q.quarter_end) over quarters = (date_trunc('quarter', q.quarter_end) - interval '1 day')::date
               then lag(q.completed_count / nullif(q.assigned_count, 0)::double precision) over quarters end as change
from (
    -- How many more or fewer in each quarter, added up: with a row for each quarter since the first.
    select
        c.company_key,
        d.company_id,
        c.name as company_name,
        d.department_then,
        (z.quarter + interval '3 months - 1 day')::date as quarter_end,
        sum(d.assigned_count)::bigint as assigned_count,
        sum(d.completed_count)::bigint as completed_count
    from (
        select
            n.company_id,
            n.department as department_then,
            n.quarter,
            -- Sums of int, which people of one department fit into, are bigint, and take half as long as sums of bigint.
            sum(n.assigned_change::int) as assigned_count,
            sum(n.completed_change::int) as completed_count
        from rollup.department_progress_quarters n
        join keepnet.enrollments e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id
        left join keepnet.enrollments path
            on path.company_id = e.company_id and path.enrollment_id = e.parent_enrollment_id
            and (path.deleted_at is null or e.deleted_at is not null)
        left join keepnet.enrollment_summaries s on s.company_id = e.company_id and s.enrollment_id = e.enrollment_id
        left join ref.enrollment_flags f on f.company_id = e.company_id and f.enrollment_id = e.enrollment_id
        where not (e.is_step and path.enrollment_id is not null)
          and coalesce(e.is_test, s.is_test) is not true
          and f.is_excluded is not true
        group by n.company_id, n.department, n.quarter) d
    join keepnet.companies c on c.company_id = d.company_id
    cross join bi.present p
    join lateral generate_series(
        d.quarter::timestamp,
        date_trunc('quarter', p.today::timestamp) - interval '3 months',
        interval '3 months') z (quarter) on true
    group by c.company_key, d.company_id, c.name, d.department_then, z.quarter
    having sum(d.assigned_count) <> 0) q
window quarters as (
    partition by q.company_key, q.company_id, q.department_then order by q.quarter_end);
comment on view bi.completion_by_department_and_quarter is 'One row per company, quarter that is over and department in which people were at its end: of all that they were assigned to by then, how much they had completed, against the quarter before. Who moved since is counted where they were then. Only what keepnet-etl was watching then; tests and what ref.enrollment_flags excludes are left out. From rollup.department_progress_quarters: the sums of fact_user_month_end.';
comment on column bi.completion_by_department_and_quarter.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.completion_by_department_and_quarter.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.completion_by_department_and_quarter.company_name is 'Name of the company now.';
comment on column bi.completion_by_department_and_quarter.department_then is 'Department at the quarter''s end, by the name of ref.department_map; (none) where the vendor names none.';
comment on column bi.completion_by_department_and_quarter.quarter_end is 'Last day of the quarter, in the account''s zone.';
comment on column bi.completion_by_department_and_quarter.year_quarter is 'The quarter as text, such as 2026-Q1.';
comment on column bi.completion_by_department_and_quarter.assigned_count is 'People per enrollment who were to finish it, added up.';
comment on column bi.completion_by_department_and_quarter.completed_count is 'Those of them who had.';
comment on column bi.completion_by_department_and_quarter.completion_rate is 'completed_count over assigned_count, 0 to 1.';
comment on column bi.completion_by_department_and_quarter.previous_completion_rate is 'The same a quarter before; null where that is not known.';
comment on column bi.completion_by_department_and_quarter.change is 'completion_rate less previous_completion_rate.';

create or replace view bi.department_league as
select
    c.company_key,
    d.company_id,
    c.company_name,
    d.department,
    d.enrollment_count,
    d.assigned_count,
    d.completed_count,
    d.completed_count / nullif(d.assigned_count, 0)::double precision as completion_rate,
    d.overdue_count,
    rank() over (
        partition by c.company_key, d.company_id
        order by d.completed_count / nullif(d.assigned_count, 0)::double precision desc nulls last) as place
from (
    select
        n.company_id,
        n.department,
        count(*) as enrollment_count,
        sum(n.assigned_count)::bigint as assigned_count,
        sum(n.completed_count)::bigint as completed_count,
        coalesce(sum(n.assigned_count - n.completed_count) filter (where e.due_on < p.today), 0)::bigint as overdue_count
    from rollup.department_progress n
    join bi.dim_enrollment e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id
    cross join bi.present p
    where e.is_top_level
      and not e.is_deleted
      and e.is_test is not true
      and not e.is_excluded
      and e.created_on > p.today - 365
    group by n.company_id, n.department) d
join bi.dim_company c on c.company_id = d.company_id and not c.is_deleted;
comment on view bi.department_league is 'One row per company and department: how much of what was assigned in the last 365 days its people completed, and its place among the departments of the company. Department as the enrollment reported it. Tests and what ref.enrollment_flags excludes are left out. From rollup.department_progress: the sums of fact_enrollment_status.';
comment on column bi.department_league.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.department_league.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.department_league.company_name is 'Name of the company now.';
comment on column bi.department_league.department is 'Department, by the name of ref.department_map; (none) where the vendor names none.';
comment on column bi.department_league.enrollment_count is 'Enrollments created in the last 365 days in which somebody of the department is.';
comment on column bi.department_league.assigned_count is 'People per enrollment who are to finish it, added up.';
comment on column bi.department_league.completed_count is 'Those of them who completed it.';
comment on column bi.department_league.completion_rate is 'completed_count over assigned_count, 0 to 1; null without users.';
comment on column bi.department_league.overdue_count is 'Those who have not completed it although the due day is over.';
comment on column bi.department_league.place is 'Place within the company by completion_rate, from 1; equal ones share a place.';

create or replace view bi.reported_then_and_now as
select
    m.company_key,
    m.enrollment_key,
    m.company_id,
    m.company_name,
    m.enrollment_id,
    m.enrollment_name,
    m.month_end,
    m.targeted_user_count as assigned_then,
    m.completed_count as completed_then,
    m.completion_rate as completion_rate_then,
    f.targeted_user_count as assigned_now,
    f.completed_count as completed_now,
    f.completion_rate as completion_rate_now,
    f.completed_count - m.completed_count as completed_since,
    f.targeted_user_count - m.targeted_user_count as assigned_since,
    f.enrollment_key is null as is_gone
from bi.fact_enrollment_month_end m
cross join bi.present p
left join bi.fact_enrollment f
    on f.company_key = m.company_key and f.company_id = m.company_id and f.enrollment_key = m.enrollment_key
where m.is_covered
  and m.month_end < p.today
  and m.is_test is not true
  and not m.is_excluded;
comment on view bi.reported_then_and_now is 'One row per company, top-level enrollment and month that is over and was watched: what was true at its end beside what is true now. For any other day, and for why single people differ, ask the function bi.as_reported_on(date). Tests and what ref.enrollment_flags excludes are left out. From fact_enrollment_month_end and fact_enrollment.';
comment on column bi.reported_then_and_now.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.reported_then_and_now.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.reported_then_and_now.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.reported_then_and_now.company_name is 'Name of the company now.';
comment on column bi.reported_then_and_now.enrollment_id is 'The vendor''s id of the enrollment.';
comment on column bi.reported_then_and_now.enrollment_name is 'Name of the enrollment.';
comment on column bi.reported_then_and_now.month_end is 'Last day of the month, in the account''s zone.';
comment on column bi.reported_then_and_now.assigned_then is 'People who were to finish it at the month''s end.';
comment on column bi.reported_then_and_now.completed_then is 'Those of them who had completed it.';
comment on column bi.reported_then_and_now.completion_rate_then is 'completed_then over assigned_then, 0 to 1; null without users.';
comment on column bi.reported_then_and_now.assigned_now is 'People who are to finish it now; null when the enrollment is gone.';
comment on column bi.reported_then_and_now.completed_now is 'People who completed it by now; null when the enrollment is gone.';
comment on column bi.reported_then_and_now.completion_rate_now is 'completed_now over assigned_now, 0 to 1; null without users.';
comment on column bi.reported_then_and_now.completed_since is 'completed_now less completed_then.';
comment on column bi.reported_then_and_now.assigned_since is 'assigned_now less assigned_then.';
comment on column bi.reported_then_and_now.is_gone is 'The vendor no longer shows the enrollment.';
