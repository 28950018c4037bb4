-- Security culture over time. Everything here is made of figures that the survey views show, so nothing more follows from it.

create or replace view bi.culture_score_by_month as
select
    x.company_key,
    x.company_id,
    x.company_name,
    x.month,
    max(x.survey_count) as survey_count,
    max(x.suppressed_survey_count) as suppressed_survey_count,
    max(x.people_count) as people_count,
    max(x.answer_count) as answer_count,
    max(x.score) as score,
    max(x.vendor_score) as vendor_score,
    max(x.vendor_benchmark) as vendor_benchmark,
    max(x.vendor_participant_count) as vendor_participant_count,
    max(x.score) - max(x.vendor_score) as difference
from (
    -- One row of ours and one of the vendor's at most: a full join would keep a company's filter from reaching them.
    select
        r.company_key,
        r.company_id,
        r.company_name,
        date_trunc('month', r.started_on)::date as month,
        count(*) filter (where not r.is_suppressed) as survey_count,
        count(*) filter (where r.is_suppressed) as suppressed_survey_count,
        sum(r.people_count)::bigint as people_count,
        sum(r.answer_count)::bigint as answer_count,
        sum(r.answer_count * r.mean_score) / sum(r.answer_count)::double precision / 20 as score,
        null::double precision as vendor_score,
        null::double precision as vendor_benchmark,
        null::bigint as vendor_participant_count
    from bi.survey_results r
    where not r.is_step
    group by r.company_key, r.company_id, r.company_name, date_trunc('month', r.started_on)::date
    union all
    select
        w.company_key,
        w.company_id,
        w.company_name,
        w.period_start,
        null,
        null,
        null,
        null,
        null,
        max(w.value) filter (where lower(w.name) in ('overallscore', 'overallscorex100')),
        max(w.value) filter (where lower(w.name) in ('benchmarkscore', 'benchmarkscorex100', 'industryaverage')),
        max((w.dimension ->> 'participantCount')::double precision)::bigint
    from bi.fact_widget_value w
    where w.widget_type = 'SecurityCultureScoreGaugeWidget'
    group by w.company_key, w.company_id, w.company_name, w.period_start) x
group by x.company_key, x.company_id, x.company_name, x.month;
comment on view bi.culture_score_by_month is 'One row per company and month: the mean of the surveys that started in it, on the vendor''s scale from 0 to 5, beside the score that the vendor''s own widget showed for the month. The two need not agree: the vendor does not say which answers it counts. Surveys of fewer than privacy.min_group people are in neither score nor counts. From survey_results and the widget SecurityCultureScoreGaugeWidget.';
comment on column bi.culture_score_by_month.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.culture_score_by_month.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.culture_score_by_month.company_name is 'Name of the company now.';
comment on column bi.culture_score_by_month.month is 'First day of the month, in the account''s zone. A survey is in the month in which it started, with all its answers.';
comment on column bi.culture_score_by_month.survey_count is 'Surveys that the score is made of; null in months without a survey.';
comment on column bi.culture_score_by_month.suppressed_survey_count is 'Surveys of too few people, which are left out.';
comment on column bi.culture_score_by_month.people_count is 'People who answered, survey by survey, added up.';
comment on column bi.culture_score_by_month.answer_count is 'Answers that the score is made of.';
comment on column bi.culture_score_by_month.score is 'Mean of their scores, 0 (worst) to 5 (best); reversed questions are flipped.';
comment on column bi.culture_score_by_month.vendor_score is 'The score of the vendor''s widget, 0 to 5; what it multiplies by 100 is divided again.';
comment on column bi.culture_score_by_month.vendor_benchmark is 'The benchmark or industry average that the widget shows beside it, 0 to 5.';
comment on column bi.culture_score_by_month.vendor_participant_count is 'Participants, as the widget says.';
comment on column bi.culture_score_by_month.difference is 'score less vendor_score.';

create or replace view bi.survey_year_on_year as
select
    y.company_key,
    y.company_id,
    y.company_name,
    y.training_name,
    y.year,
    y.survey_count,
    y.people_count,
    y.mean_score,
    y.previous_mean_score,
    y.mean_score - y.previous_mean_score as change,
    a.company_count as portfolio_company_count,
    a.mean_score as portfolio_mean_score,
    y.mean_score - a.mean_score as above_portfolio
from (
    select s.*,
           case when s.training_name is not null and lag(s.year) over years = s.year - 1
                then lag(s.mean_score) over years end as previous_mean_score
    from (
        select r.company_key, r.company_id, r.company_name, r.training_name, extract(year from r.started_on)::int as year,
               count(*) as survey_count, sum(r.people_count)::bigint as people_count,
               sum(r.answer_count * r.mean_score) / sum(r.answer_count)::double precision as mean_score
        from bi.survey_results r
        where not r.is_suppressed
        group by r.company_key, r.company_id, r.company_name, r.training_name, extract(year from r.started_on)) s
    window years as (partition by s.company_key, s.company_id, s.training_name order by s.year)) y
