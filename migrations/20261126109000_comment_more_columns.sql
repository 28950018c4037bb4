-- What the columns mean that came with erasures, the daemon, the shared rate and what is kept of past runs.

comment on column sync.erasures.company_id is 'The company within which the person was erased.';
comment on column sync.erasures.hash is 'Keyed hash of the address or of the id (HMAC-SHA256 with privacy.key_file); it cannot be turned back.';
comment on column sync.erasures.erased_at is 'When.';

comment on column sync.offboarded_companies.company_id is 'The company.';
comment on column sync.offboarded_companies.offboarded_at is 'Since when it is left out of every sync.';

comment on column sync.privacy.is_only is 'True: the table has one row.';
comment on column sync.request_pace.is_only is 'True: the table has one row.';
comment on column sync.view_settings.is_only is 'True: the table has one row.';

comment on column sync.run_days.kind is 'sync, backfill or scheduled.';
comment on column sync.run_days.outcome is 'ok, partial, failed or stopped.';
comment on column sync.run_days.runs is 'Runs added up.';
comment on column sync.run_days.requests is 'Requests sent, repetitions and tokens included.';
comment on column sync.run_days.rows_inserted is 'Rows of keepnet inserted.';
comment on column sync.run_days.rows_updated is 'Rows updated.';
comment on column sync.run_days.rows_unchanged is 'Rows that were as stored.';
comment on column sync.run_days.rows_deleted is 'Rows marked deleted.';

comment on column sync.run_scope_months.company_id is 'The company; the account for the list of companies.';
comment on column sync.run_scope_months.resource is 'What was pulled.';
comment on column sync.run_scope_months.runs is 'Runs that did something for it.';
comment on column sync.run_scope_months.pages is 'Pages read.';
comment on column sync.run_scope_months.requests is 'Requests sent, repetitions included.';
comment on column sync.run_scope_months.rows_inserted is 'Rows of keepnet inserted.';
comment on column sync.run_scope_months.rows_updated is 'Rows updated.';
comment on column sync.run_scope_months.rows_unchanged is 'Rows that were as stored.';
comment on column sync.run_scope_months.rows_deleted is 'Rows marked deleted.';
comment on column sync.run_scope_months.duration_ms is 'Time spent on the scopes, added up; scopes overlap.';

comment on column sync.schedules.name is 'sync or full: schedule.sync, schedule.full.';
comment on column sync.schedules.outcome is 'How the last run ended; null while it is under way.';
comment on column sync.schedules.remedy is 'What to do about its error.';
