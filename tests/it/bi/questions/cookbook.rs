//! `docs/cookbook.md`: every query runs, and answers what is printed below it.

use keepnet_etl::cli::demo;
use keepnet_etl::clock::{Clock, ManualClock};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Column, PgConnection, Row, ValueRef};

use super::world::{ZONE, stand_still};
use crate::support::TestApp;
use crate::support::simulator::Simulator;

const COOKBOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cookbook.md");

/// The demo's world: when it is read, and what changed before that.
const READINGS: [(&str, u64, u64); 5] = [
    ("2026-03-20T06:00:00Z", 0, 0),
    ("2026-03-30T06:00:00Z", 20, 20),
    ("2026-05-15T06:00:00Z", 60, 60),
    ("2026-06-29T06:00:00Z", 60, 40),
    ("2026-07-01T06:00:00Z", 10, 10),
];

/// Reads the world again and again while it changes.
async fn lived() -> TestApp {
    let flags = [&demo::WORLD[1..], &["--as-of", "2026-03-20"]].concat();
    let simulator = Simulator::start(&flags);
    let settings = [("api.time_zone", ZONE.name()), ("widgets.months", "12")];
    let mut app = TestApp::new(simulator.url(), &settings).await;
    app.clock = ManualClock::at(READINGS[0].0.parse().unwrap());
    for (reading, (at, statuses, others)) in (0_u64..).zip(READINGS) {
        let at: chrono::DateTime<chrono::Utc> = at.parse().unwrap();
        app.clock.advance(at - app.clock.now());
        simulator.set_now(at - chrono::TimeDelta::hours(1)).await;
        for nth in 0..statuses {
            let status = if nth % 3 == 0 {
                "In Progress"
            } else {
                "Completed"
            };
            let seed = reading * 1000 + nth;
            simulator
                .change(&json!({"kind": "user-status", "status": status, "seed": seed}))
                .await;
        }
        simulator.step(reading, others).await;
        app.sync().await.unwrap();
    }
    stand_still(&app.pool).await;
    app
}

#[tokio::test]
async fn every_question_of_the_cookbook_is_answered_as_it_says() {
    let app = lived().await;
    let mut db = app.pool.acquire().await.unwrap();
    let text = std::fs::read_to_string(COOKBOOK).unwrap();
    let answered = answered(&mut db, &text).await;
    if answered != text {
        std::fs::write(COOKBOOK, &answered).unwrap();
        panic!("docs/cookbook.md was stale and is written anew: look at it and commit it");
    }
}

/// The text with what each query answers in the block below it.
async fn answered(db: &mut PgConnection, text: &str) -> String {
    let mut out = String::new();
    let mut rows = Vec::new();
    let mut questions = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out += line;
        out.push('\n');
        if line == "```sql" {
            let sql = block(&mut lines);
            rows = ask(db, &sql).await;
            questions += 1;
            out += &sql;
            out += "```\n";
        } else if line == "```text" {
            block(&mut lines);
            out += &table(&rows);
            out += "```\n";
        }
    }
    assert!(questions > 30, "{questions} queries");
    out
}

/// The lines up to the end of a block.
fn block<'a>(lines: &mut impl Iterator<Item = &'a str>) -> String {
    let lines = lines.take_while(|line| *line != "```");
    lines.map(|line| format!("{line}\n")).collect()
}

async fn ask(db: &mut PgConnection, sql: &str) -> Vec<PgRow> {
    sqlx::raw_sql("set time zone 'UTC'")
        .execute(&mut *db)
        .await
        .unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .fetch_all(&mut *db)
        .await
        .unwrap_or_else(|error| panic!("{sql}{error}"))
}

/// Rows as people read them.
fn table(rows: &[PgRow]) -> String {
    let Some(first) = rows.first() else {
        return "(no rows)\n".to_owned();
    };
    let names = first
        .columns()
        .iter()
        .map(|column| column.name().to_owned());
    let cell = |row: &PgRow, nth: usize| {
        let value = row.try_get_raw(nth).unwrap();
        if value.is_null() {
            String::new()
        } else {
            value.as_str().unwrap().to_owned()
        }
    };
    let mut lines: Vec<Vec<String>> = vec![names.collect()];
    lines.extend(
        rows.iter()
            .map(|row| (0..row.columns().len()).map(|nth| cell(row, nth)).collect()),
    );
    let width = |nth: usize| {
        lines
            .iter()
            .map(|line| line[nth].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let padded = |line: &Vec<String>| {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned() + "\n"
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut out = padded(&lines[0]);
    out += &rule.join("-+-");
    out.push('\n');
    out.extend(lines[1..].iter().map(padded));
    out
}
