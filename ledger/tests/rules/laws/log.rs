//! What holds in any log, read from the events' amounts alone.

use std::collections::{BTreeMap, BTreeSet};

use events::{Event, Position, Recorded, Slices};
use ledger::{Wallet, evolve};
use proptest::prelude::*;

use super::micros;

/// What the event put into its wallet, or took, when negative.
fn moved(event: &Event) -> i128 {
    match event {
        Event::CreditsPurchased(e) => micros(e.amount),
        Event::CreditsGranted(e) => micros(e.amount),
        Event::CreditsAdjusted(e) => micros(e.amount),
        Event::DeductionRolledBack(e) => micros(e.amount),
        Event::CreditsDeducted(e) => -micros(e.cost),
        Event::HoldCaptured(e) => -micros(e.amount),
        Event::CreditsExpired(e) => -micros(e.amount),
        Event::PurchaseRefunded(e) => -micros(e.amount),
        Event::WalletOpened(_)
        | Event::CreditsChecked(_)
        | Event::CommandRefused(_)
        | Event::CreditsHeld(_)
        | Event::HoldExtended(_)
        | Event::HoldReleased(_)
        | Event::HoldExpired(_)
        | Event::AdjustmentProposed(_)
        | Event::WalletFrozen(_)
        | Event::WalletUnfrozen(_)
        | Event::LimitSet(_)
        | Event::CapSet(_)
        | Event::ThresholdSet(_)
        | Event::BalanceLow(_)
        | Event::PriceSet(_)
        | Event::PolicySet(_)
        | Event::Auth(_)
        | Event::WriterChanged(_) => 0,
    }
}

/// The slices of a deduction.
pub(super) fn slices(event: &Event) -> Option<Slices> {
    if let Event::CreditsDeducted(e) = event { Some(e.slices.clone()) } else { None }
}

/// Replays the log: each event states what the sum of all before it makes, and the replay ends where
/// the live wallets are.
pub(super) fn obeys_the_laws(log: &[Recorded], live: &BTreeMap<usize, Wallet>) -> Result<(), TestCaseError> {
    let (mut sums, mut wallets) = (BTreeMap::new(), BTreeMap::new());
    for recorded in log {
        let id = recorded.wallet().expect("an event of a wallet").0.as_u128();
        let sum = sums.entry(id).or_insert(0);
        *sum += moved(&recorded.event);
        let wallet = evolve(wallets.remove(&id), recorded).expect("an event that follows");
        let stated = recorded.event.balances().expect("balances");
        prop_assert_eq!(micros(stated.balance), *sum, "conservation at {:?}", recorded);
        prop_assert_eq!(micros(stated.available) + micros(stated.reserved), *sum);
        prop_assert!(*sum >= 0 || wallet.debt.is_positive());
        wallets.insert(id, wallet);
    }
    prop_assert!(wallets.values().eq(live.values()), "a replay makes the live wallets");
    returns_no_more_than_was_taken(log)
}

/// Of each lot, and of none, a deduction gets back at most what it took; a purchase loses at most
/// what was bought.
fn returns_no_more_than_was_taken(log: &[Recorded]) -> Result<(), TestCaseError> {
    let mut taken: BTreeMap<(Position, Option<Position>), i128> = BTreeMap::new();
    let mut bought: BTreeMap<Position, i128> = BTreeMap::new();
    let mut back = |key: (Position, Option<Position>), amount: i128| {
        let left = taken.entry(key).or_default();
        *left += amount;
        *left
    };
    for recorded in log {
        let at = recorded.envelope.position;
        if let Event::CreditsDeducted(e) = &recorded.event {
            for slice in &e.slices {
                back((at, Some(slice.lot)), micros(slice.amount));
            }
            back((at, None), micros(e.overdrawn));
        }
        if let Event::HoldCaptured(e) = &recorded.event {
            for slice in e.slices.iter().chain(&e.beyond) {
                back((at, Some(slice.lot)), micros(slice.amount));
            }
            back((at, None), micros(e.overdrawn));
        }
        if let Event::DeductionRolledBack(e) = &recorded.event {
            for slice in &e.slices {
                prop_assert!(back((e.deduction, Some(slice.lot)), -micros(slice.amount)) >= 0, "{:?}", e);
            }
            prop_assert!(back((e.deduction, None), -micros(e.overdrawn)) >= 0, "{:?}", e);
            let lots: BTreeSet<_> = e.slices.iter().map(|slice| slice.lot).collect();
            prop_assert_eq!(lots.len(), e.slices.len(), "each lot once");
        }
        if let Event::CreditsPurchased(e) = &recorded.event {
            bought.insert(at, micros(e.amount));
        }
        if let Event::PurchaseRefunded(e) = &recorded.event {
            let left = bought.get_mut(&e.purchase).expect("a purchase");
            *left -= micros(e.amount);
            prop_assert!(*left >= 0, "{:?}", e);
        }
    }
    Ok(())
}
