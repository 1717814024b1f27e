use events::{Credits, Event, Position, Recorded};

use super::*;
use crate::samples::{credits, history, wallet};

fn of_wallet_one() -> Vec<Recorded> {
    history().into_iter().filter(|recorded| recorded.wallet() == Some(wallet(1))).collect()
}

fn fold(events: &[Recorded]) -> Result<Option<WalletRow>, Poison> {
    let bases = Bases::default();
    events
        .iter()
        .try_fold(None, |row, recorded| WalletRow::apply(row, recorded, &bases).map(|(row, _)| Some(row)))
}

/// What `spoil` makes of event number `index` of wallet 1 is refused with `fault`.
#[track_caller]
fn poison(index: usize, fault: Fault, spoil: impl FnOnce(&mut Recorded)) {
    let mut events = of_wallet_one();
    let position = events[index].envelope.position;
    spoil(&mut events[index]);
    assert_eq!(fold(&events), Err(Poison { position, fault }));
}

#[test]
fn every_event_moves_the_credits_it_says() {
    let events = of_wallet_one();
    let wanted =
        [(0, 0), (100, 1), (110, 2), (70, 1), (70, 1), (70, 1), (100, 1), (104, 2), (100, 1), (62, 1)];
    for (count, (balance, lots)) in wanted.into_iter().enumerate() {
        let row = fold(&events[..=count]).expect("a valid history").expect("a wallet");
        assert_eq!(
            (row.balance, row.available, row.lots.len()),
            (credits(balance), credits(balance), lots),
            "{count}"
        );
        assert_eq!(row.last, events[count].envelope.position);
        assert_eq!(row.lots.iter().map(|lot| lot.remaining.micros()).sum::<i64>(), row.balance.micros());
    }
}

#[test]
fn lots_stand_in_burn_down_order() {
    let row = fold(&of_wallet_one()[..3]).expect("valid").expect("a wallet");
    assert_eq!(row.lots.iter().map(|lot| lot.id.get()).collect::<Vec<_>>(), [5, 4], "soonest expiry first");
}

#[test]
fn a_broken_chain_is_poison() {
    poison(3, Fault::Chain, |r| r.envelope.previous = Some(Position(4)));
    poison(3, Fault::Chain, |r| r.envelope.previous = None);
    poison(3, Fault::Chain, |r| r.envelope.account_seq = Some(5));
    poison(4, Fault::Chain, |r| r.envelope.account_seq = Some(5));
    poison(0, Fault::Chain, |r| r.envelope.account_seq = Some(2));
    poison(0, Fault::Chain, |r| r.envelope.previous = Some(Position(0)));
}

#[test]
fn slices_that_do_not_fit_are_poison() {
    poison(3, Fault::Slice, |r| {
        let Event::CreditsDeducted(e) = &mut r.event else { panic!("a deduction") };
        e.slices[0].amount = credits(11);
    });
    poison(3, Fault::Slice, |r| {
        let Event::CreditsDeducted(e) = &mut r.event else { panic!("a deduction") };
        e.slices[0].lot = Position(99);
    });
    poison(6, Fault::Amounts, |r| {
        let Event::DeductionRolledBack(e) = &mut r.event else { panic!("a rollback") };
        e.slices[0].amount = credits(31);
    });
    poison(1, Fault::Slice, |r| {
        let Event::CreditsPurchased(e) = &mut r.event else { panic!("a purchase") };
        e.amount = Credits::ZERO;
    });
}

#[test]
fn stated_amounts_must_be_those_of_the_slices() {
    poison(3, Fault::Amounts, |r| {
        let Event::CreditsDeducted(e) = &mut r.event else { panic!("a deduction") };
        e.cost = credits(41);
    });
    poison(5, Fault::Amounts, |r| {
        let Event::CommandRefused(e) = &mut r.event else { panic!("a refusal") };
        e.wallet.balance = credits(71);
    });
    poison(8, Fault::Amounts, |r| {
        let Event::CreditsExpired(e) = &mut r.event else { panic!("an expiry") };
        e.wallet.available = credits(99);
    });
}

#[test]
fn events_of_others_are_poison() {
    poison(2, Fault::Organization, |r| r.envelope.org = None);
    poison(2, Fault::Organization, |r| {
        r.envelope.org = Some("00000000-0000-4000-8000-00000000000f".parse().expect("an id"))
    });
    poison(2, Fault::Subject, |r| r.envelope.subject = events::Subject::Wallet(wallet(2)));
    poison(1, Fault::Opening, |r| r.event = of_wallet_one()[0].event.clone());
    let second = of_wallet_one().remove(1);
    assert_eq!(
        WalletRow::apply(None, &second, &Bases::default()),
        Err(Fault::Opening.at(second.envelope.position))
    );
}
