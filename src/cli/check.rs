//! `keepnet-etl check`: proves, line by line, what a sync will need.

use std::process::ExitCode;

use serde::Serialize;

use super::Failure;
use super::failure::REFUSED;
use super::grant_company::ACCESS_REMEDY;
use crate::api::{Claims, Client};
use crate::app::{App, OpenError, Warehouse};
use crate::daemon::cycle::Cycle;
use crate::privacy::Policy;
use crate::sync;
use crate::sync::account_checks::{self, DateDecision};
use crate::warehouse::access::{self, Access};
use crate::warehouse::error::{WarehouseError, WarehouseErrorKind};
use crate::warehouse::migrate::SchemaState;
use crate::warehouse::server::{self, Server};
use crate::warehouse::{accounts, migrate};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  keepnet-etl check
  keepnet-etl check --quick   settings and database only; never asks the vendor")]
pub struct CheckArgs {
    /// Settings and database only; never asks the vendor
    #[arg(long)]
    quick: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One line.
#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    state: State,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    #[serde(skip)]
    code: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

/// The lines, printed as they come.
struct Lines {
    lines: Vec<Line>,
    is_json: bool,
}

impl Lines {
    fn push(
        &mut self,
        name: &'static str,
        state: State,
        message: String,
        remedy: Option<String>,
        code: u8,
    ) {
        let line = Line {
            name,
            state,
            message,
            remedy,
            code,
        };
        if !self.is_json {
            let word = match state {
                State::Ok => "ok  ",
                State::Warn => "warn",
                State::Fail => "FAIL",
            };
            println!(
                "{word}  {:<12}  {}",
                line.name,
                line.message.replace('\n', "; ")
            );
            if let Some(remedy) = line.remedy.as_deref().filter(|remedy| !remedy.is_empty()) {
                println!("                    to do: {remedy}");
            }
        }
        self.lines.push(line);
    }

    fn ok(&mut self, name: &'static str, message: String) {
        self.push(name, State::Ok, message, None, 0);
    }

    fn warn(&mut self, name: &'static str, message: String, remedy: &str) {
        self.push(name, State::Warn, message, Some(remedy.to_owned()), 0);
    }

    fn fail(&mut self, name: &'static str, failure: Failure) {
        self.push(
            name,
            State::Fail,
            failure.message,
            Some(failure.remedy),
            failure.code,
        );
    }

