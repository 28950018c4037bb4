//! Whether the daemon's main loop still goes round, and which part this instance plays. The loop beats, the probes
//! judge.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// A loop that did not beat for so long stands still. It beats at least every few seconds, so this is no matter of a
/// busy machine.
pub const STANDS_STILL: Duration = Duration::from_secs(60);

/// Which part this instance plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// It has not looked at the database yet.
    Starting,
    /// The database has not got the schema that this version needs.
    WaitingForSchema,
    /// Another instance works; this one takes over when that is gone.
    Standby,
    /// It keeps the schedule.
    Active,
}

impl Role {
    const ALL: [Self; 4] = [
        Self::Starting,
        Self::WaitingForSchema,
        Self::Standby,
        Self::Active,
    ];

    /// The role in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::WaitingForSchema => "waiting for the schema",
            Self::Standby => "standby",
            Self::Active => "active",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The handle that the main loop beats; clones are the same one.
///
/// Time is the machine's uptime: a wall clock that is set must not let a healthy process look dead.
#[derive(Debug, Clone)]
pub struct Liveness(Arc<Pulse>);

#[derive(Debug)]
struct Pulse {
    began: Instant,
    /// Milliseconds from then to the last beat.
    last_beat: AtomicU64,
    role: AtomicU8,
    stands_still: Duration,
}

impl Default for Liveness {
    fn default() -> Self {
        Self::new(STANDS_STILL)
    }
}

impl Liveness {
    /// A loop that beats now and is starting; without a beat for `stands_still`, it is taken for dead.
    #[must_use]
    pub fn new(stands_still: Duration) -> Self {
        Self(Arc::new(Pulse {
            began: Instant::now(),
            last_beat: AtomicU64::new(0),
            role: AtomicU8::new(Role::Starting as u8),
            stands_still,
        }))
    }

    /// Says that the loop goes round.
    pub fn beat(&self) {
        let elapsed = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_beat.fetch_max(elapsed, Ordering::Relaxed);
    }

    /// Whether the last beat is young enough.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let last_beat = Duration::from_millis(self.0.last_beat.load(Ordering::Relaxed));
        self.0.began.elapsed().saturating_sub(last_beat) < self.0.stands_still
    }

    /// Says which part this instance plays from now on.
    pub fn set_role(&self, role: Role) {
        self.0.role.store(role as u8, Ordering::Relaxed);
    }

    /// Which part this instance plays.
    #[must_use]
    pub fn role(&self) -> Role {
        let stored = self.0.role.load(Ordering::Relaxed);
        Role::ALL
            .into_iter()
            .find(|role| *role as u8 == stored)
            .unwrap_or(Role::Starting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_is_alive_as_long_as_it_beats() {
        let liveness = Liveness::default();
        let of_the_loop = liveness.clone();
        assert!(liveness.is_alive());
        tokio::time::advance(STANDS_STILL - Duration::from_secs(1)).await;
        assert!(liveness.is_alive());
        of_the_loop.beat();
        tokio::time::advance(STANDS_STILL - Duration::from_secs(1)).await;
        assert!(liveness.is_alive(), "the beat counts");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!liveness.is_alive());
        of_the_loop.beat();
        assert!(liveness.is_alive(), "it came back");
    }

    #[test]
    fn every_role_can_be_played() {
        let liveness = Liveness::default();
        assert_eq!(liveness.role(), Role::Starting);
        for role in Role::ALL {
            liveness.set_role(role);
            assert_eq!(liveness.clone().role(), role);
        }
    }
}
