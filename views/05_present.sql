-- What the question views take for now, and the settings that they follow. `offset 0` has the day worked out once and not
-- for every row that is compared with it.
create or replace view bi.present as
select coalesce(s.present_at, now()) as present_at,
       (coalesce(s.present_at, now()) at time zone z.time_zone)::date as today,
       z.time_zone,
       s.min_group,
       s.max_staleness
from sync.view_settings s
cross join (select coalesce(min(a.time_zone), 'UTC') as time_zone from sync.accounts a) z
where s.is_only
offset 0;
comment on view bi.present is 'One row: the instant, the day and the zone that the question views reckon with, and the settings they follow.';
comment on column bi.present.present_at is 'Now, by the clock of the database; in a warehouse that stands still, the instant it stands at. From sync.view_settings.';
comment on column bi.present.today is 'The day of present_at in time_zone.';
comment on column bi.present.time_zone is 'IANA zone in which the account writes its dates (api.time_zone): every day, month and quarter of these views is one of this zone. UTC before the first run.';
comment on column bi.present.min_group is 'privacy.min_group: survey results of fewer people are not shown.';
comment on column bi.present.max_staleness is 'sync.max_staleness: a company whose safe_as_of is older is not fresh.';
