//! The alerts and the dashboard speak of metrics that exist, and every alert has its chapter.

use std::collections::BTreeSet;
use std::path::Path;

use keepnet_etl::metrics::description::{ALL, Kind};
use serde_json::Value;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names in a text that begin like those of this program.
fn names(text: &str) -> BTreeSet<String> {
    let starts = text
        .match_indices("keepnet_etl_")
        .map(|(at, _)| &text[at..]);
    starts
        .map(|rest| {
            let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            rest.chars().take_while(|c| is_part(*c)).collect()
        })
        .collect()
}

fn exists(name: &str) -> bool {
    ALL.iter().any(|one| match one.kind {
        Kind::Histogram(_) => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|part| name.strip_suffix(part) == Some(one.name)),
        Kind::Counter | Kind::Gauge => one.name == name,
    })
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars()
        .filter(|c| c.is_alphanumeric() || *c == '-')
        .collect()
}

#[test]
fn every_metric_of_the_alerts_and_of_the_dashboard_exists() {
    for path in ["ops/prometheus-rules.yml", "ops/grafana-dashboard.json"] {
        let text = read(path);
        let used = names(&text);
        assert!(used.len() > 10, "{path}");
        for name in used {
            assert!(exists(&name), "{path} speaks of {name}");
        }
    }
}

#[test]
fn every_alert_has_a_summary_and_a_chapter_on_what_to_do() {
    let chapters: BTreeSet<String> = read("docs/operations.md")
        .lines()
        .filter_map(|line| line.strip_prefix("### ").map(anchor))
        .collect();
    let rules = read("ops/prometheus-rules.yml");
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() >= 12, "{}", alerts.len());
    let mut linked = BTreeSet::new();
    for alert in alerts {
        let name = alert.lines().next().unwrap();
        assert!(alert.contains("summary: "), "{name} has no summary");
        let link = alert.split("docs/operations.md#").nth(1);
        let link = link.and_then(|rest| rest.split_whitespace().next());
        let link = link.unwrap_or_else(|| panic!("{name} has no runbook"));
        assert_eq!(link, anchor(name), "{name}");
        assert!(chapters.contains(link), "{name}: no chapter {link}");
        linked.insert(link.to_owned());
    }
    for chapter in chapters
        .iter()
        .filter(|chapter| chapter.starts_with("keepnetetl"))
    {
        assert!(linked.contains(chapter), "no alert leads to {chapter}");
    }
}

#[test]
fn the_dashboard_asks_a_source_that_its_reader_chooses() {
    let dashboard: Value = serde_json::from_str(&read("ops/grafana-dashboard.json")).unwrap();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36);
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert_eq!(variables[0]["type"], "datasource");
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
        let targets = panel["targets"].as_array().unwrap();
        assert!(targets.iter().all(|one| one["expr"].is_string()), "{panel}");
    }
    assert!(panels.len() >= 10);
}
