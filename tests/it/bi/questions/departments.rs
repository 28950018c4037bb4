//! Survey results by department, of the simulator's answers: whole departments are shown or hidden.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::surveys::{MIN_GROUP, Survey, figures, hidden, joined, mean, of, people, scores};
use super::world::{Row, Truth, assert_rows, day_of, instant, is, synced, text, view};

/// What the people of one department answered in one survey.
struct Department<'a> {
    survey: Survey<'a>,
    name: &'a str,
    is_suppressed: bool,
    /// People and scores by theme.
    themes: BTreeMap<&'a str, (usize, Vec<f64>)>,
}

/// A department's surveys by the day on which they started, each with its mean.
type Means<'a> = BTreeMap<chrono::NaiveDate, (&'a Row, f64)>;

fn departments(truth: &Truth) -> Vec<Department<'_>> {
    let mut all = Vec::new();
    for (survey, mut cells) in scores(truth) {
        let people = people(&cells);
        cells.retain(|cell| people[cell.question] >= MIN_GROUP);
        let themes: BTreeSet<&str> = cells.iter().map(|cell| cell.theme).collect();
        let names: BTreeSet<&str> = cells.iter().map(|cell| cell.department).collect();
        let within = |theme: &str, name: &str| {
            let is_of =
                |cell: &&super::surveys::Scores<'_>| cell.theme == theme && cell.department == name;
            of(cells.iter().filter(is_of))
        };
        let least = |name: &str| {
            let counts = themes.iter().map(|theme| within(theme, name).0);
            counts.min().unwrap_or(0)
        };
        let mut small: BTreeSet<&str> = names
            .iter()
            .copied()
            .filter(|name| least(name) < MIN_GROUP)
            .collect();
        let is_told = themes.iter().any(|theme| {
            let hidden: usize = small.iter().map(|name| within(theme, name).0).sum();
            (1..MIN_GROUP).contains(&hidden)
        });
        let others = names.iter().filter(|name| !small.contains(*name));
        if let (true, Some(smallest)) = (is_told, others.min_by_key(|name| (least(name), **name))) {
            small.insert(smallest);
        }
        for name in names {
            let themes = themes.iter().map(|theme| (*theme, within(theme, name)));
            all.push(Department {
                survey,
                name,
                is_suppressed: small.contains(name),
                themes: themes.filter(|(_, (people, _))| *people > 0).collect(),
            });
        }
    }
    all
}

/// A row with figures where they are shown.
fn told(row: Value, is_suppressed: bool, people: usize, scores: &[f64]) -> Value {
    if is_suppressed {
        joined(row, hidden())
    } else {
        joined(
            joined(row, json!({"people_count": people})),
            figures(scores),
        )
    }
}

#[tokio::test]
async fn departments_are_shown_with_all_themes_or_with_none() {
    let (truth, pool) = synced().await;
    let (mut by_theme, mut whole) = (Vec::new(), Vec::new());
    for one in departments(truth) {
        let row = json!({
            "company_id": one.survey.0, "enrollment_id": one.survey.1, "department": one.name,
            "is_suppressed": one.is_suppressed,
        });
        for (theme, (people, scores)) in &one.themes {
            let row = joined(row.clone(), json!({"group_id": theme}));
            by_theme.push(told(row, one.is_suppressed, *people, scores));
        }
        let people = one
            .themes
            .values()
            .map(|(people, _)| *people)
            .max()
            .unwrap();
        let scores: Vec<f64> = one
            .themes
            .values()
            .flat_map(|(_, scores)| scores.clone())
            .collect();
        whole.push(told(row, one.is_suppressed, people, &scores));
    }
    assert!(
        whole.iter().any(|row| row["is_suppressed"] == false),
        "everything is hidden"
    );
    let found = view(&pool, "survey_results_by_group_and_department").await;
    assert_rows("survey_results_by_group_and_department", &found, &by_theme);
    let found = view(&pool, "survey_results_by_department").await;
    assert_rows("survey_results_by_department", &found, &whole);
}

#[tokio::test]
async fn a_department_falls_when_its_mean_is_below_that_of_the_survey_before() {
    let (truth, pool) = synced().await;
    let enrollments: BTreeMap<Survey<'_>, &Row> = truth
        .rows("enrollments")
        .iter()
        .map(|row| ((text(row, "company_id"), text(row, "enrollment_id")), row))
        .collect();
    let mut surveys: BTreeMap<_, Means<'_>> = BTreeMap::new();
    for one in departments(truth) {
        let enrollment = enrollments[&one.survey];
        if one.is_suppressed || is(enrollment, "is_step") {
            continue;
        }
        let scores: Vec<f64> = one
            .themes
            .values()
            .flat_map(|(_, scores)| scores.clone())
            .collect();
        let started =
            instant(enrollment, "starts_at").or_else(|| instant(enrollment, "created_at"));
        let earlier = surveys.entry((one.survey.0, one.name)).or_default();
        let same_day = earlier.insert(day_of(started.unwrap()), (enrollment, mean(&scores)));
        assert!(same_day.is_none(), "two surveys on one day have no order");
    }
    let mut expected = Vec::new();
    for ((company, name), of_department) in &surveys {
        let in_order: Vec<_> = of_department.values().collect();
        for pair in in_order.windows(2) {
            let [(before, previous), (after, now)] = [*pair[0], *pair[1]];
            if now < previous {
                expected.push(json!({
                    "company_id": company, "department": name, "enrollment_name": after["name"],
                    "previous_enrollment_name": before["name"], "mean_score": now,
                    "previous_mean_score": previous, "change": now - previous,
                }));
            }
        }
    }
    assert_rows(
        "falling_departments",
        &view(&pool, "falling_departments").await,
        &expected,
    );
}
