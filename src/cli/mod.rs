//! The commands: arguments, call, output. One file per command.

mod actor;
pub mod backfill;
mod bars;
pub mod check;
pub mod config;
mod confirm;
pub mod cursor;
pub mod demo;
pub mod discrepancy;
pub mod docs;
pub mod enroll;
pub mod export_enrollments;
mod failure;
pub mod forget;
pub mod forget_company;
pub mod grant_company;
pub mod migrate;
mod plan;
pub mod portfolio;
mod privacy;
pub mod quarantine;
mod recorded;
pub mod repair_dates;
pub mod run;
pub mod simulate;
pub mod status;
pub mod stop_database;
pub mod sync;
mod table;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::app::App;
use crate::settings::{LogFormat, Settings, Sources};
use crate::telemetry;
pub use failure::Failure;
pub(crate) use table::grouped;

/// Keeps a PostgreSQL warehouse equal to the Keepnet Labs reseller API
#[derive(Debug, Parser)]
#[command(
    name = "keepnet-etl",
    version,
    max_term_width = 100,
    after_help = "Examples:
  keepnet-etl demo                        see it work, without an account
  export KEEPNET_ETL__API__CLIENT_ID=…  KEEPNET_ETL__API__CLIENT_SECRET=…
  export DATABASE_URL=postgres://user:password@host/database
  keepnet-etl check                       prove settings, access and database
  keepnet-etl sync                        fill the warehouse
  keepnet-etl run                         keep it filled

Exit codes: 0 all well; 1 something could not be read completely, or the run was stopped;
2 wrong use, settings, refused credentials or refused database; 3 API or database out of reach."
)]
pub struct Cli {
    /// TOML file with settings; environment variables stand above it
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prove settings, token, role, company access, date format, database and migrations
    Check(check::CheckArgs),
    /// Bring the database to the present schema
    Migrate(migrate::MigrateArgs),
    /// Pull what is due from the API into the warehouse, once
    Sync(sync::SyncArgs),
    /// Read the history once: everything of some enrollments, months of widgets
    Backfill(backfill::BackfillArgs),
    /// Synchronize on schedule until a signal: the daemon
    Run(run::RunArgs),
    /// Show freshness, the last runs, what failed and what to do
    Status(status::StatusArgs),
    /// Look at what is remembered of each scope, or forget it
    Cursor(cursor::CursorArgs),
    /// Look at received items that could not be understood
    Quarantine(quarantine::QuarantineArgs),
    /// Look at counts that do not agree, and accept them
    Discrepancy(discrepancy::DiscrepancyArgs),
    /// Give a database login the rows of some companies, or take them back
    GrantCompany(grant_company::GrantCompanyArgs),
    /// Read the stored dates again after a wrong date format or time zone
    RepairDates(repair_dates::RepairDatesArgs),
    /// Erase one person, or show everything that is stored of them
    Forget(Box<forget::ForgetArgs>),
    /// Offboard a customer: export, delete, certify
    ForgetCompany(forget_company::ForgetCompanyArgs),
    /// Show the settings in force
    Config(config::ConfigArgs),
    /// Save the API's own export of a company's enrollment list
    ExportEnrollments(export_enrollments::ExportEnrollmentsArgs),
    /// Start a training enrollment for a company: the only commands that change anything at the vendor
    Enroll(enroll::EnrollArgs),
    /// Simulate an API, fill a private warehouse from it, and say what to look at
    #[command(after_help = "Examples:
  keepnet-etl demo                   needs no account and no settings; works in ./var/demo
  keepnet-etl stop-database --demo   when you have seen enough")]
    Demo,
    /// Serve only the simulated API, to try anything against
    Simulate(Box<simulate::SimulateArgs>),
    /// Stop the private PostgreSQL
    StopDatabase(stop_database::StopDatabaseArgs),
    /// Write the documents that come from code and catalog
    Docs(docs::DocsArgs),
    /// Print the completion script of a shell
    #[command(after_help = "Examples:
  keepnet-etl completions bash > /etc/bash_completion.d/keepnet-etl
  keepnet-etl completions zsh  > ~/.zfunc/_keepnet-etl")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Carries out the command line of this process.
pub async fn run(cli: Cli) -> ExitCode {
    match execute(cli).await {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

async fn execute(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        // These need no settings, so that nothing that is set can hinder them.
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "keepnet-etl", &mut io::stdout());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Simulate(args) => return Ok(simulate::run(*args).await?),
        Command::Demo => return Box::pin(demo::run()).await,
        Command::StopDatabase(args) if args.demo => return stop_database::run_demo(&args).await,
        _ => {}
    }
    let settings = Settings::load(Sources::from_process(cli.config))?;
    let telemetry = telemetry::start(&settings.log, &settings.telemetry);
    let app = App::new(settings);
    let done = match cli.command {
        Command::Check(args) => Box::pin(check::run(&app, &args)).await,
        Command::Migrate(args) => migrate::run(&app, &args).await,
        Command::Sync(args) => Box::pin(sync::run(&app, &args)).await,
        Command::Backfill(args) => Box::pin(backfill::run(&app, &args)).await,
        Command::Run(args) => Box::pin(run::run(&app, &args)).await,
        Command::Cursor(args) => cursor::run(&app, &args).await,
        Command::Status(args) => status::run(&app, &args).await,
        Command::Quarantine(args) => quarantine::run(&app, &args).await,
        Command::Discrepancy(args) => discrepancy::run(&app, &args).await,
        Command::GrantCompany(args) => grant_company::run(&app, &args).await,
        Command::RepairDates(args) => repair_dates::run(&app, &args).await,
        Command::Forget(args) => Box::pin(forget::run(&app, &args)).await,
        Command::ForgetCompany(args) => Box::pin(forget_company::run(&app, &args)).await,
        Command::Config(args) => {
            args.execute(&app.settings, &mut io::stdout().lock())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::ExportEnrollments(args) => Box::pin(export_enrollments::run(&app, &args)).await,
        Command::Enroll(args) => Box::pin(enroll::run(&app, &args)).await,
        Command::StopDatabase(args) => stop_database::run(&app, &args).await,
        Command::Docs(args) => docs::run(&app, &args).await,
        Command::Demo | Command::Simulate(_) | Command::Completions { .. } => Ok(ExitCode::SUCCESS),
    };
    let done = match (done, app.settings.log.format) {
        // Who reads a log of JSON lines reads no other ones.
        (Err(failure), LogFormat::Json) if tracing::enabled!(tracing::Level::ERROR) => {
            Ok(failure.log())
        }
        (done, _) => done,
    };
    telemetry.end().await;
    done
}
