//! The architecture shows in the imports: each rule of `layers.rs`, held against `src/`.

use crate::layers::{ADAPTERS, COMPOSITION, HOMES, LAYERS};
use crate::none;
use crate::scan::{blank, closing, is_word, line, outside, words};
use crate::tree::{self, File};

const OWN_CRATES: &[&str] = &["events", "ledger", "projections"];

#[test]
fn modules_name_only_the_layers_below_them() {
    let broken = service().iter().flat_map(|file| upward(&file.path, &production(file))).collect();
    none(
        broken,
        "Pass what is needed as a parameter or a trait of the lower module. If the architecture \
         itself changes, change tests/tidy/layers.rs and ARCHITECTURE.md together.",
    );
}

#[test]
fn only_the_composition_root_names_adapters() {
    let broken = service().iter().flat_map(|file| concrete(&file.path, &production(file))).collect();
    none(broken, "Name the trait here, and choose the adapter in the composition root.");
}

#[test]
fn names_with_one_home_stay_there() {
    let broken = service().iter().flat_map(|file| strays(&file.path, &production(file))).collect();
    none(broken, "Move the code to the home named above, or hide it behind a type of that home.");
}

fn service() -> Vec<File> {
    tree::files("src", ".rs")
}

/// The module of `src/` that a file belongs to.
fn module(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or(path);
    let first = below.split('/').next().unwrap_or(below);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// The code of a file without its tests, which may put parts together as they like.
fn production(file: &File) -> String {
    if ["tests.rs", "testing.rs"].contains(&file.name()) || file.path.contains("/tests/") {
        return String::new();
    }
    without_tests(file.code())
}

fn without_tests(mut code: String) -> String {
    const GATE: &str = "#[cfg(test)]";
    while let Some(at) = code.find(GATE) {
        let end = outside(&code, at + GATE.len(), |rest| rest.starts_with([';', '{']))
            .and_then(|stop| if code[stop..].starts_with('{') { closing(&code, stop) } else { Some(stop) })
            .unwrap_or(code.len() - 1);
        let gone: String = code[at..=end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        code.replace_range(at..=end, &gone);
    }
    code
}

/// Names of modules and crates that this file's layer doesn't allow.
fn upward(path: &str, code: &str) -> Vec<String> {
    let own = module(path);
    if COMPOSITION.contains(&own) {
        return Vec::new();
    }
    let Some(layer) = LAYERS.iter().find(|layer| layer.module == own) else {
        return vec![format!("{path}: module `{own}` has no row in tests/tidy/layers.rs")];
    };
    let mut broken = Vec::new();
    for (at, named) in crate_paths(code) {
        let target = named[0].as_str();
        if target != own && !layer.modules.contains(&target) {
            broken.push(format!("{path}:{}: {own} names crate::{target}", line(code, at)));
        }
    }
    for (at, word) in words(code) {
        if OWN_CRATES.contains(&word) && is_crate(code, at, word) && !layer.crates.contains(&word) {
            broken.push(format!("{path}:{}: {own} names the crate {word}", line(code, at)));
        }
    }
    broken
}

/// Whether the word at `at` starts a path, so names a crate: `events::X`, not `self::events::X`.
fn is_crate(code: &str, at: usize, word: &str) -> bool {
    let head = code[..at].trim_end();
    let starts = !head.ends_with("::") && !head.ends_with('.') && !head.ends_with('{') || {
        // `use {events::A, ledger::B};` names crates as well, `use log::{events}` doesn't.
        head.ends_with('{') && !head.trim_end_matches('{').trim_end().ends_with("::")
    };
    starts && code[at + word.len()..].starts_with("::")
}

/// Adapters named outside the composition root and outside their own parent module.
fn concrete(path: &str, code: &str) -> Vec<String> {
    let own = module(path);
    if COMPOSITION.contains(&own) {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for (at, named) in crate_paths(code) {
        let (target, full) = (named[0].as_str(), named.join("::"));
        let adapter = ADAPTERS.iter().find(|adapter| {
            full == **adapter || full.strip_prefix(**adapter).is_some_and(|rest| rest.starts_with("::"))
        });
        if let Some(adapter) = adapter.filter(|_| target != own) {
            broken.push(format!("{path}:{}: {own} names crate::{adapter}", line(code, at)));
        }
    }
    broken
}

/// Names that stand outside their home.
fn strays(path: &str, code: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, homes, why) in HOMES {
        if homes.iter().any(|home| path.starts_with(home)) {
            continue;
        }
        for (at, _) in code.match_indices(name) {
            let before = code[..at].bytes().next_back().unwrap_or(b' ');
            let part_of_path = before == b':' && !name.contains("::");
            if !is_word(before) && before != b'.' && !part_of_path {
                broken.push(format!("{path}:{}: {name} ({why})", line(code, at)));
            }
        }
    }
    broken
}

/// Every path below `crate::`, groups of a `use` unfolded, with the offset of its `crate`.
fn crate_paths(code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (at, _) in words(code).into_iter().filter(|(_, word)| *word == "crate") {
        // `$crate` belongs to another crate's macro, `pub(crate)` names nothing.
        if let Some(rest) = code[at + 5..].strip_prefix("::")
            && !code[..at].ends_with('$')
        {
            let mut paths = Vec::new();
            unfold(rest, Vec::new(), &mut paths);
            found.extend(paths.into_iter().map(|path| (at, path)));
        }
    }
    found
}

/// Reads one tree of a `use` or one path, and adds each path in it to `found`.
fn unfold(code: &str, mut path: Vec<String>, found: &mut Vec<Vec<String>>) {
    let mut rest = code.trim_start();
    loop {
        if let Some(group) = rest.strip_prefix('{') {
            let end = closing(rest, 0).map_or(group.len(), |close| close - 1);
            let mut items = &group[..end];
            while !items.trim().is_empty() {
                let stop = outside(items, 0, |rest| rest.starts_with(',')).unwrap_or(items.len());
                unfold(&items[..stop], path.clone(), found);
                items = items.get(stop + 1..).unwrap_or("");
            }
            return;
        }
        let length = rest.bytes().take_while(|&byte| is_word(byte)).count();
        if length > 0 {
            path.push(rest[..length].to_owned());
        }
        match rest[length..].strip_prefix("::") {
            Some(below) if length > 0 => rest = below,
            _ => break,
        }
    }
    if !path.is_empty() {
        found.push(path);
    }
}

#[test]
fn paths_are_unfolded_from_groups() {
    let code = "use crate::{log::{self, Log}, engine, read::*};\npub(crate) fn f() { crate::feed::g() }";
    let paths: Vec<_> = crate_paths(code).iter().map(|(_, path)| path.join("::")).collect();
    assert_eq!(paths, ["log::self", "log::Log", "engine", "read", "feed::g"]);
}

#[test]
fn upward_imports_are_found() {
    let bad = [
        ("src/engine/core.rs", "use crate::http::Problem;"),
        ("src/engine.rs", "use crate::{log::Log, read};"),
        ("src/log/mod.rs", "fn f() { crate::engine::g() }"),
        ("src/log/mod.rs", "use ledger::Wallet;"),
        ("src/engine/core.rs", "type P = projections::Balances;"),
        ("src/brand_new.rs", ""),
    ];
    for (path, code) in bad {
        assert_eq!(upward(path, code).len(), 1, "{path}: {code}");
    }
    let good = [
        ("src/engine/core.rs", "use crate::{engine::X, log::Log}; use ledger::Wallet;"),
        ("src/log/mod.rs", "use events::Envelope; fn f(ledger: u8) { self.ledger.g(); s::ledger::h() }"),
        ("src/cli/serve.rs", "use crate::http::Server;"),
    ];
    for (path, code) in good {
        assert_eq!(upward(path, code), Vec::<String>::new(), "{path}: {code}");
    }
}

#[test]
fn adapters_are_found_outside_the_composition_root() {
    let code = "use crate::log::{Log, sqlite::SqliteLog};";
    assert_eq!(concrete("src/engine/task.rs", code).len(), 1);
    assert_eq!(concrete("src/app.rs", code).len(), 0);
    assert_eq!(concrete("src/log/contract.rs", code).len(), 0);
    assert_eq!(concrete("src/engine/task.rs", "use crate::log::sqlite_like;").len(), 0);
}

#[test]
fn names_away_from_home_are_found() {
    assert_eq!(strays("src/engine/task.rs", "use sqlx::Row; let v = std::env::var(x);").len(), 2);
    assert_eq!(strays("src/log/sqlite/write.rs", "use sqlx::Row;").len(), 0);
    assert_eq!(strays("src/engine/task.rs", "self.clap(); crate::x::clap; let unsqlx = 1;").len(), 0);
}

#[test]
fn tests_are_left_out() {
    let source =
        "use crate::log;\n#[cfg(test)]\nmod tests { use crate::http; }\nfn f() {}\n#[cfg(test)]\nmod more;";
    let code = without_tests(blank(source));
    assert!(code.contains("use crate::log;") && code.contains("fn f() {}"));
    assert!(!code.contains("http") && !code.contains("more"));
    assert_eq!(code.len(), source.len());
}
