//! `keepnet-etl grant-company`: gives a database login the rows of some companies, or takes them back.

use std::process::ExitCode;

use serde_json::json;

use super::Failure;
use super::failure::REFUSED;
use super::recorded::recorded;
use super::table::table;
use crate::app::App;
use crate::warehouse::access::grants::{self, CompanyGrant, RoleState};
use crate::warehouse::access::{self, Access, Gap};
use crate::warehouse::error::WarehouseError;
use sqlx::PgPool;

/// Arguments of `grant-company`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The login reads the views of schema bi, which show it these companies, and nothing else.

Examples:
  keepnet-etl grant-company acme_bi WMKcXeE9shFc             one company
  keepnet-etl grant-company acme_bi WMKcXeE9shFc --dry-run   what it would see
  keepnet-etl grant-company acme_bi --revoke                 take everything back
  keepnet-etl grant-company --list                           who sees what"
)]
pub struct GrantCompanyArgs {
    /// An existing role of the database
    #[arg(value_name = "ROLE", required_unless_present = "list")]
    role: Option<String>,
    /// Ids of companies
    #[arg(value_name = "COMPANY", value_delimiter = ',', required_unless_present_any = ["list", "revoke"])]
    companies: Vec<String>,
    /// Take the rows of these companies back; of all, when none is named
    #[arg(long)]
    revoke: bool,
    /// Show what was granted, to ROLE or to all
    #[arg(long, conflicts_with_all = ["revoke", "dry_run", "companies"])]
    list: bool,
    /// Check everything and say what the login would see, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Grants, takes back, or lists.
pub async fn run(app: &App, args: &GrantCompanyArgs) -> Result<ExitCode, Failure> {
    let warehouse = app.open().await?;
    warehouse.migrate().await?;
    let pool = &warehouse.pool;
    let Some(role) = args.role.as_deref().filter(|_| !args.list) else {
        let granted = read(pool, args.role.as_deref()).await?;
        show(&granted, args.json, "nothing is granted to a single login");
        return Ok(ExitCode::SUCCESS);
    };
    let mut companies = args.companies.clone();
    companies.sort();
    companies.dedup();
    let state = state(pool, role).await?;
    if args.revoke {
        revoke(app, pool, role, &state, &companies, args).await
    } else {
        grant(app, pool, role, &state, &companies, args).await
    }
}

async fn grant(
    app: &App,
    pool: &PgPool,
    role: &str,
    state: &RoleState,
    companies: &[String],
    args: &GrantCompanyArgs,
) -> Result<ExitCode, Failure> {
    let refused = |why: String, remedy: String| Failure {
        message: format!("could not grant companies to {role}: {why}"),
        remedy,
        code: REFUSED,
    };
    if !state.exists {
        return Err(refused(
            "the database has no such role".to_owned(),
            format!("create it first, such as: create role \"{role}\" login password '…'"),
        ));
    }
    if let Some(excess) = &state.excess {
        return Err(refused(
            format!("{excess}, so that it would see more than that"),
            "use a login of its own, without other rights".to_owned(),
        ));
    }
    if let Access::SetUp(gaps) = access::look(pool).await?
        && !gaps.is_empty()
    {
        return Err(open(&gaps, &format!("grant companies to {role}")));
    }
    let known = (grants::names(pool, companies).await).map_err(database("read the companies"))?;
    let unknown: Vec<&str> = (companies.iter().map(String::as_str))
        .filter(|id| known.iter().all(|(known, _)| known != id))
        .collect();
    if !unknown.is_empty() {
        return Err(refused(
            format!("the warehouse has no company {}", unknown.join(", ")),
            "see bi.dim_company for ids; they differ by case, too".to_owned(),
        ));
    }
    if args.dry_run {
        let seen = read(pool, Some(role)).await?;
        let named: Vec<String> = (known.iter())
            .filter(|(id, _)| seen.iter().all(|one| one.company_id != *id))
            .map(|(id, name)| format!("{id} ({})", name.as_deref().unwrap_or("no name")))
            .collect();
        println!(
            "{role} has the rows of {} companies, and would get those of {} more: {}; nothing was changed",
            seen.len(),
            named.len(),
            named.join(", ")
        );
        return Ok(ExitCode::SUCCESS);
    }
    let work = async {
        let refused = |error| membership(error, "grant", role, &state.customer_role);
        (grants::grant(pool, role, &state.customer_role, companies, app.clock.now()).await)
            .map_err(refused)?;
        // A right that the role had before may only now matter.
        if let Access::SetUp(gaps) = access::look(pool).await?
            && !gaps.is_empty()
        {
            (grants::revoke(pool, role, &state.customer_role, companies).await).map_err(refused)?;
            return Err(open(&gaps, &format!("grant companies to {role}")));
        }
        Ok(())
    };
    let detail = json!({ "role": role, "companies": companies });
    recorded(app, pool, "grant-company", companies, detail, work, |()| {
        json!({})
    })
    .await?;
    show(&read(pool, Some(role)).await?, args.json, "");
    if !args.json {
        println!("{role} reads these companies in schema bi, and nothing else of the warehouse");
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(
    app: &App,
    pool: &PgPool,
    role: &str,
    state: &RoleState,
    companies: &[String],
    args: &GrantCompanyArgs,
) -> Result<ExitCode, Failure> {
    let seen = read(pool, Some(role)).await?;
    let is_meant =
        |one: &&CompanyGrant| companies.is_empty() || companies.contains(&one.company_id);
    let count = seen.iter().filter(is_meant).count();
    if count == 0 {
        return Err(Failure {
            message: format!("could not take companies back from {role}: it has none of them"),
            remedy: "see keepnet-etl grant-company --list".to_owned(),
            code: REFUSED,
        });
    }
    if args.dry_run {
        println!(
            "would take the rows of {count} of {} companies back from {role}; nothing was changed",
            seen.len()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let work = async {
        (grants::revoke(pool, role, &state.customer_role, companies).await)
            .map_err(|error| membership(error, "revoke", role, &state.customer_role))
    };
    let detail = json!({ "role": role, "companies": companies });
    let result = |gone: &Vec<String>| json!({ "revoked": gone });
    recorded(
        app,
        pool,
        "grant-company --revoke",
        companies,
        detail,
        work,
        result,
    )
    .await?;
    show(
        &read(pool, Some(role)).await?,
        args.json,
        "it reads nothing any more",
    );
    Ok(ExitCode::SUCCESS)
}

/// What the role is; refuses where there are no rules yet.
async fn state(pool: &PgPool, role: &str) -> Result<RoleState, Failure> {
    if access::look(pool).await? == Access::NotSetUp {
        return Err(Failure {
            message: "could not bind rows to companies: the warehouse has no roles of its own, and its views show everything".to_owned(),
            remedy: "run: keepnet-etl migrate --roles".to_owned(),
            code: REFUSED,
        });
    }
    let state = grants::role_state(pool, role).await;
    Ok(state.map_err(database("look at the role"))?)
}

async fn read(pool: &PgPool, role: Option<&str>) -> Result<Vec<CompanyGrant>, Failure> {
    Ok((grants::list(pool, role).await).map_err(database("read what was granted"))?)
}

fn database(doing: &'static str) -> impl Fn(sqlx::Error) -> WarehouseError {
    move |error| WarehouseError::from_sqlx(doing, error)
}

/// The failure that lists what would let a login see more.
fn open(gaps: &[Gap], doing: &str) -> Failure {
    let listed: Vec<String> = (gaps.iter().take(5))
        .map(|gap| format!("{} {}", gap.object, gap.problem))
        .collect();
    let more = match gaps.len().saturating_sub(5) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Failure {
        message: format!("could not {doing}: {}{more}", listed.join("; ")),
        remedy: ACCESS_REMEDY.to_owned(),
        code: REFUSED,
    }
}

/// What to do about gaps.
pub const ACCESS_REMEDY: &str = "drop what does not belong there or move it to a schema of your own, take such rights back, and run: keepnet-etl migrate --roles";

fn membership(error: sqlx::Error, verb: &str, role: &str, customer_role: &str) -> Failure {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    let is_refused = code.as_deref() == Some("42501");
    let mut failure = Failure::from(WarehouseError::from_sqlx("change what a role reads", error));
    if is_refused {
        let between = if verb == "grant" { "to" } else { "from" };
        failure.remedy = format!(
            "use the login that owns the warehouse; or, as an administrator, run: {verb} \"{customer_role}\" {between} \"{role}\", and this again"
        );
    }
    failure
}

fn show(granted: &[CompanyGrant], is_json: bool, nothing: &str) {
    if is_json {
        println!("{:#}", json!({ "version": 1, "grants": granted }));
    } else if granted.is_empty() {
        println!("{nothing}");
    } else {
        let mut listed = table(["role", "company", "name", "since", "in force"], 5);
        for one in granted {
            listed.add_row([
                one.role_name.clone(),
                one.company_id.clone(),
                one.company_name.clone().unwrap_or_default(),
                one.granted_at.format("%F %H:%M UTC").to_string(),
                if one.is_in_force { "yes" } else { "no" }.to_owned(),
            ]);
        }
        println!("{listed}");
    }
}
