//! The listing of companies: the first thing a run pulls, on behalf of the account.

use std::sync::atomic::AtomicU32;
use std::time::Instant;

use tokio::sync::mpsc;

use tracing::Instrument;

use super::claims::Claimed;
use super::context::RunContext;
use super::error::SyncError;
use super::memory::Memory;
use super::{loader, tally};
use crate::api::Client;
use crate::extract::companies::{self, Before, Companies, CompanyRef};
use crate::extract::{Delivery, PullError, Scope, Shared};
use crate::resource::Resource;
use crate::telemetry::span;
use crate::verdict::Verdict;
use crate::warehouse::cursors::CursorState;
use crate::warehouse::load::sweep::{Brake, Sweep};
use crate::warehouse::load::tuple::Row;
use crate::warehouse::runs::{self, RunScope};
use crate::warehouse::schedule_lease::fenced;
use crate::warehouse::stored_load;
use crate::warehouse::tables::companies::CompanyRow;

/// The share of the companies that may disappear at once …
const MAX_COMPANIES_GONE: f64 = 0.01;
/// … and the number from which on that counts.
const COMPANIES_GONE_HELD_FROM: u64 = 3;

/// Pulls the companies themselves; they belong to the account.
pub async fn pull(run: &RunContext<'_>) -> Result<(RunScope, Vec<CompanyRef>), SyncError> {
    let account_id = run.account_id;
    let Claimed::Ours(claim) = run.claim_account(account_id).await? else {
        return Err(PullError::Stopped.into());
    };
    let memory = Memory::read(run.pool, account_id).await?;
    let begun = Instant::now();
    let (sink, deliveries) = mpsc::channel::<Delivery>(loader::QUEUE);
    let privacy = run.guard(account_id).await?;
    let shared = Shared {
        privacy: &privacy,
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
        metrics: run.client.metrics(),
        privacy: &privacy,
    };
    let fetch = fetch.instrument(span::resource(Resource::Companies));
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
    fenced(run.pool, run.holder.under, "record the run", async |db| {
        runs::record_scope(db, run.holder.run_id, &scope).await
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
    let before = Before {
        account_id: run.account_id,
        stored: &stored_load::known_companies(run.pool).await?,
        pages: memory.pages(Resource::Companies, ""),
        doubtful: memory.doubtful(Resource::Companies, ""),
        offboarded: &run.offboarded,
    };
    let listed = companies::pull(scope, client, before).await?;
    let pulled = &listed.pulled;
    let state = CursorState {
        pages: Some(pulled.listing.pages),
        ..CursorState::default()
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
        cursors: vec![scope.step(state, pulled.step())],
        ..Delivery::default()
    };
    scope.deliver(end).await?;
    Ok(listed)
}
