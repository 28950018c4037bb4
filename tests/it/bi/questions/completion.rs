//! Companies and enrollments in numbers, without counting anybody twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::world::{
    Assignment, Row, assert_rows, day_of, department, instant, is, now, number, status_group,
    synced, text, view,
};

/// People who completed on a day, and those of them whose day is an estimate.
type Curve = BTreeMap<NaiveDate, (usize, usize)>;

fn rate(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn count<'a>(all: &[Assignment<'a>], is_meant: impl Fn(&Assignment<'a>) -> bool) -> usize {
    all.iter().filter(|one| is_meant(one)).count()
}

/// The day on which an enrollment was sent, and whether it was.
fn sent_on(row: &Row) -> Option<NaiveDate> {
    let is_sent = !["Scheduled", "Error"].contains(&text(row, "status"));
    let at = instant(row, "starts_at").or_else(|| instant(row, "created_at"))?;
    (is_sent && day_of(at) <= day_of(now())).then(|| day_of(at))
}

#[tokio::test]
async fn a_company_is_told_with_what_was_sent_finished_and_is_overdue() {
    let (truth, pool) = synced().await;
    let all = truth.assignments();
    let expected: Vec<Value> = truth
        .rows("companies")
        .iter()
        .map(|company| {
            let id = text(company, "company_id");
            let of: Vec<_> = all
                .iter()
                .copied()
                .filter(|one| one.company() == id && one.is_targeted())
                .collect();
            let counted = || {
                truth
                    .counted_enrollments()
                    .filter(|row| text(row, "company_id") == id)
            };
            let completed = count(&of, Assignment::is_completed);
            let surveys = |one: &Assignment<'_>| is(one.enrollment, "is_survey");
            let started = ["in progress", "completed", "failed"];
            let tests = truth.rows("enrollments").iter().filter(|row| {
                text(row, "company_id") == id && is(row, "is_test") && !is(row, "is_step")
            });
            json!({
                "company_id": id, "company_name": company["name"], "kind": company["kind"],
                "target_user_count": company["target_user_count"],
                "license_usage": number(company, "target_user_count")
                    .zip(number(company, "number_of_users"))
                    .map(|(users, bought)| users / bought),
                "enrollment_count": counted().count(),
                "assigned_count": of.len(), "completed_count": completed,
                "completion_rate": rate(completed, of.len()),
                "overdue_count": count(&of, |one| one.is_past_due() && !one.is_completed()),
                "survey_count": counted().filter(|row| is(row, "is_survey")).count(),
                "survey_participation_rate": rate(
                    count(&of, |one| surveys(one) && started.contains(&one.group())),
                    count(&of, surveys),
                ),
                "test_enrollment_count": tests.count(), "unknown_test_count": 0,
                "last_sent_on": counted().filter_map(sent_on).max().map(|day| day.to_string()),
            })
        })
        .collect();
    let found = view(&pool, "company_overview").await;
    assert_rows("company_overview", &found, &expected);
    // Nobody is enrolled at the reseller: no rate, and no division by zero.
    assert!(
        found
            .iter()
            .any(|row| row["assigned_count"] == 0 && row["completion_rate"].is_null())
    );
}

#[tokio::test]
async fn each_stage_of_a_funnel_holds_those_that_came_further() {
    let (truth, pool) = synced().await;
    let all = truth.assignments();
    let expected: Vec<Value> = truth
        .counted_enrollments()
        .map(|row| {
            let key = (&row["company_id"], &row["enrollment_id"]);
            let of: Vec<_> = all
                .iter()
                .copied()
                .filter(|one| (&one.user["company_id"], &one.user["enrollment_id"]) == key)
                .filter(Assignment::is_targeted)
                .collect();
            let within = |groups: &[&str]| count(&of, |one| groups.contains(&one.group()));
            let completed = within(&["completed"]);
            json!({
                "company_id": key.0, "enrollment_id": key.1, "enrollment_name": row["name"],
                "assigned_count": of.len(),
                "delivered_count": of.len() - within(&["queued", "not delivered"]),
                "opened_count": within(&["opened", "clicked", "in progress", "completed", "failed"]),
                "started_count": within(&["in progress", "completed", "failed"]),
                "completed_count": completed,
                "overdue_count": count(&of, |one| one.is_past_due() && !one.is_completed()),
                "completion_rate": rate(completed, of.len()),
            })
        })
        .collect();
    assert_rows(
        "enrollment_funnel",
        &view(&pool, "enrollment_funnel").await,
        &expected,
    );
}

