//! What holds for every input: listings, encoded rows, dates, and items of any shape.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use keepnet_etl::api::dates::{DateFormat, DateReader, Evidence, Reading};
use keepnet_etl::api::endpoints::account::Texts;
use keepnet_etl::api::endpoints::anonymous::{AnonymousLearner, AnonymousResult};
use keepnet_etl::api::endpoints::answers::Session;
use keepnet_etl::api::endpoints::companies::{Company, CompanyId, MyCompany};
use keepnet_etl::api::endpoints::enrollments::{Enrollment, EnrollmentDetail};
use keepnet_etl::api::endpoints::interactions::{Interaction, Untracked};
use keepnet_etl::api::endpoints::reports::Report;
use keepnet_etl::api::endpoints::summaries::Summary;
use keepnet_etl::api::endpoints::target_groups::TargetGroup;
use keepnet_etl::api::endpoints::trainings::Training;
use keepnet_etl::api::endpoints::users::UserReport;
use keepnet_etl::api::endpoints::widgets::{WidgetCatalogue, WidgetData};
use keepnet_etl::api::{Client, Fields, WireItem};
use keepnet_etl::clock::ManualClock;
use keepnet_etl::settings::{Settings, Sources, variable};
use keepnet_etl::verdict::Verdict;
use keepnet_etl::warehouse::load::tuple::{self, Row, TableRows, Tuple};
use keepnet_etl::warehouse::tables::companies::CompanyTagRow;
use keepnet_etl::warehouse::tables::users::{EnrollmentUserRow, UserCustomFieldRow};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

fn reader(format: Option<DateFormat>) -> DateReader {
    DateReader {
        format,
        zone: Tz::UTC,
    }
}

