//! From an empty database to the present schema, and the rules that every table of it keeps.

use std::collections::BTreeMap;

use keepnet_etl::warehouse::connect::OWNER_ROLE;
use keepnet_etl::warehouse::migrate::{migrate, state};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection, PgPool};

use crate::support::cluster::Cluster;
use crate::support::database;
use crate::support::program::{Output, Program};
use crate::support::simulator::Simulator;
use crate::support::table::{TABLES, assert_all_equal_truth};

#[tokio::test]
async fn an_empty_database_becomes_the_present_one_and_a_second_time_changes_nothing() {
    let pool = database::pool(&database::empty().await).await;
    let empty = state(&pool).await.unwrap();
    assert_eq!((empty.applied, empty.unknown), (0, 0));
    let done = migrate(&pool).await.unwrap();
    assert_eq!((done.applied, done.unknown), (done.known, 0));
    let applied = objects(&pool).await;
    assert_eq!(migrate(&pool).await.unwrap(), done);
    assert_eq!(objects(&pool).await, applied);
}

#[tokio::test]
async fn several_first_migrations_at_once_do_no_harm() {
    let url = database::empty().await;
    let mut pools = Vec::new();
    for _ in 0..4 {
        pools.push(database::pool(&url).await);
    }
    let done = futures::future::join_all(pools.iter().map(migrate)).await;
    for state in done {
        let state = state.unwrap();
        assert_eq!(state.applied, state.known);
    }
    let one = database::migrated().await;
    assert_eq!(columns(&pools[0]).await, columns(&one).await);
}

#[tokio::test]
async fn several_first_processes_at_once_do_no_harm() {
    let program = Program::new();
    let program = program.set_variable("DATABASE_URL", database::empty().await.expose_secret());
    let running: Vec<_> = (0..3).map(|_| program.start("migrate")).collect();
    for child in running {
        let output = Output::of(child);
        assert_eq!(output.code, 0, "{output:#?}");
    }
}

#[tokio::test]
async fn an_older_version_works_on_a_database_of_a_newer_one() {
    let simulator = Simulator::start(&["--companies", "1", "--users", "2", "--enrollments", "1"]);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url);
    assert_eq!(program.run("migrate").code, 0);
    let pool = database::pool(&url).await;
    // What a newer version may do: it adds.
    sqlx::raw_sql(
        "insert into sync.migrations (version, description, success, checksum, execution_time)
         values (29990101000000, 'from the future', true, '', 0);
         alter table sync.runs add column mood text;
         alter table keepnet.companies add column mood text not null default 'fine';
         create table sync.moods (mood text)",
    )
    .execute(&pool)
    .await
    .unwrap();
    for line in ["migrate", "sync", "sync --full", "status", "check"] {
        let output = program.run(line);
        assert_eq!(output.code, 0, "{line}: {output:#?}");
        let says_so = output.stdout.contains("of a newer version");
        assert_eq!(says_so, ["migrate", "check"].contains(&line), "{output:#?}");
    }
    assert_eq!(program.run("migrate --json").json()["unknown"], 1);
    sqlx::raw_sql("alter table keepnet.companies drop column mood")
        .execute(&pool)
        .await
        .unwrap();
    assert_all_equal_truth(&pool, &simulator).await;
}

#[tokio::test]
async fn a_migration_that_was_applied_in_another_form_is_named_with_what_to_do() {
    let url = database::empty().await;
    let program = Program::new().set_variable("DATABASE_URL", url.expose_secret());
    assert_eq!(program.run("migrate").code, 0);
    sqlx::raw_sql("update sync.migrations set checksum = '' where version = 20261122070100")
        .execute(&database::pool(&url).await)
        .await
        .unwrap();
    let output = program.run("migrate");
    assert_eq!(output.code, 2, "{output:#?}");
    let said = "migration 20261122070100 was applied to the database in another form than this version has";
    assert!(output.failure().contains(said), "{output:#?}");
    assert!(output.failure().contains("to do: run a released version"));
    let output = program.run("check --quick");
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(output.stdout.contains(said), "{output:#?}");
}

