//! Listings drift while they are paged, and say how; totals misbehave as asked.

use std::collections::{BTreeMap, BTreeSet};

use keepnet_etl::simulator::{Totals, WorldOptions};
use serde_json::{Value, json};

use crate::support::{
    Ask, COMPANIES, CREATED, ENROLLMENTS, USERS, Vendor, body, options, send, small, text, texts,
    users_of,
};

/// The first rows of one walk through all pages, page by page.
async fn walk(
    vendor: &Vendor,
    path: &str,
    company: Option<&str>,
    ask: Ask,
    id: &str,
) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    for page in 1.. {
        let data = vendor.page(path, company, &ask.page(page)).await;
        pages.push(texts(data["results"].as_array().expect("rows"), id));
        if page >= data["totalNumberOfPages"].as_u64().expect("a total") {
            break;
        }
    }
    pages
}

async fn report(vendor: &Vendor) -> Value {
    body(vendor.get("/simulator/drift", None).await).await
}

#[tokio::test]
async fn users_drift_in_every_way_and_each_way_is_reported() {
    let vendor = Vendor::start(options(WorldOptions {
        companies: 1,
        enrollments: 60,
        users: 40,
        ..small().world
    }))
    .await;
    let company = vendor.companies().await.remove(0);
    let enrollments = vendor.enrollments(&company).await;
    vendor
        .search("/simulator/drift", None, &json!({"seed": 5}))
        .await;
    let before = told(&vendor).await;
    let mut walks = BTreeMap::new();
    for (nth, enrollment) in enrollments.iter().enumerate() {
        let ask = Ask {
            ascending: nth % 2 == 0,
            ..USERS
        };
        let path = users_of(enrollment);
        let pages = walk(&vendor, &path, Some(&company), ask, "targetUserResourceId").await;
        walks.insert(enrollment, pages);
    }
    let after = told(&vendor).await;
    let (mut lost, mut twice) = (0, 0);
    for (enrollment, pages) in &walks {
        let seen: Vec<&String> = pages.iter().flatten().collect();
        let distinct: BTreeSet<&String> = seen.iter().copied().collect();
        twice += seen.len() - distinct.len();
        lost += before[*enrollment]
            .intersection(&after[*enrollment])
            .filter(|user| !distinct.contains(user))
            .count();
    }
    assert!(lost > 0, "rows that were there throughout are missed");
    assert!(twice > 0, "rows are seen twice");
    let report = report(&vendor).await;
    for kind in ["nothing", "insert", "remove", "balanced", "reorder"] {
        assert!(report["kinds"][kind].as_u64() > Some(5), "{kind}: {report}");
    }
    let mut sizes: BTreeMap<String, i64> = BTreeMap::new();
    let mut inserted = BTreeSet::new();
    let mut ranks = BTreeSet::new();
    for step in report["steps"].as_array().unwrap() {
        assert!(step["page"].as_u64() > Some(1));
        for change in step["changes"].as_array().unwrap() {
            assert_eq!(change["enrollment"], step["enrollment"]);
            let size = sizes.entry(text(change, "enrollment")).or_insert(40);
            match change["kind"].as_str() {
                Some("user-added") => {
                    *size += 1;
                    assert!(inserted.insert(text(change, "user")), "an id is used twice");
                }
                Some("user-removed") => *size -= 1,
                _ => {}
            }
        }
    }
    for (enrollment, size) in sizes {
        assert_eq!(after[&enrollment].len() as i64, size);
    }
    send(vendor.client.delete(vendor.url("/simulator/drift"))).await;
    for enrollment in &enrollments {
        let path = users_of(enrollment);
        let up = walk(
            &vendor,
            &path,
            Some(&company),
            USERS,
            "targetUserResourceId",
        )
        .await;
        let again = walk(
            &vendor,
            &path,
            Some(&company),
            USERS,
            "targetUserResourceId",
        )
        .await;
        assert_eq!(up, again, "nothing drifts any more");
        for (rank, user) in up.iter().flatten().enumerate() {
            if inserted.contains(user) {
                ranks.insert(rank / 10);
            }
        }
    }
    assert!(ranks.len() >= 4, "rows come all over the order: {ranks:?}");
    assert!(vendor.violations().await.is_empty());
}

/// The users of each enrollment, as the truth tells.
async fn told(vendor: &Vendor) -> BTreeMap<String, BTreeSet<String>> {
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in vendor.truth("enrollment_users").await {
        let of_enrollment = users.entry(text(&row, "enrollment_id")).or_default();
        of_enrollment.insert(text(&row, "target_user_id"));
    }
    users
}

