-- What the vendor says of a company as a whole: day by day, and in its widgets.

create or replace view bi.fact_company_day as
select
    c.company_key,
    v.company_id,
    c.name as company_name,
    d.day::date as day,
    (extract(year from d.day) * 10000 + extract(month from d.day) * 100 + extract(day from d.day))::int as date_key,
    v.number_of_users as licensed_user_count,
    v.target_user_count,
    v.deleted_target_user_count,
    v.inactive_target_user_count,
    v.monthly_active_user_count,
    v.target_user_count::double precision / nullif(v.number_of_users, 0) as license_usage,
    v.is_licence_expired as is_license_expired,
    (v.license_ends_at at time zone zone.name)::date as license_ends_on,
    v.parent_company_id,
    d.day::date = (now() at time zone zone.name)::date as is_today
from (
    select company_id, valid_from, null::timestamptz as valid_to, parent_company_id, number_of_users, target_user_count,
           deleted_target_user_count, inactive_target_user_count, monthly_active_user_count, is_licence_expired,
           license_ends_at
    from keepnet.companies
    where deleted_at is null
    union all
    select company_id, valid_from, valid_to, parent_company_id, number_of_users, target_user_count,
           deleted_target_user_count, inactive_target_user_count, monthly_active_user_count, is_licence_expired,
           license_ends_at
    from keepnet.company_history
    where is_present) v
join keepnet.companies c on c.company_id = v.company_id
cross join (select coalesce(min(a.time_zone), 'UTC') as name from sync.accounts a) zone
cross join lateral generate_series(
    (v.valid_from at time zone zone.name)::date::timestamp,
    coalesce((v.valid_to at time zone zone.name)::date - 1, (now() at time zone zone.name)::date)::timestamp,
    interval '1 day') d (day);
comment on view bi.fact_company_day is 'One row per company and day since keepnet-etl saw it first, as it was at the end of the day (of today: as it is now); days on which it was not listed are missing. Between two readings the older one holds. From companies/search. Days are in the account''s time zone.';
comment on column bi.fact_company_day.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_company_day.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_company_day.company_name is 'Name of the company now.';
comment on column bi.fact_company_day.day is 'The day.';
comment on column bi.fact_company_day.date_key is 'The day as yyyymmdd, for dim_date.';
comment on column bi.fact_company_day.licensed_user_count is 'Users bought (numberOfUsers); null when unlimited or not a number.';
comment on column bi.fact_company_day.target_user_count is 'Users that the company had (targetUserCount).';
comment on column bi.fact_company_day.deleted_target_user_count is 'Users deleted there.';
comment on column bi.fact_company_day.inactive_target_user_count is 'Users inactive there.';
comment on column bi.fact_company_day.monthly_active_user_count is 'Users active within the month, as the vendor counted them that day.';
comment on column bi.fact_company_day.license_usage is 'target_user_count over licensed_user_count, 1 is all of them; null without a limit.';
comment on column bi.fact_company_day.is_license_expired is 'The licence had run out.';
comment on column bi.fact_company_day.license_ends_on is 'Day on which the licence was to end.';
comment on column bi.fact_company_day.parent_company_id is 'The company above it that day.';
comment on column bi.fact_company_day.is_today is 'It is today: the day is not over.';

create or replace view bi.fact_widget_value as
select
    c.company_key,
    w.company_id,
    c.name as company_name,
    w.widget_type,
    (select min(k.name) from keepnet.widgets k
     where k.company_id = w.company_id and k.widget_type = w.widget_type
       and k.deleted_at is null) as widget_name,
    w.period_start,
    w.period_end,
    (extract(year from w.period_start) * 100 + extract(month from w.period_start))::int as month_key,
    w.row_number,
    w.value_number,
    w.date,
    w.dimension,
    w.name,
    w.label,
    w.value / coalesce(nullif(w.scale, 0), 1) as value,
    w.value as value_received,
    w.value_text,
    w.synced_at
from keepnet.widget_values w
join keepnet.companies c on c.company_id = w.company_id
where w.deleted_at is null and c.deleted_at is null;
comment on view bi.fact_widget_value is 'One row per company, widget type, period and value, as the vendor aggregates it for executive reports; test data is not in it. From executive-report/get-widget-datas.';
comment on column bi.fact_widget_value.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.fact_widget_value.company_id is 'The vendors id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.fact_widget_value.company_name is 'Name of the company now.';
comment on column bi.fact_widget_value.widget_type is 'The vendor''s name of the figure, such as TrainingCompletionWidget.';
comment on column bi.fact_widget_value.widget_name is 'What executive reports call it; null when it is not in the catalogue.';
comment on column bi.fact_widget_value.period_start is 'First day that was asked for.';
comment on column bi.fact_widget_value.period_end is 'Last day that was asked for.';
comment on column bi.fact_widget_value.month_key is 'Month of the period as yyyymm.';
comment on column bi.fact_widget_value.row_number is 'Place of the row in the answer, from 0.';
comment on column bi.fact_widget_value.value_number is 'Place of the value in its row, from 0; for some types it is all that says what the value means.';
comment on column bi.fact_widget_value.date is 'The day of the row, by the account''s calendar; null where rows are no days.';
comment on column bi.fact_widget_value.dimension is 'What the row is about, as received (dataObject): a department, a campaign, a range.';
comment on column bi.fact_widget_value.name is 'Name of the value, as received.';
comment on column bi.fact_widget_value.label is 'Label of the value, as received.';
comment on column bi.fact_widget_value.value is 'The value; what the vendor multiplies by 100 is divided again.';
comment on column bi.fact_widget_value.value_received is 'The value as received.';
comment on column bi.fact_widget_value.value_text is 'A value that is no number.';
comment on column bi.fact_widget_value.synced_at is 'When it last changed here.';
