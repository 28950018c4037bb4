//! `keepnet-etl migrate`: brings the database to the present schema.

use std::process::ExitCode;

use super::{Failure, privacy};
use crate::app::App;

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl migrate
  keepnet-etl migrate --privacy --dry-run   what a change of privacy.* would do to what is stored
  DATABASE_URL=postgres://user:password@host/database keepnet-etl migrate")]
pub struct MigrateArgs {
    /// Rewrite what is stored by the privacy settings as they are now
    #[arg(long)]
    privacy: bool,
    /// Only say what that would change
    #[arg(long, requires = "privacy")]
    dry_run: bool,
    /// Do not ask
    #[arg(long, requires = "privacy")]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Migrates and says how far the schema is.
pub async fn run(app: &App, args: &MigrateArgs) -> Result<ExitCode, Failure> {
    if args.privacy {
        let asked = privacy::Asked {
            is_dry: args.dry_run,
            yes: args.yes,
            json: args.json,
        };
        return Box::pin(privacy::run(app, asked)).await;
    }
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
