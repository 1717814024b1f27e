//! Holds, and whoever races for one.

use std::{collections::BTreeMap, time::Duration};

use credit_ledger::engine::{EngineError, Receipt};
use events::{Event, Position, Refusal};
use futures::future::join_all;
use ledger::{Capture, Check, Command, Extend, HoldTerms, Rejection};

use crate::support::{
    dice::Dice,
    ground::{Ground, idle},
    words::{
        CALLER, Caller, ask, ask_by, balance, capture, cost_of, credits, deduct, expiring, hold, purchase,
        purchase_of, release, roll_back, wallet,
    },
};

fn refusal(receipt: &Receipt) -> Option<Refusal> {
    if let Event::CommandRefused(e) = &receipt.recorded.event { Some(e.refusal) } else { None }
}

/// How the event closes a hold of 40 credits, if it does.
fn closing(event: &Event) -> Option<&'static str> {
    let captured = matches!(event, Event::HoldCaptured(e) if e.captured == credits("40"));
    let released = matches!(event, Event::HoldReleased(_)).then_some("released");
    let expired = matches!(event, Event::HoldExpired(_)).then_some("expired");
    released.or(expired).or(captured.then_some("captured"))
}

/// Six commands race for one hold while its time runs out; how it ended.
async fn race(seed: u64) -> &'static str {
    let mut dice = Dice::new(seed);
    let mut ground = Ground::memory();
    ground.options.wallet_cache = dice.one_of(&[0, 100]);
    ground.options.group_max = dice.one_of(&[1, 3, 100]);
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase_of(100, expiring(70)))).await;
    let id = ledger.fresh(ask("H1", hold(40, 60))).await.envelope.position;
    ledger.pass(Duration::from_millis(59_999));
    let racers = (0..6).map(|number| {
        let command = match dice.below(8) {
            0 => release(id),
            1..=2 => Command::Extend(Extend { hold: id, timeout_micros: 1 }),
            3 => Command::Capture(Capture { hold: id, charge: None, last: true, metadata: None }),
            4 => capture(id, 40),
            _ => capture(id, 15),
        };
        ask(&format!("R{number}"), command)
    });
    let racers: Vec<_> = racers.collect();
    let (early, late) = racers.split_at(dice.below(7) as usize);
    let first = join_all(early.iter().map(|racer| ledger.submit(racer.clone()))).await;
    ledger.pass(Duration::from_millis(dice.below(3)));
    if dice.percent(50) {
        ledger.ground.cold.catch_up().await;
    }
    let second = join_all(late.iter().map(|racer| ledger.submit(racer.clone()))).await;
    for answer in first.iter().chain(&second) {
        let refusal = refusal(answer.as_ref().expect("a receipt"));
        let lawful = matches!(refusal, None | Some(Refusal::HoldClosed | Refusal::CaptureExceedsHold { .. }));
        assert!(lawful, "seed {seed}: {refusal:?}");
    }
    ledger.pass(Duration::from_secs(60));
    idle().await;
    let events = ledger.ground.events().await;
    let closings: Vec<_> = events.iter().filter_map(|recorded| closing(&recorded.event)).collect();
    assert_eq!(closings.len(), 1, "seed {seed}: a hold is closed once: {closings:?}");
    // Folding checks every amount that the events state.
    let of_wallet = events.iter().filter(|recorded| recorded.wallet() == Some(wallet(1)));
    let folded = of_wallet.fold(None, |before, recorded| {
        Some(ledger::evolve(before, recorded).expect("an event that follows"))
    });
    let folded = folded.expect("a wallet");
    assert!(folded.special.holds.is_empty() && folded.balance.is_zero(), "seed {seed}: all has expired");
    closings[0]
}

#[tokio::test]
async fn captures_releases_and_expiry_race_for_one_hold_and_no_law_breaks() {
    let mut ends = BTreeMap::<&str, u32>::new();
    for seed in 0..1_000 {
        *ends.entry(race(seed).await).or_default() += 1;
    }
    let often = |end| ends.get(end) > Some(&100);
    assert!(["released", "expired", "captured"].into_iter().all(often), "{ends:?}");
}

