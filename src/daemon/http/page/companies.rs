//! The table of companies. It is whole without the script; with it, it can be searched and sorted.

use maud::{Markup, html};

use super::View;
use super::moment::time;
use super::standing::Standing;
use super::wording::{cause, number, verdict};
use crate::warehouse::status::CompanyStatus;

/// The table.
pub(super) fn section(view: &View) -> Markup {
    if view.standings.is_empty() {
        return html! {};
    }
    let mut sorted: Vec<_> = view.companies().collect();
    sorted.sort_by_key(|(_, standing)| (*standing).min(Standing::Current));
    html! {
        section aria-labelledby="companies-title" {
            h2 #companies-title { "Companies" }
            form #search role="search" hidden {
                label for="query" { "Search" }
                input #query type="search" autocomplete="off" spellcheck="false"
                    placeholder="name, id or state" aria-controls="companies";
                output #found for="query" aria-live="polite" {}
            }
            table #companies {
                caption {
                    (number(sorted.len())) " companies, those that need attention first. \"Complete as of\" is the \
                     instant up to which everything of a company is here."
                }
                thead {
                    tr {
                        th scope="col" data-sort="name" { "Company" }
                        th scope="col" data-sort="state" { "State" }
                        th scope="col" data-sort="time" { "Complete as of" }
                        th scope="col" data-sort="time" { "Access until" }
                    }
                }
                tbody {
                    @for (company, standing) in sorted { (row(view, company, standing)) }
                }
            }
        }
    }
}

fn row(view: &View, company: &CompanyStatus, standing: Standing) -> Markup {
    let is_read_now = view.snapshot.claimed.contains(&company.company_id);
    html! {
        tr class=(standing.class()) {
            th scope="row" {
                bdi { (company.name.as_deref().unwrap_or("(no name)")) }
                " " small { (company.company_id) }
                @if matches!(standing, Standing::Incomplete | Standing::Denied) { p { (why(company)) } }
            }
            td {
                (standing.word())
                @if is_read_now { " " em { "reading" } }
            }
            td {
                @if let Some(at) = company.safe_as_of { (time(at, view.now)) } @else { "never" }
            }
            td { @if let Some(at) = company.access_until { (time(at, view.now)) } }
        }
    }
}

/// Why a company is not complete.
pub(super) fn why(company: &CompanyStatus) -> String {
    match company.reason.as_deref() {
        Some(reason) => cause(reason),
        None => verdict(company.verdict.as_deref().unwrap_or_default()).to_owned(),
    }
}
