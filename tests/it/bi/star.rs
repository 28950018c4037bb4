//! What the star says of a simulated world, against figures computed here from the simulator's truth.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use sqlx::Row as _;

use super::{count, lines, views};
use crate::support::TestApp;
use crate::support::simulator::Simulator;

const WORLD: &[&str] = &[
    "--companies",
    "5",
    "--sub-resellers",
    "1",
    "--enrollments",
    "8",
    "--users",
    "30",
    "--survey-share",
    "40%",
    "--learning-paths",
    "25%",
    "--archived",
    "10%",
    "--anonymous",
    "10%",
];

async fn synced() -> (Simulator, TestApp) {
    let simulator = Simulator::start(WORLD);
    let app = TestApp::new(simulator.url(), &[("api.time_zone", "Europe/Istanbul")]).await;
    assert_eq!(app.sync().await.unwrap().outcome, "ok");
    (simulator, app)
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

fn ids(row: &Value) -> (String, String) {
    (text(row, "company_id"), text(row, "enrollment_id"))
}

/// Its own reading of the vendor's words.
fn is_completed(status: &str) -> bool {
    [
        "Completed",
        "Passed",
        "Exam Passed",
        "Success",
        "Downloaded",
    ]
    .contains(&status)
}

fn is_targeted(status: &str) -> bool {
    !["Cancelled", "Canceled", "Excluded"].contains(&status)
}

#[tokio::test]
async fn each_person_is_in_each_top_level_enrollment_once_with_the_status_of_the_truth() {
    let (simulator, app) = synced().await;
    let steps: BTreeSet<(String, String)> = simulator
        .truth("enrollments")
        .await
        .iter()
        .filter(|row| row["is_step"] == true)
        .map(ids)
        .collect();
    assert!(!steps.is_empty());
    let mut expected = BTreeMap::new();
    let mut of_steps = BTreeMap::new();
    for row in simulator.truth("enrollment_users").await {
        let ((company, enrollment), user) = (ids(&row), text(&row, "target_user_id"));
        let of = if steps.contains(&(company.clone(), enrollment.clone())) {
            &mut of_steps
        } else {
            &mut expected
        };
        let before = of.insert((company, enrollment, user), text(&row, "status"));
        assert_eq!(before, None, "the simulated report has a person once");
    }
    let read = async |sql: &str| -> BTreeMap<(String, String, String), String> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
            .fetch_all(&app.pool)
            .await
            .unwrap();
        let count = rows.len();
        let found: BTreeMap<_, _> = rows
            .iter()
            .map(|row| {
                let status: String = row.get(3);
                assert_eq!(row.get::<bool, _>(4), is_completed(&status), "{status}");
                assert_eq!(row.get::<bool, _>(5), is_targeted(&status), "{status}");
                ((row.get(0), row.get(1), row.get(2)), status)
            })
            .collect();
        assert_eq!(found.len(), count, "the grain");
        found
    };
    let columns = "target_user_id, status, is_completed, is_targeted";
    let found = read(&format!(
        "select company_id, enrollment_id, {columns} from bi.fact_enrollment_user"
    ))
    .await;
    assert_eq!(found, expected);
    let found = read(&format!(
        "select company_id, step_enrollment_id, {columns} from bi.fact_step_user"
    ))
    .await;
    assert_eq!(found, of_steps);
    let unknown = "select count(*) from bi.fact_enrollment_user where status_group = 'unknown'";
    assert_eq!(count(&app.pool, unknown).await, 0);
}

