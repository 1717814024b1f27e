//! The whole credit: a valid history adds up, and what cannot have been is found.

use std::collections::BTreeMap;

use events::{
    BatchItem, CommandId, CostPolicy, Credits, CreditsDeducted, Event, PolicySet, Position, PriceLine,
    PriceSet, Priced, Quantity, Recorded, Time, UnitPrice,
};

use super::*;
use crate::{
    Basis, WalletRow,
    samples::{asked, balances, command, credits, history, recorded, slice, wallet, whole},
};

fn audit(events: &[Recorded]) -> Result<Summary, Finding> {
    let mut auditor = Auditor::new();
    for (position, recorded) in (0..).map(Position).zip(events) {
        auditor.check(position, recorded)?;
    }
    auditor.finish()
}

#[track_caller]
fn found_in(mut events: Vec<Recorded>, at: u64, words: &str, spoil: impl FnOnce(&mut Vec<Recorded>)) {
    spoil(&mut events);
    let finding = audit(&events).expect_err("the spoilt history was believed");
    assert_eq!(finding.position, Position(at), "{finding}");
    assert!(finding.what.contains(words), "{finding}");
}

/// The auditor finds what `spoil` does to the event at `position` of the whole history.
#[track_caller]
fn found(position: u64, words: &str, spoil: impl FnOnce(&mut Recorded)) {
    found_in(whole::history(), position, words, |events| spoil(&mut events[position as usize]));
}

macro_rules! spoil {
    ($type:ident, $e:ident => $change:expr) => {
        |recorded: &mut Recorded| match &mut recorded.event {
            Event::$type($e) => {
                $change;
            }
            other => panic!("{other:?}"),
        }
    };
}

#[test]
fn the_first_rollbacks_say_nothing_of_what_had_been_spent() {
    let first = |events: &mut Vec<Recorded>, service: Option<Box<str>>| {
        let Event::DeductionRolledBack(e) = &mut events[13].event else { panic!("a rollback") };
        (e.service, e.spender, e.spent) = (service, None, None);
    };
    let mut events = whole::history();
    first(&mut events, None);
    audit(&events).expect("they are believed");
    let (key, counts) = crate::usage(&events[13], None).expect("usage");
    assert_eq!((&*key.service, key.app, counts.rollbacks), ("", None, 1), "of nobody knows what");
    found_in(whole::history(), 13, "another spender", |events| first(events, Some("chat".into())));
}

#[test]
fn lots_burn_down_in_order_and_expire_when_they_are_due() {
    let slices = |e: &mut CreditsDeducted| {
        e.slices = [slice(4, 10), slice(5, 10), slice(4, 20)].into_iter().collect();
    };
    found_in(history(), 6, "lot 5 burns down first", |events| {
        let Event::CreditsDeducted(e) = &mut events[6].event else { panic!("a deduction") };
        slices(e);
    });
    let expiry = history().iter().position(|one| matches!(one.event, Event::CreditsExpired(_)));
    let at = expiry.expect("an expiry");
    found_in(history(), at as u64, "was not due", |events| {
        let Event::CreditsGranted(e) = &mut events[5].event else { panic!("a grant") };
        e.lot.expires = Some(Time::from_micros(9_999));
        for event in events.iter_mut() {
            if let Event::DeductionRolledBack(e) = &mut event.event {
                let terms = e.slices.iter_mut().filter(|slice| slice.lot == Position(5));
                terms.for_each(|slice| slice.terms.expires = Some(Time::from_micros(9_999)));
            }
        }
    });
}

#[test]
fn a_valid_history_adds_up_and_equals_its_rows() {
    let (mut auditor, mut row) = (Auditor::new(), None);
    let mut bases = crate::Bases::default();
    for recorded in &whole::history() {
        auditor.check(recorded.envelope.position, recorded).expect("valid");
        if recorded.wallet().is_some() {
            bases.extend(Basis::of(&recorded.event).map(|basis| (recorded.envelope.position, basis)));
            let (mut next, _) = WalletRow::apply(row, recorded, &bases).expect("valid");
            let account = auditor.account(wallet(1)).expect("a wallet");
            assert!(account.equals(&next), "{next:?} {account:?}");
            next.debt = credits(77);
            assert!(!account.equals(&next));
            next.debt = Credits::from_micros(account.debt());
            row = Some(next);
        }
    }
    let summary = auditor.finish().expect("it adds up");
    assert_eq!((summary.holds, summary.captures, summary.refunds, summary.adjustments), (3, 2, 1, 2));
    assert_eq!(summary.balances, i128::from(credits(9).micros()));
}

