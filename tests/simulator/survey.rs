//! Sessions of surveys and their answers.

use std::collections::{BTreeMap, BTreeSet};

use keepnet_etl::simulator::{DateOrder, Foreign, Share, SimulatorOptions, WorldOptions};
use serde_json::{Value, json};

use crate::support::{Vendor, body, options, small, text};

fn surveys() -> SimulatorOptions {
    let mut options = options(WorldOptions {
        companies: 2,
        enrollments: 12,
        survey_share: Share::percent(40),
        learning_paths: Share::percent(30),
        ..small().world
    });
    options.account.date_format = DateOrder::Iso;
    options.account.time_zone = chrono_tz::Tz::UTC;
    options
}

fn sessions_of(enrollment: &str, user: &str) -> String {
    format!("/api/training-reports/{enrollment}/exam-result-sessions/{user}")
}

/// The sessions of every user of every survey, with the user's row in the truth.
async fn all_sessions(vendor: &Vendor) -> Vec<(Value, Vec<Value>)> {
    let enrollments = vendor.truth("enrollments").await;
    let surveys: BTreeSet<String> = enrollments
        .iter()
        .filter(|row| row["is_survey"] == true)
        .map(|row| text(row, "enrollment_id"))
        .collect();
    let mut all = Vec::new();
    for row in vendor.truth("enrollment_users").await {
        if !surveys.contains(&text(&row, "enrollment_id")) {
            continue;
        }
        let (id, user) = (
            text(&row, "reported_enrollment_id"),
            text(&row, "target_user_id"),
        );
        let company = text(&row, "company_id");
        let data = vendor.data(&sessions_of(&id, &user), Some(&company)).await;
        all.push((row, data.as_array().expect("a list").clone()));
    }
    all
}

/// The id under which the warehouse keeps a session.
fn session_id(session: &Value) -> String {
    let id = session.get("enrollmentSessionId");
    let id = id.unwrap_or(&session["scormSessionId"]);
    id.as_str().expect("an id").to_owned()
}

fn items(session: &Value) -> &Vec<Value> {
    session["interactionsHumanReadable"]
        .as_array()
        .expect("a list")
}

