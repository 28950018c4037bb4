//! Small groups: hidden, not to be told from what is shown, and as small as the setting says.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, PgPool};

use super::world::{Row, is, number, text, view};
use crate::support::database;
use crate::support::program::Program;

/// How many people of each department answered each question.
type Sizes<'a> = &'a [(&'a str, &'a [usize])];

/// Questions of the surveys here: the first two are one theme, the third is another.
const THEMES: [&str; 3] = ["t1", "t1", "t2"];

/// Writes down a survey in which the first so many people of each department answered each question.
async fn survey(pool: &PgPool, id: &str, sizes: Sizes<'_>) {
    let mut sql = format!(
        "insert into keepnet.companies (company_id, kind, name) values ('c', 'customer', 'C') on conflict do nothing;
         insert into keepnet.enrollments (company_id, enrollment_id, name, type, is_survey, is_test, created_at)
         values ('c', '{id}', '{id}', 'Survey', true, false, '2026-05-01');"
    );
    for (question, theme) in THEMES.iter().enumerate() {
        sql += &format!(
            "insert into keepnet.survey_questions (company_id, enrollment_id, content_id, question_id, question_text,
                 question_type, position, group_id, is_reversed, option_count)
             values ('c', '{id}', 'x', 'q{question}', 'Q', 'choice-single', {question}, '{theme}', false, 5);"
        );
    }
    for (department, answers) in sizes {
        let people = *answers.iter().max().unwrap();
        for person in 0..people {
            let user = format!("{id}{department}{person}");
            sql += &format!(
                "insert into keepnet.enrollment_users (company_id, enrollment_id, reported_enrollment_id, target_user_id,
                     department, status)
                 values ('c', '{id}', '{id}', '{user}', '{department}', 'Completed');
                 insert into keepnet.survey_sessions (company_id, enrollment_id, target_user_id, session_id, content_id,
                     started_at, is_latest, answered_count)
                 values ('c', '{id}', '{user}', 's{user}', 'x', '2026-05-02', true, 3);"
            );
            for (question, count) in answers.iter().enumerate() {
                if person < *count {
                    let position = (person + question) % 5;
                    sql += &format!(
                        "insert into keepnet.survey_answers (company_id, enrollment_id, target_user_id, session_id,
                             question_id, position, content_id, question_type, option_text, scored_position)
                         values ('c', '{id}', '{user}', 's{user}', 'q{question}', {position}, 'x', 'choice-single', 'o',
                                 {position});"
                    );
                }
            }
        }
    }
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(pool)
        .await
        .unwrap();
}

/// The departments of a survey that are shown, theme by theme, with their people; and those that are not.
async fn departments(pool: &PgPool, id: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let rows = view(pool, "survey_results_by_group_and_department").await;
    let of = |hidden: bool| {
        let rows = rows.iter().filter(|row| text(row, "enrollment_id") == id);
        rows.filter(|row| is(row, "is_suppressed") == hidden)
            .map(|row| text(row, "department").to_owned())
            .collect()
    };
    (of(false), of(true))
}

#[tokio::test]
async fn one_small_department_takes_the_smallest_of_the_others_with_it() {
    let pool = database::migrated().await;
    survey(
        &pool,
        "one",
        &[("A", &[9; 3]), ("B", &[6; 3]), ("C", &[3; 3])],
    )
    .await;
    let (shown, hidden) = departments(&pool, "one").await;
    assert_eq!(shown, ["A".to_owned()].into());
    // The survey less A is B and C together, nine people.
    assert_eq!(hidden, ["B".to_owned(), "C".to_owned()].into());

    survey(
        &pool,
        "two",
        &[
            ("A", &[9; 3]),
            ("B", &[6; 3]),
            ("C", &[3; 3]),
            ("D", &[2; 3]),
        ],
    )
    .await;
    // C and D together are five.
    assert_eq!(
        departments(&pool, "two").await.0,
        ["A".to_owned(), "B".to_owned()].into()
    );

    survey(
        &pool,
        "few",
        &[
            ("A", &[9; 3]),
            ("B", &[6; 3]),
            ("C", &[2; 3]),
            ("D", &[2; 3]),
        ],
    )
    .await;
    // They are four: B goes with them.
    assert_eq!(departments(&pool, "few").await.0, ["A".to_owned()].into());

    survey(&pool, "none", &[("A", &[9; 3]), ("B", &[6; 3])]).await;
    assert_eq!(departments(&pool, "none").await.1, BTreeSet::new());
}

