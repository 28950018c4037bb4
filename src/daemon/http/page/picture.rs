//! The picture: one square per company, the worst first, coloured by completeness and age.

use std::cmp::Reverse;

use maud::{Markup, html};

use super::View;
use super::moment::relative;
use super::standing::Standing;
use super::wording::{companies, number};

/// How large squares are, by how many there are: up to so many, distance, squares in a row, and the class that gives
/// them their size.
const FIELDS: [(usize, usize, usize, &str); 3] = [
    (40, 28, 20, "large"),
    (240, 18, 40, "medium"),
    (usize::MAX, 12, 60, "small"),
];

/// The picture and its legend.
pub(super) fn section(view: &View) -> Markup {
    if view.standings.is_empty() {
        return html! {};
    }
    let mut sorted: Vec<_> = view.companies().collect();
    sorted.sort_by_key(|(company, standing)| (*standing, company.safe_as_of, &company.name));
    let sorted: Vec<_> = sorted.into_iter().enumerate().collect();
    let (_, pitch, columns, size) = FIELDS
        .into_iter()
        .find(|(up_to, ..)| sorted.len() <= *up_to)
        .unwrap_or(FIELDS[2]);
    let width = sorted.len().min(columns) * pitch;
    let height = sorted.len().div_ceil(columns) * pitch;
    let max_staleness = view.settings.sync.max_staleness;
    let mut present: Vec<_> = Standing::ALL
        .into_iter()
        .map(|standing| (standing, view.count(standing)))
        .filter(|(_, count)| *count > 0)
        .collect();
    present.sort_by_key(|(standing, _)| Reverse(*standing));
    let summary = present
        .iter()
        .map(|(standing, count)| format!("{} {}", number(*count), standing.legend(max_staleness)));
    let summary = summary.collect::<Vec<_>>().join(", ");
    html! {
        section aria-labelledby="freshness" {
            h2 #freshness { "Freshness and completeness" }
            div.picture {
                svg class={ "field " (size) } role="img" aria-labelledby="field-title field-text"
                    viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height) {
                    title #field-title { (companies(sorted.len())) }
                    desc #field-text { (summary) }
                    // Squares of one colour are one group: 2,000 of them weigh less without a class each.
                    @for group in sorted.chunk_by(|(_, (_, one)), (_, (_, other))| one == other) {
                        g class=(group[0].1.1.class()) {
                            @for (place, (company, standing)) in group {
                                rect x=(place % columns * pitch) y=(place / columns * pitch) {
                                    title {
                                        (company.name.as_deref().unwrap_or(&company.company_id)) "\n"
                                        (standing.word())
                                        @if let Some(at) = company.safe_as_of { " " (relative(at, view.now)) }
                                    }
                                }
                            }
                        }
                    }
                }
                ul.legend {
                    @for (standing, count) in present {
                        li {
                            svg.field.key aria-hidden="true" viewBox="0 0 14 14" width="14" height="14" {
                                g class=(standing.class()) { rect x="0" y="0" {} }
                            }
                            span.count { (number(count)) } " "
                            span { (standing.legend(max_staleness)) }
                        }
                    }
                }
            }
        }
    }
}
