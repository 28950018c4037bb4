//! `keepnet-etl demo`: a simulated API, a private warehouse, a sync, and what to look at.
//!
//! It has settings, a folder and ports of its own, whatever is configured, and leaves only the database running.

use std::path::PathBuf;
use std::process::ExitCode;

use comfy_table::Table;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use super::Failure;
use super::portfolio::portfolio;
use super::sync::{SyncArgs, pass, summary};
use super::table::{grouped, table};
use crate::app::App;
use crate::clock::SystemClock;
use crate::settings::{Settings, Sources, server_search_path};
use crate::simulator::{Simulator, SimulatorOptions};
use crate::telemetry;
use crate::warehouse::embedded::{Embedded, EmbeddedDatabase};
use crate::warehouse::error::WarehouseError;

/// What is simulated. Small enough for a minute, varied enough to be worth a look. `docs/cookbook.md` shows answers
/// about the same world.
pub const WORLD: &[&str] = &[
    "simulate",
    "--companies",
    "12",
    "--enrollments",
    "8",
    "--users",
    "60",
    "--survey-share",
    "30%",
    "--learning-paths",
    "15%",
    "--archived",
    "10%",
    "--sub-resellers",
    "2",
    "--anonymous",
    "5%",
];

/// Where the demo keeps its database, below the working directory.
#[must_use]
pub fn data_dir() -> PathBuf {
    PathBuf::from("var/demo")
}

/// Runs the demo.
pub async fn run() -> Result<ExitCode, Failure> {
    println!("1. starting a simulated API");
    let simulator = Simulator::start(world()?)
        .await
        .map_err(|error| anyhow::anyhow!("could not start the simulated API: {error}"))?;
    println!("   {}", simulator.base_url());

    println!(
        "2. starting a private PostgreSQL in {}",
        data_dir().display()
    );
    let server = Embedded::new(data_dir()).with_search_path(server_search_path());
    let database = Box::pin(server.start_or_attach()).await?;
    println!("   {}", database.display_url());
    empty(&database).await?;

    println!("3. keepnet-etl sync");
    let settings = Settings::load(Sources::from_variables(&[
        ("KEEPNET_ETL__API__BASE_URL", &simulator.base_url()),
        ("KEEPNET_ETL__API__CLIENT_ID", "demo"),
        ("KEEPNET_ETL__API__CLIENT_SECRET", "demo-secret"),
        ("KEEPNET_ETL__API__MAX_REQUESTS_PER_SECOND", "0"),
        ("KEEPNET_ETL__API__TIME_ZONE", "Europe/Istanbul"),
        (
            "KEEPNET_ETL__WAREHOUSE__DATA_DIR",
            &data_dir().display().to_string(),
        ),
        ("KEEPNET_ETL__LOG__LEVEL", "warn"),
    ]))?;
    // The demo sends no traces: its settings are its own.
    let _ = telemetry::start(&settings.log, &settings.telemetry);
    let app = App::new(settings);
    let (report, _) = Box::pin(pass(&app, &SyncArgs::default())).await?;
    print!("\n{}", summary(&report));

    let warehouse = app.open().await?;
    let counts = counts(&warehouse.pool)
        .await
        .map_err(|error| WarehouseError::from_sqlx("count the rows", error))?;
    println!("\nWhat arrived, in schema keepnet:\n{counts}");
    let portfolio = portfolio(&warehouse.pool)
        .await
        .map_err(|error| WarehouseError::from_sqlx("read the portfolio", error))?;
    println!("\n{portfolio}");
    warehouse.pool.close().await;
    simulator.shutdown().await;
    look(&database);
    Ok(ExitCode::from(u8::from(report.outcome != "ok")))
}

fn world() -> Result<SimulatorOptions, Failure> {
    use clap::{Args, FromArgMatches};
    // The widgets' last months are those that a person looks at today.
    let today = SystemClock::shared().now().date_naive().to_string();
    let flags = WORLD.iter().copied().chain(["--as-of", &today]);
    let matches = SimulatorOptions::augment_args(clap::Command::new("simulate"))
        .try_get_matches_from(flags)
        .and_then(|matches| SimulatorOptions::from_arg_matches(&matches));
    Ok(matches.map_err(anyhow::Error::from)?)
}

/// Every demo begins with an empty database.
async fn empty(database: &EmbeddedDatabase) -> Result<(), Failure> {
    let failed = |error| WarehouseError::from_sqlx("empty the demo's database", error);
    let mut db = PgConnection::connect_with(&database.connect_options().database("postgres"))
        .await
        .map_err(failed)?;
    // Not `with (force)`: autovacuum, which is nobody's, would keep one who is no superuser from it.
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename = current_user",
    )
    .bind(&database.database)
    .execute(&mut db)
    .await
    .map_err(failed)?;
    for statement in ["drop database if exists {}", "create database {}"] {
        let statement = statement.replace("{}", &format!("\"{}\"", database.database));
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut db)
            .await
            .map_err(failed)?;
    }
    db.close().await.map_err(failed)?;
    Ok(())
}

/// Rows per table.
async fn counts(pool: &PgPool) -> Result<Table, sqlx::Error> {
    let names: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'keepnet'::regnamespace and relkind = 'r' order by 1",
    )
    .fetch_all(pool)
    .await?;
    let mut table = table(["table", "rows"], 1);
    for name in names {
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
            "select count(*) from keepnet.{name}"
        )))
        .fetch_one(pool)
        .await?;
        table.add_row([name, grouped(u64::try_from(rows).unwrap_or(0))]);
    }
    Ok(table)
}

fn look(database: &EmbeddedDatabase) {
    let (url, password) = (database.display_url(), database.password_file.display());
    println!(
        "
Have a look (the database keeps running):
  export PGPASSWORD=$(cat {password})
  psql {url} -c \"
    select company_name, target_user_count, assigned_count, completed_count, overdue_count, license_ends_on, safe_as_of
    from bi.company_overview where kind = 'customer' order by 1\"
  psql {url} -c \"
    select company_name, enrollment_name, full_name, status, due_on, days_overdue
    from bi.not_finished where is_overdue order by days_overdue, 1, 2, 3 limit 20\"
  psql {url} -c \"
    select company_name, enrollment_name, question_text, people_count, round(mean_score::numeric, 1) as mean
    from bi.survey_results_by_question order by mean_score limit 20\"
  psql {url} -c '\\dv+ bi.*'

A BI tool connects to the same address, schema bi; its password is in {password}.
When you have seen enough:  keepnet-etl stop-database --demo"
    );
}
