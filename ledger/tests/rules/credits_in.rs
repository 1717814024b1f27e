//! Wallets that open and credits that come in.

use events::{Balances, Class, CreditsGranted, CreditsPurchased, Event, LotTerms, Refusal, WalletOpened};
use ledger::{Command, Expiry, MAX_LIVE_LOTS, NewLot, Rejection};

use crate::{
    history::{ORG, given},
    words::{credits, days, deduct, expiring, grant, lot, purchase, purchase_of, start},
};

fn holding(balance: &str) -> Balances {
    Balances { balance: credits(balance), available: credits(balance), reserved: credits("0") }
}

fn asked() -> events::Asked {
    events::Asked { key: Some("key".into()), request: events::RequestHash([7; 16]) }
}

fn purchased(amount: &str, balance: &str) -> Event {
    Event::from(CreditsPurchased {
        asked: asked(),
        amount: credits(amount),
        lot: LotTerms { class: Class::Paid, priority: 100, expires: None },
        payment_reference: None,
        price_paid: None,
        settled: events::Slices::new(),
        wallet: holding(balance),
    })
}

#[test]
fn a_wallet_is_opened_empty() {
    let opened = WalletOpened { asked: Some(asked()), wallet: holding("0") };
    let history = given([]).when(Command::OpenWallet).then([opened.into()]);
    assert_eq!(history.wallet.expect("an open wallet").org, ORG);
}

#[test]
fn a_wallet_is_opened_once() {
    given([Command::OpenWallet]).when(Command::OpenWallet).refused(Refusal::WalletAlreadyExists);
    given([purchase("1")]).when(Command::OpenWallet).leaves("1").refused(Refusal::WalletAlreadyExists);
}

#[test]
fn the_first_purchase_opens_the_wallet() {
    let opened = WalletOpened { asked: None, wallet: holding("0") };
    given([]).when(purchase("100")).then([opened.into(), purchased("100", "100")]);
}

#[test]
fn the_first_grant_opens_the_wallet() {
    let opened = WalletOpened { asked: None, wallet: holding("0") };
    let granted = CreditsGranted {
        asked: asked(),
        amount: credits("40"),
        lot: LotTerms { class: Class::Promotional, priority: 100, expires: None },
        reason: Some("welcome".into()),
        settled: events::Slices::new(),
        wallet: holding("40"),
    };
    given([]).when(grant("40")).then([opened.into(), granted.into()]);
}

#[test]
fn a_purchase_adds_to_what_is_there() {
    given([purchase("100")]).when(purchase("0.000001")).then([purchased("0.000001", "100.000001")]);
}

#[test]
fn a_lot_keeps_the_moment_at_which_it_will_expire() {
    let history = given([purchase_of("1", expiring(30))]);
    let made = history.now();
    let wallet = history.wallet.expect("an open wallet");
    let kept = wallet.lots.iter().next().expect("a lot").terms.expires;
    assert_eq!(kept, Some(made.plus_micros(days(30))));
}

#[test]
fn an_expiry_that_is_not_in_the_future_is_rejected_and_leaves_nothing() {
    let history = given([purchase("1")]);
    let now = history.now().plus_micros(1_000_000);
    for expiry in [Expiry::At(now), Expiry::At(start()), Expiry::After(0), Expiry::After(-1)] {
        let ask = purchase_of("5", NewLot { expiry: Some(expiry), ..lot() });
        let after = history.clone().when(ask).rejected(Rejection::ExpiryInPast);
        assert_eq!(after.events, history.events, "{expiry:?}");
    }
    let soon = NewLot { expiry: Some(Expiry::At(now.plus_micros(1))), ..lot() };
    history.when(purchase_of("5", soon)).leaves("6").accepted();
    let late = purchase_of("5", NewLot { expiry: Some(Expiry::After(0)), ..lot() });
    assert!(
        given([]).when(late).rejected(Rejection::ExpiryInPast).wallet.is_none(),
        "the wallet stays closed"
    );
}

#[test]
fn a_wallet_takes_two_hundred_lots_and_no_more() {
    let full = given(std::iter::repeat_n(purchase("1"), MAX_LIVE_LOTS));
    let full = full.when(purchase("1")).leaves("200").refused(Refusal::TooManyLots);
    let full = full.when(grant("1")).leaves("200").refused(Refusal::TooManyLots);
    // The first lot ends, which makes room for one.
    let full = full.and(deduct("1")).when(grant("1")).leaves("200").accepted();
    full.when(grant("1")).refused(Refusal::TooManyLots);
}

#[test]
fn a_deduction_from_all_lots_fits_into_one_event() {
    let dust = "0.000001";
    let full = given(std::iter::repeat_n(purchase(dust), MAX_LIVE_LOTS));
    let emptied = full.when(deduct("0.0002")).leaves("0").accepted();
    emptied.when(crate::words::roll_back(MAX_LIVE_LOTS as u64 + 1)).leaves("0.0002").accepted();
}

#[test]
fn the_largest_balance_is_reached_and_not_passed() {
    let largest = "9223372036854.775807";
    given([purchase("9223372036854.775806")])
        .when(purchase("0.000001"))
        .leaves(largest)
        .accepted()
        .when(purchase("0.000001"))
        .leaves(largest)
        .refused(Refusal::BalanceOverflow)
        .when(grant(largest))
        .leaves(largest)
        .refused(Refusal::BalanceOverflow);
}
