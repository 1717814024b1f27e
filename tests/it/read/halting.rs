//! What the projections refuse to go on with.

use std::sync::Arc;

use credit_ledger::{
    log::{Bodies, Log},
    read::{Halted, Live, Reads},
};
use events::{Event, LedgerId, Position, encode};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::place::{Place, Refused, Sqlite, on_every_store};
use super::{everything, log_of, nothing_handed_over, recorded};

on_every_store!(
    a_poison_event_halts_and_nothing_skips_it,
    bytes_that_are_no_event_halt,
    a_checkpoint_ahead_of_the_log_halts,
);

/// The history with event number `index` replaced.
fn replaced(bodies: &Bodies, index: usize, body: &[u8]) -> Bodies {
    bodies.iter().enumerate().map(|(at, stored)| if at == index { body } else { stored }).collect()
}

/// Follows a log and returns why it halted, as the runner and as readers are told.
async fn halts<P: Place>(ledger: LedgerId, log: Arc<dyn Log>) -> (Halted, String, Position) {
    let place = P::new().await;
    let stop = CancellationToken::new();
    let projected = place.start(ledger, log, nothing_handed_over(), stop).await.expect("a start");
    let halted = projected.runner.await.expect("a task").expect_err("it went on");
    let told = projected.reads.halted().expect("readers are told");
    let applied = projected.reads.applied().await.expect("a read");
    assert_eq!(*projected.reads.checkpoint().borrow(), applied);
    projected.reads.close().await;
    (halted, told, applied)
}

async fn a_poison_event_halts_and_nothing_skips_it<P: Place>() {
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
    let (halted, told, applied) = halts::<P>(history.ledger, log).await;
    assert!(
        matches!(halted, Halted::Poison(poison) if poison.position == Position(index as u64)),
        "{halted}"
    );
    assert!(told.contains(&format!("position {index}")), "{told}");
    assert!(applied <= Position(index as u64));
}

async fn bytes_that_are_no_event_halt<P: Place>() {
    let (history, bodies) = everything(52, 5, 300);
    let log = log_of(&replaced(&bodies, 250, br#"{"type":"credits.teleported.v1","data":{}}"#)).await;
    let (halted, told, _) = halts::<P>(history.ledger, log).await;
    assert!(matches!(halted, Halted::Log(_)), "{halted}");
    assert!(told.contains("250") && told.contains("credits.teleported.v1"), "{told}");
}

async fn a_checkpoint_ahead_of_the_log_halts<P: Place>() {
    let (history, bodies) = everything(53, 5, 300);
    let place = P::new().await;
    place.project(history.ledger, log_of(&bodies).await).await.close().await;
    let mut shorter = bodies.clone();
    shorter.truncate(100);
    let log = log_of(&shorter).await;
    let stop = CancellationToken::new();
    let error = place.start(history.ledger, log, nothing_handed_over(), stop).await.err();
    let error = error.expect("a log that lost events");
    assert!(matches!(error, Refused::Halted(Halted::Ahead { head: Position(100), .. })), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_ledgers_file_is_refused_and_kept() {
    let (history, bodies) = everything(54, 5, 100);
    let place = Sqlite::new().await;
    let log = log_of(&bodies).await;
    place.project(history.ledger, log.clone()).await.close().await;
    let other = LedgerId(Uuid::from_u128(9));
    let opened = place.at_rest(other, log.clone()).await;
    assert!(matches!(opened, Err(Refused::OtherLedger(found)) if found == history.ledger));
    let rebuilt = place.rebuild(other, log.clone(), |_, _| {}).await;
    assert!(matches!(rebuilt, Err(Refused::OtherLedger(_))));
    let read = place.frozen(other, log.clone()).await;
    assert!(matches!(read, Err(Refused::OtherLedger(_))));
    let reads = place.opened(history.ledger, log).await;
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
