//! What is wrong is refused before anything is sent, and what the vendor refuses is said in its words.

use super::{Stage, assert_refused};

/// A name that the simulated vendor finds too long, and this program does not.
const LONG: usize = 220;

#[tokio::test]
async fn every_bad_input_is_refused_and_nothing_is_sent() {
    let stage = Stage::with(&[]).await;
    let (company, other) = (&stage.company, &stage.other);
    let (training, foreign_training) = (stage.training(company), stage.training(other));
    let group = &stage.groups(company, true)[0];
    let foreign_group = &stage.groups(other, true)[0];
    let empty_group = &stage.groups(company, false)[0];
    let name = "x".repeat(256);
    let not_there = |what: &str, id: &str| {
        format!(
            "error: could not create the enrollment: {what} {id} is not among those of company {company}
  to do: see: keepnet-etl enroll {what}s --company {company}"
        )
    };
    let cases = [
        (
            format!("--training nonsense --group {group} --name a --yes"),
            not_there("training", "nonsense"),
        ),
        (
            format!("--training {foreign_training} --group {group} --name a --yes"),
            not_there("training", &foreign_training),
        ),
        (
            format!("--training {training} --group {group},nonsense --name a --yes"),
            not_there("group", "nonsense"),
        ),
        (
            format!("--training {training} --group {foreign_group} --name a --yes"),
            not_there("group", foreign_group),
        ),
        (
            format!("--training {training} --group {empty_group} --name a --yes"),
            format!(
                "error: could not create the enrollment: group {empty_group} has no users
  to do: leave it out, or add users to it in the vendor's console"
            ),
        ),
        (
            format!("--training {training} --group {group} --name {name} --yes"),
            "error: could not create the enrollment: --name has 256 characters
  to do: give a name of 1 to 255 characters"
                .to_owned(),
        ),
        (
            format!("--training {training} --group {group} --name= --yes"),
            "error: could not create the enrollment: --name is empty
  to do: give a name of 1 to 255 characters"
                .to_owned(),
        ),
        (
            format!("--training {training} --group {group} --name a --schedule 2020-01-01T09:00Z --yes"),
            "error: could not understand --schedule 2020-01-01T09:00Z: it is in the past (2020-01-01 09:00 UTC)
  to do: give a time to come"
                .to_owned(),
        ),
        (
            format!("--training {training} --group {group} --name a --schedule 2099-01-01T09:00 --yes"),
            "error: could not understand --schedule 2099-01-01T09:00: its time zone is not known
  to do: add --time-zone, such as Europe/Istanbul, or an offset: 2099-01-01T09:00+03:00"
                .to_owned(),
        ),
        (
            format!(
                "--training {training} --group {group} --name a --schedule 2099-01-02T09:00Z --due 2099-01-01T09:00Z --yes"
            ),
            "error: could not create the enrollment: --due is not after --schedule
  to do: give a later --due"
                .to_owned(),
        ),
        (
            format!("--training {training} --group {group} --name a"),
            "error: could not create the enrollment: it needs your consent, and standard input is no terminal to ask on
  to do: look at it with --dry-run, then add --yes"
                .to_owned(),
        ),
    ];
    for (flags, message) in cases {
        let line = format!("enroll create --company {company} {flags}");
        assert_refused(&stage.program.run(&line), 2, &message);
    }
    let line = format!(
        "enroll create --company nonsense --training {training} --group {group} --name a --yes"
    );
    assert_refused(
        &stage.program.run(&line),
        2,
        "error: could not select the company: the account does not manage nonsense
  to do: check --company; ids are case-sensitive (see keepnet.companies)",
    );
    let zone = format!(
        "{} --yes --due 2099-01-01T09:00Z --time-zone Nowhere/Else",
        stage.creation("a")
    );
    assert_eq!(stage.program.run(&zone).code, 2);
    assert_eq!(stage.received("create").await, 0);
    assert_eq!(stage.listed("a"), 0);
    assert!(stage.recorded().await.is_empty());
}

#[tokio::test]
async fn what_the_vendor_refuses_is_not_repeated_and_recorded_as_failed() {
    let long = "x".repeat(LONG);
    for (fault, name, code, message) in [
        (
            None,
            long.as_str(),
            2,
            "error: could not create the enrollment: the service rejected the request (HTTP 400: Name must be at most 200 characters)
  to do: nothing was changed; correct what the service names (--dry-run shows the request)",
        ),
        (
            Some("create:403"),
            "a",
            2,
            "error: could not create the enrollment: the service denies access (HTTP 403)
  to do: the API client needs the role Reseller and access to this company",
        ),
        (
            Some("create:privacy-error"),
            "a",
            2,
            "error: could not create the enrollment: the customer has withdrawn the reseller's access (HTTP 403 PRIVACY_ERROR)
  to do: ask the customer to grant the reseller access again; its stored data stays as it is",
        ),
        (
            Some("create:429:retry-after=0"),
            "a",
            3,
            "error: could not create the enrollment: the service asks for fewer requests (HTTP 429)
  to do: lower api.max_requests_per_second or api.max_concurrency",
        ),
        (
            Some("create:401"),
            "a",
            2,
            "error: could not create the enrollment: the service does not accept its own token (HTTP 401)
  to do: check that the API client is still active in the vendor's console",
        ),
    ] {
        let stage = Stage::with(fault.as_slice()).await;
        let output = stage
            .program
            .run(&format!("{} --yes", stage.creation(name)));
        assert_refused(&output, code, message);
        assert_eq!(stage.received("create").await, 1, "{message}");
        assert_eq!(stage.listed(name), 0, "{message}");
        assert_eq!(stage.outcome().await, "failed", "{message}");
    }
}

#[tokio::test]
async fn a_company_that_denies_access_cannot_be_enrolled() {
    let stage = Stage::with(&[]).await;
    let fault = format!("trainings:privacy-error:company={}", stage.company);
    stage.simulator.fault(&fault).await;
    let output = stage.program.run(&format!("{} --yes", stage.creation("a")));
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(
        output
            .failure()
            .contains("the customer has withdrawn the reseller's access"),
        "{output:#?}"
    );
    assert_eq!(stage.received("create").await, 0);
}

#[tokio::test]
async fn nothing_is_created_that_would_be_recorded_in_another_resellers_database() {
    let stage = Stage::with(&[]).await;
    assert_eq!(stage.program.run("migrate").code, 0);
    sqlx::query(
        "insert into sync.accounts (account_id, time_zone, first_used_at, last_used_at)
         values ('RsLr00000009', 'UTC', now(), now())",
    )
    .execute(&stage.pool)
    .await
    .unwrap();
    let output = stage.program.run(&format!("{} --yes", stage.creation("a")));
    assert_eq!(output.code, 2, "{output:#?}");
    assert!(
        output
            .failure()
            .starts_with("error: could not use the database: the database holds the data of reseller RsLr00000009"),
        "{output:#?}"
    );
    assert_eq!(stage.received("create").await, 0);
}
