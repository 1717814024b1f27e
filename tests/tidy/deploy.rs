//! The dashboard and the alerts, held against the metrics that there are.

use std::collections::BTreeSet;

use crate::{none, tree};

const WATCHERS: &[&str] = &["deploy/grafana/credit-ledger.json", "deploy/prometheus/alerts.yml"];

/// What Prometheus appends to the name of a histogram.
const SUFFIXES: &[&str] = &["_bucket", "_count", "_sum"];

#[test]
fn every_metric_that_is_watched_exists() {
    let known: BTreeSet<String> =
        tree::files("src", ".rs").iter().flat_map(|file| names(&file.text)).collect();
    let mut broken = Vec::new();
    for file in WATCHERS {
        for name in names(&tree::read(file)) {
            let base = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
            if !known.contains(&name) && !known.contains(base) {
                broken.push(format!("{file}: {name}"));
            }
        }
    }
    none(broken, "Nothing in src/ counts these: mend the name, or take it out of the dashboard or alert.");
}

/// The names of our metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let starts = text.match_indices("credit_ledger_").map(|(at, _)| &text[at..]);
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    starts.map(name).collect()
}
