//! The run: begins, lists the companies, pulls them side by side, and says what came of it.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use sqlx::PgPool;
use tokio::sync::{OnceCell, mpsc};
use tracing::{error, info, warn};

use super::claims::Claimed;
use super::company::{CompanyPull, Passed};
use super::forecast::Forecast;
use super::memory::{Extent, Memory};
use super::report::{CompanyReport, Progress, RunReport};
use super::rhythm::Rhythm;
use super::{account, loader, tally};
use crate::api::endpoints::enrollments::{Enrollment, EnrollmentList};
use crate::api::{ApiError, ApiErrorKind, Client};
use crate::clock::SharedClock;
use crate::extract::companies::{self, Companies, CompanyRef};
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::users::TrainingTypes;
use crate::extract::widgets::PeriodDialects;
use crate::extract::{Delivery, PullError, Scope, Shared};
use crate::resource::Resource;
use crate::settings::{Interactions, Settings};
use crate::verdict::Verdict;
use crate::warehouse::cursors::{CursorState, Step};
use crate::warehouse::error::WarehouseError;
use crate::warehouse::leases::Holder;
use crate::warehouse::load::sweep::{Brake, Sweep};
use crate::warehouse::load::tuple::Row;
use crate::warehouse::patience::persist;
use crate::warehouse::quarantine::UnknownField;
use crate::warehouse::runs::{self, RunScope, RunTotals};
use crate::warehouse::tables::companies::CompanyRow;

/// Companies worked on at once, per request that may be under way: while large ones wait for their turn, small ones pass.
const COMPANIES_PER_REQUEST: usize = 2;
/// The least of it.
const LEAST_SIDE_BY_SIDE: usize = 4;
/// How long after its begin a run still walks through users: the first load takes days of that, and what is open must not
/// grow old meanwhile. The next run looks at that first, and then goes on.
const WALKS_FOR: Duration = Duration::from_mins(45);
/// The share of the companies that may disappear at once …
const MAX_COMPANIES_GONE: f64 = 0.01;
/// … and the number from which on that counts.
const COMPANIES_GONE_HELD_FROM: u64 = 3;

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub struct SyncRequest {
    /// What `sync.runs` calls it.
    pub kind: RunKind,
    /// Only these companies; empty: all.
    pub companies: Vec<String>,
    /// Only these resources and what they depend on; empty: all.
    pub resources: Vec<Resource>,
    /// How much of them is read.
    pub extent: Extent,
    /// Missing rows are marked deleted, however many they are.
    pub accepts_deletions: bool,
}

/// What `sync.runs` calls a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunKind {
    /// `keepnet-etl sync`
    #[default]
    Sync,
    /// `keepnet-etl backfill`
    Backfill,
}

impl RunKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Backfill => "backfill",
        }
    }
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
    /// What was asked for, and what it depends on.
    #[must_use]
    pub fn new(asked: &[Resource]) -> Self {
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
    /// The run as holder of claims.
    pub holder: Holder,
    /// The account; mostly the id of the reseller's own company.
    pub account_id: &'r str,
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
    /// How much of it.
    pub extent: Extent,
    /// When it is due again.
    pub rhythm: Rhythm,
    /// Missing rows are marked deleted, however many they are.
    pub accepts_deletions: bool,
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
    /// When walks through the users of surveys are left to the next run; none: never.
    pub walks_until: Option<Instant>,
    /// Some were.
    has_more: AtomicBool,
    /// What the reseller's own company lists, once somebody had to know.
    own_enrollments: OnceCell<HashSet<String>>,
}

