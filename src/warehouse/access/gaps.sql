-- Every way past the rules, from the catalog: one line per object, with what is wrong about it.
with named as (
    select a.kind, a.role_name, r.oid, r.rolsuper, r.rolbypassrls, r.rolcanlogin
    from sync.access_roles a
    left join pg_catalog.pg_roles r on r.rolname = a.role_name
), ours as (
    select n.oid, n.nspname, n.nspowner, n.nspname <> 'bi' as is_inner
    from pg_namespace n
    where n.nspname in ('bi', 'keepnet', 'rollup', 'ref', 'sync')
), reading as (
    select r.oid, r.role_name, r.kind from named r where r.kind in ('bi_reader', 'bi_customer') and r.oid is not null
), bi_owner as (
    select r.oid from named r where r.kind = 'bi_owner' and r.oid is not null
), read_by_views as (
    select distinct d.refobjid as oid
    from pg_rewrite w
    join pg_class v on v.oid = w.ev_class and v.relnamespace = to_regnamespace('bi')
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
), readable as (
    select c.oid, c.oid::regclass::text as name, n.nspname, c.relname, c.relkind, c.relowner, c.relrowsecurity, b.oid as bi_owner,
           exists (select from pg_attribute a
                   where a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped) as has_company
    from bi_owner b
    cross join pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname <> 'bi'
      and n.nspname not in ('pg_catalog', 'information_schema')
      and (n.oid in (select o.oid from ours o) or c.oid in (select v.oid from read_by_views v))
      and (n.nspname in ('keepnet', 'rollup', 'ref')
           or has_table_privilege(b.oid, c.oid, 'select') or has_any_column_privilege(b.oid, c.oid, 'select'))
), granted as (
    select distinct g.role_name, r.oid, r.rolsuper, r.rolbypassrls
    from sync.company_grants g
    join pg_catalog.pg_roles r on r.rolname = g.role_name
)
select 'role ' || r.role_name as object, 'does not exist' as problem from named r where r.oid is null
union all
select 'role ' || r.role_name, 'is not bound by row-level security (superuser or bypassrls)'
from named r where r.kind <> 'owner' and (r.rolsuper or r.rolbypassrls)
union all
select 'role ' || b.role_name, 'is a member of ' || m.role_name
from named b join named m on m.oid is not null and m.kind <> b.kind
where b.oid is not null and not b.rolsuper and pg_has_role(b.oid, m.oid, 'member')
  and (b.kind in ('bi_owner', 'bi_reader', 'bi_customer', 'ref_editor') or b.kind = 'writer' and m.kind = 'owner')
union all
select 'schema bi', 'belongs to ' || pg_get_userbyid(o.nspowner) || ' and not to the role for its views'
from ours o cross join bi_owner b where o.nspname = 'bi' and o.nspowner <> b.oid
union all
select c.oid::regclass::text, case c.relkind
           when 'v' then 'belongs to ' || pg_get_userbyid(c.relowner) || ', whose rights are not those of the other views'
           when 'm' then 'is a materialized view, whose rows no rule binds'
           when 'S' then 'is a sequence, which does not belong in schema bi'
           else 'is a table, which does not belong in schema bi' end
from pg_class c cross join bi_owner b
where c.relnamespace = to_regnamespace('bi') and c.relkind in ('v', 'm', 'r', 'p', 'f', 'S')
  and (c.relkind <> 'v' or c.relowner <> b.oid)
union all
select p.oid::regprocedure::text, case when p.prosecdef then 'runs with the rights of ' || pg_get_userbyid(p.proowner)
                                       else 'belongs to ' || pg_get_userbyid(p.proowner) || ' and not to the role for the views' end
