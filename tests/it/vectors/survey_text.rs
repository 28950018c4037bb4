//! Text in surveys, steps, events and anonymous results, whatever it is.

use serde_json::{Value, json};

use super::{PATH, PULSE, SURVEY, day_first, plain_enrollment, sync_again, sync_well};
use crate::support::survey::{answer, completed_by, data, session};
use crate::support::table::told;
use crate::support::vendor::{
    Vendor, anonymous, anonymous_result, enrollments, interactions, ok, page, sessions, summary,
};

const ADA: &str = "uSeR00000001";

/// As JSON, and as it is stored.
fn texts() -> Vec<(String, String)> {
    let long = "ş".repeat(524_288);
    vec![
        (r#""😀 \ud83d\ude00""#.to_owned(), "😀 😀".to_owned()),
        (
            r#""A\u0000B\ud83dC""#.to_owned(),
            "A\u{fffd}B\u{fffd}C".to_owned(),
        ),
        (r#""=1+1""#.to_owned(), "=1+1".to_owned()),
        (
            r#""<p>'quoted' \"twice\"\n\tand; a \\N\\.</p>""#.to_owned(),
            "<p>'quoted' \"twice\"\n\tand; a \\N\\.</p>".to_owned(),
        ),
        (format!("\"{long}\""), long),
    ]
}

/// `body` with each text `TEXT` replaced by `text`, which is JSON.
fn with_text(body: &str, text: &str) -> String {
    body.replace("\"TEXT\"", text)
}

#[tokio::test]
async fn text_of_a_survey_lands_to_the_last_letter() {
    let texts = texts();
    let ids: Vec<String> = (0..texts.len()).map(|n| format!("u{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = completed_by(&ids).await;
    for (id, (text, _)) in ids.iter().zip(&texts) {
        let mut chosen = answer(id, "choice-single", &["TEXT*"]);
        chosen["question"] = json!("TEXT");
        chosen["result"] = json!("TEXT");
        chosen["studentOrLearnerResponse"] = json!("TEXT");
        chosen["note"] = json!("TEXT");
        let written = answer(&format!("{id}-free"), "long-fill-in", &["TEXT"]);
        let question =
            json!({"id": id, "question": "TEXT", "questionSlug": "TEXT", "group": {"id": "TEXT"}});
        let one = data(&[session("s1", &[chosen, written], &[question])]);
        vendor
            .on(sessions(SURVEY, id), ok(with_text(&one, text)))
            .await;
        let event = json!({"interaction": "TEXT", "currentStep": "TEXT", "note": "TEXT"});
        let body = with_text(&data(&[event]), text);
        vendor.on(interactions(SURVEY, id), ok(body)).await;
    }
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let expected: Vec<&String> = texts.iter().map(|(_, text)| text).collect();
    for sql in [
        "select question_text from keepnet.survey_questions where question_id !~ 'free' order by question_id",
        "select slug from keepnet.survey_questions where slug is not null order by question_id",
        "select group_id from keepnet.survey_questions where slug is not null order by question_id",
        "select option_text from keepnet.survey_question_options order by question_id",
        "select option_text from keepnet.survey_answers where question_id !~ 'free' order by question_id",
        "select option_text from keepnet.survey_answers where question_id ~ 'free' order by question_id",
        "select result from keepnet.survey_answers where result is not null order by question_id",
        "select response from keepnet.survey_answers where result is not null order by question_id",
        "select extra ->> 'note' from keepnet.survey_answers where result is not null order by question_id",
        "select interaction from keepnet.interactions order by target_user_id",
        "select current_step from keepnet.interactions order by target_user_id",
        "select extra ->> 'note' from keepnet.interactions order by target_user_id",
    ] {
        let stored = told(&app.pool, sql).await;
        let is_equal = stored.iter().eq(expected.iter().copied());
        assert!(is_equal, "{sql}: {} texts", stored.len());
    }
    sync_again(&app).await;
}

#[tokio::test]
async fn text_of_steps_and_anonymous_results_lands_to_the_last_letter() {
    let texts = texts();
    let vendor = Vendor::start().await;
    let proxy = json!({"enrollmentId": PULSE, "status": "SCORM Proxy"});
    let listed = [plain_enrollment(PATH, "Learning Path"), proxy];
    vendor.on(enrollments(), ok(page(&listed))).await;
    let mut steps = Vec::new();
    let mut learners = Vec::new();
    for (n, (text, _)) in texts.iter().enumerate() {
        let step =
            json!({"stepNumber": n, "enrollmentId": format!("step{n}"), "trainingName": "TEXT"});
        steps.push(with_text(&step.to_string(), text));
        let learner =
            json!({"targetUserResultId": format!("r{n}"), "status": "TEXT", "note": "TEXT"});
        learners.push(with_text(&learner.to_string(), text));
    }
    let body = format!(r#"{{"data":{{"steps":[{}]}}}}"#, steps.join(","));
    vendor.on(summary(PATH), ok(body)).await;
    let body = format!(r#"{{"data":{{"results":[{}]}}}}"#, learners.join(","));
    vendor.on(anonymous(PULSE), ok(body.clone())).await;
    vendor.on(anonymous_result(PULSE), ok(body)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let expected: Vec<&String> = texts.iter().map(|(_, text)| text).collect();
    for sql in [
        "select training_name from keepnet.enrollment_steps order by step_number",
        "select name from keepnet.enrollments where is_step order by step_number",
        "select status from keepnet.anonymous_results order by result_id",
        "select extra ->> 'note' from keepnet.anonymous_results order by result_id",
        "select result_extra ->> 'note' from keepnet.anonymous_results order by result_id",
    ] {
        let stored = told(&app.pool, sql).await;
        let is_equal = stored.iter().eq(expected.iter().copied());
        assert!(is_equal, "{sql}: {} texts", stored.len());
    }
    sync_again(&app).await;
}

#[tokio::test]
async fn an_id_that_is_too_long_is_kept_aside_and_its_neighbours_land() {
    let long = "x".repeat(257);
    let longest = "y".repeat(256);
    let by = |id: &str, answers: &[Value], questions: &[Value]| session(id, answers, questions);
    let mut content = by("s-content", &[], &[]);
    content["enrollmentContentResourceId"] = json!(long);
    let mut answered = answer("q", "fill-in", &["x"]);
    answered["scormId"] = json!(long);
    let mut fits = answer("q", "fill-in", &["x"]);
    fits["scormId"] = json!(longest);
    let mut all_fit = by(&longest, &[fits], &[json!({"id": longest})]);
    all_fit["enrollmentContentResourceId"] = json!(longest);
    let all = [
        by(&long, &[], &[]),
        all_fit,
        content,
        by("s-answer", &[answered], &[]),
        by("s-question", &[], &[json!({"id": long})]),
    ];
    let vendor = completed_by(&[ADA]).await;
    vendor.on(sessions(SURVEY, ADA), ok(data(&all))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let rows = "select session_id from keepnet.survey_sessions";
    assert_eq!(told(&app.pool, rows).await, [&*longest]);
    let rows = "select question_id || content_id from keepnet.survey_questions";
    assert_eq!(told(&app.pool, rows).await, [longest.repeat(2)]);
    let aside = "select format('%s %s', json_path, reason) from sync.quarantine order by json_path collate \"C\"";
    let expected = [
        "$.enrollmentContentResourceId",
        "$.enrollmentSessionId",
        "$.interactionsHumanReadable[0].scormId",
        "$.questions[0].questions[0].id",
    ]
    .map(|path| format!("{path} the id is longer than 256 bytes"));
    assert_eq!(told(&app.pool, aside).await, expected);
}

#[tokio::test]
async fn a_tag_of_a_megabyte_is_kept_aside_with_its_enrollment_alone() {
    let vendor = Vendor::start().await;
    let mut tagged = plain_enrollment(PATH, "Survey");
    tagged["tags"] = json!(["x", "y".repeat(1 << 20)]);
    let rows = [plain_enrollment(PULSE, "Survey"), tagged];
    vendor.on(enrollments(), ok(page(&rows))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = told(&app.pool, "select enrollment_id from keepnet.enrollments").await;
    assert_eq!(stored, [PULSE]);
    let aside = "select format('%s %s', json_path, length(payload) > 1048576) from sync.quarantine";
    assert_eq!(told(&app.pool, aside).await, ["$.tags[1] t"]);
}
