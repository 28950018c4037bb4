//! `keepnet-etl forget`: erases one person, or shows everything that is stored of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Failure;
use super::actor::actor;
use super::confirm::{can_be_asked, confirm};
use super::failure::REFUSED;
use super::table::grouped;
use crate::app::App;
use crate::privacy::{Identity, Policy};
use crate::sync::privacy::{ForgetError, Forgetting, Found, Whom};
use crate::warehouse::error::WarehouseError;
use crate::warehouse::operator_actions::{self, Action, Outcome};

const DOING: &str = "forget a person";

/// Arguments of `forget`.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("whom").required(true).args(["email", "target_user", "replay"])),
    group(clap::ArgGroup::new("where").args(["company", "all_companies"])),
    after_help = "Examples:
  keepnet-etl forget --company aB3dE5gH7jK9 --email ada@example.com
  keepnet-etl forget --all-companies --target-user uSeR00000001 --yes
  keepnet-etl forget --replay          after a restored backup

It shows what goes, and asks. With --dry-run --json it prints everything stored of them.

Everything of the person is deleted: report rows, history, interactions, sessions, answers, custom
fields, items in quarantine, rows of widgets and reports. Keyed hashes stay in sync.erasures, so
that the next sync does not bring them back, and are added to privacy.erasure_log. It needs the key
of privacy.key_file. A sync that is at work on the company has to do it again."
)]
pub struct ForgetArgs {
    /// Within this company (id; repeat or separate with commas)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    company: Vec<String>,
    /// Within every company
    #[arg(long)]
    all_companies: bool,
    /// Who has, or had, this e-mail address, in whatever case
    #[arg(long, value_name = "ADDRESS", requires = "where")]
    email: Option<String>,
    /// The target user of this id
    #[arg(long, value_name = "ID", requires = "where")]
    target_user: Option<String>,
    /// Erase again whom the log of erasures names
    #[arg(long)]
    replay: bool,
    /// Only show what is stored; with --json all of it
    #[arg(long, conflicts_with = "replay")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Erases, replays, or shows.
pub async fn run(app: &App, args: &ForgetArgs) -> Result<ExitCode, Failure> {
    can_be_asked(DOING, args.yes || args.dry_run || args.replay)?;
    let policy = Arc::new(Policy::read(&app.settings.privacy)?);
    let log = app.settings.privacy.erasure_log.as_deref();
    let warehouse = app.open().await?;
    warehouse.migrate().await?;
    let forgetting = Forgetting {
        pool: &warehouse.pool,
        policy: &policy,
        clock: &app.clock,
        log,
    };
    let whom = match (&args.email, &args.target_user) {
        (Some(address), _) => Whom::Email(address.clone()),
        (None, Some(id)) => Whom::TargetUser(id.clone()),
        (None, None) => return replay(app, &forgetting, args.json).await,
    };
    forgetting.check(&whom).await?;
    let companies = forgetting.companies(&args.company).await?;
    let (mut plan, mut records) = (Vec::new(), Vec::new());
    for company in &companies {
        let (found, rows) = Box::pin(forgetting.read(company, &whom)).await?;
        if args.dry_run && args.json {
            records.push(
                json!({ "company_id": company, "target_users": found.target_users, "rows": rows }),
            );
        }
        plan.push(found);
    }
    if args.dry_run {
        if args.json {
            println!("{:#}", json!({ "version": 1, "companies": records }));
        } else {
            print!("{}", text(&plan, "would be deleted"));
        }
        return Ok(ExitCode::SUCCESS);
    }
    eprint!("{}", text(&plan, "will be deleted"));
    if log.is_none() {
        eprintln!("privacy.erasure_log is not set: a restored backup will bring the person back");
    }
    if !confirm("delete all of it? It cannot be undone", args.yes)? {
        eprintln!("nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    let (identity, value) = match &whom {
        Whom::Email(address) => (Identity::Email, address),
        Whom::TargetUser(id) => (Identity::Id, id),
    };
    let scope = match args.company.as_slice() {
        [company] => company.as_str(),
        _ => "",
    };
    let target = policy.erasure(scope, identity, value);
    let action = Action {
        actor: &actor(),
        command: "forget",
        company_id: (!scope.is_empty()).then_some(scope),
        target: target.as_deref(),
        detail: json!({ "companies": companies.len(), "by": identity.name() }),
    };
    let work = async {
        let mut done = Vec::new();
        for company in &companies {
            done.push(Box::pin(forgetting.forget(company, &whom)).await?);
        }
        Ok(done)
    };
    let done = Box::pin(carried_out(app, &forgetting, &action, work)).await?;
    show(&done, args.json);
    Ok(ExitCode::SUCCESS)
}

async fn replay(
    app: &App,
    forgetting: &Forgetting<'_>,
    is_json: bool,
) -> Result<ExitCode, Failure> {
    let Some(file) = forgetting.log else {
        return Err(Failure {
            message: "could not replay the log of erasures: privacy.erasure_log is not set"
                .to_owned(),
            remedy:
                "set it (KEEPNET_ETL__PRIVACY__ERASURE_LOG) to the file that erasures were added to"
                    .to_owned(),
            code: REFUSED,
        });
    };
    let action = Action {
        actor: &actor(),
        command: "forget --replay",
        company_id: None,
        target: None,
        detail: json!({}),
    };
    let work = Box::pin(forgetting.replay(file));
    let done = Box::pin(carried_out(app, forgetting, &action, work)).await?;
    show(&done, is_json);
    Ok(ExitCode::SUCCESS)
}

/// Does it, recorded before and after.
async fn carried_out(
    app: &App,
    forgetting: &Forgetting<'_>,
    action: &Action<'_>,
    work: impl Future<Output = Result<Vec<Found>, ForgetError>>,
) -> Result<Vec<Found>, Failure> {
    let database = |error| WarehouseError::from_sqlx("record what is done", error);
    let id = operator_actions::begin(forgetting.pool, action, app.clock.now())
        .await
        .map_err(database)?;
    let done = work.await.map_err(Failure::from);
    let (outcome, result) = match &done {
        Ok(done) => (Outcome::Done, json!({ "rows": added(done) })),
        Err(failure) => (Outcome::Failed, json!({ "error": failure.message })),
    };
    operator_actions::finish(forgetting.pool, id, outcome, &result, app.clock.now())
        .await
        .map_err(database)?;
    done
}

/// Rows per table, over all companies.
fn added(found: &[Found]) -> BTreeMap<&str, u64> {
    let mut sums = BTreeMap::new();
    for (table, rows) in found.iter().flat_map(|one| &one.rows) {
        *sums.entry(table.as_str()).or_default() += rows;
    }
    sums
}

fn show(done: &[Found], is_json: bool) {
    if is_json {
        let companies: Vec<Value> = done.iter().map(|one| json!(one)).collect();
        println!("{}", json!({ "version": 1, "companies": companies }));
    } else {
        print!("{}", text(done, "deleted"));
    }
}

fn text(found: &[Found], verb: &str) -> String {
    let mut out = String::new();
    let with_rows = found.iter().filter(|one| !one.rows.is_empty());
    for one in with_rows.clone() {
        let ids: Vec<&str> = one.target_users.iter().map(String::as_str).collect();
        let ids = if ids.is_empty() {
            "no target user".to_owned()
        } else {
            ids.join(", ")
        };
        let _ = writeln!(out, "company {}: {ids}", one.company_id);
        for (table, rows) in &one.rows {
            let _ = writeln!(out, "  {table}: {} rows {verb}", grouped(*rows));
        }
    }
    if with_rows.count() == 0 {
        let _ = writeln!(
            out,
            "nothing is stored of this person in {} companies",
            found.len()
        );
    }
    out
}

impl From<ForgetError> for Failure {
    fn from(error: ForgetError) -> Self {
        let remedy = error.remedy().to_owned();
        match error {
            ForgetError::Warehouse(error) => error.into(),
            other => Self {
                message: other.to_string(),
                remedy,
                code: REFUSED,
            },
        }
    }
}
