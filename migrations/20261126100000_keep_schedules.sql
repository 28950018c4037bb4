-- What the daemon needs: its schedules, who of several instances is active, and how far a run is.
create table sync.schedules (
    name text primary key check (name in ('sync', 'full')),
    handled_at timestamptz,
    run_id bigint,
    started_at timestamptz,
    finished_at timestamptz,
    outcome text check (outcome in ('ok', 'partial', 'failed', 'stopped')),
    error text,
    remedy text
);
comment on table sync.schedules is 'How far each schedule of the daemon is. Written by the active instance alone.';
comment on column sync.schedules.handled_at is 'The last instant of the schedule that was answered with a run, alone or together with those before it.';
comment on column sync.schedules.run_id is 'The run that was begun last for it, once it has a number.';
comment on column sync.schedules.started_at is 'When that was.';
comment on column sync.schedules.finished_at is 'When it ended by itself; null while it works, and when it was cut short: then it is begun anew at once.';
comment on column sync.schedules.error is 'Why it failed, or failed to begin.';

alter table sync.leases
    drop constraint leases_kind_check,
    add constraint leases_kind_check check (kind in ('account', 'company', 'schedule')),
    add column under bigint;
comment on table sync.leases is 'Which process works on a company or on the list of companies, and which instance keeps the schedule. Every transaction of that work checks its token.';
comment on column sync.leases.under is 'The token of the schedule''s lease that the claim was made under; it is void without that. Null for what a person began.';
-- With it, a new token is a change of a key: it waits for those who hold the old one (for key share), a heartbeat does not.
create unique index leases_token_idx on sync.leases (kind, subject, token);

alter table sync.runs
    add column lease_token bigint,
    add column companies_total bigint,
    add column companies_done bigint,
    add column progressed_at timestamptz;
comment on column sync.runs.requests is 'Requests sent, repetitions and token requests included; while it works, as of its last heartbeat.';
comment on column sync.runs.lease_token is 'The token of the schedule''s lease that a scheduled run works under.';
comment on column sync.runs.companies_total is 'Companies that it works on, once they are listed.';
comment on column sync.runs.companies_done is 'Companies that it has done.';
comment on column sync.runs.progressed_at is 'When it was last seen to get on: a request answered, rows committed, a company done.';
