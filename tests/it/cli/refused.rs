//! Wrong settings, refused credentials, refused databases: the exit code, and the whole message.

use std::net::TcpListener;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::database;
use crate::support::program::{Output, Program};
use crate::support::simulator::Simulator;

const SMALL: &[&str] = &["--companies", "1", "--enrollments", "1", "--users", "3"];

#[track_caller]
fn assert_failure(output: &Output, code: i32, message: &str) {
    assert_eq!(output.failure(), message, "{output:#?}");
    assert_eq!(output.code, code);
    assert_eq!(output.stdout, "", "data only goes to standard output");
}

#[tokio::test]
async fn a_wrong_secret() {
    let simulator = Simulator::start(SMALL);
    let program = Program::between(simulator.url(), &database::empty().await)
        .set("api.client_secret", "not-the-secret");
    assert_failure(
        &program.run("sync"),
        2,
        "error: could not obtain an access token: the service refused client id or secret: invalid_client
  to do: check api.client_id and api.client_secret (KEEPNET_ETL__API__CLIENT_ID, KEEPNET_ETL__API__CLIENT_SECRET)",
    );
    let check = program.run("check");
    assert_eq!(check.code, 2);
    assert!(
        check
            .stdout
            .contains("FAIL  token         could not obtain an access token"),
        "{check:#?}"
    );
}

#[tokio::test]
async fn no_secret_at_all() {
    let program = Program::between("http://127.0.0.1:1", &database::empty().await)
        .set("api.client_secret", "");
    assert_failure(
        &program.run("sync"),
        2,
        "error: `api.client_secret` or `api.client_secret_file` is not set; set `KEEPNET_ETL__API__CLIENT_SECRET` or \
         `KEEPNET_ETL__API__CLIENT_SECRET_FILE` in the environment, or the key in the configuration file",
    );
}

#[tokio::test]
async fn credentials_of_a_single_company_by_their_claims() {
    let server = MockServer::start().await;
    let claims = json!({"reseller_access": "false", "root_access": "false", "role": "Company Admin",
        "user_company_resourceid": "cMpn00000001"});
    let token = format!(
        "eyJhbGciOiJub25lIn0.{}.",
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    Mock::given(path("/connect/token"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"access_token": token, "expires_in": 3600})),
        )
        .mount(&server)
        .await;
    Mock::given(path("/api/companies/search"))
        .respond_with(ResponseTemplate::new(403))
        .mount(&server)
        .await;
    let program = Program::between(&server.uri(), &database::empty().await);
    assert_failure(
        &program.run("sync"),
        2,
        "error: could not list companies: the credentials are not those of a reseller
  to do: use an API client that was created in the reseller's own company, with the role Reseller",
    );
    let check = program.run("check");
    assert_eq!(check.code, 2);
    let role =
        "FAIL  role          could not use the account as a reseller: its role is Company Admin";
    assert!(check.stdout.contains(role), "{check:#?}");
}

#[tokio::test]
async fn credentials_of_a_single_company_by_the_services_refusal() {
    let simulator = Simulator::start(&[SMALL, &["--fault", "companies:403"]].concat());
    let program = Program::between(simulator.url(), &database::empty().await);
    assert_failure(
        &program.run("sync"),
        2,
        "error: could not fetch page 1 of the companies: the service denies access (HTTP 403)
  to do: use an API client that was created in the reseller's own company, with the role Reseller",
    );
}

#[tokio::test]
async fn an_api_that_cannot_be_reached() {
    // A port that was just free: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let program = Program::between(&url, &database::empty().await);
    let output = program.run("sync");
    let (said, to_do) = output.failure().split_once('\n').unwrap();
    assert!(
        said.starts_with("error: could not obtain an access token: the service cannot be reached (127.0.0.1: Connection refused"),
        "{output:#?}"
    );
    assert_eq!(
        to_do,
        "  to do: check api.base_url, DNS, proxy (api.proxy), certificates (api.ca_file) and the network"
    );
    assert_eq!(output.code, 3);
    assert_eq!(program.run("check").code, 3);
    assert_eq!(
        program.run("check --quick").code,
        0,
        "it never asks the vendor"
    );
}

#[tokio::test]
async fn plain_http_to_another_machine() {
    let program = Program::between("http://api.example.com", &database::empty().await);
    assert_failure(
        &program.run("sync"),
        2,
        "error: `api.base_url` (from `KEEPNET_ETL__API__BASE_URL`) would send the credentials over the network \
         unencrypted; use https, or set `api.allow_http = true` if that is meant",
    );
}

