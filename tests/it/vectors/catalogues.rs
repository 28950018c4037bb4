//! Trainings and target groups, and who may enter a company (TV10).

use serde_json::{Value, json};

use super::{day_first, sync_well};
use crate::support::table::shown;
use crate::support::vendor::{
    ALPHA, Vendor, companies, my_companies, ok, page, target_groups, trainings,
};
use crate::support::widgets::unknown_members;

#[tokio::test]
async fn a_training_lands_with_everything_and_with_nothing_but_its_id() {
    let vendor = Vendor::start().await;
    let rows = [
        json!({
            "trainingId": "trn-1", "trainingName": "Basics", "description": "", "type": "SCORM",
            "category": "Awareness", "targetAudience": "All", "level": "Beginner", "duration": "15 Minutes",
            "hasQuiz": true, "vendorName": "Example Vendor", "createdBy": "System",
            "createTime": "04/03/2024 10:15", "isNew": false, "isFavourite": true, "isEditable": false,
            "languages": ["EN-GB", "TR"], "tags": ["a", "A"], "compliances": ["GDPR"],
            "availableFor": [{"resourceId": "aB3dE5gH7jK9", "name": "Alpha"}],
            "trainingRoles": [{"roleId": 1, "code": "R", "roleName": "Role"}],
            "coverImage": {"imageUrl": "https://cdn.example.com/a.png", "name": "a.png"},
        }),
        json!({"trainingId": "trn-2", "languages": [], "tags": null, "coverImage": null, "level": 3}),
        json!({"resourceId": 3}),
    ];
    vendor.on(trainings(), ok(page(&rows))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "trainings", "training_id desc").await, @r#"
    company_id: "aB3dE5gH7jK9"
    level: "3"
    training_id: "trn-2"

    available_for: [{"name":"Alpha","resourceId":"aB3dE5gH7jK9"}]
    category: "Awareness"
    company_id: "aB3dE5gH7jK9"
    compliances: ["GDPR"]
    cover_image_url: "https://cdn.example.com/a.png"
    created_at: "2024-03-04T10:15:00+00:00"
    created_by: "System"
    description: ""
    duration: "15 Minutes"
    extra: {"coverImage":{"name":"a.png"}}
    has_quiz: true
    is_editable: false
    is_favourite: true
    is_new: false
    languages: ["EN-GB","TR"]
    level: "Beginner"
    name: "Basics"
    tags: ["a","A"]
    target_audience: "All"
    training_id: "trn-1"
    training_roles: [{"code":"R","roleId":1,"roleName":"Role"}]
    type: "SCORM"
    vendor_name: "Example Vendor"

    company_id: "aB3dE5gH7jK9"
    training_id: "3"
    "#);
    assert_eq!(unknown_members(&app.pool).await, "");
}

#[tokio::test]
async fn a_target_group_lands_with_everything_and_with_nothing_but_its_id() {
    let vendor = Vendor::start().await;
    let rows = [
        json!({
            "resourceId": "TgRp00000001", "name": "All Staff", "companyName": "Alpha Example",
            "userCount": 12, "priority": "High", "createTime": "04/03/2024 10:15",
            "updateTime": "05/03/2024 11:00:30",
        }),
        json!({"resourceId": "tgrp00000001", "userCount": "7", "priority": 1, "updateTime": ""}),
        json!({"resourceId": "z"}),
    ];
    vendor.on(target_groups(), ok(page(&rows))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    insta::assert_snapshot!(shown(&app.pool, "target_groups", "group_id").await, @r#"
    company_id: "aB3dE5gH7jK9"
    company_name: "Alpha Example"
    created_at: "2024-03-04T10:15:00+00:00"
    group_id: "TgRp00000001"
    name: "All Staff"
    priority: "High"
    updated_at: "2024-03-05T11:00:30+00:00"
    user_count: 12

    company_id: "aB3dE5gH7jK9"
    group_id: "tgrp00000001"
    priority: "1"
    user_count: 7

    company_id: "aB3dE5gH7jK9"
    group_id: "z"
    "#);
    assert_eq!(unknown_members(&app.pool).await, "");
}

/// The access of each company, by what `companies/my` says of it; the listing says the opposite.
async fn access(nodes: &[Value]) -> Vec<String> {
    let vendor = Vendor::start().await;
    let tree = json!({"data": [{"resourceId": "RsLr00000001", "children": nodes}]});
    vendor.on(my_companies(), ok(tree.to_string())).await;
    let listed: Vec<Value> = nodes
        .iter()
        .map(|node| node["resourceId"].clone())
        .chain([json!("unseen")])
        .map(|id| json!({"companyResourceId": id, "privacyDurationId": 0, "licenceExpired": false}))
        .collect();
    vendor.on(companies(), ok(page(&listed))).await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    sqlx::query_scalar(
        "select concat_ws(' ', company_id, access_state, access_starts_at at time zone 'UTC',
                          access_ends_at at time zone 'UTC')
         from keepnet.companies where kind = 'customer' order by company_id",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn vector_10_access_is_denied_without_a_duration_unless_the_licence_has_run_out() {
    let of = |id: &str, duration: Value, expired: Value| json!({"resourceId": id, "privacyDurationId": duration, "licenceExpired": expired});
    let mut with_dates = of("g", json!(2), json!(false));
    with_dates["privacyDurationStartTime"] = json!("01/02/2026 10:00");
    with_dates["privacyDurationEndTime"] = json!("01/02/2026 12:00");
    let found = access(&[
        of("a", json!(0), json!(false)),
        of("b", json!(0), json!(true)),
        of("c", json!(0), Value::Null),
        of("d", json!(5), json!(false)),
        of("e", json!("5"), json!(true)),
        of("f", Value::Null, json!(false)),
        with_dates,
    ])
    .await;
    assert_eq!(
        found,
        [
            "a denied",
            "b granted",
            "c denied",
            "d granted",
            "e granted",
            "f",
            "g granted 2026-02-01 10:00:00 2026-02-01 12:00:00",
            "unseen",
        ]
    );
    // As it is written: without a duration, and with a licence that has run out.
    let vendor = Vendor::start().await;
    let app = day_first(&vendor).await;
    sync_well(&app).await;
    let states: Vec<(String, Option<String>)> = sqlx::query_as(
        "select company_id, access_state from keepnet.companies order by company_id",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let granted = Some("granted".to_owned());
    assert_eq!(
        states,
        [
            ("RsLr00000001".to_owned(), granted.clone()),
            (ALPHA.to_owned(), granted)
        ]
    );
}
