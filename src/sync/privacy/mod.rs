//! The privacy settings in a run: what it may begin with, and what guards each company. `change` rewrites what is stored
//! when they change.

mod change;
mod forget;
mod offboard;
mod plan;

use std::sync::Arc;
use std::time::Duration;

pub use change::{ChangeError, apply};
pub use forget::{ForgetError, Forgetting, Found, Whom};
pub use offboard::{OffboardError, offboard, plan as plan_offboarding, take_back};
pub use plan::Plan;

use chrono::TimeDelta;
use sqlx::PgPool;
use tracing::{info, warn};

use super::context::RunContext;
use super::error::SyncError;
use crate::clock::SharedClock;
use crate::privacy::{Guard, Key, Policy};
use crate::warehouse::erasures;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::expiry::{self, Expired, Retention};
use crate::warehouse::patience::persist;
use crate::warehouse::privacy_record::{self, PrivacyRecord};

impl RunContext<'_> {
    /// The guard of a company. Who is erased while a run is at work on the company takes its claim, so it is enough to read
    /// it after the company was claimed.
    pub async fn guard(&self, company_id: &str) -> Result<Guard, WarehouseError> {
        let erased = erasures::read(self.pool, company_id).await?;
        Ok(Guard::new(Arc::clone(&self.policy), company_id, erased))
    }
}

/// Fails when what is stored was stored by other settings than these, or when somebody who was erased would come back. With
/// the first run, these are the settings by which everything is stored.
pub(super) async fn settle(
    pool: &PgPool,
    policy: &Policy,
    clock: &SharedClock,
) -> Result<(), SyncError> {
    if check(pool, policy).await? {
        return Ok(());
    }
    let (record, key_check) = (policy.record(), policy.key_check());
    persist("record the privacy settings", async || {
        privacy_record::write(pool, &record, key_check.as_deref(), true, clock.now()).await
    })
    .await?;
    Ok(())
}

/// The same, without a word in the database; false when nothing is stored yet.
pub async fn check(pool: &PgPool, policy: &Policy) -> Result<bool, SyncError> {
    let key_check = policy.key().map(Key::check);
    let others = erasures::count_of_other_keys(pool, key_check.as_deref()).await?;
    if others > 0 {
        return Err(SyncError::ErasuresNeedKey(others));
    }
    match recorded(pool).await? {
        None => Ok(false),
        Some(PrivacyRecord {
            applying: Some(_), ..
        }) => Err(SyncError::PrivacyHalfApplied),
        Some(before) => {
            let changed = changed(&before, policy);
            if changed.is_empty() {
                Ok(true)
            } else {
                Err(SyncError::PrivacyChanged(changed.join(", ")))
            }
        }
    }
}

/// Deletes what is not kept for ever. A failure is for the next run.
pub(super) async fn expire(run: &RunContext<'_>) {
    let age = |age: Option<Duration>| age.and_then(|age| TimeDelta::from_std(age).ok());
    let settings = &run.settings.privacy;
    let retention = Retention {
        leavers: age(settings.keep_leavers_for),
        history: age(settings.keep_history_for),
        quarantine: age(settings.keep_quarantine_for),
    };
    match expiry::apply(run.pool, retention, &run.policy, run.clock.now()).await {
        Ok(expired) if expired == Expired::default() => {}
        Ok(expired) => info!(
            leavers = expired.leavers,
            history = expired.history,
            quarantine = expired.quarantine,
            "deleted what has expired"
        ),
        Err(error) => warn!(%error, "could not delete what has expired"),
    }
}

/// By which settings everything is stored; none when nothing is. What was loaded before they were recorded was stored as it
/// came.
pub(super) async fn recorded(pool: &PgPool) -> Result<Option<PrivacyRecord>, WarehouseError> {
    persist("read the privacy settings of the database", async || {
        let recorded = privacy_record::read(pool).await?;
        if recorded.is_some() || !privacy_record::is_loaded(pool).await? {
            return Ok(recorded);
        }
        let tracking_info = privacy_record::has_tracking_info(pool).await?;
        Ok(Some(PrivacyRecord {
            policy: Policy::of_everything(tracking_info).record(),
            key_check: None,
            applying: None,
        }))
    })
    .await
}

/// What differs, as `email keep -> hash`.
fn changed(before: &PrivacyRecord, policy: &Policy) -> Vec<String> {
    let now = policy.record();
    let mut changed: Vec<String> = (now.as_object().into_iter().flatten())
        .filter(|(name, value)| before.policy.get(*name) != Some(value))
        .map(|(name, value)| {
            let before = before.policy.get(name).map(word).unwrap_or_default();
            format!("{name} {before} -> {}", word(value))
        })
        .collect();
    if let (Some(before), Some(now)) = (&before.key_check, policy.key_check())
        && *before != now
    {
        changed.push("the key".to_owned());
    }
    changed
}

fn word(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(word) => word.clone(),
        serde_json::Value::Array(names) => {
            let names: Vec<String> = names.iter().map(word).collect();
            format!("[{}]", names.join(","))
        }
        other => other.to_string(),
    }
}
