-- Surveys: who took part, and what was answered, without showing what fewer than privacy.min_group people said.
--
-- What is hidden must not follow from what is shown:
--   * a question with fewer answers than that is left out of every mean of its survey, so no total less the others gives it;
--   * a department is shown in a survey with all themes or with none, and is not shown if one theme has too few of its
--     people: no difference of two themes gives a third one;
--   * when the departments that are hidden have together too few people in a theme, the smallest one that could be shown is
--     hidden too: the company less the departments that are shown is always at least such a group, or nobody.

create or replace view bi.survey_participation as
select
    f.company_key,
    f.enrollment_key,
    f.company_id,
    f.company_name,
    f.enrollment_id,
    f.enrollment_name,
    f.starts_on,
    f.due_on,
    f.targeted_user_count as invited_count,
    f.started_count,
    f.completed_count,
    f.participation_rate,
    f.completion_rate,
    coalesce(s.latest_count, 0) as people_with_session_count,
    coalesce(s.incomplete_count, 0) as incomplete_session_count,
    coalesce(s.repeated_count, 0) as repeated_session_count,
    greatest(f.completed_count - coalesce(s.latest_count, 0), 0) as completed_without_session_count,
    f.is_anonymous,
    f.anonymous_result_count
from bi.fact_enrollment f
left join rollup.survey_sessions s on s.company_id = f.company_id and s.enrollment_id = f.enrollment_id
where f.is_survey
  and f.is_test is not true
  and not f.is_excluded;
comment on view bi.survey_participation is 'One row per company and survey: how many were invited, took part and finished, and how many of their sessions lack answers. Surveys that are steps of a learning path are in learning_path_steps. Tests and what ref.enrollment_flags excludes are left out. From fact_enrollment and rollup.survey_sessions.';
comment on column bi.survey_participation.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.survey_participation.enrollment_key is 'Stable number of the survey: use it for relationships.';
comment on column bi.survey_participation.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.survey_participation.company_name is 'Name of the company now.';
comment on column bi.survey_participation.enrollment_id is 'The vendor''s id of the survey.';
comment on column bi.survey_participation.enrollment_name is 'Name of the survey.';
comment on column bi.survey_participation.starts_on is 'Day on which it starts, in the account''s zone.';
comment on column bi.survey_participation.due_on is 'Last day to finish, in the account''s zone; null without one.';
comment on column bi.survey_participation.invited_count is 'People who are to answer it: not those cancelled or excluded.';
comment on column bi.survey_participation.started_count is 'People who have begun: in progress, completed or failed.';
comment on column bi.survey_participation.completed_count is 'People who completed it.';
comment on column bi.survey_participation.participation_rate is 'started_count over invited_count, 0 to 1; null without users.';
comment on column bi.survey_participation.completion_rate is 'completed_count over invited_count, 0 to 1; null without users.';
comment on column bi.survey_participation.people_with_session_count is 'People of whom a session with answers is here. The vendor shows finished sessions only.';
comment on column bi.survey_participation.incomplete_session_count is 'Latest sessions with fewer answers than questions: skipped, or lost by the vendor.';
comment on column bi.survey_participation.repeated_session_count is 'Earlier sessions of people who answered again; results take the latest.';
comment on column bi.survey_participation.completed_without_session_count is 'People who count as completed beyond those with a session.';
comment on column bi.survey_participation.is_anonymous is 'Its users are anonymous: there are results, but no people.';
comment on column bi.survey_participation.anonymous_result_count is 'Results of an anonymous survey.';

create or replace view bi.fact_survey_score as
select
    c.company_key,
    e.enrollment_key,
    n.company_id,
    c.name as company_name,
    n.enrollment_id,
    e.enrollment_name,
    e.training_name,
    e.starts_on,
    e.created_on,
    n.question_id,
    n.question_text,
    n.position,
    coalesce(n.group_id, '(none)') as group_id,
    coalesce(l.label, any_training.label, n.group_id, '(none)') as group_label,
    n.department,
    n.answer_count,
    n.score_sum,
    n.lowest_count,
    n.low_count,
    n.middle_count,
    n.high_count,
    n.highest_count