impl RunContext<'_> {
    /// True when nothing is left out of any company.
    #[must_use]
    pub fn is_about_everything(&self) -> bool {
        self.selection.is_everything()
            && !matches!(
                self.extent,
                Extent::Backfill { from: Some(_), .. } | Extent::Backfill { to: Some(_), .. }
            )
    }

    /// Takes note that some walks are left to the next run.
    pub fn leave_some(&self) {
        self.has_more.store(true, Ordering::Relaxed);
    }

    /// Whether users of an enrollment are asked for `resource` one by one.
    #[must_use]
    pub fn asks_users(&self, resource: Resource, enrollment: &EnrollmentRef) -> bool {
        asks_users(self.settings, &self.selection, resource, enrollment)
    }

    /// The enrollments that the reseller's own company lists; none when it shows none.
    pub async fn own_enrollments(&self) -> &HashSet<String> {
        let read = async || {
            let client = self.client.company(self.account_id);
            let mut listing = client.enrollments(EnrollmentList::Active);
            let mut ids = HashSet::new();
            // An account whose own company cannot be read has nothing that could be taken for another's.
            while let Ok(Some(page)) = listing.next().await {
                let enrollments: Vec<Enrollment> = page.items;
                ids.extend(enrollments.into_iter().map(|enrollment| enrollment.id));
            }
            ids
        };
        self.own_enrollments.get_or_init(read).await
    }
}

