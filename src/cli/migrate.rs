//! `keepnet-etl migrate`: brings the database to the present schema.

use std::process::ExitCode;

use super::Failure;
use crate::app::App;

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl migrate
  DATABASE_URL=postgres://user:password@host/database keepnet-etl migrate")]
pub struct MigrateArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Migrates and says how far the schema is.
pub async fn run(app: &App, args: &MigrateArgs) -> Result<ExitCode, Failure> {
    let warehouse = app.open().await?;
    let state = warehouse.migrate().await?;
    if args.json {
        let json = serde_json::json!({
            "version": 1, "applied": state.applied, "known": state.known, "unknown": state.unknown
        });
        println!("{json}");
    } else {
        println!("{} has all {} migrations", warehouse.place, state.known);
        if state.unknown > 0 {
            println!(
                "and {} of a newer version, which are left alone",
                state.unknown
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
