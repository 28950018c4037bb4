-- What is kept of runs that are older than `sync.keep_runs_for`.
create table sync.run_days (
    day date not null,
    kind text not null,
    outcome text not null,
    runs bigint not null,
    requests bigint not null,
    rows_inserted bigint not null,
    rows_updated bigint not null,
    rows_unchanged bigint not null,
    rows_deleted bigint not null,
    duration_ms bigint not null,
    primary key (day, kind, outcome)
);
comment on table sync.run_days is 'Runs that are older than sync.keep_runs_for, added up. No run is both here and in sync.runs.';
comment on column sync.run_days.day is 'The UTC day on which they began.';
comment on column sync.run_days.duration_ms is 'From begin to end, added up.';

create table sync.run_scope_months (
    month date not null,
    company_id text collate "C" not null,
    resource text not null,
    runs bigint not null,
    complete bigint not null,
    pages bigint not null,
    requests bigint not null,
    rows_inserted bigint not null,
    rows_updated bigint not null,
    rows_unchanged bigint not null,
    rows_deleted bigint not null,
    duration_ms bigint not null,
    primary key (month, company_id, resource)
);
comment on table sync.run_scope_months is 'What those runs did per company and resource, added up.';
comment on column sync.run_scope_months.month is 'The first day of the UTC month in which they began.';
comment on column sync.run_scope_months.complete is 'Runs in which all scopes were complete.';
