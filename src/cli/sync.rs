//! `keepnet-etl sync`: one pass, a summary table at the end.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::bars::Bars;
use super::recorded::{names, recorded};
use super::table::{grouped, table};
use super::{Failure, plan};
use crate::app::{App, Place, Warehouse};
use crate::resource::Resource;
use crate::sync::{self, CompanyReport, Extent, Forecast, RunKind, RunReport, SyncRequest};
use crate::verdict::Verdict;
use crate::warehouse::load::Effect;

/// Companies with trouble that the summary names one by one.
const SHOWN: usize = 20;

/// How long connections get to close in good order.
const FAREWELL: Duration = Duration::from_secs(5);

/// Arguments of `sync`.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl sync                                   what is due
  keepnet-etl sync --dry-run                         what that is, why, and how long it takes
  keepnet-etl sync --full                            everything
  keepnet-etl sync --company aB3dE5gH7jK9            one company
  keepnet-etl sync --resource enrollments,summaries  without the user reports
  keepnet-etl sync --json                            for machines

Companies and enrollments are listed by every run; of the rest it reads what is due. Rows that did
not change are not written.")]
pub struct SyncArgs {
    /// Only these companies (ids; repeat or separate with commas)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    company: Vec<String>,
    /// Only these resources, and what they depend on
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    resource: Vec<Resource>,
    /// Read everything again, not only what is due
    #[arg(long)]
    full: bool,
    /// Print what is due and why, and how long it would take; ask and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Mark missing rows as deleted, however many they are
    #[arg(long)]
    accept_deletions: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl SyncArgs {
    fn request(&self) -> SyncRequest {
        SyncRequest {
            kind: RunKind::Sync,
            companies: self.company.clone(),
            resources: self.resource.clone(),
            extent: if self.full {
                Extent::Everything
            } else {
                Extent::Due
            },
            accepts_deletions: self.accept_deletions,
        }
    }
}

/// Runs one pass over the configured account, or says what it would do.
pub async fn run(app: &App, args: &SyncArgs) -> Result<ExitCode, Failure> {
    if args.dry_run {
        let warehouse = app.open().await?;
        warehouse.migrate().await?;
        let now = app.clock.now();
        let forecast = Forecast::read(&warehouse.pool, &app.settings, &args.request(), now).await?;
        if args.json {
            println!("{}", plan::json(&forecast));
        } else {
            print!("{}", plan::text(&forecast));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (report, place) = Box::pin(pass(app, args)).await?;
    finished(&report, &place, args.json)
}

/// Prints what came of a run; its exit code.
pub fn finished(report: &RunReport, place: &Place, is_json: bool) -> Result<ExitCode, Failure> {
    if is_json {
        println!("{}", json(report));
    } else {
        print!("{}", summary(report));
        if let Place::Embedded(database) = place {
            println!(
                "the warehouse is {}, its password in {}",
                database.display_url(),
                database.password_file.display()
            );
        }
    }
    Ok(ExitCode::from(u8::from(report.outcome != "ok")))
}

/// One pass, with progress.
pub async fn pass(app: &App, args: &SyncArgs) -> Result<(RunReport, Place), Failure> {
    let warehouse = app.open().await?;
    warehouse.migrate().await?;
    let request = args.request();
    let pool = warehouse.pool.clone();
    let work = Box::pin(watched(app, warehouse, &request));
    let watched = if args.accept_deletions {
        recorded(
            app,
            &pool,
            "sync --accept-deletions",
            &args.company,
            json!({ "companies": args.company, "resources": names(&args.resource) }),
            work,
            |done| json!({ "run_id": done.report.run_id, "deleted": done.report.totals.rows.deleted }),
        )
        .await
    } else {
        work.await
    };
    // A connection that hangs is not waited for.
    let _ = tokio::time::timeout(FAREWELL, pool.close()).await;
    let watched = watched?;
    Ok((watched.report, watched.place))
}

/// A run that is over, and where it wrote to.
pub struct Watched {
    /// What it did.
    pub report: RunReport,
    /// Where the database is.
    pub place: Place,
}

/// A run with progress on standard error, which a signal ends in good order, and those that have to follow it.
pub async fn watched(
    app: &App,
    warehouse: Warehouse,
    request: &SyncRequest,
) -> Result<Watched, Failure> {
    let client = app.client()?;
    let stop = stop_on_signal();
    let bars = Bars::new(client.clone());
    let report = loop {
        let done = sync::run(
            &app.settings,
            &warehouse.pool,
            &client,
            &app.clock,
            request,
            &bars,
            &stop,
        )
        .await;
        match done {
            Ok(report) if report.has_more && report.outcome != "stopped" => {
                bars.println(&format!(
                    "run {}: {}, {} requests; the next one looks at what changed meanwhile, and goes on",
                    report.run_id,
                    report.outcome,
                    grouped(report.totals.requests)
                ));
            }
            Ok(report) => break report,
            Err(error) => {
                bars.clear();
                return Err(error.into());
            }
        }
    };
    bars.clear();
    Ok(Watched {
        report,
        place: warehouse.place,
    })
}

/// The first interrupt asks the run to end after the page in hand; a second one ends it at once. What was committed
/// stays in either case.
fn stop_on_signal() -> Arc<AtomicBool> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return stop;
    };
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if asked.swap(true, Ordering::Relaxed) {
                std::process::exit(1);
            }
            eprintln!("stopping after the page in hand; a second signal ends at once");
        }
    });
    stop
}

