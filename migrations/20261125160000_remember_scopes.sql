-- What a sync needs to do as little as possible, to be resumed, and to delete only what is surely gone.
alter table sync.cursors
    add column verdict text check (verdict in
        ('complete', 'short', 'over', 'drifted', 'failed', 'unsupported', 'held', 'forbidden')),
    add column tried_at timestamptz,
    add column changed_at timestamptz,
    add column full_due_at timestamptz,
    add column wanted_at timestamptz;
comment on column sync.cursors.state is 'Pages of the listing, direction of the last complete pull, and where an unfinished one stands.';
comment on column sync.cursors.fingerprint is 'What was seen last: counts of a summary, for users the counts that they were read with, for details the listed row.';
comment on column sync.cursors.last_complete_at is 'When the last complete pull ended.';
comment on column sync.cursors.due_at is 'From when on it is to be read again; null: only by the rolling full.';
comment on column sync.cursors.verdict is 'How the last try ended.';
comment on column sync.cursors.tried_at is 'When the last try ended.';
comment on column sync.cursors.changed_at is 'When something in it changed last; before the first change that was seen, by the dates of the vendor.';
comment on column sync.cursors.full_due_at is 'From when on it is read again whatever its state: the rolling full.';
comment on column sync.cursors.wanted_at is 'Somebody (an operator, or a deletion elsewhere) asked for it to be read again.';

create table sync.pending_users (
    company_id text collate "C" not null,
    resource text not null,
    enrollment_id text collate "C" not null,
    reported_enrollment_id text collate "C" not null,
    target_user_id text collate "C" not null,
    due_at timestamptz not null,
    attempts int not null default 0,
    primary key (company_id, resource, enrollment_id, reported_enrollment_id, target_user_id)
);
comment on table sync.pending_users is 'Users whose answers or interactions are to be read: their report row changed, they failed, or they completed and showed no session yet.';
comment on column sync.pending_users.attempts is 'Tries in vain; the pause before the next one doubles.';

create table sync.missing_rows (
    company_id text collate "C" not null,
    resource text not null,
    scope text collate "C" not null,
    row_key text[] collate "C" not null,
    run_id bigint not null,
    is_ascending boolean not null,
    missing_since timestamptz not null,
    is_confirmed boolean not null default false,
    primary key (company_id, resource, scope, row_key)
);
comment on table sync.missing_rows is 'Rows that a complete pull did not show. A second one, of another run and for users in the other direction, marks them deleted.';
comment on column sync.missing_rows.row_key is 'The key of the row.';
comment on column sync.missing_rows.is_confirmed is 'A second pull did not show it either, but the deletion is held.';
comment on column sync.missing_rows.is_ascending is 'Direction in which the pull was read.';

create table sync.leases (
    kind text not null check (kind in ('account', 'company')),
    subject text collate "C" not null,
    token bigint not null,
    holder text,
    run_id bigint,
    acquired_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (kind, subject)
);
comment on table sync.leases is 'Which process works on a company or on the list of companies. Every transaction of that work checks its token.';
comment on column sync.leases.token is 'Grows with every claim: who holds an older one can no longer write.';
comment on column sync.leases.holder is 'The process; null when the claim was given back.';
comment on column sync.leases.run_id is 'Its run; when that run''s advisory lock is free, the claim is void.';

-- The current version of a fact is the base row, with the instant from which on it held here.
alter table keepnet.companies add column valid_from timestamptz not null default now();
alter table keepnet.target_users add column valid_from timestamptz not null default now();
alter table keepnet.enrollment_users add column valid_from timestamptz not null default now();
alter table keepnet.enrollment_summaries add column observed_at timestamptz not null default now();
update keepnet.companies set valid_from = synced_at;
update keepnet.target_users set valid_from = synced_at;
update keepnet.enrollment_users set valid_from = synced_at;
update keepnet.enrollment_summaries set observed_at = synced_at;
comment on column keepnet.companies.valid_from is 'Since when the columns that company_history has are as they are here.';
comment on column keepnet.target_users.valid_from is 'Since when the columns that target_user_history has are as they are here.';
comment on column keepnet.enrollment_users.valid_from is 'Since when the columns that enrollment_user_history has are as they are here.';
comment on column keepnet.enrollment_summaries.observed_at is 'When these counts were seen first.';

create table keepnet.company_history (
    company_id text collate "C" not null references keepnet.companies,
    valid_from timestamptz not null,
    valid_to timestamptz not null check (valid_to > valid_from),
    is_present boolean not null,
    parent_company_id text collate "C",
    name text,
    number_of_users bigint,
    target_user_count bigint,
    deleted_target_user_count bigint,
    inactive_target_user_count bigint,
    monthly_active_user_count bigint,
    is_licence_expired boolean,
    license_ends_at timestamptz,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, valid_from)
);
comment on table keepnet.company_history is 'Earlier versions of companies, change-only; the present one is the row in companies. Never overlapping.';
comment on column keepnet.company_history.is_present is 'The company was listed then.';

create table keepnet.target_user_history (
    company_id text collate "C" not null references keepnet.companies,
    target_user_id text collate "C" not null,
    valid_from timestamptz not null,
    valid_to timestamptz not null check (valid_to > valid_from),
    is_present boolean not null,
    email text,
    first_name text,
    last_name text,
    department text,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, target_user_id, valid_from)
);
comment on table keepnet.target_user_history is 'Earlier versions of persons, change-only; the present one is the row in target_users. Never overlapping.';
comment on column keepnet.target_user_history.is_present is 'The person was in at least one enrollment then.';

create table keepnet.enrollment_user_history (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    reported_enrollment_id text collate "C" not null,
    target_user_id text collate "C" not null,
    valid_from timestamptz not null,
    valid_to timestamptz not null check (valid_to > valid_from),
    is_present boolean not null,
    status text,
    exam_status text,
    exam_score double precision,
    current_step text,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, reported_enrollment_id, target_user_id, valid_from),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);
comment on table keepnet.enrollment_user_history is 'Earlier versions of user reports, change-only; the present one is the row in enrollment_users. Never overlapping.';
comment on column keepnet.enrollment_user_history.is_present is 'The report showed the user then.';

create table keepnet.enrollment_summary_history (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    observed_at timestamptz not null,
    valid_to timestamptz not null check (valid_to > observed_at),
    is_present boolean not null,
    total_target_user_count bigint,
    total_user_opened_count bigint,
    only_opened_count bigint,
    total_non_target_user_count bigint,
    email_delivered_user_count bigint,
    email_error_user_count bigint,
    no_response_count bigint,
    did_not_complete_training_count bigint,
    did_not_complete_exam_count bigint,
    failed_exam_count bigint,
    completed_count bigint,
    in_progress_count bigint,
    group_count bigint,
    sms_sent_count bigint,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, observed_at),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);
comment on table keepnet.enrollment_summary_history is 'Earlier counts of enrollments: one row whenever a count changed; the present ones are in enrollment_summaries.';
comment on column keepnet.enrollment_summary_history.valid_to is 'When other counts were seen.';