/// Any JSON, with the member names that items have.
fn any_json() -> impl Strategy<Value = Value> {
    let date = prop_oneof![
        "[0-9/.: TZ-]{0,22}",
        "[0-3][0-9]/[0-1][0-9]/20[0-9]{2} 1[0-9]:00"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        date.prop_map(Value::from),
    ];
    let name = prop_oneof![
        proptest::sample::select(vec![
            "companyResourceId",
            "resourceId",
            "enrollmentId",
            "targetUserResourceId",
            "numberOfUsers",
            "examScore",
            "isMainScore",
            "createTime",
            "lastInteractionDate",
            "children",
            "tags",
            "customFieldValues",
            "trainingRoles",
            "reportDetail",
            "trainingDetails",
            "steps",
            "stepNumber",
            "enrollmentScheduler",
            "dueDate",
            "eventTime",
            "trackingInfo",
            "enrollmentSessionId",
            "interactionsHumanReadable",
            "scormId",
            "question",
            "questions",
            "answers",
            "isUserAnswer",
            "option",
            "latency",
            "targetUserResultId",
            "metrics",
            "widgets",
            "widgetType",
            "widgetDatas",
            "widgetLayout",
            "values",
            "value",
            "dataObject",
            "tableValues",
            "tableDefinitions",
            "trainingId",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(name.clone(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Decodes `raw` as a `T`; only whether it ends matters.
fn decode<T: WireItem>(raw: &RawValue) {
    for format in [None, Some(DateFormat::Dmy), Some(DateFormat::Iso)] {
        let _ = Fields::open(raw, &reader(format)).and_then(T::decode);
    }
}

/// The same cases in every run.
fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        cases: count,
        rng_seed: RngSeed::Fixed(2026),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn no_json_makes_an_item_panic(value in any_json()) {
        let raw = RawValue::from_string(value.to_string()).unwrap();
        decode::<Company>(&raw);
        decode::<MyCompany>(&raw);
        decode::<Enrollment>(&raw);
        decode::<EnrollmentDetail>(&raw);
        decode::<Summary>(&raw);
        decode::<UserReport>(&raw);
        decode::<Texts>(&raw);
        decode::<Interaction>(&raw);
        decode::<Untracked>(&raw);
        decode::<Session>(&raw);
        decode::<AnonymousLearner>(&raw);
        decode::<AnonymousResult>(&raw);
        decode::<Report>(&raw);
        decode::<WidgetCatalogue>(&raw);
        decode::<WidgetData>(&raw);
        decode::<Training>(&raw);
        decode::<TargetGroup>(&raw);
    }

    #[test]
    fn no_tracking_data_is_kept_with_an_event_that_cannot_be_read(value in any_json()) {
        fn holds_tracking(value: &Value) -> bool {
            match value {
                Value::Array(elements) => elements.iter().any(holds_tracking),
                Value::Object(members) => {
                    members.contains_key("trackingInfo") || members.values().any(holds_tracking)
                }
                _ => false,
            }
        }
        let payload = Untracked::payload(&value.to_string());
        let kept: Value = serde_json::from_str(&payload).unwrap();
        prop_assert!(!holds_tracking(&kept), "{payload}");
    }

    #[test]
    fn what_nobody_takes_is_kept_as_it_was(members in btree_map("[a-z]{1,8}", any_json(), 0..6)) {
        let item: BTreeMap<&String, &Value> = members.iter().filter(|(_, v)| !v.is_null()).collect();
        let raw = RawValue::from_string(json!(members).to_string()).unwrap();
        let dates = reader(None);
        let extra = Fields::open(&raw, &dates).unwrap().into_extra(&[]);
        let kept = extra.json.map_or(json!({}), |json| serde_json::from_str(&json).unwrap());
        // NUL is the one thing that PostgreSQL cannot hold; it arrives as U+FFFD.
        let expected = json!(item).to_string().replace("\\u0000", "\u{fffd}");
        prop_assert_eq!(kept, serde_json::from_str::<Value>(&expected).unwrap());
    }

    #[test]
    fn escapes_of_any_kind_are_read(escapes in vec("\\\\u[0-9a-fA-F]{4}|\\\\u[dD][89a-fA-F][0-9a-f]{2}|\\\\\\\\|\\\\n|é|x", 0..12)) {
        let text = escapes.concat();
        let raw = RawValue::from_string(format!(r#"{{"resourceId":"c","{text}":"{text}"}}"#)).unwrap();
        let dates = reader(None);
        prop_assert!(Fields::open(&raw, &dates).is_ok(), "{}", raw);
    }

    #[test]
    fn no_text_makes_a_date_panic(text in prop_oneof![any::<String>(), "[0-9/.: TZ+APM-]{0,30}"]) {
        for format in [None, Some(DateFormat::Dmy), Some(DateFormat::Mdy), Some(DateFormat::Ymd)] {
            let _ = reader(format).read(&text);
        }
        Evidence::default().observe(&text);
        let _ = DateFormat::from_pattern(&text);
    }

    #[test]
    fn a_date_written_by_a_format_is_read_back_by_it(
        day in 0_i64..40_000,
        second in 0_u32..86_400,
        separator in proptest::sample::select(vec!['/', '-', '.']),
    ) {
        let date = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + TimeDelta::days(day);
        let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap();
        let written = date.and_time(time);
        for (format, order) in [
            (DateFormat::Dmy, ["%d", "%m", "%Y"]),
            (DateFormat::Mdy, ["%m", "%d", "%Y"]),
            (DateFormat::Ymd, ["%Y", "%m", "%d"]),
        ] {
            let pattern = order.join(&separator.to_string());
            for clock in ["%H:%M:%S", "%I:%M:%S %p", "%I:%M:%S%p"] {
                let text = written.format(&format!("{pattern} {clock}")).to_string();
                prop_assert_eq!(reader(Some(format)).read(&text), Reading::Instant(written.and_utc()), "{}", text);
            }
        }
        let iso = written.and_utc().to_rfc3339();
        prop_assert_eq!(reader(None).read(&iso), Reading::Instant(written.and_utc()));
    }

    #[test]
    fn a_date_is_never_read_as_another_day_without_a_decision(day in 1_u32..32, month in 1_u32..32) {
        let text = format!("{day:02}/{month:02}/2026 10:00");
        let read = reader(None).read(&text);
        prop_assert!(matches!(read, Reading::Undecided | Reading::Unreadable), "{text}: {read:?}");
    }

    #[test]
    fn evidence_never_decides_against_a_date_that_it_saw(texts in vec("[0-3][0-9]/[0-3][0-9]/2026", 1..8)) {
        let mut evidence = Evidence::default();
        texts.iter().for_each(|text| evidence.observe(text));
        if let Some(format) = evidence.decide() {
            for text in &texts {
                prop_assert_ne!(reader(Some(format)).read(text), Reading::Contradiction, "{}", text);
            }
        }
    }

    #[test]
    fn encoded_rows_are_taken_apart_into_what_was_encoded(
        ids in proptest::array::uniform4("\\PC{0,12}"),
        status in proptest::option::of(any::<String>()),
        score in proptest::option::of(any::<f64>()),
        is_main_score in proptest::option::of(any::<bool>()),
        seconds in proptest::option::of(-30_000_000_000_i64..250_000_000_000),
    ) {
        let instant = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let row = EnrollmentUserRow {
            company_id: &ids[0],
            enrollment_id: &ids[1],
            reported_enrollment_id: &ids[2],
            target_user_id: &ids[3],
            status: status.as_deref(),
            exam_score: score,
            is_main_score,
            last_interaction_at: instant,
            extra: Some("{}"),
            ..EnrollmentUserRow::default()
        };
        let mut rows = TableRows::new(EnrollmentUserRow::TABLE);
        rows.push(&row);
        rows.push(&row);
        let columns = EnrollmentUserRow::TABLE.columns;
        // PostgreSQL counts microseconds from 2000.
        let epoch: DateTime<Utc> = "2000-01-01T00:00:00Z".parse().unwrap();
        let micros = instant.and_then(|instant| (instant - epoch).num_microseconds());
        for encoded in rows.rows() {
            let values: Vec<Option<Vec<u8>>> = tuple::fields(encoded.values)
                .map(|value| value.map(<[u8]>::to_vec))
                .collect();
            prop_assert_eq!(values.len(), columns.len());
            let value = |name: &str| {
                let at = columns.iter().position(|column| column.name == name);
                values[at.expect("a column")].clone()
            };
            for (id, value) in ids.iter().zip(&values) {
                prop_assert_eq!(value.as_deref(), Some(id.as_bytes()));
            }
            let text = status.as_ref().map(|text| text.replace('\0', "\u{fffd}"));
            prop_assert_eq!(value("status"), text.map(String::into_bytes));
            prop_assert_eq!(value("exam_score"), score.map(|score| score.to_be_bytes().to_vec()));
            prop_assert_eq!(value("is_main_score"), is_main_score.map(|is| vec![u8::from(is)]));
            prop_assert_eq!(value("last_interaction_at"), micros.map(|us| us.to_be_bytes().to_vec()));
            prop_assert_eq!(value("extra"), Some(b"\x01{}".to_vec()));
            prop_assert_eq!(value("email"), None);
            prop_assert_eq!(encoded.key, tuple::prefix(encoded.values, 4));
        }
    }

    #[test]
    fn appended_rows_keep_their_contents_and_their_owners(sets in vec((any::<u8>(), vec("[a-z]{0,3}", 0..4)), 0..6)) {
        // All in one, and each appended to the ones before, as pages are to a batch.
        let mut at_once = TableRows::new(CompanyTagRow::TABLE);
        let mut appended = TableRows::new(CompanyTagRow::TABLE);
        for (owner, tags) in &sets {
            let company_id = owner.to_string();
            let mut part = TableRows::new(CompanyTagRow::TABLE);
            for rows in [&mut at_once, &mut part] {
                let owner = |key: &mut Tuple<'_>| {
                    key.text(Some(&company_id));
                };
                rows.push_owner(owner, tuple::version(None, ""));
                for tag in tags {
                    rows.push(&CompanyTagRow { company_id: &company_id, tag });
                }
            }
            appended.append(&part);
        }
        prop_assert_eq!(at_once.owners(), appended.owners());
        let rows = |from: &TableRows| from.rows().map(|row| (row.key.to_vec(), row.values.to_vec(), row.owner)).collect::<Vec<_>>();
        prop_assert_eq!(rows(&at_once), rows(&appended));
        for row in appended.rows() {
            let owner = &appended.owners()[row.owner.expect("an owner")];
            prop_assert_eq!(&*owner.key, tuple::prefix(row.key, 1));
        }
    }

    #[test]
    fn keys_are_equal_only_when_all_their_parts_are(left in proptest::array::uniform3("[ab]{0,2}"), right in proptest::array::uniform3("[ab]{0,2}")) {
        let key = |parts: &[String; 3]| {
            let mut rows = TableRows::new(UserCustomFieldRow::TABLE);
            rows.push(&UserCustomFieldRow {
                company_id: &parts[0],
                target_user_id: &parts[1],
                field_id: &parts[2],
                name: None,
                data_type: None,
                value: None,
                timestamp_value: None,
                extra: None,
            });
            rows.rows().next().expect("a row").key.to_vec()
        };
        prop_assert_eq!(key(&left) == key(&right), left == right);
    }
}

/// Reads the companies that a vendor with these pages shows.
async fn read(pages: Vec<Vec<u8>>, total: usize) -> (Vec<String>, Verdict) {
    let server = MockServer::start().await;
    Mock::given(path("/connect/token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"access_token": "t"})))
        .mount(&server)
        .await;
    Mock::given(path("/api/companies/search"))
        .respond_with(move |request: &Request| {
            let body: Value = request.body_json().expect("JSON");
            let number =
                usize::try_from(body["pageNumber"].as_u64().expect("a page")).expect("a page");
            let ids = pages.get(number - 1).cloned().unwrap_or_default();
            let rows: Vec<Value> = ids.iter().map(|id| json!({"resourceId": id})).collect();
            let data = json!({"totalNumberOfRecords": total, "results": rows});
            ResponseTemplate::new(200).set_body_json(json!({ "data": data }))
        })
        .mount(&server)
        .await;
    let environment = [
        ("api.base_url", server.uri()),
        ("api.client_id", "id".to_owned()),
        ("api.client_secret", "secret".to_owned()),
        ("api.max_requests_per_second", "0".to_owned()),
    ]
    .map(|(key, value)| (variable(key), value));
    let sources = Sources {
        config_file: None,
        environment: environment.to_vec(),
    };
    let settings = Settings::load(sources).expect("settings");
    let credentials = settings.api.credentials().expect("credentials");
    let clock = ManualClock::at("2026-07-01T12:00:00Z".parse().expect("an instant"));
    let client = Client::new(&settings.api, credentials, clock).expect("a client");
    let mut listing = client.companies::<CompanyId>();
    let mut ids = Vec::new();
    while let Some(page) = listing.next().await.expect("a page") {
        ids.extend(page.items.into_iter().map(|company| company.0));
    }
    (ids, listing.end().verdict)
}

proptest! {
    // Each case is a server of its own.
    #![proptest_config(cases(24))]

    #[test]
    fn any_split_into_pages_gives_the_same_rows(rows in proptest::collection::btree_set(any::<u8>(), 0..40), sizes in vec(1_usize..7, 40)) {
        let rows: Vec<u8> = rows.into_iter().collect();
        let mut rest = rows.as_slice();
        let mut pages = Vec::new();
        for size in sizes {
            let (page, behind) = rest.split_at(size.min(rest.len()));
            if page.is_empty() {
                break;
            }
            pages.push(page.to_vec());
            rest = behind;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (ids, verdict) = runtime.block_on(read(pages, rows.len()));
        let expected: Vec<String> = rows.iter().map(u8::to_string).collect();
        prop_assert_eq!(&ids, &expected);
        prop_assert_eq!(verdict, Verdict::Complete);
        prop_assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), rows.len());
    }
}
