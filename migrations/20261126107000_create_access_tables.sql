-- Who may see whose rows. Row-level security asks these tables about the role that reads, in every query: no session
-- variable decides, so that a pool of connections between a BI tool and the database changes nothing.
create table sync.access_roles (
    kind text primary key check (kind in ('owner', 'writer', 'bi_owner', 'bi_reader', 'bi_customer', 'ref_editor')),
    role_name text collate "C" not null unique
);
comment on table sync.access_roles is 'The database roles of this warehouse; empty until migrate --roles.';
comment on column sync.access_roles.kind is 'owner: owns tables and migrates; writer: the daemon; bi_owner: owns the views, whose rows are bound by row-level security; bi_reader: reads all of bi; bi_customer: reads of bi what was granted; ref_editor: edits schema ref.';
comment on column sync.access_roles.role_name is 'Name of the role in the database.';

create table sync.company_grants (
    role_name text collate "C" not null,
    company_id text collate "C" not null,
    granted_at timestamptz not null,
    primary key (role_name, company_id)
);
comment on table sync.company_grants is 'Which role reads the rows of which company through schema bi, beside those who read all. Written by grant-company.';
comment on column sync.company_grants.role_name is 'The role, a login or a group of them; members that inherit from it count.';
comment on column sync.company_grants.company_id is 'The company.';
comment on column sync.company_grants.granted_at is 'When it was granted.';

create view sync.reader as
select exists (
    select from sync.access_roles a
    join pg_catalog.pg_roles r on r.rolname = a.role_name
    where a.kind in ('owner', 'writer', 'bi_reader') and pg_catalog.pg_has_role(current_user, r.oid, 'usage')) as sees_all;
comment on view sync.reader is 'One row about the role that asks.';
comment on column sync.reader.sees_all is 'It reads the rows of every company.';

create view sync.reader_companies as
select g.company_id
from sync.company_grants g
join pg_catalog.pg_roles r on r.rolname = g.role_name
where pg_catalog.pg_has_role(current_user, r.oid, 'usage');
comment on view sync.reader_companies is 'The companies that were granted to the role that asks.';
comment on column sync.reader_companies.company_id is 'The company.';