#[tokio::test]
async fn enrollments_have_the_counts_of_the_truth_and_no_rate_without_people() {
    let (simulator, app) = synced().await;
    // Users, those who count, completed.
    let mut expected: BTreeMap<(String, String), [i64; 3]> = simulator
        .truth("enrollments")
        .await
        .iter()
        .filter(|row| row["is_step"] != true)
        .map(|row| (ids(row), [0; 3]))
        .collect();
    for row in simulator.truth("enrollment_users").await {
        let status = text(&row, "status");
        if let Some(counts) = expected.get_mut(&ids(&row)) {
            counts[0] += 1;
            counts[1] += i64::from(is_targeted(&status));
            counts[2] += i64::from(is_completed(&status));
        }
    }
    let rows = sqlx::query(
        "select company_id, enrollment_id, user_count, targeted_user_count, completed_count, completion_rate,
                (select coalesce(sum(s.user_count), 0)::bigint from bi.fact_enrollment_status s
                 where s.enrollment_key = f.enrollment_key),
                (select coalesce(sum(d.completed_count), 0)::bigint from bi.fact_completion_day d
                 where d.enrollment_key = f.enrollment_key)
         from bi.fact_enrollment f",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let mut found = BTreeMap::new();
    let mut without_people = 0;
    for row in &rows {
        let counts: [i64; 3] = [row.get(2), row.get(3), row.get(4)];
        let rate: Option<f64> = row.get(5);
        if counts[1] == 0 {
            assert_eq!(rate, None);
            without_people += 1;
        } else {
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            let expected = counts[2] as f64 / counts[1] as f64;
            assert_eq!(rate, Some(expected));
        }
        assert_eq!(
            (row.get::<i64, _>(6), row.get::<i64, _>(7)),
            (counts[0], counts[2])
        );
        found.insert((row.get(0), row.get(1)), counts);
    }
    assert_eq!(found.len(), rows.len(), "the grain");
    assert_eq!(found, expected);
    assert!(without_people > 0, "an anonymous enrollment has no people");
    let anonymous = simulator.truth("anonymous_results").await.len();
    let sum = "select sum(anonymous_result_count)::bigint from bi.fact_enrollment";
    assert_eq!(
        count(&app.pool, sum).await,
        i64::try_from(anonymous).unwrap()
    );
}

#[tokio::test]
async fn answers_have_the_scores_of_the_truth_and_their_sums_are_those_of_the_latest_sessions() {
    let (simulator, app) = synced().await;
    let key = |row: &Value| {
        let names = [
            "company_id",
            "enrollment_id",
            "target_user_id",
            "session_id",
        ];
        names.map(|name| text(row, name))
    };
    let latest: HashMap<[String; 4], bool> = simulator
        .truth("survey_sessions")
        .await
        .iter()
        .map(|row| (key(row), row["is_latest"] == true))
        .collect();
    assert!(latest.values().any(|is_latest| !is_latest), "two sessions");
    let options: HashMap<[String; 4], Option<i64>> = simulator
        .truth("survey_questions")
        .await
        .iter()
        .map(|row| {
            let names = ["company_id", "enrollment_id", "content_id", "question_id"];
            (
                names.map(|name| text(row, name)),
                row["option_count"].as_i64(),
            )
        })
        .collect();
    // Per session and question: the first chosen position, its score in hundredths, all texts.
    type Told = (i64, Option<i64>, Vec<String>);
    let mut expected: BTreeMap<([String; 4], String), Told> = BTreeMap::new();
    let mut chosen_by_latest = 0;
    let mut answers = simulator.truth("survey_answers").await;
    answers.sort_by_key(|row| row["position"].as_i64());
    for row in &answers {
        chosen_by_latest += i64::from(latest[&key(row)]);
        let question = [
            text(row, "company_id"),
            text(row, "enrollment_id"),
            text(row, "content_id"),
            text(row, "question_id"),
        ];
        let count = options[&question];
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "0 to 10000"
        )]
        let score = |place: i64| {
            let last = count.filter(|count| *count > 1)? - 1;
            Some((10_000.0 * place as f64 / last as f64).round() as i64)
        };
        let told = expected
            .entry((key(row), text(row, "question_id")))
            .or_insert_with(|| {
                let position = row["position"].as_i64().unwrap();
                let score = row["scored_position"].as_i64().and_then(score);
                (position, score, Vec::new())
            });
        told.2
            .extend(row["option_text"].as_str().map(str::to_owned));
    }
    let rows = sqlx::query(
        "select company_id, enrollment_id, target_user_id, session_id, question_id, position,
                round(score * 100)::bigint, answer_text, is_latest_session, question_key is null
         from bi.fact_answer",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let mut found = BTreeMap::new();
    for row in &rows {
        let key = [0, 1, 2, 3].map(|at| row.get::<String, _>(at));
        assert_eq!(row.get::<bool, _>(8), latest[&key]);
        assert!(!row.get::<bool, _>(9));
        let texts: Option<String> = row.get(7);
        let told = (row.get::<i64, _>(5), row.get::<Option<i64>, _>(6), texts);
        found.insert((key, row.get::<String, _>(4)), told);
    }
    let expected: BTreeMap<_, _> = expected
        .into_iter()
        .map(|(key, (position, score, texts))| {
            let texts = (!texts.is_empty()).then(|| texts.join(" | "));
            (key, (position, score, texts))
        })
        .collect();
    assert_eq!(rows.len(), found.len(), "the grain");
    assert_eq!(found, expected);
    assert!(
        found.values().any(|told| told.1.is_some()) && found.values().any(|told| told.1.is_none())
    );
    let sum = "select sum(answer_count)::bigint from bi.fact_answer_option";
    assert_eq!(count(&app.pool, sum).await, chosen_by_latest);
    // The mean score per question, by rows and by counts.
    let differing = "select r.question_key
        from (select question_key, avg(score) as score, count(score) as n from bi.fact_answer
              where is_latest_session group by question_key) r
        full join (select question_key, sum(score * answer_count) / nullif(sum(answer_count) filter (where score is not null), 0) as score,
                          coalesce(sum(answer_count) filter (where score is not null), 0) as n
                   from bi.fact_answer_option group by question_key) c using (question_key)
        where r.n is distinct from c.n or abs(r.score - c.score) > 1e-9";
    assert_eq!(lines(&app.pool, differing).await, [""; 0]);
}

