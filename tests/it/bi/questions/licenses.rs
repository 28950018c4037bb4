//! Licences, access, and who was not sent anything.

use chrono::TimeDelta;
use keepnet_etl::warehouse::transaction::Transaction;
use serde_json::{Value, json};

use super::world::{
    self, Row, Truth, assert_rows, day_of, instant, is, now, synced, text, view, view_where,
};

fn named(truth: &Truth, row: &Row, columns: Value) -> Value {
    let company = text(row, "company_id");
    let mut named = json!({"company_id": company, "company_name": truth.company_name(company)});
    let Value::Object(columns) = columns else {
        panic!("not columns: {columns}")
    };
    named.as_object_mut().unwrap().extend(columns);
    named
}

#[tokio::test]
async fn licences_end_on_the_day_of_the_accounts_calendar() {
    let (truth, pool) = synced().await;
    let expected: Vec<Value> = truth
        .companies()
        .filter_map(|row| Some((row, instant(row, "license_ends_at")?)))
        .map(|(row, ends_at)| {
            let ends_on = day_of(ends_at);
            named(
                truth,
                row,
                json!({
                    "parent_company_name": truth.company_name(text(row, "parent_company_id")),
                    "license_ends_on": ends_on.to_string(),
                    "days_left": (ends_on - day_of(now())).num_days(),
                    "is_license_expired": row["is_licence_expired"],
                    "licensed_user_count": row["number_of_users"],
                }),
            )
        })
        .collect();
    assert_rows(
        "licenses_ending",
        &view(&pool, "licenses_ending").await,
        &expected,
    );
}

#[tokio::test]
async fn access_ends_where_the_grant_does() {
    let (truth, pool) = synced().await;
    let expected: Vec<Value> = truth
        .rows("companies")
        .iter()
        .filter_map(|row| Some((row, instant(row, "access_ends_at")?)))
        .map(|(row, ends_at)| {
            let days_left = (day_of(ends_at) - day_of(now())).num_days();
            named(
                truth,
                row,
                json!({"access_state": "granted", "days_left": days_left}),
            )
        })
        .collect();
    assert_rows(
        "access_ending",
        &view(&pool, "access_ending").await,
        &expected,
    );
}

#[tokio::test]
async fn customers_are_without_training_when_none_was_sent_for_ninety_days() {
    let (truth, pool) = synced().await;
    let mut expected = Vec::new();
    for company in truth
        .companies()
        .filter(|row| text(row, "kind") == "customer")
    {
        let sent = truth.counted_enrollments().filter_map(|row| {
            let is_sent = row["company_id"] == company["company_id"]
                && !is(row, "is_survey")
                && !["Scheduled", "Error"].contains(&text(row, "status"));
            let at = instant(row, "starts_at").or_else(|| instant(row, "created_at"))?;
            (is_sent && at <= now()).then_some(at)
        });
        let last = sent.max();
        let days = last.map(|at| (day_of(now()) - day_of(at)).num_days());
        if days.is_none_or(|days| days >= 90) {
            expected.push(named(truth, company, json!({"days_without": days})));
        }
    }
    let found = view(&pool, "customers_without_training").await;
    assert_rows("customers_without_training", &found, &expected);
}

#[tokio::test]
async fn a_company_is_fresh_until_it_is_older_than_the_setting_allows() {
    let (truth, pool) = synced().await;
    let expected: Vec<Value> = truth
        .companies()
        .map(|row| {
            let columns = json!({
                "safe_as_of": now(), "age_hours": 0, "is_fresh": true, "verdict": "complete",
                "is_being_read": false, "unfinished_scopes": 0,
            });
            named(truth, row, columns)
        })
        .collect();
    assert_rows(
        "data_freshness",
        &view(&pool, "data_freshness").await,
        &expected,
    );

    // Views follow the setting, not the session.
    let mut tx = Transaction::begin(&pool).await.unwrap();
    for (hours, fresh) in [(24, true), (25, false)] {
        sqlx::query("update sync.view_settings set present_at = $1")
            .bind(now() + TimeDelta::hours(hours))
            .execute(&mut *tx)
            .await
            .unwrap();
        let all: Vec<bool> = sqlx::query_scalar("select distinct is_fresh from bi.data_freshness")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        assert_eq!(all, [fresh], "after {hours} hours");
    }
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn without_a_present_of_its_own_a_warehouse_takes_that_of_the_clock() {
    let (_, pool) = synced().await;
    let mut tx = Transaction::begin(&pool).await.unwrap();
    sqlx::query("update sync.view_settings set present_at = null")
        .execute(&mut *tx)
        .await
        .unwrap();
    let is_now: bool = sqlx::query_scalar(
        "select present_at = now() and today = (now() at time zone 'Europe/Istanbul')::date from bi.present",
    )
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    assert!(is_now);
    tx.rollback().await.unwrap();
    assert_eq!(view_where(&pool, "present", "true").await.len(), 1);
    assert_eq!(
        text(&view(&pool, "present").await[0], "time_zone"),
        world::ZONE.name()
    );
}
