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

-- The policies call these with current_user, which at the end of a view is still the role that reads. They run with the
-- rights of the owner, so that nobody else needs any on the tables.
create function sync.reads_all(reader name) returns boolean
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return exists (
        select from sync.access_roles a
        join pg_catalog.pg_roles r on r.rolname = a.role_name
        where a.kind in ('owner', 'writer', 'bi_reader') and pg_catalog.pg_has_role(reader, r.oid, 'usage'));
end $$;
comment on function sync.reads_all(name) is 'Whether a role reads the rows of every company.';

create function sync.companies_of(reader name) returns text[]
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return array(
        select g.company_id
        from sync.company_grants g
        join pg_catalog.pg_roles r on r.rolname = g.role_name
        where pg_catalog.pg_has_role(reader, r.oid, 'usage'));
end $$;
comment on function sync.companies_of(name) is 'The companies that were granted to a role.';
