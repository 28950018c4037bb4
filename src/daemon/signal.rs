//! Being told to stop: the first signal asks for an end in good order, a second one ends the process at once. What was
//! committed stays in either case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tracing::warn;

/// Whether this process was asked to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// True from the first signal on; runs look at it after each page.
    pub asked: Arc<AtomicBool>,
    told: Arc<Notify>,
}

impl Stop {
    /// Listens for SIGINT and SIGTERM from now on.
    #[must_use]
    pub fn on_signal() -> Self {
        let stop = Self::default();
        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            return stop;
        };
        let told = stop.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if told.is_asked() {
                    std::process::exit(1);
                }
                warn!("stopping after the page in hand; a second signal ends at once");
                told.ask();
            }
        });
        stop
    }

    /// Asks for an end in good order.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.told.notify_one();
    }

    /// Whether an end was asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Waits until an end is asked for; for one who waits.
    pub async fn wait(&self) {
        if !self.is_asked() {
            self.told.notified().await;
        }
    }
}
