//! A command gets the same answer wherever it is asked.

use credit_ledger::engine::{Ask, EngineError, Receipt};
use events::{CommandId, Event, OrgId, Position, Recorded, Subject};
use ledger::{Command, Rejection};
use uuid::Uuid;

use super::nodes::{Shared, TestNode};
use crate::support::words::{
    CALLER, Caller, ask, ask_by, balance, capture, check, credits, deduct, deduction, hold, purchase,
    roll_back, wallet,
};

/// A writer and a standby that knows it.
async fn two(shared: &Shared) -> (TestNode, TestNode) {
    let writer = TestNode::start(shared, 1).await;
    writer.is("writer").await;
    let standby = TestNode::start(shared, 2).await;
    standby.is("standby").await;
    (writer, standby)
}

fn done(answer: &Result<Receipt, EngineError>) -> &Receipt {
    let receipt = answer.as_ref().unwrap_or_else(|error| panic!("{error}"));
    assert!(!receipt.replayed);
    receipt
}

#[tokio::test]
async fn what_is_forwarded_is_answered_as_if_it_had_been_asked_at_the_writer() {
    let shared = Shared::new();
    let (writer, standby) = two(&shared).await;
    let commands = [
        ("P1", purchase(100)),
        ("D1", deduct(30)),
        ("D2", deduct(1_000)),
        ("C1", check(1)),
        ("H1", hold(20, 3_600)),
        ("B1", Command::DeductBatch(vec![deduction(1), deduction(2)])),
    ];
    for (key, command) in commands {
        let first = standby.submit(ask(key, command.clone())).await;
        let first = done(&first).clone();
        let stored = &shared.events().await[first.recorded.envelope.position.get() as usize];
        assert_eq!(&*first.recorded, stored, "the answer is what is stored");
        for node in [&writer, &standby] {
            let again = node.submit(ask(key, command.clone())).await.expect("the earlier answer");
            assert!(again.replayed && again.recorded == first.recorded, "{key}");
            assert!(again.others.iter().all(|other| first.others.contains(other)), "{key}");
        }
    }
    let batch = standby.submit(ask("B1", Command::DeductBatch(vec![deduction(1), deduction(2)]))).await;
    assert_eq!(batch.expect("the earlier answer").others.len(), 1, "the other item");
    let refused = standby.submit(ask("D2", deduct(1_000))).await.expect("a recorded refusal");
    assert!(matches!(refused.recorded.event, Event::CommandRefused(_)));
    let held = standby.submit(ask("H1", hold(20, 3_600))).await.expect("a hold").recorded.envelope.position;
    done(&standby.submit(ask("K1", capture(held, 5))).await);
    let deducted = Position(
        shared
            .events()
            .await
            .iter()
            .position(|recorded| matches!(recorded.event, Event::CreditsDeducted(_)))
            .expect("a deduction") as u64,
    );
    let back = standby.submit(ask("R1", roll_back(deducted, Some(10)))).await;
    assert_eq!(balance(&done(&back).recorded), credits("72"));
    shared.check().await;
}

#[tokio::test]
async fn errors_and_dry_runs_pass_through() {
    let shared = Shared::new();
    let (writer, standby) = two(&shared).await;
    done(&standby.submit(ask("P1", purchase(10))).await);
    for node in [&writer, &standby] {
        let other = node.submit(ask("P1", purchase(11))).await;
        assert!(matches!(other, Err(EngineError::KeyReused)), "{other:?}");
        let nobody = node.submit(ask_by(CALLER, wallet(9), "D1", deduct(1))).await;
        assert!(matches!(nobody, Err(EngineError::Rejected(Rejection::WalletNotFound))), "{nobody:?}");
        let stranger = Caller { org: OrgId(Uuid::from_u128(1)), ..CALLER };
        let foreign = node.submit(ask_by(stranger, wallet(1), "D1", deduct(1))).await;
        assert!(matches!(foreign, Err(EngineError::Rejected(Rejection::WalletNotFound))), "{foreign:?}");
        let head = shared.events().await.len();
        let dry = node.submit(Ask { dry_run: true, ..ask("DRY", deduct(4)) }).await.expect("a dry run");
        assert!(dry.dry_run && !dry.replayed);
        assert_eq!(balance(&dry.recorded), credits("6"));
        assert_eq!(shared.events().await.len(), head, "nothing was stored");
    }
}

#[tokio::test]
async fn batches_stay_in_order_and_many_callers_share_requests() {
    let shared = Shared::new();
    let (_writer, standby) = two(&shared).await;
    done(&standby.submit(ask("P1", purchase(1_000_000))).await);
    // More than go in one request.
    let asks: Vec<Ask> = (0..1_200).map(|number| ask(&format!("B{number}"), deduct(1))).collect();
    let answers = standby.submit_all(asks).await;
    let positions: Vec<u64> =
        answers.iter().map(|answer| done(answer).recorded.envelope.position.get()).collect();
    assert!(positions.is_sorted() && positions.len() == 1_200);
    let waiting: Vec<_> =
        (0..300).map(|number| standby.post(ask(&format!("D{number}"), deduct(1)))).collect();
    for answer in waiting {
        done(&answer.await.expect("a node that lives"));
    }
    let last = done(&standby.submit(ask("END", deduct(1))).await).recorded.clone();
    assert_eq!(balance(&last), credits(&(1_000_000 - 1_501).to_string()));
    shared.check().await;
}

#[tokio::test]
async fn the_announcement_carries_the_epoch_of_the_lease() {
    let shared = Shared::new();
    let (mut writer, standby) = two(&shared).await;
    writer.kill();
    let epoch = standby.writes_after(1).await;
    let events = shared.events().await;
    let epoch_of = |recorded: &Recorded| {
        let Event::WriterChanged(changed) = &recorded.event else { return None };
        Some(changed.epoch)
    };
    let epochs: Vec<u64> = events.iter().filter_map(epoch_of).collect();
    assert_eq!(epochs, [1, epoch]);
    let announced = &events[0].envelope;
    assert!(matches!(announced.subject, Subject::Ledger(_)) && announced.causation != CommandId(Uuid::nil()));
}