#[tokio::test]
async fn a_department_with_one_small_theme_is_hidden_in_all() {
    let pool = database::migrated().await;
    // Two of B lost their answer to the third question: its theme would follow from B as a whole.
    survey(
        &pool,
        "lost",
        &[("A", &[9; 3]), ("B", &[6, 6, 4]), ("C", &[8; 3])],
    )
    .await;
    let (shown, hidden) = departments(&pool, "lost").await;
    assert_eq!(shown, ["A".to_owned()].into());
    assert_eq!(hidden, ["B".to_owned(), "C".to_owned()].into());
    let whole = view(&pool, "survey_results_by_department").await;
    for row in whole.iter().filter(|row| text(row, "department") != "A") {
        assert!(
            is(row, "is_suppressed") && row["people_count"].is_null(),
            "{row:?}"
        );
        assert!(
            row["mean_score"].is_null() && row["answer_count"].is_null(),
            "{row:?}"
        );
    }
}

#[tokio::test]
async fn a_question_that_few_answered_is_in_no_total() {
    let pool = database::migrated().await;
    survey(&pool, "rare", &[("A", &[9, 3, 9]), ("B", &[8, 1, 8])]).await;
    let questions = view(&pool, "survey_results_by_question").await;
    let rare = questions
        .iter()
        .find(|row| text(row, "question_id") == "q1")
        .unwrap();
    assert!(is(rare, "is_suppressed") && rare["people_count"].is_null());
    for column in [
        "mean_score",
        "lowest_count",
        "low_count",
        "middle_count",
        "high_count",
        "highest_count",
    ] {
        assert!(rare[column].is_null(), "{column}");
    }
    let themes = view(&pool, "survey_results_by_group").await;
    let theme = themes
        .iter()
        .find(|row| text(row, "group_id") == "t1")
        .unwrap();
    assert_eq!(
        number(theme, "answer_count"),
        Some(17.0),
        "only those of the first question"
    );
    assert_eq!(number(theme, "suppressed_question_count"), Some(1.0));
    let whole = &view(&pool, "survey_results").await[0];
    assert_eq!(number(whole, "answer_count"), Some(34.0));

    survey(&pool, "tiny", &[("A", &[4; 3])]).await;
    let whole = view(&pool, "survey_results").await;
    let tiny = whole
        .iter()
        .find(|row| text(row, "enrollment_id") == "tiny")
        .unwrap();
    assert!(
        is(tiny, "is_suppressed") && tiny["mean_score"].is_null() && tiny["people_count"].is_null()
    );
    let months = view(&pool, "culture_score_by_month").await;
    assert_eq!(months.len(), 1, "{months:?}");
    assert_eq!(number(&months[0], "survey_count"), Some(1.0));
    assert_eq!(number(&months[0], "suppressed_survey_count"), Some(1.0));
    assert_eq!(number(&months[0], "people_count"), Some(17.0));
}

/// Numbers that look like any.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit).unwrap()
    }
}

