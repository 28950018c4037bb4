//! A customer leaves: exported, deleted, certified, and not loaded again.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::{WORLD, texts};
use crate::support::database;
use crate::support::program::Program;
use crate::support::simulator::Simulator;
use crate::support::table::{assert_companies_equal_truth, told};

/// Tables that name the company.
pub async fn tables_with(pool: &PgPool, company: &str) -> BTreeSet<String> {
    texts(pool)
        .await
        .into_iter()
        .filter(|(_, text)| text == company)
        .map(|(place, _)| place.split('.').take(2).collect::<Vec<_>>().join("."))
        .collect()
}

/// What may go on naming it: that it left, who did that, who worked on it when.
pub fn remaining() -> BTreeSet<String> {
    [
        "sync.leases",
        "sync.offboarded_companies",
        "sync.operator_actions",
    ]
    .map(str::to_owned)
    .into()
}

/// Asserts that every file of an export is whole, and of that company.
pub fn assert_files(folder: &Path, certificate: &Value) {
    let files = certificate["export"]["files"].as_array().unwrap();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read(folder.join(file["file"].as_str().unwrap())).unwrap();
        let digits: String = (Sha256::digest(&text).iter())
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(file["sha256"], digits);
        let lines = std::str::from_utf8(&text).unwrap().lines();
        let read: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(file["rows"], read.len());
        assert!(
            read.iter()
                .all(|row| row["company_id"] == certificate["company_id"])
        );
        let table = file["file"].as_str().unwrap().trim_end_matches(".jsonl");
        assert_eq!(certificate["deleted"][table], read.len(), "{table}");
    }
}

#[tokio::test]
async fn a_customer_is_exported_deleted_certified_and_not_loaded_again() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url).set("api.date_format", "dmy");
    assert_eq!(program.run("sync").code, 0);
    let pool = database::pool(&url).await;
    let companies = told(
        &pool,
        "select company_id from sync.company_state order by company_id",
    )
    .await;
    let (gone, stays) = (&companies[0], &companies[1]);
    let rows: i64 =
        sqlx::query_scalar("select count(*) from keepnet.enrollment_users where company_id = $1")
            .bind(gone)
            .fetch_one(&pool)
            .await
            .unwrap();

    let plan = program.run(&format!("forget-company {gone} --dry-run --json"));
    assert_eq!(plan.code, 0, "{plan:#?}");
    assert_eq!(plan.json()["rows"]["keepnet.enrollment_users"], rows);
    let unasked = program.run(&format!("forget-company {gone} --out export"));
    assert_eq!(unasked.code, 2, "{unasked:#?}");

    let output = program.run(&format!("forget-company {gone} --out export --yes"));
    assert_eq!(output.code, 0, "{output:#?}");
    let folder = program.folder().join("export");
    let certificate: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("certificate.json")).unwrap())
            .unwrap();
    assert_eq!(certificate["company_id"], gone.as_str());
    assert_eq!(certificate["deleted"]["keepnet.enrollment_users"], rows);
    assert!(certificate["by"].as_str().unwrap().contains('@'));
    assert_files(&folder, &certificate);
    assert!(tables_with(&pool, gone).await.is_subset(&remaining()));

    for line in ["sync", "sync --full"] {
        let output = program.run(line);
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(
            tables_with(&pool, gone).await.is_subset(&remaining()),
            "{line}"
        );
    }
    for table in ["companies", "enrollments", "enrollment_users"] {
        assert_companies_equal_truth(&pool, &simulator, table, |company| company == stays).await;
    }
    let status = program.run("status");
    assert!(
        status
            .stdout
            .contains(&format!("company {gone} is offboarded")),
        "{status:#?}"
    );
    assert_eq!(
        program.run("status --json").json()["offboarded"][0]["company_id"],
        gone.as_str()
    );

    // Once more gives the certificate again, also in another folder.
    let again = program.run(&format!("forget-company {gone} --out other --yes --json"));
    assert_eq!(again.code, 0, "{again:#?}");
    assert_eq!(
        again.json()["export"]["sha256"],
        certificate["export"]["sha256"]
    );

    let back = program.run(&format!("forget-company {gone} --take-back"));
    assert_eq!(back.code, 0, "{back:#?}");
    assert_eq!(program.run("sync").code, 0);
    assert_companies_equal_truth(&pool, &simulator, "enrollment_users", |_| true).await;
    let commands = told(
        &pool,
        "select command || ' ' || outcome from sync.operator_actions order by id",
    )
    .await;
    assert_eq!(
        commands,
        [
            "forget-company done",
            "forget-company done",
            "forget-company --take-back done"
        ]
    );
}

#[tokio::test]
async fn what_was_interrupted_is_left_out_already_and_done_by_the_next_try() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url).set("api.date_format", "dmy");
    assert_eq!(program.run("sync").code, 0);
    let pool = database::pool(&url).await;
    let gone = &told(
        &pool,
        "select company_id from sync.company_state order by 1",
    )
    .await[0];
    // As a kill leaves it: left out, with half an export.
    sqlx::query("insert into sync.offboarded_companies (company_id, offboarded_at, actor) values ($1, now(), 'a@b')")
        .bind(gone)
        .execute(&pool)
        .await
        .unwrap();
    let folder = program.folder().join("export");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("export-of"), gone).unwrap();
    std::fs::write(folder.join("keepnet.companies.jsonl"), "{\"half").unwrap();
    assert_eq!(program.run("sync --full").code, 0);
    let status = program.run("status");
    assert!(
        status.stdout.contains("its export has not ended"),
        "{status:#?}"
    );
    let output = program.run(&format!("forget-company {gone} --out export --yes"));
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(tables_with(&pool, gone).await.is_subset(&remaining()));
    let text = std::fs::read_to_string(folder.join("keepnet.companies.jsonl")).unwrap();
    let row: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(row["company_id"], gone.as_str());
}

#[tokio::test]
async fn bad_use_is_told_and_deletes_nothing() {
    let simulator = Simulator::start(WORLD);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url).set("api.date_format", "dmy");
    assert_eq!(program.run("sync").code, 0);
    let pool = database::pool(&url).await;
    let account = &told(&pool, "select account_id from sync.accounts").await[0];
    let company = &told(
        &pool,
        "select company_id from sync.company_state order by 1",
    )
    .await[0];
    let full = program.folder().join("full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("something"), "else").unwrap();
    let before = tables_with(&pool, company).await;
    for (line, expected) in [
        (
            format!("forget-company {account} --out export --yes"),
            "the reseller's own",
        ),
        (
            "forget-company nobody --out export --yes".to_owned(),
            "nothing of it is stored",
        ),
        (
            format!("forget-company {company} --out full --yes"),
            "it is not empty",
        ),
        (
            format!("forget-company {company} --take-back"),
            "it is not offboarded",
        ),
        (format!("forget-company {company} --yes"), ""),
    ] {
        let output = program.run(&line);
        assert_eq!(output.code, 2, "{line}: {output:#?}");
        assert!(output.stderr.contains(expected), "{line}: {output:#?}");
    }
    let mut after = tables_with(&pool, company).await;
    after.remove("sync.operator_actions");
    assert_eq!(after, before);
}