#[tokio::test]
async fn a_question_in_several_languages_is_one_and_stays_one_per_content() {
    let (simulator, app) = synced().await;
    let mut contents: BTreeMap<(String, String, String), BTreeSet<String>> = BTreeMap::new();
    for row in simulator.truth("survey_questions").await {
        let (company, enrollment) = ids(&row);
        contents
            .entry((company, enrollment, text(&row, "question_id")))
            .or_default()
            .insert(text(&row, "content_id"));
    }
    assert!(
        contents.values().any(|contents| contents.len() > 1),
        "two languages"
    );
    let questions: usize = contents.values().map(BTreeSet::len).sum();
    let told = "select count(*), count(distinct question_key), count(distinct survey_question_key) from bi.dim_question";
    assert_eq!(
        lines(&app.pool, told).await,
        [format!("({questions},{questions},{})", contents.len())]
    );
}

#[tokio::test]
async fn a_company_below_a_sub_reseller_counts_once_under_whoever_is_above_it() {
    let (simulator, app) = synced().await;
    let parents: HashMap<String, Option<String>> = simulator
        .truth("companies")
        .await
        .iter()
        .map(|row| {
            let parent = row["parent_company_id"].as_str().map(str::to_owned);
            (text(row, "company_id"), parent)
        })
        .collect();
    let mut expected = BTreeSet::new();
    for company in parents.keys() {
        let (mut above, mut depth) = (Some(company.clone()), 0);
        while let Some(id) = above {
            expected.insert((id.clone(), company.clone(), depth));
            above = parents.get(&id).cloned().flatten();
            depth += 1;
        }
    }
    assert!(
        expected.iter().any(|(.., depth)| *depth == 2),
        "a sub-reseller"
    );
    let rows: Vec<(String, String, i32)> =
        sqlx::query_as("select ancestor_company_id, company_id, depth from bi.dim_company_tree")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert_eq!(rows.len(), expected.len());
    assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), expected);
    let sums = "select (select sum(f.user_count) from bi.fact_enrollment f
                        join bi.dim_company_tree t on t.company_key = f.company_key
                        join bi.dim_company r on r.company_key = t.ancestor_company_key and r.parent_company_id is null)
                     = (select sum(user_count) from bi.fact_enrollment)";
    assert_eq!(lines(&app.pool, sums).await, ["(t)"]);
}

#[tokio::test]
async fn every_view_answers_and_relationships_find_their_dimensions() {
    let (simulator, app) = synced().await;
    for view in views(&app.pool).await {
        count(
            &app.pool,
            &format!("select count(*) from (select * from bi.{view}) v"),
        )
        .await;
    }
    for (table, view) in [
        ("companies", "dim_company"),
        ("enrollments", "dim_enrollment"),
        ("target_users", "dim_person"),
        ("trainings", "dim_training"),
        ("widget_values", "fact_widget_value"),
    ] {
        let months = "?from=2026-07&to=2026-07";
        let asked = if table == "widget_values" {
            format!("{table}{months}")
        } else {
            table.to_owned()
        };
        let truth = simulator.truth(&asked).await.len();
        let rows = count(&app.pool, &format!("select count(*) from bi.{view}")).await;
        assert_eq!(rows, i64::try_from(truth).unwrap(), "{view}");
    }
    for (fact, key, dimension) in [
        ("fact_enrollment_user", "company_key", "dim_company"),
        ("fact_enrollment_user", "enrollment_key", "dim_enrollment"),
        ("fact_enrollment_user", "target_user_key", "dim_person"),
        ("fact_step_user", "enrollment_key", "dim_enrollment"),
        ("fact_answer", "question_key", "dim_question"),
        ("fact_answer", "target_user_key", "dim_person"),
        ("fact_widget_value", "company_key", "dim_company"),
    ] {
        let lost = format!(
            "select count(*) from bi.{fact} f where not exists (select from bi.{dimension} d where d.{key} = f.{key})"
        );
        assert_eq!(count(&app.pool, &lost).await, 0, "{fact}.{key}");
        let unique = format!("select count(*) - count(distinct {key}) from bi.{dimension}");
        assert_eq!(count(&app.pool, &unique).await, 0, "{dimension}.{key}");
    }
    let values = "select count(*) from bi.fact_widget_value where name like '%X100' and value > 5";
    assert_eq!(count(&app.pool, values).await, 0);
}
