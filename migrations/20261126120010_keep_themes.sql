-- What the departments answered to the themes of a survey, kept beside the scores of questions: which departments may be
-- shown hangs on all others of the survey.

create table rollup.department_themes (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    group_id text collate "C" not null,
    department text not null,
    is_suppressed boolean not null,
    people_count bigint not null,
    answer_count bigint not null,
    score_sum double precision not null,
    lowest_count bigint not null,
    low_count bigint not null,
    middle_count bigint not null,
    high_count bigint not null,
    highest_count bigint not null,
    primary key (company_id, enrollment_id, group_id, department)
) with (fillfactor = 80);
comment on table rollup.department_themes is 'What the departments answered to the themes of a survey, over the questions that at least privacy.min_group people answered, and which departments are not to be shown. From question_scores.';
comment on column rollup.department_themes.company_id is 'The company.';
comment on column rollup.department_themes.enrollment_id is 'The survey or exam.';
comment on column rollup.department_themes.group_id is 'The theme, as the vendor numbers it; (none) for questions without one.';
comment on column rollup.department_themes.department is 'The person''s department as the survey reports it, by the name of ref.department_map; (none) when it reports none.';
comment on column rollup.department_themes.is_suppressed is 'The department is not to be shown: fewer than privacy.min_group of its people answered a theme, or what is hidden would follow from it.';
comment on column rollup.department_themes.people_count is 'People who answered the question that most of them answered.';
comment on column rollup.department_themes.answer_count is 'Answers to all questions, added up.';
comment on column rollup.department_themes.score_sum is 'Scores of these answers, 0 (worst) to 100 (best), added up; reversed questions are flipped.';
comment on column rollup.department_themes.lowest_count is 'Answers that scored below 20.';
comment on column rollup.department_themes.low_count is 'Answers that scored from 20, below 40.';
comment on column rollup.department_themes.middle_count is 'Answers that scored from 40 to 60.';
comment on column rollup.department_themes.high_count is 'Answers that scored above 60, to 80.';
comment on column rollup.department_themes.highest_count is 'Answers that scored above 80.';

create table rollup.survey_scores (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    answer_count bigint not null,
    score_sum double precision not null,
    primary key (company_id, enrollment_id)
) with (fillfactor = 80);
comment on table rollup.survey_scores is 'What everybody answered to a survey: department_themes, added up.';
comment on column rollup.survey_scores.company_id is 'The company.';
comment on column rollup.survey_scores.enrollment_id is 'The survey or exam.';
comment on column rollup.survey_scores.answer_count is 'Answers to all questions, added up.';
comment on column rollup.survey_scores.score_sum is 'Scores of these answers, 0 (worst) to 100 (best), added up; reversed questions are flipped.';

-- What is hidden must not follow from what is shown: see bi.survey_results_by_group_and_department.
create function rollup.recount_themes(of_company text, of_surveys text[]) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
    smallest bigint := (select min_group from sync.view_settings where is_only);
