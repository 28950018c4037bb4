//! What the vendor's document does not describe: members that nobody knows, and learners named by their addresses.

use serde_json::{Value, json};

use super::{KEY_FILE, KeyFile, texts};
use crate::support::TestApp;
use crate::support::survey::{SURVEY, answer, completed_by, data, reported, session};
use crate::support::table::{everything, told};
use crate::support::vendor::{Vendor, metrics, ok, sessions, widget_datas};

const ADA: &str = "uSeR00000001";
/// What must not be found.
const MARKS: [&str; 7] = [
    "ada@example.com",
    "Lovelace",
    "15550100",
    "Analytical",
    "boss@example.com",
    "my own words",
    "alt@example.com",
];

async fn app(vendor: &Vendor, key: &KeyFile, settings: &[(&str, &str)]) -> TestApp {
    let path = key.path().display().to_string();
    let all: Vec<(&str, &str)> = [
        ("api.date_format", "dmy"),
        ("privacy.key_file", path.as_str()),
    ]
    .into_iter()
    .chain(settings.iter().copied())
    .collect();
    TestApp::new(&vendor.url(), &all).await
}

/// A report with members that nobody knows.
fn report() -> Vec<Value> {
    let known = json!({
        "targetUserResourceId": ADA, "status": "Completed", "email": "ada@example.com", "firstName": "Ada",
        "lastName": "Lovelace", "phoneNumber": 15_550_100, "department": "Analytical Engines",
        "managerMail": "boss@example.com", "notes": {"ada@example.com": {"Lovelace": 1}}, "badge": 15_550_100,
        "customFieldValues": [
            {"resourceId": "cf1", "name": "Site", "dataType": "String", "value": "North", "owner": "Lovelace"},
            {"resourceId": "cf2", "name": "Second address", "dataType": "String", "value": "alt@example.com"},
        ],
    });
    let mut unreadable = known.clone();
    unreadable["targetUserResourceId"] = json!("uSeR00000002");
    unreadable["examScore"] = json!({"Lovelace": "ada@example.com"});
    vec![known, unreadable]
}

#[tokio::test]
async fn members_that_nobody_knows_are_told_but_not_stored() {
    let vendor = reported(&report()).await;
    let settings = [
        ("privacy.email", "hash"),
        ("privacy.name", "drop"),
        ("privacy.phone", "hash"),
        ("privacy.department", "drop"),
    ];
    let app = app(&vendor, &KEY_FILE, &settings).await;
    app.sync().await.unwrap();
    let texts = texts(&app.pool).await;
    for mark in MARKS {
        let left: Vec<_> = texts
            .iter()
            .filter(|(_, text)| text.contains(mark))
            .collect();
        assert!(left.is_empty(), "{mark}: {left:?}");
    }
    let unknown = told(
        &app.pool,
        "select json_path || ' ' || json_type from sync.unknown_fields order by 1",
    )
    .await;
    assert_eq!(
        unknown,
        [
            "$.badge a number",
            "$.customFieldValues[*].owner text",
            "$.managerMail text",
            "$.notes an object",
        ]
    );
    let quarantined = told(
        &app.pool,
        "select payload::jsonb ->> 'targetUserResourceId' from sync.quarantine",
    )
    .await;
    assert_eq!(
        quarantined,
        ["uSeR00000002"],
        "it can still be told who it was about"
    );
    let fields = told(
        &app.pool,
        "select name || ' ' || left(value, 5) from keepnet.user_custom_fields order by 1",
    )
    .await;
    assert_eq!(fields, ["Second address hash:", "Site North"]);
}

#[tokio::test]
async fn by_default_they_are_kept() {
    let vendor = reported(&report()).await;
    let app = app(&vendor, &KEY_FILE, &[]).await;
    app.sync().await.unwrap();
    let all = everything(&app.pool).await;
    for mark in [
        "ada@example.com",
        "boss@example.com",
        "alt@example.com",
        "15550100",
    ] {
        assert!(all.contains(mark), "{mark}");
    }
}

