//! A disk that is full, read-only or failing: what was written is known, or known to be unknown.

use std::{
    path::Path,
    process::{Command, Output},
};

use credit_ledger::log::{AppendError, Log, ReadError, sqlite::SqliteLog};
use events::Position;
use sqlx::Executor;

use super::{
    sqlite_files::raw,
    subject::{all, append, group, numbered, open},
};

/// Breaks the writing connection, appends, repairs it, and appends again at the same head.
async fn refuses_until_repaired(log: &SqliteLog, breaks: &'static str, repairs: &'static str, says: &str) {
    let before = all(log).await;
    let head = Position(before.len() as u64);
    let large = group([vec![b'x'; 60_000]]);
    log.run_on_writer(breaks).await.expect("a broken connection");
    for _ in 0..3 {
        match log.append(head, &large).await {
            Err(AppendError::Unavailable(message)) => assert!(message.contains(says), "{message}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(all(log).await, before);
    }
    log.run_on_writer(repairs).await.expect("a repaired connection");
    assert_eq!(log.append(head, &large).await, Ok(head.next()), "the failed appends burned no position");
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = open(directory.path()).await;
    append(&log, &numbered(0, 10)).await;
    let (full, room) = ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000");
    refuses_until_repaired(&log, full, room, "make room on the disk").await;
    log.close().await;
    assert_eq!(all(&open(directory.path()).await).await.len(), 11);
}

#[tokio::test]
async fn a_read_only_database_refuses_and_recovers() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = open(directory.path()).await;
    append(&log, &numbered(0, 10)).await;
    refuses_until_repaired(
        &log,
        "PRAGMA query_only = ON",
        "PRAGMA query_only = OFF",
        "readonly database; nothing was written; make",
    )
    .await;
}

/// Everything is refused, and nothing that the process remembers is given out.
async fn assert_halted(log: &SqliteLog, head: Position) {
    let again = log.append(head, &group(["again"])).await;
    assert!(matches!(again, Err(AppendError::Indeterminate(_))), "{again:?}");
    assert!(matches!(log.head().await, Err(ReadError::Unavailable(_))));
    assert!(matches!(log.read(Position(0), 1).await, Err(ReadError::Unavailable(_))));
}

#[tokio::test]
async fn an_error_of_unknown_meaning_halts_the_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = open(directory.path()).await;
    let head = append(&log, &numbered(0, 10)).await;
    let mut other = raw(directory.path()).await;
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'trapped'); END";
    other.execute(trap).await.expect("a trap");

    let outcome = log.append(head, &group(["trapped"])).await;
    assert!(
        matches!(&outcome, Err(AppendError::Indeterminate(why)) if why.contains("trapped")),
        "{outcome:?}"
    );
    other.execute("DROP TRIGGER trap").await.expect("no trap");
    assert_halted(&log, head).await;
    log.close().await;

    let log = open(directory.path()).await;
    assert_eq!(append(&log, &numbered(10, 1)).await, Position(11));
}

const DIRECTORY: &str = "LOG_CONTRACT_DIRECTORY";

/// Appends single events until one fails, says how many succeeded, and dies without closing.
#[tokio::test]
#[ignore = "run by a_failed_sync_is_an_unknown_outcome, under strace"]
async fn appends_until_a_sync_fails() {
    let directory = std::env::var(DIRECTORY).expect("the directory to write to");
    let log = open(Path::new(&directory)).await;
    let mut head = Position(0);
    let error = loop {
        match log.append(head, &numbered(head.get(), 1)).await {
            Ok(new_head) => head = new_head,
            Err(error) => break error,
        }
        assert!(head < Position(100), "no sync failed");
    };
    assert!(matches!(error, AppendError::Indeterminate(_)), "{error:?}");
    assert_halted(&log, head).await;
    println!("acknowledged={head}");
    std::process::abort();
}

/// Runs this test binary again with one of its tests, under strace with failing syncs.
fn with_failing_sync(directory: &Path, nth: u32) -> std::io::Result<Output> {
    let inject = format!("inject=fsync,fdatasync:error=EIO:when={nth}");
    Command::new("strace")
        .args(["--follow-forks", "--output=/dev/null", "--trace=fsync,fdatasync", "-e", &inject])
        .arg(std::env::current_exe()?)
        .args([
            "--exact",
            "log_contract::sqlite_faults::appends_until_a_sync_fails",
            "--ignored",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .output()
}

#[tokio::test]
async fn a_failed_sync_is_an_unknown_outcome() {
    for nth in [20, 21, 30] {
        let directory = tempfile::tempdir().expect("a directory");
        let output = with_failing_sync(directory.path(), nth);
        let output = output.expect("strace, which fails a sync: apt-get install strace, or run ./check");
        let said = String::from_utf8_lossy(&output.stdout);
        let acknowledged =
            said.lines().find_map(|line| line.split("acknowledged=").nth(1)?.parse::<u64>().ok());
        let Some(acknowledged) = acknowledged else {
            panic!("{said}\n{}", String::from_utf8_lossy(&output.stderr));
        };
        let stored = all(&open(directory.path()).await).await;
        let count = stored.len() as u64;
        assert!(
            count == acknowledged || count == acknowledged + 1,
            "{acknowledged} acknowledged, {count} stored"
        );
        assert!(stored.iter().map(Vec::as_slice).eq(numbered(0, count).iter()));
    }
}
