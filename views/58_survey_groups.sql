-- Surveys by theme, department and as a whole. How small groups are hidden is told in 57_survey_results.sql.

create or replace view bi.survey_results_by_group as
select
    q.company_key,
    q.enrollment_key,
    q.company_id,
    q.company_name,
    q.enrollment_id,
    q.enrollment_name,
    q.group_id,
    q.group_label,
    bool_and(q.is_suppressed) as is_suppressed,
    count(*) filter (where not q.is_suppressed) as question_count,
    count(*) filter (where q.is_suppressed) as suppressed_question_count,
    max(q.people_count) as people_count,
    sum(q.people_count)::bigint as answer_count,
    sum(q.people_count * q.mean_score) / sum(q.people_count)::double precision as mean_score,
    sum(q.lowest_count)::bigint as lowest_count,
    sum(q.low_count)::bigint as low_count,
    sum(q.middle_count)::bigint as middle_count,
    sum(q.high_count)::bigint as high_count,
    sum(q.highest_count)::bigint as highest_count
from bi.survey_results_by_question q
group by q.company_key, q.enrollment_key, q.company_id, q.company_name, q.enrollment_id, q.enrollment_name,
    q.group_id, q.group_label;
comment on view bi.survey_results_by_group is 'One row per company, survey and theme: people, mean and distribution over the questions that survey_results_by_question shows, and over nothing else. A theme without such a question is suppressed.';
comment on column bi.survey_results_by_group.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.survey_results_by_group.enrollment_key is 'Stable number of the survey: use it for relationships.';
comment on column bi.survey_results_by_group.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.survey_results_by_group.company_name is 'Name of the company now.';
comment on column bi.survey_results_by_group.enrollment_id is 'The vendor''s id of the survey.';
comment on column bi.survey_results_by_group.enrollment_name is 'Name of the survey.';
comment on column bi.survey_results_by_group.group_id is 'The theme, as the vendor numbers it; (none) for questions without one.';
comment on column bi.survey_results_by_group.group_label is 'Name of the theme by ref.question_group_labels, else its id.';
comment on column bi.survey_results_by_group.is_suppressed is 'None of its questions was answered by privacy.min_group people: nothing is shown.';
comment on column bi.survey_results_by_group.question_count is 'Questions that count.';
comment on column bi.survey_results_by_group.suppressed_question_count is 'Questions that too few people answered; they are in no figure.';
comment on column bi.survey_results_by_group.people_count is 'People who answered the question that most of them answered (n).';
comment on column bi.survey_results_by_group.answer_count is 'Answers of these people to all questions that count, added up.';
comment on column bi.survey_results_by_group.mean_score is 'Mean of the scores of those answers, 0 (worst) to 100 (best); reversed questions are flipped.';
comment on column bi.survey_results_by_group.lowest_count is 'Answers that scored below 20: the lowest of five points.';
comment on column bi.survey_results_by_group.low_count is 'Answers that scored from 20, below 40.';
comment on column bi.survey_results_by_group.middle_count is 'Answers that scored from 40 to 60.';
comment on column bi.survey_results_by_group.high_count is 'Answers that scored above 60, to 80.';
comment on column bi.survey_results_by_group.highest_count is 'Answers that scored above 80: the highest of five points.';

create or replace view bi.survey_results as
select
    g.company_key,
    g.enrollment_key,
    g.company_id,
    g.company_name,
    g.enrollment_id,
    g.enrollment_name,
    e.training_name,
    e.is_step,
    coalesce(e.starts_on, e.created_on, path.starts_on, path.created_on) as started_on,
    bool_and(g.is_suppressed) as is_suppressed,
    sum(g.question_count)::bigint as question_count,
    sum(g.suppressed_question_count)::bigint as suppressed_question_count,
    max(g.people_count) as people_count,
    sum(g.answer_count)::bigint as answer_count,
    sum(g.answer_count * g.mean_score) / sum(g.answer_count)::double precision as mean_score,
    sum(g.lowest_count)::bigint as lowest_count,
    sum(g.low_count)::bigint as low_count,
    sum(g.middle_count)::bigint as middle_count,
    sum(g.high_count)::bigint as high_count,
    sum(g.highest_count)::bigint as highest_count
