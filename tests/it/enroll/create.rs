//! An enrollment is created once, or not at all, and it is known which.

use serde_json::{Value, json};

use super::Stage;

/// The name of what is created.
const NAME: &str = "Autumn";

#[tokio::test]
async fn what_is_created_is_shown_listed_and_recorded() {
    let stage = Stage::with(&[]).await;
    let [group, other] = &stage.groups(&stage.company, true)[..2] else {
        unreachable!("there are several groups")
    };
    let people: i64 = stage
        .groups
        .iter()
        .filter(|row| row["group_id"] == **group || row["group_id"] == **other)
        .map(|row| row["user_count"].as_i64().unwrap())
        .sum();
    let line = format!(
        "{} --group {other},{group} --schedule 2099-12-01T09:00 --due 2099-12-24T15:00Z \
         --time-zone Europe/Istanbul --certificate --test --yes",
        stage.creation(NAME)
    );
    let output = stage.program.run(&line);
    assert_eq!(output.code, 0, "{output:#?}");
    for shown in [
        "create an enrollment for Alpha Example".to_owned(),
        format!("people       at most {people} (some may be in several groups)"),
        "begins       2099-12-01 09:00 Europe/Istanbul (2099-12-01 06:00 UTC)".to_owned(),
        "due          2099-12-24 18:00 Europe/Istanbul (2099-12-24 15:00 UTC)".to_owned(),
        "certificate  yes".to_owned(),
    ] {
        assert!(output.stderr.contains(&shown), "{shown}: {output:#?}");
    }
    let id = output
        .stdout
        .trim()
        .strip_prefix("created enrollment ")
        .unwrap();
    assert_eq!(stage.listed(NAME), 1);
    assert_eq!(
        (stage.received("create").await, stage.received("send").await),
        (1, 0)
    );
    let recorded = stage.recorded().await;
    let (command, company, target, detail, outcome) = &recorded[0];
    assert_eq!(
        (command.as_str(), company, target, outcome.as_deref()),
        ("enroll create", &stage.company, &None, Some("done"))
    );
    assert_eq!(
        *detail,
        json!({
            "enrollment_id": id,
            "people": people,
            "request": {
                "trainingId": stage.training(&stage.company),
                "name": NAME,
                "targetGroupResourceIds": [group, other],
                "enrollmentScheduler": {
                    "scheduledDate": "2099-12-01T06:00:00Z",
                    "scheduledTimeZoneId": "Europe/Istanbul",
                    "useOwnTimeZone": false,
                    "dueDate": "2099-12-24T15:00:00Z",
                },
                "awardCertificate": true,
                "markedAsTest": true,
            },
        })
    );
    assert_eq!(stage.simulator.contract().await["total"], 0);
}

