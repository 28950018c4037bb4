//! Who builds on the views: what would go with one that is dropped.

use std::collections::HashSet;

use sqlx::PgConnection;

/// What depends on objects of schema `bi`, directly or through others.
#[derive(Debug, Default)]
pub struct Dependents {
    /// Objects of `bi` that this program defined.
    pub ours: Vec<String>,
    /// Everything else, as people call it.
    pub foreign: Vec<String>,
}

/// Finds what depends on the views and functions with these names; `defined` are the names that are ours.
pub async fn of(
    db: &mut PgConnection,
    names: &[String],
    defined: &HashSet<String>,
) -> Result<Dependents, sqlx::Error> {
    // A view depends on another through its rule; a function through its body or through the type of the view's rows.
    let found: Vec<(String, Option<String>, String)> = sqlx::query_as(
        "with recursive gone (class, id) as (
             select 'pg_class'::regclass::oid, c.oid from pg_class c
             where c.relnamespace = 'bi'::regnamespace and c.relname = any($1)
             union
             select 'pg_proc'::regclass::oid, p.oid from pg_proc p
             where p.pronamespace = 'bi'::regnamespace and p.proname = any($1)
             union
             select next.class, next.id
             from gone g
             join lateral (
                 select case when d.classid = 'pg_rewrite'::regclass then 'pg_class'::regclass::oid else d.classid end,
                        case when d.classid = 'pg_rewrite'::regclass
                             then (select r.ev_class from pg_rewrite r where r.oid = d.objid) else d.objid end
                 from pg_depend d
                 where d.refclassid = g.class and d.refobjid = g.id
                   and (d.deptype in ('n', 'a') or (d.deptype = 'i' and d.classid = 'pg_type'::regclass))
                 union all
                 select 'pg_type'::regclass::oid, t.oid from pg_type t
                 where g.class = 'pg_type'::regclass and t.typelem = g.id
             ) next (class, id) on true)
         select n.nspname::text, coalesce(c.relname, p.proname)::text, pg_describe_object(g.class, g.id, 0)
         from gone g
         left join pg_class c on g.class = 'pg_class'::regclass and c.oid = g.id
         left join pg_proc p on g.class = 'pg_proc'::regclass and p.oid = g.id
         left join pg_namespace n on n.oid = coalesce(c.relnamespace, p.pronamespace)
         where g.class <> 'pg_type'::regclass
         order by 3",
    )
    .bind(names)
    .fetch_all(db)
    .await
    .map(|rows: Vec<(Option<String>, Option<String>, String)>| {
        rows.into_iter()
            .map(|(schema, name, told)| (schema.unwrap_or_default(), name, told))
            .collect()
    })?;
    let mut dependents = Dependents::default();
    for (schema, name, told) in found {
        match name {
            Some(name) if schema == "bi" && defined.contains(&name) => {
                if !names.contains(&name) {
                    dependents.ours.push(name);
                }
            }
            _ => dependents.foreign.push(told),
        }
    }
    Ok(dependents)
}