/// Whether users of an enrollment are asked for `resource` one by one.
pub fn asks_users(
    settings: &Settings,
    selection: &Selection,
    resource: Resource,
    enrollment: &EnrollmentRef,
) -> bool {
    let is_wanted = match resource {
        Resource::Answers => enrollment.is_survey,
        _ => match settings.sync.interactions {
            Interactions::Surveys => enrollment.is_survey,
            Interactions::All => true,
            Interactions::None => false,
        },
    };
    is_wanted && selection.includes(resource)
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
    let lasts = settings.run.takeover;
    let row = runs::begin(pool, request.kind.name(), clock.now(), lasts)
        .await
        .map_err(database)?;
    let run_id = row.holder.run_id;
    info!(run.id = run_id, account.id = account.id, "run begins");

    let context = RunContext {
        holder: row.holder,
        account_id: &account.id,
        client: client.clone().with_dates(account.dates),
        pool,
        clock: clock.clone(),
        stop,
        progress,
        selection: Selection::new(&request.resources),
        extent: request.extent,
        rhythm: Rhythm::new(&settings.sync),
        accepts_deletions: request.accepts_deletions,
        settings,
        concurrency: settings.api.max_concurrency as usize,
        training_types: TrainingTypes::default(),
        period_dialects: PeriodDialects::new(account.period_dialect),
        unknown_fields: Mutex::default(),
        forbidden_before: runs::read_forbidden_companies(pool)
            .await?
            .into_iter()
            .collect(),
        // Who asks for everything does not wait for anything else.
        walks_until: (request.extent == Extent::Due).then(|| begun + WALKS_FOR),
        has_more: AtomicBool::new(false),
        own_enrollments: OnceCell::new(),
    };
    let (predicted, pulled) = match predict(&context, request).await {
        Ok(predicted) => (predicted, pull(&context, request).await),
        Err(error) => (None, Err(error.into())),
    };
    account::remember(pool, &account, context.period_dialects.learned()).await;
    let requests = client.all_requests() - requests_before;
    match pulled {
        Ok((listing, companies)) => {
            let mut report = RunReport {
                run_id,
                outcome: "ok",
                has_more: context.has_more.load(Ordering::Relaxed),
                predicted,
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
            row.finish(
                pool,
                report.outcome,
                report.totals,
                error.as_deref(),
                clock.now(),
            )
            .await?;
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
            error!(run.id = run_id, error = %failed, remedy = failed.remedy(), "run failed");
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
                .finish(
                    pool,
                    outcome,
                    totals,
                    Some(&failed.to_string()),
                    clock.now(),
                )
                .await;
            Err(failed)
        }
    }
}

/// Notes what is expected of the run. Before the first one there is nothing to go by.
async fn predict(
    run: &RunContext<'_>,
    request: &SyncRequest,
) -> Result<Option<u64>, WarehouseError> {
    let forecast = Forecast::read(run.pool, run.settings, request, run.clock.now()).await?;
    if forecast.companies == 0 {
        return Ok(None);
    }
    let requests = forecast.requests();
    run.progress.expects(requests);
    runs::predict(run.pool, run.holder.run_id, requests).await?;
    Ok(Some(requests))
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
    request: &SyncRequest,
) -> Result<(RunScope, Vec<CompanyReport>), SyncError> {
    let side_by_side = (run.concurrency * COMPANIES_PER_REQUEST).max(LEAST_SIDE_BY_SIDE);
    let (listing, companies) = pull_companies(run).await?;
    let companies = select(companies, run.settings, request)?;
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
async fn pull_companies(run: &RunContext<'_>) -> Result<(RunScope, Vec<CompanyRef>), SyncError> {
    let account_id = run.account_id;
    let Claimed::Ours(claim) = run.claim_account(account_id).await? else {
        return Err(PullError::Stopped.into());
    };
    let memory = Memory::read(run.pool, account_id).await?;
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
        let pulled = list_companies(run, &shared, &client, &memory).await;
        drop(shared);
        pulled
    };
    let target = loader::Target {
        pool: run.pool,
        clock: &run.clock,
        company_id: account_id,
        claim: &claim,
    };
    let load = loader::load(&target, run.progress, deliveries);
    let (fetched, loaded) = tokio::join!(fetch, load);
    run.give_back(&claim).await?;
    let effects = loaded?;
    let Companies {
        pulled, companies, ..
    } = fetched?;
    let rows = effects
        .get(&Resource::Companies)
        .copied()
        .unwrap_or_default();
    let verdict = if rows.held > 0 {
        pulled.verdict.max(Verdict::Held)
    } else {
        pulled.verdict
    };
    let (error, remedy) = match verdict {
        Verdict::Complete => (None, None),
        Verdict::Held => (
            Some(tally::HELD.to_owned()),
            Some(tally::HELD_REMEDY.to_owned()),
        ),
        verdict => (
            Some(format!("the listing of companies is {verdict}")),
            Some("it is read again by the next run; sync.discrepancies has the counts".to_owned()),
        ),
    };
    let scope = RunScope {
        company_id: account_id.to_owned(),
        resource: Resource::Companies,
        verdict,
        pages: u64::from(pulled.pages),
        requests: client.requests(),
        rows,
        duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        error,
        remedy,
    };
    persist("record the run", async || {
        let mut db = run.pool.acquire().await?;
        runs::record_scope(&mut db, run.holder.run_id, &scope).await
    })
    .await?;
    Ok((scope, companies))
}

async fn list_companies(
    run: &RunContext<'_>,
    shared: &Shared<'_>,
    client: &Client,
    memory: &Memory,
) -> Result<Companies, PullError> {
    let scope = &Scope::begin(shared, Resource::Companies, "");
    let pages = memory.pages(Resource::Companies, "");
    let doubtful = memory.doubtful(Resource::Companies, "");
    let listed = companies::pull(scope, client, run.account_id, pages, doubtful).await?;
    let pulled = &listed.pulled;
    let state = CursorState {
        pages: Some(pulled.listing.pages),
        ..CursorState::default()
    };
    let step = if pulled.is_complete() {
        Step::Complete {
            fingerprint: None,
            due_at: None,
            full_due_at: None,
            changed_at: None,
            verdict: pulled.verdict,
        }
    } else {
        Step::Ended(pulled.verdict)
    };
    // Some companies are only in the tree.
    let sweep = (pulled.may_delete() && listed.is_tree_known).then(|| Sweep {
        resource: Resource::Companies,
        scope: String::new(),
        table: CompanyRow::TABLE,
        owner: Vec::new(),
        only: None,
        seen: pulled.listing.seen.clone(),
        run_id: run.holder.run_id,
        is_ascending: None,
        brake: Brake {
            share: MAX_COMPANIES_GONE,
            at_least: COMPANIES_GONE_HELD_FROM,
            is_accepted: run.accepts_deletions,
        },
    });
    let end = Delivery {
        sweep,
        cursors: vec![scope.step(state, step)],
        ..Delivery::default()
    };
    scope.deliver(end).await?;
    Ok(listed)
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
    Ok(companies
        .into_iter()
        .filter(|company| is_selected(&company.id, settings, request))
        .collect())
}

/// Whether a run comes to a company.
pub fn is_selected(company_id: &str, settings: &Settings, request: &SyncRequest) -> bool {
    let lists = |list: &[String]| list.iter().any(|listed| listed == company_id);
    let (include, exclude) = (
        &settings.sync.companies_include,
        &settings.sync.companies_exclude,
    );
    (request.companies.is_empty() || lists(&request.companies))
        && (include.is_empty() || lists(include))
        && !lists(exclude)
}
