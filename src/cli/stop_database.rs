//! `keepnet-etl stop-database`: stops the private PostgreSQL.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Failure, demo};
use crate::app::App;
use crate::warehouse::embedded::{Embedded, Stopped};

/// Arguments of `stop-database`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl stop-database          the one of warehouse.data_dir
  keepnet-etl stop-database --demo   the one that `keepnet-etl demo` left running")]
pub struct StopDatabaseArgs {
    /// Stop the database of `keepnet-etl demo`
    #[arg(long)]
    pub demo: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Stops the PostgreSQL of `warehouse.data_dir`.
pub async fn run(app: &App, args: &StopDatabaseArgs) -> Result<ExitCode, Failure> {
    stop(app.settings.warehouse.data_dir.clone(), args).await
}

/// Stops the PostgreSQL of the demo.
pub async fn run_demo(args: &StopDatabaseArgs) -> Result<ExitCode, Failure> {
    stop(demo::data_dir(), args).await
}

async fn stop(data_dir: PathBuf, args: &StopDatabaseArgs) -> Result<ExitCode, Failure> {
    let stopped = Box::pin(Embedded::new(data_dir.clone()).stop()).await?;
    let was_running = stopped == Stopped::WasRunning;
    if args.json {
        println!(
            "{}",
            serde_json::json!({ "version": 1, "was_running": was_running })
        );
    } else if was_running {
        println!(
            "stopped the private PostgreSQL in {}; its data stays",
            data_dir.display()
        );
    } else {
        println!("no private PostgreSQL is running in {}", data_dir.display());
    }
    Ok(ExitCode::SUCCESS)
}
