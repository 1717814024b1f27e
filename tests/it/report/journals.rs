//! Journals, checked by the real `hledger` and `bean-check`.

use std::{fs, io::ErrorKind, path::Path, process::Command};

use credit_ledger::report::{Form, Statement};

use super::random::Life;

/// Lives whose journals are checked, half of them from the middle on.
const LIVES: u64 = 12;

/// A journal checker: its program, what comes before the file, and the form it reads.
type Checker = (&'static str, &'static [&'static str], Form);

const HLEDGER: Checker = ("hledger", &["check", "--strict", "ordereddates", "-f"], Form::Hledger);
const BEANCOUNT: Checker = ("bean-check", &[], Form::Beancount);

#[test]
fn hledger_accepts_the_journals_and_nothing_that_was_changed_in_them() {
    proved(HLEDGER);
}

#[test]
fn beancount_accepts_the_journals_and_nothing_that_was_changed_in_them() {
    proved(BEANCOUNT);
}

fn proved(checker: Checker) {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in 0..LIVES {
        let life = Life::of(seed, 150);
        let first = if seed % 2 == 0 { 0 } else { life.events.len() / 2 };
        let statement = life.statement(first, life.events.len()).expect("a statement");
        let journal = written(&statement, checker.2);
        let file = folder.path().join(format!("{seed}.{}", checker.2.extension()));
        let Some((accepted, said)) = check(checker, &file, &journal) else { return };
        assert!(accepted, "seed {seed}: {said}\n{journal}");
        // An amount, and a balance, that are off by one millionth.
        for what in [" CREDIT\n", " CREDIT = ", " ~ 0 CREDIT"] {
            let Some(changed) = off_by_one(&journal, what, seed as usize * 3) else { continue };
            let (accepted, _) = check(checker, &file, &changed).expect("the same program");
            assert!(!accepted, "seed {seed}: accepted with one{what}changed");
        }
        // A transaction is missing; the opening one too.
        let (accepted, _) =
            check(checker, &file, &without(&journal, seed as usize)).expect("the same program");
        assert!(!accepted, "seed {seed}: accepted without one transaction");
    }
    let empty = Life::of(1, 0).statement(0, 1).expect("a statement");
    let journal = written(&empty, checker.2);
    let checked = check(checker, &folder.path().join("empty"), &journal);
    assert!(checked.is_some_and(|(accepted, _)| accepted), "a statement without lines: {journal}");
}

fn written(statement: &Statement, form: Form) -> String {
    let mut text = Vec::new();
    form.write(statement, &mut text).expect("a vector takes everything");
    String::from_utf8(text).expect("UTF-8")
}

/// Whether the program accepts the file, and what it says; none when it is not installed.
fn check((program, arguments, _): Checker, file: &Path, journal: &str) -> Option<(bool, String)> {
    fs::write(file, journal).expect("a file");
    let ran = Command::new(program).args(arguments).arg(file).env("LC_ALL", "C.UTF-8").output();
    match ran {
        Ok(output) => Some((
            output.status.success(),
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat(),
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("SKIPPED: {program} is not installed; ./check installs it");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// The journal with the last of six decimals changed before one of the places where `after` stands.
fn off_by_one(journal: &str, after: &str, which: usize) -> Option<String> {
    let amount = |at: &usize| {
        let line = journal[..*at].rsplit('\n').next().unwrap_or_default();
        line.as_bytes().iter().rev().nth(6) == Some(&b'.') && !line.starts_with("commodity")
    };
    let places: Vec<_> = journal.match_indices(after).map(|(at, _)| at).filter(amount).collect();
    let at = *places.get(which % places.len().max(1))?;
    let other = if journal[..at].ends_with('1') { "2" } else { "1" };
    Some([&journal[..at - 1], other, &journal[at..]].concat())
}

/// The journal without one of the transactions that change the wallet's balances.
fn without(journal: &str, which: usize) -> String {
    let mut parts: Vec<_> = journal.split("\n\n").collect();
    let moves =
        |part: &&str| part.contains(" * ") && part.contains("Wallet-") && !part.contains("0.000000 CREDIT =");
    let transactions: Vec<_> = (0..parts.len()).filter(|at| moves(&parts[*at])).collect();
    parts.remove(transactions[which % transactions.len()]);
    parts.join("\n\n")
}
