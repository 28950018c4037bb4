-- Companies, their tree, and the calendar.

create or replace view bi.dim_date as
select
    (extract(year from d.day) * 10000 + extract(month from d.day) * 100 + extract(day from d.day))::int as date_key,
    d.day as date,
    extract(year from d.day)::int as year,
    extract(quarter from d.day)::int as quarter,
    extract(month from d.day)::int as month,
    (extract(year from d.day) * 100 + extract(month from d.day))::int as month_key,
    to_char(d.day, 'YYYY-MM') as year_month,
    to_char(d.day, 'YYYY-"Q"Q') as year_quarter,
    extract(isoyear from d.day)::int as iso_year,
    extract(week from d.day)::int as iso_week,
    extract(day from d.day)::int as day_of_month,
    extract(isodow from d.day)::int as day_of_week,
    extract(isodow from d.day) >= 6 as is_weekend,
    date_trunc('month', d.day)::date as month_start,
    (date_trunc('month', d.day) + interval '1 month - 1 day')::date as month_end,
    date_trunc('quarter', d.day)::date as quarter_start,
    date_trunc('year', d.day)::date as year_start,
    d.day = (date_trunc('month', d.day) + interval '1 month - 1 day')::date as is_month_end
from (
    select day::date as day
    from generate_series(
        timestamp '2015-01-01',
        date_trunc('year', now() at time zone 'UTC') + interval '6 years - 1 day',
        interval '1 day') day) d;
comment on view bi.dim_date is 'One row per day, from 2015 to the end of the fifth year from now. Join on date_key.';
comment on column bi.dim_date.date_key is 'The day as yyyymmdd.';
comment on column bi.dim_date.date is 'The day.';
comment on column bi.dim_date.year is 'Calendar year.';
comment on column bi.dim_date.quarter is 'Quarter of the year, 1 to 4.';
comment on column bi.dim_date.month is 'Month of the year, 1 to 12.';
comment on column bi.dim_date.month_key is 'Year and month as yyyymm.';
comment on column bi.dim_date.year_month is 'Year and month as text, such as 2026-03.';
comment on column bi.dim_date.year_quarter is 'Year and quarter as text, such as 2026-Q1.';
comment on column bi.dim_date.iso_year is 'Year that the ISO week belongs to.';
comment on column bi.dim_date.iso_week is 'ISO week, 1 to 53.';
comment on column bi.dim_date.day_of_month is 'Day of the month, 1 to 31.';
comment on column bi.dim_date.day_of_week is 'Day of the week, 1 (Monday) to 7.';
comment on column bi.dim_date.is_weekend is 'Saturday or Sunday.';
comment on column bi.dim_date.month_start is 'First day of its month.';
comment on column bi.dim_date.month_end is 'Last day of its month.';
comment on column bi.dim_date.quarter_start is 'First day of its quarter.';
comment on column bi.dim_date.year_start is 'First day of its year.';
comment on column bi.dim_date.is_month_end is 'It is the last day of its month.';

create or replace view bi.dim_company as
select
    c.company_key,
    c.company_id,
    c.name as company_name,
    c.kind,
    c.kind = 'customer' as is_customer,
    c.parent_company_id,
    p.company_key as parent_company_key,
    p.name as parent_company_name,
    c.reseller_name,
    c.industry_name,
    c.license_type_name,
    c.is_number_of_users_limited,
    c.number_of_users as licensed_user_count,
    c.target_user_count,
    c.deleted_target_user_count,
    c.inactive_target_user_count,
    c.monthly_active_user_count,
    c.target_user_count::double precision / nullif(c.number_of_users, 0) as license_usage,
    c.is_licence_expired as is_license_expired,
    c.license_ends_at,
    (c.license_ends_at at time zone zone.name)::date as license_ends_on,
    (c.license_ends_at at time zone zone.name)::date - (now() at time zone zone.name)::date as days_until_license_end,
    c.access_state,
    c.access_starts_at,
    c.access_ends_at,
    (c.access_ends_at at time zone zone.name)::date - (now() at time zone zone.name)::date as days_until_access_end,
    c.created_at,
    (c.created_at at time zone zone.name)::date as created_on,
    (select array_agg(t.tag order by t.tag) from keepnet.company_tags t
     where t.company_id = c.company_id and t.deleted_at is null) as tags,
    zone.name as time_zone,
    (select s.safe_as_of from sync.company_state s where s.company_id = c.company_id) as safe_as_of,
    c.first_seen_at,
    c.synced_at,
    c.deleted_at is not null as is_deleted,
    c.deleted_at
