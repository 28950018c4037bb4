//! Surveys, computed from the simulator's answers: reversed questions flipped, the latest session of each person, all
//! languages together, small groups hidden.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::world::{
    Row, Truth, assert_rows, day_of, department, instant, is, number, synced, text, view,
};

/// The default of `privacy.min_group`.
const MIN_GROUP: usize = 5;

/// A survey: its company and its id.
type Survey<'a> = (&'a str, &'a str);

/// What was answered to one question by people of one department.
struct Scores<'a> {
    question: &'a str,
    theme: &'a str,
    department: &'a str,
    scores: Vec<f64>,
}

/// Every scored answer of a latest session, by survey.
fn scores(truth: &Truth) -> BTreeMap<Survey<'_>, Vec<Scores<'_>>> {
    let key = |row: &'static str| move |of: &Row| text(of, row).to_owned();
    let surveys: BTreeSet<Survey<'_>> = truth
        .rows("enrollments")
        .iter()
        .filter(|row| is(row, "is_survey") && !is(row, "is_test"))
        .map(|row| (text(row, "company_id"), text(row, "enrollment_id")))
        .collect();
    let latest: BTreeSet<(String, String)> = truth
        .rows("survey_sessions")
        .iter()
        .filter(|row| is(row, "is_latest"))
        .map(|row| (key("enrollment_id")(row), key("session_id")(row)))
        .collect();
    let mut questions: BTreeMap<[&str; 4], &Row> = BTreeMap::new();
    for row in truth.rows("survey_questions") {
        let names = ["company_id", "enrollment_id", "content_id", "question_id"];
        questions.insert(names.map(|name| text(row, name)), row);
    }
    let mut departments: BTreeMap<[&str; 3], &str> = BTreeMap::new();
    for row in truth.rows("enrollment_users") {
        if row["enrollment_id"] == row["reported_enrollment_id"] {
            let names = ["company_id", "enrollment_id", "target_user_id"];
            departments.insert(names.map(|name| text(row, name)), department(row));
        }
    }
    let mut cells: BTreeMap<(Survey<'_>, &str, &str, &str), Vec<f64>> = BTreeMap::new();
    for answer in truth.rows("survey_answers") {
        let names = ["company_id", "enrollment_id", "content_id", "question_id"];
        let [company, enrollment, content, question] = names.map(|name| text(answer, name));
        let is_latest = latest.contains(&(enrollment.to_owned(), key("session_id")(answer)));
        if !is_latest || !surveys.contains(&(company, enrollment)) {
            continue;
        }
        let Some(position) = number(answer, "scored_position") else {
            continue;
        };
        let asked = questions[&[company, enrollment, content, question]];
        let theme = match text(asked, "group_id") {
            "" => "(none)",
            theme => theme,
        };
        let person = [company, enrollment, text(answer, "target_user_id")];
        let department = departments.get(&person).copied().unwrap_or("(none)");
        let score = 100.0 * position / (number(asked, "option_count").unwrap() - 1.0);
        let cell = ((company, enrollment), question, theme, department);
        cells.entry(cell).or_default().push(score);
    }
    let mut of_surveys: BTreeMap<Survey<'_>, Vec<Scores<'_>>> = BTreeMap::new();
    for ((survey, question, theme, department), scores) in cells {
        let of_survey = of_surveys.entry(survey).or_default();
        of_survey.push(Scores {
            question,
            theme,
            department,
            scores,
        });
    }
    of_surveys
}

/// The figures of some answers.
fn figures(scores: &[f64]) -> Value {
    let within = |is_in: fn(f64) -> bool| scores.iter().filter(|score| is_in(**score)).count();
    json!({
        "mean_score": scores.iter().sum::<f64>() / scores.len() as f64,
        "lowest_count": within(|score| score < 20.0),
        "low_count": within(|score| (20.0..40.0).contains(&score)),
        "middle_count": within(|score| (40.0..=60.0).contains(&score)),
        "high_count": within(|score| score > 60.0 && score <= 80.0),
        "highest_count": within(|score| score > 80.0),
    })
}

fn hidden() -> Value {
    json!({
        "people_count": null, "mean_score": null, "lowest_count": null, "low_count": null,
        "middle_count": null, "high_count": null, "highest_count": null,
    })
}

fn joined(mut row: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        panic!("not an object")
    };
    row.as_object_mut().unwrap().extend(more);
    row
}

