-- Enrollments: how far they got, which tests still run, who is in the same thing twice.

create or replace view bi.enrollment_funnel as
select
    f.company_key,
    f.enrollment_key,
    f.company_id,
    f.company_name,
    f.enrollment_id,
    f.enrollment_name,
    f.content_kind,
    f.status_group,
    f.starts_on,
    f.due_on,
    f.targeted_user_count as assigned_count,
    coalesce(n.delivered_count, 0) as delivered_count,
    coalesce(n.opened_count, 0) as opened_count,
    f.started_count,
    f.completed_count,
    case when f.due_on < p.today then f.targeted_user_count - f.completed_count else 0 end as overdue_count,
    n.delivered_count / nullif(f.targeted_user_count, 0)::double precision as delivery_rate,
    n.opened_count / nullif(f.targeted_user_count, 0)::double precision as opening_rate,
    f.participation_rate,
    f.completion_rate,
    f.is_mandatory,
    f.is_archived,
    f.is_test
from bi.fact_enrollment f
cross join bi.present p
left join (
    select
        s.company_id,
        s.enrollment_id,
        coalesce(sum(s.user_count) filter (
            where coalesce(m.status_group, 'unknown') not in ('queued', 'not delivered', 'cancelled', 'excluded')), 0)::bigint
            as delivered_count,
        coalesce(sum(s.user_count) filter (
            where m.status_group in ('opened', 'clicked', 'in progress', 'completed', 'failed')), 0)::bigint as opened_count
    from rollup.enrollment_statuses s
    left join ref.status_map m on m.domain = 'user' and m.status = s.status_word
    group by s.company_id, s.enrollment_id) n
    on n.company_id = f.company_id and n.enrollment_id = f.enrollment_id
where f.is_test is not true
  and not f.is_excluded;
comment on view bi.enrollment_funnel is 'One row per company and top-level enrollment: how many people it was assigned to, reached, was opened by, begun and completed by. Each stage holds those that came further. Tests and what ref.enrollment_flags excludes are left out; users of a learning path are counted once. From fact_enrollment and rollup.enrollment_statuses.';
comment on column bi.enrollment_funnel.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.enrollment_funnel.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.enrollment_funnel.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.enrollment_funnel.company_name is 'Name of the company now.';
comment on column bi.enrollment_funnel.enrollment_id is 'The vendor''s id of the enrollment.';
comment on column bi.enrollment_funnel.enrollment_name is 'Name; not unique.';
comment on column bi.enrollment_funnel.content_kind is 'survey, training, learning path, poster, infographic, screensaver or unknown.';
comment on column bi.enrollment_funnel.status_group is 'What the status of the enrollment counts as, by ref.status_map.';
comment on column bi.enrollment_funnel.starts_on is 'Day on which it starts, in the account''s zone.';
comment on column bi.enrollment_funnel.due_on is 'Last day to finish, in the account''s zone; null without one.';
comment on column bi.enrollment_funnel.assigned_count is 'People who are to finish it: not those cancelled or excluded. The denominator of the rates.';
comment on column bi.enrollment_funnel.delivered_count is 'People whom it reached: not queued, and no failed delivery.';
comment on column bi.enrollment_funnel.opened_count is 'People who opened the message or did more.';
comment on column bi.enrollment_funnel.started_count is 'People who have begun: in progress, completed or failed.';
comment on column bi.enrollment_funnel.completed_count is 'People who completed it.';
comment on column bi.enrollment_funnel.overdue_count is 'People who have not completed it although the due day is over.';
comment on column bi.enrollment_funnel.delivery_rate is 'delivered_count over assigned_count, 0 to 1; null without users.';
comment on column bi.enrollment_funnel.opening_rate is 'opened_count over assigned_count, 0 to 1; null without users.';
comment on column bi.enrollment_funnel.participation_rate is 'started_count over assigned_count, 0 to 1; null without users.';
comment on column bi.enrollment_funnel.completion_rate is 'completed_count over assigned_count, 0 to 1; null without users.';
comment on column bi.enrollment_funnel.is_mandatory is 'Marked as mandatory in ref.enrollment_flags.';
comment on column bi.enrollment_funnel.is_archived is 'It is in the vendor''s trash.';
comment on column bi.enrollment_funnel.is_test is 'False, or null where it is not known yet whether it is a test.';

create or replace view bi.test_enrollments_running as
select
    e.company_key,
    e.enrollment_key,
    e.company_id,
    e.company_name,
    e.enrollment_id,
    e.enrollment_name,
    e.content_kind,
    e.status,
    e.status_group,
    e.created_on,
    p.today - e.created_on as days_running,
    e.due_on,
    e.is_auto_enrollment_active,
    f.user_count
from bi.dim_enrollment e
join bi.fact_enrollment f
    on f.company_key = e.company_key and f.company_id = e.company_id and f.enrollment_key = e.enrollment_key
cross join bi.present p
where e.is_test
  and e.status_group in ('active', 'scheduled')
  and not e.is_archived;
comment on view bi.test_enrollments_running is 'One row per enrollment that is marked as a test and still sends, enrolls or is scheduled: somebody forgot it. From dim_enrollment.';
comment on column bi.test_enrollments_running.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.test_enrollments_running.enrollment_key is 'Stable number of the enrollment: use it for relationships.';
comment on column bi.test_enrollments_running.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.test_enrollments_running.company_name is 'Name of the company now.';
comment on column bi.test_enrollments_running.enrollment_id is 'The vendor''s id of the enrollment.';
comment on column bi.test_enrollments_running.enrollment_name is 'Name; not unique.';
comment on column bi.test_enrollments_running.content_kind is 'survey, training, learning path, poster, infographic, screensaver or unknown.';
comment on column bi.test_enrollments_running.status is 'The vendor''s word, as received.';
comment on column bi.test_enrollments_running.status_group is 'active or scheduled, by ref.status_map.';
comment on column bi.test_enrollments_running.created_on is 'Day on which it was created, in the account''s zone.';
comment on column bi.test_enrollments_running.days_running is 'Days since then.';
comment on column bi.test_enrollments_running.due_on is 'Last day to finish, in the account''s zone; null without one.';
comment on column bi.test_enrollments_running.is_auto_enrollment_active is 'New users are enrolled in it for as long as it runs.';
comment on column bi.test_enrollments_running.user_count is 'People in it.';

