use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::super::landing::directory::must_be_whole;
use super::*;
use crate::log::{
    Bodies, Log,
    sqlite::{Closed, SqliteLog},
};

const WALLET: &str = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";

/// An export, the data directory that it is of, and room for others.
struct Exported {
    room: TempDir,
    text: Vec<u8>,
}

impl Exported {
    async fn new() -> Self {
        let room = tempfile::tempdir().expect("a folder");
        let from = room.path().join("from");
        for line in [
            "purchase W 100",
            "grant W 5 --reason welcome",
            "deduct W 1 --service chat",
            "deduct W 2 --service chat",
        ] {
            json(&from, &line.replace('W', WALLET)).await;
        }
        let exported = Self { room, text: Vec::new() };
        let manifest = json(&from, &format!("export --out {}", exported.file().display())).await;
        let text = fs::read(exported.file()).expect("an export");
        assert_eq!(manifest["count"], text.split_inclusive(|byte| *byte == b'\n').count());
        Self { text, ..exported }
    }

    fn file(&self) -> PathBuf {
        self.room.path().join("ledger.jsonl")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        self.room.path().join(format!("ledger.jsonl{suffix}"))
    }

    fn target(&self) -> PathBuf {
        self.room.path().join("to")
    }

    fn lines(&self) -> Vec<&[u8]> {
        self.text.split_inclusive(|byte| *byte == b'\n').collect()
    }

    async fn import(&self, options: &str) -> Outcome<String> {
        typed(&self.target(), &format!("import {} {options}", self.file().display())).await
    }

