-- The portfolio month by month: bought against used, and active users up the tree of resellers.

create or replace view bi.license_use_by_month as
with months as materialized (
    select b.month, b.month at time zone p.time_zone as begins_at,
           (b.month + interval '1 month') at time zone p.time_zone as ends_at, p.present_at
    from bi.present p
    cross join generate_series(0, 12) n
    cross join lateral (select date_trunc('month', p.today::timestamp) - n * interval '1 month' as month) b)
select
    c.company_key,
    c.company_id,
    c.company_name,
    v.month::date as month,
    v.licensed_user_count,
    v.target_user_count,
    v.monthly_active_user_count,
    v.peak_target_user_count,
    v.target_user_count::double precision / nullif(v.licensed_user_count, 0) as license_usage,
    case when v.licensed_user_count is not null
         then greatest(v.peak_target_user_count - v.licensed_user_count, 0) end as peak_above_license,
    (v.license_ends_at at time zone p.time_zone)::date as license_ends_on,
    v.month < date_trunc('month', p.today::timestamp) as is_closed
from (
    -- Each version in the months that it touches.
    select
        h.company_id,
        g.month,
        (array_agg(h.number_of_users order by h.valid_from desc))[1] as licensed_user_count,
        (array_agg(h.target_user_count order by h.valid_from desc))[1] as target_user_count,
        (array_agg(h.monthly_active_user_count order by h.valid_from desc))[1] as monthly_active_user_count,
        (array_agg(h.license_ends_at order by h.valid_from desc))[1] as license_ends_at,
        max(h.target_user_count) as peak_target_user_count
    from (
        select k.company_id, k.valid_from, null::timestamptz as valid_to, k.number_of_users, k.target_user_count,
               k.monthly_active_user_count, k.license_ends_at
        from keepnet.companies k
        where k.deleted_at is null
        union all
        select e.company_id, e.valid_from, e.valid_to, e.number_of_users, e.target_user_count, e.monthly_active_user_count,
               e.license_ends_at
        from keepnet.company_history e
        where e.is_present) h
    join months g on h.valid_from < g.ends_at and (h.valid_to is null or h.valid_to > g.begins_at)
    where h.valid_from <= g.present_at
    group by h.company_id, g.month) v
join bi.dim_company c on c.company_id = v.company_id
cross join bi.present p;
comment on view bi.license_use_by_month is 'One row per company and month, of the last twelve and the present one: users bought and users there were at its end. Months before keepnet-etl saw the company are missing: the vendor tells the present only. From the versions of companies.';
comment on column bi.license_use_by_month.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.license_use_by_month.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.license_use_by_month.company_name is 'Name of the company now.';
comment on column bi.license_use_by_month.month is 'First day of the month, in the account''s zone.';
comment on column bi.license_use_by_month.licensed_user_count is 'Users bought, at the end of the month, of the present one now; null when unlimited or not a number.';
comment on column bi.license_use_by_month.target_user_count is 'Users that the company had then (targetUserCount).';
comment on column bi.license_use_by_month.monthly_active_user_count is 'Users active within the month, as the vendor counted them then.';
comment on column bi.license_use_by_month.peak_target_user_count is 'The most users it was seen with in the month.';
comment on column bi.license_use_by_month.license_usage is 'target_user_count over licensed_user_count, 1 is all of them; null without a limit.';
comment on column bi.license_use_by_month.peak_above_license is 'Users above what was bought when there were most; null without a limit.';
comment on column bi.license_use_by_month.license_ends_on is 'Day on which the licence was to end, as it was known then.';
comment on column bi.license_use_by_month.is_closed is 'The month is over.';

create or replace view bi.active_users_by_reseller as
select
    t.ancestor_company_key as company_key,
    t.ancestor_company_id as company_id,
    t.ancestor_company_name as company_name,
    m.month,
    count(*) as company_count,
    coalesce(sum(m.monthly_active_user_count), 0)::bigint as active_user_count,
    coalesce(sum(m.monthly_active_user_count) filter (where t.depth <= 1 and (t.depth = 0 or t.kind = 'customer')), 0)::bigint
        as own_active_user_count,
    coalesce(sum(m.target_user_count), 0)::bigint as target_user_count,
    coalesce(sum(m.licensed_user_count), 0)::bigint as licensed_user_count,
    count(*) filter (where m.licensed_user_count is null) as unlimited_company_count,
    m.is_closed
from bi.dim_company_tree t
join keepnet.companies r on r.company_id = t.ancestor_company_id and r.kind = 'reseller'
join bi.license_use_by_month m on m.company_id = t.company_id
group by t.ancestor_company_key, t.ancestor_company_id, t.ancestor_company_name, m.month, m.is_closed;
comment on view bi.active_users_by_reseller is 'One row per reseller (the account''s own and those below it) and month: the users of all companies below it, each company once. Resellers within resellers are in the figures of both: add own_active_user_count, not active_user_count. The tree is that of today. From dim_company_tree and license_use_by_month.';
comment on column bi.active_users_by_reseller.company_key is 'Stable number of the reseller: use it for relationships.';
comment on column bi.active_users_by_reseller.company_id is 'The vendor''s id of the reseller. Ids may differ only by case: compare them exactly.';
comment on column bi.active_users_by_reseller.company_name is 'Name of the reseller now.';
comment on column bi.active_users_by_reseller.month is 'First day of the month, in the account''s zone.';
comment on column bi.active_users_by_reseller.company_count is 'Companies below it at any distance, and itself.';
comment on column bi.active_users_by_reseller.active_user_count is 'Their monthly active users, added up, each company once.';
comment on column bi.active_users_by_reseller.own_active_user_count is 'Those of its direct customers and of itself only; added up over all resellers, every company counts once.';
comment on column bi.active_users_by_reseller.target_user_count is 'Users that the companies below it have.';
comment on column bi.active_users_by_reseller.licensed_user_count is 'Users bought by those that have a limit.';
comment on column bi.active_users_by_reseller.unlimited_company_count is 'Companies without a limit that is known.';
comment on column bi.active_users_by_reseller.is_closed is 'The month is over.';
