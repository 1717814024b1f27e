//! A match on an event names every event. Clippy's `wildcard_enum_match_arm` sees `_` where the
//! enum itself is matched; this sees it inside tuples and options too, and a lone name as well.

use crate::scan::{blank, closing, line, outside, words};
use crate::{none, tree};

#[test]
fn matches_on_events_name_every_event() {
    let mut broken = Vec::new();
    // A test may look for one kind of event; what the program does with a new one is another matter.
    let is_test = |path: &str| path.contains("tests/") || path.ends_with("tests.rs");
    for file in tree::sources().into_iter().filter(|file| !is_test(&file.path)) {
        for line in wildcards(&file.code()) {
            broken.push(format!("{}:{line}", file.path));
        }
    }
    none(
        broken,
        "These arms swallow every event to come. Name the events instead of `_` or a lone name, \
         so that a new one must be answered here.",
    );
}

/// The lines of `match` expressions that name events and have a catch-all arm beside them.
fn wildcards(code: &str) -> Vec<usize> {
    words(code)
        .into_iter()
        .filter(|(_, word)| *word == "match")
        .filter_map(|(at, word)| {
            let open = outside(code, at + word.len(), |rest| rest.starts_with('{'))?;
            let patterns = patterns(&code[open + 1..closing(code, open)?]);
            let on_events = patterns.iter().any(|pattern| names_event(pattern));
            let swallows = patterns.iter().any(|pattern| is_catch_all(pattern));
            (on_events && swallows).then(|| line(code, at))
        })
        .collect()
}

/// The patterns of the arms in the body of a `match`, guards included.
fn patterns(body: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(arrow) = outside(body, at, |rest| rest.starts_with("=>")) {
        found.push(body[at..arrow].trim());
        at = end_of_arm(body, arrow + 2);
    }
    found
}

/// Where the arm ends whose expression starts at `from`: after its block, or after its comma.
fn end_of_arm(body: &str, from: usize) -> usize {
    let start = from + body[from..].len() - body[from..].trim_start().len();
    if body[start..].starts_with('{') {
        let after = closing(body, start).map_or(body.len(), |close| close + 1);
        let comma = body[after..].trim_start().starts_with(',');
        return if comma { after + body[after..].find(',').unwrap_or(0) + 1 } else { after };
    }
    // The commas of `f::<A, B>()` separate no arms.
    let mut search = start;
    loop {
        let stop = outside(body, search, |rest| rest.starts_with(',') || rest.starts_with("::<"));
        match stop {
            None => return body.len(),
            Some(stop) if body[stop..].starts_with(',') => return stop + 1,
            Some(stop) => search = body[stop..].find('>').map_or(body.len(), |end| stop + end),
        }
    }
}

fn names_event(pattern: &str) -> bool {
    words(pattern)
        .into_iter()
        .any(|(at, word)| word.ends_with("Event") && pattern[at + word.len()..].starts_with("::"))
}

/// Whether the pattern takes whatever is left: `_`, `other`, `(_, _)`, `rest @ _`, without a guard.
fn is_catch_all(pattern: &str) -> bool {
    let mut pattern = pattern;
    while pattern.starts_with("#[") {
        let end = closing(pattern, 1).map_or(pattern.len(), |close| close + 1);
        pattern = pattern[end..].trim_start();
    }
    if words(pattern).iter().any(|(_, word)| *word == "if") {
        return false;
    }
    pattern.split('|').map(str::trim).filter(|part| !part.is_empty()).any(|alternative| {
        let bound = alternative.rsplit('@').next().unwrap_or(alternative);
        let binds_only = bound.starts_with(|c: char| c.is_ascii_lowercase())
            && words(bound).len() == 1
            && bound.bytes().all(crate::scan::is_word)
            && !["true", "false"].contains(&bound);
        let ignores_all = bound.contains('_') && bound.chars().all(|c| "_(),.& \n".contains(c));
        binds_only || ignores_all
    })
}

#[test]
fn a_catch_all_beside_events_is_found() {
    let bad = [
        "match e { Event::A(_) => 1, _ => 2 }",
        "match e { Event::A { x, .. } => { 1 } other => 2 }",
        "match (e, s) { (Event::A(_), S) => f::<A, B>(), (_, _) => 2 }",
        "match e { Some(AuthEvent::A) => g(|a| match a { 1 => 2, _ => 3 }), None | _ => 2 }",
        "match e { Event::A => {}, #[cfg(unix)] rest @ _ => {} }",
    ];
    for code in bad {
        assert_eq!(wildcards(&blank(code)).len(), 1, "{code}");
    }
}

#[test]
fn matches_that_name_every_event_pass() {
    let good = [
        "match e { Event::A(_) => 1, Event::B { .. } | Event::C => 2 }",
        "match e { Event::A(_) => match n { 0 => 1, _ => 2 }, Event::B => 2 }",
        "match kind { \"Event::A\" => 1, _ => 2 }",
        "match n { 0 => Event::A, _ => Event::B }",
        "match e { Event::A(n) if n > 1 => 1, _ if late => 2, Event::A(_) => 3 }",
        "match e { Some(Event::A) => 1, None => 2 }",
    ];
    for code in good {
        assert!(wildcards(&blank(code)).is_empty(), "{code}");
    }
}