#[tokio::test]
async fn a_dry_run_needs_neither_consent_nor_database_and_sends_nothing() {
    let stage = Stage::with(&[]).await;
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let program = stage.program.set_variable("DATABASE_URL", nowhere);
    let stage = Stage { program, ..stage };
    let line = format!("{} --dry-run", stage.creation(NAME));
    let output = stage.program.run(&line);
    assert_eq!(output.code, 0, "{output:#?}");
    let first = format!("POST {}/api/enrollments\n", stage.simulator.url());
    assert!(output.stdout.starts_with(&first), "{output:#?}");
    let header = format!("X-IR-COMPANY-ID: {}\n", stage.company);
    assert!(output.stdout.contains(&header), "{output:#?}");
    let request = stage.program.run(&format!("{line} --json")).json();
    assert_eq!(request["version"], 1);
    assert_eq!(
        request["body"],
        json!({
            "trainingId": stage.training(&stage.company),
            "name": NAME,
            "targetGroupResourceIds": [stage.groups(&stage.company, true)[0]],
            "awardCertificate": false,
            "markedAsTest": false,
        })
    );
    assert_eq!(stage.received("create").await, 0);
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_exactly_one_enrollment_exists() {
    for (fault, lost) in [
        ("create:no-answer", "the service did not answer within 1 s"),
        ("create:reset", "the answer broke off"),
        (
            "create:truncate",
            "the answer is JSON that is cut off or damaged",
        ),
        ("create:after=503", "the service failed (HTTP 503)"),
        ("create:after=500", "the service failed (HTTP 500: An error"),
    ] {
        let stage = Stage::with(&[fault]).await;
        let program = stage.program.set("api.timeout", "1s");
        let stage = Stage { program, ..stage };
        let output = stage
            .program
            .run(&format!("{} --yes --json", stage.creation(NAME)));
        assert_eq!(output.code, 0, "{fault}: {output:#?}");
        let id = output.json()["enrollment_id"].clone();
        let lost = lost.split(": An error").next().unwrap();
        assert!(
            output
                .stderr
                .contains(&format!("could not create the enrollment: {lost}")),
            "{fault}: {output:#?}"
        );
        let found = format!("it was created: {} is listed", id.as_str().unwrap());
        assert!(output.stderr.contains(&found), "{fault}: {output:#?}");
        assert_eq!(stage.received("create").await, 1, "{fault}");
        assert_eq!(stage.listed(NAME), 1, "{fault}");
        assert_eq!(stage.outcome().await, "done", "{fault}");
        assert_eq!(stage.recorded().await[0].3["enrollment_id"], id, "{fault}");
    }
}

#[tokio::test]
async fn a_failure_before_it_happened_is_not_repeated_and_called_unknown() {
    for fault in ["create:503", "create:html", "create:ok-failed"] {
        let stage = Stage::with(&[fault]).await;
        let output = stage
            .program
            .run(&format!("{} --yes", stage.creation(NAME)));
        assert_eq!(output.code, 1, "{fault}: {output:#?}");
        assert!(
            output.failure().contains(
                "the company has no new enrollment of this name, so it was most likely not created"
            ),
            "{fault}: {output:#?}"
        );
        assert!(
            output
                .failure()
                .contains("to do: before you create it again, look for it")
        );
        assert_eq!(output.stdout, "");
        assert_eq!(stage.received("create").await, 1, "{fault}");
        assert_eq!(stage.listed(NAME), 0, "{fault}");
        assert_eq!(stage.outcome().await, "unknown", "{fault}");
    }
}

#[tokio::test]
async fn an_older_enrollment_of_the_name_is_shown_and_not_taken_for_the_new_one() {
    let stage = Stage::with(&[]).await;
    let older = stage.created(NAME);
    stage.simulator.fault("create:503").await;
    let output = stage
        .program
        .run(&format!("{} --yes", stage.creation(NAME)));
    assert_eq!(output.code, 1, "{output:#?}");
    let note = format!("note: an enrollment of this name exists already: {older}, Scheduled");
    assert!(output.stderr.contains(&note), "{output:#?}");
    assert!(
        output
            .failure()
            .contains("has no new enrollment of this name"),
        "{output:#?}"
    );
    assert_eq!(stage.listed(NAME), 1);
}

#[tokio::test]
async fn what_is_new_only_because_it_was_not_listed_before_is_not_taken_for_it() {
    let stage = Stage::with(&[]).await;
    let older = stage.created(NAME);
    for fault in ["enrollments:drop-row:times=1", "create:503"] {
        stage.simulator.fault(fault).await;
    }
    let output = stage
        .program
        .run(&format!("{} --yes", stage.creation(NAME)));
    assert_eq!(output.code, 1, "{output:#?}");
    let said = format!(
        "it is not certain whether it was created; enrollments of this name that were not seen before: {older}"
    );
    assert!(output.failure().contains(&said), "{output:#?}");
    assert!(
        output.stderr.contains(
            "note: the list of the company's enrollments is not whole: the service counts"
        ),
        "{output:#?}"
    );
    assert_eq!(stage.recorded().await[1].4.as_deref(), Some("unknown"));
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_called_unknown() {
    let stage = Stage::with(&["create:after=503", "enrollments:403:from=2"]).await;
    let output = stage
        .program
        .run(&format!("{} --yes", stage.creation(NAME)));
    assert_eq!(output.code, 1, "{output:#?}");
    assert!(
        output.failure().contains(
            "whether it was created could not be seen: could not fetch page 1 of the enrollments: the service denies access"
        ),
        "{output:#?}"
    );
    assert_eq!(stage.received("create").await, 1);
    assert_eq!(stage.outcome().await, "unknown");
}

#[tokio::test]
async fn an_intent_whose_process_was_killed_stays_without_an_outcome() {
    let stage = Stage::with(&["create:no-answer"]).await;
    let mut child = stage
        .program
        .start(&format!("{} --yes", stage.creation(NAME)));
    while stage.received("create").await == 0 {
        tokio::task::yield_now().await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let recorded = stage.recorded().await;
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].4, None::<String>);
    assert_eq!(recorded[0].3["request"]["name"], Value::from(NAME));
}
