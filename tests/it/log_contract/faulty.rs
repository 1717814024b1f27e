//! The log that fails on demand fails as it was told, so that tests built on it mean something.

use std::sync::Arc;

use credit_ledger::log::{
    AppendError, Log, ReadError,
    faulty::{Fault, FaultyLog},
    memory::MemoryLog,
};
use events::Position;
use futures::FutureExt;
use tokio::sync::oneshot;

use super::subject::{all, group};

fn faulty(faults: impl IntoIterator<Item = Fault>) -> FaultyLog {
    let log = FaultyLog::new(Arc::new(MemoryLog::new()));
    log.script(faults);
    log
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    let rival = group(["rival"]);
    let log =
        faulty([Fault::None, Fault::Unavailable, Fault::LostRequest, Fault::LostAnswer, Fault::Rival(rival)]);
    let ours = group(["ours"]);
    assert_eq!(log.append(Position(0), &ours).await, Ok(Position(1)));
    assert!(matches!(log.append(Position(1), &ours).await, Err(AppendError::Unavailable(_))));
    assert!(matches!(log.append(Position(1), &ours).await, Err(AppendError::Indeterminate(_))));
    assert_eq!(log.head().await, Ok(Position(1)));
    assert!(matches!(log.append(Position(1), &ours).await, Err(AppendError::Indeterminate(_))));
    assert_eq!(log.head().await, Ok(Position(2)));
    let moved = AppendError::HeadMoved { head: Position(3) };
    assert_eq!(log.append(Position(2), &ours).await, Err(moved));
    assert_eq!(all(&log).await, [b"ours".as_slice(), b"ours", b"rival"]);
    assert_eq!(log.faults_left(), 0);
    assert_eq!(log.append(Position(3), &ours).await, Ok(Position(4)));
}

#[tokio::test]
async fn a_late_twin_lands_before_the_repeated_append() {
    let log = faulty([Fault::LateTwin]);
    let ours = group(["once"]);
    assert!(matches!(log.append(Position(0), &ours).await, Err(AppendError::Indeterminate(_))));
    assert_eq!(log.head().await, Ok(Position(0)));
    let moved = AppendError::HeadMoved { head: Position(1) };
    assert_eq!(log.append(Position(0), &ours).await, Err(moved));
    assert_eq!(all(&log).await, [b"once"]);
}

#[tokio::test]
async fn a_held_append_waits_for_its_release() {
    let (release, held) = oneshot::channel();
    let log = faulty([Fault::Held(held)]);
    let ours = group(["held"]);
    let mut append = log.append(Position(0), &ours);
    assert!((&mut append).now_or_never().is_none());
    release.send(()).expect("an append that waits");
    assert_eq!(append.await, Ok(Position(1)));
}

#[tokio::test]
async fn reads_fail_as_often_as_told() {
    let log = faulty([]);
    log.fail_reads(2);
    assert!(matches!(log.head().await, Err(ReadError::Unavailable(_))));
    assert!(matches!(log.read(Position(0), 1).await, Err(ReadError::Unavailable(_))));
    assert_eq!(log.head().await, Ok(Position(0)));
}
