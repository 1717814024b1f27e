//! What an auditor does: replay, verify, export; and what becomes of a log that was tampered with.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{cli::run, home::Home, server::Server, turn, wallet};

/// The cost of the deduction that is tampered with: found nowhere else.
const COST: &str = "7.654321";

/// A ledger of a few events, its server stopped.
async fn ledger() -> Home {
    let home = Home::new();
    let server = Server::start(&home).await;
    let app = server.app("audited").await;
    let api = server.api(&app);
    for number in 0..3 {
        api.purchase(&wallet(number), "100").await;
        api.deduct(&wallet(number), &format!("small-{number}"), "1.5").await.expect("an answer").expect(201);
    }
    api.deduct(&wallet(0), "odd", COST).await.expect("an answer").expect(201);
    api.deduct(&wallet(0), "after", "1").await.expect("an answer").expect(201);
    assert_eq!(server.end().await.status.code(), Some(0));
    home
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn replay_and_verify_find_an_untouched_ledger_in_order_and_leave_it_so() {
    let _turn = turn::shared().await;
    let home = ledger().await;
    let before = fs::read(home.data().join("log.db")).expect("the log");
    for command in ["replay", "verify"] {
        for format in ["table", "json"] {
            run(&home, &[command, "-o", format]).await.ended(0);
        }
    }
    assert!(fs::read(home.data().join("log.db")).expect("the log") == before, "they changed the log");
    let server = Server::start(&home).await;
    run(&home, &["verify"]).await.ended(0);
    assert_eq!(server.operator().balance(&wallet(0)).await, "89.845679");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn verify_names_the_position_of_an_event_that_was_changed() {
    let _turn = turn::shared().await;
    let home = ledger().await;
    let position = position_of(&home, COST).await;
    let untouched = fs::read(home.data().join("log.db")).expect("the log");
    let cost = format!("\"cost\":\"{COST}\"");
    for (what, changed) in [
        ("a digit of an amount", cost.replace(COST, "7.654320")),
        ("a brace of the JSON", cost.replace(":\"", "}\"")),
        ("a byte that is no text", cost.replace("\"cost\"", "\"c\u{1}st\"")),
    ] {
        let tampered = replaced(&untouched, cost.as_bytes(), changed.as_bytes());
        fs::write(home.data().join("log.db"), tampered).expect("a log");
        let ran = run(&home, &["verify"]).await.ended(3);
        assert_eq!(named_position(&ran.stderr), position, "{what}: {ran:#?}");
        let ran = run(&home, &["replay"]).await;
        assert!(ran.code != 0 && named_position(&ran.stderr) == position, "{what}: {ran:#?}");
    }
    fs::write(home.data().join("log.db"), untouched).expect("a log");
    run(&home, &["verify"]).await.ended(0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn an_export_is_the_stored_bytes_with_their_sha_256() {
    let _turn = turn::shared().await;
    let home = ledger().await;
    let stored = fs::read(home.data().join("log.db")).expect("the log");
    let out = home.file("ledger.jsonl");
    run(&home, &["export", "--out", path(&out)]).await.ended(0);
    let exported = fs::read(&out).expect("an export");
    for line in exported.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        assert!(stored.windows(line.len()).any(|bytes| bytes == line), "{}", String::from_utf8_lossy(line));
    }
    let manifest = manifest(&out);
    let lines = exported.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!((&manifest["count"], &manifest["bytes"]), (&lines.into(), &exported.len().into()));
    assert_eq!(manifest["first_position"], "0");
    assert_eq!(manifest["last_position"], (lines - 1).to_string());
    assert_eq!(manifest["sha256"], sha256(&out));

    let entries = home.file("entries.csv");
    run(&home, &["export", "--csv", "--out", path(&entries)]).await.ended(0);
    assert_eq!(self::manifest(&entries)["sha256"], sha256(&entries));
    let piped = run(&home, &["export", "--out", "-", "--from", "2", "--to", "4"]).await.ended(0);
    let part: Vec<_> = exported.split_inclusive(|byte| *byte == b'\n').skip(2).take(3).collect();
    assert_eq!(piped.stdout.as_bytes(), part.concat());
}

/// The first position that a message names.
fn named_position(message: &str) -> &str {
    let rest = message.split_once("position ").map_or("", |(_, rest)| rest);
    rest.split(|character: char| !character.is_ascii_digit()).next().unwrap_or_default()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn manifest(export: &Path) -> Value {
    let path = PathBuf::from(format!("{}.manifest.json", export.display()));
    serde_json::from_slice(&fs::read(path).expect("a manifest")).expect("JSON")
}

/// By a program that has nothing to do with the ledger.
fn sha256(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().expect("sha256sum runs");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split(' ').next().expect("a sum").to_owned()
}

/// The position of the deduction with this cost.
async fn position_of(home: &Home, cost: &str) -> String {
    let all = run(home, &["export", "--out", "-"]).await.ended(0).stdout;
    let line =
        all.lines().find(|line| line.contains(&format!("\"cost\":\"{cost}\""))).expect("the deduction");
    let event: Value = serde_json::from_str(line).expect("JSON");
    event["position"].as_str().expect("a position").to_owned()
}

/// `bytes` with the one place where `from` stands overwritten by `to`, of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<_> =
        bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from).collect();
    assert_eq!(places.len(), 1, "the event stands in the file once");
    let at = places[0].0;
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