#[tokio::test]
async fn the_truth_of_sessions_is_what_is_served() {
    let vendor = Vendor::start(surveys()).await;
    let truth: BTreeMap<String, Value> = vendor
        .truth("survey_sessions")
        .await
        .into_iter()
        .map(|row| (text(&row, "session_id"), row))
        .collect();
    let mut served = 0;
    for (user, sessions) in all_sessions(&vendor).await {
        let status = text(&user, "status");
        if !sessions.is_empty() {
            assert!(
                [
                    "Completed",
                    "Passed",
                    "ExamPassed",
                    "Exam Failed",
                    "Failed",
                    "Success"
                ]
                .contains(&status.as_str()),
                "{status}"
            );
        } else {
            assert_ne!(status, "Completed");
        }
        let mut latest = 0;
        for pair in sessions.windows(2) {
            let [newer, older] = [0, 1].map(|at| pair[at]["enrollmentSessionCreatedAt"].as_str());
            assert!(newer >= older, "newest first");
        }
        for (number, session) in sessions.iter().enumerate() {
            served += 1;
            let row = &truth[&session_id(session)];
            for column in ["company_id", "enrollment_id", "target_user_id"] {
                assert_eq!(row[column], user[column], "{column}");
            }
            let started_at = session["enrollmentSessionCreatedAt"]
                .as_str()
                .map(|local| format!("{local}Z"));
            assert_eq!(row["started_at"].as_str(), started_at.as_deref());
            let content = session["enrollmentContentResourceId"].as_str();
            assert_eq!(row["content_id"], content.unwrap_or_default());
            assert_eq!(row["scorm_session_id"], session["scormSessionId"]);
            assert_eq!(row["total_questions"], items(session).len());
            assert_eq!(row["empty_count"], row["total_questions"]);
            let bank: usize = session["questions"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|block| block["questions"].as_array().unwrap().len())
                .sum();
            assert_eq!(row["asked_count"].as_u64().unwrap_or(0), bank as u64);
            if row["is_latest"] == true {
                latest += 1;
                assert_eq!(number, 0);
            }
        }
        assert_eq!(latest, usize::from(!sessions.is_empty()));
    }
    assert!(served > 50, "{served}");
    assert_eq!(truth.len(), served);
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn the_truth_of_choices_is_what_is_marked() {
    let vendor = Vendor::start(surveys()).await;
    let mut served = BTreeSet::new();
    for (_, sessions) in all_sessions(&vendor).await {
        for session in &sessions {
            let reversed: BTreeMap<&str, bool> = session["questions"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|block| block["questions"].as_array().unwrap())
                .map(|question| {
                    (
                        question["id"].as_str().unwrap(),
                        question["isReverse"] == true,
                    )
                })
                .collect();
            for item in items(session) {
                if !text(item, "type").eq_ignore_ascii_case("choice-single") {
                    continue;
                }
                let scorm_id = text(item, "scormId");
                let question = scorm_id.split_once("_Q_").map_or(&*scorm_id, |(_, id)| id);
                let answers = item["answers"].as_array().unwrap();
                for (position, answer) in answers.iter().enumerate() {
                    if answer["isUserAnswer"] == true || answer["isUserAnswer"] == 1 {
                        let scored = reversed.get(question).map(|&is_reversed| {
                            if is_reversed { 4 - position } else { position }
                        });
                        served.insert(format!(
                            "{} {question} {position} {} {} {scored:?}",
                            session_id(session),
                            answer["option"],
                            item["studentOrLearnerResponse"],
                        ));
                    }
                }
            }
        }
    }
    let truth: BTreeSet<String> = vendor
        .truth("survey_answers")
        .await
        .iter()
        .filter(|row| row["question_type"] == "choice-single")
        .map(|row| {
            format!(
                "{} {} {} {} {} {:?}",
                text(row, "session_id"),
                text(row, "question_id"),
                row["position"],
                row["option_text"],
                row["response"],
                row["scored_position"]
                    .as_u64()
                    .map(|number| number as usize),
            )
        })
        .collect();
    assert!(truth.len() > 300, "{}", truth.len());
    assert_eq!(served, truth);
}

#[tokio::test]
async fn every_answer_has_its_question_and_every_key_is_there_once() {
    let vendor = Vendor::start(surveys()).await;
    let key = |row: &Value, names: &[&str]| {
        let values: Vec<String> = names.iter().map(|name| row[name].to_string()).collect();
        values.join(" ")
    };
    let question = ["company_id", "enrollment_id", "content_id", "question_id"];
    let mut keys = BTreeMap::new();
    for (table, names) in [
        ("survey_questions", &question[..]),
        (
            "survey_question_options",
            &[&question[..], &["position"]].concat(),
        ),
        (
            "survey_answers",
            &[
                "company_id",
                "enrollment_id",
                "target_user_id",
                "session_id",
                "question_id",
                "position",
            ],
        ),
    ] {
        let rows = vendor.truth(table).await;
        let distinct: BTreeSet<String> = rows.iter().map(|row| key(row, names)).collect();
        assert_eq!(distinct.len(), rows.len(), "{table}");
        assert!(!rows.is_empty(), "{table}");
        let questions: BTreeSet<String> = rows.iter().map(|row| key(row, &question)).collect();
        keys.insert(table, questions);
    }
    assert!(keys["survey_answers"].is_subset(&keys["survey_questions"]));
    assert!(keys["survey_question_options"].is_subset(&keys["survey_questions"]));
    for row in vendor.truth("survey_questions").await {
        let has_options = keys["survey_question_options"].contains(&key(&row, &question));
        assert_eq!(row["option_count"].is_u64(), has_options);
    }
}

#[tokio::test]
async fn answers_come_in_every_form() {
    let vendor = Vendor::start(options(WorldOptions {
        users: 120,
        ..surveys().world
    }))
    .await;
    let rows = vendor.truth("survey_answers").await;
    let types: BTreeSet<String> = rows.iter().map(|row| text(row, "question_type")).collect();
    assert_eq!(types.len(), 13, "{types:?}");
    let latencies: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row["latency"].as_str())
        .collect();
    for latency in ["00:00:04", "00:00:04.5", "00:01:15", "1 day 02:00:00"] {
        assert!(latencies.contains(latency), "{latency}");
    }
    let any = |is_odd: &dyn Fn(&Value) -> bool| rows.iter().any(is_odd);
    assert!(any(&|row| row["latency"].is_null()));
    assert!(any(&|row| row["option_text"].is_null()));
    assert!(any(
        &|row| row["scale_position"] == 4 && row["position"] == 2
    ));
    assert!(any(
        &|row| row["question_type"] == "likert" && row["scale_position"].is_null()
    ));
    assert!(any(&|row| row["content_id"] == ""));
    assert!(any(&|row| text(row, "question_id").starts_with("text:")));
    assert!(any(
        &|row| row["question_id"] == "Slide9_Extra" && row["scored_position"].is_null()
    ));
    for sign in ["=", ",", "\"", "\n", "🙏", "→", "<"] {
        assert!(
            any(&|row| row["option_text"]
                .as_str()
                .is_some_and(|text| text.contains(sign))),
            "{sign}"
        );
    }
    let sessions: Vec<Value> = all_sessions(&vendor)
        .await
        .into_iter()
        .flat_map(|(_, sessions)| sessions)
        .collect();
    let answers: Vec<&Value> = sessions.iter().flat_map(items).collect();
    assert!(answers.iter().any(|item| item["type"] == "CHOICE-SINGLE"));
    assert!(answers.iter().any(|item| item["source"] == "Other"));
    assert!(answers.iter().any(|item| item.get("source").is_none()));
    assert!(answers.iter().any(|item| item["answers"] == Value::Null));
    assert!(
        answers
            .iter()
            .any(|item| item["answers"][0]["isUserAnswer"] == 0)
    );
    for session in &sessions {
        for (place, item) in items(session).iter().enumerate() {
            assert_eq!(item["index"], place, "renumbered");
        }
    }
    let short = sessions.iter().any(|session| {
        let first = &session["questions"][0]["questions"][0]["id"];
        first.as_str().is_some_and(|first| {
            let has = |item: &Value| {
                item["scormId"]
                    .as_str()
                    .is_some_and(|id| id.ends_with(first))
            };
            !items(session).is_empty() && !items(session).iter().any(has)
        })
    });
    assert!(short, "some sessions lack their first answers");
    assert!(
        sessions
            .iter()
            .any(|session| session.get("questions").is_none())
    );
    assert!(
        sessions
            .iter()
            .any(|session| session["questions"] == json!([]))
    );
}

