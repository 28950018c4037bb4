//! What is gone at the vendor: marked after two complete pulls, held when it is much, back when it returns.

use chrono::TimeDelta;
use keepnet_etl::verdict::Verdict;
use keepnet_etl::warehouse::load::cascade::DEPENDENTS_OF_ENROLLMENT;
use keepnet_etl::warehouse::status;
use serde_json::json;

use super::{World, verdict_on};
use crate::support::database;
use crate::support::table::told;

const WORLD: &[&str] = &[
    "--companies",
    "2",
    "--enrollments",
    "5",
    "--users",
    "30",
    "--survey-share",
    "40%",
    "--learning-paths",
    "20%",
    "--archived",
    "0%",
];

const DELETED: &str = "select count(*) from keepnet.enrollment_users where deleted_at is not null";
const MISSING: &str = "select count(*) from sync.missing_rows";

#[tokio::test]
async fn a_row_is_marked_after_the_second_pull_that_lacks_it_and_not_after_the_first() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    world
        .simulator
        .change(&json!({"kind": "user-removed", "seed": 1}))
        .await;
    world.pass(TimeDelta::hours(1)).await;
    world.app.full_sync().await.unwrap();
    assert_eq!(
        (world.count(DELETED).await, world.count(MISSING).await),
        (0, 1)
    );
    // The scope is due again at once, and read in the other direction.
    world.pass(TimeDelta::minutes(1)).await;
    world.sync().await;
    assert_eq!(
        (world.count(DELETED).await, world.count(MISSING).await),
        (1, 0)
    );
    world.assert_equals_truth().await;
}

#[tokio::test]
async fn a_row_that_was_missed_once_and_is_back_is_forgotten_as_missing() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    let change = world
        .simulator
        .change(&json!({"kind": "user-removed", "seed": 1}))
        .await;
    world.pass(TimeDelta::hours(1)).await;
    world.app.full_sync().await.unwrap();
    assert_eq!(world.count(MISSING).await, 1);
    let back = json!({
        "kind": "user-returned", "company": change["company"],
        "enrollment": change["enrollment"], "user": change["user"]
    });
    world.simulator.change(&back).await;
    world.sync_all().await;
    assert_eq!(
        (world.count(DELETED).await, world.count(MISSING).await),
        (0, 0)
    );
    world.assert_equals_truth().await;
}

#[tokio::test]
async fn a_second_pull_in_the_same_direction_proves_nothing() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    world
        .simulator
        .change(&json!({"kind": "user-removed", "seed": 1}))
        .await;
    world.pass(TimeDelta::hours(1)).await;
    world.app.full_sync().await.unwrap();
    // As if it had been read the other way round: so the next pull goes the same way as the one that missed the row.
    sqlx::query(
        "update sync.cursors set state = jsonb_set(state, '{is_ascending}', to_jsonb(not (state -> 'is_ascending')::boolean))
         where resource = 'users'",
    )
    .execute(&world.app.pool)
    .await
    .unwrap();
    for deleted in [0, 1] {
        world.pass(TimeDelta::hours(1)).await;
        world.app.full_sync().await.unwrap();
        assert_eq!(world.count(DELETED).await, deleted);
    }
    world.assert_equals_truth().await;
}

#[tokio::test]
async fn two_pulls_of_one_run_do_not_make_a_row_deleted() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    // Somebody whom two enrollments report. When the newer one loses them, the older one describes them, and is read again
    // by the same run.
    let found: (String, String, String, String) = sqlx::query_as(
        "select p.company_id, p.target_user_id, p.reported_by_enrollment_id, max(u.enrollment_id)
         from keepnet.target_users p
         join keepnet.enrollment_users u using (company_id, target_user_id)
         join keepnet.enrollments e using (company_id, enrollment_id)
         where u.enrollment_id <> p.reported_by_enrollment_id and e.type <> 'LearningPath' and not e.is_step
         group by 1, 2, 3 having count(*) = 1 order by 1, 2 limit 1",
    )
    .fetch_one(&world.app.pool)
    .await
    .unwrap();
    let (company, user, newer, older) = found;
    let remove = async |enrollment: &str, user: &str| {
        let removed = json!({
            "kind": "user-removed", "company": company, "enrollment": enrollment, "user": user
        });
        world.simulator.change(&removed).await;
    };
    remove(&newer, &user).await;
    world.pass(TimeDelta::hours(1)).await;
    world.app.full_sync().await.unwrap();
    let other: String = sqlx::query_scalar(
        "select min(target_user_id) from keepnet.enrollment_users where enrollment_id = $1 and target_user_id <> $2",
    )
    .bind(&older)
    .bind(&user)
    .fetch_one(&world.app.pool)
    .await
    .unwrap();
    remove(&older, &other).await;
    world.pass(TimeDelta::hours(1)).await;
    world.app.full_sync().await.unwrap();
    let pulls = format!(
        "select count(*) from sync.cursors where resource = 'users' and scope = '{older}' and wanted_at is null"
    );
    assert_eq!(
        world.count(&pulls).await,
        0,
        "the older one was not read again"
    );
    let deleted = format!("{DELETED} and target_user_id in ('{user}', '{other}')");
    assert_eq!(world.count(&deleted).await, 1);
    world.pass(TimeDelta::hours(1)).await;
    world.app.full_sync().await.unwrap();
    assert_eq!(world.count(&deleted).await, 2);
    world.assert_equals_truth().await;
}

