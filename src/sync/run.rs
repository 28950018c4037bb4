//! The run: begins, lists the companies, pulls them side by side, and says what came of it.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use futures::{StreamExt, TryStreamExt};
use sqlx::PgPool;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::company::{CompanyPull, Passed};
use super::report::{CompanyReport, Progress, RunReport};
use super::{account, loader};
use crate::api::{ApiError, ApiErrorKind, Client};
use crate::clock::SharedClock;
use crate::extract::companies::{self, CompanyRef};
use crate::extract::users::TrainingTypes;
use crate::extract::widgets::PeriodDialects;
use crate::extract::{Delivery, PullError, Scope, Shared};
use crate::resource::Resource;
use crate::settings::Settings;
use crate::verdict::Verdict;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::quarantine::UnknownField;
use crate::warehouse::runs::{self, RunScope, RunTotals};

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub struct SyncRequest {
    /// Only these companies; empty: all.
    pub companies: Vec<String>,
    /// Only these resources and what they depend on; empty: all.
    pub resources: Vec<Resource>,
}

/// Why a run could not do its work at all.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The service failed or refused before a company was pulled.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The database failed or refused.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// The companies could not be pulled.
    #[error(transparent)]
    Companies(#[from] PullError),
    /// The credential belongs to a single company.
    #[error("could not list companies: the credentials are not those of a reseller")]
    NotAReseller,
    /// Both orders of day and month are proven.
    #[error(
        "could not decide the account's date format: {0} dates prove day first, {1} prove month first"
    )]
    DatesDisagree(u64, u64),
    /// Companies that were asked for do not exist.
    #[error("could not select companies: the account does not manage {0}")]
    UnknownCompanies(String),
}

impl SyncError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Api(error) if matches!(error.kind, ApiErrorKind::Forbidden(_)) => NOT_A_RESELLER,
            Self::Companies(PullError::Api(error))
                if matches!(error.kind, ApiErrorKind::Forbidden(_)) =>
            {
                NOT_A_RESELLER
            }
            Self::Api(error) => error.remedy(),
            Self::Warehouse(error) => error.remedy(),
            Self::Companies(error) => error.remedy(),
            Self::NotAReseller => NOT_A_RESELLER,
            Self::DatesDisagree(..) => {
                "set api.date_format (KEEPNET_ETL__API__DATE_FORMAT) to dmy or mdy"
            }
            Self::UnknownCompanies(_) => {
                "check --company and sync.companies.include; ids are case-sensitive (see keepnet.companies)"
            }
        }
    }

    /// The exit code that stands for it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Api(error) | Self::Companies(PullError::Api(error)) => api_exit_code(&error.kind),
            Self::Warehouse(error) if error.is_unreachable() => 3,
            Self::Companies(PullError::Stopped) => 1,
            _ => 2,
        }
    }
}

const NOT_A_RESELLER: &str =
    "use an API client that was created in the reseller's own company, with the role Reseller";

/// The exit code for a failure at the start.
#[must_use]
pub fn api_exit_code(kind: &ApiErrorKind) -> u8 {
    use ApiErrorKind::{
        AccessWithdrawn, AddressRefused, CredentialsRefused, DailyLimit, Forbidden, Setup,
        Unauthorized,
    };
    match kind {
        CredentialsRefused(_)
        | Setup(_)
        | Unauthorized
        | AccessWithdrawn
        | AddressRefused
        | Forbidden(_) => 2,
        DailyLimit { .. } => 1,
        _ => 3,
    }
}

/// The resources of a run.
#[derive(Debug, Clone)]
pub struct Selection(HashSet<Resource>);

impl Selection {
    fn new(asked: &[Resource]) -> Self {
        let asked = if asked.is_empty() {
            &Resource::ALL
        } else {
            asked
        };
        let needed = asked.iter().flat_map(|resource| resource.needs());
        Self(asked.iter().chain(needed).copied().collect())
    }

    /// True when `resource` is to be pulled.
    #[must_use]
    pub fn includes(&self, resource: Resource) -> bool {
        self.0.contains(&resource)
    }

    /// True when nothing is pulled but the companies themselves.
    #[must_use]
    pub fn is_only_companies(&self) -> bool {
        self.0.len() == 1
    }

    /// True when nothing is left out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        Resource::ALL
            .iter()
            .all(|resource| self.includes(*resource))
    }
}

