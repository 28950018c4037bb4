-- What the vendor aggregates itself, and the catalogues of a company.
create table keepnet.executive_reports (
    company_id text collate "C" not null references keepnet.companies,
    report_id text collate "C" not null,
    name text,
    description text,
    company_name text,
    vendor_company_id bigint,
    created_at timestamptz,
    date_period text,
    date_range text,
    starts_at timestamptz,
    ends_at timestamptz,
    is_editable boolean,
    is_deletable boolean,
    is_support_manager boolean,
    widget_layout jsonb,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, report_id)
);
comment on table keepnet.executive_reports is 'Saved executive reports, from executive-report/search and executive-report/{id}.';
comment on column keepnet.executive_reports.date_period is 'As received, such as Last3Months.';
comment on column keepnet.executive_reports.starts_at is 'Only meaningful for custom periods.';

create table keepnet.executive_report_widgets (
    company_id text collate "C" not null references keepnet.companies,
    report_id text collate "C" not null,
    widget_id text collate "C" not null,
    row_number bigint not null,
    value_number bigint not null,
    widget_name text,
    widget_type text collate "C",
    chart_type text,
    date date,
    dimension jsonb,
    name text,
    label text,
    value double precision,
    value_text text,
    scale bigint,
    annotations jsonb,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, report_id, widget_id, row_number, value_number)
);
comment on table keepnet.executive_report_widgets is 'The data inlined in saved executive reports, in the form of widget_values. A widget without data has one row, whose value is null.';

create table keepnet.widgets (
    company_id text collate "C" not null references keepnet.companies,
    widget_id text collate "C" not null,
    group_name text,
    name text,
    description text,
    widget_type text collate "C",
    chart_type text,
    image_url text,
    is_support_manager boolean,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, widget_id)
);
comment on table keepnet.widgets is 'The widgets that a company''s licence has, from executive-report/metrics. Several may show one widget_type.';

create table keepnet.widget_values (
    company_id text collate "C" not null references keepnet.companies,
    widget_type text collate "C" not null,
    period_start date not null,
    period_end date not null,
    row_number bigint not null,
    value_number bigint not null,
    widget_id text collate "C",
    date date,
    dimension jsonb,
    name text,
    label text,
    value double precision,
    value_text text,
    scale bigint,
    annotations jsonb,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, widget_type, period_start, period_end, row_number, value_number)
);
comment on table keepnet.widget_values is 'What executive-report/get-widget-datas answered for one widget type and period, one row per value. Test data is not in it.';
comment on column keepnet.widget_values.period_start is 'First day that was asked for.';
comment on column keepnet.widget_values.period_end is 'Last day that was asked for.';
comment on column keepnet.widget_values.row_number is 'Place of the row in the answer, from 0.';
comment on column keepnet.widget_values.value_number is 'Place of the value in its row, from 0; of the column, in tables. For some types it is all that says what the value means.';
comment on column keepnet.widget_values.date is 'The day of the row, by the account''s calendar.';
comment on column keepnet.widget_values.dimension is 'What the row is about, as received (dataObject).';
comment on column keepnet.widget_values.value is 'As received; divide by scale. Percentages and scores are rounded by the vendor.';
comment on column keepnet.widget_values.value_text is 'A value that is no number.';
comment on column keepnet.widget_values.scale is '100 where the vendor multiplies by 100, else 1; null without a value.';

create table keepnet.trainings (
    company_id text collate "C" not null references keepnet.companies,
    training_id text collate "C" not null,
    name text,
    description text,
    type text,
    category text,
    target_audience text,
    level text,
    duration text,
    has_quiz boolean,
    vendor_name text,
    created_by text,
    created_at timestamptz,
    is_new boolean,
    is_favourite boolean,
    is_editable boolean,
    languages jsonb,
    tags jsonb,
    compliances jsonb,
    available_for jsonb,
    training_roles jsonb,
    cover_image_url text,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, training_id)
);
comment on table keepnet.trainings is 'The trainings that a company can use, from trainings/search.';
comment on column keepnet.trainings.languages is 'Language codes, as received; like tags, compliances, available_for and training_roles a JSON list, null when empty.';

create table keepnet.target_groups (
    company_id text collate "C" not null references keepnet.companies,
    group_id text collate "C" not null,
    name text,
    company_name text,
    user_count bigint,
    priority text,
    created_at timestamptz,
    updated_at timestamptz,
    extra jsonb,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (company_id, group_id)
);
comment on table keepnet.target_groups is 'The groups of users of a company, from target-groups/search/current-company.';