from (
    -- All languages together first: what follows is done for each row.
    select
        s.company_id,
        s.enrollment_id,
        s.question_id,
        coalesce(own.mapped_department, any_company.mapped_department, nullif(s.department, ''), '(none)') as department,
        min(q.question_text collate "C") as question_text,
        min(q.position) as position,
        min(q.group_id) as group_id,
        sum(s.answer_count)::bigint as answer_count,
        sum(100 * s.position_sum / (q.option_count - 1)::double precision) as score_sum,
        sum(s.lowest_count)::bigint as lowest_count,
        sum(s.low_count)::bigint as low_count,
        sum(s.middle_count)::bigint as middle_count,
        sum(s.high_count)::bigint as high_count,
        sum(s.highest_count)::bigint as highest_count
    from rollup.question_scores s
    left join keepnet.survey_questions q
        on q.company_id = s.company_id and q.enrollment_id = s.enrollment_id
        and q.content_id = s.content_id and q.question_id = s.question_id
    left join ref.department_map own on own.company_id = s.company_id and own.department = s.department
    left join ref.department_map any_company on any_company.company_id = '' and any_company.department = s.department
    group by s.company_id, s.enrollment_id, s.question_id, 4) n
join keepnet.companies c on c.company_id = n.company_id and c.deleted_at is null
join bi.dim_enrollment e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id
left join ref.question_group_labels l on l.training_name = e.training_name and l.group_id = n.group_id
left join ref.question_group_labels any_training on any_training.training_name = '' and any_training.group_id = n.group_id
where e.is_survey
  and not e.is_deleted
  and e.is_test is not true
  and not e.is_excluded;
comment on view bi.fact_survey_score is 'One row per company, survey, question in whatever language, and department as reported: how many people''s latest sessions answered it, and with what score. Single choices only; reversed questions are flipped. Small groups are in it: it is what the survey views are made of, and they hide them. Tests and what ref.enrollment_flags excludes are left out. From rollup.question_scores: the sums of fact_answer_option.';
comment on column bi.fact_survey_score.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_survey_score.enrollment_key is 'Stable number of the survey: use it for relationships.';
comment on column bi.fact_survey_score.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_survey_score.company_name is 'Name of the company now.';
comment on column bi.fact_survey_score.enrollment_id is 'The vendor''s id of the survey; of a survey in a learning path, that of the step.';
comment on column bi.fact_survey_score.enrollment_name is 'Name of the survey.';
comment on column bi.fact_survey_score.training_name is 'Name of the content that was sent: what makes two enrollments the same survey.';
comment on column bi.fact_survey_score.starts_on is 'Day on which the survey starts, in the account''s zone.';
comment on column bi.fact_survey_score.created_on is 'Day on which it was created, in the account''s zone.';
comment on column bi.fact_survey_score.question_id is 'The question, the same in every language and in every enrollment of one survey.';
comment on column bi.fact_survey_score.question_text is 'The question in one of the languages in which it was answered; all of them are in dim_question.';
comment on column bi.fact_survey_score.position is 'Place in the survey, from 0.';
comment on column bi.fact_survey_score.group_id is 'Its theme, as the vendor numbers it; (none) without one.';
comment on column bi.fact_survey_score.group_label is 'Name of the theme by ref.question_group_labels, else its id.';
comment on column bi.fact_survey_score.department is 'Department as the enrollment reported it; (none) where the vendor names none.';
comment on column bi.fact_survey_score.answer_count is 'People whose latest session answered it.';
comment on column bi.fact_survey_score.score_sum is 'Their scores, 0 to 100 each, added up.';
comment on column bi.fact_survey_score.lowest_count is 'Those who scored below 20: the lowest of five points.';
comment on column bi.fact_survey_score.low_count is 'Those who scored from 20, below 40.';
comment on column bi.fact_survey_score.middle_count is 'Those who scored from 40 to 60.';
comment on column bi.fact_survey_score.high_count is 'Those who scored above 60, to 80.';
comment on column bi.fact_survey_score.highest_count is 'Those who scored above 80: the highest of five points.';

create or replace view bi.survey_results_by_question as
select
    n.company_key,
    n.enrollment_key,
    n.company_id,
    n.company_name,
    n.enrollment_id,
    n.enrollment_name,
    n.question_id,
    n.question_text,
    n.position,
    n.group_id,
    n.group_label,
    n.answer_count < p.min_group as is_suppressed,
    case when n.answer_count >= p.min_group then n.answer_count end as people_count,
    case when n.answer_count >= p.min_group then n.score_sum / n.answer_count::double precision end as mean_score,
    case when n.answer_count >= p.min_group then n.lowest_count end as lowest_count,
    case when n.answer_count >= p.min_group then n.low_count end as low_count,
    case when n.answer_count >= p.min_group then n.middle_count end as middle_count,
    case when n.answer_count >= p.min_group then n.high_count end as high_count,
    case when n.answer_count >= p.min_group then n.highest_count end as highest_count