#[test]
fn captures_and_holds_that_cannot_be_are_found() {
    found(
        8,
        "not the first ones",
        spoil!(HoldCaptured, e => (e.slices[0].amount, e.slices[1].amount) = (credits(9), credits(16))),
    );
    found(8, "captured in all", spoil!(HoldCaptured, e => e.captured = credits(26)));
    found(8, "no open hold", spoil!(HoldCaptured, e => e.hold = Position(6)));
    found(8, "service or budget", spoil!(HoldCaptured, e => e.service = "chat".into()));
    found(7, "cannot be", spoil!(CreditsHeld, e => e.cap = credits(59)));
    found(
        11,
        "above its cap",
        spoil!(HoldCaptured, e => {
            (e.amount, e.captured, e.overdrawn) = (credits(46), credits(71), credits(11));
        }),
    );
    found(23, "reserved 5", spoil!(HoldReleased, e => e.amount = credits(4)));
    found(23, "slices are not those", spoil!(HoldReleased, e => e.slices[0].amount = credits(2)));
    found_in(whole::history(), 25, "not due", |events| {
        let Event::CreditsHeld(e) = &mut events[24].event else { panic!("a hold") };
        e.expires = Time::from_micros(1_026);
    });
}

#[test]
fn debt_that_cannot_be_is_found() {
    found(12, "though lots have", spoil!(CreditsPurchased, e => e.settled.clear()));
    found(12, "are owed", spoil!(CreditsPurchased, e => e.settled[0].amount = credits(21)));
    found(9, "its slices make", spoil!(CreditsDeducted, e => e.overdrawn = credits(9)));
    found(14, "still there", spoil!(PurchaseRefunded, e => (e.taken, e.debt) = (credits(40), credits(40))));
    found(13, "are owed", spoil!(DeductionRolledBack, e => e.formed = None));
}

#[test]
fn what_limits_freezes_and_caps_forbid_is_found() {
    let ruled = |at: usize, spoil: fn(&mut Recorded), found: u64, words: &str| {
        found_in(whole::history(), found, words, |events| spoil(&mut events[at]));
    };
    ruled(4, spoil!(LimitSet, e => e.limit = credits(9)), 9, "beyond the credit limit");
    ruled(6, spoil!(CapSet, e => e.amount = Some(credits(59))), 7, "a cap of 59 is exceeded");
    ruled(6, spoil!(CapSet, e => e.amount = Some(credits(119))), 9, "a cap of 119 is exceeded");
    ruled(6, spoil!(CapSet, e => e.amount = Some(credits(129))), 11, "a cap of 129 is exceeded");
    ruled(6, spoil!(CapSet, e => e.amount = Some(credits(-1))), 6, "below zero");
    ruled(18, |recorded| recorded.event = frozen(), 18, "frozen before");
    ruled(19, |recorded| recorded.event = unfrozen(), 19, "was not frozen");
    found(9, "budget has no cap", spoil!(CreditsDeducted, e => e.budget = Some("agent".into())));
    found_in(whole::history(), 7, "frozen", |events| events[6].event = frozen_at(110));
}

fn frozen() -> Event {
    frozen_at(6)
}

fn frozen_at(balance: i64) -> Event {
    events::WalletFrozen { asked: asked(), reason: None, wallet: balances(balance) }.into()
}

fn unfrozen() -> Event {
    events::WalletUnfrozen { asked: asked(), reason: None, wallet: balances(6) }.into()
}

#[test]
fn warnings_come_once_a_crossing() {
    found(10, "not just crossed", spoil!(BalanceLow, e => e.threshold = credits(4)));
    // Low already since the hold, by a threshold of 60, and nobody said so.
    let raise = |events: &mut Vec<Recorded>| {
        let Event::ThresholdSet(e) = &mut events[5].event else { panic!("a threshold") };
        e.threshold = Some(credits(60));
    };
    found_in(whole::history(), 8, "without a warning", raise);
    // Said again in a decision that crossed nothing.
    found_in(whole::history(), 11, "not just crossed", |events| {
        events[11].event = events[10].event.clone();
        events[11].envelope.account_seq = events[10].envelope.account_seq;
    });
}

