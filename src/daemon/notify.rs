//! What systemd is told. Nothing happens where it does not ask.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::Instant;
use tracing::warn;

/// The service manager, if there is one.
#[derive(Debug)]
pub struct ServiceManager {
    /// How often its watchdog wants to hear from this process, at least.
    watchdog: Option<Duration>,
    told_at: Option<Instant>,
}

impl ServiceManager {
    /// Looks whether there is one.
    #[must_use]
    pub fn find() -> Self {
        Self {
            watchdog: sd_notify::watchdog_enabled(),
            told_at: None,
        }
    }

    /// The daemon works, or stands by.
    pub fn is_ready(&self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// What this instance does.
    pub fn is(&self, status: &str) {
        tell(&[NotifyState::Status(status)]);
    }

    /// The main loop goes round. Told twice in the time that the watchdog waits.
    pub fn lives(&mut self) {
        let Some(watchdog) = self.watchdog else {
            return;
        };
        if self.told_at.is_none_or(|at| at.elapsed() >= watchdog / 3) {
            tell(&[NotifyState::Watchdog]);
            self.told_at = Some(Instant::now());
        }
    }

    /// How often the main loop has to go round for that.
    #[must_use]
    pub fn rhythm(&self) -> Option<Duration> {
        self.watchdog.map(|watchdog| watchdog / 3)
    }

    /// The daemon ends.
    pub fn stops(&self) {
        tell(&[NotifyState::Stopping]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!(%error, "could not tell the service manager");
    }
}
