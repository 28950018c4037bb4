//! The run: begins, lists the companies, pulls them side by side, and says what came of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures::{StreamExt, TryStreamExt};
use sqlx::PgPool;
use tokio::sync::OnceCell;
use tracing::field::Empty;
use tracing::{Span, error, info, instrument, warn};

use super::company::{CompanyPull, Passed};
use super::context::RunContext;
use super::error::SyncError;
use super::forecast::Forecast;
use super::memory::Extent;
use super::pulse::{Counted, Pulse};
use super::report::{CompanyReport, Progress, RunReport};
use super::rhythm::Rhythm;
use super::selection::{Selection, select};
use super::{account, companies, privacy};
use crate::api::Client;
use crate::clock::SharedClock;
use crate::extract::PullError;
use crate::extract::users::TrainingTypes;
use crate::extract::widgets::PeriodDialects;
use crate::privacy::Policy;
use crate::resource::Resource;
use crate::settings::Settings;
use crate::verdict::Verdict;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::offboarding;
use crate::warehouse::request_pace::RequestPace;
use crate::warehouse::retention::{self, Removed};
use crate::warehouse::runs::{self, NewRun, Pace, Run, RunScope};
use crate::warehouse::schedule_lease::ScheduleLease;

/// Companies worked on at once, per request that may be under way: while large ones wait for their turn, small ones pass.
const COMPANIES_PER_REQUEST: usize = 2;
/// The least of it.
const LEAST_SIDE_BY_SIDE: usize = 4;
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

    let remembered = async {
        let offboarded = offboarding::ids(pool).await?;
        let forbidden = runs::read_forbidden_companies(pool).await?;
        Ok((offboarded, forbidden.into_iter().collect()))
    };
    let (offboarded, forbidden_before) = match remembered.await {
        Ok(remembered) => remembered,
        Err(failed) => {
            let pace = progress.pulse.look();
            note_failure(row, pool, client, request, pace, clock, &failed).await;
            return Err(failed);
        }
    };
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
        offboarded,
        forbidden_before,
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
    match pulled {
        Ok((listing, companies)) => {
            let mut report = RunReport {
                run_id,
                outcome: "ok",
                has_more: context.has_more.load(Ordering::Relaxed),
                predicted,
                totals: pace,
                duration: begun.elapsed(),
                listing,
                companies,
            };
            let refusal = client.refusal();
            report.outcome = outcome(&report, stop, refusal.is_some());
            privacy::expire(&context).await;
            let error = refusal.map(|kind| format!("stopped: {kind}; {}", kind.policy().1));
            row.finish(pool, report.outcome, pace, error.as_deref(), clock.now())
                .await?;
            client
                .metrics()
                .note_run(request.kind.name(), report.outcome);
            info!(
                outcome = report.outcome,
                requests = pace.requests,
                rows.inserted = pace.rows.inserted,
                rows.updated = pace.rows.updated,
                "run ends"
            );
            Ok(report)
        }
        Err(failed) => {
            note_failure(row, pool, client, request, pace, clock, &failed).await;
            Err(failed)
        }
    }
}

/// Records that a run failed, as far as the database, which may be what failed, lets it.
async fn note_failure(
    row: Run,
    pool: &PgPool,
    client: &Client,
    request: &SyncRequest,
    pace: Pace,
    clock: &SharedClock,
    failed: &SyncError,
) {
    error!(error = %failed, remedy = failed.remedy(), "run failed");
    let was_stopped = matches!(failed, SyncError::Companies(PullError::Stopped));
    let outcome = if was_stopped || client.refusal().is_some() {
        "stopped"
    } else {
        "failed"
    };
    client.metrics().note_run(request.kind.name(), outcome);
    let error = Some(failed.to_string());
    let recorded = row
        .finish(pool, outcome, pace, error.as_deref(), clock.now())
        .await;
    if let Err(error) = recorded {
        warn!(%error, "how the run ended is not on record; the next run will say that it was stopped");
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
