//! An enrollment is sent once, and it is known whether, as far as it can be.

use serde_json::json;

use super::{Stage, assert_refused};

#[tokio::test]
async fn what_is_sent_is_shown_and_recorded() {
    let stage = Stage::with(&[]).await;
    let id = stage.created("Autumn");
    let line = format!("enroll send {id} --company {}", stage.company);
    let dry = stage.program.run(&format!("{line} --dry-run"));
    assert_eq!(dry.code, 0, "{dry:#?}");
    let first = format!("POST {}/api/enrollments/{id}/send\n", stage.simulator.url());
    assert!(dry.stdout.starts_with(&first), "{dry:#?}");
    assert_eq!(stage.received("send").await, 0);

    let output = stage.program.run(&format!("{line} --yes"));
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(output.stdout, format!("sent enrollment {id}\n"));
    for shown in [
        "status       Scheduled",
        "groups       TgRp",
        "people       ",
    ] {
        assert!(output.stderr.contains(shown), "{shown}: {output:#?}");
    }
    assert_eq!(stage.received("send").await, 1);
    let (command, company, target, detail, outcome) = &stage.recorded().await[1];
    assert_eq!(
        (command.as_str(), company, target, outcome.as_deref()),
        ("enroll send", &stage.company, &Some(id), Some("done"))
    );
    assert!(detail["people"].as_i64() > Some(0));
    assert_eq!(stage.simulator.contract().await["total"], 0);
}

#[tokio::test]
async fn a_lost_answer_is_told_by_the_status() {
    for fault in ["send:no-answer", "send:reset", "send:after=500"] {
        let stage = Stage::with(&[]).await;
        let id = stage.created("Autumn");
        stage.simulator.fault(fault).await;
        let program = stage.program.set("api.timeout", "1s");
        let stage = Stage { program, ..stage };
        let output = stage.program.run(&format!(
            "enroll send {id} --company {} --yes",
            stage.company
        ));
        assert_eq!(output.code, 0, "{fault}: {output:#?}");
        assert!(
            output.stderr.contains("it was sent: status Sending"),
            "{fault}: {output:#?}"
        );
        assert_eq!(stage.received("send").await, 1, "{fault}");
        let (_, _, _, detail, outcome) = &stage.recorded().await[1];
        assert_eq!(outcome.as_deref(), Some("done"), "{fault}");
        assert_eq!(
            detail["seen"],
            json!("status Sending, delivered to 0 people"),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_known_is_said_and_not_repeated() {
    let stage = Stage::with(&[]).await;
    let id = stage.created("Autumn");
    stage.simulator.fault("send:503").await;
    let output = stage.program.run(&format!(
        "enroll send {id} --company {} --yes",
        stage.company
    ));
    assert_refused(
        &output,
        1,
        &format!(
            "error: could not send enrollment {id}: the service failed (HTTP 503); whether it was sent is not known, \
             because nothing has changed yet (status Scheduled, delivered to 0 people)
  to do: people may have got their e-mail: before you send it again, look at the sending report of {id} in the \
             vendor's console, or ask somebody who should have got it"
        ),
    );
    assert_eq!(stage.received("send").await, 1);
    assert_eq!(stage.recorded().await[1].4.as_deref(), Some("unknown"));
}

#[tokio::test]
async fn an_enrollment_that_is_not_the_companys_cannot_be_sent() {
    let stage = Stage::with(&[]).await;
    let foreign = stage.simulator.truth("enrollments").await;
    let foreign = foreign
        .iter()
        .find(|row| row["company_id"] == *stage.other && row["is_archived"] == false)
        .unwrap()["enrollment_id"]
        .as_str()
        .unwrap();
    for id in ["nonsense", foreign] {
        let output = stage.program.run(&format!(
            "enroll send {id} --company {} --yes",
            stage.company
        ));
        assert_refused(
            &output,
            2,
            &format!(
                "error: could not send the enrollment: {id} is not among the enrollments of company {}
  to do: check the id and --company; an archived enrollment cannot be sent",
                stage.company
            ),
        );
    }
    assert_eq!(stage.received("send").await, 0);
}

#[tokio::test]
async fn without_consent_nothing_is_sent() {
    let stage = Stage::with(&[]).await;
    let id = stage.created("Autumn");
    let output = stage
        .program
        .run(&format!("enroll send {id} --company {}", stage.company));
    assert_refused(
        &output,
        2,
        "error: could not send the enrollment: it needs your consent, and standard input is no terminal to ask on
  to do: look at it with --dry-run, then add --yes",
    );
    assert_eq!(stage.received("send").await, 0);
}
