-- What was, as keepnet-etl saw it then.

create or replace view bi.fact_enrollment_user_version as
select
    c.company_key,
    e.enrollment_key,
    t.target_user_key,
    v.company_id,
    c.name as company_name,
    v.enrollment_id,
    e.name as enrollment_name,
    v.target_user_id,
    v.reported_enrollment_id,
    v.valid_from,
    v.valid_to,
    v.valid_to is null as is_current,
    v.is_present,
    v.status,
    coalesce(m.status_group, 'unknown') as status_group,
    coalesce(m.status_group = 'completed', false) as is_completed,
    v.exam_status,
    v.exam_score,
    v.current_step,
    e.is_step,
    e.deleted_at is not null as is_deleted
from (
    select company_id, enrollment_id, reported_enrollment_id, target_user_id, valid_from, null::timestamptz as valid_to,
           deleted_at is null as is_present, status, exam_status, exam_score, current_step
    from keepnet.enrollment_users
    union all
    select company_id, enrollment_id, reported_enrollment_id, target_user_id, valid_from, valid_to,
           is_present, status, exam_status, exam_score, current_step
    from keepnet.enrollment_user_history) v
join keepnet.enrollments e on e.company_id = v.company_id and e.enrollment_id = v.enrollment_id
join keepnet.companies c on c.company_id = v.company_id
left join keepnet.target_users t on t.company_id = v.company_id and t.target_user_id = v.target_user_id
left join ref.status_map m on m.domain = 'user' and m.status = lower(replace(v.status, ' ', ''));
comment on view bi.fact_enrollment_user_version is 'One row per company, enrollment, reported enrollment, person and period in which status, exam result and step did not change here. Periods of one row do not overlap; valid_from is included, valid_to is not. Steps of learning paths and enrollments that are gone by now are in it (is_step, is_deleted).';
comment on column bi.fact_enrollment_user_version.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_enrollment_user_version.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_enrollment_user_version.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.fact_enrollment_user_version.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment_user_version.company_name is 'Name of the company now.';
comment on column bi.fact_enrollment_user_version.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_enrollment_user_version.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_enrollment_user_version.target_user_id is 'The vendors id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment_user_version.reported_enrollment_id is 'The enrollment that the row itself names: of a learning path maybe a step.';
comment on column bi.fact_enrollment_user_version.valid_from is 'When the version began, as keepnet-etl saw it.';
comment on column bi.fact_enrollment_user_version.valid_to is 'When it ended; null for the present one.';
comment on column bi.fact_enrollment_user_version.is_current is 'It is the present version.';
comment on column bi.fact_enrollment_user_version.is_present is 'The report showed the person then.';
comment on column bi.fact_enrollment_user_version.status is 'The vendor''s word then, as received.';
comment on column bi.fact_enrollment_user_version.status_group is 'What that status counts as, by ref.status_map as it is now.';
comment on column bi.fact_enrollment_user_version.is_completed is 'The status then counts as completed.';
comment on column bi.fact_enrollment_user_version.exam_status is 'Result of the exam then, as received.';
comment on column bi.fact_enrollment_user_version.exam_score is 'Score of the exam then, 0 to 100.';
comment on column bi.fact_enrollment_user_version.current_step is 'Learning paths: the step that the person was at.';
comment on column bi.fact_enrollment_user_version.is_step is 'The enrollment is a step of a learning path.';
comment on column bi.fact_enrollment_user_version.is_deleted is 'The vendor no longer shows the enrollment.';

