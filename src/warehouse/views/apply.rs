//! Creating and replacing the objects of schema `bi`, in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use super::definition::{self, Definition, Kind};
use super::{FILES, dependents};
use crate::warehouse::error::{WarehouseError, WarehouseErrorKind};

const DOING: &str = "bring the views of schema bi up to date";
/// How long to wait for somebody who reads a view that is to be replaced; everybody behind waits, too.
const LOCK_TIMEOUT: &str = "set local lock_timeout = '5s'";
/// The number of this program's lock for it; any would do.
const LOCK: i64 = 0x6b65_6570_6269;

/// Creates what is missing and replaces what changed. Safe to be run by several processes at once.
pub async fn apply(pool: &PgPool) -> Result<(), WarehouseError> {
    apply_files(pool, FILES).await
}

/// The same with other files, each a name and its text.
pub async fn apply_files(pool: &PgPool, files: &[(&str, &str)]) -> Result<(), WarehouseError> {
    let definitions: Vec<Definition> = files
        .iter()
        .flat_map(|(_, text)| definition::read(text))
        .collect();
    let failed = |error| WarehouseError::from_sqlx(DOING, error);
    let mut db = pool.acquire().await.map_err(failed)?;
    // Without a transaction and its lock: nearly always there is nothing to do.
    let stored = Stored::read(&mut db).await.map_err(failed)?;
    if Plan::of(&definitions, &stored).is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await.map_err(failed)?;
    sqlx::raw_sql(LOCK_TIMEOUT)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    let stored = Stored::read(&mut tx).await.map_err(failed)?;
    let plan = Plan::of(&definitions, &stored);
    if let Some(name) = &plan.in_the_way {
        let object = format!("bi.{name}");
        let kind = WarehouseErrorKind::ObjectInTheWay { object };
        return Err(WarehouseError::new(DOING, kind));
    }
    note(&mut tx, &definitions, &plan).await.map_err(failed)?;
    work_as_owner(&mut tx).await.map_err(failed)?;
    carry_out(&mut tx, &definitions, &stored, plan).await?;
    tx.commit().await.map_err(failed)
}

/// What was created, and whether it is still there.
#[derive(Debug)]
struct Stored {
    /// Digest of each object that this program created.
    digests: HashMap<String, String>,
    /// Every view, function and table in the schema.
    present: HashSet<String>,
}

impl Stored {
    async fn read(db: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let digests: Vec<(String, String)> =
            sqlx::query_as("select name, digest from sync.bi_objects")
                .fetch_all(&mut *db)
                .await?;
        let present: Vec<String> = sqlx::query_scalar(
            "select relname::text from pg_class where relnamespace = to_regnamespace('bi') and relkind in ('v', 'm', 'r', 'p', 'f')
             union all
             select proname::text from pg_proc where pronamespace = to_regnamespace('bi')",
        )
        .fetch_all(db)
        .await?;
        Ok(Self {
            digests: digests.into_iter().collect(),
            present: present.into_iter().collect(),
        })
    }

    fn names(&self) -> HashSet<String> {
        self.digests.keys().cloned().collect()
    }
}

/// What there is to do.
#[derive(Debug)]
struct Plan {
    /// Places among the definitions of what is to be created or replaced.
    stale: BTreeSet<usize>,
    /// What is to be dropped: no longer defined.
    removed: Vec<String>,
    /// An object of somebody else that has a name of ours. Without the lock it may also be one that another process is
    /// creating.
    in_the_way: Option<String>,
}

impl Plan {
    fn of(definitions: &[Definition], stored: &Stored) -> Self {
        let mut stale = BTreeSet::new();
        let mut in_the_way = None;
        for (place, definition) in definitions.iter().enumerate() {
            let is_present = stored.present.contains(&definition.name);
            match stored.digests.get(&definition.name) {
                Some(digest) if is_present && *digest == definition.digest => {}
                None if is_present => in_the_way = Some(definition.name.clone()),
                _ => {
                    stale.insert(place);
                }
            }
        }
        let defined: HashSet<&str> = definitions.iter().map(|one| one.name.as_str()).collect();
        let mut removed: Vec<String> = (stored.digests.keys())
            .filter(|name| !defined.contains(name.as_str()))
            .cloned()
            .collect();
        removed.sort();
        Self {
            stale,
            removed,
            in_the_way,
        }
    }

