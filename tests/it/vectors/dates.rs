//! TV47: every form of a date, from the wire to a column; and who decides the order of day and month.

use chrono::{DateTime, SecondsFormat, Utc};
use keepnet_etl::extract::PullError;
use keepnet_etl::resource::Resource;
use keepnet_etl::sync::SyncError;
use keepnet_etl::verdict::Verdict;
use serde_json::{Value, json};

use super::{SURVEY, plain_enrollment, scope, sync_well};
use crate::support::TestApp;
use crate::support::vendor::{
    ALPHA, Vendor, companies, enrollments, failure, my_companies, ok, page, token, token_with,
    user_settings, users,
};

/// The strings of vector 47, in its order.
const STRINGS: [&str; 13] = [
    "17/05/2026 21:40:33",
    "17/05/2026 21:40",
    "05/17/2026 09:40 PM",
    "2026/05/17 21:40",
    "2026-05-17T21:40:33",
    "2026-05-17T21:40:33.123Z",
    "2026-05-17T21:40:33+03:00",
    "17.05.2026",
    "05/06/2026 10:00",
    "0001-01-01T00:00:00",
    "",
    "31/02/2026 10:00",
    "29/03/2026 03:30",
];

/// A report with a user per string, who has it as the date of the last interaction.
async fn report_with(dates: &[&str]) -> Vendor {
    let vendor = Vendor::start().await;
    let listed = page(&[plain_enrollment(SURVEY, "Survey")]);
    vendor.on(enrollments(), ok(listed)).await;
    let rows: Vec<Value> = dates
        .iter()
        .map(|date| json!({"targetUserResourceId": date_id(date), "lastInteractionDate": date}))
        .collect();
    vendor.on(users(SURVEY), ok(page(&rows))).await;
    vendor
}

fn date_id(date: &str) -> String {
    format!("with {date:?}")
}

/// What became of a string: an instant, nothing, kept as text, or (no row) in quarantine.
async fn outcome_of(app: &TestApp, date: &str) -> String {
    let row: Option<(Option<DateTime<Utc>>, Option<Value>)> = sqlx::query_as(
        "select last_interaction_at, extra from keepnet.enrollment_users where target_user_id = $1",
    )
    .bind(date_id(date))
    .fetch_optional(&app.pool)
    .await
    .expect("an answer");
    match row {
        Some((Some(instant), None)) => instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        Some((None, None)) => "nothing".to_owned(),
        Some((None, Some(extra))) => format!("kept {}", extra["lastInteractionDate"]),
        Some(row) => panic!("{date}: both read and kept: {row:?}"),
        None => {
            let reason: String = sqlx::query_scalar(
                "select json_path || ' ' || reason from sync.quarantine
                 where payload::jsonb ->> 'targetUserResourceId' = $1",
            )
            .bind(date_id(date))
            .fetch_one(&app.pool)
            .await
            .expect("an entry");
            format!("quarantined {reason}")
        }
    }
}

#[tokio::test]
async fn vector_47_under_day_first_each_string_is_read_or_kept_or_quarantined() {
    let vendor = report_with(&STRINGS).await;
    let settings = [
        ("api.date_format", "dmy"),
        ("api.time_zone", "Europe/Helsinki"),
    ];
    let app = TestApp::new(&vendor.url(), &settings).await;
    sync_well(&app).await;
    // In May Helsinki is three hours ahead of UTC; on 29 March it has no 3:30.
    for (date, expected) in STRINGS.into_iter().zip([
        "2026-05-17T18:40:33Z",
        "2026-05-17T18:40:00Z",
        "quarantined $.lastInteractionDate the date has day and month the other way round than the account's date format",
        "2026-05-17T18:40:00Z",
        "2026-05-17T18:40:33Z",
        "2026-05-17T21:40:33.123Z",
        "2026-05-17T18:40:33Z",
        "2026-05-16T21:00:00Z",
        "2026-06-05T07:00:00Z",
        "nothing",
        "nothing",
        "kept \"31/02/2026 10:00\"",
        "kept \"29/03/2026 03:30\"",
    ]) {
        assert_eq!(outcome_of(&app, date).await, expected, "{date}");
    }
}

#[tokio::test]
async fn vector_47_under_month_first_the_same_strings_are_other_days() {
    // The strings that begin with a day above 12 contradict this account: one of them is let pass.
    let strings = [
        "17/05/2026 21:40",
        "05/17/2026 09:40 PM",
        "2026/05/17 21:40",
        "05/06/2026 10:00",
        "31/02/2026 10:00",
    ];
    let vendor = report_with(&strings).await;
    let app = TestApp::new(&vendor.url(), &[("api.date_format", "mdy")]).await;
    sync_well(&app).await;
    for (date, expected) in strings.into_iter().zip([
        "quarantined $.lastInteractionDate the date has day and month the other way round than the account's date format",
        "2026-05-17T21:40:00Z",
        "2026-05-17T21:40:00Z",
        "2026-05-06T10:00:00Z",
        "kept \"31/02/2026 10:00\"",
    ]) {
        assert_eq!(outcome_of(&app, date).await, expected, "{date}");
    }
}

#[tokio::test]
async fn a_second_contradicting_date_stops_the_company_before_its_page_is_loaded() {
    let vendor = report_with(&["05/17/2026 21:40", "05/06/2026 21:40", "05/18/2026 21:40"]).await;
    let app = TestApp::new(&vendor.url(), &[("api.date_format", "dmy")]).await;
    let report = app.sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    let failed = scope(&report, ALPHA, Resource::Users);
    assert_eq!(failed.verdict, Verdict::Failed);
    assert_eq!(
        failed.error.as_deref(),
        Some(
            "could not read the dates: they contradict the account's date format (seen at $.lastInteractionDate)"
        )
    );
    assert!(
        failed
            .remedy
            .as_deref()
            .unwrap()
            .contains("api.date_format")
    );
    let loaded: i64 = sqlx::query_scalar("select count(*) from keepnet.enrollment_users")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(loaded, 0);
}