create or replace view bi.fact_user_month_end as
select
    c.company_key,
    e.enrollment_key,
    t.target_user_key,
    s.company_id,
    c.name as company_name,
    s.enrollment_id,
    e.name as enrollment_name,
    s.target_user_id,
    (extract(year from s.month_start) * 100 + extract(month from s.month_start))::int as month_key,
    (s.month_start + interval '1 month - 1 day')::date as month_end,
    s.is_covered,
    s.status,
    case when s.is_covered then coalesce(m.status_group, 'unknown') end as status_group,
    case when s.is_covered then coalesce(m.status_group = 'completed', false) else s.dated_at < s.month_end_at end as is_completed,
    case when s.is_covered then coalesce(m.status_group in ('in progress', 'completed', 'failed'), false) end as is_started,
    case when s.is_covered then coalesce(m.status_group not in ('cancelled', 'excluded'), true) end as is_targeted,
    s.exam_score,
    (select coalesce(
         (select d.mapped_department from ref.department_map d
          where d.company_id in (s.company_id, '') and d.department = v.department order by d.company_id desc limit 1),
         nullif(v.department, ''))
     from (select h.department from keepnet.target_user_history h
           where h.company_id = s.company_id and h.target_user_id = s.target_user_id
             and h.valid_from < s.month_end_at and h.valid_to >= s.month_end_at
           union all
           select t.department where t.valid_from < s.month_end_at) v
     limit 1) as department_then,
    (e.due_at at time zone s.zone_name)::date as due_on,
    (e.due_at at time zone s.zone_name)::date < (s.month_start + interval '1 month')::date
        and case when s.is_covered then coalesce(m.status_group not in ('completed', 'cancelled', 'excluded'), true)
                 else s.dated_at >= s.month_end_at end as is_overdue,
    coalesce(e.is_survey, false) as is_survey,
    coalesce(e.is_test, (select x.is_test from keepnet.enrollment_summaries x
                         where x.company_id = e.company_id and x.enrollment_id = e.enrollment_id)) as is_test,
    coalesce(f.is_mandatory, false) as is_mandatory,
    coalesce(f.is_excluded, false) as is_excluded
from (
    select v.company_id, v.enrollment_id, v.target_user_id, zone.name as zone_name, month.month_start,
           ended.month_end_at, true as is_covered, v.status, v.exam_score, null::timestamptz as dated_at
    from (
        select company_id, enrollment_id, reported_enrollment_id, target_user_id, valid_from,
               null::timestamptz as valid_to, status, exam_score
        from keepnet.enrollment_users
        where deleted_at is null
        union all
        select company_id, enrollment_id, reported_enrollment_id, target_user_id, valid_from, valid_to, status, exam_score
        from keepnet.enrollment_user_history
        where is_present) v
    cross join (select coalesce(min(a.time_zone), 'UTC') as name from sync.accounts a) zone
    cross join lateral generate_series(
        date_trunc('month', v.valid_from at time zone zone.name),
        date_trunc('month', coalesce(v.valid_to, now()) at time zone zone.name),
        interval '1 month') month (month_start)
    cross join lateral (select (month.month_start + interval '1 month') at time zone zone.name as month_end_at) ended
    where ended.month_end_at <= now()
      and v.valid_from < ended.month_end_at and (v.valid_to is null or v.valid_to >= ended.month_end_at)
      and (v.reported_enrollment_id = v.enrollment_id
           or not exists (
               select from (
                   select company_id, enrollment_id, reported_enrollment_id, target_user_id, valid_from,
                          null::timestamptz as valid_to
                   from keepnet.enrollment_users
                   where deleted_at is null
                   union all
                   select company_id, enrollment_id, reported_enrollment_id, target_user_id, valid_from, valid_to
                   from keepnet.enrollment_user_history
                   where is_present) o
               where o.company_id = v.company_id and o.enrollment_id = v.enrollment_id
                 and o.target_user_id = v.target_user_id
                 and o.valid_from < ended.month_end_at and (o.valid_to is null or o.valid_to >= ended.month_end_at)
                 and (o.reported_enrollment_id = o.enrollment_id
                      or (o.valid_from, o.reported_enrollment_id) > (v.valid_from, v.reported_enrollment_id))))
    union all
    select u.company_id, u.enrollment_id, u.target_user_id, zone.name, month.month_start,
           ended.month_end_at, false, null, null, coalesce(min(u.first_completed_at), min(u.session_completed_at))
    from keepnet.enrollment_users u
    join keepnet.enrollments e on e.company_id = u.company_id and e.enrollment_id = u.enrollment_id
    join (select company_id, enrollment_id, min(month) as first_month
          from rollup.status_months
          group by company_id, enrollment_id) covered
        on covered.company_id = u.company_id and covered.enrollment_id = u.enrollment_id
    cross join (select coalesce(min(a.time_zone), 'UTC') as name from sync.accounts a) zone
    cross join lateral generate_series(
        date_trunc('month', e.created_at at time zone zone.name),
        covered.first_month - interval '1 month',
        interval '1 month') month (month_start)
    cross join lateral (select (month.month_start + interval '1 month') at time zone zone.name as month_end_at) ended
    where u.deleted_at is null
    group by u.company_id, u.enrollment_id, u.target_user_id, zone.name, month.month_start, ended.month_end_at) s