begin
    perform rollup.hold(of_company, of_surveys);
    with question as (
        -- In each language; a question belongs to one theme, and is shown or not, in all of them.
        select t.enrollment_id, t.content_id, t.question_id, t.option_count,
               coalesce(min(q.group_id) over languages, '(none)') as group_id,
               sum(t.answer_count) over languages >= smallest as is_shown
        from rollup.question_totals t
        left join keepnet.survey_questions q using (company_id, enrollment_id, content_id, question_id)
        where t.company_id = of_company and t.enrollment_id = any (of_surveys)
        window languages as (partition by t.enrollment_id, t.question_id)
    ), answer as (
        -- Sums of fractions hang on their order: counting anew is to give the same.
        select q.enrollment_id, q.group_id, q.question_id,
               coalesce(own.mapped_department, any_company.mapped_department, nullif(s.department, ''), '(none)') as department,
               sum(s.answer_count) as answers,
               sum(100 * s.position_sum / (q.option_count - 1)::double precision
                   order by s.content_id, s.department collate "C") as scores,
               sum(s.lowest_count) as lowest, sum(s.low_count) as low, sum(s.middle_count) as middle, sum(s.high_count) as high,
               sum(s.highest_count) as highest
        from question q
        join rollup.question_scores s
            on s.company_id = of_company and s.enrollment_id = q.enrollment_id and s.content_id = q.content_id
            and s.question_id = q.question_id
        left join ref.department_map own on own.company_id = of_company and own.department = s.department
        left join ref.department_map any_company on any_company.company_id = '' and any_company.department = s.department
        where q.is_shown
        group by q.enrollment_id, q.group_id, q.question_id, 4 having sum(s.answer_count) <> 0
    ), theme as materialized (
        select enrollment_id, group_id, department, max(answers) as people, sum(answers) as answers,
               sum(scores order by question_id) as scores, sum(lowest) as lowest, sum(low) as low, sum(middle) as middle,
               sum(high) as high, sum(highest) as highest
        from answer
        group by enrollment_id, group_id, department
    ), department as materialized (
        -- A department counts as its theme with the fewest people; as nobody, where it lacks a theme.
        select t.enrollment_id, t.department, case when count(*) = min(s.themes) then min(t.people) else 0 end as people
        from theme t
        join (select enrollment_id, count(distinct group_id) as themes from theme group by enrollment_id) s using (enrollment_id)
        group by t.enrollment_id, t.department
    ), hidden as materialized (
        select enrollment_id, department from department where people < smallest
    ), hidden_too as (
        -- The smallest department that could be shown, where those that are not are too few together in some theme.
        select distinct on (d.enrollment_id) d.enrollment_id, d.department
        from department d
        where d.people >= smallest
          and d.enrollment_id in (
              select enrollment_id from theme t join hidden using (enrollment_id, department)
              group by enrollment_id, t.group_id having sum(t.people) < smallest)
        order by d.enrollment_id, d.people, d.department collate "C"
    ), anew as materialized (
        select t.*,
               (t.enrollment_id, t.department) in (select * from hidden union all select * from hidden_too) as is_suppressed
        from theme t
    ), gone as (
        delete from rollup.department_themes d
        where d.company_id = of_company and d.enrollment_id = any (of_surveys)
          and not exists (select from anew a
                          where a.enrollment_id = d.enrollment_id and a.group_id = d.group_id and a.department = d.department)
    ), survey as materialized (
        select enrollment_id, sum(answers) as answers, sum(scores order by group_id, department collate "C") as scores
        from theme
        group by enrollment_id
    ), gone_too as (
        delete from rollup.survey_scores s
        where s.company_id = of_company and s.enrollment_id = any (of_surveys)
          and not exists (select from survey a where a.enrollment_id = s.enrollment_id)
    ), surveys as (
        insert into rollup.survey_scores as s (company_id, enrollment_id, answer_count, score_sum)
        select of_company, enrollment_id, answers, scores
        from survey
        on conflict (company_id, enrollment_id) do update
        set answer_count = excluded.answer_count, score_sum = excluded.score_sum
        where s is distinct from excluded
    )
    insert into rollup.department_themes as d
        (company_id, enrollment_id, group_id, department, is_suppressed, people_count, answer_count, score_sum, lowest_count,
         low_count, middle_count, high_count, highest_count)
    select of_company, enrollment_id, group_id, department, is_suppressed, people, answers, scores, lowest, low, middle, high,
           highest
    from anew
    on conflict (company_id, enrollment_id, group_id, department) do update
    set is_suppressed = excluded.is_suppressed, people_count = excluded.people_count, answer_count = excluded.answer_count,
        score_sum = excluded.score_sum, lowest_count = excluded.lowest_count, low_count = excluded.low_count,
        middle_count = excluded.middle_count, high_count = excluded.high_count, highest_count = excluded.highest_count
    where d is distinct from excluded;