#[test]
fn refunds_and_rollbacks_beyond_what_was_are_found() {
    found(14, "is no purchase", spoil!(PurchaseRefunded, e => e.purchase = Position(3)));
    found(14, "given back in all", spoil!(PurchaseRefunded, e => e.refunded = credits(79)));
    found(
        14,
        "than purchase 2 brought",
        spoil!(PurchaseRefunded, e => {
            (e.amount, e.refunded, e.debt) = (credits(101), credits(101), credits(51));
        }),
    );
    found(13, "had overdrawn", spoil!(DeductionRolledBack, e => e.overdrawn = credits(11)));
    found(13, "another spender", spoil!(DeductionRolledBack, e => e.spender = None));
    found(13, "another spender", spoil!(DeductionRolledBack, e => e.service = Some("agent".into())));
    found(13, "another spender", spoil!(DeductionRolledBack, e => e.spent = Some(Time::from_micros(1_008))));
    found(13, "is no deduction", spoil!(DeductionRolledBack, e => e.deduction = Position(12)));
}

#[test]
fn approvals_are_by_another_person_and_once() {
    found(16, "by its proposer", |recorded| recorded.envelope.actor = Some("ann".into()));
    found(16, "names another one", spoil!(CreditsAdjusted, e => e.proposed_by = Some("cid".into())));
    found(16, "is no proposal", spoil!(CreditsAdjusted, e => e.proposal = Some(Position(14))));
    found(16, "not what proposal 15", spoil!(CreditsAdjusted, e => e.reason = "another".into()));
    found(19, "approved before", spoil!(CreditsAdjusted, e => e.proposal = Some(Position(15))));
    found_in(whole::history(), 16, "by its proposer", |events| {
        events[15].envelope.actor = None;
        events[16].envelope.actor = None;
        let Event::CreditsAdjusted(e) = &mut events[16].event else { panic!("a correction") };
        e.proposed_by = None;
    });
}

#[test]
fn what_nobody_asked_for_is_found() {
    found(21, "the check before is due", spoil!(CreditsHeld, e => e.service = "chat".into()));
    found(20, "its hold cannot be", spoil!(CreditsChecked, e => e.hold = Some(Position(22))));
    found_in(whole::history(), 21, "nobody asked", |events| {
        let Event::CreditsChecked(e) = &mut events[20].event else { panic!("a check") };
        e.hold = None;
    });
    found(23, "nobody asked", spoil!(HoldReleased, e => e.asked = None));
    found(9, "nobody asked", spoil!(CreditsDeducted, e => e.asked = None));
}

/// A wallet with 100 credits that is asked for a batch of three, at positions 3 to 5.
fn batch() -> Vec<Recorded> {
    let item = |index: u16, balance| CreditsDeducted {
        asked: (index == 2).then(asked),
        service: "chat".into(),
        cost: credits(10),
        slices: [slice(2, 10)].into_iter().collect(),
        overdrawn: Credits::ZERO,
        price: None,
        budget: None,
        batch: Some(BatchItem { index, size: 3 }),
        metadata: None,
        wallet: balances(balance),
    };
    let mut events = whole::history();
    events.truncate(3);
    for (index, balance) in [(0, 90), (1, 80), (2, 70)] {
        let position = 3 + u64::from(index);
        let chain = (1, position, Some(position - 1));
        let mut recorded = recorded(position, Some(chain), item(index, balance).into());
        recorded.envelope.causation = command(3);
        recorded.envelope.id = CommandId::event(command(3), u32::from(index));
        events.push(recorded);
    }
    events
}

#[test]
fn batches_are_whole_and_contiguous() {
    assert_eq!(audit(&batch()).map(|summary| summary.deductions), Ok(3));
    let item = |at: usize, spoil: fn(&mut CreditsDeducted)| {
        move |events: &mut Vec<Recorded>| {
            let Event::CreditsDeducted(e) = &mut events[at].event else { panic!("an item") };
            spoil(e);
        }
    };
    found_in(batch(), 5, "item 2 of a batch is due", |events| drop(events.pop()));
    found_in(batch(), 4, "item 1 of a batch is due", item(4, |e| e.batch = None));
    found_in(
        batch(),
        4,
        "item 1 of a batch is due",
        item(4, |e| {
            e.batch = Some(BatchItem { index: 2, size: 3 });
        }),
    );
    found_in(batch(), 3, "begins no batch", item(3, |e| e.batch = Some(BatchItem { index: 1, size: 3 })));
    found_in(batch(), 4, "the last item and no other", item(4, |e| e.asked = Some(asked())));
    found_in(batch(), 5, "the last item and no other", item(5, |e| e.asked = None));
    found_in(batch(), 4, "item 1 of a batch is due", |events| {
        events[4].envelope.causation = command(4);
        events[4].envelope.id = command(4).event(0);
    });
}