    fn code(&self) -> u8 {
        self.lines.iter().map(|line| line.code).max().unwrap_or(0)
    }
}

/// Checks everything, and exits with the highest code among the lines.
pub async fn run(app: &App, args: &CheckArgs) -> Result<ExitCode, Failure> {
    let mut lines = Lines {
        lines: Vec::new(),
        is_json: args.json,
    };
    let set = app
        .settings
        .entries()
        .filter(|entry| entry.is_changed)
        .count();
    lines.ok(
        "settings",
        format!("{set} differ from the defaults; all are valid"),
    );
    let warehouse = open(&mut lines, app).await;
    if !args.quick {
        match app.client() {
            Ok(client) => vendor(&mut lines, app, &client, warehouse.as_ref()).await,
            Err(error) => lines.fail("credentials", error.into()),
        }
    }
    if args.json {
        let json =
            serde_json::json!({ "version": 1, "exit_code": lines.code(), "checks": lines.lines });
        println!("{json:#}");
    }
    Ok(ExitCode::from(lines.code()))
}

/// Opens the database, and says what it is like.
async fn open(lines: &mut Lines, app: &App) -> Option<Warehouse> {
    let warehouse = match app.open().await {
        Ok(warehouse) => warehouse,
        Err(OpenError::Warehouse(error)) if error.kind == WarehouseErrorKind::Pooled => {
            lines.fail("sessions", error.into());
            return None;
        }
        Err(error) => {
            lines.fail("database", error.into());
            return None;
        }
    };
    match server::read(&warehouse.pool).await {
        Ok(server) => {
            about_server(lines, app, &warehouse, &server);
            // It would not have been opened otherwise.
            lines.ok("sessions", "each connection is one".to_owned());
            migrations(lines, app, &warehouse).await;
        }
        Err(error) => lines.fail(
            "database",
            WarehouseError::from_sqlx("ask the database", error).into(),
        ),
    }
    Some(warehouse)
}

fn about_server(lines: &mut Lines, app: &App, warehouse: &Warehouse, server: &Server) {
    let tls = server.tls.as_deref().unwrap_or("not encrypted");
    let place = &warehouse.place;
    let answers = format!("{place} answers (PostgreSQL {}, {tls})", server.version);
    if server.version_number < server::OLDEST_VERSION {
        lines.fail(
            "database",
            Failure {
                message: format!("{answers}; it is too old"),
                remedy: "upgrade the server to PostgreSQL 14 or later".to_owned(),
                code: REFUSED,
            },
        );
    } else {
        lines.ok("database", answers);
    }
    match (server.is_superuser, server.worker == server.login) {
        (false, _) => lines.ok("login", server.login.clone()),
        (true, false) => lines.ok(
            "login",
            format!("{}, a superuser, works as {}", server.login, server.worker),
        ),
        (true, true) => lines.warn(
            "login",
            format!("{}, a superuser, owns the schemas", server.login),
            "let a plain role own keepnet and sync: nothing limits what a superuser's views show",
        ),
    }
    let wanted = app.settings.warehouse.max_connections;
    let room = format!("up to {wanted}; there is room for {}", server.room);
    if i64::from(wanted) > server.room {
        lines.warn(
            "connections",
            room,
            "lower warehouse.max_connections (at least 2), or raise the limit of the server, the database or the role",
        );
    } else {
        lines.ok("connections", room);
    }
}

async fn migrations(lines: &mut Lines, app: &App, warehouse: &Warehouse) {
    match migrate::state(&warehouse.pool).await {
        Ok(SchemaState {
            changed: Some(version),
            ..
        }) => lines.fail(
            "migrations",
            WarehouseError::new(
                "use the database",
                WarehouseErrorKind::OtherMigration(version),
            )
            .into(),
        ),
        Ok(state) if state.applied == state.known => {
            match state.unknown {
                0 => lines.ok("migrations", format!("all {} are applied", state.known)),
                unknown => lines.warn(
                    "migrations",
                    format!(
                        "all {} are applied, and {unknown} of a newer version",
                        state.known
                    ),
                    "nothing at once: this version works on; run the newer one everywhere",
                ),
            }
            access(lines, warehouse).await;
            privacy(lines, app, warehouse).await;
            cycle(lines, app, warehouse).await;
        }
        Ok(state) => {
            let missing = state.known - state.applied;
            let may_create = "select has_database_privilege(current_database(), 'create')";
            match sqlx::query_scalar::<_, bool>(may_create)
                .fetch_one(&warehouse.pool)
                .await
            {
                Ok(false) if state.applied == 0 => lines.fail(
                    "migrations",
                    WarehouseError::new(
                        "migrate the database",
                        WarehouseErrorKind::NoRights(
                            "the role may not create schemas in this database".to_owned(),
                        ),
                    )
                    .into(),
                ),
                _ => lines.warn(
                    "migrations",
                    format!("{missing} of {} are not applied yet", state.known),
                    "nothing: sync applies them; or run keepnet-etl migrate",
                ),
            }
        }
        Err(error) => {
            lines.fail(
                "migrations",
                WarehouseError::from_sqlx("read the migrations", error).into(),
            );
        }
    }
}

/// Whether whoever reads the warehouse sees only what they may.
async fn access(lines: &mut Lines, warehouse: &Warehouse) {
    match access::look(&warehouse.pool).await {
        Ok(Access::NotSetUp) => lines.ok(
            "access",
            "no roles for others than the owner; keepnet-etl migrate --roles makes them".to_owned(),
        ),
        Ok(Access::SetUp(gaps)) => match gaps.first() {
            None => lines.ok(
                "access",
                "every relation is bound to its readers".to_owned(),
            ),
            Some(first) => lines.push(
                "access",
                State::Fail,
                format!(
                    "{} ways past the rules, such as: {} {}",
                    gaps.len(),
                    first.object,
                    first.problem
                ),
                Some(ACCESS_REMEDY.to_owned()),
                REFUSED,
            ),
        },
        Err(error) => lines.fail("access", error.into()),
    }
}

/// Whether what is stored was stored by the settings of section `privacy`, and with this key.
async fn privacy(lines: &mut Lines, app: &App, warehouse: &Warehouse) {
    let checked = match Policy::read(&app.settings.privacy) {
        Ok(policy) => sync::privacy::check(&warehouse.pool, &policy).await,
        Err(error) => Err(error.into()),
    };
    match checked {
        Ok(true) => lines.ok(
            "privacy",
            "what is stored was stored by these settings".to_owned(),
        ),
        Ok(false) => lines.ok("privacy", "nothing is stored yet".to_owned()),
        Err(error) => lines.fail("privacy", error.into()),
    }
}

/// How long a sync takes, once something is known of the account.
async fn cycle(lines: &mut Lines, app: &App, warehouse: &Warehouse) {
    let predicted = Cycle::predict(&warehouse.pool, &app.settings, app.clock.now()).await;
    match predicted {
        Ok(None) => {}
        Ok(Some(cycle)) => match &cycle.warning {
            None => lines.ok("cycle", cycle.estimate()),
            Some(warning) => lines.warn(
                "cycle",
                format!("{}: {warning}", cycle.estimate()),
                "keepnet-etl sync --dry-run shows what for",
            ),
        },
        Err(error) => lines.fail("cycle", error.into()),
    }
}

async fn vendor(lines: &mut Lines, app: &App, client: &Client, warehouse: Option<&Warehouse>) {
    let claims = match client.claims().await {
        Ok(claims) => claims,
        Err(error) => {
            lines.fail("token", error.into());
            return;
        }
    };
    let of = claims
        .company_name
        .as_deref()
        .map(|name| format!(" for {name}"))
        .unwrap_or_default();
    lines.ok(
        "token",
        format!(
            "{} gave one{of}",
            client.base_url().host_str().unwrap_or("the service")
        ),
    );
    role(lines, &claims);
    let companies = match account_checks::count_companies(client).await {
        Ok(count) => count,
        Err(error) => {
            lines.fail("companies", error.into());
            return;
        }
    };
    lines.ok("companies", format!("the account manages {companies}"));
    let recorded = match warehouse {
        Some(warehouse) => accounts::read(&warehouse.pool).await.ok().flatten(),
        None => None,
    };
    match account_checks::account_id(client, &claims).await {
        Ok(id) => match &recorded {
            Some(account) if account.account_id != id => lines.fail(
                "account",
                WarehouseError::new(
                    "use the database",
                    WarehouseErrorKind::OtherAccount {
                        owner: account.account_id.clone(),
                        account: id,
                    },
                )
                .into(),
            ),
            _ => lines.ok("account", id),
        },
        Err(error) => lines.fail("account", error.into()),
    }
    match account_checks::date_decision(client, &app.settings.api, &claims, recorded.as_ref()).await {
        Ok(DateDecision::Decided { format, evidence }) => {
            lines.ok("date format", format!("{format}, by {evidence}; time zone {}", app.settings.api.time_zone));
        }
        Ok(DateDecision::Undecided) => lines.warn(
            "date format",
            "nothing tells the order of day and month yet".to_owned(),
            "if you know it, set api.date_format to dmy or mdy; a sync that needs it stops and asks",
        ),
        Err(error) => lines.fail("date format", error.into()),
    }
    let api = &app.settings.api;
    let rate = match api.max_requests_per_second {
        0.0 => "no limit per second".to_owned(),
        rate => format!("at most {rate} requests per second"),
    };
    lines.ok(
        "rate limit",
        format!(
            "{rate}, {} at once; the service did not object",
            api.max_concurrency
        ),
    );
}

fn role(lines: &mut Lines, claims: &Claims) {
    let roles = if claims.roles.is_empty() {
        "not stated".to_owned()
    } else {
        claims.roles.join(", ")
    };
    match claims.is_reseller {
        Some(false) => lines.fail(
            "role",
            Failure {
                message: format!("could not use the account as a reseller: its role is {roles}"),
                remedy: "use an API client that was created in the reseller's own company, with the role Reseller"
                    .to_owned(),
                code: REFUSED,
            },
        ),
        _ => lines.ok("role", roles),
    }
}
