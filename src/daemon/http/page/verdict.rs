//! The overall verdict, in one sentence.

use maud::{Markup, html};

use super::View;
use super::moment::{seconds, span, time};
use super::standing::Standing;
use super::wording::{cause, companies, counted, list, number, sentence};
use crate::daemon::document::next_runs;
use crate::daemon::liveness::Role;

/// How it stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing is there yet.
    Empty,
    /// The first load is under way.
    Loading,
    /// Nobody has to care.
    Well,
    /// Somebody has to.
    Trouble,
}

impl Tone {
    /// The class of the stylesheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Loading => "loading",
            Self::Well => "well",
            Self::Trouble => "trouble",
        }
    }
}

/// The verdict.
#[derive(Debug)]
pub(super) struct Verdict {
    /// How it stands.
    pub(super) tone: Tone,
    /// A word or two, for the browser's tab.
    pub(super) title: String,
    /// The one sentence.
    pub(super) sentence: String,
    /// What belongs to it.
    pub(super) details: Vec<Markup>,
}

impl Verdict {
    /// The verdict on what is to be seen.
    pub(super) fn of(view: &View) -> Self {
        let status = view.status();
        if status.companies.is_empty() && view.running().is_none() && view.last_run().is_none() {
            return Self::nothing_yet(view);
        }
        let trouble = trouble(view);
        if let Some(run) = view.running().filter(|_| is_first_load(view)) {
            let all = view.standings.len() - view.count(Standing::LeftOut);
            let read = view
                .companies()
                .filter(|(_, standing)| !matches!(standing, Standing::Unread | Standing::LeftOut))
                .count();
            let sentence = match all {
                0 => "The first load is under way: the companies are being listed.".to_owned(),
                _ => format!(
                    "The first load is under way: {} of {} read.",
                    number(read),
                    companies(all)
                ),
            };
            return Self {
                tone: Tone::Loading,
                title: "loading".to_owned(),
                sentence,
                details: vec![html! { "It began " (time(run.started_at, view.now)) "." }],
            };
        }
        if trouble.is_empty() {
            return Self::well(view);
        }
        Self {
            tone: Tone::Trouble,
            title: "attention".to_owned(),
            sentence: format!("{}.", sentence(&list(&trouble))),
            details: vec![state_of_all(view), next(view)],
        }
    }

    /// The database has not got the schema.
    pub(super) fn schema_missing() -> Self {
        Self {
            tone: Tone::Empty,
            title: "no schema".to_owned(),
            sentence: "The database does not have this version's schema yet.".to_owned(),
            details: vec![html! { "To do: " code { "keepnet-etl migrate" } }],
        }
    }

    /// The database does not answer.
    pub(super) fn unreachable() -> Self {
        Self {
            tone: Tone::Trouble,
            title: "no database".to_owned(),
            sentence: "The database does not answer, so there is nothing to show.".to_owned(),
            details: vec![html! { "To do: " code { "keepnet-etl check --quick" } " says why." }],
        }
    }

    fn nothing_yet(view: &View) -> Self {
        let remedy = html! { code { "keepnet-etl sync" } " begins at once." };
        Self {
            tone: Tone::Empty,
            title: "empty".to_owned(),
            sentence: "Nothing has been read yet.".to_owned(),
            details: vec![next(view), remedy],
        }
    }

    fn well(view: &View) -> Self {
        let denied = view.count(Standing::Denied);
        let all = view.standings.len() - view.count(Standing::LeftOut);
        let sentence = if denied == 0 {
            format!("All is well: {} complete.", are(all))
        } else {
            let denied = counted(denied, "customer denies", "customers deny");
            format!(
                "All is well: {} of {} complete, {denied} access.",
                number(view.standings.iter().filter(|it| it.is_well()).count()),
                companies(all),
            )
        };
        let oldest = view.status().companies.iter().zip(&view.standings);
        let oldest = oldest.filter(|(_, standing)| standing.is_well());
        let oldest = oldest.filter_map(|(company, _)| company.safe_as_of).min();
        let oldest = oldest.map(|at| {
            html! { "The oldest was complete " (time(at, view.now)) "; " (promise(view)) " are promised." }
        });
        Self {
            tone: Tone::Well,
            title: "well".to_owned(),
            sentence,
            details: oldest.into_iter().chain([next(view)]).collect(),
        }
    }
}

/// `the one company is`, `all 12 companies are`
fn are(all: usize) -> String {
    match all {
        1 => "the one company is".to_owned(),
        all => format!("all {} are", companies(all)),
    }
}

fn promise(view: &View) -> String {
    seconds(view.settings.sync.max_staleness.as_secs())
}

/// Whether nothing but the run under way has loaded anything yet.
fn is_first_load(view: &View) -> bool {
    let status = view.status();
    let has_finished = |outcome: &str| matches!(outcome, "ok" | "partial");
    view.running().is_some()
        && !status.runs.iter().any(|run| has_finished(&run.outcome))
        && (status.companies.is_empty() || view.count(Standing::Unread) > 0)
}

/// What somebody has to care about, each as a part of one sentence.
fn trouble(view: &View) -> Vec<String> {
    let mut parts = Vec::new();
    match view.last_run() {
        Some(run) if run.outcome == "failed" => {
            let why = run.error.as_deref().map(cause);
            parts.push(why.map_or_else(
                || "the last run failed".to_owned(),
                |why| format!("the last run failed because {why}"),
            ));
        }
        Some(run) if run.outcome == "killed" => {
            parts.push("the last run ended with its process".to_owned());
        }
        _ => {}
    }
    let older = format!("older than {}", promise(view));
    let standings = [
        (Standing::Incomplete, "is", "are", "incomplete"),
        (Standing::Stale, "is", "are", older.as_str()),
        (Standing::Unread, "was", "were", "never read"),
    ];
    let mut of_all = format!(" of {}", companies(view.standings.len()));
    for (standing, one, many, how) in standings {
        let count = view.count(standing);
        if count > 0 {
            let verb = if count == 1 { one } else { many };
            // Said once, at the first of them.
            let of_all = std::mem::take(&mut of_all);
            parts.push(format!("{}{of_all} {verb} {how}", number(count)));
        }
    }
    match view.status().held.len() {
        0 => {}
        count => {
            let places = counted(count, "place", "places");
            parts.push(format!("deletions in {places} wait for your decision"));
        }
    }
    if let Some(Some(cycle)) = view.prediction.cycle()
        && cycle.warning.is_some()
    {
        let takes = cycle.seconds.map_or_else(String::new, seconds);
        parts.push(format!("a sync takes too long ({takes})"));
    }
    parts
}

fn state_of_all(view: &View) -> Markup {
    let well = view.standings.iter().filter(|it| it.is_well()).count();
    let all = view.standings.len();
    html! { (number(well)) " of " (companies(all)) " complete and younger than " (promise(view)) "." }
}

/// When it goes on.
fn next(view: &View) -> Markup {
    let next = next_runs(&view.settings.schedule, view.now)
        .into_iter()
        .next();
    html! {
        @if let Some(run) = view.running() {
            "A run is under way since " (span(view.now - run.started_at)) "."
        } @else if view.role == Role::Standby {
            "Another instance keeps the schedule; this one takes over when that is gone."
        } @else if let Some(next) = next {
            "The next run begins " (time(next.at, view.now)) "."
        } @else {
            "No schedule is set (schedule.sync, schedule.full): runs begin by hand."
        }
    }
}