join keepnet.enrollments e on e.company_id = s.company_id and e.enrollment_id = s.enrollment_id
join keepnet.companies c on c.company_id = s.company_id
left join keepnet.target_users t on t.company_id = s.company_id and t.target_user_id = s.target_user_id
left join ref.status_map m on m.domain = 'user' and m.status = lower(replace(s.status, ' ', ''))
left join ref.enrollment_flags f on f.company_id = s.company_id and f.enrollment_id = s.enrollment_id
where not exists (
    select from keepnet.enrollments p
    where e.is_step and p.company_id = e.company_id and p.enrollment_id = e.parent_enrollment_id
      and (p.deleted_at is null or e.deleted_at is not null));
comment on view bi.fact_user_month_end is 'One row per company, top-level enrollment, person and month that is over: how far they were at its end. is_covered says that keepnet-etl was watching the enrollment then; where it was not, only what the vendor dates is known, of those who are in it now. Months end at midnight of the account''s time zone.';
comment on column bi.fact_user_month_end.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_user_month_end.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_user_month_end.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.fact_user_month_end.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_user_month_end.company_name is 'Name of the company now.';
comment on column bi.fact_user_month_end.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_user_month_end.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_user_month_end.target_user_id is 'The vendors id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_user_month_end.month_key is 'The month as yyyymm.';
comment on column bi.fact_user_month_end.month_end is 'Last day of the month.';
comment on column bi.fact_user_month_end.is_covered is 'keepnet-etl was watching this enrollment at the month''s end.';
comment on column bi.fact_user_month_end.status is 'The vendor''s word at the month''s end; null when not covered.';
comment on column bi.fact_user_month_end.status_group is 'What that status counts as, by ref.status_map as it is now; null when not covered.';
comment on column bi.fact_user_month_end.is_completed is 'Completed by the month''s end. When not covered: by the date that the vendor gives (first completion, or first survey session); null without one.';
comment on column bi.fact_user_month_end.is_started is 'Begun by the month''s end; null when not covered.';
comment on column bi.fact_user_month_end.is_targeted is 'The person was to finish it; null when not covered.';
comment on column bi.fact_user_month_end.exam_score is 'Score of the exam at the month''s end, 0 to 100; null when not covered.';
comment on column bi.fact_user_month_end.department_then is 'Department of the person at the month''s end, by the name of ref.department_map; null when not known.';
comment on column bi.fact_user_month_end.due_on is 'Last day to finish, in the accounts time zone (enrollments/{id}, dueDate); null without one.';
comment on column bi.fact_user_month_end.is_overdue is 'Its due day was not after the month''s last day, and it was not completed by then; null without a due date, or when completion is not known.';
comment on column bi.fact_user_month_end.is_survey is 'It is a survey: type Survey, or hasQuiz at the vendor.';
comment on column bi.fact_user_month_end.is_test is 'Marked as a test at the vendor; null when not known yet, which is not the same as false.';
comment on column bi.fact_user_month_end.is_mandatory is 'Marked as mandatory in ref.enrollment_flags.';
comment on column bi.fact_user_month_end.is_excluded is 'Marked as not to be counted in ref.enrollment_flags.';

create or replace view bi.fact_enrollment_month_end as
select
    c.company_key,
    e.enrollment_key,
    e.company_id,
    c.name as company_name,
    e.enrollment_id,
    e.name as enrollment_name,
    extract(year from n.month_start)::int * 100 + extract(month from n.month_start)::int as month_key,
    (n.month_start + interval '1 month - 1 day')::date as month_end,
    n.is_covered,
    case when n.is_covered then n.user_count end as user_count,
    case when n.is_covered then n.targeted_user_count end as targeted_user_count,
    case when n.is_covered then n.started_count end as started_count,
    case when n.is_covered then n.completed_count else n.dated_count end as completed_count,
    case when not n.is_covered then null
         when (e.due_at at time zone n.zone_name)::date < (n.month_start + interval '1 month')::date
         then n.targeted_user_count - n.completed_count else 0 end as overdue_count,
    case when n.is_covered then n.started_count::double precision / nullif(n.targeted_user_count, 0) end as participation_rate,
    case when n.is_covered then n.completed_count::double precision / nullif(n.targeted_user_count, 0) end as completion_rate,
    (e.due_at at time zone n.zone_name)::date as due_on,
    coalesce(e.is_survey, false) as is_survey,
    coalesce(e.is_test, s.is_test) as is_test,
    coalesce(f.is_mandatory, false) as is_mandatory,
    coalesce(f.is_excluded, false) as is_excluded
