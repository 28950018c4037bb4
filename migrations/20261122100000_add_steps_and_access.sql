-- Steps of learning paths as enrollments of their own, the state of access to a company, and what was learned about
-- requests.
alter table keepnet.enrollments add column step_number bigint;
comment on column keepnet.enrollments.is_step is 'A step of a learning path; its users are counted by the path already.';
comment on column keepnet.enrollments.parent_enrollment_id is 'The learning path that a step belongs to.';
comment on column keepnet.enrollments.step_number is 'Place of a step in its learning path, from the summary of the path.';

alter table keepnet.companies add column access_state text check (access_state in ('granted', 'denied'));
comment on column keepnet.companies.access_state is 'Whether the customer lets the reseller see its data (privacyDurationId of companies/my); null when not known.';

alter table sync.accounts add column request_dialects jsonb not null default '{}';
comment on column sync.accounts.request_dialects is 'Where the service understands one of several spellings of a request: the one that worked.';
