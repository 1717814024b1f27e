//! What is due expires before the next command is decided, as events.

use events::{CreditsExpired, Event, Position, Refusal};
use ledger::{Command, NewLot};

use crate::{
    history::given,
    words::{check, credits, days, deduct, expiring, grant, lot, priority, purchase, purchase_of, start},
};

fn expiring_at(count: i64) -> NewLot {
    NewLot { expiry: Some(ledger::Expiry::At(start().plus_micros(days(count)))), ..lot() }
}

#[test]
fn every_command_meets_what_is_due() {
    let history = given([purchase_of("20", expiring(1)), purchase("50")]).later(1);
    for command in [Command::OpenWallet, purchase("1"), grant("1"), check("1"), deduct("1")] {
        let outcome = history.clone().when(command).expires(&[(1, "20")]);
        let after = outcome.accepted();
        let expired = CreditsExpired {
            lot: Position(1),
            amount: credits("20"),
            wallet: events::Balances {
                balance: credits("50"),
                available: credits("50"),
                reserved: credits("0"),
            },
        };
        assert_eq!(after.events[3].event, Event::CreditsExpired(expired));
    }
}

#[test]
fn a_lot_lives_until_the_very_moment() {
    let just_before = NewLot { expiry: Some(ledger::Expiry::After(1_000_001)), ..lot() };
    given([purchase_of("20", just_before)]).when(deduct("20")).expires(&[]).leaves("0").accepted();
    let at_the_moment = NewLot { expiry: Some(ledger::Expiry::After(1_000_000)), ..lot() };
    let refusal = Refusal::InsufficientCredits { available: credits("0"), required: credits("20") };
    given([purchase_of("20", at_the_moment)]).when(deduct("20")).expires(&[(1, "20")]).refused(refusal);
}

#[test]
fn what_is_due_expires_soonest_first_and_then_oldest() {
    let urgent = NewLot { expiry: expiring_at(3).expiry, ..priority(0) };
    given([
        purchase_of("1", urgent),
        purchase_of("2", expiring_at(2)),
        purchase_of("3", expiring_at(2)),
        purchase_of("4", expiring_at(1)),
        purchase_of("5", expiring_at(9)),
    ])
    .later(4)
    .when(check("1"))
    .expires(&[(4, "4"), (2, "2"), (3, "3"), (1, "1")])
    .leaves("5")
    .accepted();
}

#[test]
fn only_what_is_left_of_a_lot_expires() {
    let history = given([purchase_of("20", expiring(1)), deduct("19.5")]).later(1);
    history.when(check("1")).expires(&[(1, "0.5")]).leaves("0").accepted();
    let spent = given([purchase_of("20", expiring(1)), deduct("20")]).later(1);
    spent.when(check("1")).expires(&[]).leaves("0").accepted();
}

#[test]
fn a_lot_expires_once() {
    let history = given([purchase_of("20", expiring(1))]).later(1).and(check("1"));
    history.when(check("1")).expires(&[]).accepted();
}

#[test]
fn expiry_makes_room_for_new_lots() {
    let full = given(std::iter::repeat_n(purchase_of("1", expiring(1)), ledger::MAX_LIVE_LOTS));
    let after = full.later(1).when(purchase("7")).leaves("7").accepted();
    assert_eq!(after.wallet.expect("an open wallet").lots.len(), 1);
}
