//! `keepnet-etl backfill`: a one-off historical load, which goes on where an earlier one was interrupted.

use std::process::ExitCode;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};

use super::sync::{Watched, finished, watched};
use super::{Failure, plan};
use crate::app::App;
use crate::resource::Resource;
use crate::sync::{Extent, Forecast, RunKind, SyncRequest};
use crate::warehouse::backfills;

/// Arguments of `backfill`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl backfill --dry-run                           what it would take
  keepnet-etl backfill                                     all enrollments
  keepnet-etl backfill --from 2024-01-01 --to 2024-12-31   enrollments and widgets of 2024
  keepnet-etl backfill --company aB3dE5gH7jK9 --resource answers

Reads everything of these enrollments once, whatever is stored. Interrupted, it goes on where it was
when it is called again with the same arguments. It may run beside other runs: no two work on one
company at the same time.")]
pub struct BackfillArgs {
    /// Enrollments created on this day or later; widgets from its month on
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<NaiveDate>,
    /// Enrollments created on this day or earlier; widgets up to its month
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<NaiveDate>,
    /// Only these companies (ids; repeat or separate with commas)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    company: Vec<String>,
    /// Only these resources, and what they depend on
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    resource: Vec<Resource>,
    /// Print what would be read and how long it would take, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs, or goes on with, a backfill.
pub async fn run(app: &App, args: &BackfillArgs) -> Result<ExitCode, Failure> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(Failure {
            message: format!("could not begin the backfill: --from {from} is later than --to {to}"),
            remedy: "exchange the two dates".to_owned(),
            code: super::failure::REFUSED,
        });
    }
    let warehouse = app.open().await?;
    warehouse.migrate().await?;
    let now = app.clock.now();
    let name = name(args);
    let backfill = backfills::find(&warehouse.pool, &name).await?;
    let request = |since| SyncRequest {
        kind: RunKind::Backfill,
        companies: args.company.clone(),
        resources: args.resource.clone(),
        extent: Extent::Backfill {
            since,
            from: args.from.and_then(|day| begin_of(app, day)),
            to: (args.to.and_then(|day| day.checked_add_days(Days::new(1))))
                .and_then(|day| begin_of(app, day)),
        },
        accepts_deletions: false,
    };
    if args.dry_run {
        let since = backfill.map_or(now, |backfill| backfill.started_at);
        let forecast = Forecast::read(&warehouse.pool, &app.settings, &request(since), now).await?;
        if args.json {
            println!("{}", plan::json(&forecast));
        } else {
            print!("{}", plan::text(&forecast));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let backfill = match backfill {
        Some(backfill) => {
            eprintln!(
                "going on with the backfill that began at {}",
                backfill.started_at
            );
            backfill
        }
        None => backfills::begin(&warehouse.pool, &name, now).await?,
    };
    let pool = warehouse.pool.clone();
    let watched = Box::pin(watched(app, warehouse, &request(backfill.started_at))).await;
    if let Ok(Watched { report, .. }) = &watched
        && report.outcome == "ok"
    {
        backfills::finish(&pool, &name).await?;
    }
    pool.close().await;
    let Watched { report, place } = watched?;
    finished(&report, &place, args.json)
}

/// What tells one backfill from another.
fn name(args: &BackfillArgs) -> String {
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let list = |mut list: Vec<String>| {
        list.sort_unstable();
        list.dedup();
        list.join(",")
    };
    let resources = args.resource.iter().map(ToString::to_string).collect();
    format!(
        "{}..{} companies {} resources {}",
        day(args.from),
        day(args.to),
        list(args.company.clone()),
        list(resources)
    )
}

/// The first instant of a day of the account.
fn begin_of(app: &App, day: NaiveDate) -> Option<DateTime<Utc>> {
    let zone = app.settings.api.time_zone;
    let midnight = day.and_time(NaiveTime::MIN);
    let local = zone.from_local_datetime(&midnight).earliest();
    // Where midnight is skipped, the hour does not matter.
    Some(local.map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc)))
}