from bi.survey_results_by_group g
left join bi.dim_enrollment e on e.company_id = g.company_id and e.enrollment_id = g.enrollment_id
left join bi.dim_enrollment path on path.company_id = e.company_id and path.enrollment_id = e.parent_enrollment_id
group by g.company_key, g.enrollment_key, g.company_id, g.company_name, g.enrollment_id, g.enrollment_name,
    e.training_name, e.is_step, coalesce(e.starts_on, e.created_on, path.starts_on, path.created_on);
comment on view bi.survey_results is 'One row per company and survey: people, mean and distribution over the questions that survey_results_by_question shows, and over nothing else. Surveys that are steps of a learning path are in it (is_step).';
comment on column bi.survey_results.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.survey_results.enrollment_key is 'Stable number of the survey: use it for relationships.';
comment on column bi.survey_results.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.survey_results.company_name is 'Name of the company now.';
comment on column bi.survey_results.enrollment_id is 'The vendor''s id of the survey.';
comment on column bi.survey_results.enrollment_name is 'Name of the survey.';
comment on column bi.survey_results.training_name is 'Name of the content that was sent: what makes two enrollments the same survey.';
comment on column bi.survey_results.is_step is 'It is a step of a learning path.';
comment on column bi.survey_results.started_on is 'Day on which it started, else was created, in the accounts zone.';
comment on column bi.survey_results.is_suppressed is 'No question was answered by privacy.min_group people: nothing is shown.';
comment on column bi.survey_results.question_count is 'Questions that count.';
comment on column bi.survey_results.suppressed_question_count is 'Questions that too few people answered; they are in no figure.';
comment on column bi.survey_results.people_count is 'People who answered the question that most of them answered (n).';
comment on column bi.survey_results.answer_count is 'Answers of these people to all questions that count, added up.';
comment on column bi.survey_results.mean_score is 'Mean of the scores of those answers, 0 (worst) to 100 (best); reversed questions are flipped.';
comment on column bi.survey_results.lowest_count is 'Answers that scored below 20: the lowest of five points.';
comment on column bi.survey_results.low_count is 'Answers that scored from 20, below 40.';
comment on column bi.survey_results.middle_count is 'Answers that scored from 40 to 60.';
comment on column bi.survey_results.high_count is 'Answers that scored above 60, to 80.';
comment on column bi.survey_results.highest_count is 'Answers that scored above 80: the highest of five points.';

create or replace view bi.survey_results_by_group_and_department as
select
    c.company_key,
    e.enrollment_key,
    d.company_id,
    c.name as company_name,
    d.enrollment_id,
    e.enrollment_name,
    d.group_id,
    coalesce(l.label, any_training.label, d.group_id) as group_label,
    d.department,
    d.is_suppressed,
    case when not d.is_suppressed then d.people_count end as people_count,
    case when not d.is_suppressed then d.answer_count end as answer_count,
    case when not d.is_suppressed then d.score_sum / d.answer_count::double precision end as mean_score,
    case when not d.is_suppressed then d.lowest_count end as lowest_count,
    case when not d.is_suppressed then d.low_count end as low_count,
    case when not d.is_suppressed then d.middle_count end as middle_count,
    case when not d.is_suppressed then d.high_count end as high_count,
    case when not d.is_suppressed then d.highest_count end as highest_count
from rollup.department_themes d
join bi.dim_enrollment e on e.company_id = d.company_id and e.enrollment_id = d.enrollment_id
join keepnet.companies c on c.company_id = d.company_id and c.deleted_at is null
left join ref.question_group_labels l on l.training_name = e.training_name and l.group_id = nullif(d.group_id, '(none)')
left join ref.question_group_labels any_training
    on any_training.training_name = '' and any_training.group_id = nullif(d.group_id, '(none)')
where e.is_survey
  and not e.is_deleted
  and e.is_test is not true
  and not e.is_excluded;