#[tokio::test]
async fn tests_that_still_run_are_listed_and_counted_nowhere_else() {
    let (truth, pool) = synced().await;
    let is_test = |row: &&Row| is(row, "is_test") && !is(row, "is_step");
    let tests: Vec<&Row> = truth.rows("enrollments").iter().filter(is_test).collect();
    let running = ["Auto-Enroll", "Sending", "SCORM Proxy", "Scheduled"];
    let expected: Vec<Value> = tests
        .iter()
        .filter(|row| running.contains(&text(row, "status")) && !is(row, "is_archived"))
        .map(|row| {
            let created_on = day_of(instant(row, "created_at").unwrap());
            json!({
                "company_id": row["company_id"], "enrollment_id": row["enrollment_id"],
                "status": row["status"],
                "days_running": (day_of(now()) - created_on).num_days(),
            })
        })
        .collect();
    assert_rows(
        "test_enrollments_running",
        &view(&pool, "test_enrollments_running").await,
        &expected,
    );
    for name in [
        "enrollment_funnel",
        "not_finished",
        "training_history",
        "completion_by_day",
    ] {
        for row in view(&pool, name).await {
            let is_same = |test: &&Row| test["enrollment_id"] == row["enrollment_id"];
            assert!(!tests.iter().any(is_same), "{name} counts a test");
        }
    }
    let quality = view(&pool, "data_quality").await;
    let counted = quality
        .iter()
        .filter(|row| text(row, "check_name") == "test enrollments");
    let counted: f64 = counted.map(|row| number(row, "found_count").unwrap()).sum();
    assert_eq!(counted as usize, tests.len());
}

#[tokio::test]
async fn the_league_places_departments_by_what_they_completed_this_year() {
    let (truth, pool) = synced().await;
    let mut departments: BTreeMap<(&str, &str), Vec<Assignment<'_>>> = BTreeMap::new();
    let all = truth.assignments();
    for one in &all {
        let created_on = day_of(instant(one.enrollment, "created_at").unwrap());
        if (day_of(now()) - created_on).num_days() < 365 {
            let key = (one.company(), department(one.user));
            departments.entry(key).or_default().push(*one);
        }
    }
    let share = |of: &[Assignment<'_>]| {
        rate(
            count(of, Assignment::is_completed),
            count(of, Assignment::is_targeted),
        )
    };
    let expected: Vec<Value> = departments
        .iter()
        .map(|((company, name), of)| {
            let better = departments.iter().filter(|((other, _), others)| {
                other == company && share(others).unwrap_or(-1.0) > share(of).unwrap_or(-1.0)
            });
            let enrollments: BTreeSet<_> = of.iter().map(Assignment::enrollment_id).collect();
            json!({
                "company_id": company, "department": name, "enrollment_count": enrollments.len(),
                "assigned_count": count(of, Assignment::is_targeted),
                "completed_count": count(of, Assignment::is_completed),
                "completion_rate": share(of), "place": 1 + better.count(),
            })
        })
        .collect();
    assert_rows(
        "department_league",
        &view(&pool, "department_league").await,
        &expected,
    );
}

#[tokio::test]
async fn the_completion_curve_ends_at_all_who_completed() {
    let (truth, pool) = synced().await;
    let mut days: BTreeMap<_, Curve> = BTreeMap::new();
    let all = truth.assignments();
    let sessions = truth.session_ends();
    for one in all.iter().filter(|one| one.is_completed()) {
        let user = text(one.user, "target_user_id");
        let dated = instant(one.user, "first_completed_at")
            .map(day_of)
            .or_else(|| {
                let session = sessions.get(&(
                    one.company(),
                    text(one.user, "reported_enrollment_id"),
                    user,
                ));
                session.map(|end| day_of(*end))
            });
        let day = days
            .entry((one.company(), one.enrollment_id()))
            .or_default()
            .entry(dated.unwrap_or(day_of(now())))
            .or_default();
        day.0 += 1;
        day.1 += usize::from(dated.is_none());
    }
    let mut expected = Vec::new();
    for ((company, enrollment), curve) in &days {
        let of = |one: &Assignment<'_>| {
            one.company() == *company && one.enrollment_id() == *enrollment && one.is_targeted()
        };
        let assigned = count(&all, of);
        let mut so_far = 0;
        for (day, (completed, estimated)) in curve {
            so_far += completed;
            expected.push(json!({
                "company_id": company, "enrollment_id": enrollment,
                "completed_on": day.to_string(), "completed_count": completed,
                "estimated_count": estimated, "completed_so_far": so_far,
                "completion_rate_so_far": rate(so_far, assigned),
                "is_before_installation": *day < day_of(now()),
            }));
        }
    }
    assert_rows(
        "completion_by_day",
        &view(&pool, "completion_by_day").await,
        &expected,
    );
}

