//! Links between documents lead somewhere, inside this checkout.

use std::path::Path;

use crate::{none, tree};

#[test]
fn links_lead_to_files() {
    let mut broken = Vec::new();
    for file in tree::files("", ".md") {
        for target in links(&file.text) {
            if let Err(complaint) = follow(&file.path, &target) {
                broken.push(format!("{}: ({target}) {complaint}", file.path));
            }
        }
    }
    none(broken, "Mend these links; write them relative to the document.");
}

/// Whether the link of this document leads to a file, and if it names a heading, to that one.
fn follow(document: &str, target: &str) -> Result<(), &'static str> {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    if path.starts_with('/') {
        return Err("is absolute");
    }
    let document = tree::root().join(document);
    let found =
        if path.is_empty() { document } else { document.parent().unwrap_or(Path::new("")).join(path) };
    let found = found.canonicalize().map_err(|_| "leads nowhere")?;
    if !found.starts_with(tree::root().canonicalize().unwrap_or_default()) {
        return Err("leaves the checkout");
    }
    if heading.is_empty() || found.extension().is_none_or(|extension| extension != "md") {
        return Ok(());
    }
    let text = std::fs::read_to_string(found).map_err(|_| "is no text")?;
    let known = prose(&text).filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading);
    if known { Ok(()) } else { Err("names a heading that isn't there") }
}

/// The targets of the inline links that point into the checkout.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        // What stands between backticks is code.
        let line: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for (at, _) in line.match_indices("](") {
            let target: String =
                line[at + 2..].chars().take_while(|c| !c.is_whitespace() && *c != ')').collect();
            if !target.contains("://") && !target.starts_with("mailto:") {
                found.push(target);
            }
        }
    }
    found
}

/// The lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_are_found_in_prose_only() {
    let text = "[a](b.md) and [c](https://x.y) `[d](e)` [`f`](g.md#h \"t\")\n```\n[i](j)\n```\n[k](l)";
    assert_eq!(links(text), ["b.md", "g.md#h", "l"]);
}

#[test]
fn dead_links_are_refused() {
    assert_eq!(follow("docs/adr/README.md", "no-such.md"), Err("leads nowhere"));
    assert_eq!(follow("docs/adr/README.md", "/problems/x"), Err("is absolute"));
    assert_eq!(follow("CONTRIBUTING.md", ".."), Err("leaves the checkout"));
    assert_eq!(follow("CONTRIBUTING.md", "#no-such-heading"), Err("names a heading that isn't there"));
    assert_eq!(follow("docs/adr/README.md", "../../CONTRIBUTING.md"), Ok(()));
    assert_eq!(anchor("## `UPDATE=1`, and why?"), "update1-and-why");
}
