//! Results of anonymous enrollments.

use std::collections::BTreeMap;

use keepnet_etl::simulator::{
    AnonymousData, DateOrder, Foreign, Share, SimulatorOptions, WorldOptions,
};
use serde_json::{Value, json};

use crate::support::{Ask, Vendor, body, options, small, summary_of, text};

const USERS: Ask = Ask {
    order_by: "lastInteractionDate",
    ascending: true,
    size: 10,
};
const RESULTS: Ask = Ask {
    order_by: "enrollmentDate",
    ..USERS
};

fn anonymous() -> SimulatorOptions {
    let mut options = options(WorldOptions {
        anonymous: Share::percent(50),
        ..small().world
    });
    options.account.date_format = DateOrder::Iso;
    options.account.time_zone = chrono_tz::Tz::UTC;
    options
}

fn users(enrollment: &str) -> String {
    format!("/api/training-reports/anonymous/{enrollment}")
}

fn results(enrollment: &str) -> String {
    format!("{}/result", users(enrollment))
}

fn by_result(rows: &[Value]) -> BTreeMap<String, &Value> {
    rows.iter()
        .map(|row| (text(row, "targetUserResultId"), row))
        .collect()
}

#[tokio::test]
async fn the_truth_of_results_joins_both_reports() {
    let vendor = Vendor::start(anonymous()).await;
    let truth = vendor.truth("anonymous_results").await;
    let summaries = vendor.truth("enrollment_summaries").await;
    let mut count = 0;
    for summary in &summaries {
        if summary["is_scorm_proxy"] != true {
            continue;
        }
        let (company, id) = (text(summary, "company_id"), text(summary, "enrollment_id"));
        let listed = vendor.rows(&users(&id), Some(&company), USERS).await;
        let ended = vendor.rows(&results(&id), Some(&company), RESULTS).await;
        assert_eq!(listed.len(), 25);
        assert!(ended.len() < 25);
        let (listed, ended) = (by_result(&listed), by_result(&ended));
        let of_enrollment = truth
            .iter()
            .filter(|row| row["enrollment_id"] == id.as_str());
        for row in of_enrollment {
            count += 1;
            let user = listed[&text(row, "result_id")];
            let none = json!({});
            let ended = ended.get(&text(row, "result_id")).copied().unwrap_or(&none);
            let learner = &user["targetUserResourceId"];
            let learner = learner.as_str().map_or(learner.to_string(), str::to_owned);
            assert_eq!(row["target_user_id"], learner.as_str());
            assert_eq!(row["status"], user["status"]);
            let enrolled = ended.get("ernollmentDate").or(ended.get("enrollmentDate"));
            for (column, wire) in [
                ("last_interaction_at", user.get("lastInteractionDate")),
                ("enrolled_at", enrolled),
                ("session_started_at", ended.get("sessionStartDate")),
                ("session_ended_at", ended.get("sessionEndDate")),
            ] {
                let wire = wire.and_then(Value::as_str).map(|at| format!("{at}Z"));
                assert_eq!(row[column].as_str(), wire.as_deref(), "{column}");
            }
            for (column, member) in [
                ("is_passed", "isPassed"),
                ("score", "score"),
                ("session_count", "sessionCount"),
            ] {
                assert_eq!(row[column], ended[member], "{column}");
            }
        }
        let report = vendor.data(&summary_of(&id, 0), Some(&company)).await;
        assert_eq!(report["isScormProxy"], true);
        let report = vendor.users(&company, &id).await;
        assert_eq!(body(report).await["data"]["results"], json!([]));
    }
    assert!(count > 100, "{count}");
    assert_eq!(truth.len(), count);
    let any = |is_odd: &dyn Fn(&Value) -> bool| truth.iter().any(is_odd);
    assert!(any(&|row| row["is_passed"].is_null()));
    assert!(any(&|row| text(row, "target_user_id").starts_with("12")));
    assert!(vendor.violations().await.is_empty());
    let (mut asked, listed) = (USERS.page(1), vendor.companies().await);
    asked["orderBy"] = json!("email");
    let path = users(&text(&truth[0], "enrollment_id"));
    let company = Some(listed[0].as_str());
    assert_eq!(vendor.search(&path, company, &asked).await.status(), 400);
}

#[tokio::test]
async fn a_single_object_stands_for_a_single_result() {
    let mut options = anonymous();
    options.variant.anonymous_data = AnonymousData::Object;
    let vendor = Vendor::start(options).await;
    let truth = vendor.truth("anonymous_results").await;
    assert!(!truth.is_empty());
    for row in &truth {
        let (company, id) = (text(row, "company_id"), text(row, "enrollment_id"));
        for (path, ask) in [(users(&id), USERS), (results(&id), RESULTS)] {
            let data = vendor.page(&path, Some(&company), &ask.page(1)).await;
            assert_eq!(data["targetUserResultId"], row["result_id"]);
        }
    }
    let (company, named) = vendor.find(|row| row["status"] == "Finished").await;
    let data = vendor
        .page(&users(&named), Some(&company), &USERS.page(1))
        .await;
    assert_eq!(data, Value::Null);
}

#[tokio::test]
async fn anonymous_reports_refuse_and_break_as_others_do() {
    for foreign in [Foreign::NotFound, Foreign::Empty] {
        let mut options = anonymous();
        options.variant.foreign = foreign;
        let vendor = Vendor::start(options).await;
        let first = vendor.truth("anonymous_results").await.remove(0);
        let (company, id) = (text(&first, "company_id"), text(&first, "enrollment_id"));
        let companies = vendor.companies().await;
        let other = companies.iter().find(|other| **other != company).unwrap();
        let answer = vendor
            .search(&users(&id), Some(other), &USERS.page(1))
            .await;
        if foreign == Foreign::NotFound {
            assert_eq!(answer.status(), 404);
        } else {
            assert_eq!(body(answer).await["data"]["results"], json!([]));
        }
        assert_eq!(vendor.violations().await["foreign-enrollment"], 1);
        for (fault, member, expected) in [
            (
                "anonymous:row-without-id",
                "targetUserResultId",
                &Value::Null,
            ),
            ("anonymous:number-as-text", "status", &json!(42)),
        ] {
            vendor.add_faults(json!(format!("{fault}:times=1"))).await;
            let data = vendor
                .page(&users(&id), Some(&company), &USERS.page(1))
                .await;
            assert_eq!(&data["results"][0][member], expected, "{fault}");
        }
        vendor
            .add_faults(json!("anonymous_result:empty:times=1"))
            .await;
        let data = vendor
            .page(&results(&id), Some(&company), &RESULTS.page(1))
            .await;
        assert_eq!(data["totalNumberOfRecords"], 0);
    }
}