#[tokio::test]
async fn what_somebody_wrote_is_told_from_what_somebody_chose() {
    let vendor = completed_by(&[ADA]).await;
    let mut written = answer("q1", "long-fill-in", &["my own words*"]);
    written["studentOrLearnerResponse"] = json!("my own words");
    let mut chosen = answer("q2", "choice-single", &["Agree", "Disagree fully*"]);
    chosen["studentOrLearnerResponse"] = json!("1_Disagree_fully");
    let mut other = answer("q3", "choice-single", &["Agree", "Other*"]);
    other["studentOrLearnerResponse"] = json!("1_Other: my own words");
    let mut brand_new = answer("q4", "brand-new", &["my own words*"]);
    brand_new["note"] = json!("my own words");
    let mut one = session("s1", &[written, chosen, other, brand_new], &[]);
    one["interactions"] = json!([{"name": "q", "value": "my own words"}]);
    vendor.on(sessions(SURVEY, ADA), ok(data(&[one]))).await;
    let app = app(&vendor, &KEY_FILE, &[("privacy.free_text", "drop")]).await;
    app.sync().await.unwrap();
    let texts = texts(&app.pool).await;
    let left: Vec<_> = texts
        .iter()
        .filter(|(_, text)| text.contains("my own words"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let rows = told(
        &app.pool,
        "select format('%s %s %s', question_id, coalesce(option_text, '-'), coalesce(response, '-'))
         from keepnet.survey_answers order by 1",
    )
    .await;
    assert_eq!(
        rows,
        [
            "q1 - -",
            "q2 Disagree fully 1_Disagree_fully",
            "q3 Other -",
            "q4 - -"
        ]
    );
    let counted = told(
        &app.pool,
        "select answered_count::text from keepnet.survey_sessions",
    )
    .await;
    assert_eq!(counted, ["4"], "it still counts as an answer");
}

#[tokio::test]
async fn the_people_and_departments_of_widgets_are_treated_alike() {
    let vendor = completed_by(&[ADA]).await;
    let catalogue = json!({"data": {"metrics": [{"name": "M", "widgets": [
        {"resourceId": "w1", "widgetType": "Brand"}, {"resourceId": "w2", "widgetType": "Table"},
    ]}]}});
    vendor.on(metrics(), ok(catalogue.to_string())).await;
    let about = json!({
        "email": "Ada@Example.com", "fullName": "Ada Lovelace", "department": "Analytical Engines", "phone": 15_550_100,
        "campaignName": "Drill", "totalCount": 3, "ada@example.com": 1, "Lovelace": 2, "said": "my own words",
    });
    let rows = json!({"data": [
        {"resourceId": "w1", "widgetType": "Brand", "widgetDatas": [
            {"dataObject": about, "values": [{"value": 7}], "lead": "boss@example.com"}]},
        {"resourceId": "w2", "widgetType": "Table", "widgetDatas": [
            {"tableDefinitions": [{"name": "department"}, {"name": "score"}, {"name": "remark"}],
             "tableValues": [{"department": "Analytical Engines", "score": 4, "remark": "my own words"}]}]},
    ]});
    vendor.on(widget_datas(), ok(rows.to_string())).await;
    let settings = [
        ("privacy.email", "hash"),
        ("privacy.name", "drop"),
        ("privacy.phone", "drop"),
        ("privacy.department", "hash"),
    ];
    let key = KeyFile::new();
    let app = app(&vendor, &key, &settings).await;
    app.sync().await.unwrap();
    let texts = texts(&app.pool).await;
    for mark in MARKS.iter().chain(&["Ada@Example.com"]) {
        let left: Vec<_> = texts
            .iter()
            .filter(|(_, text)| text.contains(mark))
            .collect();
        assert!(left.is_empty(), "{mark}: {left:?}");
    }
    let dimension = told(
        &app.pool,
        "select dimension::text from keepnet.widget_values where widget_type = 'Brand' limit 1",
    )
    .await;
    let dimension: Value = serde_json::from_str(&dimension[0]).unwrap();
    let company = crate::support::vendor::ALPHA;
    let expected = json!({
        "email": super::hash(company, "ada@example.com"), "department": super::hash(company, "Analytical Engines"),
        "campaignName": "Drill", "totalCount": 3,
    });
    assert_eq!(dimension, expected);
}
