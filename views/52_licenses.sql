-- Licences and access: what ends when, who has not been sent anything, bought against used.

create or replace view bi.licenses_ending as
select c.company_key,
       c.company_id,
       c.name as company_name,
       parent.name as parent_company_name,
       c.license_type_name,
       c.license_ends_at,
       (c.license_ends_at at time zone p.time_zone)::date as license_ends_on,
       (c.license_ends_at at time zone p.time_zone)::date - p.today as days_left,
       c.is_licence_expired as is_license_expired,
       c.number_of_users as licensed_user_count,
       c.target_user_count
from keepnet.companies c
left join keepnet.companies parent on parent.company_id = c.parent_company_id
cross join bi.present p
where c.deleted_at is null
  and c.license_ends_at is not null;
comment on view bi.licenses_ending is 'When each licence ends [company]. For the next 90 days: where days_left between 0 and 90. Companies whose licence has no end are left out. From companies/search.';
comment on column bi.licenses_ending.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.licenses_ending.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.licenses_ending.company_name is 'Name of the company now.';
comment on column bi.licenses_ending.parent_company_name is 'Name of the reseller directly above it.';
comment on column bi.licenses_ending.license_type_name is 'Type of the licence (licenseTypeName).';
comment on column bi.licenses_ending.license_ends_at is 'When it ends; an instant (licenseEndDate).';
comment on column bi.licenses_ending.license_ends_on is 'The day on which it ends, in the account''s zone.';
comment on column bi.licenses_ending.days_left is 'Days from today to license_ends_on; 0 is today, negative has ended.';
comment on column bi.licenses_ending.is_license_expired is 'The vendor''s own mark (licenceExpired).';
comment on column bi.licenses_ending.licensed_user_count is 'Users that were bought; null: unlimited, or the vendor gives no number (numberOfUsers).';
comment on column bi.licenses_ending.target_user_count is 'Users there are, deleted and inactive ones included (targetUserCount).';

create or replace view bi.access_ending as
select c.company_key,
       c.company_id,
       c.name as company_name,
       c.access_state,
       c.access_starts_at,
       c.access_ends_at,
       (c.access_ends_at at time zone p.time_zone)::date - p.today as days_left,
       s.safe_as_of
from keepnet.companies c
left join sync.company_state s on s.company_id = c.company_id
cross join bi.present p
where c.deleted_at is null
  and (c.access_ends_at is not null or c.access_state = 'denied');
comment on view bi.access_ending is 'Which customers'' grant of access ends, or has been refused [company]: from then on their data stand still here. Soon: where days_left between 0 and 30. Companies with continuous access are left out. From companies/my.';
comment on column bi.access_ending.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.access_ending.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.access_ending.company_name is 'Name of the company now.';
comment on column bi.access_ending.access_state is 'granted or denied; null when not known (privacyDurationId).';
comment on column bi.access_ending.access_starts_at is 'Since when access is granted; an instant (privacyDurationStartTime).';
comment on column bi.access_ending.access_ends_at is 'Until when access is granted; an instant (privacyDurationEndTime); null without an end.';
comment on column bi.access_ending.days_left is 'Days from today to the day of access_ends_at, in the account''s zone; negative has ended.';
comment on column bi.access_ending.safe_as_of is 'The last instant at which everything of the company was complete here (sync).';

create or replace view bi.customers_without_training as
select c.company_key,
       c.company_id,
       c.name as company_name,
       parent.name as parent_company_name,
       l.last_sent_at,
       l.last_sent_name,
       p.today - (l.last_sent_at at time zone p.time_zone)::date as days_without,
       c.target_user_count,
       c.license_ends_at
from keepnet.companies c
left join keepnet.companies parent on parent.company_id = c.parent_company_id
cross join bi.present p
left join lateral (
    select e.name as last_sent_name, coalesce(e.starts_at, e.created_at) as last_sent_at
    from keepnet.enrollments e
    where e.company_id = c.company_id
      and not e.is_step
      and e.is_survey is not true
      and e.is_test is not true
      and e.deleted_at is null
      and e.status is distinct from 'Scheduled'
      and e.status is distinct from 'Error'
      and coalesce(e.starts_at, e.created_at) <= p.present_at
    order by coalesce(e.starts_at, e.created_at) desc, e.enrollment_id
    limit 1
) l on true
where c.deleted_at is null
  and c.kind = 'customer'
  and (l.last_sent_at is null or p.today - (l.last_sent_at at time zone p.time_zone)::date >= 90);
comment on view bi.customers_without_training is 'Customers to whose users no training was sent for 90 days or ever [company]. Surveys, tests, what is only scheduled and what could not be sent do not count as one; archived trainings do. From companies/search and enrollments/search.';
comment on column bi.customers_without_training.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.customers_without_training.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.customers_without_training.company_name is 'Name of the company now.';
comment on column bi.customers_without_training.parent_company_name is 'Name of the reseller directly above it.';
comment on column bi.customers_without_training.last_sent_at is 'When the last training was sent: startDate, else createTime; an instant; null: never.';
comment on column bi.customers_without_training.last_sent_name is 'Name of that enrollment.';
comment on column bi.customers_without_training.days_without is 'Days since then, by the calendar of the account''s zone; null: never.';
comment on column bi.customers_without_training.target_user_count is 'Users there are (targetUserCount).';
comment on column bi.customers_without_training.license_ends_at is 'When the licence ends; an instant (licenseEndDate).';