/// What all parts of a run share.
pub struct RunContext<'r> {
    /// Key in `sync.runs`.
    pub run_id: i64,
    /// The API.
    pub client: Client,
    /// The database.
    pub pool: &'r PgPool,
    /// The time.
    pub clock: SharedClock,
    /// Set when the run is to end.
    pub stop: &'r AtomicBool,
    /// Who watches.
    pub progress: &'r dyn Progress,
    /// What is pulled.
    pub selection: Selection,
    /// What is configured.
    pub settings: &'r Settings,
    /// Scopes of one company worked on at once.
    pub concurrency: usize,
    /// How training types are named.
    pub training_types: TrainingTypes,
    /// How periods are named.
    pub period_dialects: PeriodDialects,
    /// Members without a column that were reported.
    pub unknown_fields: Mutex<HashSet<UnknownField>>,
    /// Companies that were forbidden before.
    pub forbidden_before: HashSet<String>,
}

/// Pulls what `request` asks for. Ends early, in good order, when `stop` is set or the requests of the day are used up.
pub async fn run(
    settings: &Settings,
    pool: &PgPool,
    client: &Client,
    clock: &SharedClock,
    request: &SyncRequest,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<RunReport, SyncError> {
    account::limit_known(client, &settings.api, pool).await?;
    let done = run_limited(settings, pool, client, clock, request, progress, stop).await;
    if let Err(reason) = client.give_back().await {
        warn!(%reason, "could not give back requests of the day");
    }
    done
}

async fn run_limited(
    settings: &Settings,
    pool: &PgPool,
    client: &Client,
    clock: &SharedClock,
    request: &SyncRequest,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<RunReport, SyncError> {
    let begun = Instant::now();
    let requests_before = client.all_requests();
    let database = |error| WarehouseError::from_sqlx("record the run", error);
    let account = account::open(client, &settings.api, pool, clock).await?;
    let row = runs::begin(pool, "sync", clock.now())
        .await
        .map_err(database)?;
    info!(run.id = row.id, account.id = account.id, "run begins");

    let context = RunContext {
        run_id: row.id,
        client: client.clone().with_dates(account.dates),
        pool,
        clock: clock.clone(),
        stop,
        progress,
        selection: Selection::new(&request.resources),
        settings,
        concurrency: settings.api.max_concurrency as usize,
        training_types: TrainingTypes::default(),
        period_dialects: PeriodDialects::new(account.period_dialect),
        unknown_fields: Mutex::default(),
        forbidden_before: runs::read_forbidden_companies(pool)
            .await
            .map_err(database)?
            .into_iter()
            .collect(),
    };
    // One connection is kept by the run itself.
    let connections = settings.warehouse.max_connections.saturating_sub(1).max(1) as usize;
    let side_by_side = context.concurrency.min(connections);

    let pulled = pull(&context, settings, request, &account.id, side_by_side).await;
    account::remember(pool, &account, context.period_dialects.learned()).await;
    let requests = client.all_requests() - requests_before;
    match pulled {
        Ok((listing, companies)) => {
            let mut report = RunReport {
                run_id: row.id,
                outcome: "ok",
                totals: RunTotals {
                    requests,
                    ..RunTotals::default()
                },
                duration: begun.elapsed(),
                listing,
                companies,
            };
            let mut rows = RunTotals::default().rows;
            report.scopes().for_each(|scope| rows.add(scope.rows));
            report.totals.rows = rows;
            let refusal = client.refusal();
            report.outcome = outcome(&report, stop, refusal.is_some());
            let error = refusal.map(|kind| format!("stopped: {kind}; {}", kind.policy().1));
            row.finish(report.outcome, report.totals, error.as_deref(), clock.now())
                .await
                .map_err(database)?;
            info!(
                run.id = report.run_id,
                outcome = report.outcome,
                requests,
                rows.inserted = rows.inserted,
                rows.updated = rows.updated,
                "run ends"
            );
            Ok(report)
        }
        Err(failed) => {
            error!(run.id = row.id, error = %failed, remedy = failed.remedy(), "run failed");
            let totals = RunTotals {
                requests,
                ..RunTotals::default()
            };
            let outcome = match failed {
                SyncError::Companies(PullError::Stopped) => "stopped",
                _ if client.refusal().is_some() => "stopped",
                _ => "failed",
            };
            // The database may be what failed: then the next run closes this one's row.
            let _ = row
                .finish(outcome, totals, Some(&failed.to_string()), clock.now())
                .await;
            Err(failed)
        }
    }
}

fn outcome(report: &RunReport, stop: &AtomicBool, was_refused: bool) -> &'static str {
    if was_refused || stop.load(Ordering::Relaxed) {
        "stopped"
    } else if report.listing.verdict == Verdict::Complete
        && report.companies.iter().all(CompanyReport::is_well)
    {
        "ok"
    } else {
        "partial"
    }
}

async fn pull(
    run: &RunContext<'_>,
    settings: &Settings,
    request: &SyncRequest,
    account_id: &str,
    side_by_side: usize,
) -> Result<(RunScope, Vec<CompanyReport>), SyncError> {
    let (listing, companies) = pull_companies(run, account_id).await?;
    let companies = select(companies, settings, request)?;
    run.progress.listed(companies.len());
    if run.selection.is_only_companies() {
        return Ok((listing, Vec::new()));
    }
    // What is asked user by user comes after everything else of all companies: it is most of the requests.
    let passed: Vec<(usize, Passed<'_>)> = futures::stream::iter(companies.iter().enumerate())
        .take_while(|_| {
            let is_ending = run.stop.load(Ordering::Relaxed) || run.client.refusal().is_some();
            std::future::ready(!is_ending)
        })
        .map(|(index, company)| async move {
            CompanyPull::begin(run, company)
                .await
                .map(|pull| (index, pull))
        })
        .buffer_unordered(side_by_side)
        .try_collect()
        .await?;
    let (mut reports, mut have_users) = (Vec::new(), Vec::new());
    for (index, passed) in passed {
        match passed {
            Passed::Done(report) => reports.push((index, report)),
            Passed::HasUsers(pull) => have_users.push((index, pull)),
        }
    }
    if !have_users.is_empty() {
        run.progress.asking_users(have_users.len());
    }
    let asked: Vec<(usize, CompanyReport)> = futures::stream::iter(have_users)
        .map(|(index, pull)| async move { pull.ask_users().await.map(|report| (index, report)) })
        .buffer_unordered(side_by_side)
        .try_collect()
        .await?;
    reports.extend(asked);
    reports.sort_unstable_by_key(|(index, _)| *index);
    Ok((
        listing,
        reports.into_iter().map(|(_, report)| report).collect(),
    ))
}

/// Pulls the companies themselves; they belong to the account.
async fn pull_companies(
    run: &RunContext<'_>,
    account_id: &str,
) -> Result<(RunScope, Vec<CompanyRef>), SyncError> {
    let begun = Instant::now();
    let (sink, deliveries) = mpsc::channel::<Delivery>(loader::QUEUE);
    let shared = Shared {
        sink,
        clock: run.clock.clone(),
        stop: run.stop,
        unknown_fields: &run.unknown_fields,
        date_contradictions: &AtomicU32::new(0),
    };
    let client = run.client.counted();
    let fetch = async {
        let pulled = companies::pull(
            &Scope::begin(&shared, Resource::Companies, ""),
            &client,
            account_id,
        )
        .await;
        drop(shared);
        pulled
    };
    let load = loader::load(run.pool, &run.clock, account_id, run.progress, deliveries);
    let (fetched, loaded) = tokio::join!(fetch, load);
    let effects = loaded?;
    let (pulled, companies) = fetched?;
    let scope = RunScope {
        company_id: account_id.to_owned(),
        resource: Resource::Companies,
        verdict: pulled.verdict,
        pages: u64::from(pulled.pages),
        requests: client.requests(),
        rows: effects
            .get(&Resource::Companies)
            .copied()
            .unwrap_or_default(),
        duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        error: (pulled.verdict != Verdict::Complete)
            .then(|| format!("the listing of companies is {}", pulled.verdict)),
        remedy: (pulled.verdict != Verdict::Complete).then(|| {
            "it is read again by the next run; sync.discrepancies has the counts".to_owned()
        }),
    };
    let database = |error| WarehouseError::from_sqlx("record the run", error);
    let mut db = run.pool.acquire().await.map_err(database)?;
    runs::record_scope(&mut db, run.run_id, &scope)
        .await
        .map_err(database)?;
    Ok((scope, companies))
}

fn select(
    companies: Vec<CompanyRef>,
    settings: &Settings,
    request: &SyncRequest,
) -> Result<Vec<CompanyRef>, SyncError> {
    let known: HashSet<&str> = companies
        .iter()
        .map(|company| company.id.as_str())
        .collect();
    let asked = request
        .companies
        .iter()
        .chain(&settings.sync.companies_include);
    let unknown: Vec<&str> = asked
        .map(String::as_str)
        .filter(|company| !known.contains(company))
        .collect();
    if !unknown.is_empty() {
        return Err(SyncError::UnknownCompanies(unknown.join(", ")));
    }
    let lists = |list: &[String], id: &str| list.iter().any(|listed| listed == id);
    Ok(companies
        .into_iter()
        .filter(|company| {
            (request.companies.is_empty() || lists(&request.companies, &company.id))
                && (settings.sync.companies_include.is_empty()
                    || lists(&settings.sync.companies_include, &company.id))
                && !lists(&settings.sync.companies_exclude, &company.id)
        })
        .collect())
}
