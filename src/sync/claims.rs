//! Claiming companies for a run: waiting a little for another process, and giving them back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::context::RunContext;
use crate::warehouse::error::WarehouseError;
use crate::warehouse::leases::{self, Claim, Kind};

/// How often it is looked whether another process is done.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Whether a run may work on something.
pub enum Claimed {
    /// It may.
    Ours(Claim),
    /// Another living run is at it, and was for as long as it is waited for.
    Busy,
}

impl RunContext<'_> {
    /// Claims a company. Waits for another run no longer than until that would have lost its claim, were it dead: what it
    /// does need not be done again.
    pub async fn claim_company(&self, company_id: &str) -> Result<Claimed, WarehouseError> {
        self.claim(Kind::Company, company_id, Some(self.holder.lasts))
            .await
    }

    /// Claims the list of companies. There is no run without it, so it is waited for.
    pub async fn claim_account(&self, account_id: &str) -> Result<Claimed, WarehouseError> {
        self.claim(Kind::Account, account_id, None).await
    }

    async fn claim(
        &self,
        kind: Kind,
        subject: &str,
        patience: Option<Duration>,
    ) -> Result<Claimed, WarehouseError> {
        let begun = Instant::now();
        loop {
            if let Some(claim) = leases::claim(self.pool, self.holder, kind, subject).await? {
                return Ok(Claimed::Ours(claim));
            }
            let is_too_long = patience.is_some_and(|patience| begun.elapsed() > patience);
            if is_too_long || self.stop.load(Ordering::Relaxed) {
                return Ok(Claimed::Busy);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Gives a claim back.
    pub async fn give_back(&self, claim: &Claim) -> Result<(), WarehouseError> {
        leases::release(self.pool, claim).await
    }
}