from (
    -- What was so at the end of a month is where the last change up to it left it.
    select g.company_id, g.enrollment_id, month.month_start::date as month_start, g.zone_name,
           case when r.months[1] <= g.last_month then r.months[1] else g.first_month end <= month.month_start as is_covered,
           coalesce(r.user_counts[at.place], 0) as user_count,
           coalesce(r.targeted_user_counts[at.place], 0) as targeted_user_count,
           coalesce(r.started_counts[at.place], 0) as started_count,
           coalesce(r.completed_counts[at.place], 0) as completed_count,
           coalesce(d.dated_so_far_counts[at.dated_place], 0) as dated_count
    from (select e.company_id, e.enrollment_id, zone.name as zone_name,
                 date_trunc('month', least(e.created_at, e.first_seen_at) at time zone zone.name) as begins,
                 date_trunc('month', e.first_seen_at at time zone zone.name) as first_month,
                 date_trunc('month', coalesce(e.deleted_at, now()) at time zone zone.name) - interval '1 month' as last_month
          from keepnet.enrollments e
          cross join (select coalesce(min(a.time_zone), 'UTC') as name from sync.accounts a) zone) g
    left join rollup.status_curves r on r.company_id = g.company_id and r.enrollment_id = g.enrollment_id
    left join rollup.completion_curves d on d.company_id = g.company_id and d.enrollment_id = g.enrollment_id
    cross join lateral generate_series(g.begins, g.last_month, interval '1 month') month (month_start)
    cross join lateral (
        select width_bucket(month.month_start::date, r.months) as place,
               width_bucket(month.month_start::date, d.dated_months) as dated_place) at) n
join keepnet.enrollments e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id
join keepnet.companies c on c.company_id = n.company_id
left join keepnet.enrollment_summaries s on s.company_id = e.company_id and s.enrollment_id = e.enrollment_id
left join ref.enrollment_flags f on f.company_id = e.company_id and f.enrollment_id = e.enrollment_id
where (c.deleted_at is null or n.month_start + interval '1 month' <= c.deleted_at at time zone n.zone_name)
  and not exists (
    select from keepnet.enrollments p
    where e.is_step and p.company_id = e.company_id and p.enrollment_id = e.parent_enrollment_id
      and (p.deleted_at is null or e.deleted_at is not null));
comment on view bi.fact_enrollment_month_end is 'One row per company, top-level enrollment and month that is over, from the month in which it was created: how far it was at the month''s end. is_covered says that keepnet-etl was watching it then; where it was not, only people whose completion the vendor dates are counted (completed_count is the least that it can have been) and the other counts are null. Enrollments that were gone by the month''s end have no row. Months end at midnight of the account''s time zone. From rollup.status_curves.';
comment on column bi.fact_enrollment_month_end.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_enrollment_month_end.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_enrollment_month_end.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment_month_end.company_name is 'Name of the company now.';
comment on column bi.fact_enrollment_month_end.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_enrollment_month_end.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_enrollment_month_end.month_key is 'The month as yyyymm.';
comment on column bi.fact_enrollment_month_end.month_end is 'Last day of the month.';
comment on column bi.fact_enrollment_month_end.is_covered is 'keepnet-etl was watching this enrollment at the month''s end.';
comment on column bi.fact_enrollment_month_end.user_count is 'People in it at the month''s end; null when not covered.';
comment on column bi.fact_enrollment_month_end.targeted_user_count is 'People who were to finish it: the denominator of the rates; null when not covered.';
comment on column bi.fact_enrollment_month_end.started_count is 'People who had begun; null when not covered.';
comment on column bi.fact_enrollment_month_end.completed_count is 'People who had completed it; when not covered, those who are in it now and whom the vendor dates.';
comment on column bi.fact_enrollment_month_end.overdue_count is 'People who had not completed it although its due day was not after the month''s last day; null when not covered.';
comment on column bi.fact_enrollment_month_end.participation_rate is 'started_count over targeted_user_count, 0 to 1; null without such users, or when not covered.';
comment on column bi.fact_enrollment_month_end.completion_rate is 'completed_count over targeted_user_count, 0 to 1; null without such users, or when not covered.';
comment on column bi.fact_enrollment_month_end.due_on is 'Last day to finish, in the accounts time zone (enrollments/{id}, dueDate); null without one.';
comment on column bi.fact_enrollment_month_end.is_survey is 'It is a survey: type Survey, or hasQuiz at the vendor.';
comment on column bi.fact_enrollment_month_end.is_test is 'Marked as a test at the vendor; null when not known yet, which is not the same as false.';
comment on column bi.fact_enrollment_month_end.is_mandatory is 'Marked as mandatory in ref.enrollment_flags.';
comment on column bi.fact_enrollment_month_end.is_excluded is 'Marked as not to be counted in ref.enrollment_flags.';