#[tokio::test]
async fn what_a_pull_that_is_not_whole_does_not_show_is_never_called_deleted() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    let deleted =
        "select (select count(*) from keepnet.enrollment_users where deleted_at is not null)
                        + (select count(*) from keepnet.enrollments where deleted_at is not null)
                        + (select count(*) from keepnet.companies where deleted_at is not null)";
    for fault in [
        // So many of each page of ten that some are hit in both directions.
        "users:drop-row:rows=6",
        "users:user-without-id:rows=6",
        "enrollments:drop-row",
        "enrollments:row-without-id",
        "companies:drop-row",
    ] {
        world.simulator.fault(fault).await;
        world.sync_all().await;
        world.simulator.heal().await;
        assert_eq!(world.count(deleted).await, 0, "{fault}");
    }
    world.sync_all().await;
    world.assert_equals_truth().await;
}

#[tokio::test]
async fn fewer_than_ten_deletions_and_a_share_within_the_limit_are_not_held() {
    for (limit, deletions) in [("1%", 9), ("20%", 12)] {
        let flags = ["--companies", "1", "--enrollments", "2", "--users", "70"];
        let world = World::start(&flags, &[("sync.max_deletions", limit)]).await;
        world.sync().await;
        let of_one: Vec<(String, String, String)> = sqlx::query_as(
            "select company_id, enrollment_id, target_user_id from keepnet.enrollment_users
             where (company_id, enrollment_id) in
                 (select company_id, enrollment_id from keepnet.enrollment_users
                  group by 1, 2 having count(*) > 60 order by 1, 2 limit 1)
             order by target_user_id limit $1",
        )
        .bind(deletions)
        .fetch_all(&world.app.pool)
        .await
        .unwrap();
        for (company, enrollment, user) in of_one {
            let gone = json!({
                "kind": "user-removed", "company": company, "enrollment": enrollment, "user": user
            });
            world.simulator.change(&gone).await;
        }
        world.sync_all().await;
        assert_eq!(world.count(DELETED).await, deletions, "{limit}");
        world.assert_equals_truth().await;
    }
}

#[tokio::test]
async fn many_companies_that_are_gone_are_held_until_the_operator_accepts_it() {
    let world = World::start(
        &["--companies", "6", "--enrollments", "1", "--users", "3"],
        &[],
    )
    .await;
    world.sync().await;
    for seed in 0..3 {
        world
            .simulator
            .change(&json!({"kind": "company-gone", "seed": seed}))
            .await;
    }
    let gone = "select count(*) from keepnet.companies where deleted_at is not null";
    world.sync_all().await;
    assert_eq!(world.count(gone).await, 0);
    world.pass(TimeDelta::hours(1)).await;
    let report = world.app.full_sync().await.unwrap();
    assert_eq!(
        (report.outcome, report.listing.verdict),
        ("partial", Verdict::Held)
    );
    let status = status::read(&world.app.pool).await.unwrap();
    let held: Vec<_> = status.held.iter().map(|held| &*held.resource).collect();
    assert_eq!(held, ["companies"]);
    assert_eq!(world.sync_accepting().await.outcome, "ok");
    assert_eq!(world.count(gone).await, 3);
    world.assert_equals_truth().await;
}

#[tokio::test]
async fn many_deletions_are_held_until_the_operator_accepts_them() {
    let world = World::start(WORLD, &[("sync.max_deletions", "20%")]).await;
    world.sync().await;
    let truth = world.simulator.truth("enrollment_users").await;
    let first = &truth[0];
    let of_one: Vec<_> = truth
        .iter()
        .filter(|row| row["enrollment_id"] == first["enrollment_id"])
        .take(12)
        .collect();
    for row in of_one {
        let gone = json!({
            "kind": "user-removed", "company": row["company_id"],
            "enrollment": row["enrollment_id"], "user": row["target_user_id"]
        });
        world.simulator.change(&gone).await;
    }
    world.sync_all().await;
    assert_eq!(world.count(DELETED).await, 0);
    let status = status::read(&world.app.pool).await.unwrap();
    assert_eq!(status.held.len(), 1, "{:?}", status.held);
    assert_eq!(status.verdict, "attention");
    let detail = &status.held[0].detail;
    assert!(
        detail.contains("12 of ") && detail.contains("--accept-deletions"),
        "{detail}"
    );

    let company = first["company_id"].as_str().unwrap();
    world.pass(TimeDelta::hours(1)).await;
    let report = world.app.full_sync().await.unwrap();
    assert_eq!(report.outcome, "partial");
    assert_eq!(verdict_on(&report, company, "users"), Verdict::Held);

    let report = world.sync_accepting().await;
    assert_eq!(report.outcome, "ok");
    assert_eq!(world.count(DELETED).await, 12);
    let status = status::read(&world.app.pool).await.unwrap();
    assert!(status.held.is_empty());
    world.assert_equals_truth().await;
}

