//! What goes wrong with one user among others: the others land, the scope is not whole, and the next run mends it.

use keepnet_etl::resource::Resource;
use keepnet_etl::sync::{self, RunReport, Silent, SyncRequest};
use keepnet_etl::verdict::Verdict::{self, Complete, Failed, Forbidden};
use keepnet_etl::warehouse::runs::RunScope;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use wiremock::{Request, ResponseTemplate};

use crate::support::TestApp;
use crate::support::survey::{SURVEY, answer, completed_by, data, session, user};
use crate::support::table::told;
use crate::support::vendor::{
    ALPHA, BETA, Turn, Vendor, companies, enrollments, failure, interactions, ok, page, sessions,
    users, vector,
};

const USERS: [&str; 3] = ["u1", "u2", "u3"];

const SESSIONS: &str = "select target_user_id from keepnet.survey_sessions order by 1";
const EVENTS: &str = "select distinct target_user_id from keepnet.interactions order by 1";
const CURSORS: &str = "select resource from sync.cursors
    where resource in ('answers', 'interactions') and last_complete_at is not null order by 1";
/// Where each walk stands that is not complete.
const STANDING: &str = "select format('%s %s', resource, state #>> '{unfinished,user,target_user_id}')
    from sync.cursors where resource in ('answers', 'interactions') and last_complete_at is null order by 1";
const PENDING: &str =
    "select format('%s %s', resource, target_user_id) from sync.pending_users order by 1";

/// A vendor whose three users have one session and some events each; the second one's are `bad` in the first turn.
async fn second_user_is(bad: &ResponseTemplate) -> (Vendor, Turn) {
    let vendor = completed_by(&USERS).await;
    let turn = Turn::default();
    for id in USERS {
        let body = data(&[session("s1", &[answer("q", "fill-in", &["x"])], &[])]);
        let (answers, events) = (ok(body), ok(vector(23)));
        if id == "u2" {
            let answers = turn.answers(vec![bad.clone(), answers]);
            vendor.on(sessions(SURVEY, id), answers).await;
            let events = turn.answers(vec![bad.clone(), events]);
            vendor.on(interactions(SURVEY, id), events).await;
        } else {
            vendor.on(sessions(SURVEY, id), answers).await;
            vendor.on(interactions(SURVEY, id), events).await;
        }
    }
    (vendor, turn)
}

async fn program(vendor: &Vendor) -> TestApp {
    let settings = [("api.date_format", "dmy"), ("api.max_concurrency", "1")];
    TestApp::new(&vendor.url(), &settings).await
}

fn scope(report: &RunReport, resource: Resource) -> &RunScope {
    let found = report.scopes().find(|scope| scope.resource == resource);
    found.expect("the scope is in the report")
}

