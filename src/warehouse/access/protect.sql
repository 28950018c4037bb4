do $protect$
declare
    owner constant text := (select a.role_name from sync.access_roles a where a.kind = 'owner');
    writer constant text := (select a.role_name from sync.access_roles a where a.kind = 'writer');
    bi_owner constant text := (select a.role_name from sync.access_roles a where a.kind = 'bi_owner');
    bi_reader constant text := (select a.role_name from sync.access_roles a where a.kind = 'bi_reader');
    bi_customer constant text := (select a.role_name from sync.access_roles a where a.kind = 'bi_customer');
    ref_editor constant text := (select a.role_name from sync.access_roles a where a.kind = 'ref_editor');
    owner_id constant oid := (select r.oid from pg_roles r where r.rolname = owner);
    writer_id constant oid := (select r.oid from pg_roles r where r.rolname = writer);
    bi_owner_id constant oid := (select r.oid from pg_roles r where r.rolname = bi_owner);
    ref_editor_id constant oid := (select r.oid from pg_roles r where r.rolname = ref_editor);
    -- Sub-selects, so that they are answered once for each query and not for each row.
    seen constant text := '(select sync.reads_all(current_user)) or %s = any ((select sync.companies_of(current_user))::text[])';
    one record;
    rule text;
begin
    -- Nothing for everybody.
    revoke all on schema bi, keepnet, rollup, ref, sync from public;

    -- Views read with the rights of their owner, which owns no table: so the rules below bind it.
    if (select n.nspowner <> bi_owner_id from pg_namespace n where n.nspname = 'bi') then
        execute format('alter schema bi owner to %I', bi_owner);
    end if;
    for one in
        select format('alter view bi.%I owner to %I', c.relname, bi_owner) as statement
        from pg_class c
        where c.relnamespace = 'bi'::regnamespace and c.relkind = 'v' and c.relowner = owner_id
        union all
        select format('alter function %s owner to %I', p.oid::regprocedure, bi_owner)
        from pg_proc p
        where p.pronamespace = 'bi'::regnamespace and p.proowner = owner_id
    loop
        execute one.statement;
    end loop;

    execute format('grant usage on schema bi to %I, %I', bi_reader, bi_customer);
    execute format('grant usage on schema keepnet, rollup, ref, sync to %I', bi_owner);
    execute format('grant usage on schema keepnet, rollup, sync to %I', writer);
    execute format('grant usage on schema ref to %I', ref_editor);
    -- For the views of a later version, from the moment at which they exist.
    execute format('alter default privileges for role %I in schema bi grant select on tables to %I, %I', bi_owner, bi_reader, bi_customer);
    execute format('alter default privileges for role %I revoke execute on functions from public', bi_owner);
    execute format('alter default privileges for role %I in schema bi grant execute on functions to %I, %I', bi_owner, bi_reader, bi_customer);

    -- What belongs to somebody else is left alone; the search for gaps names it.
    for one in
        select n.nspname as schema, c.oid::regclass as name
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('bi', 'keepnet', 'rollup', 'ref', 'sync') and c.relkind in ('r', 'p', 'v')
          and c.relowner in (owner_id, bi_owner_id)
    loop
        execute format('revoke all on %s from public', one.name);
        if one.schema = 'bi' then
            execute format('grant select on %s to %I, %I', one.name, bi_reader, bi_customer);
        end if;
        if one.schema in ('keepnet', 'rollup', 'ref') then
            execute format('grant select on %s to %I', one.name, bi_owner);
        end if;
        if one.schema in ('keepnet', 'rollup', 'sync') then
            execute format('grant select, insert, update, delete on %s to %I', one.name, writer);
        end if;
        if one.schema = 'rollup' then
            execute format('grant truncate on %s to %I', one.name, writer);
        end if;
        if one.schema = 'ref' then
            execute format('grant select, insert, update, delete on %s to %I', one.name, ref_editor);
        end if;
    end loop;
    execute format('revoke insert, update, delete on sync.migrations, sync.bi_objects, sync.access_roles, sync.company_grants from %I', writer);
    for one in
        select n.nspname as schema, p.oid::regprocedure as name
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('bi', 'keepnet', 'rollup', 'ref', 'sync') and p.proowner in (owner_id, bi_owner_id)
    loop
        execute format('revoke all on function %s from public', one.name);
        if one.schema = 'bi' then
            execute format('grant execute on function %s to %I, %I', one.name, bi_reader, bi_customer);
        end if;
        if one.schema = 'rollup' then
            execute format('grant execute on function %s to %I', one.name, writer);
        end if;
    end loop;
    -- Functions are called with the rights of who reads, who cannot name them without the schema.
    execute format('grant execute on function sync.reads_all(name), sync.companies_of(name) to %I, %I', bi_reader, bi_customer);

    for one in
        select c.oid, c.oid::regclass as name, n.nspname as schema, c.relname, c.relrowsecurity,
               exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped) as has_company
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and c.relowner = owner_id
          and (n.nspname in ('keepnet', 'rollup', 'ref')
               or n.nspname = 'sync' and exists (
                   select from pg_rewrite w
                   join pg_class v on v.oid = w.ev_class and v.relnamespace = 'bi'::regnamespace
                   join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
                   where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid))
    loop
        rule := case
            -- Nobody's in particular: words, zones, settings.
            when one.schema || '.' || one.relname in ('ref.status_map', 'ref.question_group_labels', 'sync.accounts', 'sync.view_settings') then 'true'
            when one.schema || '.' || one.relname = 'sync.leases' then 'kind = ''company'' and (' || format(seen, 'subject') || ')'
            -- An empty id says: every company.
            when one.schema = 'ref' and one.has_company then 'company_id = '''' or ' || format(seen, 'company_id')
            when one.has_company then format(seen, 'company_id')
            -- Nobody is to see it before it is decided who may.
            else 'false'
        end;
        if not one.relrowsecurity then
            execute format('alter table %s enable row level security', one.name);
        end if;
        if one.schema = 'sync' then
            execute format('grant select on %s to %I', one.name, bi_owner);
        end if;
        -- The rule is written on the policy: a rule that differs, of another version or of another role, is replaced.
        if not exists (select from pg_policy p where p.polrelid = one.oid and p.polname = 'keepnet_etl_reader'
                       and p.polroles = array[bi_owner_id]
                       and obj_description(p.oid, 'pg_policy') = 'Who reads: ' || rule) then
            execute format('drop policy if exists keepnet_etl_reader on %s', one.name);
            execute format('create policy keepnet_etl_reader on %s for select to %I using (%s)', one.name, bi_owner, rule);
            execute format('comment on policy keepnet_etl_reader on %s is %L', one.name, 'Who reads: ' || rule);
        end if;
        if not exists (select from pg_policy p where p.polrelid = one.oid and p.polname = 'keepnet_etl_writer'
                       and p.polroles = array[case one.schema when 'ref' then ref_editor_id else writer_id end]) then
            execute format('drop policy if exists keepnet_etl_writer on %s', one.name);
            execute format('create policy keepnet_etl_writer on %s to %I using (true) with check (true)', one.name,
                           case one.schema when 'ref' then ref_editor else writer end);
        end if;
    end loop;
end $protect$;
