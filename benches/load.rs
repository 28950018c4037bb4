//! How fast rows are loaded, against a raw binary `COPY` of the same rows into a table with the same keys, in the same
//! run: `cargo bench --bench load -- [ROWS]`. A ratio, because machines differ.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use keepnet_etl::warehouse::connect::{Target, connect};
use keepnet_etl::warehouse::embedded::Embedded;
use keepnet_etl::warehouse::load::tuple::{self, Row, TableRows};
use keepnet_etl::warehouse::load::{Batch, Rows, commit};
use keepnet_etl::warehouse::migrate::migrate;
use keepnet_etl::warehouse::tables::users::EnrollmentUserRow;
use sqlx::PgPool;

const COMPANY: &str = "aB3dE5gH7jK9";
const ENROLLMENT: &str = "11111111-2222-4333-8444-555555555501";
/// As `sync` closes its batches.
const BATCH: u64 = 2_000;
const ROUNDS: usize = 3;

fn main() -> anyhow::Result<()> {
    let rows = std::env::args()
        .find_map(|word| word.parse().ok())
        .unwrap_or(200_000);
    tokio::runtime::Runtime::new()?.block_on(Box::pin(run(rows)))
}

async fn run(rows: u64) -> anyhow::Result<()> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../bench-postgres");
    let server = Embedded::new(folder);
    let database = server.start_or_attach().await?;
    let target = Target {
        url: database.url(),
        max_connections: 4,
        allow_plaintext: false,
        takeover: Duration::from_secs(30),
    };
    let pool = connect(&target).await?;
    println!("{rows} rows of keepnet.enrollment_users, the best of {ROUNDS} rounds");
    let mut best: Option<[Duration; 4]> = None;
    for _ in 0..ROUNDS {
        reset(&pool).await?;
        let round = [
            raw_copy(&pool, rows).await?,
            load(&pool, rows, "Completed").await.context("first load")?,
            load(&pool, rows, "Completed")
                .await
                .context("unchanged load")?,
            load(&pool, rows, "In Progress")
                .await
                .context("changed load")?,
        ];
        best = Some(best.map_or(round, |best| {
            std::array::from_fn(|at| best[at].min(round[at]))
        }));
    }
    let best = best.context("no round")?;
    for (what, time) in [
        "raw COPY",
        "load, all rows new",
        "load, no row changed",
        "load, every row changed",
    ]
    .iter()
    .zip(best)
    {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = rows as f64 / time.as_secs_f64();
        let share = 100.0 * best[0].as_secs_f64() / time.as_secs_f64();
        println!("{what:<24} {rate:>9.0} rows/s   {share:>4.0} % of raw COPY");
    }
    pool.close().await;
    server.stop().await?;
    Ok(())
}

async fn reset(pool: &PgPool) -> anyhow::Result<()> {
    sqlx::raw_sql("drop schema if exists keepnet cascade; drop schema if exists sync cascade; drop schema if exists raw cascade")
        .execute(pool)
        .await?;
    migrate(pool).await?;
    sqlx::raw_sql(
        "insert into keepnet.companies (company_id, kind) values ('aB3dE5gH7jK9', 'customer');
         insert into keepnet.enrollments (company_id, enrollment_id)
         values ('aB3dE5gH7jK9', '11111111-2222-4333-8444-555555555501');
         create schema raw;
         create table raw.enrollment_users (like keepnet.enrollment_users including all,
             foreign key (company_id, enrollment_id) references keepnet.enrollments)",
    )
    .execute(pool)
    .await?;
    Ok(())
}

fn user(number: u64, status: &'static str) -> (String, String, &'static str) {
    (
        format!("uSeR{number:08}"),
        format!("person.{number:08}@example.com"),
        status,
    )
}

fn row<'a>(user: &'a (String, String, &'static str), at: DateTime<Utc>) -> EnrollmentUserRow<'a> {
    EnrollmentUserRow {
        company_id: COMPANY,
        enrollment_id: ENROLLMENT,
        reported_enrollment_id: ENROLLMENT,
        target_user_id: &user.0,
        email: Some(&user.1),
        first_name: Some("Ada"),
        last_name: Some("Example"),
        department: Some("Finance"),
        phone_number: Some("+15550100"),
        status: Some(user.2),
        exam_status: Some("Incomplete"),
        is_main_score: Some(false),
        last_interaction_at: Some(at),
        delivery_type: Some("Email"),
        ..EnrollmentUserRow::default()
    }
}

fn instant() -> DateTime<Utc> {
    DateTime::from_timestamp(1_779_054_033, 0).unwrap_or_default()
}

async fn raw_copy(pool: &PgPool, rows: u64) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let table = EnrollmentUserRow::TABLE;
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let mut db = pool.acquire().await?;
    let mut copy = db
        .copy_in_raw(&format!(
            "copy raw.enrollment_users ({}, first_seen_at, synced_at) from stdin (format binary)",
            columns.join(", ")
        ))
        .await?;
    let mut payload = Vec::new();
    tuple::copy_header(&mut payload);
    for first in (0..rows).step_by(BATCH as usize) {
        let mut encoded = TableRows::new(table);
        for number in first..(first + BATCH).min(rows) {
            encoded.push(&row(&user(number, "Completed"), instant()));
        }
        for row in encoded.rows() {
            tuple::copy_row(&mut payload, table, row, instant());
        }
        copy.send(std::mem::take(&mut payload)).await?;
    }
    tuple::copy_trailer(&mut payload);
    copy.send(payload).await?;
    copy.finish().await?;
    Ok(begun.elapsed())
}

async fn load(pool: &PgPool, rows: u64, status: &'static str) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut is_all_new = false;
    for first in (0..rows).step_by(BATCH as usize) {
        let mut batch = Batch {
            company_id: COMPANY.to_owned(),
            ..Batch::default()
        };
        let mut received = Rows::default();
        for number in first..(first + BATCH).min(rows) {
            received.push(&row(&user(number, status), instant()));
        }
        batch.rows.append(received);
        is_all_new = commit(pool, &batch, is_all_new, instant())
            .await?
            .is_all_new;
    }
    Ok(begun.elapsed())
}
