//! `docs/metrics.md`, made of the descriptions.

use std::fmt::Write as _;

use super::description::{ALL, Description, Kind, Label, Source};

/// The text of `docs/metrics.md`.
#[must_use]
pub fn document() -> String {
    let mut out = String::from(
        "# Metrics\n\n\
         `keepnet-etl run` serves these at `/metrics`, in the text format of Prometheus. This page is made of the\n\
         program's own descriptions; a test compares it with them. Alerts on them are in `ops/prometheus-rules.yml`, a\n\
         dashboard is in `ops/grafana-dashboard.json`, and what to do is in [operations.md](operations.md).\n\n\
         Every counter is there from the start, at zero, with every value of its labels. No label holds an id, a URL or\n\
         a message. Ages are counted at the time of the scrape.\n",
    );
    for (source, title) in [
        (
            Source::Process,
            "What this process does\n\nCounters start again at zero with the process.",
        ),
        (
            Source::Database,
            "What the database says\n\nThe same whichever instance is asked; missing while the database is away.",
        ),
    ] {
        let _ = writeln!(
            out,
            "\n## {title}\n\n| metric | kind | labels | what it says |\n|---|---|---|---|"
        );
        for one in ALL.iter().filter(|one| one.source == source) {
            let _ = writeln!(out, "{}", row(one));
        }
    }
    out.push_str("\n## Labels\n\n| label | values |\n|---|---|\n");
    for (label, of) in [
        (Label::Endpoint, ""),
        (Label::StatusClass, ""),
        (Label::ErrorKind, ""),
        (Label::Resource, ""),
        (Label::Effect, ""),
        (Label::RunKind, ""),
        (Label::RunOutcome, " of runs"),
        (Label::TokenOutcome, " of token requests"),
        (Label::Verdict, ""),
        (Label::Freshness, ""),
    ] {
        let values = label.values().join("` `");
        let _ = writeln!(out, "| `{}`{of} | `{values}` |", label.key());
    }
    out
}

fn row(one: &Description) -> String {
    let kind = match one.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    };
    let labels: Vec<String> = (one.labels.iter())
        .map(|label| format!("`{}`", label.key()))
        .collect();
    let labels = labels.join(", ");
    format!("| `{}` | {kind} | {labels} | {} |", one.name, one.help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_the_descriptions_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        if written != document() {
            std::fs::write(path, document()).unwrap();
            panic!("docs/metrics.md was stale and is written anew: look at it and commit it");
        }
    }
}
