//! `keepnet-etl quarantine`: received items that could not be understood.

use std::process::ExitCode;

use serde_json::json;

use super::Failure;
use super::failure::REFUSED;
use super::table::table;
use crate::app::App;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::quarantine;

/// Arguments of `quarantine`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl quarantine list
  keepnet-etl quarantine show 7
  keepnet-etl quarantine retry && keepnet-etl sync")]
pub struct QuarantineArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the items that are not resolved, without what was received
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Have the next sync read again what unresolved items came from: what can be read then is resolved
    Retry {
        /// Their numbers, as `list` shows them; none: all
        ids: Vec<i64>,
    },
    /// Show one item with what was received; that may hold personal data
    Show {
        /// Its number, as `list` shows it
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Lists items, or shows one.
pub async fn run(app: &App, args: &QuarantineArgs) -> Result<ExitCode, Failure> {
    let failed = |error| WarehouseError::from_sqlx("read the quarantine", error);
    let pool = app.open().await?.pool;
    match &args.action {
        Action::Retry { ids } => {
            let scopes = quarantine::want_again(&pool, ids, app.clock.now())
                .await
                .map_err(failed)?;
            println!("the next sync reads {scopes} scopes again");
        }
        &Action::List { json } => {
            let items = quarantine::list(&pool, i64::MAX).await.map_err(failed)?;
            if json {
                println!("{:#}", json!({ "version": 1, "items": items }));
            } else if items.is_empty() {
                println!("nothing is in quarantine");
            } else {
                let header = ["id", "company", "resource", "scope", "where", "why"];
                let mut listed = table(header, header.len());
                for item in items {
                    listed.add_row([
                        item.id.to_string(),
                        item.company_id,
                        item.resource,
                        item.scope,
                        item.json_path,
                        item.reason,
                    ]);
                }
                println!("{listed}");
            }
        }
        &Action::Show { id, json } => {
            let Some((item, payload)) = quarantine::lookup(&pool, id).await.map_err(failed)? else {
                return Err(Failure {
                    message: format!("could not show item {id}: there is none of this number"),
                    remedy: "see keepnet-etl quarantine list".to_owned(),
                    code: REFUSED,
                });
            };
            if json {
                println!(
                    "{:#}",
                    json!({ "version": 1, "item": item, "payload": payload })
                );
            } else {
                println!(
                    "{} {} {}: {}: {}",
                    item.company_id, item.resource, item.scope, item.json_path, item.reason
                );
                println!("first seen {}", item.first_seen_at.format("%F %T UTC"));
                println!("last seen  {}", item.last_seen_at.format("%F %T UTC"));
                if let Some(resolved_at) = item.resolved_at {
                    println!("resolved   {}", resolved_at.format("%F %T UTC"));
                }
                println!("\n{payload}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
