-- What the views of schema `bi` need to know of the settings: a view cannot read a configuration file, and a session
-- variable could be set by whoever asks.
create table sync.view_settings (
    is_only boolean primary key default true check (is_only),
    min_group bigint not null default 5 check (min_group >= 1),
    max_staleness interval not null default '24 hours',
    present_at timestamptz
);
insert into sync.view_settings default values;
comment on table sync.view_settings is 'One row: what the views of schema bi follow. Written from the settings whenever a command has migrated the database.';
comment on column sync.view_settings.min_group is 'privacy.min_group: the smallest group of people whose survey results are shown.';
comment on column sync.view_settings.max_staleness is 'sync.max_staleness: how old what a company holds may be before it counts as stale.';
comment on column sync.view_settings.present_at is 'The instant that the views take for now; null: the clock of the database. For a warehouse that stands still, such as that of the documents.';

-- What changed since yesterday is asked for company by company.
create index enrollment_user_history_company_id_valid_to_idx on keepnet.enrollment_user_history (company_id, valid_to);
create index widget_values_company_id_synced_at_idx on keepnet.widget_values (company_id, synced_at);
