//! `keepnet-etl repair-dates`: reads the stored dates again after a wrong date format or time zone.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::json;

use super::Failure;
use super::failure::REFUSED;
use super::table::{grouped, table};
use crate::app::App;
use crate::sync::repair_dates::{self, Choice, RepairError, Report};

/// Arguments of `repair-dates`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  export KEEPNET_ETL__API__DATE_FORMAT=dmy  KEEPNET_ETL__API__TIME_ZONE=Europe/Istanbul
  keepnet-etl repair-dates --dry-run   what would change, column by column
  keepnet-etl repair-dates             change it

Every date that was stored is read again as api.date_format and api.time_zone now say, from the
format and zone by which it was read (sync.accounts). The vendor is not asked. What could not be
stored because of the wrong format is read by the next sync. A repair that was interrupted goes on
where it stood; until it has ended, no sync begins.")]
pub struct RepairDatesArgs {
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Mends the dates, or says what that would change.
pub async fn run(app: &App, args: &RepairDatesArgs) -> Result<ExitCode, Failure> {
    let warehouse = app.open().await?;
    if !args.dry_run {
        warehouse.migrate().await?;
    }
    let report = Box::pin(repair_dates::run(
        &app.settings.api,
        &warehouse.pool,
        &app.clock,
        args.dry_run,
    ))
    .await?;
    if args.json {
        println!("{}", json(&report));
    } else {
        print!("{}", text(&report, args.dry_run));
    }
    Ok(ExitCode::SUCCESS)
}

impl From<RepairError> for Failure {
    fn from(error: RepairError) -> Self {
        let remedy = error.remedy().to_owned();
        match error {
            RepairError::Warehouse(error) => error.into(),
            other => Self {
                code: REFUSED,
                message: other.to_string(),
                remedy,
            },
        }
    }
}

/// The report for machines.
#[must_use]
pub fn json(report: &Report) -> serde_json::Value {
    json!({
        "version": 1,
        "from": report.from,
        "to": report.to,
        "companies": report.companies,
        "rows": report.rows,
        "columns": report.columns,
        "followed": report.followed,
        "due": report.due,
        "is_done": report.is_done,
    })
}

/// The report for people.
#[must_use]
pub fn text(report: &Report, is_dry: bool) -> String {
    let mut out = String::new();
    let choice = |choice: &Choice| {
        let format = choice.date_format.as_deref().unwrap_or("year first");
        format!("{format} in {}", choice.time_zone)
    };
    for from in &report.from {
        let since = from
            .since
            .map(|since| format!(" since {}", since.format("%F %T UTC")));
        let _ = writeln!(out, "read as {}{}", choice(from), since.unwrap_or_default());
    }
    let to = report.to.as_ref().map(choice).unwrap_or_default();
    if report.columns.is_empty() && !report.is_done {
        let _ = writeln!(
            out,
            "no stored date changes when it is read as {to}: nothing to do"
        );
        return out;
    }
    let _ = writeln!(out, "to be read as {to}\n");
    let header = [
        "column",
        "dates",
        "change",
        "from text",
        "to text",
        "unsure",
        "",
    ];
    let mut listed = table(header, 1);
    for column in &report.columns {
        listed.add_row([
            format!("{}.{}", column.table, column.column),
            grouped(column.values),
            grouped(column.changed),
            grouped(column.from_text),
            grouped(column.to_text),
            grouped(column.unsure),
            (if column.is_year_first {
                "year first"
            } else {
                ""
            })
            .to_owned(),
        ]);
    }
    let _ = writeln!(out, "{listed}");
    if report.columns.iter().any(|column| column.unsure > 0) {
        let _ = writeln!(
            out,
            "unsure: rows that changed under a later choice without being received again are taken as read by it;\n\
             a full sync mends those that the vendor still shows"
        );
    }
    let (rows, companies) = (grouped(report.rows), grouped(report.companies));
    if is_dry {
        let _ = writeln!(
            out,
            "{rows} rows of {companies} companies would change; nothing was written"
        );
        return out;
    }
    let _ = writeln!(out, "{rows} rows of {companies} companies changed");
    if let Some(followed) = report.followed {
        let _ = writeln!(
            out,
            "with them: {} persons are as another enrollment reports them, {} events have another place, {} sessions became or ceased to be the latest",
            grouped(followed.persons),
            grouped(followed.events),
            grouped(followed.sessions),
        );
    }
    if report.due > 0 {
        let _ = writeln!(
            out,
            "the next sync reads {} scopes again",
            grouped(report.due)
        );
    }
    out
}