    fn is_empty(&self) -> bool {
        self.stale.is_empty() && self.removed.is_empty() && self.in_the_way.is_none()
    }
}

/// Writes down what the schema is about to hold.
async fn note(
    db: &mut PgConnection,
    definitions: &[Definition],
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    for place in &plan.stale {
        let definition = &definitions[*place];
        sqlx::query(
            "insert into sync.bi_objects (name, kind, digest) values ($1, $2, $3)
             on conflict (name) do update
             set kind = excluded.kind, digest = excluded.digest, applied_at = excluded.applied_at",
        )
        .bind(&definition.name)
        .bind(definition.kind.word())
        .bind(&definition.digest)
        .execute(&mut *db)
        .await?;
    }
    sqlx::query("delete from sync.bi_objects where name = any($1)")
        .bind(&plan.removed)
        .execute(db)
        .await?;
    Ok(())
}

/// The owner of the schema owns what is in it: views read with the rights of their owner.
async fn work_as_owner(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let owner: Option<String> = sqlx::query_scalar(
        "select r.rolname::text from pg_namespace n join pg_roles r on r.oid = n.nspowner
         where n.nspname = 'bi' and r.rolname <> current_user and pg_has_role(session_user, r.oid, 'member')",
    )
    .fetch_optional(&mut *db)
    .await?;
    if let Some(owner) = owner {
        let sql = format!("set local role {}", quoted(&owner));
        sqlx::query(AssertSqlSafe(sql)).execute(db).await?;
    }
    Ok(())
}

async fn carry_out(
    db: &mut PgConnection,
    definitions: &[Definition],
    stored: &Stored,
    plan: Plan,
) -> Result<(), WarehouseError> {
    let failed = |error| WarehouseError::from_sqlx(DOING, error);
    let Plan {
        mut stale, removed, ..
    } = plan;
    let mut ours: HashSet<String> = stored.names();
    ours.extend(definitions.iter().map(|one| one.name.clone()));
    let places: HashMap<&str, usize> = (definitions.iter().enumerate())
        .map(|(place, one)| (one.name.as_str(), place))
        .collect();
    let mut grants: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if !removed.is_empty() {
        let dropped = drop_with_ours(db, &removed, &ours).await?;
        for (name, granted) in dropped {
            if let Some(place) = places.get(name.as_str()) {
                stale.insert(*place);
                grants.insert(name, granted);
            }
        }
    }
    // What is dropped on the way may stand before what it built on.
    while let Some(place) = stale.pop_first() {
        let definition = &definitions[place];
        let mut savepoint = db.begin().await.map_err(failed)?;
        let done = create(&mut savepoint, definition).await;
        match done {
            Ok(()) => savepoint.commit().await.map_err(failed)?,
            Err(error) if is_other_shape(&error) => {
                savepoint.rollback().await.map_err(failed)?;
                let dropped =
                    drop_with_ours(db, std::slice::from_ref(&definition.name), &ours).await?;
                if dropped.is_empty() {
                    return Err(failed(error));
                }
                for (name, granted) in dropped {
                    if let Some(place) = places.get(name.as_str()) {
                        stale.insert(*place);
                    }
                    grants.insert(name, granted);
                }
                stale.insert(place);
                continue;
            }
            Err(error) => return Err(failed(error)),
        }
        for grant in grants.remove(&definition.name).unwrap_or_default() {
            sqlx::raw_sql(AssertSqlSafe(grant))
                .execute(&mut *db)
                .await
                .map_err(failed)?;
        }
    }
    Ok(())
}

