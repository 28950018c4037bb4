//! `keepnet-etl migrate --privacy`: rewrites what is stored by the privacy settings as they are now.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::Failure;
use super::confirm::{can_be_asked, confirm};
use super::failure::REFUSED;
use super::recorded::recorded;
use super::table::grouped;
use crate::app::App;
use crate::privacy::{KeyError, Policy};
use crate::sync::privacy::{ChangeError, Plan, apply};

const DOING: &str = "apply the privacy settings";

/// How it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Only say what would change.
    pub is_dry: bool,
    /// Do not ask.
    pub yes: bool,
    /// Print JSON.
    pub json: bool,
}

/// Rewrites what is stored, or says what that would change.
pub async fn run(app: &App, asked: Asked) -> Result<ExitCode, Failure> {
    can_be_asked(DOING, asked.yes || asked.is_dry)?;
    let policy = Arc::new(Policy::read(&app.settings.privacy)?);
    let warehouse = app.open().await?;
    warehouse.migrate().await?;
    let pool = &warehouse.pool;
    // What it would do is found out by doing it, in transactions that are rolled back.
    let plan = Box::pin(apply(pool, &policy, &app.clock, true)).await?;
    if asked.is_dry || plan.changes.is_empty() {
        show(&plan, asked);
        return Ok(ExitCode::SUCCESS);
    }
    eprint!("{}", text(&plan));
    if !confirm("rewrite what is stored? It cannot be undone", asked.yes)? {
        eprintln!("nothing was changed");
        return Ok(ExitCode::FAILURE);
    }
    let detail = json!({ "changes": plan.changes, "to": policy.record() });
    let work = async { Ok(Box::pin(apply(pool, &policy, &app.clock, false)).await?) };
    let done = recorded(
        app,
        pool,
        "migrate --privacy",
        &[],
        detail,
        work,
        |done| json!({ "rows": rows(done), "due": done.due }),
    )
    .await?;
    show(&done, asked);
    Ok(ExitCode::SUCCESS)
}

fn show(plan: &Plan, asked: Asked) {
    if asked.json {
        let mut json = json!({ "version": 1, "rows": rows(plan) });
        for (name, value) in [
            ("changes", json!(plan.changes)),
            ("is_stricter", plan.is_stricter.into()),
            ("is_looser", plan.is_looser.into()),
            ("due", plan.due.into()),
            ("is_done", plan.is_done.into()),
        ] {
            json[name] = value;
        }
        println!("{json}");
    } else {
        print!("{}", text(plan));
    }
}

fn rows(plan: &Plan) -> serde_json::Value {
    let rows = plan
        .rows
        .iter()
        .map(|(what, rows)| (what.clone(), json!(rows)));
    serde_json::Value::Object(rows.collect())
}

/// The plan, or what was done, for people.
fn text(plan: &Plan) -> String {
    let mut out = String::new();
    if plan.changes.is_empty() {
        return "everything is stored as the privacy settings say: nothing to do\n".to_owned();
    }
    for change in &plan.changes {
        let _ = writeln!(out, "{change}");
    }
    let verb = if plan.is_done { "were" } else { "would be" };
    for (what, rows) in &plan.rows {
        let _ = writeln!(
            out,
            "  {what}: {} rows {verb} changed or removed",
            grouped(*rows)
        );
    }
    if plan.is_stricter {
        let _ = writeln!(
            out,
            "what is removed although it was nobody's comes again with the rolling full, or with sync --full;\n\
             backups, and the database's own files until they are vacuumed, keep what was there before"
        );
    }
    if plan.is_looser {
        let _ = writeln!(
            out,
            "something is stored less than it may be: the next syncs read everything again ({} scopes);\n\
             earlier versions, and what the vendor no longer shows, stay as they are",
            grouped(plan.due)
        );
    }
    out
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self {
            message: error.to_string(),
            remedy: error.remedy().to_owned(),
            code: REFUSED,
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        let remedy = error.remedy().to_owned();
        match error {
            ChangeError::Warehouse(error) => error.into(),
            other => Self {
                message: other.to_string(),
                remedy,
                code: REFUSED,
            },
        }
    }
}
