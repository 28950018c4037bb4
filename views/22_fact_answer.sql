-- Surveys: sessions, answers, and answers in numbers.

create or replace view bi.fact_survey_session as
select
    c.company_key,
    e.enrollment_key,
    t.target_user_key,
    s.company_id,
    c.name as company_name,
    s.enrollment_id,
    e.name as enrollment_name,
    s.target_user_id,
    s.session_id,
    s.content_id,
    s.is_latest,
    s.started_at,
    (s.started_at at time zone zone.name)::date as started_on,
    s.asked_count,
    s.answered_count,
    s.answered_count >= s.asked_count as is_complete,
    coalesce(
        (select d.mapped_department from ref.department_map d
         where d.company_id in (s.company_id, '') and d.department = u.department order by d.company_id desc limit 1),
        nullif(u.department, '')) as department_reported,
    coalesce(
        (select d.mapped_department from ref.department_map d
         where d.company_id in (s.company_id, '') and d.department = t.department order by d.company_id desc limit 1),
        nullif(t.department, '')) as department_now,
    coalesce(e.is_test, (select x.is_test from keepnet.enrollment_summaries x
                         where x.company_id = e.company_id and x.enrollment_id = e.enrollment_id)) as is_test
from keepnet.survey_sessions s
join keepnet.companies c on c.company_id = s.company_id
join keepnet.enrollments e on e.company_id = s.company_id and e.enrollment_id = s.enrollment_id
left join keepnet.target_users t on t.company_id = s.company_id and t.target_user_id = s.target_user_id
left join keepnet.enrollment_users u
    on u.company_id = s.company_id and u.enrollment_id = s.enrollment_id
    and u.reported_enrollment_id = s.enrollment_id and u.target_user_id = s.target_user_id
cross join (select coalesce(min(a.time_zone), 'UTC') as name from sync.accounts a) zone
where s.deleted_at is null and c.deleted_at is null and e.deleted_at is null;
comment on view bi.fact_survey_session is 'One row per session of a person in a survey or exam: all sessions, the latest marked (is_latest). From training-reports/{id}/exam-result-sessions/{user}. Of a step of a learning path under the step''s own enrollment. The vendor shows finished sessions only.';
comment on column bi.fact_survey_session.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_survey_session.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_survey_session.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.fact_survey_session.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_survey_session.company_name is 'Name of the company now.';
comment on column bi.fact_survey_session.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_survey_session.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_survey_session.target_user_id is 'The vendors id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_survey_session.session_id is 'The vendor''s id of the session.';
comment on column bi.fact_survey_session.content_id is 'The content that was shown: one per language.';
comment on column bi.fact_survey_session.is_latest is 'It is the person''s newest session in this enrollment.';
comment on column bi.fact_survey_session.started_at is 'When it began, to the minute.';
comment on column bi.fact_survey_session.started_on is 'Day on which it began, in the account''s time zone.';
comment on column bi.fact_survey_session.asked_count is 'Questions in it; null when the vendor sent no question bank.';
comment on column bi.fact_survey_session.answered_count is 'Questions with an answer.';
comment on column bi.fact_survey_session.is_complete is 'Every question has an answer; null when asked_count is. The vendor is known to have lost answers.';
comment on column bi.fact_survey_session.department_reported is 'Department as this enrollment''s report showed it last; null when the vendor names none.';
comment on column bi.fact_survey_session.department_now is 'Department of the person now.';
comment on column bi.fact_survey_session.is_test is 'Marked as a test at the vendor; null when not known yet, which is not the same as false.';

