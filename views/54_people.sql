-- People, by name: who has not finished, who keeps leaving things undone, what somebody was trained in.

create or replace view bi.not_finished as
select
    u.company_key,
    u.enrollment_key,
    u.target_user_key,
    u.company_id,
    u.company_name,
    u.enrollment_id,
    u.enrollment_name,
    u.target_user_id,
    u.full_name,
    u.email,
    u.department_now,
    u.status,
    u.status_group,
    u.enrolled_on,
    p.today - u.enrolled_on as days_since_enrolled,
    u.due_on,
    u.is_overdue,
    u.days_overdue,
    u.status_since,
    u.current_step,
    u.is_survey,
    u.is_mandatory,
    u.is_archived
from bi.fact_enrollment_user u
cross join bi.present p
where u.is_targeted
  and not u.is_completed
  and u.is_test is not true
  and not u.is_excluded;
comment on view bi.not_finished is 'One row per company, enrollment and person who has not completed it, with the days since it was due. Who is overdue: where is_overdue. Tests, what ref.enrollment_flags excludes, and cancelled or excluded users are left out. From fact_enrollment_user.';
comment on column bi.not_finished.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.not_finished.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.not_finished.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.not_finished.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.not_finished.company_name is 'Name of the company now.';
comment on column bi.not_finished.enrollment_id is 'The vendor''s id of the enrollment.';
comment on column bi.not_finished.enrollment_name is 'Name of the enrollment.';
comment on column bi.not_finished.target_user_id is 'The vendor''s id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.not_finished.full_name is 'First and last name, as far as known.';
comment on column bi.not_finished.email is 'E-mail address as reported; may be masked, hashed or missing.';
comment on column bi.not_finished.department_now is 'Department of the person now, by the name of ref.department_map.';
comment on column bi.not_finished.status is 'The vendor''s word, as received.';
comment on column bi.not_finished.status_group is 'What the status counts as, by ref.status_map.';
comment on column bi.not_finished.enrolled_on is 'Day on which the enrollment was created, in the account''s zone.';
comment on column bi.not_finished.days_since_enrolled is 'Days since then.';
comment on column bi.not_finished.due_on is 'Last day to finish, in the account''s zone; null without one.';
comment on column bi.not_finished.is_overdue is 'That day is over.';
comment on column bi.not_finished.days_overdue is 'Days since due_on; null when not overdue.';
comment on column bi.not_finished.status_since is 'Since when the status is like this here; an instant.';
comment on column bi.not_finished.current_step is 'Learning paths: the step that the person is at, as text.';
comment on column bi.not_finished.is_survey is 'It is a survey.';
comment on column bi.not_finished.is_mandatory is 'Marked as mandatory in ref.enrollment_flags.';
comment on column bi.not_finished.is_archived is 'The enrollment is in the vendor''s trash: nobody can finish it any more.';

create or replace view bi.repeatedly_overdue as
select
    c.company_key,
    t.target_user_key,
    c.company_id,
    c.name as company_name,
    n.target_user_id,
    nullif(concat_ws(' ', nullif(t.first_name, ''), nullif(t.last_name, '')), '') as full_name,
    t.email,
    coalesce(own.mapped_department, any_company.mapped_department, nullif(t.department, '')) as department_now,
    n.due_count,
    n.overdue_count,
    n.late_count,
    n.overdue_count::double precision / n.due_count as overdue_rate,
    n.longest_days_overdue
from keepnet.companies c
cross join lateral (
    -- Company by company: the first ones answer while the others wait. Assignments as fact_enrollment_user has them: people
    -- are counted first, what else is known of them is looked up.
    select
        u.target_user_id,
        count(*) as due_count,
        count(*) filter (where m.status_group is distinct from 'completed') as overdue_count,
        count(*) filter (
            where m.status_group = 'completed'
              and (coalesce(u.first_completed_at, u.session_completed_at, u.valid_from) at time zone e.time_zone)::date > e.due_on)
            as late_count,
        max(e.days_since_due) filter (where m.status_group is distinct from 'completed') as longest_days_overdue
    from (
        select d.company_id, d.enrollment_id, d.due_on, p.today - d.due_on as days_since_due, p.time_zone
        from bi.dim_enrollment d
        cross join bi.present p
        where d.company_id = c.company_id
          and d.is_top_level
          and not d.is_deleted
          and d.due_on < p.today
          and d.is_test is not true
          and not d.is_excluded) e
    join keepnet.enrollment_users u on u.company_id = e.company_id and u.enrollment_id = e.enrollment_id
    left join ref.status_map m on m.domain = 'user' and m.status = lower(replace(u.status, ' ', ''))
    where u.deleted_at is null
      and coalesce(m.status_group not in ('cancelled', 'excluded'), true)
      and not u.is_superseded
    group by u.target_user_id
    having count(*) filter (where m.status_group is distinct from 'completed') > 1) n
