-- Enrollments in numbers.

create or replace view bi.fact_enrollment_status as
select
    c.company_key,
    e.enrollment_key,
    n.company_id,
    c.name as company_name,
    n.enrollment_id,
    e.name as enrollment_name,
    coalesce(own.mapped_department, any_company.mapped_department, nullif(n.department, '')) as department_reported,
    nullif(n.status, '') as status,
    coalesce(m.status_group, 'unknown') as status_group,
    n.user_count
from rollup.department_statuses n
join keepnet.enrollments e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id and e.deleted_at is null
join keepnet.companies c on c.company_id = n.company_id and c.deleted_at is null
left join ref.status_map m on m.domain = 'user' and m.status = n.status_word
left join ref.department_map own on own.company_id = n.company_id and own.department = n.department
left join ref.department_map any_company on any_company.company_id = '' and any_company.department = n.department
left join keepnet.enrollments path
    on path.company_id = e.company_id and path.enrollment_id = e.parent_enrollment_id and path.deleted_at is null
where not (e.is_step and path.enrollment_id is not null);
comment on view bi.fact_enrollment_status is 'One row per company, top-level enrollment, department as reported and status: how many people. What is there now, tests included (join dim_enrollment for is_test). Enrollments without users have no row. The sums of fact_enrollment_user, for reports over many people (rollup.department_statuses).';
comment on column bi.fact_enrollment_status.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_enrollment_status.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_enrollment_status.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment_status.company_name is 'Name of the company now.';
comment on column bi.fact_enrollment_status.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_enrollment_status.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_enrollment_status.department_reported is 'Department as this enrollment''s report showed it last, by the name of ref.department_map; null when the vendor names none. Several departments under one name in ref.department_map are several rows.';
comment on column bi.fact_enrollment_status.status is 'The vendors word, as received.';
comment on column bi.fact_enrollment_status.status_group is 'What the status counts as, by ref.status_map.';
comment on column bi.fact_enrollment_status.user_count is 'People with this status.';

create or replace view bi.fact_completion_day as
select
    c.company_key,
    e.enrollment_key,
    n.company_id,
    c.name as company_name,
    n.enrollment_id,
    e.name as enrollment_name,
    n.day as completed_on,
    (extract(year from n.day) * 10000 + extract(month from n.day) * 100 + extract(day from n.day))::int as completed_on_key,
    n.basis as completed_at_basis,
    n.user_count::bigint as completed_count
from rollup.completion_days n
join keepnet.enrollments e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id and e.deleted_at is null
join keepnet.companies c on c.company_id = n.company_id and c.deleted_at is null
join ref.status_map m on m.domain = 'user' and m.status = n.status_word and m.status_group = 'completed'
left join keepnet.enrollments path
    on path.company_id = e.company_id and path.enrollment_id = e.parent_enrollment_id and path.deleted_at is null
where not (e.is_step and path.enrollment_id is not null);
comment on view bi.fact_completion_day is 'One row per company, top-level enrollment, day, status and basis: how many people finished on that day. Counts those who are completed now. Tests included (join dim_enrollment for is_test). The sums of fact_enrollment_user, for reports over many people (rollup.completion_days).';
comment on column bi.fact_completion_day.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_completion_day.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_completion_day.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_completion_day.company_name is 'Name of the company now.';
comment on column bi.fact_completion_day.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_completion_day.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_completion_day.completed_on is 'Day on which they finished, in the account''s time zone.';
comment on column bi.fact_completion_day.completed_on_key is 'That day as yyyymmdd, for dim_date.';
comment on column bi.fact_completion_day.completed_at_basis is 'How the day is known: reported, session, observed (when keepnet-etl saw it) or first seen (completed already when keepnet-etl saw the person first: then or earlier).';
comment on column bi.fact_completion_day.completed_count is 'People who finished on that day.';