#[tokio::test]
async fn one_user_who_fails_leaves_the_others_and_is_mended_by_the_next_run() {
    let cases: [(ResponseTemplate, Verdict, &str); 9] = [
        (failure(500, ""), Failed, "the service failed (HTTP 500)"),
        (
            failure(404, ""),
            Failed,
            "the service does not know it (HTTP 404)",
        ),
        (
            failure(400, r#"{"message":"Invalid request"}"#),
            Failed,
            "Invalid request",
        ),
        // What only one user is refused is no matter of the company's access.
        (failure(403, ""), Failed, "(HTTP 403)"),
        (
            ok("<html>Sign in</html>"),
            Failed,
            "the answer (HTTP 200) is a web page, not JSON",
        ),
        (
            ok(r#"{"data":[{"interaction""#),
            Failed,
            "the answer is JSON that is cut off or damaged",
        ),
        (ok(r#"{"data":{"results":[]}}"#), Failed, "$.data"),
        (
            ok(r#"{"status":"FAILED","message":"Something failed"}"#),
            Failed,
            "Something failed",
        ),
        (ok(""), Failed, "the answer (HTTP 200) is empty"),
    ];
    for (bad, verdict, reason) in cases {
        let (vendor, turn) = second_user_is(&bad).await;
        let app = program(&vendor).await;
        let report = app.sync().await.unwrap();
        assert_eq!(report.outcome, "partial", "{reason}");
        for (resource, word) in [
            (Resource::Answers, "answers"),
            (Resource::Interactions, "interactions"),
        ] {
            let scope = scope(&report, resource);
            let error = scope.error.as_deref().unwrap();
            assert_eq!(scope.verdict, verdict, "{error}");
            let start = format!(
                "1 of 3 users could not be read: could not fetch the {word} of a user of enrollment {SURVEY}: "
            );
            assert!(error.starts_with(&start), "{error}");
            assert!(error.contains(reason), "{error}");
            assert!(!scope.remedy.as_deref().unwrap().is_empty(), "{error}");
        }
        assert_eq!(told(&app.pool, SESSIONS).await, ["u1", "u3"], "{reason}");
        assert_eq!(told(&app.pool, EVENTS).await, ["u1", "u3"], "{reason}");
        assert_eq!(told(&app.pool, CURSORS).await, [""; 0], "{reason}");
        // What is left of the walk is the one who failed.
        let standing = told(&app.pool, STANDING).await;
        assert_eq!(standing, ["answers u3", "interactions u3"], "{reason}");
        let pending = told(&app.pool, PENDING).await;
        assert_eq!(pending, ["answers u2", "interactions u2"], "{reason}");
        let safe = "select (safe_as_of is null)::text from sync.company_state";
        assert_eq!(told(&app.pool, safe).await, ["true"], "{reason}");

        turn.next();
        assert_eq!(app.sync().await.unwrap().outcome, "ok", "{reason}");
        assert_eq!(told(&app.pool, SESSIONS).await, USERS, "{reason}");
        assert_eq!(told(&app.pool, EVENTS).await, USERS, "{reason}");
        assert_eq!(told(&app.pool, CURSORS).await, ["answers", "interactions"]);
        assert_eq!(told(&app.pool, PENDING).await, [""; 0], "{reason}");
        for id in ["u1", "u3"] {
            assert_eq!(
                vendor.count(&sessions(SURVEY, id)).await,
                1,
                "{id} {reason}"
            );
            let events = vendor.count(&interactions(SURVEY, id)).await;
            assert_eq!(events, 1, "{id} {reason}");
        }
    }
}

#[tokio::test]
async fn access_that_is_withdrawn_in_between_ends_the_company_and_keeps_what_was_read() {
    let bad = failure(403, r#"{"status":"PRIVACY_ERROR"}"#);
    let (vendor, turn) = second_user_is(&bad).await;
    let app = program(&vendor).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    assert_eq!(report.companies[0].verdict, Forbidden);
    assert_eq!(scope(&report, Resource::Answers).verdict, Forbidden);
    assert_eq!(told(&app.pool, SESSIONS).await, ["u1"]);
    assert_eq!(told(&app.pool, CURSORS).await, [""; 0]);
    assert_eq!(told(&app.pool, STANDING).await, ["answers u1"]);
    assert_eq!(vendor.count(&sessions(SURVEY, "u3")).await, 0);
    assert_eq!(vendor.count(&interactions(SURVEY, "u1")).await, 0);
    turn.next();
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    assert_eq!(told(&app.pool, SESSIONS).await, USERS);
    assert_eq!(told(&app.pool, CURSORS).await, ["answers", "interactions"]);
    let first = vendor.count(&sessions(SURVEY, "u1")).await;
    assert_eq!(first, 1, "it goes on behind the last who was read");
}

#[tokio::test]
async fn of_several_users_who_fail_the_worst_is_told() {
    let vendor = completed_by(&USERS).await;
    vendor.on(sessions(SURVEY, "u1"), failure(403, "")).await;
    vendor.on(sessions(SURVEY, "u2"), failure(404, "")).await;
    let app = program(&vendor).await;
    // The next run asks only those who failed.
    for asked in [3, 2] {
        let report = app.sync().await.unwrap();
        // A refusal that is no news must not hide a failure.
        assert_eq!(report.outcome, "partial");
        let answers = scope(&report, Resource::Answers);
        assert_eq!(answers.verdict, Failed);
        let error = answers.error.as_deref().unwrap();
        assert!(
            error.starts_with(&format!("2 of {asked} users could not be read: ")),
            "{error}"
        );
        assert!(error.ends_with("(HTTP 404)"), "{error}");
    }
}

#[tokio::test]
async fn an_item_that_cannot_be_understood_is_kept_aside_while_its_neighbours_land() {
    let good = session("s1", &[], &[]);
    let mut nameless = good.clone();
    nameless["enrollmentSessionId"] = json!("  ");
    let mut hollow = session("s2", &[], &[]);
    hollow["interactionsHumanReadable"] = json!([{"source": "Qex", "answers": []}]);
    let items = [nameless, json!(7), json!(["s3"]), json!(null), hollow, good];
    let vendor = completed_by(&USERS).await;
    vendor.on(sessions(SURVEY, "u2"), ok(data(&items))).await;
    let app = program(&vendor).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "quarantined items are no failure");
    let answers = scope(&report, Resource::Answers);
    assert_eq!((answers.verdict, answers.rows.inserted), (Complete, 1));
    let stored = "select format('%s %s', session_id, is_latest) from keepnet.survey_sessions";
    assert_eq!(told(&app.pool, stored).await, ["s1 t"]);
    let aside = "select format('%s %s %s', resource, json_path, reason) from sync.quarantine order by 1, payload";
    let expected = [
        "answers $ expected an object, found a list",
        "answers $ expected an object, found a number",
        "answers $ expected an object, found null",
        "answers $.enrollmentSessionId the id is missing",
        "answers $.interactionsHumanReadable[0].scormId the id is missing",
    ];
    assert_eq!(told(&app.pool, aside).await, expected);
    let scopes = told(&app.pool, "select distinct scope from sync.quarantine").await;
    assert_eq!(scopes, [SURVEY]);
    assert_eq!(told(&app.pool, CURSORS).await, ["answers", "interactions"]);
}

#[tokio::test]
async fn what_was_stored_stays_when_a_user_fails_later() {
    let vendor = completed_by(&USERS).await;
    let turn = Turn::default();
    let body = data(&[session("s1", &[answer("q", "fill-in", &["x"])], &[])]);
    let answers = turn.answers(vec![ok(body), failure(404, "")]);
    vendor.on(sessions(SURVEY, "u2"), answers).await;
    let events = turn.answers(vec![ok(vector(23)), failure(500, "")]);
    vendor.on(interactions(SURVEY, "u2"), events).await;
    let app = program(&vendor).await;
    app.sync().await.unwrap();
    let safe = "select safe_as_of::text from sync.company_state";
    let before = told(&app.pool, safe).await;
    turn.next();
    let report = app.full_sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let rows = report.totals.rows;
    assert_eq!((rows.inserted, rows.updated, rows.deleted), (0, 0, 0));
    assert_eq!(told(&app.pool, safe).await, before);
}

#[tokio::test]
async fn a_stop_in_between_keeps_what_was_committed_and_asks_nobody_else() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let vendor = Vendor::start().await;
    let both = [ALPHA, BETA].map(|id| json!({"companyResourceId": id}));
    vendor.first(99, companies(), ok(page(&both))).await;
    let survey = json!({"enrollmentId": SURVEY, "type": "Survey"});
    vendor.first(99, enrollments(), ok(page(&[survey]))).await;
    let report = page(&USERS.map(|id| user(id, "Completed")));
    vendor.on(users(SURVEY), ok(report)).await;
    let body = || ok(data(&[session("s1", &[], &[])]));
    for id in ["u1", "u3"] {
        vendor.on(sessions(SURVEY, id), body()).await;
    }
    let stopping = move |_: &Request| {
        STOP.store(true, Ordering::Relaxed);
        body()
    };
    vendor.on(sessions(SURVEY, "u2"), stopping).await;
    let app = program(&vendor).await;
    let report = sync::run(
        &app.settings,
        &app.pool,
        &app.client(),
        &(app.clock.clone() as keepnet_etl::clock::SharedClock),
        &SyncRequest::default(),
        &Silent,
        &STOP,
    )
    .await
    .unwrap();
    assert_eq!(report.outcome, "stopped");
    // Companies are asked side by side: the stop may find one of them or both under way.
    let stored = told(
        &app.pool,
        "select string_agg(target_user_id, ' ' order by target_user_id)
         from keepnet.survey_sessions group by company_id order by 1 desc",
    )
    .await;
    assert_eq!(stored[0], "u1 u2");
    let is_begun = |users: &String| ["u1", "u1 u2"].contains(&users.as_str());
    assert!(stored.iter().all(is_begun), "{stored:?}");
    assert_eq!(told(&app.pool, CURSORS).await, [""; 0]);
    assert_eq!(vendor.count(&sessions(SURVEY, "u3")).await, 0);
    let safe = "select (safe_as_of is null)::text from sync.company_state";
    assert_eq!(told(&app.pool, safe).await, ["true", "true"]);

    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "ok", "{report:#?}");
    let whole = ["u1", "u1", "u2", "u2", "u3", "u3"];
    assert_eq!(told(&app.pool, SESSIONS).await, whole);
    for id in USERS {
        let asked = vendor.count(&sessions(SURVEY, id)).await;
        assert_eq!(asked, 2, "{id} is asked once of each company");
    }
}
