//! Sessions that come again, in other numbers or with other contents, and which of them is the latest.

use serde_json::{Value, json};

use super::{SURVEY, day_first, read_anew, scope, sync_again, sync_well, written};
use crate::support::survey::{answer, completed_by, data, session};
use crate::support::table::told;
use crate::support::vendor::{ALPHA, Turn, ok, sessions, vector};
use keepnet_etl::resource::Resource;

const ADA: &str = "uSeR00000001";

#[tokio::test]
async fn the_latest_session_has_the_newest_date_and_of_equal_ones_comes_first() {
    let (old, new) = (json!("17/05/2026 21:39"), json!("18/05/2026 07:00"));
    let none = Value::Null;
    // A date that is later as text.
    let older = json!("30/04/2026 23:59");
    let cases: [(&[&Value], usize); 9] = [
        (&[&new, &old], 0),
        (&[&old, &new], 1),
        (&[&older, &old], 1),
        (&[&new, &new], 0),
        (&[&old, &new, &new], 1),
        (&[&none, &none], 0),
        (&[&none, &old], 1),
        (&[&old, &none], 0),
        (&[&none], 0),
    ];
    let ids: Vec<String> = (0..cases.len()).map(|n| format!("u{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let vendor = completed_by(&ids).await;
    for (id, (dates, _)) in ids.iter().zip(&cases) {
        let all: Vec<Value> = (0..)
            .zip(*dates)
            .map(|(place, date): (usize, &&Value)| {
                let mut one = session(&place.to_string(), &[], &[]);
                one["enrollmentSessionCreatedAt"] = (*date).clone();
                one
            })
            .collect();
        vendor.on(sessions(SURVEY, id), ok(data(&all))).await;
    }
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let latest =
        "select format('%s %s', target_user_id, string_agg(session_id, ',' order by session_id))
        from keepnet.survey_sessions where is_latest group by target_user_id order by 1";
    let expected: Vec<String> = (0..)
        .zip(&cases)
        .map(|(user, (_, place))| format!("u{user} {place}"))
        .collect();
    assert_eq!(told(&app.pool, latest).await, expected);
    sync_again(&app).await;
}

#[tokio::test]
async fn a_session_that_comes_again_is_written_once_and_a_changed_answer_anew() {
    let with = |texts: &[&str]| {
        let written = (0..).zip(texts).map(|(n, text): (usize, _)| {
            let options = [format!("{text}*")];
            answer(
                &format!("q{n}"),
                "fill-in",
                &options.each_ref().map(String::as_str),
            )
        });
        data(&[session("s1", &written.collect::<Vec<_>>(), &[])])
    };
    let turn = Turn::default();
    let bodies = [
        with(&["a", "b", "c"]),
        with(&["a", "B", "c"]),
        with(&["a", "B"]),
        data(&[]),
        with(&["a", "B", "c"]),
    ];
    let vendor = completed_by(&[ADA]).await;
    let answers = turn.answers(bodies.map(ok).to_vec());
    vendor.on(sessions(SURVEY, ADA), answers).await;
    let app = day_first(&vendor).await;
    let first = sync_well(&app).await;
    let rows = scope(&first, ALPHA, Resource::Answers).rows;
    assert_eq!(
        rows.inserted, 7,
        "a session, three questions, three answers"
    );
    sync_again(&app).await;
    // Updated are the session too, where its count changes.
    for (expected, left) in [
        ((0, 1, 0), "a B c"),
        // The vendor is known to lose answers: one that is not there is kept.
        ((0, 1, 0), "a B c"),
        ((0, 0, 0), "a B c"),
        ((0, 1, 0), "a B c"),
    ] {
        turn.next();
        assert_eq!(written(&read_anew(&app).await), expected, "{left}");
        let stored = "select string_agg(option_text, ' ' order by question_id)
            from keepnet.survey_answers where deleted_at is null";
        assert_eq!(told(&app.pool, stored).await, [left]);
    }
}

#[tokio::test]
async fn another_choice_takes_the_place_of_the_first() {
    let with =
        |options: &[&str]| data(&[session("s1", &[answer("q", "choice-single", options)], &[])]);
    let turn = Turn::default();
    let bodies = [with(&["A*", "B"]), with(&["A", "B*"])].map(ok).to_vec();
    let vendor = completed_by(&[ADA]).await;
    vendor.on(sessions(SURVEY, ADA), turn.answers(bodies)).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    turn.next();
    assert_eq!(written(&read_anew(&app).await), (1, 0, 1));
    let stored = "select format('%s %s', option_text, deleted_at is null) from keepnet.survey_answers order by 1";
    assert_eq!(told(&app.pool, stored).await, ["A f", "B t"]);
}

#[tokio::test]
async fn a_newer_session_takes_the_mark_from_the_older_one() {
    let mut newer = session("s2", &[], &[]);
    newer["enrollmentSessionCreatedAt"] = json!("18/05/2026 07:00");
    let older = session("s1", &[], &[]);
    let turn = Turn::default();
    let bodies = [vec![older.clone()], vec![newer, older]].map(|all| ok(data(&all)));
    let vendor = completed_by(&[ADA]).await;
    let answers = turn.answers(bodies.to_vec());
    vendor.on(sessions(SURVEY, ADA), answers).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    turn.next();
    assert_eq!(written(&read_anew(&app).await), (1, 1, 0));
    let stored =
        "select format('%s %s', session_id, is_latest) from keepnet.survey_sessions order by 1";
    assert_eq!(told(&app.pool, stored).await, ["s1 f", "s2 t"]);
}

#[tokio::test]
async fn a_session_that_is_listed_no_more_is_marked_but_not_by_an_answer_without_any_or_with_an_unreadable_one()
 {
    let named = |ids: &[&str]| -> Vec<_> { ids.iter().map(|id| session(id, &[], &[])).collect() };
    let turn = Turn::default();
    let with_unreadable = [named(&["s2"]), vec![json!({"totalQuestions": 1})]].concat();
    let bodies = [
        named(&["s2", "s1"]),
        vec![],
        with_unreadable,
        named(&["s2"]),
    ];
    let vendor = completed_by(&[ADA]).await;
    let answers = turn.answers(bodies.map(|all| ok(data(&all))).to_vec());
    vendor.on(sessions(SURVEY, ADA), answers).await;
    let app = day_first(&vendor).await;
    let stored = "select format('%s %s', session_id, deleted_at is null) from keepnet.survey_sessions order by 1";
    for expected in [
        ["s1 t", "s2 t"],
        ["s1 t", "s2 t"],
        ["s1 t", "s2 t"],
        ["s1 f", "s2 t"],
    ] {
        read_anew(&app).await;
        assert_eq!(told(&app.pool, stored).await, expected);
        turn.next();
    }
}

#[tokio::test]
async fn one_session_that_is_listed_twice_is_one_and_the_latest() {
    let twice = vec![session("s1", &[answer("q", "fill-in", &["x"])], &[]); 2];
    let vendor = completed_by(&[ADA]).await;
    vendor.on(sessions(SURVEY, ADA), ok(data(&twice))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = "select format('%s %s', session_id, is_latest) from keepnet.survey_sessions";
    assert_eq!(told(&app.pool, stored).await, ["s1 t"]);
    let differences = told(&app.pool, "select kind from sync.discrepancies").await;
    assert_eq!(differences, [""; 0]);
    sync_again(&app).await;
}

#[tokio::test]
async fn a_session_without_its_own_id_goes_by_the_other_one() {
    let mut one = session("", &[], &[]);
    one["scormSessionId"] = json!("22222222-2222-4333-8444-000000000001");
    let vendor = completed_by(&[ADA]).await;
    vendor.on(sessions(SURVEY, ADA), ok(data(&[one]))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let stored = "select session_id || scorm_session_id from keepnet.survey_sessions";
    let id = "22222222-2222-4333-8444-000000000001".repeat(2);
    assert_eq!(told(&app.pool, stored).await, [id]);
}

#[tokio::test]
async fn events_inside_a_session_and_members_that_nobody_knows_are_kept() {
    let mut one = session("s1", &[], &[]);
    one["interactions"] =
        json!([{"name": "page", "value": "2", "timestamp": 1_780_000_000_000_u64}]);
    one["device"] = json!("tablet");
    let vendor = completed_by(&[ADA, "u2"]).await;
    vendor.on(sessions(SURVEY, ADA), ok(data(&[one]))).await;
    vendor.on(sessions(SURVEY, "u2"), ok(vector(25))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let extra = "select extra::text from keepnet.survey_sessions where session_id = 's1'";
    let expected = r#"{"device": "tablet", "interactions": [{"name": "page", "value": "2", "timestamp": 1780000000000}]}"#;
    assert_eq!(told(&app.pool, extra).await, [expected]);
    let unknown = "select format('%s %s', resource, json_path) from sync.unknown_fields";
    assert_eq!(told(&app.pool, unknown).await, ["answers $.device"]);
}
