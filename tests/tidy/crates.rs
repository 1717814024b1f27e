//! What cargo knows of the dependency tree, and the rules that only need names.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::{none, tree};

/// The crates that stay pure: no clock, no socket, no file, no runtime anywhere below them.
const PURE: &[&str] = &["credit-ledger-events", "credit-ledger-decisions", "credit-ledger-projections"];
const IMPURE: &[&str] = &["axum", "clap", "hyper", "mio", "reqwest", "sqlx", "tokio", "tracing"];

/// Which of the workspace's crates each of them may depend on.
const MAY_USE: &[(&str, &[&str])] = &[
    ("credit-ledger-events", &[]),
    ("credit-ledger-decisions", &["credit-ledger-events"]),
    ("credit-ledger-projections", &["credit-ledger-events"]),
    ("credit-ledger-client", &["credit-ledger-events"]),
    // An app of somebody else's: it knows the client and nothing of the service.
    ("chat-app", &["credit-ledger-client"]),
    // The client and the app are for its tests: consumer and relay together.
    (
        "credit-ledger",
        &[
            "credit-ledger-events",
            "credit-ledger-decisions",
            "credit-ledger-projections",
            "credit-ledger-client",
            "chat-app",
        ],
    ),
];

/// One package of the tree.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression; empty when the manifest has none.
    pub(crate) licence: String,
    /// Names in the manifest, tests' and build scripts' included.
    pub(crate) declared: BTreeSet<String>,
    /// Packages it was resolved to use outside its tests.
    pub(crate) uses: Vec<String>,
    pub(crate) is_member: bool,
}

/// The tree for this platform, by package id.
pub(crate) static PACKAGES: LazyLock<BTreeMap<String, Package>> = LazyLock::new(load);

/// The packages of the workspace.
pub(crate) fn members() -> impl Iterator<Item = &'static Package> {
    PACKAGES.values().filter(|package| package.is_member)
}

fn load() -> BTreeMap<String, Package> {
    let host = run("rustc", &["-vV"]);
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc's host");
    // Without the filter cargo would want crates of other platforms, which nobody downloaded.
    let metadata = run(
        env!("CARGO"),
        &["metadata", "--offline", "--locked", "--format-version=1", "--filter-platform", host],
    );
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo metadata prints JSON");
    let mut packages = BTreeMap::new();
    for package in list(&metadata["packages"]) {
        let declared = list(&package["dependencies"]).iter().map(|one| text(&one["name"]));
        packages.insert(
            text(&package["id"]),
            Package {
                name: text(&package["name"]),
                version: text(&package["version"]),
                licence: text(&package["license"]),
                declared: declared.collect(),
                ..Package::default()
            },
        );
    }
    for id in list(&metadata["workspace_members"]) {
        packages.get_mut(&text(id)).expect("a listed member").is_member = true;
    }
    for node in list(&metadata["resolve"]["nodes"]) {
        let used = list(&node["deps"])
            .iter()
            .filter(|one| list(&one["dep_kinds"]).iter().any(|kind| kind["kind"].as_str() != Some("dev")));
        let package = packages.get_mut(&text(&node["id"])).expect("a listed package");
        package.uses = used.map(|one| text(&one["pkg"])).collect();
    }
    packages
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(tree::root()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {complaint}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_workspace_depends_downwards() {
    let ours: BTreeSet<&str> = members().map(|package| package.name.as_str()).collect();
    let mut broken = Vec::new();
    for member in members() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == member.name) else {
            broken.push(format!("{} has no row in MAY_USE", member.name));
            continue;
        };
        for name in member.declared.iter().filter(|name| ours.contains(name.as_str())) {
            if !allowed.contains(&name.as_str()) {
                broken.push(format!("{} depends on {name}", member.name));
            }
        }
    }
    none(broken, "events <- ledger, projections (never each other) <- the service.");
}

#[test]
fn the_pure_crates_have_nothing_impure_below_them() {
    let mut broken = Vec::new();
    for member in members().filter(|member| PURE.contains(&member.name.as_str())) {
        let below = below(member);
        for name in IMPURE.iter().filter(|name| below.contains(**name)) {
            broken.push(format!("{} reaches {name}", member.name));
        }
    }
    none(broken, "Decisions and projections take what they need as parameters.");
}

/// The names of all packages below this one, itself left out.
fn below(package: &Package) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    let mut waiting = package.uses.clone();
    while let Some(id) = waiting.pop() {
        let package = &PACKAGES[&id];
        if names.insert(package.name.as_str()) {
            waiting.extend(package.uses.iter().cloned());
        }
    }
    names
}

#[test]
fn the_tree_reaches_through_several_levels() {
    let service = members().find(|member| member.name == "credit-ledger").expect("the root package");
    let below = below(service);
    assert!(below.contains("tokio") && below.contains("mio"), "tokio uses mio");
    assert!(!below.contains("tempfile"), "only tests use it");
}
