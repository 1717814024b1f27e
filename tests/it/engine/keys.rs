//! One key, one effect, one answer.

use credit_ledger::{engine::EngineError, log::faulty::Fault};
use events::{Event, OrgId, Refusal};
use futures::future::join_all;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::support::{
    ground::Ground,
    words::{
        CALLER, Caller, ask, ask_by, balance, check, credits, deduct, grant, purchase, roll_back, wallet,
    },
};

#[tokio::test]
async fn a_repeated_key_gets_the_first_answer_as_it_was_stored() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let first = ledger.fresh(ask("D1", deduct(70))).await;
    ledger.fresh(ask("D2", deduct(20))).await;
    let head = ledger.ground.head().await;
    assert_eq!(ledger.replayed(ask("D1", deduct(70))).await, first);
    assert_eq!(ledger.ground.head().await, head, "a replay writes nothing");
    let stored = &ledger.ground.events().await[first.envelope.position.get() as usize];
    assert_eq!(*stored, first);
}

#[tokio::test]
async fn duplicates_in_one_group_have_one_event() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let head = ledger.ground.head().await;
    let receipts = join_all((0..20).map(|_| ledger.submit(ask("D1", deduct(70))))).await;
    let receipts: Vec<_> = receipts.into_iter().map(|receipt| receipt.expect("a receipt")).collect();
    assert_eq!(receipts.iter().filter(|receipt| !receipt.replayed).count(), 1);
    assert!(receipts.iter().all(|receipt| receipt.recorded == receipts[0].recorded));
    assert_eq!(ledger.ground.head().await, head.next());
}

#[tokio::test]
async fn a_duplicate_of_a_command_in_flight_waits_for_its_answer() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let (release, held) = oneshot::channel();
    ledger.ground.log.script([Fault::Held(held)]);
    let first = ledger.posted(ask("D1", deduct(70))).await;
    let second = ledger.posted(ask("D1", deduct(70))).await;
    let other = ledger.posted(ask("D1", deduct(71))).await;
    assert!(!first.is_finished() && !second.is_finished() && !other.is_finished());
    release.send(()).expect("an append that waits");
    let first = first.await.expect("no panic").expect("a receipt");
    let second = second.await.expect("no panic").expect("a receipt");
    assert!(!first.replayed && second.replayed);
    assert_eq!(first.recorded, second.recorded);
    assert!(matches!(other.await.expect("no panic"), Err(EngineError::KeyReused)));
}

#[tokio::test]
async fn a_key_used_for_another_request_is_refused_and_writes_nothing() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let first = ledger.fresh(ask("D1", deduct(70))).await;
    let head = ledger.ground.head().await;
    let others =
        [ask("D1", deduct(71)), ask_by(CALLER, wallet(2), "D1", deduct(70)), ask("P1", purchase(101))];
    for other in others {
        assert!(matches!(ledger.submit(other).await, Err(EngineError::KeyReused)));
    }
    let (one, other) = (ask("D9", deduct(1)), ask("D9", deduct(2)));
    let both = join_all([one, other].map(|ask| ledger.submit(ask))).await;
    assert!(both[0].is_ok() && matches!(both[1], Err(EngineError::KeyReused)), "in one group");
    assert_eq!(ledger.ground.head().await, head.next());
    assert_eq!(ledger.replayed(ask("D1", deduct(70))).await, first);
}

#[tokio::test]
async fn a_key_counts_for_one_operation_of_one_app() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("K", purchase(100))).await;
    let deducted = ledger.fresh(ask("K", deduct(70))).await;
    ledger.fresh(ask("K", grant(5))).await;
    ledger.fresh(ask("K", check(5))).await;
    ledger.fresh(ask("K", roll_back(deducted.envelope.position, None))).await;
    let other_app = Caller { app: events::AppId(Uuid::from_u128(0xb)), ..CALLER };
    let other = ledger.fresh(ask_by(other_app, wallet(1), "K", deduct(70))).await;
    assert_eq!(balance(&other), credits("35"));
    let other_org = Caller { org: OrgId(Uuid::from_u128(0xb)), ..CALLER };
    ledger.fresh(ask_by(other_org, wallet(2), "K", purchase(100))).await;
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_stays() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(10))).await;
    let refused = ledger.fresh(ask("D1", deduct(11))).await;
    let Event::CommandRefused(refusal) = &refused.event else { panic!("{refused:?}") };
    let expected = Refusal::InsufficientCredits { available: credits("10"), required: credits("11") };
    assert_eq!(refusal.refusal, expected);
    ledger.fresh(ask("P2", purchase(100))).await;
    assert_eq!(ledger.replayed(ask("D1", deduct(11))).await, refused, "though the wallet could pay now");
    ledger.fresh(ask("D2", deduct(11))).await;
}

#[tokio::test]
async fn what_is_not_found_leaves_the_key_free() {
    let ledger = Ground::memory().start().await;
    let head = ledger.ground.head().await;
    assert!(matches!(ledger.submit(ask("D1", deduct(1))).await, Err(EngineError::Rejected(_))));
    assert_eq!(ledger.ground.head().await, head);
    ledger.fresh(ask("P1", purchase(10))).await;
    ledger.fresh(ask("D1", deduct(2))).await;
    let stranger = Caller { org: OrgId(Uuid::from_u128(0xb)), ..CALLER };
    for command in [deduct(1), purchase(1), check(1)] {
        let ask = ask_by(stranger, wallet(1), "S1", command);
        assert!(matches!(ledger.submit(ask).await, Err(EngineError::Rejected(_))));
    }
}
