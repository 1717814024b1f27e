//! What the projections refuse to go on with.

use std::sync::Arc;

use credit_ledger::{
    log::{Bodies, Log},
    read::{Halted, Live, Reads, sqlite},
};
use events::{Event, LedgerId, Position, encode};
use sqlite::OpenError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{clock, everything, log_of, nothing_handed_over, project, recorded};

/// The history with event number `index` replaced.
fn replaced(bodies: &Bodies, index: usize, body: &[u8]) -> Bodies {
    bodies.iter().enumerate().map(|(at, stored)| if at == index { body } else { stored }).collect()
}

/// Follows a log and returns why it halted, as the runner and as readers are told.
async fn halts(ledger: LedgerId, log: Arc<dyn Log>) -> (Halted, String, Position) {
    let directory = tempfile::tempdir().expect("a directory");
    let stop = CancellationToken::new();
    let projected =
        sqlite::start(directory.path(), ledger, log, nothing_handed_over(), clock(), stop, |_, _| {})
            .await
            .expect("a start");
    let halted = projected.runner.await.expect("a task").expect_err("it went on");
    let told = projected.reads.halted().expect("readers are told");
    let applied = projected.reads.applied().await.expect("a read");
    assert_eq!(*projected.reads.checkpoint().borrow(), applied);
    projected.reads.close().await;
    (halted, told, applied)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_halts_and_nothing_skips_it() {
    let (history, bodies) = everything(51, 5, 300);
    let events = recorded(&bodies);
    let (index, mut poison) = events
        .into_iter()
        .enumerate()
        .filter(|(_, recorded)| matches!(recorded.event, Event::CreditsDeducted(_)))
        .nth(20)
        .expect("a deduction");
    if let Event::CreditsDeducted(e) = &mut poison.event {
        e.wallet.balance = e.wallet.balance.checked_add(e.cost).expect("in range");
    }
    let mut body = Vec::new();
    encode(&poison.envelope, &poison.event, &mut body).expect("an event");
    let log = log_of(&replaced(&bodies, index, &body)).await;
    let (halted, told, applied) = halts(history.ledger, log).await;
    assert!(
        matches!(halted, Halted::Poison(poison) if poison.position == Position(index as u64)),
        "{halted}"
    );
    assert!(told.contains(&format!("position {index}")), "{told}");
    assert!(applied <= Position(index as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_event_halt() {
    let (history, bodies) = everything(52, 5, 300);
    let log = log_of(&replaced(&bodies, 250, br#"{"type":"credits.teleported.v1","data":{}}"#)).await;
    let (halted, told, _) = halts(history.ledger, log).await;
    assert!(matches!(halted, Halted::Log(_)), "{halted}");
    assert!(told.contains("250") && told.contains("credits.teleported.v1"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_ahead_of_the_log_halts() {
    let (history, bodies) = everything(53, 5, 300);
    let directory = tempfile::tempdir().expect("a directory");
    project(directory.path(), history.ledger, log_of(&bodies).await).await.close().await;
    let mut shorter = bodies.clone();
    shorter.truncate(100);
    let log = log_of(&shorter).await;
    let stop = CancellationToken::new();
    let error =
        sqlite::start(directory.path(), history.ledger, log, nothing_handed_over(), clock(), stop, |_, _| {})
            .await
            .err();
    let error = error.expect("a log that lost events");
    assert!(matches!(error, OpenError::Halted(Halted::Ahead { head: Position(100), .. })), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_ledgers_file_is_refused_and_kept() {
    let (history, bodies) = everything(54, 5, 100);
    let directory = tempfile::tempdir().expect("a directory");
    let log = log_of(&bodies).await;
    project(directory.path(), history.ledger, log.clone()).await.close().await;
    let other = LedgerId(Uuid::from_u128(9));
    let clock = clock();
    let opened = sqlite::at_rest(directory.path(), other, log.clone(), clock.clone(), |_, _| {}).await;
    assert!(matches!(opened, Err(OpenError::OtherLedger { found, .. }) if found == history.ledger));
    let rebuilt = sqlite::rebuild(directory.path(), other, log.clone(), clock, |_, _| {}).await;
    assert!(matches!(rebuilt, Err(OpenError::OtherLedger { .. })));
    let read = sqlite::read_only(directory.path(), other, log.clone()).await;
    assert!(matches!(read, Err(OpenError::OtherLedger { .. })));
    let reads =
        sqlite::read_only(directory.path(), history.ledger, log).await.expect("the rows are still there");
    assert_eq!(*reads.checkpoint_of_reads().borrow(), super::end(&bodies));
    reads.close().await;
}

/// `Reads` and `ColdState` both have a checkpoint; this names the one.
trait CheckpointOfReads {
    fn checkpoint_of_reads(&self) -> tokio::sync::watch::Receiver<Position>;
}

impl<R: Reads> CheckpointOfReads for R {
    fn checkpoint_of_reads(&self) -> tokio::sync::watch::Receiver<Position> {
        self.checkpoint()
    }
}
