//! An event that does not follow from the wallet's state is refused: a corrupt log is found.

use events::{
    Balances, CapSet, Class, Credits, CreditsDeducted, CreditsExpired, CreditsHeld, CreditsPurchased,
    DeductionRolledBack, Envelope, Event, LimitSet, LotTerms, Period, Position, Recorded, ReturnedSlice,
    WalletOpened, WriterChanged,
};
use ledger::{EvolveError, Wallet, evolve};

use crate::{
    history::{History, OTHER_ORG, given},
    words::{APP, credits, days, deduct, purchase, roll_back, slice},
};

fn asked() -> events::Asked {
    events::Asked { key: None, request: events::RequestHash([0; 16]) }
}

fn holding(balance: &str) -> Balances {
    Balances { balance: credits(balance), available: credits(balance), reserved: Credits::ZERO }
}

fn deducted(cost: &str, slices: &[(u64, &str)], balance: &str) -> Event {
    Event::CreditsDeducted(CreditsDeducted {
        asked: Some(asked()),
        service: "chat".into(),
        cost: credits(cost),
        slices: slices.iter().map(|(lot, amount)| slice(*lot, amount)).collect(),
        overdrawn: Credits::ZERO,
        price: None,
        budget: None,
        batch: None,
        metadata: None,
        wallet: holding(balance),
    })
}

fn rolled_back(amount: &str, slices: &[(u64, &str)], balance: &str) -> Event {
    let terms = LotTerms { class: Class::Paid, priority: 100, expires: None };
    let slices = slices.iter().map(|(lot, amount)| ReturnedSlice {
        lot: Position(*lot),
        amount: credits(amount),
        terms,
    });
    Event::from(DeductionRolledBack {
        asked: asked(),
        deduction: Position(2),
        service: Some("chat".into()),
        spender: None,
        spent: Some(crate::words::start()),
        budget: None,
        amount: credits(amount),
        returned: credits(amount),
        slices: slices.collect(),
        overdrawn: Credits::ZERO,
        formed: None,
        settled: events::Slices::new(),
        reason: None,
        wallet: holding(balance),
    })
}

fn expired(lot: u64, amount: &str, balance: &str) -> Event {
    Event::CreditsExpired(CreditsExpired {
        lot: Position(lot),
        amount: credits(amount),
        wallet: holding(balance),
    })
}

fn opened(balance: &str) -> Event {
    Event::WalletOpened(WalletOpened { asked: None, wallet: holding(balance) })
}

/// A wallet of 100 in lot 1, of which the deduction at 2 has spent 30.
fn history() -> History {
    given([purchase("100"), deduct("30")])
}

fn after(history: &History, event: Event, alter: impl FnOnce(&mut Envelope)) -> Result<Wallet, EvolveError> {
    let mut envelope = history.envelope(&event);
    alter(&mut envelope);
    evolve(history.wallet.clone(), &Recorded { envelope, event })
}

#[test]
fn an_event_that_follows_is_applied() {
    let wallet = after(&history(), deducted("70", &[(1, "70")], "0"), |_| {}).expect("an event that follows");
    assert_eq!((wallet.balance, wallet.account_seq, wallet.last), (Credits::ZERO, 4, Position(3)));
    assert!(wallet.lots.is_empty());
}

#[test]
fn the_chain_must_hold() {
    let event = || deducted("1", &[(1, "1")], "69");
    let alterations: [fn(&mut Envelope); 6] = [
        |envelope| envelope.previous = Some(Position(1)),
        |envelope| envelope.previous = None,
        |envelope| envelope.previous = Some(Position(3)),
        |envelope| envelope.account_seq = Some(3),
        |envelope| envelope.account_seq = Some(5),
        |envelope| envelope.account_seq = None,
    ];
    for alter in alterations {
        assert_eq!(after(&history(), event(), alter), Err(EvolveError::Chain));
    }
    assert_eq!(after(&given([]), opened("0"), |e| e.previous = Some(Position(0))), Err(EvolveError::Chain));
}

#[test]
fn the_stated_balance_must_be_right() {
    let wrong = [
        deducted("1", &[(1, "1")], "70"),
        deducted("1", &[(1, "1")], "68"),
        rolled_back("1", &[(1, "1")], "70"),
        expired(1, "70", "1"),
        Event::from(CreditsPurchased {
            asked: asked(),
            amount: credits("5"),
            lot: LotTerms { class: Class::Paid, priority: 0, expires: None },
            payment_reference: None,
            price_paid: None,
            settled: events::Slices::new(),
            wallet: holding("70"),
        }),
    ];
    for event in wrong {
        assert_eq!(after(&history(), event.clone(), |_| {}), Err(EvolveError::Balance), "{event:?}");
    }
    let mut unavailable = holding("69");
    unavailable.available = credits("70");
    let Event::CreditsDeducted(deducted) = deducted("1", &[(1, "1")], "69") else {
        unreachable!("a deduction")
    };
    let event = Event::CreditsDeducted(CreditsDeducted { wallet: unavailable, ..deducted });
    assert_eq!(after(&history(), event, |_| {}), Err(EvolveError::Balance));
    assert_eq!(after(&given([]), opened("5"), |_| {}), Err(EvolveError::Balance), "a wallet opens empty");
}

