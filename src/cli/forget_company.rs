//! `keepnet-etl forget-company`: offboards a customer, or takes that back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::Failure;
use super::actor::actor;
use super::confirm::{can_be_asked, confirm};
use super::failure::REFUSED;
use super::recorded::recorded;
use super::table::grouped;
use crate::app::App;
use crate::sync::privacy::{OffboardError, offboard, plan_offboarding, take_back};

const DOING: &str = "offboard a company";

/// Arguments of `forget-company`.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("what").required(true).args(["out", "dry_run", "take_back"])),
    after_help = "Examples:
  keepnet-etl forget-company aB3dE5gH7jK9 --dry-run           how many rows that are
  keepnet-etl forget-company aB3dE5gH7jK9 --out ./alpha       export, delete, certificate
  keepnet-etl forget-company aB3dE5gH7jK9 --take-back         let the next sync load it again

Everything of the company is exported to the folder, one file of JSON lines per table, and deleted;
certificate.json there says what, when and by whom, with the hash of each file. No later sync loads
the company, see keepnet-etl status. What was interrupted is run again with the same folder. Hashes
of people who were erased stay, and so does the record of who did what."
)]
pub struct ForgetCompanyArgs {
    /// The company (id)
    #[arg(value_name = "COMPANY")]
    company: String,
    /// The folder for the export; a new or an empty one
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Only say how many rows that would be
    #[arg(long)]
    dry_run: bool,
    /// Let the next sync load the company again
    #[arg(long)]
    take_back: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Offboards, takes back, or shows the plan.
pub async fn run(app: &App, args: &ForgetCompanyArgs) -> Result<ExitCode, Failure> {
    let company = args.company.as_str();
    let is_asked = args.out.is_some() && !args.dry_run;
    can_be_asked(DOING, args.yes || !is_asked)?;
    let warehouse = app.open().await?;
    warehouse.migrate().await?;
    let pool = &warehouse.pool;
    let companies = [company.to_owned()];
    if args.take_back {
        let work = async { Ok(take_back(pool, company).await?) };
        recorded(
            app,
            pool,
            "forget-company --take-back",
            &companies,
            json!({}),
            work,
            |()| json!({}),
        )
        .await?;
        println!("the next sync loads company {company} again");
        return Ok(ExitCode::SUCCESS);
    }
    let (name, rows) = plan_offboarding(pool, company).await?;
    let Some(folder) = args.out.as_ref().filter(|_| !args.dry_run) else {
        if args.json {
            println!(
                "{}",
                json!({ "version": 1, "company_id": company, "name": name, "rows": rows })
            );
        } else {
            print!(
                "{}",
                text(
                    company,
                    name.as_deref(),
                    &rows,
                    "would be exported and deleted"
                )
            );
        }
        return Ok(ExitCode::SUCCESS);
    };
    eprint!(
        "{}",
        text(
            company,
            name.as_deref(),
            &rows,
            "will be exported and deleted"
        )
    );
    if !confirm("delete all of it? It cannot be undone", args.yes)? {
        eprintln!("nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    let by = actor();
    let work = async {
        Ok(Box::pin(offboard(
            pool,
            &app.clock,
            company,
            name.as_deref(),
            &by,
            folder,
        ))
        .await?)
    };
    let certificate = Box::pin(recorded(
        app,
        pool,
        "forget-company",
        &companies,
        json!({}),
        work,
        |done: &Value| json!({ "deleted": done["deleted"], "export": done["export"]["sha256"] }),
    ))
    .await?;
    if args.json {
        println!("{certificate}");
    } else {
        println!(
            "company {company} is offboarded: export and certificate.json are in {}",
            folder.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn text(company: &str, name: Option<&str>, rows: &BTreeMap<String, u64>, verb: &str) -> String {
    let mut out = format!("company {company} ({})\n", name.unwrap_or("without a name"));
    for (table, rows) in rows {
        out += &format!("  {table}: {} rows {verb}\n", grouped(*rows));
    }
    out
}

impl From<OffboardError> for Failure {
    fn from(error: OffboardError) -> Self {
        let remedy = error.remedy().to_owned();
        match error {
            OffboardError::Warehouse(error) => error.into(),
            other => Self {
                message: other.to_string(),
                remedy,
                code: REFUSED,
            },
        }
    }
}
