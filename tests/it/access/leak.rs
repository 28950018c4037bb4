//! Every role tries everything.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{ADMIN, Server, assert_done, gaps, run};
use crate::support::simulator::Simulator;
use crate::support::table::assert_all_equal_truth;

const WORLD: &[&str] = &[
    "--companies",
    "4",
    "--enrollments",
    "4",
    "--users",
    "8",
    "--sub-resellers",
    "1",
];
/// Views that are the same for everybody: a calendar, and the instant that the others take for now.
const FOR_EVERYBODY: [&str; 2] = ["dim_date", "present"];
const SCHEMAS: &str = "('bi', 'keepnet', 'rollup', 'ref', 'sync')";

/// A relation of the catalog, whoever made it.
struct Relation {
    schema: String,
    name: String,
    kind: String,
}

async fn relations(db: &mut PgConnection) -> Vec<Relation> {
    let sql = format!(
        "select n.nspname::text, c.relname::text, c.relkind::text
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in {SCHEMAS} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
         order by 1, 2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(db).await.unwrap();
    rows.iter()
        .map(|row| Relation {
            schema: row.get(0),
            name: row.get(1),
            kind: row.get(2),
        })
        .collect()
}

/// Schema, and a call with nulls for arguments, of every function. A day stands for a date, so that it is answered.
async fn calls(db: &mut PgConnection) -> Vec<(String, String)> {
    let sql = format!(
        "select n.nspname::text,
                format('%I.%I(%s)', n.nspname, p.proname,
                       (select string_agg(case when t.oid = 'date'::regtype then 'current_date'
                                               else 'null::' || t.oid::regtype end, ', ' order by a.place)
                        from unnest(p.proargtypes) with ordinality a (type, place)
                        join pg_type t on t.oid = a.type))
         from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname in {SCHEMAS} order by 1, 2"
    );
    sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(db)
        .await
        .unwrap()
}

/// What a query gives per company, or that it was refused.
async fn per_company(db: &mut PgConnection, from: &str) -> Result<BTreeMap<String, i64>, String> {
    let sql = format!("select coalesce(company_id, '-'), count(*) from {from} r group by 1");
    match sqlx::query_as(AssertSqlSafe(sql)).fetch_all(db).await {
        Ok(rows) => Ok(rows.into_iter().collect()),
        Err(error) => Err(code(&error)),
    }
}

fn code(error: &sqlx::Error) -> String {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.map_or_else(|| error.to_string(), std::borrow::Cow::into_owned)
}

/// The code with which `sql` is refused; empty when it is not.
async fn refusal(db: &mut PgConnection, sql: String) -> String {
    match sqlx::query(AssertSqlSafe(sql)).fetch_all(db).await {
        Ok(_) => String::new(),
        Err(error) => code(&error),
    }
}

#[tokio::test]
async fn every_role_reads_what_it_may_and_nothing_else() {
    let simulator = Simulator::start(WORLD);
    let server = Server::start().await;
    let admin = server.program(ADMIN, &simulator);
    assert_done(&admin.run("migrate --roles"));
    let mut root = server.superuser().await;
    run(
        &mut root,
        "create role daemon login in role keepnet_etl_writer;
         create role analyst login in role bi_reader;
         create role one login; create role two login; create role stranger login",
    )
    .await;

    // The daemon's role loads everything, and may not migrate.
    assert_done(&server.program("daemon", &simulator).run("sync"));
    let pool = server.pool(ADMIN).await;
    assert_all_equal_truth(&pool, &simulator).await;
    let mut daemon = server.login("daemon").await;
    for sql in [
        "create table keepnet.mine (id int)",
        "alter table keepnet.companies add column mine int",
        "drop view bi.dim_date",
        "insert into sync.company_grants values ('daemon', 'x', now())",
        "delete from sync.migrations",
    ] {
        assert_eq!(refusal(&mut daemon, sql.to_owned()).await, "42501", "{sql}");
    }

    // Who edits schema ref may not touch what follows from it, and moves it.
    run(&mut root, "create role editor login in role ref_editor").await;
    let mut editor = server.login("editor").await;
    for sql in [
        "select * from rollup.department_progress",
        "delete from rollup.department_progress",
        "select rollup.recount_department_progress('x', '{}')",
    ] {
        assert_eq!(refusal(&mut editor, sql.to_owned()).await, "42501", "{sql}");
    }
    let department: String =
        sqlx::query_scalar("select max(department) from rollup.department_progress")
            .fetch_one(&pool)
            .await
            .unwrap();
    run(
        &mut editor,
        &format!(
            "insert into ref.department_map values ('', '{}', 'By another name');
             update ref.status_map set status_group = 'in progress' where status_group = 'completed'",
            department.replace('\'', "''")
        ),
    )
    .await;
    let moved: (i64, i64) = sqlx::query_as(
        "select count(*) filter (where department = 'By another name'), sum(completed_count)::bigint
         from rollup.department_progress",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(moved.0 > 0);
    assert_eq!(moved.1, 0);
    run(
        &mut editor,
        "update ref.status_map set status_group = 'completed' where status in ('completed', 'passed', 'exampassed')",
    )
    .await;

    let companies: Vec<String> =
        sqlx::query_scalar("select company_id from keepnet.enrollments group by 1 order by 1")
            .fetch_all(&pool)
            .await
            .unwrap();
    let [first, second, third, ..] = companies.as_slice() else {
        panic!("{companies:?}")
    };
    assert_done(&admin.run(&format!("grant-company one {first}")));
    assert_done(&admin.run(&format!("grant-company two {second},{third}")));
    // What a reseller knows of its customers is theirs, or everybody's.
    run(
        &mut root,
        &format!(
            "insert into ref.targets (company_id, measure, target) values ('{first}', 'x', 1), ('{second}', 'x', 1), ('', 'x', 1);
             analyze"
        ),
    )
    .await;
    assert_eq!(gaps(&pool).await, []);

    let mut owner = pool.acquire().await.unwrap();
    let all = relations(&mut owner).await;
    assert!(all.len() > 100);
    let calls = calls(&mut owner).await;
    for (login, seen) in [
        ("analyst", None),
        ("one", Some(vec![first])),
        ("two", Some(vec![second, third])),
        ("stranger", Some(vec![])),
    ] {
        let mut db = server.login(login).await;
        let reads_bi = login != "stranger";
        let mut answered = 0;
        for relation in &all {
            let (schema, name) = (&relation.schema, &relation.name);
            let from = format!("{schema}.\"{name}\"");
            if schema != "bi" || !reads_bi {
                for sql in [
                    format!("select * from {from} limit 1"),
                    format!("select count(*) from {from}"),
                ] {
                    assert_eq!(refusal(&mut db, sql).await, "42501", "{login} reads {from}");
                }
                continue;
            }
            assert_eq!(relation.kind, "v", "{from}");
            for sql in [format!("delete from {from}"), format!("drop view {from}")] {
                let refused = refusal(&mut db, sql).await;
                assert!(
                    refused == "42501" || refused == "55000",
                    "{from}: {refused}"
                );
            }
            if FOR_EVERYBODY.contains(&name.as_str()) {
                assert_eq!(refusal(&mut db, format!("select * from {from}")).await, "");
                continue;
            }
            let mut expected = match (name.as_str(), &seen) {
                // Of the tree, what lies between companies that one may see.
                ("dim_company_tree", Some(seen)) => {
                    let list: Vec<String> = seen.iter().map(|id| format!("'{id}'")).collect();
                    let rows = format!(
                        "(select * from {from} where ancestor_company_id in ({}))",
                        list.join(", ")
                    );
                    per_company(&mut owner, &rows).await
                }
                _ => per_company(&mut owner, &from).await,
            }
            .unwrap_or_else(|code| panic!("{from}: {code}"));
            if let Some(seen) = &seen {
                expected.retain(|company, _| seen.contains(&company));
            }
            answered += expected.values().sum::<i64>();
            let found = per_company(&mut db, &from).await;
            assert_eq!(found, Ok(expected), "{login} reads {from}");
        }
        assert_eq!(answered > 0, reads_bi, "{login}");

        for (schema, call) in &calls {
            if schema == "bi" && reads_bi {
                let mut expected = per_company(&mut owner, call).await.unwrap();
                if let Some(seen) = &seen {
                    expected.retain(|company, _| seen.contains(&company));
                }
                assert_eq!(
                    per_company(&mut db, call).await,
                    Ok(expected),
                    "{login}: {call}"
                );
            } else {
                let sql = format!("select {call}");
                assert_eq!(refusal(&mut db, sql).await, "42501", "{login} calls {call}");
            }
        }
    }

    // A function that tells what it is asked about is asked only about rows that one may see anyway.
    let mut one = server.login("one").await;
    run(
        &mut one,
        "create temp table told (company_id text);
         create function pg_temp.tell(text) returns boolean cost 0.0001 volatile language plpgsql as
         $$ begin insert into told values ($1); return false; end $$",
    )
    .await;
    for view in ["dim_company", "fact_enrollment_user", "fact_answer"] {
        run(
            &mut one,
            &format!("select from bi.{view} where pg_temp.tell(company_id)"),
        )
        .await;
    }
    let told: Vec<String> = sqlx::query_scalar("select distinct company_id from told")
        .fetch_all(&mut one)
        .await
        .unwrap();
    assert_eq!(told, std::slice::from_ref(first));
    // Nor does what the server knows about columns tell values.
    let known: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
        "select count(*) from pg_stats where schemaname in {SCHEMAS}"
    )))
    .fetch_one(&mut one)
    .await
    .unwrap();
    assert_eq!(known, 0);

    // Somebody who may read for several customers sees those of the one as whom they read.
    run(&mut root, "create role clerk login in role one, two").await;
    let mut clerk = server.login("clerk").await;
    for (role, seen) in [("one", vec![first]), ("two", vec![second, third])] {
        run(&mut clerk, &format!("set role {role}")).await;
        let found = per_company(&mut clerk, "bi.dim_company").await.unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), seen, "{role}");
    }

    // What was taken back is gone.
    assert_done(&admin.run("grant-company one --revoke"));
    assert_eq!(
        refusal(&mut one, "select * from bi.dim_company".to_owned()).await,
        "42501"
    );
}
