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
    d.is_too_small or d.is_hidden_too as is_suppressed,
    case when not (d.is_too_small or d.is_hidden_too) then d.people_count end as people_count,
    case when not (d.is_too_small or d.is_hidden_too) then d.answer_count end as answer_count,
    case when not (d.is_too_small or d.is_hidden_too) then d.score_sum / d.answer_count::double precision end as mean_score,
    case when not (d.is_too_small or d.is_hidden_too) then d.lowest_count end as lowest_count,
    case when not (d.is_too_small or d.is_hidden_too) then d.low_count end as low_count,
    case when not (d.is_too_small or d.is_hidden_too) then d.middle_count end as middle_count,
    case when not (d.is_too_small or d.is_hidden_too) then d.high_count end as high_count,
    case when not (d.is_too_small or d.is_hidden_too) then d.highest_count end as highest_count
from (
    -- The smallest department that could be shown is hidden too where those that are not are too few together.
    select
        h.*,
        not h.is_too_small
            and bool_or(h.hidden_people > 0 and h.hidden_people < h.min_group) over survey
            and dense_rank() over (
                partition by h.company_id, h.enrollment_id, h.is_too_small
                order by h.least_people, h.department collate "C") = 1 as is_hidden_too
    from (
        select
            m.*,
            sum(case when m.is_too_small then m.people_count else 0 end) over (
                partition by m.company_id, m.enrollment_id, m.theme_number) as hidden_people
        from (
            -- A department counts as its theme with the fewest people; as nobody, where it lacks a theme.
            select
                t.*,
                case when count(*) over department = t.theme_count
                     then min(t.people_count) over department else 0 end as least_people,
                case when count(*) over department = t.theme_count
                     then min(t.people_count) over department else 0 end < t.min_group as is_too_small
            from (
                select
                    k.company_id,
                    k.enrollment_id,
                    k.theme_number,
                    k.department,
                    min(k.theme_count) as theme_count,
                    min(k.min_group) as min_group,
                    min(k.group_id) as group_id,
                    max(k.answer_count) as people_count,
                    sum(k.answer_count::int) as answer_count,
                    sum(k.score_sum) as score_sum,
                    sum(k.lowest_count::int) as lowest_count,
                    sum(k.low_count::int) as low_count,
                    sum(k.middle_count::int) as middle_count,
                    sum(k.high_count::int) as high_count,
                    sum(k.highest_count::int) as highest_count
                from (
                    select
                        s.company_id,
                        s.enrollment_id,
                        s.question_id,
                        coalesce(own.mapped_department, any_company.mapped_department, nullif(s.department, ''), '(none)')
                            as department,
                        min(v.theme_number) as theme_number,
                        min(v.theme_count) as theme_count,
                        min(v.min_group) as min_group,
                        min(v.group_id) as group_id,
                        sum(s.answer_count::int) as answer_count,
                        sum(100 * s.position_sum / (v.option_count - 1)::double precision) as score_sum,
                        sum(s.lowest_count::int) as lowest_count,
                        sum(s.low_count::int) as low_count,
                        sum(s.middle_count::int) as middle_count,
                        sum(s.high_count::int) as high_count,
                        sum(s.highest_count::int) as highest_count
                    from rollup.question_scores s
                    left join (
                        -- The questions that are shown, in each language, and the themes of their survey.
                        select g.*, max(g.theme_number) over (partition by g.company_id, g.enrollment_id) as theme_count
                        from (
                            select f.*,
                                   dense_rank() over (partition by f.company_id, f.enrollment_id order by f.group_id) as theme_number
                            from (
                                -- A question that is not shown has none.
                                select r.company_id, r.enrollment_id, r.content_id, r.question_id, r.option_count, p.min_group,
                                       case when sum(r.answer_count) over question >= p.min_group
                                            then coalesce(min(q.group_id) over question, '(none)') end as group_id
                                from rollup.question_totals r
                                left join keepnet.survey_questions q using (company_id, enrollment_id, content_id, question_id)
                                cross join bi.present p
                                window question as (partition by r.company_id, r.enrollment_id, r.question_id)) f
                            where f.group_id is not null) g) v
                        on v.company_id = s.company_id and v.enrollment_id = s.enrollment_id and v.content_id = s.content_id
                        and v.question_id = s.question_id
                    left join ref.department_map own on own.company_id = s.company_id and own.department = s.department
                    left join ref.department_map any_company
                        on any_company.company_id = '' and any_company.department = s.department
                    group by s.company_id, s.enrollment_id, s.question_id, 4) k
                -- Without the questions that are not shown; said here, where it cannot turn the join of all scores into
                -- a look-up for each question.
                where k.theme_number is not null
                group by k.company_id, k.enrollment_id, k.theme_number, k.department) t
            window department as (partition by t.company_id, t.enrollment_id, t.department)) m) h
    window survey as (partition by h.company_id, h.enrollment_id)) d
join bi.dim_enrollment e on e.company_id = d.company_id and e.enrollment_id = d.enrollment_id
join keepnet.companies c on c.company_id = d.company_id and c.deleted_at is null
left join ref.question_group_labels l on l.training_name = e.training_name and l.group_id = nullif(d.group_id, '(none)')
left join ref.question_group_labels any_training
    on any_training.training_name = '' and any_training.group_id = nullif(d.group_id, '(none)')
where e.is_survey
  and not e.is_deleted
  and e.is_test is not true
  and not e.is_excluded;
comment on view bi.survey_results_by_group_and_department is 'One row per company, survey, theme and department: people, mean and distribution over the questions that survey_results_by_question shows. A department with fewer than privacy.min_group people in any theme is suppressed in all of them, and where the hidden ones are too few together, the smallest of the others is suppressed too: nothing follows from the totals. From rollup.question_scores: the sums of fact_survey_score.';
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