#[test]
fn slices_must_fit_their_lots_and_their_sum() {
    let wrong = [
        deducted("71", &[(1, "71")], "-1"),
        deducted("1", &[(9, "1")], "69"),
        deducted("2", &[(1, "1")], "69"),
        deducted("1", &[(1, "2")], "68"),
        deducted("1", &[(1, "2"), (1, "-1")], "69"),
        deducted("0", &[(1, "0")], "70"),
        rolled_back("2", &[(1, "1")], "71"),
        rolled_back("1", &[(1, "2"), (1, "-1")], "71"),
        rolled_back("9223372036854", &[(1, "9223372036854")], "0"),
        expired(1, "71", "-1"),
        expired(9, "1", "69"),
    ];
    for event in wrong {
        assert_eq!(after(&history(), event.clone(), |_| {}), Err(EvolveError::Slice), "{event:?}");
    }
}

#[test]
fn no_event_reserves_limits_or_caps_less_than_nothing() {
    let held = |amount: &str, overdrawn: &str, reserved: &str| {
        let (balance, reserved) = (credits("70"), credits(reserved));
        let available = balance.checked_sub(reserved).expect("an amount");
        Event::from(CreditsHeld {
            asked: Some(asked()),
            service: "chat".into(),
            amount: credits(amount),
            cap: credits(amount),
            expires: crate::words::start().plus_micros(days(30)),
            slices: [slice(1, "10")].into_iter().collect(),
            overdrawn: credits(overdrawn),
            price: None,
            budget: None,
            metadata: None,
            wallet: Balances { balance, available, reserved },
        })
    };
    assert!(after(&history(), held("15", "5", "15"), |_| {}).is_ok());
    let limit = |amount: &str| {
        Event::LimitSet(LimitSet { asked: asked(), limit: credits(amount), wallet: holding("70") })
    };
    assert!(after(&history(), limit("0"), |_| {}).is_ok());
    let cap = Event::CapSet(CapSet {
        asked: asked(),
        app: APP.expect("an app"),
        budget: None,
        period: Period::Day,
        amount: Some(credits("-1")),
        wallet: holding("70"),
    });
    for event in [held("5", "-5", "5"), held("16", "5", "16"), limit("-0.000001"), cap] {
        assert_eq!(after(&history(), event.clone(), |_| {}), Err(EvolveError::Slice), "{event:?}");
    }
}

#[test]
fn no_debt_is_left_that_a_lot_could_pay() {
    let deducted = |paid, overdrawn| {
        let Event::CreditsDeducted(e) = deducted("71", &[(1, paid)], "-1") else {
            unreachable!("a deduction")
        };
        Event::CreditsDeducted(CreditsDeducted { overdrawn: credits(overdrawn), ..e })
    };
    assert!(after(&history(), deducted("70", "1"), |_| {}).is_ok());
    assert_eq!(after(&history(), deducted("69", "2"), |_| {}), Err(EvolveError::Slice));
}

#[test]
fn a_wallet_opens_once_and_first() {
    assert_eq!(after(&history(), opened("0"), |_| {}), Err(EvolveError::Opening));
    assert_eq!(after(&given([]), deducted("1", &[(1, "1")], "69"), |_| {}), Err(EvolveError::Opening));
}

#[test]
fn the_event_must_be_about_this_wallet() {
    let writer = Event::WriterChanged(WriterChanged { epoch: 1 });
    assert_eq!(after(&history(), writer, |_| {}), Err(EvolveError::Subject));
    let event = || deducted("1", &[(1, "1")], "69");
    assert_eq!(after(&history(), event(), |e| e.org = None), Err(EvolveError::Subject));
    assert_eq!(after(&history(), event(), |e| e.org = Some(OTHER_ORG)), Err(EvolveError::Subject));
}

#[test]
fn a_replay_makes_the_same_wallet() {
    let history = history().and(roll_back(2)).and(deduct("99.5"));
    let replayed = history.events.iter().try_fold(None, |wallet, event| evolve(wallet, event).map(Some));
    assert_eq!(replayed, Ok(history.wallet));
}
