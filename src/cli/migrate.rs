//! `keepnet-etl migrate`: brings the database to the present schema.

use std::process::ExitCode;

use super::{Failure, privacy};
use crate::app::App;
use crate::warehouse::access;
use crate::warehouse::error::{WarehouseError, WarehouseErrorKind};

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl migrate
  DATABASE_URL=postgres://user:password@host/database keepnet-etl migrate
  keepnet-etl migrate --roles               make roles for the daemon, BI tools and customers
  keepnet-etl migrate --roles --print-sql   print that for an administrator, and do nothing
  keepnet-etl migrate --privacy --dry-run   what a change of privacy.* does to what is stored")]
pub struct MigrateArgs {
    /// Make the database's roles (owner, writer, reader and more), and bind rows to those who may read them
    #[arg(long)]
    roles: bool,
    /// What to put before the names of the roles
    #[arg(long, value_name = "PREFIX", default_value = "", requires = "roles")]
    prefix: String,
    /// Print the statements that make the roles, for an administrator, and do nothing
    #[arg(long, requires = "roles", conflicts_with = "json")]
    print_sql: bool,
    /// Rewrite what is stored by the privacy settings as they are now
    #[arg(long, conflicts_with = "roles")]
    privacy: bool,
    /// Only say what that would change
    #[arg(long, requires = "privacy")]
    dry_run: bool,
    /// Do not ask
    #[arg(long, requires = "privacy")]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Migrates and says how far the schema is.
pub async fn run(app: &App, args: &MigrateArgs) -> Result<ExitCode, Failure> {
    if args.print_sql {
        print_roles(&args.prefix);
        return Ok(ExitCode::SUCCESS);
    }
    if args.privacy {
        let asked = privacy::Asked {
            is_dry: args.dry_run,
            yes: args.yes,
            json: args.json,
        };
        return Box::pin(privacy::run(app, asked)).await;
    }
    let mut warehouse = app.open().await?;
    if args.roles {
        let made = access::create_roles(&warehouse.pool, &args.prefix).await;
        made.map_err(not_allowed)?;
        // In a new database, from here on as the owner that was made.
        warehouse.pool.close().await;
        warehouse = app.open().await?;
    }
    let state = warehouse.migrate().await?;
    if args.roles {
        access::adopt_roles(&warehouse.pool, &args.prefix).await?;
    }
    if args.json {
        let json = serde_json::json!({
            "version": 1, "applied": state.applied, "known": state.known, "unknown": state.unknown
        });
        println!("{json}");
    } else {
        println!("{} has all {} migrations", warehouse.place, state.known);
        if state.unknown > 0 {
            println!(
                "and {} of a newer version, which are left alone",
                state.unknown
            );
        }
        if args.roles {
            let prefix = &args.prefix;
            println!(
                "its roles are {prefix}keepnet_etl_writer (the daemon), {prefix}bi_reader (BI tools), {prefix}bi_customer (see grant-company), {prefix}ref_editor and {prefix}bi_owner"
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_roles(prefix: &str) {
    let quoted = |name: &str| format!("\"{}\"", format!("{prefix}{name}").replace('"', "\"\""));
    println!(
        "-- Run this in the warehouse's database as an administrator who may make roles. It may be run again.
{}
-- Then make the logins members, each with a password of its own, such as:
--   grant {} to … ;  -- who runs migrate and grant-company, in a new database
--   grant {} to … ;  -- the daemon
--   grant {} to … ;  -- a BI tool that reads all companies
-- and run, with the first of these logins: keepnet-etl migrate --roles{}",
        access::roles_sql(prefix),
        quoted("keepnet_etl_owner"),
        quoted("keepnet_etl_writer"),
        quoted("bi_reader"),
        if prefix.is_empty() {
            String::new()
        } else {
            format!(" --prefix {prefix}")
        }
    );
}

fn not_allowed(error: WarehouseError) -> Failure {
    let is_refused = matches!(error.kind, WarehouseErrorKind::NoRights(_));
    let mut failure = Failure::from(error);
    if is_refused {
        failure.remedy = "let an administrator run what keepnet-etl migrate --roles --print-sql prints, and run this again".to_owned();
    }
    failure
}
