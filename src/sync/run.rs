//! The run: begins, lists the companies, pulls them side by side, and says what came of it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use sqlx::PgPool;
use tokio::sync::OnceCell;
use tracing::field::Empty;
use tracing::{Span, error, info, instrument, warn};

use super::company::{CompanyPull, Passed};
use super::error::SyncError;
use super::forecast::Forecast;
use super::memory::Extent;
use super::pulse::{Counted, Pulse};
use super::report::{CompanyReport, Progress, RunReport};
use super::rhythm::Rhythm;
use super::selection::{Selection, asks_users, select};
use super::{account, companies, privacy};
use crate::api::endpoints::enrollments::{Enrollment, EnrollmentList};
use crate::api::{ApiError, Client};
use crate::clock::SharedClock;
use crate::extract::PullError;
use crate::extract::enrollments::EnrollmentRef;
use crate::extract::users::TrainingTypes;
use crate::extract::widgets::PeriodDialects;
use crate::privacy::Policy;
use crate::resource::Resource;
use crate::settings::Settings;
use crate::verdict::Verdict;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::leases::Holder;
use crate::warehouse::offboarding;
use crate::warehouse::quarantine::UnknownField;
use crate::warehouse::request_pace::RequestPace;
use crate::warehouse::retention::{self, Removed};
use crate::warehouse::runs::{self, NewRun, RunScope, RunTotals};
use crate::warehouse::schedule_lease::ScheduleLease;

/// Companies worked on at once, per request that may be under way: while large ones wait for their turn, small ones pass.
const COMPANIES_PER_REQUEST: usize = 2;
/// The least of it.
const LEAST_SIDE_BY_SIDE: usize = 4;
/// How long after its begin a run still walks through users: the first load takes days of that, and what is open must not
/// grow old meanwhile. The next run looks at that first, and then goes on.
const WALKS_FOR: Duration = Duration::from_mins(45);
/// How long after its begin a run reads reports again only because their counts changed, so that an hourly run fits its
/// hour when much changes at once.
const CHANGES_FOR: Duration = Duration::from_mins(30);

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
    /// The daemon, as long as it holds the schedule.
    Scheduled(ScheduleLease),
}

impl RunKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Backfill => "backfill",
            Self::Scheduled(_) => "scheduled",
        }
    }

    /// What the run works under.
    const fn lease(self) -> Option<ScheduleLease> {
        match self {
            Self::Sync | Self::Backfill => None,
            Self::Scheduled(lease) => Some(lease),
        }
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
    /// What is stored about people.
    pub policy: Arc<Policy>,
    /// Scopes of one company worked on at once.
    pub concurrency: usize,
    /// How training types are named.
    pub training_types: TrainingTypes,
    /// How periods are named.
    pub period_dialects: PeriodDialects,
    /// Members without a column that were reported.
    pub unknown_fields: Mutex<HashSet<UnknownField>>,
    /// Customers that left.
    pub offboarded: HashSet<String>,
    /// Companies that were forbidden before.
    pub forbidden_before: HashSet<String>,
    /// Since when it works, if it leaves something to the next run when that is long.
    yields_since: Option<Instant>,
    /// It did.
    has_more: AtomicBool,
    /// What the two listings of the reseller's own company show, once somebody had to know.
    own_enrollments: [OnceCell<HashSet<String>>; 2],
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

    /// Whether walks through the users of surveys are left to the next run.
    #[must_use]
    pub fn leaves_walks(&self) -> bool {
        self.has_worked_for(WALKS_FOR)
    }

    /// Whether reports whose counts changed are left to the next run.
    #[must_use]
    pub fn leaves_changes(&self) -> bool {
        self.has_worked_for(CHANGES_FOR)
    }

    fn has_worked_for(&self, time: Duration) -> bool {
        self.yields_since
            .is_some_and(|since| since.elapsed() >= time)
    }

    /// Takes note that something is left to the next run.
    pub fn leave_some(&self) {
        self.has_more.store(true, Ordering::Relaxed);
    }

    /// Whether users of an enrollment are asked for `resource` one by one.
    #[must_use]
    pub fn asks_users(&self, resource: Resource, enrollment: &EnrollmentRef) -> bool {
        asks_users(self.settings, &self.selection, resource, enrollment)
    }

    /// The enrollments that a listing of the reseller's own company shows; none when the service refuses it: then it has
    /// nothing that could be taken for another's.
    pub async fn own_enrollments(
        &self,
        list: EnrollmentList,
    ) -> Result<&HashSet<String>, ApiError> {
        let read = async || {
            let mut listing = self.client.company(self.account_id).enrollments(list);
            let mut ids = HashSet::new();
            loop {
                match listing.next().await {
                    Ok(Some(page)) => {
                        let enrollments: Vec<Enrollment> = page.items;
                        ids.extend(enrollments.into_iter().map(|enrollment| enrollment.id));
                    }
                    Ok(None) => return Ok(ids),
                    Err(error) if error.kind.is_refused() => return Ok(HashSet::new()),
                    Err(error) => return Err(error),
                }
            }
        };
        let [active, archive] = &self.own_enrollments;
        let of_list = match list {
            EnrollmentList::Active => active,
            EnrollmentList::Archive => archive,
        };
        of_list.get_or_try_init(read).await
    }
}

