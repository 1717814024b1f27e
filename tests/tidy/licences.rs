//! `deny.toml`, held against the tree without cargo-deny.

use figment::Figment;
use figment::providers::{Format, Toml};
use serde::Deserialize;

use crate::crates::{PACKAGES, members};
use crate::{none, tree};

#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

/// `crate` is a name, or `name@<version`; with `wrappers`, those alone may use it.
#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    spec: String,
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

fn policy() -> Policy {
    let file = tree::root().join("deny.toml");
    Figment::from(Toml::file_exact(file)).extract().expect("deny.toml in the form read here")
}

#[test]
fn every_licence_is_allowed() {
    let allowed = policy().licenses.allow;
    let broken = PACKAGES
        .values()
        .filter(|package| !satisfied(&package.licence, &allowed))
        .map(|package| format!("{} {}: `{}`", package.name, package.version, package.licence))
        .collect();
    none(broken, "Do without these crates. A further licence in deny.toml is a decision of its own.");
}

#[test]
fn no_banned_crate_is_used() {
    let bans = policy().bans.deny;
    assert!(!bans.is_empty(), "deny.toml bans nothing");
    let mut broken = Vec::new();
    for ban in &bans {
        for (id, package) in PACKAGES.iter() {
            if !matches_spec(&ban.spec, &package.name, &package.version) {
                continue;
            }
            let users = PACKAGES.values().filter(|user| user.uses.contains(id));
            for user in users.filter(|user| !ban.wrappers.contains(&user.name)) {
                broken
                    .push(format!("{} uses {} {}: {}", user.name, package.name, package.version, ban.reason));
            }
        }
    }
    none(broken, "See the reasons in deny.toml.");
}

#[test]
fn every_crate_of_ours_has_both_licences() {
    for member in members() {
        assert_eq!(member.licence, "Apache-2.0 OR MIT", "{}: license.workspace = true", member.name);
    }
    tree::read("LICENSE-APACHE");
    tree::read("LICENSE-MIT");
}

/// Whether the name and version are what `name` or `name@<version` speaks of.
fn matches_spec(spec: &str, name: &str, version: &str) -> bool {
    match spec.split_once("@<") {
        None => spec == name,
        Some((wanted, limit)) => wanted == name && numbers(version) < numbers(limit),
    }
}

/// `10.3` and `10.3.0-rc.1+x` as `[10, 3, 0]`.
fn numbers(version: &str) -> [u64; 3] {
    let core = version.split(['-', '+']).next().unwrap_or(version);
    let mut parts = core.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// Whether the SPDX expression can be met with the allowed licences alone. `/` is the old `OR`.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut met = both(rest, allowed);
    while rest.first() == Some(&"OR") {
        *rest = &rest[1..];
        met |= both(rest, allowed);
    }
    met
}

fn both(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut met = one(rest, allowed);
    while rest.first() == Some(&"AND") {
        *rest = &rest[1..];
        met &= one(rest, allowed);
    }
    met
}

fn one(rest: &mut &[&str], allowed: &[String]) -> bool {
    let Some((&first, after)) = rest.split_first() else {
        return false;
    };
    *rest = after;
    if first == "(" {
        let met = either(rest, allowed);
        *rest = rest.get(1..).unwrap_or_default();
        return met;
    }
    let mut name = first.to_owned();
    if let ["WITH", exception, after @ ..] = *rest {
        name = format!("{name} WITH {exception}");
        *rest = after;
    }
    allowed.contains(&name)
}

#[test]
fn licence_expressions_are_understood() {
    let allowed: Vec<String> = ["MIT", "ISC", "A WITH X"].map(str::to_owned).to_vec();
    let good = ["MIT", "GPL OR MIT", "GPL/MIT", "MIT AND (GPL OR ISC)", "A WITH X", "GPL AND Z OR MIT"];
    for expression in good {
        assert!(satisfied(expression, &allowed), "{expression}");
    }
    let bad = ["", "GPL", "MIT AND GPL", "(MIT OR ISC) AND GPL", "A", "MIT WITH X", "MIT ISC"];
    for expression in bad {
        assert!(!satisfied(expression, &allowed), "{expression}");
    }
}

#[test]
fn bans_are_understood() {
    assert!(matches_spec("ring", "ring", "0.17.0"));
    assert!(!matches_spec("ring", "ringbuf", "0.17.0"));
    assert!(matches_spec("jsonwebtoken@<10.3", "jsonwebtoken", "10.2.9"));
    assert!(matches_spec("jsonwebtoken@<10.3", "jsonwebtoken", "9.99.0"));
    assert!(!matches_spec("jsonwebtoken@<10.3", "jsonwebtoken", "10.3.0"));
    assert!(!matches_spec("jsonwebtoken@<10.3", "jsonwebtoken", "11.1.0"));
}