create or replace view bi.fact_answer as
select
    c.company_key,
    e.enrollment_key,
    t.target_user_key,
    q.question_key,
    a.company_id,
    c.name as company_name,
    a.enrollment_id,
    e.name as enrollment_name,
    a.target_user_id,
    a.session_id,
    s.is_latest as is_latest_session,
    (s.started_at at time zone zone.name)::date as answered_on,
    a.content_id,
    a.question_id,
    q.question_text,
    a.question_type,
    q.group_id,
    coalesce(
        (select l.label from ref.question_group_labels l
         where l.training_name in (e.training_name, '') and l.group_id = q.group_id order by l.training_name desc limit 1),
        q.group_id) as group_label,
    q.is_reversed,
    a.option_text,
    (select string_agg(o.option_text, ' | ' order by o.position) from keepnet.survey_answers o
     where o.company_id = a.company_id and o.enrollment_id = a.enrollment_id and o.target_user_id = a.target_user_id
       and o.session_id = a.session_id and o.question_id = a.question_id and o.deleted_at is null) as answer_text,
    a.position,
    a.scored_position,
    100 * a.scored_position / nullif(q.option_count - 1, 0)::double precision as score,
    extract(epoch from a.latency)::double precision as latency_seconds,
    a.result,
    coalesce(
        (select d.mapped_department from ref.department_map d
         where d.company_id in (a.company_id, '') and d.department = u.department order by d.company_id desc limit 1),
        nullif(u.department, '')) as department_reported,
    coalesce(
        (select d.mapped_department from ref.department_map d
         where d.company_id in (a.company_id, '') and d.department = t.department order by d.company_id desc limit 1),
        nullif(t.department, '')) as department_now,
    coalesce(e.is_test, (select x.is_test from keepnet.enrollment_summaries x
                         where x.company_id = e.company_id and x.enrollment_id = e.enrollment_id)) as is_test
from keepnet.survey_answers a
join keepnet.survey_sessions s
    on s.company_id = a.company_id and s.enrollment_id = a.enrollment_id
    and s.target_user_id = a.target_user_id and s.session_id = a.session_id
join keepnet.enrollments e on e.company_id = a.company_id and e.enrollment_id = a.enrollment_id
join keepnet.companies c on c.company_id = a.company_id
left join keepnet.survey_questions q
    on q.company_id = a.company_id and q.enrollment_id = a.enrollment_id
    and q.content_id = a.content_id and q.question_id = a.question_id
left join keepnet.target_users t on t.company_id = a.company_id and t.target_user_id = a.target_user_id
left join keepnet.enrollment_users u
    on u.company_id = a.company_id and u.enrollment_id = a.enrollment_id
    and u.reported_enrollment_id = a.enrollment_id and u.target_user_id = a.target_user_id
cross join (select coalesce(min(z.time_zone), 'UTC') as name from sync.accounts z) zone
where a.deleted_at is null and s.deleted_at is null and c.deleted_at is null and e.deleted_at is null
  and not exists (select from keepnet.survey_answers o
                  where o.company_id = a.company_id and o.enrollment_id = a.enrollment_id
                    and o.target_user_id = a.target_user_id and o.session_id = a.session_id
                    and o.question_id = a.question_id and o.position < a.position and o.deleted_at is null);
comment on view bi.fact_answer is 'One row per session and question: what a person answered, in all sessions (is_latest_session marks the newest; use it unless you compare sessions). Several chosen options are one row here. From training-reports/{id}/exam-result-sessions/{user}.';
comment on column bi.fact_answer.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_answer.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_answer.target_user_key is 'Stable number of the person within the company: use it for relationships.';
comment on column bi.fact_answer.question_key is 'Stable number of the question in one content (language): use it for relationships.';
comment on column bi.fact_answer.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_answer.company_name is 'Name of the company now.';
comment on column bi.fact_answer.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_answer.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_answer.target_user_id is 'The vendors id of the person. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_answer.session_id is 'The session, as in fact_survey_session.';
comment on column bi.fact_answer.is_latest_session is 'It is the person''s newest session in this enrollment.';
comment on column bi.fact_answer.answered_on is 'Day on which the session began, in the account''s time zone.';
comment on column bi.fact_answer.content_id is 'The content that was shown: one per language.';
comment on column bi.fact_answer.question_id is 'The question, the same in every language and in every enrollment of one survey.';
comment on column bi.fact_answer.question_text is 'The question in the language of the session.';
comment on column bi.fact_answer.question_type is 'choice-single, choice-multi, true-false, likert, fill-in and others.';
comment on column bi.fact_answer.group_id is 'Group (theme) of the question, as the vendor numbers it.';
comment on column bi.fact_answer.group_label is 'Name of the group by ref.question_group_labels; group_id where there is none.';
comment on column bi.fact_answer.is_reversed is 'Agreement is the low end of the scale; score is flipped already.';
comment on column bi.fact_answer.option_text is 'The option or the text; of several chosen options the first.';
comment on column bi.fact_answer.answer_text is 'All of the answer: chosen options or written text, joined by a bar.';
comment on column bi.fact_answer.position is 'Place of the (first) chosen option as shown, from 0; 0 for written text.';
comment on column bi.fact_answer.scored_position is 'Place on the scale from its low end, from 0: position, counted from the other end for reversed questions; null without a score.';
comment on column bi.fact_answer.score is '0 to 100: scored_position over the length of the scale; null for what has no score (anything but a single choice with known options).';
comment on column bi.fact_answer.latency_seconds is 'Time spent on the question, as the vendor measured it.';
comment on column bi.fact_answer.result is 'As received: neutral for surveys, correct or wrong for exams.';
comment on column bi.fact_answer.department_reported is 'Department as this enrollment''s report showed it last; null when the vendor names none.';
comment on column bi.fact_answer.department_now is 'Department of the person now.';
comment on column bi.fact_answer.is_test is 'Marked as a test at the vendor; null when not known yet, which is not the same as false.';

