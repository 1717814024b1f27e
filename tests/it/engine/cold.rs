//! What the engine forgets it finds again, whatever the projections offer.

use std::sync::Arc;

use credit_ledger::{
    engine::{Ask, EngineError},
    log::sqlite::SqliteLog,
};
use events::Position;

use super::script::{Told, sequel, story, tell};
use crate::support::{
    ground::{Ground, Ledger, idle},
    words::{CALLER, ask, ask_by, balance, check, credits, deduct, purchase, roll_back, wallet},
};

/// The bytes of the whole story, told on `ledger` with `after` between the lines.
async fn told(ledger: Ledger, mut after: impl AsyncFnMut()) -> Vec<Vec<u8>> {
    let mut told: Told = Vec::new();
    tell(&ledger, story(), &mut told, &mut after).await;
    tell(&ledger, sequel(), &mut told, &mut after).await;
    for (ask, recorded) in &told {
        assert_eq!(ledger.replayed(ask.clone()).await, *recorded);
    }
    ledger.end().await.bytes().await
}

/// A purchase of 100 by a wallet that is new.
fn first_purchase(number: u128) -> Ask {
    ask_by(CALLER, wallet(number), &format!("P{number}"), purchase(100))
}

async fn told_from_memory() -> Vec<Vec<u8>> {
    told(Ground::memory().start().await, async || {}).await
}

#[tokio::test]
async fn an_engine_that_keeps_nothing_decides_the_same() {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 0;
    let cold = Arc::clone(&ground.cold);
    let bytes = told(ground.start().await, async || cold.catch_up().await).await;
    assert_eq!(bytes, told_from_memory().await);
    assert!(cold.wallets_loaded() > 20, "only {} were loaded", cold.wallets_loaded());
}

#[tokio::test]
async fn lagging_projections_change_nothing() {
    for lag in [1, 2, 3, 7] {
        let mut ground = Ground::memory();
        ground.options.wallet_cache = 0;
        let (cold, store) = (Arc::clone(&ground.cold), Arc::clone(&ground.store));
        let behind = async || {
            let head = store.head().await.expect("a head");
            cold.advance(Position(head.get().saturating_sub(lag))).await;
        };
        let bytes = told(ground.start().await, behind).await;
        assert_eq!(bytes, told_from_memory().await, "{lag} events behind");
    }
}

#[tokio::test]
async fn rows_newer_than_the_announced_checkpoint_change_nothing() {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 0;
    let (cold, store) = (Arc::clone(&ground.cold), Arc::clone(&ground.store));
    let mut line = 0;
    let ahead = async || {
        line += 1;
        cold.fold(store.head().await.expect("a head")).await;
        if line % 4 == 0 {
            cold.publish();
        }
    };
    assert_eq!(told(ground.start().await, ahead).await, told_from_memory().await);
}

#[tokio::test]
async fn an_index_that_suspects_everything_changes_nothing() {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 0;
    let cold = Arc::clone(&ground.cold);
    let suspicious = async || {
        cold.catch_up().await;
        cold.suspect_everything();
    };
    assert_eq!(told(ground.start().await, suspicious).await, told_from_memory().await);
}

#[tokio::test]
async fn sqlite_holds_the_same_bytes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = Arc::new(SqliteLog::open(directory.path()).await.expect("a log that can be opened"));
    let bytes = told(Ground::on(Arc::clone(&log) as _).start().await, async || {}).await;
    assert_eq!(bytes, told_from_memory().await);
    log.close().await;
}

#[tokio::test]
async fn forgotten_wallets_make_room() {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 10;
    let ledger = ground.start().await;
    for number in 1..=200 {
        ledger.fresh(first_purchase(number)).await;
        ledger.ground.cold.catch_up().await;
    }
    let loads = ledger.ground.cold.wallets_loaded();
    for number in 1..=150 {
        let paid = ledger.fresh(ask_by(CALLER, wallet(number), &format!("D{number}"), deduct(30))).await;
        assert_eq!(balance(&paid), credits("70"));
    }
    assert!(
        ledger.ground.cold.wallets_loaded() >= loads + 150,
        "wallets beyond the cache were still in memory"
    );
}

