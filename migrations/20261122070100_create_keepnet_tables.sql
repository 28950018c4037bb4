-- Schema `keepnet`: what the API holds. company_id leads every key, so that the schema distributes by tenant.
--
-- Every table ends with
--   extra          members of the received item that have no column (null: none)
--   first_seen_at  when the row was first written here
--   synced_at      when the row last changed here; an unchanged row is not touched
--   deleted_at     null while the item exists
--
-- Ids are compared byte by byte (collate "C"): some differ only by case.
create schema if not exists keepnet;

create table keepnet.companies (
    company_id text collate "C" primary key,
    company_key bigint generated always as identity,
    parent_company_id text collate "C",
    kind text not null check (kind in ('reseller', 'customer')),
    name text,
    reseller_name text,
    industry_name text,
    industry_id text,
    license_type_name text,
    license_type_id text,
    is_number_of_users_limited boolean,
    number_of_users bigint,
    target_user_count bigint,
    deleted_target_user_count bigint,
    inactive_target_user_count bigint,
    monthly_active_user_count bigint,
    privacy_duration_id bigint,
    is_licence_expired boolean,
    license_ends_at timestamptz,
    created_at timestamptz,
    access_starts_at timestamptz,
    access_ends_at timestamptz,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    unique (company_id, company_key)
);
comment on table keepnet.companies is 'The reseller and its customers, flattened. From companies/search and companies/my.';
comment on column keepnet.companies.number_of_users is 'Licensed users; null when the vendor gives no number (unlimited). The received text is then in extra.';
comment on column keepnet.companies.access_ends_at is 'Until when the customer grants the reseller access.';

create table keepnet.company_tags (
    company_id text collate "C" not null references keepnet.companies,
    tag text collate "C" not null,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, tag)
);

create table keepnet.enrollments (
    company_id text collate "C" not null references keepnet.companies,
    enrollment_id text collate "C" not null,
    enrollment_key bigint generated always as identity,
    name text,
    type text,
    is_survey boolean,
    is_archived boolean not null default false,
    is_listed boolean not null default false,
    parent_enrollment_id text collate "C",
    is_step boolean not null default false,
    status text,
    training_name text,
    category text,
    enrolled_by text,
    delivery text,
    delivery_type text,
    recipient_type text,
    duration text,
    level text,
    target_audience text,
    starts_at timestamptz,
    created_at timestamptz,
    is_reminder_active boolean,
    is_auto_enrollment_active boolean,
    sends_preferred_language boolean,
    training_id text collate "C",
    learning_path_id text collate "C",
    training_order bigint,
    due_at timestamptz,
    scheduled_at timestamptz,
    scheduled_time_zone text,
    uses_own_time_zone boolean,
    awards_certificate boolean,
    certificate_send_type text,
    is_test boolean,
    training_type_id text,
    distribution_days bigint,
    phishing_campaign_id text collate "C",
    detail_extra jsonb,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id),
    unique (company_id, enrollment_key)
);
comment on table keepnet.enrollments is 'One training, survey, poster, infographic or learning path sent to users of a company. From enrollments/search, its archive, and enrollments/{id}.';
comment on column keepnet.enrollments.is_survey is 'type is Survey or the vendor marks it hasQuiz.';
comment on column keepnet.enrollments.is_test is 'Marked as test; null until the detail or the summary was read.';
comment on column keepnet.enrollments.is_listed is 'Seen in a listing (steps of learning paths may not be).';
comment on column keepnet.enrollments.detail_extra is 'Members of enrollments/{id} that have no column.';

create table keepnet.enrollment_tags (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    tag text collate "C" not null,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, tag),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);

create table keepnet.enrollment_languages (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    language text collate "C" not null,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, language),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);

create table keepnet.enrollment_target_groups (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    target_group_id text collate "C" not null,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, target_group_id),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);

create table keepnet.enrollment_training_roles (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    role_id bigint not null,
    code text,
    role_name text,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, role_id),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);

create table keepnet.enrollment_summaries (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
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
    is_test boolean,
    is_scorm_proxy boolean,
    training_type_name text,
    delivery_method text,
    starts_at timestamptz,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);
comment on table keepnet.enrollment_summaries is 'Counts as the vendor gives them in training-reports/{id}/summary; they are no partition and may be -1.';

create table keepnet.enrollment_steps (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    step_number bigint not null,
    step_enrollment_id text collate "C",
    training_name text,
    training_type_name text,
    awards_certificate boolean,
    has_quiz boolean,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, step_number),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);
comment on table keepnet.enrollment_steps is 'Steps of a learning path, from its summary; enrollment_id is the path.';

create table keepnet.target_users (
    company_id text collate "C" not null references keepnet.companies,
    target_user_id text collate "C" not null,
    target_user_key bigint generated always as identity,
    reported_by_created_at timestamptz not null,
    reported_by_enrollment_id text collate "C" not null,
    email text,
    is_email_masked boolean,
    first_name text,
    last_name text,
    department text,
    phone_number text,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, target_user_id),
    unique (company_id, target_user_key)
);
comment on table keepnet.target_users is 'A person, as the newest enrollment (by creation, then id) reports them.';
comment on column keepnet.target_users.reported_by_created_at is 'Creation of the enrollment that reported this row; -infinity when the vendor gives none.';

create table keepnet.enrollment_users (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    reported_enrollment_id text collate "C" not null,
    target_user_id text collate "C" not null,
    email text,
    first_name text,
    last_name text,
    department text,
    phone_number text,
    status text,
    exam_status text,
    exam_score double precision,
    is_main_score boolean,
    first_completed_at timestamptz,
    last_interaction_at timestamptz,
    delivery_type text,
    current_step text,
    last_interacted_step text,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, enrollment_id, reported_enrollment_id, target_user_id),
    foreign key (company_id, enrollment_id) references keepnet.enrollments
);
create index enrollment_users_company_id_target_user_id_idx
    on keepnet.enrollment_users (company_id, target_user_id);
comment on table keepnet.enrollment_users is 'One person in one enrollment, from training-reports/{id}/users/search, as reported there.';
comment on column keepnet.enrollment_users.reported_enrollment_id is 'The enrollment the row itself names (a step, for learning paths).';
comment on column keepnet.enrollment_users.exam_score is '0 to 100.';
comment on column keepnet.enrollment_users.last_interaction_at is 'As reported. Set at sending time already, and not moved by survey answers: no watermark.';

create table keepnet.user_custom_fields (
    company_id text collate "C" not null references keepnet.companies,
    target_user_id text collate "C" not null,
    field_id text collate "C" not null,
    name text,
    data_type text,
    value text,
    timestamp_value timestamptz,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, target_user_id, field_id)
);
comment on table keepnet.user_custom_fields is 'Custom fields of a person, as the newest enrollment reports them. Names may repeat; the id is the key.';
