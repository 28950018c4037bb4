-- Schema `bi` holds the views that people query; they come from `views/`, not from migrations. Schema `ref` belongs to
-- the reseller: what is filled in here is filled in once, and never again.
create schema if not exists bi;
comment on schema bi is 'What BI tools read: dimensions and facts to query freely, and views named by the question that they answer. Every view says its grain.';
create schema if not exists ref;
comment on schema ref is 'The reseller''s own knowledge, to be edited freely: keepnet-etl filled in what it knew once, and never overwrites it.';

-- The definition of each object of `bi` that `migrate` created, to leave it alone while nothing changes.
create table sync.bi_objects (
    name text collate "C" primary key,
    kind text not null check (kind in ('view', 'function')),
    digest text not null,
    applied_at timestamptz not null default now()
);
comment on table sync.bi_objects is 'The views and functions of schema bi that migrate created, with the digest of their definition.';
comment on column sync.bi_objects.name is 'Name within schema bi.';
comment on column sync.bi_objects.kind is 'view or function.';
comment on column sync.bi_objects.digest is 'SHA-256 of the statements that define and describe it.';
comment on column sync.bi_objects.applied_at is 'When it was created or replaced last.';

create table ref.status_map (
    domain text not null check (domain in ('user', 'enrollment')),
    status text collate "C" not null,
    status_group text not null,
    note text,
    primary key (domain, status),
    check (case domain
               when 'user' then status_group in ('queued', 'not delivered', 'not started', 'opened', 'clicked',
                                                 'in progress', 'completed', 'failed', 'cancelled', 'excluded', 'unknown')
               else status_group in ('active', 'scheduled', 'finished', 'stopped', 'error', 'archived', 'deleted', 'unknown')
           end)
);
comment on table ref.status_map is 'What each status word of the vendor counts as. A word that is not here counts as unknown, and bi shows it as such.';
comment on column ref.status_map.domain is 'user: of a person in an enrollment; enrollment: of an enrollment.';
comment on column ref.status_map.status is 'The vendor''s word in lower case and without spaces: the vendor writes both In Queue and InQueue.';
comment on column ref.status_map.status_group is 'What it counts as. Of persons only completed counts as completed; cancelled and excluded leave the denominators of rates.';
comment on column ref.status_map.note is 'Why, for people.';
insert into ref.status_map (domain, status, status_group) values
    ('user', 'inqueue', 'queued'),
    ('user', 'processing', 'queued'),
    ('user', 'notdelivered', 'not delivered'),
    ('user', 'sendingerror', 'not delivered'),
    ('user', 'error', 'not delivered'),
    ('user', 'notresponded', 'not started'),
    ('user', 'notstarted', 'not started'),
    ('user', 'openedemail', 'opened'),
    ('user', 'clickedlink', 'clicked'),
    ('user', 'inprogress', 'in progress'),
    ('user', 'incomplete', 'in progress'),
    ('user', 'notcompleted', 'in progress'),
    ('user', 'completed', 'completed'),
    ('user', 'passed', 'completed'),
    ('user', 'exampassed', 'completed'),
    ('user', 'success', 'completed'),
    ('user', 'downloaded', 'completed'),
    ('user', 'examfailed', 'failed'),
    ('user', 'failed', 'failed'),
    ('user', 'cancelled', 'cancelled'),
    ('user', 'canceled', 'cancelled'),
    ('user', 'excluded', 'excluded'),
    ('enrollment', 'auto-enroll', 'active'),
    ('enrollment', 'autoenroll', 'active'),
    ('enrollment', 'sending', 'active'),
    ('enrollment', 'scormproxy', 'active'),
    ('enrollment', 'scheduled', 'scheduled'),
    ('enrollment', 'finished', 'finished'),
    ('enrollment', 'stopped', 'stopped'),
    ('enrollment', 'paused', 'stopped'),
    ('enrollment', 'error', 'error'),
    ('enrollment', 'archived', 'archived'),
    ('enrollment', 'deleted', 'deleted');

create table ref.question_group_labels (
    training_name text not null default '',
    group_id text collate "C" not null,
    label text not null,
    primary key (training_name, group_id)
);
comment on table ref.question_group_labels is 'Names for the groups (themes) of survey questions, which the vendor only numbers.';
comment on column ref.question_group_labels.training_name is 'The survey content, as dim_enrollment.training_name has it; empty: wherever no line names it.';
comment on column ref.question_group_labels.group_id is 'The group, as dim_question.group_id has it, such as g0.';
comment on column ref.question_group_labels.label is 'What to call it.';

create table ref.targets (
    company_id text collate "C" not null default '',
    measure text not null,
    target double precision not null,
    note text,
    primary key (company_id, measure)
);
comment on table ref.targets is 'What is to be reached. Empty until the reseller fills it in.';
comment on column ref.targets.company_id is 'The company; empty: every company without a line of its own.';
comment on column ref.targets.measure is 'The name of a column of bi, such as completion_rate.';
comment on column ref.targets.target is 'The value to be reached, in the unit of that column (rates from 0 to 1).';
comment on column ref.targets.note is 'Why, for people.';

create table ref.enrollment_flags (
    company_id text collate "C" not null,
    enrollment_id text collate "C" not null,
    is_mandatory boolean not null default false,
    is_excluded boolean not null default false,
    note text,
    primary key (company_id, enrollment_id)
);
comment on table ref.enrollment_flags is 'Enrollments that are mandatory, or that no report should count. Empty until the reseller fills it in.';
comment on column ref.enrollment_flags.company_id is 'The company of the enrollment.';
comment on column ref.enrollment_flags.enrollment_id is 'The enrollment.';
comment on column ref.enrollment_flags.is_mandatory is 'Whoever is enrolled has to finish it.';
comment on column ref.enrollment_flags.is_excluded is 'To be left out of reports: a trial, a mistake.';
comment on column ref.enrollment_flags.note is 'Why, for people.';

create table ref.department_map (
    company_id text collate "C" not null default '',
    department text not null,
    mapped_department text not null,
    primary key (company_id, department)
);
comment on table ref.department_map is 'Departments under one name: spellings, mergers, translations. Empty until the reseller fills it in.';
comment on column ref.department_map.company_id is 'The company; empty: every company without a line of its own for this department.';
comment on column ref.department_map.department is 'The department exactly as the vendor reports it.';
comment on column ref.department_map.mapped_department is 'The name that bi shows for it.';

-- A relationship on one column, as BI tools want it.
alter table keepnet.trainings
    add column training_key bigint generated always as identity,
    add constraint trainings_company_id_training_key_key unique (company_id, training_key);
comment on column keepnet.trainings.training_key is 'Stable number of the training, for relationships in BI tools.';

-- When surveys were completed: the vendor reports it for trainings only.
alter table keepnet.enrollment_users add column session_completed_at timestamptz;
comment on column keepnet.enrollment_users.session_completed_at is 'End of the user''s first survey session: its start and the time spent on its questions; null without one.';
