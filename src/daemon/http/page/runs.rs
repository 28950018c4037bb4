//! The run under way, with its progress, and the last ones.

use maud::{Markup, html};

use super::View;
use super::moment::{span, time};
use super::plan::bar;
use super::standing::Standing;
use super::wording::{cause, companies, number, sentence};
use crate::warehouse::status::RunStatus;

/// The run under way.
pub(super) fn current(view: &View) -> Markup {
    let Some(run) = view.running() else {
        return html! {};
    };
    let all = view.standings.len() - view.count(Standing::LeftOut);
    let tried = view
        .companies()
        .filter(|(_, standing)| *standing != Standing::LeftOut)
        .filter(|(company, _)| company.last_try_at.is_some_and(|at| at >= run.started_at))
        .count();
    let reading = view.snapshot.claimed.len();
    html! {
        section aria-labelledby="current" {
            h2 #current { "Run " (run.id) " is under way" }
            dl {
                dt { "began" }
                dd { (time(run.started_at, view.now)) ", " (kind(run)) }
                dt { "companies" }
                dd {
                    (bar(tried as u64, all as u64, "of the companies"))
                    ", " (number(tried)) " of " (companies(all))
                    @if reading > 0 { ", " (number(reading)) " being read" }
                }
                @if let Some(predicted) = run.predicted_requests {
                    dt { "requests expected" }
                    dd { (grouped(predicted)) }
                }
            }
        }
    }
}

/// The last runs.
pub(super) fn last(view: &View) -> Markup {
    let runs = &view.status().runs;
    if runs.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="runs" {
            h2 #runs { "Last runs" }
            div.scroll tabindex="0" role="region" aria-labelledby="runs" {
                table.numbers {
                    caption.hidden { "The last runs, the newest first, with what they asked for and changed" }
                    thead {
                        tr {
                            th scope="col" { "Run" }
                            th scope="col" { "Began" }
                            th scope="col" { "Took" }
                            th scope="col" { "Outcome" }
                            th.number scope="col" { "Requests" }
                            th.number scope="col" { "New" }
                            th.number scope="col" { "Changed" }
                            th.number scope="col" { "Deleted" }
                        }
                    }
                    tbody { @for run in runs { (row(view, run)) } }
                }
            }
        }
    }
}

fn row(view: &View, run: &RunStatus) -> Markup {
    let is_over = run.outcome != "running";
    html! {
        tr {
            th scope="row" { (run.id) }
            td { (time(run.started_at, view.now)) " " small { (kind(run)) } }
            td { @if let Some(end) = run.finished_at { (span(end - run.started_at)) } }
            td {
                span class={ "outcome " (run.outcome) } { (outcome(&run.outcome)) }
                @if let Some(error) = run.error.as_deref().filter(|_| run.outcome != "stopped") {
                    p { (sentence(&cause(error))) }
                }
            }
            @for count in [run.requests, run.rows_inserted, run.rows_updated, run.rows_deleted] {
                td.number { @if is_over { (grouped(count)) } }
            }
        }
    }
}

/// How a run ended, in words.
fn outcome(outcome: &str) -> &str {
    match outcome {
        "ok" => "all well",
        "partial" => "in part",
        "killed" => "process ended",
        other => other,
    }
}

fn kind(run: &RunStatus) -> &str {
    match run.kind.as_str() {
        "scheduled" => "by schedule",
        "sync" => "by hand",
        other => other,
    }
}

fn grouped(count: i64) -> String {
    number(usize::try_from(count).unwrap_or(0))
}
