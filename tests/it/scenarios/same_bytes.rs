//! The same history is the same bytes whichever log holds it, and its export the same file.

use std::{path::Path, process::Command};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use super::{engine, play::tell};
use crate::support::logs::{FreshLog, Home};

/// Tells `tests/scenarios/<name>.ledger` to an engine on this log, and to another one in memory, which
/// must leave the same behind.
pub(super) async fn play(name: &str, fresh: FreshLog) {
    let stored = told(name, fresh).await.0;
    let in_memory = told(name, FreshLog::memory()).await.0;
    for (position, (here, there)) in stored.iter().zip(&in_memory).enumerate() {
        let (here, there) = (String::from_utf8_lossy(here), String::from_utf8_lossy(there));
        assert_eq!(here, there, "{name}.ledger, position {position}");
    }
    assert_eq!(stored.len(), in_memory.len());
}

/// Every stored event of a scenario, and where they are.
async fn told(name: &str, fresh: FreshLog) -> (Vec<Vec<u8>>, Home) {
    let mut world = engine::on(fresh).await;
    tell(name, &mut world).await;
    let bytes = world.bytes().await;
    (bytes, world.end_at_home().await)
}

/// The SHA-256 of the events, a line each.
fn sha256(events: &[Vec<u8>]) -> String {
    let lines: Vec<u8> = events.iter().flat_map(|event| [event, b"\n".as_slice()].concat()).collect();
    digest(&SHA256, &lines).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What `credit-ledger export` says of the ledger in this directory, and the file that it writes.
fn export(directory: &Path) -> (Value, Vec<u8>) {
    let file = directory.join("events.jsonl");
    let mut command = Command::new(env!("CARGO_BIN_EXE_credit-ledger"));
    command
        .env_clear()
        .arg("--data-dir")
        .arg(directory)
        .args(["export", "--output", "json", "--out"])
        .arg(&file);
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let manifest = serde_json::from_slice(&output.stdout).expect("a manifest");
    (manifest, std::fs::read(file).expect("an export"))
}

#[tokio::test]
async fn an_export_is_the_bytes_of_every_log() {
    const NAME: &str = "hold_expiry";
    let (stored, Home::Directory(directory)) = told(NAME, FreshLog::sqlite().await).await else {
        panic!("SQLite's files are in a directory")
    };
    let (manifest, file) = export(directory.path());
    let lines: Vec<Vec<u8>> =
        file.split_inclusive(|byte| *byte == b'\n').map(|line| line[..line.len() - 1].to_vec()).collect();
    assert_eq!(lines, stored);
    assert_eq!(manifest["count"], stored.len());
    let mut others = vec![FreshLog::memory(), FreshLog::postgres().await];
    #[cfg(feature = "eventstoredb")]
    others.push(FreshLog::kurrent().await);
    for other in others {
        assert_eq!(manifest["sha256"], sha256(&told(NAME, other).await.0));
    }
}