from pg_proc p cross join bi_owner b
where p.pronamespace = to_regnamespace('bi') and (p.prosecdef or p.proowner <> b.oid)
union all
select 'schema ' || o.nspname, 'may be used by ' || r.role_name
from ours o cross join reading r where o.is_inner and has_schema_privilege(r.oid, o.oid, 'usage')
union all
select 'schema bi', 'may be changed by ' || r.role_name
from ours o cross join reading r where not o.is_inner and has_schema_privilege(r.oid, o.oid, 'create')
union all
select v.oid::regclass::text, 'cannot be read by ' || r.role_name
from pg_class v cross join reading r
where v.relnamespace = to_regnamespace('bi') and v.relkind = 'v' and not has_table_privilege(r.oid, v.oid, 'select')
union all
select p.oid::regprocedure::text, 'cannot be called by ' || r.role_name
from (values (to_regprocedure('sync.reads_all(name)')), (to_regprocedure('sync.companies_of(name)'))) p (oid)
cross join reading r
where not has_function_privilege(r.oid, p.oid, 'execute')
union all
select v.oid::regclass::text, 'is not readable for the views'
from read_by_views d join pg_class v on v.oid = d.oid cross join bi_owner b
where v.relnamespace <> to_regnamespace('bi') and not has_table_privilege(b.oid, v.oid, 'select')
union all
select t.name, case
           when t.relkind in ('v', 'm') then 'is a view that the views of bi may read, and that no rule binds'
           when t.relkind = 'f' then 'is a foreign table that the views of bi may read, and that no rule binds'
           when pg_has_role(t.bi_owner, t.relowner, 'usage') then 'belongs to the role for the views, so that no rule binds it'
           when not t.relrowsecurity then 'has no row-level security'
           else 'has other rules about who reads its rows than keepnet-etl wrote' end
from readable t
where t.relkind in ('v', 'm')
   or t.relkind = 'f'
   or t.relkind in ('r', 'p')
      and (pg_has_role(t.bi_owner, t.relowner, 'usage')
           or not t.relrowsecurity
           -- What binds readers is one rule of ours, which, where rows belong to a company, asks for the grants.
           or 1 <> (select count(*) from pg_policy p
                    where p.polrelid = t.oid and p.polpermissive and p.polcmd in ('r', '*')
                      and exists (select from unnest(p.polroles) who (oid)
                                  where who.oid = 0 or pg_has_role(t.bi_owner, who.oid, 'usage')))
           or not exists (
               select from pg_policy p
               where p.polrelid = t.oid and p.polname = 'keepnet_etl_reader' and p.polroles = array[t.bi_owner]
                 and (pg_get_expr(p.polqual, p.polrelid) = 'false'
                      or exists (select from pg_depend d
                                 where d.classid = 'pg_policy'::regclass and d.objid = p.oid
                                   and d.refobjid = to_regprocedure('sync.companies_of(name)'))
                      or t.name in ('ref.status_map', 'ref.question_group_labels', 'sync.accounts', 'sync.view_settings'))))
union all
select t.name, 'cannot be written by the daemon: it has no rule for ' || w.role_name
from readable t cross join named w
where w.kind = 'writer' and w.oid is not null and t.nspname in ('keepnet', 'rollup', 'sync') and t.relkind in ('r', 'p')
  and t.relrowsecurity
  and not exists (select from pg_policy p where p.polrelid = t.oid and p.polname = 'keepnet_etl_writer' and w.oid = any (p.polroles))
union all
select 'role ' || g.role_name, 'has rows of companies, and more rights than that: ' || case
           when g.rolsuper then 'it is a superuser'
           when g.rolbypassrls then 'it bypasses row-level security'
           else 'it is a member of ' || m.rolname end
from granted g
left join lateral (
    select x.rolname from pg_catalog.pg_roles x
    where x.oid <> g.oid and pg_has_role(g.oid, x.oid, 'member')
      and (x.rolsuper or x.rolbypassrls or x.rolname like 'pg\_%'
           or x.oid in (select r.oid from named r where r.kind <> 'bi_customer'))
    order by 1 limit 1) m on not g.rolsuper
where g.rolsuper or g.rolbypassrls or m.rolname is not null
union all
select 'role ' || g.role_name, 'has rows of companies, and may use schema ' || o.nspname
from granted g cross join ours o
where o.is_inner and not g.rolsuper and has_schema_privilege(g.oid, o.oid, 'usage')
order by 1, 2
