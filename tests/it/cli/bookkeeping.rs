//! `quarantine` and `discrepancy`: what an operator sees of the bookkeeping, and what is accepted of it.

use keepnet_etl::resource::Resource;
use keepnet_etl::warehouse::quarantine::{self, BadItem, Discrepancy};
use serde_json::json;
use sqlx::PgPool;

use crate::support::database;
use crate::support::program::Program;
use crate::support::simulator::Simulator;
use crate::support::vendor::ALPHA;

/// A loaded database, and the program on it.
async fn loaded() -> (Program, PgPool) {
    let simulator = Simulator::start(&["--companies", "1", "--enrollments", "1", "--users", "1"]);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url);
    assert_eq!(program.run("sync").code, 0);
    (program, database::pool(&url).await)
}

async fn note(pool: &PgPool, kind: &'static str, found: i64) {
    let discrepancy = Discrepancy {
        resource: Resource::Users,
        scope: "e1".to_owned(),
        kind,
        detail: "counted differently".to_owned(),
        expected: Some(7),
        found: Some(found),
    };
    let mut db = pool.acquire().await.unwrap();
    let at = "2026-07-01T12:00:00Z".parse().unwrap();
    quarantine::note_discrepancy(&mut db, ALPHA, &discrepancy, at)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_item_is_listed_without_what_was_received_and_shown_with_it() {
    let (program, pool) = loaded().await;
    assert_eq!(
        program.run("quarantine list").stdout,
        "nothing is in quarantine\n"
    );
    let item = BadItem {
        resource: Resource::Users,
        scope: "e1".to_owned(),
        payload: r#"{"email":"ada@example.com"}"#.to_owned(),
        json_path: "$.targetUserResourceId".to_owned(),
        reason: "the id is missing".to_owned(),
    };
    let mut db = pool.acquire().await.unwrap();
    let at = "2026-07-01T12:00:00Z".parse().unwrap();
    quarantine::keep(&mut db, ALPHA, &item, at).await.unwrap();

    let listed = program.run("quarantine list").stdout;
    assert!(
        listed.contains("the id is missing") && !listed.contains("ada@"),
        "{listed}"
    );
    let listed = program.run("quarantine list --json").json();
    assert_eq!(listed["version"], 1);
    let id = &listed["items"][0]["id"];
    assert!(!listed.to_string().contains("ada@"), "{listed}");

    let shown = program.run(&format!("quarantine show {id}")).stdout;
    assert!(
        shown.ends_with("\n\n{\"email\":\"ada@example.com\"}\n"),
        "{shown}"
    );
    let shown = program.run(&format!("quarantine show {id} --json")).json();
    assert_eq!(shown["payload"], r#"{"email":"ada@example.com"}"#);
    let none = program.run("quarantine show 999");
    assert_eq!(none.code, 2);
    assert!(none.failure().contains("quarantine list"), "{none:#?}");
}

#[tokio::test]
async fn what_is_accepted_is_not_shown_until_its_counts_change_or_the_time_is_over() {
    let (program, pool) = loaded().await;
    assert_eq!(program.run("discrepancy list").stdout, "all counts agree\n");
    note(&pool, "users listed", 5).await;
    let open = || {
        program.run("status --json").json()["discrepancies"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(open(), Some(1));
    let id = program.run("discrepancy list --json").json()["discrepancies"][0]["id"].clone();
    let accept = format!("discrepancy accept {id} --reason known --until 2999-12-31");
    let accepted = program.run(&accept);
    assert_eq!(accepted.code, 0, "{accepted:#?}");
    assert_eq!(open(), Some(0));
    assert!(
        !program
            .run("status")
            .stdout
            .contains("counts that do not agree")
    );
    let listed = program.run("discrepancy list").stdout;
    assert!(
        listed.contains("until 3000-01-01 00:00 UTC: known"),
        "{listed}"
    );

    note(&pool, "users listed", 5).await;
    assert_eq!(open(), Some(0), "the same counts");
    note(&pool, "users listed", 6).await;
    assert_eq!(open(), Some(1), "other counts");

    assert_eq!(program.run(&accept).code, 0);
    assert_eq!(open(), Some(0));
    sqlx::query("update sync.discrepancies set accepted_until = '2026-07-02'")
        .execute(&pool)
        .await
        .unwrap();
    let listed = program.run("discrepancy list --json").json();
    assert_eq!(
        listed["discrepancies"][0]["accepted_reason"],
        json!("known")
    );
    assert_eq!(open(), Some(1), "the time is over");
}

#[tokio::test]
async fn nothing_is_accepted_without_a_reason_in_the_past_or_that_holds_deletions_back() {
    let (program, pool) = loaded().await;
    note(&pool, "held deletions", 5).await;
    for (line, why) in [
        (
            "discrepancy accept 1 --reason known --until 2020-01-01",
            "the day of --until is over",
        ),
        (
            "discrepancy accept 99 --reason known --until 2999-01-01",
            "no open one of this number",
        ),
        (
            "discrepancy accept 1 --reason known --until 2999-01-01",
            "holds deletions back",
        ),
        ("discrepancy accept 1 --reason known", "--until"),
        ("discrepancy accept 1 --until 2999-01-01", "--reason"),
    ] {
        let output = program.run(line);
        assert_eq!(output.code, 2, "{line}: {output:#?}");
        assert!(output.stderr.contains(why), "{line}: {output:#?}");
    }
    let accepted: i64 = sqlx::query_scalar("select count(accepted_at) from sync.discrepancies")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(accepted, 0);
}

#[tokio::test]
async fn what_an_operator_forgets_or_lets_be_deleted_is_recorded_with_its_outcome() {
    let simulator = Simulator::start(&["--companies", "1", "--enrollments", "1", "--users", "1"]);
    let url = database::empty().await;
    let program = Program::between(simulator.url(), &url);
    assert_eq!(program.run("sync --accept-deletions").code, 0);
    assert_eq!(
        program
            .run("cursor reset --all-companies --resource users")
            .code,
        0
    );
    assert_eq!(program.run("sync").code, 0);
    drop(simulator);
    assert_eq!(program.run("sync --accept-deletions").code, 3);
    let pool = database::pool(&url).await;
    let actions: Vec<(String, String, i64)> = sqlx::query_as(
        "select command, outcome, coalesce((detail->>'forgotten')::int8, -1)
         from sync.operator_actions order by id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let expected = [
        ("sync --accept-deletions", "done", -1),
        ("cursor reset", "done", 1),
        ("sync --accept-deletions", "failed", -1),
    ];
    let expected =
        expected.map(|(command, outcome, n)| (command.to_owned(), outcome.to_owned(), n));
    assert_eq!(actions, expected);
}