left join keepnet.target_users t on t.company_id = c.company_id and t.target_user_id = n.target_user_id
left join ref.department_map own on own.company_id = c.company_id and own.department = t.department
left join ref.department_map any_company on any_company.company_id = '' and any_company.department = t.department
where c.deleted_at is null;
comment on view bi.repeatedly_overdue is 'One row per person who let the due day of two or more enrollments pass without finishing. Tests, what ref.enrollment_flags excludes, and cancelled or excluded users are left out. From fact_enrollment_user. Who falls for simulated phishing again and again is counted in repeat_offenders, without names.';
comment on column bi.repeatedly_overdue.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.repeatedly_overdue.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.repeatedly_overdue.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.repeatedly_overdue.company_name is 'Name of the company now.';
comment on column bi.repeatedly_overdue.target_user_id is 'The vendor''s id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.repeatedly_overdue.full_name is 'First and last name now (dim_person.full_name).';
comment on column bi.repeatedly_overdue.email is 'E-mail address now; may be masked, hashed or missing.';
comment on column bi.repeatedly_overdue.department_now is 'Department of the person now.';
comment on column bi.repeatedly_overdue.due_count is 'Enrollments of the person whose due day is over.';
comment on column bi.repeatedly_overdue.overdue_count is 'Those that the person has not completed; two or more.';
comment on column bi.repeatedly_overdue.late_count is 'Those that the person completed after the due day.';
comment on column bi.repeatedly_overdue.overdue_rate is 'overdue_count over due_count, 0 to 1.';
comment on column bi.repeatedly_overdue.longest_days_overdue is 'Days since the oldest of those due days.';

create or replace view bi.training_history as
select
    u.company_key,
    u.enrollment_key,
    u.target_user_key,
    u.company_id,
    u.company_name,
    u.target_user_id,
    u.full_name,
    u.email,
    u.enrollment_id,
    u.enrollment_name,
    u.content_kind,
    u.training_name,
    u.enrolled_on,
    u.due_on,
    u.status,
    u.status_group,
    u.is_completed,
    u.completed_on,
    u.completed_at_basis,
    u.is_completed_on_time,
    u.exam_status,
    u.exam_score,
    u.department_reported,
    u.department_now,
    u.awards_certificate,
    u.is_deleted
from bi.fact_enrollment_user_with_deleted u
where u.is_test is not true
  and not u.is_excluded
  and not u.is_superseded;
comment on view bi.training_history is 'One row per person and enrollment: everything that somebody was ever enrolled in while it was read here, also what the vendor no longer shows (is_deleted), because it was done nevertheless. Tests and what ref.enrollment_flags excludes are left out; a learning path is one row. From fact_enrollment_user_with_deleted.';
comment on column bi.training_history.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.training_history.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.training_history.target_user_key is 'Stable number of the person within the company: use it for relationships. The same human in two companies is two persons.';
comment on column bi.training_history.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.training_history.company_name is 'Name of the company now.';
comment on column bi.training_history.target_user_id is 'The vendor''s id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.training_history.full_name is 'First and last name as this enrollment reports them.';
comment on column bi.training_history.email is 'E-mail address as this enrollment reports it.';
comment on column bi.training_history.enrollment_id is 'The vendor''s id of the enrollment.';
comment on column bi.training_history.enrollment_name is 'Name of the enrollment.';
comment on column bi.training_history.content_kind is 'survey, training, learning path, poster, infographic, screensaver or unknown.';
comment on column bi.training_history.training_name is 'Name of what was sent.';
comment on column bi.training_history.enrolled_on is 'Day on which the enrollment was created, in the account''s zone.';
comment on column bi.training_history.due_on is 'Last day to finish, in the account''s zone; null without one.';
comment on column bi.training_history.status is 'The vendor''s word, as received last.';
comment on column bi.training_history.status_group is 'What the status counts as, by ref.status_map.';
comment on column bi.training_history.is_completed is 'The status counts as completed.';
comment on column bi.training_history.completed_on is 'Day on which it was completed, in the account''s zone; completed_at_basis says how that is known.';
comment on column bi.training_history.completed_at_basis is 'reported by the vendor; session: end of the first survey session; observed when keepnet-etl saw it; first seen: then or earlier.';
comment on column bi.training_history.is_completed_on_time is 'Completed by due_on; null without a due date or while not completed.';
comment on column bi.training_history.exam_status is 'Result of the exam as received.';
comment on column bi.training_history.exam_score is 'Score of the exam, 0 to 100.';
comment on column bi.training_history.department_reported is 'Department as the enrollment reported it last.';
comment on column bi.training_history.department_now is 'Department of the person now.';
comment on column bi.training_history.awards_certificate is 'The enrollment awards a certificate.';
comment on column bi.training_history.is_deleted is 'The vendor no longer shows it.';
