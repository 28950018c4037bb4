//! Making the roles, granting, and what is refused.

use sqlx::PgConnection;

use super::{ADMIN, Server, assert_done, gaps, run};
use crate::support::simulator::Simulator;

const WORLD: &[&str] = &["--companies", "2", "--enrollments", "1", "--users", "3"];

async fn company(db: &mut PgConnection) -> String {
    sqlx::query_scalar("select min(company_id) from keepnet.enrollments")
        .fetch_one(db)
        .await
        .unwrap()
}

#[tokio::test]
async fn whatever_is_added_without_protection_is_found_and_nothing_is_granted_meanwhile() {
    let simulator = Simulator::start(WORLD);
    let server = Server::start().await;
    let admin = server.program(ADMIN, &simulator);
    assert_done(&admin.run("migrate --roles"));
    assert_done(&admin.run("sync"));
    let pool = server.pool(ADMIN).await;
    let mut root = server.superuser().await;
    run(&mut root, "create role one login").await;
    let company = company(&mut root).await;
    let grant = format!("grant-company one {company}");
    assert_done(&admin.run(&grant));
    assert_done(&admin.run("check --quick"));
    assert_eq!(gaps(&pool).await, []);

    for (object, spoil, mend) in [
        (
            "bi.leak",
            "create materialized view bi.leak as select * from keepnet.companies",
            "drop materialized view bi.leak",
        ),
        (
            "bi.leak",
            "create view bi.leak as select * from keepnet.companies",
            "drop view bi.leak",
        ),
        (
            "bi.leak",
            "set role bi_owner; create table bi.leak (id int); reset role",
            "drop table bi.leak",
        ),
        (
            "bi.leak()",
            "set role keepnet_etl_owner;
             create function bi.leak() returns bigint security definer language sql as 'select count(*) from keepnet.companies';
             reset role",
            "drop function bi.leak()",
        ),
        (
            "keepnet.trainings",
            "alter table keepnet.trainings disable row level security",
            "alter table keepnet.trainings enable row level security",
        ),
        (
            "keepnet.trainings",
            "create policy everybody on keepnet.trainings using (true)",
            "drop policy everybody on keepnet.trainings",
        ),
        (
            "keepnet.leak",
            "create table keepnet.leak (company_id text); grant select on keepnet.leak to bi_owner",
            "drop table keepnet.leak",
        ),
        (
            "schema sync",
            "grant usage on schema sync to public",
            "revoke usage on schema sync from public",
        ),
        (
            "role one",
            "grant bi_reader to one",
            "revoke bi_reader from one",
        ),
        (
            "role one",
            "alter role one bypassrls",
            "alter role one nobypassrls",
        ),
        (
            "role bi_owner",
            "grant keepnet_etl_writer to bi_owner",
            "revoke keepnet_etl_writer from bi_owner",
        ),
    ] {
        run(&mut root, spoil).await;
        let found = gaps(&pool).await;
        assert!(
            found.iter().any(|gap| gap.object == object),
            "{spoil}: {found:?}"
        );
        // Before the program starts again: it mends what it may.
        run(&mut root, mend).await;
        assert_eq!(gaps(&pool).await, [], "{mend}");
    }

    run(
        &mut root,
        "create materialized view bi.leak as select * from keepnet.companies",
    )
    .await;
    let output = admin.run(&grant);
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(output.failure().contains("bi.leak is a materialized view"));
    let output = admin.run("check --quick");
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(output.stdout.contains("FAIL  access"));
    run(&mut root, "drop materialized view bi.leak").await;

    // A table of a later version gets its rule, a view its readers, without a word.
    run(
        &mut root,
        "set role keepnet_etl_owner; create table keepnet.later (company_id text); reset role;
         set role bi_owner; create view bi.later as select * from keepnet.later; reset role",
    )
    .await;
    assert_done(&admin.run("migrate"));
    assert_eq!(gaps(&pool).await, []);
    let mut one = server.login("one").await;
    run(&mut one, "select * from bi.later").await;
}

