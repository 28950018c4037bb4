//! A reseller's portfolio in numbers, read from the tables: what `demo` shows at the end.

use comfy_table::{CellAlignment, Table};
use sqlx::PgPool;

use super::table::{grouped, table};

/// Blocks in the bar of a full score.
const BAR: f64 = 20.0;
/// The highest score of security culture.
const MAX_CULTURE_SCORE: f64 = 5.0;

/// Tests are left out.
const COMPANIES: &str = "
    select company_name, coalesce(target_user_count, 0), enrollment_count, assigned_count, completed_count
    from bi.company_overview
    where kind = 'customer'
    order by company_name, company_id";

/// Single choices of the latest session of each person, from 0 (worst) to 100 (best).
const SURVEY_GROUPS: &str = "
    select coalesce(q.group_id, '(no group)'), count(distinct q.question_id),
           count(distinct (s.company_id, s.enrollment_id, s.target_user_id)), count(*),
           avg(100.0 * a.scored_position / (q.option_count - 1))::double precision
    from keepnet.survey_answers a
    join keepnet.survey_sessions s using (company_id, enrollment_id, target_user_id, session_id)
    join keepnet.survey_questions q
        on (q.company_id, q.enrollment_id, q.content_id, q.question_id)
         = (a.company_id, a.enrollment_id, a.content_id, a.question_id)
    join keepnet.enrollments e on e.company_id = a.company_id and e.enrollment_id = a.enrollment_id
    where s.is_latest and a.scored_position is not null and q.option_count > 1 and e.is_test is not true
      and a.deleted_at is null and s.deleted_at is null
    group by 1
    order by 1";

const CULTURE_SCORE: &str = "
    select to_char(period_start, 'YYYY-MM'), count(distinct company_id), avg(value / scale)
    from keepnet.widget_values
    where widget_type = 'SecurityCultureScoreGaugeWidget' and name ilike 'OverallScore%' and value is not null
      and deleted_at is null
    group by period_start
    order by period_start";

/// The portfolio as text.
pub async fn portfolio(pool: &PgPool) -> Result<String, sqlx::Error> {
    Ok(format!(
        "Customers, without tests:\n{}\n\n\
         Surveys by group of questions, latest answers, reverse-scored ones turned (0 worst, 100 best):\n{}\n\n\
         Security culture score by month, mean of the companies that have one (0 to 5):\n{}",
        companies(pool).await?,
        survey_groups(pool).await?,
        culture_score(pool).await?,
    ))
}

async fn companies(pool: &PgPool) -> Result<Table, sqlx::Error> {
    let rows: Vec<(Option<String>, i64, i64, i64, i64)> =
        sqlx::query_as(COMPANIES).fetch_all(pool).await?;
    let header = [
        "customer",
        "users",
        "enrollments",
        "assigned",
        "completed",
        "share",
    ];
    let mut table = table(header, 1);
    for (name, users, enrollments, assigned, completed) in rows {
        table.add_row([
            name.unwrap_or_default(),
            number(users),
            number(enrollments),
            number(assigned),
            number(completed),
            share(completed, assigned),
        ]);
    }
    Ok(table)
}

async fn survey_groups(pool: &PgPool) -> Result<Table, sqlx::Error> {
    let rows: Vec<(String, i64, i64, i64, f64)> =
        sqlx::query_as(SURVEY_GROUPS).fetch_all(pool).await?;
    let mut table = table(["group", "questions", "people", "answers", "mean"], 1);
    for (group, questions, people, answers, mean) in rows {
        table.add_row([
            group,
            number(questions),
            number(people),
            number(answers),
            format!("{mean:.1}"),
        ]);
    }
    Ok(table)
}

async fn culture_score(pool: &PgPool) -> Result<Table, sqlx::Error> {
    let rows: Vec<(String, i64, f64)> = sqlx::query_as(CULTURE_SCORE).fetch_all(pool).await?;
    let mut table = table(["month", "companies", "mean", ""], 1);
    if let Some(bars) = table.column_mut(3) {
        bars.set_cell_alignment(CellAlignment::Left);
    }
    for (month, companies, mean) in rows {
        table.add_row([month, number(companies), format!("{mean:.2}"), bar(mean)]);
    }
    Ok(table)
}

fn number(number: i64) -> String {
    grouped(u64::try_from(number).unwrap_or(0))
}

/// `12 of 48` as `25 %`; nothing of nothing is no share.
fn share(part: i64, whole: i64) -> String {
    if whole == 0 {
        return String::new();
    }
    format!("{} %", (100 * part + whole / 2) / whole)
}

fn bar(score: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and the length of the bar"
    )]
    let blocks = (score / MAX_CULTURE_SCORE * BAR).round().clamp(0.0, BAR) as usize;
    "█".repeat(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_and_bars_end_at_the_highest_score() {
        assert_eq!(share(1, 3), "33 %");
        assert_eq!(share(2, 3), "67 %");
        assert_eq!(share(0, 0), "");
        let lengths = [0.0, 2.5, 5.0, 7.0].map(|score| bar(score).chars().count());
        assert_eq!(lengths, [0, 10, 20, 20]);
    }
}
