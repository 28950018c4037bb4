-- Who is enrolled in what, and how far they are.

create or replace view bi.fact_enrollment_user_with_deleted as
select
    c.company_key,
    e.enrollment_key,
    t.target_user_key,
    u.company_id,
    c.name as company_name,
    u.enrollment_id,
    e.name as enrollment_name,
    u.target_user_id,
    u.email,
    nullif(concat_ws(' ', nullif(u.first_name, ''), nullif(u.last_name, '')), '') as full_name,
    coalesce(own_now.mapped_department, any_now.mapped_department, nullif(t.department, '')) as department_now,
    coalesce(own.mapped_department, any_company.mapped_department, nullif(u.department, '')) as department_reported,
    u.status,
    coalesce(m.status_group, 'unknown') as status_group,
    coalesce(m.status_group = 'completed', false) as is_completed,
    coalesce(m.status_group in ('in progress', 'completed', 'failed'), false) as is_started,
    coalesce(m.status_group not in ('cancelled', 'excluded'), true) as is_targeted,
    u.exam_status,
    lower(u.exam_status) in ('passed', 'success') as is_passed,
    u.exam_score,
    u.first_completed_at,
    case when m.status_group = 'completed'
         then coalesce(u.first_completed_at, u.session_completed_at, u.valid_from) end as completed_at,
    (case when m.status_group = 'completed'
          then coalesce(u.first_completed_at, u.session_completed_at, u.valid_from) end at time zone now.time_zone)::date as completed_on,
    case
        when m.status_group is distinct from 'completed' then null
        when u.first_completed_at is not null then 'reported'
        when u.session_completed_at is not null then 'session'
        when u.valid_from > u.first_seen_at then 'observed'
        else 'first seen'
    end as completed_at_basis,
    u.last_interaction_at,
    e.due_at,
    d.due_on,
    d.is_past_due and coalesce(m.status_group not in ('completed', 'cancelled', 'excluded'), true) as is_overdue,
    case when d.is_past_due and coalesce(m.status_group not in ('completed', 'cancelled', 'excluded'), true)
         then now.today - d.due_on end as days_overdue,
    case when m.status_group = 'completed'
         then (coalesce(u.first_completed_at, u.session_completed_at, u.valid_from) at time zone now.time_zone)::date <= d.due_on end
        as is_completed_on_time,
    u.valid_from as status_since,
    u.delivery_type,
    u.current_step,
    u.last_interacted_step,
    u.reported_enrollment_id,
    coalesce(e.is_survey, false) as is_survey,
    coalesce(lower(replace(e.type, ' ', '')) = 'learningpath', false) as is_learning_path,
    coalesce(e.is_test, s.is_test) as is_test,
    coalesce(f.is_mandatory, false) as is_mandatory,
    coalesce(f.is_excluded, false) as is_excluded,
    e.is_archived,
    d.enrolled_on,
    u.first_seen_at,
    u.synced_at,
    coalesce(u.deleted_at, e.deleted_at, c.deleted_at) is not null as is_deleted,
    coalesce(u.deleted_at, e.deleted_at, c.deleted_at) as deleted_at,
    u.deleted_at is null and e.deleted_at is null and c.deleted_at is null and not u.is_superseded as is_counted,
    u.is_superseded,
    case
        when e.is_survey then 'survey'
        when lower(replace(e.type, ' ', '')) = 'learningpath' then 'learning path'
        when lower(e.type) = 'scorm' then 'training'
        else coalesce(lower(e.type), 'unknown')
    end as content_kind,
    e.training_name,
    e.awards_certificate
from bi.present now
cross join keepnet.enrollments e
-- `offset 0` has the days worked out once for each enrollment, and not wherever they are compared.
cross join lateral (
    select (e.due_at at time zone now.time_zone)::date as due_on,
           coalesce((e.due_at at time zone now.time_zone)::date < now.today, false) as is_past_due,
           (e.created_at at time zone now.time_zone)::date as enrolled_on
    offset 0) d
join keepnet.companies c on c.company_id = e.company_id
left join keepnet.enrollment_summaries s on s.company_id = e.company_id and s.enrollment_id = e.enrollment_id
left join ref.enrollment_flags f on f.company_id = e.company_id and f.enrollment_id = e.enrollment_id
join keepnet.enrollment_users u on u.company_id = e.company_id and u.enrollment_id = e.enrollment_id
left join keepnet.target_users t on t.company_id = u.company_id and t.target_user_id = u.target_user_id
left join ref.status_map m on m.domain = 'user' and m.status = lower(replace(u.status, ' ', ''))
left join ref.department_map own on own.company_id = u.company_id and own.department = u.department
left join ref.department_map any_company on any_company.company_id = '' and any_company.department = u.department
left join ref.department_map own_now on own_now.company_id = u.company_id and own_now.department = t.department
left join ref.department_map any_now on any_now.company_id = '' and any_now.department = t.department
where not (e.is_step and exists (
    select from keepnet.enrollments p
    where p.company_id = e.company_id and p.enrollment_id = e.parent_enrollment_id
      and (p.deleted_at is null or e.deleted_at is not null)));