#[tokio::test]
async fn a_grant_is_refused_with_a_reason_and_recorded_when_it_is_done() {
    let simulator = Simulator::start(WORLD);
    let server = Server::start().await;
    let admin = server.program(ADMIN, &simulator);
    assert_done(&admin.run("sync"));
    let mut root = server.superuser().await;
    run(
        &mut root,
        "create role one login; create role great login superuser; create role \"O'Brien\" login",
    )
    .await;
    let company = company(&mut root).await;
    let refused = |line: String, why: &str| {
        let output = admin.run(&line);
        assert_eq!(output.code, 2, "{output:#?}");
        assert!(output.failure().contains(why), "{output:#?}");
    };
    refused(format!("grant-company one {company}"), "migrate --roles");
    // This database is owned by the login itself: it stays so.
    assert_done(&admin.run("migrate --roles --prefix acme_"));
    assert_done(&admin.run("migrate --roles --prefix acme_"));
    refused(format!("grant-company nobody {company}"), "no such role");
    refused("grant-company one nothing".to_owned(), "no company nothing");
    refused(
        format!("grant-company great {company}"),
        "it is a superuser",
    );
    refused(
        format!("grant-company acme_bi_reader {company}"),
        "one of the roles",
    );
    refused("grant-company one --revoke".to_owned(), "none of them");

    let output = admin.run(&format!("grant-company one {company} --dry-run"));
    assert_done(&output);
    assert!(output.stdout.contains(&company));
    let output = admin.run("grant-company --list --json");
    assert_eq!(output.json()["grants"].as_array().unwrap().len(), 0);
    assert_done(&admin.run(&format!("grant-company one {company}")));
    assert_done(&admin.run(&format!("grant-company O'Brien {company}")));
    let listed = admin.run("grant-company --list --json").json();
    assert_eq!(listed["grants"].as_array().unwrap().len(), 2);
    assert_eq!(listed["grants"][1]["is_in_force"], true);
    assert_done(&admin.run("grant-company one --revoke"));
    let recorded: Vec<(String, Option<String>)> = sqlx::query_as(
        "select command, outcome from sync.operator_actions where command like 'grant%' order by id",
    )
    .fetch_all(&mut root)
    .await
    .unwrap();
    let done = |command: &str| (command.to_owned(), Some("done".to_owned()));
    assert_eq!(
        recorded,
        [
            done("grant-company"),
            done("grant-company"),
            done("grant-company --revoke")
        ]
    );
}

#[tokio::test]
async fn where_the_login_may_not_make_roles_an_administrator_runs_what_is_printed() {
    let simulator = Simulator::start(WORLD);
    let server = Server::start().await;
    let mut root = server.superuser().await;
    run(&mut root, "create role plain login; create role etl login").await;
    run(&mut root, "grant create on database keepnet to plain").await;
    let output = server.program("plain", &simulator).run("migrate --roles");
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(output.failure().contains("--print-sql"), "{output:#?}");

    let output = server
        .program("plain", &simulator)
        .run("migrate --roles --print-sql --prefix my_");
    assert_done(&output);
    let mut admin = server.login(ADMIN).await;
    // It may be run again.
    run(&mut admin, &output.stdout).await;
    run(&mut admin, &output.stdout).await;
    run(&mut admin, "grant my_keepnet_etl_owner to plain").await;
    let plain = server.program("plain", &simulator);
    assert_done(&plain.run("migrate --roles --prefix my_"));
    assert_done(&plain.run("sync"));
    let pool = server.pool("plain").await;
    assert_eq!(gaps(&pool).await, []);
    let owners: Vec<String> = sqlx::query_scalar(
        "select distinct pg_get_userbyid(c.relowner)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('bi', 'keepnet', 'rollup', 'ref', 'sync') order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(owners, ["my_bi_owner", "my_keepnet_etl_owner"]);
}