left join (
    -- Of all companies, also for whoever asks about one: the means of survey_results.
    select e.training_name, extract(year from coalesce(e.starts_on, e.created_on, path.starts_on, path.created_on))::int as year,
           count(distinct n.company_id) as company_count, sum(n.score_sum) / sum(n.answer_count)::double precision as mean_score
    from rollup.survey_scores n
    join keepnet.companies c on c.company_id = n.company_id and c.deleted_at is null
    join bi.dim_enrollment e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id
    left join bi.dim_enrollment path on path.company_id = e.company_id and path.enrollment_id = e.parent_enrollment_id
    where e.is_survey
      and not e.is_deleted
      and e.is_test is not true
      and not e.is_excluded
    group by e.training_name, extract(year from coalesce(e.starts_on, e.created_on, path.starts_on, path.created_on))) a
    on a.training_name = y.training_name and a.year = y.year;
comment on view bi.survey_year_on_year is 'One row per company, survey content and calendar year: its mean against the year before, and against all companies that whoever asks may see. Surveys of fewer than privacy.min_group people are left out, of the portfolio too. From survey_results.';
comment on column bi.survey_year_on_year.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.survey_year_on_year.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.survey_year_on_year.company_name is 'Name of the company now.';
comment on column bi.survey_year_on_year.training_name is 'Name of the content that was sent: what makes two enrollments the same survey.';
comment on column bi.survey_year_on_year.year is 'Calendar year in which the surveys started, in the account''s zone.';
comment on column bi.survey_year_on_year.survey_count is 'Surveys of that content in that year, steps of learning paths included.';
comment on column bi.survey_year_on_year.people_count is 'People who answered, survey by survey, added up.';
comment on column bi.survey_year_on_year.mean_score is 'Mean of the scores of their answers, 0 (worst) to 100 (best).';
comment on column bi.survey_year_on_year.previous_mean_score is 'The same a year before; null without one.';
comment on column bi.survey_year_on_year.change is 'mean_score less previous_mean_score.';
comment on column bi.survey_year_on_year.portfolio_company_count is 'Companies that were asked the same in that year, this one included.';
comment on column bi.survey_year_on_year.portfolio_mean_score is 'Mean over all their answers, 0 to 100. For a login that may see one company only, this is that company.';
comment on column bi.survey_year_on_year.above_portfolio is 'mean_score less portfolio_mean_score.';

create or replace view bi.falling_departments as
select
    t.company_key,
    t.company_id,
    t.company_name,
    t.department,
    t.training_name,
    t.enrollment_key,
    t.enrollment_name,
    t.started_on,
    t.people_count,
    t.mean_score,
    t.previous_enrollment_name,
    t.previous_started_on,
    t.previous_people_count,
    t.previous_mean_score,
    t.mean_score - t.previous_mean_score as change
from (
    select
        d.company_key,
        d.company_id,
        d.company_name,
        d.department,
        e.training_name,
        d.enrollment_key,
        d.enrollment_name,
        coalesce(e.starts_on, e.created_on) as started_on,
        d.people_count,
        d.mean_score,
        lag(d.enrollment_name) over earlier as previous_enrollment_name,
        lag(coalesce(e.starts_on, e.created_on)) over earlier as previous_started_on,
        lag(d.people_count) over earlier as previous_people_count,
        lag(d.mean_score) over earlier as previous_mean_score
    from bi.survey_results_by_department d
    left join bi.dim_enrollment e on e.company_id = d.company_id and e.enrollment_id = d.enrollment_id
    where not d.is_suppressed
      and e.is_step is not true
    window earlier as (
        partition by d.company_key, d.company_id, d.department
        order by coalesce(e.starts_on, e.created_on), d.enrollment_key)) t
where t.mean_score < t.previous_mean_score;
comment on view bi.falling_departments is 'One row per department and survey in which its mean is below that of the survey before in which it is shown. Where the content is not the same, the fall may be the questions'': compare training_name. From survey_results_by_department; what that suppresses is in no comparison.';
comment on column bi.falling_departments.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.falling_departments.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.falling_departments.company_name is 'Name of the company now.';
comment on column bi.falling_departments.department is 'Department as both surveys reported it; (none) where the vendor names none.';
comment on column bi.falling_departments.training_name is 'Name of the content of the later survey.';
comment on column bi.falling_departments.enrollment_key is 'Stable number of the later survey.';
comment on column bi.falling_departments.enrollment_name is 'Its name.';
comment on column bi.falling_departments.started_on is 'Day on which it started, in the account''s zone.';
comment on column bi.falling_departments.people_count is 'People of the department who answered it.';
comment on column bi.falling_departments.mean_score is 'Mean of the scores of their answers, 0 (worst) to 100 (best).';
comment on column bi.falling_departments.previous_enrollment_name is 'Name of the survey before.';
comment on column bi.falling_departments.previous_started_on is 'Day on which it started.';
comment on column bi.falling_departments.previous_people_count is 'People of the department who answered it.';
comment on column bi.falling_departments.previous_mean_score is 'Mean of the scores then.';
comment on column bi.falling_departments.change is 'mean_score less previous_mean_score: below zero.';
