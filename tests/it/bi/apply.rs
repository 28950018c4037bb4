//! How the objects of `views/` are created, replaced and dropped.

use keepnet_etl::warehouse::error::{WarehouseError, WarehouseErrorKind};
use keepnet_etl::warehouse::migrate::migrate;
use keepnet_etl::warehouse::transaction::Transaction;
use keepnet_etl::warehouse::views::apply_files;
use sqlx::PgPool;

use crate::support::database;

const ONE: &str = "create or replace view bi.one as
select 1 as a, 2 as b;
comment on view bi.one is 'One.';
";
const TWO: &str = "create or replace view bi.two as
select a from bi.one;
";
const FUNCTION: &str =
    "create or replace function bi.three(day date) returns int language sql stable as $$
    select a from bi.two;
$$;
";

/// A database with an empty schema `bi` of this program.
async fn without_views() -> PgPool {
    let pool = database::migrated().await;
    apply_files(&pool, &[]).await.unwrap();
    assert_eq!(objects(&pool).await, [""; 0]);
    pool
}

async fn objects(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select relname::text as name from pg_class where relnamespace = 'bi'::regnamespace
         union all select proname::text from pg_proc where pronamespace = 'bi'::regnamespace
         order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// The transactions that wrote them.
async fn versions(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select format('%s %s', oid, xmin) from pg_class where relnamespace = 'bi'::regnamespace
         union all select format('%s %s', oid, xmin) from pg_proc where pronamespace = 'bi'::regnamespace
         union all select format('%s %s', name, xmin) from sync.bi_objects
         order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

async fn run(pool: &PgPool, sql: &'static str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

fn kind(error: WarehouseError) -> WarehouseErrorKind {
    error.kind
}

#[tokio::test]
async fn a_second_migration_touches_no_view() {
    let pool = database::migrated().await;
    let before = versions(&pool).await;
    assert!(before.len() > 30);
    migrate(&pool).await.unwrap();
    assert_eq!(versions(&pool).await, before);
}

#[tokio::test]
async fn several_processes_at_once_create_the_views_once() {
    let pool = without_views().await;
    let files = [("1", ONE), ("2", TWO), ("3", FUNCTION)];
    let done = futures::future::join_all((0..4).map(|_| apply_files(&pool, &files))).await;
    for one in done {
        one.unwrap();
    }
    assert_eq!(objects(&pool).await, ["one", "three", "two"]);
}

#[tokio::test]
async fn a_view_that_somebody_dropped_comes_back() {
    let pool = without_views().await;
    let files = [("1", ONE)];
    apply_files(&pool, &files).await.unwrap();
    run(&pool, "drop view bi.one").await;
    apply_files(&pool, &files).await.unwrap();
    assert_eq!(objects(&pool).await, ["one"]);
}

#[tokio::test]
async fn appended_columns_leave_what_builds_on_a_view_alone() {
    let pool = without_views().await;
    apply_files(&pool, &[("1", ONE), ("2", TWO)]).await.unwrap();
    run(
        &pool,
        "create schema mine; create view mine.own as select * from bi.one",
    )
    .await;
    let two = versions(&pool).await;
    let more = ONE.replace("2 as b", "2 as b, 3 as c");
    apply_files(&pool, &[("1", &more), ("2", TWO)])
        .await
        .unwrap();
    let (b, c): (i32, i32) = sqlx::query_as("select own.b, one.c from mine.own cross join bi.one")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!((b, c), (2, 3));
    // Of the two views only the first one was written.
    let unchanged = versions(&pool).await;
    assert!(unchanged.iter().filter(|one| two.contains(one)).count() >= 2);
}

#[tokio::test]
async fn our_own_views_are_made_anew_with_their_grants_when_one_below_them_changes() {
    let pool = without_views().await;
    apply_files(&pool, &[("1", ONE), ("2", TWO)]).await.unwrap();
    run(
        &pool,
        "grant select on bi.two to public; grant select (b) on bi.one to public",
    )
    .await;
    let other = ONE.replace("1 as a, 2 as b", "2 as b, 1::bigint as a");
    apply_files(&pool, &[("1", &other), ("2", TWO)])
        .await
        .unwrap();
    let of_type: String = sqlx::query_scalar("select pg_typeof(a)::text from bi.two")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(of_type, "bigint");
    let granted: (bool, bool, bool) = sqlx::query_as(
        "select 'bi.two'::regclass in (select c.oid from pg_class c, aclexplode(c.relacl) acl where acl.grantee = 0),
                exists (select from pg_attribute a, aclexplode(a.attacl) acl
                        where a.attrelid = 'bi.one'::regclass and a.attname = 'b' and acl.grantee = 0),
                obj_description('bi.one'::regclass, 'pg_class') = 'One.'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(granted, (true, true, true));
}

#[tokio::test]
async fn a_change_that_would_break_somebodys_object_names_it_and_changes_nothing() {
    let pool = without_views().await;
    let files = [("1", ONE), ("2", TWO), ("3", FUNCTION)];
    apply_files(&pool, &files).await.unwrap();
    run(
        &pool,
        "create schema mine;
         create view mine.own as select * from bi.two;
         create materialized view mine.kept as select * from mine.own;
         create function mine.told(bi.one) returns int language sql as 'select 1'",
    )
    .await;
    let before = versions(&pool).await;
    let other = ONE.replace("2 as b", "'2' as b");
    let broken = [("1", other.as_str()), ("2", TWO), ("3", FUNCTION)];
    let error = kind(apply_files(&pool, &broken).await.unwrap_err());
    let WarehouseErrorKind::BuiltUpon {
        objects: changed,
        dependents,
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(changed, ["bi.one"]);
    assert_eq!(
        dependents,
        [
            "function mine.told(bi.one)",
            "materialized view mine.kept",
            "view mine.own"
        ]
    );
    assert_eq!(versions(&pool).await, before);

    // A view that is no longer defined stays while somebody needs it.
    let error = kind(apply_files(&pool, &[("1", ONE)]).await.unwrap_err());
    assert!(
        matches!(&error, WarehouseErrorKind::BuiltUpon { dependents, .. }
            if dependents[..] == ["materialized view mine.kept", "view mine.own"]),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("view mine.own"),
        "the message names it: {error}"
    );

    run(&pool, "drop schema mine cascade").await;
    apply_files(&pool, &broken).await.unwrap();
    apply_files(&pool, &[("1", &other)]).await.unwrap();
    assert_eq!(objects(&pool).await, ["one"]);
}

#[tokio::test]
async fn somebody_elses_object_is_not_overwritten() {
    let pool = without_views().await;
    run(&pool, "create view bi.two as select 5 as five").await;
    let error = kind(
        apply_files(&pool, &[("1", ONE), ("2", TWO)])
            .await
            .unwrap_err(),
    );
    let object = "bi.two".to_owned();
    assert_eq!(error, WarehouseErrorKind::ObjectInTheWay { object });
    assert_eq!(objects(&pool).await, ["two"]);
}

#[tokio::test]
async fn a_view_that_is_being_read_is_waited_for_and_then_left_as_it_is() {
    let pool = without_views().await;
    apply_files(&pool, &[("1", ONE)]).await.unwrap();
    let mut reader = Transaction::begin(&pool).await.unwrap();
    sqlx::query("select a from bi.one")
        .execute(&mut *reader)
        .await
        .unwrap();
    let more = ONE.replace("2 as b", "2 as b, 3 as c");
    let error = kind(apply_files(&pool, &[("1", &more)]).await.unwrap_err());
    assert_eq!(error, WarehouseErrorKind::Locked);
    reader.rollback().await.unwrap();
    apply_files(&pool, &[("1", &more)]).await.unwrap();
}
