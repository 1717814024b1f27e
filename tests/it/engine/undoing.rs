//! Refunds and approvals, which like rollbacks undo an earlier event once.

use credit_ledger::engine::{Ask, EngineError, Fact};
use events::{
    Class, CommandId, Event, PolicySet, Position, ProposedLot, Recorded, RefundCause, Refusal, Subject,
};
use futures::future::join_all;
use ledger::{Adjust, Approve, Command, Refund, Rejection};
use uuid::Uuid;

use crate::support::{
    ground::{Ground, Ledger},
    words::{CALLER, ask, ask_by, balance, credits, deduct, grant, purchase, wallet, whole},
};

fn refund(purchase: Position, amount: Option<i64>) -> Command {
    let (amount, cause) = (amount.map(whole), RefundCause::Refund);
    Command::Refund(Refund { purchase, cause, amount, reason: None, payment_reference: None })
}

fn by(actor: &str, ask: Ask) -> Ask {
    Ask { actor: Some(actor.into()), ..ask }
}

fn adjust(amount: &str) -> Command {
    let lot = ProposedLot { class: Class::Promotional, priority: 9, expires_after: None };
    Command::Adjust(Adjust { amount: credits(amount), lot, reason: "a mistake".into() })
}

fn approve(proposal: Position) -> Command {
    Command::Approve(Approve { proposal })
}

fn refusal(recorded: &Recorded) -> Option<Refusal> {
    if let Event::CommandRefused(e) = &recorded.event { Some(e.refusal) } else { None }
}

async fn with_approval_above(ground: Ground, limit: &str) -> Ledger {
    let ledger = ground.start().await;
    let policy = PolicySet { approval_above: Some(credits(limit)), ..PolicySet::default() };
    let fact = Fact {
        id: CommandId(Uuid::from_u128(1)),
        subject: Subject::Organization(CALLER.org),
        org: Some(CALLER.org),
        app: None,
        actor: None,
        event: policy.into(),
    };
    ledger.engine.record(fact).await.expect("recorded");
    ledger
}

/// Grounds on which an engine still knows everything, or nothing.
fn grounds() -> [Ground; 2] {
    [0, 100].map(|cache| {
        let mut ground = Ground::memory();
        ground.options.wallet_cache = cache;
        ground
    })
}

#[tokio::test]
async fn no_more_is_refunded_than_was_bought() {
    for ground in grounds() {
        let ledger = ground.start().await;
        let bought = ledger.fresh(ask("P1", purchase(100))).await.envelope.position;
        ledger.fresh(ask("D1", deduct(30))).await;
        ledger.ground.cold.catch_up().await;
        // Two in one group, of which only one fits.
        let asks = ["R1", "R2"].map(|key| ledger.submit(ask(key, refund(bought, Some(60)))));
        let [one, other] = &join_all(asks).await[..] else { panic!("two answers") };
        assert_eq!(balance(&one.as_ref().expect("a receipt").recorded), credits("10"));
        let exceeds = |requested: &str| {
            Some(Refusal::RefundExceedsPurchase { remaining: credits("40"), requested: credits(requested) })
        };
        assert_eq!(refusal(&other.as_ref().expect("a receipt").recorded), exceeds("60"));
        ledger.ground.cold.catch_up().await;
        assert_eq!(refusal(&ledger.fresh(ask("R3", refund(bought, Some(41)))).await), exceeds("41"));
        let ledger = ledger.restart().await;
        let rest = ledger.fresh(ask("R4", refund(bought, None))).await;
        let Event::PurchaseRefunded(e) = &rest.event else { panic!("{rest:?}") };
        assert_eq!((e.refunded, e.taken, e.debt), (credits("100"), credits("10"), credits("30")));
        assert_eq!(balance(&rest), credits("-30"));
        let again = ledger.fresh(ask("R5", refund(bought, None))).await;
        assert!(matches!(refusal(&again), Some(Refusal::RefundExceedsPurchase { .. })), "{again:?}");
        ledger.replayed(ask("R1", refund(bought, Some(60)))).await;
    }
}

