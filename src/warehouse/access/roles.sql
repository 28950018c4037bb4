do $roles$
declare
    prefix constant text := {prefix};
    -- Where the schema exists already, whoever owns it stays the owner.
    owner constant text := coalesce(
        (select pg_get_userbyid(n.nspowner)::text from pg_namespace n where n.nspname = 'sync'), prefix || 'keepnet_etl_owner');
    writer constant text := prefix || 'keepnet_etl_writer';
    bi_owner constant text := prefix || 'bi_owner';
    bi_reader constant text := prefix || 'bi_reader';
    bi_customer constant text := prefix || 'bi_customer';
    ref_editor constant text := prefix || 'ref_editor';
    one text;
begin
    foreach one in array array[owner, writer, bi_owner, bi_reader, bi_customer, ref_editor] loop
        if not exists (select from pg_roles r where r.rolname = one) then
            execute format('create role %I nologin', one);
        end if;
        if not has_database_privilege(one, current_database(), 'connect') then
            execute format('grant connect on database %I to %I', current_database(), one);
        end if;
    end loop;
    -- The owner makes views that belong to bi_owner, and lets logins read them.
    if not pg_has_role(owner, bi_owner, 'usage') then
        execute format('grant %I to %I', bi_owner, owner);
    end if;
    if not pg_has_role(owner, bi_customer, 'member with admin option') then
        execute format('grant %I to %I with admin option', bi_customer, owner);
    end if;
    if not has_database_privilege(owner, current_database(), 'create') then
        execute format('grant create on database %I to %I', current_database(), owner);
    end if;
    foreach one in array array[owner, writer] loop
        if not has_database_privilege(one, current_database(), 'temporary') then
            execute format('grant temporary on database %I to %I', current_database(), one);
        end if;
    end loop;
    if not exists (select from pg_namespace n where n.nspname = 'sync') then
        -- In a new database: whatever is made later belongs to the owner of this schema.
        if not pg_has_role(session_user, owner, 'usage') then
            execute format('grant %I to %I', owner, session_user);
        end if;
        execute format('create schema sync authorization %I', owner);
    end if;
end $roles$;
