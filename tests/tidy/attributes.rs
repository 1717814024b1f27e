//! Lints are silenced by `#[expect(…, reason = "…")]`, which complains when its cause is gone.

use crate::scan::{blank, closing, line, words};
use crate::{none, tree};

#[test]
fn lints_are_expected_with_a_reason() {
    let mut broken = Vec::new();
    for file in tree::sources() {
        for (line, complaint) in silencers(&file.code()) {
            broken.push(format!("{}:{line}: {complaint}", file.path));
        }
    }
    none(broken, "Mend the cause, or write #[expect(lint, reason = \"why it is right here\")].");
}

#[test]
fn ignored_tests_are_run_all_the_same() {
    let mut broken = Vec::new();
    for file in tree::sources() {
        if !file.path.starts_with("tests/outside") {
            for line in unrun(&file.text) {
                broken.push(format!("{}:{line}", file.path));
            }
        }
    }
    none(
        broken,
        "An ignored test proves nothing. ./check runs those in tests/outside*; elsewhere a test of \
         the same file must start it, and be named: #[ignore = \"run by that_test\"].",
    );
}

/// The lines of tests that are ignored and that no other test of this source runs.
fn unrun(source: &str) -> Vec<usize> {
    let code = blank(source);
    let ignored = attributes(&code).into_iter().filter(|(at, attribute)| {
        let ignores = words(attribute).first().is_some_and(|(_, word)| *word == "ignore");
        let reason = source[*at..].split('"').nth(1).unwrap_or("");
        let runner = reason.strip_prefix("run by ").and_then(|rest| rest.split([',', ' ']).next());
        let runs = runner.is_some_and(|name| code.contains(&format!("fn {name}(")));
        ignores && !runs
    });
    ignored.map(|(at, _)| line(&code, at)).collect()
}

/// Attributes that silence a lint without saying why, with the line of each.
fn silencers(code: &str) -> Vec<(usize, &'static str)> {
    attributes(code)
        .into_iter()
        .filter_map(|(at, attribute)| {
            let uses = |wanted: &str| words(attribute).iter().any(|(_, word)| *word == wanted);
            let complaint = if uses("allow") {
                "allow"
            } else if uses("expect") && !uses("reason") {
                "expect without reason"
            } else {
                return None;
            };
            Some((line(code, at), complaint))
        })
        .collect()
}

/// The inside of every `#[…]` and `#![…]`, with its offset.
fn attributes(code: &str) -> Vec<(usize, &str)> {
    code.match_indices('#')
        .filter_map(|(at, _)| {
            let open = at + 1 + usize::from(code[at + 1..].starts_with('!'));
            let inside = code[open..].starts_with('[').then(|| closing(code, open)).flatten()?;
            Some((at, &code[open + 1..inside]))
        })
        .collect()
}

#[test]
fn silencers_are_found_wherever_they_stand() {
    let bad = [
        "#[allow(dead_code)] fn f() {}",
        "#![allow(clippy::all)]",
        "#[cfg_attr(test, allow(dead_code))] fn f() {}",
        "#[expect(\n    dead_code\n)] fn f() {}",
    ];
    for code in bad {
        assert_eq!(silencers(&blank(code)).len(), 1, "{code}");
    }
    let good = [
        "#[expect(dead_code, reason = \"kept for the docs\")] fn f() {}",
        "// #[allow(dead_code)]\nfn allow(a: [u8; 1]) { allow(a) }",
        "#[serde(default)] struct S; let x = \"#[allow(y)]\";",
    ];
    for code in good {
        assert!(silencers(&blank(code)).is_empty(), "{code}");
    }
}

#[test]
fn ignored_tests_without_a_runner_are_found() {
    let bad = [
        "#[test]\n#[ignore]\nfn f() {}",
        "#[test]\n#[ignore = \"slow\"]\nfn f() {}",
        "// fn g()\n#[ignore = \"run by g, somewhere else\"]\nfn f() {}",
    ];
    for source in bad {
        assert_eq!(unrun(source).len(), 1, "{source}");
    }
    let good = "fn g() {}\n#[ignore = \"run by g, under strace\"]\nfn f() {}\n#[test] fn ignore() {}";
    assert_eq!(unrun(good), Vec::<usize>::new());
}
