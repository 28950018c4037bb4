//! Earlier versions of companies, persons, reports and counts: each once, one after the other, across crashes too.

use chrono::TimeDelta;
use serde_json::json;

use super::World;

const WORLD: &[&str] = &[
    "--companies",
    "2",
    "--enrollments",
    "4",
    "--users",
    "12",
    "--learning-paths",
    "0%",
    "--archived",
    "0%",
];

const HISTORIES: [&str; 4] = [
    "company_history",
    "target_user_history",
    "enrollment_user_history",
    "enrollment_summary_history",
];

#[tokio::test]
async fn a_first_load_writes_no_history_and_an_unchanged_second_one_neither() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    world.sync_all().await;
    for history in HISTORIES {
        let rows = format!("select count(*) from keepnet.{history}");
        assert_eq!(world.count(&rows).await, 0, "{history}");
    }
    world.assert_histories_do_not_overlap().await;
}

#[tokio::test]
async fn a_changed_status_closes_the_version_that_it_ends_and_counts_do_so_too() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    let began = keepnet_etl::clock::Clock::now(&*world.app.clock);
    let (company, enrollment) = world.open_enrollment(true).await;
    let mut versions = 0;
    for seed in 0..3 {
        world.pass(TimeDelta::hours(1)).await;
        let asked = json!({
            "kind": "user-status", "seed": seed, "company": company, "enrollment": enrollment
        });
        let change = world.simulator.change(&asked).await;
        world.pass(TimeDelta::hours(25)).await;
        world.sync().await;
        let rows = world
            .count("select count(*) from keepnet.enrollment_user_history where is_present")
            .await;
        assert!(rows > versions, "{change}");
        versions = rows;
    }
    let first = format!(
        "select count(*) from keepnet.enrollment_user_history h join keepnet.enrollment_users u
             using (company_id, enrollment_id, reported_enrollment_id, target_user_id)
         where h.valid_from = '{began}' and h.valid_to > h.valid_from and h.status is distinct from u.status"
    );
    assert!(world.count(&first).await > 0);
    assert!(
        world
            .count("select count(*) from keepnet.enrollment_summary_history")
            .await
            > 0
    );
    world.assert_histories_do_not_overlap().await;
}

#[tokio::test]
async fn presence_is_a_version_of_its_own() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    let change = world
        .simulator
        .change(&json!({"kind": "user-removed", "seed": 2}))
        .await;
    world.sync_all().await;
    let of_user = format!(
        "from keepnet.enrollment_user_history where target_user_id = '{}' and enrollment_id = '{}'",
        change["user"].as_str().expect("a user"),
        change["enrollment"].as_str().expect("an enrollment"),
    );
    let present = format!("select count(*) {of_user} and is_present");
    let absent = format!("select count(*) {of_user} and not is_present");
    assert_eq!(
        (world.count(&present).await, world.count(&absent).await),
        (1, 0)
    );
    world
        .simulator
        .change(&json!({
            "kind": "user-returned", "company": change["company"],
            "enrollment": change["enrollment"], "user": change["user"]
        }))
        .await;
    world.sync_all().await;
    assert_eq!(
        (world.count(&present).await, world.count(&absent).await),
        (1, 1)
    );
    world.assert_equals_truth().await;
    world.assert_histories_do_not_overlap().await;
}

#[tokio::test]
async fn companies_and_persons_have_their_earlier_names() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    for kind in ["company-renamed", "company-numbers", "person-moved"] {
        world.pass(TimeDelta::hours(1)).await;
        let mut asked = json!({"kind": kind, "seed": 4});
        if kind == "person-moved" {
            // In the newest enrollment, which describes the person.
            let truth = world.simulator.truth("enrollments").await;
            let newest = truth
                .iter()
                .max_by_key(|row| row["created_at"].as_str().unwrap_or_default().to_owned())
                .expect("an enrollment");
            asked["enrollment"] = newest["enrollment_id"].clone();
            asked["company"] = newest["company_id"].clone();
        }
        world.simulator.change(&asked).await;
    }
    world.sync_all().await;
    world.assert_equals_truth().await;
    for (history, least) in [("company_history", 2), ("target_user_history", 1)] {
        let rows = format!("select count(*) from keepnet.{history}");
        assert!(world.count(&rows).await >= least, "{history}");
    }
    world.assert_histories_do_not_overlap().await;
}
