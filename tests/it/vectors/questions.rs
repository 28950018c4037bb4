//! The questions, which are put together from many sessions: each tells a part.

use serde_json::{Value, json};

use super::{SURVEY, day_first, read_anew, sync_again, sync_well, written};
use crate::support::TestApp;
use crate::support::survey::{answer, completed_by, data, session};
use crate::support::table::{everything, told};
use crate::support::vendor::{Turn, Vendor, failure, ok, sessions, vector_json};

const QUESTIONS: &str = "select format('%s|%s|%s|%s|%s', question_id, question_text, question_type, position,
        (select string_agg(option_text, '/' order by o.position) from keepnet.survey_question_options o
         where o.question_id = q.question_id and o.content_id = q.content_id and o.deleted_at is null))
    from keepnet.survey_questions q where deleted_at is null order by question_id, content_id";

/// A vendor whose users `u1`, `u2`, … have one session each.
async fn each_with(all: &[Value]) -> (Vendor, TestApp) {
    let ids: Vec<String> = (1..=all.len()).map(|n| format!("u{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = completed_by(&ids).await;
    for (id, one) in ids.iter().zip(all) {
        let body = data(std::slice::from_ref(one));
        vendor.on(sessions(SURVEY, id), ok(body)).await;
    }
    let app = day_first(&vendor).await;
    (vendor, app)
}

#[tokio::test]
async fn a_question_of_two_languages_has_one_id_and_two_texts() {
    let both = ["EN", "TR"].map(|language| {
        let mut asked = answer("q", "choice-single", &["A*", "B"]);
        asked["question"] = json!(format!("Text in {language}"));
        let mut one = session(&format!("s-{language}"), &[asked], &[]);
        one["enrollmentContentResourceId"] = json!(format!("content-{language}"));
        one
    });
    let (_vendor, app) = each_with(&both).await;
    sync_well(&app).await;
    let rows = "select format('%s %s %s', content_id, question_id, question_text)
        from keepnet.survey_questions order by content_id";
    let expected = ["content-EN q Text in EN", "content-TR q Text in TR"];
    assert_eq!(told(&app.pool, rows).await, expected);
    let rows = "select format('%s %s %s', target_user_id, content_id, question_id)
        from keepnet.survey_answers order by target_user_id";
    assert_eq!(
        told(&app.pool, rows).await,
        ["u1 content-EN q", "u2 content-TR q"]
    );
    let differences = told(&app.pool, "select kind from sync.discrepancies").await;
    assert_eq!(differences, [""; 0]);
    sync_again(&app).await;
}

#[tokio::test]
async fn what_one_session_does_not_tell_another_does_and_nothing_is_forgotten() {
    let told_by_bank =
        json!({"id": "q", "question": "Asked", "answers": [{"option": "A"}, {"option": "B"}]});
    let mut bare = answer("q", "choice-single", &[]);
    bare["question"] = Value::Null;
    bare["studentOrLearnerResponse"] = json!("0_A");
    let without = json!({"id": "q"});
    let first = data(&[session("s1", &[bare], std::slice::from_ref(&without))]);
    let second = data(&[session("s2", &[], &[told_by_bank])]);
    let vendor = completed_by(&["u1", "u2"]).await;
    let turn = Turn::default();
    let nothing = data(&[]);
    let less = data(&[session("s1", &[], &[without])]);
    let answers = [&first, &first, &less, &nothing].map(|body| ok(body.clone()));
    let answers = turn.answers(answers.to_vec());
    vendor.on(sessions(SURVEY, "u1"), answers).await;
    let answers = [&second, &second, &nothing, &nothing].map(|body| ok(body.clone()));
    let answers = turn.answers(answers.to_vec());
    vendor.on(sessions(SURVEY, "u2"), answers).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let whole = ["q|Asked|choice-single|0|A/B"];
    assert_eq!(told(&app.pool, QUESTIONS).await, whole);
    turn.next();
    sync_again(&app).await;
    turn.next();
    // The answer is not there, which changes the session's count; that it is lost proves nothing.
    assert_eq!(written(&read_anew(&app).await), (0, 1, 0));
    assert_eq!(told(&app.pool, QUESTIONS).await, whole);
    turn.next();
    sync_again(&app).await;
    assert_eq!(told(&app.pool, QUESTIONS).await, whole);
}

#[tokio::test]
async fn what_the_bank_says_of_a_question_goes_before_what_answers_say() {
    let mut loose = answer("q", "choice-multi", &["A*", "B"]);
    loose["question"] = json!("As answered");
    let asked =
        json!({"id": "q", "question": "As asked", "answers": [{"option": "B"}, {"option": "A"}]});
    let answered = session("s1", &[loose], &[]);
    let banked = session("s2", &[], &[asked]);
    for both in [[answered.clone(), banked.clone()], [banked, answered]] {
        let (_vendor, app) = each_with(&both).await;
        sync_well(&app).await;
        let expected = ["q|As asked|choice-multi|0|B/A"];
        assert_eq!(told(&app.pool, QUESTIONS).await, expected);
        let differences = told(&app.pool, "select kind from sync.discrepancies").await;
        assert_eq!(differences, [""; 0], "each says what it knows");
        sync_again(&app).await;
    }
}

#[tokio::test]
async fn what_answers_say_never_stands_in_for_a_moment() {
    // More rows than one batch takes, so that the first user's are committed before the second one is read.
    let mut answers: Vec<Value> = (0..2_100)
        .map(|n| answer(&format!("filler-{n}"), "fill-in", &["x"]))
        .collect();
    let mut loose = answer("q", "choice-multi", &["A*", "B", "C"]);
    loose["question"] = json!("As answered");
    answers.push(loose);
    let asked =
        json!({"id": "q", "question": "As asked", "answers": [{"option": "B"}, {"option": "A"}]});
    let both = [session("s1", &answers, &[]), session("s2", &[], &[asked])];
    let (_vendor, app) = each_with(&both).await;
    sync_well(&app).await;
    let stored = told(&app.pool, QUESTIONS).await;
    assert_eq!(stored.len(), 2_101);
    assert_eq!(stored.last().unwrap(), "q|As asked|choice-multi|0|B/A");
    sync_again(&app).await;
}

#[tokio::test]
async fn of_different_questions_with_one_id_the_first_user_s_is_kept_whoever_answers_first() {
    let asked = |text: &str| json!({"id": "q", "question": text, "answers": [{"option": text}]});
    let vendor = completed_by(&["u1", "u2"]).await;
    let one = data(&[session("s1", &[], &[asked("One")])]);
    vendor.on(sessions(SURVEY, "u1"), ok(one)).await;
    let two = data(&[session("s2", &[], &[asked("Two")])]);
    vendor.on(sessions(SURVEY, "u2"), ok(two)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    assert_eq!(told(&app.pool, QUESTIONS).await, ["q|One||0|One"]);
    let kinds = "select format('%s %s %s', resource, kind, found) from sync.discrepancies";
    let expected = ["answers different questions with one id 1"];
    assert_eq!(told(&app.pool, kinds).await, expected);
    let late = failure(500, "");
    vendor.first(3, sessions(SURVEY, "u1"), late).await;
    sync_again(&app).await;
}

#[tokio::test]
async fn scores_of_reversed_questions_count_from_the_other_end() {
    let options = ["0", "1", "2", "3", "4"];
    let mut answers = Vec::new();
    let mut questions = Vec::new();
    for chosen in 0..5 {
        let mut shown: Vec<String> = options.map(str::to_owned).to_vec();
        shown[chosen].push('*');
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        for (name, reversed) in [("a", json!(true)), ("b", json!(false)), ("c", Value::Null)] {
            let id = format!("{name}{chosen}");
            answers.push(answer(&id, "choice-single", &shown));
            questions.push(json!({"id": id, "isReverse": reversed}));
        }
    }
    answers.push(answer("d", "true-false", &["True*", "False"]));
    answers.push(answer("e", "choice-multi", &["A*", "B*"]));
    answers.push(answer("f", "dropdown", &["A", "B*"]));
    for id in ["d", "e", "f"] {
        questions.push(json!({"id": id, "isReverse": true}));
    }
    answers.push(answer("not-in-the-bank", "choice-single", &["A", "B*"]));
    let (_vendor, app) = each_with(&[session("s1", &answers, &questions)]).await;
    sync_well(&app).await;
    let rows = "select format('%s: %s', left(question_id, 1), string_agg(concat(scored_position, ','), '' order by question_id, position))
        from keepnet.survey_answers group by left(question_id, 1) order by 1";
    let expected = [
        "a: 4,3,2,1,0,",
        "b: 0,1,2,3,4,",
        "c: 0,1,2,3,4,",
        "d: 1,",
        "e: ,,",
        "f: ,",
        "n: ,",
    ];
    assert_eq!(told(&app.pool, rows).await, expected);
    let reversed = "select distinct format('%s %s', left(question_id, 1), is_reversed)
        from keepnet.survey_questions where left(question_id, 1) in ('a', 'b', 'c', 'n') order by 1";
    assert_eq!(told(&app.pool, reversed).await, ["a t", "b f", "c f", "n "]);
}

#[tokio::test]
async fn the_score_is_by_the_session_s_own_bank() {
    let both = [("s1", true), ("s2", false)].map(|(id, is_reversed)| {
        let answers = [answer("q", "choice-single", &["A*", "B", "C"])];
        session(
            id,
            &answers,
            &[json!({"id": "q", "isReverse": is_reversed})],
        )
    });
    let (_vendor, app) = each_with(&both).await;
    sync_well(&app).await;
    let rows = "select scored_position::text from keepnet.survey_answers order by session_id";
    assert_eq!(told(&app.pool, rows).await, ["2", "0"]);
}

#[tokio::test]
async fn questions_are_counted_through_all_blocks() {
    let mut one = session("s1", &[], &[]);
    one["questions"] = json!([
        {"patern": "p", "questions": [{"id": "a"}, {"id": "b"}]},
        {"patern": "q", "questions": null, "title": "Empty"},
        {"questions": [{"idFull": "c"}, {"question": "Without an id"}]},
    ]);
    let (_vendor, app) = each_with(&[one]).await;
    sync_well(&app).await;
    let rows = "select format('%s %s', position, question_id) from keepnet.survey_questions order by position";
    // The first half of: printf 'Without an id' | sha256sum
    let expected = ["0 a", "1 b", "2 c", "3 text:29106028cc42a368"];
    assert_eq!(told(&app.pool, rows).await, expected);
    let rows = "select format('%s %s', asked_count, extra) from keepnet.survey_sessions";
    let expected = [r#"4 {"questions": [{"title": "Empty"}]}"#];
    assert_eq!(told(&app.pool, rows).await, expected);
}

#[tokio::test]
async fn the_address_of_the_content_is_stored_nowhere() {
    let whole = vector_json(25)["data"][0].clone();
    let mut unreadable = whole.clone();
    unreadable["enrollmentSessionId"] = Value::Null;
    unreadable["scormSessionId"] = Value::Null;
    let mut damaged = whole.clone();
    damaged["questions"][0]["questions"][0]["group"] = json!("g0");
    let vendor = completed_by(&["u1"]).await;
    let body = data(&[whole, unreadable, damaged]);
    assert_eq!(body.matches("cdn.example.com").count(), 3);
    vendor.on(sessions(SURVEY, "u1"), ok(body)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let aside = told(
        &app.pool,
        "select json_path from sync.quarantine order by 1",
    )
    .await;
    assert_eq!(
        aside,
        ["$.enrollmentSessionId", "$.questions[0].questions[0].group"]
    );
    let all = everything(&app.pool).await;
    assert!(all.contains("Example statement, one"));
    for mark in ["cdn.example.com", "patern"] {
        assert!(!all.contains(mark), "{mark}");
    }
}
