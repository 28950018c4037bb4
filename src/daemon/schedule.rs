//! When a run is due: pure rules over the configured schedules and what is stored of them.
//!
//! One run works at a time. Instants that pass meanwhile, or while nobody is there, are answered together by one run as soon
//! as that is possible; so is a run that was cut short. Every start waits some moments that hang on the account, so that
//! many accounts do not begin at the same second.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::scheduler::{next_ticks, shortest_pause};
use crate::settings::{ScheduleSettings, Settings};
use crate::sync::Extent;
use crate::warehouse::schedules::ScheduleState;

/// A start waits no longer than this …
const LONGEST_JITTER: Duration = Duration::from_mins(5);
/// … and no longer than this part of the pause between two instants.
const JITTER_PART: i32 = 10;

/// Which schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `schedule.sync`
    Sync,
    /// `schedule.full`
    Full,
}

impl Kind {
    /// As settings and `sync.schedules` call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Full => "full",
        }
    }
}

/// A schedule that is not off.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Which one.
    pub kind: Kind,
    /// Six fields, UTC.
    pub cron: String,
    /// How long a start waits.
    pub jitter: TimeDelta,
}

/// The schedules of an account.
#[derive(Debug, Clone)]
pub struct Schedules(Vec<Schedule>);

/// A run that should begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whose instants it answers.
    pub kinds: Vec<Kind>,
    /// How much it reads.
    pub extent: Extent,
    /// When the work that it does, or goes on with, began.
    pub started_at: DateTime<Utc>,
}

impl Due {
    /// The names of the schedules, such as `sync, full`.
    #[must_use]
    pub fn schedules(&self) -> String {
        let names: Vec<&str> = self.kinds.iter().map(|kind| kind.name()).collect();
        names.join(", ")
    }
}

/// The next start of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextRun {
    /// `sync` or `full`.
    pub schedule: &'static str,
    /// When it begins, unless another run is under way then.
    pub at: DateTime<Utc>,
}

impl Schedules {
    /// As configured, for the account of `client_id`.
    #[must_use]
    pub fn new(settings: &ScheduleSettings, client_id: &str, now: DateTime<Utc>) -> Self {
        let configured = [(Kind::Sync, &settings.sync), (Kind::Full, &settings.full)];
        let schedules = configured.into_iter().filter_map(|(kind, cron)| {
            let cron = cron.clone()?;
            Some(Schedule {
                kind,
                jitter: jitter(&cron, client_id, now),
                cron,
            })
        });
        Self(schedules.collect())
    }

    /// Those that are not off.
    pub fn iter(&self) -> impl Iterator<Item = &Schedule> {
        self.0.iter()
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.iter().map(|schedule| schedule.kind.name()).collect()
    }

    /// The run that should begin now, while none is under way. A full one answers the instants of both schedules.
    #[must_use]
    pub fn due(&self, stored: &[ScheduleState], now: DateTime<Utc>) -> Option<Due> {
        let due: Vec<(Kind, Option<&ScheduleState>)> = self
            .iter()
            .map(|schedule| (schedule, of(schedule.kind, stored)))
            .filter(|(schedule, state)| is_due(schedule, *state, now))
            .map(|(schedule, state)| (schedule.kind, state))
            .collect();
        let (_, leading) = due
            .iter()
            .find(|(kind, _)| *kind == Kind::Full)
            .or(due.first())?;
        let kinds: Vec<Kind> = due.iter().map(|(kind, _)| *kind).collect();
        let begun = leading
            .filter(|state| state.is_unfinished())
            .and_then(|state| state.started_at);
        let extent = match begun {
            _ if !kinds.contains(&Kind::Full) => Extent::Due,
            None => Extent::Everything,
            // What it has read since then it need not read again.
            Some(since) => Extent::Backfill {
                since,
                from: None,
                to: None,
            },
        };
        Some(Due {
            kinds,
            extent,
            started_at: begun.unwrap_or(now),
        })
    }

