use std::fs;

use super::*;

const WALLET: &str = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";

/// A ledger with a purchase and two deductions.
async fn ledger() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for line in ["purchase W 100", "deduct W 1 --service chat", "deduct W 2 --service chat"] {
        json(dir.path(), &line.replace('W', WALLET)).await;
    }
    dir
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_what_is_stored_and_what_the_feed_tells() {
    let dir = ledger().await;
    let file = dir.path().join("export.jsonl");
    typed(dir.path(), &format!("export --out {}", file.display())).await.expect("an export");
    let exported = fs::read_to_string(&file).expect("a file");
    let manifest = fs::read(dir.path().join("export.jsonl.manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    assert_eq!(manifest["count"], exported.lines().count());
    assert_eq!(manifest["bytes"], exported.len());
    for (position, line) in exported.lines().enumerate() {
        let event = events::decode(line.as_bytes()).expect("an event");
        assert_eq!(event.envelope.position.get(), position as u64);
    }
    let told = typed(dir.path(), "tail --types credits.*").await.expect("events");
    let credits: String =
        exported.lines().filter(|line| line.contains("\"credits.")).map(|line| format!("{line}\n")).collect();
    assert_eq!(told, credits, "the same bytes");
    let entries = dir.path().join("entries.csv");
    typed(dir.path(), &format!("export --csv --out {}", entries.display())).await.expect("an export");
    assert_eq!(
        fs::read_to_string(entries).expect("a file").lines().count(),
        5,
        "header, opening, three movements"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_ledger_verifies_and_replays_without_difference() {
    let dir = ledger().await;
    let verified = json(dir.path(), "verify").await;
    assert_eq!((&verified["ok"], &verified["balances"]), (&true.into(), &"97".into()));
    assert_eq!((&verified["deductions"], &verified["wallets_compared"]), (&2.into(), &1.into()));
    for line in ["replay", "replay --rebuild"] {
        let replayed = json(dir.path(), line).await;
        assert_eq!(replayed["ok"], true, "{line}: {replayed}");
        assert!(replayed["projections"].as_array().is_some_and(|projections| projections.len() == 9));
    }
    fs::remove_file(dir.path().join("read.db")).expect("removed");
    assert_eq!(json(dir.path(), "verify").await["wallets_compared"], Value::Null, "the log alone");
    assert_eq!(json(dir.path(), &format!("wallet show {WALLET}")).await["balance"], "97", "computed again");
}

/// One digit of a stored balance is changed on disk, as by a hand that wants to hide something.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_balance_is_found_and_named_by_its_position() {
    let dir = ledger().await;
    let file = dir.path().join("log.db");
    let mut bytes = fs::read(&file).expect("a log");
    let told = br#""balance":"99""#;
    // Pages that are no longer in use may hold it, too.
    let places = bytes.windows(told.len()).enumerate().filter(|(_, window)| window == told);
    let places: Vec<_> = places.map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "the first deduction's balance");
    places.iter().for_each(|at| bytes[at + told.len() - 2] = b'8');
    fs::write(&file, bytes).expect("written");
    let exported = dir.path().join("export.jsonl");
    typed(dir.path(), &format!("export --out {}", exported.display()))
        .await
        .expect("an export shows what is there");
    let exported = fs::read_to_string(exported).expect("a file");
    let position =
        exported.lines().position(|line| line.contains(r#""balance":"98""#)).expect("the changed event");
    let failure = typed(dir.path(), "verify").await.expect_err("a changed event");
    assert_eq!(failure.code(), 3);
    assert!(failure.to_string().contains(&format!("position {position}: ")), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_ledger_is_not_made_by_looking_at_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let nowhere = dir.path().join("nowhere");
    for line in ["verify", "replay", "replay --rebuild", "export --out -"] {
        let failure = typed(&nowhere, line).await.expect_err("no ledger");
        assert_eq!(failure.code(), 1, "{line}: {failure}");
        assert!(!nowhere.exists(), "{line}");
    }
}
