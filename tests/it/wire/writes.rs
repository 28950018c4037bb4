//! The requests of `enroll` and of the export, to the letter.

use serde_json::{Value, json};

use super::requests::the_one;
use crate::support::database;
use crate::support::program::{Output, Program};
use crate::support::vendor::{
    ALPHA, Vendor, creation, detail, enrollment_form, enrollments, export, failure, ok, page,
    report_form, sending, target_groups, trainings, vector_json,
};

const CREATED: &str = "11111111-2222-4333-8444-5555555555aa";

/// A vendor with one training, one group and one enrollment, and what the program prints there.
async fn after(line: &str, prepare: impl AsyncFnOnce(&Vendor)) -> (Vendor, Output) {
    let vendor = Vendor::start().await;
    let training = json!({"trainingId": "trn-0001", "trainingName": "Basics", "type": "SCORM"});
    let group = json!({"resourceId": "TgRp00000001", "name": "All", "userCount": 3});
    let enrollment =
        json!({"enrollmentId": CREATED, "name": "Old", "createTime": "04/05/2026 10:00"});
    vendor.on(trainings(), ok(page(&[training]))).await;
    vendor.on(target_groups(), ok(page(&[group]))).await;
    vendor.on(enrollments(), ok(page(&[enrollment]))).await;
    prepare(&vendor).await;
    let program = Program::between(&vendor.url(), &database::empty().await);
    let output = program.run(&format!("{line} --company {ALPHA}"));
    (vendor, output)
}

#[tokio::test]
async fn an_enrollment_is_created_by_its_training_and_groups() {
    let line = "enroll create --training trn-0001 --group TgRp00000001 --name Autumn --certificate --yes --json \
                --schedule 2099-12-01T09:00+03:00";
    // Prose and document differ in the name of the id.
    for member in ["id", "resourceId"] {
        let answer = json!({"data": {member: CREATED}, "status": "SUCCESS"});
        let (vendor, output) = after(line, async |vendor| {
            vendor
                .on(creation(), failure(201, answer.to_string()))
                .await;
        })
        .await;
        assert_eq!(output.code, 0, "{output:#?}");
        assert_eq!(output.json()["enrollment_id"], CREATED);
        let sent = the_one(&vendor, creation()).await;
        insta::allow_duplicates!(insta::assert_snapshot!(sent, @r#"
    POST /api/enrollments
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    {
      "awardCertificate": true,
      "enrollmentScheduler": {
        "scheduledDate": "2099-12-01T06:00:00Z",
        "scheduledTimeZoneId": "UTC",
        "useOwnTimeZone": false
      },
      "markedAsTest": false,
      "name": "Autumn",
      "targetGroupResourceIds": [
        "TgRp00000001"
      ],
      "trainingId": "trn-0001"
    }
    "#));
    }
}

#[tokio::test]
async fn an_enrollment_is_sent_without_a_body() {
    let parts =
        json!({"data": {"trainingId": "trn-0001", "targetGroupResourceIds": ["TgRp00000001"]}});
    let (vendor, output) = after(&format!("enroll send {CREATED} --yes"), async |vendor| {
        vendor.on(detail(CREATED), ok(parts.to_string())).await;
        vendor
            .on(sending(CREATED), ok(r#"{"data":{},"status":"SUCCESS"}"#))
            .await;
    })
    .await;
    assert_eq!(output.code, 0, "{output:#?}");
    insta::assert_snapshot!(the_one(&vendor, sending(CREATED)).await, @r#"
    POST /api/enrollments/11111111-2222-4333-8444-5555555555aa/send
    accept: application/json
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    "#);
    let sent = &vendor.received(&sending(CREATED)).await[0];
    assert_eq!(sent.headers["content-length"], "0");
}

#[tokio::test]
async fn an_export_asks_for_all_pages() {
    let line = "export-enrollments --format excel --type learning-path --out paths.xlsx";
    let (vendor, output) = after(line, async |vendor| {
        let file =
            wiremock::ResponseTemplate::new(200).set_body_raw("PK\u{3}\u{4}", "application/zip");
        vendor.on(export(), file).await;
    })
    .await;
    assert_eq!(output.code, 0, "{output:#?}");
    insta::assert_snapshot!(the_one(&vendor, export()).await, @r#"
    POST /api/enrollments/search/export
    accept: */*
    authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDM2MDB9.
    content-type: application/json
    x-ir-company-id: aB3dE5gH7jK9
    x-keepnet-company-id: aB3dE5gH7jK9
    {
      "ascending": true,
      "enrollmentType": "LearningPath",
      "exportType": "Excel",
      "filter": {
        "Condition": "AND",
        "FilterGroups": [
          {
            "Condition": "AND",
            "FilterGroups": [],
            "FilterItems": []
          },
          {
            "Condition": "OR",
            "FilterGroups": [],
            "FilterItems": []
          }
        ],
        "SearchInputTextValue": ""
      },
      "orderBy": "CreateTime",
      "pageNumber": 1,
      "pageSize": 100,
      "reportAllPages": true
    }
    "#);
}

#[tokio::test]
async fn form_details_are_read_in_either_casing_and_nesting() {
    let answers = vector_json(46);
    let (vendor, output) = after("enroll options --json", async |vendor| {
        vendor
            .on(enrollment_form(), ok(answers[0].to_string()))
            .await;
        vendor.on(report_form(), ok(answers[1].to_string())).await;
    })
    .await;
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!(
        output.json()["lists"],
        json!({
            "enrollmentStatus": [{"id": "1", "name": "Finished", "display_name": "Finished"}],
            "examStatus": [{"id": "1", "name": "Passed", "display_name": null}],
            "targetUserEnrollmentStatus": [{
                "id": "1", "name": "SCORM", "display_name": "SCORM",
                "results": [{"id": "2", "name": "OpenedEmail", "display_name": "Opened Email"}],
            }],
        })
    );
    for form in [enrollment_form(), report_form()] {
        let asked = the_one(&vendor, form).await;
        assert!(
            asked.contains(&format!("x-ir-company-id: {ALPHA}")),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn several_new_enrollments_of_the_name_leave_it_unknown() {
    let row = |id: &str, name: &str| -> Value { json!({"enrollmentId": id, "name": name}) };
    let line = "enroll create --training trn-0001 --group TgRp00000001 --name Autumn --yes";
    let (vendor, output) = after(line, async |vendor| {
        vendor.on(creation(), failure(503, "")).await;
        vendor
            .first(1, enrollments(), ok(page(&[row("a", "Autumn")])))
            .await;
        let now = [
            row("a", "Autumn"),
            row("b", "Autumn "),
            row("c", "Autumn"),
            row("d", "Winter"),
        ];
        vendor.of(ALPHA, enrollments(), ok(page(&now))).await;
    })
    .await;
    assert_eq!(output.code, 1, "{output:#?}");
    assert!(
        output.failure().contains(
            "it is not certain whether it was created; enrollments of this name that were not seen before: b, c"
        ),
        "{output:#?}"
    );
    assert_eq!(vendor.count(&creation()).await, 1);
}
