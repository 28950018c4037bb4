-- What was decided about people's data, and who must not come back.
create table sync.privacy (
    is_only boolean primary key default true check (is_only),
    policy jsonb not null,
    key_check text,
    since timestamptz not null,
    applying jsonb
);
comment on table sync.privacy is 'By which settings of privacy.* everything that is stored was stored (one row).';
comment on column sync.privacy.policy is 'The settings, without secrets.';
comment on column sync.privacy.key_check is 'Tells the key that hashes were made with from another one; null when nothing hangs on a key.';
comment on column sync.privacy.since is 'When it was first loaded, or rewritten, by them.';
comment on column sync.privacy.applying is 'Settings by which what is stored is being rewritten, or was until it was interrupted; null: none.';

create table sync.erasures (
    company_id text collate "C" not null,
    hash text collate "C" not null,
    identity text not null check (identity in ('id', 'email', 'name')),
    key_check text not null,
    erased_at timestamptz not null,
    primary key (company_id, hash)
);
comment on table sync.erasures is 'People who were erased, as keyed hashes: what the vendor still shows of them is not stored again.';
comment on column sync.erasures.identity is 'What the hash was made of: the id of the target user, the e-mail address, or the full name.';
comment on column sync.erasures.key_check is 'Tells the key of the hash from another one.';