comment on view bi.fact_enrollment_user_with_deleted is 'One row per company, top-level enrollment, reported enrollment and person, also where the vendor no longer shows person, enrollment or company (is_deleted). fact_enrollment_user has what is there now. From training-reports/{id}/users/search. Days are in the account''s time zone.';
comment on column bi.fact_enrollment_user_with_deleted.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_enrollment_user_with_deleted.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_enrollment_user_with_deleted.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.fact_enrollment_user_with_deleted.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment_user_with_deleted.company_name is 'Name of the company now.';
comment on column bi.fact_enrollment_user_with_deleted.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_enrollment_user_with_deleted.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_enrollment_user_with_deleted.target_user_id is 'The vendors id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment_user_with_deleted.email is 'E-mail address as reported; may be masked, hashed or missing.';
comment on column bi.fact_enrollment_user_with_deleted.full_name is 'First and last name, as far as known.';
comment on column bi.fact_enrollment_user_with_deleted.department_now is 'Department of the person now (dim_person.department).';
comment on column bi.fact_enrollment_user_with_deleted.department_reported is 'Department as this enrollment''s report showed it last: of a finished enrollment, as it was then. By the name of ref.department_map; null when the vendor names none.';
comment on column bi.fact_enrollment_user_with_deleted.status is 'The vendors word, as received.';
comment on column bi.fact_enrollment_user_with_deleted.status_group is 'What the status counts as, by ref.status_map: queued, not delivered, not started, opened, clicked, in progress, completed, failed, cancelled, excluded or unknown.';
comment on column bi.fact_enrollment_user_with_deleted.is_completed is 'The status counts as completed.';
comment on column bi.fact_enrollment_user_with_deleted.is_started is 'The person has begun: in progress, completed or failed.';
comment on column bi.fact_enrollment_user_with_deleted.is_targeted is 'The person is to finish it: the denominator of rates. Not those whose status counts as cancelled or excluded.';
comment on column bi.fact_enrollment_user_with_deleted.exam_status is 'Result of the exam as received. The vendor says Incomplete also for completed surveys.';
comment on column bi.fact_enrollment_user_with_deleted.is_passed is 'The exam was passed; null without an exam status.';
comment on column bi.fact_enrollment_user_with_deleted.exam_score is 'Score of the exam, 0 to 100; null without one.';
comment on column bi.fact_enrollment_user_with_deleted.first_completed_at is 'When the person finished first, as the vendor reports it (firstCompletionDate); never reported for surveys.';
comment on column bi.fact_enrollment_user_with_deleted.completed_at is 'When the person finished; null while not completed. completed_at_basis says how that is known.';
comment on column bi.fact_enrollment_user_with_deleted.completed_on is 'Day of completed_at.';
comment on column bi.fact_enrollment_user_with_deleted.completed_at_basis is 'How completed_at is known. reported: by the vendor; session: end of the first survey session; observed: when keepnet-etl saw it; first seen: it was so when keepnet-etl saw the person first, so completed_at is the latest that it can have been.';
comment on column bi.fact_enrollment_user_with_deleted.last_interaction_at is 'As received (lastInteractionDate). The vendor sets it when it sends, too, and survey answers do not move it: no sign of activity.';
comment on column bi.fact_enrollment_user_with_deleted.due_at is 'When it is due (enrollments/{id}, dueDate); null without a due date.';
comment on column bi.fact_enrollment_user_with_deleted.due_on is 'Last day to finish, in the accounts time zone (enrollments/{id}, dueDate); null without one.';
comment on column bi.fact_enrollment_user_with_deleted.is_overdue is 'Not completed although the due day is over (and not cancelled or excluded).';
comment on column bi.fact_enrollment_user_with_deleted.days_overdue is 'Days since due_on; null when not overdue.';
comment on column bi.fact_enrollment_user_with_deleted.is_completed_on_time is 'Completed by due_on; null without a due date or while not completed.';
comment on column bi.fact_enrollment_user_with_deleted.status_since is 'Since when status, exam result and step are like this here.';
comment on column bi.fact_enrollment_user_with_deleted.delivery_type is 'How it was delivered, such as Email.';
comment on column bi.fact_enrollment_user_with_deleted.current_step is 'Learning paths: the step that the person is at, as text.';
comment on column bi.fact_enrollment_user_with_deleted.last_interacted_step is 'Learning paths: the step of the last interaction, as text.';
comment on column bi.fact_enrollment_user_with_deleted.reported_enrollment_id is 'The enrollment that the row itself names: of a learning path maybe a step.';
comment on column bi.fact_enrollment_user_with_deleted.is_survey is 'It is a survey: type Survey, or hasQuiz at the vendor.';
comment on column bi.fact_enrollment_user_with_deleted.is_learning_path is 'It is a learning path; its steps are in fact_step_user.';
comment on column bi.fact_enrollment_user_with_deleted.is_test is 'Marked as a test at the vendor; null when not known yet, which is not the same as false.';
comment on column bi.fact_enrollment_user_with_deleted.is_mandatory is 'Marked as mandatory in ref.enrollment_flags.';
comment on column bi.fact_enrollment_user_with_deleted.is_excluded is 'Marked as not to be counted in ref.enrollment_flags.';
comment on column bi.fact_enrollment_user_with_deleted.is_archived is 'The enrollment is in the vendor''s trash.';
comment on column bi.fact_enrollment_user_with_deleted.enrolled_on is 'Day on which the enrollment was created.';
comment on column bi.fact_enrollment_user_with_deleted.first_seen_at is 'When keepnet-etl saw it first.';
comment on column bi.fact_enrollment_user_with_deleted.synced_at is 'When it last changed here.';
comment on column bi.fact_enrollment_user_with_deleted.is_deleted is 'The vendor no longer shows the person in it, the enrollment, or the company.';
comment on column bi.fact_enrollment_user_with_deleted.deleted_at is 'When keepnet-etl found that the vendor no longer shows it; null while it does.';
comment on column bi.fact_enrollment_user_with_deleted.is_counted is 'It is the one row of this person and enrollment that fact_enrollment_user has: not deleted, and the newest where a learning path reports a person under several steps.';
comment on column bi.fact_enrollment_user_with_deleted.is_superseded is 'Another row of the same person and enrollment counts instead of this one.';
comment on column bi.fact_enrollment_user_with_deleted.content_kind is 'survey, training, learning path, poster, infographic, screensaver or unknown.';
comment on column bi.fact_enrollment_user_with_deleted.training_name is 'Name of what was sent.';
comment on column bi.fact_enrollment_user_with_deleted.awards_certificate is 'The enrollment awards a certificate.';