#[tokio::test]
async fn people_wait_at_the_first_step_that_they_have_not_finished() {
    let (truth, pool) = synced().await;
    let steps: BTreeMap<(&str, &str), &Row> = truth
        .rows("enrollments")
        .iter()
        .filter(|row| is(row, "is_step") && !is(row, "is_test"))
        .map(|row| ((text(row, "company_id"), text(row, "enrollment_id")), row))
        .collect();
    // Of each path and person: step → status.
    let mut people: BTreeMap<(&str, &str, &str), BTreeMap<i64, &'static str>> = BTreeMap::new();
    for user in truth.rows("enrollment_users") {
        let company = text(user, "company_id");
        if let Some(step) = steps.get(&(company, text(user, "enrollment_id"))) {
            let path = text(step, "parent_enrollment_id");
            let person = people
                .entry((company, path, text(user, "target_user_id")))
                .or_default();
            let number = step["step_number"].as_i64().unwrap();
            person.insert(number, status_group(text(user, "status")));
        }
    }
    let mut counts: BTreeMap<(&str, &str, i64), [usize; 4]> = BTreeMap::new();
    let is_targeted = |group: &str| !["cancelled", "excluded"].contains(&group);
    let is_started = |group: &str| ["in progress", "completed", "failed"].contains(&group);
    for ((company, path, _), person) in &people {
        let has_begun = person.values().any(|group| is_started(group));
        let open = |(_, group): &(&i64, &&str)| is_targeted(group) && **group != "completed";
        let first_open = person.iter().find(open).map(|(number, _)| *number);
        for (number, group) in person {
            let step = counts.entry((company, path, *number)).or_default();
            step[0] += usize::from(is_targeted(group));
            step[1] += usize::from(is_started(group));
            step[2] += usize::from(*group == "completed");
            step[3] += usize::from(has_begun && first_open == Some(*number));
        }
    }
    let expected: Vec<Value> = counts
        .iter()
        .map(
            |((company, path, number), [assigned, started, completed, waiting])| {
                json!({
                    "company_id": company, "enrollment_id": path, "step_number": number,
                    "assigned_count": assigned, "started_count": started,
                    "completed_count": completed, "waiting_count": waiting,
                })
            },
        )
        .collect();
    let found = view(&pool, "learning_path_steps").await;
    assert_rows("learning_path_steps", &found, &expected);
    assert!(expected.iter().any(|row| row["waiting_count"] != 0));
    // The people of a path are not those of its steps once more.
    let paths: BTreeSet<_> = found
        .iter()
        .map(|row| row["enrollment_id"].to_string())
        .collect();
    for row in view(&pool, "not_finished").await {
        let is_step = steps
            .keys()
            .any(|(_, step)| *step == text(&row, "enrollment_id"));
        assert!(!is_step, "{paths:?}");
    }
}

#[tokio::test]
async fn active_users_of_resellers_count_each_company_once() {
    let (truth, pool) = synced().await;
    let companies = truth.rows("companies");
    let parent = |id: &str| {
        let row = companies.iter().find(|row| text(row, "company_id") == id);
        row.and_then(|row| row["parent_company_id"].as_str())
    };
    let is_below = |mut id: &str, ancestor: &str| loop {
        if id == ancestor {
            return true;
        }
        match parent(id) {
            Some(next) => id = next,
            None => return false,
        }
    };
    let users = |row: &Row| number(row, "monthly_active_user_count").unwrap_or(0.0);
    let expected: Vec<Value> = companies
        .iter()
        .filter(|row| text(row, "kind") == "reseller")
        .map(|reseller| {
            let id = text(reseller, "company_id");
            let below = |row: &&Row| is_below(text(row, "company_id"), id);
            let own = companies.iter().filter(|row| {
                text(row, "company_id") == id
                    || (text(row, "kind") == "customer"
                        && parent(text(row, "company_id")) == Some(id))
            });
            json!({
                "company_id": id, "month": "2026-07-01",
                "company_count": companies.iter().filter(below).count(),
                "active_user_count": companies.iter().filter(below).map(users).sum::<f64>(),
                "own_active_user_count": own.map(users).sum::<f64>(),
            })
        })
        .collect();
    let found = view(&pool, "active_users_by_reseller").await;
    assert_rows("active_users_by_reseller", &found, &expected);
    let own: f64 = found
        .iter()
        .map(|row| number(row, "own_active_user_count").unwrap())
        .sum();
    assert_eq!(own, companies.iter().map(users).sum::<f64>());
    assert!(expected.len() > 2, "resellers within resellers");

    let bought: Vec<Value> = companies
        .iter()
        .map(|row| {
            let (users, limit) = (
                number(row, "target_user_count"),
                number(row, "number_of_users"),
            );
            let usage = users.zip(limit).map(|(users, limit)| users / limit);
            let above = users
                .zip(limit)
                .map(|(users, limit)| (users - limit).max(0.0));
            json!({
                "company_id": row["company_id"], "month": "2026-07-01",
                "licensed_user_count": limit, "target_user_count": users, "license_usage": usage,
                "peak_above_license": above,
            })
        })
        .collect();
    assert_rows(
        "license_use_by_month",
        &view(&pool, "license_use_by_month").await,
        &bought,
    );
}
