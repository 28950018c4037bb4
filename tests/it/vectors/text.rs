//! Text and numbers to their last letter and digit, whatever JSON can write.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{SCORM, SURVEY, day_first, plain_enrollment, sync_well};
use crate::support::table::shown;
use crate::support::vendor::{Vendor, enrollments, ok, page, users};

#[tokio::test]
async fn text_that_postgresql_cannot_hold_is_mended_and_lands() {
    let vendor = Vendor::start().await;
    let listed = page(&[plain_enrollment(SURVEY, "Survey")]);
    vendor.on(enrollments(), ok(listed)).await;
    let row = r#"{"targetUserResourceId":"u1","firstName":"A\u0000da","lastName":"\ud83d Example \ud83d\ude00",
        "department":"\\ud83d","new\u0000Member":["\udc00", "\u0000"]}"#;
    let body = page(&[json!("ROW")]).replace("\"ROW\"", row);
    vendor.on(users(SURVEY), ok(body)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "enrollment_users", "target_user_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    department: "\\ud83d"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    extra: {"new�Member":["�","�"]}
    first_name: "A�da"
    last_name: "� Example 😀"
    reported_enrollment_id: "11111111-2222-4333-8444-555555555501"
    target_user_id: "u1"
    "#);
}

#[tokio::test]
async fn text_of_any_escapes_lands() {
    let escapes = r#"\\u0000|\\u[dD][89a-fA-F][0-9a-f]{2}|\\u[0-9a-fA-F]{4}|\\\\|\\n|\\"|u|é"#;
    let texts = proptest::collection::vec(escapes, 1..8);
    let mut runner = TestRunner::deterministic();
    let rows: Vec<String> = (0..200)
        .map(|number| {
            let text = texts.new_tree(&mut runner).unwrap().current().concat();
            format!(
                r#"{{"targetUserResourceId":"u{number}","email":"{text}","{text}":["{text}"]}}"#
            )
        })
        .collect();
    let vendor = Vendor::start().await;
    let listed = page(&[plain_enrollment(SURVEY, "Survey")]);
    vendor.on(enrollments(), ok(listed)).await;
    let body = format!(
        r#"{{"data":{{"totalNumberOfRecords":200,"results":[{}]}}}}"#,
        rows.join(",")
    );
    vendor.on(users(SURVEY), ok(body)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored: (i64, i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where extra is not null),
                (select count(*) from sync.quarantine)
         from keepnet.enrollment_users where email is not null",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(stored, (200, 200, 0));
}

#[tokio::test]
async fn a_score_is_stored_to_its_last_digit() {
    let scores = [
        "93.33333333333333",
        "91.66666666666667",
        "3.7037037037037037",
        "100.0",
    ];
    let rows: Vec<Value> = scores
        .iter()
        .map(|score| json!({"targetUserResourceId": format!("with {score}"), "examScore": "SCORE"}))
        .collect();
    let mut body = page(&rows);
    for score in scores {
        body = body.replacen("\"SCORE\"", score, 1);
    }
    let vendor = Vendor::start().await;
    let listed = page(&[plain_enrollment(SCORM, "SCORM")]);
    vendor.on(enrollments(), ok(listed)).await;
    vendor.on(users(SCORM), ok(body)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let wrong: Vec<(String, f64)> = sqlx::query_as(
        "select target_user_id, exam_score from keepnet.enrollment_users
         where exam_score <> substring(target_user_id from 6)::double precision",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(wrong, []);
}