comment on view bi.survey_results_by_group_and_department is 'One row per company, survey, theme and department: people, mean and distribution over the questions that survey_results_by_question shows. A department with fewer than privacy.min_group people in any theme is suppressed in all of them, and where the hidden ones are too few together, the smallest of the others is suppressed too: nothing follows from the totals. From rollup.department_themes: the sums of fact_survey_score.';
comment on column bi.survey_results_by_group_and_department.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.survey_results_by_group_and_department.enrollment_key is 'Stable number of the survey: use it for relationships.';
comment on column bi.survey_results_by_group_and_department.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.survey_results_by_group_and_department.company_name is 'Name of the company now.';
comment on column bi.survey_results_by_group_and_department.enrollment_id is 'The vendor''s id of the survey.';
comment on column bi.survey_results_by_group_and_department.enrollment_name is 'Name of the survey.';
comment on column bi.survey_results_by_group_and_department.group_id is 'The theme, as the vendor numbers it; (none) for questions without one.';
comment on column bi.survey_results_by_group_and_department.group_label is 'Name of the theme by ref.question_group_labels, else its id.';
comment on column bi.survey_results_by_group_and_department.department is 'Department as the survey reported it; (none) where the vendor names none.';
comment on column bi.survey_results_by_group_and_department.is_suppressed is 'The department is too small, or is hidden so that a smaller one cannot be told: nothing is shown.';
comment on column bi.survey_results_by_group_and_department.people_count is 'People who answered the question that most of them answered (n).';
comment on column bi.survey_results_by_group_and_department.answer_count is 'Answers of these people to all questions that count, added up.';
comment on column bi.survey_results_by_group_and_department.mean_score is 'Mean of the scores of those answers, 0 (worst) to 100 (best); reversed questions are flipped.';
comment on column bi.survey_results_by_group_and_department.lowest_count is 'Answers that scored below 20: the lowest of five points.';
comment on column bi.survey_results_by_group_and_department.low_count is 'Answers that scored from 20, below 40.';
comment on column bi.survey_results_by_group_and_department.middle_count is 'Answers that scored from 40 to 60.';
comment on column bi.survey_results_by_group_and_department.high_count is 'Answers that scored above 60, to 80.';
comment on column bi.survey_results_by_group_and_department.highest_count is 'Answers that scored above 80: the highest of five points.';

create or replace view bi.survey_results_by_department as
select
    d.company_key,
    d.enrollment_key,
    d.company_id,
    d.company_name,
    d.enrollment_id,
    d.enrollment_name,
    d.department,
    bool_and(d.is_suppressed) as is_suppressed,
    max(d.people_count) as people_count,
    sum(d.answer_count)::bigint as answer_count,
    sum(d.answer_count * d.mean_score) / sum(d.answer_count)::double precision as mean_score,
    sum(d.lowest_count)::bigint as lowest_count,
    sum(d.low_count)::bigint as low_count,
    sum(d.middle_count)::bigint as middle_count,
    sum(d.high_count)::bigint as high_count,
    sum(d.highest_count)::bigint as highest_count
from bi.survey_results_by_group_and_department d
group by d.company_key, d.enrollment_key, d.company_id, d.company_name, d.enrollment_id, d.enrollment_name, d.department;
comment on view bi.survey_results_by_department is 'One row per company, survey and department: people, mean and distribution of what survey_results_by_group_and_department shows, and of nothing else.';
comment on column bi.survey_results_by_department.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.survey_results_by_department.enrollment_key is 'Stable number of the survey: use it for relationships.';
comment on column bi.survey_results_by_department.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.survey_results_by_department.company_name is 'Name of the company now.';
comment on column bi.survey_results_by_department.enrollment_id is 'The vendor''s id of the survey.';
comment on column bi.survey_results_by_department.enrollment_name is 'Name of the survey.';
comment on column bi.survey_results_by_department.department is 'Department as the survey reported it; (none) where the vendor names none.';
comment on column bi.survey_results_by_department.is_suppressed is 'The department is too small, or is hidden so that a smaller one cannot be told: nothing is shown.';
comment on column bi.survey_results_by_department.people_count is 'People who answered the question that most of them answered (n).';
comment on column bi.survey_results_by_department.answer_count is 'Answers of these people to all questions that count, added up.';
comment on column bi.survey_results_by_department.mean_score is 'Mean of the scores of those answers, 0 (worst) to 100 (best); reversed questions are flipped.';
comment on column bi.survey_results_by_department.lowest_count is 'Answers that scored below 20: the lowest of five points.';
comment on column bi.survey_results_by_department.low_count is 'Answers that scored from 20, below 40.';
comment on column bi.survey_results_by_department.middle_count is 'Answers that scored from 40 to 60.';
comment on column bi.survey_results_by_department.high_count is 'Answers that scored above 60, to 80.';
comment on column bi.survey_results_by_department.highest_count is 'Answers that scored above 80: the highest of five points.';