create or replace view bi.fact_answer_option as
select
    c.company_key,
    e.enrollment_key,
    q.question_key,
    n.company_id,
    c.name as company_name,
    n.enrollment_id,
    e.name as enrollment_name,
    n.content_id,
    n.question_id,
    nullif(n.question_type, '') as question_type,
    coalesce(
        (select d.mapped_department from ref.department_map d
         where d.company_id in (n.company_id, '') and d.department = n.department order by d.company_id desc limit 1),
        nullif(n.department, '')) as department_reported,
    nullif(n.month, '-infinity') as answered_month,
    n.position,
    nullif(n.scale_position, -1) as scale_position,
    nullif(n.scored_position, -1) as scored_position,
    100 * nullif(n.scored_position, -1) / nullif(q.option_count - 1, 0)::double precision as score,
    n.answer_count
from rollup.answer_options n
join keepnet.enrollments e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id and e.deleted_at is null
join keepnet.companies c on c.company_id = n.company_id and c.deleted_at is null
left join keepnet.survey_questions q
    on q.company_id = n.company_id and q.enrollment_id = n.enrollment_id
    and q.content_id = n.content_id and q.question_id = n.question_id;
comment on view bi.fact_answer_option is 'One row per company, enrollment, content, question, department as reported, month of the session and chosen option: how many people''s latest sessions have it. The sums of fact_answer over the latest sessions, for reports over many people (rollup.answer_options). Tests included (join dim_enrollment for is_test).';
comment on column bi.fact_answer_option.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_answer_option.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.fact_answer_option.question_key is 'Stable number of the question in one content (language): use it for relationships.';
comment on column bi.fact_answer_option.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_answer_option.company_name is 'Name of the company now.';
comment on column bi.fact_answer_option.enrollment_id is 'The vendors id of the enrollment.';
comment on column bi.fact_answer_option.enrollment_name is 'Name of the enrollment.';
comment on column bi.fact_answer_option.content_id is 'The content that was shown: one per language.';
comment on column bi.fact_answer_option.question_id is 'The question, the same in every language and in every enrollment of one survey.';
comment on column bi.fact_answer_option.question_type is 'choice-single, choice-multi, true-false, likert, fill-in and others.';
comment on column bi.fact_answer_option.department_reported is 'Department as this enrollment''s report showed it last; null when the vendor names none. Several departments under one name in ref.department_map are several rows.';
comment on column bi.fact_answer_option.answered_month is 'First day of the month in which the session began, in the account''s time zone; null when not known.';
comment on column bi.fact_answer_option.position is 'Place of the option as shown, from 0; 0 for written text; the statement of a likert grid.';
comment on column bi.fact_answer_option.scale_position is 'The point on the scale, from 0, that a part of a likert grid names; null for other types.';
comment on column bi.fact_answer_option.scored_position is 'Place on the scale from its low end, from 0, reversed questions flipped; null without a score.';
comment on column bi.fact_answer_option.score is '0 to 100; null for what has no score.';
comment on column bi.fact_answer_option.answer_count is 'Latest sessions (one per person) that chose it.';