#[test]
fn a_database_url_that_is_none() {
    for url in [
        "mysql://etl:hunter2@db/keepnet",
        "keepnet",
        "postgres://etl:hunter2@db:99999/keepnet",
    ] {
        let program = Program::new().set_variable("DATABASE_URL", url);
        for command in ["migrate", "status", "sync", "check --quick"] {
            assert_failure(
                &program.run(command),
                2,
                "error: `warehouse.url` (from `DATABASE_URL`) has a value that does not fit (it is not shown), expected \
                 a URL that begins with postgres:// or postgresql://, for example `postgres://user@host:5432/database`",
            );
        }
    }
}

#[test]
fn an_unencrypted_database_on_another_machine() {
    let program = Program::new().set_variable(
        "DATABASE_URL",
        "postgres://etl:hunter2@db.example.com/keepnet?sslmode=disable",
    );
    assert_failure(
        &program.run("migrate"),
        2,
        "error: could not connect to the database: warehouse.url asks for an unencrypted connection to a database on \
         another machine
  to do: remove sslmode=disable from the URL, or set warehouse.allow_plaintext = true on a network you trust",
    );
}

#[test]
fn a_database_that_cannot_be_reached() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("postgres://etl:hunter2@127.0.0.1:{port}/keepnet");
    let program = Program::new().set_variable("DATABASE_URL", &url);
    for command in ["migrate", "status"] {
        assert_failure(
            &program.run(command),
            3,
            "error: could not connect to the database: the database does not answer (connection refused)
  to do: check host and port of warehouse.url, that PostgreSQL runs, its certificate, and the network between",
        );
    }
    assert_eq!(program.run("check --quick").code, 3);
}

#[test]
fn no_database_and_leave_to_start_none() {
    let program = Program::new().set("warehouse.embedded", "false");
    assert_failure(
        &program.run("migrate"),
        2,
        "error: could not open a database: warehouse.url is not set, and warehouse.embedded forbids a private one
  to do: set DATABASE_URL (or KEEPNET_ETL__WAREHOUSE__URL) to postgres://user:password@host:5432/database",
    );
}

#[tokio::test]
async fn a_database_that_does_not_exist() {
    let url = database::empty()
        .await
        .expose_secret()
        .replace("/it_", "/no_it_");
    let program = Program::new().set_variable("DATABASE_URL", &url);
    let name = url
        .split_once("/no_it_")
        .unwrap()
        .1
        .split('?')
        .next()
        .unwrap();
    assert_failure(
        &program.run("migrate"),
        2,
        &format!(
            "error: could not connect to the database: database \"no_it_{name}\" does not exist
  to do: create the database, or correct its name in warehouse.url"
        ),
    );
}

#[tokio::test]
async fn a_wrong_password_of_the_database() {
    let (_, url) = with_role(&database::empty().await, "", "not-the-password").await;
    assert_failure(
        &Program::new()
            .set_variable("DATABASE_URL", &url)
            .run("migrate"),
        2,
        "error: could not connect to the database: the database refused this user or password
  to do: check user and password of warehouse.url",
    );
}

#[tokio::test]
async fn a_role_that_may_not_create_schemas_is_told_the_grant_and_the_grant_helps() {
    let empty = database::empty().await;
    let (pool, url) = with_role(&empty, "role-password", "role-password").await;
    let program = Program::new().set_variable("DATABASE_URL", &url);
    let name: String = sqlx::query_scalar("select current_database()::text")
        .fetch_one(&pool)
        .await
        .unwrap();
    let to_do = "as the database's owner, run: grant create, temporary on database … to the role of warehouse.url; \
                 or use the role that migrated it";
    assert_failure(
        &program.run("migrate"),
        2,
        &format!(
            "error: could not migrate the database: permission denied for database {name}\n  to do: {to_do}"
        ),
    );
    let check = program.run("check --quick");
    assert_eq!(check.code, 2);
    assert!(
        check.stdout.contains(&format!(
            "FAIL  migrations    could not migrate the database: the role may not create schemas in this database
                    to do: {to_do}"
        )),
        "{check:#?}"
    );
    sqlx::query(AssertSqlSafe(format!(
        "grant create, temporary on database {name} to {name}_role"
    )))
    .execute(&pool)
    .await
    .unwrap();
    assert_eq!(program.run("migrate").code, 0);
    let owned = format!("drop owned by {name}_role cascade; drop role {name}_role");
    sqlx::raw_sql(AssertSqlSafe(format!(
        "grant {name}_role to current_user; {owned}"
    )))
    .execute(&pool)
    .await
    .unwrap();
}

