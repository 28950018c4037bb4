-- Learning paths, step by step.

create or replace view bi.learning_path_steps as
select
    c.company_key,
    e.enrollment_key,
    n.company_id,
    c.name as company_name,
    n.enrollment_id,
    e.enrollment_name,
    n.step_number,
    n.step_name,
    n.assigned_count,
    n.started_count,
    n.completed_count,
    n.completed_count::double precision / nullif(n.assigned_count, 0) as completion_rate,
    coalesce(w.waiting_count, 0) as waiting_count,
    coalesce(w.waiting_count, 0)::double precision / nullif(n.assigned_count, 0) as waiting_rate
from (
    select
        s.company_id,
        s.parent_enrollment_id as enrollment_id,
        s.step_number,
        coalesce(s.training_name, s.name) as step_name,
        coalesce(sum(r.user_count) filter (
            where m.status_group is null or m.status_group not in ('cancelled', 'excluded')), 0)::bigint as assigned_count,
        coalesce(sum(r.user_count) filter (where m.status_group in ('in progress', 'completed', 'failed')), 0)::bigint
            as started_count,
        coalesce(sum(r.user_count) filter (where m.status_group = 'completed'), 0)::bigint as completed_count
    from keepnet.enrollments s
    join rollup.enrollment_statuses r on r.company_id = s.company_id and r.enrollment_id = s.enrollment_id
    left join ref.status_map m on m.domain = 'user' and m.status = r.status_word
    where s.is_step
      and s.deleted_at is null
    group by s.company_id, s.parent_enrollment_id, s.step_number, coalesce(s.training_name, s.name)) n
join bi.dim_enrollment e on e.company_id = n.company_id and e.enrollment_id = n.enrollment_id
join keepnet.companies c on c.company_id = n.company_id and c.deleted_at is null
left join (
    select f.company_id, f.enrollment_id, f.first_unfinished as step_number, sum(f.user_count)::bigint as waiting_count
    from (
        select
            r.company_id,
            r.enrollment_id,
            r.statuses_md5,
            r.user_count,
            min(s.step_number) filter (
                where m.status_group is null or m.status_group not in ('completed', 'cancelled', 'excluded')) as first_unfinished
        from rollup.step_statuses r
        cross join lateral jsonb_each_text(r.statuses) t (step_id, status)
        join keepnet.enrollments s
            on s.company_id = r.company_id and s.enrollment_id = t.step_id collate "C" and s.is_step and s.deleted_at is null
        left join ref.status_map m on m.domain = 'user' and m.status = lower(replace(t.status, ' ', '')) collate "C"
        group by r.company_id, r.enrollment_id, r.statuses_md5, r.user_count
        having bool_or(m.status_group in ('in progress', 'completed', 'failed'))) f
    where f.first_unfinished is not null
    group by f.company_id, f.enrollment_id, f.first_unfinished) w
    on w.company_id = n.company_id and w.enrollment_id = n.enrollment_id and w.step_number = n.step_number
where not e.is_deleted
  and e.is_test is not true
  and not e.is_excluded;
comment on view bi.learning_path_steps is 'One row per learning path and step: how many completed the step, and how many wait at it, which is where people stall. Steps whose own report the vendor does not name are left out. Tests and what ref.enrollment_flags excludes are left out. From rollup.enrollment_statuses and rollup.step_statuses: the sums of fact_step_user; do not add these people to those of the path.';
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