create or replace view bi.fact_enrollment_user as
select
    u.company_key,
    u.enrollment_key,
    u.target_user_key,
    u.company_id,
    u.company_name,
    u.enrollment_id,
    u.enrollment_name,
    u.target_user_id,
    u.email,
    u.full_name,
    u.department_now,
    u.department_reported,
    u.status,
    u.status_group,
    u.is_completed,
    u.is_started,
    u.is_targeted,
    u.exam_status,
    u.is_passed,
    u.exam_score,
    u.first_completed_at,
    u.completed_at,
    u.completed_on,
    u.completed_at_basis,
    u.last_interaction_at,
    u.due_at,
    u.due_on,
    u.is_overdue,
    u.days_overdue,
    u.is_completed_on_time,
    u.status_since,
    u.delivery_type,
    u.current_step,
    u.last_interacted_step,
    u.reported_enrollment_id,
    u.is_survey,
    u.is_learning_path,
    u.is_test,
    u.is_mandatory,
    u.is_excluded,
    u.is_archived,
    u.enrolled_on,
    u.first_seen_at,
    u.synced_at
from bi.fact_enrollment_user_with_deleted u
where u.is_counted;
comment on view bi.fact_enrollment_user is 'One row per company, top-level enrollment and person: what is there now. Users of a learning path are counted once, by the path; its steps are in fact_step_user. Nothing that the vendor no longer shows: that is in fact_enrollment_user_with_deleted. Test enrollments are in it (is_test; null is unknown). From training-reports/{id}/users/search. Days are in the account''s time zone.';
comment on column bi.fact_enrollment_user.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_enrollment_user.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_enrollment_user.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.fact_enrollment_user.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment_user.company_name is 'Name of the company now.';
comment on column bi.fact_enrollment_user.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_enrollment_user.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_enrollment_user.target_user_id is 'The vendors id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_enrollment_user.email is 'E-mail address as reported; may be masked, hashed or missing.';
comment on column bi.fact_enrollment_user.full_name is 'First and last name, as far as known.';
comment on column bi.fact_enrollment_user.department_now is 'Department of the person now (dim_person.department).';
comment on column bi.fact_enrollment_user.department_reported is 'Department as this enrollment''s report showed it last: of a finished enrollment, as it was then. By the name of ref.department_map; null when the vendor names none.';
comment on column bi.fact_enrollment_user.status is 'The vendors word, as received.';
comment on column bi.fact_enrollment_user.status_group is 'What the status counts as, by ref.status_map: queued, not delivered, not started, opened, clicked, in progress, completed, failed, cancelled, excluded or unknown.';
comment on column bi.fact_enrollment_user.is_completed is 'The status counts as completed.';
comment on column bi.fact_enrollment_user.is_started is 'The person has begun: in progress, completed or failed.';
comment on column bi.fact_enrollment_user.is_targeted is 'The person is to finish it: the denominator of rates. Not those whose status counts as cancelled or excluded.';
comment on column bi.fact_enrollment_user.exam_status is 'Result of the exam as received. The vendor says Incomplete also for completed surveys.';
comment on column bi.fact_enrollment_user.is_passed is 'The exam was passed; null without an exam status.';
comment on column bi.fact_enrollment_user.exam_score is 'Score of the exam, 0 to 100; null without one.';
comment on column bi.fact_enrollment_user.first_completed_at is 'When the person finished first, as the vendor reports it (firstCompletionDate); never reported for surveys.';
comment on column bi.fact_enrollment_user.completed_at is 'When the person finished; null while not completed. completed_at_basis says how that is known.';
comment on column bi.fact_enrollment_user.completed_on is 'Day of completed_at.';
comment on column bi.fact_enrollment_user.completed_at_basis is 'How completed_at is known. reported: by the vendor; session: end of the first survey session; observed: when keepnet-etl saw it; first seen: it was so when keepnet-etl saw the person first, so completed_at is the latest that it can have been.';
comment on column bi.fact_enrollment_user.last_interaction_at is 'As received (lastInteractionDate). The vendor sets it when it sends, too, and survey answers do not move it: no sign of activity.';
comment on column bi.fact_enrollment_user.due_at is 'When it is due (enrollments/{id}, dueDate); null without a due date.';
comment on column bi.fact_enrollment_user.due_on is 'Last day to finish, in the accounts time zone (enrollments/{id}, dueDate); null without one.';
comment on column bi.fact_enrollment_user.is_overdue is 'Not completed although the due day is over (and not cancelled or excluded).';
comment on column bi.fact_enrollment_user.days_overdue is 'Days since due_on; null when not overdue.';
comment on column bi.fact_enrollment_user.is_completed_on_time is 'Completed by due_on; null without a due date or while not completed.';
comment on column bi.fact_enrollment_user.status_since is 'Since when status, exam result and step are like this here.';
comment on column bi.fact_enrollment_user.delivery_type is 'How it was delivered, such as Email.';
comment on column bi.fact_enrollment_user.current_step is 'Learning paths: the step that the person is at, as text.';
comment on column bi.fact_enrollment_user.last_interacted_step is 'Learning paths: the step of the last interaction, as text.';
comment on column bi.fact_enrollment_user.reported_enrollment_id is 'The enrollment that the row itself names: of a learning path maybe a step.';
comment on column bi.fact_enrollment_user.is_survey is 'It is a survey: type Survey, or hasQuiz at the vendor.';
comment on column bi.fact_enrollment_user.is_learning_path is 'It is a learning path; its steps are in fact_step_user.';
comment on column bi.fact_enrollment_user.is_test is 'Marked as a test at the vendor; null when not known yet, which is not the same as false.';
comment on column bi.fact_enrollment_user.is_mandatory is 'Marked as mandatory in ref.enrollment_flags.';
comment on column bi.fact_enrollment_user.is_excluded is 'Marked as not to be counted in ref.enrollment_flags.';
comment on column bi.fact_enrollment_user.is_archived is 'The enrollment is in the vendor''s trash.';
comment on column bi.fact_enrollment_user.enrolled_on is 'Day on which the enrollment was created.';
comment on column bi.fact_enrollment_user.first_seen_at is 'When keepnet-etl saw it first.';
comment on column bi.fact_enrollment_user.synced_at is 'When it last changed here.';

