//! Waiting for a database that is away for a moment: restarted, failed over, or cut off.
//!
//! Whatever is done again here may have happened already (the reply to a commit can be lost), so it must come to the same
//! when it is done twice.

use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::error::WarehouseError;

/// How long a database may be away in the middle of a run: a restart with recovery fits in.
const PATIENCE: Duration = Duration::from_mins(2);
/// The first pause; it doubles …
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Does `attempt` (an infinitive: "load rows") again while the database cannot be reached.
pub async fn persist<T>(
    doing: &'static str,
    mut attempt: impl AsyncFnMut() -> Result<T, sqlx::Error>,
) -> Result<T, WarehouseError> {
    let mut pause = FIRST_PAUSE;
    let mut away_since = None;
    loop {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => WarehouseError::from_sqlx(doing, error),
        };
        let since = *away_since.get_or_insert_with(Instant::now);
        if !error.is_unreachable() || since.elapsed() > PATIENCE {
            return Err(error);
        }
        warn!(%error, "the database is away; trying again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