create or replace view bi.fact_enrollment_summary_version as
select
    c.company_key,
    e.enrollment_key,
    v.company_id,
    c.name as company_name,
    v.enrollment_id,
    e.name as enrollment_name,
    v.observed_at as valid_from,
    v.valid_to,
    v.valid_to is null as is_current,
    v.is_present,
    nullif(v.total_target_user_count, -1) as target_user_count,
    nullif(v.completed_count, -1) as completed_count,
    nullif(v.in_progress_count, -1) as in_progress_count,
    nullif(v.no_response_count, -1) as no_response_count,
    nullif(v.email_delivered_user_count, -1) as delivered_count,
    nullif(v.email_error_user_count, -1) as error_count,
    nullif(v.did_not_complete_training_count, -1) as did_not_complete_training_count
from (
    select company_id, enrollment_id, observed_at, null::timestamptz as valid_to, deleted_at is null as is_present,
           total_target_user_count, completed_count, in_progress_count, no_response_count, email_delivered_user_count,
           email_error_user_count, did_not_complete_training_count
    from keepnet.enrollment_summaries
    union all
    select company_id, enrollment_id, observed_at, valid_to, is_present,
           total_target_user_count, completed_count, in_progress_count, no_response_count, email_delivered_user_count,
           email_error_user_count, did_not_complete_training_count
    from keepnet.enrollment_summary_history) v
join keepnet.enrollments e on e.company_id = v.company_id and e.enrollment_id = v.enrollment_id
join keepnet.companies c on c.company_id = v.company_id;
comment on view bi.fact_enrollment_summary_version is 'One row per company, enrollment and period in which the vendor''s own counts did not change here. Periods of one enrollment do not overlap; valid_from is included, valid_to is not. From training-reports/{id}/summary; the counts are no partition, and where the vendor answers -1 they are null.';
comment on column bi.fact_enrollment_summary_version.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_enrollment_summary_version.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_enrollment_summary_version.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment_summary_version.company_name is 'Name of the company now.';
comment on column bi.fact_enrollment_summary_version.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_enrollment_summary_version.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_enrollment_summary_version.valid_from is 'When these counts were seen first.';
comment on column bi.fact_enrollment_summary_version.valid_to is 'When other counts were seen; null for the present ones.';
comment on column bi.fact_enrollment_summary_version.is_current is 'They are the present counts.';
comment on column bi.fact_enrollment_summary_version.is_present is 'The enrollment was there then.';
comment on column bi.fact_enrollment_summary_version.target_user_count is 'totalTargetUserCount.';
comment on column bi.fact_enrollment_summary_version.completed_count is 'completedCount.';
comment on column bi.fact_enrollment_summary_version.in_progress_count is 'inProgressCount.';
comment on column bi.fact_enrollment_summary_version.no_response_count is 'noResponseCount.';
comment on column bi.fact_enrollment_summary_version.delivered_count is 'emailDeliveredUserCount.';
comment on column bi.fact_enrollment_summary_version.error_count is 'emailErrorUserCount.';
comment on column bi.fact_enrollment_summary_version.did_not_complete_training_count is 'didNotCompleteTrainingCount.';