create or replace view bi.fact_step_user as
select
    c.company_key,
    p.enrollment_key,
    e.enrollment_key as step_enrollment_key,
    t.target_user_key,
    u.company_id,
    c.name as company_name,
    p.enrollment_id,
    p.name as enrollment_name,
    e.enrollment_id as step_enrollment_id,
    e.step_number,
    coalesce(e.training_name, e.name) as step_name,
    u.target_user_id,
    u.email,
    nullif(concat_ws(' ', nullif(u.first_name, ''), nullif(u.last_name, '')), '') as full_name,
    coalesce(own.mapped_department, any_company.mapped_department, nullif(u.department, '')) as department_reported,
    u.status,
    coalesce(m.status_group, 'unknown') as status_group,
    coalesce(m.status_group = 'completed', false) as is_completed,
    coalesce(m.status_group in ('in progress', 'completed', 'failed'), false) as is_started,
    coalesce(m.status_group not in ('cancelled', 'excluded'), true) as is_targeted,
    u.exam_score,
    case when m.status_group = 'completed'
         then coalesce(u.first_completed_at, u.session_completed_at, u.valid_from) end as completed_at,
    (case when m.status_group = 'completed'
          then coalesce(u.first_completed_at, u.session_completed_at, u.valid_from) end at time zone zone.name)::date as completed_on,
    u.valid_from as status_since,
    coalesce(e.is_survey, false) as is_survey,
    coalesce(p.is_test, s.is_test) as is_test