/// Runs, and again at once while a run leaves something to the next one.
pub async fn run_through(
    settings: &Settings,
    pool: &PgPool,
    client: &Client,
    clock: &SharedClock,
    request: &SyncRequest,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<RunReport, SyncError> {
    loop {
        let report = run(settings, pool, client, clock, request, progress, stop).await?;
        if !report.has_more || report.outcome == "stopped" {
            return Ok(report);
        }
        progress.goes_on(&report);
    }
}

/// Pulls what `request` asks for. Ends early, in good order, when `stop` is set or the requests of the day are used up.
#[instrument(name = "sync.run", level = "error", skip_all, fields(run.id = Empty, kind = request.kind.name()))]
pub async fn run(
    settings: &Settings,
    pool: &PgPool,
    client: &Client,
    clock: &SharedClock,
    request: &SyncRequest,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<RunReport, SyncError> {
    let policy = Arc::new(Policy::read(&settings.privacy)?);
    privacy::settle(pool, &policy, clock).await?;
    client.share(Arc::new(RequestPace::new(pool.clone())));
    let progress = Counted {
        pulse: Arc::new(Pulse::new(client, clock)),
        progress,
    };
    progress.begins(&progress.pulse);
    account::limit_known(client, &settings.api, pool).await?;
    let done = run_limited(
        settings, &policy, pool, client, clock, request, &progress, stop,
    )
    .await;
    if let Err(reason) = client.give_back().await {
        warn!(%reason, "could not give back requests of the day");
    }
    forget_old_runs(settings, pool, clock).await;
    done
}

/// Keeps the record of past runs no longer than asked. What is not done now, the next run does.
async fn forget_old_runs(settings: &Settings, pool: &PgPool, clock: &SharedClock) {
    let before = clock.now() - settings.sync.keep_runs_for;
    match retention::roll_up(pool, before).await {
        Ok(removed) if removed == Removed::default() => {}
        Ok(removed) => info!(
            runs = removed.runs,
            resolved = removed.resolved,
            "old records rolled up"
        ),
        Err(error) => warn!(%error, "old runs stay on record until the next run"),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "those of `run`, and what it read of the settings"
)]
async fn run_limited(
    settings: &Settings,
    policy: &Arc<Policy>,
    pool: &PgPool,
    client: &Client,
    clock: &SharedClock,
    request: &SyncRequest,
    progress: &Counted<'_>,
    stop: &AtomicBool,
) -> Result<RunReport, SyncError> {
    let begun = Instant::now();
    let under = request.kind.lease();
    let account = account::open(client, &settings.api, pool, clock, under).await?;
    let pulse = Arc::clone(&progress.pulse);
    let new = NewRun {
        kind: request.kind.name(),
        at: clock.now(),
        lasts: settings.run.takeover,
        under,
        look: Box::new(move || pulse.look()),
    };
    let row = runs::begin(pool, new).await?;
    let run_id = row.holder.run_id;
    progress.pulse.note_run(run_id);
    Span::current().record("run.id", run_id);
    info!(account.id = account.id, "run begins");

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
        policy: Arc::clone(policy),
        concurrency: settings.api.max_concurrency as usize,
        training_types: TrainingTypes::default(),
        period_dialects: PeriodDialects::new(account.period_dialect),
        unknown_fields: Mutex::default(),
        offboarded: offboarding::ids(pool).await?,
        forbidden_before: runs::read_forbidden_companies(pool)
            .await?
            .into_iter()
            .collect(),
        // Who asks for everything does not wait for anything else.
        yields_since: (request.extent == Extent::Due).then_some(begun),
        has_more: AtomicBool::new(false),
        own_enrollments: [const { OnceCell::const_new() }; 2],
    };
    // Settings may have been changed until the run could be seen.
    let begun_well = match privacy::settle(pool, policy, clock).await {
        Ok(()) => predict(&context, request).await.map_err(SyncError::from),
        Err(error) => Err(error),
    };
    let (predicted, pulled) = match begun_well {
        Ok(predicted) => (predicted, pull(&context, request).await),
        Err(error) => (None, Err(error)),
    };
    account::remember(pool, under, &account, context.period_dialects.learned()).await;
    let pace = progress.pulse.look();
    let requests = pace.requests;
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
            privacy::expire(&context).await;
            let error = refusal.map(|kind| format!("stopped: {kind}; {}", kind.policy().1));
            row.finish(
                pool,
                report.outcome,
                report.totals,
                pace,
                error.as_deref(),
                clock.now(),
            )
            .await?;
            client
                .metrics()
                .note_run(request.kind.name(), report.outcome);
            info!(
                outcome = report.outcome,
                requests,
                rows.inserted = rows.inserted,
                rows.updated = rows.updated,
                "run ends"
            );
            Ok(report)
        }
        Err(failed) => {
            error!(error = %failed, remedy = failed.remedy(), "run failed");
            let totals = RunTotals {
                requests,
                rows: pace.rows,
            };
            let outcome = match failed {
                SyncError::Companies(PullError::Stopped) => "stopped",
                _ if client.refusal().is_some() => "stopped",
                _ => "failed",
            };
            client.metrics().note_run(request.kind.name(), outcome);
            // The database may be what failed: then the next run closes this one's row.
            let recorded = row
                .finish(
                    pool,
                    outcome,
                    totals,
                    pace,
                    Some(&failed.to_string()),
                    clock.now(),
                )
                .await;
            if let Err(error) = recorded {
                warn!(%error, "how the run ended is not on record; the next run will say that it was stopped");
            }
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
    runs::predict(run.pool, run.holder, requests).await?;
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
    let (listing, companies) = companies::pull(run).await?;
    let mut companies = select(companies, run.settings, request)?;
    companies.retain(|company| !run.offboarded.contains(&company.id));
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
