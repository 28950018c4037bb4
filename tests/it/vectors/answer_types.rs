//! TV28 and TV48: answers of every type, and the time spent on them.

use serde_json::{Value, json};

use super::{SURVEY, day_first, sync_again, sync_well};
use crate::support::TestApp;
use crate::support::survey::{answer, completed_by, data, session};
use crate::support::table::{shown, told};
use crate::support::vendor::{Vendor, ok, sessions, vector_json};

const ADA: &str = "uSeR00000001";

/// What is stored of one session with these answers and, if any, these questions.
async fn stored(answers: &[Value], questions: &[Value]) -> (Vendor, TestApp) {
    let vendor = completed_by(&[ADA]).await;
    let session = session("s1", answers, questions);
    let body = data(&[session]);
    vendor.on(sessions(SURVEY, ADA), ok(body)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    (vendor, app)
}

/// Question, place and text of each answer, and the point that it names.
const ANSWERS: &str =
    "select format('%s %s|%s|%s', question_id, position, option_text, scale_position)
    from keepnet.survey_answers order by question_id, position";

/// Question, type, and the options that are known.
const QUESTIONS: &str = "select format('%s %s %s', question_id, question_type,
        (select coalesce(string_agg(option_text, '/' order by o.position), '-')
         from keepnet.survey_question_options o where o.question_id = q.question_id))
    from keepnet.survey_questions q order by question_id";