/// A vendor whose companies were created at these dates.
async fn created_at(dates: &[&str]) -> Vendor {
    let vendor = Vendor::start().await;
    let rows: Vec<Value> = dates
        .iter()
        .enumerate()
        .map(|(index, date)| {
            json!({"companyResourceId": format!("CoMp0000000{index}"), "createTime": date})
        })
        .collect();
    vendor.on(companies(), ok(page(&rows))).await;
    // The tree of vector 10 has a date, too.
    vendor.on(my_companies(), ok(r#"{"data":[]}"#)).await;
    vendor
}

/// How the account's dates are read, and by what it was decided.
async fn recorded(app: &TestApp) -> (Option<String>, Option<String>) {
    sqlx::query_as("select date_format, date_format_evidence from sync.accounts")
        .fetch_one(&app.pool)
        .await
        .expect("the account")
}

#[tokio::test]
async fn the_format_is_decided_by_setting_then_claim_then_account_settings_then_evidence() {
    let claim = json!({"user_dateformat": "YYYY/MM/DD"});
    let own = r#"{"data":{"timeZoneId":"x","timeZoneName":"x","dateFormat":"MM/DD/YYYY","timeFormat":"12h"}}"#;
    let no_claim = json!({"role": "Reseller"});
    for (setting, claims, own_settings, format, evidence) in [
        ("dmy", &claim, ok(own), "dmy", "setting api.date_format"),
        (
            "auto",
            &claim,
            ok(own),
            "ymd",
            "claim user_dateformat of the access token",
        ),
        (
            "auto",
            &no_claim,
            ok(own),
            "mdy",
            "the account's own settings (system-users/settings)",
        ),
        (
            "auto",
            &no_claim,
            failure(403, ""),
            "dmy",
            "1 dates in the listings that can be read no other way",
        ),
    ] {
        // Under the wrong format this date is a contradiction, which one company may show once.
        let vendor = created_at(&["05/06/2026 10:00", "13/06/2026 10:00"]).await;
        vendor.on(token(), token_with(claims)).await;
        vendor.on(user_settings(), own_settings).await;
        let app = TestApp::new(&vendor.url(), &[("api.date_format", setting)]).await;
        let outcome = app.sync().await;
        let expected = (Some(format.to_owned()), Some(evidence.to_owned()));
        assert_eq!(recorded(&app).await, expected, "{evidence}: {outcome:?}");
    }
}

#[tokio::test]
async fn evidence_comes_from_enrollments_when_companies_prove_nothing() {
    let vendor = created_at(&["05/06/2026 10:00", "2026-06-13T10:00:00"]).await;
    let row = json!({"enrollmentId": SURVEY, "createTime": "06/13/2026 10:00"});
    vendor.on(enrollments(), ok(page(&[row]))).await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    sync_well(&app).await;
    assert_eq!(recorded(&app).await.0.as_deref(), Some("mdy"));
    let created: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "select created_at from keepnet.companies where created_at is not null order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(created[0].to_rfc3339(), "2026-05-06T10:00:00+00:00");
}

#[tokio::test]
async fn a_decision_by_evidence_holds_for_later_runs_that_show_none() {
    let proof = created_at(&["13/06/2026"]).await;
    let app = TestApp::new(&proof.url(), &[]).await;
    sync_well(&app).await;
    let no_proof = created_at(&["05/06/2026"]).await;
    let later = TestApp::with_pool(app.pool.clone(), &no_proof.url(), &[]);
    sync_well(&later).await;
    let created: DateTime<Utc> = sqlx::query_scalar("select created_at from keepnet.companies")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(created.to_rfc3339(), "2026-06-05T00:00:00+00:00");
    let choices: Value = sqlx::query_scalar("select date_choices from sync.accounts")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(choices.as_array().map(Vec::len), Some(1), "{choices}");
    assert_eq!(choices[0]["date_format"], "dmy");
}

#[tokio::test]
async fn an_undecided_format_stops_the_run_and_asks() {
    let vendor = created_at(&["05/06/2026 10:00", "07/08/2026 10:00"]).await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    let failed = app.sync().await.unwrap_err();
    assert!(
        matches!(failed, SyncError::Companies(PullError::DateUndecided)),
        "{failed}"
    );
    assert_eq!(failed.exit_code(), 2);
    assert!(failed.remedy().contains("set api.date_format"));
    let stored: i64 =
        sqlx::query_scalar("select count(*) from keepnet.companies where created_at is not null")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(stored, 0);
    assert_eq!(recorded(&app).await, (None, None));
}

#[tokio::test]
async fn an_undecided_format_does_no_harm_while_every_date_begins_with_its_year() {
    let vendor = created_at(&["2026/06/05 10:00", "2026-06-05T10:00:00"]).await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    sync_well(&app).await;
    assert_eq!(recorded(&app).await, (None, None));
}

#[tokio::test]
async fn dates_that_prove_both_orders_stop_the_run_and_ask() {
    let vendor = created_at(&["13/06/2026", "06/13/2026", "06/14/2026"]).await;
    let app = TestApp::new(&vendor.url(), &[]).await;
    let failed = app.sync().await.unwrap_err();
    assert!(matches!(failed, SyncError::DatesDisagree(1, 2)), "{failed}");
    assert_eq!(failed.exit_code(), 2);
}
