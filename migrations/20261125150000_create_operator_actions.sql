-- What people did with this program that cannot be told from the data.
create table sync.operator_actions (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    actor text not null,
    command text not null,
    company_id text collate "C",
    target text collate "C",
    detail jsonb not null default '{}',
    outcome text check (outcome in ('done', 'failed', 'unknown')),
    finished_at timestamptz,
    check ((outcome is null) = (finished_at is null))
);
create index operator_actions_at_idx on sync.operator_actions (at);
comment on table sync.operator_actions is 'Who ran what when, with which outcome: written before it is done, and completed after it.';
comment on column sync.operator_actions.actor is 'The user and the machine, as user@host.';
comment on column sync.operator_actions.command is 'The command and its verb, such as enroll create.';
comment on column sync.operator_actions.target is 'What it was done to: an enrollment, a role, a person''s hash.';
comment on column sync.operator_actions.outcome is 'Null while it is under way; null for ever if it was killed, and then as good as unknown.';
