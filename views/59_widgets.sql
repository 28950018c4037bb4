-- What the vendor aggregates itself: the executive widgets, month by month, and the saved executive reports.

create or replace view bi.widget_time_series as
select c.company_key,
       c.company_id,
       c.name as company_name,
       w.widget_type,
       w.period_start,
       w.period_end,
       w.row_number,
       w.value_number,
       w.date,
       coalesce(
           w.name,
           w.label,
           case
               when w.widget_type in ('HumanRiskScoreforHighestRiskUsersWidget',
                                      'HumanRiskScoreforHighestRiskDepartmentsWidget',
                                      'HumanRiskScoreforHighestRiskCompaniesWidget')
                   then (array['score', 'users'])[w.value_number + 1]
               when w.widget_type = 'TotalReportedSuspiciousEmailsAndPercentageWidget'
                   then (array['percent', 'count'])[w.value_number + 1]
           end,
           'value ' || w.value_number) as series,
       coalesce(
           w.dimension ->> 'ActionRange',
           w.dimension ->> 'Company',
           w.dimension ->> 'department',
           w.dimension ->> 'name') as about,
       w.value / w.scale as value,
       w.value_text,
       w.period_end < p.today as is_closed
from keepnet.widget_values w
join keepnet.companies c on c.company_id = w.company_id
cross join bi.present p
where w.deleted_at is null
  and (w.value is not null or w.value_text is not null);
comment on view bi.widget_time_series is 'One row per value that a widget showed [company × widget type × month × row × value]. What the vendor multiplies by 100 is divided again. From executive-report/get-widget-datas.';
comment on column bi.widget_time_series.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.widget_time_series.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.widget_time_series.company_name is 'Name of the company now.';
comment on column bi.widget_time_series.widget_type is 'The vendor''s name of what is shown (widgetType).';
comment on column bi.widget_time_series.period_start is 'First day of the month that was asked for; a day of the account''s zone.';
comment on column bi.widget_time_series.period_end is 'Last day of that month.';
comment on column bi.widget_time_series.row_number is 'Place of the row in the answer, from 0.';
comment on column bi.widget_time_series.value_number is 'Place of the value in its row, from 0.';
comment on column bi.widget_time_series.date is 'The day of the point, of widgets that have one; a day of the account''s zone (widgetDatas.date).';
comment on column bi.widget_time_series.series is 'What the value is: its name, else its label, else what its place means for this type of widget.';
comment on column bi.widget_time_series.about is 'What the row is about: a range of minutes, a company, a department, a campaign; null where it is about the company as a whole (dataObject).';
comment on column bi.widget_time_series.value is 'The number, in the unit of the widget (percent, a score, minutes, a count); null where the vendor wrote a text.';
comment on column bi.widget_time_series.value_text is 'What the vendor wrote where it is no number, such as n/a.';
comment on column bi.widget_time_series.is_closed is 'The month is over: the value no longer grows, though the vendor may still correct it.';

create or replace view bi.risk_score_by_month as
select c.company_key,
       c.company_id,
       c.name as company_name,
       c.industry_name,
       w.period_start as month,
       max(w.date) as measured_on,
       (array_agg(w.value / w.scale order by w.date desc) filter (where w.label = 'Company Phishing Risk Score'))[1]
           as company_score,
       (array_agg(w.value / w.scale order by w.date desc) filter (where w.label like 'Industry Avg%'))[1]
           as industry_score,
       (array_agg(w.value / w.scale order by w.date desc) filter (where w.label = 'All Industry Avg'))[1]
           as all_industries_score,
       (array_agg(w.label order by w.date desc) filter (where w.label like 'Industry Avg%'))[1] as industry_label,
       (array_agg(w.value / w.scale order by w.date desc) filter (where w.label = 'Company Phishing Risk Score'))[1]
           - (array_agg(w.value / w.scale order by w.date desc) filter (where w.label like 'Industry Avg%'))[1]
           as above_industry,
       count(distinct w.date) as points,
       w.period_end < p.today as is_closed