#[tokio::test]
async fn an_archived_enrollment_stays_a_purged_one_goes_with_what_belongs_to_it_and_returns_with_it()
 {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    let archived = world
        .simulator
        .change(&json!({"kind": "enrollment-archived", "seed": 1}))
        .await;
    let id = archived["enrollment"].as_str().unwrap();
    world.sync_all().await;
    let of = |condition: &str| {
        format!(
            "select count(*) from keepnet.enrollments where enrollment_id = '{id}' and {condition}"
        )
    };
    assert_eq!(
        world.count(&of("is_archived and deleted_at is null")).await,
        1
    );
    world.assert_equals_truth().await;

    let purged =
        json!({"kind": "enrollment-purged", "company": archived["company"], "enrollment": id});
    world.simulator.change(&purged).await;
    world.sync_all().await;
    assert_eq!(world.count(&of("deleted_at is not null")).await, 1);
    for table in DEPENDENTS_OF_ENROLLMENT {
        let alive = format!(
            "select count(*) from keepnet.{table} d join keepnet.enrollments e using (company_id, enrollment_id)
             where e.deleted_at is not null and d.deleted_at is distinct from e.deleted_at"
        );
        assert_eq!(world.count(&alive).await, 0, "{table}");
    }
    let forgotten = format!("select count(*) from sync.cursors where scope = '{id}'");
    assert_eq!(world.count(&forgotten).await, 0);
    world.assert_equals_truth().await;

    let returned =
        json!({"kind": "enrollment-returned", "company": archived["company"], "enrollment": id});
    world.simulator.change(&returned).await;
    world.sync_all().await;
    assert_eq!(world.count(&of("deleted_at is null")).await, 1);
    world.assert_equals_truth().await;
    world.assert_histories_do_not_overlap().await;
}

#[tokio::test]
async fn a_person_is_described_by_the_newest_enrollment_that_is_left_and_goes_with_the_last() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    // One enrollment after the other, the newest first: at the end nobody is left.
    let mut enrollments = world.simulator.truth("enrollments").await;
    enrollments.retain(|row| row["is_step"] == false);
    enrollments.sort_by_key(|row| row["created_at"].as_str().unwrap_or_default().to_owned());
    for row in enrollments.iter().rev() {
        let purged = json!({
            "kind": "enrollment-purged", "company": row["company_id"], "enrollment": row["enrollment_id"]
        });
        world.simulator.change(&purged).await;
        world.sync_all().await;
        world.assert_equals_truth().await;
    }
    let left = "select count(*) from keepnet.target_users where deleted_at is null";
    assert_eq!(world.count(left).await, 0);
}

#[tokio::test]
async fn a_company_that_is_gone_or_denies_access_keeps_its_rows() {
    let world = World::start(WORLD, &[]).await;
    world.sync().await;
    let before = world.count(DELETED).await;
    let rows = "select count(*) from keepnet.enrollment_users where deleted_at is null";
    let all = world.count(rows).await;
    let gone = world
        .simulator
        .change(&json!({"kind": "company-gone", "seed": 1}))
        .await;
    world.sync_all().await;
    let marked = format!(
        "select count(*) from keepnet.companies where company_id = '{}' and deleted_at is not null",
        gone["company"].as_str().unwrap()
    );
    assert_eq!(world.count(&marked).await, 1);
    assert_eq!(
        (world.count(rows).await, world.count(DELETED).await),
        (all, before)
    );

    let denied = world
        .simulator
        .change(&json!({"kind": "company-denied", "seed": 1}))
        .await;
    world.pass(TimeDelta::hours(1)).await;
    let report = world.app.full_sync().await.unwrap();
    assert_eq!(report.outcome, "partial", "news the first time");
    assert_eq!(report.companies[0].verdict, Verdict::Forbidden);
    world.pass(TimeDelta::hours(1)).await;
    assert_eq!(
        world.app.full_sync().await.unwrap().outcome,
        "ok",
        "no news the second time"
    );
    assert_eq!(
        (world.count(rows).await, world.count(DELETED).await),
        (all, before)
    );

    for (kind, change) in [("company-returned", &gone), ("company-granted", &denied)] {
        let back = json!({"kind": kind, "company": change["company"]});
        world.simulator.change(&back).await;
    }
    world.sync_all().await;
    assert_eq!(world.count(&marked).await, 0);
    world.assert_equals_truth().await;
}

#[tokio::test]
async fn every_table_of_an_enrollment_goes_with_it() {
    let pool = database::migrated().await;
    let tables = told(
        &pool,
        "select c.table_name::text from information_schema.columns c
         join information_schema.tables t using (table_schema, table_name)
         where c.table_schema = 'keepnet' and c.column_name = 'enrollment_id' and t.table_type = 'BASE TABLE'
           and c.table_name <> 'enrollments' and c.table_name not like '%\\_history'
         order by 1",
    )
    .await;
    let mut known = DEPENDENTS_OF_ENROLLMENT.map(str::to_owned);
    known.sort_unstable();
    assert_eq!(tables, known);
}