/// The table for people.
#[must_use]
pub fn summary(report: &RunReport) -> String {
    let header = [
        "resource",
        "verdict",
        "requests",
        "inserted",
        "updated",
        "unchanged",
        "deleted",
    ];
    let mut table = table(header, 2);
    for (resource, (verdict, requests, rows)) in by_resource(report) {
        table.add_row([
            resource.name().to_owned(),
            verdict.name().to_owned(),
            grouped(requests),
            grouped(rows.inserted),
            grouped(rows.updated),
            grouped(rows.unchanged),
            grouped(rows.deleted),
        ]);
    }
    let mut text = format!("{table}\n");
    let trouble: Vec<&CompanyReport> = report
        .companies
        .iter()
        .filter(|company| company.verdict != Verdict::Complete || company.is_busy)
        .collect();
    text += &format!(
        "run {}: {}, {} of {} companies complete, {} requests{}, {:.1} s\n",
        report.run_id,
        report.outcome,
        report.companies.len() - trouble.len(),
        report.companies.len(),
        grouped(report.totals.requests),
        (report.predicted).map_or_else(String::new, |n| format!(" (expected {})", grouped(n))),
        report.duration.as_secs_f64(),
    );
    for company in trouble.iter().take(SHOWN) {
        text += &format!(
            "\n{} ({}): {}\n",
            company.name,
            company.company_id,
            company.reason.as_deref().unwrap_or(company.verdict.name())
        );
        if let Some(remedy) = &company.remedy {
            text += &format!("  to do: {remedy}\n");
        }
    }
    if trouble.len() > SHOWN {
        text += &format!(
            "\n… and {} more: see keepnet-etl status\n",
            trouble.len() - SHOWN
        );
    }
    text
}

/// The same for machines.
#[must_use]
pub fn json(report: &RunReport) -> serde_json::Value {
    let rows = |rows: Effect| {
        json!({
            "inserted": rows.inserted, "updated": rows.updated,
            "unchanged": rows.unchanged, "deleted": rows.deleted
        })
    };
    let resources: serde_json::Map<String, serde_json::Value> = by_resource(report)
        .into_iter()
        .map(|(resource, (verdict, requests, effect))| {
            let value =
                json!({ "verdict": verdict.name(), "requests": requests, "rows": rows(effect) });
            (resource.name().to_owned(), value)
        })
        .collect();
    let companies: Vec<_> = report
        .companies
        .iter()
        .map(|company| {
            json!({
                "company_id": company.company_id, "name": company.name,
                "verdict": company.verdict.name(), "reason": company.reason, "remedy": company.remedy
            })
        })
        .collect();
    json!({
        "version": 1,
        "run_id": report.run_id,
        "outcome": report.outcome,
        "requests": report.totals.requests,
        "predicted_requests": report.predicted,
        "rows": rows(report.totals.rows),
        "duration_ms": u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        "resources": resources,
        "companies": companies,
    })
}

fn by_resource(report: &RunReport) -> BTreeMap<Resource, (Verdict, u64, Effect)> {
    let mut resources = BTreeMap::new();
    for scope in report.scopes() {
        let (verdict, requests, rows) =
            resources
                .entry(scope.resource)
                .or_insert((Verdict::Complete, 0, Effect::default()));
        *verdict = scope.verdict.max(*verdict);
        *requests += scope.requests;
        rows.add(scope.rows);
    }
    resources
}
