//! What was received and did not fit: items in quarantine, members without a column, counts that do not agree.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::View;
use super::moment::time;
use super::trouble::to_do;
use super::wording::{counted, number};

/// Members named of each resource; the rest is counted.
const NAMED: usize = 12;

/// What was set aside.
pub(super) fn section(view: &View) -> Markup {
    let status = view.status();
    let quarantined = usize::try_from(status.quarantine.open).unwrap_or(0);
    let disagreeing = status.discrepancies.len();
    if quarantined == 0 && disagreeing == 0 && status.unknown_fields.is_empty() {
        return html! {};
    }
    let mut fields: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for field in &status.unknown_fields {
        fields.entry(&field.resource).or_default().push(field);
    }
    html! {
        section aria-labelledby="aside" {
            h2 #aside { "Set aside" }
            ul.cards {
                @if quarantined > 0 {
                    li {
                        h3 { (counted(quarantined, "item", "items")) " could not be understood" }
                        p { "They are kept as they came; everything around them was loaded." }
                        (to_do("`keepnet-etl quarantine list` shows where and why"))
                    }
                }
                @if disagreeing > 0 {
                    li {
                        h3 { "Counts that do not agree" }
                        p { "Of " (counted(disagreeing, "scope", "scopes")) " the service counts other rows than it shows." }
                        (to_do("`keepnet-etl discrepancy list` shows them; `keepnet-etl discrepancy accept` takes out what you know of"))
                    }
                }
                @for (resource, fields) in fields {
                    li.quiet {
                        h3 { "Unknown fields of " (resource.replace('_', " ")) }
                        p { "The service sends them; they are kept in " code { "extra" } "." }
                        ul.fields {
                            @for field in fields.iter().take(NAMED) {
                                li {
                                    code { (field.json_path) } " "
                                    small { (field.json_type) ", first seen " (time(field.first_seen_at, view.now)) }
                                }
                            }
                            @if fields.len() > NAMED { li { "and " (number(fields.len() - NAMED)) " more" } }
                        }
                    }
                }
            }
        }
    }
}
