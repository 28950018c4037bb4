//! `keepnet-etl status`: freshness, the last runs, what failed and what to do.

use std::fmt::Write as _;
use std::process::ExitCode;

use chrono::{DateTime, Utc};

use super::Failure;
use super::table::{grouped, table};
use crate::app::App;
use crate::daemon::document::{self, Document};
use crate::daemon::schedule::{NextRun, next_runs};
use crate::warehouse::status::{CursorStatus, RunStatus, Status};

/// Companies shown; those with trouble come first.
const SHOWN: usize = 30;

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl status
  keepnet-etl status --json | jq .failures")]
pub struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows the state of the warehouse.
pub async fn run(app: &App, args: &StatusArgs) -> Result<ExitCode, Failure> {
    let warehouse = app.open().await?;
    let now = app.clock.now();
    let (status, cycle) = document::read(&warehouse.pool, &app.settings, now).await?;
    let next_runs = next_runs(&app.settings, &status.schedules, now);
    if args.json {
        let document = Document::new(&status, cycle.as_ref(), next_runs);
        println!("{:#}", document.to_json().map_err(anyhow::Error::from)?);
    } else {
        print!("{}", text(&status, now));
        for left in &status.offboarded {
            let state = match left.certificate {
                Some(_) => {
                    "its data is deleted; to load it again: keepnet-etl forget-company --take-back"
                }
                None => "its export has not ended: run keepnet-etl forget-company again",
            };
            println!("company {} is offboarded: {state}", left.company_id);
        }
        if let Some(cycle) = &cycle {
            println!("\n{}", cycle.sentence());
        }
        print!("{}", daemon(&status, &next_runs, now));
    }
    Ok(ExitCode::SUCCESS)
}

/// The state for people.
#[must_use]
pub fn text(status: &Status, now: DateTime<Utc>) -> String {
    let mut out = String::new();
    let Some(account) = &status.account else {
        return "nothing was pulled yet; run: keepnet-etl sync\n".to_owned();
    };
    let complete = status
        .companies
        .iter()
        .filter(|c| c.verdict.as_deref() == Some("complete"))
        .count();
    let sentence = match status.verdict {
        "ok" => "all is well",
        "running" => "a run is under way",
        _ => "something needs attention",
    };
    let _ = writeln!(
        out,
        "{sentence}: {complete} of {} companies complete",
        status.companies.len()
    );
    let _ = writeln!(
        out,
        "account {}, dates {} ({}), time zone {}",
        account.account_id,
        account.date_format.as_deref().unwrap_or("undecided"),
        account
            .date_format_evidence
            .as_deref()
            .unwrap_or("no date had to be understood yet"),
        account.time_zone
    );

    let mut listed = table(
        [
            "run",
            "started",
            "outcome",
            "requests",
            "inserted",
            "updated",
            "unchanged",
        ],
        3,
    );
    for run in &status.runs {
        listed.add_row([
            run.id.to_string(),
            ago(run.started_at, now),
            run.outcome.clone(),
            run.requests.to_string(),
            run.rows_inserted.to_string(),
            run.rows_updated.to_string(),
            run.rows_unchanged.to_string(),
        ]);
    }
    let _ = writeln!(out, "\n{listed}");
    for run in status.runs.iter().take(1) {
        if run.outcome == "running" {
            let _ = writeln!(out, "{}", progress(run, now));
        }
        if let Some(error) = &run.error {
            let _ = writeln!(out, "run {}: {error}", run.id);
        }
    }

    let mut listed = table(["company", "id", "verdict", "safe as of", "why"], 5);
    for company in status.companies.iter().take(SHOWN) {
        listed.add_row([
            company.name.clone().unwrap_or_default(),
            company.company_id.clone(),
            company
                .verdict
                .clone()
                .unwrap_or_else(|| "not tried".to_owned()),
            company
                .safe_as_of
                .map_or_else(|| "never".to_owned(), |at| ago(at, now)),
            company.reason.clone().unwrap_or_default(),
        ]);
    }
    let _ = writeln!(out, "\n{listed}");
    if status.companies.len() > SHOWN {
        let _ = writeln!(
            out,
            "… and {} more (--json lists all)",
            status.companies.len() - SHOWN
        );
    }

    if !status.cursors.is_empty() {
        let _ = writeln!(out, "\n{}", scopes(&status.cursors, now));
    }
    for failure in &status.failures {
        let _ = writeln!(
            out,
            "\n{} ({}), {}: {}\n  to do: {}",
            failure.name.as_deref().unwrap_or_default(),
            failure.company_id,
            failure.resource,
            failure.error.as_deref().unwrap_or(&failure.verdict),
            failure.remedy.as_deref().unwrap_or("see the log"),
        );
    }
    for held in &status.held {
        let _ = writeln!(
            out,
            "\n{} {} {}: {}",
            held.company_id, held.resource, held.scope, held.detail
        );
    }
    if status.quarantine.open > 0 {
        let _ = writeln!(
            out,
            "\nquarantine: {} items could not be understood (sync.quarantine)",
            status.quarantine.open
        );
        for item in &status.quarantine.items {
            let _ = writeln!(
                out,
                "  {} {} {}: {}: {}",
                item.company_id, item.resource, item.scope, item.json_path, item.reason
            );
        }
    }
    if !status.discrepancies.is_empty() {
        let _ = writeln!(out, "\ncounts that do not agree (sync.discrepancies)");
        for d in &status.discrepancies {
            let count = |count: Option<i64>| {
                count.map_or_else(|| "?".to_owned(), |count| count.to_string())
            };
            let _ = writeln!(
                out,
                "  {} {} {}: {}: expected {}, found {}",
                d.company_id,
                d.resource,
                d.scope,
                d.kind,
                count(d.expected),
                count(d.found)
            );
        }
    }
    if !status.unknown_fields.is_empty() {
        let _ = writeln!(
            out,
            "\nmembers without a column, kept in extra (sync.unknown_fields)"
        );
        for field in &status.unknown_fields {
            let _ = writeln!(
                out,
                "  {} {} ({})",
                field.resource, field.json_path, field.json_type
            );
        }
    }
    out
}