#[tokio::test]
async fn vector_28_answers_of_other_types() {
    let items = vector_json(28);
    let (_vendor, app) = stored(items.as_array().unwrap(), &[]).await;
    let expected = [
        "x1 0|A|",
        "x1 1|B|",
        r#"x2 0|=HYPERLINK("http://example.com")|"#,
        "x3 0|Strongly_Agree|0",
        "x3 1|Neutral|1",
        "x4 0|Left → Right|",
        "x6 0||",
    ];
    assert_eq!(told(&app.pool, ANSWERS).await, expected);
    let expected = [
        "x1 choice-multi A/B/C",
        "x2 fill-in -",
        "x3 likert -",
        "x4 matching Left → Right",
        "x6 brand-new-type -",
    ];
    assert_eq!(told(&app.pool, QUESTIONS).await, expected);
    // What is of another source is no question, and is kept with the session.
    insta::assert_snapshot!(shown(&app.pool, "survey_sessions", "session_id").await, @r#"
    answered_count: 4
    company_id: "aB3dE5gH7jK9"
    content_id: ""
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    extra: {"interactionsHumanReadable":[{"answers":[],"index":4,"question":"skip me","scormId":"x5","source":"Other","type":"fill-in"}]}
    is_latest: true
    session_id: "s1"
    started_at: "2026-05-17T21:39:00+00:00"
    target_user_id: "uSeR00000001"
    "#);
    let without = "select format('%s %s %s %s', is_reversed, position, group_index, option_count)
        from keepnet.survey_questions where question_id in ('x1', 'x6') order by question_id";
    assert_eq!(told(&app.pool, without).await, ["   3", "   "]);
    sync_again(&app).await;
}

#[tokio::test]
async fn each_other_type_is_a_row_per_choice_text_or_place() {
    let mut unmarked = answer("a-fill-in", "fill-in", &["first", "second"]);
    unmarked["answers"][0]["isUserAnswer"] = Value::Null;
    let answers = [
        unmarked,
        answer(
            "b-long-fill-in",
            "LONG-Fill-In",
            &["not this", "line\nline*"],
        ),
        answer("c-numeric", "numeric", &["42.50"]),
        answer("d-word-bank", "word-bank", &["the quick fox*"]),
        answer("e-sequence", "sequence", &["third", "first*", "second"]),
        answer("f-dropdown", "dropdown", &["A", "B*", "C"]),
        answer("g-true-false", "true-false", &["True", "False*"]),
        answer("h-matching", "matching", &["a → 1*", "b → 2*"]),
        answer(
            "i-likert",
            "likert",
            &["0_Yes, of course, 2_No*", "unchosen"],
        ),
        answer("j-likert", "likert", &["Yes, 1_No*"]),
        answer("k-sign-language", "sign-language", &["wave", "nod*"]),
        answer("l-none", "choice-single", &["A", "B"]),
        answer("m-none", "fill-in", &[]),
    ];
    let (_vendor, app) = stored(&answers, &[]).await;
    let expected = [
        "a-fill-in 0|first|",
        "b-long-fill-in 0|line\nline|",
        "c-numeric 0|42.50|",
        "d-word-bank 0|the quick fox|",
        "e-sequence 0|third|",
        "e-sequence 1|first|",
        "e-sequence 2|second|",
        "f-dropdown 1|B|",
        "g-true-false 1|False|",
        "h-matching 0|a → 1|",
        "h-matching 1|b → 2|",
        "i-likert 0|Yes, of course|0",
        "i-likert 1|No|2",
        "j-likert 0|Yes, 1_No|",
        "k-sign-language 1|nod|",
    ];
    assert_eq!(told(&app.pool, ANSWERS).await, expected);
    let expected = [
        "a-fill-in fill-in -",
        "b-long-fill-in long-fill-in -",
        "c-numeric numeric -",
        "d-word-bank word-bank -",
        "e-sequence sequence -",
        "f-dropdown dropdown A/B/C",
        "g-true-false true-false True/False",
        "h-matching matching a → 1/b → 2",
        "i-likert likert -",
        "j-likert likert -",
        "k-sign-language sign-language -",
        "l-none choice-single A/B",
        "m-none fill-in -",
    ];
    assert_eq!(told(&app.pool, QUESTIONS).await, expected);
    let counted = told(
        &app.pool,
        "select answered_count::text from keepnet.survey_sessions",
    )
    .await;
    assert_eq!(counted, ["11"]);
}

#[tokio::test]
async fn a_hotspot_keeps_where_it_was_pressed() {
    let mut pressed = answer("q", "hotspot", &["", "logo*"]);
    pressed["answers"][1]["x"] = json!(12.5);
    pressed["answers"][1]["y"] = json!("40%");
    pressed["answers"][1]["imagePath"] = json!("/images/logo.png");
    pressed["answers"][1]["placeholderId"] = json!("p1");
    pressed["answers"][1]["correctAnswer"] = json!(1);
    pressed["correctAnswers"] = json!(["logo"]);
    pressed["hint"] = json!("look up");
    let (_vendor, app) = stored(&[pressed], &[]).await;
    insta::assert_snapshot!(shown(&app.pool, "survey_answers", "position").await, @r#"
    company_id: "aB3dE5gH7jK9"
    content_id: ""
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    extra: {"correctAnswers":["logo"],"hint":"look up","imagePath":"/images/logo.png","placeholderId":"p1","x":12.5,"y":"40%"}
    option_text: "logo"
    position: 1
    question_id: "q"
    question_type: "hotspot"
    session_id: "s1"
    target_user_id: "uSeR00000001"
    "#);
    let options = "select format('%s|%s|%s', position, option_text, is_correct)
        from keepnet.survey_question_options order by position";
    assert_eq!(told(&app.pool, options).await, ["0||", "1|logo|t"]);
    let unknown = "select json_path from sync.unknown_fields";
    let expected = ["$.interactionsHumanReadable[*].hint"];
    assert_eq!(told(&app.pool, unknown).await, expected);
}

#[tokio::test]
async fn an_answer_without_a_choice_is_what_the_learner_responded() {
    let mut answers = [
        answer("a", "choice-single", &["A", "B"]),
        answer("b", "numeric", &[]),
        answer("c", "choice-single", &["A", "B*"]),
        answer("d", "choice-single", &["A", "B"]),
    ];
    for (item, response) in answers.iter_mut().zip(["1_B", "7", "1_B", ""]) {
        item["studentOrLearnerResponse"] = json!(response);
    }
    let (_vendor, app) = stored(&answers, &[]).await;
    let rows = "select format('%s %s|%s|%s', question_id, position, option_text, response)
        from keepnet.survey_answers order by question_id";
    let expected = ["a 0|1_B|1_B", "b 0|7|7", "c 1|B|1_B"];
    assert_eq!(told(&app.pool, rows).await, expected);
}

#[tokio::test]
async fn a_graded_answer_keeps_its_result_and_weight_and_an_option_whether_it_is_right() {
    let mut graded = answer("q", "choice-single", &["A*", "B"]);
    graded["result"] = json!("wrong");
    graded["weighting"] = json!("2.5");
    graded["time"] = json!("08:05");
    graded["source"] = json!("qex");
    let question = json!({"id": "q", "answers": [
        {"option": "A", "correctAnswer": false},
        {"option": "B", "correctAnswer": true, "placeholderId": "p"},
        {"option": 3},
    ]});
    let (_vendor, app) = stored(&[graded], &[question]).await;
    let rows = "select format('%s %s %s %s', position, result, weighting, extra) from keepnet.survey_answers";
    assert_eq!(
        told(&app.pool, rows).await,
        [r#"0 wrong 2.5 {"time": "08:05"}"#]
    );
    let options = "select format('%s %s %s %s', position, option_text, is_correct, extra)
        from keepnet.survey_question_options order by position";
    let expected = ["0 A f ", r#"1 B t {"placeholderId": "p"}"#, "2 3  "];
    assert_eq!(told(&app.pool, options).await, expected);
}

#[tokio::test]
async fn vector_48_the_time_spent_is_an_interval_or_is_kept_as_text() {
    let written = [
        ("a", json!("PT0H0M4S"), "00:00:04"),
        ("b", json!("PT0H1M15S"), "00:01:15"),
        ("c", json!("PT4S"), "00:00:04"),
        ("d", json!("PT0H0M4.5S"), "00:00:04.5"),
        ("e", json!("P1DT2H"), "1 day 02:00:00"),
        ("f", json!(""), ""),
        ("g", Value::Null, ""),
        ("h", json!("00:00:04"), "00:00:04"),
        ("i", json!("soon"), r#"{"latency": "soon"}"#),
    ];
    let answers = written.clone().map(|(question, latency, _)| {
        let mut item = answer(question, "choice-single", &["A*"]);
        item["latency"] = latency;
        item
    });
    let (_vendor, app) = stored(&answers, &[]).await;
    let rows = "select concat(latency, extra) from keepnet.survey_answers order by question_id";
    let expected = written.map(|(_, _, stored)| stored);
    assert_eq!(told(&app.pool, rows).await, expected);
    let hours = "select extract(epoch from latency)::bigint::text from keepnet.survey_answers where question_id = 'e'";
    assert_eq!(told(&app.pool, hours).await, ["93600"]);
    sync_again(&app).await;
}