    /// Schedules whose past is of no interest: an account is not read whole because a daemon was started.
    #[must_use]
    pub fn unseen(&self, stored: &[ScheduleState]) -> Vec<Kind> {
        self.iter()
            .map(|schedule| schedule.kind)
            .filter(|kind| *kind == Kind::Full && of(*kind, stored).is_none())
            .collect()
    }

    /// The next `count` starts of each schedule.
    #[must_use]
    pub fn next_runs(
        &self,
        stored: &[ScheduleState],
        now: DateTime<Utc>,
        count: usize,
    ) -> Vec<NextRun> {
        let mut runs = Vec::new();
        for schedule in self.iter() {
            // An instant whose start still waits is the next one.
            let handled = of(schedule.kind, stored).and_then(|state| state.handled_at);
            let from = handled.map_or(now, |at| at.max(now - schedule.jitter));
            let starts = next_ticks(&schedule.cron, from.min(now), count);
            runs.extend(starts.into_iter().map(|tick| NextRun {
                schedule: schedule.kind.name(),
                at: tick + schedule.jitter,
            }));
        }
        runs.sort_by_key(|run| run.at);
        runs
    }
}

/// Starts told of each schedule.
const TOLD: usize = 3;

/// The next starts, as far as settings and what is stored tell. A daemon has to be there for a run to begin.
#[must_use]
pub fn next_runs(
    settings: &Settings,
    stored: &[ScheduleState],
    now: DateTime<Utc>,
) -> Vec<NextRun> {
    let client_id = settings.api.client_id.as_deref().unwrap_or_default();
    Schedules::new(&settings.schedule, client_id, now).next_runs(stored, now, TOLD)
}

fn of(kind: Kind, stored: &[ScheduleState]) -> Option<&ScheduleState> {
    stored.iter().find(|state| state.name == kind.name())
}

fn is_due(schedule: &Schedule, state: Option<&ScheduleState>, now: DateTime<Utc>) -> bool {
    let Some(state) = state else {
        // A warehouse is filled as soon as a daemon is there.
        return schedule.kind == Kind::Sync;
    };
    if state.is_unfinished() {
        return true;
    }
    let Some(handled_at) = state.handled_at else {
        return true;
    };
    next_ticks(&schedule.cron, handled_at, 1)
        .first()
        .is_some_and(|tick| *tick + schedule.jitter <= now)
}