create or replace view bi.fact_enrollment as
select
    e.company_key,
    e.enrollment_key,
    e.company_id,
    e.company_name,
    e.enrollment_id,
    e.enrollment_name,
    e.content_kind,
    e.is_survey,
    e.is_learning_path,
    e.is_anonymous,
    e.status,
    e.status_group,
    e.is_test,
    e.is_mandatory,
    e.is_excluded,
    e.is_archived,
    e.created_on,
    e.starts_on,
    e.due_on,
    e.is_past_due,
    coalesce(n.user_count, 0) as user_count,
    coalesce(n.targeted_user_count, 0) as targeted_user_count,
    coalesce(n.not_delivered_count, 0) as not_delivered_count,
    coalesce(n.started_count, 0) as started_count,
    coalesce(n.in_progress_count, 0) as in_progress_count,
    coalesce(n.completed_count, 0) as completed_count,
    coalesce(n.failed_count, 0) as failed_count,
    coalesce(n.unknown_status_count, 0) as unknown_status_count,
    case when e.is_past_due then coalesce(n.targeted_user_count - n.completed_count, 0) else 0 end as overdue_count,
    case when e.due_on is not null then coalesce(n.completed_on_time_count, 0) end as completed_on_time_count,
    n.started_count::double precision / nullif(n.targeted_user_count, 0) as participation_rate,
    n.completed_count::double precision / nullif(n.targeted_user_count, 0) as completion_rate,
    case when e.due_on is not null then coalesce(n.completed_on_time_count, 0)
        / nullif(n.targeted_user_count, 0)::double precision end as on_time_rate,
    coalesce(r.result_count, 0) as anonymous_result_count,
    s.total_target_user_count as vendor_target_user_count,
    nullif(s.completed_count, -1) as vendor_completed_count,
    nullif(s.in_progress_count, -1) as vendor_in_progress_count,
    nullif(s.no_response_count, -1) as vendor_no_response_count,
    nullif(s.email_delivered_user_count, -1) as vendor_delivered_count,
    nullif(s.email_error_user_count, -1) as vendor_error_count
from bi.dim_enrollment e
join keepnet.companies c on c.company_id = e.company_id and c.deleted_at is null
left join (
    select r.company_id, r.enrollment_id, sum(r.user_count)::bigint as user_count,
           coalesce(sum(r.user_count) filter (where m.status_group is null or m.status_group not in ('cancelled', 'excluded')),
                    0)::bigint as targeted_user_count,
           coalesce(sum(r.user_count) filter (where m.status_group = 'not delivered'), 0)::bigint as not_delivered_count,
           coalesce(sum(r.user_count) filter (where m.status_group in ('in progress', 'completed', 'failed')),
                    0)::bigint as started_count,
           coalesce(sum(r.user_count) filter (where m.status_group = 'in progress'), 0)::bigint as in_progress_count,
           coalesce(sum(r.user_count) filter (where m.status_group = 'completed'), 0)::bigint as completed_count,
           coalesce(sum(r.user_count) filter (where m.status_group = 'failed'), 0)::bigint as failed_count,
           coalesce(sum(r.user_count) filter (where coalesce(m.status_group, 'unknown') = 'unknown'),
                    0)::bigint as unknown_status_count,
           sum(r.on_time_count) filter (where m.status_group = 'completed')::bigint as completed_on_time_count
    from rollup.enrollment_statuses r
    left join ref.status_map m on m.domain = 'user' and m.status = r.status_word
    group by r.company_id, r.enrollment_id) n on n.company_id = e.company_id and n.enrollment_id = e.enrollment_id
left join (
    select company_id, enrollment_id, count(*) as result_count
    from keepnet.anonymous_results
    where deleted_at is null
    group by company_id, enrollment_id) r on r.company_id = e.company_id and r.enrollment_id = e.enrollment_id
left join keepnet.enrollment_summaries s
    on s.company_id = e.company_id and s.enrollment_id = e.enrollment_id and s.deleted_at is null
