//! TV25 to TV27: survey sessions, from the answer on the wire to the values of the four tables that they fill.

use serde_json::json;

use super::{SURVEY, day_first, read_anew, sync_again, sync_well, written};
use crate::support::survey::completed_by;
use crate::support::table::{shown, told};
use crate::support::vendor::{Turn, ok, sessions, vector, vector_json};

const ADA: &str = "uSeR00000001";

#[tokio::test]
async fn vector_25_a_session_with_all_its_answers() {
    let vendor = completed_by(&[ADA]).await;
    vendor.on(sessions(SURVEY, ADA), ok(vector(25))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "survey_sessions", "session_id").await, @r#"
    answered_count: 2
    asked_count: 2
    company_id: "aB3dE5gH7jK9"
    content_id: "44444444-2222-4333-8444-000000000001"
    correct_count: 0
    empty_count: 2
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    extra: {"targetUserResourceId":"uSeR00000001"}
    is_latest: true
    scorm_session_id: "22222222-2222-4333-8444-000000000001"
    session_id: "33333333-2222-4333-8444-000000000001"
    started_at: "2026-05-17T21:39:00+00:00"
    target_user_id: "uSeR00000001"
    total_questions: 2
    wrong_count: 0
    "#);
    insta::assert_snapshot!(shown(&app.pool, "survey_questions", "position").await, @r#"
    company_id: "aB3dE5gH7jK9"
    content_id: "44444444-2222-4333-8444-000000000001"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    extra: {"idGenerated":"Q0__aaaaaaaaaaaa-bbbbbbbbbbbb__Example_statement_one","type":"MultipleChoice"}
    group_id: "g0"
    group_index: 0
    is_reversed: false
    option_count: 2
    position: 0
    question_id: "aaaaaaaaaaaa-bbbbbbbbbbbb"
    question_text: "Example statement, one"
    question_type: "choice-single"
    slug: "Example_statement_one"

    company_id: "aB3dE5gH7jK9"
    content_id: "44444444-2222-4333-8444-000000000001"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    extra: {"idGenerated":"Q1__cccccccccccc-dddddddddddd__Ornek","type":"MultipleChoice"}
    group_id: "g0"
    group_index: 0
    is_reversed: true
    option_count: 2
    position: 1
    question_id: "cccccccccccc-dddddddddddd"
    question_text: "Örnek ifade iki"
    question_type: "choice-single"
    slug: "Ornek"
    "#);
    let options =
        "select format('%s %s %s %s', left(question_id, 1), position, option_text, is_correct)
        from keepnet.survey_question_options order by question_id, position";
    let expected = ["a 0 Disagree ", "a 1 Agree ", "c 0 Disagree ", "c 1 Agree "];
    assert_eq!(told(&app.pool, options).await, expected);
    insta::assert_snapshot!(shown(&app.pool, "survey_answers", "question_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    content_id: "44444444-2222-4333-8444-000000000001"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    latency: "00:00:04"
    option_text: "Agree"
    position: 1
    question_id: "aaaaaaaaaaaa-bbbbbbbbbbbb"
    question_type: "choice-single"
    response: "1_Agree"
    result: "neutral"
    scored_position: 1
    session_id: "33333333-2222-4333-8444-000000000001"
    target_user_id: "uSeR00000001"
    weighting: 0

    company_id: "aB3dE5gH7jK9"
    content_id: "44444444-2222-4333-8444-000000000001"
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    latency: "00:01:15"
    option_text: "Disagree"
    position: 0
    question_id: "cccccccccccc-dddddddddddd"
    question_type: "choice-single"
    response: "0_Disagree"
    result: "neutral"
    scored_position: 1
    session_id: "33333333-2222-4333-8444-000000000001"
    target_user_id: "uSeR00000001"
    weighting: 0
    "#);
    let unknown = told(&app.pool, "select json_path from sync.unknown_fields").await;
    assert_eq!(unknown, [""; 0], "every member is known");
    sync_again(&app).await;
}

#[tokio::test]
async fn vector_26_an_answer_whose_index_is_that_of_another_question() {
    const USER: &str = "uSeR00000005";
    let vendor = completed_by(&[USER]).await;
    vendor.on(sessions(SURVEY, USER), ok(vector(26))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "survey_sessions", "session_id").await, @r#"
    answered_count: 1
    asked_count: 2
    company_id: "aB3dE5gH7jK9"
    content_id: ""
    correct_count: 0
    empty_count: 1
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    extra: {"targetUserResourceId":"uSeR00000005"}
    is_latest: true
    scorm_session_id: "22222222-2222-4333-8444-000000000002"
    session_id: "33333333-2222-4333-8444-000000000002"
    started_at: "2026-05-18T08:05:00+00:00"
    target_user_id: "uSeR00000005"
    total_questions: 1
    wrong_count: 0
    "#);
    insta::assert_snapshot!(shown(&app.pool, "survey_questions", "position").await, @r#"
    company_id: "aB3dE5gH7jK9"
    content_id: ""
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    is_reversed: false
    position: 0
    question_id: "aaaaaaaaaaaa-bbbbbbbbbbbb"

    company_id: "aB3dE5gH7jK9"
    content_id: ""
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    is_reversed: true
    option_count: 2
    position: 1
    question_id: "cccccccccccc-dddddddddddd"
    question_text: "Örnek ifade iki"
    question_type: "choice-single"
    "#);
    let options = "select format('%s %s %s', left(question_id, 1), position, option_text)
        from keepnet.survey_question_options order by question_id, position";
    assert_eq!(
        told(&app.pool, options).await,
        ["c 0 Disagree", "c 1 Agree"]
    );
    insta::assert_snapshot!(shown(&app.pool, "survey_answers", "question_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    content_id: ""
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    latency: "00:00:02"
    option_text: "Agree"
    position: 1
    question_id: "cccccccccccc-dddddddddddd"
    question_type: "choice-single"
    response: "1_Agree"
    result: "neutral"
    scored_position: 0
    session_id: "33333333-2222-4333-8444-000000000002"
    target_user_id: "uSeR00000005"
    "#);
}

#[tokio::test]
async fn vector_27_of_two_sessions_the_newest_is_marked() {
    let vendor = completed_by(&[ADA]).await;
    vendor.on(sessions(SURVEY, ADA), ok(vector(27))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "survey_sessions", "session_id").await, @r#"
    answered_count: 0
    company_id: "aB3dE5gH7jK9"
    content_id: ""
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    is_latest: false
    session_id: "33333333-2222-4333-8444-00000000000a"
    started_at: "2026-02-01T09:00:00+00:00"
    target_user_id: "uSeR00000001"

    answered_count: 0
    company_id: "aB3dE5gH7jK9"
    content_id: ""
    enrollment_id: "11111111-2222-4333-8444-555555555501"
    is_latest: true
    session_id: "33333333-2222-4333-8444-00000000000b"
    started_at: "2026-02-10T09:00:00+00:00"
    target_user_id: "uSeR00000001"
    "#);
    for table in [
        "survey_questions",
        "survey_question_options",
        "survey_answers",
    ] {
        assert_eq!(shown(&app.pool, table, "1").await, "", "{table}");
    }
}

#[tokio::test]
async fn answers_find_their_question_by_id_whatever_their_index_and_place_and_however_many_are_lost()
 {
    let mut shuffled = vector_json(25);
    let items = &mut shuffled["data"][0]["interactionsHumanReadable"];
    items.as_array_mut().unwrap().reverse();
    items[0]["index"] = json!(7);
    items[1]["index"] = json!(null);
    // The service lost the first question and numbered the rest anew.
    let mut short = vector_json(25);
    let items = &mut short["data"][0]["interactionsHumanReadable"];
    items.as_array_mut().unwrap().remove(0);
    items[0]["index"] = json!(0);

    let vendor = completed_by(&[ADA]).await;
    let turn = Turn::default();
    let answers = [vector(25), shuffled.to_string(), short.to_string()].map(ok);
    let answers = turn.answers(answers.to_vec());
    vendor.on(sessions(SURVEY, ADA), answers).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    turn.next();
    sync_again(&app).await;
    turn.next();
    let report = read_anew(&app).await;
    assert_eq!(written(&report), (0, 1, 0), "a count; a lost answer stays");
    let left =
        "select format('%s %s %s %s', left(question_id, 1), option_text, scored_position, latency)
        from keepnet.survey_answers where deleted_at is null order by 1";
    let both = ["a Agree 1 00:00:04", "c Disagree 1 00:01:15"];
    assert_eq!(told(&app.pool, left).await, both);
    let counts =
        "select format('%s of %s', answered_count, asked_count) from keepnet.survey_sessions";
    assert_eq!(told(&app.pool, counts).await, ["1 of 2"]);
    let questions = "select left(question_id, 1) from keepnet.survey_questions where deleted_at is null order by 1";
    assert_eq!(told(&app.pool, questions).await, ["a", "c"]);
}