end $$;
comment on function rollup.recount_themes(text, text[]) is 'Works out anew what the departments answered to the themes of these surveys of a company.';

create function rollup.after_themes() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform rollup.recount_themes(c.company_id, c.surveys)
    from (
        select company_id, array_agg(distinct enrollment_id) as surveys
        from old_rows o join new_rows n using (company_id, enrollment_id, content_id, question_id)
        where n.group_id is distinct from o.group_id
        group by company_id
        order by company_id) c;
    return null;
end $$;
comment on function rollup.after_themes() is 'Works out anew the themes of surveys in which a statement gave questions another theme.';

create function rollup.after_min_group() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform rollup.recount_themes(c.company_id, c.surveys)
    from (select company_id, array_agg(distinct enrollment_id) as surveys
          from rollup.question_totals
          group by company_id
          order by company_id) c;
    return null;
end $$;
comment on function rollup.after_min_group() is 'Works out anew the themes of all surveys when other groups are too small to be shown.';

do $triggers$
declare
    one record;
begin
    for one in
        select t.*, e.*
        from (values
            ('rollup.question_totals', 'rollup', 'after_counts(recount_themes)'),
            ('ref.department_map', 'rollup_themes', 'after_department_map(question_scores, recount_themes)')) t (name, trigger, call)
        cross join (values ('insert', 'referencing new table as new_rows'),
                           ('update', 'referencing old table as old_rows new table as new_rows'),
                           ('delete', 'referencing old table as old_rows'), ('truncate', '')) e (event, rows)
        where t.name like 'ref.%' or e.event <> 'truncate'
    loop
        execute format('create trigger %I after %s on %s %s for each statement execute function rollup.%s',
                       one.trigger || '_' || one.event, one.event, one.name, one.rows, one.call);
    end loop;
end $triggers$;
create trigger rollup_themes_update after update on keepnet.survey_questions
    referencing old table as old_rows new table as new_rows for each statement execute function rollup.after_themes();
create trigger rollup_min_group after update of min_group on sync.view_settings
    for each row when (old.min_group is distinct from new.min_group) execute function rollup.after_min_group();

create or replace function rollup.rebuild() returns void
language plpgsql as $$
begin
    -- Who writes ends first, and who comes waits: their counts would be of before or of after.
    lock table keepnet.enrollment_users, keepnet.enrollment_user_history, keepnet.survey_sessions, keepnet.survey_answers,
        keepnet.target_users, keepnet.target_user_history
        in share row exclusive mode;
    truncate rollup.status_months, rollup.department_quarters, rollup.department_statuses, rollup.completion_days,
        rollup.enrollment_statuses, rollup.answer_options, rollup.question_scores, rollup.question_totals, rollup.survey_sessions,
        rollup.step_statuses, rollup.completion_curves, rollup.status_curves, rollup.department_progress,
        rollup.department_progress_quarters, rollup.department_themes, rollup.survey_scores;
    perform rollup.mark_superseded(company_id, enrollment_id)
    from (select distinct company_id, enrollment_id
          from keepnet.enrollment_users
          where reported_enrollment_id <> enrollment_id
          order by 1, 2) p;
    -- Company by company: what one has fits into memory.
    perform rollup.recount_company(company_id) from keepnet.companies order by company_id;
end $$;

-- For a database that holds counts already.
select rollup.recount_completion_curves(company_id, enrollments), rollup.recount_status_curves(company_id, enrollments),
       rollup.recount_department_progress(company_id, enrollments),
       rollup.recount_department_progress_quarters(company_id, enrollments)
from (select company_id, array_agg(distinct enrollment_id) as enrollments
      from rollup.status_months
      group by company_id
      order by company_id) c;
select rollup.recount_themes(company_id, surveys)
from (select company_id, array_agg(distinct enrollment_id) as surveys
      from rollup.question_totals
      group by company_id
      order by company_id) c;
