//! The house rules, as tests: sizes, who may import whom, exhaustive matches on events, the
//! dependency tree, and documents in step with the code. Each failure says what to do.
//!
//! They read the checkout and `cargo metadata --offline`; nothing here needs the network.

#[path = "tidy/arms.rs"]
mod arms;
#[path = "tidy/attributes.rs"]
mod attributes;
#[path = "tidy/crates.rs"]
mod crates;
#[path = "tidy/deploy.rs"]
mod deploy;
#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/licences.rs"]
mod licences;
#[path = "tidy/links.rs"]
mod links;
#[path = "tidy/problems.rs"]
mod problems;
#[path = "tidy/scan.rs"]
mod scan;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/threats.rs"]
mod threats;
#[path = "tidy/tree.rs"]
mod tree;

/// Fails with every broken rule at once and one line on what to do about them.
#[track_caller]
fn none(broken: Vec<String>, remedy: &str) {
    assert!(broken.is_empty(), "{} broken:\n  {}\n\n{remedy}\n", broken.len(), broken.join("\n  "));
}
