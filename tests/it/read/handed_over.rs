//! Rows are the same whether events are handed over in memory or read from the log.

use std::sync::Arc;

use credit_ledger::{
    log::{Log, Recent, memory::MemoryLog},
    read::{Reads, replay},
};
use events::{Position, Recorded};
use tokio_util::sync::CancellationToken;

use super::place::{Place, on_every_store};
use super::{append, end, everything, recorded};

on_every_store!(
    handed_over_or_read_the_rows_are_the_same,
    what_a_full_queue_dropped_is_read_from_the_log,
    what_is_handed_over_is_what_is_applied,
);

/// Projects a history that is appended in groups of 100, of which `hands_over` says by number whether
/// they are handed over, and compares the rows with the log. `spoil` may change what is handed over.
async fn compared<P: Place>(
    hands_over: impl Fn(u64) -> bool,
    spoil: impl Fn(&mut Recorded),
) -> (replay::Comparison, Option<String>) {
    let (history, bodies) = everything(45, 15, 3_000);
    let events = recorded(&bodies);
    let (log, recent) = (Arc::new(MemoryLog::new()), Arc::new(Recent::new(1_000)));
    let place = P::new().await;
    let stop = CancellationToken::new();
    let (given, ledger) = (Arc::clone(&recent), history.ledger);
    let started = place.start(ledger, log.clone(), given, stop.clone());
    let projected = started.await.expect("projections");
    let mut checkpoint = projected.reads.checkpoint();
    let all: Vec<&[u8]> = bodies.iter().collect();
    for (number, group) in (0..).zip(all.chunks(100)) {
        let first = Position(number * 100);
        let upto = log.append(first, &group.iter().collect()).await.expect("an append");
        if hands_over(number) {
            let mut group = events[first.get() as usize..upto.get() as usize].to_vec();
            group.iter_mut().for_each(&spoil);
            recent.hand_over(first, group.into_iter().map(Arc::new).collect());
        }
        projected.reads.hurry(upto);
        if number % 4 == 3 {
            // A halt publishes no checkpoint.
            while *checkpoint.borrow_and_update() < upto && projected.reads.halted().is_none() {
                let _ =
                    tokio::time::timeout(std::time::Duration::from_millis(50), checkpoint.changed()).await;
            }
        }
    }
    stop.cancel();
    let _ = projected.runner.await.expect("a task");
    let halted = projected.reads.halted();
    assert!(halted.is_some() || *checkpoint.borrow() == end(&bodies));
    let comparison = replay::compare(ledger, log, &projected.reads, |_, _| {}).await.expect("a result");
    projected.reads.close().await;
    (comparison, halted)
}

async fn handed_over_or_read_the_rows_are_the_same<P: Place>() {
    let schedules: [fn(u64) -> bool; 4] =
        [|_| true, |number| number % 3 > 0, |number| number > 9, |number| number < 9];
    for hands_over in schedules {
        let (comparison, halted) = compared::<P>(hands_over, |_| {}).await;
        assert!(comparison.is_equal() && comparison.events >= 3_000, "{halted:?} {comparison:?}");
    }
}

async fn what_a_full_queue_dropped_is_read_from_the_log<P: Place>() {
    let (history, bodies) = everything(46, 15, 3_000);
    let (ledger, events) = (history.ledger, recorded(&bodies));
    let (log, recent) = (Arc::new(MemoryLog::new()), Arc::new(Recent::new(1_000)));
    let place = P::new().await;
    let stop = CancellationToken::new();
    let (given, head) = (Arc::clone(&recent), end(&bodies));
    let started = place.start(ledger, log.clone(), given, stop.clone());
    let projected = started.await.expect("projections");
    // The runner takes nothing before the log has it, so the queue overflows.
    for group in events.chunks(100) {
        recent.hand_over(group[0].envelope.position, group.iter().cloned().map(Arc::new).collect());
    }
    let kept = recent.first().expect("events that wait");
    assert!(kept.plus(900) <= head && head <= kept.plus(1_000), "{kept} of {head}");
    append(&*log, &bodies).await;
    projected.reads.hurry(head);
    projected.reads.checkpoint().wait_for(|at| *at == head).await.expect("a checkpoint");
    assert_eq!(recent.first(), None, "what was kept was not taken");
    stop.cancel();
    projected.runner.await.expect("a task").expect("a clean end");
    let comparison = replay::compare(ledger, log, &projected.reads, |_, _| {}).await.expect("a result");
    assert!(comparison.is_equal() && comparison.events == head.get(), "{comparison:?}");
    projected.reads.close().await;
}

async fn what_is_handed_over_is_what_is_applied<P: Place>() {
    let (_, halted) = compared::<P>(|_| true, |recorded| recorded.envelope.previous = None).await;
    assert!(halted.is_some_and(|why| why.contains("position")), "the hand-over was not looked at");
}