/// People per question, over all departments.
fn people<'a>(cells: &[Scores<'a>]) -> BTreeMap<&'a str, usize> {
    let mut people = BTreeMap::new();
    for cell in cells {
        *people.entry(cell.question).or_default() += cell.scores.len();
    }
    people
}

/// What a group of cells amounts to: the people of the question with most of them, and all scores.
fn of<'a>(cells: impl Iterator<Item = &'a Scores<'a>>) -> (usize, Vec<f64>) {
    let (mut people, mut scores) = (BTreeMap::<&str, usize>::new(), Vec::new());
    for cell in cells {
        *people.entry(cell.question).or_default() += cell.scores.len();
        scores.extend(&cell.scores);
    }
    (people.into_values().max().unwrap_or(0), scores)
}

#[tokio::test]
async fn questions_are_told_with_people_mean_and_distribution() {
    let (truth, pool) = synced().await;
    let mut expected = Vec::new();
    let mut small = 0;
    for ((company, enrollment), cells) in scores(truth) {
        for (question, people) in people(&cells) {
            let row = json!({
                "company_id": company, "enrollment_id": enrollment, "question_id": question,
                "is_suppressed": people < MIN_GROUP,
            });
            let (_, scores) = of(cells.iter().filter(|cell| cell.question == question));
            small += usize::from(people < MIN_GROUP);
            expected.push(if people < MIN_GROUP {
                joined(row, hidden())
            } else {
                joined(
                    joined(row, json!({"people_count": people})),
                    figures(&scores),
                )
            });
        }
    }
    let found = view(&pool, "survey_results_by_question").await;
    assert_rows("survey_results_by_question", &found, &expected);
    // A question in three languages is one line, with a text in one of them.
    assert!(
        found
            .iter()
            .all(|row| !text(row, "question_text").is_empty())
    );
    assert!(expected.len() > 50 && small < expected.len());
}

#[tokio::test]
async fn themes_and_surveys_are_made_of_the_questions_that_are_shown() {
    let (truth, pool) = synced().await;
    let (mut themes, mut surveys) = (Vec::new(), Vec::new());
    for ((company, enrollment), mut cells) in scores(truth) {
        let people = people(&cells);
        let all_themes: BTreeSet<&str> = cells.iter().map(|cell| cell.theme).collect();
        cells.retain(|cell| people[cell.question] >= MIN_GROUP);
        for theme in all_themes {
            let (people, scores) = of(cells.iter().filter(|cell| cell.theme == theme));
            let row = json!({
                "company_id": company, "enrollment_id": enrollment, "group_id": theme,
                "is_suppressed": people == 0,
            });
            themes.push(if people == 0 {
                joined(row, hidden())
            } else {
                joined(
                    joined(row, json!({"people_count": people})),
                    figures(&scores),
                )
            });
        }
        let (people, scores) = of(cells.iter());
        let row = json!({
            "company_id": company, "enrollment_id": enrollment, "is_suppressed": people == 0,
        });
        surveys.push(if people == 0 {
            joined(row, hidden())
        } else {
            joined(
                joined(row, json!({"people_count": people})),
                figures(&scores),
            )
        });
    }
    assert_rows(
        "survey_results_by_group",
        &view(&pool, "survey_results_by_group").await,
        &themes,
    );
    assert_rows(
        "survey_results",
        &view(&pool, "survey_results").await,
        &surveys,
    );
}

