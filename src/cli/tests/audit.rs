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
    for line in [
        "report liability",
        "report usage",
        "tail",
        "price list",
        "policy show",
        "app list",
        "key list",
        "wallet show W",
        "entries W",
        "explain W",
        "statement W",
        "deduct W 1 --service chat --dry-run",
        "price set chat --unit tokens=1 --dry-run",
    ] {
        let failure = typed(&nowhere, &line.replace('W', WALLET)).await.expect_err("no ledger");
        assert!(failure.code() == 1 && failure.to_string().contains("holds no ledger"), "{line}: {failure}");
        assert!(!nowhere.exists(), "{line}");
    }
}

/// What came in less what went out, as `verify` prints it.
fn flows(told: &Value) -> i64 {
    let micros = |name: &str| {
        let text = told[name].as_str().unwrap_or_else(|| panic!("{name}: {told}"));
        text.parse::<events::Credits>().expect("credits").micros()
    };
    let came = micros("purchased") + micros("granted") + micros("returned") + micros("adjusted");
    came - micros("deducted") - micros("captured") - micros("refunded") - micros("expired")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_verify_and_import_print_adds_up_to_the_balances() {
    let dir = tempfile::tempdir().expect("a folder");
    let from = dir.path().join("from");
    let line = |line: &str| json_at(&from, line.replace('W', WALLET));
    let bought = line("purchase W 100").await;
    line("grant W 20 --reason welcome").await;
    let spent = line("deduct W 30 --service chat").await;
    line(&format!("rollback {} --amount 4.5", spent["id"].as_str().expect("an id"))).await;
    let held = line("hold create W 10 --service video --timeout 15m").await;
    line(&format!("hold capture {} 7.25", held["id"].as_str().expect("an id"))).await;
    line(&format!("refund {} --amount 11", bought["id"].as_str().expect("an id"))).await;
    line("adjust W -3.000001 --reason slip").await;
    let verified = line("verify").await;
    let balance: events::Credits = verified["balances"].as_str().expect("text").parse().expect("credits");
    assert_eq!(flows(&verified), balance.micros(), "{verified}");
    for (name, amount) in
        [("captured", "7.25"), ("refunded", "11"), ("adjusted", "-3.000001"), ("returned", "4.5")]
    {
        assert_eq!(verified[name], amount, "{verified}");
    }
    let table = typed(&from, "verify").await.expect("a table");
    for name in ["captured", "refunded", "adjusted", "expired", "holds", "captures", "refunds", "adjustments"]
    {
        assert!(table.contains(name), "{name}: {table}");
    }
    let file = dir.path().join("ledger.jsonl");
    // Not by `line`: the folder's random name may have the letter that stands for the wallet.
    json(&from, &format!("export --out {}", file.display())).await;
    let imported = json_at(&dir.path().join("to"), format!("import {}", file.display())).await;
    for name in
        ["purchased", "granted", "returned", "adjusted", "deducted", "captured", "refunded", "expired"]
    {
        assert_eq!(imported[name], verified[name], "{name}");
    }
}

async fn json_at(dir: &Path, line: String) -> Value {
    json(dir, &line).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_nothing_is_refused_and_overwrites_nothing() {
    let dir = ledger().await;
    let file = dir.path().join("export.jsonl");
    fs::write(&file, "precious").expect("written");
    let line = format!("export --from 3 --to 2 --out {}", file.display());
    let failure = typed(dir.path(), &line).await.expect_err("nothing to export");
    assert_eq!((failure.code(), fs::read_to_string(&file).expect("a file")), (2, "precious".to_owned()));
    json(dir.path(), &format!("export --from 3 --to 3 --out {}", file.display())).await;
    assert_eq!(fs::read_to_string(&file).expect("a file").lines().count(), 1);
}

/// A byte of an event is changed so that it is none any more.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_is_a_failed_verification() {
    let dir = ledger().await;
    let file = dir.path().join("log.db");
    let mut bytes = fs::read(&file).expect("a log");
    let told = br#""balance":"99""#;
    let places = bytes.windows(told.len()).enumerate().filter(|(_, window)| window == told);
    let places: Vec<_> = places.map(|(at, _)| at).collect();
    places.iter().for_each(|at| bytes[at + told.len() - 2] = b'x');
    fs::write(&file, bytes).expect("written");
    for line in ["verify", "replay", "replay --rebuild"] {
        let failure = typed(dir.path(), line).await.expect_err("no event");
        assert!(failure.code() == 3 && failure.to_string().contains("position"), "{line}: {failure}");
    }
}
