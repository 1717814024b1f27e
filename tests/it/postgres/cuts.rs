//! The connection is cut around a commit: nothing is lost, and nothing is there twice.

use std::sync::Arc;

use credit_ledger::log::{AppendError, Log, postgres::PostgresLog};
use events::Position;
use tokio::sync::oneshot;

use super::{all, numbered, open, open_ledger};
use crate::support::{
    ground::{Ground, LEDGER},
    postgres::{APPLICATION, Cut, Database, Proxy},
    words::{ask, balance, credits, deduct, purchase},
};

/// A log behind a proxy, with one event, so that its connection is known as the one that appends.
async fn behind_a_proxy() -> (Database, Proxy, PostgresLog) {
    let database = Database::migrated().await;
    let proxy = Proxy::to(database.port).await;
    let log = open_ledger(&database.url_at(APPLICATION, proxy.port), LEDGER).await;
    (database, proxy, log)
}

#[tokio::test]
async fn a_cut_connection_is_an_unknown_outcome_and_the_next_append_has_a_new_one() {
    let (_database, proxy, log) = behind_a_proxy().await;
    log.append(Position(0), &numbered(0, 1)).await.expect("an append");

    proxy.cut(Cut::Request);
    let lost = log.append(Position(1), &numbered(1, 5)).await;
    assert!(matches!(lost, Err(AppendError::Indeterminate(_))) && proxy.has_cut(), "{lost:?}");
    assert_eq!(log.head().await, Ok(Position(1)));
    assert_eq!(log.append(Position(1), &numbered(1, 5)).await, Ok(Position(6)));

    proxy.cut(Cut::Answer);
    let lost = log.append(Position(6), &numbered(6, 5)).await;
    assert!(matches!(lost, Err(AppendError::Indeterminate(_))) && proxy.has_cut(), "{lost:?}");
    // The commit may still be on its way when the client looks; its twin finds out. Seldom the server takes
    // the lost connection for a reason to end it, and the twin is the one that counts.
    let again = log.append(Position(6), &numbered(6, 5)).await;
    let moved = Err(AppendError::HeadMoved { head: Position(11) });
    assert!(again == moved || again == Ok(Position(11)), "{again:?}");
    assert_eq!(all(&log, 100).await, numbered(0, 11));
}

#[tokio::test]
async fn a_request_that_arrives_late_loses_to_its_twin_or_wins_once() {
    let (_database, proxy, log) = behind_a_proxy().await;
    log.append(Position(0), &numbered(0, 1)).await.expect("an append");
    for twin_first in [true, false] {
        let head = log.head().await.expect("a head");
        let group = numbered(head.get(), 3);
        let (release, released) = oneshot::channel();
        proxy.cut(Cut::LateRequest(released));
        let lost = log.append(head, &group).await;
        assert!(matches!(lost, Err(AppendError::Indeterminate(_))), "{lost:?}");
        if twin_first {
            assert_eq!(log.append(head, &group).await, Ok(head.plus(3)));
            release.send(()).expect("a request that waits");
        } else {
            release.send(()).expect("a request that waits");
            log.wait_past(head).await;
            let moved = AppendError::HeadMoved { head: head.plus(3) };
            assert_eq!(log.append(head, &group).await, Err(moved));
        }
        // Had the late one been written beside its twin, this would find the head moved.
        log.append(head.plus(3), &numbered(head.get() + 3, 1)).await.expect("the head that is known");
    }
    assert_eq!(all(&log, 100).await, numbered(0, 9));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_answers_through_cuts_as_if_there_were_none() {
    let (database, proxy, log) = behind_a_proxy().await;
    let ledger = Ground::on(Arc::new(log)).start().await;
    ledger.fresh(ask("P1", purchase(1_000))).await;
    for number in 0..12 {
        proxy.cut(if number % 2 == 0 { Cut::Request } else { Cut::Answer });
        let key = format!("D{number}");
        let recorded = ledger.fresh(ask(&key, deduct(10))).await;
        assert!(proxy.has_cut(), "{key} was not cut");
        assert_eq!(balance(&recorded), credits(&(990 - number * 10).to_string()));
        assert_eq!(ledger.replayed(ask(&key, deduct(10))).await, recorded);
    }
    let through_the_engine = ledger.end().await.bytes().await;
    let straight = all(&open(&database).await, 1_000).await;
    assert!(straight.iter().eq(through_the_engine.iter().map(Vec::as_slice)));
    // The writer's announcement, the wallet, the purchase and twelve deductions.
    assert_eq!(straight.len(), 15);
}
