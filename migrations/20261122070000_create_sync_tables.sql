-- Schema `sync`: what this program remembers of its own work.
create schema if not exists sync;

create table sync.accounts (
    account_id text collate "C" primary key,
    client_id text,
    date_format text,
    time_zone text not null,
    date_format_evidence text,
    date_format_since timestamptz,
    date_choices jsonb not null default '[]',
    first_used_at timestamptz not null,
    last_used_at timestamptz not null
);
comment on table sync.accounts is 'The reseller whose data this database holds (one row), and how its dates are read.';
comment on column sync.accounts.account_id is 'Company id of the reseller; else the client id.';
comment on column sync.accounts.date_format is 'dmy, mdy, ymd or iso; null until a date had to be understood.';
comment on column sync.accounts.date_choices is 'Every choice of format and zone so far, with the instant from which it applied.';

create table sync.runs (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('sync', 'backfill', 'scheduled')),
    started_at timestamptz not null,
    finished_at timestamptz,
    outcome text not null default 'running'
        check (outcome in ('running', 'ok', 'partial', 'failed', 'stopped')),
    requests bigint not null default 0,
    rows_inserted bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_unchanged bigint not null default 0,
    rows_deleted bigint not null default 0,
    predicted_requests bigint,
    error text
);
comment on table sync.runs is 'One row per execution.';

create table sync.run_scopes (
    run_id bigint not null references sync.runs (id) on delete cascade,
    company_id text collate "C" not null,
    resource text not null,
    verdict text not null check (verdict in
        ('complete', 'short', 'over', 'drifted', 'failed', 'unsupported', 'held', 'forbidden')),
    pages bigint not null default 0,
    requests bigint not null default 0,
    rows_inserted bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_unchanged bigint not null default 0,
    rows_deleted bigint not null default 0,
    duration_ms bigint not null default 0,
    error text,
    remedy text,
    primary key (run_id, company_id, resource)
);
comment on table sync.run_scopes is 'What a run did per company and resource; the worst verdict of its scopes.';
comment on column sync.run_scopes.duration_ms is 'Time spent on the scopes, added up; scopes overlap.';

create table sync.cursors (
    company_id text collate "C" not null,
    resource text not null,
    scope text collate "C" not null,
    state jsonb not null default '{}',
    fingerprint text,
    last_complete_at timestamptz,
    due_at timestamptz,
    primary key (company_id, resource, scope)
);
comment on table sync.cursors is 'What is remembered of a scope between runs. Written in the transaction of the rows it covers.';
comment on column sync.cursors.scope is 'Enrollment id; empty for the company as a whole; archive for its archived enrollments.';

create table sync.company_state (
    company_id text collate "C" primary key,
    safe_as_of timestamptz,
    last_try_at timestamptz,
    verdict text not null,
    reason text,
    remedy text,
    access_until timestamptz
);
comment on table sync.company_state is 'How far each company can be trusted: the last instant at which all its due scopes were complete.';

create table sync.quarantine (
    id bigint generated always as identity primary key,
    company_id text collate "C" not null,
    resource text not null,
    scope text collate "C" not null,
    payload text not null,
    payload_md5 text not null generated always as (md5(payload)) stored,
    json_path text not null,
    reason text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    resolved_at timestamptz,
    unique (company_id, resource, scope, payload_md5)
);
comment on table sync.quarantine is 'Received items that could not be understood, kept as received.';

create table sync.discrepancies (
    id bigint generated always as identity primary key,
    company_id text collate "C" not null,
    resource text not null,
    scope text collate "C" not null,
    kind text not null,
    detail text not null,
    expected bigint,
    found bigint,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    resolved_at timestamptz,
    unique (company_id, resource, scope, kind)
);
comment on table sync.discrepancies is 'Counts that do not agree, and items received twice with different contents.';

create table sync.unknown_fields (
    resource text not null,
    json_path text not null,
    json_type text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    primary key (resource, json_path, json_type)
);
comment on table sync.unknown_fields is 'Members received that no column takes (they are kept in extra).';
