//! What nobody may read in an output or a log: secrets, passwords, tokens, addresses of people, bodies of reports.

use sqlx::AssertSqlSafe;

use crate::support::database;
use crate::support::program::{Output, Program};
use crate::support::simulator::Simulator;

const SECRET: &str = "canary-client-secret-5f1c";
const PASSWORD: &str = "canary-database-password-8e2a";

/// Everything goes wrong somewhere, so that every error is written.
const FAULTS: &[&str] = &[
    "users:user-without-id:times=1",
    "users:number-as-text:from=2,times=1",
    "users:other-date-format:from=3,times=1",
    "users:truncate:from=4,times=1",
    "users:400:from=6,times=1",
    "users:conflicting-row:from=7,times=1",
    "enrollments:html:from=2,times=1",
    "companies-my:500:times=1",
    "details:401:times=1",
];

#[tokio::test]
async fn no_output_and_no_log_holds_a_secret_or_a_person() {
    let mut flags = vec![
        "--client-secret",
        SECRET,
        "--companies",
        "3",
        "--users",
        "12",
    ];
    for fault in FAULTS {
        flags.extend(["--fault", fault]);
    }
    let simulator = Simulator::start(&flags);
    let pool = database::pool(&database::empty().await).await;
    let (name, port): (String, String) =
        sqlx::query_as("select current_database()::text, current_setting('port')")
            .fetch_one(&pool)
            .await
            .unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!(
        "create role {name}_role login password '{PASSWORD}';
         grant create, temporary on database {name} to {name}_role"
    )))
    .execute(&pool)
    .await
    .unwrap();
    let url = format!("postgres://{name}_role:{PASSWORD}@127.0.0.1:{port}/{name}");

    let mut forbidden = vec![SECRET.to_owned(), PASSWORD.to_owned(), "eyJ".to_owned()];
    for person in simulator.truth("enrollment_users").await {
        for member in ["email", "phone_number"] {
            forbidden.extend(
                person[member]
                    .as_str()
                    .filter(|text| text.len() > 3)
                    .map(str::to_owned),
            );
        }
    }
    assert!(forbidden.len() > 100, "there are people to be found");

    for format in ["text", "json"] {
        let program = Program::between(simulator.url(), &url.clone().into())
            .set("api.client_secret", SECRET)
            .set("log.level", "trace")
            .set("log.format", format);
        let wrong = Program::between(
            simulator.url(),
            &url.replace(PASSWORD, "canary-database-password-wrong")
                .into(),
        )
        .set("api.client_secret", "canary-client-secret-wrong")
        .set("log.level", "trace");
        let outputs = [
            ("config show", program.run("config show")),
            ("config show --json", program.run("config show --json")),
            ("migrate", program.run("migrate")),
            ("check", program.run("check")),
            ("sync", program.run("sync")),
            ("sync --json", program.run("sync --json")),
            ("status", program.run("status")),
            ("status --json", program.run("status --json")),
            ("check --json", program.run("check --json")),
            ("sync with a wrong password", wrong.run("sync")),
            ("check with a wrong secret", wrong.run("check")),
        ];
        for (command, output) in &outputs {
            assert_silent(command, output, &forbidden);
        }
        // The log is as talkative as it can be.
        assert!(outputs[4].1.stderr.contains("TRACE"));
    }
    sqlx::raw_sql(AssertSqlSafe(format!(
        "grant {name}_role to current_user; drop owned by {name}_role cascade; drop role {name}_role"
    )))
    .execute(&pool)
    .await
    .unwrap();
}

fn assert_silent(command: &str, output: &Output, forbidden: &[String]) {
    for (stream, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let forbidden = forbidden.iter().map(String::as_str);
        for word in forbidden.chain([
            "canary-client-secret-wrong",
            "canary-database-password-wrong",
        ]) {
            if let Some(at) = text.find(word) {
                let line = text[..at].lines().count();
                panic!("{command}: {stream} holds `{word}` near line {line}");
            }
        }
    }
}
