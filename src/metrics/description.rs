//! Every metric, described once: name, kind, labels, help. What is recorded, what `/metrics` says, and
//! `docs/metrics.md` come from here.

use crate::api::ApiErrorKind;
use crate::api::endpoint::Endpoint;
use crate::resource::Resource;
use crate::verdict::Verdict;

/// A metric.
#[derive(Debug)]
pub struct Description {
    /// Its name; a counter's ends with `_total`.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// Where its values come from.
    pub source: Source,
    /// Its labels.
    pub labels: &'static [Label],
    /// What it says, as a sentence.
    pub help: &'static str,
}

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only grows, from zero at the start of the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Observations, counted by these upper bounds.
    Histogram(&'static [f64]),
}

/// Where values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From what this process does.
    Process,
    /// From the database, at the time of the scrape: the same whichever process is asked.
    Database,
}

/// A label. Its values are a closed set: never an id, a URL or a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Route template of a request.
    Endpoint,
    /// First digit of the HTTP status.
    StatusClass,
    /// Why a request failed.
    ErrorKind,
    /// What is pulled.
    Resource,
    /// What became of a row.
    Effect,
    /// What began a run.
    RunKind,
    /// How a run ended.
    RunOutcome,
    /// How a token request ended.
    TokenOutcome,
    /// How a company stands.
    Verdict,
    /// How old a company's data is.
    Freshness,
}

impl Label {
    /// Its key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::StatusClass => "status_class",
            Self::ErrorKind => "error_kind",
            Self::Resource => "resource",
            Self::Effect => "effect",
            Self::RunKind => "kind",
            Self::RunOutcome | Self::TokenOutcome => "outcome",
            Self::Verdict => "verdict",
            Self::Freshness => "freshness",
        }
    }

    /// Its values.
    #[must_use]
    pub fn values(self) -> Vec<&'static str> {
        match self {
            Self::Endpoint => Endpoint::ALL.map(Endpoint::route).to_vec(),
            Self::StatusClass => STATUS_CLASSES.to_vec(),
            Self::ErrorKind => ApiErrorKind::WORDS.to_vec(),
            Self::Resource => Resource::ALL.map(Resource::name).to_vec(),
            Self::Effect => EFFECTS.to_vec(),
            Self::RunKind => RUN_KINDS.to_vec(),
            Self::RunOutcome => RUN_OUTCOMES.to_vec(),
            Self::TokenOutcome => TOKEN_OUTCOMES.to_vec(),
            Self::Verdict => {
                let mut words = Verdict::ALL.map(Verdict::name).to_vec();
                words.push(NOT_TRIED);
                words
            }
            Self::Freshness => FRESHNESS.map(|(word, _)| word).to_vec(),
        }
    }
}

/// Of HTTP statuses; `none` when there was no answer.
pub const STATUS_CLASSES: [&str; 5] = ["2xx", "3xx", "4xx", "5xx", "none"];
/// What becomes of a row; `held` counts scopes whose deletions wait.
pub const EFFECTS: [&str; 5] = ["inserted", "updated", "unchanged", "deleted", "held"];
/// As in `sync.runs`.
pub const RUN_KINDS: [&str; 3] = ["sync", "backfill", "scheduled"];
/// As in `sync.runs`.
pub const RUN_OUTCOMES: [&str; 4] = ["ok", "partial", "failed", "stopped"];
/// How a token request ended.
pub const TOKEN_OUTCOMES: [&str; 3] = ["ok", "refused", "failed"];
/// The verdict on a company that no run has tried.
pub const NOT_TRIED: &str = "not_tried";
/// Ages of a company's data, each up to so many seconds; `never` is what was never complete.
pub const FRESHNESS: [(&str, f64); 6] = [
    ("under_1h", 3_600.0),
    ("under_6h", 21_600.0),
    ("under_24h", 86_400.0),
    ("under_72h", 259_200.0),
    ("older", f64::INFINITY),
    ("never", f64::NAN),
];