from keepnet.widget_values w
join keepnet.companies c on c.company_id = w.company_id
cross join bi.present p
where w.widget_type = 'PhishingRiskScoreAcrossIndustriesWidget'
  and w.deleted_at is null
  and w.value is not null
group by c.company_key, c.company_id, c.name, c.industry_name, w.period_start, w.period_end, p.today;
comment on view bi.risk_score_by_month is 'The phishing risk score beside that of the industry, as the vendor showed it each month [company × month]: the last point of the month. From the widget PhishingRiskScoreAcrossIndustriesWidget; companies whose licence lacks it have no rows.';
comment on column bi.risk_score_by_month.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.risk_score_by_month.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.risk_score_by_month.company_name is 'Name of the company now.';
comment on column bi.risk_score_by_month.industry_name is 'Industry of the company now (companies/search industryName).';
comment on column bi.risk_score_by_month.month is 'First day of the month; a day of the account''s zone.';
comment on column bi.risk_score_by_month.measured_on is 'Day of the last point of the month.';
comment on column bi.risk_score_by_month.company_score is 'The company''s phishing risk score at that point, 0 to 100; more is worse.';
comment on column bi.risk_score_by_month.industry_score is 'Average of its industry at that point, as the vendor shows it, 0 to 100.';
comment on column bi.risk_score_by_month.all_industries_score is 'Average of all industries at that point, 0 to 100.';
comment on column bi.risk_score_by_month.industry_label is 'The vendor''s label of the industry average; it names the industry that it compares with.';
comment on column bi.risk_score_by_month.above_industry is 'Points by which the company lies above its industry; negative is better.';
comment on column bi.risk_score_by_month.points is 'Days of the month that have a point.';
comment on column bi.risk_score_by_month.is_closed is 'The month is over.';

create or replace view bi.repeat_offenders as
select c.company_key,
       c.company_id,
       c.name as company_name,
       w.period_start as month,
       max(w.value / w.scale) filter (where w.name = 'CountRepeatOffender') as repeat_offenders,
       max(w.value / w.scale) filter (where w.name = 'CountSimulated') as simulated_users,
       max(w.value / w.scale) filter (where w.name = 'CountRepeatOffender')
           / nullif(max(w.value / w.scale) filter (where w.name = 'CountSimulated'), 0) as rate,
       max(w.value / w.scale) filter (where w.name = 'RepeatOffenderPercentage'
                                        and w.widget_type = 'RepeatOffendersUsersThresholdWidget') as shown_percent,
       max(w.value / w.scale) filter (where w.name = 'PLA') as agreed_percent,
       w.period_end < p.today as is_closed
from keepnet.widget_values w
join keepnet.companies c on c.company_id = w.company_id
cross join bi.present p
where w.widget_type in ('RepeatOffendersUsersThresholdWidget', 'RepeatOffendersUsersRateWidget')
  and w.deleted_at is null
group by c.company_key, c.company_id, c.name, w.period_start, w.period_end, p.today;
comment on view bi.repeat_offenders is 'Users who fell for simulated phishing again and again, as the vendor counts them [company × month]. Who they are, the vendor does not say; see bi.repeatedly_overdue for people who keep leaving trainings undone. From the widgets RepeatOffendersUsersThresholdWidget and RepeatOffendersUsersRateWidget.';
comment on column bi.repeat_offenders.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.repeat_offenders.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.repeat_offenders.company_name is 'Name of the company now.';
comment on column bi.repeat_offenders.month is 'First day of the month; a day of the account''s zone.';
comment on column bi.repeat_offenders.repeat_offenders is 'Users who are repeat offenders (CountRepeatOffender).';
comment on column bi.repeat_offenders.simulated_users is 'Users whom a simulation was sent to (CountSimulated).';
comment on column bi.repeat_offenders.rate is 'repeat_offenders / simulated_users, 0 to 1; null when nobody was simulated.';
comment on column bi.repeat_offenders.shown_percent is 'The percentage the vendor shows, rounded by the vendor (RepeatOffenderPercentage).';
comment on column bi.repeat_offenders.agreed_percent is 'The protection level that was agreed, in percent (PLA); null where the vendor writes n/a or the licence lacks it.';
comment on column bi.repeat_offenders.is_closed is 'The month is over.';