#[tokio::test]
async fn languages_share_the_ids_of_questions_but_not_their_text() {
    let vendor = Vendor::start(surveys()).await;
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in vendor.truth("survey_questions").await {
        let entry = texts.entry(text(&row, "question_id")).or_default();
        entry.insert(text(&row, "question_text"));
    }
    assert!(texts.values().any(|texts| texts.len() == 3));
    assert!(
        texts
            .values()
            .flatten()
            .any(|text| text.contains(['ğ', 'ş', 'ı']))
    );
}

#[tokio::test]
async fn a_foreign_survey_or_user_is_not_found_or_empty() {
    for foreign in [Foreign::NotFound, Foreign::Empty] {
        let mut options = surveys();
        options.variant.foreign = foreign;
        let vendor = Vendor::start(options).await;
        let (company, survey) = vendor.find(|row| row["is_survey"] == true).await;
        let users = vendor.truth("enrollment_users").await;
        let of_survey = |row: &&Value| row["enrollment_id"] == survey.as_str();
        let user = text(users.iter().find(of_survey).unwrap(), "target_user_id");
        let companies = vendor.companies().await;
        let other = companies.iter().find(|other| **other != company).unwrap();
        for (company, user, violations) in
            [(&company, "nobody", None), (other, user.as_str(), Some(1))]
        {
            let path = sessions_of(&survey, user);
            let answer = vendor.get(&path, Some(company)).await;
            if foreign == Foreign::NotFound {
                assert_eq!(answer.status(), 404);
            } else {
                assert_eq!(body(answer).await["data"], json!([]));
            }
            let counted = vendor.violations().await.get("foreign-enrollment").copied();
            assert_eq!(counted, violations);
        }
    }
}

#[tokio::test]
async fn sessions_go_wrong_as_asked() {
    let vendor = Vendor::start(small()).await;
    let sessions = vendor.truth("survey_sessions").await;
    let whole = sessions
        .iter()
        .find(|row| row["content_id"] != "" && row["started_at"].is_string())
        .unwrap();
    let path = sessions_of(
        &text(whole, "enrollment_id"),
        &text(whole, "target_user_id"),
    );
    let company = text(whole, "company_id");
    let plain = vendor.data(&path, Some(&company)).await;
    let next = |fault: &'static str| {
        let (vendor, path, company) = (&vendor, &path, &company);
        async move {
            vendor
                .add_faults(json!(format!("answers:{fault}:times=1,rows=9")))
                .await;
            vendor.data(path, Some(company)).await
        }
    };
    assert_eq!(next("results-null").await, Value::Null);
    assert_eq!(next("empty").await, json!([]));
    let count = plain.as_array().unwrap().len();
    assert_eq!(
        next("duplicate-row").await.as_array().unwrap().len(),
        2 * count
    );
    let nameless = next("row-without-id").await;
    assert!(nameless[0].get("scormSessionId").is_none());
    let numbered = next("number-as-text").await;
    assert!(
        numbered
            .as_array()
            .unwrap()
            .iter()
            .any(|session| session["enrollmentContentResourceId"] == 42)
    );
    let swapped = next("other-date-format").await;
    let date = text(&swapped[0], "enrollmentSessionCreatedAt");
    assert!(date[3..5].parse::<u32>().unwrap() > 12, "{date}");
    assert_eq!(vendor.data(&path, Some(&company)).await, plain);
    let requests = body(vendor.get("/simulator/requests", None).await).await;
    assert_eq!(requests["endpoints"]["answers"], 8);
}
