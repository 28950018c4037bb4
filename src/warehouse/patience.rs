//! Waiting for a database that is away for a moment: restarted, failed over, or cut off.
//!
//! Whatever is done again here may have happened already (the reply to a commit can be lost), so it must come to the same
//! when it is done twice.

use std::io;
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::error::{WarehouseError, WarehouseErrorKind};

/// How long a database may be away in the middle of a run: a restart with recovery fits in.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long one attempt may take. A server that vanished while it was to answer is noticed by nothing else: the driver
/// cannot ask the system to probe its connections.
const LONGEST_ATTEMPT: Duration = Duration::from_mins(10);
/// The first pause; it doubles …
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Does `attempt` (an infinitive: "load rows") again while the database cannot be reached, or while it refuses a login
/// that was right before: a new password takes effect in two places, one after the other.
pub async fn persist<T>(
    doing: &'static str,
    mut attempt: impl AsyncFnMut() -> Result<T, sqlx::Error>,
) -> Result<T, WarehouseError> {
    let mut pause = FIRST_PAUSE;
    let mut away_since = None;
    loop {
        let attempted = tokio::time::timeout(LONGEST_ATTEMPT, attempt()).await;
        let error = match attempted
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
        {
            Ok(done) => return Ok(done),
            Err(error) => WarehouseError::from_sqlx(doing, error),
        };
        let since = *away_since.get_or_insert_with(Instant::now);
        let may_pass = error.is_unreachable() || error.kind == WarehouseErrorKind::LoginRefused;
        if !may_pass || since.elapsed() > PATIENCE {
            return Err(error);
        }
        warn!(%error, "the database is away; trying again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_never_ends_is_made_again() {
        // The patience begins with the first failure, and a second attempt of this length exceeds it.
        for (never_ending, is_done) in [(1, true), (2, false)] {
            let mut attempts = 0;
            let done = persist("test", async || {
                attempts += 1;
                if attempts <= never_ending {
                    std::future::pending::<()>().await;
                }
                Ok(())
            })
            .await;
            assert_eq!((attempts, done.is_ok()), (2, is_done));
        }
    }
}