#[tokio::test]
async fn only_a_purchase_of_the_wallet_is_refunded() {
    let ledger = Ground::memory().start().await;
    let bought = ledger.fresh(ask("P1", purchase(100))).await.envelope.position;
    let given = ledger.fresh(ask("G1", grant(100))).await.envelope.position;
    ledger.fresh(ask_by(CALLER, wallet(2), "P2", purchase(100))).await;
    for (number, purchase) in [(1, given), (2, bought), (1, Position(0)), (1, Position(999))] {
        let answer = ledger.submit(ask_by(CALLER, wallet(number), "R", refund(purchase, None))).await;
        assert!(matches!(answer, Err(EngineError::Rejected(Rejection::PurchaseNotFound))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_large_adjustment_takes_two_persons_and_is_approved_once() {
    for ground in grounds() {
        let ledger = with_approval_above(ground, "50").await;
        ledger.fresh(ask("P1", purchase(100))).await;
        assert_eq!(balance(&ledger.fresh(by("key/1", ask("A1", adjust("50")))).await), credits("150"));
        for (key, amount, left) in [("A2", "50.000001", "200.000001"), ("A3", "-60", "140.000001")] {
            let proposal = ledger.fresh(by("key/1", ask(key, adjust(amount)))).await;
            let id = proposal.envelope.position;
            assert!(matches!(proposal.event, Event::AdjustmentProposed(_)), "{proposal:?}");
            ledger.ground.cold.catch_up().await;
            let own = ledger.fresh(by("key/1", ask(&format!("{key}-own"), approve(id)))).await;
            assert_eq!(refusal(&own), Some(Refusal::ApproverIsProposer));
            let asks = ["-one", "-other"]
                .map(|end| ledger.submit(by("key/2", ask(&format!("{key}{end}"), approve(id)))));
            let [one, other] = &join_all(asks).await[..] else { panic!("two answers") };
            let one = &one.as_ref().expect("a receipt").recorded;
            assert_eq!(balance(one), credits(left));
            let Event::CreditsAdjusted(e) = &one.event else { panic!("{one:?}") };
            assert_eq!((e.proposal, e.proposed_by.as_deref()), (Some(id), Some("key/1")));
            let other = refusal(&other.as_ref().expect("a receipt").recorded);
            assert_eq!(other, Some(Refusal::AdjustmentAlreadyApproved));
            ledger.ground.cold.catch_up().await;
            let late = ledger.fresh(by("key/3", ask(&format!("{key}-late"), approve(id)))).await;
            assert_eq!(refusal(&late), Some(Refusal::AdjustmentAlreadyApproved));
        }
    }
}

#[tokio::test]
async fn nobody_known_is_one_person() {
    let ledger = with_approval_above(Ground::memory(), "0").await;
    ledger.fresh(ask("P1", purchase(100))).await;
    let proposal = ledger.fresh(ask("A1", adjust("5"))).await.envelope.position;
    let own = ledger.fresh(ask("A2", approve(proposal))).await;
    assert_eq!(refusal(&own), Some(Refusal::ApproverIsProposer));
    let ledger = ledger.restart().await;
    assert_eq!(balance(&ledger.fresh(by("key/1", ask("A3", approve(proposal)))).await), credits("105"));
}

#[tokio::test]
async fn a_positive_adjustment_is_a_lot_like_any_other() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(1))).await;
    ledger.fresh(ask("A1", adjust("9"))).await;
    let spent = ledger.fresh(ask("D1", deduct(10))).await.envelope.position;
    let ledger = ledger.restart().await;
    let back = ledger.fresh(ask("R1", crate::support::words::roll_back(spent, None))).await;
    assert_eq!(balance(&back), credits("10"));
}
