-- One line per company.

create or replace view bi.company_overview as
select
    c.company_key,
    c.company_id,
    c.company_name,
    c.kind,
    c.parent_company_name,
    c.industry_name,
    c.license_type_name,
    c.license_ends_on,
    c.license_ends_on - p.today as days_until_license_end,
    c.licensed_user_count,
    c.target_user_count,
    c.license_usage,
    c.monthly_active_user_count,
    coalesce(n.enrollment_count, 0) as enrollment_count,
    coalesce(n.active_enrollment_count, 0) as active_enrollment_count,
    n.last_sent_on,
    p.today - n.last_sent_on as days_since_last_sent,
    coalesce(n.assigned_count, 0) as assigned_count,
    coalesce(n.completed_count, 0) as completed_count,
    n.completed_count / nullif(n.assigned_count, 0)::double precision as completion_rate,
    coalesce(n.overdue_count, 0) as overdue_count,
    coalesce(n.survey_count, 0) as survey_count,
    n.survey_started_count / nullif(n.survey_assigned_count, 0)::double precision as survey_participation_rate,
    coalesce(n.test_enrollment_count, 0) as test_enrollment_count,
    coalesce(n.unknown_test_count, 0) as unknown_test_count,
    c.access_state,
    c.safe_as_of
from bi.dim_company c
cross join bi.present p
left join (
    select
        f.company_key,
        f.company_id,
        count(*) filter (where f.is_counted) as enrollment_count,
        count(*) filter (where f.is_counted and f.status_group = 'active') as active_enrollment_count,
        max(coalesce(f.starts_on, f.created_on)) filter (
            where f.is_counted and f.status_group not in ('scheduled', 'error')
              and coalesce(f.starts_on, f.created_on) <= t.today) as last_sent_on,
        coalesce(sum(f.targeted_user_count) filter (where f.is_counted), 0)::bigint as assigned_count,
        coalesce(sum(f.completed_count) filter (where f.is_counted), 0)::bigint as completed_count,
        coalesce(sum(f.targeted_user_count - f.completed_count) filter (
            where f.is_counted and f.due_on < t.today), 0)::bigint as overdue_count,
        count(*) filter (where f.is_counted and f.is_survey) as survey_count,
        coalesce(sum(f.targeted_user_count) filter (where f.is_counted and f.is_survey), 0)::bigint as survey_assigned_count,
        coalesce(sum(f.started_count) filter (where f.is_counted and f.is_survey), 0)::bigint as survey_started_count,
        count(*) filter (where f.is_test) as test_enrollment_count,
        count(*) filter (where f.is_test is null) as unknown_test_count
    from (
        select e.*, e.is_test is not true and not e.is_excluded as is_counted
        from bi.fact_enrollment e) f
    cross join bi.present t
    group by f.company_key, f.company_id) n on n.company_key = c.company_key and n.company_id = c.company_id
where not c.is_deleted;
comment on view bi.company_overview is 'One row per company: licence, users, what was sent, how much of it was finished, what is overdue, and as of when that is known. Tests and what ref.enrollment_flags excludes are left out and counted apart; enrollments of which it is not known whether they are tests are in. Steps of learning paths are not counted beside their path. From dim_company and fact_enrollment.';
comment on column bi.company_overview.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.company_overview.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.company_overview.company_name is 'Name of the company now.';
comment on column bi.company_overview.kind is 'reseller or customer.';
comment on column bi.company_overview.parent_company_name is 'Name of the reseller directly above it.';
comment on column bi.company_overview.industry_name is 'Industry (industryName).';
comment on column bi.company_overview.license_type_name is 'Kind of licence (licenseTypeName).';
comment on column bi.company_overview.license_ends_on is 'Day on which the licence ends, in the account''s zone.';
comment on column bi.company_overview.days_until_license_end is 'Days from today to license_ends_on; negative when it is past.';
comment on column bi.company_overview.licensed_user_count is 'Users bought (numberOfUsers); null when unlimited or not a number.';
comment on column bi.company_overview.target_user_count is 'Users that the company has (targetUserCount).';
comment on column bi.company_overview.license_usage is 'target_user_count over licensed_user_count, 1 is all of them; null without a limit.';
comment on column bi.company_overview.monthly_active_user_count is 'Users active within the month, as the vendor counts them (monthlyActiveUserCount).';
comment on column bi.company_overview.enrollment_count is 'Enrollments, archived ones included.';
comment on column bi.company_overview.active_enrollment_count is 'Enrollments that are being sent or enroll new users, by ref.status_map.';
comment on column bi.company_overview.last_sent_on is 'Day on which the last enrollment was sent, a survey included: startDate, else createTime; a day of the account''s zone.';
comment on column bi.company_overview.days_since_last_sent is 'Days from then to today; null: nothing was sent.';
comment on column bi.company_overview.assigned_count is 'Assignments: people per enrollment, added up; not those whose status counts as cancelled or excluded.';
comment on column bi.company_overview.completed_count is 'Assignments that are completed.';
comment on column bi.company_overview.completion_rate is 'completed_count over assigned_count, 0 to 1; null when nobody is enrolled.';
comment on column bi.company_overview.overdue_count is 'Assignments that are not completed although their due day is over.';
comment on column bi.company_overview.survey_count is 'Surveys among the enrollments.';
comment on column bi.company_overview.survey_participation_rate is 'Assignments of surveys that were begun over all of them, 0 to 1; null without any.';
comment on column bi.company_overview.test_enrollment_count is 'Enrollments marked as test, left out of all other counts.';
comment on column bi.company_overview.unknown_test_count is 'Enrollments of which it is not known yet whether they are tests; they are counted.';
comment on column bi.company_overview.access_state is 'Whether the customer lets the reseller see its data: granted or denied; null when not known.';
comment on column bi.company_overview.safe_as_of is 'The last instant at which everything of the company was complete here.';
