//! docs/threats.md names tests that exist.

use std::collections::BTreeSet;

use crate::none;
use crate::tree;

#[test]
fn every_test_against_a_threat_exists() {
    let named = named(&tree::read("docs/threats.md"));
    assert!(named.len() > 20, "docs/threats.md names no tests");
    let mut sources = tree::files("tests", ".rs");
    sources.extend(tree::files("src", ".rs"));
    let exists = |name: &&String| sources.iter().any(|file| file.text.contains(&format!("fn {name}(")));
    let broken = named.iter().filter(|name| !exists(name)).map(|name| format!("no test {name}"));
    none(broken.collect(), "A threat is held off by a test that runs: name those that do.");
}

/// Names between backticks that look like a test's: words with underscores.
fn named(text: &str) -> BTreeSet<String> {
    let is_name = |word: &&str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        word.matches('_').count() >= 3 && word.bytes().all(plain)
    };
    text.split('`').skip(1).step_by(2).filter(is_name).map(str::to_owned).collect()
}

#[test]
fn names_are_told_from_other_words() {
    let text = "`a_test_of_a_row`, `frame-ancestors 'none'`, `principal_type`, a_b_c_d";
    assert_eq!(named(text), BTreeSet::from(["a_test_of_a_row".to_owned()]));
}
