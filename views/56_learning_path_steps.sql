-- Learning paths, step by step.

create or replace view bi.learning_path_steps as
select
    s.company_key,
    s.enrollment_key,
    s.company_id,
    s.company_name,
    s.enrollment_id,
    s.enrollment_name,
    s.step_number,
    s.step_name,
    count(*) filter (where s.is_targeted) as assigned_count,
    count(*) filter (where s.is_targeted and s.is_started) as started_count,
    count(*) filter (where s.is_targeted and s.is_completed) as completed_count,
    count(*) filter (where s.is_targeted and s.is_completed)::double precision
        / nullif(count(*) filter (where s.is_targeted), 0) as completion_rate,
    count(*) filter (where s.step_number = s.first_unfinished and s.has_begun) as waiting_count,
    count(*) filter (where s.step_number = s.first_unfinished and s.has_begun)::double precision
        / nullif(count(*) filter (where s.is_targeted), 0) as waiting_rate
from (
    select
        u.*,
        min(u.step_number) filter (where u.is_targeted and not u.is_completed) over person as first_unfinished,
        bool_or(u.is_targeted and u.is_started) over person as has_begun
    from bi.fact_step_user u
    join bi.dim_enrollment e
        on e.company_key = u.company_key and e.company_id = u.company_id and e.enrollment_id = u.enrollment_id
    where e.is_test is not true
      and not e.is_excluded
    window person as (partition by u.company_key, u.company_id, u.enrollment_key, u.enrollment_id, u.target_user_id)) s
group by s.company_key, s.enrollment_key, s.company_id, s.company_name, s.enrollment_id, s.enrollment_name,
    s.step_number, s.step_name;
comment on view bi.learning_path_steps is 'One row per learning path and step: how many completed the step, and how many wait at it, which is where people stall. Steps whose own report the vendor does not name are left out. Tests and what ref.enrollment_flags excludes are left out. From fact_step_user; do not add these people to those of the path.';
comment on column bi.learning_path_steps.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.learning_path_steps.enrollment_key is 'Stable number of the learning path: use it for relationships.';
comment on column bi.learning_path_steps.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.learning_path_steps.company_name is 'Name of the company now.';
comment on column bi.learning_path_steps.enrollment_id is 'The vendor''s id of the learning path.';
comment on column bi.learning_path_steps.enrollment_name is 'Name of the learning path.';
comment on column bi.learning_path_steps.step_number is 'Place of the step in the path, from 1.';
comment on column bi.learning_path_steps.step_name is 'What the step is; two steps may share a name.';
comment on column bi.learning_path_steps.assigned_count is 'People who are to finish the step.';
comment on column bi.learning_path_steps.started_count is 'Those of them who have begun it.';
comment on column bi.learning_path_steps.completed_count is 'Those of them who completed it.';
comment on column bi.learning_path_steps.completion_rate is 'completed_count over assigned_count, 0 to 1.';
comment on column bi.learning_path_steps.waiting_count is 'People who have begun the path and whose first unfinished step is this one.';
comment on column bi.learning_path_steps.waiting_rate is 'waiting_count over assigned_count, 0 to 1.';