/// How long the starts of an account wait: always the same, and different from those of other accounts.
fn jitter(cron: &str, client_id: &str, now: DateTime<Utc>) -> TimeDelta {
    let longest = TimeDelta::from_std(LONGEST_JITTER).unwrap_or(TimeDelta::zero());
    let bound =
        shortest_pause(cron, now).map_or(longest, |pause| (pause / JITTER_PART).min(longest));
    let bound = u64::try_from(bound.num_milliseconds()).unwrap_or(0).max(1);
    let hash = Sha256::digest(client_id.as_bytes());
    let first = hash
        .iter()
        .take(8)
        .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    TimeDelta::milliseconds(i64::try_from(first % bound).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-07-{text}Z").parse().unwrap()
    }

    fn schedules(sync: Option<&str>, full: Option<&str>, client_id: &str) -> Schedules {
        let settings = ScheduleSettings {
            sync: sync.map(str::to_owned),
            full: full.map(str::to_owned),
        };
        Schedules::new(&settings, client_id, at("01T12:00:00"))
    }

    fn state(name: &str, handled_at: &str, is_finished: bool) -> ScheduleState {
        ScheduleState {
            name: name.to_owned(),
            handled_at: Some(at(handled_at)),
            run_id: None,
            started_at: Some(at(handled_at)),
            finished_at: is_finished.then(|| at(handled_at)),
            outcome: None,
            error: None,
            remedy: None,
        }
    }

    const HOURLY: Option<&str> = Some("0 0 * * * *");
    const NIGHTLY: Option<&str> = Some("0 0 3 * * *");

    #[test]
    fn a_start_waits_as_long_as_its_account_does_and_no_longer_than_is_right() {
        let waits = |cron: &'static str, account: &str| {
            schedules(Some(cron), None, account).0[0]
                .jitter
                .num_milliseconds()
        };
        for (cron, longest) in [
            ("0 0 * * * *", 300_000),
            ("0 0 3 * * *", 300_000),
            ("0 */10 * * * *", 60_000),
            ("* * * * * *", 100),
        ] {
            let all: Vec<i64> = (0..200)
                .map(|n| waits(cron, &format!("account {n}")))
                .collect();
            assert!(all.iter().all(|wait| (0..longest).contains(wait)), "{cron}");
            let (early, late) = (all.iter().min().unwrap(), all.iter().max().unwrap());
            assert!(
                *early < longest / 10 && *late > longest - longest / 10,
                "{cron}"
            );
            assert_eq!(waits(cron, "account 7"), all[7]);
        }
    }

    #[test]
    fn an_instant_is_due_once_its_account_has_waited_and_many_are_one() {
        let hourly = schedules(HOURLY, None, "demo");
        let wait = hourly.0[0].jitter;
        let stored = [state("sync", "01T12:10:00", true)];
        let second = TimeDelta::seconds(1);
        assert_eq!(hourly.due(&stored, at("01T13:00:00") + wait - second), None);
        for later in ["01T13:00:00", "01T23:00:00", "09T08:12:00"] {
            let now = at(later) + wait;
            let due = hourly.due(&stored, now).unwrap();
            assert_eq!(
                (due.kinds, due.extent, due.started_at),
                (vec![Kind::Sync], Extent::Due, now)
            );
        }
    }

    #[test]
    fn a_new_daemon_fills_the_warehouse_but_does_not_read_it_whole() {
        let both = schedules(HOURLY, NIGHTLY, "demo");
        let now = at("01T12:00:00");
        let due = both.due(&[], now).unwrap();
        assert_eq!((due.kinds, due.extent), (vec![Kind::Sync], Extent::Due));
        assert_eq!(both.unseen(&[]), [Kind::Full]);
        assert_eq!(schedules(None, NIGHTLY, "demo").due(&[], now), None);
        assert_eq!(schedules(None, None, "demo").due(&[], now), None);
    }

    #[test]
    fn a_full_run_answers_both_schedules_and_goes_on_where_it_was_cut_short() {
        let both = schedules(HOURLY, NIGHTLY, "demo");
        let now = at("02T03:30:00");
        let stored = [
            state("sync", "02T02:10:00", true),
            state("full", "01T03:10:00", true),
        ];
        let due = both.due(&stored, now).unwrap();
        let kinds = vec![Kind::Sync, Kind::Full];
        assert_eq!(
            (due.kinds, due.extent, due.started_at),
            (kinds, Extent::Everything, now)
        );

        let cut = [
            state("sync", "02T03:10:00", false),
            state("full", "02T03:10:00", false),
        ];
        let due = both.due(&cut, now).unwrap();
        let since = at("02T03:10:00");
        let rest = Extent::Backfill {
            since,
            from: None,
            to: None,
        };
        assert_eq!(
            (due.kinds.len(), due.extent, due.started_at),
            (2, rest, since)
        );
    }

    #[test]
    fn the_next_starts_are_told_the_one_that_waits_first() {
        let hourly = schedules(HOURLY, None, "demo");
        let wait = hourly.0[0].jitter;
        let stored = [state("sync", "01T12:10:00", true)];
        let starts = |now: DateTime<Utc>| -> Vec<DateTime<Utc>> {
            let runs = hourly.next_runs(&stored, now, 2);
            runs.into_iter().map(|run| run.at).collect()
        };
        let expected = [at("01T13:00:00") + wait, at("01T14:00:00") + wait];
        assert_eq!(starts(at("01T12:30:00")), expected);
        assert_eq!(
            starts(at("01T13:00:00") + wait - TimeDelta::seconds(1)),
            expected
        );
    }
}
