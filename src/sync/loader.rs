//! The loader of one company: deliveries in, committed batches out.

use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::Instrument;

use super::report::Progress;
use crate::clock::SharedClock;
use crate::extract::Delivery;
use crate::metrics::Metrics;
use crate::privacy::Guard;
use crate::telemetry::span;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::leases::Claim;
use crate::warehouse::load::{self, Batch, Effects};

/// A batch closes at this many rows …
const BATCH_ROWS: usize = 2_000;
/// … or this long after its first delivery.
const BATCH_TIME: Duration = Duration::from_secs(1);
/// Deliveries that may wait for the loader; then fetching waits.
pub const QUEUE: usize = 4;

/// Where rows go.
pub struct Target<'t> {
    /// The database.
    pub pool: &'t PgPool,
    /// The time.
    pub clock: &'t SharedClock,
    /// The company that they belong to.
    pub company_id: &'t str,
    /// The right to write for it.
    pub claim: &'t Claim,
    /// Where it is counted.
    pub metrics: &'t Metrics,
    /// What is stored about its people.
    pub privacy: &'t Guard,
}

/// Commits what comes through `deliveries` until its senders are gone.
pub async fn load(
    target: &Target<'_>,
    progress: &dyn Progress,
    mut deliveries: mpsc::Receiver<Delivery>,
) -> Result<Effects, WarehouseError> {
    let mut effects = Effects::new();
    let mut is_all_new = false;
    while let Some(first) = deliveries.recv().await {
        let closes_at = Instant::now() + BATCH_TIME;
        let mut batch = Batch {
            company_id: target.company_id.to_owned(),
            claim: Some(target.claim.clone()),
            privacy: Some(target.privacy.clone()),
            ..Batch::default()
        };
        add(&mut batch, first);
        while batch.rows.len() < BATCH_ROWS {
            match tokio::time::timeout_at(closes_at, deliveries.recv()).await {
                Ok(Some(delivery)) => add(&mut batch, delivery),
                Ok(None) | Err(_) => break,
            }
        }
        if batch.is_empty() {
            continue;
        }
        let rows = batch.rows.len();
        let begun = Instant::now();
        let done = load::commit(target.pool, &batch, is_all_new, target.clock.now())
            .instrument(span::batch(rows))
            .await?;
        target.metrics.note_batch(&done.effects, begun.elapsed());
        is_all_new = done.is_all_new;
        for (resource, effect) in done.effects {
            effects.entry(resource).or_default().add(effect);
            progress.loaded(effect);
        }
    }
    Ok(effects)
}

fn add(batch: &mut Batch, delivery: Delivery) {
    batch.rows.append(delivery.rows);
    batch.bad_items.extend(delivery.bad_items);
    batch.unknown_fields.extend(delivery.unknown_fields);
    batch.discrepancies.extend(delivery.discrepancies);
    for question in delivery.questions {
        if !batch.questions.contains(&question) {
            batch.questions.push(question);
        }
    }
    batch.asked.extend(delivery.asked);
    batch.sweeps.extend(delivery.sweep);
    for cursor in delivery.cursors {
        // One statement moves a cursor once: what was delivered last says all.
        batch.cursors.retain(|earlier| !cursor.replaces(earlier));
        batch.cursors.push(cursor);
    }
}