from (
    select
        c.company_key,
        e.enrollment_key,
        t.company_id,
        c.name as company_name,
        t.enrollment_id,
        e.enrollment_name,
        t.question_id,
        t.question_text,
        t.position,
        coalesce(t.group_id, '(none)') as group_id,
        coalesce(l.label, any_training.label, t.group_id, '(none)') as group_label,
        t.answer_count,
        t.score_sum,
        t.lowest_count,
        t.low_count,
        t.middle_count,
        t.high_count,
        t.highest_count
    from (
        -- All languages together first: what follows is done for each row.
        select
            s.company_id,
            s.enrollment_id,
            s.question_id,
            min(q.question_text collate "C") as question_text,
            min(q.position) as position,
            min(q.group_id) as group_id,
            sum(s.answer_count)::bigint as answer_count,
            sum(100 * s.position_sum / (s.option_count - 1)::double precision) as score_sum,
            sum(s.lowest_count)::bigint as lowest_count,
            sum(s.low_count)::bigint as low_count,
            sum(s.middle_count)::bigint as middle_count,
            sum(s.high_count)::bigint as high_count,
            sum(s.highest_count)::bigint as highest_count
        from rollup.question_totals s
        left join keepnet.survey_questions q
            on q.company_id = s.company_id and q.enrollment_id = s.enrollment_id
            and q.content_id = s.content_id and q.question_id = s.question_id
        group by s.company_id, s.enrollment_id, s.question_id) t
    join keepnet.companies c on c.company_id = t.company_id and c.deleted_at is null
    join bi.dim_enrollment e on e.company_id = t.company_id and e.enrollment_id = t.enrollment_id
    left join ref.question_group_labels l on l.training_name = e.training_name and l.group_id = t.group_id
    left join ref.question_group_labels any_training
        on any_training.training_name = '' and any_training.group_id = t.group_id
    where e.is_survey
      and not e.is_deleted
      and e.is_test is not true
      and not e.is_excluded) n
cross join bi.present p;
comment on view bi.survey_results_by_question is 'One row per company, survey and question that has a score: people, mean and distribution of the latest sessions, all languages together. Where fewer than privacy.min_group people answered, is_suppressed is set, every figure is null, and no mean of the other survey views includes the question. From rollup.question_totals: the sums of fact_survey_score.';
comment on column bi.survey_results_by_question.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.survey_results_by_question.enrollment_key is 'Stable number of the survey: use it for relationships.';
comment on column bi.survey_results_by_question.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.survey_results_by_question.company_name is 'Name of the company now.';
comment on column bi.survey_results_by_question.enrollment_id is 'The vendor''s id of the survey.';
comment on column bi.survey_results_by_question.enrollment_name is 'Name of the survey.';
comment on column bi.survey_results_by_question.question_id is 'The question, the same in every language and in every enrollment of one survey.';
comment on column bi.survey_results_by_question.question_text is 'The question in one of the languages in which it was answered; all of them are in dim_question.';
comment on column bi.survey_results_by_question.position is 'Place in the survey, from 0.';
comment on column bi.survey_results_by_question.group_id is 'Its theme, as the vendor numbers it; (none) without one.';
comment on column bi.survey_results_by_question.group_label is 'Name of the theme by ref.question_group_labels, else its id.';
comment on column bi.survey_results_by_question.is_suppressed is 'Fewer than privacy.min_group people answered: nothing is shown.';
comment on column bi.survey_results_by_question.people_count is 'People whose latest session answered it (n).';
comment on column bi.survey_results_by_question.mean_score is 'Mean of their scores, 0 (worst) to 100 (best); reversed questions are flipped.';
comment on column bi.survey_results_by_question.lowest_count is 'People who scored below 20: the lowest of five points.';
comment on column bi.survey_results_by_question.low_count is 'People who scored from 20, below 40.';
comment on column bi.survey_results_by_question.middle_count is 'People who scored from 40 to 60.';
comment on column bi.survey_results_by_question.high_count is 'People who scored above 60, to 80.';
comment on column bi.survey_results_by_question.highest_count is 'People who scored above 80: the highest of five points.';