    /// The file with these bytes is refused; what is said.
    async fn refused(&self, bytes: &[u8], code: u8) -> String {
        fs::write(self.file(), bytes).expect("written");
        let failure = self.import("").await.expect_err("a tampered file");
        assert_eq!(failure.code(), code, "{failure}");
        assert!(!self.target().exists(), "nothing was written: {failure}");
        failure.to_string()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_ledger_is_the_same_bytes_and_goes_on() {
    let exported = Exported::new().await;
    let manifest: Value =
        serde_json::from_slice(&fs::read(exported.beside(".manifest.json")).expect("a manifest"))
            .expect("JSON");
    let root = manifest["root"].as_str().expect("a root");
    let failure = exported.import(&format!("--root {}", "0".repeat(64))).await.expect_err("another root");
    assert_eq!(failure.code(), 3);
    let imported = exported.import(&format!("--root {root} -o json")).await.expect("imported");
    let imported: Value = serde_json::from_str(&imported).expect("JSON");
    assert_eq!((&imported["ok"], &imported["events"]), (&true.into(), &manifest["count"]));
    assert_eq!((&imported["ledger"], &imported["balances"]), (&manifest["ledger"], &"102".into()));
    let again = exported.room.path().join("again.jsonl");
    let to = exported.target();
    typed(&to, &format!("export --out {}", again.display())).await.expect("an export");
    assert_eq!(fs::read(again).expect("a file"), exported.text);
    let again: Value = serde_json::from_slice(
        &fs::read(exported.room.path().join("again.jsonl.manifest.json")).expect("a manifest"),
    )
    .expect("JSON");
    assert_eq!(again, manifest);
    assert!(!to.join("import").exists());
    let failure = exported.import("").await.expect_err("not empty any more");
    assert!(failure.code() == 2 && failure.to_string().contains("holds a ledger already"), "{failure}");
    json(&to, &format!("deduct {WALLET} 2 --service chat")).await;
    assert_eq!(json(&to, "verify").await["balances"], "100");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_any_line_is_refused_and_the_line_is_named() {
    let exported = Exported::new().await;
    let mut start = 0;
    for (number, line) in (1..).zip(exported.lines()) {
        // The first, some in the middle, the last and the line feed.
        for at in [0, line.len() / 3, line.len() / 2, line.len() - 2, line.len() - 1] {
            let mut bytes = exported.text.clone();
            bytes[start + at] ^= 0x20;
            let said = exported.refused(&bytes, 3).await;
            assert!(said.contains(&format!("line {number}: ")), "byte {at} of line {number}: {said}");
        }
        start += line.len();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_missing_moved_or_added_are_named() {
    let exported = Exported::new().await;
    let lines = exported.lines();
    for at in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(at);
        let said = exported.refused(&fewer.concat(), 3).await;
        assert!(said.contains(&format!("line {}", at + 1)), "without line {}: {said}", at + 1);
        let mut more = lines.clone();
        more.insert(at, lines[0]);
        let said = exported.refused(&more.concat(), 3).await;
        assert!(said.contains(&format!("line {}", at.max(1) + 1)), "one more before line {}: {said}", at + 1);
    }
    for at in 1..lines.len() {
        let mut swapped = lines.clone();
        swapped.swap(at - 1, at);
        let said = exported.refused(&swapped.concat(), 3).await;
        assert!(said.contains(&format!("line {at}: ")), "lines {at} and {} swapped: {said}", at + 1);
    }
    let last = lines.len();
    let said = exported.refused(&exported.text[..exported.text.len() - 20], 3).await;
    assert!(said.contains(&format!("line {last}: it is cut off")), "{said}");
    let said = exported.refused(&[&exported.text[..], b"{}\n"].concat(), 3).await;
    assert!(said.contains(&format!("line {}: it is one too many", last + 1)), "{said}");
    let long = [&exported.text[..], &vec![b'x'; 70_000]].concat();
    let said = exported.refused(&long, 3).await;
    assert!(said.contains(&format!("line {}: it is longer than any event", last + 1)), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_manifest_or_wrong_leaves_are_refused() {
    let exported = Exported::new().await;
    let manifest = fs::read_to_string(exported.beside(".manifest.json")).expect("a manifest");
    let leaves = fs::read_to_string(exported.beside(".leaves")).expect("leaves");
    let json: Value = serde_json::from_str(&manifest).expect("JSON");
    let changed = |name: &str, to: Value| {
        let mut json = json.clone();
        json[name] = to;
        json.to_string()
    };
    let other = "0".repeat(64);
    for (text, code, says) in [
        (changed("count", 3.into()), 3, "its positions"),
        (changed("bytes", 3.into()), 3, "another length"),
        (changed("sha256", other.clone().into()), 3, "another length or SHA-256"),
        (changed("root", other.clone().into()), 3, "don't belong together"),
        (changed("root", Value::Null), 3, "no root"),
        (changed("ledger", "00000000-0000-4000-8000-00000000000f".into()), 3, "line 1: it is of ledger"),
        (changed("first_position", "7".into()), 2, "only a part"),
        (changed("content", "entries".into()), 2, "only events"),
        (
            changed("types", serde_json::json!({ "credits.deducted.v1": 2 })),
            3,
            "other numbers of events by type",
        ),
        ("{".to_owned(), 3, "no manifest"),
    ] {
        fs::write(exported.beside(".manifest.json"), text).expect("written");
        let said = exported.refused(&exported.text, code).await;
        assert!(said.contains(says), "{says}: {said}");
    }
    fs::remove_file(exported.beside(".manifest.json")).expect("removed");
    assert!(exported.refused(&exported.text, 1).await.contains("there is no"));
    fs::write(exported.beside(".manifest.json"), &manifest).expect("written");

    fs::write(exported.beside(".leaves"), leaves.replacen(&leaves[..64], &other, 1)).expect("written");
    assert!(exported.refused(&exported.text, 3).await.contains("don't belong together"));
    fs::remove_file(exported.beside(".leaves")).expect("removed");
    let tampered = String::from_utf8(exported.text.clone()).expect("UTF-8").replace("welcome", "welcom3");
    assert!(exported.refused(tampered.as_bytes(), 3).await.contains("one of them was changed"));
    fs::write(exported.file(), &exported.text).expect("written");
    exported.import("").await.expect("the leaves only help to name a line");
}

/// The folder of the import is deleted with the write-ahead log in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_gets_its_name_only_when_its_file_holds_every_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = SqliteLog::open(folder.path()).await.expect("a log");
    let bodies: Bodies = ["{}", "{}"].into_iter().collect();
    log.append(events::Position(0), &bodies).await.expect("appended");
    let failure = must_be_whole(folder.path(), Closed::InOneFile, 2).await.expect_err("not closed yet");
    assert!(failure.to_string().contains("could not be moved into it"), "{failure}");
    let closed = log.close().await;
    must_be_whole(folder.path(), closed, 2).await.expect("whole");
    let failure = must_be_whole(folder.path(), closed, 3).await.expect_err("one is missing");
    assert!(failure.to_string().contains("holds 2 of 3 events"), "{failure}");
    must_be_whole(folder.path(), Closed::InTwoFiles, 2).await.expect_err("the last checkpoint failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_import_left_no_ledger_and_is_gone_on_with() {
    let exported = Exported::new().await;
    let lines = exported.lines();
    let begun: Bodies = lines[..3].iter().map(|line| &line[..line.len() - 1]).collect();
    let begin = async |bodies: &Bodies| {
        let log = SqliteLog::open(&exported.target().join("import")).await.expect("a log");
        log.append(events::Position(0), bodies).await.expect("appended");
        log.close().await;
    };
    begin(&begun).await;
    let failure = typed(&exported.target(), "verify").await.expect_err("no ledger yet");
    assert_eq!(failure.code(), 1);
    for line in ["purchase W 1", "wallet show W", "app create --name a --scopes admin"] {
        let failure =
            typed(&exported.target(), &line.replace('W', WALLET)).await.expect_err("half an import");
        assert!(failure.code() == 2 && failure.to_string().contains("broken off"), "{line}: {failure}");
        assert!(!exported.target().join("log.db").exists(), "{line}");
    }
    exported.import("").await.expect("the rest");
    assert_eq!(json(&exported.target(), "verify").await["events"], lines.len());

    fs::remove_dir_all(exported.target()).expect("removed");
    begin(&["{}"].into_iter().collect()).await;
    let failure = exported.import("").await.expect_err("something else was begun");
    assert!(failure.code() == 2 && failure.to_string().contains("beginning of another import"), "{failure}");
    assert!(!exported.target().join("log.db").exists());
}