create or replace view bi.executive_report_as_shown as
select c.company_key,
       c.company_id,
       c.name as company_name,
       r.report_id,
       r.name as report_name,
       r.created_at as report_created_at,
       r.date_period,
       r.date_range,
       w.widget_id,
       w.widget_name,
       w.widget_type,
       w.chart_type,
       w.row_number,
       w.value_number,
       w.date,
       coalesce(
           w.label,
           w.name,
           case
               when w.widget_type in ('HumanRiskScoreforHighestRiskUsersWidget',
                                      'HumanRiskScoreforHighestRiskDepartmentsWidget',
                                      'HumanRiskScoreforHighestRiskCompaniesWidget')
                   then (array['score', 'users'])[w.value_number + 1]
               when w.widget_type = 'TotalReportedSuspiciousEmailsAndPercentageWidget'
                   then (array['percent', 'count'])[w.value_number + 1]
           end) as shown_as,
       coalesce(
           w.dimension ->> 'ActionRange',
           w.dimension ->> 'Company',
           w.dimension ->> 'department',
           w.dimension ->> 'name') as about,
       w.value / w.scale as value,
       w.value_text
from keepnet.executive_report_widgets w
join keepnet.executive_reports r
    on r.company_id = w.company_id and r.report_id = w.report_id and r.deleted_at is null
join keepnet.companies c on c.company_id = w.company_id
where w.deleted_at is null;
comment on view bi.executive_report_as_shown is 'The saved executive reports with the figures that were in them when they were read [company × report × widget × row × value]: what the customer saw, whatever the same widget says now. A widget without data has one row without a value. From executive-report/search and executive-report/{id}.';
comment on column bi.executive_report_as_shown.company_key is 'Stable number of the company: use it for relationships.';
comment on column bi.executive_report_as_shown.company_id is 'The vendor''s id of the company. Ids may differ only by case: compare them exactly.';
comment on column bi.executive_report_as_shown.company_name is 'Name of the company now.';
comment on column bi.executive_report_as_shown.report_id is 'The vendor''s id of the report.';
comment on column bi.executive_report_as_shown.report_name is 'Name of the report.';
comment on column bi.executive_report_as_shown.report_created_at is 'When the report was created; an instant.';
comment on column bi.executive_report_as_shown.date_period is 'The period of the report by name, such as Last3Months (datePeriod).';
comment on column bi.executive_report_as_shown.date_range is 'The period as the report prints it (dateRange).';
comment on column bi.executive_report_as_shown.widget_id is 'The vendor''s id of the widget.';
comment on column bi.executive_report_as_shown.widget_name is 'Title of the widget in the report; the customer may have changed it.';
comment on column bi.executive_report_as_shown.widget_type is 'The vendor''s name of what is shown (widgetType).';
comment on column bi.executive_report_as_shown.chart_type is 'How it is drawn.';
comment on column bi.executive_report_as_shown.row_number is 'Place of the row in the widget, from 0.';
comment on column bi.executive_report_as_shown.value_number is 'Place of the value in its row, from 0.';
comment on column bi.executive_report_as_shown.date is 'The day of the point, of widgets that have one; a day of the account''s zone.';
comment on column bi.executive_report_as_shown.shown_as is 'Label of the value as it is shown, else its name, else what its place means for this type of widget.';
comment on column bi.executive_report_as_shown.about is 'What the row is about, such as a department or a campaign.';
comment on column bi.executive_report_as_shown.value is 'The number; what the vendor multiplies by 100 is divided again. Null in a widget without data.';
comment on column bi.executive_report_as_shown.value_text is 'What the vendor wrote where it is no number.';