where e.is_top_level and not e.is_deleted;
comment on view bi.fact_enrollment is 'One row per company and top-level enrollment that the vendor shows now, also those without users; their rates are null. Users of a learning path are counted once, by the path. From dim_enrollment and fact_enrollment_user; the columns vendor_… are the vendor''s own counts (training-reports/{id}/summary).';
comment on column bi.fact_enrollment.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_enrollment.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_enrollment.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment.company_name is 'Name of the company now.';
comment on column bi.fact_enrollment.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_enrollment.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_enrollment.content_kind is 'survey, training, learning path, poster, infographic, screensaver or unknown.';
comment on column bi.fact_enrollment.is_survey is 'It is a survey: type Survey, or hasQuiz at the vendor.';
comment on column bi.fact_enrollment.is_learning_path is 'It is a learning path.';
comment on column bi.fact_enrollment.is_anonymous is 'Its users are anonymous: user_count is 0, anonymous_result_count counts.';
comment on column bi.fact_enrollment.status is 'The vendors word, as received.';
comment on column bi.fact_enrollment.status_group is 'What the status of the enrollment counts as, by ref.status_map.';
comment on column bi.fact_enrollment.is_test is 'Marked as a test at the vendor; null when not known yet, which is not the same as false.';
comment on column bi.fact_enrollment.is_mandatory is 'Marked as mandatory in ref.enrollment_flags.';
comment on column bi.fact_enrollment.is_excluded is 'Marked as not to be counted in ref.enrollment_flags.';
comment on column bi.fact_enrollment.is_archived is 'It is in the vendor''s trash.';
comment on column bi.fact_enrollment.created_on is 'Day on which it was created.';
comment on column bi.fact_enrollment.starts_on is 'Day on which it starts.';
comment on column bi.fact_enrollment.due_on is 'Last day to finish, in the accounts time zone (enrollments/{id}, dueDate); null without one.';
comment on column bi.fact_enrollment.is_past_due is 'Its due day is over.';
comment on column bi.fact_enrollment.user_count is 'People in it.';
comment on column bi.fact_enrollment.targeted_user_count is 'People who are to finish it: not those cancelled or excluded. The denominator of the rates.';
comment on column bi.fact_enrollment.not_delivered_count is 'People whom it did not reach.';
comment on column bi.fact_enrollment.started_count is 'People who have begun: in progress, completed or failed.';
comment on column bi.fact_enrollment.in_progress_count is 'People in progress.';
comment on column bi.fact_enrollment.completed_count is 'People who completed it.';
comment on column bi.fact_enrollment.failed_count is 'People who failed.';
comment on column bi.fact_enrollment.unknown_status_count is 'People whose status word is not in ref.status_map.';
comment on column bi.fact_enrollment.overdue_count is 'People who have not completed it although the due day is over.';
comment on column bi.fact_enrollment.completed_on_time_count is 'People who completed it by due_on; null without a due date.';
comment on column bi.fact_enrollment.participation_rate is 'started_count over targeted_user_count, 0 to 1; null without such users.';
comment on column bi.fact_enrollment.completion_rate is 'completed_count over targeted_user_count, 0 to 1; null without such users.';
comment on column bi.fact_enrollment.on_time_rate is 'completed_on_time_count over targeted_user_count, 0 to 1; null without a due date or such users.';
comment on column bi.fact_enrollment.anonymous_result_count is 'Results of an anonymous enrollment.';
comment on column bi.fact_enrollment.vendor_target_user_count is 'totalTargetUserCount as received.';
comment on column bi.fact_enrollment.vendor_completed_count is 'completedCount of the summary; its -1 is null here.';
comment on column bi.fact_enrollment.vendor_in_progress_count is 'inProgressCount of the summary; its -1 is null here.';
comment on column bi.fact_enrollment.vendor_no_response_count is 'noResponseCount of the summary; its -1 is null here. The vendor''s counts are no partition.';
comment on column bi.fact_enrollment.vendor_delivered_count is 'emailDeliveredUserCount of the summary; its -1 is null here.';
comment on column bi.fact_enrollment.vendor_error_count is 'emailErrorUserCount of the summary; its -1 is null here.';
