//! `keepnet-etl cursor`: what is remembered of the scopes, and forgetting it.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::Failure;
use super::recorded::{names, recorded};
use super::table::{grouped, table};
use crate::app::App;
use crate::resource::Resource;
use crate::warehouse::cursor_list::{self, Filter, ListedCursor};

/// Cursors shown on a terminal.
const SHOWN: usize = 50;

/// Arguments of `cursor`.
#[derive(Debug, clap::Args)]
pub struct CursorArgs {
    #[command(subcommand)]
    command: CursorCommand,
}

/// What to do with cursors.
#[derive(Debug, clap::Subcommand)]
enum CursorCommand {
    /// Show what is remembered of each scope, what is due first
    #[command(after_help = "Examples:
  keepnet-etl cursor list --company aB3dE5gH7jK9
  keepnet-etl cursor list --resource users --json")]
    List(ListArgs),
    /// Forget what is remembered, so that the next sync reads it as if for the first time; no row is touched
    #[command(after_help = "Examples:
  keepnet-etl cursor reset --company aB3dE5gH7jK9
  keepnet-etl cursor reset --company aB3dE5gH7jK9 --resource answers
  keepnet-etl cursor reset --all-companies --resource widgets")]
    Reset(ResetArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only of these companies (ids; repeat or separate with commas)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    company: Vec<String>,
    /// Only of these resources
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    resource: Vec<Resource>,
    /// Print JSON, all of them
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct ResetArgs {
    /// Of these companies (ids; repeat or separate with commas)
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        required_unless_present = "all_companies"
    )]
    company: Vec<String>,
    /// Of every company
    #[arg(long, conflicts_with = "company")]
    all_companies: bool,
    /// Only of these resources
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    resource: Vec<Resource>,
    /// Only of this scope, as `cursor list` shows it
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists or forgets.
pub async fn run(app: &App, args: &CursorArgs) -> Result<ExitCode, Failure> {
    let warehouse = app.open().await?;
    match &args.command {
        CursorCommand::List(args) => {
            let filter = Filter {
                companies: args.company.clone(),
                resources: args.resource.clone(),
                scope: None,
            };
            let cursors = cursor_list::read(&warehouse.pool, &filter).await?;
            if args.json {
                println!("{}", json!({ "version": 1, "cursors": cursors }));
            } else {
                print!("{}", text(&cursors, app.clock.now()));
            }
        }
        CursorCommand::Reset(args) => {
            let filter = Filter {
                companies: args.company.clone(),
                resources: args.resource.clone(),
                scope: args.scope.clone(),
            };
            let detail = json!({
                "companies": args.company, "resources": names(&args.resource), "scope": args.scope
            });
            let forgotten = recorded(
                app,
                &warehouse.pool,
                "cursor reset",
                &args.company,
                detail,
                async { Ok(cursor_list::reset(&warehouse.pool, &filter).await?) },
                |forgotten| json!({ "forgotten": forgotten }),
            )
            .await?;
            if args.json {
                println!("{}", json!({ "version": 1, "forgotten": forgotten }));
            } else {
                println!(
                    "forgot {} cursors; the next sync reads what they stood for",
                    grouped(forgotten)
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn text(cursors: &[ListedCursor], now: DateTime<Utc>) -> String {
    if cursors.is_empty() {
        return "nothing is remembered of such scopes\n".to_owned();
    }
    let mut table = table(
        [
            "company",
            "resource",
            "scope",
            "verdict",
            "complete",
            "due",
            "rolling full",
        ],
        7,
    );
    let when = |at: Option<DateTime<Utc>>| match at {
        None => "-".to_owned(),
        Some(at) if at <= now => "now".to_owned(),
        Some(at) => at.format("%Y-%m-%d %H:%M").to_string(),
    };
    for cursor in cursors.iter().take(SHOWN) {
        let due = if cursor.wanted_at.is_some() {
            Some(now)
        } else {
            cursor.due_at
        };
        let complete = cursor.last_complete_at.map_or("never".to_owned(), |at| {
            at.format("%Y-%m-%d %H:%M").to_string()
        });
        table.add_row([
            cursor.company_id.clone(),
            cursor.resource.clone(),
            cursor.scope.clone(),
            cursor.verdict.clone().unwrap_or_default(),
            complete,
            when(due),
            when(cursor.full_due_at),
        ]);
    }
    let mut text = format!("{table}\n");
    if cursors.len() > SHOWN {
        text += &format!(
            "… and {} more: --company, --resource or --json\n",
            grouped((cursors.len() - SHOWN) as u64)
        );
    }
    text
}