#[tokio::test]
async fn a_closed_hold_is_known_in_every_state_of_memory() {
    for cache in [0, 100] {
        let mut ground = Ground::memory();
        ground.options.wallet_cache = cache;
        let ledger = ground.start().await;
        ledger.fresh(ask("P1", purchase(100))).await;
        let id = ledger.fresh(ask("H1", hold(10, 60))).await.envelope.position;
        ledger.ground.cold.catch_up().await;
        // Both in one group: the second finds the hold closed by the first.
        let asks = ["A", "B"].map(|key| ledger.submit(ask(key, capture(id, 10))));
        let [one, other] = &join_all(asks).await[..] else { panic!("two answers") };
        assert_eq!(refusal(one.as_ref().expect("a receipt")), None);
        assert_eq!(refusal(other.as_ref().expect("a receipt")), Some(Refusal::HoldClosed));
        ledger.ground.cold.catch_up().await;
        let late = ledger.submit(ask("C", release(id))).await.expect("a receipt");
        assert_eq!(refusal(&late), Some(Refusal::HoldClosed));
        let stranger = Caller { app: events::AppId(uuid::Uuid::from_u128(7)), ..CALLER };
        for (caller, id) in [(stranger, id), (CALLER, Position(1)), (CALLER, Position(999))] {
            let answer = ledger.submit(ask_by(caller, wallet(1), "X", release(id))).await;
            assert!(matches!(answer, Err(EngineError::Rejected(Rejection::HoldNotFound))), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_capture_is_rolled_back_to_the_lots_of_the_hold_and_beyond() {
    let mut ground = Ground::memory();
    ground.options.wallet_cache = 0;
    let ledger = ground.start().await;
    ledger.fresh(ask("P1", purchase(10))).await;
    let terms = HoldTerms { timeout_micros: 60_000_000, cap: Some(crate::support::words::whole(30)) };
    let Command::Hold(plain) = hold(10, 60) else { panic!("a hold") };
    let id = ledger.fresh(ask("H1", Command::Hold(ledger::Hold { terms, ..plain }))).await.envelope.position;
    ledger.fresh(ask("P2", purchase(20))).await;
    let captured = ledger.fresh(ask("C1", capture(id, 25))).await;
    assert_eq!(balance(&captured), credits("5"));
    ledger.ground.cold.catch_up().await;
    let at = captured.envelope.position;
    let back = ledger.fresh(ask("R1", roll_back(at, Some(20)))).await;
    ledger.ground.cold.catch_up().await;
    let Event::DeductionRolledBack(e) = &back.event else { panic!("{back:?}") };
    let slices: Vec<_> = e.slices.iter().map(|slice| slice.amount).collect();
    assert_eq!(slices, ["15", "5"].map(credits), "what went beyond the hold comes back first");
    assert_eq!((e.spender, e.returned), (Some(CALLER.app), credits("20")));
    let rest = ledger.fresh(ask("R2", roll_back(at, None))).await;
    assert_eq!(balance(&rest), credits("30"));
    assert!(matches!(ledger.fresh(ask("R3", roll_back(at, None))).await.event, Event::CommandRefused(_)));
}

#[tokio::test]
async fn a_check_may_place_a_hold_and_its_repeat_tells_of_it_too() {
    let ledger = Ground::memory().start().await;
    ledger.fresh(ask("P1", purchase(10))).await;
    let terms = HoldTerms { timeout_micros: 60_000_000, cap: None };
    let check = Check { service: "chat".into(), charge: cost_of(4), budget: None, hold: Some(terms) };
    let check = ask("C1", Command::Check(check));
    let receipt = ledger.submit(check.clone()).await.expect("a receipt");
    let [held] = &receipt.others[..] else { panic!("{receipt:?}") };
    let Event::CreditsChecked(e) = &receipt.recorded.event else { panic!("{receipt:?}") };
    assert_eq!((e.sufficient, e.hold), (true, Some(held.envelope.position)));
    ledger.fresh(ask("D1", deduct(6))).await;
    let again = ledger.submit(check.clone()).await.expect("a receipt");
    assert!(again.replayed);
    assert_eq!((&again.recorded, &again.others), (&receipt.recorded, &receipt.others));
    let again = ledger.restart().await.submit(check).await.expect("a receipt");
    assert_eq!((&again.recorded, &again.others), (&receipt.recorded, &receipt.others));
}
