//! The gauges that come from the database.

use chrono::{DateTime, Utc};
use prometheus_client::registry::Registry;
use sqlx::PgPool;

use super::description::{self, Description, FRESHNESS, Label};
use super::{Labels, gauges, set, timestamp};
use crate::api::DATE_CONTRADICTION;
use crate::extract::users::UNKNOWN_WORD;
use crate::settings::Settings;
use crate::warehouse::gauges::{self as warehouse, Snapshot};

/// How long before its end a customer's access counts as ending.
const ENDING_WITHIN_DAYS: i32 = 30;
/// For how long something unknown that was seen once is counted.
const UNKNOWN_FOR_DAYS: i32 = 7;
/// What the reason of a company holds that was stopped because of its dates.
const DATES_CONTRADICT: &str = "contradict the account's date format";

/// What the database says.
pub(super) struct Stored {
    snapshot: Snapshot,
    cycle_seconds: Option<f64>,
}

/// Reads it.
pub(super) async fn read(
    pool: &PgPool,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<Stored, sqlx::Error> {
    let asked = warehouse::Asked {
        now,
        include: &settings.sync.companies_include,
        exclude: &settings.sync.companies_exclude,
        max_staleness: settings.sync.max_staleness,
        ending_within_days: ENDING_WITHIN_DAYS,
        date_contradiction: DATE_CONTRADICTION,
        dates_contradict: DATES_CONTRADICT,
        unknown_word: UNKNOWN_WORD,
        unknown_for_days: UNKNOWN_FOR_DAYS,
    };
    let snapshot = warehouse::read(pool, &asked).await?;
    let configured = settings.api.max_requests_per_second;
    let rate = if configured > 0.0 {
        Some(configured)
    } else {
        snapshot.measured_rate.filter(|rate| *rate > 0.0)
    };
    let predicted = snapshot.predicted_requests.map(|requests| requests as f64);
    let cycle_seconds = predicted.zip(rate).map(|(requests, rate)| requests / rate);
    Ok(Stored {
        snapshot,
        cycle_seconds,
    })
}

impl Stored {
    /// Adds its gauges.
    pub(super) fn register(&self, to: &mut Registry, now: DateTime<Utc>) {
        let snapshot = &self.snapshot;
        let mut single = |what: &Description, value: f64| set(&gauges(to, what), value);
        single(&description::DAILY_USED, snapshot.requests_today as f64);
        let oldest = snapshot.oldest_seconds.unwrap_or(0.0);
        single(&description::FRESHNESS_OLDEST, oldest);
        let typical = snapshot.typical_seconds.unwrap_or(0.0);
        single(&description::FRESHNESS_TYPICAL, typical);
        single(
            &description::COMPANIES_STALE,
            snapshot.companies_stale as f64,
        );
        single(&description::ACCESS_ENDING, snapshot.access_ending as f64);
        let started = snapshot.run_started_at.map_or(0.0, timestamp);
        single(&description::RUN_STARTED, started);
        single(&description::RUNS_UNDER_WAY, snapshot.runs_under_way as f64);
        if let Some(seconds) = self.cycle_seconds {
            single(&description::CYCLE, seconds);
        }
        single(&description::HELD, snapshot.held as f64);
        let held_for = |since: DateTime<Utc>| (now - since).num_seconds().max(0) as f64;
        let held_for = snapshot.held_since.map_or(0.0, held_for);
        single(&description::HELD_OLDEST, held_for);
        single(&description::QUARANTINE, snapshot.quarantine as f64);
        let contradictions = snapshot.date_contradictions as f64;
        single(&description::DATE_CONTRADICTIONS, contradictions);
        single(&description::DISCREPANCIES, snapshot.discrepancies as f64);
        single(&description::UNKNOWN_FIELDS, snapshot.unknown_fields as f64);
        let words = snapshot.unknown_status_words as f64;
        single(&description::UNKNOWN_STATUS_WORDS, words);

        let known = |label: Label, word: &str| label.values().into_iter().find(|v| *v == word);
        let verdicts = gauges(to, &description::COMPANIES);
        for (word, count) in &snapshot.verdicts {
            if let Some(word) = known(Label::Verdict, word) {
                let labels: Labels = vec![(Label::Verdict.key(), word)];
                verdicts.get_or_create(&labels).set(*count as f64);
            }
        }
        let ages = gauges(to, &description::COMPANIES_BY_FRESHNESS);
        for age in &snapshot.ages {
            let labels: Labels = vec![(Label::Freshness.key(), freshness(*age))];
            ages.get_or_create(&labels).inc();
        }
        let finished = gauges(to, &description::RUN_FINISHED);
        for (kind, outcome, at) in &snapshot.runs_finished {
            if let (Some(kind), Some(outcome)) = (
                known(Label::RunKind, kind),
                known(Label::RunOutcome, outcome),
            ) {
                let labels: Labels = vec![
                    (Label::RunKind.key(), kind),
                    (Label::RunOutcome.key(), outcome),
                ];
                finished.get_or_create(&labels).set(timestamp(*at));
            }
        }
    }
}

/// The word for the age of a company's data; none: it was never complete.
fn freshness(age: Option<f64>) -> &'static str {
    let never = FRESHNESS[FRESHNESS.len() - 1].0;
    age.map_or(never, |age| {
        let within = FRESHNESS.iter().find(|(_, seconds)| age < *seconds);
        within.map_or(never, |(word, _)| *word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_that_was_stopped_because_of_its_dates_says_so_in_its_reason() {
        let error = crate::extract::PullError::DateContradiction("$.x".to_owned());
        assert!(error.to_string().contains(DATES_CONTRADICT));
    }

    #[test]
    fn every_age_has_one_word() {
        for (age, word) in [
            (Some(0.0), "under_1h"),
            (Some(3_600.0), "under_6h"),
            (Some(86_399.0), "under_24h"),
            (Some(86_400.0), "under_72h"),
            (Some(9_999_999.0), "older"),
            (None, "never"),
        ] {
            assert_eq!(freshness(age), word);
        }
    }
}
