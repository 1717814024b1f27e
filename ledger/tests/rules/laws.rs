//! What holds after any commands whatever.

use std::collections::BTreeMap;

use events::{Credits, Event, Position, Recorded};
use ledger::{Command, Wallet, evolve};
use proptest::prelude::*;

use crate::{
    history::{History, ORG, given},
    random::{Step, steps},
    words::days,
};

/// Plays the steps; a rejected one leaves no trace.
fn play(steps: Vec<Step>) -> History {
    let mut history = given([]);
    for step in steps {
        let mut command = match step {
            Step::Hours(hours) => {
                history = history.later_by(hours * days(1) / 24);
                continue;
            }
            Step::Command(command) => command,
        };
        if let Command::RollBack(ask) = &mut command {
            ask.deduction = Position(ask.deduction.get() % (history.events.len() as u64 + 1));
        }
        history = match history.decide(ORG, &command) {
            // `and` stores the events, reads them back and compares both wallets.
            Ok(_) => history.and(command),
            Err(_) => history,
        };
    }
    history
}

/// What the event put into the wallet (or took, when negative), read from its amounts alone.
fn moved(event: &Event) -> i128 {
    let micros = |credits: Credits| i128::from(credits.micros());
    match event {
        Event::CreditsPurchased(e) => micros(e.amount),
        Event::CreditsGranted(e) => micros(e.amount),
        Event::CreditsDeducted(e) => -micros(e.cost),
        Event::DeductionRolledBack(e) => micros(e.amount),
        Event::CreditsExpired(e) => -micros(e.amount),
        Event::WalletOpened(_)
        | Event::CreditsChecked(_)
        | Event::CommandRefused(_)
        | Event::OrganizationRegistered(_)
        | Event::AppRegistered(_)
        | Event::ApiKeyIssued(_)
        | Event::ApiKeyRevoked(_)
        | Event::WriterChanged(_) => 0,
    }
}

/// The wallet after each prefix of the events.
fn wallets(events: &[Recorded]) -> Vec<Wallet> {
    let mut wallet = None;
    let mut all = Vec::new();
    for recorded in events {
        let next = evolve(wallet, recorded).expect("an event that follows");
        all.push(next.clone());
        wallet = Some(next);
    }
    all
}

fn conserves(events: &[Recorded], wallets: &[Wallet]) -> Result<(), TestCaseError> {
    let mut sum = 0;
    for (recorded, wallet) in events.iter().zip(wallets) {
        sum += moved(&recorded.event);
        prop_assert_eq!(sum, i128::from(wallet.balance.micros()));
        prop_assert_eq!(recorded.event.balances(), Some(&wallet.balances()));
        prop_assert!(wallet.available() >= Credits::ZERO);
        let lots: i128 = wallet.lots.iter().map(|lot| i128::from(lot.remaining.micros())).sum();
        prop_assert_eq!(lots, sum, "the lots add up to the balance");
        prop_assert!(wallet.lots.iter().all(|lot| lot.remaining.is_positive()));
        prop_assert!(wallet.lots.len() <= ledger::MAX_LIVE_LOTS);
    }
    Ok(())
}

/// What was taken from each lot by each deduction, less what came back, never drops below zero.
fn gives_back_no_more_than_was_taken(events: &[Recorded]) -> Result<(), TestCaseError> {
    let mut taken: BTreeMap<(Position, Position), i64> = BTreeMap::new();
    for recorded in events {
        if let Event::CreditsDeducted(e) = &recorded.event {
            let slices: i64 = e.slices.iter().map(|slice| slice.amount.micros()).sum();
            prop_assert_eq!(slices, e.cost.micros());
            for slice in &e.slices {
                taken.insert((recorded.envelope.position, slice.lot), slice.amount.micros());
            }
        }
        if let Event::DeductionRolledBack(e) = &recorded.event {
            let slices: i64 = e.slices.iter().map(|slice| slice.amount.micros()).sum();
            prop_assert_eq!(slices, e.amount.micros());
            for slice in &e.slices {
                let left = taken.get_mut(&(e.deduction, slice.lot)).expect("a slice of this deduction");
                *left -= slice.amount.micros();
                prop_assert!(*left >= 0, "{:?}", e);
            }
        }
    }
    Ok(())
}

/// Nothing is spent or kept after its expiry.
fn expires_in_time(events: &[Recorded], wallets: &[Wallet]) -> Result<(), TestCaseError> {
    for (recorded, wallet) in events.iter().zip(wallets) {
        let settled =
            recorded.event.asked().is_some() && !matches!(recorded.event, Event::DeductionRolledBack(_));
        let due =
            wallet.lots.iter().any(|lot| lot.terms.expires.is_some_and(|at| at <= recorded.envelope.time));
        prop_assert!(!(settled && due), "{:?} met a lot that was due", recorded);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold_after_every_event(steps in steps(120)) {
        let history = play(steps);
        let wallets = wallets(&history.events);
        prop_assert_eq!(wallets.last(), history.wallet.as_ref(), "a replay makes the live wallet");
        conserves(&history.events, &wallets)?;
        gives_back_no_more_than_was_taken(&history.events)?;
        expires_in_time(&history.events, &wallets)?;
    }

    #[test]
    fn deciding_is_a_function(steps in steps(40), last in crate::random::command()) {
        let history = play(steps);
        let (before, now) = (history.wallet.clone(), history.now());
        prop_assert_eq!(history.decide(ORG, &last), history.decide(ORG, &last));
        prop_assert_eq!((before, now), (history.wallet.clone(), history.now()));
    }
}