from keepnet.enrollment_users u
join keepnet.enrollments e on e.company_id = u.company_id and e.enrollment_id = u.enrollment_id and e.is_step
join keepnet.enrollments p on p.company_id = e.company_id and p.enrollment_id = e.parent_enrollment_id
join keepnet.companies c on c.company_id = u.company_id
left join keepnet.target_users t on t.company_id = u.company_id and t.target_user_id = u.target_user_id
left join ref.status_map m on m.domain = 'user' and m.status = lower(replace(u.status, ' ', ''))
left join keepnet.enrollment_summaries s on s.company_id = p.company_id and s.enrollment_id = p.enrollment_id
left join ref.department_map own on own.company_id = u.company_id and own.department = u.department
left join ref.department_map any_company on any_company.company_id = '' and any_company.department = u.department
cross join (select coalesce(min(a.time_zone), 'UTC') as name from sync.accounts a) zone
where u.deleted_at is null and e.deleted_at is null and p.deleted_at is null and c.deleted_at is null
  and not u.is_superseded;
comment on view bi.fact_step_user is 'One row per learning path, step and person: what is there now. From the report of each step (training-reports/{step}/users/search). Count people in fact_enrollment_user; here each comes once per step.';
comment on column bi.fact_step_user.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_step_user.enrollment_key is 'Stable number of the learning path.';
comment on column bi.fact_step_user.step_enrollment_key is 'Stable number of the step''s own enrollment.';
comment on column bi.fact_step_user.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.fact_step_user.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_step_user.company_name is 'Name of the company now.';
comment on column bi.fact_step_user.enrollment_id is 'The learning path.';
comment on column bi.fact_step_user.enrollment_name is 'Name of the learning path.';
comment on column bi.fact_step_user.step_enrollment_id is 'The step''s own enrollment.';
comment on column bi.fact_step_user.step_number is 'Place of the step in the path.';
comment on column bi.fact_step_user.step_name is 'What the step is.';
comment on column bi.fact_step_user.target_user_id is 'The vendors id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_step_user.email is 'E-mail address as reported; may be masked, hashed or missing.';
comment on column bi.fact_step_user.full_name is 'First and last name, as far as known.';
comment on column bi.fact_step_user.department_reported is 'Department as the step''s report showed it last; null when the vendor names none.';
comment on column bi.fact_step_user.status is 'The vendors word, as received.';
comment on column bi.fact_step_user.status_group is 'What the status counts as, by ref.status_map.';
comment on column bi.fact_step_user.is_completed is 'The status counts as completed.';
comment on column bi.fact_step_user.is_started is 'The person has begun the step.';
comment on column bi.fact_step_user.is_targeted is 'The person is to finish it.';
comment on column bi.fact_step_user.exam_score is 'Score of the step''s exam, 0 to 100; null without one.';
comment on column bi.fact_step_user.completed_at is 'When the person finished the step: as reported, else the end of the first session, else when keepnet-etl saw it.';
comment on column bi.fact_step_user.completed_on is 'Day of completed_at.';
comment on column bi.fact_step_user.status_since is 'Since when status, exam result and step are like this here.';
comment on column bi.fact_step_user.is_survey is 'The step is a survey.';
comment on column bi.fact_step_user.is_test is 'The path is marked as a test; null when not known yet.';
