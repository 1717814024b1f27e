//! The log's files: kept, locked, refused to editors, and read with suspicion.

use std::path::Path;

use credit_ledger::log::{
    AppendError, Log, ReadError,
    sqlite::{Closed, LOG_FILE, OpenError, SqliteLog},
};
use events::Position;
use sqlx::{
    ConnectOptions, Connection, Executor, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteQueryResult},
};

use super::subject::{all, append, group, numbered, open};

pub(super) async fn raw(directory: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(directory.join(LOG_FILE))
        .connect()
        .await
        .expect("the file of the log")
}

async fn edit(directory: &Path, sql: &'static str) -> Result<SqliteQueryResult, sqlx::Error> {
    let mut connection = raw(directory).await;
    let result = connection.execute(sql).await;
    connection.close().await.expect("a close");
    result
}

#[tokio::test]
async fn reopening_keeps_every_event() {
    let directory = tempfile::tempdir().expect("a directory");
    for round in 0..3 {
        let log = open(directory.path()).await;
        assert_eq!(all(&log).await.len(), round * 1000);
        append(&log, &numbered(round as u64 * 1000, 1000)).await;
        log.close().await;
    }
    let log = open(directory.path()).await;
    assert!(all(&log).await.iter().map(Vec::as_slice).eq(numbered(0, 3000).iter()));
}

#[tokio::test]
async fn a_closed_log_leaves_nothing_beside_its_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = open(directory.path()).await;
    append(&log, &numbered(0, 100)).await;
    assert_eq!(log.close().await, Closed::InOneFile);
    assert!(!directory.path().join("log.db-wal").exists());
    assert_eq!(log.close().await, Closed::AsItWas);
    let refused = log.append(Position(100), &group(["late"])).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    assert!(matches!(log.head().await, Err(ReadError::Unavailable(_))));
    log.wait_past(Position(100)).await;
}

/// Whoever takes `log.db` alone would lose what the reader kept out of it.
#[tokio::test]
async fn a_log_that_a_reader_keeps_from_being_whole_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = open(directory.path()).await;
    append(&log, &numbered(0, 10)).await;
    let mut reader = raw(directory.path()).await;
    let mut snapshot = reader.begin().await.expect("a transaction");
    let seen: i64 =
        sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(&mut *snapshot).await.expect("a count");
    append(&log, &numbered(10, 10)).await;
    log.run_on_writer("PRAGMA busy_timeout = 0").await.expect("no waiting");
    assert_eq!((seen, log.close().await), (10, Closed::InTwoFiles));
    let beside = directory.path().join("log.db-wal").metadata().expect("a write-ahead log");
    assert!(beside.len() > 0);
    snapshot.rollback().await.expect("an end");
    reader.close().await.expect("a close");
    assert_eq!(all(&open(directory.path()).await).await.len(), 20);
}

#[tokio::test]
async fn a_second_writer_is_locked_out_and_told_where() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = open(directory.path()).await;
    let Err(refused) = SqliteLog::open(directory.path()).await else { panic!("two writers") };
    assert!(matches!(refused, OpenError::Locked { .. }));
    assert!(refused.to_string().contains(&directory.path().display().to_string()), "{refused}");
    first.close().await;
    open(directory.path()).await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    std::fs::write(&file, "in the way").expect("a file");
    let inside = file.join("data");
    let Err(refused) = SqliteLog::open(&inside).await else { panic!("a directory in a file") };
    assert!(refused.to_string().contains(&inside.display().to_string()), "{refused}");
}

#[tokio::test]
async fn readers_need_no_lock_and_write_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = SqliteLog::open_read_only(directory.path()).await;
    assert!(matches!(missing, Err(OpenError::NotFound { .. })));
    let writer = open(directory.path()).await;
    append(&writer, &numbered(0, 5)).await;

    let reader = SqliteLog::open_read_only(directory.path()).await.expect("a reader beside the writer");
    assert_eq!(all(&reader).await.len(), 5);
    let refused = reader.append(Position(5), &group(["no"])).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    let waiting = reader.wait_past(Position(5));
    append(&writer, &numbered(5, 1)).await;
    waiting.await;
    assert_eq!(all(&reader).await.len(), 6);

    writer.close().await;
    assert_eq!(all(&reader).await.len(), 6, "also when the writer has gone");
}

#[tokio::test]
async fn history_is_never_edited() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = open(directory.path()).await;
    append(&log, &numbered(0, 3)).await;
    for sql in [
        "UPDATE events SET body = x'00' WHERE position = 1",
        "UPDATE events SET position = 9 WHERE position = 2",
        "DELETE FROM events WHERE position = 2",
        "DELETE FROM events",
        "INSERT INTO events VALUES (1, x'00')",
        "INSERT INTO events VALUES (-1, x'00')",
        "INSERT INTO events VALUES (3, NULL)",
        "INSERT INTO events VALUES (3, 'text')",
    ] {
        assert!(edit(directory.path(), sql).await.is_err(), "{sql}");
    }
    assert!(all(&log).await.iter().map(Vec::as_slice).eq(numbered(0, 3).iter()));
}

#[tokio::test]
async fn a_hole_is_corruption() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = open(directory.path()).await;
    append(&log, &numbered(0, 10)).await;
    let holes = "DROP TRIGGER events_are_never_deleted; DELETE FROM events WHERE position IN (3, 7)";
    edit(directory.path(), holes).await.expect("without its trigger the table can be cut");

    for (from, limit, hole) in [(0, 10, 3), (0, 4, 3), (2, 2, 3), (3, 1, 3), (4, 10, 7), (7, 10, 7)] {
        match log.read(Position(from), limit).await {
            Err(ReadError::Corrupt { position, .. }) => assert_eq!(position, Position(hole)),
            other => panic!("{limit} from {from}: {other:?}"),
        }
    }
    assert_eq!(log.read(Position(0), 3).await.expect("the events before the hole").bodies, numbered(0, 3));
    assert_eq!(log.read(Position(8), 10).await.expect("the events after it").bodies, numbered(8, 2));
}

#[tokio::test]
async fn a_log_without_its_beginning_is_not_opened() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = open(directory.path()).await;
    append(&log, &numbered(0, 10)).await;
    log.close().await;
    let cut = "DROP TRIGGER events_are_never_deleted; DELETE FROM events WHERE position < 4";
    edit(directory.path(), cut).await.expect("without its trigger the table can be cut");
    assert!(matches!(SqliteLog::open(directory.path()).await, Err(OpenError::Corrupt { first: 4, .. })));
    assert!(matches!(
        SqliteLog::open_read_only(directory.path()).await,
        Err(OpenError::Corrupt { first: 4, .. })
    ));
}

/// A reader that asks for everything must not make the process hold everything.
#[tokio::test]
async fn a_page_is_bounded_whatever_the_reader_asks() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = open(directory.path()).await;
    append(&log, &numbered(0, 4_001)).await;
    let page = log.read(Position(0), usize::MAX).await.expect("a page");
    assert_eq!(page.bodies, numbered(0, 4_000));
    assert_eq!(log.read(page.next(), usize::MAX).await.expect("a page").bodies, numbered(4_000, 1));
}
