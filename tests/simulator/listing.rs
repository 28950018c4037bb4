//! Pages, orders and the variants of listings.

use keepnet_etl::simulator::{Clustering, PastEnd, Totals, TrainingTypeRule, WorldOptions};
use serde_json::{Value, json};

use crate::support::{
    Ask, COMPANIES, USERS, Vendor, body, distinct, options, small, text, texts, users_of,
};

#[tokio::test]
async fn pages_close_in_both_directions_and_by_every_column() {
    let vendor = Vendor::small().await;
    let company = vendor.companies().await.remove(1);
    let (_, enrollment) = vendor
        .find(|row| row["company_id"] == company.as_str() && row["type"] == "SCORM")
        .await;
    for order_by in [
        "email",
        "Email",
        "lastName",
        "status",
        "lastInteractionDate",
    ] {
        let mut walks = Vec::new();
        for ascending in [true, false] {
            let ask = Ask {
                order_by,
                ascending,
                size: 7,
            };
            let rows = vendor
                .rows(&users_of(&enrollment), Some(&company), ask)
                .await;
            let ids = texts(&rows, "targetUserResourceId");
            assert_eq!((ids.len(), distinct(&ids).len()), (25, 25), "{order_by}");
            walks.push(ids);
        }
        walks[1].reverse();
        assert_eq!(walks[0], walks[1], "{order_by}");
    }
    let created = vendor.rows("/api/companies/search", None, COMPANIES).await;
    assert_eq!(created.len(), 4);
    assert!(vendor.violations().await.is_empty());
}

#[tokio::test]
async fn paging_varies_as_asked() {
    for (past_end, number, count) in [
        (PastEnd::Empty, 9, 0),
        (PastEnd::Clamp, 3, 5),
        (PastEnd::Repeat, 9, 5),
    ] {
        let mut options = small();
        options.variant.past_end = past_end;
        let vendor = Vendor::start(options).await;
        let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
        let data = vendor
            .page(&users_of(&enrollment), Some(&company), &USERS.page(9))
            .await;
        assert_eq!(data["pageNumber"], number);
        assert_eq!(data["results"].as_array().unwrap().len(), count);
    }
    let mut options = small();
    options.variant.page_size_cap = Some(4);
    options.variant.totals = Totals::Missing;
    let vendor = Vendor::start(options).await;
    let (company, enrollment) = vendor.find(|row| row["type"] == "SCORM").await;
    let data = vendor
        .page(&users_of(&enrollment), Some(&company), &USERS.page(1))
        .await;
    assert_eq!(data["results"].as_array().unwrap().len(), 4);
    assert!(data.get("totalNumberOfRecords").is_none());
}

#[tokio::test]
async fn the_users_of_a_learning_path_need_the_training_type_that_is_configured() {
    for (rule, works) in [
        (TrainingTypeRule::Omit, [true, true, false]),
        (TrainingTypeRule::Name, [false, true, false]),
        (TrainingTypeRule::Int, [false, false, true]),
    ] {
        let mut options = small();
        options.variant.training_type = rule;
        let vendor = Vendor::start(options).await;
        let (company, path) = vendor.find(|row| row["learning_path_id"].is_string()).await;
        for (asked, works) in [json!(null), json!("LearningPath"), json!(4)]
            .into_iter()
            .zip(works)
        {
            let mut ask = USERS.page(1);
            ask["trainingType"] = asked;
            let data = vendor.page(&users_of(&path), Some(&company), &ask).await;
            assert_eq!(data["totalNumberOfRecords"], if works { 25 } else { 0 });
        }
        let (company, survey) = vendor.find(|row| row["is_survey"] == true).await;
        let mut ask = USERS.page(1);
        ask["trainingType"] = json!(0);
        let data = vendor.page(&users_of(&survey), Some(&company), &ask).await;
        assert_eq!(data["totalNumberOfRecords"], 0);
    }
}

#[tokio::test]
async fn resellers_nest_in_both_company_listings() {
    for clustering in [Clustering::Nested, Clustering::Repeated] {
        let mut options = options(WorldOptions {
            companies: 12,
            sub_resellers: 3,
            ..small().world
        });
        options.variant.clustered_children = clustering;
        let vendor = Vendor::start(options).await;
        let mut ask = Ask {
            size: 100,
            ..COMPANIES
        }
        .page(1);
        ask["isClustered"] = json!(true);
        let data = vendor.page("/api/companies/search", None, &ask).await;
        let mut nested = Vec::new();
        flatten(&data["results"], "companyResourceId", &mut nested);
        let flat = vendor.companies().await;
        assert_eq!(distinct(&nested), distinct(&flat));
        assert_eq!(
            nested.len() > flat.len(),
            clustering == Clustering::Repeated
        );
        let mut mine = Vec::new();
        flatten(
            &vendor.data("/api/companies/my", None).await,
            "resourceId",
            &mut mine,
        );
        assert_eq!(mine.len(), flat.len() + 1);
        let kinds = texts(&vendor.truth("companies").await, "kind");
        assert_eq!(kinds.iter().filter(|kind| *kind == "reseller").count(), 4);
    }
}

fn flatten(rows: &Value, id: &str, into: &mut Vec<String>) {
    for row in rows.as_array().into_iter().flatten() {
        into.push(text(row, id));
        flatten(&row["children"], id, into);
    }
}

#[tokio::test]
async fn renamed_members_carry_the_same_data() {
    let mut options = small();
    options.variant.rename_fields = true;
    let vendor = Vendor::start(options).await;
    let answer = body(
        vendor
            .search("/api/companies/search", None, &COMPANIES.page(1))
            .await,
    )
    .await;
    assert_eq!(
        (&answer["isSuccess"], &answer["messages"]),
        (&json!(true), &json!([]))
    );
    assert!(answer.get("status").is_none());
    assert!(answer["data"]["results"][0]["resourceId"].is_string());
    assert!(
        answer["data"]["results"][0]
            .get("companyResourceId")
            .is_none()
    );
}