#[tokio::test]
async fn participation_counts_who_answered_and_whose_answers_are_missing() {
    let (truth, pool) = synced().await;
    let all = truth.assignments();
    let expected: Vec<Value> = truth
        .counted_enrollments()
        .filter(|row| is(row, "is_survey"))
        .map(|survey| {
            let is_of = |row: &&Row| {
                row["company_id"] == survey["company_id"]
                    && row["enrollment_id"] == survey["enrollment_id"]
            };
            let invited = all
                .iter()
                .filter(|one| is_of(&one.user) && one.is_targeted());
            let sessions: Vec<&Row> = truth.rows("survey_sessions").iter().filter(is_of).collect();
            let latest = || sessions.iter().filter(|row| is(row, "is_latest"));
            let lacks = |row: &&&Row| number(row, "answered_count") < number(row, "asked_count");
            json!({
                "company_id": survey["company_id"], "enrollment_id": survey["enrollment_id"],
                "invited_count": invited.clone().count(),
                "completed_count": invited.filter(|one| one.is_completed()).count(),
                "people_with_session_count": latest().count(),
                "incomplete_session_count": latest()
                    .filter(|row| !row["asked_count"].is_null())
                    .filter(lacks)
                    .count(),
                "repeated_session_count": sessions.len() - latest().count(),
            })
        })
        .collect();
    assert!(
        expected
            .iter()
            .any(|row| row["repeated_session_count"] != 0)
    );
    assert!(
        expected
            .iter()
            .any(|row| row["incomplete_session_count"] != 0)
    );
    let found = view(&pool, "survey_participation").await;
    assert_rows("survey_participation", &found, &expected);
}

/// Year, month, people, scores of every survey that is shown, with its company and content.
fn shown(truth: &Truth) -> Vec<(String, String, bool, chrono::NaiveDate, usize, Vec<f64>)> {
    let mut shown = Vec::new();
    for ((company, enrollment), mut cells) in scores(truth) {
        let people = people(&cells);
        cells.retain(|cell| people[cell.question] >= MIN_GROUP);
        let (people, scores) = of(cells.iter());
        let named = |id: &str| {
            let mut all = truth.rows("enrollments").iter();
            all.find(|row| text(row, "company_id") == company && text(row, "enrollment_id") == id)
        };
        let row = named(enrollment).unwrap();
        let start = |row: &Row| instant(row, "starts_at").or_else(|| instant(row, "created_at"));
        let path = || named(text(row, "parent_enrollment_id")).and_then(start);
        let started = start(row).or_else(path).expect("a start");
        if people > 0 {
            let content = text(row, "training_name").to_owned();
            let is_step = is(row, "is_step");
            shown.push((
                company.to_owned(),
                content,
                is_step,
                day_of(started),
                people,
                scores,
            ));
        }
    }
    shown
}

fn mean(scores: &[f64]) -> f64 {
    scores.iter().sum::<f64>() / scores.len() as f64
}

#[tokio::test]
async fn a_month_shows_our_culture_score_beside_the_vendors() {
    use chrono::Datelike;

    let (truth, pool) = synced().await;
    let mut months: BTreeMap<(String, String), (Vec<f64>, Option<f64>)> = BTreeMap::new();
    for (company, _, is_step, day, _, scores) in shown(truth) {
        if !is_step {
            let month = day.with_day(1).unwrap().to_string();
            months.entry((company, month)).or_default().0.extend(scores);
        }
    }
    for row in truth.rows("widget_values") {
        let is_score = ["overallscore", "overallscorex100"]
            .contains(&text(row, "name").to_lowercase().as_str());
        if text(row, "widget_type") == "SecurityCultureScoreGaugeWidget" {
            let key = (
                text(row, "company_id").to_owned(),
                text(row, "period_start").to_owned(),
            );
            let month = months.entry(key).or_default();
            if is_score {
                month.1 = number(row, "value")
                    .zip(number(row, "scale"))
                    .map(|(value, scale)| value / scale);
            }
        }
    }
    let expected: Vec<Value> = months
        .iter()
        .map(|((company, month), (scores, vendor))| {
            let own = (!scores.is_empty()).then(|| mean(scores) / 20.0);
            json!({
                "company_id": company, "month": month, "score": own, "vendor_score": vendor,
                "difference": own.zip(*vendor).map(|(own, vendor)| own - vendor),
            })
        })
        .collect();
    assert!(expected.iter().any(|row| !row["difference"].is_null()));
    let found = view(&pool, "culture_score_by_month").await;
    assert_rows("culture_score_by_month", &found, &expected);
}