/// A price of 0.15 credits a million tokens and 1 a call, and a deduction of 1,183 tokens and 2 calls.
fn priced() -> Vec<Recorded> {
    let mut events = history();
    events.truncate(5);
    let unit = |text: &str, per| UnitPrice { credits: text.parse().expect("credits"), per };
    let units = BTreeMap::from([("calls".into(), unit("1", 1)), ("tokens".into(), unit("0.15", 1_000_000))]);
    let set = PriceSet { service: "chat".into(), units, valid_from: Time::from_micros(0), valid_until: None };
    events.push(recorded(5, None, set.into()));
    let line = |unit: &str, quantity: i64, cost: &str| PriceLine {
        unit: unit.into(),
        quantity: Quantity::from_micros(quantity * 1_000_000).expect("a quantity"),
        cost: cost.parse().expect("credits"),
    };
    let (cost, left): (Credits, Credits) =
        ("2.000177".parse().expect("credits"), "97.999823".parse().expect("credits"));
    let lines = vec![line("calls", 2, "2"), line("tokens", 1_183, "0.000177")];
    let deducted = CreditsDeducted {
        asked: Some(asked()),
        service: "chat".into(),
        cost,
        slices: [events::Slice { lot: Position(4), amount: cost }].into_iter().collect(),
        overdrawn: Credits::ZERO,
        price: Some(Box::new(Priced { version: Position(5), lines })),
        budget: None,
        batch: None,
        metadata: None,
        wallet: events::Balances { balance: left, available: left, reserved: Credits::ZERO },
    };
    events.push(recorded(6, Some((1, 3, Some(4))), deducted.into()));
    events
}

#[test]
fn costs_are_those_of_the_price_that_held() {
    assert!(audit(&priced()).is_ok());
    let price = |spoil: fn(&mut PriceSet)| {
        move |events: &mut Vec<Recorded>| {
            let Event::PriceSet(set) = &mut events[5].event else { panic!("a price") };
            spoil(set);
        }
    };
    let lines = |spoil: fn(&mut Priced)| {
        move |events: &mut Vec<Recorded>| {
            let Event::CreditsDeducted(e) = &mut events[6].event else { panic!("a deduction") };
            spoil(e.price.as_mut().expect("a price"));
        }
    };
    found_in(priced(), 6, "had no price then", price(|set| set.valid_from = Time::from_micros(1_007)));
    found_in(priced(), 6, "had no price then", price(|set| set.valid_until = Some(Time::from_micros(1_006))));
    found_in(priced(), 6, "had no price then", price(|set| set.service = "image".into()));
    found_in(priced(), 6, "knows no unit calls", price(|set| set.units.retain(|unit, _| &**unit != "calls")));
    found_in(priced(), 6, "but 5 held", lines(|price| price.version = Position(4)));
    found_in(
        priced(),
        6,
        "do not cost 0.000178",
        lines(|price| {
            price.lines[1].cost = "0.000178".parse().expect("credits");
        }),
    );
    found_in(priced(), 6, "in order of unit", lines(|price| price.lines.swap(0, 1)));
    found_in(priced(), 6, "its lines make", lines(|price| drop(price.lines.pop())));
    found_in(priced(), 5, "another one", |events| events[5].envelope.org = None);
}

#[test]
fn policies_hold() {
    let policy = |policy: PolicySet| recorded(1, None, policy.into());
    let forbidden = PolicySet { cost_of_priced_service: CostPolicy::Forbidden, ..PolicySet::default() };
    let states_a_cost = |events: &mut Vec<Recorded>| {
        let Event::CreditsDeducted(e) = &mut events[6].event else { panic!("a deduction") };
        e.price = None;
    };
    let mut allowed = priced();
    states_a_cost(&mut allowed);
    assert!(audit(&allowed).is_ok());
    found_in(priced(), 6, "states a cost", |events| {
        events[1] = policy(forbidden);
        states_a_cost(events);
    });
    let approval = |above| PolicySet { approval_above: Some(credits(above)), ..PolicySet::default() };
    found_in(whole::history(), 15, "needs no second person", |events| {
        events[0] = recorded(0, None, approval(4).into());
    });
    found_in(whole::history(), 19, "needs a second person", |events| {
        events[0] = recorded(0, None, approval(2).into());
    });
}