#[tokio::test]
async fn equal_seeds_drift_alike_and_each_listing_by_itself() {
    let start = async || {
        let mut options = small();
        options.drift = Some(9);
        Vendor::start(options).await
    };
    let (one, same) = (start().await, start().await);
    let company = one.companies().await.remove(0);
    let enrollments = one.enrollments(&company).await;
    let mut walks: [BTreeMap<&String, Vec<Vec<String>>>; 2] = Default::default();
    for enrollment in &enrollments {
        let path = users_of(enrollment);
        let pages = walk(&one, &path, Some(&company), USERS, "targetUserResourceId").await;
        walks[0].insert(enrollment, pages);
    }
    for enrollment in enrollments.iter().rev() {
        let path = users_of(enrollment);
        let pages = walk(&same, &path, Some(&company), USERS, "targetUserResourceId").await;
        walks[1].insert(enrollment, pages);
    }
    let lengths = |walks: &BTreeMap<&String, Vec<Vec<String>>>| {
        let of_walk = |pages: &Vec<Vec<String>>| pages.iter().map(Vec::len).collect::<Vec<_>>();
        walks.values().map(of_walk).collect::<Vec<_>>()
    };
    // New ids are given in the order of arrival; everything else is the same.
    assert_eq!(lengths(&walks[0]), lengths(&walks[1]));
    assert_eq!(report(&one).await["kinds"], report(&same).await["kinds"]);
}

#[tokio::test]
async fn every_listing_can_drift() {
    let vendor = Vendor::start(options(WorldOptions {
        companies: 30,
        enrollments: 30,
        users: 10,
        archived: "40%".parse().unwrap(),
        ..small().world
    }))
    .await;
    let company = vendor.companies().await.remove(0);
    for (listing, path, id, ask) in [
        (
            "enrollments",
            "/api/enrollments/search",
            "enrollmentId",
            ENROLLMENTS,
        ),
        (
            "archive",
            "/api/enrollments/archive/search",
            "enrollmentId",
            ENROLLMENTS,
        ),
        ("trainings", "/api/trainings/search", "trainingId", CREATED),
        (
            "target_groups",
            "/api/target-groups/search/current-company",
            "resourceId",
            CREATED,
        ),
        // Last, because the company that is looked at may be one that goes.
        (
            "companies",
            "/api/companies/search",
            "companyResourceId",
            COMPANIES,
        ),
    ] {
        let on = json!({"seed": 3, "listings": [listing]});
        vendor.search("/simulator/drift", None, &on).await;
        let company = (listing != "companies").then_some(company.as_str());
        let ask = Ask { size: 1, ..ask };
        let kinds = ["insert", "remove", "balanced", "reorder"];
        let mut report = report(&vendor).await;
        for _ in 0..100 {
            if kinds.iter().all(|kind| report["kinds"][*kind] != 0) {
                break;
            }
            walk(&vendor, path, company, ask, id).await;
            report = body(vendor.get("/simulator/drift", None).await).await;
        }
        for kind in kinds {
            assert_ne!(report["kinds"][kind], 0, "{listing} {kind}: {report}");
        }
        for step in report["steps"].as_array().unwrap() {
            assert_eq!(step["listing"], listing);
        }
        send(vendor.client.delete(vendor.url("/simulator/drift"))).await;
        let pages = walk(&vendor, path, company, ask, id).await;
        let rows: Vec<String> = pages.into_iter().flatten().collect();
        let distinct: BTreeSet<&String> = rows.iter().collect();
        assert_eq!(rows.len(), distinct.len(), "{listing}");
    }
}

#[tokio::test]
async fn totals_misbehave_as_asked() {
    for (totals, pages, records) in [
        (Totals::Exact, [Some(3); 4], [Some(25); 4]),
        (Totals::Missing, [None; 4], [None; 4]),
        (Totals::PagesOnly, [Some(3); 4], [None; 4]),
        (Totals::RecordsOnly, [None; 4], [Some(25); 4]),
        (
            Totals::Shrinking,
            [Some(3); 4],
            [Some(25), Some(24), Some(23), Some(22)],
        ),
        (
            Totals::Growing,
            [Some(3), Some(3), Some(4), Some(5)],
            [Some(25), Some(26), Some(31), Some(41)],
        ),
    ] {
        let mut options = small();
        options.variant.totals = totals;
        let vendor = Vendor::start(options).await;
        let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
        let mut told = (Vec::new(), Vec::new());
        for page in 1..=4 {
            let path = users_of(&enrollment);
            let data = vendor.page(&path, Some(&company), &USERS.page(page)).await;
            told.0
                .push(data.get("totalNumberOfPages").and_then(Value::as_u64));
            told.1
                .push(data.get("totalNumberOfRecords").and_then(Value::as_u64));
        }
        assert_eq!(told, (pages.to_vec(), records.to_vec()), "{totals:?}");
    }
}