#[tokio::test]
async fn a_survey_is_compared_with_the_year_before_and_with_the_portfolio() {
    use chrono::Datelike;

    let (truth, pool) = synced().await;
    let mut years: BTreeMap<(String, String, i32), (usize, Vec<f64>)> = BTreeMap::new();
    for (company, content, _, day, people, scores) in shown(truth) {
        let year = years.entry((company, content, day.year())).or_default();
        year.0 += people;
        year.1.extend(scores);
    }
    let expected: Vec<Value> = years
        .iter()
        .map(|((company, content, year), (people, scores))| {
            let before = years.get(&(company.clone(), content.clone(), year - 1));
            let same = years
                .iter()
                .filter(|((_, other, of), _)| other == content && of == year);
            let portfolio: Vec<f64> = same
                .clone()
                .flat_map(|(_, (_, scores))| scores.clone())
                .collect();
            json!({
                "company_id": company, "training_name": content, "year": year,
                "people_count": people, "mean_score": mean(scores),
                "previous_mean_score": before.map(|(_, scores)| mean(scores)),
                "portfolio_company_count": same.count(), "portfolio_mean_score": mean(&portfolio),
                "above_portfolio": mean(scores) - mean(&portfolio),
            })
        })
        .collect();
    assert!(
        expected
            .iter()
            .any(|row| row["portfolio_company_count"] != 1)
    );
    assert_rows(
        "survey_year_on_year",
        &view(&pool, "survey_year_on_year").await,
        &expected,
    );
}

#[tokio::test]
async fn departments_are_shown_with_all_themes_or_with_none() {
    let (truth, pool) = synced().await;
    let mut expected = Vec::new();
    for ((company, enrollment), mut cells) in scores(truth) {
        let people = people(&cells);
        cells.retain(|cell| people[cell.question] >= MIN_GROUP);
        let themes: BTreeSet<&str> = cells.iter().map(|cell| cell.theme).collect();
        let departments: BTreeSet<&str> = cells.iter().map(|cell| cell.department).collect();
        let within = |theme: &str, department: &str| {
            of(cells
                .iter()
                .filter(|cell| cell.theme == theme && cell.department == department))
        };
        let least = |department: &str| {
            let counts = themes.iter().map(|theme| within(theme, department).0);
            counts.min().unwrap_or(0)
        };
        let mut small: BTreeSet<&str> = departments
            .iter()
            .copied()
            .filter(|department| least(department) < MIN_GROUP)
            .collect();
        let is_told = themes.iter().any(|theme| {
            let hidden: usize = small
                .iter()
                .map(|department| within(theme, department).0)
                .sum();
            (1..MIN_GROUP).contains(&hidden)
        });
        let others = departments
            .iter()
            .filter(|department| !small.contains(*department));
        if let (true, Some(smallest)) = (is_told, others.min_by_key(|one| (least(one), **one))) {
            small.insert(smallest);
        }
        for theme in &themes {
            for department in &departments {
                let (people, scores) = within(theme, department);
                if people == 0 {
                    continue;
                }
                let is_suppressed = small.contains(department);
                let row = json!({
                    "company_id": company, "enrollment_id": enrollment, "group_id": theme,
                    "department": department, "is_suppressed": is_suppressed,
                });
                expected.push(if is_suppressed {
                    joined(row, hidden())
                } else {
                    joined(
                        joined(row, json!({"people_count": people})),
                        figures(&scores),
                    )
                });
            }
        }
    }
    let found = view(&pool, "survey_results_by_group_and_department").await;
    assert_rows("survey_results_by_group_and_department", &found, &expected);
    assert!(
        expected.iter().any(|row| row["is_suppressed"] == false),
        "everything is hidden"
    );
}