async fn create(db: &mut PgConnection, definition: &Definition) -> Result<(), sqlx::Error> {
    for statement in &definition.statements {
        sqlx::raw_sql(AssertSqlSafe(statement.clone()))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Whether an object cannot be replaced because the new one is not the old one with columns appended.
fn is_other_shape(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    // Columns of a view were dropped, renamed or changed; a function returns or takes something else.
    matches!(code.as_deref(), Some("42P16" | "42P13"))
}

/// Drops these objects and those of ours that build on them, and gives all with the statements that grant again what was
/// granted on them. Refuses when somebody else builds on one.
async fn drop_with_ours(
    db: &mut PgConnection,
    names: &[String],
    ours: &HashSet<String>,
) -> Result<Vec<(String, Vec<String>)>, WarehouseError> {
    let failed = |error| WarehouseError::from_sqlx(DOING, error);
    let found = dependents::of(db, names, ours).await.map_err(failed)?;
    if !found.foreign.is_empty() {
        let kind = WarehouseErrorKind::BuiltUpon {
            objects: names.iter().map(|name| format!("bi.{name}")).collect(),
            dependents: found.foreign,
        };
        return Err(WarehouseError::new(DOING, kind));
    }
    let mut dropped = Vec::new();
    let mut sql: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in names.iter().chain(&found.ours) {
        let kind = kind_of(db, name).await.map_err(failed)?;
        let Some(kind) = kind else { continue };
        dropped.push((
            name.clone(),
            grants_on(db, kind, name).await.map_err(failed)?,
        ));
        sql.entry(kind.word())
            .or_default()
            .push(format!("bi.{}", quoted(name)));
    }
    // Functions first: they may build on views, and no view builds on one of them.
    for (word, names) in sql {
        let sql = format!("drop {word} {}", names.join(", "));
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut *db)
            .await
            .map_err(failed)?;
    }
    Ok(dropped)
}

async fn kind_of(db: &mut PgConnection, name: &str) -> Result<Option<Kind>, sqlx::Error> {
    let is_view: Option<bool> = sqlx::query_scalar(
        "select true from pg_class where relnamespace = 'bi'::regnamespace and relname = $1
         union all
         select false from pg_proc where pronamespace = 'bi'::regnamespace and proname = $1
         limit 1",
    )
    .bind(name)
    .fetch_optional(db)
    .await?;
    Ok(is_view.map(|is_view| if is_view { Kind::View } else { Kind::Function }))
}

/// The statements that grant again what is granted on an object, and on columns of it, beyond what its owner has anyway.
async fn grants_on(
    db: &mut PgConnection,
    kind: Kind,
    name: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let grantee = "case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end";
    let option = "case when acl.is_grantable then ' with grant option' else '' end";
    let sql = match kind {
        Kind::View => format!(
            "select format('grant %s on bi.%I to %s%s', acl.privilege_type, c.relname, {grantee}, {option})
             from pg_class c cross join lateral aclexplode(c.relacl) acl
             where c.relnamespace = 'bi'::regnamespace and c.relname = $1 and acl.grantee <> c.relowner
             union all
             select format('grant %s (%I) on bi.%I to %s%s', acl.privilege_type, a.attname, c.relname, {grantee}, {option})
             from pg_class c join pg_attribute a on a.attrelid = c.oid cross join lateral aclexplode(a.attacl) acl
             where c.relnamespace = 'bi'::regnamespace and c.relname = $1 and acl.grantee <> c.relowner"
        ),
        Kind::Function => format!(
            "select format('grant %s on function bi.%I to %s%s', acl.privilege_type, p.proname, {grantee}, {option})
             from pg_proc p cross join lateral aclexplode(p.proacl) acl
             where p.pronamespace = 'bi'::regnamespace and p.proname = $1 and acl.grantee <> p.proowner"
        ),
    };
    sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(name)
        .fetch_all(db)
        .await
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