/// From a quick answer to the default of `api.timeout`.
const REQUEST_BOUNDS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 100.0];
/// From a small batch to one that waits for another process.
const COMMIT_BOUNDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

const fn process(
    name: &'static str,
    kind: Kind,
    labels: &'static [Label],
    help: &'static str,
) -> Description {
    Description {
        name,
        kind,
        source: Source::Process,
        labels,
        help,
    }
}

const fn stored(name: &'static str, labels: &'static [Label], help: &'static str) -> Description {
    Description {
        name,
        kind: Kind::Gauge,
        source: Source::Database,
        labels,
        help,
    }
}

macro_rules! descriptions {
    ($($(#[$doc:meta])* $constant:ident = $description:expr;)*) => {
        $($(#[$doc])* pub const $constant: Description = $description;)*

        /// All metrics, in the order in which they are shown.
        pub const ALL: &[Description] = &[$($constant),*];
    };
}

descriptions! {
    /// Requests.
    REQUESTS = process("keepnet_etl_requests_total", Kind::Counter, &[Label::Endpoint, Label::StatusClass],
        "Requests sent to the service, repetitions and token requests included");
    /// Their duration.
    REQUEST_DURATION = process("keepnet_etl_request_duration_seconds", Kind::Histogram(REQUEST_BOUNDS), &[Label::Endpoint],
        "Time from sending a request to the beginning of its answer");
    /// Repetitions.
    RETRIES = process("keepnet_etl_request_retries_total", Kind::Counter, &[Label::ErrorKind],
        "Requests that failed and were sent again, by reason");
    /// Requests given up.
    FAILURES = process("keepnet_etl_request_failures_total", Kind::Counter, &[Label::ErrorKind],
        "Requests that failed and were given up, by reason");
    /// Token requests.
    TOKENS = process("keepnet_etl_token_requests_total", Kind::Counter, &[Label::TokenOutcome],
        "Exchanges of the credentials for a token");
    /// Whether the credentials are wrong.
    CREDENTIALS_REFUSED = process("keepnet_etl_credentials_refused", Kind::Gauge, &[],
        "1 when the service refused client id or secret at the last exchange");
    /// Requests at once.
    CONCURRENCY = process("keepnet_etl_request_concurrency", Kind::Gauge, &[],
        "Requests that may be under way at once, at present");
    /// Requests per second.
    RATE = process("keepnet_etl_request_rate_per_second", Kind::Gauge, &[],
        "Requests that may be started per second, 0 for no limit (api.max_requests_per_second)");
    /// The gate.
    GATE = process("keepnet_etl_gate_closed_until_timestamp_seconds", Kind::Gauge, &[],
        "Until when no request is sent because the service asked for a pause; in the past when the gate is open, 0 when it never closed");
    /// Rows.
    ROWS = process("keepnet_etl_rows_total", Kind::Counter, &[Label::Resource, Label::Effect],
        "Rows by what became of them; `held` counts listings whose deletions wait for the operator");
    /// Batches.
    BATCHES = process("keepnet_etl_batches_total", Kind::Counter, &[],
        "Transactions that loaded rows");
    /// How long they take.
    COMMIT_DURATION = process("keepnet_etl_commit_duration_seconds", Kind::Histogram(COMMIT_BOUNDS), &[],
        "Time that loading one batch took, with its commit");
    /// Runs that ended.
    RUNS = process("keepnet_etl_runs_total", Kind::Counter, &[Label::RunKind, Label::RunOutcome],
        "Runs that this process ended");
    /// Who schedules.
    INSTANCE_ACTIVE = process("keepnet_etl_instance_active", Kind::Gauge, &[],
        "1 when this instance holds the schedule, 0 when it stands by");
    /// The setting.
    MAX_STALENESS = process("keepnet_etl_max_staleness_seconds", Kind::Gauge, &[],
        "Oldest age that rows of open enrollments may have (sync.max_staleness)");
    /// The setting.
    SCHEDULE = process("keepnet_etl_schedule_seconds", Kind::Gauge, &[],
        "Shortest pause between two ticks of schedule.sync; 0 when it is off");
    /// The setting.
    DAILY_LIMIT = process("keepnet_etl_daily_requests_limit", Kind::Gauge, &[],
        "Requests allowed per UTC day (api.daily_requests); 0 for no limit");
    /// Whether the database answers.
    DATABASE_UP = process("keepnet_etl_database_up", Kind::Gauge, &[],
        "1 when the database answered this scrape; else every metric that comes from it is missing");
    /// Requests of the day.
    DAILY_USED = stored("keepnet_etl_daily_requests_used", &[],
        "Requests sent this UTC day by all processes; counted when api.daily_requests is set");
    /// The oldest company.
    FRESHNESS_OLDEST = stored("keepnet_etl_freshness_oldest_seconds", &[],
        "Age of the data of the company that was complete longest ago; of one that never was, the time since it was first seen");
    /// The one in the middle.
    FRESHNESS_TYPICAL = stored("keepnet_etl_freshness_typical_seconds", &[],
        "The same for the company in the middle");
    /// Companies by age.
    COMPANIES_BY_FRESHNESS = stored("keepnet_etl_companies_by_freshness", &[Label::Freshness],
        "Companies by the time since all of their data was complete, forbidden ones left out");
    /// Companies by verdict.
    COMPANIES = stored("keepnet_etl_companies", &[Label::Verdict],
        "Companies by how the last try went");
    /// Companies that are too old.
    COMPANIES_STALE = stored("keepnet_etl_companies_stale", &[],
        "Companies whose data is older than sync.max_staleness, forbidden ones left out");
    /// Companies whose access ends.
    ACCESS_ENDING = stored("keepnet_etl_companies_access_ending", &[],
        "Companies whose access ends within 30 days");
    /// When runs ended.
    RUN_FINISHED = stored("keepnet_etl_run_finished_timestamp_seconds", &[Label::RunKind, Label::RunOutcome],
        "When the last run of this kind and outcome ended; 0 when there is none");
    /// When the present one began.
    RUN_STARTED = stored("keepnet_etl_run_started_timestamp_seconds", &[],
        "When the run that is under way began, the oldest if there are several; 0 when there is none");
    /// Runs under way.
    RUNS_UNDER_WAY = stored("keepnet_etl_runs_under_way", &[],
        "Runs that are under way");
    /// The cycle.
    CYCLE = stored("keepnet_etl_cycle_predicted_seconds", &[],
        "How long the last sync was expected to take when it began; missing before there was one");
    /// Held deletions.
    HELD = stored("keepnet_etl_deletions_held", &[],
        "Listings whose deletions wait for the operator");
    /// Their age.
    HELD_OLDEST = stored("keepnet_etl_deletions_held_oldest_seconds", &[],
        "For how long the oldest of them has been waiting; 0 when there is none");
    /// Quarantine.
    QUARANTINE = stored("keepnet_etl_quarantine_items", &[],
        "Received items that could not be understood and are unresolved");
    /// Dates of the other order.
    DATE_CONTRADICTIONS = stored("keepnet_etl_date_contradictions", &[],
        "Unresolved items and companies whose dates contradict the account's date format");
    /// Discrepancies.
    DISCREPANCIES = stored("keepnet_etl_discrepancies", &[],
        "Counts that do not agree and are not accepted");
    /// Unknown members.
    UNKNOWN_FIELDS = stored("keepnet_etl_unknown_fields", &[],
        "Members that no column takes, seen in the last 7 days");
    /// Unknown words.
    UNKNOWN_STATUS_WORDS = stored("keepnet_etl_unknown_status_words", &[],
        "Status words of users that this version does not know, seen in the last 7 days");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_program_noun_and_unit_and_only_counters_end_with_total() {
        let mut names = Vec::new();
        for one in ALL {
            assert!(one.name.starts_with("keepnet_etl_"), "{}", one.name);
            let is_counter = one.kind == Kind::Counter;
            assert_eq!(one.name.ends_with("_total"), is_counter, "{}", one.name);
            assert!(!one.help.ends_with('.'), "{}", one.name);
            names.push(one.name);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
