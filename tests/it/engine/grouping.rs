//! Commands are stored in groups, and answered only then.

use std::sync::Arc;

use credit_ledger::log::{Log, faulty::Fault, memory::MemoryLog};
use events::{MAX_EVENT_BYTES, Metadata, Position};
use futures::future::join_all;
use tokio::sync::oneshot;

use crate::support::{
    ground::{Ground, idle},
    watched::WatchedLog,
    words::{ask, balance, credits, deduct, deduct_with_metadata, purchase},
};

#[tokio::test]
async fn no_answer_comes_before_its_group_is_stored() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let (release, held) = oneshot::channel();
    ledger.ground.log.script([Fault::Held(held)]);
    let head = ledger.ground.head().await;
    let new = ledger.posted(ask("D1", deduct(10))).await;
    let replay = ledger.posted(ask("P1", purchase(100))).await;
    let missing = ledger.posted(ask("P1", purchase(7))).await;
    idle().await;
    assert!(!new.is_finished(), "a deduction was answered before it was stored");
    assert!(!replay.is_finished() && !missing.is_finished(), "an answer overtook the group before it");
    assert_eq!((ledger.engine.head(), ledger.ground.head().await), (head, head));
    release.send(()).expect("an append that waits");
    assert!(!new.await.expect("no panic").expect("a receipt").replayed);
    assert!(replay.await.expect("no panic").expect("a receipt").replayed);
    assert!(missing.await.expect("no panic").is_err());
    assert_eq!(ledger.engine.head(), head.next());
}

#[tokio::test]
async fn what_waits_is_stored_in_one_append() {
    let store = Arc::new(WatchedLog::new(Arc::new(MemoryLog::new())));
    let ledger = Ground::on(Arc::clone(&store) as _).start().await;
    ledger.fresh(ask("P1", purchase(1_000))).await;
    store.take();
    let keys: Vec<String> = (0..500).map(|number| format!("D{number}")).collect();
    let receipts = join_all(keys.iter().map(|key| ledger.submit(ask(key, deduct(1))))).await;
    assert!(receipts.iter().all(Result::is_ok));
    let sizes: Vec<usize> = store.take().iter().map(|append| append.events).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 500);
    assert!(sizes.len() <= 2, "natural batching takes whatever waits: {sizes:?}");
}

#[tokio::test]
async fn commands_of_one_group_see_each_other_in_order() {
    let ledger = Ground::memory().start().await;
    let asks = [
        ask("P1", purchase(100)),
        ask("D1", deduct(70)),
        ask("D2", deduct(40)),
        ask("P2", purchase(10)),
        ask("D3", deduct(40)),
    ];
    let receipts = join_all(asks.map(|ask| ledger.submit(ask))).await;
    let balances: Vec<_> =
        receipts.iter().map(|r| balance(&r.as_ref().expect("a receipt").recorded)).collect();
    assert_eq!(balances, ["100", "30", "30", "40", "0"].map(credits));
    let positions: Vec<_> =
        receipts.iter().map(|r| r.as_ref().expect("a receipt").recorded.envelope.position.get()).collect();
    assert_eq!(positions, [2, 3, 4, 5, 6], "after the writer's announcement and the wallet's opening");
}

#[tokio::test]
async fn groups_stay_below_what_the_log_takes() {
    let store = Arc::new(WatchedLog::new(Arc::new(MemoryLog::new())));
    let mut ground = Ground::on(Arc::clone(&store) as _);
    ground.options.group_max = 1_000_000;
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(10_000))).await;
    store.take();
    let keys: Vec<String> = (0..1_500).map(|number| format!("D{number}")).collect();
    let large = |key| ask(key, deduct_with_metadata(1, Metadata::MAX_BYTES));
    let receipts = join_all(keys.iter().map(|key| ledger.submit(large(key)))).await;
    assert!(receipts.iter().all(Result::is_ok));
    let appends = store.take();
    let limit = store.capabilities().max_append_bytes;
    assert!(appends.len() > 1, "12 MB do not fit into one append");
    assert!(appends.iter().all(|append| append.bytes <= limit), "{appends:?}");
    assert_eq!(appends.iter().map(|append| append.events).sum::<usize>(), 1_500);
    assert!(ledger.ground.bytes().await.iter().all(|body| body.len() <= MAX_EVENT_BYTES));
}

#[tokio::test]
async fn a_group_holds_at_most_as_many_commands_as_told() {
    let store = Arc::new(WatchedLog::new(Arc::new(MemoryLog::new())));
    let mut ground = Ground::on(Arc::clone(&store) as _);
    ground.options.group_max = 7;
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(1_000))).await;
    store.take();
    let keys: Vec<String> = (0..100).map(|number| format!("D{number}")).collect();
    let receipts = join_all(keys.iter().map(|key| ledger.submit(ask(key, deduct(1))))).await;
    assert!(receipts.iter().all(Result::is_ok));
    let appends = store.take();
    assert!(appends.iter().all(|append| append.events <= 7), "{appends:?}");
    assert_eq!(ledger.ground.head().await, Position(103));
}