/// Who keeps the schedule, and what comes next.
#[must_use]
pub fn daemon(status: &Status, next_runs: &[NextRun], now: DateTime<Utc>) -> String {
    let mut out = String::new();
    for schedule in &status.schedules {
        if let Some(error) = &schedule.error {
            let (name, remedy) = (
                &schedule.name,
                schedule.remedy.as_deref().unwrap_or_default(),
            );
            let _ = writeln!(out, "\nschedule.{name}: {error}\n  to do: {remedy}");
        }
    }
    let Some(active) = &status.active else {
        return out;
    };
    let since = ago(active.since, now);
    let _ = writeln!(out, "\ndaemon: {} (since {since})", active.instance);
    for next in next_runs {
        let _ = writeln!(
            out,
            "  next {}: {}",
            next.schedule,
            next.at.format("%Y-%m-%d %H:%M:%S UTC")
        );
    }
    out
}

/// How far a run under way is.
fn progress(run: &RunStatus, now: DateTime<Utc>) -> String {
    let count = |count: Option<i64>| {
        count.map_or_else(
            || "?".to_owned(),
            |n| grouped(u64::try_from(n).unwrap_or(0)),
        )
    };
    let expected = match run.predicted_requests {
        Some(_) => format!(" of about {}", count(run.predicted_requests)),
        None => String::new(),
    };
    format!(
        "run {} is under way: {} of {} companies done, {}{expected} requests, last seen to get on {}",
        run.id,
        count(run.companies_done),
        count(run.companies_total),
        count(Some(run.requests)),
        run.progressed_at
            .map_or_else(|| "never".to_owned(), |at| ago(at, now)),
    )
}

/// What is remembered, per resource.
fn scopes(cursors: &[CursorStatus], now: DateTime<Utc>) -> comfy_table::Table {
    let header = [
        "resource",
        "oldest",
        "scopes",
        "due",
        "unfinished",
        "users to ask",
    ];
    let mut listed = table(header, 2);
    let count = |count: i64| grouped(u64::try_from(count).unwrap_or(0));
    for cursor in cursors {
        listed.add_row([
            cursor.resource.clone(),
            cursor
                .oldest
                .map_or_else(|| "never".to_owned(), |at| ago(at, now)),
            count(cursor.scopes),
            count(cursor.due),
            count(cursor.unfinished),
            count(cursor.pending_users),
        ]);
    }
    listed
}

/// `3 min ago`
fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (now - at).num_seconds() {
        ..60 => "just now".to_owned(),
        seconds @ 60..7_200 => format!("{} min ago", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} d ago", seconds / 86_400),
    }
}