from keepnet.companies c
left join keepnet.companies p on p.company_id = c.parent_company_id
cross join (select coalesce(min(a.time_zone), 'UTC') as name from sync.accounts a) zone;
comment on view bi.dim_company is 'One row per company of the account: the reseller, resellers below it, and customers; those that the vendor no longer lists included (is_deleted). From companies/search and companies/my. Dates are in the account''s time zone (sync.accounts.time_zone).';
comment on column bi.dim_company.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.dim_company.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.dim_company.company_name is 'Name, from companies/search. Not unique.';
comment on column bi.dim_company.kind is 'reseller (the account''s own company, and whoever has companies below it) or customer.';
comment on column bi.dim_company.is_customer is 'It is a customer.';
comment on column bi.dim_company.parent_company_id is 'The company above it; null at the top.';
comment on column bi.dim_company.parent_company_key is 'Stable number of the company above it.';
comment on column bi.dim_company.parent_company_name is 'Name of the company above it.';
comment on column bi.dim_company.reseller_name is 'Reseller as the vendor names it (resellerName).';
comment on column bi.dim_company.industry_name is 'Industry (industryName).';
comment on column bi.dim_company.license_type_name is 'Kind of licence (licenseTypeName).';
comment on column bi.dim_company.is_number_of_users_limited is 'The licence limits the number of users.';
comment on column bi.dim_company.licensed_user_count is 'Users bought (numberOfUsers); null when unlimited or not a number.';
comment on column bi.dim_company.target_user_count is 'Users that the company has (targetUserCount).';
comment on column bi.dim_company.deleted_target_user_count is 'Users deleted there (deletedTargetUserCount).';
comment on column bi.dim_company.inactive_target_user_count is 'Users inactive there (inactiveTargetUserCount).';
comment on column bi.dim_company.monthly_active_user_count is 'Users active within the month, as the vendor counts them (monthlyActiveUserCount).';
comment on column bi.dim_company.license_usage is 'target_user_count over licensed_user_count, 1 is all of them; null without a limit.';
comment on column bi.dim_company.is_license_expired is 'The licence has run out (licenceExpired).';
comment on column bi.dim_company.license_ends_at is 'End of the licence (licenseEndDate).';
comment on column bi.dim_company.license_ends_on is 'Day on which the licence ends.';
comment on column bi.dim_company.days_until_license_end is 'Days from today to license_ends_on; negative when it is past.';
comment on column bi.dim_company.access_state is 'Whether the customer lets the reseller see its data: granted or denied; null when not known (companies/my).';
comment on column bi.dim_company.access_starts_at is 'Since when the access is granted (companies/my).';
comment on column bi.dim_company.access_ends_at is 'Until when the access is granted (companies/my); null when it has no end.';
comment on column bi.dim_company.days_until_access_end is 'Days from today to the end of the access; negative when it is past.';
comment on column bi.dim_company.created_at is 'When the company was created at the vendor (createTime).';
comment on column bi.dim_company.created_on is 'Day on which it was created.';
comment on column bi.dim_company.tags is 'Tags of the company; null without any.';
comment on column bi.dim_company.time_zone is 'The account''s time zone, in which all days of bi are.';
comment on column bi.dim_company.safe_as_of is 'The last instant at which everything due of this company was complete here; null when it never was.';
comment on column bi.dim_company.first_seen_at is 'When keepnet-etl saw it first.';
comment on column bi.dim_company.synced_at is 'When it last changed here.';
comment on column bi.dim_company.is_deleted is 'The vendor no longer shows it.';
comment on column bi.dim_company.deleted_at is 'When keepnet-etl found that the vendor no longer shows it; null while it does.';

create or replace view bi.dim_company_tree as
with recursive above as (
    select c.company_id as descendant_id, c.company_id as ancestor_id, c.parent_company_id as next_id, 0 as depth,
           array[c.company_id] as path
    from keepnet.companies c
    where c.deleted_at is null
    union all
    select a.descendant_id, p.company_id, p.parent_company_id, a.depth + 1, a.path || p.company_id
    from above a
    join keepnet.companies p on p.company_id = a.next_id
    where p.company_id <> all (a.path))
select
    up.company_key as ancestor_company_key,
    up.company_id as ancestor_company_id,
    up.name as ancestor_company_name,
    c.company_key,
    c.company_id,
    c.name as company_name,
    c.kind,
    a.depth
from above a
join keepnet.companies c on c.company_id = a.descendant_id
join keepnet.companies up on up.company_id = a.ancestor_id;
comment on view bi.dim_company_tree is 'One row per pair of a company and a company above it, at any distance; each company also with itself (depth 0). Filter on one ancestor: each company below it then comes exactly once. Companies that the vendor no longer lists are left out.';
comment on column bi.dim_company_tree.ancestor_company_key is 'Stable number of the company above.';
comment on column bi.dim_company_tree.ancestor_company_id is 'Id of the company above.';
comment on column bi.dim_company_tree.ancestor_company_name is 'Name of the company above.';
comment on column bi.dim_company_tree.company_key is 'Stable number of the company below.';
comment on column bi.dim_company_tree.company_id is 'Id of the company below.';
comment on column bi.dim_company_tree.company_name is 'Name of the company below.';
comment on column bi.dim_company_tree.kind is 'Kind of the company below: reseller or customer.';
comment on column bi.dim_company_tree.depth is 'How many steps are between them; 0 is the company itself.';