#[tokio::test]
async fn with_a_superusers_login_every_object_belongs_to_a_plain_role() {
    let cluster = Cluster::start().await;
    // Not through a pool of the program: that would work as a plain role at once.
    let mut admin = PgConnection::connect(cluster.url("postgres").expose_secret())
        .await
        .unwrap();
    sqlx::query("create database keepnet")
        .execute(&mut admin)
        .await
        .unwrap();
    // Two first processes at once: both need the role.
    let url = cluster.url("keepnet");
    let simulator = Simulator::start(&["--companies", "1", "--users", "5"]);
    let program = Program::between(simulator.url(), &url);
    let running: Vec<_> = (0..2).map(|_| program.start("migrate")).collect();
    for child in running {
        let output = Output::of(child);
        assert_eq!(output.code, 0, "{output:#?}");
    }
    let output = program.run("sync");
    assert_eq!(output.code, 0, "{output:#?}");

    let pool = database::pool(&url).await;
    let owners: Vec<(String, bool, bool, bool)> = sqlx::query_as(
        "select distinct r.rolname::text, r.rolsuper, r.rolbypassrls, r.rolcanlogin
         from (select nspowner as owner from pg_namespace where nspname in ('keepnet', 'sync', 'bi')
               union all
               select c.relowner from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where n.nspname in ('keepnet', 'sync', 'bi')
               union all
               select p.proowner from pg_proc p join pg_namespace n on n.oid = p.pronamespace
               where n.nspname in ('keepnet', 'sync', 'bi')) o
         join pg_roles r on r.oid = o.owner",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(owners, [(OWNER_ROLE.to_owned(), false, false, false)]);
    let (login, worker): (String, String) =
        sqlx::query_as("select session_user::text, current_user::text")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!((&*login, &*worker), ("postgres", OWNER_ROLE));
    assert_all_equal_truth(&pool, &simulator).await;
}

#[tokio::test]
async fn company_id_leads_every_key_and_every_index() {
    let pool = database::migrated().await;
    let keys: Vec<(String, String, String)> = sqlx::query_as(
        "select c.relname::text, i.relname::text, a.attname::text
         from pg_index x
         join pg_class c on c.oid = x.indrelid
         join pg_class i on i.oid = x.indexrelid
         join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = i.oid and a.attnum = 1
         where n.nspname = 'keepnet'
         union all
         select c.relname::text, k.conname::text, a.attname::text
         from pg_constraint k
         join pg_class c on c.oid = k.conrelid
         join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
         where n.nspname = 'keepnet' and k.contype in ('p', 'f', 'u')",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(keys.len() > 2 * TABLES.len());
    let wrong: Vec<_> = keys
        .iter()
        .filter(|(.., first)| first != "company_id")
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");

    let without: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables t
         where schemaname = 'keepnet' and not exists
             (select from pg_constraint k where k.contype = 'p'
              and k.conrelid = format('%I.%I', schemaname, tablename)::regclass)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(without.is_empty(), "without a primary key: {without:?}");
}

#[tokio::test]
async fn foreign_keys_point_to_companies_and_enrollments_only() {
    let pool = database::migrated().await;
    let targets: Vec<String> = sqlx::query_scalar(
        "select distinct k.confrelid::regclass::text from pg_constraint k
         join pg_namespace n on n.oid = k.connamespace
         where k.contype = 'f' and n.nspname = 'keepnet' order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(targets, ["keepnet.companies", "keepnet.enrollments"]);
}

#[tokio::test]
async fn every_table_of_keepnet_says_what_was_left_over_and_when_a_row_came_changed_and_went() {
    let pool = database::migrated().await;
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (schema, table, column) in columns(&pool).await {
        if schema == "keepnet" {
            tables.entry(table).or_default().push(column);
        }
    }
    for table in TABLES {
        assert!(tables.contains_key(table), "{table}");
    }
    let bookkeeping = [
        "extra jsonb",
        "first_seen_at timestamp with time zone not null",
        "synced_at timestamp with time zone not null",
        "deleted_at timestamp with time zone",
    ];
    for (table, columns) in tables {
        assert_eq!(columns[0], "company_id text not null", "{table}");
        for column in bookkeeping {
            assert!(
                columns.iter().any(|c| c == column),
                "{table} has no {column}"
            );
        }
    }
}

#[tokio::test]
async fn ids_that_differ_only_by_case_stay_apart() {
    let pool = database::migrated().await;
    let other: Vec<String> = sqlx::query_scalar(
        "select format('%s.%s', table_name, column_name) from information_schema.columns
         where table_schema in ('keepnet', 'sync') and data_type = 'text' and column_name like '%\\_id'
           and collation_name is distinct from 'C'
         order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    // Ids of the vendor's own catalogue, and of the account's client, are no keys.
    assert_eq!(
        other,
        [
            "accounts.client_id",
            "companies.industry_id",
            "companies.license_type_id",
            "enrollments.training_type_id"
        ]
    );
}

#[tokio::test]
async fn the_columns_are_these() {
    let pool = database::migrated().await;
    let mut text = String::new();
    let mut last = String::new();
    for (schema, table, column) in columns(&pool).await {
        let table = format!("{schema}.{table}");
        if table != last {
            text += &format!("{table}\n");
            last = table;
        }
        text += &format!("    {column}\n");
    }
    insta::assert_snapshot!("columns", text);
}

/// Schema, table, and column with its type, in the order of the tables.
async fn columns(pool: &PgPool) -> Vec<(String, String, String)> {
    sqlx::query_as(
        "select n.nspname::text, c.relname::text,
                a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                    || case when a.attnotnull then ' not null' else '' end
         from pg_attribute a
         join pg_class c on c.oid = a.attrelid
         join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('keepnet', 'sync') and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
           and c.relname <> 'migrations'
         order by 1, 2, a.attnum",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Every object with the transaction that wrote it.
async fn objects(pool: &PgPool) -> Vec<String> {
    let sql = "select format('%s %s %s', c.oid, c.relname, c.xmin) from pg_class c
               join pg_namespace n on n.oid = c.relnamespace
               where n.nspname in ('keepnet', 'sync', 'bi') order by c.oid";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}