create or replace view bi.enrolled_twice as
-- Who is assigned to what, as fact_enrollment_user has it: pairs are found first, names and keys are looked up for them.
with assigned as not materialized (
    select u.company_id, u.enrollment_id, u.target_user_id, u.email,
           nullif(concat_ws(' ', nullif(u.first_name, ''), nullif(u.last_name, '')), '') as full_name,
           coalesce(m.status_group, 'unknown') as status_group
    from keepnet.enrollment_users u
    left join ref.status_map m on m.domain = 'user' and m.status = lower(replace(u.status, ' ', ''))
    where u.deleted_at is null
      and coalesce(m.status_group not in ('cancelled', 'excluded'), true)
      and not u.is_superseded)
select
    a.company_key,
    n.company_id,
    a.company_name,
    n.reason,
    t.target_user_key,
    o.target_user_key as other_target_user_key,
    n.full_name,
    n.email,
    a.enrollment_key,
    a.enrollment_name,
    b.enrollment_key as other_enrollment_key,
    b.enrollment_name as other_enrollment_name,
    a.training_name,
    n.status_group,
    n.other_status_group
from (
    select a.company_id, 'same training' as reason, a.enrollment_id, b.enrollment_id as other_enrollment_id,
           u.target_user_id, u.target_user_id as other_target_user_id, u.full_name, u.email, u.status_group,
           v.status_group as other_status_group
    from keepnet.enrollments a
    join keepnet.enrollments b
        on b.company_id = a.company_id and b.training_id = a.training_id
        and (b.created_at, b.enrollment_key) > (a.created_at, a.enrollment_key)
        and b.created_at < a.created_at + interval '90 days'
    join assigned u on u.company_id = a.company_id and u.enrollment_id = a.enrollment_id
    join assigned v
        on v.company_id = b.company_id and v.enrollment_id = b.enrollment_id and v.target_user_id = u.target_user_id
    union all
    select t.company_id, 'same address', u.enrollment_id, u.enrollment_id, t.target_user_id, o.target_user_id, u.full_name,
           u.email, u.status_group, v.status_group
    from (
        select x.company_id, lower(x.email) as address
        from keepnet.target_users x
        where x.deleted_at is null and x.is_email_masked is not true and x.email <> ''
        group by x.company_id, lower(x.email)
        having count(*) > 1) d
    join keepnet.target_users t
        on t.company_id = d.company_id and lower(t.email) = d.address and t.deleted_at is null
    join keepnet.target_users o
        on o.company_id = d.company_id and lower(o.email) = d.address and o.deleted_at is null
        and o.target_user_key > t.target_user_key
    join assigned u on u.company_id = t.company_id and u.target_user_id = t.target_user_id
    join assigned v
        on v.company_id = o.company_id and v.target_user_id = o.target_user_id and v.enrollment_id = u.enrollment_id) n
join bi.dim_enrollment a on a.company_id = n.company_id and a.enrollment_id = n.enrollment_id
join bi.dim_enrollment b on b.company_id = n.company_id and b.enrollment_id = n.other_enrollment_id
join keepnet.companies c on c.company_id = n.company_id and c.deleted_at is null
left join keepnet.target_users t on t.company_id = n.company_id and t.target_user_id = n.target_user_id
left join keepnet.target_users o on o.company_id = n.company_id and o.target_user_id = n.other_target_user_id
where a.is_top_level and not a.is_deleted and not a.is_archived and a.is_test is not true and not a.is_excluded
  and b.is_top_level and not b.is_deleted and not b.is_archived and b.is_test is not true and not b.is_excluded;
comment on view bi.enrolled_twice is 'One row per person and pair of assignments that are one too many. same training: one person in two enrollments of one training that were created within 90 days of each other. same address: two persons of the vendor with one e-mail address in one enrollment, as when a user was deleted and synchronized again. Tests, archived enrollments, and cancelled or excluded users are left out, masked addresses are not compared. From fact_enrollment_user and dim_person.';
comment on column bi.enrolled_twice.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.enrolled_twice.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.enrolled_twice.company_name is 'Name of the company now.';
comment on column bi.enrolled_twice.reason is 'same training or same address.';
comment on column bi.enrolled_twice.target_user_key is 'Stable number of the person within the company.';
comment on column bi.enrolled_twice.other_target_user_key is 'The other person with that address; the same person where the training is the same.';
comment on column bi.enrolled_twice.full_name is 'First and last name, as far as known.';
comment on column bi.enrolled_twice.email is 'E-mail address as reported.';
comment on column bi.enrolled_twice.enrollment_key is 'Stable number of the (older) enrollment.';
comment on column bi.enrolled_twice.enrollment_name is 'Its name.';
comment on column bi.enrolled_twice.other_enrollment_key is 'Stable number of the younger enrollment; the same one where the address is the same.';
comment on column bi.enrolled_twice.other_enrollment_name is 'Its name.';
comment on column bi.enrolled_twice.training_name is 'Name of the training.';
comment on column bi.enrolled_twice.status_group is 'How far the person is in the first, by ref.status_map.';
comment on column bi.enrolled_twice.other_status_group is 'How far in the second.';
