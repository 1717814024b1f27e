//! Documents that list things, held against the things.

use std::collections::BTreeSet;

use crate::crates::members;
use crate::{none, tree};

#[test]
fn every_direct_dependency_has_its_reason() {
    let ours: BTreeSet<&str> = members().map(|member| member.name.as_str()).collect();
    let used: BTreeSet<&str> = members()
        .flat_map(|member| &member.declared)
        .map(String::as_str)
        .filter(|name| !ours.contains(name))
        .collect();
    let text = tree::read("docs/dependencies.md");
    let listed = rows(&text);
    let names: BTreeSet<&str> = listed.iter().map(|(name, _)| *name).collect();
    let mut broken: Vec<String> = used.difference(&names).map(|name| format!("{name} has no row")).collect();
    broken.extend(names.difference(&used).map(|name| format!("{name} is not used")));
    let silent = listed.iter().filter(|(_, reason)| reason.split_whitespace().count() < 3);
    broken.extend(silent.map(|(name, _)| format!("{name} has no reason")));
    none(broken, "Keep docs/dependencies.md in step: one row a crate, with the reason it was chosen.");
}

/// The rows of Markdown tables whose first cell is `code`: that code, and the last cell.
pub(crate) fn rows(text: &str) -> Vec<(&str, &str)> {
    text.lines()
        .filter_map(|line| {
            let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?;
            let (first, rest) = cells.split_once('|')?;
            let name = first.trim().rsplit_once('[').map_or(first.trim(), |(_, link)| link);
            let name = name.strip_prefix('`')?.split('`').next()?;
            Some((name, rest.rsplit('|').next().unwrap_or(rest).trim()))
        })
        .collect()
}

#[test]
fn every_decision_is_listed_and_whole() {
    let list = tree::read("docs/adr/README.md");
    let mut broken = Vec::new();
    let files = tree::files("docs/adr", ".md");
    let records = files.iter().filter(|file| file.name() != "README.md");
    for (index, file) in records.enumerate() {
        if !file.name().starts_with(&format!("{:04}-", index + 1)) {
            broken.push(format!("{}: expected number {:04}", file.path, index + 1));
        }
        if !list.contains(&format!("({})", file.name())) {
            broken.push(format!("{}: not linked from docs/adr/README.md", file.path));
        }
        for heading in ["## Context", "## Decision", "## Consequences"] {
            if !file.text.lines().any(|line| line == heading) {
                broken.push(format!("{}: lacks `{heading}`", file.path));
            }
        }
    }
    assert!(files.len() > 1, "docs/adr holds no record");
    none(broken, "A decision record has a number, three headings, and a line in the list.");
}

#[test]
fn every_migration_is_explained() {
    let files = tree::files("migrations", ".sql");
    if files.is_empty() {
        return;
    }
    let explained = tree::read("migrations/README.md");
    let broken =
        files.iter().filter(|file| !explained.contains(file.name())).map(|file| file.path.clone()).collect();
    none(broken, "Say in migrations/README.md what each migration does and which step it is.");
}

#[test]
fn rows_are_read_from_tables() {
    let text = "| Crate | Why |\n|---|---|\n| `a` | the reason |\n| [`b`](b.md) | 1 | last |\n`c` | no";
    assert_eq!(rows(text), [("a", "the reason"), ("b", "last")]);
}