#[tokio::test]
async fn a_cold_wallet_equals_the_hot_one() {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 0;
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let spent = ledger.fresh(ask("D1", deduct(60))).await;
    ledger.fresh(ask("R1", roll_back(spent.envelope.position, Some(20)))).await;
    ledger.ground.cold.catch_up().await;
    // The returned amount, the wallet and the key come from the projections now.
    let rest = ledger.fresh(ask("R2", roll_back(spent.envelope.position, None))).await;
    assert_eq!(balance(&rest), credits("100"));
    ledger.replayed(ask("D1", deduct(60))).await;
    assert!(matches!(ledger.submit(ask("D1", deduct(61))).await, Err(EngineError::KeyReused)));
}

#[tokio::test]
async fn projections_that_cannot_be_read_are_a_refusal_without_a_trace() {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 0;
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    ledger.ground.cold.catch_up().await;
    let ledger = ledger.restart().await;
    ledger.ground.cold.fail_loads(1);
    let before = ledger.ground.head().await;
    let answer = ledger.submit(ask("D1", deduct(1))).await;
    assert!(matches!(answer, Err(EngineError::Unavailable(_))), "{answer:?}");
    assert_eq!(ledger.ground.head().await, before);
    assert_eq!(balance(&ledger.fresh(ask("D1", deduct(1))).await), credits("99"));
}

#[tokio::test]
async fn an_unreadable_log_is_a_refusal_without_a_trace() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let head = ledger.ground.head().await;
    ledger.ground.log.fail_reads(1);
    // The earlier answer has to be read from the log.
    let answer = ledger.submit(ask("P1", purchase(100))).await;
    assert!(matches!(answer, Err(EngineError::Unavailable(_))), "{answer:?}");
    assert_eq!(ledger.ground.head().await, head);
    ledger.replayed(ask("P1", purchase(100))).await;
}

#[tokio::test]
async fn the_writer_waits_for_projections_that_lag_too_far() {
    let mut ground = Ground::memory();
    ground.options.tail_max = 20;
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let mut waiting = Vec::new();
    for number in 0..60 {
        waiting.push(ledger.posted(ask(&format!("C{number}"), check(1))).await);
    }
    let head = ledger.ground.head().await.get();
    assert!((20..50).contains(&head), "the writer ran on to {head}");
    let stored = waiting.iter().filter(|task| task.is_finished()).count() as u64;
    // The announcement, the opening and the purchase are stored too.
    assert_eq!(stored + 3, head, "what is stored is answered though the projections lag");
    ledger.ground.cold.catch_up().await;
    for task in waiting {
        while !task.is_finished() {
            idle().await;
            ledger.ground.cold.catch_up().await;
        }
        assert!(task.await.expect("no panic").is_ok());
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_projections() {
    let mut ground = Ground::memory();
    ground.options.tail_max = 5;
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let mut waiting = Vec::new();
    for number in 0..20 {
        waiting.push(ledger.posted(ask(&format!("C{number}"), check(1))).await);
    }
    ledger.end().await;
    for task in waiting {
        assert!(task.await.expect("no panic").is_ok());
    }
}

#[tokio::test]
async fn repeated_keys_alone_do_not_fill_the_memory() {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 10;
    let ledger = ground.start().await;
    for number in 1..=100 {
        ledger.fresh(first_purchase(number)).await;
    }
    ledger.ground.cold.catch_up().await;
    let ledger = ledger.restart().await;
    let head = ledger.ground.head().await;
    let mut loads = Vec::new();
    for _ in 0..4 {
        let before = ledger.ground.cold.wallets_loaded();
        for number in 1..=100 {
            ledger.replayed(first_purchase(number)).await;
        }
        loads.push(ledger.ground.cold.wallets_loaded() - before);
    }
    assert_eq!(ledger.ground.head().await, head, "nothing was written");
    assert!(loads.iter().all(|count| *count >= 80), "wallets beyond the cache stayed in memory: {loads:?}");
}
