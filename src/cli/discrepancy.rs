//! `keepnet-etl discrepancy`: counts that do not agree, and what the operator accepts of them.

use std::process::ExitCode;

use chrono::{NaiveDate, NaiveTime};
use serde_json::json;

use super::Failure;
use super::failure::REFUSED;
use super::table::table;
use crate::app::App;
use crate::warehouse::discrepancies;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::load::sweep::HELD;

/// Arguments of `discrepancy`.
#[derive(Debug, clap::Args)]
pub struct DiscrepancyArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the counts that do not agree, accepted ones too
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Accept one: `status` shows it again after a day, or when its counts change
    #[command(after_help = "Example:
  keepnet-etl discrepancy accept 7 --reason \"the vendor counts deleted users\" --until 2027-03-31")]
    Accept {
        /// Its number, as `list` shows it
        id: i64,
        /// Why it is no trouble
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The last day, in UTC, on which it is accepted
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: NaiveDate,
    },
}

/// Lists discrepancies, or accepts one.
pub async fn run(app: &App, args: &DiscrepancyArgs) -> Result<ExitCode, Failure> {
    match &args.action {
        Action::List { json } => list(app, *json).await,
        Action::Accept { id, reason, until } => accept(app, *id, reason, *until).await,
    }
}

async fn list(app: &App, json: bool) -> Result<ExitCode, Failure> {
    let pool = app.open().await?.pool;
    let found = (discrepancies::list(&pool, i64::MAX).await)
        .map_err(|error| WarehouseError::from_sqlx("read the discrepancies", error))?;
    if json {
        println!("{:#}", json!({ "version": 1, "discrepancies": found }));
    } else if found.is_empty() {
        println!("all counts agree");
    } else {
        let header = [
            "id", "company", "resource", "scope", "kind", "expected", "found", "accepted",
        ];
        let mut listed = table(header, header.len());
        let count =
            |count: Option<i64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        let now = app.clock.now();
        for one in found {
            let accepted = match (one.accepted_until, one.accepted_reason) {
                (Some(until), Some(reason)) if until > now => {
                    format!("until {}: {reason}", until.format("%F %H:%M UTC"))
                }
                (Some(until), Some(_)) => format!("was until {}", until.format("%F %H:%M UTC")),
                _ => String::new(),
            };
            listed.add_row([
                one.id.to_string(),
                one.company_id,
                one.resource,
                one.scope,
                one.kind,
                count(one.expected),
                count(one.found),
                accepted,
            ]);
        }
        println!("{listed}");
    }
    Ok(ExitCode::SUCCESS)
}

async fn accept(app: &App, id: i64, reason: &str, until: NaiveDate) -> Result<ExitCode, Failure> {
    let refused = |why: &str, remedy: &str| Failure {
        message: format!("could not accept discrepancy {id}: {why}"),
        remedy: remedy.to_owned(),
        code: REFUSED,
    };
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(refused(
            "the reason is empty",
            "say in --reason why it is no trouble",
        ));
    }
    let now = app.clock.now();
    let end = until
        .succ_opt()
        .unwrap_or(until)
        .and_time(NaiveTime::MIN)
        .and_utc();
    if end <= now {
        return Err(refused(
            "the day of --until is over",
            "name a day from today on",
        ));
    }
    let warehouse = app.open().await?;
    warehouse.migrate().await?;
    let kind = discrepancies::accept(&warehouse.pool, id, reason, end, now)
        .await
        .map_err(|error| WarehouseError::from_sqlx("accept a discrepancy", error))?;
    match kind.as_deref() {
        None => Err(refused(
            "there is no open one of this number",
            "see keepnet-etl discrepancy list",
        )),
        Some(HELD) => Err(refused(
            "it holds deletions back, which wait for a decision",
            "see keepnet-etl status",
        )),
        Some(_) => {
            println!(
                "discrepancy {id} is accepted until the end of {until}, or until its counts change"
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}
