-- Customers that left, and when it was last looked for what is not kept for ever.
create table sync.offboarded_companies (
    company_id text collate "C" primary key,
    offboarded_at timestamptz not null,
    actor text not null,
    certificate jsonb
);
comment on table sync.offboarded_companies is 'Customers that left: no sync loads them again.';
comment on column sync.offboarded_companies.actor is 'Who offboarded it, as user@host.';
comment on column sync.offboarded_companies.certificate is 'What was exported and deleted; null while that has not ended.';

alter table sync.privacy add column retained_at timestamptz;
comment on column sync.privacy.retained_at is 'When it was last looked for what has expired by privacy.keep_….';
