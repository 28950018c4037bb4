//! The text format of Prometheus, read back without the library that wrote it.

use std::collections::{BTreeMap, BTreeSet};

/// A scrape.
#[derive(Debug, Default)]
pub struct Exposition {
    /// Kind by metric.
    pub kinds: BTreeMap<String, String>,
    /// Help by metric.
    pub help: BTreeMap<String, String>,
    samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

impl Exposition {
    /// Reads it; a line that cannot be read fails the test.
    pub fn read(text: &str) -> Self {
        let mut read = Self::default();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                let before = read.kinds.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "{name} is there twice");
            } else if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                read.help.insert(name.to_owned(), help.to_owned());
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
                let labels = labels.strip_suffix('}').unwrap();
                // No label of this program holds a comma or a quotation mark.
                let labels = labels.split(',').filter(|label| !label.is_empty());
                let labels = labels.map(|label| {
                    let (key, value) = label.split_once('=').unwrap();
                    (key.to_owned(), value.trim_matches('"').to_owned())
                });
                let value = value.parse().unwrap();
                read.samples
                    .push((name.to_owned(), labels.collect(), value));
            }
        }
        read
    }

    /// Names of samples, each with the keys of its labels.
    pub fn shapes(&self) -> BTreeSet<String> {
        let samples = self.samples.iter();
        samples
            .map(|(name, labels, _)| {
                let keys: Vec<&str> = labels.keys().map(String::as_str).collect();
                format!("{name}{{{}}}", keys.join(","))
            })
            .collect()
    }

    /// The values of a label.
    pub fn values(&self, key: &str) -> BTreeSet<String> {
        let labels = self
            .samples
            .iter()
            .filter_map(|(_, labels, _)| labels.get(key));
        labels.cloned().collect()
    }

    /// The sum of the samples with these labels; none when there are none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut sum = None;
        for (known, has, value) in &self.samples {
            let fits = |(key, value): &(&str, &str)| has.get(*key).is_some_and(|has| has == value);
            if known == name && labels.iter().all(fits) {
                *sum.get_or_insert(0.0) += value;
            }
        }
        sum
    }
}