#[tokio::test]
async fn no_total_less_what_is_shown_is_a_small_group() {
    let pool = database::migrated().await;
    let mut numbers = Numbers(7);
    let mut written: BTreeMap<String, Vec<(&str, [usize; 3])>> = BTreeMap::new();
    for nth in 0..40 {
        let id = format!("n{nth:02}");
        let mut sizes = Vec::new();
        for department in &["A", "B", "C", "D", "E"][..2 + numbers.below(4)] {
            let people = numbers.below(9);
            let answers = [0; 3].map(|_| people - numbers.below(3).min(people));
            if answers.iter().any(|count| *count > 0) {
                sizes.push((*department, answers));
            }
        }
        if sizes.is_empty() {
            continue;
        }
        let of: Vec<(&str, &[usize])> = sizes
            .iter()
            .map(|(name, counts)| (*name, &counts[..]))
            .collect();
        survey(&pool, &id, &of).await;
        written.insert(id, sizes);
    }
    let cells = view(&pool, "survey_results_by_group_and_department").await;
    let questions = view(&pool, "survey_results_by_question").await;
    let (mut hidden_surveys, mut shown_cells) = (0, 0);
    for (id, sizes) in &written {
        let is_of = |row: &&Row| text(row, "enrollment_id") == id;
        let usable: BTreeSet<usize> = (0..3)
            .filter(|question| {
                sizes
                    .iter()
                    .map(|(_, counts)| counts[*question])
                    .sum::<usize>()
                    >= 5
            })
            .collect();
        let told: BTreeSet<&str> = questions
            .iter()
            .filter(is_of)
            .filter(|row| !is(row, "is_suppressed"))
            .map(|row| text(row, "question_id"))
            .collect();
        assert_eq!(told.len(), usable.len(), "{id}: {sizes:?}");
        for theme in ["t1", "t2"] {
            let of_theme: Vec<usize> = usable
                .iter()
                .copied()
                .filter(|nth| THEMES[*nth] == theme)
                .collect();
            let shown: BTreeMap<&str, f64> = cells
                .iter()
                .filter(is_of)
                .filter(|row| text(row, "group_id") == theme && !is(row, "is_suppressed"))
                .map(|row| {
                    (
                        text(row, "department"),
                        number(row, "people_count").unwrap(),
                    )
                })
                .collect();
            let people =
                |counts: &[usize; 3]| of_theme.iter().map(|nth| counts[*nth]).max().unwrap_or(0);
            let rest: usize = sizes
                .iter()
                .filter(|(name, _)| !shown.contains_key(name))
                .map(|(_, counts)| people(counts))
                .sum();
            assert!(
                shown.values().all(|people| *people >= 5.0),
                "{id} {theme}: {sizes:?}"
            );
            assert!(
                rest == 0 || rest >= 5,
                "{id} {theme} tells of {rest}: {sizes:?} {shown:?}"
            );
            hidden_surveys += usize::from(rest > 0);
            shown_cells += shown.len();
        }
        // All themes or none.
        let mut themes: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
        for row in cells.iter().filter(is_of) {
            let of_department = themes.entry(text(row, "department")).or_default();
            of_department.insert(is(row, "is_suppressed"));
        }
        assert!(
            themes.values().all(|states| states.len() == 1),
            "{id}: {themes:?}"
        );
    }
    assert!(
        hidden_surveys > 10 && shown_cells > 10,
        "{hidden_surveys} {shown_cells}"
    );
}

#[tokio::test]
async fn the_smallest_group_is_the_one_of_the_settings_and_no_session_can_change_it() {
    let url = database::empty().await;
    let migrate = |settings: &[(&str, &str)]| {
        let program = Program::new().set_variable("DATABASE_URL", url.expose_secret());
        let program = settings
            .iter()
            .fold(program, |program, (key, value)| program.set(key, value));
        let output = program.run("migrate");
        assert_eq!(output.code, 0, "{output:#?}");
    };
    migrate(&[]);
    let pool = database::pool(&url).await;
    survey(&pool, "s", &[("A", &[9; 3]), ("B", &[6; 3])]).await;
    assert_eq!(departments(&pool, "s").await.0.len(), 2);
    migrate(&[("privacy.min_group", "7"), ("sync.max_staleness", "2h")]);
    assert_eq!(
        departments(&pool, "s").await.0.len(),
        0,
        "A alone would tell of B"
    );
    let present = &view(&pool, "present").await[0];
    assert_eq!(number(present, "min_group"), Some(7.0));
    assert_eq!(text(present, "max_staleness"), "02:00:00");
}
