//! What failed and what to do about it, told once per cause; deletions that wait; customers whose access ends.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use maud::{Markup, html};

use super::View;
use super::companies::why;
use super::moment::{seconds, time};
use super::standing::Standing;
use super::wording::{cause, companies, number, remedy, sentence};

/// Companies named of each cause; the table has all of them.
const NAMED: usize = 8;
/// Accesses told that end soon; the table has all of them.
const ENDING: usize = 10;
/// An access that ends so soon is told.
const SOON: TimeDelta = TimeDelta::days(30);

/// Something to care about.
#[derive(Debug, Default)]
struct Card<'c> {
    /// It is no defect.
    is_quiet: bool,
    /// Whose it is.
    companies: Vec<&'c str>,
    /// What could not be read.
    resources: BTreeSet<&'c str>,
}

/// What failed.
pub(super) fn section(view: &View) -> Markup {
    let mut cards: Vec<_> = cards(view).into_iter().collect();
    cards.sort_by_key(|(_, card)| (card.is_quiet, Reverse(card.companies.len())));
    let run = view
        .last_run()
        .filter(|run| matches!(run.outcome.as_str(), "failed" | "killed"));
    let cycle = view.prediction.cycle().flatten();
    let warning = cycle.and_then(|cycle| cycle.warning.as_deref());
    let held = &view.status().held;
    let stale = view.count(Standing::Stale);
    if cards.is_empty() && run.is_none() && warning.is_none() && held.is_empty() && stale == 0 {
        return html! {};
    }
    html! {
        section aria-labelledby="trouble" {
            h2 #trouble { "What to do" }
            ul.cards {
                @if let Some(run) = run {
                    li {
                        h3 {
                            @if run.outcome == "killed" { "The process of the last run ended before it did" }
                            @else { "The last run failed" }
                        }
                        @if let Some(error) = &run.error { p { (sentence(&cause(error))) "." } }
                        @if run.outcome == "killed" {
                            (to_do("nothing: the next run goes on from what was committed; if it happens again, see the log"))
                        } @else {
                            (to_do("`keepnet-etl check` names the cause and the remedy"))
                        }
                    }
                }
                @for ((title, remedy), card) in cards { (card_of(&title, &remedy, &card)) }
                @if stale > 0 {
                    li {
                        h3 {
                            (companies(stale)) " not read for more than "
                            (seconds(view.settings.sync.max_staleness.as_secs()))
                        }
                        (to_do("`keepnet-etl sync --dry-run` shows what is due and how long it takes; `keepnet-etl sync` reads it"))
                    }
                }
                @if !held.is_empty() {
                    li {
                        h3 { "Deletions wait for your decision" }
                        p { "So many rows were gone at once that nothing was marked as deleted." }
                        ul {
                            @for held in held.iter().take(NAMED) {
                                li {
                                    @if held.resource == "companies" { "the list of companies" }
                                    @else { bdi { (view.name(&held.company_id)) } ", " (held.resource.replace('_', " ")) }
                                    @if let (Some(stored), Some(found)) = (held.expected, held.found) {
                                        ": " (count(stored)) " stored, " (count(found)) " still there"
                                    }
                                    ", seen " (time(held.last_seen_at, view.now))
                                }
                            }
                            (more(held.len()))
                        }
                        (to_do("look at it in the vendor's console; if it is right: `keepnet-etl sync --accept-deletions`"))
                    }
                }
                @if let Some(warning) = warning {
                    li { h3 { "A sync takes too long" } p { (sentence(warning)) "." } (to_do("`keepnet-etl sync --dry-run` shows what for")) }
                }
            }
        }
    }
}

/// The companies that are not complete, by cause and remedy.
fn cards<'v>(view: &View<'v>) -> BTreeMap<(String, String), Card<'v>> {
    let mut resources: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for failure in &view.status().failures {
        if failure.verdict != "unsupported" {
            let of = resources.entry(&failure.company_id).or_default();
            of.insert(&failure.resource);
        }
    }
    let mut cards: BTreeMap<(String, String), Card> = BTreeMap::new();
    for (company, standing) in view.companies() {
        if !matches!(standing, Standing::Incomplete | Standing::Denied) {
            continue;
        }
        let verdict = company.verdict.as_deref().unwrap_or_default();
        // Held deletions are told on their own, with their counts.
        if verdict == "held" && !view.status().held.is_empty() {
            continue;
        }
        let remedy = company.remedy.as_deref().unwrap_or(remedy(verdict));
        let card = cards.entry((why(company), remedy.to_owned())).or_default();
        card.is_quiet = standing == Standing::Denied;
        card.companies
            .push(company.name.as_deref().unwrap_or(&company.company_id));
        card.resources.extend(
            resources
                .get(company.company_id.as_str())
                .into_iter()
                .flatten(),
        );
    }
    cards
}

fn card_of(title: &str, remedy: &str, card: &Card) -> Markup {
    html! {
        li.quiet[card.is_quiet] {
            h3 { (sentence(title)) }
            p {
                (companies(card.companies.len()))
                @if !card.is_quiet && !card.resources.is_empty() {
                    " (" (card.resources.iter().copied().collect::<Vec<_>>().join(", ").replace('_', " ")) ")"
                }
            }
            ul.names {
                @for name in card.companies.iter().take(NAMED) { li { bdi { (name) } } }
                (more(card.companies.len()))
            }
            (to_do(remedy))
        }
    }
}

fn more(all: usize) -> Markup {
    html! {
        @if all > NAMED { li { a href="#companies-title" { "and " (number(all - NAMED)) " more" } } }
    }
}

fn count(count: i64) -> String {
    number(usize::try_from(count).unwrap_or(0))
}

/// A remedy; what is between backticks is typed as it is.
pub(super) fn to_do(remedy: &str) -> Markup {
    html! {
        p.to-do {
            span { "To do: " }
            @for (place, part) in remedy.split('`').enumerate() {
                @if place % 2 == 1 { code { (part) } } @else { (part) }
            }
        }
    }
}

/// Customers whose access ends soon, or has just ended.
pub(super) fn access(view: &View) -> Markup {
    let ends_soon = |company: &&_, standing| {
        let company: &crate::warehouse::status::CompanyStatus = company;
        let is_soon = |at| (view.now - SOON..view.now + SOON).contains(&at);
        company.access_until.is_some_and(is_soon) && standing != Standing::Denied
    };
    let mut ending: Vec<_> = view
        .companies()
        .filter(|(company, standing)| ends_soon(company, *standing))
        .filter_map(|(company, _)| Some((company.access_until?, company)))
        .collect();
    if ending.is_empty() {
        return html! {};
    }
    ending.sort_by_key(|(until, company)| (*until, &company.name));
    html! {
        section aria-labelledby="access" {
            h2 #access { "Access ends soon" }
            p.note { "What is stored stays. To go on reading, ask the customer to extend the reseller's access in the vendor's console." }
            table {
                caption.hidden { "Customers whose access ends within 30 days" }
                thead { tr { th scope="col" { "Company" } th scope="col" { "Access ends" } } }
                tbody {
                    @for (until, company) in ending.iter().take(ENDING) {
                        tr {
                            th scope="row" { bdi { (company.name.as_deref().unwrap_or(&company.company_id)) } }
                            td { (time(*until, view.now)) }
                        }
                    }
                }
            }
            @if ending.len() > ENDING {
                p.note.after { a href="#companies-title" { "and " (number(ending.len() - ENDING)) " more" } }
            }
        }
    }
}