/// A pool on the database of `url`, and its URL for a new plain role with `password`, logging in with `given`.
async fn with_role(url: &SecretString, password: &str, given: &str) -> (PgPool, String) {
    let pool = database::pool(url).await;
    let (name, port): (String, String) =
        sqlx::query_as("select current_database()::text, current_setting('port')")
            .fetch_one(&pool)
            .await
            .unwrap();
    if !password.is_empty() {
        sqlx::query(AssertSqlSafe(format!(
            "create role {name}_role login password '{password}'"
        )))
        .execute(&pool)
        .await
        .unwrap();
    }
    let url = format!("postgres://{name}_role:{given}@127.0.0.1:{port}/{name}");
    (pool, url)
}

#[tokio::test]
async fn a_database_of_another_reseller() {
    let (mine, other) = (
        Simulator::start(SMALL),
        Simulator::start(&[SMALL, &["--seed", "2"]].concat()),
    );
    let url = database::empty().await;
    assert_eq!(Program::between(mine.url(), &url).run("sync").code, 0);
    let program = Program::between(other.url(), &url);
    let root = |rows: Vec<serde_json::Value>| {
        let root = rows.iter().find(|row| row["parent_company_id"].is_null());
        root.unwrap()["company_id"].as_str().unwrap().to_owned()
    };
    let (owner, account) = (
        root(mine.truth("companies").await),
        root(other.truth("companies").await),
    );
    let said = format!(
        "could not use the database: the database holds the data of reseller {owner}, but the credentials belong to {account}"
    );
    let to_do = "give each reseller a database of its own, or use the credentials of the reseller named first";
    assert_failure(
        &program.run("sync"),
        2,
        &format!("error: {said}\n  to do: {to_do}"),
    );
    let check = program.run("check");
    assert_eq!(check.code, 2);
    assert!(
        check
            .stdout
            .contains(&format!("FAIL  account       {said}")),
        "{check:#?}"
    );
}

#[tokio::test]
async fn a_database_that_was_never_migrated_has_no_status() {
    let program = Program::between("http://127.0.0.1:1", &database::empty().await);
    assert_failure(
        &program.run("status"),
        2,
        "error: could not read the status: the database has not been migrated\n  to do: run: keepnet-etl migrate",
    );
}

#[tokio::test]
async fn a_resource_or_a_company_that_does_not_exist() {
    let simulator = Simulator::start(SMALL);
    let program = Program::between(simulator.url(), &database::empty().await);
    assert_failure(
        &program.run("sync --resource nonsense"),
        2,
        "error: invalid value 'nonsense' for '--resource <NAME>': \"nonsense\" is no resource; give one of: companies, \
         enrollments, details, summaries, users, interactions, answers, anonymous, reports, widgets, trainings, \
         target_groups\n\nFor more information, try '--help'.",
    );
    assert_failure(
        &program.run("sync --company unknown,aB3dE5gH7jK9"),
        2,
        "error: could not select companies: the account does not manage unknown, aB3dE5gH7jK9
  to do: check --company and sync.companies.include; ids are case-sensitive (see keepnet.companies)",
    );
}

#[test]
fn a_command_a_variable_or_a_file_that_does_not_exist() {
    let program = Program::new();
    assert_eq!(program.run("nonsense").code, 2);
    assert_failure(
        &program.run("--config none.toml config show"),
        2,
        "error: could not read the configuration file `none.toml`: No such file or directory (os error 2); correct \
         `--config` or `KEEPNET_ETL_CONFIG`, or create the file",
    );
    assert_failure(
        &program
            .set_variable("KEEPNET_ETL__API__PAGESIZE", "3")
            .run("config show"),
        2,
        "error: unknown environment variable `KEEPNET_ETL__API__PAGESIZE`: the nearest known variable is \
         `KEEPNET_ETL__API__PAGE_SIZE` (key `api.page_size`); correct its name or unset it",
    );
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let output = Program::new().run(&format!("simulate --listen {address}"));
    let (said, to_do) = output.failure().split_once('\n').unwrap();
    assert!(
        said.starts_with(&format!(
            "error: could not listen on {address}: Address already in use"
        )),
        "{output:#?}"
    );
    assert_eq!(
        to_do,
        "  to do: stop what listens there, or give another port; `--listen 127.0.0.1:0` takes a free one"
    );
    assert_eq!(output.code, 2);
}
