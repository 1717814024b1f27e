//! What a wallet can spend, and who may ask.

use events::{CreditsDeducted, Event, Refusal};
use ledger::{Command, Rejection};

use crate::{
    history::{OTHER_ORG, given},
    words::{check, credits, deduct, expiring, grant, purchase, purchase_of, roll_back, slice},
};

#[test]
fn a_deduction_says_what_it_spent_and_what_is_left() {
    let history = given([purchase("100")]).when(deduct("70")).leaves("30").accepted();
    let Event::CreditsDeducted(CreditsDeducted { cost, slices, wallet, .. }) = &history.events[2].event
    else {
        panic!("{:?}", history.events[2]);
    };
    assert_eq!((*cost, slices.as_slice()), (credits("70"), [slice(1, "70")].as_slice()));
    assert_eq!(
        (wallet.balance, wallet.available, wallet.reserved),
        (credits("30"), credits("30"), credits("0"))
    );
}

#[test]
fn a_wallet_cannot_spend_what_it_does_not_hold() {
    let refusal = Refusal::InsufficientCredits { available: credits("30"), required: credits("31") };
    given([purchase("100"), deduct("70")]).when(deduct("31")).leaves("30").refused(refusal);
    let refusal = Refusal::InsufficientCredits { available: credits("30"), required: credits("30.000001") };
    given([purchase("100"), deduct("70")]).when(deduct("30.000001")).refused(refusal);
}

#[test]
fn a_wallet_can_spend_its_last_credit() {
    given([purchase("100"), deduct("70")]).when(deduct("30")).leaves("0").accepted();
}

#[test]
fn a_refusal_changes_nothing_and_is_not_counted() {
    let before = given([purchase("100")]);
    let seq = before.wallet.as_ref().map(|wallet| wallet.account_seq);
    let refusal = Refusal::InsufficientCredits { available: credits("100"), required: credits("101") };
    let after = before.when(deduct("101")).refused(refusal);
    assert_eq!(after.wallet.as_ref().map(|wallet| wallet.account_seq), seq);
    assert_eq!(after.wallet.as_ref().map(|wallet| wallet.last.get()), Some(2));
    assert_eq!(after.events[2].envelope.account_seq, seq);
    after.when(deduct("100")).leaves("0").accepted();
}

#[test]
fn what_needs_an_open_wallet_finds_none() {
    for command in [check("1"), deduct("1"), roll_back(0)] {
        let untouched = given([]).when(command).rejected(Rejection::WalletNotFound);
        assert!(untouched.events.is_empty());
    }
}

#[test]
fn a_wallet_of_another_organization_is_not_found() {
    let history = given([purchase_of("100", expiring(1)), deduct("10")]).later(2);
    let commands = [Command::OpenWallet, purchase("1"), grant("1"), check("1"), deduct("1"), roll_back(2)];
    for command in commands {
        let after = history.clone().when_asked_by(OTHER_ORG, command).rejected(Rejection::WalletNotFound);
        // Not even what is due expires for a stranger.
        assert_eq!(after.events, history.events);
    }
}
